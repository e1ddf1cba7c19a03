//! ANSI escapes to text and style runs.
//!
//! A line is its bytes without the line feed. No escape goes on past a line except the style it leaves behind, which
//! the next line starts with. Work is linear in the line and memory is the line's: nothing is kept of a sequence.
//!
//! # What becomes of what
//!
//! - Colour sequences (SGR) become styles; true colour is rounded to the 256-colour palette.
//! - All other sequences vanish from the text, those cut by the end of the line too, and the target of a link with
//!   them: [`StyledLine::dropped`] says so. Nothing is moved, erased or concealed, as a terminal would.
//! - A carriage return in the middle is a redraw: the last part that is not blank is the line, and
//!   [`StyledLine::redrawn`] says that there was more. Those at the end are part of the line's end.
//! - What would be invisible is made visible, and bad UTF-8 becomes U+FFFD: see [`push_visible`](visible::push_visible).

#[cfg(test)]
mod css;
pub mod html;
mod palette;
mod scan;
mod sgr;
mod spans;
pub mod style;
#[cfg(test)]
mod tests;
mod visible;

use scan::{Token, tokens};
pub use spans::shown_spans;
pub use style::{Attrs, Color, Style};

/// A line to show. Reuse it: its memory stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StyledLine {
    /// The text, without escapes and controls.
    pub text: String,
    /// The styles of the text, in order: they cover all of it, none is empty, and neighbours differ.
    pub runs: Vec<Run>,
    /// Whether text was left out because a carriage return went back over it.
    pub redrawn: bool,
    /// Whether the line has sequences other than colour, which were left out.
    pub dropped: bool,
}

/// A stretch of text of one style.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// How many bytes of the text. A line stays far below 4 GiB: whoever reads it from a file cuts it.
    pub len: u32,
    /// Its style.
    pub style: Style,
}

/// Replaces `out` by the line; returns the style that the next line starts with.
pub fn parse_line(bytes: &[u8], style_in: Style, out: &mut StyledLine) -> Style {
    out.clear();
    let shown = shown_text(bytes, style_in, |text, style, _| out.push(text, style));
    out.redrawn = shown.redrawn;
    out.dropped = shown.dropped;
    shown.style_out
}

/// Only the style that the next line starts with.
pub fn skip_line(bytes: &[u8], style_in: Style) -> Style {
    tokens(bytes).fold(style_in, |style, token| match token {
        Token::Sgr(params) => sgr::apply(style, params),
        Token::Text(_) | Token::Other => style,
    })
}

/// Appends the line without its escapes and without a carriage return at its end; other bytes stay as they are. This
/// is the text that a query looks at.
pub fn plain(bytes: &[u8], out: &mut Vec<u8>) {
    let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
    for token in tokens(bytes) {
        if let Token::Text(text) = token {
            out.extend_from_slice(text);
        }
    }
}

/// Appends the line as [`parse_line`] shows it, with its styles as plain colour sequences that every converter
/// understands, and ends without a style. Returns the style that the next line starts with.
///
/// Hidden text is not marked: everybody who gets the result can read it.
pub fn sanitised(bytes: &[u8], style_in: Style, out: &mut String) -> Style {
    let mut current = Style::PLAIN;
    let shown = shown_text(bytes, style_in, |text, style, _| {
        let style = Style { attrs: style.attrs.without(Attrs::HIDDEN), ..style };
        if style != current {
            push_sgr(style, out);
            current = style;
        }
        visible::push_visible(text, out);
    });
    if !current.is_plain() {
        push_sgr(Style::PLAIN, out);
    }
    shown.style_out
}

impl StyledLine {
    /// Empties it.
    pub fn clear(&mut self) {
        self.text.clear();
        self.runs.clear();
        self.redrawn = false;
        self.dropped = false;
    }

    /// The runs with their text.
    pub fn pieces(&self) -> impl Iterator<Item = (&str, Style)> {
        let mut rest = self.text.as_str();
        self.runs.iter().map(move |run| {
            let (text, after) = rest.split_at_checked(run.len as usize).unwrap_or((rest, ""));
            rest = after;
            (text, run.style)
        })
    }

