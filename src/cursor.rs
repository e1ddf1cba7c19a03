//! Where a reader is: which file exactly (identity), which life of it (generation), and how far (offset).
//!
//! A path does not name a file for long: logs are rotated, truncated and replaced, and file systems reuse inode numbers
//! at once. So a place that must outlive a connection carries the identity of the bytes, not only their path.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::line::{ByteOffset, LineNo};
use crate::timestamp::TimeExpr;

/// One life of a followed path, as one server process counts them: it moves on when the file is rotated, truncated or
/// replaced. Only comparable within one connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Generation(u32);

/// Which file it is, apart from its path. The device number is left out: it differs between mounts and restarts.
///
/// Two observations are of one file when inode and birth time are equal and the *shorter* head of the two hashes the
/// same; the server compares, because only it can hash the file's first `head_len` bytes again.
///
/// Its text form, four hexadecimal numbers with dots, is the `fid` of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Identity {
    /// The inode number.
    pub inode: u64,
    /// Birth time in nanoseconds since 1970, or 0 where the file system does not say.
    pub born_ns: u64,
    /// How many bytes of the file's start `head_hash` covers, at most 1,024.
    pub head_len: u16,
    /// Hash of those bytes, as the server computes it.
    pub head_hash: u64,
}

/// Hash of the at most 64 bytes before an offset: tells a file that was truncated and grew past the reader again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Marker {
    /// How many bytes before the offset are covered, at most 64.
    pub len: u8,
    /// Their hash, by [`Marker::of`].
    pub hash: u64,
}

/// A place that survives reconnecting and a restart of the server: after the last complete line that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Cursor {
    /// The file.
    pub identity: Identity,
    /// After the last complete line that was read.
    pub offset: ByteOffset,
    /// What stood before `offset`.
    pub marker: Marker,
}

/// A place in a file from which a page is read. The row *at* the anchor is the first of the rows after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Anchor {
    /// The first line.
    Start,
    /// After the last line, the unfinished one included.
    End,
    /// The line of that number; past the end it is the end.
    Line(LineNo),
    /// The line that holds that byte; past the end it is the end.
    Byte(ByteOffset),
    /// The first line that is not before that time; past the end it is the last line. The server's clock and zone say
    /// when that is.
    Time(TimeExpr),
}

/// A text that is not an [`Identity`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadIdentity;

impl Generation {
    /// The generation a server starts with. Lives that ended before it, found among rotated files, are counted down from it.
    pub const FIRST: Self = Self(1 << 30);

    /// Generation `number`.
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// Its number.
    pub const fn get(self) -> u32 {
        self.0
    }

    /// The one before it.
    pub const fn before(self) -> Self {
        Self(self.0.wrapping_sub(1))
    }

    /// The one after it.
    pub const fn next(self) -> Self {
        Self(self.0.wrapping_add(1))
    }
}

impl Marker {
    /// How many bytes it covers at most.
    pub const MAX_BYTES: usize = 64;

    /// The marker of an offset that `before` stands before: of its last 64 bytes. The client and the server compute the
    /// same: FNV-1a with 64 bits (Fowler, Noll and Vo; draft-eastlake-fnv). It finds accidents, it is no proof against forgery.
    pub fn of(before: &[u8]) -> Self {
        const OFFSET_BASIS: u64 = 0xcbf2_9ce4_8422_2325;
        const PRIME: u64 = 0x0000_0100_0000_01b3;
        let last = &before[before.len().saturating_sub(Self::MAX_BYTES)..];
        let hash = last.iter().fold(OFFSET_BASIS, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME));
        Self { len: last.len() as u8, hash }
    }
}

impl Identity {
    /// Whether this is certainly another file than `other`, or another life of it. What cannot be compared here, heads of
    /// different lengths, proves nothing.
    pub fn is_surely_not(&self, other: &Self) -> bool {
        (self.inode, self.born_ns) != (other.inode, other.born_ns)
            || (self.head_len == other.head_len && self.head_hash != other.head_hash)
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}.{:x}.{:x}.{:x}", self.inode, self.born_ns, self.head_len, self.head_hash)
    }
}

impl FromStr for Identity {
    type Err = BadIdentity;

    fn from_str(text: &str) -> Result<Self, BadIdentity> {
        let mut parts = text.split('.');
        let mut next = || {
            let part = parts.next().ok_or(BadIdentity)?;
            // `from_str_radix` takes a sign, which would give one identity two texts.
            if part.starts_with('+') {
                return Err(BadIdentity);
            }
            u64::from_str_radix(part, 16).map_err(|_| BadIdentity)
        };
        let identity = Self {
            inode: next()?,
            born_ns: next()?,
            head_len: u16::try_from(next()?).map_err(|_| BadIdentity)?,
            head_hash: next()?,
        };
        if parts.next().is_some() { Err(BadIdentity) } else { Ok(identity) }
    }
}

impl fmt::Display for BadIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a file identity: expected four hexadecimal numbers with dots between")
    }
}

impl std::error::Error for BadIdentity {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn identity_text_reads_back(inode: u64, born_ns: u64, head_len: u16, head_hash: u64) {
            let identity = Identity { inode, born_ns, head_len, head_hash };
            prop_assert_eq!(identity.to_string().parse(), Ok(identity));
        }

        #[test]
        fn no_text_panics(text in ".*") {
            let _ = text.parse::<Identity>();
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "1", "1.2.3", "1.2.3.4.5", "1.2.10000.4", "g.2.3.4", "+1.2.3.4", "1..3.4"] {
            assert_eq!(text.parse::<Identity>(), Err(BadIdentity), "{text:?}");
        }
    }
}
