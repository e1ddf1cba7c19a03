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
//! | at the start | `<4>`, `I1122 10:00:00`, `E/Tag`, `[W 10:00:00`; more of that in [`forms`] |
//!
//! A word that a hyphen joins to another is a part of that: `ERROR-free`, `no-error`. One behind a word such as `no` or `an`
//! is one of a sentence.

use super::find::Walk;
use super::words::{self, Word};
use super::{Level, forms};

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
        if before == Some(b'%')
            && let Some(level) = self.head.get(start..).and_then(forms::mnemonic)
        {
            return Some(level);
        }
        let Word { level, is_strong } = words::word(word)?;
        let is_upper = word.iter().all(u8::is_ascii_uppercase);
        // Python's `%(asctime)s-%(levelname)s-%(message)s`.
        if self.is_fresh && is_upper && self.is_hyphened(start) {
            return Some(level);
        }
        if self.is_compound(start) {
            return None;
        }
        // PHP's, and compilers'.
        if level == Level::Fatal && self.is_fatal_error(start) {
            return Some(level);
        }
        let is_place = self.is_enclosed(start)
            || self.is_fresh && (is_gap(before) || before == Some(b']')) && is_end(after)
            || after == Some(b':') && self.is_opening(start, level)
            || is_upper && (is_strong || self.is_message) && self.is_apart(before, after) && !self.is_spoken_of(start)
            || is_upper && self.is_status(start)
            // npm's.
            || word == b"ERR" && is_gap(before) && after == Some(b'!');
        is_place.then_some(level)
    }

    /// Whether the word is a part of another: `ERROR-free`, `no-error`.
    fn is_compound(&self, start: usize) -> bool {
        let is_letter = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphabetic());
        let is_bound_before =
            self.before(start) == Some(b'-') && is_letter(start.checked_sub(1).and_then(|at| self.before(at)));
        let is_bound_after = self.peek(self.at) == Some(b'-') && is_letter(self.peek(self.at + 1));
        is_bound_before || is_bound_after
    }

    /// Whether the word before it makes it one of a sentence: `no ERROR found`, `with an ERROR`.
    fn is_spoken_of(&self, start: usize) -> bool {
        let front = self.head.get(..start).and_then(|front| front.strip_suffix(b" ")).unwrap_or_default();
        let word = front.rsplit(|byte| !byte.is_ascii_alphabetic()).next().unwrap_or_default();
        matches!(
            word,
            b"no" | b"not" | b"any" | b"an" | b"a" | b"the" | b"with" | b"without" | b"of" | b"for" | b"than"
        )
    }

    /// Whether it is the level of what Logback says of itself: `10:00:00,123 |-INFO in ch.qos.logback`.
    fn is_status(&self, start: usize) -> bool {
        self.head.get(..start).is_some_and(|front| front.ends_with(b" |-")) && is_gap(self.peek(self.at))
    }

    /// Whether hyphens stand between the time and the word, and behind it.
    fn is_hyphened(&self, start: usize) -> bool {
        let front = self.head.get(..start).unwrap_or_default();
        matches!(front, [.., b'0'..=b'9', b'-']) && self.peek(self.at) == Some(b'-')
    }

    /// What a router says behind a time of its own that stands in the message: `*Nov 22 10:00:00.123: %LINK-3-UPDOWN: x`.
    pub(super) fn behind_own_time(&self, start: usize) -> Option<Level> {
        if !matches!(self.before(start), Some(b'*' | b'.')) {
            return None;
        }
        let rest = self.head.get(start..)?;
        forms::mnemonic(rest.get(memchr::memchr(b'%', rest)? + 1..)?)
    }

    /// Whether it is the first word of `fatal error:` where a word with a colon would be a level.
    fn is_fatal_error(&self, start: usize) -> bool {
        is_gap(self.before(start))
            && self.n_plain <= 1
            && self.head.get(self.at..).is_some_and(|rest| rest.starts_with(b" error:"))
    }

    /// Whether the word stands alone between brackets, bars or tabs.
    fn is_enclosed(&self, start: usize) -> bool {
        let (front, name) = match self.head.get(..start).unwrap_or_default().trim_ascii_end() {
            [.., name, front] => (Some(*front), Some(*name)),
            [front] => (Some(*front), None),
            [] => (None, None),
        };
        // `Err(error)`, `Vec<Error>`
        let is_call = name.is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let behind = self.head.get(self.at..).unwrap_or_default().trim_ascii_start().first().copied();
        let is_tabbed = self.before(start) == Some(b'\t') && self.peek(self.at) == Some(b'\t');
        is_tabbed
            || matches!((front, behind), (Some(b'['), Some(b']')) | (Some(b'|'), Some(b'|')))
            || !is_call && matches!((front, behind), (Some(b'('), Some(b')')) | (Some(b'<'), Some(b'>')))
            || self.before(start) == Some(b':') && self.peek(self.at) == Some(b']')
    }

    /// Whether a word with a colon is the first of the line or of the message, or almost.
    fn is_opening(&self, start: usize, level: Level) -> bool {
        // `Stack trace:`, `Call Trace:`
        let most_plain = usize::from(level != Level::Trace);
        let is_whole = is_gap(self.peek(self.at + 1)) || self.peek(self.at + 1) == Some(b':');
        is_whole && (is_gap(self.before(start)) || self.before(start) == Some(b']')) && self.n_plain <= most_plain
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
                if is_mark {
                    return words::letter(*one);
                }
                // MongoDB counts its debug levels.
                let is_behind_time = self.is_fresh && before == Some(b' ') && after == Some(b' ');
                if is_behind_time && matches!(word, [b'D', b'1'..=b'5']) { Some(Level::Debug) } else { None }
            }
            [letter] => {
                let in_brackets = before == Some(b'[') && (after == Some(b']') || start == 1 && after == Some(b' '));
                let is_behind_time = self.is_fresh && before == Some(b' ') && matches!(after, Some(b' ' | b'/'));
                // etcd's, elsewhere it is none.
                let is_notice = is_behind_time && *letter == b'N' && self.head.get(self.at..)?.starts_with(b" | ");
                match words::letter(*letter) {
                    _ if is_notice => Some(Level::Info),
                    level if in_brackets || is_behind_time => level,
                    _ => None,
                }
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
