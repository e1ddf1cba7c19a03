//! What the files beside a log tell of the time between two looks: copies of what was truncated, and lives that came and
//! went unseen.
//!
//! # Why names, times and bytes
//! That a file is a copy, its bytes tell: head, what stood before every earlier end. Two starts of a program can write
//! the same few lines, so a copy must also be no older than the life. A life that came and went was never seen, so
//! nothing of it can be compared: it has a name that rotation gives, was born after the last look, and is no copy of
//! what is known.

use std::collections::VecDeque;
use std::sync::Arc;

use taillight::line::ByteOffset;

use super::life::Life;
use super::seen::{is_same_file, is_start_of};
use crate::catalog::{FileStat, LogFile, Sibling};
use crate::source::{LocalFile, Source, read_full};

/// How many files that were shown already are remembered.
const MAX_KNOWN: usize = 256;

/// How many candidates are opened at most.
const MAX_OPENED: usize = 64;

/// How compressed files begin: gzip, zstd, xz, bzip2.
const PACKED: [&[u8]; 4] = [b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ", b"BZh"];

/// Remembers what was shown, so that nothing is shown twice.
#[derive(Debug, Default)]
pub(super) struct Beside {
    known: VecDeque<FileStat>,
}

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The longest copy of the life that was asked about.
    pub(super) copy: Option<Arc<LogFile>>,
    /// Lives that came after it and went, oldest first.
    pub(super) between: Vec<Arc<LogFile>>,
    /// Whether there are such lives that cannot be read, because they were compressed.
    pub(super) is_packed: bool,
}

/// What is looked for.
#[derive(Debug)]
pub(super) struct Question<'a> {
    /// The newest life that was seen.
    pub(super) life: &'a Life,
    /// What has its place now: a copy of that which is being made is none of the past.
    pub(super) present: &'a LocalFile,
    /// Whether its file has the name.
    pub(super) has_name: bool,
    /// What has the name, where that is another file.
    pub(super) named: Option<&'a LocalFile>,
    /// Whether it was truncated; otherwise it lost its name.
    pub(super) is_cut: bool,
    /// When the life was looked at last, as the file system counts time.
    pub(super) looked_ns: u64,
}

struct Candidate {
    sibling: Sibling,
    source: LocalFile,
}

impl Beside {
    /// This file is shown: it is no news.
    pub(super) fn note(&mut self, stat: &FileStat) {
        if self.is_known(stat) {
            return;
        }
        if self.known.len() == MAX_KNOWN {
            self.known.pop_front();
        }
        self.known.push_back(*stat);
    }

    /// Looks through the siblings. What cannot be read is not found. Blocks.
    pub(super) fn search(&mut self, question: &Question<'_>) -> Found {
        let log = question.life.local.file();
        let Ok(siblings) = log.siblings() else { return Found::default() };
        let own = siblings.iter().find(|sibling| is_same_file(&sibling.stat, &question.life.stat)).cloned();
        let fresh = siblings.into_iter().filter(|sibling| {
            let stat = &sibling.stat;
            let is_of_life = stat.born_ns > 0 && stat.born_ns >= question.life.since_ns.min(question.looked_ns);
            stat.len > 0 && (is_of_life || stat.modified_ns >= question.looked_ns) && !self.is_known(stat)
        });
        let opened = fresh.take(MAX_OPENED).filter_map(|sibling| {
            let source = LocalFile::new(Arc::new(log.open_older(&sibling).ok()?)).ok()?;
            Some(Candidate { sibling, source })
        });
        let (copies, others): (Vec<_>, Vec<_>) =
            opened.partition(|candidate| question.life.seen.agrees_with(&candidate.source).unwrap_or(false));
        for copy in &copies {
            self.note(&copy.sibling.stat);
        }
        let mut found = Found::default();
        if question.is_cut {
            let longest = copies.iter().max_by_key(|copy| copy.source.len().unwrap_or(ByteOffset::ZERO));
            found.copy = longest.map(|copy| Arc::clone(copy.source.file()));
        }
        let own = own.filter(|_| question.is_cut);
        if question.is_cut && !question.has_name && own.is_none() {
            // Copies of this file and files that came after it cannot be told apart: they are looked for as the latter.
            return found;
        }
        let mut between = self.unseen(others, question, own.as_ref());
        found.is_packed = between.iter().any(|candidate| is_packed(&candidate.source));
        between.retain(|candidate| !is_packed(&candidate.source));
        found.between = between.into_iter().map(|candidate| Arc::clone(candidate.source.file())).collect();
        found
    }

    /// The lives among the candidates, oldest first.
    fn unseen(&mut self, mut others: Vec<Candidate>, question: &Question<'_>, own: Option<&Sibling>) -> Vec<Candidate> {
        others.retain(|candidate| {
            let sibling = &candidate.sibling;
            sibling.is_archive
                && sibling.stat.born_ns > 0
                && sibling.stat.born_ns >= question.looked_ns
                // What got its name after this file lost its own came after it.
                && own.is_none_or(|own| sibling.cmp_age(own).is_lt())
                && !is_start_of(&candidate.source, question.present).unwrap_or(true)
                && !question.named.is_some_and(|named| is_start_of(&candidate.source, named).unwrap_or(true))
        });
        for candidate in &others {
            self.note(&candidate.sibling.stat);
        }
        Sibling::sort_by_age(&mut others, |candidate| &candidate.sibling);
        let mut lives: Vec<Candidate> = Vec::new();
        for candidate in others {
            let is_again = |life: &Candidate| is_start_of(&candidate.source, &life.source).unwrap_or(false);
            if lives.iter().any(is_again) {
                continue;
            }
            lives.retain(|life| !is_start_of(&life.source, &candidate.source).unwrap_or(false));
            lives.push(candidate);
        }
        lives
    }

    fn is_known(&self, stat: &FileStat) -> bool {
        self.known.iter().any(|known| is_same_file(known, stat))
    }
}

fn is_packed(source: &dyn Source) -> bool {
    let mut head = [0; 6];
    let read = read_full(source, &mut head, ByteOffset::ZERO).unwrap_or(0);
    PACKED.iter().any(|magic| head.get(..read).is_some_and(|head| head.starts_with(magic)))
}
