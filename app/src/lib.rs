//! The Leptos application of Taillight: components, and the doors to the browser.
//!
//! # The map
//!
//! | Room | Owns |
//! |---|---|
//! | [`boot`] | the facts of the first screen, from the server |
//! | [`app`] | the root component: which page is shown |
//! | [`shell`] | what all components share: the view, the status, and the one way to act |
//! | [`chooser`], [`files`] | choosing a file: the page, and the pane beside the log |
//! | [`viewer`] | the viewer's frame: header, find and filter, grid, scrollbar, state line |
//! | [`erased`] | one type for all closures and views of a kind, for a small page |
//! | [`search`], [`levels`], [`marks`] | what is filtered and found, levels and times, and where hits stand in a row's elements |
//! | [`overlay`] | what opens over the page: go to, help, quick open |
//! | [`problem`] | the page that says what went wrong |
//! | `nav`, `live` | in the browser only: the address, and the stream on the screen |
//! | `browser` | in the browser only: the doors to web APIs |

pub mod app;
pub mod boot;
#[cfg(feature = "hydrate")]
pub mod browser;
pub mod chooser;
pub mod erased;
pub mod files;
pub mod json;
pub mod levels;
#[cfg(feature = "hydrate")]
pub mod live;
pub mod marks;
#[cfg(feature = "hydrate")]
pub mod nav;
pub mod overlay;
pub mod problem;
pub mod search;
pub mod search_files;
pub mod shell;
pub mod text;
pub mod viewer;

pub use app::App;

/// Takes over the page that the server sent.
#[cfg(feature = "hydrate")]
pub fn hydrate() {
    browser::panic::install();
    leptos::mount::hydrate_body(App);
}
