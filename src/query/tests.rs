//! The clauses of the language, one row each; and what holds for every text.

mod boxes;
mod random;

use super::*;

/// A tree in one line: `w` word, `W` word that minds case, `p` phrase, `r` and `ri` regular expression.
fn tree(query: &Query) -> String {
    query.root.as_ref().map_or_else(|| "everything".to_owned(), expr)
}

fn expr(expr_: &Expr) -> String {
    let list = |parts: &[Expr]| parts.iter().map(expr).collect::<Vec<_>>().join(" ");
    match expr_ {
        Expr::Term(term) => term_text(term),
        Expr::Not(inner) => format!("not({})", expr(inner)),
        Expr::And(parts) => format!("and({})", list(parts)),
        Expr::Or(parts) => format!("or({})", list(parts)),
    }
}

fn term_text(term: &Term) -> String {
    match term {
        Term::Word(word) => format!("{}[{word}]", if term.ignores_case() { "w" } else { "W" }),
        Term::Phrase(text) => format!("p[{text}]"),
        Term::Regex { pattern, ignore_case } => format!("{}[{pattern}]", if *ignore_case { "ri" } else { "r" }),
        Term::Level(levels) => {
            format!("level[{levels}]")
        }
        Term::After(time) => format!("after[{time}]"),
        Term::Before(time) => format!("before[{time}]"),
        Term::Field { name, test: FieldTest::Exists } => format!("has[{name}]"),
        Term::Field { name, test: FieldTest::AtLeast(least) } => format!("{name}>=[{least}]"),
        Term::Field { name, test: FieldTest::Matches(value) } => format!("{name}={}", term_text(value)),
    }
}

#[track_caller]
fn reads(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        match parse(text) {
            Ok(query) => {
                assert_eq!(tree(&query), *expected, "{text:?}");
                assert_eq!(parse(&query.to_string()), Ok(query.clone()), "{text:?} printed as {query}");
            }
            Err(diagnostic) => panic!("{text:?}: {diagnostic:?}"),
        }
    }
}

/// A text and, below it, `^` under what is wrong; then the words of the message.
#[track_caller]
fn fails(cases: &[(&str, &str, &str)]) {
    for (text, marks, message) in cases {
        let diagnostic = parse_usable(text).expect_err(text);
        let shown: String = (0..=text.len()).map(|at| if diagnostic.span.contains(&at) { '^' } else { ' ' }).collect();
        assert_eq!((shown.trim_end(), diagnostic.message.as_str()), (*marks, *message), "{text:?}");
        assert_eq!(diagnostic.position() as usize, diagnostic.span.start);
        assert_eq!(diagnostic.to_string(), diagnostic.message);
    }
}

#[test]
fn an_empty_query_is_everything() {
    reads(&[("", "everything"), ("  \t ", "everything"), ("\u{a0}", "everything")]);
    assert!(Query::EVERYTHING.is_everything());
    assert_eq!(Query::EVERYTHING.to_string(), "");
}

#[test]
fn words_mind_case_when_they_have_an_upper_case_letter_of_any_script() {
    reads(&[
        ("error", "w[error]"),
        ("Error", "W[Error]"),
        ("eRror", "W[eRror]"),
        ("größe", "w[größe]"),
        ("gRÖSSE", "W[gRÖSSE]"),
        ("straßE", "W[straßE]"),
        ("ärger", "w[ärger]"),
        ("Ärger", "W[Ärger]"),
        ("жук", "w[жук]"),
        ("Жук", "W[Жук]"),
        ("日本", "w[日本]"),
        ("a1_%$", "w[a1_%$]"),
        ("<=>", "w[<=>]"),
        ("level> levels>error level=error", "and(w[level>] w[levels>error] w[level=error])"),
        ("say\"hi\"", "w[say\"hi\"]"),
        ("a\\b", "w[a\\b]"),
    ]);
}

