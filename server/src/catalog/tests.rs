//! The gate against a real file system.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileExt as _, PermissionsExt as _, symlink};
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use rustix::fs::{CWD, FileType, Mode, RenameFlags};
use taillight::wire::listing::EntryKind;

use super::*;
use crate::config::{RootScope, SymlinkRule};

const NOBODY: u32 = 65534;

/// A folder that is gone at the end, with `root` and `outside` in it.
struct Place {
    top: PathBuf,
}

impl Place {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("taillight-gate-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let top = fs::canonicalize(std::env::temp_dir()).unwrap().join(name);
        fs::create_dir_all(top.join("root")).unwrap();
        fs::create_dir(top.join("outside")).unwrap();
        fs::write(top.join("outside/secret.log"), "canary").unwrap();
        Self { top }
    }

    fn root(&self) -> PathBuf {
        self.top.join("root")
    }

    fn write(&self, name: &[u8], content: &[u8]) {
        let path = self.root().join(OsStr::from_bytes(name));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn config(&self) -> RootConfig {
        config_of("r", &self.root())
    }

    fn catalog(&self) -> Catalog {
        Catalog::new(&[self.config()]).unwrap()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.top);
    }
}

fn config_of(name: &str, folder: &Path) -> RootConfig {
    RootConfig {
        name: LogPath::root(name.as_bytes()).unwrap(),
        folder: folder.to_owned(),
        given: folder.to_owned(),
        scope: RootScope::Folder,
        include: Vec::new(),
        exclude: Vec::new(),
        follow_symlinks: SymlinkRule::Beneath,
        allow_hardlinks: false,
    }
}

fn content(file: &LogFile) -> Vec<u8> {
    let mut buf = vec![0; usize::try_from(file.stat().unwrap().len).unwrap()];
    file.handle().read_exact_at(&mut buf, 0).unwrap();
    buf
}

/// What opening says, as a word.
fn opened(catalog: &Catalog, path: &str) -> String {
    word(path.parse().map_err(|_| OpenError::NotFound).and_then(|path| catalog.open(&Principal::local(), &path)))
}

fn word(result: Result<LogFile, OpenError>) -> String {
    match result {
        Ok(file) => String::from_utf8(content(&file)).unwrap(),
        Err(OpenError::NotFound) => "not found".to_owned(),
        Err(OpenError::IsFolder) => "folder".to_owned(),
        Err(OpenError::NotAFile(kind)) => kind.to_owned(),
        Err(err @ OpenError::Denied { .. }) => err.to_string(),
        Err(OpenError::Io(err)) => format!("failed: {err}"),
    }
}

fn listed(catalog: &Catalog, folder: &str) -> Vec<(String, EntryKind)> {
    let listing = catalog.list(&Principal::local(), Some(&folder.parse().unwrap()), None).unwrap();
    listing.entries.into_iter().map(|entry| (entry.path.to_string(), entry.kind)).collect()
}

