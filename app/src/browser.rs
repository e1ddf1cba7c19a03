//! The doors to the browser: each file here is one door, returns [`BrowserError`], and hands out guards whose drop takes
//! listeners and closures away again. Nothing outside names `web_sys` or `js_sys`.

pub mod boot;
pub mod clipboard;
pub mod events;
pub mod fetch;
pub mod focus;
pub mod frame;
pub mod gestures;
pub mod highlight;
pub mod history;
pub mod keys;
pub mod measure;
pub mod media;
pub mod panic;
pub mod pool;
pub mod socket;
pub mod storage;
pub mod timer;
pub mod title;

use std::fmt;

use wasm_bindgen::{JsCast as _, JsValue};

/// Why the browser did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BrowserError {
    /// Something that every page has is not there: not a browser's window.
    Missing(&'static str),
    /// The browser refused, in its own words.
    Refused(String),
}

impl fmt::Display for BrowserError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(what) => write!(f, "the page has no {what}"),
            Self::Refused(words) => write!(f, "the browser refused: {words}"),
        }
    }
}

impl std::error::Error for BrowserError {}

impl From<JsValue> for BrowserError {
    fn from(value: JsValue) -> Self {
        let words = value.dyn_ref::<js_sys::Error>().map(|error| String::from(error.message()));
        Self::Refused(words.or_else(|| value.as_string()).unwrap_or_default())
    }
}

fn window() -> Result<web_sys::Window, BrowserError> {
    web_sys::window().ok_or(BrowserError::Missing("window"))
}

fn document() -> Result<web_sys::Document, BrowserError> {
    window()?.document().ok_or(BrowserError::Missing("document"))
}

fn by_id(id: &'static str) -> Result<web_sys::HtmlElement, BrowserError> {
    let element = document()?.get_element_by_id(id).ok_or(BrowserError::Missing(id))?;
    element.dyn_into().map_err(|_| BrowserError::Missing(id))
}
