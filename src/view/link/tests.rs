//! Links read back, and no text breaks them.

use proptest::prelude::*;

use super::*;
use crate::cursor::Identity;
use crate::level::LevelChoice;
use crate::line::{ByteOffset, LineNo};
use crate::query::Narrow;
use crate::timestamp::Stamp;
use crate::view::Extras;

fn notices(link: &str) -> Vec<String> {
    read(link).unwrap().notices.iter().map(ToString::to_string).collect()
}

fn log_paths() -> impl Strategy<Value = LogPath> {
    prop::collection::vec(prop::collection::vec(any::<u8>(), 1..8), 1..4)
        .prop_filter_map("a plain path", |components| {
            LogPath::from_components(components.iter().map(Vec::as_slice)).ok()
        })
}

fn places() -> impl Strategy<Value = Place> {
    let line = || any::<u64>().prop_filter_map("from 1", LineNo::new);
    let byte = || any::<u64>().prop_map(ByteOffset::new);
    prop_oneof![
        Just(Place::Start),
        Just(Place::End),
        (line(), line()).prop_map(|(one, other)| Place::lines(one, other)),
        line().prop_map(|line| Place::lines(line, line)),
        (byte(), byte()).prop_map(|(one, other)| Place::bytes(one, other)),
        byte().prop_map(|byte| Place::bytes(byte, byte)),
        times().prop_map(Place::Time),
    ]
}

/// Times in the one way that they are printed.
fn times() -> impl Strategy<Value = String> {
    let stamp = (-9_000_000_000..9_000_000_000_i64).prop_map(|secs| Stamp::from_secs(secs).to_string());
    prop_oneof![
        stamp,
        (0..24_u8, 0..60_u8).prop_map(|(hour, minute)| format!("{hour:02}:{minute:02}")),
        (1..100_u8, "[smhdw]").prop_map(|(count, unit)| format!("-{count}{unit}")),
        prop::sample::select(vec!["now", "today", "yesterday", "yesterday 10:00", "2026-11-22", "2026-11-22 10:00:30"])
            .prop_map(str::to_owned),
    ]
}

fn narrows() -> impl Strategy<Value = Narrow> {
    let time = || prop_oneof![2 => Just(String::new()), 1 => times()];
    (prop_oneof![1 => Just(0x7f), 1 => any::<u8>()], time(), time()).prop_map(|(levels, from, to)| Narrow {
        levels: LevelChoice::from(levels),
        from,
        to,
    })
}

fn identities() -> impl Strategy<Value = Identity> {
    any::<(u64, u64, u16, u64)>().prop_map(|(inode, born_ns, head_len, head_hash)| Identity {
        inode,
        born_ns,
        head_len,
        head_hash,
    })
}

fn extras() -> impl Strategy<Value = Extras> {
    prop::collection::vec(("\\PC{0,6}", "\\PC{0,6}"), 0..4).prop_map(|params| {
        let query: Vec<String> = params.iter().map(|(name, value)| format!("x{name}={value}")).collect();
        let query = query.join("&").replace('#', "");
        let link = read(&format!("/v/r/f?{query}")).unwrap();
        link.state.file_view().unwrap().extra.clone()
    })
}

/// Texts of the boxes; blank ones are as good as none.
fn box_texts() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), "\\PC{0,12}".prop_filter("blank", |text| !text.trim().is_empty())]
}

fn searches() -> impl Strategy<Value = (String, String, Narrow, u32)> {
    (box_texts(), box_texts(), narrows(), 0..=MAX_CONTEXT).prop_map(|(filter, find, narrow, ctx)| {
        let shows_all = filter.is_empty() && narrow.is_nothing();
        (filter, find, narrow, if shows_all { 0 } else { ctx })
    })
}

fn file_views() -> impl Strategy<Value = FileView> {
    (log_paths(), places(), any::<(bool, bool)>(), prop::option::of(identities()), extras(), searches()).prop_map(
        |(path, place, (follow, wrap), fid, extra, (filter, find, narrow, ctx))| FileView {
            place,
            follow,
            wrap,
            filter,
            find,
            narrow,
            ctx,
            fid,
            extra,
            ..FileView::new(path)
        },
    )
}

