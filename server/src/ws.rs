//! The viewer's WebSocket: the upgrade, and the parts every socket shares.
//!
//! Host, Origin and login were checked before this room is reached (`router`).

mod codec;
pub mod connection;
mod counters;
pub mod counts;
mod finding;
pub mod heartbeat;
mod live;
mod opening;
pub mod outbox;
mod requests;
pub(crate) mod search;
pub mod socket;
pub mod upgrade;
mod waiting;

use axum::extract::State;
use axum::response::Response;

pub use codec::{Message, Received, Violation};

use crate::auth::Principal;
use crate::state::AppState;
use upgrade::Upgrade;

/// Upgrades to the viewer's protocol (`taillight::wire`).
pub async fn viewer(State(state): State<AppState>, who: Principal, upgrade: Upgrade) -> Response {
    upgrade.accept(&state.clone(), move |socket| connection::run(socket, state, who))
}
