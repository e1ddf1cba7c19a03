//! What viewers in step share: the next lines or rows of one life of a file, read and encoded once.
//!
//! A hit is what another viewer read at the same place, with the markers of that moment: it counts only for those whose
//! last line is the one that stood before it then, as a read of their own would (`pull`). It is as old as the other's
//! read, which is all that "live" says. Who has no marker yet reads for itself: nothing ties an older read to what it
//! was sent before.
//!
//! A cache, and no more: what is not held is read again. At most [`MAX_BYTES`], and nothing older than [`MAX_AGE`].

use std::collections::{HashMap, VecDeque};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use taillight::ansi::Style;
use taillight::cursor::{Generation, Marker};
use taillight::line::{ByteOffset, LineCount, LineNo};
use taillight::wire::{Frame, FrameFlags, FrameKind, Tip};
use tokio::sync::OnceCell;

use crate::read::Chunk;
use crate::scan::Filter;
use crate::scan::page::SparsePage;

/// What one life of a file holds at most, in bytes.
const MAX_BYTES: usize = 1024 * 1024;

/// How long anything is held: longer than viewers in step take.
const MAX_AGE: Duration = Duration::from_secs(1);

/// What one entry costs besides its bytes, as far as the limit goes.
const ENTRY_BYTES: usize = 256;

/// How many counts are held: those of the last moments.
const MAX_COUNTS: usize = 16;

/// How many encodings of one page of rows are held: viewers in step have one.
const MAX_ENCODINGS: usize = 4;

/// What viewers of one life of a file share.
#[derive(Debug, Default)]
pub struct SharedFrames {
    entries: Mutex<Entries>,
    counts: Mutex<VecDeque<(CountKey, Arc<OnceCell<Counted>>)>>,
    tip: Mutex<Option<(Tip, Bytes)>>,
}

#[derive(Debug, Default)]
struct Entries {
    by_key: HashMap<Key, Arc<Entry>>,
    /// Oldest first.
    order: VecDeque<(Instant, Key, usize)>,
    n_bytes: usize,
}

/// What two viewers must have in common to get the same frame.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    /// Where it begins.
    pub(super) from: ByteOffset,
    /// The look that the first line starts with.
    pub(super) style: Style,
    /// How much of a line is shown, in bytes.
    pub(super) line_bytes: usize,
    /// The filter with its context, and the number of the line at the place where it is known.
    pub(super) filter: Option<(FilterKey, u32, Option<LineNo>)>,
    /// Whether nothing more comes in this life: then what waited for more is settled.
    pub(super) is_ended: bool,
    /// The unfinished line that ends there for now, and not the finished ones before it.
    pub(super) unfinished: Option<ByteOffset>,
}

/// What two viewers must have in common to get the same count: where it begins and ends, and what is counted.
pub(super) type CountKey = (ByteOffset, ByteOffset, Option<FilterKey>);

/// A number of lines, and how far they were counted.
pub(super) type Counted = (LineCount, ByteOffset);

/// A filter, as far as it is the same one.
#[derive(Clone, Debug)]
pub(super) struct FilterKey(pub(super) Filter);

/// One frame, made or being made: whoever comes first makes it, and the others wait.
#[derive(Debug)]
struct Entry {
    /// How far the file went when it was made.
    limit: ByteOffset,
    made: OnceCell<Made>,
}

/// What was read.
#[derive(Clone, Debug)]
pub(super) enum Made {
    /// Lines.
    Lines(Arc<SharedLines>),
    /// Rows that a filter shows, and what stood before them.
    Rows(Arc<SharedRows>, Marker),
}

/// Lines that several viewers may be sent.
#[derive(Debug)]
pub struct SharedLines {
    /// The lines.
    pub chunk: Chunk,
    /// The look after them.
    pub style_after: Style,
    line_bytes: usize,
    /// As a live frame, and how many bytes of lines it holds.
    encoded: OnceLock<(Bytes, usize)>,
}

