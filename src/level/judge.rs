//! What makes a word the level of its line: what is around it, and what came before.
//!
//! | Place | Such as |
//! |---|---|
//! | alone in brackets, or last in them behind a colon | `[error]`, `[ WARN ]`, `[core:notice]`, `<Warning>`, `(EE)` |
//! | behind the time, with nothing but numbers between | `2026-11-22 10:00:00 info x`, `04:30:30, Info`, `10:00:00.123 1 2 W x` |
//! | the value of a field | `level=warn`, `{"level":30}`, `"severity":"ERROR"` |
//! | in upper case, in front of the message | `[main] ERROR com.foo`, `RAS KERNEL FATAL`, `INFO[0001]`, `app.ERROR: x` |
//! | with a colon, at the start of the message | `sshd[1]: error: x`, `warning: x`, `INFO:root:x`, `PHP Warning:` |
//! | between bars or tabs | `\| info \|` |
//! | at the start | `<4>`, `I1122 10:00:00`, `E/Tag`, `[W 10:00:00` |

use super::Level;
use super::find::Walk;
use super::words::{self, Word};

impl Walk<'_> {
    /// The level that the word is where it stands, if it is one.
    pub(super) fn judge(&self, word: &[u8], start: usize) -> Option<Level> {
        let (before, after) = (self.before(start), self.peek(self.at));
        if word.len() <= 2 {
            return self.letters(word, start);
        }
        if after == Some(b'=') {
            return self.field(start);
        }
        // PostgreSQL's.
        if matches!(word, [b'D', b'E', b'B', b'U', b'G', b'1'..=b'5']) && after == Some(b':') {
            return Some(Level::Debug);
        }
        if word == b"LOG" && self.head.get(self.at..)?.starts_with(b":  ") {
            return Some(Level::Info);
        }
        let Word { level, is_strong } = words::word(word)?;
        let is_upper = word.iter().all(u8::is_ascii_uppercase);
        let is_place = self.is_enclosed(start)
            || self.is_fresh && (is_gap(before) || before == Some(b']')) && is_end(after)
            || after == Some(b':') && self.is_opening(start)
            || is_upper && (is_strong || self.is_message) && self.is_apart(before, after);
        is_place.then_some(level)
    }

    /// Whether the word stands alone between brackets, bars or tabs.
    fn is_enclosed(&self, start: usize) -> bool {
        let front = self.head.get(..start).unwrap_or_default().trim_ascii_end().last().copied();
        let behind = self.head.get(self.at..).unwrap_or_default().trim_ascii_start().first().copied();
        let is_tabbed = self.before(start) == Some(b'\t') && self.peek(self.at) == Some(b'\t');
        is_tabbed
            || matches!(
                (front, behind),
                (Some(b'['), Some(b']'))
                    | (Some(b'('), Some(b')'))
                    | (Some(b'<'), Some(b'>'))
                    | (Some(b'|'), Some(b'|'))
            )
            || self.before(start) == Some(b':') && self.peek(self.at) == Some(b']')
    }

    /// Whether a word with a colon is the first of the line or of the message, or almost.
    fn is_opening(&self, start: usize) -> bool {
        let is_whole = is_gap(self.peek(self.at + 1)) || self.peek(self.at + 1) == Some(b':');
        is_whole && (is_gap(self.before(start)) || self.before(start) == Some(b']')) && self.n_plain <= 1
    }

    /// Whether nothing is around a word in upper case that would make it a part of something else.
    fn is_apart(&self, before: Option<u8>, after: Option<u8>) -> bool {
        let is_channel = before == Some(b'.') && after == Some(b':');
        let is_free = is_gap(before) || matches!(before, Some(b'[' | b'(' | b']' | b'|' | b',' | b'/' | b'<' | b':'));
        (is_free || is_channel)
            && (is_end(after) || matches!(after, Some(b'[' | b'>' | b'/' | b';' | b'-' | b'0'..=b'9')))
    }

    /// One letter, or two that are the same.
    fn letters(&self, word: &[u8], start: usize) -> Option<Level> {
        let (before, after) = (self.before(start), self.peek(self.at));
        match word {
            // X.Org's.
            [one, two] => {
                let is_mark = one == two && before == Some(b'(') && after == Some(b')');
                if is_mark { words::letter(*one) } else { None }
            }
            [letter] => {
                let in_brackets = before == Some(b'[') && (after == Some(b']') || start == 1 && after == Some(b' '));
                let is_behind_time = self.is_fresh && before == Some(b' ') && matches!(after, Some(b' ' | b'/'));
                if in_brackets || is_behind_time { words::letter(*letter) } else { None }
            }
            _ => None,
        }
    }

    /// The value of `level=…`, if it is that.
    fn field(&self, start: usize) -> Option<Level> {
        // `log.level`, `severity_text`: the name may be more than the word.
        let front = self.head.get(..start)?;
        let name_start = front.iter().rposition(|byte| !byte.is_ascii_alphanumeric() && !b"._@".contains(byte));
        let name = self.head.get(name_start.map_or(0, |at| at + 1)..self.at)?;
        let rest = self.head.get(self.at + 1..)?;
        let value = match rest.split_first()? {
            (b'"', rest) => rest.get(..memchr::memchr(b'"', rest)?)?,
            _ => rest.get(..rest.iter().position(|&byte| is_end(Some(byte))).unwrap_or(rest.len()))?,
        };
        let is_number = value.first().is_some_and(u8::is_ascii_digit);
        if is_number || name == b"s" { None } else { words::field(name, value) }
    }
}

/// Whether it is a blank, or the line's edge.
pub(super) fn is_gap(byte: Option<u8>) -> bool {
    matches!(byte, None | Some(b' ' | b'\t' | b'\r'))
}

/// Whether a word may end before it.
fn is_end(byte: Option<u8>) -> bool {
    is_gap(byte) || matches!(byte, Some(b':' | b',' | b']' | b')' | b'|'))
}
