//! The path of a log as requests carry it: a root's name and the components below it, percent-decoded exactly once.
//!
//! One parser for both sides, over bytes: names need not be UTF-8. What is not plain is refused, never cleaned.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The longest component, in bytes: the limit of the usual file systems.
pub const MAX_COMPONENT_BYTES: usize = 255;

/// The longest decoded path, in bytes, separators included.
pub const MAX_PATH_BYTES: usize = 4096;

/// A root's name and the components below it, decoded. Never empty; no component is empty, `.`, `..`, too long, or holds
/// a slash or a NUL.
///
/// Its text form is percent-encoded, `ROOT/DIR/FILE` without a leading slash, and reads back to the same path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LogPath {
    components: Vec<Vec<u8>>,
}

/// Why a text is not the path of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadPath {
    /// A component is empty, `.` or `..`.
    Component,
    /// A NUL or an encoded slash.
    Byte,
    /// A `%` without two hexadecimal digits.
    Escape,
    /// A component or the whole is too long.
    Length,
}

impl LogPath {
    /// The path of a root itself.
    ///
    /// # Errors
    /// When `name` cannot be a component.
    pub fn root(name: &[u8]) -> Result<Self, BadPath> {
        Self::from_components(std::iter::once(name))
    }

    /// The path made of decoded components, the root's name first.
    ///
    /// # Errors
    /// When there is none, or one cannot be a component.
    pub fn from_components<'a>(components: impl IntoIterator<Item = &'a [u8]>) -> Result<Self, BadPath> {
        let components: Vec<Vec<u8>> = components.into_iter().map(<[u8]>::to_vec).collect();
        if components.is_empty() {
            return Err(BadPath::Component);
        }
        for component in &components {
            check_component(component)?;
        }
        let total = components.iter().map(|component| component.len() + 1).sum::<usize>();
        if total > MAX_PATH_BYTES { Err(BadPath::Length) } else { Ok(Self { components }) }
    }

    /// The path of an entry of this folder.
    ///
    /// # Errors
    /// When `name` cannot be a component, or the whole gets too long.
    pub fn join(&self, name: &[u8]) -> Result<Self, BadPath> {
        Self::from_components(self.components.iter().map(Vec::as_slice).chain(std::iter::once(name)))
    }

    /// The folder it is in; `None` for a root.
    pub fn parent(&self) -> Option<Self> {
        match self.components.as_slice() {
            [] | [_] => None,
            [above @ .., _] => Some(Self { components: above.to_vec() }),
        }
    }

    /// The root's name.
    pub fn root_name(&self) -> &[u8] {
        self.components.first().map_or(&[], Vec::as_slice)
    }

    /// The last component: the file's name, or the root's.
    pub fn file_name(&self) -> &[u8] {
        self.components.last().map_or(&[], Vec::as_slice)
    }

    /// The components below the root, decoded.
    pub fn below_root(&self) -> impl Iterator<Item = &[u8]> {
        self.components.iter().skip(1).map(Vec::as_slice)
    }

    /// All components, the root's name first, decoded.
    pub fn components(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.components.iter().map(Vec::as_slice)
    }

    /// The path for people: decoded, with what is not text or would disturb it shown as `U+FFFD` or a control picture.
    pub fn shown(&self) -> String {
        let parts: Vec<String> = self.components.iter().map(|component| shown_name(component)).collect();
        parts.join("/")
    }
}

/// A file's name for people: invalid UTF-8 as `U+FFFD`, control characters as their pictures, bidirectional controls
/// as `U+FFFD`, so that a name cannot disturb the text around it.
pub fn shown_name(name: &[u8]) -> String {
    String::from_utf8_lossy(name)
        .chars()
        .map(|c| match c {
            '\0'..='\x1f' => char::from_u32(0x2400 + u32::from(c)).unwrap_or(char::REPLACEMENT_CHARACTER),
            '\x7f' => '\u{2421}',
            '\u{80}'..='\u{9f}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{061c}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}' => char::REPLACEMENT_CHARACTER,
            c => c,
        })
        .collect()
}

/// Percent-decodes once.
///
/// # Errors
/// [`BadPath::Escape`] when a `%` is not followed by two hexadecimal digits.
pub fn percent_decode(text: &str) -> Result<Cow<'_, [u8]>, BadPath> {
    if !text.contains('%') {
        return Ok(Cow::Borrowed(text.as_bytes()));
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        if byte == b'%' {
            let [high, low, after @ ..] = after else { return Err(BadPath::Escape) };
            let digits = hex_digit(*high).zip(hex_digit(*low));
            let (high, low) = digits.ok_or(BadPath::Escape)?;
            decoded.push(high << 4 | low);
            rest = after;
        } else {
            decoded.push(byte);
            rest = after;
        }
    }
    Ok(Cow::Owned(decoded))
}

