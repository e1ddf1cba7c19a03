//! One reader's place in a followed file: pulls whole lines and events in stream order, from any position.
//!
//! Live, catch-up and resume are this one code: a slow reader costs its place and nothing else.
//!
//! # Why the bytes before the place are compared
//!
//! A file can be truncated and grow past the reader between two looks of the follower. So a chunk counts only when,
//! *after* it was read, the bytes before it are still those that were delivered; otherwise it is thrown away and the
//! follower is asked to look at once.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use taillight::ansi::{self, Style};
use taillight::cursor::{Generation, Identity};
use taillight::line::{ByteLen, ByteOffset, LineCount};
use taillight::wire::{FileEvent, MAX_LINE_BYTES};

use crate::read::{self, Chunk};
use crate::source::{Source, is_gone, read_full};
use crate::tail::{Epoch, Follower, TailTip};
use crate::tasks::Tasks;

/// How many bytes before the place are compared.
const MARKER_BYTES: usize = 64;

/// A place in a followed file that moves on as it is read.
pub struct Puller {
    follower: Follower,
    generation: Generation,
    offset: ByteOffset,
    /// The bytes just before `offset` as they were delivered; empty while nothing was.
    before: Vec<u8>,
    /// The look that the line at `offset` starts with.
    style: Style,
}

/// What comes next in the stream.
#[derive(Debug)]
pub enum Pulled {
    /// Whole lines.
    Lines(Lines),
    /// The end of a file that is no longer written, without a line feed.
    Rest(Lines),
    /// Something happened here.
    Event(Event),
    /// Nothing for now: wait for the follower.
    Idle,
}

/// Lines in stream order.
#[derive(Debug)]
pub struct Lines {
    /// The generation they are of.
    pub generation: Generation,
    /// The look that the first line starts with.
    pub style: Style,
    /// Where the first line starts.
    pub from: ByteOffset,
    /// The lines.
    pub chunk: Chunk,
    /// What they were read from, for the parts of long lines that were left out.
    pub source: Arc<dyn Source>,
}

/// Something that happened to the file, in stream order.
#[derive(Debug)]
pub struct Event {
    /// The generation it ends, or is in.
    pub generation: Generation,
    /// Where in it.
    pub at: ByteOffset,
    /// When the follower noticed, in seconds since 1970.
    pub unix_secs: u64,
    /// What.
    pub event: FileEvent,
    /// The generation that begins with it.
    pub next: Option<(Generation, Identity)>,
}

/// A chunk, or the news that the file under it is another one now.
enum Verified {
    Chunk(Chunk),
    Replaced,
}

impl Puller {
    /// A place at `offset` of `generation`, where a line starts with the look `style`.
    pub fn new(follower: Follower, generation: Generation, offset: ByteOffset, style: Style) -> Self {
        Self { follower, generation, offset, before: Vec::new(), style }
    }

    /// The place.
    pub fn place(&self) -> (Generation, ByteOffset) {
        (self.generation, self.offset)
    }

    /// The follower it reads from.
    pub fn follower(&mut self) -> &mut Follower {
        &mut self.follower
    }

    /// Goes to another place, where a line starts with the look `style`.
    pub fn jump(&mut self, generation: Generation, offset: ByteOffset, style: Style) {
        self.generation = generation;
        self.offset = offset;
        self.before.clear();
        self.style = style;
    }

    /// Bytes between the place and the end, as far as the generations that are still held tell.
    pub fn behind(&self) -> ByteLen {
        let tip = self.follower.tip();
        let mut bytes = ByteLen::ZERO;
        let mut from = self.offset;
        for epoch in tip.epochs.iter().skip_while(|epoch| epoch.generation != self.generation) {
            bytes = bytes + (readable_end(&tip, epoch) - from);
            from = ByteOffset::ZERO;
        }
        bytes
    }

    /// The next lines, `max_bytes` at most, or the next event.
    ///
    /// # Errors
    /// When the file cannot be read now; the place has not moved, so it can be tried again.
    pub async fn pull(&mut self, tasks: &Tasks, max_bytes: usize) -> io::Result<Pulled> {
        let tip = self.follower.tip();
        let Some(idx) = tip.epochs.iter().position(|epoch| epoch.generation == self.generation) else {
            return self.skip_lost_generations(&tip, tasks).await;
        };
        let Some(epoch) = tip.epochs.get(idx) else { return Ok(Pulled::Idle) };
        let ended = epoch.ended.get().copied();
        let limit = ended.unwrap_or(tip.complete);
        if self.offset < limit {
            match self.read(tasks, epoch, limit, max_bytes).await? {
                Verified::Chunk(chunk) if chunk.end > self.offset => return Ok(Pulled::Lines(self.advance(epoch, chunk))),
                Verified::Chunk(_) if ended.is_some() => return self.rest(tasks, epoch, limit).await,
                Verified::Replaced if ended.is_some() => return Ok(self.gap(epoch, limit)),
                Verified::Replaced => {
                    self.follower.look();
                    return Ok(Pulled::Idle);
                }
                Verified::Chunk(_) => {}
            }
        }
        match (ended, tip.epochs.get(idx + 1)) {
            (Some(_), Some(next)) => self.enter(tasks, next).await,
            _ => Ok(Pulled::Idle),
        }
    }

