//! Acting on what the user wants, and the address: it is the view, printed.

mod boxes;
mod search_files;

use std::cell::RefCell;

use leptos::prelude::*;
use taillight::path::LogPath;
use taillight::view::keys::{KeyAction, KeyPress, KeyReader, Reading};
use taillight::view::{Command, History, ViewState, apply, link};
use taillight::wire::Listing;

use crate::browser::events::Listener;
use crate::browser::keys::KeyPlace;
use crate::browser::timer::{Interval, Timeout};
use crate::browser::{BrowserError, clipboard, fetch, focus, history, keys, media};
use crate::levels::{LevelAct, and_above};
use crate::live;
use crate::search::{SearchAct, SearchBox, Selection};
use crate::shell::{Act, Overlay, Shell};
use crate::text;
use crate::viewer::{download_link, ids};

/// How long a message stays, in milliseconds.
const TOAST_MS: i32 = 2_000;

/// How much longer for each byte of it: people read some 25 in a second.
const TOAST_BYTE_MS: i32 = 30;

/// How long a changed address waits before it replaces the entry of the history: browsers limit how often a page may.
const REPLACE_MS: i32 = 400;

/// The width below which the files pane covers the log.
const NARROW: &str = "(max-width: 720px)";

/// What lives as long as the page.
struct Nav {
    keys: KeyReader,
    /// The address that is to replace the present entry.
    replacement: Option<String>,
    toast: Option<Timeout>,
    /// What is wrong in the link, while it is said.
    wrong: String,
    boxes: boxes::Boxes,
    _listeners: Vec<Listener>,
    _replacing: Interval,
}

thread_local! {
    // One page per tab. Callbacks find it here, so that none of them owns it.
    static NAV: RefCell<Option<Nav>> = const { RefCell::new(None) };
}

/// Begins to listen to the address, links and keys.
pub fn start(shell: Shell) {
    match listen(shell) {
        Ok(nav) => NAV.set(Some(nav)),
        Err(error) => shell.toast.set(format!("This browser lacks something that the page needs: {error}")),
    }
    // After hydration: the server rendered a page that does not run.
    crate::erased::effect(move || {
        shell.running.set(true);
        let state = shell.view.get_untracked();
        let address = history::address(&shell.base());
        if shell.problem.with_untracked(Option::is_none) && address != Ok(state.to_string()) {
            if address.is_ok_and(|address| address.contains('#')) {
                // The server saw no fragment. After the effects of this moment: then the log runs, and can move.
                leptos::task::spawn_local(async move { on_pop(shell) });
            } else {
                replace_soon(shell, &state);
            }
        }
        tell_notices(shell);
        boxes::take_early(shell);
    });
}

fn listen(shell: Shell) -> Result<Nav, BrowserError> {
    let base = shell.base();
    Ok(Nav {
        keys: KeyReader::default(),
        replacement: None,
        toast: None,
        wrong: String::new(),
        boxes: boxes::Boxes::default(),
        _listeners: vec![
            history::on_pop(move || on_pop(shell))?,
            history::on_link(base, move |address| on_link(shell, address))?,
            keys::on_press(move |press, place| on_press(shell, press, place))?,
        ],
        _replacing: Interval::new(REPLACE_MS, flush_replacement)?,
    })
}

/// Does what the user wants.
pub fn act(shell: Shell, act: Act) {
    match act {
        Act::View(command) => command_view(shell, command),
        Act::CatchUp => {
            live::catch_up(true);
            command_view(shell, Command::Follow);
        }
        Act::JumpToEnd if live::jump_to_end() => {}
        Act::TryNow => live::try_now(),
        Act::JumpToEnd => {
            live::catch_up(false);
            command_view(shell, Command::Follow);
        }
        Act::CopyLink => copy_link(shell),
        Act::Download => {
            if let Some(link) = shell.file(download_link) {
                history::load(&shell.href(&link));
            }
        }
        Act::ToggleFiles => {
            let is_open = shell.files_pane.get_untracked().unwrap_or_else(|| !media::matches(NARROW));
            shell.files_pane.set(Some(!is_open));
            focus::focus(if is_open { ids::GRID } else { ids::FILES });
        }
        Act::Open(overlay) => {
            shell.overlay.set(overlay);
            if overlay == Overlay::None {
                focus_grid_soon();
            }
        }
        Act::Search(act) => boxes::act(shell, act),
        Act::SearchFiles(true) => search_files::begin(shell),
        Act::SearchFiles(false) => search_files::end(shell),
    }
}

