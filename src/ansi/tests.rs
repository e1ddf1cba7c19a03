//! What becomes of each escape, control and broken byte; and what holds for every line.

mod oracle;
mod spans;

use std::fmt::Write as _;

use proptest::prelude::*;

use super::html::{class_names, line_html};
use super::*;

/// The line as `text` with `{classes|…}` around styled runs.
fn shown(bytes: &[u8], style_in: Style) -> (String, Style) {
    let mut line = StyledLine::default();
    let style_out = parse_line(bytes, style_in, &mut line);
    let mut out = String::new();
    for (text, style) in line.pieces() {
        if style.is_plain() {
            out.push_str(text);
        } else {
            out.push('{');
            class_names(style, &mut out);
            write!(out, "|{text}}}").unwrap();
        }
    }
    (out, style_out)
}

#[track_caller]
fn check(cases: &[(&str, &str)]) {
    for (bytes, expected) in cases {
        assert_eq!(shown(bytes.as_bytes(), Style::PLAIN).0, *expected, "{bytes:?}");
    }
}

#[test]
fn attributes_are_set_and_reset() {
    check(&[
        ("\x1b[1mx", "{a-bold|x}"),
        ("\x1b[2mx", "{a-dim|x}"),
        ("\x1b[3mx", "{a-italic|x}"),
        ("\x1b[4mx", "{a-underline|x}"),
        ("\x1b[7mx", "{a-inverse|x}"),
        ("\x1b[8mx", "{a-hidden|x}"),
        ("\x1b[9mx", "{a-strike|x}"),
        ("\x1b[21mx", "{a-double|x}"),
        ("\x1b[53mx", "{a-overline|x}"),
        ("\x1b[1;2ma\x1b[22mb", "{a-bold a-dim|a}b"),
        ("\x1b[3ma\x1b[23mb", "{a-italic|a}b"),
        ("\x1b[4ma\x1b[24mb", "{a-underline|a}b"),
        ("\x1b[21ma\x1b[24mb", "{a-double|a}b"),
        ("\x1b[7ma\x1b[27mb", "{a-inverse|a}b"),
        ("\x1b[8ma\x1b[28mb", "{a-hidden|a}b"),
        ("\x1b[9ma\x1b[29mb", "{a-strike|a}b"),
        ("\x1b[53ma\x1b[55mb", "{a-overline|a}b"),
        ("\x1b[5;6;10;20;26;50;54;73m\x1b[25mx", "x"),
        ("\x1b[1;31;44ma\x1b[mb", "{a-f1 a-b4 a-near a-bold|a}b"),
        ("\x1b[1;31ma\x1b[0mb", "{a-f1 a-bold|a}b"),
    ]);
}

#[test]
fn underlines_replace_each_other() {
    check(&[
        ("\x1b[4:0mx", "x"),
        ("\x1b[4:1mx", "{a-underline|x}"),
        ("\x1b[4:2mx", "{a-double|x}"),
        ("\x1b[4:3mx", "{a-underline|x}"),
        ("\x1b[4;21mx", "{a-double|x}"),
        ("\x1b[21;4mx", "{a-underline|x}"),
        ("\x1b[4ma\x1b[4:0mb", "{a-underline|a}b"),
    ]);
}

#[test]
fn colours_of_every_kind() {
    check(&[
        ("\x1b[30mx\x1b[37my", "{a-f0|x}{a-f7|y}"),
        ("\x1b[90mx\x1b[97my", "{a-f8|x}{a-f15|y}"),
        ("\x1b[40mx\x1b[47my", "{a-b0|x}{a-b7|y}"),
        ("\x1b[100mx\x1b[107my", "{a-b8|x}{a-b15|y}"),
        ("\x1b[31;40ma\x1b[39mb\x1b[49mc", "{a-f1 a-b0 a-near|a}{a-b0|b}c"),
        ("\x1b[38;5;208mx", "{a-f208|x}"),
        ("\x1b[48;5;0mx", "{a-b0|x}"),
        ("\x1b[38:5:208mx", "{a-f208|x}"),
        ("\x1b[38;2;255;135;0mx", "{a-f208|x}"),
        ("\x1b[38;2;254;134;1mx", "{a-f208|x}"),
        ("\x1b[48;2;8;8;8mx", "{a-b232|x}"),
        ("\x1b[38:2:255:135:0mx", "{a-f208|x}"),
        ("\x1b[38:2::255:135:0mx", "{a-f208|x}"),
        ("\x1b[38:2:1:255:135:0:0:0mx", "{a-f208|x}"),
        ("\x1b[38;5;1;48;5;15;1mx", "{a-f1 a-b15 a-bold|x}"),
        ("\x1b[58;5;1;3mx", "{a-italic|x}"),
        ("\x1b[58:2::1:2:3;59;3mx", "{a-italic|x}"),
    ]);
}

