//! The log itself: the rows, the scrollbar, the pill, and the plain links of reader mode.

use leptos::prelude::*;
use taillight::follow::{grouped, new_lines_text};
use taillight::line::LineCount;
use taillight::view::Command;
use taillight::view::keys::KeyAction;

use super::ids;
use crate::app::FirstScreen;
use crate::boot::{ReaderLinks, Screen};
use crate::erased::{any, handler, memo, shown};
use crate::levels::parts;
use crate::search::{Nothing, SearchAct, SearchBox};
use crate::shell::{Act, Shell};

/// The log.
#[component]
pub fn Log(
    /// What the server sent, when this is the first page.
    first: Option<FirstScreen>,
) -> impl IntoView {
    let shell = Shell::get();
    let status = shell.status;
    let (rows_html, links) = match first {
        Some(FirstScreen { rows_html, boot }) => match boot.screen {
            Screen::File(file) => (rows_html, file.links),
            _ => (rows_html, ReaderLinks::default()),
        },
        None => (String::new(), ReaderLinks::default()),
    };
    any(view! {
        <main class="log">
            {shown(move || Some(status.banner.get()).filter(|text| !text.is_empty()).map(|text| {
                any(view! { <p class="banner" role="alert">{text}</p> })
            }))}
            <Grid rows_html/>
            <div class="void" hidden=shown(move || !status.is_empty.get())>
                <strong>"The file is empty"</strong>
                "Lines appear here as they are written."
            </div>
            <NothingMatches/>
            <InContext/>
            <Scrollbar/>
            <Pill/>
            <PausedBar/>
            <Reader links/>
        </main>
    })
}

/// The rows. What the server sent stays until the pool holds the same rows.
#[component]
fn Grid(rows_html: String) -> impl IntoView {
    let shell = Shell::get();
    let status = shell.status;
    let class = if shell.begins_at_end() { "rows from-end" } else { "rows" };
    let wraps = shell.of_file(|view| view.wrap);
    let label = "Log lines";
    any(view! {
        <div
            class=class class:wrap=wraps id=ids::GRID role="grid" aria-label=label tabindex="0" aria-readonly="true"
            aria-multiselectable="true" aria-rowcount=shown(move || status.row_count.get())
            aria-activedescendant=shown(move || status.active_row.get())
        >
            <div class="first-screen" id=ids::FIRST_SCREEN role="rowgroup" inner_html=rows_html></div>
            <div class="pool" role="presentation"><div id=ids::SHEET role="rowgroup"></div></div>
        </div>
    })
}

/// What is said in the place of rows where the filter shows none.
#[component]
fn NothingMatches() -> impl IntoView {
    let shell = Shell::get();
    let nothing = shell.search.nothing;
    let narrow = shell.of_file(|view| (!view.filter.trim().is_empty(), parts(&view.narrow)));
    shown(move || {
        let (has_text, narrow) = narrow.get();
        let text = has_text.then(|| "what the filter says".to_owned());
        let all: Vec<String> = text.into_iter().chain(narrow.into_iter().map(|(_, text)| text)).collect();
        let why = match all.as_slice() {
            [_] if has_text => "The filter hides every line. Check its words, or look at all lines again.".to_owned(),
            all => format!(
                "Only these lines are shown: {}. Take one of that away, or look at all lines again.",
                all.join(" · ")
            ),
        };
        let button = move |text: &'static str, act: SearchAct| {
            any(view! { <button class="ghost" on:click=handler(move |_| shell.search(act.clone()))>{text}</button> })
        };
        nothing.get().map(|Nothing { text, stopped, is_elsewhere }| {
            let is_stopped = stopped.is_some();
            any(view! {
                <div class="void">
                    <strong>{text}</strong>
                    <p>{stopped.unwrap_or(why)}</p>
                    {is_elsewhere.then(|| button("Go to the first match", SearchAct::First))}
                    {is_stopped.then(|| button("Continue the search", SearchAct::Continue))}
                    {button("Show all lines", SearchAct::Clear(SearchBox::Filter))}
                </div>
            })
        })
    })
}

