//! The settings from every source, as tables.

use std::fs;
use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicU32, Ordering};

use super::*;

/// A folder that is gone at the end, with two folders of logs.
struct Place {
    top: PathBuf,
}

impl Place {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("taillight-config-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let top = fs::canonicalize(std::env::temp_dir()).unwrap().join(name);
        fs::create_dir_all(top.join("a/logs")).unwrap();
        fs::create_dir_all(top.join("b/logs")).unwrap();
        fs::write(top.join("a/logs/app.log"), "x").unwrap();
        Self { top }
    }

    fn path(&self, name: &str) -> String {
        self.top.join(name).to_str().unwrap().to_owned()
    }

    /// Settings from these flags, variables and file, serving `a/logs`.
    fn load(&self, flags: &[(&'static str, &str)], env: &[(&str, &str)], file: &str) -> Result<Config, ConfigError> {
        self.load_paths(&[&self.path("a/logs")], flags, env, file)
    }

    fn load_paths(
        &self,
        paths: &[&str],
        flags: &[(&'static str, &str)],
        env: &[(&str, &str)],
        file: &str,
    ) -> Result<Config, ConfigError> {
        let path = self.top.join("config.toml");
        fs::write(&path, file).unwrap();
        Config::load(&Sources {
            flags: flags.iter().map(|(key, text)| (*key, (*text).to_owned())).collect(),
            paths: paths.iter().map(OsString::from).collect(),
            env: env.iter().map(|(key, text)| (OsString::from(key), OsString::from(text))).collect(),
            file: Some(path),
        })
    }

    /// What is said about a wrong file, or wrong variables, without the folder's name.
    fn said(&self, env: &[(&str, &str)], file: &str) -> String {
        let problems = self.load(&[], env, file).err().map(|err| err.to_string()).unwrap_or_default();
        problems.replace(&format!("{}/", self.top.display()), "")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.top);
    }
}

fn origin(config: &Config, key: &str) -> String {
    let shown = config.shown.iter().find(|shown| shown.key == key).unwrap();
    format!("{} {}", shown.value, shown.origin.to_string().rsplit('/').next().unwrap())
}

#[test]
fn a_flag_wins_over_the_environment_over_the_file_over_the_default() {
    let place = Place::new();
    let file = "poll = true\nheartbeat = 3\n[limits]\nconnections = 7";
    let env = [("TAILLIGHT_HEARTBEAT", "4"), ("TAILLIGHT_LOG_FORMAT", "")];
    let config = place.load(&[("heartbeat", "5")], &env, file).unwrap();
    assert_eq!(config.heartbeat, Duration::from_secs(5));
    assert_eq!(origin(&config, "heartbeat"), "5 --heartbeat");
    assert_eq!(origin(&config, "poll"), "true config.toml:1");
    assert_eq!(origin(&config, "limits.connections"), "7 config.toml:4");
    assert_eq!(origin(&config, "log_format"), "text default");
    assert_eq!(origin(&config, "root.logs"), format!("{} command line", place.path("a/logs")));
    let config = place.load(&[], &env, file).unwrap();
    assert_eq!(origin(&config, "heartbeat"), "4 TAILLIGHT_HEARTBEAT");
    let config = place.load(&[], &[], file).unwrap();
    assert_eq!(origin(&config, "heartbeat"), "3 config.toml:2");
    let config = place.load(&[], &[], "").unwrap();
    assert_eq!(origin(&config, "heartbeat"), "20 default");
    assert_eq!(origin(&config, "listen"), "127.0.0.1:8765 default");
}

#[test]
fn every_setting_is_read_from_its_variable_and_shown() {
    let place = Place::new();
    let table = [
        ("TAILLIGHT_LISTEN", "[::1]:0", "listen", "[::1]:0"),
        ("TAILLIGHT_LISTEN", "localhost:80", "listen", "127.0.0.1:80"),
        ("TAILLIGHT_BASE_PATH", "/x/y/", "base_path", "/x/y"),
        ("TAILLIGHT_BASE_PATH", "/", "base_path", "/"),
        ("TAILLIGHT_AUTH", "none", "auth", "none"),
        ("TAILLIGHT_TOKEN", "s3cret-s3cret-s3cret", "token", "(set)"),
        ("TAILLIGHT_HOSTS", "Logs.Example.com, b:81", "hosts", "logs.example.com,b:81"),
        ("TAILLIGHT_OPEN", "1", "open", "true"),
        ("TAILLIGHT_LOG_FORMAT", "json", "log_format", "json"),
        ("TAILLIGHT_POLL", "true", "poll", "true"),
        ("TAILLIGHT_DATA_DIR", "/d", "data_dir", "/d"),
        ("TAILLIGHT_CACHE_DIR", "/c", "cache_dir", "/c"),
        ("STATE_DIRECTORY", "/s", "data_dir", "/s"),
        ("XDG_CACHE_HOME", "/k", "cache_dir", "/k/taillight"),
        ("HOME", "/h", "data_dir", "/h/.local/state/taillight"),
        ("TAILLIGHT_LIMITS_MESSAGE_BYTES", "2048", "limits.message_bytes", "2048"),
        ("TAILLIGHT_LIMITS_PATTERN_BYTES", "4096", "limits.pattern_bytes", "4096"),
        ("TAILLIGHT_LIMITS_LINE_BYTES", "256", "limits.line_bytes", "256"),
        ("TAILLIGHT_LIMITS_KEPT_COUNTS_BYTES", "0", "limits.kept_counts_bytes", "0"),
        ("TAILLIGHT_LIMITS_STDIN_BYTES", "68719476736", "limits.stdin_bytes", "68719476736"),
        ("TAILLIGHT_LIMITS_SEARCHES_PER_USER", "3", "limits.searches_per_user", "3"),
        ("TAILLIGHT_LIMITS_SEARCH_BYTES", "68719476736", "limits.search_bytes", "68719476736"),
        ("TAILLIGHT_LIMITS_VIEW_BYTES", "68719476736", "limits.view_bytes", "68719476736"),
        ("TAILLIGHT_LIMITS_VIEW_SECS", "5", "limits.view_secs", "5"),
        ("TAILLIGHT_LIMITS_LINK_SEARCH_BYTES", "0", "limits.link_search_bytes", "0"),
        ("TAILLIGHT_LIMITS_SPOOL_BYTES", "68719476736", "limits.spool_bytes", "68719476736"),
    ];
    for (name, text, key, expected) in table {
        let config = place.load(&[], &[(name, text)], "").unwrap();
        let shown = config.shown.iter().find(|shown| shown.key == key).unwrap();
        assert_eq!(shown.value, expected, "{name}");
        assert!(!format!("{config:?}").contains("s3cret"));
    }
}

#[test]
fn unknown_keys_and_wrong_kinds_name_their_line_and_what_was_meant() {
    let place = Place::new();
    let table = [
        ("\nlisen = \"x\"", "config.toml:2: unknown key 'lisen': did you mean 'listen'?"),
        ("a = 1\n\n[[roots]]", "config.toml:3: unknown key 'roots': did you mean 'root'?"),
        (
            "[limits]\nconnection = 1",
            "config.toml:2: unknown key 'limits.connection': did you mean 'limits.connections'?",
        ),
        ("[[root]]\npth = \"a\"", "config.toml:2: unknown key 'pth': did you mean 'path'?"),
        ("zzzzzz = 1", "config.toml:1: unknown key 'zzzzzz': 'taillight config show' lists the known ones"),
        ("token = \"x\"", "config.toml:1: unknown key 'token'"),
        ("heartbeat = \"20\"", "config.toml:1: bad value for 'heartbeat': expected a whole number"),
        ("heartbeat = -1", "config.toml:1: bad value for 'heartbeat': expected a whole number"),
        (
            "heartbeat = 0",
            "bad value '0' for 'heartbeat' (config.toml:1): expected a whole number from 1 to 3600 seconds",
        ),
        ("poll = 1", "config.toml:1: bad value for 'poll': expected true or false"),
        ("hosts = \"a\"", "config.toml:1: bad value for 'hosts': expected a list"),
        ("limits = 1", "config.toml:1: 'limits' is a table"),
        ("root = 1", "config.toml:1: 'root' is a list of tables"),
        ("[[root]]\ninclude = \"a\"", "config.toml:2: bad value for 'include': expected a list"),
        ("x = 1\ny = = 2", "config.toml:2: this is not TOML"),
        ("[[root]]\nalias = \"z\"", "config.toml:1: this root has no path"),
        ("[[root]]\npath = \"nope\"", "config.toml:1: no such file or folder: 'nope'"),
        ("[[root]]\nalias = \"a/b\"\npath = \"b/logs\"", "config.toml:1: bad name 'a/b'"),
        ("[[root]]\npath = \"b\"\nfollow_symlinks = \"within-roots\"", "\"within-roots\" is not in this version yet"),
        ("[[root]]\npath = \"b\"\nfollow_symlinks = \"yes\"", "bad value 'yes' for 'follow_symlinks'"),
        ("[[root]]\npath = \"b\"\nexclude = [\"a[\"]", "bad glob 'a['"),
    ];
    for (file, expected) in table {
        let said = place.said(&[], file);
        assert!(said.contains(expected), "{file:?}: {said}");
    }
    assert_eq!(place.said(&[], "lisen = 1\nhearbeat = 2").lines().count(), 2);
}

#[test]
fn bad_values_are_named_with_what_to_write() {
    let place = Place::new();
    let table = [
        (
            "TAILLIGHT_LISTEN",
            "8765",
            "bad value '8765' for 'listen' (TAILLIGHT_LISTEN): expected an IP address and a port",
        ),
        ("TAILLIGHT_AUTH", "users", "not in this version yet, use 'token' or 'none'"),
        ("TAILLIGHT_AUTH", "proxy", "not in this version yet, use 'token' or 'none'"),
        ("TAILLIGHT_AUTH", "no", "expected 'token' or 'none'"),
        ("TAILLIGHT_BASE_PATH", "x", "expected a path such as /logs"),
        ("TAILLIGHT_BASE_PATH", "/a/../b", "expected a path such as /logs"),
        ("TAILLIGHT_BASE_PATH", "//a", "expected a path such as /logs"),
        ("TAILLIGHT_BASE_PATH", "/a b", "expected a path such as /logs"),
        ("TAILLIGHT_HOSTS", "http://a/b", "'http://a/b' is not a host"),
        ("TAILLIGHT_HOSTS", "*.a", "'*.a' is not a host"),
        ("TAILLIGHT_POLL", "maybe", "expected 'true' or 'false'"),
        ("TAILLIGHT_LIMITS_CONNECTIONS", "0", "expected a whole number from 1"),
        ("TAILLIGHT_LIMITS_PATTERN_BYTES", "0", "expected a whole number from 1 to 4096"),
        ("TAILLIGHT_LIMITS_PATTERN_BYTES", "4097", "expected a whole number from 1 to 4096"),
        ("TAILLIGHT_LIMITS_LINE_BYTES", "255", "expected a whole number from 256 to 65536"),
        ("TAILLIGHT_LIMITS_LINE_BYTES", "65537", "expected a whole number from 256 to 65536"),
        ("TAILLIGHT_LIMITS_STDIN_BYTES", "1000", "expected a whole number from 16777216 to"),
        ("TAILLIGHT_LIMITS_STDIN_BYTES", "4G", "expected a whole number from 16777216 to"),
        ("TAILLIGHT_CONFIG_", "x", ""),
    ];
    for (name, text, expected) in table {
        let said = place.said(&[(name, text)], "");
        assert!(said.contains(expected), "{name}: {said}");
    }
    let said = place.said(&[("TAILLIGHT_TOKEN", "se cret")], "");
    assert!(said.contains("'token' (TAILLIGHT_TOKEN)") && !said.contains("se cret"), "{said}");
}

#[test]
fn an_open_address_without_authentication_is_refused_with_two_ways_out() {
    let place = Place::new();
    let load = |listen| place.load(&[("auth", "none"), ("listen", listen)], &[], "");
    for listen in ["127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "[::ffff:127.0.0.1]:1"] {
        assert!(load(listen).is_ok(), "{listen}");
    }
    for listen in ["0.0.0.0:1", "[::]:1", "10.0.0.1:1", "[::ffff:10.0.0.1]:1"] {
        let said = load(listen).unwrap_err().to_string();
        assert!(said.contains(&format!("taillight --listen {listen} --auth token")), "{said}");
        assert!(said.contains("taillight --listen 127.0.0.1:1 --auth none"), "{said}");
    }
}

#[test]
fn what_looks_like_a_mistake_is_a_warning() {
    let place = Place::new();
    let table: &[(&[(&str, &str)], &str)] = &[
        (&[("TAILLIGHT_LISTN", "x")], "did you mean TAILLIGHT_LISTEN?"),
        (&[("TAILLIGHT_TOKEN", "short")], "short enough to be guessed"),
        (&[("TAILLIGHT_LISTEN", "0.0.0.0:1")], "without encryption"),
        (&[("TAILLIGHT_AUTH", "none"), ("TAILLIGHT_TOKEN", "0123456789abcdef")], "not used"),
        (
            &[("TAILLIGHT_LIMITS_PATTERN_BYTES", "4096")],
            "limits.message_bytes may be too few for a filter and a find term",
        ),
    ];
    for (env, expected) in table {
        let warnings = place.load(&[], env, "").unwrap().warnings;
        assert!(warnings.len() == 1 && warnings[0].contains(expected), "{warnings:?}");
    }
    let quiet = [("TAILLIGHT_SERVICE_HOST", "x"), ("TAILLIGHT_PORT", "x"), ("TAILLIGHT_LOG", "debug")];
    assert_eq!(place.load(&[], &quiet, "").unwrap().warnings, Vec::<String>::new());
}

#[test]
fn paths_become_roots_of_their_own_name_or_the_given_one() {
    let place = Place::new();
    symlink(place.path("a/logs"), place.top.join("linked")).unwrap();
    symlink("app.log", place.top.join("a/logs/current")).unwrap();
    fs::write(place.top.join("x=y"), "").unwrap();
    let root = |argument: &str| {
        let config = place.load_paths(&[argument], &[], &[], "").unwrap();
        let [root] = config.roots.try_into().unwrap();
        let folder = root.folder.strip_prefix(&place.top).unwrap().to_str().unwrap().to_owned();
        (root.name.to_string(), folder, root.scope)
    };
    let family = |base: &[u8], is_link| RootScope::Family { base: base.to_vec(), is_link };
    let folder = |name: &str, path: &str| (name.to_owned(), path.to_owned(), RootScope::Folder);
    assert_eq!(root(&place.path("a/logs")), folder("logs", "a/logs"));
    assert_eq!(root(&place.path("a/logs/")), folder("logs", "a/logs"));
    assert_eq!(root(&place.path("a/logs/.")), folder("logs", "a/logs"));
    assert_eq!(root(&place.path("a/logs/..")), folder("a", "a"));
    assert_eq!(root(&place.path("linked")), folder("linked", "a/logs"));
    assert_eq!(root(&format!("n={}", place.path("a/logs"))), folder("n", "a/logs"));
    let (file, link) = (place.path("a/logs/app.log"), place.path("a/logs/current"));
    assert_eq!(root(&file), ("app.log".to_owned(), "a/logs".to_owned(), family(b"app.log", false)));
    assert_eq!(root(&format!("n={file}")), ("n".to_owned(), "a/logs".to_owned(), family(b"app.log", false)));
    assert_eq!(root(&link), ("current".to_owned(), "a/logs".to_owned(), family(b"current", true)));
    assert_eq!(root(&place.path("x=y")), ("x=y".to_owned(), String::new(), family(b"x=y", false)));
}

#[test]
fn a_dash_is_standard_input_under_its_own_name_or_the_given_one() {
    let place = Place::new();
    let table: &[(&[&str], &str, usize)] =
        &[(&["-"], "stdin", 1), (&["jobs=-"], "jobs", 1), (&["-", &place.path("a/logs")], "stdin", 2)];
    for (paths, name, n_roots) in table {
        let config = place.load_paths(paths, &[], &[], "").unwrap();
        assert_eq!(config.stdin.as_ref().map(ToString::to_string).as_deref(), Some(*name));
        assert_eq!(config.count_roots(), *n_roots);
        assert_eq!(origin(&config, &format!("root.{name}")), "- command line");
    }
    let config = place.load_paths(&[&place.path("a/logs")], &[], &[], "[limits]\nstdin_bytes = 20000000").unwrap();
    assert_eq!((config.stdin, config.limits.stdin_bytes), (None, 20_000_000));
    let dash = place.top.join("-");
    fs::write(&dash, "").unwrap();
    assert!(place.load_paths(&[dash.to_str().unwrap()], &[], &[], "").unwrap().stdin.is_none());
}

#[test]
fn a_dot_gets_the_name_of_the_real_folder() {
    let here = std::env::current_dir().unwrap();
    let config = Config::local(&[Path::new(".")]).unwrap();
    assert_eq!(config.roots[0].name.file_name(), here.file_name().unwrap().as_encoded_bytes());
    assert_eq!(config.roots[0].folder, fs::canonicalize(here).unwrap());
}

#[test]
fn paths_that_cannot_be_served_say_what_to_do() {
    let place = Place::new();
    symlink(place.path("a/logs/app.log"), place.top.join("b/out.log")).unwrap();
    let (a, b) = (place.path("a/logs"), place.path("b/logs"));
    let table: &[(&[&str], String)] = &[
        (&[], "nothing to serve: name files or folders, for example".to_owned()),
        (&["-", "-"], "standard input ('-') can be served once only: leave one '-' out".to_owned()),
        (&["-", "in=-"], "standard input ('-') can be served once only: leave one '-' out".to_owned()),
        (
            &["-", &format!("stdin={a}")],
            format!("two roots are named 'stdin' ('{a}' and '-'): name them apart, for example 'stdin-2=-'"),
        ),
        (&["..=-"], "bad name for standard input in '..=-'".to_owned()),
        (&["=-"], "bad name for standard input in '=-'".to_owned()),
        (&["/nope"], "no such file or folder: '/nope'".to_owned()),
        (&["n=/nope"], "no such file or folder: '/nope'".to_owned()),
        (&["n="], "write NAME=PATH, or './n=' for a file of that name".to_owned()),
        (&["=/tmp"], "bad name '' for '/tmp'".to_owned()),
        (&["..=/tmp"], "bad name '..' for '/tmp'".to_owned()),
        (&["/"], "'/' has no name of its own: write NAME=/".to_owned()),
        (&["/dev/null"], "'/dev/null' is neither a regular file nor a folder".to_owned()),
        (&[&place.path("b/out.log")], format!("serve '{}' itself", place.path("a/logs/app.log"))),
        (&[&a, &b], format!("two roots are named 'logs' ('{a}' and '{b}'): name them apart, for example 'logs-2={b}'")),
    ];
    for (paths, expected) in table {
        let said = place.load_paths(paths, &[], &[], "").unwrap_err().to_string();
        assert!(said.contains(expected), "{paths:?}: {said}");
    }
}

#[test]
fn the_file_names_roots_relative_to_itself() {
    let place = Place::new();
    let file = "[[root]]\nalias = \"sys\"\npath = \"b/logs\"\ninclude = [\"*.log\"]\nexclude = [\"x/**\"]\n\
                follow_symlinks = \"no\"\nallow_hardlinks = true\n";
    let config = place.load(&[], &[], file).unwrap();
    let [sys, logs] = config.roots.as_slice() else { panic!("{:?}", config.roots) };
    assert_eq!((sys.name.to_string(), sys.folder.clone()), ("sys".to_owned(), place.top.join("b/logs")));
    assert_eq!((sys.include.as_slice(), sys.exclude.as_slice()), (&["*.log".to_owned()][..], &["x/**".to_owned()][..]));
    assert_eq!((sys.follow_symlinks, sys.allow_hardlinks), (SymlinkRule::No, true));
    assert_eq!((logs.follow_symlinks, logs.allow_hardlinks), (SymlinkRule::Beneath, false));
    assert!(origin(&config, "root.sys").ends_with("config.toml:1"));
}
