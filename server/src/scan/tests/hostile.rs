//! Patterns made to hurt: refused, or bounded work.

use std::ops::ControlFlow;

use taillight::line::ByteOffset;
use taillight::query::Narrow;

use super::super::{Budget, Filter, hits_down};
use super::oracle::Growing;

/// It takes a while to find out that a term is too large.
#[test]
fn after_a_few_terms_that_are_too_large_no_others_are_tried() {
    let large = |n: usize| (0..n).map(|nth| format!(r"/\w{{60}}{nth}/")).collect::<Vec<_>>().join(" ");
    let narrow = Narrow::default();
    for (text, expected) in [
        (format!("{} word", large(2)), "word"),
        (format!("word {}", large(75)), "word"),
        (format!("{} word", large(3)), ""),
        (format!("/(/ x:y /a{{9}}{{9999}}/ {} word", large(1)), "word"),
    ] {
        let (filter, wrong) = Filter::lenient(&text, &narrow);
        assert_eq!(filter.key(), expected, "{text}");
        assert!(wrong.is_some(), "{text}");
        assert!(Filter::compile(&text).is_err(), "{text}");
    }
}

/// Compiles, and scans a little of what is worst for it.
#[test]
fn hostile_patterns_are_refused_or_bounded() {
    let deep = format!("/{}a{}/", "(".repeat(200), ")".repeat(200));
    let many = vec![r"/\w{20}/"; 99].join(" ");
    let any = vec![r"/[^a]{30}\w/i"; 40].join(" or ");
    let cases: [(&str, bool); 18] = [
        (r"/(?:\w{200}){200}/", false),
        (r"/(((a{100}){100}){100}){100}/", false),
        (r"/\pL{1000}/", false),
        (r"/x{1000000000}/", false),
        (r"/(?:){4294967295}/", true),
        (r"/(|)+{10}{10}{10}/", true),
        (&deep, false),
        (&many, true),
        (&any, true),
        (r"/(a+)+$/", true),
        (r"/(a|a)*b/", true),
        (r"/(a*)*(a*)*(a*)*b/", true),
        (r"/(?:a?){100}a{100}/", true),
        (r"/.*.*.*.*.*.*=.*/", true),
        (r"/[01]*1[01]{20}$/", true),
        (r"/(?i)\b\w+\b.*\b\w+\b/", true),
        (r"/[^\x00-\x{10ffff}]/", true),
        (r"/\b\B/", true),
    ];
    let line = [&b"a".repeat(2_000)[..], b"01".repeat(500).as_slice(), b" \xc3\xa4 \xff\n"].concat();
    let bytes = line.repeat(4);
    let source = Growing::new(&bytes);
    let end = ByteOffset::new(bytes.len() as u64);
    for (text, compiles) in cases {
        let t = std::time::Instant::now();
        let filter = match Filter::compile(text) {
            Ok(filter) => filter,
            Err(bad) => {
                assert!(!compiles, "{text}: {bad}");
                assert!(!bad.detail.contains('\n') && !bad.detail.ends_with('.'), "{bad}");
                continue;
            }
        };
        println!("compiled {:?}", t.elapsed());
        assert!(compiles, "{text} should have been refused");
        let t = std::time::Instant::now();
        let mut on_hit = |_| ControlFlow::Continue(());
        let judged =
            hits_down(&source, &filter, None, ByteOffset::ZERO..end, &Budget::unlimited(), &mut on_hit).unwrap();
        assert_eq!(judged, end);
        println!("{:?} {text}", t.elapsed());
        let mut spans = Vec::new();
        filter.spans(&line, 200, &mut spans);
        assert!(spans.len() <= 200);
    }
}
