//! The table of settings: key, environment variable, option, default, and how its text is read.

use std::fmt::Display;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use taillight::query::MAX_QUERY_BYTES;
use taillight::wire::MAX_LINE_BYTES;

use super::file::{ConfigFile, Located};
use super::{AuthMode, Config, Limits, LogFormat, Origin, Shown, Sources, StartToken, nearest};

/// A setting. Every source gives its value as text, so that one function reads it.
pub struct Setting {
    /// Its key, dotted, as in the file.
    pub key: &'static str,
    /// Its variable in the environment.
    pub env: &'static str,
    /// Its option, where it has one.
    pub flag: Option<&'static str>,
    /// What it must be in the file.
    pub kind: Kind,
    /// Whether the file may hold it.
    pub in_file: bool,
    /// Reads its text into the settings; the error says what was expected.
    apply: fn(&mut Config, &str) -> Result<(), String>,
    /// What `config show` prints.
    show: fn(&Config) -> String,
}

/// What a value must be in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A text.
    Text,
    /// A whole number.
    Whole,
    /// A boolean.
    Flag,
    /// A list of texts; with commas between in the environment.
    List,
}

macro_rules! setting {
    ($key:expr, $env:literal, $flag:expr, $kind:ident, $apply:expr, $show:expr) => {
        Setting { key: $key, env: $env, flag: $flag, kind: Kind::$kind, in_file: true, apply: $apply, show: $show }
    };
}

/// A limit: a whole number from the least to the most.
macro_rules! limit {
    ($name:ident, $env:literal, ($least:expr, $most:expr)) => {
        setting!(
            concat!("limits.", stringify!($name)),
            $env,
            None,
            Whole,
            |config, text| whole(text, $least, $most, &mut config.limits.$name),
            |config| config.limits.$name.to_string()
        )
    };
}

/// All settings, in the order in which they are shown.
pub const SETTINGS: &[Setting] = &[
    setting!("listen", "TAILLIGHT_LISTEN", Some("--listen"), Text, listen, |config| config.listen.to_string()),
    setting!("base_path", "TAILLIGHT_BASE_PATH", Some("--base-path"), Text, base_path, |config| {
        if config.base_path.is_empty() { "/".to_owned() } else { config.base_path.clone() }
    }),
    setting!("auth", "TAILLIGHT_AUTH", Some("--auth"), Text, auth, |config| match config.auth {
        AuthMode::Token => "token".to_owned(),
        AuthMode::None => "none".to_owned(),
    }),
    Setting {
        key: "token",
        env: "TAILLIGHT_TOKEN",
        flag: None,
        kind: Kind::Text,
        in_file: false,
        apply: token,
        show: |config| if config.token.is_some() { "(set)".to_owned() } else { "(made at start)".to_owned() },
    },
    setting!("hosts", "TAILLIGHT_HOSTS", None, List, hosts, |config| config.hosts.join(",")),
    setting!("open", "TAILLIGHT_OPEN", Some("--open"), Flag, |config, text| flag(text, &mut config.open), |config| {
        config.open.to_string()
    }),
    setting!("log_format", "TAILLIGHT_LOG_FORMAT", Some("--log-format"), Text, log_format, |config| {
        match config.log_format {
            LogFormat::Text => "text".to_owned(),
            LogFormat::Json => "json".to_owned(),
        }
    }),
    setting!("heartbeat", "TAILLIGHT_HEARTBEAT", Some("--heartbeat"), Whole, heartbeat, |config| {
        config.heartbeat.as_secs().to_string()
    }),
    setting!("poll", "TAILLIGHT_POLL", Some("--poll"), Flag, |config, text| flag(text, &mut config.poll), |config| {
        config.poll.to_string()
    }),
    setting!(
        "data_dir",
        "TAILLIGHT_DATA_DIR",
        Some("--data-dir"),
        Text,
        |config, text| folder(text, &mut config.data_dir),
        |config| config.data_dir.display().to_string()
    ),
    setting!(
        "cache_dir",
        "TAILLIGHT_CACHE_DIR",
        Some("--cache-dir"),
        Text,
        |config, text| folder(text, &mut config.cache_dir),
        |config| config.cache_dir.display().to_string()
    ),
    limit!(pattern_bytes, "TAILLIGHT_LIMITS_PATTERN_BYTES", (1, MAX_QUERY_BYTES)),
    limit!(line_bytes, "TAILLIGHT_LIMITS_LINE_BYTES", (256, MAX_LINE_BYTES)),
    limit!(message_bytes, "TAILLIGHT_LIMITS_MESSAGE_BYTES", (1024, 1 << 20)),
    limit!(connections, "TAILLIGHT_LIMITS_CONNECTIONS", (1, 1_000_000)),
    limit!(sockets_per_user, "TAILLIGHT_LIMITS_SOCKETS_PER_USER", (1, 1_000_000)),
    limit!(stdin_bytes, "TAILLIGHT_LIMITS_STDIN_BYTES", (16 << 20, 1 << 50)),
    limit!(spool_bytes, "TAILLIGHT_LIMITS_SPOOL_BYTES", (16 << 20, 1 << 50)),
    limit!(searches_per_user, "TAILLIGHT_LIMITS_SEARCHES_PER_USER", (1, 1000)),
    limit!(search_bytes, "TAILLIGHT_LIMITS_SEARCH_BYTES", (1 << 20, 1 << 50)),
    limit!(view_bytes, "TAILLIGHT_LIMITS_VIEW_BYTES", (1 << 20, 1 << 50)),
    limit!(view_secs, "TAILLIGHT_LIMITS_VIEW_SECS", (1, 86_400)),
    limit!(link_search_bytes, "TAILLIGHT_LIMITS_LINK_SEARCH_BYTES", (0, 1 << 50)),
    limit!(kept_counts_bytes, "TAILLIGHT_LIMITS_KEPT_COUNTS_BYTES", (0, 1 << 40)),
];

