//! What the user can intend, and what each intention does to the view.

use super::{FileView, Page, Place, ViewState};
use crate::line::ByteOffset;
use crate::path::LogPath;

/// One intention of the user. Those about a file do nothing where no file is shown.
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
    Scrolled(ByteOffset),
    /// The user scrolled past the end: the same as [`Command::Follow`], but no jump.
    ScrolledPastEnd,
    /// Selects a line or a range. Drops following, and moves nothing.
    Select(Place),
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
    const NONE: Self = Self { history: History::Keep, opened: false, moved: None };
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
    *state = target;
    Change { history, opened, moved }
}

fn change_file(view: &mut FileView, command: Command) -> Change {
    let before = ViewState::from(view.clone());
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
        Command::Scrolled(offset) => (History::Replace, set_place(view, Place::bytes(offset, offset))),
        Command::Select(place) => (History::Replace, set_place(view, place)),
        Command::OpenFile(_) | Command::OpenFolder(_) | Command::Open(_) | Command::Visit(_) => return Change::NONE,
    };
    let is_same = is_same_address(&before, &ViewState::from(view.clone()));
    Change { history: if is_same { History::Keep } else { history }, opened: false, moved }
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

/// Whether both print the same link. Only `paused` is not in it.
fn is_same_address(one: &ViewState, other: &ViewState) -> bool {
    match (&one.page, &other.page) {
        (Page::File(one), Page::File(other)) if one.paused != other.paused => {
            FileView { paused: other.paused, ..one.clone() } == *other
        }
        (one, other) => one == other,
    }
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
    fn what_moves_up_drops_following_and_the_identity_of_the_link() {
        use History::{Keep, Push, Replace};
        let scrolled = || Command::Scrolled(ByteOffset::new(70));
        check("/v/r/f", &scrolled(), ("/v/r/f?at=byte:70", Replace, None));
        check("/v/r/f?at=byte:70", &scrolled(), ("/v/r/f?at=byte:70", Keep, None));
        check("/v/r/f?at=line:5&fid=1.2.3.4&wrap=1", &scrolled(), ("/v/r/f?at=byte:70&wrap=1", Replace, None));
        check(
            "/v/r/f?q=x",
            &Command::Select(Place::lines(line(9), line(7))),
            ("/v/r/f?at=line:7-9&q=x", Replace, None),
        );
        check("/v/r/f", &Command::GoTo(Place::Start), ("/v/r/f?at=start", Push, Some("start")));
        check("/v/r/f", &Command::GoTo(Place::End), ("/v/r/f?at=end", Push, Some("end")));
        check("/v/r/f?at=start", &Command::GoTo(Place::Start), ("/v/r/f?at=start", Keep, Some("start")));
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
        assert!(paused_after(Command::Scrolled(ByteOffset::ZERO)));
        assert!(paused_after(visit("/v/r/f?at=line:3")));
        assert!(!paused_after(Command::Follow));
        assert!(paused_after(Command::TogglePause));
        assert!(!paused_after(visit("/v/r/other?at=line:3")));
    }
}
