//! The program itself: exit codes, messages, and what a person sees at the start.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::process::{Pid, Signal};

/// A folder that is gone at the end, with one log.
struct Place {
    top: PathBuf,
}

impl Place {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("taillight-commands-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let top = std::env::temp_dir().join(name);
        fs::create_dir_all(&top).unwrap();
        fs::write(top.join("app.log"), "a line\n").unwrap();
        Self { top }
    }

    /// The program in this folder, with nothing of the environment.
    fn taillight(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_taillight"));
        command.args(args).current_dir(&self.top).env_clear().env("HOME", &self.top);
        command
    }

    /// What the program answers: exit code, standard output, standard error.
    fn run(&self, args: &[&str]) -> (Option<i32>, String, String) {
        let output = self.taillight(args).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    }

    /// What `query` makes of a pipe: exit code and standard output.
    fn query_piped(&self, args: &[&str], input: &str) -> (Option<i32>, String) {
        let mut command = self.taillight(&[&["query"], args].concat());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let output = std::thread::scope(|scope| {
            scope.spawn(move || stdin.write_all(input.as_bytes()).unwrap());
            child.wait_with_output().unwrap()
        });
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    }

    /// A running server and the URL it printed.
    fn serve(&self, args: &[&str]) -> (Serving, String) {
        let mut child = self.taillight(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let serving = Serving { child };
        let url = line.strip_prefix("listening on ").map(|url| url.trim_end().to_owned());
        (serving, url.unwrap_or_else(|| panic!("{line:?}")))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.top);
    }
}

/// A server that ends with the test.
struct Serving {
    child: Child,
}

