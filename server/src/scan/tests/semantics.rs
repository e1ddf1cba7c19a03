//! What matches a line, as tables.

use std::ops::ControlFlow;
use taillight::line::ByteOffset;
use taillight::query::Narrow;

use proptest::prelude::*;
use regex_syntax::ParserBuilder;

use super::super::pattern::{compile, within_a_line};
use super::super::{Filter, MAX_LINE_BYTES};
use super::oracle::on_one_line;

/// Where a line begins that is not the first.
const SOMEWHERE: ByteOffset = ByteOffset::new(7);

fn check(cases: &[(&str, &[u8], bool)]) {
    for (text, line, expected) in cases {
        let filter = Filter::compile(text).unwrap();
        let shown = String::from_utf8_lossy(line);
        assert_eq!(filter.is_match(SOMEWHERE, line), *expected, "{text} on {shown:?}");
        // The same in the middle of others, where the engine runs over all of them.
        let bytes = [b"before\n", *line, b"\nafter\n"].concat();
        let mut hits = Vec::new();
        let source = super::oracle::Growing::new(&bytes);
        let end = ByteOffset::new(bytes.len() as u64);
        let all = ByteOffset::ZERO..end;
        super::super::hits_down(&source, &filter, None, all, &super::super::Budget::unlimited(), &mut |hit| {
            hits.push(hit.start.get());
            ControlFlow::Continue(())
        })
        .unwrap();
        assert_eq!(hits.contains(&7), *expected, "{text} on {shown:?} among others");
    }
}

