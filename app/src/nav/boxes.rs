//! The boxes in the browser: typing is applied when it rests and takes the place of the history's entry, Enter is a
//! step of the history; and what the keys of find and filter do.

mod past;

use leptos::prelude::*;
use taillight::level::LevelChoice;
use taillight::query::{self, Side};
use taillight::view::keys::KeyPress;
use taillight::view::{Command, FileView, Place};

use super::{NAV, command_view, toast};
use crate::browser::timer::Timeout;
use crate::browser::{clipboard, focus, gestures, history};
use crate::levels::{LevelAct, Part, picked};
use crate::live;
use crate::search::{ChipAct, SearchAct, SearchBox, Selection, TYPING_MS, find_of_selected};
use crate::shell::Shell;
use crate::viewer::ids;

/// The mark of an entry of the history before which the filtered log stands that its line was shown from.
const IN_CONTEXT: &str = "in-context";

/// What is under way in the boxes.
#[derive(Default)]
pub struct Boxes {
    /// Typing that is not applied yet.
    waiting: [Option<Timeout>; 4],
    past: [past::Past; 4],
}

/// Does what the user wants.
pub fn act(shell: Shell, act: SearchAct) {
    match act {
        SearchAct::Focus(which) => focus::focus_and_select(which.id()),
        SearchAct::Typed(which, text) => typed(shell, which, text),
        SearchAct::Enter(which, down) => enter(shell, which, down),
        SearchAct::Submit => {
            let which = SearchBox::ALL.into_iter().find(|which| focus::has_focus(which.id()));
            enter(shell, which.unwrap_or(SearchBox::Filter), true);
        }
        SearchAct::ToggleRegex(which) => rewrite(shell, which, SearchBox::toggle_regex),
        SearchAct::ToggleCase(which) => rewrite(shell, which, SearchBox::toggle_case),
        SearchAct::Clear(which) => {
            if which == SearchBox::Filter {
                show_all(shell);
            } else {
                command_view(shell, which.command(String::new(), true));
            }
            set_text(shell, which, "");
            focus::focus(which.id());
        }
        SearchAct::Seek(down) => seek(shell, down),
        SearchAct::Stop => {
            stop(shell);
        }
        SearchAct::Continue => {
            live::go_on();
            // The button goes, and what it brings is there.
            focus::focus(ids::GRID);
        }
        SearchAct::First => {
            command_view(shell, Command::GoTo(Place::Start));
            focus::focus(ids::GRID);
        }
        SearchAct::Context(step) => {
            let ctx = shell.file(|view| view.ctx).unwrap_or_default();
            command_view(shell, Command::SetContext(ctx.saturating_add_signed(step)));
        }
        SearchAct::InContext => in_context(shell),
        SearchAct::Selection(what) => use_selection(shell, what),
        SearchAct::Chip(what, chip) => use_chip(shell, what, &chip),
        SearchAct::Levels(act) => use_levels(shell, act),
    }
}

/// What a key does in a box; the answer says whether the browser must not act on it too.
pub fn key(shell: Shell, which: SearchBox, press: &KeyPress<'_>) -> bool {
    let is_ctrl = press.ctrl || press.meta;
    match press.key {
        "Enter" => enter(shell, which, !press.shift),
        "Escape" => {
            if !stop(shell) {
                leave(shell, which);
            }
        }
        "F3" => seek(shell, !press.shift),
        "ArrowUp" | "ArrowDown" if !is_ctrl && !press.alt && !press.shift && !which.is_time() => {
            return go_through_past(shell, which, press.key == "ArrowUp");
        }
        "f" if is_ctrl && which == SearchBox::Filter => act(shell, SearchAct::Focus(SearchBox::Find)),
        "r" if press.alt && !is_ctrl => act(shell, SearchAct::ToggleRegex(which)),
        "c" if press.alt && !is_ctrl => act(shell, SearchAct::ToggleCase(which)),
        // The browser's own find with a second Ctrl+F; all else is text.
        _ => return false,
    }
    true
}

