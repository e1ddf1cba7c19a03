//! The settings of a server, each with its origin: flag, environment, file or default, in that order of precedence.

mod file;
mod roots;
mod settings;

use std::ffi::OsString;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use taillight::path::LogPath;
use taillight::query::QUERY_BYTES;
use taillight::wire::MAX_LINE_BYTES;

use crate::scan::{Ration, Rations};

/// Everything a server is told. Only [`Config::load`] and its likes make one, so what it holds is checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen; port 0 picks a free one.
    pub listen: SocketAddr,
    /// Print the address once more where a person sees it.
    pub open: bool,
    /// What every URL of ours begins with: empty, or `/x` without a slash at its end.
    pub base_path: String,
    /// Who may read.
    pub auth: AuthMode,
    /// The start token when it is fixed from outside; only with [`AuthMode::Token`].
    pub token: Option<StartToken>,
    /// Host names that requests may name besides the loopback ones and the listen address, lower case, a port only
    /// where one was given.
    pub hosts: Vec<String>,
    /// How our own log is written.
    pub log_format: LogFormat,
    /// The time between two heartbeats of a socket.
    pub heartbeat: Duration,
    /// Never trust file events: look at files on a timer only.
    pub poll: bool,
    /// Where we keep what must survive a restart. Not created yet.
    pub data_dir: PathBuf,
    /// Where we keep what can be made again. Not created yet.
    pub cache_dir: PathBuf,
    /// The promised limits.
    pub limits: Limits,
    /// What is served, no two of one name: at least one after [`Config::load`], unless standard input is served.
    pub roots: Vec<RootConfig>,
    /// The root under which standard input is served, where it is: of another name than all others.
    pub stdin: Option<LogPath>,
    /// Every value and where it came from, in the order of the documentation.
    pub shown: Vec<Shown>,
    /// What is allowed but looks like a mistake, for the log.
    pub warnings: Vec<String>,
}

/// Who may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthMode {
    /// The holder of the start token.
    Token,
    /// Everybody who reaches the address, which is a loopback one.
    None,
}

/// How our own log is written to standard error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One object a line.
    Json,
}

/// A token from outside. Its `Debug` form does not hold it.
#[derive(Clone, PartialEq, Eq)]
pub struct StartToken(String);

/// The promised limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest filter or find term, in bytes.
    pub pattern_bytes: usize,
    /// How much of a line is shown before the rest is asked for, in bytes.
    pub line_bytes: usize,
    /// The longest message a client may send on a socket, in bytes.
    pub message_bytes: u32,
    /// How many connections are open at a time.
    pub connections: u32,
    /// How many sockets a user may have at a time; no limit where there are no users.
    pub sockets_per_user: u32,
    /// How much of standard input is kept, in bytes.
    pub stdin_bytes: u64,
    /// How much is kept of what compressed files stand for, in bytes.
    pub spool_bytes: u64,
    /// How many searches over files a user may have at a time.
    pub searches_per_user: u32,
    /// How much one search over files reads, in bytes.
    pub search_bytes: u64,
    /// How many bytes a viewer's search of one file goes through before the viewer is asked.
    pub view_bytes: u64,
    /// How many seconds it takes before the viewer is asked, with all threads that scan.
    pub view_secs: u32,
    /// How many bytes a search may have to read that a link starts by itself.
    pub link_search_bytes: u64,
    /// How much is kept of the line counts of large files, in bytes; 0: none.
    pub kept_counts_bytes: u64,
}

/// A folder that is served, or a file with its rotated siblings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootConfig {
    /// The root's path in links: its name and nothing below it.
    pub name: LogPath,
    /// The folder, absolute and without symbolic links.
    pub folder: PathBuf,
    /// The folder as it was given, made absolute: what people write in URLs.
    pub given: PathBuf,
    /// What of the folder is served.
    pub scope: RootScope,
    /// Globs below the root; a file must match one. Empty: every file.
    pub include: Vec<String>,
    /// Globs below the root; what matches, or is in a folder that matches, is refused. Wins over `include`.
    pub exclude: Vec<String>,
    /// Which symbolic links are followed.
    pub follow_symlinks: SymlinkRule,
    /// Serve files with more than one name.
    pub allow_hardlinks: bool,
}

/// What of a root's folder is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RootScope {
    /// All that is in it.
    Folder,
    /// `base`, `base.*` and `base-*` directly in it.
    Family {
        /// The file's name.
        base: Vec<u8>,
        /// The file was named as a symbolic link, so that it may lead to any file of the folder.
        is_link: bool,
    },
}

/// Which symbolic links are followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SymlinkRule {
    /// None.
    No,
    /// Those that stay beneath the root.
    Beneath,
}

