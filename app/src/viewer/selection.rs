//! What is offered for text that is selected in the log.

use leptos::prelude::*;
use taillight::view::keys::KeyAction;

use super::ids;
use crate::erased::{any, handler, memo, shown};
use crate::search::{SearchAct, Selected, Selection};
use crate::shell::Shell;

/// The toolbar beside selected text. Placed by the program.
#[component]
pub fn SelectionBar() -> impl IntoView {
    let shell = Shell::get();
    let selected = shell.search.selected;
    let is_line = memo(move || selected.get() == Some(Selected::OneLine));
    let button = move |text: &'static str, sign: &'static str, shortcuts: Option<String>, what: Selection| {
        let is_hidden = shown(move || what != Selection::Copy && !is_line.get());
        any(view! {
            <button hidden=is_hidden aria-keyshortcuts=shortcuts on:click=handler(move |_| shell.search(SearchAct::Selection(what)))>
                {text} {(!sign.is_empty()).then(|| any(view! { <kbd aria-hidden="true">{sign}</kbd> }))}
            </button>
        })
    };
    any(view! {
        // What is pressed here must not take the selection away.
        <div
            class="selection" id=ids::SELECTION role="toolbar" aria-label="Selected text"
            hidden=shown(move || selected.with(Option::is_none))
            on:mousedown=handler(|event: leptos::ev::MouseEvent| event.prevent_default())
        >
            {button("Only these", "+", KeyAction::OnlyThese.aria_keyshortcuts(), Selection::Only)}
            {button("Hide these", "-", KeyAction::HideThese.aria_keyshortcuts(), Selection::Hide)}
            {button("Find", "*", KeyAction::FindSelection.aria_keyshortcuts(), Selection::Find)}
            {button("Copy", "", None, Selection::Copy)}
        </div>
    })
}
