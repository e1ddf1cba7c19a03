//! The address bar and the history.

use wasm_bindgen::JsValue;

use super::events::{Listener, Place};
use super::{BrowserError, window};

/// The raw path, query and fragment of the page's address, below the base path.
///
/// # Errors
/// When there is no window.
pub fn address(base: &str) -> Result<String, BrowserError> {
    let location = window()?.location();
    let path = location.pathname()?;
    let below = path.strip_prefix(base).unwrap_or(&path);
    Ok(format!("{below}{}{}", location.search()?, location.hash()?))
}

/// The scheme, host and port of the page.
///
/// # Errors
/// When there is no window.
pub fn origin() -> Result<String, BrowserError> {
    Ok(window()?.location().origin()?)
}

/// Makes `address` (with the base path in front) a new entry of the history.
///
/// # Errors
/// When the browser refuses: it limits how often a page may do this.
pub fn push(address: &str) -> Result<(), BrowserError> {
    Ok(window()?.history()?.push_state_with_url(&JsValue::NULL, "", Some(address))?)
}

/// Puts `address` (with the base path in front) in the place of the present entry.
///
/// # Errors
/// When the browser refuses: it limits how often a page may do this.
pub fn replace(address: &str) -> Result<(), BrowserError> {
    Ok(window()?.history()?.replace_state_with_url(&JsValue::NULL, "", Some(address))?)
}

/// Calls back after Back and Forward, and when somebody typed another fragment.
///
/// # Errors
/// When there is no window.
pub fn on_pop(mut on_pop: impl FnMut() + 'static) -> Result<Listener, BrowserError> {
    Listener::add(Place::Window, "popstate", move |_: web_sys::Event| on_pop())
}

/// Loads a document: the login page, the same page in a newer version.
pub fn load(address: &str) {
    if let Ok(window) = window() {
        // A refused navigation leaves the page as it is, which already says what is wrong.
        let _ = window.location().assign(address);
    }
}

/// Loads the page again.
pub fn reload() {
    if let Ok(window) = window() {
        // As above.
        let _ = window.location().reload();
    }
}
