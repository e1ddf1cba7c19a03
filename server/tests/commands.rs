//! The program itself: exit codes, messages, and what a person sees at the start.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
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
    ];
    for (args, expected) in table {
        let (code, out, said) = place.run(args);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{args:?}: {said}");
        assert!(said.contains(expected), "{args:?}: {said}");
    }
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