/// Says something once, for as long as it takes to read; what is wrong in the link stays above it meanwhile.
pub fn toast(shell: Shell, mut text: String) {
    let wrong = NAV.with_borrow(|nav| nav.as_ref().map(|nav| nav.wrong.clone()).unwrap_or_default());
    if !wrong.is_empty() {
        text.insert_str(0, &(wrong + if text.is_empty() { "" } else { "\n" }));
    }
    let timeout = Timeout::new(TOAST_MS + TOAST_BYTE_MS * text.len().min(400) as i32, move || {
        NAV.with_borrow_mut(|nav| nav.as_mut().map(|nav| nav.wrong.clear()));
        let _ = shell.toast.try_set(String::new());
    });
    shell.toast.set(text);
    NAV.with_borrow_mut(|nav| {
        if let (Some(nav), Ok(timeout)) = (nav, timeout) {
            nav.toast = Some(timeout);
        }
    });
}

/// The view must be shown and the address must say so.
fn command_view(shell: Shell, command: Command) {
    let old = shell.view.get_untracked();
    let mut new = old.clone();
    let change = apply(&mut new, command);
    shell.problem.update(|problem| *problem = None);
    if new != old {
        shell.view.set(new.clone());
    }
    if let Some(before) = &change.before {
        replace_with(shell.href(before));
    }
    match change.history {
        History::Keep => {}
        History::Replace => replace_soon(shell, &new),
        History::Push => push(shell, &new),
    }
    if let Some(file) = new.file_view() {
        boxes::sync(shell, old.file_view(), file);
    }
    if change.opened && media::matches(NARROW) {
        shell.files_pane.set(Some(false));
    }
    live::view_changed(&old, &new, &change);
}

fn on_pop(shell: Shell) {
    NAV.with_borrow_mut(|nav| nav.as_mut().map(|nav| nav.replacement = None));
    let Ok(address) = history::address(&shell.base()) else { return };
    match link::read(&address) {
        Ok(link) => {
            // A fragment that somebody typed is rewritten; for Back and Forward this changes nothing.
            let text = link.state.to_string();
            command_view(shell, Command::Visit(Box::new(link.state)));
            if text != address {
                let _ = history::replace(&shell.href(&text));
            }
        }
        Err(_) => history::reload(),
    }
}

fn on_link(shell: Shell, address: &str) -> bool {
    let Ok(link) = link::read(address) else { return false };
    if shell.overlay.get_untracked() != Overlay::None {
        act(shell, Act::Open(Overlay::None));
    }
    let is_other = shell.view.with_untracked(|view| *view != link.state);
    // A visit leaves the history alone, for Back and Forward; a link is a step.
    if is_other {
        push(shell, &link.state);
    }
    command_view(shell, Command::Visit(Box::new(link.state)));
    true
}

fn push(shell: Shell, state: &ViewState) {
    flush_replacement();
    // When the browser refuses, the address lags behind the view, which is the truth.
    let _ = history::push(&shell.href(&state.to_string()));
}

fn replace_soon(shell: Shell, state: &ViewState) {
    replace_with(shell.href(&state.to_string()));
}

fn replace_with(address: String) {
    NAV.with_borrow_mut(|nav| nav.as_mut().map(|nav| nav.replacement = Some(address)));
}

fn flush_replacement() {
    let address = NAV.with_borrow_mut(|nav| nav.as_mut().and_then(|nav| nav.replacement.take()));
    if let Some(address) = address {
        // As with a push.
        let _ = history::replace(&address);
    }
}

fn tell_notices(shell: Shell) {
    let Ok(address) = history::address(&shell.base()) else { return };
    let wrong = link::read(&address).map(|link| text::notices(&link.notices)).unwrap_or_default();
    if !wrong.is_empty() {
        NAV.with_borrow_mut(|nav| nav.as_mut().map(|nav| nav.wrong = wrong));
        toast(shell, shell.toast.get_untracked());
    }
}

fn on_press(shell: Shell, press: &KeyPress<'_>, place: KeyPlace) -> bool {
    if shell.overlay.get_untracked() != Overlay::None {
        return false;
    }
    match (place, press.key) {
        (_, "F6") => {
            focus::cycle(&[ids::GRID, ids::HEADER, ids::FILES], !press.shift);
            return true;
        }
        (KeyPlace::Box(which), _) => return boxes::key(shell, which, press),
        (KeyPlace::TextField, "Escape") => {
            focus::focus(ids::GRID);
            return true;
        }
        (KeyPlace::TextField, _) | (KeyPlace::Control, " " | "Enter") => return false,
        _ => {}
    }
    let reading = NAV.with_borrow_mut(|nav| nav.as_mut().map(|nav| nav.keys.feed(press)));
    match reading {
        Some(Reading::Action(action, count)) => {
            do_key(shell, action, count);
            true
        }
        Some(Reading::Pending) => true,
        Some(Reading::Unbound) | None => false,
    }
}

