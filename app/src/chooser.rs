//! The page on which a file is chosen: roots and folders, with a box to narrow them down.

use leptos::prelude::*;
use taillight::path::LogPath;
use taillight::view::{Page, link};
use taillight::wire::{Entry, EntryKind, Listing};

use crate::app::FirstScreen;
use crate::boot::Screen;
use crate::erased::{any, effect, handler, memo, shown};
use crate::files::{SearchFilesButton, load_folder};
use crate::problem::Brand;
use crate::shell::Shell;
use crate::text;

/// Choose a file.
#[component]
pub fn Chooser(
    /// What the server sent, when this is the first page.
    first: Option<FirstScreen>,
) -> impl IntoView {
    let shell = Shell::get();
    let sent = first.and_then(|first| match first.boot.screen {
        Screen::Files { folder, listing } => Some((folder, listing)),
        _ => None,
    });
    let folder = memo(move || {
        shell.view.with(|view| match &view.page {
            Page::Files { folder } => folder.clone(),
            Page::File(_) => None,
        })
    });
    let listing = RwSignal::new(sent.as_ref().map(|(_, listing)| Ok(listing.clone())));
    let loaded = StoredValue::new(sent.map(|(folder, _)| folder));
    effect(move || {
        let folder = folder.get();
        if loaded.get_value().as_ref() != Some(&folder) {
            loaded.set_value(Some(folder.clone()));
            load_folder(shell, folder, listing);
        }
    });
    let wanted = RwSignal::new(String::new());
    any(view! {
        <div class="plain">
            <header>
                <Brand/>
                <SearchFilesButton class="ghost push"/>
                <a class="button ghost" href="#" on:click=handler(move |event: leptos::ev::MouseEvent| {
                    event.prevent_default();
                    shell.act(crate::shell::Act::Open(crate::shell::Overlay::QuickOpen));
                })>"Quick open " <kbd aria-hidden="true">"Ctrl K"</kbd></a>
            </header>
            <main>
                <FolderTitle folder/>
                {shown(move || match listing.get() {
                    None => any(view! { <p class="lead">"Reading the folder …"</p> }),
                    Some(Err(why)) => any(view! { <p class="lead" role="alert">{why}</p> }),
                    Some(Ok(listing)) if listing.entries.is_empty() => {
                        any(view! { <NothingHere at_roots=folder.get().is_none()/> })
                    }
                    Some(Ok(listing)) => any(view! { <Entries listing wanted/> }),
                })}
            </main>
        </div>
    })
}

#[component]
fn FolderTitle(folder: Memo<Option<LogPath>>) -> impl IntoView {
    let shell = Shell::get();
    shown(move || match folder.get() {
        None => any(view! { <h1>"Choose a log"</h1> }),
        Some(path) => {
            let above = shell.href(&link::folder_link(path.parent().as_ref()));
            any(view! {
                <h1>{path.shown()}</h1>
                <p class="lead"><a href=above>"↑ One folder up"</a></p>
                <br/>
            })
        }
    })
}

#[component]
fn NothingHere(at_roots: bool) -> impl IntoView {
    if !at_roots {
        return any(view! { <p class="lead">"This folder has no files that may be shown."</p> });
    }
    any(view! {
        <p class="lead">
            "No folder or file is served yet. Name some when you start the server, and they appear here:"
        </p>
        <pre>"taillight /var/log\ntaillight web=/srv/web/logs jobs=/srv/jobs/worker.log\njournalctl -f | taillight -"</pre>
    })
}

#[component]
fn Entries(listing: Listing, wanted: RwSignal<String>) -> impl IntoView {
    let now_secs = crate::files::use_now();
    let is_part = listing.next.is_some();
    let entries = StoredValue::new(listing.entries);
    let matching = move || {
        let wanted = wanted.get();
        entries.with_value(|entries| {
            let fits = |entry: &&Entry| text::fuzzy_rank(&wanted, &entry.name).is_some();
            entries.iter().filter(fits).cloned().collect::<Vec<_>>()
        })
    };
    any(view! {
        <div class="find">
            <input
                type="text" id="narrow" aria-label="Narrow down" placeholder="Type to narrow down" autocomplete="off"
                on:input=handler(move |event| wanted.set(event_target_value(&event)))
            />
        </div>
        <ul class="card">
            {shown(move || matching().into_iter().map(|entry| any(view! { <EntryRow entry now_secs/> })).collect::<Vec<_>>())}
        </ul>
        {is_part.then(|| any(view! { <p class="lead">"There are more: narrow them down, or open a link to one."</p> }))}
    })
}

#[component]
fn EntryRow(entry: Entry, now_secs: RwSignal<Option<f64>>) -> impl IntoView {
    let shell = Shell::get();
    let is_file = entry.kind == EntryKind::File;
    let target = if is_file { link::file_link(&entry.path, None) } else { link::folder_link(Some(&entry.path)) };
    let modified = entry.modified.clone();
    let when = modified.as_deref().map(text::minute);
    let dot = shown(move || crate::files::dot_class(modified.as_deref(), now_secs.get()));
    any(view! {
        <li>
            <a class="entry" href=shell.href(&target)>
                {if is_file {
                    any(view! { <span class=dot aria-hidden="true"></span> })
                } else {
                    any(view! { <span class="twist" aria-hidden="true"></span> })
                }}
                <span class="name">{entry.name}</span>
                <small>{entry.size.map(text::size)}</small>
                <small class="when">{when}</small>
            </a>
        </li>
    })
}
