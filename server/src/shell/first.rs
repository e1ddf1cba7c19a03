//! The first screen of a file: the page of lines at the place that the link says, in O(page) whatever the file's size.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use app::boot::{FileScreen, ReaderLinks};
use taillight::cursor::{Anchor, Generation};
use taillight::line::{ByteOffset, LineCount};
use taillight::view::{FileView, Place, ViewState};
use taillight::wire::{Frame, FrameKind, MAX_PAGE_BYTES, Tip};
use tokio::time::Instant;

use crate::auth::Principal;
use crate::catalog::OpenError;
use crate::error::ApiError;
use crate::read::{self, Page, PageWant};
use crate::source::is_gone;
use crate::state::AppState;
use crate::tail::{Epoch, TailTip};

/// Rows of a page at the end.
const ROWS_AT_END: u32 = 200;

/// Rows before the place that a link names, to see what led to it.
const ROWS_BEFORE: u32 = 20;

/// Rows from the place on.
const ROWS_AFTER: u32 = 200;

/// How long a line number may wait for the index. Past that the furthest counted line is shown; the page goes on when
/// its program runs.
const WAIT_FOR_LINE: Duration = Duration::from_millis(200);

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
    let follower = state.tasks.blocking(follow).await?;
    let tip = follower.tip();
    if let Anchor::Line(line) = view.anchor() {
        tip.current().index.wait_for(Some(line), Instant::now() + WAIT_FOR_LINE).await;
    }
    let view = view.clone();
    state.tasks.blocking(move || read_screen(&tip, &view)).await
}

/// Reads it (blocking).
fn read_screen(tip: &TailTip, view: &FileView) -> Result<FileScreen, Failure> {
    let epoch = tip.current();
    let at = view.anchor();
    let (before, after) = if at == Anchor::End { (ROWS_AT_END, 0) } else { (ROWS_BEFORE, ROWS_AFTER) };
    let want = PageWant { at, before, after, max_bytes: MAX_PAGE_BYTES };
    let page = read::page(epoch.source.as_ref(), &epoch.index, tip.len, &want)?;
    let links = links(epoch, tip.len, view, &page)?;
    let (offset, end, first_line) = (page.offset, page.end, page.first_line);
    let frame = frame(epoch.generation, page);
    let complete = frame.rows().filter(|row| row.finished).last().map_or(offset, |row| row.end);
    let marker = read::marker_at(epoch.source.as_ref(), complete)?;
    Ok(FileScreen {
        path: view.path.clone(),
        generation: epoch.generation,
        cursor: epoch.cursor(complete, marker)?,
        first: offset,
        first_line,
        end,
        tip: wire_tip(tip),
        links,
        rows_html: taillight::row::rows_html(&frame),
    })
}

/// The counters as the page has them; none is new to who opens it.
fn wire_tip(tip: &TailTip) -> Tip {
    let epoch = tip.current();
    Tip {
        generation: epoch.generation,
        len: tip.len,
        complete: tip.complete,
        lines: epoch.index.total(),
        new_lines: LineCount::ZERO,
        shown: None,
        found: None,
        state: tip.state,
    }
}

fn frame(generation: Generation, page: Page) -> Frame {
    Frame {
        kind: FrameKind::Page,
        flags: page.flags,
        req: 0,
        generation,
        style: page.style,
        offset: page.offset,
        end: page.end,
        first_line: page.first_line,
        cuts: page.cuts,
        sparse: None,
        payload: page.payload,
    }
}

/// The links of reader mode. A page at a place begins some rows before it, so the older page is at the place from which
/// the rows end where these begin.
fn links(epoch: &Arc<Epoch>, len: ByteOffset, view: &FileView, page: &Page) -> Result<ReaderLinks, Failure> {
    let link = |place: Place| ViewState::from(FileView { place, follow: false, ..view.clone() }).to_string();
    let at = |offset: ByteOffset| link(Place::bytes(offset, offset));
    let mut links = ReaderLinks::default();
    if !page.flags.at_start {
        let want =
            PageWant { at: Anchor::Byte(page.offset), before: ROWS_AFTER, after: 0, max_bytes: MAX_PAGE_BYTES / 2 };
        let older = read::page(epoch.source.as_ref(), &epoch.index, len, &want)?;
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
