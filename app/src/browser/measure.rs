//! Sizes of elements.

use std::cell::Cell;
use std::rc::Rc;

use wasm_bindgen::JsCast as _;
use wasm_bindgen::closure::Closure;

use super::{BrowserError, by_id, document};

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

/// How far the element with that id is scrolled from its top, in CSS pixels. One of the class `from-end` starts from its
/// end, and its browser counts from there, upwards in negative numbers.
pub fn scrolled(id: &'static str) -> f64 {
    by_id(id).map_or(0.0, |element| {
        let from_end = f64::from(element.scroll_height() - element.client_height());
        let base = if element.class_list().contains("from-end") { from_end } else { 0.0 };
        base + f64::from(element.scroll_top())
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

/// How much further the element with that id could be scrolled down, in CSS pixels.
pub fn room_below(id: &'static str) -> f64 {
    by_id(id).map_or(0.0, |element| f64::from(element.scroll_height() - element.client_height()) - scrolled(id))
}

/// Scrolls the element with that id back to where it starts.
pub fn reset_scroll(id: &'static str) {
    if let Ok(element) = by_id(id) {
        element.set_scroll_top(0);
        element.set_scroll_left(0);
    }
}

/// How many elements are directly inside the one with that id.
pub fn child_count(id: &'static str) -> u32 {
    by_id(id).map_or(0, |element| element.child_element_count())
}

/// Puts a class on the element with that id, or takes it away.
pub fn set_class(id: &'static str, class: &str, on: bool) {
    if let Ok(element) = by_id(id) {
        // Only a class name that is none can fail.
        let _ = element.class_list().toggle_with_force(class, on);
    }
}

/// Sets a CSS property of the element with that id.
pub fn set_style(id: &'static str, property: &str, value: &str) {
    if let Ok(element) = by_id(id) {
        // A style that cannot be set leaves the element as it is.
        let _ = element.style().set_property(property, value);
    }
}

/// Sets an attribute of the element with that id, which may be one of a picture.
pub fn set_attribute(id: &str, name: &str, value: &str) {
    let element = document().ok().and_then(|document| document.get_element_by_id(id));
    if let Some(element) = element {
        // Only a name that is none can fail.
        let _ = element.set_attribute(name, value);
    }
}

/// Takes everything out of the element with that id.
pub fn empty(id: &'static str) {
    if let Ok(element) = by_id(id) {
        element.set_text_content(None);
    }
}
