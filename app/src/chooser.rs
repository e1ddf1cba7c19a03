//! The page on which a file is chosen: roots and folders, with a box to narrow them down.

use leptos::prelude::*;
use taillight::path::LogPath;
use taillight::view::{Page, link};
use taillight::wire::{Entry, EntryKind, Listing};

use crate::app::FirstScreen;
use crate::boot::Screen;
use crate::files::load_folder;
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
    let folder = Memo::new(move |_| {
        shell.view.with(|view| match &view.page {
            Page::Files { folder } => folder.clone(),
            Page::File(_) => None,
        })
    });
    let listing = RwSignal::new(sent.as_ref().map(|(_, listing)| Ok(listing.clone())));
    let shown = StoredValue::new(sent.map(|(folder, _)| folder));
    Effect::new(move |_| {
        let folder = folder.get();
        if shown.get_value().as_ref() != Some(&folder) {
            shown.set_value(Some(folder.clone()));
            load_folder(shell, folder, listing);
        }
    });
    let wanted = RwSignal::new(String::new());
    view! {
        <div class="plain">
            <header>
                <Brand/>
                <a class="button ghost push" href="#" on:click=move |event| {
                    event.prevent_default();
                    shell.act(crate::shell::Act::Open(crate::shell::Overlay::QuickOpen));
                }>"Quick open " <kbd aria-hidden="true">"Ctrl K"</kbd></a>
            </header>
            <main>
                <FolderTitle folder/>
                {move || match listing.get() {
                    None => view! { <p class="lead">"Reading the folder …"</p> }.into_any(),
                    Some(Err(why)) => view! { <p class="lead" role="alert">{why}</p> }.into_any(),
                    Some(Ok(listing)) if listing.entries.is_empty() => {
                        view! { <NothingHere at_roots=folder.get().is_none()/> }.into_any()
                    }
                    Some(Ok(listing)) => view! { <Entries listing wanted/> }.into_any(),
                }}
            </main>
        </div>
    }
}

#[component]
fn FolderTitle(folder: Memo<Option<LogPath>>) -> impl IntoView {
    let shell = Shell::get();
    move || match folder.get() {
        None => view! { <h1>"Choose a log"</h1> }.into_any(),
        Some(path) => {
            let above = shell.href(&link::folder_link(path.parent().as_ref()));
            view! {
                <h1>{path.shown()}</h1>
                <p class="lead"><a href=above>"↑ One folder up"</a></p>
                <br/>
            }
            .into_any()
        }
    }
}

#[component]
fn NothingHere(at_roots: bool) -> impl IntoView {
    if !at_roots {
        return view! { <p class="lead">"This folder has no files that may be shown."</p> }.into_any();
    }
    view! {
        <p class="lead">
            "No folder or file is served yet. Name some when you start the server, and they appear here:"
        </p>
        <pre>"taillight /var/log\ntaillight web=/srv/web/logs jobs=/srv/jobs/worker.log\njournalctl -f | taillight -"</pre>
    }
    .into_any()
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
    view! {
        <div class="find">
            <input
                type="text" id="narrow" aria-label="Narrow down" placeholder="Type to narrow down" autocomplete="off"
                on:input=move |event| wanted.set(event_target_value(&event))
            />
        </div>
        <ul class="card">
            {move || matching().into_iter().map(|entry| view! { <EntryRow entry now_secs/> }).collect_view()}
        </ul>
        {is_part.then(|| view! { <p class="lead">"There are more: narrow them down, or open a link to one."</p> })}
    }
}

#[component]
fn EntryRow(entry: Entry, now_secs: RwSignal<Option<f64>>) -> impl IntoView {
    let shell = Shell::get();
    let is_file = entry.kind == EntryKind::File;
    let target = if is_file { link::file_link(&entry.path, None) } else { link::folder_link(Some(&entry.path)) };
    let modified = entry.modified.clone();
    let when = modified.as_deref().map(text::minute);
    let dot = move || crate::files::dot_class(modified.as_deref(), now_secs.get());
    view! {
        <li>
            <a class="entry" href=shell.href(&target)>
                {if is_file {
                    view! { <span class=dot aria-hidden="true"></span> }.into_any()
                } else {
                    view! { <span class="twist" aria-hidden="true"></span> }.into_any()
                }}
                <span class="name">{entry.name}</span>
                <small>{entry.size.map(text::size)}</small>
                <small class="when">{when}</small>
            </a>
        </li>
    }
}
