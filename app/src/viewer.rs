//! The viewer's frame: header, files, the log, the state line.

mod header;
mod log;
mod search;
mod selection;
mod state_line;

use leptos::prelude::*;

use crate::app::FirstScreen;
use crate::erased::{any, shown};
use crate::files::FilesPane;
use crate::shell::{Overlay, Shell};
use header::{BottomBar, Header};
pub use header::{download_link, shown_query};
use log::Log;
use search::SearchBar;
pub use search::error_view;
use selection::SelectionBar;
use state_line::StateLine;

/// The ids of the elements that the program works on.
pub mod ids {
    /// The grid of lines.
    pub const GRID: &str = "lines";
    /// The rows that the server sent.
    pub const FIRST_SCREEN: &str = "first-screen";
    /// What moves the rows of the pool.
    pub const SHEET: &str = "sheet";
    /// The scrollbar.
    pub const RULER: &str = "ruler";
    /// The scrollbar's thumb.
    pub const THUMB: &str = "thumb";
    /// What is said beside the thumb.
    pub const BUBBLE: &str = "bubble";
    /// The header.
    pub const HEADER: &str = "top";
    /// The files pane.
    pub const FILES: &str = "files";
    /// What is offered for selected text.
    pub const SELECTION: &str = "selection";
    /// The button that shows a row among its neighbours.
    pub const IN_CONTEXT: &str = "in-context";
    /// What is said of a search that stands stopped.
    pub const LIMIT: &str = "limit";
    /// The button that has it go on.
    pub const CONTINUE: &str = "continue";
}

/// A file in the viewer. It stays when another file is opened.
#[component]
pub fn Viewer(
    /// What the server sent, when this is the first page.
    first: Option<FirstScreen>,
) -> impl IntoView {
    let shell = Shell::get();
    #[cfg(feature = "hydrate")]
    crate::live::run_while_mounted(shell, first.as_ref().map(|first| first.boot.clone()));
    let class = shown(move || if shell.running.get() { "viewer running-page" } else { "viewer" });
    let covered = shown(move || shell.overlay.get() != Overlay::None);
    any(view! {
        <div class=class inert=covered>
            <a class="skip" href="#lines">"Skip to the log"</a>
            <Header/>
            <SearchBar/>
            <FilesPane/>
            <Log first/>
            <StateLine/>
            <BottomBar/>
            <SelectionBar/>
            <div class="sr" role="log" aria-label="New lines">{shown(move || shell.status.heard.get())}</div>
        </div>
    })
}
