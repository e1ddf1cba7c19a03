//! Splits a line into text and escape sequences: a scan over bytes that holds no state and no memory.
//!
//! # Why not the parser of `vte`
//!
//! It hands out characters, so the bytes of invalid UTF-8 and the places of text in the line are lost, and it swallows
//! text that follows a broken sequence. Search needs the first, readers the second. It is the oracle of the tests.

/// A part of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// Bytes to show; never empty, never with an ESC.
    Text(&'a [u8]),
    /// A colour sequence: what stands between `ESC [` and `m`, of digits, `;` and `:`.
    Sgr(&'a [u8]),
    /// Any other sequence, or one that is cut or broken.
    Other,
}

/// The parts of a line, in order.
pub(super) struct Tokens<'a> {
    rest: &'a [u8],
}

const ESC: u8 = 0x1B;
const BEL: u8 = 0x07;
const CAN: u8 = 0x18;
const SUB: u8 = 0x1A;

/// The parts of a line, in order.
pub(super) fn tokens(line: &[u8]) -> Tokens<'_> {
    Tokens { rest: line }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        let (token, len) = match memchr::memchr(ESC, self.rest) {
            Some(0) => sequence(self.rest),
            text_len => {
                let (text, _) = self.rest.split_at(text_len.unwrap_or(self.rest.len()));
                if text.is_empty() {
                    return None;
                }
                (Token::Text(text), text.len())
            }
        };
        self.rest = self.rest.get(len..).unwrap_or_default();
        Some(token)
    }
}

/// The sequence at the start of `bytes`, which is an ESC, and its length.
fn sequence(bytes: &[u8]) -> (Token<'_>, usize) {
    match bytes.get(1) {
        Some(b'[') => control_sequence(bytes),
        Some(b']' | b'P' | b'X' | b'^' | b'_') => (Token::Other, string_len(bytes)),
        Some(0x20..=0x2F) => {
            let n_middle = count(bytes, 1, |byte| (0x20..=0x2F).contains(&byte));
            let has_final = bytes.get(1 + n_middle).is_some_and(|byte| (0x30..=0x7E).contains(byte));
            (Token::Other, 1 + n_middle + usize::from(has_final))
        }
        Some(0x30..=0x7E) => (Token::Other, 2),
        _ => (Token::Other, 1),
    }
}

/// `ESC [`, parameters and intermediates, and a final byte. A byte that cannot be in it ends it and stays text: what
/// follows a broken sequence is readable.
fn control_sequence(bytes: &[u8]) -> (Token<'_>, usize) {
    let end = 2 + count(bytes, 2, |byte| (0x20..=0x3F).contains(&byte));
    match (bytes.get(end), bytes.get(2..end)) {
        (Some(b'm'), Some(params)) if params.iter().all(|byte| matches!(byte, b'0'..=b'9' | b';' | b':')) => {
            (Token::Sgr(params), end + 1)
        }
        (Some(0x40..=0x7E), _) => (Token::Other, end + 1),
        _ => (Token::Other, end),
    }
}

/// A title, a link, a device string: to its terminator, to the next escape, or to the end of the line.
fn string_len(bytes: &[u8]) -> usize {
    let is_osc = bytes.get(1) == Some(&b']');
    let end = 2 + count(bytes, 2, |byte| !(matches!(byte, ESC | CAN | SUB) || is_osc && byte == BEL));
    match bytes.get(end..).unwrap_or_default() {
        [BEL, ..] => end + 1,
        [ESC, b'\\', ..] => end + 2,
        _ => end,
    }
}

/// How many bytes from `from` on are all `wanted`.
fn count(bytes: &[u8], from: usize, wanted: impl Fn(u8) -> bool) -> usize {
    bytes.get(from..).unwrap_or_default().iter().take_while(|&&byte| wanted(byte)).count()
}
