//! The first screen of a file: the page of lines at the place that the link says, in O(page) whatever the file's size;
//! with a filter, those that a bounded search finds there.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use app::boot::{FileScreen, Filtering, Landed, ReaderLinks, RefusedTerm};
use taillight::cursor::{Anchor, Cursor};
use taillight::line::{ByteLen, ByteOffset, LineCount};
use taillight::view::{FileView, Place, ViewState};
use taillight::wire::{Frame, FrameKind, FrameRow, MAX_PAGE_BYTES, Tip};
use tokio::time::Instant;

use crate::auth::Principal;
use crate::catalog::OpenError;
use crate::dates;
use crate::error::ApiError;
use crate::read::{self, PageWant};
use crate::scan::moment;
use crate::scan::page::{self, Work};
use crate::source::is_gone;
use crate::state::AppState;
use crate::tail::TailTip;
use crate::ws::search::{Refusal, Search};

/// Rows of a page at the end.
const ROWS_AT_END: u32 = 200;

/// Rows before the place that a link names, to see what led to it.
const ROWS_BEFORE: u32 = 20;

/// Rows from the place on.
const ROWS_AFTER: u32 = 200;

/// How long a line number may wait for the index. Past that the furthest counted line is shown; the page goes on when
/// its program runs.
const WAIT_FOR_LINE: Duration = Duration::from_millis(200);

/// How much of a file a filtered first screen looks through: it says when that was not enough.
const WORK: Work = Work { bytes: 64 << 20, time: Duration::from_millis(200), enough: Duration::from_millis(200) };

/// The same for the place of the older page.
const WORK_FOR_OLDER: Work =
    Work { bytes: 32 << 20, time: Duration::from_millis(100), enough: Duration::from_millis(100) };

/// How long a first screen waits for counts to be complete. Past that they are told as they are: "at least".
const WAIT_FOR_COUNTS: Duration = Duration::from_millis(50);

/// How long a first screen waits for a compressed file to be decoded up to its place. Past that the place is where
/// decoding has come to, and the state says so.
const WAIT_FOR_DECODING: Duration = Duration::from_millis(500);

/// Why there is no first screen.
#[derive(Debug)]
pub enum Failure {
    /// The file is not open.
    Open(OpenError),
    /// It was cut while it was read: the next try sees what it is now.
    Changed,
    /// It cannot be read.
    Read(io::Error),
}

/// The first screen of `view`, for `who`.
///
/// # Errors
/// Why there is none.
pub async fn screen(state: &AppState, who: &Principal, view: &FileView) -> Result<FileScreen, Failure> {
    let (catalog, who, path) = (state.catalog.clone(), who.clone(), view.path.clone());
    let tails = state.tails.clone();
    let follow = move || catalog.open(&who, &path).map_err(Failure::Open).and_then(|file| Ok(tails.follow(file)?));
    let mut follower = state.tasks.blocking(follow).await?;
    follower.decoded(reach(view.anchor()), Instant::now() + WAIT_FOR_DECODING).await;
    let tip = follower.tip();
    if let Anchor::Line(line) = view.anchor() {
        tip.current().index.wait_for(Some(line), Instant::now() + WAIT_FOR_LINE).await;
    }
    let ground = (state.tasks.clone(), Arc::clone(&tip.current().source), state.facts.pattern_bytes);
    let (mut search, refused) = Search::of_link(view.shown_rows(), Some(view.find.clone()), ground).await;
    search.hold_views(&tip, state.facts.rations, &state.tasks);
    let (search, wanted, seen) = (Arc::new(search), view.clone(), Arc::clone(&tip));
    let (reader, line_bytes) = (Arc::clone(&search), state.facts.line_bytes);
    let drawn = state.tasks.blocking(move || draw(&seen, &wanted, &reader, line_bytes)).await?;
    search.wait(Instant::now() + WAIT_FOR_COUNTS).await;
    Ok(in_full(&tip, view, drawn, (&search, refused)))
}

/// How far a file must be decoded for a page at that place; `None` for all of it.
fn reach(at: Anchor) -> Option<ByteOffset> {
    let page = ByteLen::new(MAX_PAGE_BYTES as u64);
    match at {
        Anchor::Start => Some(ByteOffset::ZERO + page),
        Anchor::Byte(place) => Some(place + page),
        Anchor::Line(_) | Anchor::End | Anchor::Time(_) => None,
    }
}

/// The rows of a first screen, and what goes with them.
struct Drawn {
    frame: Frame,
    cursor: Cursor,
    /// Whether the rows that were wanted were all found; `None` without a filter.
    is_full: Option<bool>,
    landed: Option<Landed>,
    links: ReaderLinks,
    rows_html: String,
}

