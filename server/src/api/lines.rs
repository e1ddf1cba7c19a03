//! `GET /api/v1/lines/ROOT/PATH`: rows as newline-delimited JSON, from any place in the file; with `q` matching rows.

mod matches;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::Uri;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use serde::Serialize;
use taillight::cursor::Anchor;
use taillight::line::{ByteLen, ByteOffset, LineCount};
use taillight::timestamp::TimeExpr;
use taillight::view::Place;
use tokio::time::Instant;

use crate::api::params::{Selection, text_pairs};
use crate::api::search::{Walk, compile, opened};
use crate::api::{CUT_WAIT, check_text, cut, len_now};
use crate::auth::Principal;
use crate::dates::Dates;
use crate::error::ApiError;
use crate::export::{Exporter, Format, MAX_LINE_BYTES, Row};
use crate::index::LineIndex;
use crate::read::{self, PageWant, lines_back};
use crate::scan::Filter;
use crate::source::{is_gone, read_full};
use crate::state::AppState;
use crate::tail::{Epoch, TailTip};
use crate::tasks::Tasks;

/// Rows of one answer at most, before and after together.
const MAX_ROWS: u32 = 10_000;

/// Rows from the anchor on when the client does not say.
const DEFAULT_AFTER: u32 = 100;

/// How long a place given by line number may wait for the index.
const INDEX_WAIT: Duration = Duration::from_secs(30);

/// How long rows wait for their numbers when no more than [`NEARLY_COUNTED`] is left to count.
const NUMBERS_WAIT: Duration = Duration::from_secs(2);

/// What is counted in a moment, in bytes. The first rows of a larger file are worth more than their numbers.
const NEARLY_COUNTED: u64 = 64 * 1024 * 1024;

/// Rows of one piece at most.
const MAX_PIECE_ROWS: u32 = 1_000;

/// How much is read for one piece of the answer.
const PIECE_BYTES: usize = 256 * 1024;

/// The last object of an answer.
#[derive(Serialize)]
struct Done {
    done: bool,
    complete: bool,
    next: ByteOffset,
}

/// What the query string asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Wanted {
    at: Anchor,
    before: u32,
    after: u32,
    lines: Selection,
}

impl Wanted {
    /// How far a compressed file must be decoded for the answer; `None` for all of it.
    fn reach(&self, is_everything: bool) -> Option<ByteOffset> {
        // No row is sent with more than this.
        let rows = ByteLen::new(u64::from(self.after) * MAX_LINE_BYTES);
        match self.at {
            Anchor::Start if is_everything => Some(ByteOffset::ZERO + rows),
            Anchor::Byte(at) if is_everything => Some(at + rows),
            _ => None,
        }
    }
}

/// What is left to send.
struct Rest {
    tasks: Tasks,
    epoch: Arc<Epoch>,
    /// The file's length when the answer began.
    end: ByteOffset,
    next: ByteOffset,
    rows: u32,
    is_done: bool,
}

/// One piece of the answer: rows as JSON lines, and where the next one begins.
struct Piece {
    json: Vec<u8>,
    rows: u32,
    next: ByteOffset,
}

/// Answers with rows.
///
/// # Errors
/// When the place is not one, or the file cannot be opened or read.
pub async fn lines(State(state): State<AppState>, who: Principal, uri: Uri) -> Result<Response, ApiError> {
    let wanted = wanted(uri.query().unwrap_or_default())?;
    let filter = compile(&state, wanted.lines.clone()).await?;
    let mut follower = opened(&state, who, &uri, "/api/v1/lines/").await?;
    let is_decoded = follower.decoded(wanted.reach(filter.is_everything()), Instant::now() + INDEX_WAIT).await;
    if !is_decoded {
        // Where decoding has come to is no end: rows up to there would be a wrong answer.
        return Err(ApiError::Busy);
    }
    check_text(&state.tasks, &follower).await?;
    let deadline = Instant::now() + CUT_WAIT;
    loop {
        let tip = follower.tip();
        has_line(tip.current(), wanted.at).await?;
        numbered(&tip.current().index).await;
        match answer(&state.tasks, &tip, &wanted, &filter).await {
            Ok(body) => {
                let headers = [(CONTENT_TYPE, "application/x-ndjson"), (CACHE_CONTROL, "no-store")];
                return Ok((headers, body).into_response());
            }
            Err(error) => cut(&mut follower, error, deadline).await?,
        }
    }
}

