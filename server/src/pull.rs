//! One reader's place in a followed file: pulls whole lines and events in stream order, from any position.
//!
//! Live, catch-up and resume are this one code: a slow reader costs its place and nothing else.
//!
//! # Why markers are compared
//!
//! A file can be truncated and grow past the reader between two looks of the follower. So a chunk counts only when what
//! stood before it, read in the same moment, is what was delivered last; otherwise it is thrown away and the follower
//! is asked to look at once.

mod counter;
mod reading;
mod shared;
mod shown;

use std::io;
use std::sync::Arc;

use taillight::ansi::{self, Style};
use taillight::cursor::{Generation, Identity, Marker};
use taillight::line::{ByteLen, ByteOffset, LineNo};
use taillight::wire::{Cut, FileEvent, MAX_LINE_BYTES};

use crate::source::{Source, is_gone};
use crate::tail::{Epoch, Follower, Notice, TailTip};
use crate::tasks::Tasks;
use reading::Verified;
use shared::Made;

pub use counter::Counter;
pub use shared::{SharedFrames, SharedLines, SharedRows};
pub use shown::{RowFilter, ShownRows};

/// A place in a followed file that moves on as it is read.
pub struct Puller {
    follower: Follower,
    generation: Generation,
    offset: ByteOffset,
    /// What stood before `offset` when it was delivered; `None` while nothing was.
    marker: Option<Marker>,
    /// The newest notice of the follower that was pulled.
    notice_seq: u64,
    /// The look that the line at `offset` starts with.
    style: Style,
    /// How much of a line is shown, in bytes.
    line_bytes: usize,
    /// Which rows are pulled; all lines without one.
    filter: Option<RowFilter>,
    /// The number of the line at `offset`, where shown rows have told it.
    line: Option<LineNo>,
}

/// What comes next in the stream.
#[derive(Debug)]
pub enum Pulled {
    /// Whole lines.
    Lines(Lines),
    /// The end of a file that is no longer written, without a line feed.
    Rest(Lines),
    /// With a filter: the rows of the next lines that it shows, perhaps none.
    Rows(ShownRows),
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
    pub lines: Arc<SharedLines>,
    /// Whether another viewer read them.
    pub is_shared: bool,
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

impl Puller {
    /// A place at `offset` of `generation`, where a line starts with the look `style`.
    pub fn new(follower: Follower, generation: Generation, offset: ByteOffset, style: Style) -> Self {
        let notice_seq = follower.tip().notices.last().map_or(0, |notice| notice.seq);
        let line_bytes = MAX_LINE_BYTES;
        Self { follower, generation, offset, marker: None, notice_seq, style, line_bytes, filter: None, line: None }
    }

    /// The same where no more than `line_bytes` of a line are shown.
    pub fn showing(self, line_bytes: usize) -> Self {
        Self { line_bytes, ..self }
    }

    /// The place.
    pub fn place(&self) -> (Generation, ByteOffset) {
        (self.generation, self.offset)
    }

    /// What the file is now.
    pub fn tip(&self) -> Arc<TailTip> {
        self.follower.tip()
    }

    /// Waits until the file is another than it was. When it is followed no more, because the server ends, it waits for
    /// ever. Nothing is lost when it is dropped before.
    pub async fn moved(&mut self) {
        if !self.follower.changed().await {
            std::future::pending::<()>().await;
        }
    }

    /// Goes to another place, where a line starts with the look `style`.
    pub fn jump(&mut self, generation: Generation, offset: ByteOffset, style: Style) {
        self.generation = generation;
        self.offset = offset;
        self.marker = None;
        self.style = style;
        self.line = None;
    }

