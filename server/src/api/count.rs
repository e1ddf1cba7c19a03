//! `GET /api/v1/count/ROOT/PATH`: how many lines match, from the counts that all viewers share.

mod unfinished;

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use serde::Serialize;
use taillight::cursor::Generation;
use taillight::line::{ByteOffset, LineCount};
use tokio::time::{Instant, timeout_at};

use crate::api::params::{Selection, text_pairs};
use crate::api::search::{compile, opened};
use crate::api::{TRY_AGAIN, check_text, len_now};
use crate::auth::Principal;
use crate::error::ApiError;
use crate::scan::Filter;
use crate::source::is_gone;
use crate::state::AppState;
use crate::tail::{Epoch, Follower, TailTip};
use crate::tasks::Tasks;
pub use unfinished::Unfinished;

/// How long an answer may take to be complete when the client does not say, in seconds.
const DEFAULT_WAIT_SECS: u64 = 5;

/// The longest a client may have it wait, in seconds.
const MAX_WAIT_SECS: u64 = 30;

/// How many lines match.
#[derive(Debug, Serialize)]
pub struct Count {
    /// Lines that match, as far as they were looked through.
    matched: LineCount,
    /// All lines, as far as they were counted.
    lines: LineCount,
    /// Whether both are the whole file's, as long as it was when it was asked.
    complete: bool,
}

/// What the query string asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Wanted {
    lines: Selection,
    wait: Duration,
}

/// Answers with the counts.
///
/// # Errors
/// When the query is wrong, or the file cannot be opened or read.
pub async fn count(State(state): State<AppState>, who: Principal, uri: Uri) -> Result<Json<Count>, ApiError> {
    let Wanted { lines, wait } = wanted(uri.query().unwrap_or_default())?;
    let deadline = Instant::now() + wait;
    let filter = compile(&state, lines).await?;
    let mut follower = opened(&state, who, &uri, "/api/v1/count/").await?;
    let is_decoded = follower.decoded(None, deadline).await;
    check_text(&state.tasks, &follower).await?;
    loop {
        let tip = follower.tip();
        let written = written(&state.tasks, &mut follower, &tip, deadline).await?;
        let generation = written.epoch.generation;
        tokio::select! {
            biased;
            count = counted(&state, &written, &filter, deadline) => {
                let is_whole = is_decoded && written.epoch.source.is_whole();
                return Ok(Json(Count { complete: count.complete && written.is_seen && is_whole, ..count }));
            }
            // What is left of a life that was cut under the answer is never counted to its end.
            () = ended(&mut follower, generation) => {}
        }
    }
}

/// The counts of a life once they are complete, or as they are at the deadline.
async fn counted(state: &AppState, written: &Written, filter: &Filter, deadline: Instant) -> Count {
    let Written { epoch, len, .. } = written;
    let is_counted = epoch.index.wait_for(None, deadline).await;
    let lines = if is_counted { lines_before(state, epoch, *len).await } else { None };
    if filter.is_everything() {
        let counted = lines.unwrap_or_else(|| epoch.index.total().count);
        return Count { matched: counted, lines: counted, complete: lines.is_some() };
    }
    let (matched, is_matched) = matched(state, epoch, filter, (*len, deadline)).await;
    let complete = lines.is_some() && is_matched;
    Count { matched, lines: lines.unwrap_or_else(|| epoch.index.total().count), complete }
}

/// How many lines start before `len`, where that is known: of a file that grows both counts are those of one moment.
async fn lines_before(state: &AppState, epoch: &Arc<Epoch>, len: ByteOffset) -> Option<LineCount> {
    let Some(last) = len.get().checked_sub(1) else { return Some(LineCount::ZERO) };
    let index = Arc::clone(&epoch.index);
    let feeds = state.tasks.blocking(move || index.rank(ByteOffset::new(last))).await;
    feeds.map(|feeds| feeds + LineCount::new(1))
}

/// Waits until another life is the current one.
async fn ended(follower: &mut Follower, generation: Generation) {
    while follower.tip().current().generation == generation {
        if !follower.changed().await {
            return std::future::pending().await;
        }
    }
}

/// What was written when the answer began.
struct Written {
    epoch: Arc<Epoch>,
    len: ByteOffset,
    /// Whether the follower has seen it, so that it will be counted.
    is_seen: bool,
}

/// The current life once the follower has seen all that is written now: who has just written a line expects it to be
/// counted. When the file was cut since `tip`, that is the next life, or, where it is not seen in time, nothing new.
async fn written(
    tasks: &Tasks,
    follower: &mut Follower,
    tip: &TailTip,
    deadline: Instant,
) -> Result<Written, ApiError> {
    let (first, least) = (Arc::clone(tip.current()), tip.len);
    let source = Arc::clone(&first.source);
    let len = match tasks.blocking(move || len_now(&*source, least)).await {
        Ok(len) => Some(len),
        Err(error) if is_gone(&error) => {
            follower.look();
            None
        }
        Err(error) => return Err(ApiError::internal(error)),
    };
    Ok(seen(tasks, follower, (&first, len), deadline).await)
}