/// Waits for a place that is given by line number to be known.
async fn has_line(epoch: &Epoch, at: Anchor) -> Result<(), ApiError> {
    let Anchor::Line(line) = at else { return Ok(()) };
    epoch.index.wait_for(Some(line), Instant::now() + INDEX_WAIT).await;
    let total = epoch.index.total();
    // An estimated place would be a wrong answer to a program: it is told to come back.
    if !total.exact && total.count.get() < line.get() { Err(ApiError::Busy) } else { Ok(()) }
}

/// Waits for the numbers of the lines where they are known soon.
async fn numbered(index: &LineIndex) {
    if index.behind().get() <= NEARLY_COUNTED {
        index.wait_for(None, Instant::now() + NUMBERS_WAIT).await;
    }
}

/// The rows of the current life of the file.
async fn answer(tasks: &Tasks, tip: &Arc<TailTip>, wanted: &Wanted, filter: &Filter) -> io::Result<Body> {
    let (for_start, at) = (Arc::clone(tip), wanted.at);
    let before = if filter.is_everything() { wanted.before } else { 0 };
    let Start { next, end, rows } = tasks.blocking(move || start(&for_start, at, before)).await?;
    let (tasks, epoch) = (tasks.clone(), Arc::clone(tip.current()));
    if filter.is_everything() {
        let rows = rows + wanted.after;
        let rest = Rest { tasks, epoch, end, next, rows, is_done: false };
        Ok(Body::from_stream(stream::try_unfold(rest, step)))
    } else {
        let walk = Walk::new(tasks, epoch, filter.clone(), end);
        matches::body(walk, next, (wanted.before, wanted.after)).await
    }
}

/// Where the answer begins and ends, and how many rows there are before the place.
struct Start {
    next: ByteOffset,
    end: ByteOffset,
    rows: u32,
}

fn start(tip: &TailTip, at: Anchor, before: u32) -> io::Result<Start> {
    let epoch = tip.current();
    let end = len_now(&*epoch.source, tip.len)?;
    let one = PageWant { at, before: 0, after: 1, max_bytes: PIECE_BYTES };
    let anchor = read::page(&*epoch.source, &epoch.index, end, &one)?.anchor;
    let (next, rows) = lines_back(&*epoch.source, anchor, before)?;
    Ok(Start { next, end, rows })
}

/// The last line of an answer.
fn done(complete: bool, next: ByteOffset) -> io::Result<Bytes> {
    let mut line = serde_json::to_vec(&Done { done: true, complete, next })?;
    line.push(b'\n');
    Ok(line.into())
}

async fn step(mut rest: Rest) -> io::Result<Option<(Bytes, Rest)>> {
    if rest.is_done {
        return Ok(None);
    }
    if rest.rows == 0 || rest.next >= rest.end {
        rest.is_done = true;
        let is_all = rest.rows == 0 || rest.epoch.source.is_whole();
        return Ok(Some((done(is_all, rest.next)?, rest)));
    }
    let (epoch, end, from, rows) = (Arc::clone(&rest.epoch), rest.end, rest.next, rest.rows);
    let piece = match rest.tasks.blocking(move || piece(&epoch, end, from, rows)).await {
        Ok(piece) if piece.rows > 0 => piece,
        Err(error) if !is_gone(&error) => return Err(error),
        // The file was cut under the answer: what is gone cannot be sent.
        Ok(_) | Err(_) => {
            rest.is_done = true;
            return Ok(Some((done(false, rest.next)?, rest)));
        }
    };
    rest.rows -= piece.rows.min(rest.rows);
    rest.next = piece.next;
    Ok(Some((piece.json.into(), rest)))
}

