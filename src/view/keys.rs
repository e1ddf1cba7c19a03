//! THE key table: one list that feeds the handler ([`KeyReader`]), the help sheet and `aria-keyshortcuts`.
//!
//! The caller never feeds keys that go to a text field, and feeds none while a dialog other than the help sheet is
//! open: here every key is one of the log view. Names are those of the browser's `KeyboardEvent.key`, with `Space` for a
//! blank and `Esc` for `Escape`; modifiers stand in front in the order `Ctrl+Alt+Shift+`. A character that takes Shift
//! to type (`G`, `?`) is written as the character. Keys of a sequence have a blank between.

pub mod reader;

use crate::level::{Level, LevelChoice};

pub use reader::{KeyPress, KeyReader, Reading};

/// A line of the key table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Binding {
    /// What may be pressed, the first being the one to show where there is room for one.
    pub keys: &'static [&'static str],
    /// What it does.
    pub action: KeyAction,
    /// What it does, for the help sheet.
    pub help: &'static str,
    /// Under which heading of the help sheet.
    pub group: Group,
    /// Whether a number may be typed before it, and whether it means anything without.
    pub count: Count,
}

/// What a key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyAction {
    /// Moves the cursor line down, by the count.
    LineDown,
    /// Moves the cursor line up, by the count.
    LineUp,
    /// A screen down, by the count.
    PageDown,
    /// A screen up, by the count.
    PageUp,
    /// Half a screen down, by the count.
    HalfPageDown,
    /// Half a screen up, by the count.
    HalfPageUp,
    /// To the left, where lines are not wrapped.
    ScrollLeft,
    /// To the right, where lines are not wrapped.
    ScrollRight,
    /// To the start of long lines.
    LineStart,
    /// To the end of the longest line on the screen.
    LineEnd,
    /// To the first line, or to the line of the count.
    Top,
    /// To the end, or to the line of the count. At the end already, it follows.
    Bottom,
    /// To the share of the file that the count says, in percent.
    Percent,
    /// Opens the prompt for a line, a time, a share or a byte.
    GoTo,
    /// Back to where the last jump began.
    Back,
    /// Follows, or stops.
    Follow,
    /// Freezes the screen, or lets it go on.
    Pause,
    /// Wraps long lines, or not.
    Wrap,
    /// Fetches more of the long line that the cursor is on.
    More,
    /// Tries a lost connection again, at once.
    TryNow,
    /// To the `Find` box.
    Find,
    /// To the next row that the find term is in.
    NextMatch,
    /// To the previous one.
    PreviousMatch,
    /// To the next row of these levels.
    NextOf(LevelChoice),
    /// To the previous one.
    PreviousOf(LevelChoice),
    /// Finds the selected text, or the word under the cursor.
    FindSelection,
    /// To the `Filter` box.
    Filter,
    /// Shows only the lines with the selected text.
    OnlyThese,
    /// Hides the lines with the selected text.
    HideThese,
    /// Shows the lines of that level and above it, or of all levels.
    Levels(Option<Level>),
    /// From a filtered row to the same row among all others, and back.
    InContext,
    /// Shows more rows around the matches of the filter.
    MoreContext,
    /// Shows fewer of them.
    LessContext,
    /// Opens the search over files.
    SearchFiles,
    /// Copies the link to the selected lines.
    CopyLink,
    /// Opens the palette of files.
    QuickOpen,
    /// Shows or hides the files at the side.
    Files,
    /// Shows or hides the help sheet.
    Help,
    /// Closes the topmost thing, then clears the selection.
    Close,
}

/// A heading of the help sheet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Group {
    /// Moving in the file.
    Move,
    /// Going to a place.
    Jump,
    /// Finding and filtering.
    Search,
    /// Following and appearance.
    View,
    /// Files, links, help.
    General,
}

/// Whether an action takes a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Count {
    /// A number before it means nothing.
    None,
    /// With or without.
    Optional,
    /// Without a number it is no action.
    Required,
}

