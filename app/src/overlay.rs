//! What opens over the page, one at a time: the prompt for a place, the help sheet, the files by name.

mod goto;
mod help;
mod quick_open;

use leptos::prelude::*;

use crate::shell::{Act, Overlay, Shell};
use goto::GoToPrompt;
use help::HelpSheet;
use quick_open::QuickOpen;

/// What is open.
#[component]
pub fn Overlays() -> impl IntoView {
    let overlay = Shell::get().overlay;
    move || match overlay.get() {
        Overlay::None => ().into_any(),
        Overlay::GoTo => view! { <GoToPrompt/> }.into_any(),
        Overlay::Help => view! { <HelpSheet/> }.into_any(),
        Overlay::QuickOpen => view! { <QuickOpen/> }.into_any(),
    }
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
    let on_key = move |event: leptos::ev::KeyboardEvent| {
        if event.key() == "Escape" {
            event.prevent_default();
            event.stop_propagation();
            close();
        }
    };
    view! {
        <div class="veil" on:click=move |_| close() on:keydown=on_key>
            <div class=class role="dialog" aria-modal="true" aria-label=label on:click=|event| event.stop_propagation()>
                {children()}
            </div>
        </div>
    }
}

fn focus_soon(id: &'static str) {
    #[cfg(feature = "hydrate")]
    Effect::new(move |_| crate::browser::focus::focus_and_select(id));
    #[cfg(not(feature = "hydrate"))]
    let _ = id;
}