impl Serving {
    /// Ends it as an operator does; the exit code and what it said on standard error.
    fn end(mut self, signal: Signal) -> (Option<i32>, String) {
        let pid = Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).unwrap();
        let code = self.child.wait().unwrap().code();
        let mut said = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        (code, said)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn what_the_caller_must_change_exits_with_2_and_says_what() {
    let place = Place::new();
    fs::write(place.top.join("bad.toml"), "listen = \"127.0.0.1:0\"\nheartbeet = 3\n").unwrap();
    fs::write(place.top.join("gone.toml"), "[[root]]\npath = \"gone\"\n").unwrap();
    let (long, longer) = ("x".repeat(1000), "x".repeat(1001));
    assert_eq!(place.run(&["query", &long, "app.log"]).0, Some(1));
    let table: &[(&[&str], &str)] = &[
        (&["query", &longer, "app.log"], "error: bad query at byte 1000: expected at most 1000 bytes\n"),
        (&[], "error: nothing to serve: name files or folders, for example\n"),
        (&["nope.log"], "error: no such file or folder: 'nope.log'\n"),
        (&["serve", "nope.log"], "error: no such file or folder: 'nope.log'\n"),
        (&["serv", "app.log"], "did you mean the command 'taillight serve'?"),
        (&["--poll", "config", "show"], "'config' is a command and comes first"),
        (&["app.log", "./app.log"], "error: two roots are named 'app.log'"),
        (&["-", "-"], "error: standard input ('-') can be served once only"),
        (&["-", "stdin=app.log"], "error: two roots are named 'stdin' ("),
        (&["--config", "bad.toml", "app.log"], "error: bad.toml:2: unknown key 'heartbeet': did you mean 'heartbeat'?"),
        (&["--config", "none.toml", "app.log"], "error: cannot read the configuration file 'none.toml'"),
        (&["--config", "gone.toml"], "error: gone.toml:1: no such file or folder: 'gone'"),
        (&["config", "check", "--config", "bad.toml", "app.log"], "did you mean 'heartbeat'?"),
        (&["config", "check"], "nothing to serve"),
        (&["config", "show", "nope.log"], "no such file or folder: 'nope.log'"),
        (&["--auth", "proxy", "app.log"], "not in this version yet, use 'token' or 'none'"),
        (&["--auth", "none", "--listen", "0.0.0.0:0", "app.log"], "taillight --listen 127.0.0.1:0 --auth none"),
        (&["--lisen", "x"], "a similar argument exists: '--listen'"),
        (&["healthcheck", "ftp://x"], "bad URL 'ftp://x'"),
        (&["healthcheck", "--config", "bad.toml"], "unknown key 'heartbeet'"),
        (&["completions", "cmd"], "invalid value 'cmd'"),
        (&["query", "error"], "<FILE>..."),
        (&["query", "a or", "app.log"], "error: bad query at byte 2: "),
        (&["query", "(a", "app.log"], "\n  (a\n  ^\n"),
        (&["query", "/a(/", "app.log"], "error: bad query at byte "),
        (&["query", "level:loud", "app.log"], "error: bad query at byte 6: "),
        (&["query", "--from", "soon", "a", "app.log"], "invalid value 'soon' for '--from <TIME>': write RFC 3339"),
        (&["query", "--to", "", "a", "app.log"], "'--to <TIME>'"),
        (&["query", "--format", "xml", "a", "app.log"], "[possible values: text, json, raw]"),
        (&["query", "--count", "--follow", "a", "app.log"], "cannot be used with"),
        (&["query", "--cuont", "a", "app.log"], "a similar argument exists: '--count'"),
        (&["stat"], "<FILE>..."),
        (&["stat", "none.log"], "error: none.log: no such file\n"),
        (&["stat", "."], "error: .: "),
        (&["query", "zzz", "none.log"], "error: none.log: no such file\n"),
        (&["query", "--follow", "zzz", "."], "error: .: a folder cannot be followed: name the files in it\n"),
    ];
    for (args, expected) in table {
        let (code, out, said) = place.run(args);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{args:?}: {said}");
        assert!(said.contains(expected), "{args:?}: {said}");
    }
}

/// Arguments after `query`, exit code, standard output, a part of standard error.
type Asked<'a> = (&'a [&'a str], i32, &'a str, &'a str);

#[test]
fn query_prints_matching_lines_and_exits_as_grep_does() {
    let place = Place::new();
    fs::write(place.top.join("a.log"), "1 \x1b[31merr\x1b[0mor\r\n2\n3 Error\n4\n5\n6\n7 -health error").unwrap();
    fs::write(place.top.join("-b.log"), "error b\n").unwrap();
    fs::write(place.top.join("empty.log"), "").unwrap();
    let table: &[Asked<'_>] = &[
        (&["error", "a.log"], 0, "1 error\n3 Error\n7 -health error\n", ""),
        (&["Error", "a.log"], 0, "3 Error\n", ""),
        (&["nothing", "a.log"], 1, "", ""),
        (&["error", "empty.log"], 1, "", ""),
        (&["", "-b.log"], 2, "", "unexpected argument '-b' found"),
        (&["--", "", "-b.log"], 0, "error b\n", ""),
        (&["error -health", "a.log"], 0, "1 error\n3 Error\n", ""),
        (&["-health", "--count", "a.log"], 0, "6\n", ""),
        (&["--count", "error", "./-b.log", "a.log", "empty.log"], 0, "./-b.log:1\na.log:3\nempty.log:0\n", ""),
        (&["--count", "nothing", "a.log"], 1, "0\n", ""),
        (&["--count", "--max-count", "2", "error", "a.log"], 0, "2\n", ""),
        (&["--max-count", "1", "error", "a.log", "./-b.log"], 0, "a.log:1 error\n./-b.log:error b\n", ""),
        (&["--max-count", "0", "error", "a.log"], 1, "", ""),
        (&["error", "none.log", "./-b.log"], 2, "./-b.log:error b\n", "error: none.log: no such file\n"),
        (&["--format", "raw", "error", "a.log"], 0, "1 \x1b[31merr\x1b[0mor\r\n3 Error\n7 -health error", ""),
        (&["--format", "raw", "health", "a.log", "a.log"], 0, "a.log:7 -health error\na.log:7 -health error", ""),
        (&["-C1", "Error", "a.log"], 0, "2\n3 Error\n4\n", ""),
        (&["-A", "1", "error", "a.log"], 0, "1 error\n2\n3 Error\n4\n--\n7 -health error\n", ""),
        (&["-B1", "--max-count=2", "error", "a.log"], 0, "1 error\n2\n3 Error\n", ""),
        (&["-A1", "--max-count=2", "error", "a.log"], 0, "1 error\n2\n3 Error\n4\n", ""),
        (&["-A3", "--max-count=1", "error", "a.log"], 0, "1 error\n2\n3 Error\n4\n", ""),
        (
            &["--format", "json", "-B", "1", "Error", "a.log"],
            0,
            "{\"file\":\"a.log\",\"line\":2,\"offset\":18,\"time\":null,\"level\":null,\"text\":\"2\"}\n\
             {\"file\":\"a.log\",\"line\":3,\"offset\":20,\"time\":null,\"level\":null,\"text\":\"3 Error\"}\n",
            "",
        ),
    ];
    for (args, code, out, said) in table {
        let ran = place.run(&[&["query"], *args].concat());
        assert_eq!((ran.0, ran.1.as_str()), (Some(*code), *out), "{args:?}: {}", ran.2);
        assert!(ran.2.contains(said) && ran.2.is_empty() == said.is_empty(), "{args:?}: {}", ran.2);
    }
}

/// A year-less log that ends in the new year, with a stack trace and a line out of order.
const SYSLOG: &str = "Dec 31 23:58:00 h a: first\nDec 31 23:59:30 h b: <error> second\n  at trace\n\
    Jan  1 00:00:10 h c: third\nDec 31 23:57:00 h d: late\nJan  1 00:01:00 h e: [error] last\n";

#[test]
fn times_bound_what_is_found_and_years_come_from_the_last_change() {
    let place = Place::new();
    let log = place.top.join("sys.log");
    fs::write(&log, SYSLOG).unwrap();
    // 2021-01-02
    let modified = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_609_545_600);
    fs::File::options().append(true).open(&log).unwrap().set_modified(modified).unwrap();
    let gzip = Command::new("gzip").args(["-k", "-N"]).arg(&log).status();
    let names: &[&str] =
        if gzip.is_ok_and(|status| status.success()) { &["sys.log", "sys.log.gz"] } else { &["sys.log"] };
    for name in names {
        for (args, expected) in [
            (
                &["--from", "2020-12-31 23:59", "third or trace or first"][..],
                "  at trace\nJan  1 00:00:10 h c: third\n",
            ),
            (&["--to", "2020-12-31T23:58:30", "h"], "Dec 31 23:58:00 h a: first\nDec 31 23:57:00 h d: late\n"),
            (&["--from=2021-01-01", "--to=2021-01-01 00:01", "h"], "Jan  1 00:00:10 h c: third\n"),
            (&["--from", "-15m", ""], ""),
            (&["--to", "-15m", "--count", ""], "6\n"),
            (&["before:2020-12-31"], ""),
            (&["level>=error after:\"2021-01-01 00:00\""], "Jan  1 00:01:00 h e: [error] last\n"),
            (&["-after:2020-12-31"], ""),
            (
                &["--format", "json", "trace or last"],
                "{\"file\":\"NAME\",\"line\":3,\"offset\":63,\"time\":null,\"level\":null,\"text\":\"  at trace\"}\n\
                 {\"file\":\"NAME\",\"line\":6,\"offset\":127,\"time\":\"2021-01-01T00:01:00Z\",\"level\":\"error\",\
                 \"text\":\"Jan  1 00:01:00 h e: [error] last\"}\n",
            ),
        ] {
            let (options, expr) = args.split_at(args.len() - 1);
            let output =
                place.taillight(&[&["query"], options, &["--"], expr, &[*name]].concat()).env("TZ", "UTC").output();
            let output = output.unwrap();
            assert_eq!(String::from_utf8(output.stdout).unwrap(), expected.replace("NAME", name), "{name} {args:?}");
            assert_eq!(output.status.code(), Some(i32::from(expected.is_empty())), "{name} {args:?}");
        }
    }
}

#[test]
fn a_folder_stands_for_the_files_in_it_as_ripgrep_goes_through_it() {
    let place = Place::new();
    let write = |name: &str, bytes: &[u8]| {
        let path = place.top.join("logs").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    };
    write("b.log", b"an error\nfine\nerror again");
    write("a/z.log", b"error in a\n");
    write("a-b.log", b"nothing\n");
    write("a.log", b"error in a.log\n");
    write("pack.gz", &fs::read(gzip(&place, "error packed\n")).unwrap());
    write(".hidden.log", b"error\n");
    write(".git/x.log", b"error\n");
    write("core", b"\0error\n");
    std::os::unix::fs::symlink(".", place.top.join("logs/loop")).unwrap();
    std::os::unix::fs::symlink("b.log", place.top.join("logs/link.log")).unwrap();
    let note = "note: not searched in folders: 2 hidden, 2 linked, 1 binary (name a file to search it)\n";
    let table: &[Asked<'_>] = &[
        (
            &["error", "logs"],
            0,
            "logs/a/z.log:error in a\nlogs/a.log:error in a.log\nlogs/b.log:an error\nlogs/b.log:error again\n\
             logs/pack.gz:error packed\n",
            note,
        ),
        (&["--count", "error", "logs"], 0, "logs/a/z.log:1\nlogs/a.log:1\nlogs/b.log:2\nlogs/pack.gz:1\n", note),
        (&["--count", "error", "logs/a-b.log", "logs/a"], 0, "logs/a-b.log:0\nlogs/a/z.log:1\n", ""),
        (&["--max-count", "1", "error", "logs/a/"], 0, "logs/a/z.log:error in a\n", ""),
        (&["zzz", "logs"], 1, "", note),
        (&["error", "logs/a", "none.log"], 2, "logs/a/z.log:error in a\n", "error: none.log: no such file\n"),
        (
            &["error", "logs/.hidden.log", "logs/link.log"],
            0,
            "logs/.hidden.log:error\nlogs/link.log:an error\nlogs/link.log:error again\n",
            "",
        ),
    ];
    for (args, code, out, said) in table {
        let ran = place.run(&[&["query"], *args].concat());
        assert_eq!((ran.0, ran.1.as_str(), ran.2.as_str()), (Some(*code), *out, *said), "{args:?}");
    }
    let mut broken = fs::read(place.top.join("logs/pack.gz")).unwrap();
    broken.truncate(broken.len() - 4);
    write("a/broken.gz", &broken);
    let (code, out, said) = place.run(&["query", "error", "logs/a"]);
    assert_eq!((code, out.as_str()), (Some(2), "logs/a/broken.gz:error packed\nlogs/a/z.log:error in a\n"), "{said}");
    assert!(said.starts_with("error: logs/a/broken.gz: the compressed file is incomplete"), "{said}");
    // What could be read is counted, and why it is not all is said.
    let (code, out, said) = place.run(&["query", "--count", "error", "logs/a/broken.gz"]);
    assert_eq!((code, out.as_str()), (Some(2), "1\n"), "{said}");
    assert!(said.starts_with("error: logs/a/broken.gz: the compressed file is incomplete"), "{said}");
    let (code, out, said) = place.run(&["query", "--count", "nowhere", "logs/a/broken.gz", "logs/gone"]);
    assert_eq!((code, out.as_str()), (Some(2), "logs/a/broken.gz:0\n"), "{said}");
    let (code, out, said) = place.run(&["stat", "logs/a/broken.gz"]);
    assert_eq!((code, out.as_str()), (Some(2), ""), "{said}");
    assert!(said.starts_with("error: logs/a/broken.gz: the compressed file is incomplete"), "{said}");
}

#[test]
fn text_in_utf_16_is_never_searched_in_silence() {
    let place = Place::new();
    fs::create_dir_all(place.top.join("logs")).unwrap();
    let why = "its text is in UTF-16, which is not read: convert it, as with iconv -f UTF-16 -t UTF-8";
    for to_bytes in [u16::to_le_bytes, u16::to_be_bytes] {
        let text: Vec<u8> = "\u{feff}an error\r\nfine\r\n".encode_utf16().flat_map(to_bytes).collect();
        fs::write(place.top.join("logs/u.log"), &text).unwrap();
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(&text).unwrap();
        fs::write(place.top.join("logs/u.gz"), encoder.finish().unwrap()).unwrap();
        fs::write(place.top.join("logs/v.log"), "an error\n").unwrap();
        for (args, out, of) in [
            (&["query", "error", "logs/u.log"][..], "", &["logs/u.log"][..]),
            (&["query", "-error", "logs/u.gz"], "", &["logs/u.gz"]),
            (&["query", "--count", "error", "logs/u.log", "logs/u.gz"], "", &["logs/u.log", "logs/u.gz"]),
            (&["query", "--follow", "error", "logs/u.log"], "", &["logs/u.log"]),
            (&["query", "error", "logs"], "logs/v.log:an error\n", &["logs/u.gz", "logs/u.log"]),
        ] {
            let said: String = of.iter().map(|name| format!("error: {name}: {why}\n")).collect();
            assert_eq!(place.run(args), (Some(2), out.to_owned(), said), "{args:?}");
        }
        let (code, out, said) = place.run(&["stat", "--json", "logs/u.log"]);
        assert!(code == Some(0) && out.contains("\"utf-16"), "{out}");
        assert_eq!(said, format!("note: logs/u.log: {why}\n"));
    }
}

/// A compressed file with that text.
fn gzip(place: &Place, text: &str) -> PathBuf {
    let path = place.top.join("packed.gz");
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    fs::write(&path, encoder.finish().unwrap()).unwrap();
    path
}

#[test]
fn a_pipe_is_searched_like_a_file() {
    let place = Place::new();
    let lines = "one\ntwo error\nthree\nfour\nfive error";
    let timed = "x\n2026-11-22T10:00:00Z a\n y\n2026-11-22T10:01:00Z [warn] b";
    for (args, expected) in [
        (&["error", "-"][..], "two error\nfive error\n"),
        (&["--count", "error", "-"], "2\n"),
        (&["-B1", "error", "-"], "one\ntwo error\n--\nfour\nfive error\n"),
        (&["-A9", "--max-count", "1", "error", "-"], "two error\nthree\nfour\nfive error\n"),
        (&["--format", "raw", "error", "-"], "two error\nfive error"),
        (&["--follow", "three", "-"], "three\n"),
        (
            &["--format", "json", "five", "-"],
            "{\"file\":\"-\",\"line\":5,\"offset\":25,\"time\":null,\"level\":null,\"text\":\"five error\"}\n",
        ),
    ] {
        assert_eq!(place.query_piped(args, lines), (Some(0), expected.to_owned()), "{args:?}");
    }
    for (args, expected) in [
        (&["--from", "2026-11-22T10:00:00Z", "y or b", "-"][..], " y\n2026-11-22T10:01:00Z [warn] b\n"),
        (&["--count", "-before:2026-11-22T10:01:00Z", "-"], "2\n"),
        (&["-level>=warn x", "-"], "x\n"),
        (&["--follow", "--to", "2026-11-22T10:00:30Z", "", "-"], "2026-11-22T10:00:00Z a\n y\n"),
        (
            &["--format", "json", "level:warn", "-"],
            "{\"file\":\"-\",\"line\":4,\"offset\":28,\"time\":\"2026-11-22T10:01:00Z\",\"level\":\"warn\",\
             \"text\":\"2026-11-22T10:01:00Z [warn] b\"}\n",
        ),
    ] {
        assert_eq!(place.query_piped(args, timed), (Some(0), expected.to_owned()), "{args:?}");
    }
}

/// Of a file all cores print; of a pipe, line after line.
#[test]
fn a_large_file_prints_what_a_pipe_of_it_does() {
    let place = Place::new();
    // No text to either of them.
    let mut text = "\u{feff}".to_owned();
    for nth in 0..180_000 {
        let colour = if nth % 7 == 0 { "\x1b[31mERROR\x1b[0m" } else { "info" };
        text += &format!("{nth} {colour} {:>width$} some text of a line\r\n", nth * 7919, width = nth % 90);
        if nth == 60_000 || nth == 150_000 {
            // Longer than what all cores look at side by side.
            text += &format!("{} ERROR 17 {}\n", nth, "x".repeat(1_500_000));
        }
    }
    text += "the end, an ERROR 17 without a line feed";
    assert!(text.len() > 16 << 20, "{}", text.len());
    fs::write(place.top.join("big.log"), &text).unwrap();
    for query in ["ERROR", "ERROR 17 text", "-/^[0-8]/", "\"5 info\" or /1$/", ""] {
        for format in ["text", "raw"] {
            let args = ["--format", format, query];
            let (code, of_file, said) = place.run(&[&["query"], &args[..], &["big.log"]].concat());
            let (_, of_pipe) = place.query_piped(&[&args[..], &["-"]].concat(), &text);
            assert_eq!((code, said.as_str()), (Some(0), ""), "{args:?}");
            assert!(!of_file.is_empty());
            assert!(of_file == of_pipe, "{args:?}: {} and {} bytes", of_file.len(), of_pipe.len());
        }
        let named = place.run(&["query", query, "big.log", "app.log"]).1;
        assert!(named.lines().all(|line| line.starts_with("big.log:") || line == "app.log:a line"), "{query}");
    }
}

#[test]
fn stat_tells_what_is_in_each_file() {
    let place = Place::new();
    let write = |name: &str, bytes: &[u8]| fs::write(place.top.join(name), bytes).unwrap();
    write("sys.log", SYSLOG.as_bytes());
    write("empty.log", b"");
    write("utf.log", "\u{feff}é\r\nx".as_bytes());
    write("latin.log", b"caf\xe9\n");
    write("bin", b"\x7fELF\0\n");
    write("cut.log", b"\0\0\0a\n");
    write("wide.log", b"\xff\xfea\0\n\0");
    write("json.log", b"{\"ts\":\"2026-11-22T10:00:00Z\",\"level\":\"warn\"}\n{\"level\":\"fatal\"}\n");
    let log = place.top.join("sys.log");
    let modified = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_609_545_600);
    fs::File::options().append(true).open(&log).unwrap().set_modified(modified).unwrap();
    let facts = |rest: &str| {
        format!(
            "{{\"file\":\"{}}}\n",
            rest.replace("NO", "\"trace\":0,\"debug\":0,\"info\":0,\"warn\":0,\"error\":0,\"fatal\":0")
        )
    };
    let untimed = "\"format\":null,\"first_time\":null,\"last_time\":null,\"levels\":{NO,\"unknown\":";
    let syslog = "\"bytes\":161,\"lines\":6,\"longest_line\":35,\"encoding\":\"ascii\",\"format\":\"syslog\",\
        \"first_time\":\"2020-12-31T23:57:00Z\",\"last_time\":\"2021-01-01T00:01:00Z\",\
        \"levels\":{\"trace\":0,\"debug\":0,\"info\":0,\"warn\":0,\"error\":2,\"fatal\":0,\"unknown\":4}";
    let json = "json.log\",\"bytes\":63,\"lines\":2,\"longest_line\":44,\"encoding\":\"ascii\",\"format\":\"json\",\
        \"first_time\":\"2026-11-22T10:00:00Z\",\"last_time\":\"2026-11-22T10:00:00Z\",\
        \"levels\":{\"trace\":0,\"debug\":0,\"info\":0,\"warn\":1,\"error\":0,\"fatal\":1,\"unknown\":0}";
    let mut expected = vec![facts(&format!("sys.log\",{syslog}")), facts(json)];
    for (name, bytes, lines, longest, encoding) in [
        ("empty.log", 0, 0, 0, "null"),
        ("utf.log", 8, 2, 5, "\"utf-8\""),
        ("latin.log", 5, 1, 4, "\"latin-1 or other\""),
        ("bin", 6, 1, 5, "\"binary\""),
        ("cut.log", 5, 1, 4, "\"ascii\""),
        ("wide.log", 6, 2, 4, "\"utf-16le\""),
    ] {
        let sizes = format!("\"bytes\":{bytes},\"lines\":{lines},\"longest_line\":{longest},\"encoding\":{encoding}");
        expected.push(facts(&format!("{name}\",{sizes},{untimed}{lines}}}")));
    }
    let names = ["sys.log", "json.log", "empty.log", "utf.log", "latin.log", "bin", "cut.log", "wide.log", "none.log"];
    let output = place.taillight(&[&["stat", "--json"], &names[..]].concat()).env("TZ", "UTC").output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), expected.concat());
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        String::from_utf8(output.stderr).unwrap(),
        "note: wide.log: its text is in UTF-16, which is not read: convert it, as with iconv -f UTF-16 -t UTF-8\n\
         error: none.log: no such file\n"
    );
    if Command::new("gzip").args(["-k", "-N"]).arg(&log).status().is_ok_and(|status| status.success()) {
        let output = place.taillight(&["stat", "--json", "sys.log.gz"]).env("TZ", "UTC").output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), facts(&format!("sys.log.gz\",{syslog}")));
    }
    let output =
        place.taillight(&["stat", "--json", "-"]).stdin(fs::File::open(place.top.join("json.log")).unwrap()).output();
    assert_eq!(String::from_utf8(output.unwrap().stdout).unwrap(), facts(&json.replace("json.log", "-")));
}

