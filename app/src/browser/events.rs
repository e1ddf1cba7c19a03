//! Listening to events: a guard that stops when it is dropped.

use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, convert::FromWasmAbi};
use web_sys::{AddEventListenerOptions, EventTarget};

use super::{BrowserError, by_id, document, window};

/// An event of the browser, for those who only pass it on.
pub type DomEvent = web_sys::Event;

/// A listener that is removed when this is dropped.
#[must_use = "the listener is removed when this is dropped"]
pub struct Listener {
    target: EventTarget,
    name: &'static str,
    closure: Box<dyn AsRef<wasm_bindgen::JsValue>>,
}

/// Where to listen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The window.
    Window,
    /// The document.
    Document,
    /// The element with that id.
    Id(&'static str),
}

impl Place {
    fn target(self) -> Result<EventTarget, BrowserError> {
        Ok(match self {
            Self::Window => window()?.into(),
            Self::Document => document()?.into(),
            Self::Id(id) => by_id(id)?.into(),
        })
    }
}

impl Listener {
    /// Calls `on_event` for each event `name` at `place`. Not passive: the event can be cancelled.
    ///
    /// # Errors
    /// When the place is not there.
    pub fn add<E>(place: Place, name: &'static str, on_event: impl FnMut(E) + 'static) -> Result<Self, BrowserError>
    where
        E: JsCast + FromWasmAbi + 'static,
    {
        Self::on(place.target()?, name, on_event)
    }

    pub(super) fn on<E>(
        target: EventTarget,
        name: &'static str,
        on_event: impl FnMut(E) + 'static,
    ) -> Result<Self, BrowserError>
    where
        E: JsCast + FromWasmAbi + 'static,
    {
        let closure = Closure::<dyn FnMut(E)>::new(on_event);
        let options = AddEventListenerOptions::new();
        options.set_passive(false);
        target.add_event_listener_with_callback_and_add_event_listener_options(
            name,
            closure.as_ref().unchecked_ref(),
            &options,
        )?;
        Ok(Self { target, name, closure: Box::new(closure) })
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let callback = (*self.closure).as_ref().unchecked_ref();
        // A target that is gone has no listener left to remove.
        let _ = self.target.remove_event_listener_with_callback(self.name, callback);
    }
}
