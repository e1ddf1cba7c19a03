//! HTTP reads: small ones, such as listings, and answers that are read while they come.

use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, ReadableStreamDefaultReader, RequestInit};

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

/// Gives up a request when it is dropped, unless it is over.
#[must_use = "the request is given up when this is dropped"]
pub struct Abort(AbortController);

/// An answer that is read while it comes.
pub struct Stream {
    /// The HTTP status.
    pub status: u16,
    reader: ReadableStreamDefaultReader,
}

impl Abort {
    /// For a request to come.
    ///
    /// # Errors
    /// When the browser has no such thing.
    pub fn new() -> Result<Self, BrowserError> {
        Ok(Self(AbortController::new()?))
    }

    /// Asks for `url`: the answer, as soon as its head is there.
    pub fn get(&self, url: &str) -> impl Future<Output = Result<Stream, BrowserError>> + use<> {
        let init = RequestInit::new();
        init.set_signal(Some(&self.0.signal()));
        let asked = window().map(|window| window.fetch_with_str_and_init(url, &init));
        async move {
            let response = JsFuture::from(asked?).await?;
            let response: web_sys::Response = response.dyn_into().map_err(|_| BrowserError::Missing("response"))?;
            let body = response.body().ok_or(BrowserError::Missing("body"))?;
            let reader = body.get_reader().dyn_into().map_err(|_| BrowserError::Missing("reader"))?;
            Ok(Stream { status: response.status(), reader })
        }
    }
}

impl Drop for Abort {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Stream {
    /// The next bytes; none at the end.
    ///
    /// # Errors
    /// When the answer breaks off, or is given up.
    pub async fn next(&mut self) -> Result<Vec<u8>, BrowserError> {
        let part = JsFuture::from(self.reader.read()).await?;
        let value = js_sys::Reflect::get(&part, &JsValue::from_str("value"))?;
        Ok(value.dyn_into::<js_sys::Uint8Array>().map(|bytes| bytes.to_vec()).unwrap_or_default())
    }
}