/// All keys, in the order of the help sheet.
#[rustfmt::skip]
pub static KEYS: &[Binding] = &[
    counted(KeyAction::LineDown, &["j", "ArrowDown"], "line down", Group::Move),
    counted(KeyAction::LineUp, &["k", "ArrowUp"], "line up", Group::Move),
    counted(KeyAction::PageDown, &["Space", "PageDown"], "page down", Group::Move),
    counted(KeyAction::PageUp, &["b", "Shift+Space", "PageUp"], "page up", Group::Move),
    counted(KeyAction::HalfPageDown, &["d", "Ctrl+D"], "half a page down", Group::Move),
    counted(KeyAction::HalfPageUp, &["u", "Ctrl+U"], "half a page up", Group::Move),
    counted(KeyAction::ScrollLeft, &["h", "ArrowLeft"], "scroll left", Group::Move),
    counted(KeyAction::ScrollRight, &["l", "ArrowRight"], "scroll right", Group::Move),
    plain(KeyAction::LineStart, &["0"], "start of long lines", Group::Move),
    plain(KeyAction::LineEnd, &["$"], "end of long lines", Group::Move),
    counted(KeyAction::Top, &["g g", "Home"], "first line; with a number before it, that line", Group::Jump),
    counted(KeyAction::Bottom, &["G", "End"], "end, and at the end follow; with a number before it, that line", Group::Jump),
    Binding { count: Count::Required, ..plain(KeyAction::Percent, &["%"], "with a number before it, that share of the file: 50%", Group::Jump) },
    plain(KeyAction::GoTo, &[":", "Ctrl+G"], "go to a line, a time, a share or a byte", Group::Jump),
    plain(KeyAction::Back, &["' '"], "back to where the last jump began", Group::Jump),
    plain(KeyAction::Find, &["/", "Ctrl+F"], "find: mark and jump, hide nothing", Group::Search),
    plain(KeyAction::NextMatch, &["n", "F3"], "next match", Group::Search),
    plain(KeyAction::PreviousMatch, &["N", "Shift+F3"], "previous match", Group::Search),
    plain(KeyAction::NextOf(LevelChoice::ERRORS), &["e"], "next error or worse", Group::Search),
    plain(KeyAction::PreviousOf(LevelChoice::ERRORS), &["E"], "previous error or worse", Group::Search),
    plain(KeyAction::NextOf(LevelChoice::WARNINGS), &["w"], "next warning", Group::Search),
    plain(KeyAction::PreviousOf(LevelChoice::WARNINGS), &["W"], "previous warning", Group::Search),
    plain(KeyAction::FindSelection, &["*"], "find the selected text", Group::Search),
    plain(KeyAction::Filter, &["&"], "filter: show only the lines that match", Group::Search),
    plain(KeyAction::OnlyThese, &["+"], "only the lines with the selected text", Group::Search),
    plain(KeyAction::HideThese, &["-"], "hide the lines with the selected text", Group::Search),
    plain(KeyAction::Levels(None), &["v a"], "levels: all lines", Group::Search),
    plain(KeyAction::Levels(Some(Level::Error)), &["v e"], "levels: errors and worse", Group::Search),
    plain(KeyAction::Levels(Some(Level::Warn)), &["v w"], "levels: warnings and worse", Group::Search),
    plain(KeyAction::Levels(Some(Level::Info)), &["v i"], "levels: info and above", Group::Search),
    plain(KeyAction::Levels(Some(Level::Debug)), &["v d"], "levels: debug and above", Group::Search),
    plain(KeyAction::Levels(Some(Level::Trace)), &["v t"], "levels: all lines with a level", Group::Search),
    plain(KeyAction::InContext, &["."], "show a filtered line among all others, and back", Group::Search),
    plain(KeyAction::MoreContext, &["o"], "more context: lines around the matches", Group::Search),
    plain(KeyAction::LessContext, &["O"], "less context: lines around the matches", Group::Search),
    plain(KeyAction::SearchFiles, &["Q"], "search files: those of a folder, or all", Group::Search),
    plain(KeyAction::Follow, &["F", "f"], "follow on or off", Group::View),
    plain(KeyAction::Pause, &["p"], "pause or resume the screen", Group::View),
    plain(KeyAction::Wrap, &["Alt+Z"], "wrap long lines or not", Group::View),
    plain(KeyAction::More, &["Enter"], "more of the cursor line, where it is long", Group::View),
    plain(KeyAction::TryNow, &["r"], "try a lost connection again now", Group::View),
    plain(KeyAction::CopyLink, &["y"], "copy the link to the selected lines", Group::General),
    plain(KeyAction::QuickOpen, &["Ctrl+K", "F1"], "open a file", Group::General),
    plain(KeyAction::Files, &["Ctrl+B"], "show or hide the files", Group::General),
    plain(KeyAction::Help, &["?"], "show or hide this help", Group::General),
    plain(KeyAction::Close, &["Esc"], "close what is open; then clear the selection", Group::General),
];

const fn plain(action: KeyAction, keys: &'static [&'static str], help: &'static str, group: Group) -> Binding {
    Binding { keys, action, help, group, count: Count::None }
}

const fn counted(action: KeyAction, keys: &'static [&'static str], help: &'static str, group: Group) -> Binding {
    Binding { count: Count::Optional, ..plain(action, keys, help, group) }
}