#[test]
fn odd_parameters_change_nothing_else() {
    check(&[
        ("\x1b[;31mx", "{a-f1|x}"),
        ("\x1b[1;;31mx", "{a-f1|x}"),
        ("\x1b[1;mx", "x"),
        ("\x1b[31;1;mx", "x"),
        ("\x1b[256mx", "x"),
        ("\x1b[75;1mx", "{a-bold|x}"),
        ("\x1b[38;5mx", "x"),
        ("\x1b[38mx", "x"),
        ("\x1b[38;9;1mx", "{a-bold|x}"),
        ("\x1b[38;5;256;1mx", "{a-bold|x}"),
        ("\x1b[38;2;1;2mx", "x"),
        ("\x1b[38;2;256;2;2;1mx", "{a-bold|x}"),
        ("\x1b[38:2:1mx", "x"),
        ("\x1b[:::::::::::::::::::::::::::mx", "x"),
        ("\x1b[99999999999999999999999;1mx", "{a-bold|x}"),
        ("\x1b[?4mx", "x"),
        ("\x1b[>4;2mx", "x"),
        ("\x1b[1 mx", "x"),
    ]);
}

#[test]
fn other_sequences_vanish() {
    check(&[
        ("a\x1b[2Jb\x1b[Kc\x1b[10;20Hd\x1b[3Pe", "abcde"),
        ("a\x1b[?25lb\x1b[?1049hc", "abc"),
        ("a\x1b7b\x1b8c\x1bcd\x1b(Be\x1b#8f", "abcdef"),
        ("a\x1b]0;title\x07b\x1b]2;title\x1b\\c", "abc"),
        ("\x1b]8;;javascript:alert(1)\x1b\\text\x1b]8;;\x1b\\ rest", "text rest"),
        ("\x1b]8;id=1;https://x\x07text\x1b]8;;\x07", "text"),
        ("a\x1bP1$r0m\x1b\\b\x1b_apc\x1b\\c\x1b^pm\x1b\\d\x1bXsos\x1b\\e", "abcde"),
        ("a\x1b]0;one\x1b[31mb", "a{a-f1|b}"),
    ]);
}

#[test]
fn a_cut_sequence_is_dropped() {
    check(&[
        ("a\x1b", "a"),
        ("a\x1b[", "a"),
        ("a\x1b[38;5;", "a"),
        ("a\x1b]8;;https://x", "a"),
        ("a\x1bP", "a"),
        ("a\x1b(", "a"),
        ("a\x1b\x1b\x1b", "a"),
    ]);
}

#[test]
fn text_after_a_broken_sequence_is_readable() {
    check(&[
        ("a\x1b[31é", "aé"),
        ("a\x1bé", "aé"),
        ("\x1b[31\x1b[1mb", "{a-bold|b}"),
        ("a\x1b[3\x011mb", "a␁1mb"),
        ("\x1b]0;t\x18b", "␘b"),
        ("\x1b \x1b[1mb", "{a-bold|b}"),
    ]);
}

#[test]
fn controls_are_visible() {
    check(&[
        ("a\0b\x07c\x08d\x7fe", "a␀b␇c␈d␡e"),
        ("a\tb", "a\tb"),
        ("a\x0bb\x0cc\nd", "a␋b␌c␊d"),
        ("\u{85}\u{9b}31m", "⟨U+0085⟩⟨U+009B⟩31m"),
        ("a\u{ad}b\u{feff}c\u{2060}d", "a⟨U+00AD⟩b⟨U+FEFF⟩c⟨U+2060⟩d"),
        ("é€😀 日本", "é€😀 日本"),
    ]);
}

