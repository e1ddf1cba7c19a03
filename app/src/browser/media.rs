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

/// Calls back when the browser has a network again.
///
/// # Errors
/// When there is no window.
pub fn on_online(mut on_online: impl FnMut() + 'static) -> Result<Listener, BrowserError> {
    Listener::add(Place::Window, "online", move |_: web_sys::Event| on_online())
}

/// Whether the user wants nothing to glide.
pub fn wants_less_motion() -> bool {
    matches("(prefers-reduced-motion: reduce)")
}