/// Shows the row that it stands at among its neighbours, without the filter. Placed by the program.
#[component]
fn InContext() -> impl IntoView {
    let shell = Shell::get();
    let can_leave = shell.search.can_leave;
    any(view! {
        <button
            class="in-context ghost" id=ids::IN_CONTEXT hidden=shown(move || !can_leave.get())
            aria-keyshortcuts=KeyAction::InContext.aria_keyshortcuts()
            on:click=handler(move |_| shell.search(SearchAct::InContext))
        >"Show in context " <kbd aria-hidden="true">"."</kbd></button>
    })
}

/// Our own scrollbar: its thumb is placed, and its marks are drawn, by the program.
#[component]
fn Scrollbar() -> impl IntoView {
    let status = Shell::get().status;
    let bubble = status.bubble;
    any(view! {
        <div
            class="ruler" id=ids::RULER role="scrollbar" aria-label="Position in file" aria-controls=ids::GRID
            aria-orientation="vertical" aria-valuemin="0" aria-valuemax="100" tabindex="0"
            aria-valuenow=shown(move || i64::from(status.percent.get())) aria-valuetext=shown(move || Some(status.place.get()))
        >
            <svg class="marks" aria-hidden="true" viewBox="0 0 22 10000" preserveAspectRatio="none">
                <path id="mark-shown"></path>
                <path id="mark-warn"></path>
                <path id="mark-error"></path>
                <path id="mark-fatal"></path>
                <path id="mark-found"></path>
            </svg>
            <div class="thumb" id=ids::THUMB></div>
            <div class="bubble" id=ids::BUBBLE hidden=shown(move || bubble.with(String::is_empty))>{shown(move || bubble.get())}</div>
        </div>
    })
}

/// How many lines came that are not shown: back to the end.
#[component]
fn Pill() -> impl IntoView {
    let shell = Shell::get();
    let paused = shell.of_file(|view| view.paused);
    let follows = shell.of_file(|view| view.follow);
    let new_lines = shell.status.new_lines;
    let is_shown = memo(move || new_lines.get() > 0 && !paused.get() && !follows.get());
    let text = move || new_lines_text(LineCount::new(new_lines.get()));
    shown(move || {
        is_shown.get().then(|| {
            any(view! {
                <button class="pill" on:click=handler(move |_| shell.command(Command::Follow))>
                    <span aria-hidden="true">"↓"</span>
                    <span>{shown(text)}</span>
                </button>
            })
        })
    })
}

/// What a paused screen says, and the two ways on.
#[component]
fn PausedBar() -> impl IntoView {
    let shell = Shell::get();
    let paused = shell.of_file(|view| view.paused);
    let status = shell.status;
    let text = move || {
        let rate = status.new_rate.get();
        let rate = if rate == 0 { String::new() } else { format!(" · {}/s", grouped(rate)) };
        format!("Paused · {} new{rate}", grouped(status.new_lines.get()))
    };
    shown(move || {
        paused.get().then(|| {
            any(view! {
                <div class="paused-bar" role="group" aria-label="Paused">
                    <span>{shown(text)}</span>
                    <button class="ghost" on:click=handler(move |_| shell.act(Act::CatchUp))>"Catch up"</button>
                    <button class="solid" on:click=handler(move |_| shell.act(Act::JumpToEnd))>"Jump to end"</button>
                </div>
            })
        })
    })
}

/// Plain links through the file: for a page without a program, and for screen readers.
#[component]
fn Reader(links: ReaderLinks) -> impl IntoView {
    let shell = Shell::get();
    let ReaderLinks { start, older, newer, end } = links;
    let page = |text: &'static str, link: Option<String>| match link {
        Some(link) => any(view! { <a href=shell.href(&link)>{text}</a> }),
        None => any(view! { <span>{text}</span> }),
    };
    any(view! {
        <nav class="reader" aria-label="Pages of the file">
            {page("Start", start)} {page("Older", older)} {page("Newer", newer)} {page("End", end)}
        </nav>
    })
}