#[test]
fn quotes_are_exact_texts_with_two_escapes() {
    reads(&[
        ("\"two words\"", "p[two words]"),
        ("\" a \"", "p[ a ]"),
        ("\"a\\\"b\"", "p[a\"b]"),
        ("\"a\\\\b\"", "p[a\\b]"),
        ("\"a\\\\\"", "p[a\\]"),
        ("\"a\\nb\"", "p[a\\nb]"),
        ("\"C:\\temp\\x\"", "p[C:\\temp\\x]"),
        ("\"or\" \"not\"", "and(p[or] p[not])"),
        ("\"-x\" \"(\" \"/re/\" \"level:error\"", "and(p[-x] p[(] p[/re/] p[level:error])"),
        ("\"a\"(b)", "and(p[a] w[b])"),
        ("(\"a\")", "p[a]"),
    ]);
}

#[test]
fn a_dash_negates_at_the_start_of_a_term_before_what_is_not_blank() {
    reads(&[
        ("-x", "not(w[x])"),
        ("a-b", "w[a-b]"),
        ("a-", "w[a-]"),
        ("a -b", "and(w[a] not(w[b]))"),
        ("a - b", "and(w[a] w[-] w[b])"),
        ("-", "w[-]"),
        ("(a -)", "and(w[a] w[-])"),
        ("--x", "not(not(w[x]))"),
        ("--", "not(w[-])"),
        ("-\"a b\"", "not(p[a b])"),
        ("-/re/", "not(r[re])"),
        ("-(a b)", "not(and(w[a] w[b]))"),
        ("-notx", "not(w[notx])"),
        ("->", "not(w[>])"),
        ("-15m", "not(w[15m])"),
    ]);
}

#[test]
fn not_binds_first_then_side_by_side_then_or() {
    reads(&[
        ("not x", "not(w[x])"),
        ("not\tnot x", "not(not(w[x]))"),
        ("not -x", "not(not(w[x]))"),
        ("not(a b)", "not(and(w[a] w[b]))"),
        ("not a b", "and(not(w[a]) w[b])"),
        ("a b", "and(w[a] w[b])"),
        ("a  b\nc", "and(w[a] w[b] w[c])"),
        ("a or b", "or(w[a] w[b])"),
        ("a or b or c", "or(w[a] w[b] w[c])"),
        ("a b or c", "or(and(w[a] w[b]) w[c])"),
        ("a or b c", "or(w[a] and(w[b] w[c]))"),
        ("a or not b", "or(w[a] not(w[b]))"),
        ("a (b or c) d", "and(w[a] or(w[b] w[c]) w[d])"),
        ("(a or b)(c or d)", "and(or(w[a] w[b]) or(w[c] w[d]))"),
        ("-(a or b)", "not(or(w[a] w[b]))"),
        ("((a))", "w[a]"),
        ("(a b) c", "and(w[a] w[b] w[c])"),
        ("a or (b or c)", "or(w[a] w[b] w[c])"),
        ("foo(bar)", "and(w[foo] w[bar])"),
        // Only these words, in lower case.
        ("order notable or nor", "or(and(w[order] w[notable]) w[nor])"),
        ("a OR b", "and(w[a] W[OR] w[b])"),
        ("NOT a and b", "and(W[NOT] w[a] w[and] w[b])"),
    ]);
}

#[test]
fn a_regex_ends_at_a_slash_before_a_blank_a_parenthesis_or_the_end() {
    reads(&[
        ("/re/", "r[re]"),
        ("/re/i", "ri[re]"),
        ("/re/ x", "and(r[re] w[x])"),
        ("/re/i\tx", "and(ri[re] w[x])"),
        ("(/re/)", "r[re]"),
        ("(/re/i)", "ri[re]"),
        ("/a b/", "r[a b]"),
        ("/a (b|c)/", "r[a (b|c)]"),
        ("/api/v1/", "r[api/v1]"),
        ("/api/(v1|v2)/", "r[api/(v1|v2)]"),
        ("/a\\/ b/", "r[a\\/ b]"),
        ("/a\\\\/ b/", "and(r[a\\\\] w[b/])"),
        ("/a/ /b/i", "and(r[a] ri[b])"),
        ("/a/i/", "r[a/i]"),
        ("///", "r[/]"),
        ("/\"/", "r[\"]"),
        ("/ö/", "r[ö]"),
        ("/\\ö/", "r[\\ö]"),
    ]);
}

