//! Levels as lines have them, and words that are none.

use proptest::prelude::*;

use super::*;

#[track_caller]
fn are(level: Option<Level>, lines: &[&str]) {
    for line in lines {
        assert_eq!(Level::of(line.as_bytes()), level, "{line}");
    }
}

#[test]
fn in_brackets() {
    are(
        Some(Level::Error),
        &[
            "[Sun Dec 04 04:47:44 2005] [error] mod_jk child workerEnv in error state 6",
            "[Sun Nov 22 10:00:00.123 2026] [core:error] [pid 1:tid 2] AH00037: x",
            "2026/11/22 10:00:00 [error] 12#0: *1 open() failed",
            "10:00:00.123 [error] GenServer terminating",
            "[   12.345] (EE) Failed to load module",
            "[2026-11-22T10:00:00Z ERROR app::x] y",
            "[10:00:00 ERR] x",
            "[E] x",
            "[E 161122 10:00:00 web:1] x",
            "[10:00:00] [Server thread/ERROR]: x",
        ],
    );
    are(
        Some(Level::Warn),
        &[
            "2026-11-22T10:00:00.123456Z 0 [Warning] [MY-010068] [Server] x",
            "[ WARN ] x",
            "[  WARNING  ] x",
            "<Warning> x",
            "2026-11-22 10:00:00 (warn) x",
            "[2026-11-22 10:00:00.123][1][warning][main] [source] x",
        ],
    );
    are(
        Some(Level::Info),
        &["2026-11-22 10:00:00 12 [Note] x", "[0.123s][info][gc] x", "2026-11-22T10:00:00Z [INFO]  agent: x"],
    );
    are(Some(Level::Fatal), &["[crit] x", "2026/11/22 10:00:00 [emerg] 1#1: x", "[alert] x"]);
}

#[test]
fn behind_the_time() {
    are(
        Some(Level::Info),
        &[
            "2026-11-22 10:00:00 info x",
            "2026-11-22T10:00:00.123Z\tinfo\tserver/main.go:7\tx",
            "2016-09-28 04:30:30, Info                  CBS    Loaded Servicing Stack",
            "2026-11-22T10:00:00.123+0000 I NETWORK  [listener] x",
            "2026-11-22 10:00:00,123 INFO [main] x",
            "2026-11-22 10:00:00 UTC info x",
            "17/06/09 20:10:40 INFO executor.X: y",
        ],
    );
    are(
        Some(Level::Warn),
        &[
            "11-22 10:00:00.123  1234  5678 W ActivityManager: x",
            "11-22 10:00:00.123 W/Tag( 123): x",
            "2026-11-22 10:00:00 warn",
        ],
    );
    are(Some(Level::Trace), &["11-22 10:00:00.123  1234  5678 V Tag: error", "10:00:00 finest x"]);
    are(Some(Level::Info), &["11-22 10:00:00.123  1234  5678 I Tag: ERROR x", "2026-11-22 10:00:00 notice x"]);
}

