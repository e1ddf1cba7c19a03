//! The search over files: what is asked, and what has come of it so far.

use leptos::prelude::*;
use serde::Deserialize;
use taillight::follow::grouped;
use taillight::line::ByteOffset;
use taillight::path::{LogPath, shown_name};
use taillight::query::{self, Expr, Query};
use taillight::view::{FileView, Page, Place, ViewState};

use crate::search::BoxError;
use crate::text;

/// The files that are shown, at most; the others are counted.
pub const MAX_FILES: usize = 200;

/// How many characters of a row are shown.
const MAX_ROW_CHARS: usize = 400;

/// How far into a row its first mark may stand before the row is shown from shortly before it, in bytes.
const MAX_LEAD_BYTES: usize = 60;

/// What is asked, and what has come.
#[derive(Clone, Copy)]
pub struct FilesSearch {
    /// What stands in the box.
    pub text: RwSignal<String>,
    /// The folder to search; `None` for all files.
    pub folder: RwSignal<Option<LogPath>>,
    /// What has come.
    pub found: RwSignal<Found>,
}

/// What has come of a search.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The query that it is of.
    pub query: String,
    /// How the search stands.
    pub state: State,
    /// Files with matching lines, the one that was written last first.
    pub files: Vec<FileHits>,
    /// More of them than are shown.
    pub n_more: u64,
    /// How far the search is, for people.
    pub progress: String,
    /// The same as bytes that are done, and all.
    pub bytes: (u64, u64),
}

/// How a search stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// Nothing was asked yet.
    #[default]
    Idle,
    /// It runs.
    Running,
    /// The user ended it.
    Cancelled,
    /// It could not be done.
    Failed {
        /// Why, for people.
        why: String,
        /// What is wrong with the query, where it is that.
        error: Option<BoxError>,
    },
    /// It is over.
    Over(Box<End>),
}

/// A file with matching lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileHits {
    /// Its path.
    pub path: LogPath,
    /// When it was last written.
    pub modified: Option<String>,
    /// How many lines match, when that is known.
    pub matched: Option<u64>,
    /// The first of them.
    pub rows: Vec<Hit>,
}

/// A matching line.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Hit {
    offset: ByteOffset,
    text: String,
    /// What is marked, in bytes of the text.
    #[serde(default)]
    marks: Vec<(usize, usize)>,
}

/// What the server says at the end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct End {
    files: u64,
    matched_files: u64,
    matched: u64,
    /// Why not all files were searched.
    pub stopped: Option<String>,
    /// What was not searched.
    pub unread: Vec<Unread>,
    more_unread: u64,
}

/// A file that was not searched.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Unread {
    /// Which.
    pub file: LogPath,
    /// Why.
    pub why: String,
}

/// One line of the server's answer, or why there is none: of each kind the fields. One type for all of them, because the
/// code that reads one is a hundredth of the page.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Said {
    file: Option<LogPath>,
    modified: Option<String>,
    rows: Vec<Hit>,
    matched: u64,
    progress: Option<Far>,
    done: bool,
    files: u64,
    matched_files: u64,
    stopped: Option<String>,
    unread: Vec<Unread>,
    more_unread: u64,
    detail: String,
    position: Option<u32>,
}

#[derive(Deserialize)]
struct Far {
    files: u64,
    of: u64,
    bytes: u64,
    total_bytes: u64,
}

impl Said {
    /// From text, as everything that the page reads: the reader of bytes would be another one in the program.
    fn of(line: &[u8]) -> Option<Self> {
        crate::json::read(std::str::from_utf8(line).ok()?)
    }
}

impl FilesSearch {
    /// Nothing is asked.
    #[expect(clippy::new_without_default, reason = "signals belong to an owner: they are made in one place")]
    pub fn new() -> Self {
        Self { text: RwSignal::new(String::new()), folder: RwSignal::new(None), found: RwSignal::new(Found::default()) }
    }
}