/// That life once the follower has seen `len` bytes of it, or the next one.
async fn seen(
    tasks: &Tasks,
    follower: &mut Follower,
    (first, len): (&Arc<Epoch>, Option<ByteOffset>),
    deadline: Instant,
) -> Written {
    let mut len = len;
    loop {
        let tip = follower.tip();
        let epoch = Arc::clone(tip.current());
        if epoch.generation != first.generation {
            return Written { epoch, len: tip.len, is_seen: true };
        }
        let (is_seen, now) = (len.is_some_and(|len| tip.len >= len), Instant::now());
        let has_ended =
            !is_seen && matches!(timeout_at(deadline.min(now + TRY_AGAIN), follower.changed()).await, Ok(false));
        if is_seen || has_ended || now >= deadline {
            return Written { epoch, len: len.unwrap_or(tip.len), is_seen };
        }
        // Cut before it was seen that it had grown, it is no other life, and will perhaps never be so long again. Or it is
        // as it was before it was cut.
        let source = Arc::clone(&first.source);
        if let Ok(now) = tasks.blocking(move || source.len()).await {
            len = len.map(|len| len.min(now)).or(Some(now).filter(|now| *now >= tip.len));
        }
    }
}

/// How many lines match, and whether everything up to the length was looked through.
async fn matched(
    state: &AppState,
    epoch: &Arc<Epoch>,
    filter: &Filter,
    (len, deadline): (ByteOffset, Instant),
) -> (LineCount, bool) {
    let whole = epoch.views.whole(filter, &state.tasks);
    let view = Arc::clone(whole.view());
    view.wait(deadline).await;
    let known = view.matched();
    if known.scanned >= len
        && let Some(matched) = state.tasks.blocking(move || view.rank(len)).await
    {
        return (matched, true);
    }
    state.unfinished.keep(whole, &state.tasks);
    (known.count, false)
}

fn wanted(query: &str) -> Result<Wanted, ApiError> {
    let mut wanted = Wanted { lines: Selection::default(), wait: Duration::from_secs(DEFAULT_WAIT_SECS) };
    for (name, value) in text_pairs(query)? {
        match name.as_str() {
            "wait" => {
                let secs = value.parse::<u64>().ok().filter(|&secs| secs <= MAX_WAIT_SECS);
                let secs = secs.ok_or_else(|| bad("'wait' must be a number of seconds from 0 to 30"))?;
                wanted.wait = Duration::from_secs(secs);
            }
            name => wanted.lines.read(name, &value)?,
        }
    }
    Ok(wanted)
}

fn bad(detail: &str) -> ApiError {
    ApiError::BadRequest { detail: detail.to_owned() }
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;
    use crate::tail::Tails;
    use crate::testing::{TempFolder, log_file, slow, tasks};

    /// F28.
    #[tokio::test]
    async fn a_file_that_is_cut_under_the_answer_is_counted_as_it_is_then() {
        let (folder, tasks) = (TempFolder::new(), tasks());
        let path = folder.file("a.log", b"one\ntwo\nthree\n");
        let file = log_file(&path);
        let tails = Tails::new(tasks.clone(), slow());
        let (again, same) = (tails.clone(), file.clone());
        let mut follower = tasks.blocking(move || tails.follow(file)).await.unwrap();
        let other = tasks.blocking(move || again.follow(same)).await.unwrap();
        let deadline = Instant::now() + Duration::from_secs(30);
        let lines = async |follower: &mut Follower, tip: &TailTip| {
            let written = written(&tasks, follower, tip, deadline).await.unwrap();
            written.epoch.index.wait_for(None, deadline).await;
            (written.epoch.index.total().count.get(), written.len.get(), written.is_seen)
        };
        let before = follower.tip();
        assert_eq!(lines(&mut follower, &before).await, (3, 14, true));
        // Nobody has seen it yet.
        let log = File::options().write(true).open(&path).unwrap();
        log.set_len(4).unwrap();
        assert_eq!(lines(&mut follower, &before).await, (1, 4, true), "cut and not seen");
        // It was seen after the answer had begun: the life that it began with is gone.
        assert!(before.current().source.is_cut());
        assert_eq!(lines(&mut follower, &before).await, (1, 4, true), "cut and seen");
        // Grown and cut again before it was seen: as long as it was then it never gets.
        let tip = follower.tip();
        let grown = Some(ByteOffset::new(14));
        log.set_len(6).unwrap();
        let waiting = async {
            let seen = seen(&tasks, &mut follower, (tip.current(), grown), deadline).await;
            (seen.len.get(), seen.is_seen)
        };
        let (seen, ()) = tokio::join!(waiting, async { other.look() });
        assert_eq!(seen, (6, true));
        // Not in time.
        log.set_len(0).unwrap();
        let tip = follower.tip();
        let late = written(&tasks, &mut follower, &tip, Instant::now()).await.unwrap();
        assert!(!late.is_seen);
    }

    #[test]
    fn parameters_are_read_and_refused_with_what_was_expected() {
        for (query, expected) in [
            ("", Some(("", 5))),
            ("q=a%20b&wait=30", Some(("a b", 30))),
            ("wait=0&other=1", Some(("", 0))),
            ("wait=31", None),
            ("wait=-1", None),
            ("from=soon", None),
            ("lvl=loud", None),
        ] {
            let read = wanted(query).ok();
            let expected = expected.map(|(q, secs)| Wanted {
                lines: Selection { q: q.to_owned(), ..Selection::default() },
                wait: Duration::from_secs(secs),
            });
            assert_eq!(read, expected, "{query}");
        }
    }
}