#[test]
fn paths_open_what_is_inside_and_nothing_else() {
    let place = Place::new();
    let root = place.root();
    place.write(b"a.log", b"a");
    place.write(b"d/b.log", b"b");
    place.write(b"two.log", b"two");
    place.write(b"...", b"dots");
    fs::hard_link(root.join("two.log"), place.top.join("outside/two.log")).unwrap();
    symlink("a.log", root.join("to-a")).unwrap();
    symlink("d", root.join("to-d")).unwrap();
    symlink("../a.log", root.join("d/up")).unwrap();
    symlink(root.join("a.log"), root.join("absolute")).unwrap();
    symlink("../outside/secret.log", root.join("out")).unwrap();
    symlink("../outside", root.join("out-d")).unwrap();
    symlink("nowhere", root.join("dangling")).unwrap();
    symlink("loop-b", root.join("loop-a")).unwrap();
    symlink("loop-a", root.join("loop-b")).unwrap();
    symlink("/proc/self/environ", root.join("environ")).unwrap();
    symlink("/dev/zero", root.join("zero")).unwrap();
    fs::create_dir(place.top.join("root-secret")).unwrap();
    fs::write(place.top.join("root-secret/a.log"), "canary").unwrap();
    rustix::fs::mknodat(CWD, root.join("fifo"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let _socket = UnixListener::bind(root.join("socket")).unwrap();
    let table = [
        ("r/a.log", "a"),
        ("r/d/b.log", "b"),
        ("r/to-a", "a"),
        ("r/to-d/b.log", "b"),
        ("r/d/up", "a"),
        ("r/...", "dots"),
        ("r", "folder"),
        ("r/d", "folder"),
        ("r/to-d", "folder"),
        ("r/fifo", "a FIFO"),
        ("r/socket", "a socket"),
        ("r/missing", "not found"),
        ("r/a.log/x", "not found"),
        ("x/a.log", "not found"),
        ("r-secret/a.log", "not found"),
        ("R/a.log", "not found"),
        ("r/A.log", "not found"),
        ("r/a.log.", "not found"),
        ("r/a.log%20", "not found"),
        ("r/two.log", "not found"),
        ("r/absolute", "not found"),
        ("r/out", "not found"),
        ("r/out-d", "not found"),
        ("r/out-d/secret.log", "not found"),
        ("r/dangling", "not found"),
        ("r/loop-a", "not found"),
        ("r/environ", "not found"),
        ("r/zero", "not found"),
        ("r/../outside/secret.log", "not found"),
        ("r/%2e%2e/outside/secret.log", "not found"),
        ("r/..%2foutside/secret.log", "not found"),
        ("r/%252e%252e/outside/secret.log", "not found"),
        ("r/%c0%ae%c0%ae/outside/secret.log", "not found"),
        ("r/..\\outside\\secret.log", "not found"),
        ("r//a.log", "not found"),
        ("r/./a.log", "not found"),
        ("/r/a.log", "not found"),
        ("r/a.log%00", "not found"),
        ("r/d/../../outside/secret.log", "not found"),
    ];
    let catalog = place.catalog();
    for (path, expected) in table {
        assert_eq!(opened(&catalog, path), expected, "{path}");
    }
    assert_eq!(opened(&catalog, &format!("r/{}", "x".repeat(255))), "not found");
    let deep = format!("r/{}", vec!["x"; 2000].join("/"));
    assert_eq!(opened(&catalog, &deep), "not found");
}

#[test]
fn links_and_hard_links_follow_the_configuration() {
    let place = Place::new();
    place.write(b"a.log", b"a");
    symlink("a.log", place.root().join("to-a")).unwrap();
    fs::hard_link(place.root().join("a.log"), place.root().join("again.log")).unwrap();
    let with = |follow_symlinks, allow_hardlinks| {
        Catalog::new(&[RootConfig { follow_symlinks, allow_hardlinks, ..place.config() }]).unwrap()
    };
    assert_eq!(opened(&with(SymlinkRule::Beneath, true), "r/to-a"), "a");
    assert_eq!(opened(&with(SymlinkRule::Beneath, true), "r/again.log"), "a");
    assert_eq!(opened(&with(SymlinkRule::No, true), "r/to-a"), "not found");
    assert_eq!(opened(&with(SymlinkRule::No, true), "r/a.log"), "a");
    assert_eq!(opened(&with(SymlinkRule::Beneath, false), "r/a.log"), "not found");
    assert_eq!(listed(&with(SymlinkRule::Beneath, false), "r"), []);
}

#[test]
fn rules_hold_for_the_requested_and_for_the_resolved_name() {
    let place = Place::new();
    place.write(b"a.log", b"a");
    place.write(b"b.txt", b"b");
    place.write(b"private/p.log", b"p");
    symlink("private/p.log", place.root().join("innocent.log")).unwrap();
    symlink("private", place.root().join("innocent")).unwrap();
    symlink("b.txt", place.root().join("text.log")).unwrap();
    symlink("a.log", place.root().join("a.lnk")).unwrap();
    let config = RootConfig {
        include: vec!["**/*.log".to_owned()],
        exclude: vec!["**/private/**".to_owned()],
        ..place.config()
    };
    let catalog = Catalog::new(&[config]).unwrap();
    assert_eq!(opened(&catalog, "r/a.log"), "a");
    for path in [
        "r/b.txt",
        "r/private",
        "r/private/p.log",
        "r/private/missing.log",
        "r/innocent.log",
        "r/innocent/p.log",
        "r/innocent",
        "r/text.log",
        "r/a.lnk",
    ] {
        assert_eq!(opened(&catalog, path), "not found", "{path}");
    }
    let folder = |path: &str| catalog.list(&Principal::local(), Some(&path.parse().unwrap()), None);
    assert!(matches!(folder("r/private"), Err(OpenError::NotFound)));
    assert!(matches!(folder("r/innocent"), Err(OpenError::NotFound)));
    assert_eq!(listed(&catalog, "r"), [("r/a.log".to_owned(), EntryKind::File)]);
}

/// The files below a folder, as a search finds them, and how many there are.
fn below(catalog: &Catalog, folder: Option<&str>, most: usize) -> Result<(Vec<String>, usize), OpenError> {
    let folder = folder.map(|folder| folder.parse().unwrap());
    let found = catalog.files_below(&Principal::local(), folder.as_ref(), most, &|| false)?;
    assert!(found.is_all && found.unread.is_empty(), "{:?}", found.unread);
    Ok((found.files.iter().map(|file| file.path.to_string()).collect(), found.n_files))
}

#[test]
fn the_files_below_a_folder_are_those_that_listings_show_newest_first() {
    let place = Place::new();
    let names = ["old.log", "sub/mid.log", "sub/deep/new.log", "b.txt", "private/p.log", "sub/private/q.log"];
    for (age, name) in names.into_iter().enumerate() {
        place.write(name.as_bytes(), b"x");
        let time = std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000 + age as u64);
        File::options().append(true).open(place.root().join(name)).unwrap().set_modified(time).unwrap();
    }
    symlink(".", place.root().join("sub/loop")).unwrap();
    symlink("../outside", place.root().join("out")).unwrap();
    symlink("../outside/secret.log", place.root().join("out.log")).unwrap();
    symlink("private", place.root().join("innocent")).unwrap();
    symlink("private/p.log", place.root().join("innocent.log")).unwrap();
    symlink("old.log", place.root().join("current.log")).unwrap();
    fs::hard_link(place.top.join("outside/secret.log"), place.root().join("hard.log")).unwrap();
    rustix::fs::mknodat(CWD, place.root().join("fifo.log"), FileType::Fifo, Mode::RUSR, 0).unwrap();
    let config = RootConfig {
        include: vec!["**/*.log".to_owned()],
        exclude: vec!["**/private/**".to_owned()],
        ..place.config()
    };
    let catalog = Catalog::new(&[config]).unwrap();
    let all = ["r/sub/deep/new.log", "r/sub/mid.log", "r/old.log"];
    for folder in [None, Some("r")] {
        assert_eq!(below(&catalog, folder, 9).unwrap(), (all.map(str::to_owned).to_vec(), 3), "{folder:?}");
    }
    assert_eq!(below(&catalog, Some("r/sub"), 9).unwrap(), (all[..2].iter().map(ToString::to_string).collect(), 2));
    assert_eq!(below(&catalog, None, 1).unwrap(), (vec![all[0].to_owned()], 3), "the newest are kept");
    // Where the file itself is not, its link is what is found.
    fs::create_dir(place.root().join("links")).unwrap();
    symlink("../old.log", place.root().join("links/a.log")).unwrap();
    symlink("../old.log", place.root().join("links/b.log")).unwrap();
    assert_eq!(below(&catalog, Some("r/links"), 9).unwrap().1, 1);
    for folder in ["r/private", "r/innocent", "r/out", "r/missing", "r/old.log", "other"] {
        assert!(matches!(below(&catalog, Some(folder), 9), Err(OpenError::NotFound)), "{folder}");
    }
    let stopped = catalog.files_below(&Principal::local(), None, 9, &|| true).unwrap();
    assert!(stopped.files.is_empty() && !stopped.is_all);
}

#[test]
fn a_file_root_holds_the_file_and_its_rotated_siblings() {
    let place = Place::new();
    for name in ["app.log", "app.log.1", "app.log-2026", "app.log.d/x", "other.log"] {
        place.write(name.as_bytes(), name.as_bytes());
    }
    let config = crate::config::Config::local(&[&place.root().join("app.log")]).unwrap();
    let catalog = Catalog::new(&config.roots).unwrap();
    assert_eq!(opened(&catalog, "app.log/app.log"), "app.log");
    assert_eq!(opened(&catalog, "app.log/app.log.1"), "app.log.1");
    assert_eq!(opened(&catalog, "app.log"), "folder");
    assert_eq!(opened(&catalog, "app.log/other.log"), "not found");
    assert_eq!(opened(&catalog, "app.log/app.log.d"), "not found");
    assert_eq!(opened(&catalog, "app.log/app.log.d/x"), "not found");
    let names = ["app.log/app.log", "app.log/app.log-2026", "app.log/app.log.1"];
    assert_eq!(listed(&catalog, "app.log"), names.map(|name| (name.to_owned(), EntryKind::File)));
    let mut found = below(&catalog, None, 9).unwrap().0;
    found.sort();
    assert_eq!(found, names);
    let roots = catalog.list(&Principal::local(), None, None).unwrap();
    assert_eq!(roots.entries.len(), 1);
    assert_eq!((roots.entries[0].kind, roots.entries[0].size), (EntryKind::Root, Some(7)));
    assert!(roots.entries[0].modified.as_deref().is_some_and(|time| time.ends_with('Z')));
}

#[test]
fn devices_and_kernel_files_are_refused_by_kind_and_file_system() {
    let roots = [config_of("dev", Path::new("/dev")), config_of("proc", Path::new("/proc"))];
    let catalog = Catalog::new(&roots).unwrap();
    assert_eq!(opened(&catalog, "dev/zero"), "a device");
    assert_eq!(opened(&catalog, "proc/version"), "not found");
    assert!(catalog.list(&Principal::local(), Some(&"proc".parse().unwrap()), None).is_err());
}

#[test]
fn a_writer_that_waits_at_a_fifo_is_left_alone() {
    let place = Place::new();
    let fifo = place.root().join("fifo");
    rustix::fs::mknodat(CWD, &fifo, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let catalog = place.catalog();
    let (tell, told) = std::sync::mpsc::sync_channel(1);
    let at = fifo.clone();
    let writer = std::thread::spawn(move || -> io::Result<()> {
        // Reading the link of the thread itself gives its number without another crate.
        tell.send(fs::read_link("/proc/thread-self").unwrap()).unwrap();
        fs::OpenOptions::new().write(true).open(at)?.write_all(b"hello")
    });
    let thread = Path::new("/proc").join(told.recv().unwrap());
    wait_for(|| fs::read_to_string(thread.join("status")).is_ok_and(|status| status.contains("State:\tS")));
    // A writer that one of these let through needs a moment to run into its broken pipe: hence many.
    for _ in 0..2_000 {
        assert_eq!(opened(&catalog, "r/fifo"), "a FIFO");
        assert_eq!(listed(&catalog, "r"), []);
    }
    assert!(!writer.is_finished(), "the writer was let through");
    let mut text = String::new();
    File::open(&fifo).unwrap().read_to_string(&mut text).unwrap();
    writer.join().unwrap().unwrap();
    assert_eq!(text, "hello");
}

fn wait_for(condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !condition() {
        assert!(Instant::now() < deadline, "waited too long");
        std::thread::yield_now();
    }
}

#[test]
fn every_legal_name_is_listed_and_opens_by_what_was_listed() {
    let place = Place::new();
    let mut names: Vec<Vec<u8>> = (1..=255).filter(|byte| !b"/.".contains(byte)).map(|byte| vec![byte]).collect();
    assert_eq!(names.len(), 253);
    names.extend([b"a\nb".to_vec(), b"\xff\xfe.log".to_vec(), "\u{e9}".into(), "e\u{301}".into(), vec![b'x'; 255]]);
    for name in &names {
        place.write(name, name);
    }
    let catalog = place.catalog();
    let listing = catalog.list(&Principal::local(), Some(&"r".parse().unwrap()), None).unwrap();
    let mut found: Vec<Vec<u8>> = Vec::new();
    for entry in listing.entries {
        let path: LogPath = entry.path.to_string().parse().unwrap();
        found.push(content(&catalog.open(&Principal::local(), &path).unwrap()));
        assert_eq!(found.last().map(Vec::as_slice), Some(path.file_name()));
        assert!(!entry.name.contains(['\n', '\x1b']), "{:?}", entry.name);
    }
    names.sort();
    assert_eq!(found, names);
}

#[test]
fn a_long_listing_comes_in_parts_without_gaps_or_repeats() {
    let place = Place::new();
    for idx in 0..2_300 {
        place.write(format!("f{idx:05}").as_bytes(), b"");
    }
    fs::create_dir(place.root().join("zz")).unwrap();
    let catalog = place.catalog();
    let folder: LogPath = "r".parse().unwrap();
    let (mut names, mut after, mut parts) = (Vec::new(), None::<String>, 0);
    loop {
        let part = catalog.list(&Principal::local(), Some(&folder), after.as_deref()).unwrap();
        assert!(part.entries.len() <= LISTING_ENTRIES);
        names.extend(part.entries.into_iter().map(|entry| entry.name));
        parts += 1;
        after = part.next;
        if after.is_none() {
            break;
        }
    }
    let expected: Vec<String> =
        ["zz".to_owned()].into_iter().chain((0..2_300).map(|idx| format!("f{idx:05}"))).collect();
    assert_eq!(names, expected);
    assert_eq!(parts, 3);
    assert!(matches!(catalog.list(&Principal::local(), Some(&folder), Some("what")), Err(OpenError::NotFound)));
}

#[test]
fn a_rotated_name_is_seen_and_opened_again() {
    let place = Place::new();
    place.write(b"d/a.log", b"old");
    let catalog = place.catalog();
    let file = catalog.open(&Principal::local(), &"r/d/a.log".parse().unwrap()).unwrap();
    assert_eq!(file.name_stat().unwrap(), file.stat().unwrap());
    assert_eq!(file.watch_folder(), place.root().join("d"));
    fs::rename(place.root().join("d/a.log"), place.root().join("d/a.log.1")).unwrap();
    assert!(matches!(file.name_stat(), Err(OpenError::NotFound)));
    place.write(b"d/a.log", b"newer");
    let (named, open) = (file.name_stat().unwrap(), file.stat().unwrap());
    assert_ne!((named.inode, named.len), (open.inode, open.len));
    assert_eq!(content(&file), b"old");
    assert_eq!(content(&file.reopen().unwrap()), b"newer");
    fs::remove_file(place.root().join("d/a.log")).unwrap();
    symlink("../../outside/secret.log", place.root().join("d/a.log")).unwrap();
    assert_eq!(word(file.reopen()), "not found");
    assert!(matches!(file.name_stat(), Err(OpenError::NotFound)));
}

#[test]
fn a_root_that_vanishes_is_not_found_and_comes_back() {
    let place = Place::new();
    place.write(b"a.log", b"a");
    let catalog = place.catalog();
    fs::remove_dir_all(place.root()).unwrap();
    assert_eq!(opened(&catalog, "r/a.log"), "not found");
    assert!(matches!(catalog.list(&Principal::local(), Some(&"r".parse().unwrap()), None), Err(OpenError::NotFound)));
    assert_eq!(catalog.list(&Principal::local(), None, None).unwrap().entries.len(), 1);
    place.write(b"a.log", b"again");
    assert_eq!(opened(&catalog, "r/a.log"), "again");
    fs::remove_dir_all(place.root()).unwrap();
    symlink(place.top.join("outside"), place.root()).unwrap();
    assert_eq!(opened(&catalog, "r/secret.log"), "not found");
}

#[test]
fn absolute_paths_are_located_by_whole_components() {
    let mut app = config_of("app", Path::new("/var/log/app"));
    app.given = PathBuf::from("/logs");
    let all = config_of("all", Path::new("/var"));
    let family = RootConfig {
        scope: RootScope::Family { base: b"x.log".to_vec(), is_link: false },
        ..config_of("x.log", Path::new("/srv"))
    };
    // Only names are asked for here, so every root may stand on a folder that exists.
    let roots = [all, app, family].map(|config| {
        let (folder, given) = (config.folder.clone(), config.given.clone());
        Root::open(&RootConfig { folder: PathBuf::from("/"), ..config })
            .map(|root| root.moved_to(folder, given))
            .unwrap()
    });
    let catalog = Catalog { roots: Arc::new(roots), piped: None };
    let table: &[(&[u8], Option<&str>)] = &[
        (b"/var/log/app/a.log", Some("app/a.log")),
        (b"/logs/d/a.log", Some("app/d/a.log")),
        (b"/var/log/app-secret/a.log", Some("all/log/app-secret/a.log")),
        (b"/var/log/app", Some("app")),
        (b"/var/\xff", Some("all/%FF")),
        (b"/srv/x.log", Some("x.log/x.log")),
        (b"/srv/x.log.1", Some("x.log/x.log.1")),
        (b"/srv/y.log", None),
        (b"/logs-secret/a.log", None),
        (b"/etc/passwd", None),
        (b"/var/log/app/../x", None),
        (b"/var/log/app/./x", None),
        (b"/var/log//app/x", None),
        (b"//var/log/app/x", None),
        (b"/var/log/app/x/", None),
        (b"/var/log/app/\0", None),
        (b"var/log/app/x", None),
        (b"", None),
    ];
    for (absolute, expected) in table {
        let found = catalog.locate(absolute).map(|path| path.to_string());
        assert_eq!(found.as_deref(), *expected, "{}", absolute.escape_ascii());
    }
}

#[test]
fn exchanging_a_folder_for_a_link_during_the_look_up_lets_nothing_out() {
    const ROUNDS: u32 = 20_000;
    let place = Place::new();
    place.write(b"d/secret.log", b"inside");
    symlink("../outside", place.root().join("link")).unwrap();
    let catalog = place.catalog();
    let is_over = AtomicBool::new(false);
    let (mut n_inside, mut n_refused) = (0, 0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let (one, two) = (place.root().join("d"), place.root().join("link"));
            while !is_over.load(Ordering::Relaxed) {
                rustix::fs::renameat_with(CWD, &one, CWD, &two, RenameFlags::EXCHANGE).unwrap();
            }
        });
        let path = "r/d/secret.log".parse().unwrap();
        for _ in 0..ROUNDS {
            match catalog.open(&Principal::local(), &path) {
                Ok(file) => {
                    // Not asserted in here: a panic would leave the other thread running.
                    n_inside += u32::from(content(&file) == b"inside");
                }
                Err(_) => n_refused += 1,
            }
        }
        is_over.store(true, Ordering::Relaxed);
    });
    assert_eq!(n_inside + n_refused, ROUNDS, "something else was read");
    assert!(n_inside > 0 && n_refused > 0, "no race took place: {n_inside} {n_refused}");
}