/// Rows that several viewers may be sent.
#[derive(Debug)]
pub struct SharedRows {
    /// The rows, and what they cover.
    pub page: SparsePage,
    /// As frames, by where they begin.
    encoded: Mutex<Vec<(ByteOffset, Bytes)>>,
}

impl SharedFrames {
    /// What stands at `key`, made by `make` unless another has made it or is making it; whether it was another. `limit` is
    /// how far the file goes now: what went no further than the place itself is made again when there is more.
    ///
    /// # Errors
    /// As `make`.
    pub(super) async fn get<F>(&self, key: Key, limit: ByteOffset, make: F) -> io::Result<(Made, bool)>
    where
        F: Future<Output = io::Result<Made>>,
    {
        let entry = self.entry(&key, limit);
        let mut is_shared = true;
        let made = entry.made.get_or_try_init(|| {
            is_shared = false;
            make
        });
        let made = made.await?.clone();
        if !is_shared {
            self.entries().grew(&key, made.n_bytes());
        }
        Ok((made, is_shared))
    }

    /// How many lines `key` asks for, counted by `count` unless another has counted them or is doing it.
    pub(super) async fn count<F>(&self, key: CountKey, count: F) -> io::Result<Counted>
    where
        F: Future<Output = io::Result<Counted>>,
    {
        let cell = {
            let mut counts = self.counts();
            match counts.iter().rev().find(|(of, _)| *of == key) {
                Some((_, cell)) => Arc::clone(cell),
                None => {
                    if counts.len() == MAX_COUNTS {
                        counts.pop_front();
                    }
                    let cell = Arc::<OnceCell<Counted>>::default();
                    counts.push_back((key, Arc::clone(&cell)));
                    cell
                }
            }
        };
        cell.get_or_try_init(|| count).await.copied()
    }

    /// What `key` asks for, where it was counted already.
    pub(super) fn counted(&self, key: &CountKey) -> Option<Counted> {
        self.counts().iter().rev().find(|(of, _)| of == key)?.1.get().copied()
    }

    fn counts(&self) -> MutexGuard<'_, VecDeque<(CountKey, Arc<OnceCell<Counted>>)>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The text of these counters, made by `make` unless they are the same as the last ones.
    pub fn tip_text(&self, tip: &Tip, make: impl FnOnce() -> Option<Bytes>) -> Option<Bytes> {
        let mut held = self.tip.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, text)) = held.as_ref().filter(|(of, _)| of == tip) {
            return Some(text.clone());
        }
        let text = make()?;
        *held = Some((*tip, text.clone()));
        Some(text)
    }

    /// What is held at `key`, if it goes further than the place itself.
    pub(super) fn held(&self, key: &Key) -> Option<Made> {
        let entries = self.entries();
        let made = entries.by_key.get(key)?.made.get()?;
        (made.end() > key.from).then(|| made.clone())
    }

    /// Lets go of what is too old to be of use.
    pub fn expire(&self) {
        self.entries().expire();
    }

    fn entry(&self, key: &Key, limit: ByteOffset) -> Arc<Entry> {
        let mut entries = self.entries();
        if let Some(held) = entries.by_key.get(key).filter(|held| held.limit == limit || held.has_more_than(key.from)) {
            return Arc::clone(held);
        }
        entries.expire();
        let entry = Arc::new(Entry { limit, made: OnceCell::new() });
        entries.remove(key);
        entries.by_key.insert(key.clone(), Arc::clone(&entry));
        entries.order.push_back((Instant::now(), key.clone(), ENTRY_BYTES));
        entries.n_bytes += ENTRY_BYTES;
        entry
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many bytes are held.
    #[cfg(test)]
    fn n_bytes(&self) -> usize {
        self.entries().n_bytes
    }
}

