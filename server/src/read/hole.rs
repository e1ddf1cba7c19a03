//! Runs of NUL bytes in front of a line: what a file has where it was cut under a writer that does not append. They are
//! counted instead of sent, so that the line behind them is read.

use std::io;

use bytes::BytesMut;
use taillight::line::{ByteLen, ByteOffset};
use taillight::wire::{Cut, MIN_HOLE_BYTES};

use super::blocks::Blocks;
use super::rows::append;
use crate::source::{Source, read_full};

/// How many NUL bytes that are really on the disk are read to find the end of a run.
const MAX_READ: u64 = 8 << 20;

const BUF_BYTES: usize = 64 * 1024;

/// Appends the first `head` bytes of a line of `len` bytes that is too long to be sent whole, and says what is left out.
/// In front of a long run of NUL bytes it begins with the last of them.
pub(crate) fn append_head(
    blocks: &mut Blocks<'_>,
    (start, len, head): (u64, u64, u64),
    payload: &mut BytesMut,
    cuts: &mut Vec<Cut>,
) -> io::Result<()> {
    let hole = left_out(blocks.source(), ByteOffset::new(start), ByteLen::new(len))?.get();
    if hole > 0 {
        cuts.push(Cut { at: payload.len() as u32, missing: ByteLen::new(hole) });
    }
    let head = head.min(len - hole);
    append(blocks, payload, start + hole, start + hole + head)?;
    if hole + head < len {
        cuts.push(Cut { at: payload.len() as u32, missing: ByteLen::new(len - hole - head) });
    }
    Ok(())
}

/// How many of the NUL bytes in front of a line of `len` bytes at `start` are left out: all but the last of a long run,
/// as far as it is found with bounded reading.
pub(crate) fn left_out(source: &dyn Source, start: ByteOffset, len: ByteLen) -> io::Result<ByteLen> {
    let end = start + len;
    let (mut at, mut read_bytes) = (start, 0);
    let mut buf = Vec::new();
    while at < end && read_bytes < MAX_READ {
        let data = source.next_data(at)?.max(at).min(end);
        buf.resize(BUF_BYTES.min(usize::try_from((end - data).get()).unwrap_or(BUF_BYTES)), 0);
        let read = read_full(source, &mut buf, data)?;
        if read < buf.len() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let n_empty = buf.iter().position(|byte| *byte != 0).unwrap_or(read);
        at = data + ByteLen::new(n_empty as u64);
        if n_empty < buf.len() {
            break;
        }
        read_bytes += read as u64;
    }
    let run = at - start;
    Ok(if run < MIN_HOLE_BYTES { ByteLen::ZERO } else { run - ByteLen::new(1) })
}
