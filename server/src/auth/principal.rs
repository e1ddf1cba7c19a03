//! Who asks. A handler that takes a [`Principal`] is for those who are let in; one without is visibly public.

use std::sync::Arc;

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::request::Parts;

use crate::auth::secret::Digest;
use crate::error::ApiError;

/// Whoever uses the machine itself.
const LOCAL: &str = "local";

/// Whoever has the start token.
pub(super) const TOKEN: &str = "token";

/// Somebody who was let in. Only [`crate::auth::door`] puts one into a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    name: Arc<str>,
    is_admin: bool,
    /// The session that let it in, where it was a cookie.
    session: Option<Digest>,
}

impl Principal {
    /// Whoever uses the machine itself: for `--auth none`, the command line and tests.
    pub fn local() -> Self {
        Self { name: Arc::from(LOCAL), is_admin: true, session: None }
    }

    /// The holder of the start token.
    pub(crate) fn token() -> Self {
        Self { name: Arc::from(TOKEN), is_admin: true, session: None }
    }

    /// Somebody with a session.
    pub(crate) fn of_session(name: &str, is_admin: bool, session: Digest) -> Self {
        Self { name: Arc::from(name), is_admin, session: Some(session) }
    }

    /// The name, for people and the audit log.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name, where it is one user's own: everybody is the same one without a login, and so are all who have the token.
    pub(crate) fn own_name(&self) -> Option<&Arc<str>> {
        Some(&self.name).filter(|name| !matches!(&***name, LOCAL | TOKEN))
    }

    /// Whether it may do everything.
    pub fn is_admin(&self) -> bool {
        self.is_admin
    }

    /// The session that let it in, where it was a cookie.
    pub(crate) fn session(&self) -> Option<Digest> {
        self.session
    }
}

impl<S: Sync> FromRequestParts<S> for Principal {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        parts.extensions.get::<Self>().cloned().ok_or(ApiError::Unauthorized)
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for Principal {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Option<Self>, Self::Rejection> {
        Ok(parts.extensions.get::<Self>().cloned())
    }
}
