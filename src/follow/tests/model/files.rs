//! What a filter shows of a file in memory: an oracle that looks at all of it each time.

use crate::wire::Filter;

/// A line of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    pub start: usize,
    /// After it, its line feed included.
    pub end: usize,
    pub finished: bool,
    pub matches: bool,
    /// Whether it is shown, as far as that is known.
    pub shown: bool,
    /// Whether what is shown of it can change no more.
    pub settled: bool,
}

/// Queries of the model. Whether an unfinished line matches may change when it grows.
pub fn matches(q: &str, line: &[u8]) -> bool {
    match q {
        "odd" => line.len() % 2 == 1,
        "long" => line.len() > 40,
        "a" | "z" | "u" => line.first() == q.as_bytes().first(),
        _ => false,
    }
}

/// The lines of a file. Nothing of one that has ended can change; otherwise an unfinished last line can, and with context
/// rows the lines just before the end may come to be shown.
pub fn lines(bytes: &[u8], filter: Option<&Filter>, has_ended: bool) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut start = 0;
    while start < bytes.len() {
        let feed = bytes[start..].iter().position(|byte| *byte == b'\n');
        let end = feed.map_or(bytes.len(), |feed| start + feed + 1);
        let text = &bytes[start..end - usize::from(feed.is_some())];
        let matches = filter.is_none_or(|filter| matches(&filter.q, text));
        lines.push(Line { start, end, finished: feed.is_some(), matches, shown: matches, settled: true });
        start = end;
    }
    let Some(ctx) = filter.map(|filter| filter.ctx as usize) else { return lines };
    let is_sure: Vec<bool> = lines.iter().map(|line| line.matches && (line.finished || has_ended)).collect();
    let len = lines.len();
    for (idx, line) in lines.iter_mut().enumerate() {
        let near = idx.saturating_sub(ctx)..(idx + ctx + 1).min(len);
        line.shown |= is_sure[near].contains(&true);
        let n_below = is_sure.len() - 1 - idx;
        let is_last_unfinished = !line.finished && !has_ended;
        let complete_below = n_below.saturating_sub(usize::from(bytes.last() != Some(&b'\n') && n_below > 0));
        line.settled = has_ended || (!is_last_unfinished && (line.shown || complete_below >= ctx));
    }
    lines
}

/// Up to where it is settled what is shown: a line's start, or the end.
pub fn settled_end(lines: &[Line]) -> usize {
    let first = lines.iter().find(|line| !line.settled);
    first.map_or_else(|| lines.last().map_or(0, |line| line.end), |line| line.start)
}
