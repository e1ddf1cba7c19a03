//! The addresses that programs use: JSON and plain text.

pub mod files;
pub mod health;
pub mod lines;
pub mod params;
pub mod raw;

use axum::http::Uri;
use taillight::path::LogPath;

use crate::auth::Principal;
use crate::catalog::LogFile;
use crate::error::ApiError;
use crate::state::AppState;

/// The log that a request's raw path names after `prefix`.
fn log_path(state: &AppState, uri: &Uri, prefix: &str) -> Result<LogPath, ApiError> {
    let rest = state.facts.below(uri.path()).strip_prefix(prefix).ok_or(ApiError::NotFound)?;
    rest.parse().map_err(|_| ApiError::NotFound)
}

/// Opens a log for that user.
async fn open_file(state: &AppState, who: Principal, path: LogPath) -> Result<LogFile, ApiError> {
    let catalog = state.catalog.clone();
    Ok(state.tasks.blocking(move || catalog.open(&who, &path)).await?)
}
