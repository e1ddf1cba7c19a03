//! Timers and the clock.

use wasm_bindgen::JsCast as _;
use wasm_bindgen::closure::Closure;

use super::{BrowserError, window};

/// Calls back again and again until it is dropped.
#[must_use = "the timer stops when this is dropped"]
pub struct Interval {
    id: i32,
    _closure: Closure<dyn FnMut()>,
}

impl Interval {
    /// Calls `on_tick` every `period_ms` milliseconds. A hidden page is called about once a second.
    ///
    /// # Errors
    /// When there is no window.
    pub fn new(period_ms: i32, on_tick: impl FnMut() + 'static) -> Result<Self, BrowserError> {
        let closure = Closure::<dyn FnMut()>::new(on_tick);
        let callback = closure.as_ref().unchecked_ref();
        let id = window()?.set_interval_with_callback_and_timeout_and_arguments_0(callback, period_ms)?;
        Ok(Self { id, _closure: closure })
    }
}

impl Drop for Interval {
    fn drop(&mut self) {
        if let Ok(window) = window() {
            window.clear_interval_with_handle(self.id);
        }
    }
}

/// Milliseconds on a clock that never goes back; the zero is the load of the page.
pub fn now_ms() -> f64 {
    window().ok().and_then(|window| window.performance()).map_or(0.0, |performance| performance.now())
}

/// Seconds since 1970 on the wall clock.
pub fn unix_secs() -> f64 {
    js_sys::Date::now() / 1000.0
}

/// The wall-clock time of day of `unix_secs` where the user is: hours, minutes, seconds.
pub fn time_of_day(unix_secs: f64) -> (u32, u32, u32) {
    let date = js_sys::Date::new(&(unix_secs * 1000.0).into());
    (date.get_hours(), date.get_minutes(), date.get_seconds())
}

/// Seconds since 1970 of an RFC 3339 text; `None` when it is not one.
pub fn parse_secs(rfc3339: &str) -> Option<f64> {
    Some(js_sys::Date::parse(rfc3339) / 1000.0).filter(|secs| secs.is_finite())
}

/// A number in `0.0..1.0` that nobody can predict well, for jitter.
pub fn random() -> f64 {
    js_sys::Math::random()
}

/// Calls back once, unless it is dropped before.
#[must_use = "the timer stops when this is dropped"]
pub struct Timeout {
    id: i32,
    _closure: Closure<dyn FnMut()>,
}

impl Timeout {
    /// Calls `on_time` in so many milliseconds.
    ///
    /// # Errors
    /// When there is no window.
    pub fn new(delay_ms: i32, on_time: impl FnMut() + 'static) -> Result<Self, BrowserError> {
        let closure = Closure::<dyn FnMut()>::new(on_time);
        let callback = closure.as_ref().unchecked_ref();
        let id = window()?.set_timeout_with_callback_and_timeout_and_arguments_0(callback, delay_ms)?;
        Ok(Self { id, _closure: closure })
    }
}

impl Drop for Timeout {
    fn drop(&mut self) {
        if let Ok(window) = window() {
            window.clear_timeout_with_handle(self.id);
        }
    }
}
