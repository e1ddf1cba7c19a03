//! The files pane beside the log: roots and folders as a tree that is read as it is opened, with a box to narrow it down.

use leptos::prelude::*;
use taillight::path::LogPath;
use taillight::view::keys::KeyAction;
use taillight::view::link;
use taillight::wire::{Entry, EntryKind, Listing};

use crate::erased::{any, effect, handler, shown, yes_no};
use crate::shell::{Act, Overlay, Shell};
use crate::text;

/// What became of reading a folder; `None` while it is read.
pub type Folder = RwSignal<Option<Result<Listing, String>>>;

/// How old a file's last line may be for its dot to be lit, in seconds.
const FRESH_SECS: f64 = 60.0;

/// The pane.
#[component]
pub fn FilesPane() -> impl IntoView {
    let shell = Shell::get();
    let wanted = RwSignal::new(String::new());
    let roots: Folder = RwSignal::new(None);
    let is_asked = StoredValue::new(false);
    effect(move || {
        if shell.files_pane.get() != Some(false) && !is_asked.get_value() {
            is_asked.set_value(true);
            load_folder(shell, None, roots);
        }
    });
    let class = shown(move || match shell.files_pane.get() {
        None => "files",
        Some(true) => "files open",
        Some(false) => "files closed",
    });
    any(view! {
        <nav class=class aria-label="Files" id="files" tabindex="-1">
            <div class="find">
                <input
                    type="text" id="files-find" aria-label="Find a file" placeholder="Find a file" autocomplete="off"
                    on:input=handler(move |event| wanted.set(event_target_value(&event)))
                />
                <kbd aria-hidden="true">"Ctrl K"</kbd>
            </div>
            <div class="tree">
                <Level folder=roots wanted/>
            </div>
            <SearchFilesButton class="ghost"/>
            <a class="button" href=shell.href("/")>"All files"</a>
        </nav>
    })
}

/// Opens the search over files.
#[component]
pub fn SearchFilesButton(
    /// Its class names.
    class: &'static str,
) -> impl IntoView {
    let shell = Shell::get();
    any(view! {
        <button
            class=class aria-keyshortcuts=KeyAction::SearchFiles.aria_keyshortcuts()
            on:click=handler(move |_| shell.act(Act::Open(Overlay::SearchFiles)))
        >
            "Search files " <kbd aria-hidden="true">"Q"</kbd>
        </button>
    })
}

/// The entries of one folder.
#[component]
fn Level(folder: Folder, wanted: RwSignal<String>) -> impl IntoView {
    let now_secs = use_now();
    let entry_view = move |entry: Entry| {
        if entry.kind == EntryKind::File {
            any(view! { <FileEntry entry wanted now_secs/> })
        } else {
            any(view! { <FolderEntry entry wanted/> })
        }
    };
    shown(move || match folder.get() {
        None => any(view! { <p class="note">"…"</p> }),
        Some(Err(why)) => any(view! { <p class="note">{why}</p> }),
        Some(Ok(listing)) if listing.entries.is_empty() => any(view! { <p class="note">"empty"</p> }),
        Some(Ok(listing)) => {
            let is_part = listing.next.is_some();
            any(view! {
                <ul>{listing.entries.into_iter().map(entry_view).collect::<Vec<_>>()}</ul>
                {is_part.then(|| any(view! { <p class="note">"more files than are shown"</p> }))}
            })
        }
    })
}

#[component]
fn FileEntry(entry: Entry, wanted: RwSignal<String>, now_secs: RwSignal<Option<f64>>) -> impl IntoView {
    let shell = Shell::get();
    let path = entry.path.clone();
    let is_current = move || shell.view.with(|view| view.file_view().is_some_and(|file| file.path == path));
    let name = entry.name.clone();
    let is_left_out = shown(move || wanted.with(|wanted| text::fuzzy_rank(wanted, &name).is_none()));
    let size = text::stored_size(&entry);
    let modified = entry.modified.clone();
    let dot = shown(move || dot_class(modified.as_deref(), now_secs.get()));
    any(view! {
        <li hidden=is_left_out>
            <a
                class="entry" href=shell.href(&link::file_link(&entry.path, None))
                aria-current=shown(move || is_current().then_some("page"))
            >
                <span class=dot aria-hidden="true"></span>
                <span class="name">{entry.name}</span>
                <small>{size}</small>
            </a>
        </li>
    })
}

#[component]
fn FolderEntry(entry: Entry, wanted: RwSignal<String>) -> impl IntoView {
    let shell = Shell::get();
    let inside: Folder = RwSignal::new(None);
    let path = StoredValue::new(entry.path);
    let is_open = RwSignal::new(false);
    let is_asked = StoredValue::new(false);
    let open = move || {
        is_open.set(true);
        if !is_asked.get_value() {
            is_asked.set_value(true);
            load_folder(shell, Some(path.get_value()), inside);
        }
    };
    // The way down to the file that is shown opens by itself.
    effect(move || {
        let leads_there = shell.view.with_untracked(|view| {
            view.file_view().is_some_and(|file| path.with_value(|folder| is_above(folder, &file.path)))
        });
        if leads_there {
            open();
        }
    });
    let toggle = handler(move |_| if is_open.get_untracked() { is_open.set(false) } else { open() });
    let expanded = shown(move || yes_no(is_open.get()));
    any(view! {
        <li>
            <button class="entry" aria-expanded=expanded on:click=toggle>
                <span class="twist" aria-hidden="true"></span>
                <span class="name">{entry.name}</span>
            </button>
            {shown(move || is_open.get().then(|| any(view! { <Level folder=inside wanted/> })))}
        </li>
    })
}

fn is_above(folder: &LogPath, file: &LogPath) -> bool {
    folder.components().len() < file.components().len()
        && folder.components().zip(file.components()).all(|(above, below)| above == below)
}

/// The class of the dot before a file: lit when the file was written within the last minute.
pub fn dot_class(modified: Option<&str>, now_secs: Option<f64>) -> &'static str {
    #[cfg(feature = "hydrate")]
    let written_secs = modified.and_then(crate::browser::timer::parse_secs);
    #[cfg(not(feature = "hydrate"))]
    let written_secs: Option<f64> = modified.and(None);
    let is_fresh = written_secs.zip(now_secs).is_some_and(|(written, now)| now - written < FRESH_SECS);
    if is_fresh { "dot fresh" } else { "dot" }
}

/// The wall clock in seconds: `None` on the server and until the page runs, so that both render the same.
pub fn use_now() -> RwSignal<Option<f64>> {
    let now_secs = RwSignal::new(None);
    #[cfg(feature = "hydrate")]
    effect(move || now_secs.set(Some(crate::browser::timer::unix_secs())));
    now_secs
}

/// Reads a folder, or the roots, into `into`. On the server nothing happens.
pub fn load_folder(shell: Shell, folder: Option<LogPath>, into: Folder) {
    #[cfg(feature = "hydrate")]
    leptos::task::spawn_local(async move {
        let read = crate::nav::read_folder(shell, folder.as_ref()).await;
        // The pane may be gone by now.
        let _ = into.try_set(Some(read));
    });
    #[cfg(not(feature = "hydrate"))]
    let _ = (shell, folder, into);
}
