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
    /// Shows what an address says: a link inside the page, or the browser's Back and Forward with
    /// [`History::Keep`] as the answer.
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
    /// Selects a line or a range. Drops following, and moves nothing.
    Select(Place),
}

/// What the shell must do after a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// With the address.
    pub history: History,
    /// Whether another page or another file is to be shown: what was loaded is of no use.
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
        Command::Visit(target) => Change { history: History::Keep, ..open(state, *target) },
        command => match &mut state.page {
            Page::Files { .. } => Change::NONE,
            Page::File(view) => change_file(view, command),
        },
    }
}

fn open(state: &mut ViewState, mut target: ViewState) -> Change {
    let opened = match (&state.page, &mut target.page) {
        (Page::File(old), Page::File(new)) if old.path == new.path && old.fid == new.fid => {
            // Back and Forward within a file leave a frozen screen frozen, unless they follow.
            new.paused = old.paused && !new.follow;
            false
        }
        (old, new) => old != new,
    };
    let moved = target.file_view().map(screen_place);
    let history = if *state == target { History::Keep } else { History::Push };
    *state = target;
    Change { history, opened, moved }
}

fn change_file(view: &mut FileView, command: Command) -> Change {
    let before = view.clone();
    let (history, moved) = match command {
        Command::Follow => follow(view),
        Command::ToggleFollow if !view.follow => follow(view),
        Command::ToggleFollow | Command::Unfollow => {
            view.follow = false;
            (History::Replace, None)
        }
        Command::TogglePause => {
            view.paused = !view.paused;
            (History::Keep, None)
        }
        Command::ToggleWrap => {
            view.wrap = !view.wrap;
            (History::Replace, None)
        }
        Command::GoTo(place) => {
            leave_end(view, place.clone());
            (History::Push, Some(place))
        }
        Command::Scrolled(offset) => {
            leave_end(view, Place::Bytes { first: offset, last: None });
            (History::Replace, None)
        }
        Command::Select(place) => {
            leave_end(view, place);
            (History::Replace, None)
        }
        Command::OpenFile(_) | Command::OpenFolder(_) | Command::Visit(_) => return Change::NONE,
    };
    let is_same_address = FileView { paused: before.paused, ..view.clone() } == before;
    Change { history: if is_same_address { History::Keep } else { history }, opened: false, moved }
}

fn follow(view: &mut FileView) -> (History, Option<Place>) {
    // From the end it is no jump: Back would seem to do nothing.
    let history = if view.place == Place::End { History::Replace } else { History::Push };
    view.place = Place::End;
    view.fid = None;
    view.follow = true;
    view.paused = false;
    (history, Some(Place::End))
}

/// The identity belongs to the place of the link: a place that the user chose is in the file that is there now.
fn leave_end(view: &mut FileView, place: Place) {
    view.place = place;
    view.fid = None;
    view.follow = false;
}

fn screen_place(view: &FileView) -> Place {
    if view.follow { Place::End } else { view.place.clone() }
}
