//! The header: which file it is, how large, and the buttons; on a phone a bar at the bottom.

use leptos::prelude::*;
use taillight::path::{LogPath, shown_name};
use taillight::query::{self, Query};
use taillight::view::keys::KeyAction;
use taillight::view::{Command, FileView, link};

use super::ids;
use crate::erased::{any, handler, shown, yes_no};
use crate::problem::Brand;
use crate::shell::{Act, Overlay, Shell};

/// The header.
#[component]
pub fn Header() -> impl IntoView {
    let shell = Shell::get();
    let status = shell.status;
    any(view! {
        <header class="top" id=ids::HEADER tabindex="-1">
            <Brand/>
            <Crumbs/>
            <div class="meta num">
                <span>{shown(move || status.size.get())}</span>
                <span class="growth" hidden=shown(move || status.growth.with(String::is_empty))>
                    {shown(move || status.growth.get())}
                </span>
            </div>
            <div class="tools" role="toolbar" aria-label="View">
                <Switches/>
                <button class="ghost wide" aria-keyshortcuts=keys(KeyAction::CopyLink) on:click=handler(move |_| shell.act(Act::CopyLink))>
                    "Copy link" <kbd aria-hidden="true">"y"</kbd>
                </button>
                <Download/>
                <button
                    class="ghost" aria-label="Help" aria-keyshortcuts=keys(KeyAction::Help)
                    on:click=handler(move |_| shell.act(Act::Open(Overlay::Help)))
                >"?"</button>
            </div>
        </header>
    })
}

/// Follow, Pause and Wrap.
#[component]
fn Switches() -> impl IntoView {
    let shell = Shell::get();
    let follows = shell.of_file(|view| view.follow);
    let paused = shell.of_file(|view| view.paused);
    let wraps = shell.of_file(|view| view.wrap);
    any(view! {
        <Switch is_on=follows label="Follow" key="F" shortcuts=keys(KeyAction::Follow) command=Command::ToggleFollow/>
        <Switch is_on=paused label="Pause" key="p" shortcuts=keys(KeyAction::Pause) command=Command::TogglePause/>
        <Switch is_on=wraps label="Wrap" key="Alt Z" shortcuts=keys(KeyAction::Wrap) command=Command::ToggleWrap/>
    })
}

#[component]
fn Switch(
    is_on: Memo<bool>,
    label: &'static str,
    key: &'static str,
    shortcuts: Option<String>,
    command: Command,
) -> impl IntoView {
    let shell = Shell::get();
    let pressed = shown(move || yes_no(is_on.get()));
    any(view! {
        <button
            class="ghost wide" aria-pressed=pressed aria-keyshortcuts=shortcuts
            on:click=handler(move |_| shell.command(command.clone()))
        >
            {label} <kbd aria-hidden="true">{key}</kbd>
        </button>
    })
}

/// The file's bytes, or with a filter the lines that it shows: a link for a page without a program, called a button as it looks and works like one.
#[component]
fn Download() -> impl IntoView {
    let shell = Shell::get();
    let link = shell.of_file(|view| Some(download_link(view)));
    let address = shown(move || link.get().map(|link| shell.href(&link)));
    let on_key = handler(move |event: leptos::ev::KeyboardEvent| {
        if event.key() == " " {
            event.prevent_default();
            shell.act(Act::Download);
        }
    });
    any(view! { <a class="button ghost wide" role="button" href=address download="" on:keydown=on_key>"Download"</a> })
}

/// The link below the base path to what is shown, as a download.
pub fn download_link(view: &FileView) -> String {
    match shown_query(view) {
        Some(query) => link::raw_query_link(&view.path, &query),
        None => link::raw_link(&view.path),
    }
}

/// The filter with its levels and times, as one query; `None` where all lines are shown.
pub fn shown_query(view: &FileView) -> Option<String> {
    let filter = view.shown_rows()?;
    if filter.narrow.is_nothing() {
        return Some(filter.q);
    }
    // What is wrong in it is not in force here either.
    let (narrowed, _) = query::parse(&filter.q).unwrap_or(Query::EVERYTHING).narrowed(&filter.narrow);
    Some(narrowed.to_string())
}

/// The path as links to its folders.
#[component]
fn Crumbs() -> impl IntoView {
    let shell = Shell::get();
    let path = shell.path();
    let name = shown(move || path.get().map(|path| shown_name(path.file_name())));
    let above = shown(move || {
        let mut folders: Vec<LogPath> = Vec::new();
        let mut folder = path.get().and_then(|path| path.parent());
        while let Some(path) = folder {
            folder = path.parent();
            folders.push(path);
        }
        let crumb = |folder: LogPath| {
            let address = shell.href(&link::folder_link(Some(&folder)));
            any(view! { <a href=address>{shown_name(folder.file_name())}</a><span aria-hidden="true">"/"</span> })
        };
        folders.into_iter().rev().map(crumb).collect::<Vec<_>>()
    });
    any(view! {
        <div class="crumb">
            <span class="above">{above}</span>
            <h1>{name}</h1>
        </div>
    })
}

/// The buttons of a small screen.
#[component]
pub fn BottomBar() -> impl IntoView {
    let shell = Shell::get();
    let follows = shell.of_file(|view| view.follow);
    let paused = shell.of_file(|view| view.paused);
    let pressed = |is_on: Memo<bool>| shown(move || yes_no(is_on.get()));
    any(view! {
        <div class="bottom" role="toolbar" aria-label="View">
            <button aria-controls=ids::FILES on:click=handler(move |_| shell.act(Act::ToggleFiles))>"Files"</button>
            <button class="ghost" aria-pressed=pressed(follows) on:click=handler(move |_| shell.command(Command::ToggleFollow))>
                "Follow"
            </button>
            <button class="ghost" aria-pressed=pressed(paused) on:click=handler(move |_| shell.command(Command::TogglePause))>
                "Pause"
            </button>
            <button on:click=handler(move |_| shell.act(Act::Open(Overlay::GoTo)))>"Go to"</button>
            <button on:click=handler(move |_| shell.act(Act::CopyLink))>"Copy link"</button>
        </div>
    })
}

fn keys(action: KeyAction) -> Option<String> {
    action.aria_keyshortcuts()
}