#[test]
fn a_slash_without_an_end_is_a_word() {
    reads(&[
        ("/var/log/x", "w[/var/log/x]"),
        ("/", "w[/]"),
        ("/ x", "and(w[/] w[x])"),
        ("//", "w[//]"),
        ("//i", "w[//i]"),
        ("// a/ b", "and(w[//] w[a/] w[b])"),
        ("/re/ix", "w[/re/ix]"),
        ("/re\\/", "w[/re\\/]"),
        ("/re/(x)", "and(w[/re/] w[x])"),
        ("/a\\", "w[/a\\]"),
        ("a/re/", "w[a/re/]"),
        ("/var/log or /tmp/x", "or(w[/var/log] w[/tmp/x])"),
        // The slash that ends it may be far away.
        ("/var/log b/", "r[var/log b]"),
    ]);
}

#[test]
fn a_word_that_begins_with_a_slash_is_printed_so_that_it_stays_one() {
    for (text, printed) in [
        ("/var a/(b)", "/var a/(b)"),
        ("/var a/i(b)", "/var a/i(b)"),
        ("/var -a/(b or c)", "/var -a/(b or c)"),
        ("a/(b)", "a/ b"),
        ("/var a/(b/(c) d) e", "/var a/(b/(c) d e)"),
        ("/x/(y)", "/x/(y)"),
        ("//(x/(y))", "// x/ y"),
        ("/var //(x/(y))", "/var //(x/(y))"),
        ("/var \"a\\/ b\"", "/var \"a\\/ b\""),
        ("/var \"a\\\\\\/ b\"", "/var \"a\\\\\\/ b\""),
        ("/var foo:a/(b)", "/var foo:a/(b)"),
        ("/var foo>=\"a/\" b", "/var foo>=\"a/\" b"),
    ] {
        let Ok(query) = parse(text) else { panic!("{text:?}") };
        let again = parse(&query.to_string());
        assert_eq!(again, Ok(query.clone()), "{text:?} printed as {query}");
        assert_eq!(query.to_string(), printed);
    }
}

#[test]
fn a_colon_does_not_always_make_a_name() {
    reads(&[
        ("http://a", "w[http://a]"),
        ("http://host:80/x?a=b", "w[http://host:80/x?a=b]"),
        ("file:///x", "w[file:///x]"),
        ("a::b", "w[a::b]"),
        ("std::io::Error", "W[std::io::Error]"),
        ("fe80::1", "w[fe80::1]"),
        ("a::b:c", "w[a::b:c]"),
        ("ERROR:", "W[ERROR:]"),
        ("error: x", "and(w[error:] w[x])"),
        ("(error:)", "w[error:]"),
        ("10:30", "w[10:30]"),
        ("10:30:15.123", "w[10:30:15.123]"),
        ("2026-11-22T10:30", "W[2026-11-22T10:30]"),
        ("127.0.0.1:8080", "w[127.0.0.1:8080]"),
        ("[::1]:80", "w[[::1]:80]"),
        (":x", "w[:x]"),
        (":", "w[:]"),
        ("a+b:c", "w[a+b:c]"),
        ("user@host:22", "w[user@host:22]"),
        ("/x:y", "w[/x:y]"),
        ("a=b:c", "w[a=b:c]"),
        ("a>b", "w[a>b]"),
        ("a<=b", "w[a<=b]"),
        (">=5", "w[>=5]"),
        ("5>=4", "w[5>=4]"),
        ("x>=", "w[x>=]"),
        ("levels", "w[levels]"),
        ("level", "w[level]"),
        ("level::x", "w[level::x]"),
    ]);
}