proptest! {
    #[test]
    fn every_view_reads_back_from_its_link(view in file_views()) {
        let state = ViewState::from(view);
        let link = read(&state.to_string());
        prop_assert_eq!(link.map(|link| link.state), Ok(state));
    }

    #[test]
    fn every_folder_reads_back_from_its_link(folder in prop::option::of(log_paths())) {
        let state = ViewState::files(folder);
        prop_assert_eq!(state.to_string().parse(), Ok(state));
    }

    #[test]
    fn links_to_a_file_and_its_bytes_name_the_same_path(path in log_paths(), place in prop::option::of(places())) {
        let link = file_link(&path, place.clone());
        let view = read(&link).unwrap().state;
        let expected = place.map_or_else(|| FileView::new(path.clone()), |place| FileView::at(path.clone(), place));
        prop_assert_eq!(view, ViewState::from(expected));
        let raw = raw_link(&path);
        prop_assert_eq!(raw.strip_prefix("/raw/").map(str::parse), Some(Ok(path)));
    }

    #[test]
    fn what_reads_prints_a_stable_address(
        text in prop_oneof![
            ".*",
            "/(v/r/f)?\\?.{0,40}",
            "/v/r/f\\?((at|follow|wrap|fid|v|q|find|ctx|lvl|from|to|%61t|[a-c=&+%#']{0,4})=(line:|byte:|time:|-|[0-9]|%2|%41|é|\"| ){0,5}&){0,6}",
            "/v/[a-z%0-9./]{0,12}#[LBT0-9-]{0,8}",
        ],
    ) {
        if let Ok(link) = read(&text) {
            let printed = link.state.to_string();
            prop_assert!(printed.bytes().all(|byte| byte.is_ascii_graphic()), "{printed:?}");
            let again = read(&printed).unwrap();
            prop_assert_eq!(&again.state, &link.state, "{}", printed);
            prop_assert_eq!(again.state.to_string(), printed);
        }
    }
}

#[test]
fn addresses_of_no_view_are_refused() {
    for text in ["/v", "/x", "/V/r/f", "v/r/f", "/raw/r/f", "//", "/login"] {
        assert_eq!(read(text), Err(BadLink::NoSuchPage), "{text:?}");
    }
    for (text, bad) in [
        ("/v/", BadPath::Component),
        ("/v/r/", BadPath::Component),
        ("/v/r/../s", BadPath::Component),
        ("/v/r/%2e%2e", BadPath::Component),
        ("/v/r/a%2Fb", BadPath::Byte),
        ("/v/r/%00", BadPath::Byte),
        ("/v/r/%zz?at=end", BadPath::Escape),
    ] {
        assert_eq!(read(text), Err(BadLink::Path(bad)), "{text:?}");
    }
}

#[test]
fn wrong_values_are_dropped_and_told() {
    for (query, notice) in [
        ("at=line:0", "'at=line:0' in the link is ignored: lines are counted from 1"),
        (
            "at=",
            "'at=' in the link is ignored: expected 'start', 'end', 'line:N', 'line:N-M', 'byte:N', 'byte:N-M' or 'time:T'",
        ),
        ("at=%zz", "'at=%zz' in the link is ignored: not percent-encoded text"),
        ("at=%FF", "'at=\u{fffd}' in the link is ignored: not percent-encoded text"),
        ("follow=7", "'follow=7' in the link is ignored: expected 1 or nothing"),
        ("follow", "'follow=' in the link is ignored: expected 1 or nothing"),
        ("wrap=yes", "'wrap=yes' in the link is ignored: expected 1 or nothing"),
        ("fid=1.2", "'fid=1.2' in the link is ignored: not the identity of a file; copy the link again"),
        ("v=2", "'v=2' in the link is ignored: this program knows version 1; the link may say more than is shown"),
        ("ctx=101", "'ctx=101' in the link is ignored: expected a number of lines, at most 100"),
        ("ctx=+3", "'ctx=+3' in the link is ignored: expected a number of lines, at most 100"),
        ("ctx=", "'ctx=' in the link is ignored: expected a number of lines, at most 100"),
        (
            "lvl=error,loud",
            "'lvl=error,loud' in the link is ignored: expected some of fatal, error, warn, info, debug, trace, unknown with ',' between",
        ),
        (
            "from=soon",
            "'from=soon' in the link is ignored: expected RFC 3339, \"2026-11-22 10:00\", 10:00, -15m, today or yesterday",
        ),
        (
            "to=25:00",
            "'to=25:00' in the link is ignored: expected RFC 3339, \"2026-11-22 10:00\", 10:00, -15m, today or yesterday",
        ),
        (
            "at=time:soon",
            "'at=time:soon' in the link is ignored: expected RFC 3339, \"2026-11-22 10:00\", 10:00, -15m, today or yesterday after 'time:'",
        ),
        ("q=%FF", "'q=\u{fffd}' in the link is ignored: not percent-encoded text"),
        ("find=%z", "'find=%z' in the link is ignored: not percent-encoded text"),
        ("#top", "'#top' in the link is ignored: expected '#L10', '#L10-L20', '#B4096' or '#T' and a time"),
        ("#L0", "'#L0' in the link is ignored: lines are counted from 1"),
    ] {
        let link = if query.starts_with('#') { format!("/v/r/f{query}") } else { format!("/v/r/f?{query}") };
        assert_eq!(notices(&link), [notice], "{query:?}");
        assert_eq!(link.parse::<ViewState>().unwrap().to_string(), "/v/r/f", "{query:?}");
    }
    assert_eq!(notices("/?path=r/.."), ["'path=r/..' in the link is ignored: a path component is empty, '.' or '..'"]);
}

