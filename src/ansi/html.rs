//! A line as HTML: the one function that escapes log text, and the classes of a style.
//!
//! The output has text, `span` elements and the class attribute, and nothing else: no style attributes, so that the
//! content policy can forbid them. The page's row pool makes the same spans as nodes, with [`class_names`].

use super::palette;
use super::style::{Attrs, Style};
use super::{StyledLine, push_number};

/// Appends a line as HTML: plain text bare, other runs in a `span` with the classes of their style.
pub fn line_html(line: &StyledLine, out: &mut String) {
    for (text, style) in line.pieces() {
        if style.is_plain() {
            push_escaped(text, out);
            continue;
        }
        out.push_str("<span class=\"");
        class_names(style, out);
        out.push_str("\">");
        push_escaped(text, out);
        out.push_str("</span>");
    }
}

/// Appends the classes of a style, with spaces between; nothing for the plain style.
///
/// They are `a-f0` to `a-f255` (text), `a-b0` to `a-b255` (background), `a-near` (these two cannot be told apart well
/// enough to read: the style sheet takes black or white for the text), `a-bold`, `a-dim`, `a-italic`, `a-underline`,
/// `a-double`, `a-inverse`, `a-strike`, `a-overline`, `a-hidden`. The style sheet finds styled text by a class
/// attribute that *begins* with `a-`: other classes must come after these.
pub fn class_names(style: Style, out: &mut String) {
    let mut separator = "";
    let mut push = |name: &str, number: Option<u8>| {
        out.push_str(separator);
        out.push_str(name);
        if let Some(number) = number {
            push_number(number.into(), out);
        }
        separator = " ";
    };
    let (fg, bg) = (style.fg.index(), style.bg.index());
    if fg.is_some() {
        push("a-f", fg);
    }
    if bg.is_some() {
        push("a-b", bg);
    }
    if let (Some(fg), Some(bg)) = (fg, bg)
        && !palette::is_readable(fg, bg)
    {
        push("a-near", None);
    }
    for (attr, name) in ATTR_CLASSES {
        if style.attrs.contains(attr) {
            push(name, None);
        }
    }
}

/// Appends text escaped for element content and for quoted attributes.
pub fn push_escaped(mut text: &str, out: &mut String) {
    while let Some(at) = text.bytes().position(|byte| matches!(byte, b'&' | b'<' | b'>' | b'"' | b'\'')) {
        let (before, rest) = text.split_at(at);
        out.push_str(before);
        let mut chars = rest.chars();
        out.push_str(match chars.next() {
            Some('&') => "&amp;",
            Some('<') => "&lt;",
            Some('>') => "&gt;",
            Some('"') => "&quot;",
            _ => "&#39;",
        });
        text = chars.as_str();
    }
    out.push_str(text);
}

const ATTR_CLASSES: [(Attrs, &str); 9] = [
    (Attrs::BOLD, "a-bold"),
    (Attrs::DIM, "a-dim"),
    (Attrs::ITALIC, "a-italic"),
    (Attrs::UNDERLINE, "a-underline"),
    (Attrs::DOUBLE_UNDERLINE, "a-double"),
    (Attrs::INVERSE, "a-inverse"),
    (Attrs::STRIKE, "a-strike"),
    (Attrs::OVERLINE, "a-overline"),
    (Attrs::HIDDEN, "a-hidden"),
];