impl Found {
    /// Takes a line of the answer; `elapsed_ms` since it was asked. What cannot be read is left out.
    pub fn take(&mut self, line: &[u8], elapsed_ms: f64) {
        let Some(said) = Said::of(line) else { return };
        if said.done {
            let Said { files, matched_files, matched, stopped, unread, more_unread, .. } = said;
            self.state = State::Over(Box::new(End { files, matched_files, matched, stopped, unread, more_unread }));
            return;
        }
        if let Some(far) = said.progress {
            self.progress = far.text(elapsed_ms);
            self.bytes = (far.bytes, far.total_bytes);
        }
        let Some(path) = said.file else { return };
        let is_full = self.files.len() >= MAX_FILES;
        match self.files.iter_mut().find(|file| file.path == path) {
            Some(file) if said.rows.is_empty() => file.matched = Some(said.matched),
            Some(file) => file.rows.extend(said.rows),
            // The count of a file that is not shown comes once.
            None if said.rows.is_empty() => self.n_more += 1,
            None if is_full => {}
            None => {
                let at = self.files.partition_point(|file| file.modified >= said.modified);
                self.files.insert(at, FileHits { path, modified: said.modified, matched: None, rows: said.rows });
            }
        }
    }

    /// Takes an answer that says why there is none.
    pub fn fail(&mut self, body: &[u8]) {
        let said = Said::of(body).unwrap_or_default();
        let error = said.position.map(|position| BoxError { position, message: said.detail.clone() });
        let why = if said.detail.is_empty() { "The server's answer cannot be read".to_owned() } else { said.detail };
        self.state = State::Failed { why, error };
    }

    /// Whether it runs.
    pub fn is_running(&self) -> bool {
        self.state == State::Running
    }

    /// What is wrong with the query.
    pub fn error(&self) -> Option<&BoxError> {
        match &self.state {
            State::Failed { error, .. } => error.as_ref(),
            _ => None,
        }
    }

    /// Why it could not be done, where that is not the query's fault.
    pub fn failure(&self) -> String {
        match &self.state {
            State::Failed { why, error: None } => why.clone(),
            _ => String::new(),
        }
    }

    /// What is said of files that are not shown.
    pub fn more(&self) -> String {
        let more = "more with matching lines: search in a smaller folder to see them";
        if self.n_more == 0 { String::new() } else { format!("{} {more}", counted(self.n_more, "file")) }
    }

    /// What came of it, for people; nothing while nothing was asked.
    pub fn summary(&self) -> String {
        match &self.state {
            State::Idle | State::Failed { .. } => String::new(),
            State::Running => "Searching …".to_owned(),
            State::Cancelled if self.progress.is_empty() => "Cancelled".to_owned(),
            State::Cancelled => format!("Cancelled at {}", self.progress),
            State::Over(end) => end.summary(),
        }
    }
}

impl End {
    fn summary(&self) -> String {
        let searched = counted(self.files, "file");
        match self.matched {
            0 => format!("No line matches in {searched}"),
            n => format!("{} in {} of {searched}", counted(n, "line"), grouped(self.matched_files)),
        }
    }

    /// How many files were not searched, for people; `None` for none.
    pub fn unread_text(&self) -> Option<String> {
        let n_unread = self.unread.len() as u64 + self.more_unread;
        let verb = if n_unread == 1 { "was" } else { "were" };
        (n_unread > 0).then(|| format!("{} {verb} not searched, or not to the end", counted(n_unread, "file")))
    }
}

impl Far {
    fn text(&self, elapsed_ms: f64) -> String {
        let rate = (self.bytes as f64 * 1000.0 / elapsed_ms.max(1.0)) as u64;
        let (done, all) = (text::size(self.bytes), text::size(self.total_bytes));
        format!("{} of {} · {done} of {all} · {}/s", grouped(self.files), counted(self.of, "file"), text::size(rate))
    }
}

impl FileHits {
    /// How many lines match, for people: `≥` as long as they are counted.
    pub fn count_text(&self) -> String {
        match self.matched {
            Some(matched) => counted(matched, "line"),
            None => format!("≥ {}", counted(self.rows.len() as u64, "line")),
        }
    }

    /// The link to its matching lines.
    pub fn link(&self, query: &str) -> String {
        let view = FileView::at(self.path.clone(), Place::Start);
        ViewState::from(FileView { filter: query.to_owned(), ..view }).to_string()
    }

