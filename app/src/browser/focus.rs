//! Moving the keyboard focus.

use wasm_bindgen::JsCast as _;

use super::{by_id, document};

/// Focuses the element with that id, without scrolling; nothing happens when it is not there.
pub fn focus(id: &'static str) {
    if let Ok(element) = by_id(id) {
        let options = web_sys::FocusOptions::new();
        options.set_prevent_scroll(true);
        // An element that cannot take the focus leaves it where it is.
        let _ = element.focus_with_options(&options);
    }
}

/// Focuses the element with that id and selects its text.
pub fn focus_and_select(id: &'static str) {
    focus(id);
    if let Some(input) = input(id) {
        input.select();
    }
}

/// Whether the element with that id holds the focus.
pub fn has_focus(id: &'static str) -> bool {
    let active = document().ok().and_then(|document| document.active_element());
    active.is_some_and(|element| element.id() == id)
}

/// What is in the input with that id.
pub fn value(id: &'static str) -> Option<String> {
    input(id).map(|input| input.value())
}

/// Puts a text into the input with that id, where it is another one: the caret goes to its end.
pub fn set_value(id: &'static str, text: &str) {
    if let Some(input) = input(id).filter(|input| input.value() != text) {
        input.set_value(text);
    }
}

/// From the element that holds the focus to the next or previous link in the element with that id: to its first one from
/// outside, and upwards from that to `above`.
pub fn step(id: &'static str, above: &'static str, down: bool) {
    let Ok(links) = by_id(id).and_then(|list| Ok(list.query_selector_all("a")?)) else { return };
    let active = document().ok().and_then(|document| document.active_element());
    let is_active = |nth: &u32| links.item(*nth).as_ref() == active.as_ref().map(AsRef::as_ref);
    let now = (0..links.length()).find(is_active);
    let next = match now {
        None if down => Some(0),
        None => return,
        Some(nth) if down => Some((nth + 1).min(links.length().saturating_sub(1))),
        Some(nth) => nth.checked_sub(1),
    };
    match next {
        None => focus(above),
        Some(nth) => {
            if let Some(link) = links.item(nth).and_then(|link| link.dyn_into::<web_sys::HtmlElement>().ok()) {
                // As above.
                let _ = link.focus();
            }
        }
    }
}

fn input(id: &'static str) -> Option<web_sys::HtmlInputElement> {
    by_id(id).ok()?.dyn_into().ok()
}

/// Goes to the next or previous of these regions, from the one that holds the focus.
pub fn cycle(ids: &[&'static str], forward: bool) {
    let active = document().ok().and_then(|document| document.active_element());
    let holds = |id: &&'static str| by_id(id).is_ok_and(|region| region.contains(active.as_ref().map(AsRef::as_ref)));
    let present: Vec<&'static str> = ids.iter().copied().filter(|id| by_id(id).is_ok()).collect();
    if present.is_empty() {
        return;
    }
    let now = present.iter().position(holds);
    let next = match (now, forward) {
        (None, _) => 0,
        (Some(idx), true) => (idx + 1) % present.len(),
        (Some(idx), false) => (idx + present.len() - 1) % present.len(),
    };
    focus(present[next]);
}
