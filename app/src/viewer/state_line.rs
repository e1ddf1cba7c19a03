//! The state line at the bottom: what is true now.

use leptos::prelude::*;
use taillight::view::keys::KeyAction;

use super::ids;
use crate::erased::{any, handler, memo, shown};
use crate::search::SearchAct;
use crate::shell::{Act, Shell};

/// The state line.
#[component]
pub fn StateLine() -> impl IntoView {
    let status = Shell::get().status;
    any(view! {
        <footer class="state">
            <span class="stream" role="status" aria-label="Stream state" data-tone=shown(move || status.tone.get())>
                {shown(move || status.stream.get())}
            </span>
            <WayOn/>
            <Searching/>
            <Stopped/>
            <span class="right num">
                <span>{shown(move || status.place.get())}</span>
                <span>{shown(move || format!("{} %", status.percent.get()))}</span>
            </span>
        </footer>
    })
}

/// What can be done about the state: to the end at once from behind, or another try of a lost connection. The seconds are
/// not said aloud: the state is.
#[component]
fn WayOn() -> impl IntoView {
    let shell = Shell::get();
    let status = shell.status;
    let is_lost = memo(move || !status.retry.with(String::is_empty));
    let button = move |text: &'static str, key: &'static str, action: KeyAction, act: Act| {
        any(view! {
            <button aria-keyshortcuts=action.aria_keyshortcuts() on:click=handler(move |_| shell.act(act.clone()))>
                {text} " " <kbd aria-hidden="true">{key}</kbd>
            </button>
        })
    };
    shown(move || {
        let way = if is_lost.get() {
            button("Try now", "r", KeyAction::TryNow, Act::TryNow)
        } else if status.can_jump.get() {
            button("Jump to live", "G", KeyAction::Bottom, Act::JumpToEnd)
        } else {
            return None;
        };
        let text = shown(move || status.retry.get());
        Some(any(view! { <span class="way-on num"><span aria-hidden="true">{text}</span>{way}</span> }))
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

/// A search that goes no further until it is asked to, while none is under way.
#[component]
fn Stopped() -> impl IntoView {
    let shell = Shell::get();
    let (stopped, progress) = (shell.search.stopped, shell.search.progress);
    let is_shown = memo(move || !stopped.with(String::is_empty) && progress.with(Option::is_none));
    let text = move || if is_shown.get() { stopped.get() } else { String::new() };
    let button = move || {
        is_shown.get().then(|| {
            any(view! {
                <button
                    id=ids::CONTINUE aria-describedby=ids::LIMIT
                    on:click=handler(move |_| shell.search(SearchAct::Continue))
                >"Continue"</button>
            })
        })
    };
    // It stands before its text comes: a region that comes with its text is not read aloud.
    any(view! {
        <span class=shown(move || if is_shown.get() { "searching" } else { "searching none" })>
            // Within: whoever is described by the region itself is told its name only.
            <span role="status" aria-label="Search limit"><span id=ids::LIMIT>{shown(text)}</span></span>
            {shown(button)}
        </span>
    })
}
