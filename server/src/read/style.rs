//! The colours that a page starts with: set by lines before it.

use taillight::ansi::{Style, skip_line};

use super::blocks::Blocks;

/// The style at `offset`, a line's start, as far as the block before it tells when it was read anyway. Plain where
/// nothing is known: at most one block is looked back, so that a page costs the same everywhere.
pub(super) fn at(blocks: &Blocks<'_>, offset: u64) -> Style {
    let Some(last) = offset.checked_sub(1) else { return Style::default() };
    let start = blocks.start_of(last);
    let Some(bytes) = blocks.kept(last).and_then(|bytes| bytes.get(..(offset - start) as usize)) else {
        return Style::default();
    };
    // The block may begin inside a line, even inside an escape: its first whole line is where reading starts.
    let whole = match memchr::memchr(b'\n', bytes) {
        Some(feed) if start > 0 => &bytes[feed + 1..],
        _ => bytes,
    };
    if memchr::memchr(0x1b, whole).is_none() {
        return Style::default();
    }
    whole
        .split_inclusive(|&byte| byte == b'\n')
        .fold(Style::default(), |style, line| skip_line(line.strip_suffix(b"\n").unwrap_or(line), style))
}
