//! The programs that are measured, each as a process whose output goes to a pipe.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use super::contest::Way;
use crate::server;

/// The peers that are there.
#[derive(Clone, Debug, Default)]
pub struct Peers {
    /// ripgrep in several versions: their names and programs.
    pub ripgreps: Vec<(String, PathBuf)>,
    /// lnav.
    pub lnav: Option<PathBuf>,
}

/// What is looked for, in the languages of the programs.
#[derive(Clone, Debug)]
pub struct Question {
    /// As a query.
    pub query: String,
    /// As a regex.
    pub regex: String,
    /// Whether case does not matter.
    pub ignore_case: bool,
}

impl Question {
    /// That text as it is.
    pub fn literal(text: &str) -> Self {
        Self { query: format!("\"{text}\""), regex: text.to_owned(), ignore_case: false }
    }

    /// That text in whatever case.
    pub fn any_case(text: &str) -> Self {
        Self { query: text.to_owned(), regex: text.to_owned(), ignore_case: true }
    }

    /// That regex.
    pub fn regex(regex: &str) -> Self {
        Self { query: format!("/{regex}/"), regex: regex.to_owned(), ignore_case: false }
    }
}

/// `taillight query --count`.
pub fn ours(question: &Question, file: &Path) -> anyhow::Result<Way<'static>> {
    let (program, first) = server::program()?;
    let words = [first, &["query", "--count", &question.query]].concat();
    Ok(count("taillight", command(&program, &words, file)))
}

/// GNU grep, in its fastest locale.
pub fn grep(question: &Question, file: &Path) -> Way<'static> {
    let flags = if question.ignore_case { "-ciE" } else { "-cE" };
    let mut grep = command(Path::new("grep"), &[flags, &question.regex], file);
    grep.env("LC_ALL", "C");
    count("GNU grep", grep)
}

/// `wc -l`.
pub fn wc(file: &Path) -> Way<'static> {
    count("wc -l", command(Path::new("wc"), &["-l"], file))
}

/// lnav without a screen: what it counts are entries, which may have several lines.
pub fn lnav(program: &Path, file: &Path) -> Way<'static> {
    let words = ["-n", "-q", "-c", ";SELECT count(*) FROM all_logs", "-c", ":write-csv-to -"];
    count("lnav", command(program, &words, file)).of_another_count()
}

/// `sed -n Np`; the count is the length of the line.
pub fn sed(line: u64, file: &Path) -> Way<'static> {
    let mut sed = command(Path::new("sed"), &["-n", &format!("{line}p")], file);
    Way::new("sed -n Np", move || Ok(output(&mut sed)?.len() as u64))
}

impl Peers {
    /// Each ripgrep with memory maps or without, whichever is faster here.
    pub fn ripgrep(&self, question: &Question, file: &Path) -> anyhow::Result<Vec<Way<'static>>> {
        self.ripgreps.iter().map(|(name, program)| faster(name, program, question, file)).collect()
    }
}

fn faster(name: &str, program: &Path, question: &Question, file: &Path) -> anyhow::Result<Way<'static>> {
    let ways = ["--mmap", "--no-mmap"].map(|map| {
        let flags = if question.ignore_case { "-ci" } else { "-c" };
        count(&format!("{name} {map}"), command(program, &["--no-config", map, flags, &question.regex], file))
    });
    let mut best: Option<(Duration, Way<'static>)> = None;
    for mut way in ways {
        let (first, _) = (way.run)()?;
        let time = first.min((way.run)()?.0);
        if best.as_ref().is_none_or(|(least, _)| time < *least) {
            best = Some((time, way));
        }
    }
    best.map(|(_, way)| way).context("no way to run ripgrep")
}

/// Ours and ripgrep's ways to print all matching lines into a file; the count is that of the lines in it.
pub fn printers(peers: &Peers, question: &Question, file: &Path, out: &Path) -> anyhow::Result<Vec<Way<'static>>> {
    let (program, first) = server::program()?;
    let words = [first, &["query", &question.query]].concat();
    let mut ways = vec![printer("taillight", command(&program, &words, file), out)];
    for (name, program) in &peers.ripgreps {
        let command = command(program, &["--no-config", "-n", &question.regex], file);
        ways.push(printer(&format!("{name} -n"), command, out));
    }
    Ok(ways)
}

fn printer(name: &str, mut command: Command, out: &Path) -> Way<'static> {
    let out = out.to_owned();
    Way::timed(name, move || {
        let began = Instant::now();
        let status = command.stdout(File::create(&out)?).status()?;
        let time = began.elapsed();
        if !status.success() {
            bail!("{command:?} ends with {status}");
        }
        let text = std::fs::read(&out)?;
        std::fs::remove_file(&out)?;
        Ok((time, memchr::memchr_iter(b'\n', &text).count() as u64))
    })
}

fn command(program: &Path, words: &[&str], file: &Path) -> Command {
    let mut command = Command::new(program);
    command.args(words).arg(file).stdin(Stdio::null()).env_remove("RIPGREP_CONFIG_PATH");
    command
}

/// A way whose count is the first number of its last line; no line is none.
fn count(name: &str, mut command: Command) -> Way<'static> {
    Way::new(name, move || {
        let out = String::from_utf8(output(&mut command)?).context("the count is no text")?;
        let Some(last) = out.lines().last() else { return Ok(0) };
        last.split_whitespace()
            .next()
            .and_then(|word| word.parse().ok())
            .with_context(|| format!("no count in {last:?}"))
    })
}

fn output(command: &mut Command) -> anyhow::Result<Vec<u8>> {
    let output = command.stderr(Stdio::piped()).output().with_context(|| format!("cannot start {command:?}"))?;
    // 1: nothing matched, as grep has it.
    if !matches!(output.status.code(), Some(0 | 1)) {
        bail!("{command:?} ends with {}: {}", output.status, String::from_utf8_lossy(&output.stderr));
    }
    Ok(output.stdout)
}
