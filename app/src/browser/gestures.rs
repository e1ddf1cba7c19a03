//! Wheel, touch and pointer on the log and its scrollbar.

use std::cell::Cell;

use wasm_bindgen::JsCast as _;
use web_sys::{Element, MouseEvent, PointerEvent, TouchEvent, WheelEvent};

use super::events::{DomEvent, Listener, Place};
use super::{BrowserError, document, window};

/// The height that a wheel's "line" stands for, in CSS pixels.
const LINE_PX: f64 = 20.0;

/// A turn of a wheel or a movement on a trackpad, in CSS pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Turn {
    /// To the right.
    pub dx_px: f64,
    /// Down.
    pub dy_px: f64,
}

/// What a finger does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Touching {
    /// It is put down.
    Down,
    /// It moved: the rows follow it.
    Moved(Turn),
    /// It is lifted, so fast down the file, in CSS pixels per millisecond.
    Up(f64),
}

/// What a pointer does on the scrollbar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pointing {
    /// Where it is, from the top of the window, in CSS pixels.
    pub y_px: f64,
    /// What it does.
    pub phase: Phase,
    /// Whether Shift is down: finer.
    pub is_fine: bool,
    /// Whether it began on the thumb.
    pub on_thumb: bool,
}

/// A part of a drag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It begins.
    Down,
    /// It goes on.
    Move,
    /// It ends.
    Up,
}

/// Calls back for each turn of the wheel on the element with that id. With Control it is the browser's zoom.
///
/// # Errors
/// When the element is not there.
pub fn on_wheel(id: &'static str, mut on_turn: impl FnMut(Turn) + 'static) -> Result<Listener, BrowserError> {
    Listener::add(Place::Id(id), "wheel", move |event: WheelEvent| {
        if event.ctrl_key() {
            return;
        }
        event.prevent_default();
        let unit_px = match event.delta_mode() {
            WheelEvent::DOM_DELTA_LINE => LINE_PX,
            WheelEvent::DOM_DELTA_PAGE => LINE_PX * 30.0,
            _ => 1.0,
        };
        let (dx_px, dy_px) = (event.delta_x() * unit_px, event.delta_y() * unit_px);
        let is_sideways = event.shift_key() && dx_px == 0.0;
        on_turn(if is_sideways { Turn { dx_px: dy_px, dy_px: 0.0 } } else { Turn { dx_px, dy_px } });
    })
}

/// Calls back for what one finger does on the element with that id.
///
/// # Errors
/// When the element is not there.
pub fn on_touch(
    id: &'static str,
    on_touch: impl Fn(Touching) + Clone + 'static,
) -> Result<[Listener; 3], BrowserError> {
    thread_local! {
        static LAST: Cell<(f64, f64, f64, f64)> = const { Cell::new((0.0, 0.0, 0.0, 0.0)) };
    }
    let spot = |event: &TouchEvent| {
        event.touches().get(0).map(|touch| (f64::from(touch.client_x()), f64::from(touch.client_y())))
    };
    let (down, moved, up) = (on_touch.clone(), on_touch.clone(), on_touch);
    Ok([
        Listener::add(Place::Id(id), "touchstart", move |event: TouchEvent| {
            if let Some((x, y)) = spot(&event) {
                LAST.set((x, y, event.time_stamp(), 0.0));
                down(Touching::Down);
            }
        })?,
        Listener::add(Place::Id(id), "touchmove", move |event: TouchEvent| {
            let Some((x, y)) = spot(&event) else { return };
            event.prevent_default();
            let (last_x, last_y, last_ms, last_speed) = LAST.get();
            let passed_ms = (event.time_stamp() - last_ms).max(1.0);
            let speed = 0.7 * (last_y - y) / passed_ms + 0.3 * last_speed;
            LAST.set((x, y, event.time_stamp(), speed));
            moved(Touching::Moved(Turn { dx_px: last_x - x, dy_px: last_y - y }));
        })?,
        Listener::add(Place::Id(id), "touchend", move |event: TouchEvent| {
            let (_, _, last_ms, speed) = LAST.get();
            // A finger that rested before it was lifted throws nothing.
            up(Touching::Up(if event.time_stamp() - last_ms < 60.0 { speed } else { 0.0 }));
        })?,
    ])
}

