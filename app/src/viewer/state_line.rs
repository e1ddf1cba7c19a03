//! The state line at the bottom: what is true now.

use leptos::prelude::*;

use crate::erased::{any, handler, memo, shown};
use crate::search::SearchAct;
use crate::shell::Shell;

/// The state line.
#[component]
pub fn StateLine() -> impl IntoView {
    let status = Shell::get().status;
    any(view! {
        <footer class="state">
            <span class="stream" role="status" aria-label="Stream state" data-tone=shown(move || status.tone.get())>
                {shown(move || status.stream.get())}
            </span>
            <Searching/>
            <span class="right num">
                <span>{shown(move || status.place.get())}</span>
                <span>{shown(move || format!("{} %", status.percent.get()))}</span>
            </span>
        </footer>
    })
}

/// How far a search has come that takes its time, and the way to end it.
#[component]
fn Searching() -> impl IntoView {
    let shell = Shell::get();
    let progress = shell.search.progress;
    let is_shown = memo(move || progress.with(Option::is_some));
    let text = move || progress.with(|progress| progress.as_ref().map(|progress| progress.text.clone()));
    shown(move || {
        is_shown.get().then(|| {
            any(view! {
                <span class="searching">
                    <span>{shown(text)}</span>
                    <button on:click=handler(move |_| shell.search(SearchAct::Stop))>"Stop " <kbd aria-hidden="true">"Esc"</kbd></button>
                </span>
            })
        })
    })
}
