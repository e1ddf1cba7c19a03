//! The address bar and the history.

use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{Element, MouseEvent};

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

/// Puts `address` (with the base path in front) in the place of the present entry, which keeps its mark.
///
/// # Errors
/// When the browser refuses: it limits how often a page may do this.
pub fn replace(address: &str) -> Result<(), BrowserError> {
    let history = window()?.history()?;
    Ok(history.replace_state_with_url(&history.state()?, "", Some(address))?)
}

/// Marks the present entry, for as long as it is in the history.
pub fn mark(name: &str) {
    if let Ok(history) = window().and_then(|window| Ok(window.history()?)) {
        // Without its mark an entry is one like all others.
        let _ = history.replace_state_with_url(&JsValue::from_str(name), "", None);
    }
}

/// Whether the present entry has that mark.
pub fn is_marked(name: &str) -> bool {
    let state = window().ok().and_then(|window| window.history().ok()?.state().ok());
    state.and_then(|state| state.as_string()).is_some_and(|mark| mark == name)
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

/// Goes back one entry.
pub fn back() {
    if let Ok(history) = window().and_then(|window| Ok(window.history()?)) {
        // Without an entry before this one nothing happens.
        let _ = history.back();
    }
}

/// Calls back for plain clicks on links: `on_link` gets the path, query and fragment below the base path, and answers
/// whether it took the link, so that the browser loads no document.
///
/// # Errors
/// When there is no document.
pub fn on_link(base: String, mut on_link: impl FnMut(&str) -> bool + 'static) -> Result<Listener, BrowserError> {
    Listener::add(Place::Document, "click", move |event: MouseEvent| {
        let has_modifier = event.ctrl_key() || event.meta_key() || event.shift_key() || event.alt_key();
        if has_modifier || event.button() != 0 || event.default_prevented() {
            return;
        }
        if linked_address(&event, &base).is_some_and(|address| on_link(&address)) {
            event.prevent_default();
        }
    })
}

/// The address below the base path of the link that was clicked, where it is one into this page.
fn linked_address(event: &MouseEvent, base: &str) -> Option<String> {
    let element: Element = event.target()?.dyn_into().ok()?;
    let link = element.closest("a[href]").ok()??;
    if link.has_attribute("download") {
        return None;
    }
    let address = link.get_attribute("href")?;
    let below = address.strip_prefix(base)?;
    // `//host` is another server; a lone fragment moves inside the page.
    (below.starts_with('/') && !below.starts_with("//")).then(|| below.to_owned())
}