/// The headings of the help sheet, in order.
pub const GROUPS: [Group; 5] = [Group::Move, Group::Jump, Group::Search, Group::View, Group::General];

impl Group {
    /// The heading.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Move => "Move",
            Self::Jump => "Go to",
            Self::Search => "Find and filter",
            Self::View => "View",
            Self::General => "Files, links, help",
        }
    }

    /// Its part of the table.
    pub fn bindings(self) -> impl Iterator<Item = &'static Binding> {
        KEYS.iter().filter(move |binding| binding.group == self)
    }
}

impl KeyAction {
    /// Its line of the table.
    pub fn binding(self) -> Option<&'static Binding> {
        KEYS.iter().find(|binding| binding.action == self)
    }

    /// The value of `aria-keyshortcuts` for a control that does this; `None` when no key of it can be said there
    /// (sequences cannot, nor can what needs a count).
    pub fn aria_keyshortcuts(self) -> Option<String> {
        let binding = self.binding().filter(|binding| binding.count != Count::Required)?;
        let shortcuts: Vec<String> =
            binding.keys.iter().filter(|keys| !keys.contains(' ')).map(|key| aria_name(key)).collect();
        if shortcuts.is_empty() { None } else { Some(shortcuts.join(" ")) }
    }
}

/// The names of WAI-ARIA: letters do not tell their case, and modifiers are written out.
fn aria_name(key: &str) -> String {
    let key = key.replace("Ctrl+", "Control+");
    match key.as_str() {
        "Esc" => "Escape".to_owned(),
        "+" => "Plus".to_owned(),
        letter if letter.len() == 1 && letter.bytes().all(|byte| byte.is_ascii_uppercase()) => {
            format!("Shift+{letter}")
        }
        letter if letter.len() == 1 => letter.to_ascii_uppercase(),
        _ => key,
    }
}

/// A key for people: arrows as arrows, `Page Down` in words, a sequence without its blank.
pub fn shown(key: &str) -> String {
    match key {
        "ArrowUp" => "↑".to_owned(),
        "ArrowDown" => "↓".to_owned(),
        "ArrowLeft" => "←".to_owned(),
        "ArrowRight" => "→".to_owned(),
        "PageUp" => "Page Up".to_owned(),
        "PageDown" => "Page Down".to_owned(),
        "' '" => "''".to_owned(),
        key => key.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_two_keys_collide() {
        let mut seen = HashSet::new();
        let keys: Vec<&str> = KEYS.iter().flat_map(|binding| binding.keys).copied().collect();
        for key in &keys {
            assert!(seen.insert(*key), "{key:?} is bound twice");
            let first = key.split(' ').next().unwrap();
            assert!(first == *key || !keys.contains(&first), "{key:?} can never be typed to its end");
            assert!(*key == "0" || !key.bytes().all(|byte| byte.is_ascii_digit()), "{key:?} is a count");
        }
    }

    #[test]
    fn every_action_has_one_line_with_help_and_a_group() {
        let mut seen = HashSet::new();
        for binding in KEYS {
            assert!(seen.insert(binding.action), "{:?} has two lines", binding.action);
            assert!(!binding.keys.is_empty() && !binding.help.is_empty(), "{:?}", binding.action);
        }
        let in_groups: usize = GROUPS.iter().map(|group| group.bindings().count()).sum();
        assert_eq!(in_groups, KEYS.len());
    }

    #[test]
    fn keys_that_browsers_keep_are_not_bound() {
        for binding in KEYS {
            for key in binding.keys {
                assert!(!["Ctrl+N", "Ctrl+T", "Ctrl+W", "Ctrl+Shift+P"].contains(key), "{key:?}");
            }
        }
    }

    #[test]
    fn shortcuts_are_told_in_the_words_of_aria() {
        for (action, expected) in [
            (KeyAction::Follow, Some("Shift+F F")),
            (KeyAction::Pause, Some("P")),
            (KeyAction::Wrap, Some("Alt+Z")),
            (KeyAction::Files, Some("Control+B")),
            (KeyAction::PageUp, Some("B Shift+Space PageUp")),
            (KeyAction::Top, Some("Home")),
            (KeyAction::Help, Some("?")),
            (KeyAction::Find, Some("/ Control+F")),
            (KeyAction::PreviousMatch, Some("Shift+N Shift+F3")),
            (KeyAction::OnlyThese, Some("Plus")),
            (KeyAction::MoreContext, Some("O")),
            (KeyAction::LessContext, Some("Shift+O")),
            (KeyAction::Close, Some("Escape")),
            (KeyAction::Back, None),
            (KeyAction::Percent, None),
        ] {
            assert_eq!(action.aria_keyshortcuts().as_deref(), expected, "{action:?}");
        }
    }
}
