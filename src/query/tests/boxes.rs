//! The buttons of the boxes: what they write, and that twice is as before.

use proptest::prelude::*;

use super::random::queries;
use super::*;

#[test]
fn words_become_regexes_of_the_same_meaning_and_back() {
    for (text, toggled) in [
        ("foo", "/foo/i"),
        ("Foo", "/Foo/"),
        ("a.b", "/a\\.b/i"),
        ("\"foo bar\"", "/foo bar/"),
        ("\"a/ b\"", "/a\\/ b/"),
        ("/var/log", "//var/log/i"),
        ("a -b or \"C\"", "/a/i -/b/i or /C/"),
        ("", ""),
        // These have no counterpart.
        ("/a.*b/i", "/a.*b/i"),
        ("/foo bar/i", "/foo bar/i"),
        ("/\\d/", "/\\d/"),
        ("foo:bar", "foo:bar"),
        ("\"a", "\"a"),
        ("foo:/ b", "foo:/\\//i /b/i"),
        ("/ b", "///i /b/i"),
    ] {
        assert_eq!(toggle_regex(text), toggled, "{text:?}");
    }
    for (text, toggled) in [
        ("/foo/i", "foo"),
        ("/Foo/i", "foo"),
        ("/foo/", "\"foo\""),
        ("/Foo/", "Foo"),
        ("/a\\.b\\/c/i", "a.b/c"),
        ("/foo bar/", "\"foo bar\""),
        ("/or/i", "/or/i"),
        ("/İ/i", "/İ/i"),
    ] {
        assert_eq!(toggle_regex(text), toggled, "{text:?}");
    }
}

#[test]
fn case_is_minded_and_not_minded() {
    for (text, toggled) in [
        ("foo", "\"foo\""),
        ("\"foo\"", "foo"),
        ("Foo", "/Foo/i"),
        ("/Foo/i", "Foo"),
        ("/Foo/", "/Foo/i"),
        ("/foo/", "/foo/i"),
        ("/foo/i", "/foo/"),
        ("/a.*B/i", "/a.*B/"),
        ("\"foo bar\"", "/foo bar/i"),
        ("/foo bar/i", "/foo bar/"),
        ("a -\"b\"", "\"a\" -b"),
    ] {
        assert_eq!(toggle_case(text), toggled, "{text:?}");
    }
}

#[test]
fn the_find_box_is_one_term_with_its_blanks() {
    for (text, regex, case) in [
        ("foo bar", "/foo bar/i", "\"foo bar\""),
        ("Foo bar", "/Foo bar/", "/Foo bar/i"),
        ("-x", "/-x/i", "\"-x\""),
        ("\"foo bar\"", "/foo bar/", "foo bar"),
        ("/foo bar/i", "foo bar", "/foo bar/"),
        ("/Foo bar/i", "foo bar", "Foo bar"),
        ("/a\\/ b/i", "a/ b", "/a\\/ b/"),
        ("/\"a\"/i", "/\"a\"/i", "/\"a\"/"),
        ("", "", ""),
    ] {
        assert_eq!((toggle_find_regex(text).as_str(), toggle_find_case(text).as_str()), (regex, case), "{text:?}");
    }
}

#[test]
fn a_selected_text_becomes_a_term() {
    use Side::{Hide, Keep};
    for (text, selected, side, expected) in [
        ("", "x y", Keep, "\"x y\""),
        ("", "x y", Hide, "-\"x y\""),
        (" a ", "x", Keep, "a \"x\""),
        ("a  b", "x", Hide, "a  b -\"x\""),
        ("a or b", "x", Keep, "(a or b) \"x\""),
        ("a or b", "x", Hide, "(a or b) -\"x\""),
        ("(a or b) c", "x", Keep, "(a or b) c \"x\""),
        ("a", " say \"hi\\\" ", Keep, "a \"say \\\"hi\\\\\\\"\""),
        ("a", "\n\n one \n two", Keep, "a \"one\""),
        ("a", " \n ", Keep, "a"),
        // Once is enough.
        ("a \"x\"", "x", Keep, "a \"x\""),
        ("-\"x\"", "x", Hide, "-\"x\""),
        ("\"x\"", "x", Hide, "\"x\" -\"x\""),
        // What stands there goes on meaning what it did.
        ("a \"b", "x", Keep, "\"x\" a \"b"),
        ("/var/log", "foo/ bar", Keep, "\"foo/ bar\" /var/log"),
        ("foo:bar", "x", Keep, "foo:bar \"x\""),
    ] {
        assert_eq!(with_term(text, selected, side), expected, "{text:?} {selected:?}");
    }
}

/// A query whose texts of equal meaning are equal.
fn meaning(text: &str) -> String {
    let literal = |pattern: &str| print::unescape(pattern);
    let query = parse(text).unwrap().root.and_then(|root| {
        root.replace(&mut |term| {
            Some(Expr::Term(match term {
                Term::Word(word) if !Term::Word(word.clone()).ignores_case() => Term::Phrase(word),
                Term::Regex { pattern, ignore_case } if literal(&pattern).is_some() => {
                    let text = literal(&pattern).unwrap();
                    if ignore_case {
                        // No word has blanks in front, so these stand apart.
                        Term::Word(text.to_lowercase())
                    } else {
                        Term::Phrase(text)
                    }
                }
                term => term,
            }))
        })
    });
    format!("{query:?}")
}

fn find_meaning(text: &str) -> String {
    let Some(term) = parse_find(text).unwrap() else { return String::new() };
    meaning(&Query { root: Some(Expr::Term(term)) }.to_string())
}

proptest! {
    #[test]
    fn toggling_keeps_the_meaning_or_comes_back_to_it(query in queries()) {
        let text = query.to_string();
        prop_assert_eq!(meaning(&toggle_regex(&text)), meaning(&text));
        prop_assert_eq!(meaning(&toggle_regex(&toggle_regex(&text))), meaning(&text));
        prop_assert_eq!(meaning(&toggle_case(&toggle_case(&text))), meaning(&text));
    }

    #[test]
    fn the_find_box_comes_back_too(text in "[a-cA-B /\"\\\\.öÖ-]{0,8}|/[a-cA-B /\\\\.öÖ*-]{0,8}/i?") {
        prop_assert_eq!(find_meaning(&toggle_find_regex(&text)), find_meaning(&text));
        prop_assert_eq!(find_meaning(&toggle_find_case(&toggle_find_case(&text))), find_meaning(&text));
    }

    #[test]
    fn a_selection_is_added_and_nothing_else_changes(query in queries(), selected in "[a-c/ \"\\\\i)(-]{1,8}") {
        let text = query.to_string();
        let longer = parse(&with_term(&text, &selected, Side::Hide)).unwrap();
        let all = longer.terms();
        if let Some(selected) = Some(selected.trim()).filter(|selected| !selected.is_empty()) {
            prop_assert!(all.contains(&&Term::Phrase(selected.to_owned())));
        }
        prop_assert!(query.terms().iter().all(|term| all.contains(term)));
    }
}