impl Entries {
    fn expire(&mut self) {
        while self.order.front().is_some_and(|(since, ..)| self.n_bytes > MAX_BYTES || since.elapsed() > MAX_AGE) {
            if let Some((_, key, n_bytes)) = self.order.pop_front() {
                self.by_key.remove(&key);
                self.n_bytes -= n_bytes;
            }
        }
    }

    fn remove(&mut self, key: &Key) {
        if self.by_key.remove(key).is_some()
            && let Some(idx) = self.order.iter().position(|(_, of, _)| of == key)
            && let Some((_, _, n_bytes)) = self.order.remove(idx)
        {
            self.n_bytes -= n_bytes;
        }
    }

    /// An entry has its bytes now, unless it was let go meanwhile.
    fn grew(&mut self, key: &Key, n_bytes: usize) {
        if let Some((_, _, counted)) = self.order.iter_mut().rev().find(|(_, of, _)| of == key) {
            *counted += n_bytes;
            self.n_bytes += n_bytes;
        }
        self.expire();
    }
}

impl Entry {
    /// Whether it goes further than where it begins, or may yet: it is being made.
    fn has_more_than(&self, from: ByteOffset) -> bool {
        self.made.get().is_none_or(|made| made.end() > from)
    }
}

impl Made {
    /// What stood before it when it was read.
    pub(super) fn before(&self) -> Marker {
        match self {
            Self::Lines(lines) => lines.chunk.before,
            Self::Rows(_, before) => *before,
        }
    }

    /// Where it ends.
    pub(super) fn end(&self) -> ByteOffset {
        match self {
            Self::Lines(lines) => lines.chunk.end,
            Self::Rows(rows, _) => rows.page.end,
        }
    }

    /// As it is held: read, and once more encoded.
    fn n_bytes(&self) -> usize {
        2 * match self {
            Self::Lines(lines) => lines.chunk.payload.len(),
            Self::Rows(rows, _) => rows.page.payload.len(),
        }
    }
}

impl SharedLines {
    /// These lines, the first of which starts with the look `style`; of each, no more than `line_bytes` are shown.
    pub(super) fn new(chunk: Chunk, (style, line_bytes): (Style, usize)) -> Self {
        let style_after = super::style_after((&chunk.payload, &chunk.cuts), style, line_bytes);
        Self { style_after, line_bytes, chunk, encoded: OnceLock::new() }
    }

    /// As a live frame, encoded once, and how many bytes of lines it holds.
    pub(super) fn frame(
        &self,
        (generation, from): (Generation, ByteOffset),
        style: Style,
        unfinished: bool,
    ) -> (Bytes, usize) {
        let encode = || {
            let mut frame = Frame {
                kind: FrameKind::Live,
                flags: FrameFlags { at_start: from == ByteOffset::ZERO, at_end: false, unfinished },
                req: 0,
                generation,
                style,
                offset: from,
                end: self.chunk.end,
                first_line: None,
                cuts: self.chunk.cuts.clone(),
                sparse: None,
                payload: self.chunk.payload.clone(),
            };
            frame.shorten(self.line_bytes);
            (frame.encode(), frame.payload.len())
        };
        self.encoded.get_or_init(encode).clone()
    }
}

impl SharedRows {
    /// These rows.
    pub(super) fn new(page: SparsePage) -> Self {
        Self { page, encoded: Mutex::default() }
    }

    /// The encoded form of `frame`, which is of these rows and begins at its offset.
    pub(super) fn encode(&self, frame: &Frame) -> Bytes {
        let mut encoded = self.encoded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, bytes)) = encoded.iter().find(|(from, _)| *from == frame.offset) {
            return bytes.clone();
        }
        let bytes = frame.encode();
        if encoded.len() < MAX_ENCODINGS {
            encoded.push((frame.offset, bytes.clone()));
        }
        bytes
    }
}

impl PartialEq for FilterKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.key() == other.0.key()
    }
}

impl Eq for FilterKey {}

impl std::hash::Hash for FilterKey {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.key().hash(state);
    }
}

#[cfg(test)]
mod tests;
