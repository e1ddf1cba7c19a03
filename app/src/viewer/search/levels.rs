//! Levels and times: the switch that opens their row, the levels one by one with how many lines there are of each, and
//! from when to when.

use leptos::prelude::*;
use taillight::level::{Level, LevelChoice};

use super::field::TimeField;
use crate::erased::{any, handler, memo, shown, yes_no};
use crate::levels::{LevelAct, Pick, count_text, title};
use crate::search::{SearchAct, SearchBox};
use crate::shell::Shell;

/// Opens the row of levels and times.
#[component]
pub fn LevelsSwitch() -> impl IntoView {
    let shell = Shell::get();
    let is_open = shell.search.levels.is_open;
    any(view! {
        <button
            type="button" class="ghost levels-switch" aria-pressed=shown(move || yes_no(is_open.get()))
            on:click=handler(move |_| shell.search(SearchAct::Levels(LevelAct::ToggleRow)))
        >"Levels"</button>
    })
}

/// The row of levels and times, where it is open.
#[component]
pub fn LevelsRow() -> impl IntoView {
    let shell = Shell::get();
    let is_open = memo(move || shell.search.levels.is_open.get());
    shown(move || {
        is_open.get().then(|| {
            let levels = LevelChoice::kinds().map(|kind| level(shell, kind)).collect::<Vec<_>>();
            any(view! {
                <div class="levels num">
                    <div role="group" aria-label="Levels">{levels}</div>
                    <div role="group" aria-label="Times">
                        <TimeField which=SearchBox::From/>
                        <TimeField which=SearchBox::To/>
                    </div>
                </div>
            })
        })
    })
}

/// One kind of lines. With Alt it is shown alone, with Shift together with what is above it.
fn level(shell: Shell, kind: Option<Level>) -> AnyView {
    let counts = shell.search.levels.counts;
    let is_on = shell.of_file(move |view| view.narrow.levels.has(kind));
    let act = move |pick: Pick| shell.search(SearchAct::Levels(LevelAct::Pick(kind, pick)));
    let pick_of = |alt: bool, shift: bool| match (alt, shift) {
        (true, _) => Pick::Only,
        (_, true) => Pick::AndAbove,
        _ => Pick::Toggle,
    };
    let on_click = handler(move |event: leptos::ev::MouseEvent| act(pick_of(event.alt_key(), event.shift_key())));
    let on_key = handler(move |event: leptos::ev::KeyboardEvent| {
        // Browsers press no button with a modifier.
        if matches!(event.key().as_str(), "Enter" | " ") && (event.alt_key() || event.shift_key()) {
            event.prevent_default();
            act(pick_of(event.alt_key(), event.shift_key()));
        }
    });
    let above = kind.filter(|level| *level < Level::Fatal).map(|_| {
        any(view! {
            <button
                type="button" aria-label=format!("{} and above", title(kind)) title="This level and above"
                on:click=handler(move |_| act(Pick::AndAbove))
            >"≥"</button>
        })
    });
    any(view! {
        <span class="chip level" data-level=LevelChoice::name(kind)>
            <button
                type="button" aria-pressed=shown(move || yes_no(is_on.get())) title="Alt: only these. Shift: these and above."
                on:click=on_click on:keydown=on_key
            >{title(kind)} " " <span class="n">{shown(move || counts.with(|counts| count_text(counts.as_ref(), kind)))}</span></button>
            {above}
        </span>
    })
}
