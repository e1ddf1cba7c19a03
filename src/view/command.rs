//! What the user can intend, and what each intention does to the view.

use super::{FileView, Page, Place, ViewState};
use crate::cursor::Identity;
use crate::level::LevelChoice;
use crate::line::ByteOffset;
use crate::path::LogPath;
use crate::query::Narrow;
use crate::timestamp::{Stamp, TimeExpr};
use crate::wire::MAX_CONTEXT;

/// One intention of the user. Those about a file do nothing where no file is shown. An [`Identity`] is of the file whose
/// rows they are, where it is known: the address says it, for the path is another file's after a rotation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Opens a file at its end, following.
    OpenFile(LogPath),
    /// Shows the entries of a folder, or the roots.
    OpenFolder(Option<LogPath>),
    /// Follows a link inside the page.
    Open(Box<ViewState>),
    /// Shows what the address says now, after the browser's Back or Forward.
    Visit(Box<ViewState>),
    /// Goes to the end and follows; resumes a paused screen.
    Follow,
    /// Stops following, and stays where the screen is.
    Unfollow,
    /// One or the other.
    ToggleFollow,
    /// Freezes the screen, or lets it go on.
    TogglePause,
    /// Wraps long lines, or not.
    ToggleWrap,
    /// Goes to a place: a jump, so that Back returns. To the end it does not follow: that is [`Command::Follow`].
    GoTo(Place),
    /// The user scrolled: the line at this offset is now the first. Drops following.
    Scrolled(ByteOffset, Option<Identity>),
    /// The user scrolled past the end: the same as [`Command::Follow`], but no jump.
    ScrolledPastEnd,
    /// Selects a line or a range. Drops following, and moves nothing.
    Select(Place, Option<Identity>),
    /// Shows the rows that match a query, blank for all rows; the place and following stay. The same for what follows:
    /// while the user types, the address is replaced; `commit` (Enter, a button) makes it an entry of the history.
    SetFilter {
        /// The query as it stands in the box.
        text: String,
        /// Whether the user is done with it.
        commit: bool,
    },
    /// Finds and marks a term, blank for nothing.
    SetFind {
        /// The term as it stands in the box.
        text: String,
        /// Whether the user is done with it.
        commit: bool,
    },
    /// Shows rows of these levels. A step of the history.
    SetLevels(LevelChoice),
    /// Shows rows from that time on, of all times where it is blank. What is no time changes nothing.
    SetFrom {
        /// The time as it stands in the box.
        text: String,
        /// Whether the user is done with it.
        commit: bool,
    },
    /// Shows rows before that time; the same.
    SetTo {
        /// The time as it stands in the box.
        text: String,
        /// Whether the user is done with it.
        commit: bool,
    },
    /// Shows all rows: no query, all levels and times. A step of the history.
    ShowAll,
    /// The time that the place says is this point in time: the link says that, and stays right tomorrow.
    Landed(Stamp),
    /// Shows so many rows around each match of the filter, at most [`MAX_CONTEXT`].
    SetContext(u32),
    /// Drops the filter and goes to the line at this offset: the same row among all others. Back returns.
    ShowInContext(ByteOffset),
}

/// What the shell must do after a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// With the address.
    pub history: History,
    /// Whether another page or another path is to be shown: what was loaded is of no use. Whether [`FileView::fid`] is
    /// of the file that is shown, the shell compares with what the server says.
    pub opened: bool,
    /// Where the screen must go. `None`: it stays.
    pub moved: Option<Place>,
    /// Whether other rows of the same file are to be shown: [`FileView::shown_rows`] differs from before.
    pub filtered: bool,
    /// Whether something else is to be found in the same file: [`FileView::find_term`] differs from before.
    pub found: bool,
    /// With [`History::Push`]: the link that the current entry gets back first, because typing took its place. Back
    /// then returns to the view as it was before the typing.
    pub before: Option<String>,
}

/// What becomes of the browser's history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum History {
    /// The address is a new entry.
    Push,
    /// The address takes the place of the current entry.
    Replace,
    /// The address is right as it is.
    Keep,
}

impl Change {
    const NONE: Self =
        Self { history: History::Keep, opened: false, moved: None, filtered: false, found: false, before: None };
}

