//! The addresses that programs use: JSON and plain text.

pub mod count;
pub mod files;
pub mod health;
pub mod lines;
pub mod params;
pub mod raw;
mod search;
pub mod search_files;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::http::Uri;
use taillight::line::ByteOffset;
use taillight::path::LogPath;
use tokio::time::{Instant, timeout_at};

use crate::auth::Principal;
use crate::catalog::{LogFile, OpenError};
use crate::error::ApiError;
use crate::source::{Source, is_gone, unread};
use crate::state::AppState;
use crate::tail::Follower;
use crate::tasks::Tasks;

/// How long an answer that has not begun waits for a file that is being cut to be seen as what it is then.
const CUT_WAIT: Duration = Duration::from_secs(5);

/// How soon it is tried again when nothing new is seen: the file may be as it was by then.
const TRY_AGAIN: Duration = Duration::from_millis(50);

/// The log that a request's raw path names after `prefix`.
fn log_path(state: &AppState, uri: &Uri, prefix: &str) -> Result<LogPath, ApiError> {
    let rest = state.facts.below(uri.path()).strip_prefix(prefix).ok_or(ApiError::NotFound)?;
    rest.parse().map_err(|_| ApiError::NotFound)
}

/// Opens a log for that user, and follows it.
async fn follow_file(state: &AppState, who: Principal, path: LogPath) -> Result<Follower, ApiError> {
    Ok(follow(state, who, path).await?)
}

/// Opens a log for that user, and follows it.
///
/// # Errors
/// When it cannot be opened or looked at.
pub async fn follow(state: &AppState, who: Principal, path: LogPath) -> Result<Follower, OpenError> {
    let (catalog, tails) = (state.catalog.clone(), state.tails.clone());
    let open = move || tails.follow(catalog.open(&who, &path)?).map_err(OpenError::Io);
    state.tasks.blocking(open).await
}

/// The same, with the log as it was opened for that user: to look for its older files.
///
/// # Errors
/// As [`follow`].
pub async fn follow_opened(state: &AppState, who: Principal, path: LogPath) -> Result<(Follower, LogFile), OpenError> {
    let (catalog, tails) = (state.catalog.clone(), state.tails.clone());
    let open = move || {
        let file = catalog.open(&who, &path)?;
        Ok((tails.follow(file.clone())?, file))
    };
    state.tasks.blocking(open).await
}

/// Refuses to answer of a text that is not read: "no match" would be no answer.
///
/// # Errors
/// With [`ApiError::NotText`]. What else is wrong is found when the lines are read.
async fn check_text(tasks: &Tasks, follower: &Follower) -> Result<(), ApiError> {
    let source = Arc::clone(&follower.tip().current().source);
    let unread = tasks.blocking(move || unread(&*source)).await;
    unread.map_or(Ok(()), |detail| Err(ApiError::NotText { detail }))
}

/// An answer that has not begun failed because its file was cut under it: waits for what the follower sees then, and it can
/// be tried again.
///
/// # Errors
/// When it failed because of something else; [`ApiError::Busy`] after `deadline`.
async fn cut(follower: &mut Follower, error: io::Error, deadline: Instant) -> Result<(), ApiError> {
    match is_gone(&error) {
        false => Err(ApiError::internal(error)),
        true if look_again(follower, deadline).await => Ok(()),
        true => Err(ApiError::Busy),
    }
}

/// The file was found to be cut: waits for what the follower sees then; whether it is worth trying again. It may be as it was
/// again, which is no change: it is tried soon, seen or not. `false` after `deadline`, and when the server ends.
pub(crate) async fn look_again(follower: &mut Follower, deadline: Instant) -> bool {
    let now = Instant::now();
    follower.look();
    now < deadline && !matches!(timeout_at(deadline.min(now + TRY_AGAIN), follower.changed()).await, Ok(false))
}

/// How long a life is now, of which `seen` bytes were seen: not the follower's length, which is a moment old, since who has
/// just written a line expects it in the answer. Blocks.
///
/// # Errors
/// When the system cannot say; [`is_gone`] when there are fewer, so that these are bytes of another life.
fn len_now(source: &dyn Source, seen: ByteOffset) -> io::Result<ByteOffset> {
    let len = source.len()?;
    if len < seen { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(len) }
}
