//! What can go wrong at the HTTP edge, by meaning. Handlers name the meaning; status, text and form are decided here.
//!
//! Programs get `application/problem+json`; pages get the same facts as HTML from [`crate::shell`]. The cause of an
//! internal error never reaches the client: it rides in the response's extensions to the one place that logs.

use std::fmt;
use std::sync::Arc;

use axum::http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::catalog::OpenError;
use crate::serve::crowded::is_out_of_handles;

/// The media type of errors.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// Why a request is not answered as asked.
#[derive(Debug)]
pub enum ApiError {
    /// Not there, outside the roots, or refused by a rule: the same answer for all three.
    NotFound,
    /// There and allowed, but the operating system refuses it to the user the server runs as.
    Denied {
        /// Which user that is, and the fix.
        detail: String,
    },
    /// Refused before anything was looked at: wrong `Host`, wrong `Origin`.
    Forbidden {
        /// What was wrong and which setting changes it.
        detail: String,
    },
    /// Nobody is logged in.
    Unauthorized,
    /// The request makes no sense.
    BadRequest {
        /// What was expected.
        detail: String,
    },
    /// No byte of a file is in the range that is wanted.
    BadRange {
        /// How long the file is, in bytes.
        len: u64,
    },
    /// A query that does not parse.
    BadQuery {
        /// What was expected.
        detail: String,
        /// Where in the query, in bytes from 0.
        position: u32,
    },
    /// The path is there, but not for this method.
    MethodNotAllowed {
        /// The methods that are, as the `Allow` header says them.
        allow: &'static str,
    },
    /// Not a file that can be read as a log.
    NotAFile {
        /// What it is instead, with its article: `a folder`, `a named pipe`.
        what: &'static str,
    },
    /// A log whose text is not read.
    NotText {
        /// Why, and the fix.
        detail: String,
    },
    /// Too many attempts.
    TooMany {
        /// Seconds until the next one is looked at.
        retry_secs: u64,
    },
    /// A user has as many sockets as one may have.
    TooManySockets {
        /// How many that is.
        most: u32,
    },
    /// A user has as many searches over files as one may have.
    TooManySearches {
        /// How many that is.
        most: u32,
    },
    /// The server is at a limit or going away; trying again helps.
    Busy,
    /// The server's own fault.
    Internal(Cause),
}

/// The cause of an internal error, for the log only.
#[derive(Clone, Debug)]
pub struct Cause(pub Arc<dyn std::error::Error + Send + Sync>);

/// An error's facts as a client may see them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// What happened, in a few words.
    pub title: &'static str,
    /// Why, and the next action.
    pub detail: String,
    /// The HTTP status.
    pub status: u16,
    /// Where in a query, in bytes from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<u32>,
}