#[test]
fn levels_times_and_fields_are_read() {
    reads(&[
        ("level:error", "level[error]"),
        ("level:ERROR", "level[error]"),
        ("level:error,warn", "level[warn,error]"),
        ("level>=warn", "level[warn,error,fatal]"),
        ("level:fatal,error,warn", "level[warn,error,fatal]"),
        ("level>=fatal", "level[fatal]"),
        ("level>=trace", "level[trace,debug,info,warn,error,fatal]"),
        ("level:\"info\"", "level[info]"),
        ("-level:debug x", "and(not(level[debug]) w[x])"),
        ("after:2026-11-22T10:00:00+01:00", "after[2026-11-22T09:00:00Z]"),
        ("before:\"2026-11-22 10:00\"", "before[2026-11-22 10:00]"),
        ("after:10:00 before:-15m", "and(after[10:00] before[-15m])"),
        ("after:yesterday", "after[yesterday]"),
        ("foo:bar", "foo=w[bar]"),
        ("foo:Bar", "foo=W[Bar]"),
        ("foo:\"a b\"", "foo=p[a b]"),
        ("foo:/re/i", "foo=ri[re]"),
        ("foo:/a b/ x", "and(foo=r[a b] w[x])"),
        ("foo:/bar", "foo=w[/bar]"),
        ("foo:-5", "foo=w[-5]"),
        ("http.status>=500", "http.status>=[500]"),
        ("a>=\"1 000\"", "a>=[1 000]"),
        ("has:user-id", "has[user-id]"),
        ("-has:@timestamp", "not(has[@timestamp])"),
        ("größe:5", "größe=w[5]"),
        ("a:b:c", "a=w[b:c]"),
        ("Level:error", "Level=w[error]"),
        ("(foo:bar)", "foo=w[bar]"),
    ]);
    assert_eq!(parse("level:fatal,warn,error").unwrap().to_string(), "level>=warn");
    assert_eq!(parse("level:error,debug").unwrap().to_string(), "level:debug,error");
    assert_eq!(parse("after:\"10:00\"").unwrap().to_string(), "after:10:00");
}

#[test]
fn what_is_not_understood_yet_is_refused_where_it_stands() {
    let fields = "fields of structured lines are not understood yet (level:, after: and before: are); to find this \
                  text, quote it: ";
    fails(&[
        ("a foo:bar", "  ^^^^^^^", &format!("{fields}\"foo:bar\"")),
        ("foo:\"a b\" c", "^^^^^^^^^", &format!("{fields}\"foo:\\\"a b\\\"\"")),
        ("main.rs:42", "^^^^^^^^^^", &format!("{fields}\"main.rs:42\"")),
        ("C:\\temp", "^^^^^^^", &format!("{fields}\"C:\\temp\"")),
        ("a>=5", "^^^^", &format!("{fields}\"a>=5\"")),
        ("has:x", "^^^^^", &format!("{fields}\"has:x\"")),
    ]);
}

