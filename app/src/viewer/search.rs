//! The bar with the boxes `Filter` and `Find`, levels and times: a plain form for a page without a program, and live with one.

mod chips;
mod field;
mod levels;

use leptos::prelude::*;
use taillight::path::percent_decode;
use taillight::view::ViewState;
use taillight::view::keys::KeyAction;

use crate::erased::{any, handler, memo, shown, yes_no};
use crate::search::{SearchAct, SearchBox};
use crate::shell::Shell;
use chips::Chips;
use field::Field;
pub use field::error_view;
use levels::{LevelsRow, LevelsSwitch};

/// The bar.
#[component]
pub fn SearchBar() -> impl IntoView {
    let shell = Shell::get();
    let on_submit = handler(move |event: leptos::ev::SubmitEvent| {
        // The key of a phone's keyboard, and the button of a page without a program; Enter was taken before.
        event.prevent_default();
        shell.search(SearchAct::Submit);
    });
    any(view! {
        <form class="search" role="search" aria-label="Filter and find" method="get" on:submit=on_submit>
            {other_params(shell)}
            <Field which=SearchBox::Filter placeholder="Show only lines with …"><LineCount/></Field>
            <Context/>
            <LevelsSwitch/>
            <Field which=SearchBox::Find placeholder="Find in all lines"><Matches/></Field>
            <button class="apply ghost">"Apply"</button>
            <LevelsRow/>
            <Chips/>
            <ProgressBar/>
        </form>
    })
}

/// What else the link says, for a form that is sent without a program.
fn other_params(shell: Shell) -> impl IntoView {
    let mut view = shell.view.get_untracked();
    if let taillight::view::Page::File(file) = &mut view.page {
        file.filter.clear();
        file.find.clear();
        // Their boxes are there where they say something.
        file.narrow.from.clear();
        file.narrow.to.clear();
    }
    params_of(&view)
        .into_iter()
        .map(|(name, value)| any(view! { <input type="hidden" name=name value=value/> }))
        .collect::<Vec<_>>()
}

/// The parameters of a view's link, as a form says them.
fn params_of(view: &ViewState) -> Vec<(String, String)> {
    let link = view.to_string();
    let query = link.split_once('?').map_or("", |(_, query)| query);
    let decode = |text: &str| percent_decode(text).ok().and_then(|bytes| String::from_utf8(bytes.into_owned()).ok());
    let pair = |param: &str| {
        let (name, value) = param.split_once('=').unwrap_or((param, ""));
        decode(name).zip(decode(value))
    };
    query.split('&').filter(|param| !param.is_empty()).filter_map(pair).collect()
}

/// How many lines there are, and how many of them are shown.
#[component]
fn LineCount() -> impl IntoView {
    let lines = Shell::get().status.lines;
    any(view! {
        <span class="n num" role="status" aria-label="Line count" aria-live="off">{shown(move || lines.get())}</span>
    })
}

/// How many lines have what is found, and the buttons to go to them.
#[component]
fn Matches() -> impl IntoView {
    let shell = Shell::get();
    let count = shell.search.match_count;
    let has_find = shell.of_file(|view| view.find_term().is_some());
    let button = move |down: bool, name: &'static str, sign: &'static str, action: KeyAction| {
        let disabled = shown(move || yes_no(!has_find.get()));
        any(view! {
            <button
                type="button" class="go" aria-label=name aria-disabled=disabled aria-keyshortcuts=action.aria_keyshortcuts()
                on:click=handler(move |_| shell.search(SearchAct::Seek(down)))
            >{sign}</button>
        })
    };
    any(view! {
        <span class="n num" role="status" aria-label="Match count">{shown(move || count.get())}</span>
        {button(false, "Previous match", "↑", KeyAction::PreviousMatch)}
        {button(true, "Next match", "↓", KeyAction::NextMatch)}
    })
}

/// How many lines around each match are shown too; only where there is a filter.
#[component]
fn Context() -> impl IntoView {
    let shell = Shell::get();
    let ctx = shell.of_file(|view| view.ctx);
    let is_filtered = shell.of_file(|view| view.shown_rows().is_some());
    let button = move |step: i32, name: &'static str, sign: &'static str, action: KeyAction| {
        any(view! {
            <button
                type="button" class="go" aria-label=name aria-keyshortcuts=action.aria_keyshortcuts()
                on:click=handler(move |_| shell.search(SearchAct::Context(step)))
            >{sign}</button>
        })
    };
    any(view! {
        <div class="context num" role="group" aria-label="Context lines" hidden=shown(move || !is_filtered.get())>
            <span>"Context"</span>
            {button(-1, "Less context", "−", KeyAction::LessContext)}
            <b>{shown(move || ctx.get().to_string())}</b>
            {button(1, "More context", "+", KeyAction::MoreContext)}
        </div>
    })
}

/// How far a search has come that takes its time.
#[component]
fn ProgressBar() -> impl IntoView {
    let progress = Shell::get().search.progress;
    let is_shown = memo(move || progress.with(Option::is_some));
    let percent = move || progress.with(|progress| progress.as_ref().and_then(|progress| progress.percent));
    let text = move || progress.with(|progress| progress.as_ref().map(|progress| progress.text.clone()));
    shown(move || {
        is_shown.get().then(|| {
            any(view! {
                <progress aria-label="Search progress" max="100" value=shown(percent) aria-valuetext=shown(text)></progress>
            })
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_keeps_what_else_the_link_says() {
        let params = |link: &str| params_of(&link.parse().unwrap());
        let pairs = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect::<Vec<_>>()
        };
        assert_eq!(params("/v/r/f"), pairs(&[]));
        assert_eq!(params("/v/r/f?wrap=1&at=line:5"), pairs(&[("at", "line:5"), ("wrap", "1")]));
        assert_eq!(params("/v/r/f?x=a%20b%2Bc&debug"), pairs(&[("debug", ""), ("x", "a b+c")]));
    }
}