fn typed(shell: Shell, which: SearchBox, text: String) {
    let state = shell.search.of(which);
    let error = shell.search.error_of(which, &text);
    let apply_it = error.is_none();
    state.text.set(text);
    state.error.set(error);
    let apply = move || apply(shell, which, false);
    let timeout = apply_it.then(|| Timeout::new(TYPING_MS, apply).ok()).flatten();
    with_boxes(|boxes| boxes.waiting[which as usize] = timeout);
}

/// What is in the box becomes the view, unless it is wrong.
fn apply(shell: Shell, which: SearchBox, commit: bool) {
    with_boxes(|boxes| boxes.waiting[which as usize] = None);
    let text = shell.search.of(which).text.get_untracked();
    if shell.search.error_of(which, &text).is_none() {
        command_view(shell, which.command(text, commit));
    }
}

fn enter(shell: Shell, which: SearchBox, down: bool) {
    apply(shell, which, true);
    if !which.is_time() {
        shell.search.of(which).text.with_untracked(|text| past::keep(which, text));
    }
    let is_find = which == SearchBox::Find && shell.search.find.error.with_untracked(Option::is_none);
    if is_find && shell.file(|view| view.find_term().is_some()) == Some(true) {
        live::seek(down);
    }
}

/// Puts what was entered before into the box, or what was entered after it; it is applied when it rests, as typing is.
fn go_through_past(shell: Shell, which: SearchBox, older: bool) -> bool {
    let now = shell.search.of(which).text.get_untracked();
    let Some(text) = with_boxes(|boxes| boxes.past[which as usize].step(which, older, &now)).flatten() else {
        return false;
    };
    focus::set_value(which.id(), &text);
    typed(shell, which, text);
    true
}

/// Does something with a term of the filter: those that are turned off are kept beside it.
fn use_chip(shell: Shell, what: ChipAct, chip: &str) {
    let text = shell.search.filter.text.get_untracked();
    let was_off = shell.search.off.with_untracked(|off| off.iter().any(|kept| kept == chip));
    shell.search.off.update(|off| {
        off.retain(|kept| kept != chip);
        if what == ChipAct::Toggle && !was_off {
            off.push(chip.to_owned());
        }
    });
    let text = match what {
        ChipAct::Toggle if was_off => query::with_chip(&text, chip),
        ChipAct::Invert => query::with_inverted_chip(&text, chip),
        ChipAct::Remove if was_off => text,
        ChipAct::Toggle | ChipAct::Remove => query::without_chip(&text, chip),
    };
    set_text(shell, SearchBox::Filter, &text);
    apply(shell, SearchBox::Filter, true);
    focus::focus(SearchBox::Filter.id());
}

/// All lines again: no text in the filter, all levels and times.
fn show_all(shell: Shell) {
    shell.search.off.set(Vec::new());
    command_view(shell, Command::ShowAll);
    for which in [SearchBox::From, SearchBox::To] {
        set_text(shell, which, "");
    }
}

fn use_levels(shell: Shell, act: LevelAct) {
    let search = shell.search;
    let choice = shell.file(|view| view.narrow.levels).unwrap_or_default();
    match act {
        LevelAct::ToggleRow => {
            search.levels.is_open.update(|is_open| *is_open = !*is_open);
            live::levels_changed();
        }
        LevelAct::Pick(kind, pick) => command_view(shell, Command::SetLevels(picked(choice, kind, pick))),
        LevelAct::Choose(choice) => {
            search.levels.is_open.set(true);
            command_view(shell, Command::SetLevels(choice));
            live::levels_changed();
        }
        LevelAct::Remove(part) => {
            let nothing = String::new();
            command_view(
                shell,
                match part {
                    Part::Levels => Command::SetLevels(LevelChoice::ALL),
                    Part::From => Command::SetFrom { text: nothing, commit: true },
                    Part::To => Command::SetTo { text: nothing, commit: true },
                },
            );
            // The button that had the focus is gone.
            focus::focus(ids::GRID);
        }
    }
}

/// Writes the text of a box anew, as its switches do.
fn rewrite(shell: Shell, which: SearchBox, change: fn(SearchBox, &str) -> String) {
    let text = shell.search.of(which).text.with_untracked(|text| change(which, text));
    set_text(shell, which, &text);
    apply(shell, which, false);
    focus::focus(which.id());
}

