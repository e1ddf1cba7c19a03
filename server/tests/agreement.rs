//! One engine, many doors: for generated queries over nasty lines, and over real logs, the page, the command, `lines`,
//! `count`, the download, a viewer's socket and an oracle that is none of ours give the same rows. What ripgrep can say agrees with it too.
//!
//! `TAILLIGHT_QUERIES` says how many queries (200); `TAILLIGHT_SEED` which ones.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking, and says what it left out")]

#[path = "common/server.rs"]
mod common;
#[path = "agreement/generate.rs"]
mod generate;
#[allow(dead_code, reason = "this file uses a part of it")]
#[path = "it/socket.rs"]
mod socket;

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;

use common::{DEADLINE, Scratch, TestServer};
use generate::{Dice, Log, Tree};
use serde_json::{Value, json};
use socket::ClientSocket;
use taillight::cursor::Anchor;
use taillight::level::{Level, LevelChoice, LevelSet};
use taillight::line::{ByteLen, ByteOffset, LineNo};
use taillight::query;
use taillight::wire::{ClientMsg, ENDPOINT, Filter, Frame, FrameRow, ServerMsg, Tip};

/// Lines of the nasty file.
const NASTY_LINES: usize = 400;

/// Real logs that are looked through too, where they are.
const REAL_LOGS: [&str; 5] = ["Linux_2k.log", "HDFS_2k.log", "Apache_2k.log", "Zookeeper_2k.log", "OpenSSH_2k.log"];

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// The answer to a GET: status and body. HTTP/1.0, so that the body comes as it is.
fn get(addr: SocketAddr, path: &str) -> (u16, Vec<u8>) {
    let mut stream = TcpStream::connect(addr).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {addr}\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap_or_else(|error| panic!("{path}: {error}"));
    let head = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap_or_else(|| panic!("{path}: no head"));
    let body = answer.split_off(head + 4);
    let status = String::from_utf8_lossy(&answer).split(' ').nth(1).unwrap().parse().unwrap();
    (status, body)
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn objects(ndjson: &[u8], what: &str) -> Vec<Value> {
    let text = std::str::from_utf8(ndjson).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{what}: {error}: {line}")))
        .collect()
}

/// Where the link of that name leads, if there is one.
fn link_called(name: &str, html: &str) -> Option<String> {
    let before = &html[..html.find(&format!(">{name}<"))?];
    let tag = &before[before.rfind('<')?..];
    let address = tag.split_once("href=\"")?.1.split_once('"')?.0;
    Some(address.replace("&amp;", "&"))
}

/// What the oracle finds: the numbers of the lines, from 0.
fn oracle(log: &Log, tree: &Tree) -> Vec<usize> {
    (0..log.lines.len()).filter(|&idx| tree.is_true_of(&log.lines[idx])).collect()
}

/// The rows of those lines, as the contract writes them.
fn rows(log: &Log, lines: &[usize]) -> Vec<Value> {
    let offsets = log.offsets();
    let row = |&idx: &usize| {
        let line = &log.lines[idx];
        let (time, level) = (line.own.map(|time| time.to_string()), line.level.map(Level::name));
        let text = String::from_utf8_lossy(&line.clean);
        json!({ "line": idx + 1, "offset": offsets[idx], "time": time, "level": level, "text": text })
    };
    lines.iter().map(row).collect()
}

/// What is compared at each door, for one query.
struct Case<'a> {
    addr: SocketAddr,
    folder: &'a Path,
    log: &'a Log,
    q: &'a str,
    /// What else narrows it.
    narrow: Narrow,
    /// Whether the compressed file is asked.
    is_packed: bool,
    found: Vec<usize>,
}

/// What narrows a query beside its text, as it is said to the server and to the command.
#[derive(Default)]
struct Narrow {
    /// As a viewer says it.
    wire: query::Narrow,
    params: String,
    options: Vec<String>,
    /// What the command, which has no option for it, says in the query.
    text: String,
    /// What that means.
    terms: Vec<Tree>,
}