/// Calls back for drags and clicks on the scrollbar with that id, whose thumb has the other id.
///
/// # Errors
/// When the scrollbar is not there.
pub fn on_pointer(
    id: &'static str,
    thumb_id: &'static str,
    on_point: impl Fn(Pointing) + Clone + 'static,
) -> Result<Vec<Listener>, BrowserError> {
    let listen = |name: &'static str, phase: Phase| {
        let on_point = on_point.clone();
        Listener::add(Place::Id(id), name, move |event: PointerEvent| {
            let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
            let on_thumb = target.as_ref().is_some_and(|element| element.id() == thumb_id);
            match phase {
                Phase::Down if event.button() != 0 => return,
                Phase::Down => {
                    if let Ok(Some(ruler)) = document().map(|document| document.get_element_by_id(id)) {
                        // Without the capture a drag ends where the pointer leaves the scrollbar.
                        let _ = ruler.set_pointer_capture(event.pointer_id());
                    }
                }
                Phase::Move if event.buttons() == 0 => return,
                Phase::Move | Phase::Up => {}
            }
            let y_px = f64::from(event.client_y());
            on_point(Pointing { y_px, phase, is_fine: event.shift_key(), on_thumb });
        })
    };
    Ok(vec![
        listen("pointerdown", Phase::Down)?,
        listen("pointermove", Phase::Move)?,
        listen("pointerup", Phase::Up)?,
        listen("pointercancel", Phase::Up)?,
    ])
}

/// Calls back for clicks on the element with that id: the event, and whether Shift is down.
///
/// # Errors
/// When the element is not there.
pub fn on_click(
    id: &'static str,
    mut on_click: impl FnMut(&DomEvent, bool) + 'static,
) -> Result<Listener, BrowserError> {
    Listener::add(Place::Id(id), "click", move |event: MouseEvent| on_click(&event, event.shift_key()))
}

/// Calls back when the user has selected text somewhere, or none any more.
///
/// # Errors
/// When there is no document.
pub fn on_selection(mut on_change: impl FnMut() + 'static) -> Result<Listener, BrowserError> {
    Listener::add(Place::Document, "selectionchange", move |_: web_sys::Event| on_change())
}

/// Calls back when a mouse moves over the element with that id, with no button down.
///
/// # Errors
/// When the element is not there.
pub fn on_hover(id: &'static str, mut on_hover: impl FnMut(&DomEvent) + 'static) -> Result<Listener, BrowserError> {
    Listener::add(Place::Id(id), "pointermove", move |event: PointerEvent| {
        if event.buttons() == 0 {
            on_hover(&event);
        }
    })
}

/// The text that is selected inside the element with that id, and where it is in the window: its left, top and bottom in
/// CSS pixels.
pub fn selection_in(id: &'static str) -> Option<(String, f64, f64, f64)> {
    if !is_text_selected(id) {
        return None;
    }
    let selection = window().ok()?.get_selection().ok()??;
    let rect = selection.get_range_at(0).ok()?.get_bounding_client_rect();
    let text = String::from(selection.to_string());
    (!text.trim().is_empty()).then(|| (text, rect.left(), rect.top(), rect.bottom()))
}

/// Whether some text inside the element with that id is selected.
pub fn is_text_selected(id: &'static str) -> bool {
    let selection = window().ok().and_then(|window| window.get_selection().ok().flatten());
    let Some(selection) = selection.filter(|selection| !selection.is_collapsed()) else { return false };
    let element = document().ok().and_then(|document| document.get_element_by_id(id));
    element.is_some_and(|element| element.contains(selection.anchor_node().as_ref()))
}

/// Drops the selection of text.
pub fn clear_text_selection() {
    if let Some(selection) = window().ok().and_then(|window| window.get_selection().ok().flatten()) {
        // There is none to drop then.
        let _ = selection.remove_all_ranges();
    }
}