    /// The unfinished last line of the current generation, when the place stands just before it: at most
    /// [`MAX_LINE_BYTES`] of it. The place does not move: the line comes again, whole.
    ///
    /// # Errors
    /// When the file cannot be read now.
    pub async fn unfinished(&mut self, tasks: &Tasks) -> io::Result<Option<Lines>> {
        let tip = self.follower.tip();
        let current = tip.epochs.last().filter(|epoch| epoch.generation == self.generation);
        let Some(epoch) = current.filter(|_| self.offset == tip.complete && tip.len > tip.complete) else {
            return Ok(None);
        };
        match self.head_of_line(tasks, epoch, tip.len).await? {
            Verified::Chunk(chunk) => Ok(Some(self.lines(epoch, chunk))),
            Verified::Replaced => {
                self.follower.look();
                Ok(None)
            }
        }
    }

    async fn read(
        &self,
        tasks: &Tasks,
        epoch: &Epoch,
        limit: ByteOffset,
        max_bytes: usize,
    ) -> io::Result<Verified> {
        let (source, from, before) = (Arc::clone(&epoch.source), self.offset, self.before.clone());
        tasks
            .blocking(move || verified(&*source, from, &before, || read::lines_from(&*source, from, limit, max_bytes)))
            .await
    }

    async fn head_of_line(&self, tasks: &Tasks, epoch: &Epoch, end: ByteOffset) -> io::Result<Verified> {
        let (source, from, before) = (Arc::clone(&epoch.source), self.offset, self.before.clone());
        tasks
            .blocking(move || {
                verified(&*source, from, &before, || {
                    let whole = end - from;
                    let head = ByteLen::new(whole.get().min(MAX_LINE_BYTES as u64));
                    let payload = read::line_bytes(&*source, from, head)?;
                    let cuts = cut_at_end(ByteLen::new(payload.len() as u64), whole);
                    Ok(Chunk { end, cuts, payload })
                })
            })
            .await
    }

    async fn rest(&mut self, tasks: &Tasks, epoch: &Arc<Epoch>, limit: ByteOffset) -> io::Result<Pulled> {
        match self.head_of_line(tasks, epoch, limit).await? {
            Verified::Chunk(chunk) => Ok(Pulled::Rest(self.advance(epoch, chunk))),
            Verified::Replaced => Ok(self.gap(epoch, limit)),
        }
    }

    /// Says that the bytes up to `limit` are gone, and goes there.
    fn gap(&mut self, epoch: &Epoch, limit: ByteOffset) -> Pulled {
        let event = Event {
            generation: epoch.generation,
            at: self.offset,
            unix_secs: unix_secs(),
            event: FileEvent::Gap { bytes: limit - self.offset },
            next: None,
        };
        self.offset = limit;
        self.before.clear();
        Pulled::Event(event)
    }

    async fn enter(&mut self, tasks: &Tasks, next: &Arc<Epoch>) -> io::Result<Pulled> {
        let source = Arc::clone(&next.source);
        let identity = tasks.blocking(move || source.identity()).await?;
        let (event, unix_secs) = next.began.unwrap_or_else(|| (FileEvent::Rotated, unix_secs()));
        let (generation, at) = self.place();
        self.jump(next.generation, ByteOffset::ZERO, Style::PLAIN);
        Ok(Pulled::Event(Event { generation, at, unix_secs, event, next: Some((next.generation, identity)) }))
    }

    /// The place's generation is no longer held: what it had is gone, and reading goes on in the oldest one.
    async fn skip_lost_generations(&mut self, tip: &TailTip, tasks: &Tasks) -> io::Result<Pulled> {
        let Some(oldest) = tip.epochs.first() else { return Ok(Pulled::Idle) };
        let entered = self.enter(tasks, oldest).await?;
        Ok(match entered {
            Pulled::Event(event) => Pulled::Event(Event { event: FileEvent::Gap { bytes: ByteLen::ZERO }, ..event }),
            other => other,
        })
    }

    fn advance(&mut self, epoch: &Epoch, chunk: Chunk) -> Lines {
        let lines = self.lines(epoch, chunk);
        self.style = style_after(&lines.chunk.payload, lines.style);
        self.offset = lines.chunk.end;
        remember(&mut self.before, &lines.chunk);
        lines
    }

    fn lines(&self, epoch: &Epoch, chunk: Chunk) -> Lines {
        Lines {
            generation: self.generation,
            style: self.style,
            from: self.offset,
            chunk,
            source: Arc::clone(&epoch.source),
        }
    }
}

/// Where reading of an epoch ends for now.
fn readable_end(tip: &TailTip, epoch: &Epoch) -> ByteOffset {
    epoch.ended.get().copied().unwrap_or(tip.complete)
}