impl Narrow {
    fn new(dice: &mut Dice, log: &Log) -> Self {
        let mut narrow = Self::default();
        if dice.one_in(2) {
            let from = generate::a_time(dice, log);
            narrow.wire.from = from.to_string();
            narrow.add(("from", from.to_string()), Tree::After(from));
        }
        if dice.one_in(2) {
            let to = generate::a_time(dice, log);
            narrow.wire.to = to.to_string();
            narrow.add(("to", to.to_string()), Tree::Before(to));
        }
        if dice.one_in(2) {
            narrow.add_levels(generate::levels(dice), dice.one_in(2));
        }
        narrow
    }

    fn add_levels(&mut self, levels: LevelSet, unknown: bool) {
        let choice = LevelChoice::new(levels, unknown);
        let any = "level:trace,debug,info,warn,error,fatal";
        let (mut term, mut text) = (Tree::Level(levels), format!("level:{levels}"));
        if unknown {
            term = Tree::Any(vec![term, Tree::Not(Box::new(Tree::Level(LevelSet::ALL)))]);
            text = format!("({text} or -{any})");
        }
        self.params += &format!("&lvl={}", encoded(&choice.to_string()));
        self.wire.levels = choice;
        self.text = text;
        self.terms.push(term);
    }

    fn add(&mut self, (name, value): (&str, String), term: Tree) {
        self.params += &format!("&{name}={}", encoded(&value));
        self.options.push(format!("--{name}={value}"));
        self.terms.push(term);
    }
}

