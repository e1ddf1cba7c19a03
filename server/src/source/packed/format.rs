//! The compressed formats, told by how a file begins and never by its name.

use taillight::wire::listing::Compression;

/// How many bytes of a file's start tell whether it is compressed.
pub const MAGIC_BYTES: usize = 16;

/// What `head` begins with; `None` for everything that is shown as it is, and for what is too short to tell.
pub fn detect(head: &[u8]) -> Option<Compression> {
    match head {
        // Deflate is the only method there is, and the upper flags are reserved: text never gets that far.
        [0x1f, 0x8b, 8, flags, ..] if flags & 0xe0 == 0 => Some(Compression::Gzip),
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some(Compression::Xz),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Compression::Zstd),
        // Parallel compressors put a frame that is to be skipped in front.
        [0x50..=0x5f, 0x2a, 0x4d, 0x18, a, b, c, d, rest @ ..] => {
            let len = usize::try_from(u32::from_le_bytes([*a, *b, *c, *d])).unwrap_or(usize::MAX);
            rest.get(len..).and_then(detect).filter(|format| *format == Compression::Zstd)
        }
        // The number is the size of its blocks; a block, or the end of an empty file, begins with digits of pi or its root.
        [b'B', b'Z', b'h', b'1'..=b'9', block @ ..] => {
            let is_block = block.starts_with(&[0x31, 0x41, 0x59, 0x26, 0x53, 0x59]);
            let is_end = block.starts_with(&[0x17, 0x72, 0x45, 0x38, 0x50, 0x90]);
            (is_block || is_end).then_some(Compression::Bzip2)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_bytes_tell() {
        let cases: &[(&[u8], Option<Compression>)] = &[
            (b"", None),
            (b"\x1f\x8b", None),
            (b"\x1f\x8b\x08\x00", Some(Compression::Gzip)),
            (b"\x1f\x8b\x08\xff", None),
            (b"\x1f\x8b\x07\x00", None),
            (b"\xfd7zXZ\x00", Some(Compression::Xz)),
            (b"\xfd7zXZ", None),
            (b"\x28\xb5\x2f\xfd", Some(Compression::Zstd)),
            (b"\x50\x2a\x4d\x18\x04\0\0\0abcd\x28\xb5\x2f\xfd", Some(Compression::Zstd)),
            (b"\x50\x2a\x4d\x18\x04\0\0\0abcd\x1f\x8b\x08\x00", None),
            (b"\x50\x2a\x4d\x18\xff\xff\xff\xffabcd\x28\xb5\x2f\xfd", None),
            (b"BZh91AY&SY", Some(Compression::Bzip2)),
            (b"BZh9\x17\x72\x45\x38\x50\x90", Some(Compression::Bzip2)),
            (b"BZh9 is a word at a line's start", None),
            (b"plain text\n", None),
        ];
        for (head, expected) in cases {
            assert_eq!(detect(head), *expected, "{head:?}");
        }
    }
}
