//! The terms of the filter one by one: each can be turned off and on again, into its opposite, and away.

use leptos::prelude::*;

use crate::erased::{any, handler, memo, shown};
use crate::levels::{LevelAct, Part, parts};
use crate::search::{ChipAct, SearchAct};
use crate::shell::Shell;

/// The terms, where there is more than one, or one was turned off; and what else narrows the log.
#[component]
pub fn Chips() -> impl IntoView {
    let shell = Shell::get();
    let (text, off) = (shell.search.filter.text, shell.search.off);
    let chips = memo(move || {
        let on = text.with(|text| taillight::query::chips(text)).into_iter().map(|chip| (chip, true));
        let off = off.get().into_iter().map(|chip| (chip, false));
        on.chain(off).collect::<Vec<_>>()
    });
    let narrow = shell.of_file(|view| parts(&view.narrow));
    shown(move || {
        let (mut chips, narrow) = (chips.get(), narrow.get());
        if chips.len() == 1 && chips.iter().all(|(_, is_on)| *is_on) {
            chips.clear();
        }
        (chips.len() + narrow.len() > 0).then(|| {
            let chips = chips.into_iter().map(|(chip, is_on)| chip_view(shell, &chip, is_on));
            let narrow = narrow.into_iter().map(|(part, text)| narrow_view(shell, part, text));
            let chips = chips.chain(narrow).collect::<Vec<_>>();
            any(view! { <div class="chips" role="group" aria-label="Terms of the filter">{chips}</div> })
        })
    })
}

fn narrow_view(shell: Shell, part: Part, text: String) -> AnyView {
    let label = format!("Remove {text}");
    any(view! {
        <span class="chip">
            <span class="said">{text}</span>
            <button
                type="button" aria-label=label
                on:click=handler(move |_| shell.search(SearchAct::Levels(LevelAct::Remove(part))))
            >"×"</button>
        </span>
    })
}

fn chip_view(shell: Shell, chip: &str, is_on: bool) -> AnyView {
    let button = |text: String, label: String, what: ChipAct| {
        let chip = chip.to_owned();
        any(view! {
            <button
                type="button" aria-label=label aria-pressed=(what == ChipAct::Toggle).then(|| crate::erased::yes_no(is_on))
                on:click=handler(move |_| shell.search(SearchAct::Chip(what, chip.clone())))
            >{text}</button>
        })
    };
    let class = if is_on { "chip" } else { "chip off" };
    any(view! {
        <span class=class>
            {button(chip.to_owned(), format!("Term {chip}"), ChipAct::Toggle)}
            {is_on.then(|| button("±".to_owned(), format!("Invert {chip}"), ChipAct::Invert))}
            {button("×".to_owned(), format!("Remove {chip}"), ChipAct::Remove)}
        </span>
    })
}
