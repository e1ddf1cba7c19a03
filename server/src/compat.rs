//! Stand-in for the lead's file: the seed's stream.

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{OriginalUri, State};
use axum::response::Response;

use crate::auth::Principal;
use crate::error::ApiError;
use crate::state::AppState;

/// Stand-in: every file is missing.
///
/// # Errors
/// Always.
pub async fn stream(
    State(_state): State<AppState>,
    _who: Principal,
    _uri: OriginalUri,
    _upgrade: WebSocketUpgrade,
) -> Result<Response, ApiError> {
    Err(ApiError::NotFound)
}
