//! Animation frames: one dirty mark, one callback per frame.

use std::cell::Cell;
use std::rc::Rc;

use wasm_bindgen::JsCast as _;
use wasm_bindgen::closure::Closure;

use super::{BrowserError, window};

/// Runs a callback once in the next animation frame after a mark, however often it was marked. Stops when dropped.
pub struct Frames {
    closure: Closure<dyn FnMut(f64)>,
    pending: Rc<Cell<Option<i32>>>,
}

impl Frames {
    /// `on_frame` gets the frame's time in milliseconds.
    pub fn new(mut on_frame: impl FnMut(f64) + 'static) -> Self {
        let pending = Rc::new(Cell::new(None));
        let in_frame = Rc::clone(&pending);
        let closure = Closure::new(move |now_ms: f64| {
            in_frame.set(None);
            on_frame(now_ms);
        });
        Self { closure, pending }
    }

    /// Asks for a frame. A hidden page gets it when it is shown again.
    ///
    /// # Errors
    /// When there is no window.
    pub fn mark(&self) -> Result<(), BrowserError> {
        if self.pending.get().is_none() {
            let id = window()?.request_animation_frame(self.closure.as_ref().unchecked_ref())?;
            self.pending.set(Some(id));
        }
        Ok(())
    }
}

impl Drop for Frames {
    fn drop(&mut self) {
        if let (Some(id), Ok(window)) = (self.pending.take(), window()) {
            // A frame that cannot be cancelled calls a closure that is gone: the browser reports it, nothing breaks.
            let _ = window.cancel_animation_frame(id);
        }
    }
}
