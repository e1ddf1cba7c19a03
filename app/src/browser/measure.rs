//! Sizes of elements.

use std::cell::Cell;
use std::rc::Rc;

use wasm_bindgen::JsCast as _;
use wasm_bindgen::closure::Closure;

use super::{BrowserError, by_id};

/// Calls back when an element changes its size, and once at the start. Stops when dropped.
#[must_use = "nothing is measured after this is dropped"]
pub struct SizeWatch {
    observer: web_sys::ResizeObserver,
    size: Rc<Cell<(f64, f64)>>,
    _closure: Closure<dyn FnMut(js_sys::Array)>,
}

impl SizeWatch {
    /// Watches the element with that id.
    ///
    /// # Errors
    /// When it is not there.
    pub fn new(id: &'static str, mut on_change: impl FnMut() + 'static) -> Result<Self, BrowserError> {
        let element = by_id(id)?;
        let size = Rc::new(Cell::new((f64::from(element.client_width()), f64::from(element.client_height()))));
        let seen = Rc::clone(&size);
        let watched = element.clone();
        let closure = Closure::<dyn FnMut(js_sys::Array)>::new(move |_| {
            let now = (f64::from(watched.client_width()), f64::from(watched.client_height()));
            if seen.replace(now) != now {
                on_change();
            }
        });
        let observer = web_sys::ResizeObserver::new(closure.as_ref().unchecked_ref())?;
        observer.observe(&element);
        Ok(Self { observer, size, _closure: closure })
    }

    /// Width and height inside the element's borders, in CSS pixels, as last seen.
    pub fn size(&self) -> (f64, f64) {
        self.size.get()
    }
}

impl Drop for SizeWatch {
    fn drop(&mut self) {
        self.observer.disconnect();
    }
}

/// How far the element with that id is scrolled from its top, in CSS pixels. A container that starts from its end counts
/// negative from there; that is put right.
pub fn scrolled(id: &'static str) -> f64 {
    by_id(id).map_or(0.0, |element| {
        let top = f64::from(element.scroll_top());
        if top < 0.0 { top + f64::from(element.scroll_height() - element.client_height()) } else { top }
    })
}

/// Where a pointer is in the element with that id: from 0 at its top to 1 at its bottom, and pixels from the top.
pub fn place_in(id: &'static str, client_y: f64) -> (f64, f64) {
    by_id(id).map_or((0.0, 0.0), |element| {
        let rect = element.get_bounding_client_rect();
        let from_top = client_y - rect.top();
        ((from_top / rect.height().max(1.0)).clamp(0.0, 1.0), from_top)
    })
}