#[test]
fn bidi_and_zero_width_controls_are_visible() {
    let bidi = "\u{61c}\u{200e}\u{200f}\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}";
    let zero_width = "\u{200b}\u{200c}\u{200d}\u{2028}\u{2029}\u{e0041}";
    assert_eq!(bidi.chars().count(), 12);
    for c in bidi.chars().chain(zero_width.chars()) {
        check(&[(&format!("a{c}b"), &format!("a⟨U+{:04X}⟩b", u32::from(c)))]);
    }
}

#[test]
fn bad_utf8_is_one_replacement_character_per_sequence() {
    let cases: [&[u8]; 7] =
        [b"a\xFFb", b"a\xC3", b"\xE2\x82x", b"\xC0\xAF", b"\xED\xA0\x80", b"\xF0\x9F\x98", b"\xF0\x9F\x98\x80\x80"];
    for bytes in cases {
        assert_eq!(shown(bytes, Style::PLAIN).0, String::from_utf8_lossy(bytes), "{bytes:?}");
    }
    assert_eq!(shown(b"\xC3\x1b[1m\xA9", Style::PLAIN).0, "\u{FFFD}{a-bold|\u{FFFD}}");
}

#[test]
fn carriage_returns_redraw() {
    for (bytes, expected, redrawn) in [
        ("abc\r", "abc", false),
        ("abc\r\r\r", "abc", false),
        ("10%\r20%\r100%", "100%", true),
        ("10%\r100%\r", "100%", true),
        ("\rabc", "abc", false),
        ("abc\r   ", "abc", false),
        ("abc\r   \rdef", "def", true),
        ("\x1b[31mabc\rdef\x1b[0m", "{a-f1|def}", true),
        ("abc\r\x1b[0m", "abc", false),
        ("abc\r\x1b[K\x1b[1mdef", "{a-bold|def}", true),
        ("\r\r", "", false),
        ("\x1b]0;a\rb\x07c", "c", false),
    ] {
        let mut line = StyledLine::default();
        parse_line(bytes.as_bytes(), Style::PLAIN, &mut line);
        assert_eq!((shown(bytes.as_bytes(), Style::PLAIN).0.as_str(), line.redrawn), (expected, redrawn), "{bytes:?}");
    }
}

#[test]
fn a_line_says_when_other_sequences_were_dropped() {
    for (bytes, expected) in [("a\x1b[31mb", false), ("a\x1b[2Kb", true), ("a\x1b]0;t\x07", true), ("a\x1b", true)] {
        let mut line = StyledLine::default();
        parse_line(bytes.as_bytes(), Style::PLAIN, &mut line);
        assert_eq!(line.dropped, expected, "{bytes:?}");
    }
}

#[test]
fn the_style_goes_on_in_the_next_line() {
    let (_, style) = shown(b"\x1b[1;38;5;208mabc", Style::PLAIN);
    assert_eq!(shown(b"def\x1b[0mghi", style).0, "{a-f208 a-bold|def}ghi");
    assert_eq!(shown(b"", style), (String::new(), style));
}

#[test]
fn plain_keeps_every_byte_but_escapes_and_the_line_end() {
    for (bytes, expected) in [
        (&b"a\x1b[31mb\r"[..], &b"ab"[..]),
        (b"a\rb\0\xFF\x7F", b"a\rb\0\xFF\x7F"),
        (b"\x1b]8;;u\x07t\x1b]8;;\x07", b"t"),
        (b"", b""),
    ] {
        let mut out = Vec::new();
        plain(bytes, &mut out);
        assert_eq!(out, expected, "{bytes:?}");
    }
}

