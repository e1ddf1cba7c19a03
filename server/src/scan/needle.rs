//! Which patterns are one text and no more, and can be looked for as such.

use needle::{Letter, Needle};
use regex_syntax::hir::{Class, Hir, HirKind};

/// The bit in which the two cases of a letter of ASCII differ.
const CASE: u32 = 0x20;

/// What finds a pattern that is one text and no more, if it does so faster than its regex.
pub(super) fn needle_of(pattern: &Hir) -> Option<Needle> {
    let mut letters = Vec::new();
    is_text(pattern, &mut letters).then(|| Needle::new(letters)).flatten()
}

/// Whether a pattern is one text: its letters are appended.
fn is_text(pattern: &Hir, letters: &mut Vec<Letter>) -> bool {
    match pattern.kind() {
        HirKind::Literal(literal) => {
            letters.extend(literal.0.iter().copied().map(Letter::exactly));
            true
        }
        HirKind::Class(class) => {
            let letter = letter_of(class);
            letters.extend(letter);
            letter.is_some()
        }
        HirKind::Concat(parts) => parts.iter().all(|part| is_text(part, letters)),
        _ => false,
    }
}

/// A letter of ASCII in both cases, be it with others that are none.
fn letter_of(class: &Class) -> Option<Letter> {
    let ranges: Vec<(u32, u32)> = match class {
        Class::Unicode(class) => class.iter().map(|range| (range.start().into(), range.end().into())).collect(),
        Class::Bytes(class) => class.iter().map(|range| (range.start().into(), range.end().into())).collect(),
    };
    let ([(upper, upper_end), (lower, lower_end), others @ ..], Ok(byte)) =
        (&ranges[..], u8::try_from(ranges.get(1)?.0))
    else {
        return None;
    };
    let is_letter = byte.is_ascii_lowercase() && upper == upper_end && lower == lower_end && upper | CASE == *lower;
    // Of bytes that are no ASCII, the text may hold any.
    let are_wide = matches!(class, Class::Unicode(_)) && others.iter().all(|(from, _)| *from > 0x7f);
    if is_letter && (others.is_empty() || are_wide) { Letter::in_both_cases(byte, others.is_empty()) } else { None }
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use proptest::prelude::*;
    use regex_automata::Input;
    use regex_syntax::ParserBuilder;

    use super::super::pattern::{MAX_CACHE_BYTES, compile, within_a_line};
    use super::super::searcher::Searcher;
    use super::*;

    fn hir(text: &str, ignore_case: bool) -> Hir {
        let text = regex_syntax::escape(text);
        let parsed = ParserBuilder::new().utf8(false).case_insensitive(ignore_case).build().parse(&text);
        within_a_line(parsed.unwrap())
    }

    /// The lines that are found are those that the regex is in, asked line by line; they are counted where none has an escape.
    fn assert_found(wanted: &str, ignore_case: bool, text: &[u8]) {
        let pattern = hir(wanted, ignore_case);
        let regex = compile(&pattern, MAX_CACHE_BYTES).ok().unwrap();
        let searcher = Searcher::new(regex.clone(), &pattern);
        let text = text.strip_suffix(b"\n").unwrap_or(text);
        let mut start = 0;
        let mut expected = Vec::new();
        for line in text.split(|&byte| byte == b'\n') {
            if regex.is_match(Input::new(line)) {
                expected.push(start..start + line.len());
            }
            start += line.len() + 1;
        }
        let mut found = Vec::new();
        let _ = searcher.lines(text, |line| {
            found.push(line);
            ControlFlow::Continue(())
        });
        assert_eq!(found, expected, "{wanted:?} in {:?}", text.escape_ascii().to_string());
        let count = (!text.contains(&0x1b)).then_some(if text.is_empty() { 0 } else { expected.len() as u64 });
        assert_eq!(searcher.count(text), count, "{wanted:?} in {:?}", text.escape_ascii().to_string());
    }

    fn letter() -> impl Strategy<Value = &'static str> {
        prop::sample::select(&["a", "b", "k", "s", "K", "S", "B", "-", "é", "É", "\u{212a}", "ſ", "x", " "][..])
    }

    fn words() -> impl Strategy<Value = String> {
        prop::collection::vec(letter(), 1..7).prop_map(|letters| letters.concat())
    }

    /// Lines with what is looked for in other cases, and with what is nearly that.
    fn lines(wanted: &str) -> impl Strategy<Value = Vec<u8>> + use<> {
        let wanted = wanted.to_owned();
        let piece = prop_oneof![
            4 => words().prop_map(String::into_bytes),
            2 => Just("\n".into()),
            1 => Just(wanted.clone().into_bytes()),
            1 => Just(wanted.to_uppercase().into_bytes()),
            1 => Just(wanted.to_lowercase().into_bytes()),
            1 => Just(wanted.replace('s', "ſ").replace('k', "\u{212a}").into_bytes()),
            1 => (0..=wanted.len()).prop_map(move |end| wanted.as_bytes()[..end].to_vec()),
            1 => (0_usize..200).prop_map(|n| vec![b'.'; n]),
            1 => prop::collection::vec(any::<u8>(), 0..3),
        ];
        let escape = prop_oneof![9 => Just(&b""[..]), 1 => Just(&b"\x1b[1m"[..])];
        (prop::collection::vec(piece, 0..60), escape, any::<prop::sample::Index>()).prop_map(|(pieces, escape, at)| {
            let mut text = pieces.concat();
            let at = at.index(text.len() + 1);
            text.splice(at..at, escape.iter().copied());
            text
        })
    }

    proptest! {
        #[test]
        fn the_lines_are_those_that_the_regex_is_in(
            (wanted, text) in words().prop_flat_map(|wanted| (Just(wanted.clone()), lines(&wanted))),
            ignore_case in any::<bool>(),
        ) {
            assert_found(&wanted, ignore_case, &text);
        }
    }

    #[test]
    fn only_a_text_of_two_letters_in_a_row_is_found_so() {
        for (pattern, expected) in [
            ("error", true),
            ("(?i)error", true),
            ("(?i)checkout-declined", true),
            ("größe", true),
            ("(?i)größe", false),
            ("(?i:a)bc", true),
            ("(?i)skis", false),
            ("(?i)k", false),
            ("x", false),
            ("ab?", false),
            ("a[bc]d", false),
            ("a[bB]d", true),
            ("xa[bBß]d", true),
            ("xa[Bb\\x80]d", true),
            ("(?-u)xa[Bb\\x80]d", false),
            ("a[1Q]d", false),
            ("a|b", false),
            ("^ab", false),
            ("a\\x1bb", false),
            ("ab\\r", false),
            ("", false),
        ] {
            let parsed = ParserBuilder::new().utf8(false).multi_line(true).build().parse(pattern).unwrap();
            assert_eq!(needle_of(&within_a_line(parsed)).is_some(), expected, "{pattern}");
        }
    }

    #[test]
    fn lines_that_are_asked_one_by_one_are_found_however_many_they_are() {
        for n_lines in [1, 15, 16, 17, 18, 40, 2_000] {
            let text = ["deſ\n".repeat(n_lines), "desk\n".into(), "x\n".repeat(3_000), "deſ\nDEſK\ndes\u{212a}".into()];
            assert_found("desk", true, text.concat().as_bytes());
        }
    }

    #[test]
    fn what_is_nearly_everywhere_is_found_too() {
        for other in 0..4 {
            let mut nearly = *b"abcd";
            nearly[other] = b'.';
            let text = [&nearly.repeat(1_000)[..], b"\nABCD\n", &nearly.repeat(100)[..], b"\nabcdabcd"].concat();
            assert_found("abcd", true, &text);
        }
    }
}