impl Case<'_> {
    /// The file that is asked about.
    fn name(&self) -> String {
        format!("{}{}", self.log.name, if self.is_packed { ".gz" } else { "" })
    }

    fn url(&self, kind: &str, params: &str) -> String {
        format!("/{kind}/logs/{}?q={}{}{params}", self.name(), encoded(self.q), self.narrow.params)
    }

    fn get(&self, kind: &str, params: &str) -> Vec<u8> {
        let path = self.url(kind, params);
        let (status, body) = get(self.addr, &path);
        assert_eq!(status, 200, "{} at {path}: {}", self.q, String::from_utf8_lossy(&body));
        body
    }

    fn assert_rows(&self, what: &str, given: &[Value], expected: &[Value]) {
        let lines = |rows: &[Value]| rows.iter().map(|row| row["line"].to_string()).collect::<BTreeSet<_>>();
        let (got, wanted) = (lines(given), lines(expected));
        let more: Vec<_> = got.difference(&wanted).take(5).collect();
        let less: Vec<_> = wanted.difference(&got).take(5).collect();
        let text = |line: Option<&&String>| {
            let idx = line.and_then(|line| line.parse::<usize>().ok());
            idx.map(|idx| String::from_utf8_lossy(&self.log.lines[idx - 1].raw).chars().take(500).collect::<String>())
        };
        assert!(
            given == expected,
            "{what} of {}: query {:?}\n too many: {more:?} {:?}\n missing: {less:?} {:?}",
            self.log.name,
            self.q,
            text(more.first()),
            text(less.first())
        );
    }

    fn query(&self, options: &[&str]) -> (Option<i32>, Vec<u8>) {
        let q = match self.narrow.text.as_str() {
            "" => self.q.to_owned(),
            levels => format!("( {} ) {levels}", self.q),
        };
        let mut command = Command::new(env!("CARGO_BIN_EXE_taillight"));
        command
            .arg("query")
            .args(options)
            .args(&self.narrow.options)
            .arg("--")
            .arg(q)
            .arg(self.name())
            .current_dir(self.folder);
        let output = command.output().unwrap();
        assert!(output.stderr.is_empty(), "{:?}: {}", self.q, String::from_utf8_lossy(&output.stderr));
        (output.status.code(), output.stdout)
    }

    fn check_command(&self, expected: &[Value]) {
        let (code, out) = self.query(&["--format", "json"]);
        let mut given = objects(&out, self.q);
        for row in &mut given {
            assert_eq!(row.as_object_mut().unwrap().remove("file"), Some(json!(self.name())));
        }
        self.assert_rows("query", &given, expected);
        assert_eq!(code, Some(i32::from(expected.is_empty())), "{:?}", self.q);
    }

    fn check_context(&self, dice: &mut Dice) {
        let (before, after) = (dice.below(4), dice.below(4));
        let is_near =
            |idx: &usize| self.found.iter().any(|&hit| hit.saturating_sub(before) <= *idx && *idx <= hit + after);
        let shown: Vec<usize> = (0..self.log.lines.len()).filter(is_near).collect();
        let options = ["--format", "json", "-B", &before.to_string(), "-A", &after.to_string()];
        let mut given = objects(&self.query(&options).1, self.q);
        given.iter_mut().for_each(|row| drop(row.as_object_mut().unwrap().remove("file")));
        self.assert_rows("query with context", &given, &rows(self.log, &shown));
    }

    /// At every door.
    async fn check(&self, expected: &[Value], dice: &mut Dice) {
        self.check_http(expected);
        self.check_page();
        self.check_socket(dice).await;
        self.check_middle(dice);
        self.check_command(expected);
        self.check_context(dice);
    }

    fn check_http(&self, expected: &[Value]) {
        // First of all, since `lines` may leave out numbers that are not counted.
        let count: Value = serde_json::from_slice(&self.get("api/v1/count", "&wait=20")).unwrap();
        let lines = self.log.lines.len();
        assert_eq!(count, json!({ "matched": expected.len(), "lines": lines, "complete": true }), "{:?}", self.q);
        let mut given = objects(&self.get("api/v1/lines", "&after=10000"), self.q);
        let end = self.log.bytes().len();
        assert_eq!(given.pop(), Some(json!({ "done": true, "complete": true, "next": end })), "{:?}", self.q);
        self.assert_rows("lines", &given, expected);
        self.assert_rows("raw as ndjson", &objects(&self.get("raw", "&format=ndjson"), self.q), expected);
        let raw: Vec<u8> = self.found.iter().flat_map(|&idx| self.log.lines[idx].raw.iter().copied()).collect();
        assert!(self.get("raw", "") == raw, "raw of {:?}", self.q);
    }

    /// The rows of the page as they stand in the HTML, from the start to the end by the page's own links.
    fn check_page(&self) {
        let offsets = self.log.offsets();
        let expected: Vec<u64> = self.found.iter().map(|&idx| offsets[idx]).collect();
        let mut shown: Vec<u64> = Vec::new();
        let mut next = Some(self.url("v", "&at=start"));
        while let Some(path) = next {
            let (status, body) = get(self.addr, &path);
            assert_eq!(status, 200, "{path}");
            let html = String::from_utf8(body).unwrap();
            let attributes = html.split("data-offset=\"").skip(1);
            let offsets = attributes.map(|rest| rest[..rest.find('"').unwrap()].parse::<u64>().unwrap());
            // A page begins a few rows above its place: what was met before is not news.
            let last = shown.last().copied();
            shown.extend(offsets.filter(|offset| last.is_none_or(|last| *offset > last)));
            next = link_called("Newer", &html);
        }
        assert!(shown == expected, "page of {}: query {:?}: {shown:?}, and not {expected:?}", self.log.name, self.q);
    }

    /// The rows as a viewer gets them over its socket, from the start to the end, page by page.
    async fn check_socket(&self, dice: &mut Dice) {
        let url = format!("ws://{}{ENDPOINT}", self.addr);
        let mut viewer = ClientSocket::connect(&url, &[]).await.unwrap();
        let path = format!("logs/{}", self.name());
        let mut open = socket::open(&path, Anchor::Start, false, None);
        let wanted = Filter { q: self.q.to_owned(), ctx: 0, narrow: self.narrow.wire.clone() };
        if let ClientMsg::Open { filter, before, after, .. } = &mut open {
            (*filter, *before, *after) = (Some(wanted), 0, 1 + dice.below(100) as u32);
        }
        viewer.say(&open).await;
        let mut frame = viewer.frame(|_| true).await;
        let mut shown = Shown::default();
        for req in 1.. {
            shown.take(&frame);
            if frame.flags.at_end {
                break;
            }
            let (at, after) = (Anchor::Byte(frame.end), 1 + dice.below(500) as u32);
            viewer.say(&ClientMsg::Page { req, generation: frame.generation, at, before: 0, after }).await;
            frame = viewer.frame(|frame| frame.req == req).await;
        }
        self.assert_shown(&shown);
        if self.found.is_empty() {
            return;
        }
        // All of it is counted in the end.
        let n_lines = self.found.len() as u64;
        let is_counted = |tip: &Tip| tip.shown.is_none_or(|it| it.exact && it.count.get() == n_lines);
        if !viewer.tip.as_ref().is_some_and(is_counted) {
            viewer.message(|msg| matches!(msg, ServerMsg::Tip(tip) if is_counted(tip))).await;
        }
    }

    fn assert_shown(&self, shown: &Shown) {
        let offsets = self.log.offsets();
        let expected: Vec<u64> = self.found.iter().map(|&idx| offsets[idx]).collect();
        let given: Vec<u64> = shown.rows.iter().map(|row| row.0).collect();
        assert!(given == expected, "socket of {}: query {:?}: {given:?}, and not {expected:?}", self.name(), self.q);
        for ((offset, line, bytes, missing), &idx) in shown.rows.iter().zip(&self.found) {
            let raw = self.log.lines[idx].raw.as_slice();
            let raw = raw.strip_suffix(b"\n").unwrap_or(raw);
            assert!(line.is_none_or(|line| line.get() == idx as u64 + 1), "{line:?} at {offset}");
            let holds = if *missing == ByteLen::ZERO { raw == bytes.as_slice() } else { !bytes.is_empty() };
            assert!(holds, "the line at {offset} of {}", self.name());
        }
    }

    /// From a place in the middle, a few rows each way.
    fn check_middle(&self, dice: &mut Dice) {
        let (offsets, before, after) = (self.log.offsets(), dice.below(5), dice.below(5));
        let at = dice.below(offsets.len());
        let split = self.found.partition_point(|&idx| idx < at);
        let from = split.saturating_sub(before);
        let to = (split + after).min(self.found.len());
        let params = format!("&at=byte:{}&before={before}&after={after}", offsets[at]);
        let mut given = objects(&self.get("api/v1/lines", &params), self.q);
        let done = given.pop().unwrap();
        assert_eq!((&done["done"], &done["complete"]), (&json!(true), &json!(true)), "{:?} {params}", self.q);
        self.assert_rows(&format!("lines{params}"), &given, &rows(self.log, &self.found[from..to]));
    }
}

