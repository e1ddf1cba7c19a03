//! The WASM entry: takes over the page that the server sent.

use wasm_bindgen::prelude::wasm_bindgen;

/// Takes over the page.
#[wasm_bindgen]
pub fn hydrate() {
    app::hydrate();
}
