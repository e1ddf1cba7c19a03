//! The growing hash of a file's head: tells files apart that share an inode number.

use std::io;

use sha2::{Digest as _, Sha256};
use taillight::cursor::Identity;
use taillight::line::ByteOffset;

use super::{Source, read_full};

/// How much of a file's start is part of its identity, in bytes.
pub(crate) const HEAD_BYTES: usize = 1024;

/// Length and hash of the head as it is now, at most `limit` bytes of it.
pub(super) fn head(source: &dyn Source, limit: u16) -> io::Result<(u16, u64)> {
    let mut buf = [0; HEAD_BYTES];
    let wanted = usize::from(limit).min(HEAD_BYTES);
    let len = read_full(source, &mut buf[..wanted], ByteOffset::ZERO)?;
    Ok((len as u16, hash(&buf[..len])))
}

/// Length and hash of as much head as counts.
pub(super) fn whole_head(source: &dyn Source) -> io::Result<(u16, u64)> {
    head(source, HEAD_BYTES as u16)
}

/// Whether the head still begins with what was `seen`.
pub(crate) fn begins_with(source: &dyn Source, seen: &Identity) -> io::Result<bool> {
    Ok(head(source, seen.head_len)? == (seen.head_len, seen.head_hash))
}

/// Its hash.
pub(super) fn hash(bytes: &[u8]) -> u64 {
    let digest: [u8; 32] = Sha256::digest(bytes).into();
    let [a, b, c, d, e, f, g, h, ..] = digest;
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}
