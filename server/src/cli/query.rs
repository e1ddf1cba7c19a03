//! `query`: prints matching lines of files, with the engine of the page.
//!
//! Exit codes as grep has them: 0 when something matched, 1 when nothing did, 2 when the call or a file was wrong.

mod args;
mod follow;
mod print;
mod search;
mod stream;
mod walk;

use std::fmt::Display;
use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::SystemTime;

use clap::{Args, ValueEnum, ValueHint};
use taillight::level::LevelChoice;
use taillight::line::ByteOffset;
use taillight::path::shown_name;
use taillight::query::{Narrow, QUERY_BYTES, check_length};
use taillight::timestamp::TimeExpr;

pub use args::in_order;

use crate::catalog::{LogFile, Named, OpenError};
use crate::export::Format;
use crate::scan::rows::Around;
use crate::scan::{BadQuery, Filter};
use crate::source::packed::{Decoder, OWN_WINDOW_LOG, UnpackingReader};
use crate::source::{LocalFile, Source as _, is_gone};
use print::Printer;
use search::{Search, Stop};
use stream::Head;

/// What `query` takes.
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub struct QueryArgs {
    /// What a line must have, as in the page's Filter box: words, "phrases", /regex/, not, or, parentheses. It may begin
    /// with '-': '-health' prints the lines without that word. Quote a path before a regex: '"/var/log/x" /re/'.
    #[arg(value_name = "EXPR")]
    expr: String,
    /// The files; '-' is standard input, a folder stands for all files in it that are not hidden or binary.
    #[arg(value_name = "FILE", required = true, value_hint = ValueHint::AnyPath)]
    files: Vec<PathBuf>,
    /// Print how many lines match, per file; of the files in a folder those with any.
    #[arg(long, conflicts_with_all = ["format", "after", "before", "context", "follow"])]
    count: bool,
    /// Stop after so many matching lines, per file.
    #[arg(long, value_name = "N")]
    max_count: Option<u64>,
    /// How lines are printed.
    #[arg(long, value_enum, default_value_t = Printed::Text)]
    format: Printed,
    /// Print so many lines after each match too.
    #[arg(short = 'A', long = "after-context", value_name = "N")]
    after: Option<u32>,
    /// Print so many lines before each match too.
    #[arg(short = 'B', long = "before-context", value_name = "N")]
    before: Option<u32>,
    /// Print so many lines before and after each match too.
    #[arg(short = 'C', long = "context", value_name = "N")]
    context: Option<u32>,
    /// Only lines from that time on; a line without a time has that of the line above.
    #[arg(long, value_name = "TIME", value_parser = time, allow_hyphen_values = true)]
    from: Option<String>,
    /// Only lines before that time.
    #[arg(long, value_name = "TIME", value_parser = time, allow_hyphen_values = true)]
    to: Option<String>,
    /// Go on with what is appended, through rotation and truncation, until interrupted.
    #[arg(long)]
    follow: bool,
}

const AFTER_HELP: &str = "Examples:\n  \
    taillight query 'timeout -health' app.log\n  \
    taillight query --format json '/status=5\\d\\d/ or panic' a.log b.log\n  \
    taillight query --follow -C 3 panic app.log\n  \
    taillight query --count 'disk full' /var/log\n  \
    taillight query --from -15m 'level>=warn' app.log\n  \
    taillight query --from '2026-11-22 10:00' --to '2026-11-22 10:05' --format json '' app.log\n\n\
    TIME is RFC 3339, \"2026-11-22 10:00\", 10:00, -15m (also s, h, d, w), now, today or yesterday, the last two also \
    with a time of day. Times that name no zone, typed or in a line, are those of this machine's zone; years and dates \
    that lines leave out are those before the last change of the file.\n\n\
    In JSON, 'time' is the line's own time in UTC, and 'level' what the line itself says; both may be null.\n\n\
    Exit codes: 0 when something matched, 1 when nothing did, 2 when the call or a file was wrong.";

/// How lines are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Printed {
    /// Without escapes and line ends.
    Text,
    /// One object a line: file, line, offset, time, level, text.
    Json,
    /// The bytes as they are.
    Raw,
}

/// What is looked for in each file.
#[derive(Clone, Debug)]
struct Wanted {
    filter: Filter,
    around: Around,
    max: Option<u64>,
    format: Format,
    count: bool,
}

/// The whole run.
struct Run {
    wanted: Wanted,
    printer: Printer<io::Stdout>,
    /// Whether lines and counts say which file they are of.
    names: bool,
    matched: bool,
    failed: bool,
    /// What was not searched in folders.
    passed: walk::Passed,
}

