//! What is on the screen, as one value: the page, the file, the place in it, and how it is shown.
//!
//! Every intention of the user is a [`Command`]; [`apply`] is the only thing that changes a [`ViewState`], and it says
//! what the shell must do about it. The address is that state printed ([`link`]), so what can be seen can be shared.
//! Which lines are held, and what the stream does, is not here.

pub mod command;
pub mod goto;
pub mod keys;
pub mod link;
pub mod place;

use crate::cursor::{Anchor, Identity};
use crate::line::{ByteOffset, LineNo};
use crate::path::LogPath;
use crate::query::Narrow;
use crate::wire::{Filter, MAX_CONTEXT};

pub use command::{Change, Command, History, apply};
pub use link::Extras;
pub use place::{BadPlace, Place};

/// All that a link says, and whether the screen is paused, which a link does not say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ViewState {
    /// The page.
    pub page: Page,
}

/// Which page it is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::large_enum_variant, reason = "there is one of it, and it is nearly always the larger")]
pub enum Page {
    /// Choose a file.
    Files {
        /// The folder whose entries are shown; `None` for the roots.
        folder: Option<LogPath>,
    },
    /// The viewer.
    File(FileView),
}

/// A file in the viewer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileView {
    /// The file.
    pub path: LogPath,
    /// Where the reader is, or which lines are selected. While `follow` is set the screen is at the end whatever the
    /// place is: ask [`FileView::anchor`] what to show.
    pub place: Place,
    /// Whether the screen stays at the end as the file grows.
    pub follow: bool,
    /// Whether the screen is frozen. Never in a link: who opens one wants to see something.
    pub paused: bool,
    /// Whether long lines are wrapped.
    pub wrap: bool,
    /// The query that the shown rows match, as the user wrote it; empty for all rows.
    pub filter: String,
    /// What is found and marked: one term of the query language, as the user wrote it; empty for nothing.
    pub find: String,
    /// What else the shown rows are: their levels, and from when to when. Its times are such, printed in their one way;
    /// [`apply`] and [`link::read`] see to that.
    pub narrow: Narrow,
    /// How many rows around a match of the filter are shown too, at most [`MAX_CONTEXT`]. Where all rows are shown it
    /// means nothing, and no link says it.
    pub ctx: u32,
    /// The link before the user began to type into a box, until that is committed: see [`Change::before`].
    pub typed_over: Option<String>,
    /// The file that `place` was written for, where the link says: a path does not name a file for long.
    pub fid: Option<Identity>,
    /// The parameters that are not understood, kept so that links survive.
    pub extra: Extras,
}

impl ViewState {
    /// Choose a file: the entries of `folder`, or the roots.
    pub fn files(folder: Option<LogPath>) -> Self {
        Self { page: Page::Files { folder } }
    }

    /// A file at its end, following.
    pub fn file(path: LogPath) -> Self {
        FileView::new(path).into()
    }

    /// The file that is shown, if one is.
    pub fn file_view(&self) -> Option<&FileView> {
        match &self.page {
            Page::Files { .. } => None,
            Page::File(view) => Some(view),
        }
    }
}

impl FileView {
    /// The file at its end, following: what a link without parameters means.
    pub fn new(path: LogPath) -> Self {
        Self {
            path,
            place: Place::End,
            follow: true,
            paused: false,
            wrap: false,
            filter: String::new(),
            find: String::new(),
            narrow: Narrow::default(),
            ctx: 0,
            typed_over: None,
            fid: None,
            extra: Extras::default(),
        }
    }

    /// The file at a place, not following.
    pub fn at(path: LogPath, place: Place) -> Self {
        Self { place, follow: false, ..Self::new(path) }
    }

    /// Where the first page is read: the end when following, else the place.
    pub fn anchor(&self) -> Anchor {
        if self.follow { Anchor::End } else { self.place.anchor() }
    }

    /// Whether new lines move the screen now.
    pub fn is_live(&self) -> bool {
        self.follow && !self.paused
    }