fn do_key(shell: Shell, action: KeyAction, count: Option<u64>) {
    match action {
        KeyAction::GoTo => act(shell, Act::Open(Overlay::GoTo)),
        KeyAction::QuickOpen => act(shell, Act::Open(Overlay::QuickOpen)),
        KeyAction::SearchFiles => act(shell, Act::Open(Overlay::SearchFiles)),
        KeyAction::Help => act(shell, Act::Open(Overlay::Help)),
        KeyAction::Files => act(shell, Act::ToggleFiles),
        KeyAction::CopyLink => act(shell, Act::CopyLink),
        KeyAction::Follow => command_view(shell, Command::ToggleFollow),
        KeyAction::Pause => command_view(shell, Command::TogglePause),
        KeyAction::TryNow => act(shell, Act::TryNow),
        KeyAction::Wrap => command_view(shell, Command::ToggleWrap),
        KeyAction::Back => history::back(),
        KeyAction::Find => boxes::act(shell, SearchAct::Focus(SearchBox::Find)),
        KeyAction::Filter => boxes::act(shell, SearchAct::Focus(SearchBox::Filter)),
        KeyAction::NextMatch => boxes::act(shell, SearchAct::Seek(true)),
        KeyAction::PreviousMatch => boxes::act(shell, SearchAct::Seek(false)),
        KeyAction::NextOf(levels) => live::seek_levels(levels, true),
        KeyAction::PreviousOf(levels) => live::seek_levels(levels, false),
        KeyAction::Levels(lowest) => boxes::act(shell, SearchAct::Levels(LevelAct::Choose(and_above(lowest)))),
        KeyAction::InContext => boxes::act(shell, SearchAct::InContext),
        KeyAction::MoreContext => boxes::act(shell, SearchAct::Context(1)),
        KeyAction::LessContext => boxes::act(shell, SearchAct::Context(-1)),
        KeyAction::OnlyThese => boxes::act(shell, SearchAct::Selection(Selection::Only)),
        KeyAction::HideThese => boxes::act(shell, SearchAct::Selection(Selection::Hide)),
        KeyAction::FindSelection => boxes::act(shell, SearchAct::Selection(Selection::Find)),
        KeyAction::Close if boxes::stop(shell) => {}
        _ => live::key(shell, action, count),
    }
}

fn copy_link(shell: Shell) {
    let Some(state) = live::shared_view().or_else(|| Some(shell.view.get_untracked())) else { return };
    let Ok(origin) = history::origin() else { return };
    let text = format!("{origin}{}", shell.href(&state.to_string()));
    leptos::task::spawn_local(async move {
        let said = match clipboard::write(text.clone()).await {
            Ok(()) => "Link copied".to_owned(),
            Err(_) => format!("The browser does not let the page copy. The link: {text}"),
        };
        toast(shell, said);
    });
}

fn focus_grid_soon() {
    // The dialog is still there, and the page below it inert, until effects have run.
    leptos::task::spawn_local(async {
        leptos::task::tick().await;
        focus::focus(ids::GRID);
    });
}

/// Reads a folder, or the roots.
///
/// # Errors
/// What to tell the user.
pub async fn read_folder(shell: Shell, folder: Option<&LogPath>) -> Result<Listing, String> {
    const UNREADABLE: &str = "The server's answer cannot be read: reload the page";
    let mut listing = Listing::default();
    // The server answers in parts; a folder larger than this is narrowed down by its path.
    const MAX_PARTS: usize = 5;
    for _ in 0..MAX_PARTS {
        let address = listing_address(shell, folder, listing.next.as_deref());
        let answer = fetch::get(&address).await.map_err(|_| "The server cannot be reached".to_owned())?;
        if answer.status == 401 {
            history::reload();
        }
        if answer.status != 200 {
            return Err(problem_text(&answer.body).unwrap_or_else(|| "This folder cannot be read".to_owned()));
        }
        let part: Listing = crate::json::read(&answer.body).ok_or_else(|| UNREADABLE.to_owned())?;
        listing.entries.extend(part.entries);
        listing.next = part.next;
        if listing.next.is_none() {
            break;
        }
    }
    Ok(listing)
}

fn listing_address(shell: Shell, folder: Option<&LogPath>, after: Option<&str>) -> String {
    let mut address = shell.href("/api/v1/files");
    let mut separator = '?';
    if let Some(folder) = folder {
        // A path prints as links and queries have it.
        address.push_str(&format!("{separator}path={folder}"));
        separator = '&';
    }
    if let Some(after) = after {
        address.push_str(&format!("{separator}after="));
        taillight::path::percent_encode(after.as_bytes(), b"", &mut address);
    }
    address
}

fn problem_text(body: &str) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Problem {
        detail: String,
    }
    crate::json::read(body).map(|problem: Problem| problem.detail)
}
