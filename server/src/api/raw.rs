//! `GET /raw/ROOT/PATH`: the bytes of a file as a download, whole or a range (RFC 9110, section 14); or its matching
//! lines, in any format.

mod matches;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::api::params::{Selection, text_pairs};
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, IF_RANGE,
    RANGE,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use taillight::cursor::Identity;
use taillight::line::{ByteLen, ByteOffset};
use taillight::path::{percent_encode, shown_name};
use tokio::time::Instant;

use crate::api::search::compile;
use crate::api::{CUT_WAIT, cut, follow_file, log_path};
use crate::auth::Principal;
use crate::error::ApiError;
use crate::export::Format;
use crate::source::Source;
use crate::state::AppState;
use crate::tail::Follower;
use crate::tasks::Tasks;

/// How much is read for one piece of the answer.
const PIECE_BYTES: u64 = 256 * 1024;

/// How long the lines of a compressed file wait for it to be decoded.
const WAIT_FOR_DECODING: Duration = Duration::from_secs(600);

/// What the query string asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Wanted {
    lines: Selection,
    format: Format,
}

/// A part of a file, as long as it was when the answer began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    from: u64,
    /// After the last byte.
    to: u64,
}

/// What a `Range` header asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Whole,
    Part(Span),
    /// No byte of the file is in the range.
    Nothing,
}

struct Rest {
    tasks: Tasks,
    source: Arc<dyn Source>,
    span: Span,
}

/// Answers with the bytes.
///
/// # Errors
/// When the file cannot be opened, or a parameter is not understood.
pub async fn raw(
    State(state): State<AppState>,
    who: Principal,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let path = log_path(&state, &uri, "/raw/")?;
    let Wanted { lines, format } = wanted(uri.query().unwrap_or_default())?;
    let filter = compile(&state, lines).await?;
    let name = path.file_name().to_vec();
    let mut follower = follow_file(&state, who, path).await?;
    if format != Format::Raw || !filter.is_everything() {
        // A download that ends where decoding has come to would pass for the whole.
        if !follower.decoded(None, Instant::now() + WAIT_FOR_DECODING).await {
            return Err(ApiError::Busy);
        }
        return matches::download(state.tasks, follower, (&name, format), filter).await;
    }
    let (source, identity, len) = stored(&state.tasks, &mut follower).await?;
    // Weak: the file grows, so equal tags promise the same file and not the same bytes; a range of it stays the same.
    let etag = format!("\"{identity}\"");
    let asked = match if_range_holds(&headers, &etag) {
        true => asked(headers.get(RANGE), len),
        false => Asked::Whole,
    };
    let (status, span) = match asked {
        Asked::Whole => (StatusCode::OK, Span { from: 0, to: len }),
        Asked::Part(span) => (StatusCode::PARTIAL_CONTENT, span),
        Asked::Nothing => return Ok(not_satisfiable(len)),
    };
    let body = Body::from_stream(stream::try_unfold(Rest { tasks: state.tasks, source, span }, step));
    let mut response = (status, body).into_response();
    set_headers(response.headers_mut(), &name, &etag, span);
    if status == StatusCode::PARTIAL_CONTENT {
        set(response.headers_mut(), CONTENT_RANGE, &format!("bytes {}-{}/{len}", span.from, span.to.saturating_sub(1)));
    }
    Ok(response)
}

/// The bytes as they are stored: what a browser saves under its name is what it is, compressed or not. And which they are,
/// and how many there are now.
async fn stored(tasks: &Tasks, follower: &mut Follower) -> Result<(Arc<dyn Source>, Identity, u64), ApiError> {
    let deadline = Instant::now() + CUT_WAIT;
    loop {
        let source = Arc::clone(&follower.tip().current().source);
        let source = source.stored().unwrap_or(source);
        let for_facts = Arc::clone(&source);
        let facts = tasks.blocking(move || Ok::<_, io::Error>((for_facts.identity()?, for_facts.len()?))).await;
        match facts {
            Ok((identity, len)) => return Ok((source, identity, len.get())),
            Err(error) => cut(follower, error, deadline).await?,
        }
    }
}

fn wanted(query: &str) -> Result<Wanted, ApiError> {
    let mut wanted = Wanted { lines: Selection::default(), format: Format::Raw };
    for (name, value) in text_pairs(query)? {
        match (name.as_str(), value.as_str()) {
            ("format", "raw") => wanted.format = Format::Raw,
            ("format", "text") => wanted.format = Format::Text,
            ("format", "ndjson") => wanted.format = Format::Json,
            ("format", "csv") => wanted.format = Format::Csv,
            ("format", "html") => wanted.format = Format::Html,
            ("format", _) => return Err(bad("'format' must be raw, text, ndjson, csv or html")),
            (name, value) => wanted.lines.read(name, value)?,
        }
    }
    Ok(wanted)
}

fn bad(detail: &str) -> ApiError {
    ApiError::BadRequest { detail: detail.to_owned() }
}