    /// The link to one of its lines, with what can be marked of the query.
    pub fn row_link(&self, hit: &Hit, query: &str) -> String {
        let view = FileView::at(self.path.clone(), Place::bytes(hit.offset, hit.offset));
        ViewState::from(FileView { find: find_of(query), ..view }).to_string()
    }
}

impl Hit {
    /// Its text in pieces, and which of them are marked.
    pub fn pieces(&self) -> Vec<(bool, String)> {
        let lead = self.marks.first().map_or(0, |(from, _)| *from);
        let mut at = if lead > MAX_LEAD_BYTES { self.text.floor_char_boundary(lead - MAX_LEAD_BYTES / 2) } else { 0 };
        let mut pieces = Vec::new();
        if at > 0 {
            pieces.push((false, "… ".to_owned()));
        }
        let mut left = MAX_ROW_CHARS;
        let marks = self.marks.iter().filter(|(from, to)| self.text.get(*from..*to).is_some());
        let ends = marks.flat_map(|&(from, to)| [(false, from), (true, to)]);
        for (is_marked, end) in ends.chain([(false, self.text.len())]) {
            let Some(piece) = self.text.get(at..end).filter(|piece| !piece.is_empty()) else { continue };
            let piece: String = piece.chars().take(left).collect();
            left -= piece.chars().count();
            at = end;
            pieces.push((is_marked, shown_name(piece.replace('\t', " ").as_bytes())));
        }
        pieces
    }
}

/// The folders that can be searched from a page: where it is, its root, and everything.
pub fn folders(view: &ViewState) -> Vec<Option<LogPath>> {
    let here = match &view.page {
        Page::Files { folder } => folder.clone(),
        Page::File(file) => file.path.parent(),
    };
    let root = here.as_ref().and_then(|here| LogPath::root(here.root_name()).ok());
    let mut folders = vec![here, root, None];
    folders.dedup();
    folders
}

/// What the Find box marks of the lines that match: the first text that they have.
fn find_of(query: &str) -> String {
    let (parsed, _) = query::parse_lenient(query);
    let find = parsed.root.as_ref().and_then(first_text).unwrap_or_default();
    if query::parse_find(&find).is_ok() { find } else { String::new() }
}

fn first_text(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Term(term) => term.is_text().then(|| Query { root: Some(expr.clone()) }.to_string()),
        Expr::Not(_) => None,
        Expr::And(parts) | Expr::Or(parts) => parts.iter().find_map(first_text),
    }
}

