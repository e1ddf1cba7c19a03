//! Marking hits in text without touching its elements: the CSS Custom Highlight API. `web-sys` has it behind an unstable
//! flag, so what is needed of it is declared here.

use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::Node;

/// The names of the highlights in the style sheet.
const NAMES: [&str; 2] = ["filter", "find"];

#[wasm_bindgen]
extern "C" {
    type Highlight;
    #[wasm_bindgen(constructor, catch)]
    fn new() -> Result<Highlight, JsValue>;
    #[wasm_bindgen(method)]
    fn add(this: &Highlight, range: &StaticRange);
    #[wasm_bindgen(method)]
    fn delete(this: &Highlight, range: &StaticRange) -> bool;
    #[wasm_bindgen(method, setter)]
    fn set_priority(this: &Highlight, priority: i32);

    type HighlightRegistry;
    #[wasm_bindgen(method, catch)]
    fn set(this: &HighlightRegistry, name: &str, highlight: &Highlight) -> Result<JsValue, JsValue>;

    type StaticRange;
    #[wasm_bindgen(constructor, catch)]
    fn new(ends: &JsValue) -> Result<StaticRange, JsValue>;
}

/// What is marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A hit of the filter.
    Filter,
    /// A hit of what is found.
    Find,
}

/// A mark in the page; [`Highlights::remove`] takes it away.
pub struct Marked {
    kind: Kind,
    range: StaticRange,
}

/// The marks of the page.
pub struct Highlights {
    by_kind: [Highlight; 2],
}

impl Highlights {
    /// Begins without a mark. `None` where the browser has no such thing: rows say by themselves that they have hits.
    pub fn new() -> Option<Self> {
        let css = js_sys::Reflect::get(&js_sys::global(), &"CSS".into()).ok()?;
        let registry = js_sys::Reflect::get(&css, &"highlights".into()).ok()?;
        if registry.is_undefined() {
            return None;
        }
        let registry: HighlightRegistry = registry.unchecked_into();
        let by_kind = [Highlight::new().ok()?, Highlight::new().ok()?];
        for (idx, (name, highlight)) in NAMES.iter().zip(&by_kind).enumerate() {
            highlight.set_priority(idx as i32);
            registry.set(name, highlight).ok()?;
        }
        Some(Self { by_kind })
    }

    /// Marks from so many UTF-16 units into one text node up to so many into another.
    pub fn add(&self, kind: Kind, start: (&Node, u32), end: (&Node, u32)) -> Option<Marked> {
        let ends = js_sys::Object::new();
        let facts: [(&str, &JsValue); 4] = [
            ("startContainer", start.0.as_ref()),
            ("startOffset", &start.1.into()),
            ("endContainer", end.0.as_ref()),
            ("endOffset", &end.1.into()),
        ];
        for (name, value) in facts {
            js_sys::Reflect::set(&ends, &name.into(), value).ok()?;
        }
        let range = StaticRange::new(&ends).ok()?;
        self.by_kind[kind as usize].add(&range);
        Some(Marked { kind, range })
    }

    /// Takes a mark away.
    pub fn remove(&self, marked: &Marked) {
        self.by_kind[marked.kind as usize].delete(&marked.range);
    }
}