fn piece(epoch: &Epoch, end: ByteOffset, from: ByteOffset, rows: u32) -> io::Result<Piece> {
    let want = PageWant { at: Anchor::Byte(from), before: 0, after: rows.min(MAX_PIECE_ROWS), max_bytes: PIECE_BYTES };
    let page = read::page(&*epoch.source, &epoch.index, end, &want)?;
    let mut piece = Piece { json: Vec::with_capacity(page.payload.len() * 3 / 2), rows: 0, next: page.end };
    let frame = page.into_frame(0, epoch.generation);
    let mut exporter = Exporter::new(Format::Json, None);
    exporter.set_dates(Dates::of(&*epoch.source)?);
    for row in frame.rows() {
        let line = frame.first_line.map(|first| first + LineCount::new(u64::from(piece.rows)));
        let mut long = Vec::new();
        if row.missing > ByteLen::ZERO || row.hole > ByteLen::ZERO {
            let len = row.hole.get() + row.bytes.len() as u64 + row.missing.get();
            long.resize(len.min(MAX_LINE_BYTES) as usize, 0);
            let n_read = read_full(&*epoch.source, &mut long, row.offset)?;
            long.truncate(n_read);
        }
        let bytes = if long.is_empty() { row.bytes } else { &long };
        let end = row.offset + ByteLen::new(bytes.len() as u64);
        exporter.row(&Row { line, offset: row.offset, end, bytes }, &mut piece.json);
        piece.rows += 1;
    }
    Ok(piece)
}

fn wanted(query: &str) -> Result<Wanted, ApiError> {
    let mut wanted = Wanted { at: Anchor::Start, before: 0, after: DEFAULT_AFTER, lines: Selection::default() };
    for (name, value) in text_pairs(query)? {
        match name.as_str() {
            "at" => wanted.at = anchor(&value)?,
            "before" => wanted.before = count("before", &value)?,
            "after" => wanted.after = count("after", &value)?,
            name => wanted.lines.read(name, &value)?,
        }
    }
    if wanted.before + wanted.after > MAX_ROWS {
        return Err(bad("'before' and 'after' may be 10000 together at most"));
    }
    Ok(wanted)
}

fn anchor(value: &str) -> Result<Anchor, ApiError> {
    match value.parse::<Place>() {
        Ok(Place::Time(text)) if TimeExpr::parse(&text).is_none() => {
            Err(bad(&format!("'at=time:' needs a time: write {}", TimeExpr::FORMS)))
        }
        Ok(place) => Ok(place.anchor()),
        Err(_) => Err(bad("'at' must be start, end, line:N, byte:N or time:T")),
    }
}

fn count(name: &str, value: &str) -> Result<u32, ApiError> {
    let number = value.parse().ok().filter(|&number| number <= MAX_ROWS);
    number.ok_or_else(|| bad(&format!("'{name}' must be a number from 0 to 10000")))
}