/// The rows that a viewer was sent: where each starts, its number, its bytes and how many are left out.
#[derive(Default)]
struct Shown {
    rows: Vec<(u64, Option<LineNo>, Vec<u8>, ByteLen)>,
    end: ByteOffset,
}

impl Shown {
    fn take(&mut self, frame: &Frame) {
        assert_eq!(frame.offset, self.end, "pages adjoin");
        self.end = frame.end;
        let rows = frame.rows();
        // NUL bytes in front of a line may be counted instead of sent.
        let bytes = |row: &FrameRow<'_>| [&vec![0; row.hole.get() as usize][..], row.bytes].concat();
        self.rows.extend(rows.map(|row| (row.offset.get(), row.line, bytes(&row), row.missing)));
    }
}

fn write(scratch: &Scratch, log: &Log) {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(&log.bytes()).unwrap();
    for (name, bytes) in [(log.name.clone(), log.bytes()), (format!("{}.gz", log.name), packed.finish().unwrap())] {
        scratch.write(&name, &bytes);
        let file = std::fs::File::options().append(true).open(scratch.logs().join(&name)).unwrap();
        file.set_modified(generate::modified()).unwrap();
    }
}

async fn served(logs: &[Log]) -> (Scratch, TestServer) {
    let scratch = Scratch::new();
    for log in logs {
        write(&scratch, log);
    }
    let server = TestServer::start(&scratch, &[("auth", "none")]).await;
    (scratch, server)
}

