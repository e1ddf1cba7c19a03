//! Key presses.

use taillight::view::keys::KeyPress;
use wasm_bindgen::JsCast as _;
use web_sys::{Element, KeyboardEvent};

use super::BrowserError;
use super::events::{Listener, Place};
use crate::search::SearchBox;

/// What holds the focus when a key is pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyPlace {
    /// One of the boxes: most keys are text.
    Box(SearchBox),
    /// Another text field: keys are text.
    TextField,
    /// A control that Space and Enter work.
    Control,
    /// The log, or the page.
    Page,
}

/// Calls back for each key press on the page; the answer says whether the browser must not act on it too.
///
/// # Errors
/// When there is no document.
pub fn on_press(mut on_press: impl FnMut(&KeyPress<'_>, KeyPlace) -> bool + 'static) -> Result<Listener, BrowserError> {
    Listener::add(Place::Document, "keydown", move |event: KeyboardEvent| {
        if event.is_composing() || event.default_prevented() {
            return;
        }
        let (key, code) = (event.key(), event.code());
        let press = KeyPress {
            key: &key,
            code: &code,
            ctrl: event.ctrl_key(),
            alt: event.alt_key(),
            shift: event.shift_key(),
            meta: event.meta_key(),
        };
        if on_press(&press, place_of(&event)) {
            event.prevent_default();
        }
    })
}

fn place_of(event: &KeyboardEvent) -> KeyPlace {
    let Some(element) = event.target().and_then(|target| target.dyn_into::<Element>().ok()) else {
        return KeyPlace::Page;
    };
    match element.tag_name().as_str() {
        "INPUT" | "TEXTAREA" | "SELECT" => {
            let id = element.id();
            SearchBox::ALL.into_iter().find(|which| which.id() == id).map_or(KeyPlace::TextField, KeyPlace::Box)
        }
        "BUTTON" | "A" => KeyPlace::Control,
        _ => KeyPlace::Page,
    }
}