/// What a command-line name stands for.
enum Input {
    File(LogFile),
    Stream(File),
}

/// How many lines of a file match, as far as it could be read, where that is known; and why it was not read to its end.
type Searched = (Option<u64>, Result<(), Stop>);

/// What a file is, open.
enum Opened {
    Plain(Arc<LocalFile>, ByteOffset),
    Packed(Box<Decoder>, SystemTime),
}

/// Does it.
pub fn run(args: &QueryArgs) -> ExitCode {
    let wanted = match wanted(args) {
        Ok(wanted) => wanted,
        Err(message) => {
            say(&message);
            return ExitCode::from(2);
        }
    };
    let names = args.files.len() > 1 || walk::has_folder(&args.files);
    let printer = Printer::new(io::stdout(), wanted.format, wanted.around != Around::default());
    let mut run = Run { wanted, printer, names, matched: false, failed: false, passed: walk::Passed::default() };
    let done = if args.follow { run.follow(&args.files) } else { run.all(&args.files) };
    match done.and_then(|()| run.printer.flush()) {
        Ok(()) => {}
        // Whoever read our output has enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        Err(error) => {
            say(&format!("error: cannot write the output: {error}"));
            run.failed = true;
        }
    }
    ExitCode::from(match (run.failed, run.matched) {
        (true, _) => 2,
        (false, true) => 0,
        (false, false) => 1,
    })
}

fn wanted(args: &QueryArgs) -> Result<Wanted, String> {
    let bound = |time: &Option<String>| time.clone().unwrap_or_default();
    let narrow = Narrow { levels: LevelChoice::ALL, from: bound(&args.from), to: bound(&args.to) };
    // No server is asked, so none is spared: the limit is the one that servers have where nothing is set.
    check_length(&args.expr, QUERY_BYTES).map_err(|wrong| pointed(&args.expr, &wrong.into()))?;
    let filter = Filter::narrowed(&args.expr, &narrow).map_err(|bad| pointed(&args.expr, &bad))?;
    let context = args.context.unwrap_or(0);
    let around = Around { before: args.before.unwrap_or(context), after: args.after.unwrap_or(context) };
    let format = match args.format {
        Printed::Text => Format::Text,
        Printed::Json => Format::Json,
        Printed::Raw => Format::Raw,
    };
    Ok(Wanted { filter, around, max: args.max_count, format, count: args.count })
}

fn time(text: &str) -> Result<String, String> {
    let is_time = TimeExpr::parse(text).is_some();
    if is_time { Ok(text.to_owned()) } else { Err(format!("write {}", TimeExpr::FORMS)) }
}

/// The query with a mark below the place.
fn pointed(expr: &str, bad: &BadQuery) -> String {
    let before = expr.get(..bad.position as usize).unwrap_or(expr);
    let indent = shown_name(before.as_bytes()).chars().count();
    let shown = shown_name(expr.as_bytes());
    format!("error: bad query at byte {}: {}\n  {shown}\n  {:indent$}^", bad.position, bad.detail, "")
}

impl Run {
    /// Each file to its end. Fails when nothing can be written any more.
    fn all(&mut self, paths: &[PathBuf]) -> io::Result<()> {
        for path in paths {
            if walk::is_folder(path) {
                self.folder(path)?;
            } else if let Some(input) = self.open(path) {
                self.input(path, input, true)?;
            }
        }
        self.printer.flush()?;
        self.say_passed();
        Ok(())
    }

    /// One of them. `tells_none`: a count of none is printed too.
    fn input(&mut self, path: &Path, input: Input, tells_none: bool) -> io::Result<()> {
        let (n_matched, done) = match input {
            Input::File(file) => self.file(path, file),
            Input::Stream(file) => self.stream(path, file),
        };
        self.outcome(path, done)?;
        self.matched |= n_matched.is_some_and(|n_matched| n_matched > 0);
        if let Some(n_matched) = n_matched.filter(|n_matched| self.wanted.count && (tells_none || *n_matched > 0)) {
            let name = if self.names { format!("{}:", name_of(path)) } else { String::new() };
            self.printer.line(&format!("{name}{n_matched}"))?;
        }
        Ok(())
    }

