//! The door: every request passes it before a route is chosen. It checks `Host`, then `Origin`, then, for an upgrade to a
//! WebSocket, the rest of the handshake rules, and writes down who asks. Whoever is behind it finds a
//! [`Principal`] or none; [`require_login`] turns the latter away.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Instant;

use axum::extract::{ConnectInfo, OriginalUri, Request, State};
use axum::http::header::{AUTHORIZATION, COOKIE, LOCATION, UPGRADE};
use axum::http::{HeaderMap, HeaderName, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::origin::{self, Credential, Site};
use super::{Auth, Principal};
use crate::config::AuthMode;
use crate::error::ApiError;
use crate::shell::plain;
use crate::state::AppState;

/// The address of ours that a connection came in on; the accept loop puts it into every request.
#[derive(Clone, Copy, Debug)]
pub struct ReachedAddr(pub SocketAddr);

/// Checks a request and writes down in it who asks, and the [`Site`] it was sent to.
pub async fn door(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    match admit(&state.auth, &request) {
        Ok((site, who)) => {
            request.extensions_mut().insert(site);
            if let Some(who) = who {
                request.extensions_mut().insert(who);
            }
            next.run(request).await
        }
        Err(error) if wants_page(&request, state.facts.below(request.uri().path())) => {
            plain::problem(&state.facts.base, error)
        }
        Err(error) => error.into_response(),
    }
}

/// Turns away who is not logged in: people to the login page and back, programs with 401.
pub async fn require_login(State(state): State<AppState>, request: Request, next: Next) -> Response {
    if request.extensions().get::<Principal>().is_some() {
        return next.run(request).await;
    }
    if is_upgrade(request.headers()) || !wants_page(&request, request.uri().path()) {
        return ApiError::Unauthorized.into_response();
    }
    let here = request.extensions().get::<OriginalUri>().map_or(request.uri(), |original| &original.0);
    let mut location = state.facts.url("/login?next=");
    let here = here.path_and_query().map_or("/", |here| here.as_str());
    taillight::path::percent_encode(here.as_bytes(), b"/", &mut location);
    (StatusCode::SEE_OTHER, [(LOCATION, location)]).into_response()
}

/// Whether a request asks for an upgrade to a WebSocket, in whatever spelling: such a request reaches no plain route.
pub fn is_upgrade(headers: &HeaderMap) -> bool {
    headers.get_all(UPGRADE).iter().any(|value| {
        let protocols = value.as_bytes().split(|&byte| byte == b',');
        protocols
            .map(<[u8]>::trim_ascii)
            .any(|protocol| protocol.get(..9).is_some_and(|name| name.eq_ignore_ascii_case(b"websocket")))
    })
}

/// Who is at the other end of a request's connection.
pub fn peer(request: &Request) -> IpAddr {
    let info = request.extensions().get::<ConnectInfo<SocketAddr>>();
    info.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |info| info.0.ip().to_canonical())
}

/// Whether the answer is for a person's eyes; `path` is below the base. Downloads are links on a page and commands in a script: the browser says
/// which of the two it is.
fn wants_page(request: &Request, path: &str) -> bool {
    const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
    if !matches!(*request.method(), Method::GET | Method::HEAD) || is_upgrade(request.headers()) {
        return false;
    }
    let is_program = path.starts_with("/api/") || path == "/metrics";
    let is_download = path.starts_with("/raw/");
    let navigates = request.headers().get(SEC_FETCH_MODE).is_some_and(|mode| mode == "navigate");
    !is_program && (!is_download || navigates)
}

fn admit(auth: &Auth, request: &Request) -> Result<(Site, Option<Principal>), ApiError> {
    let headers = request.headers();
    let reached = request.extensions().get::<ReachedAddr>();
    let reached = reached.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |reached| reached.0.ip());
    let site = auth.inner.hosts.check(headers, request.uri(), reached)?;
    let origin_seen = site.check_origin(headers)?;
    let (who, shown) = auth.identify(headers, peer(request))?;
    if is_upgrade(headers) {
        origin::check_upgrade(headers, origin_seen, shown)?;
    }
    Ok((site, who))
}

impl Auth {
    /// Who asks, and how it shows that. Where a Bearer token is sent, it alone counts.
    fn identify(&self, headers: &HeaderMap, peer: IpAddr) -> Result<(Option<Principal>, Credential), ApiError> {
        if self.inner.mode == AuthMode::None {
            return Ok((Some(Principal::local()), Credential::NotNeeded));
        }
        if let Some(token) = bearer(headers) {
            let is_ours = self.check_token(token, &self.inner.bearers, peer)?;
            return Ok((is_ours.then(Principal::token), Credential::Bearer));
        }
        let mut has_cookie = false;
        for id in self.session_cookies(headers) {
            has_cookie = true;
            if let Some(who) = self.inner.sessions.find(id) {
                return Ok((Some(who), Credential::Cookie));
            }
        }
        Ok((None, if has_cookie { Credential::Cookie } else { Credential::Missing }))
    }

    /// Compares a token with ours, counting failures of `peer` in `limiter`.
    pub(super) fn check_token(
        &self,
        token: &str,
        limiter: &super::limiter::Limiter,
        peer: IpAddr,
    ) -> Result<bool, ApiError> {
        let now = Instant::now();
        if let Err(left) = limiter.check(peer, now) {
            return Err(ApiError::TooMany { retry_secs: left.as_secs() + 1 });
        }
        let is_ours = super::secret::Digest::of(token.as_bytes()) == self.inner.token;
        if !is_ours {
            limiter.failed(peer, now);
        }
        Ok(is_ours)
    }

    /// The values of our cookie. A browser sends one; several, of which one is good, are no reason to refuse it.
    fn session_cookies<'a>(&'a self, headers: &'a HeaderMap) -> impl Iterator<Item = &'a str> {
        let values = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
        let pairs = values.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs
            .filter(|(name, value)| *name == self.inner.cookie_name && value.len() == 64)
            .map(|(_, value)| value)
            .take(4)
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
