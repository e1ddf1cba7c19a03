//! What the answers over matching lines share: a compiled query, and the walk over its matches piece by piece.
//!
//! Each piece is a bounded job on a blocking thread, so that pages never wait for a search; between pieces the client is
//! looked at, and when it has gone the piece that still runs is told.

use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use taillight::line::{ByteOffset, LineNo};
use taillight::query::check_pattern;

use crate::api::follow_file;
use crate::api::log_path;
use crate::api::params::Selection;
use crate::auth::Principal;
use crate::dates::Dates;
use crate::error::ApiError;
use crate::export::{Exporter, Format, Lines, MAX_LINE_BYTES, Numbers, Row};
use crate::index::BLOCK_BYTES;
use crate::scan::{BadQuery, Budget, Filter, Hit, has_regex, hits_down, hits_up};
use crate::state::AppState;
use crate::tail::{Epoch, Follower};
use crate::tasks::Tasks;

/// How long a piece of work may take.
const PIECE_TIME: Duration = Duration::from_millis(100);

/// How much a piece of work may look at, in bytes.
const PIECE_SCAN_BYTES: u64 = 64 * 1024 * 1024;

/// How much a piece of the answer holds, about, in bytes.
pub(super) const PIECE_BYTES: usize = 256 * 1024;

/// Compiles what a request selects, off the runtime's threads.
///
/// # Errors
/// [`ApiError::BadQuery`].
pub(super) async fn compile(state: &AppState, Selection { q, narrow }: Selection) -> Result<Filter, ApiError> {
    let compiled = match check_pattern(&q, state.facts.pattern_bytes) {
        Ok(()) => state.tasks.compiling(has_regex(&q), move || Filter::narrowed(&q, &narrow)).await,
        Err(wrong) => Err(wrong.into()),
    };
    compiled.map_err(|BadQuery { position, detail }| ApiError::BadQuery { position, detail })
}

/// Opens and follows the log that a request names.
///
/// # Errors
/// When it cannot be opened.
pub(super) async fn opened(
    state: &AppState,
    who: Principal,
    uri: &axum::http::Uri,
    prefix: &str,
) -> Result<Follower, ApiError> {
    let path = log_path(state, uri, prefix)?;
    follow_file(state, who, path).await
}

/// The matches of a file, walked in pieces. Dropping it ends a piece that runs.
pub(super) struct Walk {
    tasks: Tasks,
    epoch: Arc<Epoch>,
    filter: Filter,
    /// The length when the answer began.
    end: ByteOffset,
    cancelled: Arc<AtomicBool>,
}

/// Writes what a walk finds.
pub(super) struct Writer {
    format: Format,
    exporter: Exporter,
    lines: Lines,
    numbers: Option<Numbers>,
    /// Whether it knows how the times of the file are told.
    has_dates: bool,
}

/// One piece of an answer.
pub(super) struct Piece {
    /// The rows that were written.
    pub(super) bytes: Vec<u8>,
    /// How many.
    pub(super) rows: u64,
    /// Where the next piece begins.
    pub(super) next: ByteOffset,
    /// The rest of a line that is too long for a piece: its bytes are to be sent as they are.
    pub(super) rest: Option<(ByteOffset, ByteOffset)>,
}

/// What one piece is to find.
#[derive(Clone, Copy, Debug)]
pub(super) struct Want {
    /// A line's start.
    pub(super) from: ByteOffset,
    /// How many rows at most.
    pub(super) rows: u64,
}

impl Walk {
    pub(super) fn new(tasks: Tasks, epoch: Arc<Epoch>, filter: Filter, end: ByteOffset) -> Self {
        Self { tasks, epoch, filter, end, cancelled: Arc::default() }
    }

    pub(super) fn tasks(&self) -> &Tasks {
        &self.tasks
    }

    pub(super) fn epoch(&self) -> &Arc<Epoch> {
        &self.epoch
    }

    pub(super) fn end(&self) -> ByteOffset {
        self.end
    }

    /// Goes on from `want.from`; gives the writer back with what it has written.
    ///
    /// # Errors
    /// When the file cannot be read, or was cut under the answer.
    pub(super) async fn down(&self, writer: Writer, want: Want) -> io::Result<(Writer, Piece)> {
        let (epoch, filter, end, budget) = (Arc::clone(&self.epoch), self.filter.clone(), self.end, self.budget());
        self.tasks
            .blocking(move || {
                let mut writer = writer;
                let piece = writer.piece(&epoch, &filter, (want, end), &budget)?;
                Ok((writer, piece))
            })
            .await
    }

