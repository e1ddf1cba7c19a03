//! The command line: what it accepts, and what each command does. Exit codes: 2 for what the caller must change
//! (usage, settings), 1 for what failed on the way; `query` has those of grep, `stat` 2 for a
//! file that cannot be read.

mod health;
mod query;
mod serve;
mod show;
mod stat;

use std::ffi::OsString;
use std::fmt;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueHint};

use crate::config::{ConfigError, Sources, nearest};

/// View log files in the browser: live, of any size, safe by default.
#[derive(Debug, Parser)]
#[command(name = "taillight", version, args_conflicts_with_subcommands = true, after_help = AFTER_HELP)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: ServeArgs,
}

const AFTER_HELP: &str = "Without a command, 'serve' is meant. A file called 'serve' is './serve'.\n\n\
    Examples:\n  \
    taillight /var/log/syslog\n  \
    taillight nginx=/var/log/nginx app=/srv/app/logs\n  \
    journalctl -f | taillight - /var/log\n  \
    TAILLIGHT_LOG=debug taillight --config /etc/taillight/config.toml\n\n\
    Every option is also TAILLIGHT_… in the environment and a key of the configuration file: an option wins over the \
    environment, that over the file. 'taillight config show' prints each value and where it came from.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve files and folders (what is done without a command).
    Serve(ServeArgs),
    /// Print matching lines, with the same engine as the page.
    Query(query::QueryArgs),
    /// Tell what is in files: lines, bytes, levels, time range, encoding, longest line.
    Stat(stat::StatArgs),
    /// Look at the configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Exit with 0 if the server answers, else with 1.
    Healthcheck {
        /// Address of the server, such as http://127.0.0.1:8765/logs; by default the configured one.
        url: Option<String>,
        /// The configuration file that names the address.
        #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
        config: Option<PathBuf>,
    },
    /// Print the completions for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page.
    Man,
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Say whether the configuration is right.
    Check(ServeArgs),
    /// Print every value and where it came from.
    Show(ServeArgs),
}

/// What `serve` takes. Values are read by `config`, where those of the environment and the file are read too.
#[derive(Args, Debug, Default)]
struct ServeArgs {
    /// Files and folders, and '-' for standard input. A folder is served under its name or NAME; a file with its rotated
    /// siblings; standard input as 'stdin/stdin', the newest of it up to 'limits.stdin_bytes'.
    #[arg(value_name = "[NAME=]PATH", value_hint = ValueHint::AnyPath)]
    paths: Vec<OsString>,
    /// Where to listen; port 0 picks a free one [default: 127.0.0.1:8765].
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// The configuration file (TOML).
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    config: Option<PathBuf>,
    /// Print the address on standard error too, to be clicked (no program is started, a browser neither).
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    open: Option<String>,
    /// What every URL begins with, such as /logs [default: /].
    #[arg(long, value_name = "PATH")]
    base_path: Option<String>,
    /// Who may read: 'token' (whoever has the printed address) or 'none' (everybody, on loopback only)
    /// [default: token].
    #[arg(long, value_name = "MODE")]
    auth: Option<String>,
    /// How the server's own log is written: 'text' or 'json' [default: text].
    #[arg(long, value_name = "FORMAT")]
    log_format: Option<String>,
    /// Time between two heartbeats of a connection [default: 20].
    #[arg(long, value_name = "SECONDS")]
    heartbeat: Option<String>,
    /// Never trust file events: look at the files once a second instead (network file systems).
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    poll: Option<String>,
    /// Where sessions are kept.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    data_dir: Option<String>,
    /// Where what can be made again is kept: indexes, and standard input while the server runs.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    cache_dir: Option<String>,
}

/// Why a command failed, by what the caller can do.
#[derive(Debug)]
enum Failure {
    /// The settings are wrong.
    Settings(ConfigError),
    /// Something failed on the way.
    Run(anyhow::Error),
}

/// Reads the command line of this process and does what it says.
pub fn run() -> ExitCode {
    run_with(std::env::args_os())
}

