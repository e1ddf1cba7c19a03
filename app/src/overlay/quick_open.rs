//! Opening a file by typing parts of its path: the files of the folders that were read, and a whole path as it is typed.

use leptos::prelude::*;
use taillight::path::LogPath;
use taillight::view::Command;
use taillight::wire::{Entry, EntryKind};

use super::Dialog;
use crate::erased::{any, handler, memo, shown, yes_no};
use crate::shell::{Act, Overlay, Shell};
use crate::text;

const INPUT: &str = "open-path";
const MAX_CHOICES: usize = 50;

/// The files by name.
#[component]
pub fn QuickOpen() -> impl IntoView {
    let shell = Shell::get();
    let typed = RwSignal::new(String::new());
    let selected = RwSignal::new(0_usize);
    let known = RwSignal::new(Vec::<Entry>::new());
    find_files(shell, known);
    let choices = memo(move || typed.with(|typed| known.with(|known| choices(typed, known))));
    let open = move |path: LogPath| {
        shell.act(Act::Open(Overlay::None));
        shell.command(Command::OpenFile(path));
    };
    let on_key = move |event: leptos::ev::KeyboardEvent| {
        let n_choices = choices.with_untracked(Vec::len);
        let moved = match event.key().as_str() {
            "ArrowDown" => 1,
            "ArrowUp" => n_choices.saturating_sub(1),
            "Enter" => {
                event.prevent_default();
                if let Some(choice) = choices.with_untracked(|choices| choices.get(selected.get_untracked()).cloned()) {
                    open(choice.path);
                }
                return;
            }
            _ => return,
        };
        event.prevent_default();
        selected.update(|selected| *selected = (*selected + moved) % n_choices.max(1));
    };
    let row = move |(idx, entry): (usize, Entry)| {
        let path = entry.path.clone();
        let is_selected = shown(move || yes_no(selected.get() == idx));
        any(view! {
            <li id=option_id(idx) role="option" aria-selected=is_selected on:click=handler(move |_| open(path.clone()))>
                <span class="name">{entry.path.shown()}</span>
                <small>{entry.size.map(text::size)} " " {entry.modified.as_deref().map(text::minute)}</small>
            </li>
        })
    };
    any(view! {
        <Dialog label="Quick open" class="dialog" focus=INPUT>
            <div class="field">
                <input
                    type="text" id=INPUT role="combobox" aria-label="Open a file" aria-expanded="true"
                    aria-controls="open-choices" aria-activedescendant=shown(move || Some(option_id(selected.get())))
                    placeholder="Part of a path" autocomplete="off" autocapitalize="off" spellcheck="false"
                    on:keydown=handler(on_key)
                    on:input=handler(move |event| {
                        typed.set(event_target_value(&event));
                        selected.set(0);
                    })
                />
            </div>
            <ul class="choices body" id="open-choices" role="listbox" aria-label="Files">
                {shown(move || choices.get().into_iter().enumerate().map(row).collect::<Vec<_>>())}
            </ul>
            <p class="hint" role="status">{shown(move || match choices.with(Vec::len) {
                0 => "No file of that name is known here: type its whole path, ROOT/FOLDER/FILE",
                _ => "Enter opens · arrows choose",
            })}</p>
        </Dialog>
    })
}

fn option_id(idx: usize) -> String {
    format!("open-{idx}")
}

/// The files that fit, the best first; and what was typed, where it is a path of its own.
fn choices(typed: &str, known: &[Entry]) -> Vec<Entry> {
    let rank = |entry: &Entry| text::fuzzy_rank(typed, &entry.path.shown());
    let mut ranked: Vec<(usize, &Entry)> = known.iter().filter_map(|entry| Some((rank(entry)?, entry))).collect();
    ranked.sort_by_key(|(rank, _)| *rank);
    let mut choices: Vec<Entry> = ranked.into_iter().take(MAX_CHOICES).map(|(_, entry)| entry.clone()).collect();
    let components = typed.trim().trim_matches('/').split('/').map(str::as_bytes);
    if typed.contains('/')
        && let Ok(path) = LogPath::from_components(components)
        && !choices.iter().any(|choice| choice.path == path)
    {
        choices.push(Entry {
            name: path.shown(),
            path,
            kind: EntryKind::File,
            size: None,
            modified: None,
            packed: None,
        });
    }
    choices
}

/// Reads the roots and what is directly below them, and the folder of the file that is shown.
fn find_files(shell: Shell, known: RwSignal<Vec<Entry>>) {
    #[cfg(feature = "hydrate")]
    leptos::task::spawn_local(async move {
        let here = shell.view.with_untracked(|view| view.file_view().and_then(|file| file.path.parent()));
        let mut folders: Vec<Option<LogPath>> = vec![None];
        folders.extend(here.map(Some));
        let mut idx = 0;
        while let Some(folder) = folders.get(idx).cloned() {
            let Ok(listing) = crate::nav::read_folder(shell, folder.as_ref()).await else {
                idx += 1;
                continue;
            };
            for entry in listing.entries {
                let is_root = entry.kind == EntryKind::Root;
                if entry.kind == EntryKind::File {
                    let add = |known: &mut Vec<Entry>| {
                        if !known.iter().any(|other| other.path == entry.path) {
                            known.push(entry);
                        }
                    };
                    if known.try_update(add).is_none() {
                        return;
                    }
                } else if is_root && !folders.contains(&Some(entry.path.clone())) {
                    folders.push(Some(entry.path));
                }
            }
            idx += 1;
        }
    });
    #[cfg(not(feature = "hydrate"))]
    let _ = (shell, known);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(path: &str) -> Entry {
        let path: LogPath = path.parse().unwrap();
        Entry { name: path.shown(), path, kind: EntryKind::File, size: None, modified: None, packed: None }
    }

    fn shown(typed: &str) -> Vec<String> {
        let known = [entry("nginx/access.log"), entry("nginx/error.log"), entry("jobs/worker.log")];
        choices(typed, &known).iter().map(|choice| choice.path.shown()).collect()
    }

    #[test]
    fn the_files_that_fit_come_first_and_a_typed_path_can_always_be_opened() {
        assert_eq!(shown("err"), ["nginx/error.log"]);
        assert_eq!(shown("other/file"), ["other/file"]);
        assert_eq!(shown("jobs/worker.log"), ["jobs/worker.log"]);
        assert_eq!(shown("zzz"), Vec::<String>::new());
        assert_eq!(shown("../x"), Vec::<String>::new());
    }
}