/// Variables of the environment that are no settings.
const OTHER_ENV: &[&str] = &["TAILLIGHT_CONFIG", "TAILLIGHT_LOG"];

/// The settings without the roots.
pub fn resolve(sources: &Sources, file: Option<&ConfigFile>, problems: &mut Vec<String>) -> Config {
    let mut config = defaults(sources);
    for setting in SETTINGS {
        let (text, origin) = match find(setting, sources, file) {
            Ok(Some((text, origin))) => (text, origin),
            Ok(None) => {
                config.shown.push(shown(setting, &config, Origin::Default));
                continue;
            }
            Err(problem) => {
                problems.push(problem);
                continue;
            }
        };
        if let Err(expected) = (setting.apply)(&mut config, &text) {
            // What was given for a secret may be the secret with a slip in it.
            let given = if setting.key == "token" { String::new() } else { format!(" '{text}'") };
            problems.push(format!("bad value{given} for '{}' ({origin}): {expected}", setting.key));
            continue;
        }
        config.shown.push(shown(setting, &config, origin));
    }
    check_together(&mut config, problems);
    config.warnings.extend(slips_in_env(sources));
    config
}

impl Sources {
    /// A variable of the environment; an empty one is none.
    pub(super) fn env(&self, name: &str) -> Option<&std::ffi::OsStr> {
        let found = self.env.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_os_str());
        found.filter(|value| !value.is_empty())
    }
}

fn find(setting: &Setting, sources: &Sources, file: Option<&ConfigFile>) -> Result<Option<(String, Origin)>, String> {
    if let Some((_, text)) = sources.flags.iter().find(|(key, _)| *key == setting.key) {
        return Ok(Some((text.clone(), Origin::Flag(setting.flag.unwrap_or(setting.key)))));
    }
    if let Some(value) = sources.env(setting.env) {
        let text = value.to_str().ok_or_else(|| format!("the value of {} is not UTF-8", setting.env))?;
        return Ok(Some((text.to_owned(), Origin::Env(setting.env.to_owned()))));
    }
    let in_file = file.and_then(|file| {
        let (_, Located { value, line }) = file.values.iter().find(|(key, _)| *key == setting.key)?;
        Some((value.clone(), Origin::File { path: file.path.clone(), line: *line }))
    });
    Ok(in_file)
}