#[test]
fn words_phrases_and_case() {
    check(&[
        ("error", b"an Error here", true),
        ("Error", b"an error here", false),
        ("Error", b"an Error here", true),
        ("\"error\"", b"an Error here", false),
        ("stra\u{df}e", "STRA\u{1e9e}E".as_bytes(), true),
        ("\u{e4}rger", "\u{c4}RGER".as_bytes(), true),
        ("\u{c4}rger", "\u{e4}rger".as_bytes(), false),
        ("a.c", b"abc", false),
        ("a.c", b"xa.cx", true),
        (r#""a\"b\\""#, br#"a"b\"#, true),
        ("\"two words\"", b"two words", true),
        ("\"two words\"", b"two  words", false),
        ("two words", b"words, two", true),
        ("two words", b"two", false),
        ("two or words", b"two", true),
        ("-two", b"two", false),
        ("-two", b"words", true),
        ("-two", b"", true),
        ("-(two words)", b"two", true),
        ("(a or b) -c", b"b", true),
        ("(a or b) -c", b"bc", false),
        ("-a -b", b"c", true),
        ("-a or -b", b"a", true),
        ("not -a", b"a", true),
        ("", b"", true),
        ("", b"anything", true),
    ]);
}

#[test]
fn line_ends_and_escapes_are_not_part_of_a_line() {
    check(&[
        ("/end$/", b"the end\r", true),
        ("/^$/", b"\r", true),
        ("/^$/", b"", true),
        ("/^$/", b"\x1b[0m", true),
        ("/^$/", b" ", false),
        ("/(?:)/", b"", true),
        (r"/\r/", b"a\r", false),
        (r"/\r/", b"a\rb", true),
        (r"/^b/", b"a\rb", false),
        (r"/(?R)^b/", b"a\rb", false),
        ("\"a\rb\"", b"a\rb", true),
        ("error", b"er\x1b[31mror", true),
        ("\"31m\"", b"er\x1b[31mror", false),
        ("/^error$/", b"\x1b[1;31merror\x1b[0m\r", true),
        ("link", b"\x1b]8;;http://secret\x07link\x1b]8;;\x07", true),
        ("secret", b"\x1b]8;;http://secret\x07link\x1b]8;;\x07", false),
    ]);
}

#[test]
fn a_pattern_stays_within_its_line() {
    check(&[
        ("/(?s)before.x/", b"x", false),
        (r"/x\s+after/", b"x", false),
        (r"/x[^y]after/", b"x", false),
        (r"/x\nafter/", b"x", false),
        (r"/\n/", b"x", false),
        (r"/x\n?$/", b"x", true),
        (r"/\Ax/", b"x", true),
        (r"/x\z/", b"x", true),
        (r"/(?-m)^x$/", b"x", true),
        (r"/\bx\b/", b"x", true),
        (r"/\Bx/", b"x", false),
        (r"/\b{start}x\b{end}/", b"x", true),
        (r"/\W/", b"x", false),
        (r"/\D/", b"1", false),
        (r"/[[:^alpha:]]/", b"x", false),
        (r"/(?s-u)./", b"", false),
        ("/x|^$/", b"", true),
    ]);
}

#[test]
fn bytes_that_are_no_text() {
    check(&[
        ("foo", b"\xff\xfefoo\xc3", true),
        ("/a.b/", b"a\xffb", false),
        (r"/a(?-u:\xff)b/", b"a\xffb", true),
        (r"/(?-u)a.b/", b"a\xffb", true),
        (r"/a\x00b/", b"a\0b", true),
        ("/a.b/", b"a\0b", true),
        ("/a.b/", "a\u{1f600}b".as_bytes(), true),
        (r"/\w/", "\u{e4}".as_bytes(), true),
        (r"/(?-u)\w/", "\u{e4}".as_bytes(), false),
        (r"/^.$/", "\u{1f600}".as_bytes(), true),
    ]);
}

#[test]
fn only_the_first_mib_of_a_line_is_looked_at() {
    let filter = Filter::compile("end").unwrap();
    for (before, expected) in [(MAX_LINE_BYTES - 3, true), (MAX_LINE_BYTES - 2, false), (MAX_LINE_BYTES + 9, false)] {
        let line = [&vec![b'x'; before][..], b"end\n"].concat();
        assert_eq!(filter.is_match(SOMEWHERE, &line), expected, "{before}");
    }
}

#[test]
fn spans_are_those_of_terms_that_make_the_line_match() {
    type Spans<'a> = &'a [(u32, u32)];
    let cases: &[(&str, &[u8], Spans<'_>)] = &[
        ("foo", b"foo Foo fOo\n", &[(0, 3), (4, 7), (8, 11)]),
        ("foo -bar", b"a foo", &[(2, 5)]),
        ("foo oba", b"foobar", &[(0, 5)]),
        ("foo or bar", b"bar foo", &[(0, 3), (4, 7)]),
        ("-foo", b"bar", &[]),
        ("-(-foo)", b"foo", &[(0, 3)]),
        ("/x*/", b"axxb", &[(1, 3)]),
        ("foo", b"\x1b[31mf\x1b[0moo\r\n", &[(0, 3)]),
        ("/o$/", b"foo\r\n", &[(2, 3)]),
        ("", b"foo", &[]),
    ];
    for (text, line, expected) in cases {
        let mut spans = Vec::new();
        Filter::compile(text).unwrap().spans(line, 200, &mut spans);
        assert_eq!(&spans, expected, "{text}");
    }
    let mut spans = vec![(7, 9)];
    Filter::compile("x").unwrap().spans(b"x x x x", 3, &mut spans);
    assert_eq!(spans, [(7, 9), (0, 1), (2, 3), (4, 5)]);
}

#[test]
fn keys_and_conjunctions() {
    let of = |text| Filter::compile(text).unwrap();
    assert_eq!(of("a  b").key(), of("(a b)").key());
    assert_ne!(of("a b").key(), of("a or b").key());
    let both = of("a or b").and(&of("c"));
    assert!(both.is_match(SOMEWHERE, b"bc") && both.is_match(SOMEWHERE, b"ac") && !both.is_match(SOMEWHERE, b"ab"));
    assert_eq!(both.key(), of("(a or b) c").key());
    assert_eq!(Filter::everything().and(&of("a")).key(), of("a").key());
    assert_eq!(of("a").and(&Filter::everything()).key(), of("a").key());
    assert!(of("").is_everything() && !of("/(?:)/").is_everything());
    let find = Filter::find("a b").unwrap().unwrap();
    assert!(find.is_match(SOMEWHERE, b"xA Bx") && !find.is_match(SOMEWHERE, b"b a"));
    assert!(Filter::find("").unwrap().is_none());
}

#[test]
fn what_cannot_be_compiled_is_refused_where_it_stands() {
    let cases = [
        ("foo /a(b/", 6, "regular expression"),
        ("/[z-a]/", 2, "regular expression"),
        (r"x /\p{Nonsense}/", 3, "regular expression"),
        (r"/(?:\w{200}){200}/", 0, "too large"),
        ("has:x", 0, "not understood yet"),
        ("\"open", 0, ""),
    ];
    for (text, position, detail) in cases {
        let bad = Filter::compile(text).unwrap_err();
        assert_eq!(bad.position, position, "{text}: {bad}");
        assert!(bad.detail.contains(detail), "{text}: {bad}");
    }
    let (filter, bad) = Filter::lenient("foo /a(b/ -bar", &Narrow::default());
    assert_eq!(bad.unwrap().position, 6);
    assert!(
        filter.is_match(SOMEWHERE, b"foo")
            && !filter.is_match(SOMEWHERE, b"bar")
            && !filter.is_match(SOMEWHERE, b"foo bar")
    );
    let (filter, bad) = Filter::lenient("/a(b/", &Narrow::default());
    assert!(bad.is_some() && filter.is_everything());
}

fn pattern() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(
        &[
            "a",
            "b",
            "é",
            ".",
            r"\n",
            r"\r",
            "[^a]",
            r"[\s\S]",
            r"\s",
            r"\w",
            r"\W",
            r"[a\n]",
            r"(?-u:\xff)",
            r"(?-u:[^a])",
            r"(?s:.)",
            "^",
            "$",
            r"\A",
            r"\z",
            r"\b",
            r"\B",
            r"\b{start}",
            r"\b{end-half}",
            r"(?-m:^)",
            r"(?-m:$)",
            "(?R:^)",
            "(?R:$)",
            "",
            r"(?-u:\b)",
            r"(?-u:\B)",
            "[a&&b]",
        ][..],
    );
    leaf.prop_map(str::to_owned).prop_recursive(4, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(|parts| parts.concat()),
            prop::collection::vec(inner.clone(), 2..4).prop_map(|parts| format!("(?:{})", parts.join("|"))),
            (inner.clone(), prop::sample::select(&["*", "+", "?", "{2}", "{1,3}", "*?"][..]))
                .prop_map(|(part, times)| format!("(?:{part}){times}")),
            inner.prop_map(|part| format!("({part})")),
        ]
    })
}

