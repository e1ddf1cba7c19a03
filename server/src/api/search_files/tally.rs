//! What came of the files of a search.

use taillight::path::LogPath;

use super::engine::Stop;
use super::said::{Done, Unread};
use crate::catalog::{Found, OpenError};
use crate::source::is_gone;

/// What cannot be read, listed at most.
const MAX_UNREAD: usize = 1000;

/// What came of all files so far.
#[derive(Default)]
pub(super) struct Tally {
    /// The files that are there.
    of: u64,
    /// Those that are to be searched.
    wanted: u64,
    files: u64,
    matched_files: u64,
    matched: u64,
    is_whole: bool,
    /// Files that ought to have been searched to their end.
    n_failed: u64,
    n_unread: u64,
    unread: Vec<Unread>,
}

impl Tally {
    pub(super) fn new(found: &Found) -> Self {
        let wanted = found.files.len() as u64;
        let mut tally = Self { of: found.n_files as u64, wanted, is_whole: found.is_all, ..Self::default() };
        for (path, error) in &found.unread {
            tally.n_failed += 1;
            tally.unread(path, error.to_string());
        }
        tally
    }

    /// How many files there are, and how many are searched.
    pub(super) fn files(&self) -> (u64, u64) {
        (self.files, self.of)
    }

    pub(super) fn add(&mut self, path: &LogPath, matched: u64, outcome: &Result<(), Stop>) {
        self.matched += matched;
        self.matched_files += u64::from(matched > 0);
        self.files += u64::from(!matches!(outcome, Err(Stop::Limit | Stop::Gone)));
        let why = match outcome {
            Ok(()) | Err(Stop::Limit | Stop::Gone) => return,
            Err(Stop::Binary) => return self.unread(path, "binary file: it has a NUL byte near its start".to_owned()),
            Err(Stop::Closed(OpenError::NotFound)) => "it is not there any more".to_owned(),
            Err(Stop::Closed(error)) => error.to_string(),
            Err(Stop::Failed(error)) if is_gone(error) => "it became shorter while it was read".to_owned(),
            Err(Stop::Failed(error)) => error.to_string(),
            Err(Stop::Damaged(why)) => (*why).to_owned(),
        };
        self.n_failed += 1;
        self.unread(path, why);
    }

    fn unread(&mut self, file: &LogPath, why: String) {
        self.n_unread += 1;
        if self.unread.len() < MAX_UNREAD {
            self.unread.push(Unread { file: file.clone(), why });
        }
    }

    /// The end; `stopped` when it came early.
    pub(super) fn done(self, bytes: u64, stopped: Option<String>) -> Done {
        let few = (!self.is_whole || self.wanted < self.of)
            .then(|| format!("there are too many files: the {} that were written last were searched", self.wanted));
        let stopped = stopped.or(few);
        Done {
            done: true,
            complete: stopped.is_none() && self.n_failed == 0,
            files: self.files,
            of: self.of,
            matched_files: self.matched_files,
            matched: self.matched,
            bytes,
            stopped,
            more_unread: self.n_unread - self.unread.len() as u64,
            unread: self.unread,
        }
    }
}
