//! The forms of a single term: where it ends, and what it is.
//!
//! - `"` at its start opens a phrase, which ends at the next `"` that no `\` stands before. Inside, `\"` and `\\` are
//!   a quote and a backslash; any other backslash is itself. What follows must be a blank, a parenthesis or the end.
//! - `/` at its start opens a regular expression, which ends at the next `/` or `/i` that no `\` stands before and
//!   that a blank, `)` or the end follows. Without such an end, or with nothing between, it is a word: `/var/log/x`.
//!   So `/var/log/x /re/` is one regular expression, which has a blank: blanks are a part of patterns. Whoever means a
//!   path and a regular expression quotes the path.
//! - Anything else goes to the next blank or parenthesis, and is a word unless it has a name: see
//!   [`named`](super::named).

use super::Term;

/// A term, and the byte after it.
pub(super) type Ended = (Term, usize);

/// Why there is no term.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BadPhrase {
    /// No quote ends it.
    Unclosed,
    /// Nothing between the quotes.
    Empty { end: usize },
    /// Something directly behind it, up to there.
    Glued { from: usize, end: usize },
}

/// The text from there on; empty where there is none.
pub(super) fn rest(text: &str, from: usize) -> &str {
    text.get(from..).unwrap_or_default()
}

/// Whether a term cannot go on there.
pub(super) fn is_boundary(text: &str, at: usize) -> bool {
    rest(text, at).chars().next().is_none_or(ends_word)
}

/// Where the bare text that starts there ends.
pub(super) fn bare_end(text: &str, from: usize) -> usize {
    rest(text, from).find(ends_word).map_or(text.len(), |len| from + len)
}

fn ends_word(c: char) -> bool {
    c.is_whitespace() || matches!(c, '(' | ')')
}

/// The phrase whose first quote stands there.
pub(super) fn phrase(text: &str, at: usize) -> Result<(String, usize), BadPhrase> {
    let mut phrase = String::new();
    let mut chars = rest(text, at + 1).char_indices().peekable();
    while let Some((i, c)) = chars.next() {
        let escaped = chars.peek().map(|&(_, next)| next).filter(|&next| c == '\\' && matches!(next, '"' | '\\'));
        match (c, escaped) {
            (_, Some(escaped)) => {
                phrase.push(escaped);
                chars.next();
            }
            ('"', None) => {
                let end = at + 1 + i + 1;
                return if phrase.is_empty() {
                    Err(BadPhrase::Empty { end })
                } else if is_boundary(text, end) {
                    Ok((phrase, end))
                } else {
                    Err(BadPhrase::Glued { from: end, end: bare_end(text, end) })
                };
            }
            (c, None) => phrase.push(c),
        }
    }
    Err(BadPhrase::Unclosed)
}

/// The regular expression whose first slash stands there, if it has an end.
pub(super) fn regex(text: &str, at: usize) -> Option<Ended> {
    let bytes = text.as_bytes();
    let mut i = at + 1;
    while let Some(&byte) = bytes.get(i) {
        match byte {
            b'\\' => i += 2,
            b'/' if let Some((ignore_case, end)) = regex_end(text, i + 1) => {
                let pattern = text.get(at + 1..i).filter(|pattern| !pattern.is_empty())?.to_owned();
                return Some((Term::Regex { pattern, ignore_case }, end));
            }
            _ => i += 1,
        }
    }
    None
}

/// Whether a slash ends a regular expression when this follows it: whether it ignores case, and where the end is.
pub(super) fn regex_end(text: &str, after_slash: usize) -> Option<(bool, usize)> {
    let is_end = |at| rest(text, at).chars().next().is_none_or(|c| c.is_whitespace() || c == ')');
    if is_end(after_slash) {
        Some((false, after_slash))
    } else if rest(text, after_slash).starts_with('i') && is_end(after_slash + 1) {
        Some((true, after_slash + 1))
    } else {
        None
    }
}