/// Does what the user wants to the view. Following and pausing are in the view afterwards; the rest is in the answer.
pub fn apply(state: &mut ViewState, command: Command) -> Change {
    match command {
        Command::OpenFile(path) => open(state, ViewState::file(path)),
        Command::OpenFolder(folder) => open(state, ViewState::files(folder)),
        Command::Open(target) => open(state, *target),
        Command::Visit(target) => Change { history: History::Keep, ..open(state, *target) },
        command => match &mut state.page {
            Page::Files { .. } => Change::NONE,
            Page::File(view) => change_file(view, command),
        },
    }
}

fn open(state: &mut ViewState, mut target: ViewState) -> Change {
    let opened = match (&state.page, &mut target.page) {
        (Page::File(old), Page::File(new)) if old.path == new.path => {
            // Within a file a frozen screen stays frozen, unless it is to follow.
            new.paused = old.paused && !new.follow;
            false
        }
        (old, new) => old != new,
    };
    let moved = target.file_view().map(|view| if view.follow { Place::End } else { view.place.clone() });
    let history = if is_same_address(state, &target) { History::Keep } else { History::Push };
    let (filtered, found) = match (state.file_view(), target.file_view()) {
        (Some(old), Some(new)) if !opened => differences(old, new),
        _ => (false, false),
    };
    *state = target;
    Change { history, opened, moved, filtered, found, before: None }
}

fn change_file(view: &mut FileView, command: Command) -> Change {
    let old = view.clone();
    let command = match narrow_or_find(view, command) {
        Ok(commit) => return typed(&old, view, commit),
        Err(command) => command,
    };
    let (history, moved) = match command {
        Command::Follow => follow(view),
        Command::ToggleFollow if !view.follow => follow(view),
        Command::ScrolledPastEnd => (History::Replace, follow(view).1),
        Command::ToggleFollow | Command::Unfollow => (History::Replace, unfollow(view)),
        Command::TogglePause => {
            view.paused = !view.paused;
            (History::Keep, None)
        }
        Command::ToggleWrap => {
            view.wrap = !view.wrap;
            (History::Replace, None)
        }
        Command::GoTo(place) => {
            set_place(view, place.clone());
            (History::Push, Some(place))
        }
        Command::Scrolled(offset, fid) => (History::Replace, set_seen(view, Place::bytes(offset, offset), fid)),
        Command::Select(place, fid) => (History::Replace, set_seen(view, place, fid)),
        Command::Landed(stamp) => {
            if matches!(view.place, Place::Time(_)) && !view.follow {
                view.place = Place::Time(TimeExpr::at(stamp).to_string());
            }
            (History::Replace, None)
        }
        Command::SetContext(n_rows) => {
            view.ctx = n_rows.min(MAX_CONTEXT);
            (History::Replace, None)
        }
        Command::ShowInContext(offset) => {
            let place = Place::bytes(offset, offset);
            set_place(view, place.clone());
            show_all(view);
            (History::Push, Some(place))
        }
        _ => return Change::NONE,
    };
    if history == History::Push {
        view.typed_over = None;
    }
    Change { moved, ..changed(&old, view, history) }
}

/// What is typed in a box or chosen beside it, and whether the user is done with it. Any other command comes back.
fn narrow_or_find(view: &mut FileView, command: Command) -> Result<bool, Command> {
    match command {
        Command::SetFilter { text, commit } => {
            view.filter = text;
            Ok(commit)
        }
        Command::SetFind { text, commit } => {
            view.find = text;
            Ok(commit)
        }
        Command::SetFrom { text, commit } => {
            set_time(&mut view.narrow.from, &text);
            Ok(commit)
        }
        Command::SetTo { text, commit } => {
            set_time(&mut view.narrow.to, &text);
            Ok(commit)
        }
        Command::SetLevels(levels) => {
            view.narrow.levels = levels;
            Ok(true)
        }
        Command::ShowAll => {
            show_all(view);
            Ok(true)
        }
        command => Err(command),
    }
}

/// What a box does to the history: see [`Command::SetFilter`].
fn typed(old: &FileView, view: &mut FileView, commit: bool) -> Change {
    if !commit {
        if view.typed_over.is_none() && link(old) != link(view) {
            view.typed_over = Some(link(old));
        }
        return changed(old, view, History::Replace);
    }
    let Some(before) = view.typed_over.take() else { return changed(old, view, History::Push) };
    if before == link(view) {
        return changed(old, view, History::Replace);
    }
    Change { history: History::Push, before: Some(before), ..changed(old, view, History::Push) }
}

