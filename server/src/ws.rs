//! The viewer's WebSocket: the upgrade, and the parts every socket shares.
//!
//! Host, Origin and login were checked before this room is reached (`router`).

mod codec;
pub mod connection;
mod counters;
pub mod counts;
mod finding;
pub mod flood;
mod happened;
pub mod heartbeat;
mod levels;
mod live;
mod opening;
pub mod outbox;
mod requests;
pub(crate) mod search;
pub mod socket;
pub mod upgrade;
mod waiting;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};

pub use codec::{Message, Received, Violation};

use crate::auth::Principal;
use crate::error::ApiError;
use crate::state::AppState;
use upgrade::Upgrade;

/// Upgrades to the viewer's protocol (`taillight::wire`).
pub async fn viewer(State(state): State<AppState>, who: Principal, upgrade: Upgrade) -> Response {
    let Some(slot) = state.auth.sockets().take(&who) else { return too_many(&state) };
    upgrade.accept(&state.clone(), move |socket| async move {
        let _slot = slot;
        connection::run(socket, state, who).await;
    })
}

/// The answer to a user who has as many sockets as one may have.
pub fn too_many(state: &AppState) -> Response {
    ApiError::TooManySockets { most: state.auth.sockets().most() }.into_response()
}
