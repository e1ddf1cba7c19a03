//! Generated queries and texts.

use proptest::prelude::*;

use super::*;

/// Words that are words wherever they stand.
fn words() -> impl Strategy<Value = Term> {
    prop_oneof!["[a-cA-B][a-cöÖ.*\"'-]{0,5}", "10:30", "ERROR:", "a::b", "x/y", "-", "[a-c]{1,2}/i?"]
        .prop_filter("no operator", |word| word != "or" && word != "not")
        .prop_map(Term::Word)
}

fn phrases() -> impl Strategy<Value = Term> {
    "[a-cA-B/\"\\\\ ()öi:-]{1,6}".prop_map(Term::Phrase)
}

fn regexes() -> impl Strategy<Value = Term> {
    ("([a-cA-B/ ()i\"ö*-]|\\\\[/\\\\.d ]){1,6}", any::<bool>()).prop_filter_map(
        "not a slash that an escape in front of it would be needed for",
        |(pattern, ignore_case)| {
            let term = Term::Regex { pattern, ignore_case };
            let text = Query { root: Some(Expr::Term(term.clone())) }.to_string();
            (parse(&text).ok()?.terms() == [&term]).then_some(term)
        },
    )
}

fn later() -> impl Strategy<Value = Term> {
    let levels = (1..64_u8).prop_map(LevelSet::from_bits);
    let times = || {
        prop_oneof![
            "-[0-9]{1,3}[smhdw]",
            "[0-9]{2}:[0-9]{2}",
            "2026-11-2[0-9]( [0-2][0-9]:[0-5][0-9])?(Z|[+]01:00)?",
            "yesterday( 10:[0-5][0-9])?"
        ]
        .prop_filter_map("a time", |text| TimeExpr::parse(&text))
    };
    let names = || "[a-c@_][a-c0-9_.-]{0,4}";
    let values = prop_oneof!["[a-cA-B0-9:=-]{1,5}".prop_map(Term::Word), phrases(), regexes()].prop_filter(
        "not a path",
        |value| match value {
            Term::Word(text) => !text.starts_with(':'),
            Term::Regex { pattern, .. } => !pattern.starts_with('/'),
            _ => true,
        },
    );
    prop_oneof![
        levels.prop_map(Term::Level),
        times().prop_map(Term::After),
        times().prop_map(Term::Before),
        names().prop_map(|name| Term::Field { name, test: FieldTest::Exists }),
        (names(), "[0-9a-c/ .\"]{1,4}").prop_map(|(name, least)| Term::Field { name, test: FieldTest::AtLeast(least) }),
        (names(), values).prop_map(|(name, value)| Term::Field { name, test: FieldTest::Matches(Box::new(value)) }),
    ]
}

fn exprs() -> impl Strategy<Value = Expr> {
    let terms = prop_oneof![4 => words(), 2 => phrases(), 2 => regexes(), 1 => later()].prop_map(Expr::Term);
    terms.prop_recursive(4, 24, 4, |inner| {
        let lists = || prop::collection::vec(inner.clone(), 2..4);
        prop_oneof![
            inner.clone().prop_map(|inner| Expr::Not(Box::new(inner))),
            lists().prop_filter_map("two or more", Expr::all),
            lists().prop_filter_map("two or more", Expr::any),
        ]
    })
}

/// Queries as texts can say them.
pub(super) fn queries() -> impl Strategy<Value = Query> {
    prop::option::weighted(0.95, exprs())
        .prop_map(|root| Query { root })
        .prop_filter("not too long", |query| query.to_string().len() < MAX_QUERY_BYTES / 2)
}

/// Texts that look like queries.
fn texts() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[a-bA ]{0,3}",
        "[\"/\\\\():>=,@_.-]",
        prop::sample::select(vec![
            " or ", "not ", "-", "/i", "/ ", "\" ", "level:", "level>=", "error", "after:", "10:00", "has:", "x:", "ö",
            "\u{a0}", "//", "\\/", "\\\"", "(", ")", " ",
        ])
        .prop_map(str::to_owned),
        ".{0,2}",
    ];
    prop::collection::vec(piece, 0..16).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn what_is_printed_is_read_as_it_was(query in queries()) {
        prop_assert_eq!(parse(&query.to_string()), Ok(query));
    }

    #[test]
    fn what_is_read_prints_to_the_same(text in texts()) {
        // What is left of a text with faults may be a tree that no text has.
        let (query, _) = parse_lenient(&text);
        prop_assert!(parse(&query.to_string()).is_ok());
        if let Ok(query) = parse(&text) {
            let printed = query.to_string();
            prop_assert_eq!(parse(&printed), Ok(query), "{}", printed);
        }
    }

    #[test]
    fn faults_lie_inside_the_text(text in prop_oneof![texts(), ".{0,20}"]) {
        for diagnostic in [parse(&text).err(), parse_usable(&text).err(), parse_lenient(&text).1].into_iter().flatten() {
            prop_assert!(text.get(diagnostic.span.clone()).is_some(), "{diagnostic:?}");
            prop_assert!(!diagnostic.message.is_empty());
        }
        prop_assert!(parse_find(&text).is_ok());
    }

    #[test]
    fn a_text_without_faults_is_the_same_to_all(text in texts()) {
        let (lenient, fault) = parse_lenient(&text);
        match parse_usable(&text) {
            Ok(query) => {
                prop_assert_eq!(parse(&text), Ok(query.clone()));
                prop_assert_eq!((lenient, fault), (query, None));
            }
            Err(diagnostic) => prop_assert_eq!(fault, Some(diagnostic)),
        }
    }

    #[test]
    fn trees_that_no_text_has_are_printed_as_what_means_the_same(word in "[ a-cA/()\"-]{1,6}|or|not|a:b") {
        let term = Term::Word(word.clone());
        let printed = Query { root: Some(Expr::Term(term.clone())) }.to_string();
        match &*parse(&printed).unwrap().terms() {
            [read @ Term::Word(_)] => prop_assert_eq!(*read, &term),
            [Term::Phrase(text)] => prop_assert!(*text == word && !term.ignores_case()),
            [Term::Regex { pattern, ignore_case: true }] => {
                prop_assert_eq!(print::unescape(pattern), Some(word));
                prop_assert!(term.ignores_case());
            }
            other => prop_assert!(false, "{:?}", other),
        }
    }
}
