//! What opens over the page, one at a time: the prompt for a place, the help sheet, the files by name, the search over files.

mod goto;
mod help;
mod quick_open;
mod search_files;

use leptos::prelude::*;

use crate::erased::{any, handler, shown};
use crate::shell::{Act, Overlay, Shell};
use goto::GoToPrompt;
use help::HelpSheet;
use quick_open::QuickOpen;
use search_files::SearchFiles;

/// What is open.
#[component]
pub fn Overlays() -> impl IntoView {
    let overlay = Shell::get().overlay;
    shown(move || match overlay.get() {
        Overlay::None => ().into_any(),
        Overlay::GoTo => any(view! { <GoToPrompt/> }),
        Overlay::Help => any(view! { <HelpSheet/> }),
        Overlay::QuickOpen => any(view! { <QuickOpen/> }),
        Overlay::SearchFiles => any(view! { <SearchFiles/> }),
    })
}

/// A dialog over the page: closed by Escape and by a click beside it. The page below is inert.
#[component]
fn Dialog(
    /// Its accessible name.
    label: &'static str,
    /// Its class names.
    class: &'static str,
    /// The id of what takes the focus when it opens.
    focus: &'static str,
    /// What is in it.
    children: Children,
) -> impl IntoView {
    let shell = Shell::get();
    focus_soon(focus);
    let close = move || shell.act(Act::Open(Overlay::None));
    let on_key = handler(move |event: leptos::ev::KeyboardEvent| {
        if event.key() == "Escape" {
            event.prevent_default();
            event.stop_propagation();
            close();
        }
    });
    // A click in the dialog goes on to the document: a link there is one of the page.
    let on_click = handler(move |event: leptos::ev::MouseEvent| {
        if event.target() == event.current_target() {
            close();
        }
    });
    any(view! {
        <div class="veil" on:click=on_click on:keydown=on_key>
            <div class=class role="dialog" aria-modal="true" aria-label=label>{children()}</div>
        </div>
    })
}

fn focus_soon(id: &'static str) {
    #[cfg(feature = "hydrate")]
    crate::erased::effect(move || crate::browser::focus::focus_and_select(id));
    #[cfg(not(feature = "hydrate"))]
    let _ = id;
}