#[test]
fn sanitised_lines_are_balanced() {
    for (bytes, expected) in [
        ("abc", "abc"),
        ("\x1b[1;31mabc\r", "\x1b[0;1;38;5;1mabc\x1b[0m"),
        ("a\x1b[8mb\x1b[28mc", "abc"),
        ("\x1b[44;7mb\x1b[0mc", "\x1b[0;48;5;4;7mb\x1b[0mc"),
        ("a\x1b[1m", "a"),
    ] {
        let mut out = String::new();
        sanitised(bytes.as_bytes(), Style::PLAIN, &mut out);
        assert_eq!(out, expected, "{bytes:?}");
    }
}

#[test]
fn hostile_lines_stay_linear_and_bounded() {
    let escapes = vec![0x1B; 1 << 20];
    let mut title = b"\x1b]0;".to_vec();
    title.resize(10 << 20, b'x');
    let mut titles = b"\x1b]".repeat(1 << 19);
    titles.extend(b"\x1b[1mend");
    let numbers = [&b"\x1b["[..], &b"1;".repeat(1 << 19), b"mend"].concat();
    let returns = b"x\r".repeat(1 << 19);
    for (bytes, expected) in [(escapes, ""), (title, ""), (titles, "{a-bold|end}"), (numbers, "end"), (returns, "x")] {
        assert_eq!(shown(&bytes, Style::PLAIN).0, expected);
    }
}

#[test]
fn html_is_text_and_spans() {
    for (bytes, expected) in [
        ("a<b>&'\"", "a&lt;b&gt;&amp;&#39;&quot;"),
        ("\x1b[31m<x>\x1b[0m", "<span class=\"a-f1\">&lt;x&gt;</span>"),
        ("\x1b[31;41mx", "<span class=\"a-f1 a-b1 a-near\">x</span>"),
        ("\x1b[38;5;16;48;5;231mx", "<span class=\"a-f16 a-b231\">x</span>"),
    ] {
        let mut line = StyledLine::default();
        parse_line(bytes.as_bytes(), Style::PLAIN, &mut line);
        let mut html = String::new();
        line_html(&line, &mut html);
        assert_eq!(html, expected);
    }
}

/// Bytes that hit the interesting places far more often than random ones would.
pub(super) fn hostile_line() -> impl Strategy<Value = Vec<u8>> {
    let pieces = prop_oneof![
        4 => "[ -~]{0,8}".prop_map(String::into_bytes),
        2 => "\\PC{0,4}".prop_map(String::into_bytes),
        3 => "\x1b\\[[0-9;:]{0,12}m".prop_map(String::into_bytes),
        2 => "\x1b\\[(0|1|2|3|4|7|8|9|21|22|24|31|97|44|38;5;9|48;2;1;2;3|38:2::9:8:7)m".prop_map(String::into_bytes),
        1 => "\x1b\\[[?>]?[0-9;]{0,4}[A-Za-z]".prop_map(String::into_bytes),
        1 => "\x1b[\\]PX^_][ -~]{0,6}(\x07|\x1b\\\\)?".prop_map(String::into_bytes),
        1 => Just(b"\x1b".to_vec()),
        1 => Just(b"\r".to_vec()),
        1 => proptest::collection::vec(any::<u8>().prop_map(|b| if b == b'\n' { b' ' } else { b }), 0..6),
    ];
    proptest::collection::vec(pieces, 0..12).prop_map(|pieces| pieces.concat())
}

pub(super) fn any_style() -> impl Strategy<Value = Style> {
    any::<[u8; Style::WIRE_LEN]>().prop_map(Style::from_bytes)
}

/// The text of HTML that must be nothing but escaped text and spans with classes of the closed list.
fn read_back(html: &str) -> Result<String, String> {
    let mut text = String::new();
    let mut open = false;
    let mut rest = html;
    while let Some(at) = rest.find(['<', '&', '>', '"', '\'']) {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(after) = rest.strip_prefix("<span class=\"") {
            let (classes, after) = after.split_once("\">").ok_or("no end of tag")?;
            if open || !classes.split(' ').all(is_known_class) {
                return Err(format!("bad span {classes:?}"));
            }
            (open, rest) = (true, after);
        } else if let Some(after) = rest.strip_prefix("</span>") {
            if !open {
                return Err("end without start".to_owned());
            }
            (open, rest) = (false, after);
        } else {
            let entities = [("&amp;", '&'), ("&lt;", '<'), ("&gt;", '>'), ("&quot;", '"'), ("&#39;", '\'')];
            let (entity, c) = entities.iter().find(|(e, _)| rest.starts_with(e)).ok_or("bare character")?;
            text.push(*c);
            rest = &rest[entity.len()..];
        }
    }
    text.push_str(rest);
    if open { Err("open span".to_owned()) } else { Ok(text) }
}

