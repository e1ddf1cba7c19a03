//! `GET /api/v1/count/ROOT/PATH`: how many lines match, from the counts that all viewers share.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use serde::Serialize;
use taillight::line::{ByteOffset, LineCount};
use tokio::time::{Instant, timeout_at};

use crate::api::params::{Selection, query_pairs};
use crate::api::search::{compile, opened};
use crate::auth::Principal;
use crate::error::ApiError;
use crate::scan::Filter;
use crate::state::AppState;
use crate::tail::{Epoch, Follower};

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
    let filter = compile(&state.tasks, lines).await?;
    let mut follower = opened(&state, who, &uri, "/api/v1/count/").await?;
    let is_decoded = follower.decoded(None, deadline).await;
    let Written { epoch, len, is_seen } = written(&state, &mut follower, deadline).await?;
    let is_counted = epoch.index.wait_for(None, deadline).await && is_seen && is_decoded;
    let lines = epoch.index.total().count;
    if filter.is_everything() {
        return Ok(Json(Count { matched: lines, lines, complete: is_counted }));
    }
    let (matched, is_matched) = matched(&state, &epoch, &filter, (len, deadline)).await;
    Ok(Json(Count { matched, lines, complete: is_counted && is_matched }))
}

/// What was written when the answer began.
struct Written {
    epoch: Arc<Epoch>,
    len: ByteOffset,
    /// Whether the follower has seen it, so that it will be counted.
    is_seen: bool,
}

/// The current life once the follower has seen all that is written now: who has just written a line expects it to be
/// counted.
async fn written(state: &AppState, follower: &mut Follower, deadline: Instant) -> Result<Written, ApiError> {
    let first = Arc::clone(follower.tip().current());
    let source = Arc::clone(&first.source);
    let len = state.tasks.blocking(move || source.len()).await.map_err(ApiError::internal)?;
    loop {
        let tip = follower.tip();
        let epoch = Arc::clone(tip.current());
        if epoch.generation != first.generation {
            return Ok(Written { epoch, len: tip.len, is_seen: true });
        }
        let is_seen = tip.len >= len;
        if is_seen || !matches!(timeout_at(deadline, follower.changed()).await, Ok(true)) {
            return Ok(Written { epoch, len, is_seen });
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
    let view = epoch.views.get(filter, &state.tasks);
    view.wait(deadline).await;
    let matched = view.matched();
    (matched.count, matched.exact && matched.scanned >= len)
}

fn wanted(query: &str) -> Result<Wanted, ApiError> {
    let mut wanted = Wanted { lines: Selection::default(), wait: Duration::from_secs(DEFAULT_WAIT_SECS) };
    for (name, value) in query_pairs(query) {
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
    use super::*;

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