#[test]
fn what_is_wrong_is_said_where_it_is() {
    let missing = |place| format!("expected a term {place}; to find the word itself, quote it");
    let sign =
        "expected ':' or '>=' after 'level', as in level:error or level>=error; to find the text itself, quote it";
    let level = "expected a level after 'level': trace, debug, info, warn, error or fatal";
    let time = "expected a time, such as 2026-11-22T10:00:00Z, \"2026-11-22 10:00\", 10:00, -15m, today or yesterday";
    let open = "expected ')' to close this '('; to find a parenthesis, quote it";
    let close = "expected '(' before this ')'; to find a parenthesis, quote it";
    let empty = "expected a term between the parentheses; to find parentheses, quote them";
    let glued = "expected a blank after the closing quote; a quote inside a text is written \\\"";
    let field = "expected the name of a field after 'has:'";
    fails(
        &[
            ("a \"b c", "  ^^^^", "expected '\"' at the end of this text"),
            ("\"a\\\"", "^^^^", "expected '\"' at the end of this text"),
            ("a \"\" b", "  ^^", "expected a text between the quotes"),
            ("\"a\"b c", "   ^", glued),
            ("\"a\":\"b\"", "   ^^^^", glued),
            ("a (b", "  ^", open),
            ("(a or (b)", "^", open),
            ("a) b", " ^", close),
            ("()", "^^", empty),
            ("foo()", "   ^^", empty),
            ("or", "^^", &missing("before 'or'")),
            ("or a", "^^", &missing("before 'or'")),
            ("a or", "  ^^", &missing("after 'or'")),
            ("a or or b", "  ^^", &missing("after 'or'")),
            ("(a or) b", "   ^^", &missing("after 'or'")),
            ("not", "^^^", &missing("after 'not'")),
            ("a not", "  ^^^", &missing("after 'not'")),
            ("(not) a", " ^^^", &missing("after 'not'")),
            ("not or a", "^^^", &missing("after 'not'")),
            ("-or", "^", &missing("after '-'")),
            ("level:", "      ", level),
            ("level:err x", "      ^^^", level),
            ("level:error,", "      ^^^^^^", level),
            ("level:/re/", "      ^^^^", level),
            ("level>=x", "       ^", level),
            ("level>error", "     ^^^^^^", sign),
            ("a level<=warn b", "       ^^^^^^", sign),
            ("-level<error", "      ^^^^^^", sign),
            ("(level>>error)", "      ^^^^^^^", sign),
            ("after:soon", "      ^^^^", time),
            ("before:\"5\"", "       ^^^", time),
            ("after:-15", "      ^^^", time),
            ("after:2026-02-30", "      ^^^^^^^^^^", time),
            ("before:25:00", "       ^^^^^", time),
            ("has:a=b", "    ^^^", field),
            ("has:\"a b\"", "    ^^^^^", field),
            ("ö \"ö", "   ^^^", "expected '\"' at the end of this text"),
        ]
        .map(|(text, marks, message)| (text, marks.trim_end(), message)),
    );
}

#[test]
fn too_long_and_too_deep_is_refused() {
    let long = "x".repeat(MAX_QUERY_BYTES);
    assert!(parse(&long).is_ok());
    let diagnostic = parse(&format!("{}ö", &long[1..])).unwrap_err();
    assert_eq!((diagnostic.span, diagnostic.message.as_str()), (4095..4097, "expected at most 4096 bytes"));
    for (text, most, expected) in [("", 1, None), ("aö", 3, None), ("aö", 2, Some(1..3)), ("aöu", 3, Some(3..4))] {
        let span = |checked: Result<(), Diagnostic>| checked.err().map(|wrong| wrong.span);
        assert_eq!(span(check_length(text, most)), expected, "{text} {most}");
        assert_eq!(span(check_pattern(text, most)), expected, "{text} {most}");
    }
    let message = check_pattern("abc", 2).unwrap_err().message;
    assert_eq!(message, "expected at most 2 bytes: that is limits.pattern_bytes");
    assert!(parse_find(&format!("{long}x")).is_err());
    for (open, close) in [("(", ")"), ("-", ""), ("not ", ""), ("-(", ")")] {
        let n = if open == "-(" { MAX_NESTING / 2 } else { MAX_NESTING };
        let nested = |n: usize| format!("{}x{}", open.repeat(n), close.repeat(n));
        assert!(parse(&nested(n)).is_ok(), "{open:?}");
        let diagnostic = parse(&nested(n + 1)).unwrap_err();
        assert_eq!(diagnostic.span.start, open.len() * n, "{open:?}");
        assert_eq!(diagnostic.message, "expected at most 50 parentheses and negations in each other");
    }
}