fn shown(setting: &Setting, config: &Config, origin: Origin) -> Shown {
    Shown { key: setting.key.to_owned(), value: (setting.show)(config), origin }
}

fn defaults(sources: &Sources) -> Config {
    Config {
        listen: SocketAddr::from(([127, 0, 0, 1], 8765)),
        open: false,
        base_path: String::new(),
        auth: AuthMode::Token,
        token: None,
        hosts: Vec::new(),
        log_format: LogFormat::Text,
        heartbeat: Duration::from_secs(20),
        poll: false,
        data_dir: own_dir(sources, "STATE_DIRECTORY", "XDG_STATE_HOME", ".local/state", "/var/lib"),
        cache_dir: own_dir(sources, "CACHE_DIRECTORY", "XDG_CACHE_HOME", ".cache", "/var/cache"),
        limits: Limits::default(),
        roots: Vec::new(),
        stdin: None,
        shown: Vec::new(),
        warnings: Vec::new(),
    }
}

/// systemd's folder for us, else the user's, else the system's.
fn own_dir(sources: &Sources, systemd: &str, xdg: &str, below_home: &str, system: &str) -> PathBuf {
    if let Some(dir) = sources.env(systemd) {
        return PathBuf::from(dir);
    }
    let above = sources.env(xdg).map(PathBuf::from).filter(|dir| dir.is_absolute());
    let above = above.or_else(|| Some(PathBuf::from(sources.env("HOME")?).join(below_home)));
    above.unwrap_or_else(|| PathBuf::from(system)).join("taillight")
}

fn check_together(config: &mut Config, problems: &mut Vec<String>) {
    let listen = config.listen;
    let is_loopback = listen.ip().to_canonical().is_loopback();
    if config.auth == AuthMode::None && !is_loopback {
        problems.push(format!(
            "refusing to serve {listen} to everybody: 'auth = none' is for loopback addresses. Do one of:\n  \
             taillight --listen {listen} --auth token …\n  \
             taillight --listen {} --auth none …",
            SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), listen.port())
        ));
    }
    if config.auth == AuthMode::Token && !is_loopback {
        config.warnings.push(format!(
            "listening on {listen} without encryption: the token and the logs can be read on the way; put a proxy \
             with TLS in front and listen on a loopback address"
        ));
    }
    if config.auth == AuthMode::None && config.token.is_some() {
        config.warnings.push("TAILLIGHT_TOKEN is set but not used: authentication is 'none'".to_owned());
    }
    // A message may hold both, with each byte escaped, and a path.
    let needed = 4 * config.limits.pattern_bytes + 4096;
    if (config.limits.message_bytes as usize) < needed {
        config.warnings.push(format!(
            "limits.message_bytes may be too few for a filter and a find term of limits.pattern_bytes: {needed} are enough"
        ));
    }
    if config.token.as_ref().is_some_and(|token| token.reveal().len() < 16) {
        config.warnings.push("TAILLIGHT_TOKEN is short enough to be guessed: use 16 characters or more".to_owned());
    }
}

/// Variables that look like ours and are not. No error: orchestrators set some of that form by themselves.
fn slips_in_env(sources: &Sources) -> Vec<String> {
    let known = || SETTINGS.iter().map(|setting| setting.env).chain(OTHER_ENV.iter().copied());
    let names = sources.env.iter().filter_map(|(name, _)| name.to_str());
    let unknown = names.filter(|name| name.starts_with("TAILLIGHT_") && known().all(|other| other != *name));
    let close = unknown.filter_map(|name| {
        let near = nearest(name, known()).filter(|near| strsim::damerau_levenshtein(name, near) <= 1)?;
        Some(format!("unknown variable {name} in the environment: did you mean {near}?"))
    });
    close.collect()
}

