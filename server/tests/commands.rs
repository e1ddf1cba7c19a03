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
    let table: &[(&[&str], &str)] = &[
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
        (&["query", "level:error", "app.log"], "error: bad query at byte 0: "),
        (&["query", "--from", "10:00", "a", "app.log"], "'--from' and '--to' are not in this version yet"),
        (&["query", "--format", "xml", "a", "app.log"], "[possible values: text, json, raw]"),
        (&["query", "--count", "--follow", "a", "app.log"], "cannot be used with"),
        (&["query", "--cuont", "a", "app.log"], "a similar argument exists: '--count'"),
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
        let mut command = place.taillight(&[&["query"], args].concat());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), expected, "{args:?}");
        assert_eq!(output.status.code(), Some(0), "{args:?}");
    }
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
    fs::write(place.top.join("c.toml"), "heartbeat = 7\n").unwrap();
    let args = ["config", "show", "--config", "c.toml", "--listen", "127.0.0.1:1", "x=app.log"];
    let output = place.taillight(&args).env("TAILLIGHT_POLL", "true").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
    for row in [
        ["listen", "127.0.0.1:1", "--listen"],
        ["heartbeat", "7", "c.toml:1"],
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