#[test]
fn only_the_wrong_term_is_left_out() {
    for (text, left, position) in [
        ("a b", "a b", None),
        ("a foo:bar b", "a b", Some(2)),
        ("a or foo:bar", "a", Some(5)),
        ("a level>error b", "a b", Some(7)),
        ("-foo:bar a", "a", Some(1)),
        ("foo:bar", "", Some(0)),
        ("a \"b c", "a", Some(2)),
        ("a \"\" b", "a b", Some(2)),
        ("a \"b\"c d", "a d", Some(5)),
        ("a (b or c", "a (b or c)", Some(2)),
        ("a) b", "a b", Some(1)),
        ("a ) or b", "a or b", Some(2)),
        ("a or", "a", Some(2)),
        ("or a", "a", Some(0)),
        ("a or or b", "a or b", Some(2)),
        ("a not", "a", Some(2)),
        ("a () b", "a b", Some(2)),
        ("a (has:x) b", "a b", Some(3)),
        ("a (level:error) b", "a level:error b", None),
        ("(a foo:bar) or b", "a or b", Some(3)),
        ("a level:x foo:y", "a", Some(8)),
    ] {
        let (query, diagnostic) = parse_lenient(text);
        assert_eq!(
            (query.to_string().as_str(), diagnostic.as_ref().map(Diagnostic::position)),
            (left, position),
            "{text:?}"
        );
        assert_eq!(parse_usable(text).err(), diagnostic, "{text:?}");
    }
    let (query, diagnostic) = parse_lenient(&"x".repeat(MAX_QUERY_BYTES + 1));
    assert!(query.is_everything() && diagnostic.is_some());
}

#[test]
fn the_find_box_holds_one_term() {
    for (text, expected) in [
        ("", None),
        ("  ", None),
        ("foo", Some("w[foo]")),
        ("foo bar", Some("w[foo bar]")),
        (" foo ", Some("w[ foo ]")),
        ("Foo bar", Some("W[Foo bar]")),
        ("-x", Some("w[-x]")),
        ("a or b", Some("w[a or b]")),
        ("(a", Some("w[(a]")),
        ("level:error", Some("w[level:error]")),
        ("\"Foo bar\"", Some("p[Foo bar]")),
        ("\"a\\\"b\"", Some("p[a\"b]")),
        ("\"a", Some("w[\"a]")),
        ("\"\"", Some("w[\"\"]")),
        ("\"a\" b", Some("w[\"a\" b]")),
        ("/re/", Some("r[re]")),
        (" /re/i ", Some("ri[re]")),
        ("/a b/", Some("r[a b]")),
        ("/re", Some("w[/re]")),
        ("/var/log", Some("w[/var/log]")),
        ("/a/ b/", Some("w[/a/ b/]")),
        ("//", Some("w[//]")),
    ] {
        assert_eq!(parse_find(text).unwrap().as_ref().map(term_text).as_deref(), expected, "{text:?}");
    }
}

#[test]
fn a_term_is_found_again_in_its_text() {
    for (text, idx, at) in [
        ("a /x/ b", 1, 2),
        ("a -(b or  /x/i)", 2, 10),
        ("\"/x/\" /x/", 1, 6),
        ("foo:/x/ /x/", 1, 8),
        ("ö not /y/", 1, 7),
        ("/x/ /x/", 1, 0),
    ] {
        let query = parse(text).unwrap();
        assert_eq!(locate(text, query.terms()[idx]), at, "{text:?}");
    }
    assert_eq!(locate("a", &Term::Word("b".to_owned())), 0);
    assert_eq!(locate(" /re/i ", &parse_find(" /re/i ").unwrap().unwrap()), 1);
}

/// Says of words whether the line has them, and counts how often it was asked.
struct Line {
    text: &'static str,
    level: Option<Level>,
    time: Option<Stamp>,
    n_asked: usize,
}

impl Line {
    const fn of(text: &'static str) -> Self {
        Self { text, level: None, time: None, n_asked: 0 }
    }
}

impl Matcher for Line {
    fn is_match(&mut self, term: &Term) -> bool {
        self.n_asked += 1;
        matches!(term, Term::Word(word) if self.text.contains(word.as_str()))
    }

