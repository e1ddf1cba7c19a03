//! The number that lets a page's own inline scripts run under the content policy, new for every response.

use std::fmt;

use crate::auth::secret;

/// 256 random bits as text without special characters. A response that carries one in its extensions is an HTML page, and
/// gets the page's content policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nonce(String);

impl Nonce {
    /// A new one. Without random numbers it is empty, which no policy allows: scripts do not run then.
    pub fn random() -> Self {
        Self(secret::random_hex().unwrap_or_default())
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
