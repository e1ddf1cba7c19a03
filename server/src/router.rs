//! Every address and every layer.
//!
//! From outside in: headers on every answer, a catcher of panics and the log of causes, the door (`Host`, `Origin`,
//! who asks), the seed's stream for every upgrade but the viewer's, then the routes.

mod layers;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::handler::Handler as _;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use taillight::wire;
use tower_http::catch_panic::CatchPanicLayer;

use crate::api::{count, files, health, lines, raw, search_files};
use crate::auth::{door, login};
use crate::error::ApiError;
use crate::shell::plain;
use crate::state::AppState;
use crate::{assets, compat, shell, ws};

/// What answers a request.
pub type Service = Router;

/// The body of a form, in bytes, at most.
const MAX_FORM_BYTES: usize = 16 * 1024;

/// All of it.
pub fn service(state: AppState) -> Service {
    let routes = public().merge(private(&state));
    let below_base = match state.facts.base.as_str() {
        "" => routes,
        base => Router::new()
            .route(&format!("{base}/"), get(shell::home))
            .fallback(missing)
            .layer(middleware::from_fn_with_state(state.clone(), door::require_login))
            .nest(base, routes),
    };
    below_base
        // Before routing is over, an upgrade on any path is the seed's stream; only who passed the door gets here.
        .layer(middleware::from_fn_with_state(state.clone(), upgrades))
        .layer(middleware::from_fn_with_state(state.clone(), door::door))
        .layer(middleware::from_fn(layers::log_cause))
        .layer(CatchPanicLayer::custom(layers::panicked))
        .layer(middleware::from_fn(layers::headers))
        .with_state(state)
}

/// For everybody: what the login page needs, and whether the server is there.
fn public() -> Router<AppState> {
    let forms = Router::new()
        .route("/login", get(login::show).post(login::submit))
        .route("/logout", post(login::logout))
        .layer(DefaultBodyLimit::max(MAX_FORM_BYTES))
        .layer(layers::form_timeout());
    Router::new()
        .merge(forms)
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route(plain::STYLE_PATH, get(assets::plain_style))
        .route("/pkg/{*path}", get(assets::file))
        .route("/favicon.svg", get(assets::file))
        .route("/favicon.ico", get(assets::file))
        .route("/robots.txt", get(assets::file))
        .route("/manifest.webmanifest", get(assets::file))
        .method_not_allowed_fallback(layers::wrong_method)
}

/// For who is logged in. The layer is around the fallback too, so that a stranger does not even learn what is missing.
fn private(state: &AppState) -> Router<AppState> {
    Router::new()
        .route("/", get(shell::page))
        .route("/v/{*path}", get(shell::page))
        .route("/api/v1/files", get(files::list))
        .route("/metrics", get(health::metrics))
        .route("/api/v1/lines/{*path}", get(lines::lines))
        .route("/api/v1/count/{*path}", get(count::count))
        .route("/api/v1/search", get(search_files::search))
        .route("/raw/{*path}", get(raw::raw).layer(layers::compression()))
        .route(wire::ENDPOINT, get(ws::viewer))
        .method_not_allowed_fallback(layers::wrong_method)
        .fallback(missing)
        .layer(middleware::from_fn_with_state(state.clone(), door::require_login))
}

/// Every upgrade to a WebSocket is the seed's stream, whatever its path, except on the viewer's own endpoint.
async fn upgrades(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let is_viewer = state.facts.below(request.uri().path()) == wire::ENDPOINT;
    if is_viewer || !door::is_upgrade(request.headers()) {
        return next.run(request).await;
    }
    compat::stream.call(request, state).await
}

/// What is not there: a page for people, facts for programs.
async fn missing(State(state): State<AppState>, request: Request) -> Response {
    shell::missing(&state, &request).unwrap_or_else(|| ApiError::NotFound.into_response())
}
