//! What a follower sees of its file, with compressed lives decoded.
//!
//! Below is the path as [`super::watched`] follows it, compressed bytes and all; this lays decoded lives over those, one
//! for one and with their numbers. So rotation, truncation and growth are found out in one place. A life that was rotated
//! away is decoded to its end before the next one is current.

use std::io;
use std::sync::Arc;

use taillight::line::ByteOffset;
use taillight::wire::FileState;

use super::{Epoch, Notice, TailTip};
use crate::read::end_of_lines;
use crate::source::packed::MAGIC_BYTES;
use crate::source::{Archives, Packed, Source as _, is_gone};
use crate::tasks::Tasks;

/// The lives of a path, decoded where they are compressed.
#[derive(Debug)]
pub(super) struct Unpacked {
    archives: Archives,
    tasks: Tasks,
    lives: Vec<Life>,
    epochs: Arc<[Arc<Epoch>]>,
    notices: Mapped,
}

/// A life below, and what readers see of it.
#[derive(Debug)]
struct Life {
    below: Arc<Epoch>,
    shown: Arc<Epoch>,
    packed: Option<Decoding>,
    /// Whether it is known if it is compressed: a file that is too short to tell may still become it.
    is_known: bool,
}

#[derive(Debug)]
struct Decoding {
    packed: Arc<Packed>,
    len: ByteOffset,
    complete: ByteOffset,
}

/// Notices with their places in what is decoded.
#[derive(Debug)]
struct Mapped {
    below: Arc<[Notice]>,
    shown: Arc<[Notice]>,
}

impl Unpacked {
    /// Nothing seen yet.
    pub(super) fn new(archives: Archives, tasks: Tasks) -> Self {
        let notices = Mapped { below: Arc::from([]), shown: Arc::from([]) };
        Self { archives, tasks, lives: Vec::new(), epochs: Arc::from([]), notices }
    }

    /// Looks what became of the path. Blocks.
    pub(super) fn look(&mut self, below: &TailTip) {
        self.lives.retain(|life| below.epochs.iter().any(|epoch| Arc::ptr_eq(epoch, &life.below)));
        for (at, epoch) in below.epochs.iter().enumerate() {
            let is_there = self.lives.get(at).is_some_and(|life| Arc::ptr_eq(&life.below, epoch));
            if !is_there {
                self.lives.insert(at, Life::new(epoch));
            }
        }
        for life in &mut self.lives {
            life.look(&self.archives, &self.tasks);
        }
        self.map_notices(&below.notices);
        let shown = self.lives.get(..self.n_shown()).unwrap_or_default();
        let is_same = |(life, epoch): (&Life, &Arc<Epoch>)| Arc::ptr_eq(&life.shown, epoch);
        if shown.len() != self.epochs.len() || !shown.iter().zip(&*self.epochs).all(is_same) {
            self.epochs = shown.iter().map(|life| Arc::clone(&life.shown)).collect();
        }
    }

    /// What is known now, of a path that is `below`.
    pub(super) fn tip(&self, below: TailTip) -> TailTip {
        let Some(life) = self.n_shown().checked_sub(1).and_then(|at| self.lives.get(at)) else { return below };
        let epochs = Arc::clone(&self.epochs);
        let notices = Arc::clone(&self.notices.shown);
        match &life.packed {
            None => TailTip { epochs, notices, ..below },
            Some(decoding) => TailTip {
                epochs,
                notices,
                len: decoding.len,
                complete: decoding.complete,
                state: match below.state {
                    FileState::Live => FileState::Packed(decoding.packed.state()),
                    other => other,
                },
            },
        }
    }

    /// Whether something is being decoded.
    pub(super) fn is_busy(&self) -> bool {
        self.lives.iter().any(Life::is_busy)
    }

    /// Whether any life is decoded.
    pub(super) fn is_packed(&self) -> bool {
        self.lives.iter().any(|life| life.packed.is_some())
    }

    /// How many lives readers see: up to the first that is to be decoded to its end.
    fn n_shown(&self) -> usize {
        let unfinished = self.lives.iter().position(|life| life.is_over_below() && life.shown.ended.get().is_none());
        unfinished.map_or(self.lives.len(), |at| at + 1)
    }

    /// Places below are of compressed bytes: what happened there stands after what is decoded so far.
    fn map_notices(&mut self, below: &Arc<[Notice]>) {
        if Arc::ptr_eq(&self.notices.below, below) {
            return;
        }
        let known = self.notices.shown.last().map_or(0, |notice| notice.seq);
        let place = |notice: &Notice| match self.notices.shown.iter().find(|shown| shown.seq == notice.seq) {
            Some(shown) if notice.seq <= known => *shown,
            _ => {
                let life = self.lives.iter().find(|life| life.shown.generation == notice.generation);
                let decoding = life.and_then(|life| life.packed.as_ref());
                Notice { at: decoding.map_or(notice.at, |decoding| decoding.complete), ..*notice }
            }
        };
        let shown = below.iter().map(place).collect();
        self.notices = Mapped { below: Arc::clone(below), shown };
    }
}

impl Life {
    fn new(below: &Arc<Epoch>) -> Self {
        Self { below: Arc::clone(below), shown: Arc::clone(below), packed: None, is_known: false }
    }

    fn look(&mut self, archives: &Archives, tasks: &Tasks) {
        if !self.is_known {
            self.find_out(archives, tasks);
        }
        let Some(decoding) = &mut self.packed else { return };
        // Before the length: what is over then has its last bytes.
        let is_over = !decoding.packed.look();
        if decoding.grow().is_err() {
            return;
        }
        self.shown.grow_to(decoding.len);
        if is_over && self.below.ended.get().is_some() && self.shown.ended.get().is_none() {
            self.shown.end(decoding.len);
        }
    }

    fn find_out(&mut self, archives: &Archives, tasks: &Tasks) {
        let source = &self.below.source;
        // Before it is looked at: it may grow meanwhile.
        let is_enough = source.len().is_ok_and(|len| len.get() >= MAGIC_BYTES as u64) || source.is_cut();
        let opened = match source.stored() {
            Some(_) => Ok(None),
            None => archives.open(Arc::clone(source), tasks),
        };
        match opened {
            Ok(Some(packed)) => {
                let shown = Epoch::new(self.below.generation, Arc::clone(&packed) as _, self.below.began);
                self.shown = Arc::new(shown);
                self.packed = Some(Decoding { packed, len: ByteOffset::ZERO, complete: ByteOffset::ZERO });
                self.is_known = true;
            }
            Ok(None) => self.is_known = is_enough,
            Err(error) => self.is_known = is_gone(&error),
        }
    }

    fn is_over_below(&self) -> bool {
        self.packed.is_some() && self.below.ended.get().is_some()
    }

    fn is_busy(&self) -> bool {
        self.packed.as_ref().is_some_and(|decoding| decoding.packed.look())
    }
}

impl Decoding {
    fn grow(&mut self) -> io::Result<()> {
        let source = &*self.packed;
        let len = source.len()?;
        if len > self.len {
            self.complete = end_of_lines(source, self.len, len)?.unwrap_or(self.complete);
            self.len = len;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