fn listen(config: &mut Config, text: &str) -> Result<(), String> {
    let numeric = text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
    config.listen = numeric.as_deref().unwrap_or(text).parse().map_err(|_| {
        "expected an IP address and a port, such as 127.0.0.1:8765, 0.0.0.0:8765 or [::1]:8765".to_owned()
    })?;
    Ok(())
}

fn base_path(config: &mut Config, text: &str) -> Result<(), String> {
    let base = text.strip_suffix('/').unwrap_or(text);
    let is_plain = |part: &str| {
        !matches!(part, "" | "." | "..")
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
    };
    let parts = base.strip_prefix('/').map(|below| below.split('/').all(is_plain));
    if base.is_empty() || parts == Some(true) {
        config.base_path = base.to_owned();
        return Ok(());
    }
    Err("expected a path such as /logs: a slash first, then letters, digits, '-', '.', '_' or '~'".to_owned())
}

fn auth(config: &mut Config, text: &str) -> Result<(), String> {
    config.auth = match text {
        "token" => AuthMode::Token,
        "none" => AuthMode::None,
        "users" | "proxy" => return Err("not in this version yet, use 'token' or 'none'".to_owned()),
        _ => return Err("expected 'token' or 'none'".to_owned()),
    };
    Ok(())
}

fn token(config: &mut Config, text: &str) -> Result<(), String> {
    // What may stand in `Authorization: Bearer` and, as it is, in the fragment of a URL.
    let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte));
    if !is_plain {
        return Err("a token is made of letters, digits and '-', '.', '_', '~', '+', '/', '='".to_owned());
    }
    config.token = Some(StartToken(text.to_owned()));
    Ok(())
}

fn hosts(config: &mut Config, text: &str) -> Result<(), String> {
    let names: Vec<String> =
        text.split(',').map(|name| name.trim().to_ascii_lowercase()).filter(|name| !name.is_empty()).collect();
    let is_host = |name: &String| {
        let name = name.strip_prefix("https://").unwrap_or(name);
        let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte));
        !name.is_empty() && is_plain
    };
    if let Some(bad) = names.iter().find(|name| !is_host(name)) {
        return Err(format!(
            "'{bad}' is not a host: expected a name such as logs.example.com, logs.example.com:8443 or \
             https://logs.example.com, without a path or a wildcard"
        ));
    }
    config.hosts = names;
    Ok(())
}

fn log_format(config: &mut Config, text: &str) -> Result<(), String> {
    config.log_format = match text {
        "text" => LogFormat::Text,
        "json" => LogFormat::Json,
        _ => return Err("expected 'text' or 'json'".to_owned()),
    };
    Ok(())
}

fn heartbeat(config: &mut Config, text: &str) -> Result<(), String> {
    let mut secs = 0_u32;
    whole(text, 1, 3600, &mut secs).map_err(|expected| format!("{expected} seconds"))?;
    config.heartbeat = Duration::from_secs(secs.into());
    Ok(())
}

fn flag(text: &str, to: &mut bool) -> Result<(), String> {
    *to = match text {
        "true" | "1" | "yes" => true,
        "false" | "0" | "no" => false,
        _ => return Err("expected 'true' or 'false'".to_owned()),
    };
    Ok(())
}

fn folder(text: &str, to: &mut PathBuf) -> Result<(), String> {
    *to = std::path::absolute(text).map_err(|_| "expected a folder".to_owned())?;
    Ok(())
}

fn whole<T: Copy + FromStr + PartialOrd + Display>(text: &str, least: T, most: T, to: &mut T) -> Result<(), String> {
    let number = text.parse().ok().filter(|number| *number >= least && *number <= most);
    *to = number.ok_or_else(|| format!("expected a whole number from {least} to {most}"))?;
    Ok(())
}