#[test]
fn what_the_system_refuses_says_who_we_are_and_how_to_fix_it() {
    const CHILD: &str = "TAILLIGHT_GATE_TEST_ROOT";
    const NAME: &str = "catalog::tests::what_the_system_refuses_says_who_we_are_and_how_to_fix_it";
    if let Some(root) = std::env::var_os(CHILD) {
        return check_refusals(Path::new(&root));
    }
    let place = Place::new();
    place.write(b"group.log", b"g");
    place.write(b"mine.log", b"m");
    place.write(b"open.log", b"o");
    place.write(b"closed/a.log", b"a");
    let mode = |name: &str, mode| fs::set_permissions(place.root().join(name), fs::Permissions::from_mode(mode));
    mode("group.log", 0o640).unwrap();
    mode("mine.log", 0o000).unwrap();
    mode("closed", 0o000).unwrap();
    let is_root = rustix::process::geteuid().is_root();
    if is_root {
        // 4 is the group of logs on Debian, and some group everywhere.
        std::os::unix::fs::chown(place.root().join("group.log"), None, Some(4)).unwrap();
        // The program may be in a folder that the other user cannot enter.
        let program = place.top.join("program");
        fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
        let mut command = Command::new(program);
        command.args(["--exact", NAME]).env(CHILD, place.root()).current_dir("/").uid(NOBODY).gid(NOBODY);
        let output = command.output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && text.contains("1 passed"), "{text}");
    } else {
        check_refusals(&place.root());
    }
    mode("closed", 0o700).unwrap();
}

