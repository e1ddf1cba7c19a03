//! The boxes: `Filter` shows only the lines that match, `From` and `To` only those of a time, `Find` marks and jumps and
//! hides nothing. Here is what is typed in them, what is wrong with it, and how far the server has looked.

use leptos::prelude::*;
use taillight::line::LineCount;
use taillight::query::{self, BadNarrow, Expr, Query, Term};
use taillight::timestamp::TimeExpr;
use taillight::view::{Command, FileView};
use taillight::wire::Matched;

use crate::boot::{FileScreen, Filtering};
use crate::levels::{LevelAct, LevelState};
use crate::text;

/// How long typing rests before it is applied, in milliseconds.
pub const TYPING_MS: i32 = 200;

/// How long a search may take before its progress is shown, in milliseconds.
pub const PATIENCE_MS: i32 = 400;

/// One of the boxes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SearchBox {
    /// Which lines are shown.
    Filter,
    /// What is marked and gone to.
    Find,
    /// From when on lines are shown.
    From,
    /// Up to when lines are shown.
    To,
}

/// What is wrong with the text of a box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoxError {
    /// Where in the text, in bytes.
    pub position: u32,
    /// What is wrong there and what was expected.
    pub message: String,
}

/// A box.
#[derive(Clone, Copy)]
pub struct BoxState {
    /// What is in it: ahead of the view while somebody types, or while it is wrong.
    pub text: RwSignal<String>,
    /// What is wrong with it; what was right before stays in force.
    pub error: RwSignal<Option<BoxError>>,
}

/// How far a search has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The share of the file that was looked through, 0 to 100; `None` where that is not known.
    pub percent: Option<u8>,
    /// The same for people, with how fast it goes.
    pub text: String,
}

/// What stands in the place of rows where the filter shows none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nothing {
    /// What was looked through, where it is still under way.
    pub text: String,
    /// What more is said of a search that goes no further until it is asked to.
    pub stopped: Option<String>,
    /// Whether rows were found elsewhere.
    pub is_elsewhere: bool,
}

impl Nothing {
    /// Of a search that is through, or has looked through so many percent.
    pub fn so_far(percent: Option<u8>) -> Self {
        Self { text: text::no_match(percent), stopped: None, is_elsewhere: false }
    }

    /// Of a search that goes no further, in a file of `len` bytes.
    pub fn stopped(shown: &Matched, len: u64) -> Self {
        let stopped = Some(text::no_match_here(shown, len));
        Self { text: "No line matches here".to_owned(), stopped, is_elsewhere: shown.count > LineCount::ZERO }
    }
}

/// What is filtered and found, as the chrome shows it.
#[derive(Clone, Copy)]
pub struct Search {
    /// The box `Filter`.
    pub filter: BoxState,
    /// The box `Find`.
    pub find: BoxState,
    /// The box `From`.
    pub from: BoxState,
    /// The box `To`.
    pub to: BoxState,
    /// The levels.
    pub levels: LevelState,
    /// How many lines have what is found, and which of them is the current one; empty when nothing is found.
    pub match_count: RwSignal<String>,
    /// How far a search has come that takes its time.
    pub progress: RwSignal<Option<Progress>>,
    /// What is said of a search that stands stopped until it is asked to go on; empty when none does.
    pub stopped: RwSignal<String>,
    /// What stands in the place of rows where the filter shows none.
    pub nothing: RwSignal<Option<Nothing>>,
    /// Whether text of the log is selected, and it fits on one line.
    pub selected: RwSignal<Option<Selected>>,
    /// The terms of the filter that were turned off.
    pub off: RwSignal<Vec<String>>,
    /// Whether a row of a filtered log can be shown among its neighbours now.
    pub can_leave: RwSignal<bool>,
    /// The longest filter or find term that the server takes, in bytes.
    pattern_bytes: usize,
}

/// Which text of the log is selected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selected {
    /// Text of one line, which can become a term.
    OneLine,
    /// More than that.
    Lines,
}

/// What is done with selected text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selection {
    /// Shows only lines with it.
    Only,
    /// Hides lines with it.
    Hide,
    /// Finds it.
    Find,
    /// Copies it.
    Copy,
}

/// What is done with one of the terms of the filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChipAct {
    /// Turns it off, or on again.
    Toggle,
    /// Turns it into its opposite.
    Invert,
    /// Takes it away.
    Remove,
}

