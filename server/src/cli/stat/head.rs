//! What the head of a file tells: its encoding where that is marked, and whether its lines are structured.

use serde::de::IgnoredAny;
use taillight::ansi;
use taillight::line::is_utf_16;

use crate::scan::Charset;

/// How many lines are looked at.
const SAMPLE_LINES: usize = 100;

/// The encoding of a file that begins so and is made of those bytes; `None` of an empty one.
pub(super) fn encoding(head: &[u8], charset: Charset) -> Option<&'static str> {
    Some(match (head, charset) {
        ([], _) => return None,
        ([0xff, ..], _) if is_utf_16(head) => "utf-16le",
        ([0xfe, ..], _) if is_utf_16(head) => "utf-16be",
        (_, Charset { has_nul: true, .. }) => "binary",
        (_, Charset { has_high: false, .. }) => "ascii",
        (_, Charset { is_broken: false, .. }) => "utf-8",
        _ => "latin-1 or other",
    })
}

/// `json` or `logfmt`, when nine of ten of the first lines are.
pub(super) fn structure(head: &[u8]) -> Option<&'static str> {
    // The last one may be cut.
    let whole = memchr::memrchr(b'\n', head).map_or(head, |feed| head.get(..feed).unwrap_or(head));
    let mut lines = Vec::new();
    for line in whole.split(|&byte| byte == b'\n') {
        let mut text = Vec::new();
        ansi::plain(line, &mut text);
        if !text.trim_ascii().is_empty() {
            lines.push(text);
        }
        if lines.len() == SAMPLE_LINES {
            break;
        }
    }
    let are_most = |is_one: fn(&[u8]) -> bool| {
        let n_of_them = lines.iter().filter(|line| is_one(line)).count();
        n_of_them > 0 && n_of_them * 10 >= lines.len() * 9
    };
    if are_most(is_json) {
        Some("json")
    } else if are_most(is_logfmt) {
        Some("logfmt")
    } else {
        None
    }
}

fn is_json(line: &[u8]) -> bool {
    line.trim_ascii_start().starts_with(b"{") && serde_json::from_slice::<IgnoredAny>(line).is_ok()
}

/// Whether it begins with two fields or more, such as `level=info msg="a b"`.
fn is_logfmt(line: &[u8]) -> bool {
    let after_first = field(line.trim_ascii()).map(<[u8]>::trim_ascii_start);
    after_first.and_then(field).is_some()
}

/// What stands behind the field that the text begins with.
fn field(text: &[u8]) -> Option<&[u8]> {
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'@');
    let len = text.iter().take_while(|byte| is_name(byte)).count();
    let value = text.get(len..)?.strip_prefix(b"=").filter(|_| len > 0)?;
    let Some(quoted) = value.strip_prefix(b"\"") else {
        let end = memchr::memchr2(b' ', b'\t', value).unwrap_or(value.len());
        return value.get(end..);
    };
    let mut at = 0;
    loop {
        at += memchr::memchr2(b'"', b'\\', quoted.get(at..)?)?;
        if quoted.get(at) == Some(&b'"') {
            return quoted.get(at + 1..);
        }
        at += 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn structured_lines_are_told_by_most_of_them() {
        for (head, expected) in [
            ("", None),
            ("{\"a\":1}\n{\"b\":[]}\n{\"cut\":", Some("json")),
            ("{\"a\":1}", Some("json")),
            ("{\"a\":1}\nplain\n", None),
            ("{a}\n", None),
            ("1\n2\n", None),
            ("level=info msg=\"a \\\" b\" x=\n\nlevel=warn err=y\n", Some("logfmt")),
            ("\x1b[32mlevel\x1b[0m=info msg=x\n", Some("logfmt")),
            ("a=b\n", None),
            ("a=b c\n", None),
            ("a=\"b c=d\n", None),
            ("Nov 22 10:00:00 h a=b c=d\n", None),
        ] {
            assert_eq!(structure(head.as_bytes()), expected, "{head:?}");
        }
    }

    #[test]
    fn encodings_are_named_by_rule() {
        let of = |has_nul, has_high, is_broken| Charset { has_nul, has_high, is_broken };
        for (head, charset, expected) in [
            (&b""[..], of(false, false, false), None),
            (b"a", of(false, false, false), Some("ascii")),
            (b"a", of(false, true, false), Some("utf-8")),
            (b"a", of(false, true, true), Some("latin-1 or other")),
            (b"a", of(true, true, true), Some("binary")),
            (b"\xff\xfea\0", of(true, true, true), Some("utf-16le")),
            (b"\xfe\xff\0a", of(true, true, true), Some("utf-16be")),
            (b"\xff\xfe a", of(false, true, true), Some("latin-1 or other")),
        ] {
            assert_eq!(encoding(head, charset), expected, "{head:?}");
        }
    }
}
