//! The upgrade of a request to a WebSocket, and the socket that comes of it.

use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::http::header::{CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::socket::Socket;
use crate::error::ApiError;
use crate::serve::held::Held;
use crate::state::AppState;

/// A request that asks for a WebSocket, in order.
pub struct Upgrade {
    on_upgrade: OnUpgrade,
    accept: HeaderValue,
}

impl Upgrade {
    /// Accepts it: `run` gets the socket, as a task that the server's end waits for.
    pub fn accept<F, Run>(self, state: &AppState, run: F) -> Response
    where
        F: FnOnce(Socket) -> Run + Send + 'static,
        Run: Future<Output = ()> + Send + 'static,
    {
        let Self { on_upgrade, accept } = self;
        let (facts, tasks) = (state.facts.clone(), state.tasks.clone());
        state.tasks.spawn(async move {
            let Ok(upgraded) = on_upgrade.await else { return };
            // Every connection is one of our own accept loop.
            let Ok(parts) = upgraded.downcast::<TokioIo<Held>>() else { return };
            let socket = Socket::new(parts.io.into_inner(), &parts.read_buf, &facts, tasks.stopping());
            drop((parts.read_buf, facts, tasks));
            // In a box of its own: what the handshake needed is given back.
            Box::pin(run(socket)).await;
        });
        let headers = [
            (CONNECTION, HeaderValue::from_static("Upgrade")),
            (UPGRADE, HeaderValue::from_static("websocket")),
            (SEC_WEBSOCKET_ACCEPT, accept),
        ];
        (StatusCode::SWITCHING_PROTOCOLS, headers, Body::empty()).into_response()
    }
}

impl<S: Sync> FromRequestParts<S> for Upgrade {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let headers = &parts.headers;
        let is_upgrade = parts.method == Method::GET
            && has(headers, &CONNECTION, "upgrade")
            && has(headers, &UPGRADE, "websocket")
            && has(headers, &SEC_WEBSOCKET_VERSION, "13");
        let key = headers.get(SEC_WEBSOCKET_KEY).filter(|_| is_upgrade);
        let accept = key.and_then(|key| HeaderValue::from_str(&derive_accept_key(key.as_bytes())).ok());
        let accept = accept.ok_or_else(|| bad("expected the upgrade to a WebSocket of version 13"))?;
        let on_upgrade = parts.extensions.remove::<OnUpgrade>();
        let on_upgrade = on_upgrade.ok_or_else(|| bad("this connection cannot become a WebSocket"))?;
        Ok(Self { on_upgrade, accept })
    }
}

fn bad(detail: &str) -> ApiError {
    ApiError::BadRequest { detail: detail.to_owned() }
}

/// Whether a header's list has that word.
fn has(headers: &HeaderMap, name: &HeaderName, word: &str) -> bool {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|value| value.trim().eq_ignore_ascii_case(word))
}