/// Puts a text into a box.
fn set_text(shell: Shell, which: SearchBox, text: &str) {
    let state = shell.search.of(which);
    with_boxes(|boxes| boxes.waiting[which as usize] = None);
    focus::set_value(which.id(), text);
    state.text.set(text.to_owned());
    state.error.set(shell.search.error_of(which, text));
}

/// Back to the log; typing that is not in force is given up.
fn leave(shell: Shell, which: SearchBox) {
    if let Some(text) = shell.file(|view| which.text_of(view).to_owned())
        && shell.search.of(which).text.with_untracked(|typed| !which.is_same(typed, &text))
    {
        set_text(shell, which, &text);
    }
    focus::focus(ids::GRID);
}

/// Ends a search that takes its time; says whether there was one.
pub fn stop(shell: Shell) -> bool {
    match live::stop_search() {
        live::Stopped::Nothing => return false,
        live::Stopped::Seek => {}
        live::Stopped::Box(SearchBox::Filter) => {
            show_all(shell);
            set_text(shell, SearchBox::Filter, "");
        }
        live::Stopped::Box(which) => command_view(shell, which.command(String::new(), true)),
    }
    true
}

fn seek(shell: Shell, down: bool) {
    if shell.file(|view| view.find.is_empty()) == Some(true) {
        focus::focus_and_select(SearchBox::Find.id());
    } else {
        live::seek(down);
    }
}

fn in_context(shell: Shell) {
    let is_filtered = shell.file(|view| view.shown_rows().is_some()) == Some(true);
    if is_filtered {
        if let Some(offset) = live::spot() {
            command_view(shell, Command::ShowInContext(offset));
            history::mark(IN_CONTEXT);
        }
    } else if history::is_marked(IN_CONTEXT) {
        history::back();
    }
}

fn use_selection(shell: Shell, what: Selection) {
    let text = clipboard::selected_text();
    let line = text.trim_matches(['\r', '\n']);
    if line.is_empty() || (line.contains('\n') && what != Selection::Copy) {
        return;
    }
    let narrow = |side| {
        let filter = shell.file(|view| view.filter.clone()).unwrap_or_default();
        Command::SetFilter { text: query::with_term(&filter, line, side), commit: true }
    };
    match what {
        Selection::Only => command_view(shell, narrow(Side::Keep)),
        Selection::Hide => command_view(shell, narrow(Side::Hide)),
        Selection::Find => command_view(shell, Command::SetFind { text: find_of_selected(line), commit: true }),
        Selection::Copy => {
            copy(shell, text);
            return;
        }
    }
    gestures::clear_text_selection();
    focus::focus(ids::GRID);
}

fn copy(shell: Shell, text: String) {
    leptos::task::spawn_local(async move {
        let said = match clipboard::write(text).await {
            Ok(()) => "Copied",
            Err(_) => "The browser does not let the page copy: use its own menu",
        };
        toast(shell, said.to_owned());
    });
}

/// The boxes say what the view says, where it was not typed there.
pub fn sync(shell: Shell, old: Option<&FileView>, new: &FileView) {
    for which in SearchBox::ALL {
        let text = which.text_of(new);
        let is_other = old.is_none_or(|old| old.path != new.path || which.text_of(old) != text);
        if is_other && shell.search.of(which).text.with_untracked(|typed| !which.is_same(typed, text)) {
            set_text(shell, which, text);
        }
    }
}

/// What somebody typed before the program came is typed now.
pub fn take_early(shell: Shell) {
    for which in SearchBox::ALL {
        if let Some(text) = focus::value(which.id())
            && shell.search.of(which).text.with_untracked(|known| *known != text)
        {
            typed(shell, which, text);
        }
    }
}

fn with_boxes<T>(act: impl FnOnce(&mut Boxes) -> T) -> Option<T> {
    NAV.with_borrow_mut(|nav| nav.as_mut().map(|nav| act(&mut nav.boxes)))
}