    /// Pulls only the rows that `filter` shows from here on. The place must be one where a line starts and, with context,
    /// one that a page or a frame of that filter has ended at: set it before the jump.
    pub fn show_only(&mut self, filter: Option<RowFilter>) {
        self.filter = filter;
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

    /// The next lines, [`MAX_LIVE_BYTES`](taillight::wire::MAX_LIVE_BYTES) at most, or the next event.
    ///
    /// # Errors
    /// When the file cannot be read now; the place has not moved, so it can be tried again.
    pub async fn pull(&mut self, tasks: &Tasks) -> io::Result<Pulled> {
        let tip = self.follower.tip();
        let Some(idx) = tip.epochs.iter().position(|epoch| epoch.generation == self.generation) else {
            return self.skip_lost_generations(&tip, tasks).await;
        };
        let Some(epoch) = tip.epochs.get(idx) else { return Ok(Pulled::Idle) };
        let ended = epoch.ended.get().copied();
        let limit = ended.unwrap_or(tip.complete);
        let mut told_to = self.offset;
        if let Some(filter) = self.filter.clone().filter(|_| self.offset < limit) {
            if let Some(pulled) = self.pull_rows(tasks, epoch, limit, filter).await? {
                return Ok(pulled);
            }
            // What is not settled waits for lines that may never come; what happened is told all the same.
            told_to = limit;
        } else if self.offset < limit {
            match self.read(tasks, epoch, limit).await? {
                Verified::Read(Made::Lines(lines), is_shared) if lines.chunk.end > self.offset => {
                    return Ok(Pulled::Lines(self.advance(epoch, lines, is_shared)));
                }
                Verified::Read(..) if ended.is_some() => return self.rest(tasks, epoch, limit).await,
                Verified::Replaced if ended.is_some() => return Ok(self.gap(epoch, limit)),
                Verified::Replaced => {
                    self.follower.look();
                    return Ok(Pulled::Idle);
                }
                Verified::Read(..) => {}
            }
        }
        if let Some(event) = self.notice(&tip, told_to) {
            return Ok(Pulled::Event(event));
        }
        match (ended, tip.epochs.get(idx + 1)) {
            (Some(end), Some(next)) => {
                let lost = epoch.lost_after(self.offset);
                if lost > ByteLen::ZERO {
                    self.offset = self.offset.max(end);
                    return Ok(self.gap(epoch, self.offset + lost));
                }
                self.enter(tasks, next).await
            }
            _ => Ok(Pulled::Idle),
        }
    }

    /// What comes next where that needs no reading: another viewer has read it, or there is nothing.
    pub fn pull_now(&mut self) -> Option<Pulled> {
        let tip = self.follower.tip();
        let current = tip.epochs.last().filter(|epoch| epoch.generation == self.generation)?;
        if current.ended.get().is_some() {
            return None;
        }
        if self.offset >= tip.complete {
            let is_told = tip.notices.last().is_none_or(|notice| notice.seq <= self.notice_seq);
            return is_told.then_some(Pulled::Idle);
        }
        let marker = self.marker?;
        let made = current.frames.held(&self.key(current, None))?;
        if made.before() != marker || made.end() > tip.complete {
            return None;
        }
        Some(match made {
            Made::Lines(lines) => Pulled::Lines(self.advance(current, lines, true)),
            Made::Rows(rows, _) => Pulled::Rows(self.advance_to(rows, false, true)),
        })
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
            Verified::Read(Made::Lines(lines), is_shared) if lines.chunk.end > self.offset => {
                Ok(Some(self.lines(epoch, lines, is_shared)))
            }
            Verified::Read(..) => Ok(None),
            Verified::Replaced => {
                self.follower.look();
                Ok(None)
            }
        }
    }

    async fn rest(&mut self, tasks: &Tasks, epoch: &Arc<Epoch>, limit: ByteOffset) -> io::Result<Pulled> {
        match self.head_of_line(tasks, epoch, limit).await? {
            Verified::Read(Made::Lines(lines), is_shared) => Ok(Pulled::Rest(self.advance(epoch, lines, is_shared))),
            Verified::Read(..) => Ok(Pulled::Idle),
            Verified::Replaced => Ok(self.gap(epoch, limit)),
        }
    }

    /// The next thing that the follower noticed up to `told_to`.
    fn notice(&mut self, tip: &TailTip, told_to: ByteOffset) -> Option<Event> {
        let is_due = |notice: &&Notice| {
            notice.seq > self.notice_seq && notice.generation == self.generation && notice.at <= told_to
        };
        let notice = tip.notices.iter().find(is_due)?;
        self.notice_seq = notice.seq;
        let Notice { generation, at, unix_secs, event, .. } = *notice;
        Some(Event { generation, at, unix_secs, event, next: None })
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
        self.marker = None;
        self.line = None;
        Pulled::Event(event)
    }

