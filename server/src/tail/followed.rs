//! What an actor follows: a path, or a part of standard input.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::Notify;

use super::chain::Chain;
use super::piped::Piped;
use super::registry::Tails;
use super::unpacked::Unpacked;
use super::watch::{Watch, Watches};
use super::watched::Watched;
use super::{Epoch, Pace, TailTip};
use crate::catalog::LogFile;

/// What is followed.
#[derive(Debug)]
pub(super) enum Followed {
    /// What has a path, and its lives as readers see them.
    File(Box<Watched>, Unpacked),
    /// A part of standard input.
    Stdin(Piped),
}

impl Followed {
    /// Begins with `file`, after a first look.
    pub(super) fn new(file: LogFile, tails: &Tails, now: Instant) -> io::Result<Self> {
        Ok(match file.input() {
            Some((stdin, part)) => Self::Stdin(Piped::new(stdin, part)?),
            None => {
                let watched = Box::new(Watched::new(file, tails.pace(), now)?);
                let mut unpacked = Unpacked::new(tails.archives().clone(), tails.tasks().clone());
                unpacked.look(&watched.tip());
                Self::File(watched, unpacked)
            }
        })
    }

    /// Notifies `hint` of changes. Blocks.
    pub(super) fn watch(&self, watches: &Watches, pace: Pace, hint: &Arc<Notify>) -> Watch {
        match self {
            Self::File(..) if pace.poll => Watch::none(hint),
            Self::File(watched, _) => watches.watch(watched.file(), hint),
            Self::Stdin(piped) => {
                piped.stdin().tell(hint);
                Watch::told(hint)
            }
        }
    }

    /// Looks again; whether it has to be watched anew: another file, or one that came back, may be in another folder, or
    /// in a new one of the same name. Blocks.
    pub(super) fn look(&mut self, now: Instant) -> bool {
        match self {
            Self::File(watched, unpacked) => {
                let before = Arc::clone(watched.file());
                let was_missing = watched.is_missing();
                watched.look(now);
                unpacked.look(&watched.tip());
                (was_missing && !watched.is_missing()) || !Arc::ptr_eq(&before, watched.file())
            }
            Self::Stdin(piped) => {
                piped.look();
                false
            }
        }
    }

    /// What is known now.
    pub(super) fn tip(&self) -> TailTip {
        match self {
            Self::File(watched, unpacked) => unpacked.tip(watched.tip()),
            Self::Stdin(piped) => piped.tip(),
        }
    }

    /// Holds archives before the lives that were followed; the life that the first of them is then.
    pub(super) fn hold(&mut self, chain: &Chain, now: Instant) -> Option<Arc<Epoch>> {
        match self {
            Self::File(watched, unpacked) => {
                let first = watched.hold(chain, now);
                unpacked.look(&watched.tip());
                first
            }
            // Its parts are no files beside each other.
            Self::Stdin(_) => None,
        }
    }

    /// Lets the archives go.
    pub(super) fn let_archives_go(&mut self) {
        if let Self::File(watched, unpacked) = self {
            watched.let_archives_go();
            unpacked.look(&watched.tip());
        }
    }

    /// Whether something is under way that no event tells.
    pub(super) fn is_busy(&self) -> bool {
        matches!(self, Self::File(watched, unpacked) if watched.is_busy() || unpacked.is_busy())
    }

    /// Whether any of its lives is decoded.
    pub(super) fn is_packed(&self) -> bool {
        matches!(self, Self::File(_, unpacked) if unpacked.is_packed())
    }

    /// How often reading has failed in a row.
    pub(super) fn failures(&self) -> u32 {
        match self {
            Self::File(watched, _) => watched.failures(),
            Self::Stdin(piped) => piped.failures(),
        }
    }
}