/// Percent-encodes all but unreserved characters and those of `keep`, which must be ASCII.
pub fn percent_encode(bytes: &[u8], keep: &[u8], out: &mut String) {
    for &byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || keep.contains(&byte) {
            out.push(char::from(byte));
        } else {
            const HEX: &[u8; 16] = b"0123456789ABCDEF";
            out.push('%');
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

fn check_component(component: &[u8]) -> Result<(), BadPath> {
    match component {
        b"" | b"." | b".." => Err(BadPath::Component),
        _ if component.len() > MAX_COMPONENT_BYTES => Err(BadPath::Length),
        _ if component.contains(&0) || component.contains(&b'/') => Err(BadPath::Byte),
        _ => Ok(()),
    }
}

impl fmt::Display for LogPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        for (idx, component) in self.components.iter().enumerate() {
            if idx > 0 {
                text.push('/');
            }
            percent_encode(component, b"@:,=+", &mut text);
        }
        f.write_str(&text)
    }
}

impl FromStr for LogPath {
    type Err = BadPath;

    fn from_str(text: &str) -> Result<Self, BadPath> {
        let components = text.split('/').map(percent_decode).collect::<Result<Vec<_>, _>>()?;
        Self::from_components(components.iter().map(AsRef::as_ref))
    }
}

impl TryFrom<String> for LogPath {
    type Error = BadPath;

    fn try_from(text: String) -> Result<Self, BadPath> {
        text.parse()
    }
}

impl From<LogPath> for String {
    fn from(path: LogPath) -> Self {
        path.to_string()
    }
}

impl fmt::Display for BadPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Component => "a path component is empty, '.' or '..'",
            Self::Byte => "a path component holds a NUL or a slash",
            Self::Escape => "a '%' is not followed by two hexadecimal digits",
            Self::Length => "the path is too long",
        })
    }
}

impl std::error::Error for BadPath {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, expected: Result<&[&[u8]], BadPath>) {
        let path = text.parse::<LogPath>();
        let components = path.as_ref().map(|path| path.components().collect::<Vec<_>>()).map_err(|err| *err);
        assert_eq!(components, expected.map(<[_]>::to_vec), "{text:?}");
    }

    #[test]
    fn texts_are_decoded_once_and_refused_when_not_plain() {
        check("nginx/access.log", Ok(&[b"nginx", b"access.log"]));
        check("r/a%20b", Ok(&[b"r", b"a b"]));
        check("r/%2561", Ok(&[b"r", b"%61"]));
        check("r/%FF", Ok(&[b"r", b"\xff"]));
        check("r/a+b", Ok(&[b"r", b"a+b"]));
        check("r/...", Ok(&[b"r", b"..."]));
        for text in ["", "/", "r/", "/r", "r//a", ".", "r/.", "r/..", "r/%2e%2e", "r/%2E", "r/../r"] {
            check(text, Err(BadPath::Component));
        }
        for text in ["r/%2f", "r/a%2Fb", "r/%00"] {
            check(text, Err(BadPath::Byte));
        }
        for text in ["r/%", "r/%2", "r/%zz", "r/a%", "r/%+1"] {
            check(text, Err(BadPath::Escape));
        }
        check(&"a".repeat(256), Err(BadPath::Length));
        check(&["a"; 2049].join("/"), Err(BadPath::Length));
    }

    proptest! {
        #[test]
        fn text_reads_back(
            components in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..20), 1..6),
        ) {
            if let Ok(path) = LogPath::from_components(components.iter().map(Vec::as_slice)) {
                prop_assert_eq!(path.to_string().parse(), Ok(path));
            }
        }

        #[test]
        fn what_reads_prints_the_same_path(text in "[a-z%0-9./]{0,30}") {
            if let Ok(path) = text.parse::<LogPath>() {
                prop_assert_eq!(path.to_string().parse(), Ok(path));
            }
        }
    }

    #[test]
    fn a_shown_name_cannot_disturb_the_text_around_it() {
        assert_eq!(shown_name(b"a\n\x1b[31m\xffb"), "a\u{240a}\u{241b}[31m\u{fffd}b");
        assert_eq!(shown_name("a\u{202e}gol".as_bytes()), "a\u{fffd}gol");
    }
}