#[test]
fn stat_prints_a_table_for_people() {
    let place = Place::new();
    fs::write(place.top.join("a.log"), "2026-11-22T10:00:00Z ERROR x\n".repeat(1_234)).unwrap();
    fs::write(place.top.join("b\n.log"), "").unwrap();
    let table = "FILE    LINES     SIZE  LONGEST  ENCODING  FORMAT    FIRST                 LAST                  LEVELS\n\
                 a.log   1,234  35.8 KB     28 B  ascii     iso 8601  2026-11-22T10:00:00Z  2026-11-22T10:00:00Z  error 1,234\n\
                 b\u{240a}.log      0      0 B      0 B  -         -         -                     -                     -\n";
    assert_eq!(place.run(&["stat", "a.log", "b\n.log"]), (Some(0), table.to_owned(), String::new()));
}

#[test]
fn a_reader_that_has_enough_ends_the_query_quietly() {
    let place = Place::new();
    fs::write(place.top.join("big.log"), "some line\n".repeat(200_000)).unwrap();
    let mut command = place.taillight(&["query", "some", "big.log"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // The pipe holds less than the output: the program is still writing when its reader goes.
    child.stdout.take().unwrap().read_exact(&mut [0; 10]).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr), (Some(0), vec![]));
}

#[test]
fn following_prints_what_is_there_and_what_comes_through_rotation_and_truncation() {
    use std::os::unix::process::ExitStatusExt as _;
    let place = Place::new();
    let (log, other) = (place.top.join("app.log"), place.top.join("other.log"));
    fs::write(&log, "old error\nquiet\n").unwrap();
    fs::write(&other, "").unwrap();
    let mut command = place.taillight(&["query", "--follow", "-B1", "error", "app.log", "other.log"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let serving = Serving { child };
    let append = |text: &str| {
        fs::OpenOptions::new().append(true).open(&log).and_then(|mut file| file.write_all(text.as_bytes())).unwrap();
    };
    let mut next = |expected: &[&str]| {
        for line in expected {
            assert_eq!(lines.next().as_deref(), Some(*line));
        }
    };
    next(&["app.log:old error"]);
    append("new err");
    append("or\nnoise\n");
    // The row above was there before the match was.
    next(&["app.log:quiet", "app.log:new error"]);
    fs::write(&other, "error there\n").unwrap();
    next(&["--", "other.log:error there"]);
    fs::rename(&log, place.top.join("app.log.1")).unwrap();
    fs::write(&log, "rotated error\n").unwrap();
    next(&["--", "app.log:rotated error"]);
    fs::write(&log, "cut\nerror\n").unwrap();
    next(&["--", "app.log:cut", "app.log:error"]);
    let pid = Pid::from_child(&serving.child);
    rustix::process::kill_process(pid, Signal::INT).unwrap();
    let mut serving = serving;
    assert_eq!(serving.child.wait().unwrap().signal(), Some(Signal::INT.as_raw()));
    let mut said = String::new();
    serving.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(said.starts_with("note: app.log: rotated\nnote: app.log: truncated, it had "), "{said}");
}

#[test]
fn following_ends_when_enough_was_found() {
    let place = Place::new();
    fs::write(place.top.join("a.log"), "x 1\nx 2\nx 3\n").unwrap();
    let (code, out, said) = place.run(&["query", "--follow", "--max-count", "2", "x", "a.log", "a.log"]);
    assert_eq!((code, out.as_str()), (Some(0), "a.log:x 1\na.log:x 2\na.log:x 1\na.log:x 2\n"), "{said}");
}

#[test]
fn what_is_appended_is_followed_by_level_and_time() {
    let place = Place::new();
    fs::write(place.top.join("a.log"), "2026-11-22T10:00:00Z INFO a\n b\n").unwrap();
    let args = [
        "query",
        "--follow",
        "--format",
        "json",
        "--max-count",
        "3",
        "--from",
        "2026-11-22T10:00:30Z",
        "-level:info",
        "a.log",
    ];
    let mut command = place.taillight(&args);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut log = fs::OpenOptions::new().append(true).open(place.top.join("a.log")).unwrap();
    log.write_all(b" c\n2026-11-22T10:00:31Z ERROR d\n").unwrap();
    let facts = |line: String| {
        let row: serde_json::Value = serde_json::from_str(&line).unwrap();
        (row["line"].clone(), row["time"].clone(), row["level"].clone())
    };
    assert_eq!(facts(lines.next().unwrap()), (4.into(), "2026-11-22T10:00:31Z".into(), "error".into()));
    // Its time stands in what was read before.
    log.write_all(b" e\n2026-11-22T10:00:32Z INFO f\n g\n").unwrap();
    let none = serde_json::Value::Null;
    assert_eq!(facts(lines.next().unwrap()), (5.into(), none.clone(), none.clone()));
    assert_eq!(facts(lines.next().unwrap()), (7.into(), none.clone(), none));
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_port_in_use_exits_with_1_and_names_port_and_option() {
    let place = Place::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (code, out, said) = place.run(&["--listen", &address, "app.log"]);
    assert_eq!((code, out.as_str()), (Some(1), ""), "{said}");
    assert!(said.contains(&format!("port {} is in use", taken.local_addr().unwrap().port())), "{said}");
    assert!(said.contains("'--listen 127.0.0.1:"), "{said}");
}

#[test]
fn the_configuration_is_shown_with_origins() {
    let place = Place::new();
    fs::write(place.top.join("c.toml"), "heartbeat = 7\n[limits]\npattern_bytes = 2000\n").unwrap();
    let args = ["config", "show", "--config", "c.toml", "--listen", "127.0.0.1:1", "x=app.log"];
    let output = place.taillight(&args).env("TAILLIGHT_POLL", "true").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
    for row in [
        ["listen", "127.0.0.1:1", "--listen"],
        ["heartbeat", "7", "c.toml:1"],
        ["limits.pattern_bytes", "2000", "c.toml:3"],
        ["limits.line_bytes", "65536", "default"],
        ["poll", "true", "TAILLIGHT_POLL"],
        ["auth", "token", "default"],
    ] {
        assert!(rows.contains(&row.to_vec()), "{text}");
    }
    let (code, out, said) = place.run(&["config", "show"]);
    assert!(code == Some(0) && out.contains("limits.connections"), "{said}");
    let (code, out, _) = place.run(&["config", "check", "app.log"]);
    assert_eq!((code, out.as_str()), (Some(0), "the configuration is right: 1 root, listening on 127.0.0.1:8765\n"));
}

#[test]
fn a_server_announces_itself_answers_the_health_check_and_ends_on_a_signal() {
    let place = Place::new();
    for (signal, base) in [(Signal::TERM, "/logs"), (Signal::INT, "/")] {
        let args = ["--listen", "127.0.0.1:0", "--auth", "none", "--base-path", base, "--open", "app.log"];
        let (serving, url) = place.serve(&args);
        let base = base.trim_end_matches('/');
        let port = url.strip_prefix("http://127.0.0.1:").and_then(|rest| rest.strip_suffix(&format!("{base}/")));
        let port = port.and_then(|port| port.parse::<u16>().ok()).unwrap_or_else(|| panic!("{url}"));
        assert_eq!(place.run(&["healthcheck", &url]).0, Some(0));
        let mut by_settings = place.taillight(&["healthcheck"]);
        by_settings.env("TAILLIGHT_LISTEN", format!("0.0.0.0:{port}")).env("TAILLIGHT_BASE_PATH", base);
        assert_eq!(by_settings.output().unwrap().status.code(), Some(0));
        let (code, _, said) = place.run(&["healthcheck", &format!("http://127.0.0.1:{port}/wrong")]);
        assert!(code == Some(1) && said.contains("HTTP/1.1 404"), "{code:?} {said}");
        let (code, said) = serving.end(signal);
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains(&url), "{said}");
        let (code, _, said) = place.run(&["healthcheck", &url]);
        assert!(code == Some(1) && said.contains("no healthy server at http://127.0.0.1:"), "{code:?} {said}");
    }
}

#[test]
fn the_token_of_the_environment_is_in_the_printed_address() {
    let place = Place::new();
    let mut command = place.taillight(&["--listen", "127.0.0.1:0", "app.log"]);
    command.env("TAILLIGHT_TOKEN", "0123456789abcdef0123").stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut serving = Serving { child: command.spawn().unwrap() };
    let mut line = String::new();
    BufReader::new(serving.child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.ends_with("/#token=0123456789abcdef0123\n"), "{line:?}");
    let (_, said) = serving.end(Signal::TERM);
    assert!(!said.contains("0123456789abcdef0123"), "{said}");
}

#[test]
fn completions_and_manual_are_printed() {
    let place = Place::new();
    for (args, expected) in [
        (vec!["completions", "bash"], "--base-path"),
        (vec!["completions", "zsh"], "#compdef taillight"),
        (vec!["completions", "fish"], "complete -c taillight"),
        (vec!["man"], ".TH taillight 1"),
        (vec!["--version"], concat!("taillight ", env!("CARGO_PKG_VERSION"))),
        (vec!["--help"], "healthcheck"),
        (vec!["query", "--help"], "--after-context"),
        (vec!["stat", "--help"], "latin-1 or other"),
    ] {
        let (code, out, said) = place.run(&args);
        assert_eq!(code, Some(0), "{args:?}: {said}");
        assert!(out.contains(expected), "{args:?}: {out}");
    }
}

#[test]
fn a_terminal_is_no_standard_input_to_serve() {
    let place = Place::new();
    // The controlling end of a terminal of our own is one too.
    let terminal = fs::OpenOptions::new().read(true).write(true).open("/dev/ptmx").unwrap();
    let output = place.taillight(&["--listen", "127.0.0.1:0", "-"]).stdin(terminal).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{said}");
    assert!(said.contains("standard input is a terminal: pipe something into it, 'COMMAND | taillight -'"), "{said}");
}

#[test]
fn a_configuration_with_standard_input_is_checked_without_reading_it() {
    let place = Place::new();
    let (code, out, said) = place.run(&["config", "check", "-", "app.log"]);
    assert_eq!(
        (code, out.lines().next()),
        (Some(0), Some("the configuration is right: 2 roots, listening on 127.0.0.1:8765")),
        "{said}"
    );
}

#[test]
fn a_server_with_an_open_pipe_ends_on_a_signal_without_delay() {
    let place = Place::new();
    let mut command = place.taillight(&["--listen", "127.0.0.1:0", "--auth", "none", "-"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let input = child.stdin.take();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut String::new()).unwrap();
    let (code, said) = Serving { child }.end(Signal::TERM);
    assert_eq!(code, Some(0), "{said}");
    assert!(!said.contains("did not end in time"), "{said}");
    drop(input);
}