/// What the user does with the boxes and with what was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SearchAct {
    /// Goes to a box.
    Focus(SearchBox),
    /// Something was typed.
    Typed(SearchBox, String),
    /// Enter: it is a step of the history, and in `Find` also goes to a match, downwards or not.
    Enter(SearchBox, bool),
    /// The same for the box that holds the focus, from a phone's keyboard.
    Submit,
    /// Makes the text a regular expression, or a plain one again.
    ToggleRegex(SearchBox),
    /// Tells upper case from lower case, or not.
    ToggleCase(SearchBox),
    /// Empties a box.
    Clear(SearchBox),
    /// Goes to the next match (`true`) or the previous one.
    Seek(bool),
    /// Ends the search that takes its time.
    Stop,
    /// Goes on with the one that stands stopped.
    Continue,
    /// Goes to the first row that the filter shows.
    First,
    /// So many more context lines around each match, or fewer.
    Context(i32),
    /// Shows the row among its neighbours, without the filter, or goes back to the filter.
    InContext,
    /// Does something with the selected text.
    Selection(Selection),
    /// Does something with a term of the filter.
    Chip(ChipAct, String),
    /// Something with levels and times.
    Levels(LevelAct),
}

impl SearchBox {
    /// All.
    pub const ALL: [Self; 4] = [Self::Filter, Self::Find, Self::From, Self::To];

    /// Whether a time is typed in it.
    pub const fn is_time(self) -> bool {
        matches!(self, Self::From | Self::To)
    }

    /// Whether two texts in it mean the same.
    pub fn is_same(self, one: &str, other: &str) -> bool {
        one.trim() == other.trim()
            || (self.is_time() && TimeExpr::parse(one).is_some_and(|one| Some(one) == TimeExpr::parse(other)))
    }

    /// The id of its input.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Filter => "filter",
            Self::Find => "find",
            Self::From => "from",
            Self::To => "to",
        }
    }

    /// Its accessible name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Filter => "Filter",
            Self::Find => "Find",
            Self::From => "From",
            Self::To => "To",
        }
    }

    /// The name of its text in a link.
    pub const fn param(self) -> &'static str {
        match self {
            Self::Filter => "q",
            _ => self.id(),
        }
    }

    /// What is wrong with a text in it, as far as that is known without the server, which takes `most` bytes of it.
    pub fn error_of(self, text: &str, most: usize) -> Option<BoxError> {
        let wrong = match self {
            Self::Filter => query::check_pattern(text, most).and_then(|()| query::parse_usable(text).map(drop)).err(),
            Self::Find => query::check_pattern(text, most).err(),
            Self::From | Self::To if text.trim().is_empty() || TimeExpr::parse(text).is_some() => None,
            Self::From => return Some(BoxError { position: 0, message: BadNarrow::From.message() }),
            Self::To => return Some(BoxError { position: 0, message: BadNarrow::To.message() }),
        };
        wrong.map(|wrong| BoxError { position: wrong.position(), message: wrong.message })
    }

    /// What the server says is wrong with it.
    fn refused_of(self, screen: &FileScreen) -> Option<BoxError> {
        let refused = screen.refused.iter().find(|refused| refused.find == (self == Self::Find) && !self.is_time())?;
        Some(BoxError { position: refused.position, message: refused.detail.clone() })
    }

    /// The terms about text in it; none where it is wrong.
    pub fn terms(self, text: &str) -> Vec<Term> {
        match self {
            Self::Filter => {
                let query = query::parse(text).unwrap_or(Query::EVERYTHING);
                query.terms().into_iter().filter(|term| term.is_text()).cloned().collect()
            }
            Self::Find => query::parse_find(text).ok().flatten().into_iter().collect(),
            Self::From | Self::To => Vec::new(),
        }
    }

    /// Its text with regular expressions in the place of plain texts, or the other way.
    pub fn toggle_regex(self, text: &str) -> String {
        match self {
            Self::Filter => query::toggle_regex(text),
            Self::Find => query::toggle_find_regex(text),
            Self::From | Self::To => text.to_owned(),
        }
    }

    /// Its text minding upper and lower case, or not any more.
    pub fn toggle_case(self, text: &str) -> String {
        match self {
            Self::Filter => query::toggle_case(text),
            Self::Find => query::toggle_find_case(text),
            Self::From | Self::To => text.to_owned(),
        }
    }

    /// Its text in a view.
    pub fn text_of(self, view: &FileView) -> &str {
        match self {
            Self::Filter => &view.filter,
            Self::Find => &view.find,
            Self::From => &view.narrow.from,
            Self::To => &view.narrow.to,
        }
    }

    /// The command that sets it.
    pub fn command(self, text: String, commit: bool) -> Command {
        match self {
            Self::Filter => Command::SetFilter { text, commit },
            Self::Find => Command::SetFind { text, commit },
            Self::From => Command::SetFrom { text, commit },
            Self::To => Command::SetTo { text, commit },
        }
    }
}

/// What finds exactly the selected text, or, where that can be said without quotes, the text in either case.
pub fn find_of_selected(selected: &str) -> String {
    match query::parse_find(selected) {
        Ok(Some(Term::Word(word))) => word,
        _ => Query { root: Some(Expr::Term(Term::Phrase(selected.to_owned()))) }.to_string(),
    }
}

