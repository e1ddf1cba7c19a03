//! Rows that match: so many before a place, so many from it on.

use std::io;
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use futures_util::stream;
use taillight::line::ByteOffset;

use super::done;
use crate::api::search::{Walk, Want, Writer};
use crate::export::Format;
use crate::source::is_gone;

/// How long an answer may search altogether. Then it ends, says that it is not complete, and where to go on.
const MAX_SEARCH: Duration = Duration::from_secs(10);

/// An answer under way.
struct Answer {
    walk: Walk,
    writer: Writer,
    next: ByteOffset,
    rows: u64,
    /// Whether all rows before the place were found that were wanted.
    complete: bool,
    searched: Duration,
}

/// The answer: `rows` before and after the line that starts at `anchor`.
///
/// # Errors
/// When the file cannot be read.
pub(super) async fn body(walk: Walk, anchor: ByteOffset, rows: (u32, u32)) -> io::Result<Body> {
    let began = Instant::now();
    let wanted = u64::from(rows.0);
    let (mut next, mut looked, mut found) = (anchor, anchor, 0);
    while found < wanted && looked > ByteOffset::ZERO && began.elapsed() < MAX_SEARCH {
        let (starts, reached) = walk.up(looked, wanted - found).await?;
        found += starts.len() as u64;
        next = starts.last().copied().unwrap_or(next);
        looked = reached.min(next);
    }
    let complete = found >= wanted || looked == ByteOffset::ZERO;
    let writer = Writer::new(Format::Json);
    let rows = found + u64::from(rows.1);
    let answer = Answer { walk, writer, next, rows, complete, searched: began.elapsed() };
    Ok(Body::from_stream(stream::try_unfold(Some(answer), step)))
}

/// The next piece of the answer that is not empty.
async fn step(answer: Option<Answer>) -> io::Result<Option<(Bytes, Option<Answer>)>> {
    let Some(mut answer) = answer else { return Ok(None) };
    while answer.rows > 0 && answer.next < answer.walk.end() {
        if answer.searched >= MAX_SEARCH {
            answer.complete = false;
            break;
        }
        let began = Instant::now();
        let want = Want { from: answer.next, rows: answer.rows };
        let (writer, piece) = match answer.walk.down(answer.writer, want).await {
            Err(error) if is_gone(&error) => return Ok(Some((done(false, answer.next)?, None))),
            walked => walked?,
        };
        answer.searched += began.elapsed();
        answer.writer = writer;
        answer.next = piece.next;
        answer.rows -= piece.rows.min(answer.rows);
        if !piece.bytes.is_empty() {
            return Ok(Some((piece.bytes.into(), Some(answer))));
        }
    }
    let is_all = answer.rows == 0 || answer.walk.epoch().source.is_whole();
    Ok(Some((done(answer.complete && is_all, answer.next)?, None)))
}