    /// What is there, then what is appended.
    fn follow(&mut self, paths: &[PathBuf]) -> io::Result<()> {
        let mut files = Vec::new();
        for path in paths {
            match self.open(path) {
                None => {}
                Some(Input::File(file)) => files.push((path.as_path(), file)),
                // A stream is followed by reading it.
                Some(Input::Stream(file)) if paths.len() == 1 => {
                    let (n_matched, done) = self.stream(path, file);
                    self.outcome(path, done)?;
                    self.matched = n_matched.is_some_and(|n_matched| n_matched > 0);
                }
                Some(Input::Stream(_)) => {
                    self.report(path, &"this is a stream: it can be followed as the only FILE");
                }
            }
        }
        if files.is_empty() { Ok(()) } else { follow::run(self, files) }
    }

    fn open(&mut self, path: &Path) -> Option<Input> {
        let opened = match path.as_os_str().as_encoded_bytes() {
            b"-" => io::stdin().as_fd().try_clone_to_owned().map(|fd| Named::Stream(fd.into())).map_err(OpenError::Io),
            _ => Named::open(path),
        };
        match opened {
            Ok(Named::File(file)) => Some(Input::File(file)),
            Ok(Named::Stream(file)) => Some(Input::Stream(file)),
            Err(OpenError::IsFolder) => {
                self.report(path, &"a folder cannot be followed: name the files in it");
                None
            }
            Err(OpenError::Io(error)) => {
                self.report(path, &error);
                None
            }
            Err(error) => {
                self.report(path, &error);
                None
            }
        }
    }

    fn file(&mut self, path: &Path, file: LogFile) -> Searched {
        match self.opened(file) {
            Ok(Opened::Packed(decoder, modified)) => {
                self.sift(path, (UnpackingReader::new(*decoder), Head::Stored { modified }))
            }
            Ok(Opened::Plain(source, len)) => {
                let mut search = Search::new(self.wanted.clone(), self.name(path), source);
                let done = search.advance(len, &mut self.printer);
                // What was counted of a file that cannot be read on is not known.
                (done.is_ok().then(|| search.n_matched()), done)
            }
            Err(stop) => (None, Err(stop)),
        }
    }

    /// What a file is. A compressed one is read from its start to its end, once: nothing of it is kept.
    fn opened(&self, file: LogFile) -> Result<Opened, Stop> {
        let source = Arc::new(LocalFile::new(Arc::new(file)).map_err(Stop::Input)?);
        match Decoder::of(Arc::clone(&source) as _, OWN_WINDOW_LOG).map_err(Stop::Input)? {
            Some(decoder) => Ok(Opened::Packed(Box::new(decoder), source.modified().map_err(Stop::Input)?)),
            None => {
                let len = source.len().map_err(Stop::Input)?;
                Ok(Opened::Plain(source, len))
            }
        }
    }

    fn stream(&mut self, path: &Path, file: impl io::Read) -> Searched {
        self.sift(path, (file, Head::Live))
    }

    fn sift(&mut self, path: &Path, stream: (impl io::Read, Head)) -> Searched {
        let cut = |offset: u64| {
            say(&format!("note: {}: the line at byte {offset} is too long for a stream and is cut", name_of(path)));
        };
        stream::run(&self.wanted, &self.name(path), stream, &mut self.printer, cut)
    }

    /// What came of a file: that it failed is told and does not end the run.
    fn outcome(&mut self, path: &Path, done: Result<(), Stop>) -> io::Result<()> {
        match done {
            Ok(()) => Ok(()),
            Err(Stop::Output(error)) => {
                // Only what matched is written.
                self.matched = true;
                Err(error)
            }
            Err(Stop::Input(error)) => {
                // In order with what was found before.
                self.printer.flush()?;
                if is_gone(&error) {
                    self.report(path, &"the file became shorter while it was read");
                } else {
                    self.report(path, &error);
                }
                Ok(())
            }
        }
    }

    fn name(&self, path: &Path) -> print::Name {
        print::Name::new(path, self.names)
    }

    fn report(&mut self, path: &Path, what: &dyn Display) {
        self.failed = true;
        say(&format!("error: {}: {what}", name_of(path)));
    }
}

/// A file's name as it is told to people.
fn name_of(path: &Path) -> String {
    shown_name(path.as_os_str().as_encoded_bytes())
}

fn say(message: &str) {
    let _ = writeln!(io::stderr(), "{message}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_query_is_shown_with_a_mark_below_the_place() {
        let bad = |position| BadQuery { position, detail: "expected x".to_owned() };
        for (expr, position, expected) in [
            ("a or", 4, "error: bad query at byte 4: expected x\n  a or\n      ^"),
            ("é\t(", 3, "error: bad query at byte 3: expected x\n  é␉(\n    ^"),
            ("a", 9, "error: bad query at byte 9: expected x\n  a\n   ^"),
        ] {
            assert_eq!(pointed(expr, &bad(position)), expected);
        }
    }
}
