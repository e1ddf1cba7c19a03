//! The document around the application: what the browser loads, in which version, and the facts it goes on from.
//!
//! Leptos's own `HydrationScripts` looks for files beside the executable and for values of the build's environment; a
//! single binary has neither, so the few lines that start the program are ours.

use std::sync::Arc;

use app::boot::{BOOT_ELEMENT_ID, Boot, Screen};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use axum::response::{IntoResponse as _, Response};
use leptos::prelude::*;
use leptos::reactive::owner::Owner;

use super::nonce::Nonce;
use super::plain::escaped;
use crate::state::AppState;

/// The page of a first screen.
pub fn answer(state: &AppState, boot: Boot) -> Response {
    let nonce = Nonce::random();
    let html = document(boot, state.assets.version(), &nonce);
    let no_store = HeaderValue::from_static("no-store");
    let html_type = HeaderValue::from_static("text/html; charset=utf-8");
    let mut response = ([(CONTENT_TYPE, html_type), (CACHE_CONTROL, no_store)], html).into_response();
    response.extensions_mut().insert(nonce);
    response
}

/// The document. `version` names the build of the program; empty when there is none.
fn document(boot: Boot, version: &str, nonce: &Nonce) -> String {
    let title = escaped(&title(&boot.screen));
    let facts = script_text(&serde_json::to_string(&boot).unwrap_or_default());
    let base = escaped(&boot.base);
    let program = if version.is_empty() { String::new() } else { program(&boot.base, version, nonce) };
    let unbuilt = if version.is_empty() { NOT_BUILT } else { "" };
    let body = body(boot);
    // Nothing stands between <body> and the application: hydration takes the first node for the application's.
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>{title}</title>\
         <link rel=\"icon\" href=\"{base}/favicon.svg\" type=\"image/svg+xml\">\
         <link rel=\"manifest\" href=\"{base}/manifest.webmanifest\">\
         <link rel=\"stylesheet\" href=\"{base}/pkg/taillight.css?v={version}\">\
         <script type=\"application/json\" id=\"{BOOT_ELEMENT_ID}\" nonce=\"{nonce}\">{facts}</script>\
         {program}</head><body>{body}{unbuilt}</body></html>"
    )
}

const NOT_BUILT: &str = "<p role=\"note\">The page's program was not built, so this page does not move: \
     <code>cargo xtask serve</code> builds and serves it.</p>";

/// The application as HTML.
fn body(boot: Boot) -> String {
    let owner = Owner::new_root(Some(Arc::new(hydration_context::SsrSharedContext::new())));
    let html = owner.with(|| {
        provide_context(boot);
        app::App().to_html()
    });
    owner.unset();
    html
}

/// What starts the program. A token in the fragment has done its work when somebody is logged in: it leaves the address.
fn program(base: &str, version: &str, nonce: &Nonce) -> String {
    let js = format!("{base}/pkg/taillight.js?v={version}");
    let wasm = format!("{base}/pkg/taillight.wasm?v={version}");
    let text = |url: &str| script_text(&serde_json::to_string(url).unwrap_or_default());
    format!(
        "<link rel=\"modulepreload\" href=\"{js_href}\">\
         <link rel=\"preload\" href=\"{wasm_href}\" as=\"fetch\" type=\"application/wasm\" crossorigin>\
         <script type=\"module\" nonce=\"{nonce}\">import init, {{ hydrate }} from {js};\
         if (location.hash.startsWith('#token=')) history.replaceState(null, '', location.pathname + location.search);\
         init({{ module_or_path: {wasm} }}).then(() => hydrate());</script>",
        js_href = escaped(&js),
        wasm_href = escaped(&wasm),
        js = text(&js),
        wasm = text(&wasm),
    )
}

fn title(screen: &Screen) -> String {
    match screen {
        Screen::Files { folder: None, .. } => "Taillight".to_owned(),
        Screen::Files { folder: Some(folder), .. } => format!("{}/ · Taillight", folder.shown()),
        Screen::File(file) => format!("{} · Taillight", taillight::path::shown_name(file.path.file_name())),
        Screen::Problem { title, .. } => format!("{title} · Taillight"),
    }
}

/// JSON for the inside of a `script` element: nothing in it can end the element or begin a comment.
fn script_text(json: &str) -> String {
    let mut out = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        match c {
            '<' => out.push_str("\\u003c"),
            '>' => out.push_str("\\u003e"),
            '&' => out.push_str("\\u0026"),
            '\u{2028}' => out.push_str("\\u2028"),
            '\u{2029}' => out.push_str("\\u2029"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_in_a_script_reads_back_and_cannot_end_it() {
        let hostile = "</script><!--<script>&amp;\u{2028}\u{2029}\"'\\ é";
        let text = script_text(&serde_json::to_string(hostile).unwrap());
        assert!(!text.contains(['<', '>', '&', '\u{2028}', '\u{2029}']), "{text}");
        assert_eq!(serde_json::from_str::<String>(&text).unwrap(), hostile);
    }
}
