//! Positions and lengths in a log: newtypes that do not mix.
//!
//! Everything is 64 bits end to end, and arithmetic saturates: a position never wraps, whatever a file or a peer says.

use std::fmt;
use std::ops::{Add, Sub};

use serde::{Deserialize, Serialize};

/// A position in a file, in bytes from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ByteOffset(u64);

/// A number of bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ByteLen(u64);

/// The number of a line, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct LineNo(u64);

/// A number of lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LineCount(u64);

/// A line number was zero: lines are counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ZeroLineNo;

impl ByteOffset {
    /// The start of a file.
    pub const ZERO: Self = Self(0);

    /// The position `bytes` from the start of a file.
    pub const fn new(bytes: u64) -> Self {
        Self(bytes)
    }

    /// The bytes before this position.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The nearest multiple of `block` at or before this position; `block` 0 leaves it as it is.
    pub const fn align_down(self, block: u64) -> Self {
        match self.0.checked_rem(block) {
            Some(rest) => Self(self.0 - rest),
            None => self,
        }
    }
}

impl ByteLen {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// A length of `bytes`.
    pub const fn new(bytes: u64) -> Self {
        Self(bytes)
    }

    /// The number of bytes.
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl LineNo {
    /// The first line of a file.
    pub const FIRST: Self = Self(1);

    /// Line `number`, from 1; `None` for 0.
    pub const fn new(number: u64) -> Option<Self> {
        if number == 0 { None } else { Some(Self(number)) }
    }

    /// The line that has `before` lines above it.
    pub const fn after(before: LineCount) -> Self {
        Self(before.0.saturating_add(1))
    }

    /// The number, from 1.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The number of lines above this one.
    pub const fn lines_before(self) -> LineCount {
        LineCount(self.0 - 1)
    }
}

impl LineCount {
    /// No line.
    pub const ZERO: Self = Self(0);

    /// A count of `lines`.
    pub const fn new(lines: u64) -> Self {
        Self(lines)
    }

    /// The number of lines.
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl Add<ByteLen> for ByteOffset {
    type Output = Self;

    fn add(self, len: ByteLen) -> Self {
        Self(self.0.saturating_add(len.0))
    }
}

/// The bytes from `earlier` to here; zero when `earlier` is later.
impl Sub for ByteOffset {
    type Output = ByteLen;

    fn sub(self, earlier: Self) -> ByteLen {
        ByteLen(self.0.saturating_sub(earlier.0))
    }
}

/// The position `len` bytes before; the start of the file when there are fewer.
impl Sub<ByteLen> for ByteOffset {
    type Output = Self;

    fn sub(self, len: ByteLen) -> Self {
        Self(self.0.saturating_sub(len.0))
    }
}

impl Add for ByteLen {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for ByteLen {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Add<LineCount> for LineNo {
    type Output = Self;

    fn add(self, lines: LineCount) -> Self {
        Self(self.0.saturating_add(lines.0))
    }
}

/// The line `lines` above; the first line when there are fewer.
impl Sub<LineCount> for LineNo {
    type Output = Self;

    fn sub(self, lines: LineCount) -> Self {
        Self(self.0.saturating_sub(lines.0).max(1))
    }
}

impl Add for LineCount {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for LineCount {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl TryFrom<u64> for LineNo {
    type Error = ZeroLineNo;

    fn try_from(number: u64) -> Result<Self, ZeroLineNo> {
        Self::new(number).ok_or(ZeroLineNo)
    }
}

impl From<LineNo> for u64 {
    fn from(line: LineNo) -> Self {
        line.0
    }
}

impl fmt::Display for ZeroLineNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("lines are counted from 1")
    }
}

impl std::error::Error for ZeroLineNo {}

impl fmt::Display for ByteOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for ByteLen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for LineNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for LineCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The line that starts there without the byte order mark that a file may begin with: editors of Windows write one. It is
/// no part of the text that is shown, searched and printed.
pub fn text_at(start: ByteOffset, line: &[u8]) -> &[u8] {
    if start == ByteOffset::ZERO { without_mark(line) } else { line }
}

/// Whether a file that begins so is in UTF-16: by its byte order mark, and a NUL byte behind it, as every blank and every
/// line end has one. Without, the two bytes are any.
pub fn is_utf_16(head: &[u8]) -> bool {
    (head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff")) && memchr::memchr(0, head).is_some()
}

/// The bytes without the byte order mark that they may begin with.
fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

/// What a line may tell of itself: without the byte order mark, or the NUL bytes of a hole, that it may begin with. A hole is
/// what a program leaves that goes on writing at its place after its log was truncated.
pub(crate) fn told_of(line: &[u8]) -> &[u8] {
    let line = without_mark(line);
    if line.first() != Some(&0) {
        return line;
    }
    // Chunk by chunk first: holes are long.
    let is_nul = |chunk: &&[u8]| chunk.iter().fold(0, |any, byte| any | byte) == 0;
    let whole: usize = line.chunks(256).take_while(is_nul).map(<[u8]>::len).sum();
    let rest = line.get(whole..).unwrap_or_default();
    rest.iter().position(|&byte| byte != 0).map_or(&[], |text| &rest[text..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_saturates_at_both_ends() {
        let end = ByteOffset::new(u64::MAX);
        assert_eq!(end + ByteLen::new(1), end);
        assert_eq!(ByteOffset::new(3) - ByteLen::new(5), ByteOffset::ZERO);
        assert_eq!(ByteOffset::new(3) - ByteOffset::new(5), ByteLen::ZERO);
        assert_eq!(LineNo::FIRST - LineCount::new(9), LineNo::FIRST);
        assert_eq!(LineNo::after(LineCount::new(u64::MAX)).get(), u64::MAX);
    }

    #[test]
    fn a_position_aligns_down_to_its_block() {
        for (offset, block, expected) in [(0, 64, 0), (63, 64, 0), (64, 64, 64), (200, 64, 192), (7, 0, 7)] {
            assert_eq!(ByteOffset::new(offset).align_down(block).get(), expected, "{offset} in blocks of {block}");
        }
    }

    #[test]
    fn line_zero_is_refused_on_the_wire() {
        assert!(serde_json::from_str::<LineNo>("0").is_err());
        assert_eq!(serde_json::from_str::<LineNo>("1").ok(), Some(LineNo::FIRST));
    }
}