/// Reads the rows (blocking).
fn draw(tip: &TailTip, view: &FileView, search: &Search, line_bytes: usize) -> Result<Drawn, Failure> {
    let epoch = tip.current();
    let landed = land(tip, view.anchor())?;
    let at = landed.map_or(view.anchor(), |landed| Anchor::Byte(landed.at));
    let (before, after) = if at == Anchor::End { (ROWS_AT_END, 0) } else { (ROWS_BEFORE, ROWS_AFTER) };
    let want = PageWant { at, before, after, max_bytes: MAX_PAGE_BYTES };
    let (whole, is_full) = read_rows(tip, search, &want, WORK)?;
    let unfinished = whole.rows().last().filter(|row| !row.finished);
    let complete = unfinished.map_or(whole.end, |row| row.offset);
    let marker = read::marker_at(epoch.source.as_ref(), complete)?;
    let mut frame = whole.clone();
    frame.shorten(line_bytes);
    // What is found in a line may stand in what is not shown of it.
    let mut rows = whole.rows();
    let is_match = |row: FrameRow<'_>| search.term().is_some_and(|term| term.is_match(row.offset, row.bytes));
    let mut is_hit = |_: &FrameRow<'_>| rows.next().is_some_and(is_match);
    let with_gaps = search.filter().is_some() && view.ctx > 0;
    Ok(Drawn {
        cursor: epoch.cursor(complete, marker)?,
        is_full,
        landed,
        links: links(tip, view, search, &frame)?,
        rows_html: taillight::row::rows_html(&frame, with_gaps, &mut is_hit),
        frame,
    })
}

/// Where the time is that a link names (blocking).
fn land(tip: &TailTip, at: Anchor) -> io::Result<Option<Landed>> {
    let Anchor::Time(time) = at else { return Ok(None) };
    let wanted = time.resolve(dates::now(), dates::zone());
    let found = moment(tip.current().source.as_ref(), tip.len, wanted)?;
    Ok(Some(Landed { at: found.at, wanted, found: found.time }))
}

/// The rows that the search shows around a place, and, with a filter, whether all that were wanted were found.
fn read_rows(tip: &TailTip, search: &Search, want: &PageWant, work: Work) -> io::Result<(Frame, Option<bool>)> {
    let epoch = tip.current();
    let Some(filter) = search.filter() else {
        let page = read::page(epoch.source.as_ref(), &epoch.index, tip.len, want)?;
        return Ok((page.into_frame(0, epoch.generation), None));
    };
    let page = page::page(&filter.rows(epoch, tip.len, Some(tip.complete)), &epoch.index, want, work)?;
    let is_full = page.is_full;
    Ok((page.into_frame(FrameKind::Page, 0, epoch.generation), Some(is_full)))
}

/// The first screen, with the counters as they are now.
fn in_full(tip: &TailTip, view: &FileView, drawn: Drawn, (search, refused): (&Search, Vec<Refusal>)) -> FileScreen {
    let Drawn { frame, cursor, is_full, landed, links, rows_html } = drawn;
    let tip = wire_tip(tip, search);
    let covers = (frame.offset, frame.end);
    let first = frame.rows().next();
    FileScreen {
        path: view.path.clone(),
        generation: frame.generation,
        cursor,
        first: first.map_or(frame.offset, |row| row.offset),
        first_line: first.and_then(|row| row.line),
        end: frame.rows().last().map_or(frame.offset, |row| row.end),
        covers,
        landed,
        filtering: is_full.map(|complete| Filtering {
            complete,
            looked_through: tip
                .shown
                .map_or(ByteLen::ZERO, |shown| shown.scanned - ByteOffset::ZERO)
                .max(covers.1 - covers.0),
            of: tip.len - ByteOffset::ZERO,
        }),
        refused: refused.into_iter().map(refused_term).collect(),
        tip,
        links,
        rows_html,
    }
}

fn refused_term((find, wrong): Refusal) -> RefusedTerm {
    RefusedTerm { find, position: wrong.position, detail: wrong.detail }
}

/// The counters as the page has them; none is new to who opens it.
fn wire_tip(tip: &TailTip, search: &Search) -> Tip {
    let epoch = tip.current();
    Tip {
        generation: epoch.generation,
        len: tip.len,
        complete: tip.complete,
        lines: epoch.index.total(),
        new_lines: LineCount::ZERO,
        shown: search.shown(tip),
        found: search.found(tip),
        state: tip.state,
    }
}

/// The links of reader mode. A page at a place begins some rows before it, so the older page is at the place from which
/// the rows end where these begin.
fn links(tip: &TailTip, view: &FileView, search: &Search, page: &Frame) -> Result<ReaderLinks, Failure> {
    let link = |place: Place| ViewState::from(FileView { place, follow: false, ..view.clone() }).to_string();
    let at = |offset: ByteOffset| link(Place::bytes(offset, offset));
    let mut links = ReaderLinks::default();
    if !page.flags.at_start {
        let want =
            PageWant { at: Anchor::Byte(page.offset), before: ROWS_AFTER, after: 0, max_bytes: MAX_PAGE_BYTES / 2 };
        let (older, _) = read_rows(tip, search, &want, WORK_FOR_OLDER)?;
        links.start = Some(link(Place::Start));
        links.older = Some(at(older.offset));
    }
    if !page.flags.at_end {
        links.newer = Some(at(page.end));
        links.end = Some(link(Place::End));
    }
    Ok(links)
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if is_gone(&error) { Self::Changed } else { Self::Read(error) }
    }
}

impl From<Failure> for ApiError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Open(error) => error.into(),
            Failure::Changed => Self::Busy,
            Failure::Read(error) => Self::internal(error),
        }
    }
}