    fn level(&mut self) -> Option<Level> {
        self.n_asked += 100;
        self.level
    }

    fn time(&mut self) -> Option<Stamp> {
        self.n_asked += 10_000;
        self.time
    }
}

#[test]
fn a_line_is_judged_as_the_query_says_and_no_further_than_needed() {
    for (query, expected, n_asked) in [
        ("", true, 0),
        ("a", true, 1),
        ("x", false, 1),
        ("-a", false, 1),
        ("not x", true, 1),
        ("a b", true, 2),
        ("x a", false, 1),
        ("a or b", true, 1),
        ("x or y or b", true, 3),
        ("x or y", false, 2),
        ("a -(x or b)", false, 3),
        ("x or a b", true, 3),
        ("(x or a) b", true, 3),
        ("--a", true, 1),
    ] {
        let mut line = Line::of("ab");
        assert_eq!((parse(query).unwrap().check(&mut line), line.n_asked), (expected, n_asked), "{query:?}");
    }
}

#[test]
fn levels_and_times_are_compared_and_asked_for_only_when_they_matter() {
    let now = Stamp::from_secs(1_795_341_600); // 2026-11-22T10:00:00Z
    for (query, expected, n_asked) in [
        ("level:error", true, 100),
        ("level:warn,error", true, 100),
        ("level:warn", false, 100),
        ("level>=warn", true, 100),
        ("level>=fatal", false, 100),
        ("-level:warn", true, 100),
        ("x level:error", false, 1),
        ("a or level:error", true, 1),
        ("after:-15m", true, 10_000),
        ("after:09:55", true, 10_000),
        ("after:10:00", false, 10_000),
        // Today's is to come: it was yesterday.
        ("after:10:01", true, 10_000),
        ("before:10:01", true, 10_000),
        ("after:11:00 before:12:00", false, 20_000),
        ("after:11:00 before:09:00", false, 20_000),
        ("after:11:00 before:10:30", true, 20_000),
        ("before:09:55", false, 10_000),
        ("before:09:55:01", true, 10_000),
        ("after:\"2026-11-22 09:55\" before:2026-11-22T11:00:00+01:00", true, 20_000),
        ("after:yesterday -before:today level>=error a", true, 20_101),
    ] {
        let time = Some(Stamp::from_secs(1_795_341_300)); // five minutes before
        let mut line = Line { level: Some(Level::Error), time, ..Line::of("ab") };
        let query = parse_usable(query).unwrap();
        let resolved = query.clone().resolved(now, &Zone::UTC);
        assert_eq!((resolved.check(&mut line), line.n_asked), (expected, n_asked), "{query}");
        assert_eq!(parse(&resolved.to_string()), Ok(resolved.clone()), "{query}");
        assert_eq!(resolved.clone().resolved(Stamp::EPOCH, &Zone::fixed(60)), resolved, "{query}");
    }
    for query in ["level>=trace", "after:2000-01-01T00:00:00Z", "before:2100-01-01T00:00:00Z"] {
        let query = parse(query).unwrap();
        assert!(!query.check(&mut Line::of("ab")), "{query}: nothing is known of the line");
    }
    let mut late = Line { time: Some(Stamp::MAX), ..Line::of("ab") };
    assert!(!parse("after:-15m").unwrap().check(&mut late), "a time that was not resolved finds nothing");
}

#[test]
fn terms_that_nobody_wants_leave_the_rest_in_force() {
    for (query, left) in [
        ("a /x/ b", "a b"),
        ("a or /x/", "a"),
        ("-/x/", ""),
        ("a (b or (/x/ /y/)) c", "a b c"),
        ("/x/ or a b or c", "a b or c"),
        ("(/x/ (b or c)) or d", "b or c or d"),
    ] {
        assert_eq!(parse(query).unwrap().retain(&mut |term| !term.is_regex()).to_string(), left, "{query:?}");
    }
}
