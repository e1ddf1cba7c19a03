//! The login page and its form. It works without JavaScript: paste the token, press the button. With it, opening the
//! printed address is enough: the browser keeps the address's fragment over the redirect to this page, and the small
//! script here puts the token from it into the form and sends it. A fragment is never sent to a server, so the token
//! is in no log and no history.

use axum::Form;
use axum::extract::{Query, Request, State};
use axum::http::header::{CACHE_CONTROL, HeaderValue, LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, RequestExt as _};
use serde::Deserialize;

use super::origin::{self, Site};
use super::principal::TOKEN;
use super::{Auth, Principal, door};
use crate::config::AuthMode;
use crate::error::ApiError;
use crate::shell::plain::{self, Notice};
use crate::state::AppState;

/// What the login page is asked with.
#[derive(Debug, Default, Deserialize)]
pub struct LoginParams {
    /// Where to go afterwards: a path of ours with its query.
    next: Option<String>,
}

/// What the form sends.
#[derive(Deserialize)]
pub struct LoginForm {
    token: String,
    next: Option<String>,
}

/// The login page; who is logged in already goes on at once.
pub async fn show(
    State(state): State<AppState>,
    who: Option<Principal>,
    params: Result<Query<LoginParams>, axum::extract::rejection::QueryRejection>,
) -> Response {
    let next = params.map(|Query(params)| params).unwrap_or_default().next;
    let next = local_path(next.as_deref()).unwrap_or(&state.facts.url("/")).to_owned();
    match who {
        Some(_) => see_other(&next),
        None => plain::login(&state.facts.base, &next, None, StatusCode::OK),
    }
}

/// Takes the form: the right token begins a session.
pub async fn submit(State(state): State<AppState>, Extension(site): Extension<Site>, request: Request) -> Response {
    let peer = door::peer(&request);
    if let Err(error) = origin::check_fetch_site(request.headers()) {
        return plain::problem(&state.facts.base, error);
    }
    let Ok(Form(form)) = request.extract::<Form<LoginForm>, _>().await else {
        let detail = "expected a form with the field 'token'".to_owned();
        return plain::problem(&state.facts.base, ApiError::BadRequest { detail });
    };
    let home = state.facts.url("/");
    let next = local_path(form.next.as_deref()).unwrap_or(&home);
    if state.auth.mode() == AuthMode::None {
        return see_other(next);
    }
    match state.auth.check_token(form.token.trim(), &state.auth.inner.logins, peer) {
        Err(error) => plain::problem(&state.facts.base, error),
        Ok(false) => plain::login(&state.facts.base, next, Some(Notice::WrongToken), StatusCode::UNAUTHORIZED),
        Ok(true) => match state.auth.inner.sessions.begin(TOKEN, true).await {
            Ok(id) => with_cookie(see_other(next), &state.auth.cookie(&site, &id)),
            Err(error) => plain::problem(&state.facts.base, ApiError::internal(error)),
        },
    }
}

/// Ends the session, and says so to the browser.
pub async fn logout(
    State(state): State<AppState>,
    Extension(site): Extension<Site>,
    who: Option<Principal>,
    headers: HeaderMap,
) -> Response {
    if let Err(error) = origin::check_fetch_site(&headers) {
        return plain::problem(&state.facts.base, error);
    }
    if let Some(session) = who.as_ref().and_then(Principal::session) {
        state.auth.inner.sessions.end(session).await;
    }
    with_cookie(see_other(&state.facts.url("/login")), &state.auth.expired_cookie(&site))
}

impl Auth {
    /// `Path=/`, not the base path: the seed's stream lives on absolute file paths.
    fn cookie(&self, site: &Site, id: &str) -> String {
        let secs = self.inner.sessions.lifetimes().absolute_secs;
        self.cookie_text(site, id, secs)
    }

    fn expired_cookie(&self, site: &Site) -> String {
        self.cookie_text(site, "", 0)
    }

    fn cookie_text(&self, site: &Site, value: &str, max_age_secs: u64) -> String {
        let secure = if site.is_secure { "; Secure" } else { "" };
        let name = &self.inner.cookie_name;
        format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={max_age_secs}{secure}")
    }
}

/// `next` where it is a path of this server: browsers take `//host`, `/\host` and control characters for other sites.
pub fn local_path(next: Option<&str>) -> Option<&str> {
    let next = next?;
    let is_plain = next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let is_local = next.starts_with('/') && !next.starts_with("//");
    (is_plain && is_local && next.len() <= 8 * 1024).then_some(next)
}

fn see_other(location: &str) -> Response {
    let location = HeaderValue::from_str(location).unwrap_or(HeaderValue::from_static("/"));
    let no_store = HeaderValue::from_static("no-store");
    (StatusCode::SEE_OTHER, [(LOCATION, location), (CACHE_CONTROL, no_store)]).into_response()
}

fn with_cookie(mut response: Response, cookie: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(SET_COOKIE, value);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_path_of_ours_is_a_place_to_go_back_to() {
        let cases = [
            ("/", true),
            ("/v/app/x.log?at=line:3&wrap=1", true),
            ("/v/a//b", true),
            ("", false),
            ("v/app", false),
            ("//evil.example", false),
            ("/\\evil.example", false),
            ("/v\\..", false),
            ("https://evil.example/", false),
            ("javascript:alert(1)", false),
            ("/a\r\nSet-Cookie: x=y", false),
            ("/\t/evil.example", false),
            ("/caf\u{e9}", false),
        ];
        for (next, is_local) in cases {
            assert_eq!(local_path(Some(next)).is_some(), is_local, "{next:?}");
        }
        assert_eq!(local_path(None), None);
    }
}