/// A value and where it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The key, as in the file: `limits.connections`.
    pub key: String,
    /// The value in force; secrets are only said to be set.
    pub value: String,
    /// Where it came from.
    pub origin: Origin,
}

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// A line of the file.
    File {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// A variable of the environment.
    Env(String),
    /// An option of the command line.
    Flag(&'static str),
    /// A path on the command line.
    Argument,
}

/// Where settings come from: the world outside, so that tests can bring their own.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// Options of the command line, by key; values as they were typed.
    pub flags: Vec<(&'static str, String)>,
    /// `[NAME=]PATH` of the command line.
    pub paths: Vec<OsString>,
    /// The environment.
    pub env: Vec<(OsString, OsString)>,
    /// The file named by `--config`.
    pub file: Option<PathBuf>,
}

/// Everything that is wrong with the settings: one line each, ready to be shown.
#[derive(Debug, thiserror::Error)]
pub struct ConfigError {
    /// The problems, never empty.
    pub problems: Vec<String>,
}

impl Config {
    /// Reads and checks all settings.
    ///
    /// # Errors
    /// With every problem found, when there is one.
    pub fn load(sources: &Sources) -> Result<Self, ConfigError> {
        let config = Self::load_to_show(sources)?;
        if config.count_roots() == 0 {
            Err(ConfigError { problems: vec![roots::nothing_to_serve()] })
        } else {
            Ok(config)
        }
    }

    /// How many roots are served, standard input among them.
    pub fn count_roots(&self) -> usize {
        self.roots.len() + usize::from(self.stdin.is_some())
    }

    /// Where what can be made again may be kept: the cache folder, or else the system's temporary one.
    pub fn spool_folders(&self) -> Vec<PathBuf> {
        vec![self.cache_dir.clone(), std::env::temp_dir()]
    }

    /// Like [`Config::load`], but there may be no roots: for looking at the settings.
    ///
    /// # Errors
    /// With every problem found, when there is one.
    pub fn load_to_show(sources: &Sources) -> Result<Self, ConfigError> {
        let mut problems = Vec::new();
        let file = file::read(sources, &mut problems);
        let mut config = settings::resolve(sources, file.as_ref(), &mut problems);
        roots::resolve(&mut config, sources, file.as_ref(), &mut problems);
        if problems.is_empty() { Ok(config) } else { Err(ConfigError { problems }) }
    }

    /// Reads and checks the settings without the roots: for commands that serve nothing.
    ///
    /// # Errors
    /// With every problem found, when there is one.
    pub fn load_settings(sources: &Sources) -> Result<Self, ConfigError> {
        let mut problems = Vec::new();
        let file = file::read(sources, &mut problems);
        let config = settings::resolve(sources, file.as_ref(), &mut problems);
        if problems.is_empty() { Ok(config) } else { Err(ConfigError { problems }) }
    }

    /// The defaults on a free loopback port, without authentication, with folders of their own in the temporary one,
    /// serving these paths: for tests.
    ///
    /// # Errors
    /// When a path cannot be served.
    pub fn local(paths: &[&Path]) -> Result<Self, ConfigError> {
        let own = std::env::temp_dir().join(format!("taillight-local-{}", std::process::id()));
        Self::load(&Sources {
            flags: vec![("listen", "127.0.0.1:0".to_owned()), ("auth", "none".to_owned())],
            paths: paths.iter().map(|path| path.as_os_str().to_owned()).collect(),
            env: vec![(OsString::from("HOME"), own.into_os_string())],
            ..Sources::default()
        })
    }
}

impl StartToken {
    /// The token itself, to be hashed or printed once.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for StartToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StartToken(…)")
    }
}

impl Limits {
    /// What searches of viewers may take.
    pub fn rations(&self) -> Rations {
        let pass = Ration { bytes: self.view_bytes, time: Duration::from_secs(u64::from(self.view_secs)) };
        Rations { pass, link_bytes: self.link_search_bytes }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            pattern_bytes: QUERY_BYTES,
            line_bytes: MAX_LINE_BYTES,
            message_bytes: 16 * 1024,
            connections: 20_000,
            sockets_per_user: 64,
            stdin_bytes: 4 << 30,
            spool_bytes: 16 << 30,
            searches_per_user: 2,
            search_bytes: 20_000_000_000,
            view_bytes: 20_000_000_000,
            view_secs: 30,
            link_search_bytes: 1_000_000_000,
            kept_counts_bytes: 64 << 20,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Env(name) => f.write_str(name),
            Self::Flag(flag) => f.write_str(flag),
            Self::Argument => f.write_str("command line"),
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problems.join("\n"))
    }
}

/// The known name that `word` is most likely a slip of.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let scored = known.into_iter().map(|name| (strsim::normalized_damerau_levenshtein(word, name), name));
    scored.filter(|(score, _)| *score >= 0.6).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, name)| name)
}

#[cfg(test)]
mod tests;
