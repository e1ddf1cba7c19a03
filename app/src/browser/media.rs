//! What the user's screen and tab are like.

use super::events::{Listener, Place};
use super::{BrowserError, document, window};

/// Whether the tab is in the background.
pub fn is_hidden() -> bool {
    document().is_ok_and(|document| document.hidden())
}

/// Calls back when the tab goes to the background or comes back.
///
/// # Errors
/// When there is no document.
pub fn on_visibility(mut on_change: impl FnMut(bool) + 'static) -> Result<Listener, BrowserError> {
    Listener::add(Place::Document, "visibilitychange", move |_: web_sys::Event| on_change(is_hidden()))
}

/// Whether a media query holds.
pub fn matches(query: &str) -> bool {
    window().ok().and_then(|window| window.match_media(query).ok().flatten()).is_some_and(|list| list.matches())
}