/// `1 line`, `1,204 lines`.
fn counted(n: u64, what: &str) -> String {
    format!("{} {what}{}", grouped(n), if n == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(lines: &[&str]) -> Found {
        let mut found = Found { state: State::Running, ..Found::default() };
        lines.iter().for_each(|line| found.take(line.as_bytes(), 500.0));
        found
    }

    const ROWS: &str = r#"{"file":"r/a.log","modified":"2026-11-22T14:00:00Z","rows":[{"line":null,"offset":5,"time":null,"level":null,"text":"an error","marks":[[3,8]]}]}"#;

    #[test]
    fn files_are_kept_by_age_and_get_their_counts() {
        let newer = ROWS.replace("a.log", "b.log").replace("14:00", "15:00");
        let found = taken(&[
            r#"{"progress":{"files":1,"of":3,"bytes":500000000,"total_bytes":2000000000}}"#,
            ROWS,
            &newer,
            ROWS,
            r#"{"file":"r/a.log","matched":1204,"complete":true}"#,
            "no JSON",
        ]);
        let names: Vec<_> = found.files.iter().map(|file| (file.path.to_string(), file.count_text())).collect();
        assert_eq!(names, [("r/b.log".to_owned(), "≥ 1 line".to_owned()), ("r/a.log".into(), "1,204 lines".into())]);
        assert_eq!(found.files[1].rows.len(), 2);
        assert_eq!(found.progress, "1 of 3 files · 500 MB of 2.0 GB · 1.0 GB/s");
        assert_eq!((found.summary().as_str(), found.bytes), ("Searching …", (500_000_000, 2_000_000_000)));
    }

    #[test]
    fn the_end_is_told_as_it_is() {
        let end = |line: &str| {
            let found = taken(&[line]);
            let State::Over(end) = &found.state else { panic!("{line}") };
            (found.summary(), end.unread_text(), end.stopped.clone())
        };
        assert_eq!(
            end(
                r#"{"done":true,"files":120,"matched_files":3,"matched":1,"stopped":null,"unread":[],"more_unread":0}"#
            ),
            ("1 line in 3 of 120 files".to_owned(), None, None)
        );
        assert_eq!(
            end(
                r#"{"done":true,"complete":false,"files":1,"matched":0,"stopped":"at x","unread":[{"file":"r/a","why":"gone"}],"more_unread":2}"#
            ),
            (
                "No line matches in 1 file".to_owned(),
                Some("3 files were not searched, or not to the end".to_owned()),
                Some("at x".to_owned())
            )
        );
    }

    #[test]
    fn a_refusal_is_told_with_its_place() {
        let failed = |body: &str| {
            let mut found = taken(&[]);
            found.fail(body.as_bytes());
            found.state
        };
        let error = Some(BoxError { position: 4, message: "expected x".to_owned() });
        assert_eq!(
            failed(r#"{"title":"t","detail":"expected x","status":400,"position":4}"#),
            State::Failed { why: "expected x".to_owned(), error }
        );
        assert_eq!(failed(r#"{"detail":"later"}"#), State::Failed { why: "later".to_owned(), error: None });
        assert_eq!(
            failed("<html>"),
            State::Failed { why: "The server's answer cannot be read".to_owned(), error: None }
        );
    }

    #[test]
    fn a_row_opens_its_line_with_what_the_query_looks_for_marked() {
        let found = taken(&[ROWS]);
        let file = &found.files[0];
        for (query, expected) in [
            ("error", "at=byte:5-5&find=error"),
            ("-x (\"a b\" or error)", "at=byte:5-5&find=%22a%20b%22"),
            ("/a b/i x", "at=byte:5-5&find=/a%20b/i"),
            ("-x", "at=byte:5-5"),
            ("", "at=byte:5-5"),
        ] {
            let link = file.row_link(&file.rows[0], query);
            assert_eq!(
                link.replace("byte:5&", "byte:5-5&").trim_end_matches("-5"),
                format!("/v/r/a.log?{expected}").trim_end_matches("-5"),
                "{query}"
            );
        }
        assert_eq!(file.link("a b"), "/v/r/a.log?at=start&q=a%20b");
    }

    #[test]
    fn a_row_is_shown_around_its_first_mark_and_hides_nothing() {
        let pieces = |text: &str, marks: &[(usize, usize)]| {
            Hit { offset: ByteOffset::ZERO, text: text.to_owned(), marks: marks.to_vec() }
                .pieces()
                .into_iter()
                .map(|(is_marked, piece)| if is_marked { format!("[{piece}]") } else { piece })
                .collect::<String>()
        };
        assert_eq!(pieces("an error here", &[(3, 8)]), "an [error] here");
        assert_eq!(pieces("a\u{202e}b\tc", &[]), format!("{} c", shown_name("a\u{202e}b".as_bytes())));
        assert_eq!(pieces(&format!("{}éhit", "x".repeat(99)), &[(101, 104)]), format!("… {}é[hit]", "x".repeat(28)));
        assert_eq!(pieces(&"y".repeat(999), &[]).len(), MAX_ROW_CHARS);
        // Marks that are no bytes of the text.
        assert_eq!(pieces("é", &[(1, 2), (7, 9)]), "é");
    }

    #[test]
    fn the_folders_to_search_are_where_the_page_is_and_what_is_above() {
        for (link, expected) in [
            ("/", vec!["all"]),
            ("/?path=r", vec!["r", "all"]),
            ("/?path=r/a/b", vec!["r/a/b", "r", "all"]),
            ("/v/r/x.log", vec!["r", "all"]),
            ("/v/r/a/x.log", vec!["r/a", "r", "all"]),
        ] {
            let folders = folders(&link.parse().unwrap());
            let names: Vec<_> =
                folders.iter().map(|folder| folder.as_ref().map_or("all".to_owned(), ToString::to_string)).collect();
            assert_eq!(names, expected, "{link}");
        }
    }
}