/// Does what `args` say, the first of which is the program's name.
pub fn run_with(args: impl Iterator<Item = OsString>) -> ExitCode {
    let done = match Cli::parse_from(query::in_order(args, &Cli::command())) {
        Cli { command: None, serve } | Cli { command: Some(Command::Serve(serve)), .. } => serve::run(&serve.sources()),
        Cli { command: Some(Command::Query(args)), .. } => return query::run(&args),
        Cli { command: Some(Command::Stat(args)), .. } => return stat::run(&args),
        Cli { command: Some(Command::Config(ConfigCommand::Check(args))), .. } => show::check(&args.sources()),
        Cli { command: Some(Command::Config(ConfigCommand::Show(args))), .. } => show::show(&args.sources()),
        Cli { command: Some(Command::Healthcheck { url, config }), .. } => {
            health::run(url.as_deref(), &Sources { file: config, ..of_process() })
        }
        Cli { command: Some(Command::Completions { shell }), .. } => completions(shell),
        Cli { command: Some(Command::Man), .. } => man(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let _ = writeln!(io::stderr(), "{failure}");
            ExitCode::from(failure.code())
        }
    }
}

fn completions(shell: clap_complete::Shell) -> Result<(), Failure> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "taillight", &mut text);
    print(&text)
}

fn man() -> Result<(), Failure> {
    let mut text = Vec::new();
    clap_mangen::Man::new(Cli::command()).render(&mut text).map_err(anyhow::Error::from)?;
    print(&text)
}

/// Writes to standard output; a reader that has gone (`| head`) is no failure.
fn print(text: &[u8]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text).and_then(|()| out.flush()) {
        Err(err) if err.kind() != io::ErrorKind::BrokenPipe => Err(anyhow::Error::from(err).into()),
        _ => Ok(()),
    }
}

fn of_process() -> Sources {
    Sources { env: std::env::vars_os().collect(), ..Sources::default() }
}

impl ServeArgs {
    fn sources(&self) -> Sources {
        let flags = [
            ("listen", &self.listen),
            ("open", &self.open),
            ("base_path", &self.base_path),
            ("auth", &self.auth),
            ("log_format", &self.log_format),
            ("heartbeat", &self.heartbeat),
            ("poll", &self.poll),
            ("data_dir", &self.data_dir),
            ("cache_dir", &self.cache_dir),
        ];
        Sources {
            flags: flags.into_iter().filter_map(|(key, text)| Some((key, text.clone()?))).collect(),
            paths: self.paths.clone(),
            file: self.config.clone(),
            ..of_process()
        }
    }
}

impl Failure {
    fn code(&self) -> u8 {
        match self {
            Self::Settings(_) => 2,
            Self::Run(_) => 1,
        }
    }

    /// The settings are wrong; says so when a path is rather meant as a command.
    fn settings(mut err: ConfigError, sources: &Sources) -> Self {
        let command = Cli::command();
        let names = || command.get_subcommands().map(clap::Command::get_name);
        let words = sources.paths.iter().filter_map(|path| path.to_str());
        for word in words.filter(|word| !word.contains(['/', '.', '=']) && !std::path::Path::new(word).exists()) {
            if names().any(|name| name == word) {
                err.problems.push(format!("'{word}' is a command and comes first: 'taillight {word} …'"));
            } else if let Some(near) = nearest(word, names()) {
                err.problems.push(format!("did you mean the command 'taillight {near}'?"));
            }
        }
        Self::Settings(err)
    }
}

impl From<anyhow::Error> for Failure {
    fn from(err: anyhow::Error) -> Self {
        Self::Run(err)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Settings(err) => write!(f, "error: {}", err.problems.join("\nerror: ")),
            Self::Run(err) => write!(f, "error: {err:#}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definitions_hold() {
        Cli::command().debug_assert();
    }

    #[test]
    fn without_a_command_serve_is_meant() {
        let paths = |args: &[&str]| match Cli::try_parse_from(args).unwrap() {
            Cli { command: None, serve } | Cli { command: Some(Command::Serve(serve)), .. } => serve.paths,
            other => panic!("{other:?}"),
        };
        assert_eq!(paths(&["taillight", "a.log", "b=/c"]), ["a.log", "b=/c"]);
        assert_eq!(paths(&["taillight", "serve", "a.log"]), ["a.log"]);
        assert_eq!(paths(&["taillight", "./serve"]), ["./serve"]);
        assert_eq!(paths(&["taillight", "a.log", "config"]), ["a.log", "config"]);
        assert_eq!(paths(&["taillight", "--poll", "a.log"]), ["a.log"]);
        assert_eq!(paths(&["taillight", "--", "-x"]), ["-x"]);
    }
}
