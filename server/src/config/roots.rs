//! What is served: the paths of the command line and the `[[root]]` tables, each made a root that exists.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use taillight::path::{LogPath, shown_name};

use super::file::{ConfigFile, RootTable};
use super::{Config, Origin, RootConfig, RootScope, Shown, Sources, SymlinkRule};

/// What to say when there is no root.
pub fn nothing_to_serve() -> String {
    "nothing to serve: name files or folders, for example\n  \
     taillight /var/log/syslog\n  \
     taillight nginx=/var/log/nginx app=/srv/app/logs\n  \
     journalctl -f | taillight -\n  \
     taillight --config /etc/taillight/config.toml     (with '[[root]]' tables)"
        .to_owned()
}

/// The name of standard input's root when none is given.
const STDIN_NAME: &[u8] = b"stdin";

/// What an argument asks to serve.
enum Asked {
    Path(RootConfig),
    /// Standard input, under that name.
    Stdin(LogPath),
}

/// Adds the roots to the settings.
pub fn resolve(config: &mut Config, sources: &Sources, file: Option<&ConfigFile>, problems: &mut Vec<String>) {
    let mut roots: Vec<(RootConfig, Origin)> = Vec::new();
    for table in file.iter().flat_map(|file| &file.roots) {
        let path = file.map(|file| file.path.clone()).unwrap_or_default();
        match of_table(table, &path) {
            Ok(root) => roots.push((root, Origin::File { path, line: table.line })),
            Err(problem) => problems.push(format!("{}:{}: {problem}", path.display(), table.line)),
        }
    }
    for argument in &sources.paths {
        match of_argument(argument) {
            Ok(Asked::Path(root)) => roots.push((root, Origin::Argument)),
            Ok(Asked::Stdin(_)) if config.stdin.is_some() => {
                problems.push("standard input ('-') can be served once only: leave one '-' out".to_owned());
            }
            Ok(Asked::Stdin(name)) => config.stdin = Some(name),
            Err(problem) => problems.push(problem),
        }
    }
    for (root, origin) in roots {
        match config.roots.iter().find(|other| other.name == root.name) {
            Some(other) => problems.push(same_name(&root.name, &shown_root(other), &shown_root(&root))),
            None => {
                config.shown.push(shown(&root.name, shown_root(&root), origin));
                config.roots.push(root);
            }
        }
    }
    if let Some(name) = &config.stdin {
        if let Some(other) = config.roots.iter().find(|other| other.name == *name) {
            problems.push(same_name(name, &shown_root(other), "-"));
        }
        config.shown.push(shown(name, "-".to_owned(), Origin::Argument));
    }
}

fn same_name(name: &LogPath, first: &str, second: &str) -> String {
    let name = shown_name(name.root_name());
    format!("two roots are named '{name}' ('{first}' and '{second}'): name them apart, for example '{name}-2={second}'")
}

fn shown(name: &LogPath, value: String, origin: Origin) -> Shown {
    Shown { key: format!("root.{}", name.shown()), value, origin }
}

fn shown_root(root: &RootConfig) -> String {
    match &root.scope {
        RootScope::Folder => shown_path(&root.folder),
        RootScope::Family { base, .. } => shown_path(&root.folder.join(OsStr::from_bytes(base))),
    }
}

/// `PATH`, or `NAME=PATH` when what stands before the first `=` holds no slash; the path `-` is standard input.
fn of_argument(argument: &OsStr) -> Result<Asked, String> {
    let bytes = argument.as_bytes();
    let equals = bytes.iter().position(|&byte| byte == b'=').filter(|&at| !bytes[..at].contains(&b'/'));
    let (name, path) = match equals {
        Some(at) => (Some(&bytes[..at]), &bytes[at + 1..]),
        None => (None, bytes),
    };
    if path == b"-" {
        let name = LogPath::root(name.unwrap_or(STDIN_NAME));
        let bad = |err| format!("bad name for standard input in '{}': {err}; write '-' or 'NAME=-'", shown_name(bytes));
        return name.map(Asked::Stdin).map_err(bad);
    }
    if path.is_empty() {
        let shown = shown_name(bytes);
        return Err(format!("no path in '{shown}': write NAME=PATH, or './{shown}' for a file of that name"));
    }
    of_path(name, Path::new(OsStr::from_bytes(path))).map(Asked::Path)
}