    /// Where the matches start that are before `from`, the nearest first, at most `rows`; and down to where it was
    /// looked.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(super) async fn up(&self, from: ByteOffset, rows: u64) -> io::Result<(Vec<ByteOffset>, ByteOffset)> {
        let (epoch, filter, budget) = (Arc::clone(&self.epoch), self.filter.clone(), self.budget());
        let search = move || {
            let mut starts = Vec::new();
            let mut on_hit = |hit: Hit| {
                starts.push(hit.start);
                if starts.len() as u64 >= rows { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            };
            let reached = hits_up(&*epoch.source, &filter, None, ByteOffset::ZERO..from, &budget, &mut on_hit)?;
            Ok((starts, reached))
        };
        self.tasks.blocking(search).await
    }

    fn budget(&self) -> Budget {
        let until = Instant::now() + PIECE_TIME;
        Budget::new(PIECE_SCAN_BYTES).until(until).cancelled_by(Arc::clone(&self.cancelled))
    }
}

impl Drop for Walk {
    fn drop(&mut self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }
}

impl Writer {
    /// Writes in `format`, in file order.
    pub(super) fn new(format: Format) -> Self {
        let numbers = Some(Numbers::default());
        let exporter = Exporter::new(format, None);
        Self { format, exporter, lines: Lines::default(), numbers, has_dates: false }
    }

    /// What stands before and after all rows.
    pub(super) fn frame(&self, title: &str) -> (Vec<u8>, Vec<u8>) {
        let (mut head, mut foot) = (Vec::new(), Vec::new());
        self.exporter.head(title, &mut head);
        self.exporter.foot(&mut foot);
        (head, foot)
    }

    fn piece(
        &mut self,
        epoch: &Epoch,
        filter: &Filter,
        (want, end): (Want, ByteOffset),
        budget: &Budget,
    ) -> io::Result<Piece> {
        let mut piece = Piece { bytes: Vec::new(), rows: 0, next: want.from, rest: None };
        if !self.has_dates && matches!(self.format, Format::Json | Format::Csv) {
            self.exporter.set_dates(Dates::of(&*epoch.source)?);
            self.has_dates = true;
        }
        let mut failed = None;
        let mut is_full = false;
        let mut on_hit = |hit: Hit| {
            if let Err(error) = self.write(epoch, hit, end, &mut piece) {
                failed = Some(error);
                return ControlFlow::Break(());
            }
            is_full = piece.rows >= want.rows || piece.bytes.len() >= PIECE_BYTES || piece.rest.is_some();
            if is_full { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let reached = hits_down(&*epoch.source, filter, None, want.from..end, budget, &mut on_hit)?;
        if let Some(error) = failed {
            return Err(error);
        }
        if !is_full {
            piece.next = reached;
        }
        Ok(piece)
    }

    fn write(&mut self, epoch: &Epoch, hit: Hit, end: ByteOffset, piece: &mut Piece) -> io::Result<()> {
        let source = &*epoch.source;
        let is_long = (hit.end - hit.start).get() > MAX_LINE_BYTES;
        piece.rows += 1;
        piece.next = hit.end;
        if is_long && self.format == Format::Raw {
            piece.rest = Some((hit.start, hit.end));
            return Ok(());
        }
        let line = self.number(epoch, hit)?;
        let bytes = self.lines.read(source, (hit.start, hit.end), end)?;
        self.exporter.row(&Row { line, offset: hit.start, end: hit.end, bytes }, &mut piece.bytes);
        Ok(())
    }

    /// The number of a line; `None` where the index has not come that far.
    fn number(&mut self, epoch: &Epoch, hit: Hit) -> io::Result<Option<LineNo>> {
        if !matches!(self.format, Format::Json | Format::Csv) {
            return Ok(None);
        }
        // The index reads a block for each answer: not more than counting on from the last line.
        let is_near = |numbers: &Numbers| (hit.start - numbers.at()).get() <= BLOCK_BYTES;
        if !self.numbers.as_ref().is_some_and(is_near) {
            self.numbers = epoch.index.rank(hit.start).map(|before| Numbers::new(hit.start, before));
        }
        let Some(numbers) = &mut self.numbers else { return Ok(None) };
        let line = numbers.of(&*epoch.source, hit.start)?;
        if hit.finished {
            numbers.passed(hit.end);
        }
        Ok(Some(line))
    }
}