async fn step(mut rest: Rest) -> io::Result<Option<(Bytes, Rest)>> {
    let Span { from, to } = rest.span;
    if from >= to {
        return Ok(None);
    }
    let source = Arc::clone(&rest.source);
    let len = usize::try_from((to - from).min(PIECE_BYTES)).unwrap_or(usize::MAX);
    let bytes = rest.tasks.blocking(move || read_piece(&*source, from, len)).await?;
    rest.span.from += bytes.len() as u64;
    Ok(Some((bytes, rest)))
}

/// At least one byte.
fn read_piece(source: &dyn Source, from: u64, len: usize) -> io::Result<Bytes> {
    let mut piece = vec![0; len];
    let n_read = source.read_at(&mut piece, ByteOffset::new(from))?;
    if n_read == 0 {
        // The file was cut under the answer: ending it early tells the client that its length was not reached.
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    piece.truncate(n_read);
    Ok(piece.into())
}

/// The range of a `Range` header. What is not one range of bytes is ignored, as the standard allows.
fn asked(range: Option<&HeaderValue>, len: u64) -> Asked {
    let spec = range.and_then(|range| range.to_str().ok()).and_then(|range| range.trim().strip_prefix("bytes="));
    let Some((first, last)) = spec.and_then(|spec| spec.trim().split_once('-')) else { return Asked::Whole };
    let span = match (first.trim().parse::<u64>(), last.trim().parse::<u64>()) {
        (Ok(first), Ok(last)) if first <= last => Span { from: first, to: last.saturating_add(1).min(len) },
        (Ok(first), Err(_)) if last.trim().is_empty() => Span { from: first, to: len },
        (Err(_), Ok(last)) if first.trim().is_empty() => Span { from: len - last.min(len), to: len },
        _ => return Asked::Whole,
    };
    if span.from < span.to { Asked::Part(span) } else { Asked::Nothing }
}

fn if_range_holds(headers: &HeaderMap, etag: &str) -> bool {
    headers.get(IF_RANGE).is_none_or(|value| value.as_bytes() == etag.as_bytes())
}

fn not_satisfiable(len: u64) -> Response {
    let mut response = ApiError::BadRange { len }.into_response();
    set(response.headers_mut(), CONTENT_RANGE, &format!("bytes */{len}"));
    response
}

/// Plain text as an attachment, whatever the name says: a log must never be run as a page.
fn set_headers(headers: &mut HeaderMap, name: &[u8], etag: &str, span: Span) {
    set(headers, CONTENT_TYPE, "text/plain; charset=utf-8");
    set(headers, CACHE_CONTROL, "no-store");
    set(headers, ACCEPT_RANGES, "bytes");
    set(headers, ETAG, etag);
    set(headers, CONTENT_LENGTH, &ByteLen::new(span.to - span.from).to_string());
    disposition(headers, name, "");
}

/// Names the downloaded file: the log's own name, and what the format adds.
fn disposition(headers: &mut HeaderMap, name: &[u8], extension: &str) {
    let plain: String = shown_name(name)
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || "._- ".contains(c) { c } else { '_' })
        .collect();
    let mut exact = String::new();
    percent_encode(name, b"", &mut exact);
    let value = format!("attachment; filename=\"{plain}{extension}\"; filename*=UTF-8''{exact}{extension}");
    set(headers, CONTENT_DISPOSITION, &value);
}

fn set(headers: &mut HeaderMap, name: axum::http::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_the_standard_says() {
        let part = |from, to| Asked::Part(Span { from, to });
        for (header, expected) in [
            ("bytes=0-0", part(0, 1)),
            ("bytes=0-9", part(0, 10)),
            ("bytes=90-", part(90, 100)),
            ("bytes=90-1000", part(90, 100)),
            ("bytes=-10", part(90, 100)),
            ("bytes=-1000", part(0, 100)),
            ("bytes=100-", Asked::Nothing),
            ("bytes=-0", Asked::Nothing),
            ("bytes=5-4", Asked::Whole),
            ("bytes=a-b", Asked::Whole),
            ("bytes=0-1,5-6", Asked::Whole),
            ("lines=0-1", Asked::Whole),
            ("bytes=0-18446744073709551615", part(0, 100)),
        ] {
            assert_eq!(asked(Some(&HeaderValue::from_static(header)), 100), expected, "{header}");
        }
        assert_eq!(asked(None, 100), Asked::Whole);
    }

    #[test]
    fn a_hostile_name_stays_inside_its_header() {
        let mut headers = HeaderMap::new();
        set_headers(&mut headers, b"a\"\r\nX: y\xff.html", "\"1\"", Span { from: 0, to: 1 });
        let disposition = headers.get(CONTENT_DISPOSITION).and_then(|value| value.to_str().ok());
        assert_eq!(
            disposition,
            Some("attachment; filename=\"a___X_ y_.html\"; filename*=UTF-8''a%22%0D%0AX%3A%20y%FF.html")
        );
        assert_eq!(headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes), Some(&b"text/plain; charset=utf-8"[..]));
    }
}