fn of_table(table: &RootTable, file: &Path) -> Result<RootConfig, String> {
    let path = table.path.as_deref().filter(|path| !path.is_empty());
    let path = path.ok_or("this root has no path: add 'path = \"/var/log/app\"'")?;
    // Relative to the file, so that it means the same wherever the server is started.
    let path = file.parent().unwrap_or(Path::new("")).join(path);
    let mut root = of_path(table.alias.as_deref().map(str::as_bytes), &path)?;
    root.include.clone_from(&table.include);
    root.exclude.clone_from(&table.exclude);
    root.allow_hardlinks = table.allow_hardlinks;
    if let Some(rule) = &table.follow_symlinks {
        root.follow_symlinks = match rule.value.as_str() {
            "no" => SymlinkRule::No,
            "beneath" => SymlinkRule::Beneath,
            "within-roots" => {
                return Err("follow_symlinks = \"within-roots\" is not in this version yet, use \"beneath\" or \"no\""
                    .to_owned());
            }
            other => {
                return Err(format!("bad value '{other}' for 'follow_symlinks': expected \"beneath\" or \"no\""));
            }
        };
    }
    check_globs(&root)?;
    Ok(root)
}

fn check_globs(root: &RootConfig) -> Result<(), String> {
    for glob in root.include.iter().chain(&root.exclude) {
        globset::Glob::new(glob).map_err(|err| format!("bad glob '{glob}': {}", err.kind()))?;
    }
    Ok(())
}

/// A root for a path that exists.
fn of_path(name: Option<&[u8]>, path: &Path) -> Result<RootConfig, String> {
    let given = std::path::absolute(path).map_err(|err| unreachable_path(path, &err))?;
    let kind = fs::metadata(&given).map_err(|err| unreachable_path(path, &err))?.file_type();
    let (folder, scope, own_name) = if kind.is_dir() {
        let folder = fs::canonicalize(&given).map_err(|err| unreachable_path(path, &err))?;
        // `.` and `..` have no name of their own.
        let own_name = given.file_name().or(folder.file_name()).map(|name| name.as_bytes().to_vec());
        (folder, RootScope::Folder, own_name)
    } else if kind.is_file() {
        let (folder, base, is_link) = family(path, &given)?;
        (folder, RootScope::Family { base: base.clone(), is_link }, Some(base))
    } else {
        return Err(format!("'{}' is neither a regular file nor a folder: only those are served", shown_path(path)));
    };
    let name = name
        .map(<[u8]>::to_vec)
        .or(own_name)
        .ok_or_else(|| format!("'{}' has no name of its own: write NAME={}", shown_path(path), shown_path(path)))?;
    let name = LogPath::root(&name).map_err(|err| {
        format!("bad name '{}' for '{}': {err}; write NAME=PATH", shown_name(&name), shown_path(path))
    })?;
    let given = if scope == RootScope::Folder { given } else { parent_of(&given) };
    Ok(RootConfig {
        name,
        folder,
        given,
        scope,
        include: Vec::new(),
        exclude: Vec::new(),
        follow_symlinks: SymlinkRule::Beneath,
        allow_hardlinks: false,
    })
}

/// The folder of a file, its name there, and whether that is a link.
fn family(path: &Path, given: &Path) -> Result<(PathBuf, Vec<u8>, bool), String> {
    let folder = fs::canonicalize(parent_of(given)).map_err(|err| unreachable_path(path, &err))?;
    let base = given.file_name().unwrap_or_default().as_bytes().to_vec();
    let real = fs::canonicalize(given).map_err(|err| unreachable_path(path, &err))?;
    let is_link = real != folder.join(OsStr::from_bytes(&base));
    if is_link && real.parent() != Some(&folder) {
        return Err(format!(
            "'{}' is a link out of its folder, which is not followed: serve '{}' itself",
            shown_path(path),
            shown_path(&real)
        ));
    }
    Ok((folder, base, is_link))
}

fn parent_of(path: &Path) -> PathBuf {
    path.parent().unwrap_or(Path::new("/")).to_path_buf()
}

fn unreachable_path(path: &Path, err: &io::Error) -> String {
    let shown = shown_path(path);
    match err.kind() {
        io::ErrorKind::NotFound => format!("no such file or folder: '{shown}'"),
        io::ErrorKind::PermissionDenied => format!(
            "cannot reach '{shown}' as uid {}: a folder on the way may not be entered; 'namei -l {shown}' shows which",
            rustix::process::geteuid().as_raw()
        ),
        _ => format!("cannot use '{shown}': {err}"),
    }
}

fn shown_path(path: &Path) -> String {
    shown_name(path.as_os_str().as_bytes())
}