fn check_refusals(root: &Path) {
    let uid = rustix::process::geteuid().as_raw();
    assert_ne!(uid, 0);
    let catalog = Catalog::new(&[config_of("r", root)]).unwrap();
    assert_eq!(opened(&catalog, "r/open.log"), "o");
    let table = [("r/mine.log", "setfacl"), ("r/closed/a.log", "namei"), ("r/closed/missing", "namei")];
    let grouped = [("r/group.log", "usermod -aG")].into_iter().filter(|_| uid == NOBODY);
    for (path, fix) in table.into_iter().chain(grouped) {
        let said = opened(&catalog, path);
        let shown = root.join(path.strip_prefix("r/").unwrap()).display().to_string();
        for part in [fix, &format!("(uid {uid})"), &shown] {
            assert!(said.contains(part), "{path}: {said}");
        }
    }
    let closed = catalog.list(&Principal::local(), Some(&"r/closed".parse().unwrap()), None);
    assert!(matches!(closed, Err(OpenError::Denied { .. })));
    let names: Vec<String> = listed(&catalog, "r").into_iter().map(|(path, _)| path).collect();
    assert_eq!(names, ["r/closed", "r/group.log", "r/mine.log", "r/open.log"]);
}

#[test]
fn standard_input_is_a_root_of_its_own() {
    let place = Place::new();
    let folder = crate::testing::TempFolder::new();
    let mut input = crate::testing::PipedInput::new(&folder, 1 << 16);
    let name = LogPath::root(b"in").unwrap();
    let catalog = place.catalog().with_stdin(name.clone(), Arc::clone(&input.stdin));
    let who = Principal::local();
    let open = |path: &str| catalog.open(&who, &path.parse().unwrap());
    let listed = |folder: Option<&LogPath>, after: Option<&str>| {
        let entries = catalog.list(&who, folder, after).unwrap().entries.into_iter();
        entries.map(|entry| (entry.path.to_string(), entry.kind, entry.size)).collect::<Vec<_>>()
    };
    input.write(b"a line\n");
    let (root, now) = ("in".to_owned(), "in/stdin".to_owned());
    assert_eq!(listed(None, None)[1..], [(root, EntryKind::Root, Some(7))]);
    assert_eq!(listed(Some(&name), None), [(now, EntryKind::File, Some(7))]);
    let file = open("in/stdin").unwrap();
    assert_eq!((content(&file), file.path().to_string()), (b"a line\n".to_vec(), "in/stdin".to_owned()));
    assert_eq!(file.name_stat().unwrap().inode, file.stat().unwrap().inode);
    assert_eq!(catalog.locate(b"/dev/stdin").unwrap(), *file.path());
    assert!(place.catalog().locate(b"/dev/stdin").is_none());
    assert!(matches!(open("in"), Err(OpenError::IsFolder)));
    for missing in ["in/stdin.1", "in/stdin.2", "in/x", "in/stdin/x", "stdin/stdin"] {
        assert!(matches!(open(missing), Err(OpenError::NotFound)), "{missing}");
    }
    for (folder, after) in [("in/stdin", None), ("in/x", None), ("in", Some("x"))] {
        let folder = folder.parse().unwrap();
        assert!(matches!(catalog.list(&who, Some(&folder), after), Err(OpenError::NotFound)), "{folder} {after:?}");
    }
    input.write(&[b'x'; 40_000]);
    assert_eq!(file.reopen().unwrap().name_stat().unwrap().len, 40_007 - 32_768);
    assert_eq!(open("in/stdin.1").unwrap().stat().unwrap(), file.stat().unwrap());
    assert_eq!(listed(Some(&name), None)[1], ("in/stdin.1".to_owned(), EntryKind::File, Some(32_768)));
    assert_eq!(listed(Some(&name), Some("f/stdin")).len(), 1);
    input.stop();
}
