//! `/healthz`, `/readyz`, `/metrics`: whether the server is there, whether it takes work, and how much it has.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

use crate::auth::Principal;
use crate::error::ApiError;
use crate::state::Facts;
use crate::tail::Tails;
use crate::tasks::Tasks;

/// Says that the process answers.
pub async fn healthz() -> &'static str {
    "ok\n"
}

/// Says whether new work is taken: not once the end has begun.
///
/// # Errors
/// [`ApiError::Busy`] then.
pub async fn readyz(State(tasks): State<Tasks>) -> Result<&'static str, ApiError> {
    if tasks.stopping().is_cancelled() { Err(ApiError::Busy) } else { Ok("ready\n") }
}

/// The figures as Prometheus text.
pub async fn metrics(
    State(facts): State<Arc<Facts>>,
    State(tasks): State<Tasks>,
    State(tails): State<Tails>,
    _who: Principal,
) -> Response {
    let count = |counter: usize| u64::try_from(counter).unwrap_or(u64::MAX);
    let figures = [
        ("taillight_connections", "Open connections.", count(facts.n_connections.load(Ordering::Relaxed))),
        ("taillight_viewers", "Open sockets that follow a file.", count(facts.n_viewers.load(Ordering::Relaxed))),
        ("taillight_followed_files", "Files that are followed.", count(tails.count())),
        ("taillight_tasks", "Running tasks.", count(tasks.n_running())),
        ("taillight_reads_waiting", "Reads that wait for a free slot.", count(tasks.n_waiting())),
        ("taillight_uptime_seconds", "Seconds since the start.", facts.started.elapsed().as_secs()),
    ];
    let (shared, own) = facts.counters.frames();
    let frames = [("shared", shared), ("own", own)];
    let mut text =
        String::from("# HELP taillight_build_info The running version.\n# TYPE taillight_build_info gauge\n");
    let _ = writeln!(text, "taillight_build_info{{version=\"{}\"}} 1", env!("CARGO_PKG_VERSION"));
    for (name, help, value) in figures {
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}");
    }
    counted(&mut text, ("taillight_live_frames_total", "Live frames sent, by who read them."), "read", frames);
    counted(&mut text, ("taillight_sockets_ended_total", "Sockets that ended."), "cause", facts.counters.ended());
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}

/// Writes a counter that has one value for each word of a label.
fn counted(
    text: &mut String,
    (name, help): (&str, &str),
    label: &str,
    values: impl IntoIterator<Item = (&'static str, u64)>,
) {
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} counter");
    for (word, value) in values {
        let _ = writeln!(text, "{name}{{{label}=\"{word}\"}} {value}");
    }
}