fn bad(detail: &str) -> ApiError {
    ApiError::BadRequest { detail: detail.to_owned() }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::Write as _;

    use super::*;
    use crate::index::Progress;
    use crate::tail::{Follower, Pace, Tails};
    use crate::testing::{TempFolder, local, log_file, slow, tasks};

    async fn text_of(body: Body) -> String {
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    /// F28.
    #[tokio::test]
    async fn an_answer_under_which_the_file_is_cut_says_that_it_is_not_complete() {
        let (folder, tasks) = (TempFolder::new(), tasks());
        for q in ["", "line", "nowhere"] {
            let path = folder.file(&format!("{q}.log"), &b"a line\n".repeat(100_000));
            let (tails, file) = (Tails::new(tasks.clone(), slow()), log_file(&path));
            let follower: Follower = tasks.blocking(move || tails.follow(file)).await.unwrap();
            let wanted = Wanted { after: 9_000, ..wanted(&format!("q={q}")).unwrap() };
            let filter = Filter::compile(q).unwrap();
            let body = answer(&tasks, &follower.tip(), &wanted, &filter).await.unwrap();
            File::options().write(true).open(&path).unwrap().set_len(7 * 1_500).unwrap();
            let text = text_of(body).await;
            let last = text.lines().last().unwrap();
            assert!(last.starts_with("{\"done\":true,\"complete\":false,\"next\":"), "{q}: {last}");
            assert!(text.lines().count() <= 1_501, "{q}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn rows_wait_for_numbers_that_come_soon() {
        let (folder, began) = (TempFolder::new(), Instant::now());
        let small = NEARLY_COUNTED / 2;
        for (len, is_counted, waited) in [(0, true, 0), (small, true, 0), (small, false, 2), (4 * small, false, 0)] {
            let path = folder.sparse("a.log", len, &[]);
            let index = LineIndex::new(local(&path));
            index.grow_to(ByteOffset::new(len));
            while is_counted && index.step() == Progress::More {}
            let began = Instant::now();
            numbered(&index).await;
            assert_eq!(began.elapsed(), Duration::from_secs(waited), "{len}");
        }
        let index = Arc::new(LineIndex::new(local(&folder.file("b.log", &b"a line\n".repeat(1_000)))));
        index.grow_to(ByteOffset::new(7_000));
        let counted = Arc::clone(&index);
        tokio::join!(numbered(&index), async move { while counted.step() == Progress::More {} });
        assert_eq!(index.total().count.get(), 1_000);
        assert!(began.elapsed() < 2 * NUMBERS_WAIT, "the numbers are not waited for when they are there");
    }

    /// Nobody has seen it yet: not the follower, not the index.
    #[tokio::test]
    async fn a_line_that_was_just_written_has_its_number() {
        let (folder, tasks) = (TempFolder::new(), tasks());
        let path = folder.file("a.log", &b"a line\n".repeat(1_000));
        let (tails, file) = (Tails::new(tasks.clone(), slow()), log_file(&path));
        let follower: Follower = tasks.blocking(move || tails.follow(file)).await.unwrap();
        let tip = follower.tip();
        numbered(&tip.current().index).await;
        File::options().append(true).open(&path).unwrap().write_all(b"new\n").unwrap();
        for q in ["at=byte:7000", "at=byte:7000&q=new", "q=new"] {
            let wanted = wanted(q).unwrap();
            let filter = Filter::compile(&wanted.lines.q).unwrap();
            let text = text_of(answer(&tasks, &tip, &wanted, &filter).await.unwrap()).await;
            let row: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
            assert_eq!((&row["line"], &row["text"]), (&1_001.into(), &"new".into()), "{q}");
        }
    }

    #[tokio::test]
    async fn a_line_behind_a_hole_is_the_row_that_a_query_finds() {
        let (folder, tasks) = (TempFolder::new(), tasks());
        let line = b"2026-11-22T10:00:00Z ERROR boom\n";
        for (name, hole) in [("short", 5_000), ("long", 900_000), ("longer", 3_000_000)] {
            let path = folder.sparse(name, hole + line.len() as u64, &[(hole, line)]);
            let tails = Tails::new(tasks.clone(), Pace::default());
            let file = log_file(&path);
            let follower = tasks.blocking(move || tails.follow(file)).await.unwrap();
            let tip = follower.tip();
            let mut told = Vec::new();
            for q in ["", r"%2F%5E%5Cx00%2F"] {
                let wanted = wanted(&format!("q={q}")).unwrap();
                let filter = Filter::compile(&wanted.lines.q).unwrap();
                let text = text_of(answer(&tasks, &tip, &wanted, &filter).await.unwrap()).await;
                let row: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
                told.push(["offset", "time", "level", "text"].map(|field| row[field].clone()));
            }
            assert_eq!(told[0], told[1], "{name}");
            // Of a line no more than 1 MiB is looked at.
            assert_eq!(told[0][2], if hole < 1 << 20 { "error".into() } else { serde_json::Value::Null }, "{name}");
        }
    }
}
