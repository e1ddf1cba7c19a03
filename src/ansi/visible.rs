//! Bytes of a line to text in which nothing is invisible.
//!
//! - C0 controls and DEL become their control pictures (U+2400 and on); TAB stays.
//! - C1 controls, bidi controls, zero-width and other format characters become their number in brackets: `⟨U+202E⟩`.
//!   They can turn or hide what a reader sees (CVE-2021-42574). Emoji joined by U+200D fall apart: a log shows what is
//!   there.
//! - Each bad sequence of UTF-8 becomes U+FFFD, as [`String::from_utf8_lossy`] does it.

use std::fmt::Write as _;

/// Appends the bytes as visible text.
pub(super) fn push_visible(bytes: &[u8], out: &mut String) {
    // Much faster than chunk by chunk, and nearly always what there is.
    if let Ok(text) = str::from_utf8(bytes) {
        return push_valid(text, out);
    }
    for chunk in bytes.utf8_chunks() {
        push_valid(chunk.valid(), out);
        if !chunk.invalid().is_empty() {
            out.push(char::REPLACEMENT_CHARACTER);
        }
    }
}

/// A stretch of bytes, and how it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// As it is.
    Same(&'a str),
    /// One character, or one bad sequence, of so many bytes as something else of so many bytes.
    Other {
        /// In the line.
        len: usize,
        /// On the screen.
        shown: usize,
    },
}

/// What [`push_visible`] makes of each stretch of the bytes.
pub(super) fn pieces(bytes: &[u8], mut emit: impl FnMut(Piece<'_>)) {
    let mut shown = String::new();
    for chunk in bytes.utf8_chunks() {
        let mut text = chunk.valid();
        while !text.is_empty() {
            let at = text.bytes().position(|byte| SUSPECT[usize::from(byte)]).unwrap_or(text.len());
            let (clean, rest) = text.split_at(at);
            if !clean.is_empty() {
                emit(Piece::Same(clean));
            }
            let mut chars = rest.chars();
            if let Some(c) = chars.next() {
                shown.clear();
                push_char(c, &mut shown);
                emit(Piece::Other { len: c.len_utf8(), shown: shown.len() });
            }
            text = chars.as_str();
        }
        if !chunk.invalid().is_empty() {
            emit(Piece::Other { len: chunk.invalid().len(), shown: char::REPLACEMENT_CHARACTER.len_utf8() });
        }
    }
}

fn push_valid(mut text: &str, out: &mut String) {
    while let Some(at) = text.bytes().position(|byte| SUSPECT[usize::from(byte)]) {
        let (clean, rest) = text.split_at(at);
        out.push_str(clean);
        let mut chars = rest.chars();
        if let Some(c) = chars.next() {
            push_char(c, out);
        }
        text = chars.as_str();
    }
    out.push_str(text);
}

fn push_char(c: char, out: &mut String) {
    match c {
        '\0'..='\x1F' => out.push(char::from_u32(0x2400 + u32::from(c)).unwrap_or(char::REPLACEMENT_CHARACTER)),
        '\x7F' => out.push('\u{2421}'),
        _ if is_invisible(c) => {
            // Writing to a string cannot fail.
            let _ = write!(out, "⟨U+{:04X}⟩", u32::from(c));
        }
        _ => out.push(c),
    }
}

/// Characters that are not seen themselves but change what is seen.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{80}'..='\u{9F}'
        | '\u{AD}'
        | '\u{61C}'
        | '\u{180E}'
        | '\u{200B}'..='\u{200F}'
        | '\u{2028}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}'
        | '\u{FEFF}'
        | '\u{FFF9}'..='\u{FFFB}'
        | '\u{E0000}'..='\u{E007F}')
}

/// Bytes that begin a character [`push_char`] may change.
const SUSPECT: [bool; 256] = {
    let mut suspect = [false; 256];
    let mut byte = 0;
    while byte < 0x20 {
        suspect[byte] = byte != 0x09;
        byte += 1;
    }
    suspect[0x7F] = true;
    suspect[0xC2] = true;
    suspect[0xD8] = true;
    suspect[0xE1] = true;
    suspect[0xE2] = true;
    suspect[0xEF] = true;
    suspect[0xF3] = true;
    suspect
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_that_changes_begins_with_a_suspect_byte() {
        for c in '\0'..=char::MAX {
            let mut slow = String::new();
            if c == '\t' {
                slow.push(c);
            } else {
                push_char(c, &mut slow);
            }
            let mut buf = [0; 4];
            let mut fast = String::new();
            push_visible(c.encode_utf8(&mut buf).as_bytes(), &mut fast);
            assert_eq!(fast, slow, "U+{:04X}", u32::from(c));
        }
    }
}