impl ApiError {
    /// An internal error with its cause.
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(Cause(Arc::from(cause.into())))
    }

    /// The HTTP status that says it.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NotFound | Self::NotAFile { .. } => StatusCode::NOT_FOUND,
            Self::Denied { .. } | Self::Forbidden { .. } => StatusCode::FORBIDDEN,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::BadRequest { .. } | Self::BadQuery { .. } => StatusCode::BAD_REQUEST,
            Self::BadRange { .. } => StatusCode::RANGE_NOT_SATISFIABLE,
            Self::MethodNotAllowed { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::NotText { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooMany { .. } | Self::TooManySockets { .. } | Self::TooManySearches { .. } => {
                StatusCode::TOO_MANY_REQUESTS
            }
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// What a client may see of it.
    pub fn problem(&self) -> Problem {
        let (title, detail) = self.text();
        let position = match self {
            Self::BadQuery { position, .. } => Some(*position),
            _ => None,
        };
        Problem { title, detail, status: self.status().as_u16(), position }
    }

    /// Puts the headers that belong to it on a response, whatever its form, and the cause for the log.
    pub fn mark(self, response: &mut Response) {
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        match self {
            Self::Unauthorized => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"taillight\""));
            }
            Self::MethodNotAllowed { allow } => {
                headers.insert(ALLOW, HeaderValue::from_static(allow));
            }
            Self::TooMany { retry_secs } => {
                headers.insert(RETRY_AFTER, HeaderValue::from(retry_secs));
            }
            Self::Busy | Self::TooManySearches { .. } => {
                headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
            }
            Self::Internal(cause) => {
                response.extensions_mut().insert(cause);
            }
            _ => {}
        }
    }

    fn text(&self) -> (&'static str, String) {
        match self {
            Self::NotFound => ("not found", "no such file or page, or it is not shared with you".to_owned()),
            Self::Denied { detail } => ("permission denied", detail.clone()),
            Self::Forbidden { detail } => ("refused", detail.clone()),
            Self::Unauthorized => (
                "not logged in",
                "open the address that the server printed at its start, or send 'Authorization: Bearer TOKEN'"
                    .to_owned(),
            ),
            Self::BadRequest { detail } => ("bad request", detail.clone()),
            Self::BadRange { len } => {
                ("no such range", format!("the file has {len} bytes: ask for a range that begins before"))
            }
            Self::BadQuery { detail, .. } => ("bad query", detail.clone()),
            Self::MethodNotAllowed { allow } => ("method not allowed", format!("this address answers {allow} only")),
            Self::NotAFile { what } => ("not a log file", format!("this is {what}, not a regular file")),
            Self::NotText { detail } => ("text not read", detail.clone()),
            Self::TooMany { retry_secs } => {
                ("too many attempts", format!("too many failed attempts: try again in {retry_secs} seconds"))
            }
            Self::TooManySockets { most } => (
                "too many sockets",
                format!("a user may have {most} sockets at a time: close one, or raise limits.sockets_per_user"),
            ),
            Self::TooManySearches { most } => (
                "too many searches",
                format!(
                    "{most} searches over files are running for you: wait for one to end, or raise limits.searches_per_user"
                ),
            ),
            Self::Busy => {
                ("server busy", "the server is at a limit or shutting down: try again in a moment".to_owned())
            }
            Self::Internal(_) => ("internal error", "the server failed: its log says why".to_owned()),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = serde_json::to_string(&self.problem()).unwrap_or_default();
        let mut response = ([(CONTENT_TYPE, PROBLEM_JSON)], body).into_response();
        self.mark(&mut response);
        response
    }
}

impl From<OpenError> for ApiError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::NotFound => Self::NotFound,
            OpenError::IsFolder => Self::NotAFile { what: "a folder" },
            OpenError::NotAFile(what) => Self::NotAFile { what },
            denied @ OpenError::Denied { .. } => Self::Denied { detail: denied.to_string() },
            OpenError::Io(cause) if is_out_of_handles(&cause) => Self::Busy,
            OpenError::Io(cause) => Self::internal(cause),
        }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (title, detail) = self.text();
        write!(f, "{title}: {detail}")
    }
}

impl std::error::Error for ApiError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cause_of_an_internal_error_rides_beside_the_body_and_not_in_it() {
        let error = ApiError::internal("secret path /root/x");
        assert!(!error.problem().detail.contains("secret"));
        let response = error.into_response();
        let cause = response.extensions().get::<Cause>().map(|cause| cause.0.to_string());
        assert_eq!(cause.as_deref(), Some("secret path /root/x"));
    }

    #[test]
    fn why_a_file_is_not_open_is_told_as_far_as_it_may_be() {
        let denied = OpenError::Denied {
            user: "logs".to_owned(),
            uid: 7,
            path: "/var/log/secure".to_owned(),
            fix: "add 'logs' to the group 'adm'".to_owned(),
        };
        let cases = [
            (OpenError::NotFound, 404, "no such file"),
            (OpenError::IsFolder, 404, "a folder"),
            (OpenError::NotAFile("a named pipe"), 404, "a named pipe"),
            (denied, 403, "user 'logs'"),
            (OpenError::Io(std::io::Error::other("disk 7 on fire")), 500, "its log says why"),
        ];
        for (error, status, text) in cases {
            let problem = ApiError::from(error).problem();
            assert_eq!(problem.status, status, "{problem:?}");
            assert!(problem.detail.contains(text) && !problem.detail.contains("on fire"), "{problem:?}");
        }
    }

    #[test]
    fn a_bad_query_names_its_position() {
        let error = ApiError::BadQuery { detail: "expected a word".to_owned(), position: 7 };
        let json = serde_json::to_string(&error.problem()).unwrap();
        assert_eq!(json, r#"{"title":"bad query","detail":"expected a word","status":400,"position":7}"#);
    }
}
