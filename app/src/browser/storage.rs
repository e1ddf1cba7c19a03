//! What the browser keeps for this page: small settings.

use super::window;

const PREFIX: &str = "taillight.";

/// The setting `key`; `None` when there is none, or the browser keeps nothing for us.
pub fn get(key: &str) -> Option<String> {
    window().ok()?.local_storage().ok()??.get_item(&format!("{PREFIX}{key}")).ok()?
}

/// Keeps a setting, where the browser lets us: a private window may not, and the page works without.
pub fn set(key: &str, value: &str) {
    if let Some(storage) = window().ok().and_then(|window| window.local_storage().ok().flatten()) {
        let _ = storage.set_item(&format!("{PREFIX}{key}"), value);
    }
}
