//! Which bytes lines are made of.

/// What was seen of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Charset {
    /// A NUL byte behind another one: those that a line begins with may be what a truncation left.
    pub has_nul: bool,
    /// A byte above 127.
    pub has_high: bool,
    /// Bytes that are not UTF-8.
    pub is_broken: bool,
}

impl Charset {
    /// Those of whole lines, or of one whose end may be cut in a character.
    pub(super) fn of(lines: &[u8], is_cut: bool) -> Self {
        let (has_high, is_broken) = if lines.is_ascii() { (false, false) } else { (true, is_broken(lines, is_cut)) };
        Self { has_nul: has_nul(lines), has_high, is_broken }
    }

    /// Those of both.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            has_nul: self.has_nul || other.has_nul,
            has_high: self.has_high || other.has_high,
            is_broken: self.is_broken || other.is_broken,
        }
    }
}

fn is_broken(bytes: &[u8], is_cut: bool) -> bool {
    match std::str::from_utf8(bytes) {
        Ok(_) => false,
        Err(error) => error.error_len().is_some() || !is_cut,
    }
}

fn has_nul(lines: &[u8]) -> bool {
    let is_behind = |at: usize| at.checked_sub(1).is_some_and(|before| !matches!(lines.get(before), Some(b'\n' | 0)));
    // The first one of a row of them says it for all.
    memchr::memchr_iter(0, lines).any(is_behind)
}
