//! Pages without the application: the login form, and problems met before anybody is let in or the page is built. Plain
//! HTML, own small style sheet, every inserted text escaped.

use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use axum::response::{IntoResponse as _, Response};

use crate::error::ApiError;
use crate::shell::nonce::Nonce;

/// The style sheet of these pages.
pub const STYLE: &str = include_str!("plain.css");

/// Where it is served, below the base path.
pub const STYLE_PATH: &str = "/plain.css";

/// Takes the token from the address's fragment, out of the address, and into the form.
const TAKE_TOKEN: &str = "\
const token = new URLSearchParams(location.hash.slice(1)).get('token');
if (token) {
  history.replaceState(null, '', location.pathname + location.search);
  const form = document.forms[0];
  form.elements.token.value = token;
  if (!form.dataset.failed) form.submit();
}";

/// What the login page says besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The token was wrong.
    WrongToken,
}

/// The login page; `next` is where to go afterwards.
pub fn login(base: &str, next: &str, notice: Option<Notice>, status: StatusCode) -> Response {
    let nonce = Nonce::random();
    let failed = if notice.is_some() { " data-failed=\"1\"" } else { "" };
    let notice = match notice {
        Some(Notice::WrongToken) => {
            "<p id=\"error\" class=\"error\" role=\"alert\">This is not the token of the running server. \
             It changes when the server is started again.</p>"
        }
        None => "",
    };
    let invalid = if notice.is_empty() { "" } else { " aria-invalid=\"true\" aria-describedby=\"error\"" };
    let body = format!(
        "<main><h1>Taillight</h1>\
         <p>Log in with the start token: the server printed it when it started, in the line \
         <code>listening on …</code>. Opening that address logs you in by itself.</p>{notice}\
         <form method=\"post\" action=\"{base}/login\"{failed}>\
         <input type=\"hidden\" name=\"next\" value=\"{next}\">\
         <label for=\"token\">Start token</label>\
         <input id=\"token\" name=\"token\" type=\"password\" autocomplete=\"current-password\" required autofocus{invalid}>\
         <button type=\"submit\">Log in</button></form></main>\
         <script nonce=\"{nonce}\">{TAKE_TOKEN}</script>",
        base = escaped(base),
        next = escaped(next),
    );
    let mut response = page(base, "Log in", &body, nonce);
    *response.status_mut() = status;
    response
}

/// A problem as a page.
pub fn problem(base: &str, error: ApiError) -> Response {
    let problem = error.problem();
    let body = format!(
        "<main><h1>{title}</h1><p>{detail}</p><p><a href=\"{base}/\">All files</a></p></main>",
        title = escaped(&capitalised(problem.title)),
        detail = escaped(&problem.detail),
        base = escaped(base),
    );
    let mut response = page(base, problem.title, &body, Nonce::random());
    error.mark(&mut response);
    response
}

/// Text for HTML, between tags and in quoted attributes.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

fn page(base: &str, title: &str, body: &str, nonce: Nonce) -> Response {
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>{title} · Taillight</title>\
         <link rel=\"icon\" href=\"{base}/favicon.svg\" type=\"image/svg+xml\">\
         <link rel=\"stylesheet\" href=\"{base}{STYLE_PATH}\"></head><body>{body}</body></html>",
        title = escaped(&capitalised(title)),
        base = escaped(base),
    );
    let no_store = HeaderValue::from_static("no-store");
    let html_type = HeaderValue::from_static("text/html; charset=utf-8");
    let mut response = ([(CONTENT_TYPE, html_type), (CACHE_CONTROL, no_store)], html).into_response();
    response.extensions_mut().insert(nonce);
    response
}

/// `text` with its first letter as a capital.
pub fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaped_text_has_no_markup_left() {
        assert_eq!(escaped("a<b>&\"'"), "a&lt;b&gt;&amp;&quot;&#39;");
    }
}
