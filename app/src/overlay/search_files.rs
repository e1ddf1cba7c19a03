//! The search over files: a box, where to search, and what is found while it comes, by file.

use leptos::prelude::*;
use taillight::path::LogPath;

use super::Dialog;
use crate::erased::{any, handler, memo, shown, yes_no};
use crate::search_files::{End, FileHits, Found, Hit, State, Unread, folders};
use crate::shell::{Act, Shell};
use crate::viewer::{error_view, shown_query};

const INPUT: &str = "search-files";
const ERROR: &str = "search-files-error";
const LIST: &str = "search-files-list";

/// The search over files.
#[component]
pub fn SearchFiles() -> impl IntoView {
    let shell = Shell::get();
    prepare(shell);
    on_cleanup(move || shell.act(Act::SearchFiles(false)));
    let on_key = move |event: leptos::ev::KeyboardEvent| {
        match event.key().as_str() {
            "Escape" if shell.search_files.found.with_untracked(Found::is_running) => {
                shell.act(Act::SearchFiles(false));
                event.stop_propagation();
            }
            "ArrowDown" => step(true),
            "ArrowUp" => step(false),
            _ => return,
        }
        event.prevent_default();
    };
    any(view! {
        <Dialog label="Search files" class="dialog tall" focus=INPUT>
            <div class="search-files" on:keydown=handler(on_key)>
                <Question/>
                <Where/>
                <Results/>
                <Outcome/>
            </div>
        </Dialog>
    })
}

/// Where the page is now, and what is filtered there, is what people mean to search for first.
fn prepare(shell: Shell) {
    let search = shell.search_files;
    let folders = shell.view.with_untracked(folders);
    if !search.folder.with_untracked(|folder| folders.contains(folder)) || search.text.with_untracked(String::is_empty)
    {
        search.folder.set(folders.into_iter().next().flatten());
    }
    if search.text.with_untracked(String::is_empty) {
        search.text.set(shell.file(shown_query).flatten().unwrap_or_default());
    }
}

/// To the next or previous link of what is found, or back to the box.
fn step(down: bool) {
    #[cfg(feature = "hydrate")]
    crate::browser::focus::step(LIST, INPUT, down);
    #[cfg(not(feature = "hydrate"))]
    let _ = down;
}

/// The box, and the button that begins and ends.
#[component]
fn Question() -> impl IntoView {
    let shell = Shell::get();
    let search = shell.search_files;
    let is_running = memo(move || search.found.with(Found::is_running));
    let is_wrong = memo(move || search.found.with(|found| found.error().is_some()));
    any(view! {
        <form
            class="field" role="search" aria-label="Files"
            on:submit=handler(move |event: leptos::ev::SubmitEvent| {
                event.prevent_default();
                shell.act(Act::SearchFiles(true));
            })
        >
            <input
                type="search" id=INPUT aria-label="Search files" value=search.text.get_untracked()
                placeholder="Words, \"phrases\", /regex/, not, or" autocomplete="off" autocapitalize="off"
                spellcheck="false" enterkeyhint="search" aria-invalid=shown(move || is_wrong.get().then_some("true"))
                aria-describedby=shown(move || is_wrong.get().then_some(ERROR))
                on:input=handler(move |event| search.text.set(event_target_value(&event)))
            />
            <button class="solid" type="submit" hidden=shown(move || is_running.get())>"Search"</button>
            <button
                class="ghost" type="button" hidden=shown(move || !is_running.get())
                on:click=handler(move |_| shell.act(Act::SearchFiles(false)))
            >"Cancel"</button>
            <div class="box-error" id=ERROR aria-live="polite">
                {shown(move || search.found.with(|found| found.error().map(|error| error_view(error, &found.query))))}
            </div>
        </form>
    })
}

/// Which files.
#[component]
fn Where() -> impl IntoView {
    let shell = Shell::get();
    let folder = shell.search_files.folder;
    let choice = move |choice: Option<LogPath>| {
        let name = choice.as_ref().map_or_else(|| "All files".to_owned(), LogPath::shown);
        let of_pressed = choice.clone();
        let pressed = shown(move || yes_no(folder.with(|folder| *folder == of_pressed)));
        let choose = handler(move |_| {
            folder.set(choice.clone());
            if shell.search_files.found.with_untracked(|found| found.state != State::Idle) {
                shell.act(Act::SearchFiles(true));
            }
        });
        any(view! { <button class="ghost" type="button" aria-pressed=pressed on:click=choose>{name}</button> })
    };
    let choices: Vec<_> = shell.view.with_untracked(folders).into_iter().map(choice).collect();
    any(view! { <div class="where" role="group" aria-label="Search in">{choices}</div> })
}

/// What is found. A click on a row shows its line in the page.
#[component]
fn Results() -> impl IntoView {
    let shell = Shell::get();
    let found = shell.search_files.found;
    any(view! {
        <ul class="hits body" id=LIST aria-label="Files with matching lines">
            {shown(move || found.with(|found| {
                found.files.iter().map(|file| file_view(shell, file, &found.query)).collect::<Vec<_>>()
            }))}
        </ul>
    })
}

fn file_view(shell: Shell, file: &FileHits, query: &str) -> AnyView {
    let rows: Vec<_> = file.rows.iter().map(|hit| row_view(shell.href(&file.row_link(hit, query)), hit)).collect();
    let when = file.modified.as_deref().map(crate::text::minute);
    any(view! {
        <li>
            <a class="file" href=shell.href(&file.link(query))>
                <span class="name">{file.path.shown()}</span>
                <small class="num">{file.count_text()}</small>
                <small class="num when">{when}</small>
            </a>
            <ul>{rows}</ul>
        </li>
    })
}

fn row_view(href: String, hit: &Hit) -> AnyView {
    let piece = |(is_marked, text)| match is_marked {
        true => any(view! { <mark>{text}</mark> }),
        false => any(view! { <span>{text}</span> }),
    };
    let pieces: Vec<_> = hit.pieces().into_iter().map(piece).collect();
    any(view! { <li><a class="hit" href=href>{pieces}</a></li> })
}

/// How far it is, or what came of it.
#[component]
fn Outcome() -> impl IntoView {
    let found = Shell::get().search_files.found;
    let is_idle = memo(move || found.with(|found| !found.is_running()));
    let text = move |get: fn(&Found) -> String| shown(move || found.with(get));
    any(view! {
        <footer>
            <progress
                aria-label="Searching files" hidden=shown(move || is_idle.get())
                max=text(|found| found.bytes.1.max(1).to_string()) value=text(|found| found.bytes.0.to_string())
            ></progress>
            <p class="num" hidden=shown(move || is_idle.get())>{text(|found| found.progress.clone())}</p>
            <p role="status" aria-label="Search in files">{text(Found::summary)}</p>
            <p>{text(Found::more)}</p>
            <p class="bad" role="alert">{text(Found::failure)}</p>
            {shown(move || found.with(|found| match &found.state {
                State::Over(end) => Some(end_view(end)),
                _ => None,
            }))}
        </footer>
    })
}

/// What the search has left out.
fn end_view(end: &End) -> AnyView {
    let stopped = end.stopped.clone().map(|why| any(view! { <p class="bad">"Not all files: stopped " {why}</p> }));
    let row = |unread: &Unread| any(view! { <li>{unread.file.shown()} ": " {unread.why.clone()}</li> });
    let unread = end.unread_text().map(|text| {
        any(view! {
            <details><summary>{text}</summary><ul>{end.unread.iter().map(row).collect::<Vec<_>>()}</ul></details>
        })
    });
    any(view! { <div>{stopped} {unread}</div> })
}
