//! `stat`: what is in files: lines, bytes, levels, time range, encoding, longest line; each read once, by all cores.

mod head;
mod table;

use std::fs::File;
use std::io::{self, Read, Write as _};
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::SystemTime;

use clap::{Args, ValueHint};
use serde::{Serialize, Serializer};
use taillight::level::{Level, LevelChoice, LevelCounts};
use taillight::line::{ByteLen, ByteOffset, LineCount};
use taillight::path::shown_name;
use taillight::timestamp::Stamp;

use crate::catalog::{LogFile, Named, OpenError};
use crate::dates::{Dates, HEAD_BYTES};
use crate::scan::{Survey, survey, survey_stream};
use crate::source::packed::{Decoder, OWN_WINDOW_LOG, UnpackingReader};
use crate::source::{LocalFile, Source as _, Utf16, is_gone, read_full};

/// What `stat` takes.
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub struct StatArgs {
    /// The files; '-' is standard input. Compressed files are read as what they stand for.
    #[arg(value_name = "FILE", required = true, value_hint = ValueHint::FilePath)]
    files: Vec<PathBuf>,
    /// Print one JSON object a line instead of a table: file, bytes, lines, longest_line, encoding, format, first_time,
    /// last_time, levels.
    #[arg(long)]
    json: bool,
}

const AFTER_HELP: &str = "lines: a last line without a newline counts.\n\
    longest_line: in bytes, without the line end.\n\
    encoding: utf-16le or utf-16be by its byte order mark; binary with a NUL byte inside a line; ascii without a byte \
    above 127; utf-8 when all is; else 'latin-1 or other'. Of each line the first 1 MiB are looked at.\n\
    format: json or logfmt when nine of ten of the first 100 lines are; else how most of them write the time (iso 8601, \
    syslog, clf, epoch, …); null when they tell none.\n\
    first_time, last_time: the earliest and the latest time that a line has itself, in UTC, wherever it stands.\n\
    levels: lines by what they say themselves; 'unknown' counts those that say none.\n\
    An empty file has zeros and nulls.\n\n\
    Exit codes: 0, or 2 when a file could not be read; the others are told all the same.";

/// What is known of one file: the contract's keys, in its order.
#[derive(Debug, Serialize)]
struct Stat {
    file: String,
    bytes: ByteLen,
    lines: LineCount,
    longest_line: ByteLen,
    encoding: Option<&'static str>,
    format: Option<&'static str>,
    #[serde(serialize_with = "as_text")]
    first_time: Option<Stamp>,
    #[serde(serialize_with = "as_text")]
    last_time: Option<Stamp>,
    #[serde(serialize_with = "by_name")]
    levels: LevelCounts,
}

/// Does it.
pub fn run(args: &StatArgs) -> ExitCode {
    let mut has_failed = false;
    let mut stats = Vec::new();
    for path in &args.files {
        let stat = match stat(path) {
            Ok(stat) => stat,
            Err(error) => {
                has_failed = true;
                let _ = writeln!(io::stderr(), "error: {}: {error}", name_of(path));
                continue;
            }
        };
        if stat.encoding.is_some_and(|encoding| encoding.starts_with("utf-16")) {
            let _ = writeln!(io::stderr(), "note: {}: {Utf16}", name_of(path));
        }
        if !args.json {
            stats.push(stat);
        } else if let Err(error) = print_json(&stat) {
            return unwritten(&error, has_failed);
        }
    }
    if let Err(error) = io::stdout().write_all(table::of(&stats).as_bytes()) {
        return unwritten(&error, has_failed);
    }
    code(has_failed)
}

fn code(has_failed: bool) -> ExitCode {
    ExitCode::from(if has_failed { 2 } else { 0 })
}

/// Whoever read our output may have enough.
fn unwritten(error: &io::Error, has_failed: bool) -> ExitCode {
    let is_closed = error.kind() == io::ErrorKind::BrokenPipe;
    if !is_closed {
        let _ = writeln!(io::stderr(), "error: cannot write the output: {error}");
    }
    code(has_failed || !is_closed)
}

fn print_json(stat: &Stat) -> io::Result<()> {
    let mut line = serde_json::to_vec(stat)?;
    line.push(b'\n');
    io::stdout().write_all(&line)
}

/// Says for people why not.
fn stat(path: &Path) -> Result<Stat, String> {
    let named = match path.as_os_str().as_encoded_bytes() {
        b"-" => io::stdin().as_fd().try_clone_to_owned().map(|fd| Named::Stream(fd.into())).map_err(OpenError::Io),
        _ => Named::open(path),
    };
    let read = match named.map_err(|error| error.to_string())? {
        Named::File(file) => of_file(path, file),
        Named::Stream(file) => of_stream::<File>(path, file, None),
    };
    read.map_err(|error| error.to_string())
}

fn of_file(path: &Path, file: LogFile) -> io::Result<Stat> {
    let source = Arc::new(LocalFile::new(Arc::new(file))?);
    if let Some(decoder) = Decoder::of(Arc::clone(&source) as _, OWN_WINDOW_LOG)? {
        return of_stream(path, UnpackingReader::new(decoder), Some(source.modified()?));
    }
    let surveyed = source.len().and_then(|len| survey(&*source, len)).map_err(|error| {
        if is_gone(&error) { io::Error::other("the file became shorter while it was read") } else { error }
    })?;
    let mut head = vec![0; HEAD_BYTES];
    let n_read = read_full(&*source, &mut head, ByteOffset::ZERO)?;
    head.truncate(n_read);
    Ok(Stat::new(path, &surveyed, &head, &*Dates::of(&*source)?))
}

/// Of bytes that were changed last then, or now.
fn of_stream<R: Read>(path: &Path, mut stream: R, modified: Option<SystemTime>) -> io::Result<Stat> {
    let mut head = Vec::with_capacity(HEAD_BYTES);
    stream.by_ref().take(HEAD_BYTES as u64).read_to_end(&mut head)?;
    let dates = Arc::new(Dates::of_stream((&head, head.len() == HEAD_BYTES), modified));
    let surveyed = survey_stream(&head, Arc::clone(&dates), stream)?;
    Ok(Stat::new(path, &surveyed, &head, &dates))
}

impl Stat {
    fn new(path: &Path, survey: &Survey, head: &[u8], dates: &Dates) -> Self {
        let shape = dates.shape().filter(|_| survey.times.is_some());
        Self {
            file: String::from_utf8_lossy(path.as_os_str().as_encoded_bytes()).into_owned(),
            bytes: survey.bytes,
            lines: survey.lines,
            longest_line: survey.longest,
            encoding: head::encoding(head, survey.charset),
            format: head::structure(head).or(shape.map(|shape| shape.name())),
            first_time: survey.times.map(|(first, _)| first),
            last_time: survey.times.map(|(_, last)| last),
            levels: survey.levels,
        }
    }
}

/// A file's name as it is told to people.
fn name_of(path: &Path) -> String {
    shown_name(path.as_os_str().as_encoded_bytes())
}

fn as_text<S: Serializer>(time: &Option<Stamp>, serializer: S) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => serializer.collect_str(time),
        None => serializer.serialize_none(),
    }
}

fn by_name<S: Serializer>(levels: &LevelCounts, serializer: S) -> Result<S::Ok, S::Error> {
    let kinds = Level::ALL.into_iter().map(Some).chain([None]);
    serializer.collect_map(kinds.map(|kind| (LevelChoice::name(kind), levels.of(kind))))
}