fn logs(dice: &mut Dice) -> Vec<Log> {
    let mut logs = vec![Log::nasty("nasty.log", dice, NASTY_LINES), Log::long("long.log"), Log::marked("marked.log")];
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/logs");
    for name in REAL_LOGS {
        match std::fs::read(folder.join(name)) {
            Ok(bytes) => logs.push(Log::real(name, &bytes, dice)),
            Err(error) => println!("left out, because it is not here: {name} ({error})"),
        }
    }
    logs
}

#[tokio::test(flavor = "multi_thread")]
async fn every_door_gives_the_rows_that_the_oracle_gives() {
    let (n_queries, seed) = (number("TAILLIGHT_QUERIES", 200), number("TAILLIGHT_SEED", 1));
    let logs = logs(&mut Dice::new(seed));
    let (scratch, server) = served(&logs).await;
    let (mut n_found, mut n_some) = (0, 0);
    for idx in 0..n_queries {
        // Its own dice: the same query whatever came before.
        let mut dice = Dice::new(seed.wrapping_mul(1_000_003) ^ idx);
        // Most of them over the nasty lines.
        let log = if dice.one_in(3) { dice.pick(&logs) } else { &logs[0] };
        let tree = Tree::new(&mut dice, log, 3);
        let q = tree.text(&mut dice);
        let narrow = if dice.one_in(4) { Narrow::new(&mut dice, log) } else { Narrow::default() };
        let narrowed = Tree::All([vec![tree], narrow.terms.clone()].concat());
        let found = oracle(log, &narrowed);
        n_found += found.len();
        n_some += u64::from(!found.is_empty() && found.len() < log.lines.len());
        let is_packed = dice.one_in(6);
        let case = Case { addr: server.addr, folder: &scratch.logs(), log, q: &q, narrow, is_packed, found };
        let expected = rows(log, &case.found);
        case.check(&expected, &mut dice).await;
    }
    println!("{n_queries} queries, {n_found} rows; {n_some} queries matched some lines and not all");
    assert!(n_some >= n_queries / 3, "the queries are too easy: only {n_some} tell lines apart");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_door_takes_the_byte_order_mark_of_a_file_for_text() {
    let logs = [Log::marked("marked.log")];
    let (scratch, server) = served(&logs).await;
    let mut dice = Dice::new(1);
    for (q, found) in [
        ("/^2026/", vec![0, 1]),
        ("-/^2026/", vec![2, 3]),
        ("/^2026.*ERROR/ or timeout", vec![0, 1]),
        ("/^\\S{20} ERROR first x$/", vec![0]),
        ("/^\\u{feff}/", vec![3]),
        ("/^.2026/", vec![3]),
        ("level:error after:2026-11-22T10:00:00Z", vec![0, 3]),
        ("-nowhere", vec![0, 1, 2, 3]),
    ] {
        for is_packed in [false, true] {
            let (folder, narrow) = (scratch.logs(), Narrow::default());
            let case =
                Case { addr: server.addr, folder: &folder, log: &logs[0], q, narrow, is_packed, found: found.clone() };
            let expected = rows(&logs[0], &case.found);
            case.check(&expected, &mut dice).await;
            let text: Vec<u8> =
                case.found.iter().flat_map(|&idx| [&logs[0].lines[idx].clean[..], b"\n"].concat()).collect();
            assert!(case.get("raw", "&format=text") == text, "raw as text of {q:?}");
            assert!(case.query(&[]).1 == text, "query as text of {q:?}");
        }
    }
    server.stop().await;
}

/// What ripgrep prints.
fn ripgrep(args: &[&str], scratch: &Scratch, log: &Log) -> Vec<u8> {
    let always = ["--no-config", "-a", "-E", "none", "--color", "never", "--no-filename", "--crlf"];
    Command::new("rg").args(always).args(args).arg(scratch.logs().join(&log.name)).output().unwrap().stdout
}

/// A query that ripgrep can say too: its text, the pattern, and options.
fn for_ripgrep(dice: &mut Dice, log: &Log) -> (String, String, Vec<&'static str>) {
    let escaped = |word: &str| {
        let escape = |c: char| if "\\.+*?()|[]{}^$#&-~/".contains(c) { format!("\\{c}") } else { c.to_string() };
        let text: String = word.chars().map(escape).collect();
        if word.chars().any(char::is_uppercase) { text } else { format!("(?i:{text})") }
    };
    let (one, other) = (dice.pick(&log.words), dice.pick(&log.words));
    match dice.below(5) {
        0 | 1 => (one.clone(), escaped(one), vec![]),
        2 => (format!("{one} or {other}"), format!("{}|{}", escaped(one), escaped(other)), vec![]),
        3 => (format!("-{one}"), escaped(one), vec!["-v"]),
        _ => {
            let pattern = *dice.pick(&[
                "\\d+\\.\\d+",
                "^[A-Z]\\w+ ",
                "[a-f0-9]{4,}$",
                "\\bERROR|warn\\b",
                "\\W\\w{12,}\\W",
                "é|ß|日",
            ]);
            (format!("/{pattern}/"), pattern.to_owned(), vec![])
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ripgrep_can_say_agrees_with_it() {
    if Command::new("rg").arg("--version").output().is_err() {
        println!("left out: ripgrep is not installed");
        return;
    }
    let logs = logs(&mut Dice::new(7));
    let (scratch, server) = served(&logs).await;
    let mut dice = Dice::new(11);
    // Of a long line ripgrep sees the rest too, and told not to decode it sees a byte order mark.
    for log in logs.iter().filter(|log| !log.is_long && log.name != "marked.log") {
        // Ripgrep sees escapes and we do not: only files without them can be compared.
        let clean_log;
        let log = if log.name == "nasty.log" {
            let clean: Vec<u8> = log.lines.iter().flat_map(|line| [line.clean.as_slice(), b"\n"].concat()).collect();
            clean_log = Log::real("clean.log", &clean, &mut dice);
            write(&scratch, &clean_log);
            &clean_log
        } else {
            log
        };
        for _ in 0..15 {
            let (q, pattern, options) = for_ripgrep(&mut dice, log);
            let output = ripgrep(&[&options[..], &["-n", "--no-heading", "-e", &pattern]].concat(), &scratch, log);
            let number = |line: &[u8]| {
                let text = String::from_utf8_lossy(line);
                text.split_once(':').and_then(|(number, _)| number.parse::<usize>().ok()).map(|number| number - 1)
            };
            let found: Vec<usize> = output.split(|&byte| byte == b'\n').filter_map(number).collect();
            let expected = rows(log, &found);
            let count = ripgrep(&[&options[..], &["-c", "--include-zero", "-e", &pattern]].concat(), &scratch, log);
            assert_eq!(String::from_utf8(count).unwrap().trim_end(), found.len().to_string(), "{q}");
            let case = Case {
                addr: server.addr,
                folder: &scratch.logs(),
                log,
                q: &q,
                narrow: Narrow::default(),
                is_packed: false,
                found,
            };
            case.check_http(&expected);
            case.check_command(&expected);
        }
    }
    server.stop().await;
}
