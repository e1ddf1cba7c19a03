//! The viewer's WebSocket: the upgrade, and the parts every socket shares.
//!
//! Host, Origin and login were checked before this room is reached (`router`).

pub mod connection;
mod counters;
mod finding;
pub mod heartbeat;
mod live;
mod opening;
pub mod outbox;
mod requests;
pub(crate) mod search;

use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::response::Response;

use crate::auth::Principal;
use crate::state::AppState;

/// Read buffer of a socket: the default, 128 KiB, would be most of an idle viewer's memory.
const READ_BUFFER_BYTES: usize = 4 * 1024;

/// Frames go to the kernel at once; this only bounds what one write may leave behind.
const WRITE_BUFFER_LIMIT_BYTES: usize = 1024 * 1024;

/// Upgrades to the viewer's protocol (`taillight::wire`).
pub async fn viewer(State(state): State<AppState>, who: Principal, upgrade: WebSocketUpgrade) -> Response {
    limited(upgrade, state.facts.message_bytes).on_upgrade(move |socket| {
        let tasks = state.tasks.clone();
        tasks.track(connection::run(socket, state, who))
    })
}

/// Sets the limits that hold for every socket.
pub fn limited(upgrade: WebSocketUpgrade, message_bytes: usize) -> WebSocketUpgrade {
    upgrade
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(0)
        .max_write_buffer_size(WRITE_BUFFER_LIMIT_BYTES)
        .max_message_size(message_bytes)
        .max_frame_size(message_bytes)
}