/// What a first screen says in the place of rows.
fn nothing_of(screen: &FileScreen) -> Option<Nothing> {
    let filtering = screen.filtering?;
    Some(match screen.tip.shown.filter(|shown| shown.stopped && !filtering.complete) {
        Some(shown) => Nothing::stopped(&shown, screen.tip.len.get()),
        None => Nothing::so_far((!filtering.complete).then(|| share_of(filtering))),
    })
}

/// What a first screen says when the time for it was over before it was full.
fn progress_of(screen: &FileScreen) -> Option<Progress> {
    let is_waiting = screen.tip.shown.is_some_and(|shown| shown.stopped);
    let percent = screen.filtering.filter(|filtering| !filtering.complete && !is_waiting).map(share_of);
    percent.map(|_| Progress { percent, text: text::still_looking(SearchBox::Filter, percent) })
}

fn share_of(filtering: Filtering) -> u8 {
    text::percent(filtering.looked_through.get(), filtering.of.get())
}

impl Search {
    /// The boxes of a page that begins with `view`, and with what the server says of it.
    pub fn new(view: Option<&FileView>, screen: Option<&FileScreen>, pattern_bytes: usize) -> Self {
        let of = |which: SearchBox| {
            let text = view.map(|view| which.text_of(view).to_owned()).unwrap_or_default();
            let refused = screen.and_then(|screen| which.refused_of(screen));
            BoxState {
                error: RwSignal::new(which.error_of(&text, pattern_bytes).or(refused)),
                text: RwSignal::new(text),
            }
        };
        let found = screen.and_then(|screen| screen.tip.found);
        let nothing = screen.filter(|screen| screen.first == screen.end).and_then(nothing_of);
        Self {
            filter: of(SearchBox::Filter),
            find: of(SearchBox::Find),
            from: of(SearchBox::From),
            to: of(SearchBox::To),
            levels: LevelState::new(view),
            match_count: RwSignal::new(found.map(|found| text::match_count(&found)).unwrap_or_default()),
            progress: RwSignal::new(screen.and_then(progress_of)),
            stopped: RwSignal::new(screen.map(|screen| text::stopped_of(&screen.tip)).unwrap_or_default()),
            nothing: RwSignal::new(nothing),
            selected: RwSignal::new(None),
            off: RwSignal::new(Vec::new()),
            can_leave: RwSignal::new(false),
            pattern_bytes,
        }
    }

    /// What is wrong with a text in a box, as far as that is known without the server.
    pub fn error_of(&self, which: SearchBox, text: &str) -> Option<BoxError> {
        which.error_of(text, self.pattern_bytes)
    }

    /// A box.
    pub fn of(&self, which: SearchBox) -> BoxState {
        match which {
            SearchBox::Filter => self.filter,
            SearchBox::Find => self.find,
            SearchBox::From => self.from,
            SearchBox::To => self.to,
        }
    }

    /// Another file: nothing is known of what is found there.
    pub fn clear(&self) {
        self.match_count.set(String::new());
        self.progress.set(None);
        self.stopped.set(String::new());
        self.nothing.set(None);
        self.selected.set(None);
        self.off.set(Vec::new());
        self.levels.counts.set(None);
        self.can_leave.set(false);
    }
}

#[cfg(test)]
mod tests {
    use taillight::query::QUERY_BYTES;

    use super::*;

    #[test]
    fn selected_text_is_found_as_it_stands() {
        for (selected, find) in [("a b", "a b"), ("-x", "-x"), ("/a b/", "\"/a b/\""), ("\"a\"", "\"\\\"a\\\"\"")] {
            assert_eq!(find_of_selected(selected), find);
            let term = query::parse_find(find).unwrap().unwrap();
            assert!(matches!(term, Term::Word(text) | Term::Phrase(text) if text == selected));
        }
    }

    #[test]
    fn a_box_says_at_once_what_is_wrong_with_it() {
        let position = |which: SearchBox, text: &str| which.error_of(text, 13).map(|error| error.position);
        assert_eq!((position(SearchBox::Filter, "a b"), position(SearchBox::Filter, "a (b")), (None, Some(2)));
        assert_eq!(position(SearchBox::Filter, "a level:error"), None);
        assert_eq!((position(SearchBox::From, " "), position(SearchBox::To, "-15m")), (None, None));
        assert!(SearchBox::To.error_of("soon", 1).is_some_and(|error| error.message.starts_with("'to' is no time: ")));
        assert!(SearchBox::From.is_same("10:00:00", "10:00") && !SearchBox::Filter.is_same("10:00:00", "10:00"));
        assert_eq!((position(SearchBox::Find, "a (b"), position(SearchBox::Find, "")), (None, None));
        for which in [SearchBox::Filter, SearchBox::Find] {
            let message = |most| which.error_of("abc", most).map(|error| error.message);
            assert_eq!(
                (message(3), message(2)),
                (None, Some("expected at most 2 bytes: that is limits.pattern_bytes".to_owned()))
            );
            assert_eq!(message(QUERY_BYTES), None);
        }
    }
}