fn haystack() -> impl Strategy<Value = Vec<u8>> {
    let parts: [&[u8]; 9] = [b"a", b"b", b"\n", b"\n", b" ", b"\xff", "é".as_bytes(), b"\xc3", b"\r"];
    prop::collection::vec(prop::sample::select(parts.to_vec()), 0..14).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn a_rewritten_pattern_means_the_same_among_many_lines(pattern in pattern(), text in haystack()) {
        let hir = ParserBuilder::new().utf8(false).multi_line(true).build().parse(&pattern).unwrap();
        let regex = compile(&within_a_line(hir), 1 << 20).unwrap();
        let single = on_one_line(&pattern, false);
        let mut start = 0;
        for line in text.split(|&byte| byte == b'\n') {
            // In CRLF mode a carriage return would be a line's end to the plain regex; what is searched has none there.
            if !(pattern.contains("(?R") && line.contains(&b'\r')) {
                let input = regex_automata::Input::new(&text).span(start..start + line.len());
                let found = regex.search_half(&input).is_some();
                prop_assert_eq!(found, single.is_match(line), "{} at {} of {:?}", pattern, start, text);
                let alone = regex.is_match(line);
                prop_assert_eq!(found, alone, "{} alone", pattern);
            }
            start += line.len() + 1;
        }
        for found in regex.find_iter(&text) {
            prop_assert!(!text[found.range()].contains(&b'\n'));
        }
    }
}

#[test]
fn a_byte_order_mark_at_the_start_of_a_file_is_no_text() {
    let mark = "\u{feff}";
    let long = "z".repeat(MAX_LINE_BYTES - 3);
    for (text, line, expected) in [
        ("/^one/", "one", true),
        ("/^one$/", "one", true),
        ("/^$/", "", true),
        ("-/^one/", "one", false),
        ("/^one/ or /^two/", "one", true),
        ("/^\\u{feff}/", "one", false),
        ("/^one$/ level:error or /^ERROR/", "ERROR two", true),
        ("/^one/", "\x1b[1mone\r", true),
        ("/^z+$/", &long, true),
        ("/zx/", &format!("{long}x"), false),
    ] {
        let filter = Filter::compile(text).unwrap();
        let marked = [mark, line].concat();
        assert_eq!(filter.is_match(ByteOffset::ZERO, marked.as_bytes()), expected, "{text} on {line:.20?} alone");
        let hits = |bytes: &str| {
            let source = super::oracle::Growing::new(bytes.as_bytes());
            let mut starts = Vec::new();
            let all = ByteOffset::ZERO..ByteOffset::new(bytes.len() as u64);
            super::super::hits_down(&source, &filter, None, all, &super::super::Budget::unlimited(), &mut |hit| {
                starts.push(hit.start.get());
                ControlFlow::Continue(())
            })
            .unwrap();
            starts
        };
        assert_eq!(hits(&marked).contains(&0), expected, "{text} on {line:.20?} without an end");
        let file = format!("{marked}\nother\n{mark}one\n");
        assert_eq!(hits(&file).contains(&0), expected, "{text} on {line:.20?} among others");
        let later = (marked.len() + 7) as u64;
        let is_elsewhere = filter.is_match(SOMEWHERE, format!("{mark}one").as_bytes());
        assert_eq!(hits(&file).contains(&later), is_elsewhere, "{text}: elsewhere it is text");
    }
}