    /// Goes to the start of `next`, or of the first life after it whose bytes are not gone already: those are told.
    async fn enter(&mut self, tasks: &Tasks, next: &Arc<Epoch>) -> io::Result<Pulled> {
        let tip = self.follower.tip();
        let mut lost = ByteLen::ZERO;
        for next in tip.epochs.iter().skip_while(|epoch| epoch.generation < next.generation) {
            let (event, unix_secs) = began(&tip, next).unwrap_or_else(|| (FileEvent::Rotated, unix_secs()));
            if let FileEvent::Gap { bytes } = event {
                lost = lost + bytes;
            }
            let source = Arc::clone(&next.source);
            let identity = match tasks.blocking(move || source.identity()).await {
                Ok(identity) => identity,
                Err(error) if is_gone(&error) => {
                    lost = lost + (next.ended.get().copied().unwrap_or(ByteOffset::ZERO) - ByteOffset::ZERO);
                    continue;
                }
                Err(error) => return Err(error),
            };
            let event = if lost > ByteLen::ZERO { FileEvent::Gap { bytes: lost } } else { event };
            let (generation, at) = self.place();
            self.jump(next.generation, ByteOffset::ZERO, Style::PLAIN);
            return Ok(Pulled::Event(Event {
                generation,
                at,
                unix_secs,
                event,
                next: Some((next.generation, identity)),
            }));
        }
        self.follower.look();
        Ok(Pulled::Idle)
    }

    /// The place's generation is no longer held: what it had is gone, and reading goes on in the oldest one.
    async fn skip_lost_generations(&mut self, tip: &TailTip, tasks: &Tasks) -> io::Result<Pulled> {
        let Some(oldest) = tip.epochs.first() else { return Ok(Pulled::Idle) };
        let entered = self.enter(tasks, oldest).await?;
        Ok(match entered {
            Pulled::Event(event) if !matches!(event.event, FileEvent::Gap { .. }) => {
                Pulled::Event(Event { event: FileEvent::Gap { bytes: ByteLen::ZERO }, ..event })
            }
            other => other,
        })
    }

    fn advance(&mut self, epoch: &Epoch, lines: Arc<SharedLines>, is_shared: bool) -> Lines {
        let lines = self.lines(epoch, lines, is_shared);
        self.style = lines.lines.style_after;
        self.offset = lines.lines.chunk.end;
        self.marker = Some(lines.lines.chunk.after);
        lines
    }

    fn lines(&self, epoch: &Epoch, lines: Arc<SharedLines>, is_shared: bool) -> Lines {
        Lines {
            generation: self.generation,
            style: self.style,
            from: self.offset,
            lines,
            is_shared,
            source: Arc::clone(&epoch.source),
        }
    }
}

/// How a life began. After an archive that is known from the archive: it was found when the life was there already.
fn began(tip: &TailTip, next: &Epoch) -> Option<(FileEvent, u64)> {
    let before = tip.epochs.iter().take_while(|epoch| epoch.generation < next.generation).last();
    before.and_then(|before| before.then).or(next.began)
}

impl Lines {
    /// As a live frame, and how many bytes of lines it holds; the same for everybody who is sent these lines.
    pub fn frame(&self, unfinished: bool) -> (bytes::Bytes, usize) {
        self.lines.frame((self.generation, self.from), self.style, unfinished)
    }
}

/// Where reading of an epoch ends for now.
fn readable_end(tip: &TailTip, epoch: &Epoch) -> ByteOffset {
    epoch.ended.get().copied().unwrap_or(tip.complete)
}

/// The look after the lines of `payload`, when the first one starts with `style`. What was left out of a line that is cut,
/// there or to `line_bytes`, may have ended its colour: none goes on below it.
pub fn style_after((payload, cuts): (&[u8], &[Cut]), style: Style, line_bytes: usize) -> Style {
    if style.is_plain() && memchr::memchr(0x1b, payload).is_none() {
        return style;
    }
    let (mut style, mut start, mut cuts) = (style, 0, cuts.iter().map(|cut| cut.at as usize).peekable());
    for line in payload.split(|&byte| byte == b'\n') {
        let end = start + line.len();
        // A cut at a line's start is a hole.
        while cuts.next_if(|at| *at <= start).is_some() {}
        let is_cut = cuts.next_if(|at| *at <= end).is_some() || line.len() > line_bytes;
        style = if is_cut { Style::PLAIN } else { ansi::skip_line(line, style) };
        start = end + 1;
    }
    style
}

/// The seconds since 1970, now.
pub fn unix_secs() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