fn is_known_class(class: &str) -> bool {
    let number = class.strip_prefix("a-f").or(class.strip_prefix("a-b"));
    let attrs = ["near", "bold", "dim", "italic", "underline", "double", "inverse", "strike", "overline", "hidden"];
    number.is_some_and(|n| n.parse::<u8>().is_ok_and(|value| value.to_string() == n))
        || class.strip_prefix("a-").is_some_and(|attr| attrs.contains(&attr))
}

proptest! {
    #[test]
    fn every_line_holds_its_invariants(bytes in hostile_line(), style in any_style()) {
        let mut line = StyledLine::default();
        let style_out = parse_line(&bytes, style, &mut line);
        prop_assert_eq!(line.runs.iter().map(|run| run.len as usize).sum::<usize>(), line.text.len());
        prop_assert_eq!(line.pieces().map(|(text, _)| text).collect::<String>(), line.text.as_str());
        prop_assert!(line.runs.iter().all(|run| run.len > 0));
        prop_assert!(line.runs.windows(2).all(|pair| pair[0].style != pair[1].style));
        prop_assert!(!line.text.contains(|c: char| c.is_control() && c != '\t'));
        prop_assert_eq!(skip_line(&bytes, style), style_out);
        let mut clean = String::new();
        prop_assert_eq!(sanitised(&bytes, style, &mut clean), style_out);
        let mut html = String::new();
        line_html(&line, &mut html);
        prop_assert_eq!(read_back(&html), Ok(line.text.clone()));
        let mut again = StyledLine::default();
        prop_assert_eq!(parse_line(clean.as_bytes(), Style::PLAIN, &mut again), Style::PLAIN);
        prop_assert_eq!(again.text, line.text);
    }

    #[test]
    fn ordinary_text_is_unchanged(text in "[ -~\t¡-ƿ一-丠]{0,40}".prop_filter("soft hyphen", |t| !t.contains('\u{AD}'))) {
        prop_assert_eq!(shown(text.as_bytes(), Style::PLAIN), (text.clone(), Style::PLAIN));
        let mut out = Vec::new();
        plain(text.as_bytes(), &mut out);
        prop_assert_eq!(out, text.as_bytes());
    }

    #[test]
    fn the_text_is_the_plain_bytes_made_visible(bytes in hostile_line().prop_map(|b| b.into_iter().filter(|&b| b < 0x80 && b != b'\r').collect::<Vec<_>>())) {
        let mut raw = Vec::new();
        plain(&bytes, &mut raw);
        let mut expected = String::new();
        visible::push_visible(&raw, &mut expected);
        let mut line = StyledLine::default();
        parse_line(&bytes, Style::PLAIN, &mut line);
        prop_assert_eq!(line.text, expected);
    }

    #[test]
    fn lines_one_by_one_are_styled_as_the_joined_text(lines in proptest::collection::vec("([a-z<&]{0,5}(\x1b\\[[0-9;:]{0,8}m)?){0,4}", 0..6)) {
        let mut style = Style::PLAIN;
        let mut one_by_one = Vec::new();
        let mut line = StyledLine::default();
        for bytes in &lines {
            style = parse_line(bytes.as_bytes(), style, &mut line);
            one_by_one.extend(line.pieces().flat_map(|(text, style)| text.chars().map(move |c| (c, style))));
        }
        prop_assert_eq!(parse_line(lines.concat().as_bytes(), Style::PLAIN, &mut line), style);
        let joined: Vec<_> = line.pieces().flat_map(|(text, style)| text.chars().map(move |c| (c, style))).collect();
        prop_assert_eq!(one_by_one, joined);
    }
}
