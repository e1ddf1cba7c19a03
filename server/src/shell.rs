//! The pages of the application: what is asked for is read, the first screen is made, the document is written.

pub mod nonce;
pub mod plain;

use axum::extract::{Request, State};
use axum::http::Method;
use axum::response::Response;

use crate::auth::Principal;
use crate::error::ApiError;
use crate::state::AppState;

/// `/` and `/v/…`.
pub async fn page(State(state): State<AppState>, _who: Principal, _request: Request) -> Response {
    plain::problem(&state.facts.base, ApiError::NotFound)
}

/// The page for an address that is none; `None` when a program asks.
pub fn missing(state: &AppState, request: &Request) -> Option<Response> {
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    let is_program = request.uri().path().starts_with("/api/") || request.uri().path().starts_with("/raw/");
    (is_read && !is_program).then(|| plain::problem(&state.facts.base, ApiError::NotFound))
}
