//! Small HTTP reads: listings, and telling why a socket was refused.

use wasm_bindgen::JsCast as _;
use wasm_bindgen_futures::JsFuture;

use super::{BrowserError, window};

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body as text.
    pub body: String,
}

/// Gets `url`.
///
/// # Errors
/// When no answer came.
pub async fn get(url: &str) -> Result<Answer, BrowserError> {
    let response = JsFuture::from(window()?.fetch_with_str(url)).await?;
    let response: web_sys::Response = response.dyn_into().map_err(|_| BrowserError::Missing("response"))?;
    let body = JsFuture::from(response.text()?).await?;
    Ok(Answer { status: response.status(), body: body.as_string().unwrap_or_default() })
}