    /// The view to share for a line or a range of lines: it does not follow, names the file itself beside its path, and
    /// holds the line numbers where they are known, else the bytes. `first` and `last` may be the same.
    pub fn shared(&self, lines: Option<(LineNo, LineNo)>, bytes: (ByteOffset, ByteOffset), fid: Identity) -> ViewState {
        let place = match lines {
            Some((first, last)) => Place::lines(first, last),
            None => Place::bytes(bytes.0, bytes.1),
        };
        Self { place, follow: false, paused: false, fid: Some(fid), ..self.clone() }.into()
    }

    /// Which rows are shown, as the server is told; `None` for all of them.
    pub fn shown_rows(&self) -> Option<Filter> {
        let filter = Filter { q: self.filter.clone(), ctx: self.ctx.min(MAX_CONTEXT), narrow: self.narrow.clone() };
        (!filter.shows_all()).then_some(filter)
    }

    /// What is found and marked, as the server is told; `None` for nothing.
    pub fn find_term(&self) -> Option<String> {
        (!is_blank(&self.find)).then(|| self.find.clone())
    }
}

fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}

impl From<FileView> for ViewState {
    fn from(view: FileView) -> Self {
        Self { page: Page::File(view) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shared_view_names_the_file_and_does_not_follow() {
        let view = FileView { wrap: true, paused: true, ..FileView::new("r/a.log".parse().unwrap()) };
        let fid = Identity { inode: 1, born_ns: 2, head_len: 3, head_hash: 4 };
        let line = |number| LineNo::new(number).unwrap();
        let byte = ByteOffset::new;
        let shared = |lines, bytes| view.shared(lines, bytes, fid).to_string();
        assert_eq!(
            shared(Some((line(9), line(7))), (byte(70), byte(90))),
            "/v/r/a.log?at=line:7-9&fid=1.2.3.4&v=1&wrap=1"
        );
        assert_eq!(
            shared(Some((line(7), line(7))), (byte(70), byte(70))),
            "/v/r/a.log?at=line:7&fid=1.2.3.4&v=1&wrap=1"
        );
        assert_eq!(shared(None, (byte(70), byte(90))), "/v/r/a.log?at=byte:70-90&fid=1.2.3.4&v=1&wrap=1");
        assert_eq!(shared(None, (byte(0), byte(0))), "/v/r/a.log?at=byte:0&fid=1.2.3.4&v=1&wrap=1");
        let filtered = FileView { filter: "a b".into(), find: "x".into(), ctx: 2, ..view };
        assert_eq!(
            filtered.shared(None, (byte(5), byte(5)), fid).to_string(),
            "/v/r/a.log?at=byte:5&ctx=2&fid=1.2.3.4&find=x&q=a%20b&v=1&wrap=1"
        );
    }

    #[test]
    fn blank_boxes_say_nothing_to_the_server() {
        let view = FileView { ctx: 3, ..FileView::new("r/a".parse().unwrap()) };
        let with = |filter: &str, find: &str| {
            let view = FileView { filter: filter.into(), find: find.into(), ..view.clone() };
            (view.shown_rows().map(|filter| (filter.q, filter.ctx)), view.find_term())
        };
        assert_eq!(with("", " "), (None, None));
        assert_eq!(with(" \t", ""), (None, None));
        assert_eq!(with(" a", "b "), (Some((" a".into(), 3)), Some("b ".into())));
        let narrow = Narrow { levels: "error".parse().unwrap(), ..Narrow::default() };
        let narrowed = FileView { narrow: narrow.clone(), ..view }.shown_rows().unwrap();
        assert_eq!((narrowed.q.as_str(), narrowed.narrow), ("", narrow));
    }

    #[test]
    fn following_shows_the_end_whatever_the_place_is() {
        let place = Place::lines(LineNo::FIRST, LineNo::FIRST);
        let view = FileView::at("r/a".parse().unwrap(), place);
        assert_eq!(view.anchor(), Anchor::Line(LineNo::FIRST));
        assert_eq!(FileView { follow: true, ..view }.anchor(), Anchor::End);
    }
}
