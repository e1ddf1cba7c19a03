//! Matching lines as a download, in any format: streamed, however many there are.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header::{ACCEPT_RANGES, CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use taillight::line::ByteOffset;
use taillight::path::shown_name;
use tokio::time::Instant;

use super::{Span, disposition, read_piece, set};
use crate::api::search::{PIECE_BYTES, Walk, Want, Writer};
use crate::api::{CUT_WAIT, check_text, cut, len_now};
use crate::error::ApiError;
use crate::export::Format;
use crate::scan::Filter;
use crate::tail::Follower;
use crate::tasks::Tasks;

/// How long a download with line numbers waits for them to be counted; those that are not known then are left out.
const INDEX_WAIT: Duration = Duration::from_secs(30);

/// A download under way.
struct Download {
    walk: Walk,
    writer: Writer,
    /// What stands before all rows.
    head: Vec<u8>,
    next: ByteOffset,
    /// The rest of a long line.
    rest: Option<Span>,
    foot: Vec<u8>,
}

/// Answers with the lines that match.
///
/// # Errors
/// When the file cannot be read.
pub(super) async fn download(
    tasks: Tasks,
    mut follower: Follower,
    (name, format): (&[u8], Format),
    filter: Filter,
) -> Result<Response, ApiError> {
    check_text(&tasks, &follower).await?;
    let deadline = Instant::now() + CUT_WAIT;
    let (epoch, end) = loop {
        let tip = follower.tip();
        let (epoch, seen) = (Arc::clone(tip.current()), tip.len);
        let source = Arc::clone(&epoch.source);
        match tasks.blocking(move || len_now(&*source, seen)).await {
            Ok(end) => break (epoch, end),
            Err(error) => cut(&mut follower, error, deadline).await?,
        }
    };
    if matches!(format, Format::Json | Format::Csv) {
        epoch.index.wait_for(None, Instant::now() + INDEX_WAIT).await;
    }
    let writer = Writer::new(format);
    let (head, foot) = writer.frame(&shown_name(name));
    let walk = Walk::new(tasks, epoch, filter, end);
    let download = Download { walk, writer, head, next: ByteOffset::ZERO, rest: None, foot };
    let mut response = Body::from_stream(stream::try_unfold(Some(download), step)).into_response();
    let headers = response.headers_mut();
    set(headers, CONTENT_TYPE, format.content_type());
    set(headers, CACHE_CONTROL, "no-store");
    // What matches changes with the file: a part of it would be a part of nothing.
    set(headers, ACCEPT_RANGES, "none");
    disposition(headers, name, format.extension());
    Ok(response)
}

/// The next piece that is not empty.
async fn step(download: Option<Download>) -> io::Result<Option<(Bytes, Option<Download>)>> {
    let Some(mut download) = download else { return Ok(None) };
    loop {
        if !download.head.is_empty() {
            let head = std::mem::take(&mut download.head);
            return Ok(Some((head.into(), Some(download))));
        }
        if let Some(span) = download.rest {
            let bytes = more(&download.walk, span).await?;
            let from = span.from + bytes.len() as u64;
            download.rest = (from < span.to).then_some(Span { from, ..span });
            return Ok(Some((bytes, Some(download))));
        }
        if download.next >= download.walk.end() {
            if !download.walk.epoch().source.is_whole() {
                // What is missing cannot be sent: who downloads sees that the answer breaks off.
                return Err(io::Error::other("the compressed file could not be decoded to its end"));
            }
            return Ok((!download.foot.is_empty()).then(|| (download.foot.into(), None)));
        }
        let want = Want { from: download.next, rows: u64::MAX };
        let (writer, piece) = download.walk.down(download.writer, want).await?;
        download.writer = writer;
        download.next = piece.next;
        download.rest = piece.rest.map(|(from, to)| Span { from: from.get(), to: to.get() });
        if !piece.bytes.is_empty() {
            return Ok(Some((piece.bytes.into(), Some(download))));
        }
    }
}

/// The next bytes of a long line.
async fn more(walk: &Walk, span: Span) -> io::Result<Bytes> {
    let source = Arc::clone(&walk.epoch().source);
    let len = usize::try_from(span.to - span.from).unwrap_or(usize::MAX).min(PIECE_BYTES);
    walk.tasks().blocking(move || read_piece(&*source, span.from, len)).await
}