#[test]
fn a_time_is_a_place_and_context_goes_with_what_narrows() {
    for (link, printed) in [
        ("/v/r/f?at=time:10:00", "/v/r/f?at=time:10:00"),
        ("/v/r/f#T10:00:00", "/v/r/f?at=time:10:00"),
        ("/v/r/f?ctx=3&lvl=error", "/v/r/f?ctx=3&lvl=error"),
        ("/v/r/f?ctx=3&from=-15m", "/v/r/f?ctx=3&from=-15m"),
        ("/v/r/f?ctx=3&lvl=", "/v/r/f"),
    ] {
        assert_eq!(link.parse::<ViewState>().unwrap().to_string(), printed);
        assert_eq!(notices(link), Vec::<String>::new(), "{link}");
    }
}

#[test]
fn the_first_of_two_counts() {
    let link = "/v/r/f?at=line:3&at=line:4&%61t=line:5";
    assert_eq!(link.parse::<ViewState>().unwrap().to_string(), "/v/r/f?at=line:3");
    assert_eq!(notices(link).len(), 2);
    assert_eq!("/?path=a&path=b".parse::<ViewState>().unwrap().to_string(), "/?path=a");
}

#[test]
fn the_boxes_are_in_the_link_as_the_user_wrote_them() {
    for (query, filter, find, ctx) in [
        ("q=x", "x", "", 0),
        ("q=a%20%20b%20", "a  b ", "", 0),
        ("q=a+b%2B", "a b+", "", 0),
        ("q=level:error%20-%22a%22&ctx=100", "level:error -\"a\"", "", 100),
        ("q=foo:bar", "foo:bar", "", 0),
        ("find=/a%5C/b/i&ctx=3", "", "/a\\/b/i", 0),
        ("q=x&q=y&find=%20", "x", "", 0),
    ] {
        let state: ViewState = format!("/v/r/f?{query}").parse().unwrap();
        let view = state.file_view().unwrap();
        assert_eq!((view.filter.as_str(), view.find.as_str(), view.ctx), (filter, find, ctx), "{query:?}");
    }
    assert_eq!(raw_query_link(&"r/f".parse().unwrap(), "a b&c"), "/raw/r/f?q=a%20b%26c");
}

#[test]
fn good_links_have_no_notices() {
    for link in ["/", "/?path=", "/v/r/f", "/v/r/f?follow=0&wrap=0&v=1", "/v/r/f?&&at=end&q=x&utm_source=y#L3"] {
        assert_eq!(notices(link), Vec::<String>::new(), "{link:?}");
    }
}

#[test]
fn a_notice_cannot_disturb_the_text_around_it() {
    let notice = &read(&format!("/v/r/f?at=%0A%E2%80%AE{}", "x".repeat(500))).unwrap().notices[0];
    assert!(notice.value.starts_with("\u{240a}\u{fffd}x"));
    assert_eq!(notice.value.chars().count(), MAX_NOTICE_CHARS + 1);
}
