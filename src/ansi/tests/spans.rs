//! Where hits are shown.

use proptest::prelude::*;

use super::{hostile_line, *};

/// The shown text with `[…]` around what the spans of the clean text became.
fn marked(line: &[u8], spans: &[(u32, u32)]) -> String {
    let mut styled = StyledLine::default();
    parse_line(line, Style::PLAIN, &mut styled);
    let mut shown = Vec::new();
    shown_spans(line, spans, &mut shown);
    let mut out = styled.text.clone();
    for &(from, to) in shown.iter().rev() {
        out.insert(to as usize, ']');
        out.insert(from as usize, '[');
    }
    out
}

#[test]
fn hits_are_where_their_text_is_shown() {
    type Spans = &'static [(u32, u32)];
    let cases: &[(&[u8], Spans, &str)] = &[
        (b"", &[], ""),
        (b"abc", &[], "abc"),
        (b"abc", &[(0, 1), (2, 3)], "[a]b[c]"),
        (b"abc", &[(1, 9)], "a[bc]"),
        (b"abc", &[(3, 9), (4, 5)], "abc"),
        (b"abc", &[(1, 1), (2, 2)], "abc"),
        // Escapes are not in the clean text, and not on the screen.
        (b"\x1b[31merr\x1b[0mor x", &[(0, 5)], "[error] x"),
        (b"a\x1b]0;title\x07b", &[(1, 2)], "a[b]"),
        // Half a character is all of it.
        ("aöb".as_bytes(), &[(1, 2)], "a[ö]b"),
        ("aöb".as_bytes(), &[(2, 3)], "a[ö]b"),
        ("aöb".as_bytes(), &[(2, 2)], "aöb"),
        // What is shown as something else.
        (b"a\x00b", &[(1, 2)], "a[\u{2400}]b"),
        (b"a\x00b", &[(2, 3)], "a\u{2400}[b]"),
        ("a\u{202e}b".as_bytes(), &[(2, 5)], "a[⟨U+202E⟩b]"),
        (b"a\xff\xffb", &[(2, 3)], "a\u{fffd}[\u{fffd}]b"),
        (b"a\xe2\x82b", &[(3, 4)], "a\u{fffd}[b]"),
        // A character that an escape cuts is two bad ones, for both.
        (b"\xc3\x1b[1m\xb6x", &[(1, 3)], "\u{fffd}[\u{fffd}x]"),
        // Redrawn: only the last part is there.
        (b"10%\r20%", &[(0, 2), (4, 6)], "[20]%"),
        (b"10%\r20%\r\r", &[(0, 9)], "[20%]"),
        (b"10%\r20%\r  ", &[(1, 5), (8, 9)], "[2]0%"),
        (b"a\x1b[1m\rb\x1b[0mc\r", &[(0, 1), (3, 4)], "b[c]"),
        (b"abc\r", &[(2, 3)], "ab[c]"),
        // They touch: one.
        (b"abc", &[(0, 1), (1, 2)], "[ab]c"),
    ];
    for (line, spans, expected) in cases {
        assert_eq!(marked(line, spans), *expected, "{:?} {spans:?}", String::from_utf8_lossy(line));
    }
}

/// Ranges in order and apart.
fn ranges() -> impl Strategy<Value = Vec<(u32, u32)>> {
    prop::collection::vec((1..5u32, 0..5u32), 0..8).prop_map(|steps| {
        let mut at = 0;
        steps
            .into_iter()
            .map(|(gap, len)| {
                let from = at + gap - u32::from(at == 0);
                at = from + len;
                (from, at)
            })
            .collect()
    })
}

proptest! {
    #[test]
    fn without_controls_the_texts_of_hits_are_the_same(
        parts in prop::collection::vec(("[a-cöß€𝄞 \t]{0,4}", prop::sample::select(vec!["", "\x1b[1m", "\x1b[38;5;9m", "\x1b[m"])), 0..6),
        spans in ranges(),
    ) {
        let line: String = parts.iter().map(|(text, escape)| format!("{text}{escape}")).collect();
        let mut clean = Vec::new();
        plain(line.as_bytes(), &mut clean);
        let clean = String::from_utf8(clean).unwrap();
        let spans: Vec<_> = spans.into_iter()
            .filter(|&(from, to)| from < to && clean.get(from as usize..to as usize).is_some())
            .collect();
        let mut shown = Vec::new();
        shown_spans(line.as_bytes(), &spans, &mut shown);
        prop_assert_eq!(shown, spans);
    }

    #[test]
    fn hits_of_any_line_are_whole_characters_in_order(line in hostile_line(), spans in ranges()) {
        let mut styled = StyledLine::default();
        parse_line(&line, Style::PLAIN, &mut styled);
        let mut shown = vec![(7, 7)];
        shown_spans(&line, &spans, &mut shown);
        let mut end = None;
        for &(from, to) in &shown {
            prop_assert!(end.is_none_or(|end| end < from) && from < to, "{shown:?}");
            prop_assert!(styled.text.get(from as usize..to as usize).is_some(), "{shown:?} in {:?}", styled.text);
            end = Some(to);
        }
    }

    #[test]
    fn all_of_a_line_is_all_that_is_shown_byte_by_byte_too(line in hostile_line()) {
        let mut styled = StyledLine::default();
        parse_line(&line, Style::PLAIN, &mut styled);
        let mut clean = Vec::new();
        plain(&line, &mut clean);
        let len = u32::try_from(clean.len()).unwrap();
        let all = if styled.text.is_empty() { vec![] } else { vec![(0, u32::try_from(styled.text.len()).unwrap())] };
        let mut shown = Vec::new();
        shown_spans(&line, &[(0, len)], &mut shown);
        prop_assert_eq!(&shown, &all);
        let mut of_bytes = Vec::new();
        for at in 0..len {
            shown_spans(&line, &[(at, at + 1)], &mut shown);
            prop_assert!(shown.len() <= 1);
            of_bytes.extend(&shown);
        }
        of_bytes.dedup();
        prop_assert_eq!(of_bytes.iter().map(|(from, to)| (to - from) as usize).sum::<usize>(), styled.text.len());
        prop_assert!(of_bytes.is_sorted());
    }
}