fn changed(old: &FileView, view: &FileView, history: History) -> Change {
    let (filtered, found) = differences(old, view);
    let is_same = link(old) == link(view);
    Change { history: if is_same { History::Keep } else { history }, filtered, found, ..Change::NONE }
}

fn show_all(view: &mut FileView) {
    (view.filter, view.narrow, view.ctx) = (String::new(), Narrow::default(), 0);
}

/// What is no time leaves what was there in force.
fn set_time(time: &mut String, text: &str) {
    if text.trim().is_empty() {
        time.clear();
    } else if let Some(read) = TimeExpr::parse(text) {
        *time = read.to_string();
    }
}

/// Whether other rows are shown, and whether something else is found.
fn differences(old: &FileView, new: &FileView) -> (bool, bool) {
    (old.shown_rows() != new.shown_rows(), old.find_term() != new.find_term())
}

fn link(view: &FileView) -> String {
    ViewState::from(view.clone()).to_string()
}

fn follow(view: &mut FileView) -> (History, Option<Place>) {
    // From the end it is no jump: Back would seem to do nothing.
    let history = if view.place == Place::End { History::Replace } else { History::Push };
    set_place(view, Place::End);
    view.follow = true;
    view.paused = false;
    (history, Some(Place::End))
}

/// Following, the screen was at the end, whatever place the link said beside it.
fn unfollow(view: &mut FileView) -> Option<Place> {
    if view.follow { set_place(view, Place::End) } else { None }
}

/// The identity belongs to the place of the link: a place that the user chose is in the file that is there now.
fn set_place(view: &mut FileView, place: Place) -> Option<Place> {
    view.place = place;
    view.fid = None;
    view.follow = false;
    None
}

/// A place in rows that are seen.
fn set_seen(view: &mut FileView, place: Place, fid: Option<Identity>) -> Option<Place> {
    set_place(view, place);
    view.fid = fid;
    None
}

