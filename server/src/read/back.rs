//! Going back over whole lines from a line's start.

use std::io;

use taillight::line::{ByteLen, ByteOffset};

use crate::source::{Source, read_full};

/// How much is read at once.
const BLOCK_BYTES: u64 = 64 * 1024;

/// The start of the line that is `lines` above the one that starts at `from`, and how many lines that is: fewer than
/// asked where the file begins. Holes are skipped, because they hold no line feed.
///
/// # Errors
/// When the file cannot be read.
pub fn lines_back(source: &dyn Source, from: ByteOffset, lines: u32) -> io::Result<(ByteOffset, u32)> {
    if lines == 0 || from == ByteOffset::ZERO {
        return Ok((from, 0));
    }
    let mut passed = 0;
    // The byte before a line's start is the line feed of the line above: the search begins before that.
    let mut end = from - ByteLen::new(1);
    let mut block = vec![0; BLOCK_BYTES as usize];
    while end > ByteOffset::ZERO {
        let hole = source.hole_before(end)?;
        if hole < end {
            end = hole;
            continue;
        }
        let start = (end - ByteLen::new(1)).align_down(BLOCK_BYTES);
        let len = usize::try_from((end - start).get()).unwrap_or(block.len()).min(block.len());
        let n_read = read_full(source, &mut block[..len], start)?;
        for feed in memchr::memrchr_iter(b'\n', &block[..n_read]) {
            passed += 1;
            if passed == lines {
                return Ok((start + ByteLen::new(feed as u64 + 1), passed));
            }
        }
        end = start;
    }
    Ok((ByteOffset::ZERO, passed + 1))
}
