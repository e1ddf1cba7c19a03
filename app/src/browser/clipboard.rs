//! The clipboard.

use wasm_bindgen::JsCast as _;
use wasm_bindgen_futures::JsFuture;

use super::{BrowserError, document, window};

/// Puts text on the clipboard.
///
/// # Errors
/// When the browser refuses: without a user's gesture, for example. A page that is not served over HTTPS or from this
/// machine has no clipboard; there the old way, a selected text box, is tried.
pub async fn write(text: String) -> Result<(), BrowserError> {
    let window = window()?;
    if window.is_secure_context() {
        JsFuture::from(window.navigator().clipboard().write_text(&text)).await?;
        return Ok(());
    }
    write_by_selection(&text)
}

fn write_by_selection(text: &str) -> Result<(), BrowserError> {
    let document = document()?;
    let body = document.body().ok_or(BrowserError::Missing("body"))?;
    let input: web_sys::HtmlInputElement =
        document.create_element("input")?.dyn_into().map_err(|_| BrowserError::Missing("input"))?;
    input.set_value(text);
    body.append_child(&input)?;
    input.select();
    let html: web_sys::HtmlDocument = document.dyn_into().map_err(|_| BrowserError::Missing("html document"))?;
    let copied = html.exec_command("copy");
    input.remove();
    if copied? { Ok(()) } else { Err(BrowserError::Refused("copying is not allowed here".into())) }
}

/// The text that the user has selected; empty when there is none.
pub fn selected_text() -> String {
    let selection = window().ok().and_then(|window| window.get_selection().ok().flatten());
    selection
        .filter(|selection| !selection.is_collapsed())
        .map(|selection| String::from(selection.to_string()))
        .unwrap_or_default()
}