/// The look after the lines of `payload`, when the first one starts with `style`.
pub fn style_after(payload: &[u8], style: Style) -> Style {
    if memchr::memchr(0x1b, payload).is_none() {
        return style;
    }
    payload.split(|&byte| byte == b'\n').fold(style, |style, line| ansi::skip_line(line, style))
}

/// The seconds since 1970, now.
pub fn unix_secs() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

fn cut_at_end(sent: ByteLen, whole: ByteLen) -> Vec<taillight::wire::Cut> {
    let missing = whole - sent;
    if missing == ByteLen::ZERO {
        return Vec::new();
    }
    vec![taillight::wire::Cut { at: u32::try_from(sent.get()).unwrap_or(u32::MAX), missing }]
}

/// Keeps the last bytes that were delivered; none when a cut stands so near the end that they do not adjoin.
fn remember(before: &mut Vec<u8>, chunk: &Chunk) {
    let payload: &Bytes = &chunk.payload;
    let after_cut = chunk.cuts.last().map_or(0, |cut| cut.at as usize);
    if after_cut > 0 || payload.len() >= MARKER_BYTES {
        before.clear();
    }
    let kept = payload.get(after_cut.max(payload.len().saturating_sub(MARKER_BYTES))..).unwrap_or_default();
    before.extend_from_slice(kept);
    let excess = before.len().saturating_sub(MARKER_BYTES);
    before.drain(..excess);
}

/// Reads, then looks whether the bytes before are still those that were delivered.
fn verified(
    source: &dyn Source,
    from: ByteOffset,
    before: &[u8],
    read: impl FnOnce() -> io::Result<Chunk>,
) -> io::Result<Verified> {
    match read().and_then(|chunk| Ok(still_adjoins(source, from, before, &chunk)?.then_some(chunk))) {
        Ok(Some(chunk)) => Ok(Verified::Chunk(chunk)),
        Ok(None) => Ok(Verified::Replaced),
        Err(error) if is_gone(&error) => Ok(Verified::Replaced),
        Err(error) => Err(error),
    }
}

fn still_adjoins(source: &dyn Source, from: ByteOffset, before: &[u8], chunk: &Chunk) -> io::Result<bool> {
    let mut now = [0; MARKER_BYTES];
    let now = &mut now[..before.len().min(MARKER_BYTES)];
    let n_read = read_full(source, now, from - ByteLen::new(before.len() as u64))?;
    // A file that is shorter than what was read from it has been cut since.
    Ok(n_read == before.len() && *now == *before && source.len()? >= chunk.end)
}

/// Counts the complete lines between a place and the end, going over each byte once.
pub struct Counter {
    generation: Generation,
    offset: ByteOffset,
    lines: LineCount,
}

/// How many bytes one step of counting reads at most.
const COUNT_STEP_BYTES: u64 = 8 * 1024 * 1024;

impl Counter {
    /// Counts from that place on.
    pub fn new(generation: Generation, offset: ByteOffset) -> Self {
        Self { generation, offset, lines: LineCount::ZERO }
    }

    /// The complete lines counted so far.
    pub fn lines(&self) -> LineCount {
        self.lines
    }

    /// Goes on counting; `true` when it has reached the end for now.
    ///
    /// # Errors
    /// When the file cannot be read now.
    pub async fn step(&mut self, tip: &TailTip, tasks: &Tasks) -> io::Result<bool> {
        let Some(idx) = tip.epochs.iter().position(|epoch| epoch.generation == self.generation) else {
            // The generation is gone: what is left to count starts with the oldest that is held.
            if let Some(oldest) = tip.epochs.first() {
                self.generation = oldest.generation;
                self.offset = ByteOffset::ZERO;
            }
            return Ok(tip.epochs.is_empty());
        };
        let Some(epoch) = tip.epochs.get(idx) else { return Ok(true) };
        let limit = readable_end(tip, epoch);
        if self.offset < limit {
            let to = (self.offset + ByteLen::new(COUNT_STEP_BYTES)).min(limit);
            let (source, from) = (Arc::clone(&epoch.source), self.offset);
            let fed = tasks.blocking(move || count_feeds(&*source, from, to)).await?;
            self.lines = self.lines + fed;
            self.offset = to;
            return Ok(false);
        }
        match tip.epochs.get(idx + 1).filter(|_| epoch.ended.get().is_some()) {
            Some(next) => {
                self.generation = next.generation;
                self.offset = ByteOffset::ZERO;
                Ok(false)
            }
            None => Ok(true),
        }
    }
}

fn count_feeds(source: &dyn Source, from: ByteOffset, to: ByteOffset) -> io::Result<LineCount> {
    let mut buffer = vec![0; 64 * 1024];
    let mut at = source.next_data(from)?;
    let mut feeds = 0;
    while at < to {
        let want = usize::try_from((to - at).get()).unwrap_or(usize::MAX).min(buffer.len());
        let n_read = source.read_at(&mut buffer[..want], at)?;
        if n_read == 0 {
            break;
        }
        feeds += memchr::memchr_iter(b'\n', &buffer[..n_read]).count() as u64;
        at = source.next_data(at + ByteLen::new(n_read as u64))?;
    }
    Ok(LineCount::new(feeds))
}
