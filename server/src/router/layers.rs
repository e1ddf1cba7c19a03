//! The layers around the routes.

use std::any::Any;
use std::time::Duration;

use axum::extract::Request;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{Extensions, HeaderMap, StatusCode, Version};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{Predicate, SizeAbove};
use tower_http::timeout::TimeoutLayer;

use crate::error::{ApiError, Cause};
use crate::shell::nonce::Nonce;

/// How long the body of a form may take.
const FORM_TIMEOUT: Duration = Duration::from_secs(10);

/// What is not a page may do nothing in a browser.
const CLOSED_POLICY: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox";

/// Sets the security headers of every answer. A page says so by the [`Nonce`] in its response's extensions.
pub async fn headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let nonce = response.extensions_mut().remove::<Nonce>();
    let is_page = nonce.is_some();
    let policy = nonce.map_or_else(|| CLOSED_POLICY.to_owned(), |nonce| page_policy(&nonce));
    let headers = response.headers_mut();
    set(headers, CONTENT_SECURITY_POLICY, &policy);
    set(headers, X_CONTENT_TYPE_OPTIONS, "nosniff");
    // With 'no-referrer' a form of ours would be sent with 'Origin: null', which is refused.
    set(headers, REFERRER_POLICY, if is_page { "same-origin" } else { "no-referrer" });
    set(headers, HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    set(headers, HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    if !headers.contains_key(CACHE_CONTROL) {
        set(headers, CACHE_CONTROL, "no-store");
    }
    response
}

/// Tells the cause of an internal error: the one place that does.
pub async fn log_cause(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    if let Some(cause) = response.extensions().get::<Cause>() {
        tracing::error!(cause = %cause.0, "request failed");
    }
    response
}

/// The answer to a request whose handler panicked; the panic hook has told the place.
pub fn panicked(_panic: Box<dyn Any + Send>) -> Response {
    ApiError::internal("a handler panicked").into_response()
}

/// Compresses downloads by `Accept-Encoding`; a range is sent as it is, because it is a range of the plain bytes.
pub fn compression() -> CompressionLayer<impl Predicate> {
    let is_whole =
        |status: StatusCode, _: Version, _: &HeaderMap, _: &Extensions| status != StatusCode::PARTIAL_CONTENT;
    CompressionLayer::new().compress_when(SizeAbove::default().and(is_whole))
}

/// Cuts a form that comes too slowly.
pub fn form_timeout() -> TimeoutLayer {
    TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, FORM_TIMEOUT)
}

/// The answer to a known path with another method.
pub async fn wrong_method() -> ApiError {
    ApiError::MethodNotAllowed { allow: "GET, HEAD" }
}

fn page_policy(nonce: &Nonce) -> String {
    format!(
        "default-src 'none'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; \
         font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; \
         frame-ancestors 'none'"
    )
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}
