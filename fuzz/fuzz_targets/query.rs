//! Any text as a query: faults lie inside it, what is printed is read as it was, and the boxes' buttons keep it sound.
#![no_main]

use libfuzzer_sys::fuzz_target;
use taillight::query::{
    MAX_NESTING, MAX_QUERY_BYTES, Query, Side, locate, parse, parse_find, parse_lenient, parse_usable, toggle_case,
    toggle_find_case, toggle_find_regex, toggle_regex, with_term,
};

fuzz_target!(|text: &str| {
    let usable = parse_usable(text);
    let (left, fault) = parse_lenient(text);
    match usable {
        Ok(query) => assert_eq!((left, fault), (query, None)),
        Err(wrong) => {
            assert!(text.get(wrong.span.clone()).is_some() && !wrong.message.is_empty());
            assert_eq!(fault, Some(wrong));
            is_readable(&left.to_string());
        }
    }
    if let Ok(query) = parse(text) {
        // What is printed may be a few bytes longer, and its parentheses one deeper.
        let printed = query.to_string();
        if printed.len() <= MAX_QUERY_BYTES && printed.matches(['(', '-']).count() < MAX_NESTING {
            assert_eq!(parse(&printed), Ok(query.clone()), "{printed}");
        }
        for term in query.terms() {
            assert!((locate(text, term) as usize) < text.len());
        }
        for longer in [toggle_regex(text), toggle_case(text), with_term(text, "a/ b", Side::Hide)] {
            is_readable(&longer);
        }
    }
    if let Ok(Some(_)) = parse_find(text) {
        for other in [toggle_find_regex(text), toggle_find_case(text)] {
            assert!(other.len() > MAX_QUERY_BYTES || matches!(parse_find(&other), Ok(Some(_))), "{other}");
        }
    }
});

fn is_readable(text: &str) {
    let read: Option<Query> = parse(text).ok();
    assert!(read.is_some() || text.len() > MAX_QUERY_BYTES || text.matches(['(', '-']).count() >= MAX_NESTING, "{text}");
}