    fn push(&mut self, bytes: &[u8], style: Style) {
        let before = self.text.len();
        visible::push_visible(bytes, &mut self.text);
        let added = u32::try_from(self.text.len() - before).unwrap_or(u32::MAX);
        match self.runs.last_mut() {
            Some(run) if run.style == style => run.len = run.len.saturating_add(added),
            _ => self.runs.push(Run { len: added, style }),
        }
    }
}

/// What [`shown_text`] knows at the end of a line.
struct Shown {
    style_out: Style,
    redrawn: bool,
    dropped: bool,
}

/// Which of the parts between carriage returns is shown.
struct Redraw {
    shown_part: usize,
    has_more: bool,
}

/// Calls `emit` for each stretch of text that is shown, with the place where it begins in the [`plain`] text; none is
/// empty.
fn shown_text(line: &[u8], style_in: Style, mut emit: impl FnMut(&[u8], Style, usize)) -> Shown {
    let line = without_end(line);
    let redraw = memchr::memchr(b'\r', line).map(|_| last_drawn(line));
    let mut shown = Shown { style_out: style_in, redrawn: redraw.as_ref().is_some_and(|r| r.has_more), dropped: false };
    let (mut part, mut at) = (0, 0);
    for token in tokens(line) {
        match (token, &redraw) {
            (Token::Text(text), None) => {
                emit(text, shown.style_out, at);
                at += text.len();
            }
            (Token::Text(text), Some(redraw)) => {
                for (i, text) in text.split(|&byte| byte == b'\r').enumerate() {
                    part += usize::from(i > 0);
                    at += usize::from(i > 0);
                    if part == redraw.shown_part && !text.is_empty() {
                        emit(text, shown.style_out, at);
                    }
                    at += text.len();
                }
            }
            (Token::Sgr(params), _) => shown.style_out = sgr::apply(shown.style_out, params),
            (Token::Other, _) => shown.dropped = true,
        }
    }
    shown
}

/// The line without the carriage returns at its end.
fn without_end(line: &[u8]) -> &[u8] {
    let n_returns = line.iter().rev().take_while(|&&byte| byte == b'\r').count();
    line.get(..line.len() - n_returns).unwrap_or_default()
}

/// The last part that is not blank. Blanks are how a program wipes what it drew: they hide nothing here.
fn last_drawn(line: &[u8]) -> Redraw {
    let mut redraw = Redraw { shown_part: 0, has_more: false };
    let (mut part, mut any_drawn) = (0, false);
    for token in tokens(line) {
        let Token::Text(text) = token else { continue };
        for (i, text) in text.split(|&byte| byte == b'\r').enumerate() {
            part += usize::from(i > 0);
            if text.iter().any(|byte| !matches!(byte, b' ' | b'\t')) {
                redraw.has_more |= any_drawn && redraw.shown_part != part;
                redraw.shown_part = part;
                any_drawn = true;
            }
        }
    }
    redraw
}

/// Appends one colour sequence that sets exactly this style, whatever was set before.
fn push_sgr(style: Style, out: &mut String) {
    out.push_str("\x1b[0");
    for (attr, code) in SGR_CODES {
        if style.attrs.contains(attr) {
            out.push_str(code);
        }
    }
    for (color, introducer) in [(style.fg, ";38;5;"), (style.bg, ";48;5;")] {
        if let Some(index) = color.index() {
            out.push_str(introducer);
            push_number(index.into(), out);
        }
    }
    // Last: `ansi-to-html` swaps the colours that were set before it.
    if style.attrs.contains(Attrs::INVERSE) {
        out.push_str(";7");
    }
    out.push('m');
}

const SGR_CODES: [(Attrs, &str); 7] = [
    (Attrs::BOLD, ";1"),
    (Attrs::DIM, ";2"),
    (Attrs::ITALIC, ";3"),
    (Attrs::UNDERLINE, ";4"),
    (Attrs::DOUBLE_UNDERLINE, ";21"),
    (Attrs::STRIKE, ";9"),
    (Attrs::OVERLINE, ";53"),
];

/// Appends a number in decimal.
pub(crate) fn push_number(number: u64, out: &mut String) {
    use std::fmt::Write as _;

    // Writing to a string cannot fail.
    let _ = write!(out, "{number}");
}
