//! The addresses that programs use: JSON and plain text.

pub mod count;
pub mod files;
pub mod health;
pub mod lines;
pub mod params;
pub mod raw;
mod search;
pub mod search_files;

use axum::http::Uri;
use taillight::path::LogPath;

use crate::auth::Principal;
use crate::catalog::{LogFile, OpenError};
use crate::error::ApiError;
use crate::state::AppState;
use crate::tail::Follower;

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