#[test]
fn as_a_field() {
    are(
        Some(Level::Warn),
        &[
            "time=2026-11-22T10:00:00Z level=warn msg=\"error\"",
            "time=\"2026-11-22T10:00:00Z\" level=WARNING msg=x",
            "ts=1 lvl=warn x=y",
            "ts=1 caller=a.go:1 level=\"warn\" msg=x",
            "msg=\"a b c d e f error\" level=warn",
            "log.level=warn x",
            r#"{"level":40,"time":1}"#,
            r#"{"level":"warn","msg":"error"}"#,
            r#"{"msg":"level: error \"level\":\"error\"","a":{"level":"error"},"level":"Warning"}"#,
            r#"{"severity":"WARNING"}"#,
            r#"{"log.level":"WARN"}"#,
            r#"{"log":{"level":"warn"}}"#,
            r#"{"PRIORITY":"4"}"#,
            r#"{"level":4,"short_message":"x"}"#,
            r#"{"t":{"$date":"x"},"s":"W","c":"NETWORK"}"#,
            r#"{"@l":"Warning"}"#,
            "\u{feff}{\"level\":\"warn\"}",
            "\0\0\0WARN x",
            r#"{"@level":"warn","@message":"error","@timestamp":"x"}"#,
            r#"{"log":"2026-11-22 10:00:00 WARN x\n","stream":"stdout","time":"x"}"#,
            r#"Nov 22 10:00:00 host app[1]: {"level":"warn"}"#,
            "2026-11-22T10:00:00.1Z stdout F {\"level\":\"warn\"}",
            "2026-11-22T10:00:00.1Z stderr F W1122 10:00:00.123456 1 x.go:1] y",
        ],
    );
    are(Some(Level::Debug), &[r#"{"level":20}"#, r#"{"s":"D2"}"#, "level=debug msg=x", r#"{"level":"debug","x":1"#]);
    are(
        None,
        &[
            r#"{"level":"loud"}"#,
            r#"{"msg":"error"}"#,
            r#"{"level":1000}"#,
            r#"{"level":null}"#,
            r#"{"s":5}"#,
            "compression level=9 error",
            "level=high x",
            "2026-11-22T10:00:00.1Z stderr F error while loading shared libraries",
            r#"{"log":"error while loading\n","stream":"stderr"}"#,
        ],
    );
}

#[test]
fn in_upper_case_in_front_of_the_message() {
    are(
        Some(Level::Fatal),
        &[
            "- 1117838570 2005.06.03 R02-M1-N0-C:J12-U11 2005-06-03-15.42.50.675872 R02-M1-N0-C:J12-U11 RAS KERNEL FATAL x",
            "2026-11-22 10:00:00.123 UTC [12] FATAL:  x",
            "2026-11-22 10:00:00 UTC [12]: [1-1] user=x,db=y FATAL:  x",
            "2026-11-22 10:00:00,123 - root - CRITICAL - x",
            "CRITICAL:root:x",
            "2026-11-22 10:00:00 PANIC x",
            "Jun 15 04:06:20 combo logrotate: ALERT exited abnormally with [1]",
        ],
    );
    are(
        Some(Level::Error),
        &[
            "2015-10-18 18:08:32,334 ERROR [RMCommunicator Allocator] x: ERROR IN CONTACTING RM. ",
            "10:00:00.123 [main] ERROR com.foo.Bar - x",
            "10:00:00.123 [http nio 8080 exec 1] ERROR com.foo.Bar - x",
            "2026-11-22T10:00:00.123+01:00 ERROR 12345 --- [main] c.e.App : x",
            "E, [2026-11-22T10:00:00.123456 #123] ERROR -- : x",
            "[2026-11-22T10:00:00.123456+00:00] app.ERROR: x",
            "ERROR[0001] x",
            "ERROR x",
            "2026-11-22 10:00:00 UTC [12] ERROR:  x",
            "Nov 22 10:00:00 host app[1]: ERROR x",
            "2026-11-22 10:00:00 | ERROR    | mod:f:1 - x",
            "2026-11-22T10:00:00Z ERROR target: x",
            "Nov 22, 2026 10:00:00 AM SEVERE: x",
            "\"2026-11-22 10:00:00\",\"ERROR\",\"x\"",
            "nova.log 2026-11-22 10:00:00.008 25746 ERROR nova.x [-] y",
        ],
    );
    are(
        Some(Level::Info),
        &[
            "2026-11-22T10:00:00.123456Z  INFO target: error",
            "2026-11-22 10:00:00 UTC [12] LOG:  database system is ready",
            "INFO:root:error",
        ],
    );
    are(Some(Level::Debug), &["2026-11-22 10:00:00 UTC [12] DEBUG1:  x", "FINE: x"]);
}

#[test]
fn with_a_colon_at_the_start_of_the_message() {
    are(
        Some(Level::Error),
        &[
            "Dec 10 07:51:15 LabSZ sshd[24324]: error: Received disconnect",
            "error: could not compile",
            "Error: x",
            "src/foo.c:12:3: error: expected ';'",
            "fail: Microsoft.Hosting.Lifetime[0]",
            "2026-11-22 10:00:00 error: x",
        ],
    );
    are(
        Some(Level::Warn),
        &[
            "Jul 25 23:23:13 combo xinetd[26482]: warning: can't get client address: Connection reset by peer",
            "[22-Nov-2026 10:00:00 UTC] PHP Warning:  x",
            "warning: unused variable",
            "warn: x",
        ],
    );
    are(Some(Level::Fatal), &["sshd[25457]: fatal: Write failed", "panic: runtime error: index out of range"]);
}

#[test]
fn at_the_start() {
    are(
        Some(Level::Fatal),
        &["<34>1 2003-10-11T22:14:15.003Z host su - ID47 - x", "F1122 10:00:00.123456 1 x.cc:1] y"],
    );
    are(
        Some(Level::Error),
        &["<3>x", "<187>Nov 22 10:00:00 host x", "E/Tag( 123): x", "E20261122 10:00:00.123456 1 x.cc:1] y"],
    );
    are(Some(Level::Warn), &["<4>[ 12.34] x", "W1122 10:00:00.123456   12 file.cc:1] x", "W 10:00:00 x"]);
    are(Some(Level::Debug), &["<191>x", "D/Tag: x"]);
    are(Some(Level::Info), &["<14>Nov 22 10:00:00 host app: x", "I1122 10:00:00.123456 12 file.cc:1] ERROR"]);
}

#[test]
fn words_in_messages_are_none() {
    are(
        None,
        &[
            "",
            "   ",
            "x",
            "Jun 14 15:16:01 combo sshd(pam_unix)[19939]: authentication failure; logname= uid=0",
            "Nov 22 10:00:00 host kernel: usb 1-1: error -71",
            "Nov 22 10:00:00 host app[1]: some INFO about an ERROR",
            "Nov 22 10:00:00 host app[1]: Last error: none",
            "Dec 10 06:55:46 LabSZ sshd[24200]: x failed - POSSIBLE BREAK-IN ATTEMPT!",
            "2587495 Interconnect-0N00 switch_module error 1074241888 1 Linkerror event interval expired",
            "44619 gige3 gige temperature 1105687639 1 warning",
            "27373 node-55 action error 1076176599 1 boot (command 2092) Error: HALT asserted\\  cannot continue",
            "1.2.3.4 - - [22/Nov/2026:10:00:00 +0000] \"GET /error HTTP/1.1\" 500 12 \"-\" \"ERROR fatal\"",
            "1.2.3.4 - - [22/Nov/2026:10:00:00 +0000] \"TRACE / HTTP/1.1\" 500 12",
            "java.lang.OutOfMemoryError: x",
            "\tat com.foo.Error.info(Error.java:7)",
            "Exception in thread \"main\" java.lang.Error: x",
            "Caused by: java.io.IOException: error",
            "10.251.73.220:50010 error x",
            "Kernel panic - not syncing: x",
            "<192>x",
            "<>x",
            "<4",
            "<1x>y",
            "It was an error to do so",
            "INFORMATIONAL x",
            "x_ERROR y",
            "ERROR_CODE 5",
            "DEBUGGER x",
            "information about fatal things",
            "2026-11-22 10:00:00 UTC [12] DETAIL:  x",
            "20171223-22:15:29:606|Step_LSC|30002312|onStandStepChanged 3579",
            "[10.30 16:49:06] chrome.exe - proxy.cse.cuhk.edu.hk:5070 open through proxy",
            "Jul  1 09:00:55 calvisitor-10-105-160-95 kernel[0]: IOThunderboltSwitch<0>(0x0)::listenerCallback - Thunderbolt",
            "A line that begins with a letter",
            "I am here",
        ],
    );
    let far = format!("{} ERROR x", "1".repeat(300));
    are(None, &[&far]);
}

#[test]
fn sets_are_printed_as_they_are_read() {
    for (text, names, term) in [
        ("error,warn", "warn,error", "level:warn,error"),
        ("ERROR", "error", "level:error"),
        ("warn,error,fatal", "warn,error,fatal", "level>=warn"),
        ("fatal", "fatal", "level:fatal"),
        ("trace,debug,info,warn,error,fatal", "trace,debug,info,warn,error,fatal", "level>=trace"),
    ] {
        let set = LevelSet::parse(text).unwrap();
        assert_eq!((set.to_string().as_str(), set.as_term().to_string().as_str()), (names, term));
        assert_eq!((LevelSet::parse(names), LevelSet::from_bits(set.bits())), (Some(set), set));
    }
    for text in ["", ",", "error,", "error, warn", "loud"] {
        assert_eq!(LevelSet::parse(text), None, "{text}");
    }
    assert_eq!(LevelSet::from_bits(0xff), LevelSet::ALL);
    assert!(LevelSet::EMPTY.is_empty() && !LevelSet::one(Level::Trace).is_empty());
    assert!(LevelSet::at_least(Level::Error).meets(LevelSet::one(Level::Fatal)));
    assert!(!LevelSet::at_least(Level::Error).meets(LevelSet::one(Level::Warn)));
}

/// Frames that have exactly one place for a level, and names that may stand in it.
const FRAMES: [&str; 12] = [
    "2026-11-22 10:00:00,123 {U} [main] x: error",
    "2026-11-22T10:00:00Z  {U} target: fatal",
    "[Sun Nov 22 10:00:00 2026] [{L}] error",
    "time=1 level={L} msg=\"fatal: x\"",
    "{\"msg\":\"error\",\"level\":\"{U}\"}",
    "{\"severity\":\"{L}\",\"message\":\"fatal\"}",
    "{U}: error: x",
    "{L}: fatal: x",
    "Nov 22 10:00:00 host app[1]: {L}: error",
    "Nov 22 10:00:00 host app[1]: {U} x",
    "10:00:00.123 [main] {U} c.f.B - error",
    "2026-11-22T10:00:00.1Z\t{L}\tmain.go:7\tfatal",
];

proptest! {
    #[test]
    fn a_level_in_any_frame_is_read_as_it_was(frame in prop::sample::select(&FRAMES[..]), level in prop::sample::select(&Level::ALL[..])) {
        let line = frame.replace("{L}", level.name()).replace("{U}", &level.name().to_uppercase());
        prop_assert_eq!(Level::of(line.as_bytes()), Some(level), "{}", line);
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(
        line in prop::collection::vec(prop_oneof![
            Just("error".to_owned()), Just("ERROR".to_owned()), Just("10:00:00".to_owned()), Just("level=".to_owned()),
            Just("{\"level\":".to_owned()), Just(" stdout F ".to_owned()), Just("{\"log\":\"".to_owned()),
            "[ :,./\\[\\](){}|<>\"=\\\\-]{1,2}", "[A-Z0-9]{1,3}", "\\PC{1,3}",
        ], 0..12).prop_map(|parts| parts.concat()),
    ) {
        let _ = Level::of(line.as_bytes());
    }

    #[test]
    fn raw_bytes_are_read_without_a_panic(line in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = Level::of(&line);
    }
}