/// Whether both print the same link.
fn is_same_address(one: &ViewState, other: &ViewState) -> bool {
    one.to_string() == other.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::line::LineNo;

    /// Applies a command to the view of a link; the expected text is the link after it, the history, and where to go.
    fn check(link: &str, command: &Command, expected: (&str, History, Option<&str>)) {
        let mut state: ViewState = link.parse().unwrap();
        let change = apply(&mut state, command.clone());
        let moved = change.moved.map(|place| place.to_string());
        assert_eq!((state.to_string().as_str(), change.history, moved.as_deref()), expected, "{command:?} at {link:?}");
    }

    fn line(number: u64) -> LineNo {
        LineNo::new(number).unwrap()
    }

    #[test]
    fn following_is_the_link_without_a_place() {
        use Command::{Follow, ScrolledPastEnd, ToggleFollow, Unfollow};
        use History::{Keep, Push, Replace};
        let end = Some("end");
        check("/v/r/f", &ToggleFollow, ("/v/r/f?at=end", Replace, None));
        check("/v/r/f?at=end", &ToggleFollow, ("/v/r/f", Replace, end));
        check("/v/r/f?at=line:5", &ToggleFollow, ("/v/r/f", Push, end));
        check("/v/r/f?at=line:5", &Follow, ("/v/r/f", Push, end));
        check("/v/r/f", &Follow, ("/v/r/f", Keep, end));
        check("/v/r/f?at=line:5", &Unfollow, ("/v/r/f?at=line:5", Keep, None));
        check("/v/r/f?at=line:5&follow=1", &Unfollow, ("/v/r/f?at=end", Replace, None));
        check("/v/r/f?at=byte:5", &ScrolledPastEnd, ("/v/r/f", Replace, end));
    }

    #[test]
    fn the_rows_that_are_seen_are_named_with_their_file() {
        use History::{Keep, Replace};
        let identity = |inode| Some(Identity { inode, born_ns: 2, head_len: 3, head_hash: 4 });
        let scrolled = |inode| Command::Scrolled(ByteOffset::new(70), identity(inode));
        let of_old = "/v/r/f?at=byte:70&fid=1.2.3.4&v=1";
        check("/v/r/f", &scrolled(1), (of_old, Replace, None));
        check(of_old, &scrolled(1), (of_old, Keep, None));
        check(of_old, &scrolled(5), ("/v/r/f?at=byte:70&fid=5.2.3.4&v=1", Replace, None));
        let select = Command::Select(Place::lines(line(7), line(9)), identity(1));
        check("/v/r/f", &select, ("/v/r/f?at=line:7-9&fid=1.2.3.4&v=1", Replace, None));
        // What is gone to is in the file that is there now.
        check(of_old, &Command::GoTo(Place::Start), ("/v/r/f?at=start", History::Push, Some("start")));
        check(of_old, &Command::Follow, ("/v/r/f", History::Push, Some("end")));
        check(of_old, &Command::ToggleWrap, ("/v/r/f?at=byte:70&fid=1.2.3.4&v=1&wrap=1", Replace, None));
    }

    #[test]
    fn what_moves_up_drops_following_and_the_identity_of_the_link() {
        use History::{Keep, Push, Replace};
        let scrolled = || Command::Scrolled(ByteOffset::new(70), None);
        check("/v/r/f", &scrolled(), ("/v/r/f?at=byte:70", Replace, None));
        check("/v/r/f?at=byte:70", &scrolled(), ("/v/r/f?at=byte:70", Keep, None));
        check("/v/r/f?at=line:5&fid=1.2.3.4&wrap=1", &scrolled(), ("/v/r/f?at=byte:70&wrap=1", Replace, None));
        check(
            "/v/r/f?q=x",
            &Command::Select(Place::lines(line(9), line(7)), None),
            ("/v/r/f?at=line:7-9&q=x", Replace, None),
        );
        check("/v/r/f", &Command::GoTo(Place::Start), ("/v/r/f?at=start", Push, Some("start")));
        check("/v/r/f", &Command::GoTo(Place::End), ("/v/r/f?at=end", Push, Some("end")));
        check("/v/r/f?at=start", &Command::GoTo(Place::Start), ("/v/r/f?at=start", Keep, Some("start")));
    }

    /// The link after a command, the history, which of filter and find changed (`f`, `F`), and the link to go back to.
    fn boxed(state: &mut ViewState, command: Command) -> (String, History, &'static str, Option<String>) {
        let change = apply(state, command);
        let what = match (change.filtered, change.found) {
            (false, false) => "",
            (true, false) => "f",
            (false, true) => "F",
            (true, true) => "fF",
        };
        (state.to_string(), change.history, what, change.before)
    }

    fn filter(text: &str, commit: bool) -> Command {
        Command::SetFilter { text: text.to_owned(), commit }
    }

    fn find(text: &str, commit: bool) -> Command {
        Command::SetFind { text: text.to_owned(), commit }
    }

    #[test]
    fn a_box_changes_its_part_of_the_link_and_nothing_else() {
        use History::{Keep, Push, Replace};
        let cases = [
            ("/v/r/f", filter("a b", true), ("/v/r/f?q=a%20b", Push, "f")),
            ("/v/r/f", filter("a b", false), ("/v/r/f?q=a%20b", Replace, "f")),
            ("/v/r/f?at=line:5&fid=1.2.3.4", filter("a", true), ("/v/r/f?at=line:5&fid=1.2.3.4&q=a&v=1", Push, "f")),
            ("/v/r/f?q=a", filter("a", true), ("/v/r/f?q=a", Keep, "")),
            ("/v/r/f?q=a&ctx=3", filter(" ", true), ("/v/r/f", Push, "f")),
            ("/v/r/f", filter("  ", true), ("/v/r/f", Keep, "")),
            ("/v/r/f?q=a", find("x", true), ("/v/r/f?find=x&q=a", Push, "F")),
            ("/v/r/f?find=x", find("", false), ("/v/r/f", Replace, "F")),
            ("/v/r/f?q=a", Command::SetContext(3), ("/v/r/f?ctx=3&q=a", Replace, "f")),
            ("/v/r/f?q=a", Command::SetContext(1_000), ("/v/r/f?ctx=100&q=a", Replace, "f")),
            ("/v/r/f?q=a&ctx=3", Command::SetContext(0), ("/v/r/f?q=a", Replace, "f")),
            ("/v/r/f", Command::SetContext(3), ("/v/r/f", Keep, "")),
            ("/?path=r", filter("a", true), ("/?path=r", Keep, "")),
        ];
        for (link, command, (after, history, what)) in cases {
            let mut state: ViewState = link.parse().unwrap();
            assert_eq!(
                boxed(&mut state, command.clone()),
                (after.to_owned(), history, what, None),
                "{command:?} {link}"
            );
        }
    }

    #[test]
    fn levels_and_times_are_in_the_link_and_all_goes_at_once() {
        use History::{Keep, Push, Replace};
        let from = |text: &str, commit| Command::SetFrom { text: text.to_owned(), commit };
        let to = |text: &str, commit| Command::SetTo { text: text.to_owned(), commit };
        let levels = |text: &str| Command::SetLevels(text.parse().unwrap());
        let cases = [
            ("/v/r/f", levels("error,warn"), ("/v/r/f?lvl=error,warn", Push, "f")),
            ("/v/r/f?lvl=error", levels("error"), ("/v/r/f?lvl=error", Keep, "")),
            ("/v/r/f?ctx=3&lvl=error", levels(""), ("/v/r/f", Push, "f")),
            ("/v/r/f", from("10:00", false), ("/v/r/f?from=10:00", Replace, "f")),
            ("/v/r/f", from("2026-11-22T11:00+01:00", true), ("/v/r/f?from=2026-11-22T10:00:00Z", Push, "f")),
            ("/v/r/f?from=10:00", from("10:0", false), ("/v/r/f?from=10:00", Keep, "")),
            ("/v/r/f?from=10:00", from("10:00:00", false), ("/v/r/f?from=10:00", Keep, "")),
            ("/v/r/f?from=10:00&to=11:00", from(" ", true), ("/v/r/f?to=11:00", Push, "f")),
            ("/v/r/f?q=a", to("-5m", false), ("/v/r/f?q=a&to=-5m", Replace, "f")),
            ("/v/r/f?q=a&lvl=warn&to=-5m&ctx=3&find=x", Command::ShowAll, ("/v/r/f?find=x", Push, "f")),
            ("/v/r/f", Command::ShowAll, ("/v/r/f", Keep, "")),
            (
                "/v/r/f?lvl=warn&from=-5m&ctx=3&find=x",
                Command::ShowInContext(ByteOffset::new(7)),
                ("/v/r/f?at=byte:7&find=x", Push, "f"),
            ),
        ];
        for (link, command, (after, history, what)) in cases {
            let mut state: ViewState = link.parse().unwrap();
            let expected = (after.to_owned(), history, what, None);
            assert_eq!(boxed(&mut state, command.clone()), expected, "{command:?} {link}");
        }
    }

    #[test]
    fn the_place_of_a_time_stays_right() {
        use History::{Keep, Replace};
        let landed = || Command::Landed(Stamp::from_secs(1_795_341_600));
        check("/v/r/f?at=time:10:00", &landed(), ("/v/r/f?at=time:2026-11-22T10:00:00Z", Replace, None));
        check("/v/r/f?at=line:5", &landed(), ("/v/r/f?at=line:5", Keep, None));
        check("/v/r/f?at=time:10:00&follow=1", &landed(), ("/v/r/f?at=time:10:00&follow=1", Keep, None));
    }

    #[test]
    fn typing_replaces_the_entry_and_enter_gives_it_back() {
        use History::{Keep, Push, Replace};
        let mut state: ViewState = "/v/r/f?at=line:5".parse().unwrap();
        let mut check = |command: Command, after: &str, history, what, before: Option<&str>| {
            let expected = (after.to_owned(), history, what, before.map(str::to_owned));
            assert_eq!(boxed(&mut state, command.clone()), expected, "{command:?}");
        };
        check(filter("a", false), "/v/r/f?at=line:5&q=a", Replace, "f", None);
        check(filter("ab", false), "/v/r/f?at=line:5&q=ab", Replace, "f", None);
        check(filter("ab", true), "/v/r/f?at=line:5&q=ab", Push, "", Some("/v/r/f?at=line:5"));
        check(filter("ab", true), "/v/r/f?at=line:5&q=ab", Keep, "", None);
        check(find("x", false), "/v/r/f?at=line:5&find=x&q=ab", Replace, "F", None);
        check(find("", false), "/v/r/f?at=line:5&q=ab", Replace, "F", None);
        check(find("", true), "/v/r/f?at=line:5&q=ab", Keep, "", None);
        check(find("y", true), "/v/r/f?at=line:5&find=y&q=ab", Push, "F", None);
        // A jump is an entry of its own: what was typed is in the one before.
        check(filter("", false), "/v/r/f?at=line:5&find=y", Replace, "f", None);
        check(Command::GoTo(Place::Start), "/v/r/f?at=start&find=y", Push, "", None);
        check(filter("c", true), "/v/r/f?at=start&find=y&q=c", Push, "f", None);
    }

    #[test]
    fn a_filtered_row_is_shown_among_all_others_and_back_returns() {
        let mut state: ViewState = "/v/r/f?q=a&ctx=3&find=x&fid=1.2.3.4&at=line:7".parse().unwrap();
        let change = apply(&mut state, Command::ShowInContext(ByteOffset::new(70)));
        assert_eq!(state.to_string(), "/v/r/f?at=byte:70&find=x");
        assert_eq!((change.history, change.filtered, change.found), (History::Push, true, false));
        assert_eq!(change.moved.map(|place| place.to_string()).as_deref(), Some("byte:70"));
        let back = Command::Visit(Box::new("/v/r/f?at=line:7&ctx=3&q=a&find=y".parse().unwrap()));
        assert_eq!(
            boxed(&mut state, back),
            ("/v/r/f?at=line:7&ctx=3&find=y&q=a".to_owned(), History::Keep, "fF", None)
        );
        // Another file is read anew anyway.
        let other = Command::OpenFile("r/g".parse().unwrap());
        assert_eq!(boxed(&mut state, other), ("/v/r/g".to_owned(), History::Push, "", None));
    }

    #[test]
    fn a_filter_holds_while_following() {
        let mut state: ViewState = "/v/r/f".parse().unwrap();
        let change = apply(&mut state, filter("a", false));
        assert_eq!(change.moved, None);
        assert!(state.file_view().unwrap().is_live());
    }

    #[test]
    fn wrap_is_in_the_link_and_pause_is_not() {
        check("/v/r/f", &Command::ToggleWrap, ("/v/r/f?wrap=1", History::Replace, None));
        check("/v/r/f?wrap=1", &Command::ToggleWrap, ("/v/r/f", History::Replace, None));
        check("/v/r/f", &Command::TogglePause, ("/v/r/f", History::Keep, None));
    }

    #[test]
    fn commands_about_a_file_do_nothing_without_one() {
        for command in [Command::Follow, Command::ToggleWrap, Command::TogglePause, Command::GoTo(Place::Start)] {
            check("/?path=r", &command, ("/?path=r", History::Keep, None));
        }
    }

    #[test]
    fn opening_is_a_new_entry_and_going_back_is_not() {
        let opened = |link: &str, command| {
            let mut state: ViewState = link.parse().unwrap();
            let change = apply(&mut state, command);
            (state.to_string(), change.history, change.opened)
        };
        let path = || "r/g".parse::<LogPath>().unwrap();
        let boxed = |link: &str| Box::new(link.parse::<ViewState>().unwrap());
        let text = |link: &str, history, is_opened| (link.to_owned(), history, is_opened);
        assert_eq!(opened("/v/r/f?wrap=1", Command::OpenFile(path())), text("/v/r/g", History::Push, true));
        assert_eq!(opened("/v/r/g?at=start", Command::OpenFile(path())), text("/v/r/g", History::Push, false));
        assert_eq!(opened("/v/r/g", Command::OpenFile(path())), text("/v/r/g", History::Keep, false));
        assert_eq!(opened("/v/r/g", Command::OpenFolder(None)), text("/", History::Push, true));
        assert_eq!(opened("/", Command::OpenFolder(Some(path()))), text("/?path=r/g", History::Push, true));
        assert_eq!(opened("/", Command::OpenFolder(None)), text("/", History::Keep, false));
        let visit = Command::Visit(boxed("/v/r/f?at=line:3"));
        assert_eq!(opened("/v/r/f", visit), text("/v/r/f?at=line:3", History::Keep, false));
        let open = Command::Open(boxed("/v/r/f?at=line:3"));
        assert_eq!(opened("/v/r/f", open), text("/v/r/f?at=line:3", History::Push, false));
    }

    #[test]
    fn a_paused_screen_stays_paused_until_it_follows() {
        let mut state = ViewState::file("r/f".parse().unwrap());
        let mut paused_after = |command| {
            apply(&mut state, command);
            state.file_view().unwrap().paused
        };
        let visit = |link: &str| Command::Visit(Box::new(link.parse().unwrap()));
        assert!(paused_after(Command::TogglePause));
        assert!(paused_after(Command::Scrolled(ByteOffset::ZERO, None)));
        assert!(paused_after(visit("/v/r/f?at=line:3")));
        assert!(!paused_after(Command::Follow));
        assert!(paused_after(Command::TogglePause));
        assert!(!paused_after(visit("/v/r/other?at=line:3")));
    }
}
