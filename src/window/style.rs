//! The style that a line leaves to the next one.

use crate::ansi::{Attrs, Color, Style};

/// The style after a line: resets, the sixteen colours and the usual attributes.
///
/// The room `ansi` knows all of SGR (`ansi::skip_line`, same signature); this is here until both are on one branch.
pub(super) fn after_line(bytes: &[u8], style_in: Style) -> Style {
    memchr::memchr_iter(0x1b, bytes).fold(style_in, |style, at| {
        let params = bytes.get(at + 1..).and_then(|rest| rest.strip_prefix(b"["));
        let end = params.and_then(|params| params.iter().position(|byte| !matches!(byte, b'0'..=b'9' | b';')));
        match params.zip(end) {
            Some((params, end)) if params.get(end) == Some(&b'm') => {
                params[..end].split(|byte| *byte == b';').fold(style, sgr)
            }
            _ => style,
        }
    })
}

fn sgr(style: Style, param: &[u8]) -> Style {
    let number = param.iter().fold(0_u16, |sum, digit| sum.saturating_mul(10).saturating_add(u16::from(digit - b'0')));
    let color = |index: u16| Color::indexed(index as u8);
    match number {
        0 => Style::PLAIN,
        1 => Style { attrs: style.attrs.with(Attrs::BOLD), ..style },
        22 => Style { attrs: style.attrs.without(Attrs::BOLD), ..style },
        30..=37 => Style { fg: color(number - 30), ..style },
        39 => Style { fg: Color::DEFAULT, ..style },
        40..=47 => Style { bg: color(number - 40), ..style },
        49 => Style { bg: Color::DEFAULT, ..style },
        90..=97 => Style { fg: color(number - 82), ..style },
        100..=107 => Style { bg: color(number - 92), ..style },
        _ => style,
    }
}
