//! The rules of the house that a compiler cannot hold. Each test names the rule; a failure lists every place.

#[path = "tidy/source.rs"]
mod source;

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use source::{Source, files_under, functions, root, rust_files};

/// Lines of a file without its tests.
const FILE_STOP: usize = 400;

/// Lines of a function.
const FUNCTION_STOP: usize = 60;

/// Lines of a component with its view.
const COMPONENT_STOP: usize = 80;

/// Words that may stand in some places only.
struct Banned {
    why: &'static str,
    words: &'static [&'static str],
    /// Where the rule holds.
    within: &'static [&'static str],
    /// Files and folders that are the exception, as beginnings of paths.
    except: &'static [&'static str],
}

const EVERYWHERE: &[&str] = &["src/", "app/", "frontend/", "server/", "xtask/"];

const BANNED: &[Banned] = &[
    Banned {
        why: "the core has no I/O, no clock and no runtime",
        words: &[
            "std::fs",
            "std::net",
            "std::io",
            "std::thread",
            "std::process",
            "SystemTime",
            "Instant::now",
            "tokio::",
            "regex::",
        ],
        within: &["src/"],
        except: &[],
    },
    Banned {
        why: "the browser is touched in app/src/browser and in the entry only",
        words: &["web_sys::", "js_sys::"],
        within: &["src/", "app/", "server/"],
        except: &["app/src/browser"],
    },
    Banned {
        why: "tasks and threads are made in tasks.rs, where the end of the server waits for them",
        words: &["tokio::spawn", "spawn_blocking", "task::spawn", "JoinSet"],
        within: &["server/src/"],
        except: &["server/src/tasks"],
    },
    Banned {
        why: "only the catalog opens files; configuration, sessions, kept counts and the page's assets are no logs",
        words: &["File::open", "OpenOptions", "openat", "fs::read(", "fs::read_to_string", "File::create"],
        within: &["server/src/", "app/src/"],
        except: &[
            "server/src/catalog",
            "server/src/config",
            "server/src/auth",
            "server/src/assets",
            "server/src/index/kept.rs",
        ],
    },
    Banned {
        why: "no queue grows without a bound",
        words: &["unbounded", "mpsc::channel()"],
        within: EVERYWHERE,
        except: &[],
    },
    Banned {
        why: "a log is read, never mapped",
        words: &["mmap", "Mmap"],
        within: EVERYWHERE,
        // Options of another program that it is measured against.
        except: &["server/trial/src/bench_scan/programs.rs"],
    },
    Banned {
        why: "the server starts no process",
        words: &["Command::new", "process::Command"],
        within: &["src/", "app/src/", "server/src/"],
        except: &[],
    },
    Banned {
        why: "what the browser calls is kept and dropped, not leaked",
        // Only these places have closures that the browser calls.
        words: &[".forget()"],
        within: &["app/src/browser", "frontend/"],
        except: &[],
    },
    Banned { why: "memory is given back", words: &["mem::forget", "Box::leak"], within: EVERYWHERE, except: &[] },
    Banned {
        why: "nothing half-done is shipped",
        words: &["todo!", "unimplemented!", "dbg!", "simplified for now", "FIXME", "XXX"],
        within: EVERYWHERE,
        except: &[],
    },
];

/// Words that no test has.
const BANNED_IN_TESTS: [(&str, &str); 9] = [
    ("sleep(", "tests wait for a condition"),
    ("#[ignore", "no test is ignored"),
    ("waitForTimeout", "tests wait for a condition"),
    // With a condition first: what a machine may lack (sample logs, room) is said in the reason.
    ("test.skip('", "a test is skipped only on a condition"),
    ("test.skip(`", "a test is skipped only on a condition"),
    ("test.skip()", "a test is skipped only on a condition"),
    (".fixme(", "no test is skipped"),
    (".only(", "all tests run"),
    ("networkidle", "tests wait for a condition"),
];

fn assert_none(found: &[String], rule: &str) {
    assert!(found.is_empty(), "{rule}:\n  {}", found.join("\n  "));
}

#[test]
fn every_file_says_what_it_owns() {
    let silent: Vec<_> =
        rust_files().into_iter().filter(|file| !file.text.starts_with("//! ")).map(|file| file.path).collect();
    assert_none(&silent, "these files do not begin with `//!`");
}

#[test]
fn modules_are_files_beside_their_folder() {
    let found: Vec<_> =
        rust_files().into_iter().map(|file| file.path).filter(|path| path.ends_with("/mod.rs")).collect();
    assert_none(&found, "write foo.rs beside foo/, not foo/mod.rs");
}

#[test]
fn files_stay_within_their_budget() {
    let long: Vec<_> = rust_files()
        .iter()
        .filter(|file| !file.is_test && file.code().len() > FILE_STOP)
        .map(|file| format!("{}: {} lines, stop {FILE_STOP}", file.path, file.code().len()))
        .collect();
    assert_none(&long, "split by meaning");
}

#[test]
fn functions_stay_within_their_budget() {
    let mut long = Vec::new();
    for file in rust_files().iter().filter(|file| !file.is_test) {
        for function in functions(&file.code()) {
            let stop = if function.is_component { COMPONENT_STOP } else { FUNCTION_STOP };
            if function.lines > stop {
                long.push(format!("{}:{}: {} lines, stop {stop}", file.path, function.at, function.lines));
            }
        }
    }
    assert_none(&long, "split by meaning");
}

#[test]
fn words_stand_only_where_they_may() {
    let files = rust_files();
    for rule in BANNED {
        let mut found = Vec::new();
        let concerned = |file: &&Source| {
            let starts = |folders: &[&str]| folders.iter().any(|folder| file.path.starts_with(folder));
            starts(rule.within) && !starts(rule.except) && !file.is_test
        };
        for file in files.iter().filter(concerned) {
            found.extend(file.places_of(&file.code(), rule.words));
        }
        assert_none(&found, rule.why);
    }
}

#[test]
fn markup_is_set_in_one_place() {
    let files = rust_files();
    let places: Vec<_> = files
        .iter()
        .filter(|file| !file.is_test)
        .flat_map(|file| file.places_of(&file.code(), &["inner_html", "insert_adjacent_html", "outer_html"]))
        .collect();
    assert!(places.len() <= 1, "only the first screen's rows may be markup:\n  {}", places.join("\n  "));
}

#[test]
fn what_travels_has_the_same_size_everywhere() {
    let mut found = Vec::new();
    for file in rust_files().iter().filter(|file| file.path.starts_with("src/wire")) {
        let fields: Vec<_> =
            file.code().into_iter().filter(|(_, line)| line.ends_with(',') && !line.contains('(')).collect();
        found
            .extend(file.places_of(&fields, &[": usize", ": isize", ": f32", ": f64", "<usize", "HashMap", "HashSet"]));
    }
    assert_none(&found, "no usize, float or hash map on the wire");
}

#[test]
fn tests_wait_for_conditions_and_all_of_them_run() {
    let mut files = rust_files();
    files.extend(files_under("end2end", "ts"));
    for (word, why) in BANNED_IN_TESTS {
        // These files name the words.
        let tests = files.iter().filter(|file| !file.path.starts_with("xtask/tests/tidy"));
        let found: Vec<_> = tests.flat_map(|file| file.places_of(&file.tests(), &[word])).collect();
        assert_none(&found, why);
    }
}

#[test]
fn colours_are_tokens() {
    let mut found = Vec::new();
    for file in files_under("style", "css") {
        for (at, line) in file.code() {
            let is_token = line.trim_start().starts_with("--")
                || file.path.ends_with("/tokens.css")
                || file.path.ends_with("/ansi.css");
            if !is_token && names_a_colour(&line) {
                found.push(format!("{}:{at}: {}", file.path, line.trim()));
            }
        }
    }
    assert_none(&found, "name colours in the tokens only");
}

/// Whether a line of CSS has a colour written out.
fn names_a_colour(line: &str) -> bool {
    let is_hex = |word: &str| matches!(word.len(), 3 | 4 | 6 | 8) && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let mut after_hash = line.split('#').skip(1);
    // `#id {` is a selector, and its name is hardly ever hexadecimal.
    after_hash.any(|rest| is_hex(rest.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default()))
        || ["rgb(", "rgba(", "hsl(", "oklch("].iter().any(|function| line.contains(function))
}

#[test]
fn the_changelog_is_open_for_the_next_entry() {
    let text = fs::read_to_string(root().join("CHANGELOG.md")).expect("there is a CHANGELOG.md");
    assert!(text.lines().any(|line| line == "## Unreleased"), "CHANGELOG.md has no `## Unreleased`");
}

#[test]
fn dependencies_point_inwards() {
    let wasm = ["--target", "wasm32-unknown-unknown"];
    for (package, options, banned) in [
        ("taillight", &[][..], &["tokio", "axum", "leptos", "regex", "app", "server", "web-sys", "rustix"][..]),
        ("app", &["--features", "app/ssr"], &["server", "axum", "notify", "rustix"]),
        ("frontend", &wasm, &["server", "axum", "tokio", "mio", "tower-http"]),
        ("server", &[], &["frontend", "openssl-sys", "memmap2"]),
    ] {
        let reached = reached_by(package, options);
        assert!(reached.len() > 5, "{package} reaches hardly anything: {reached:?}");
        for name in banned {
            assert!(!reached.contains(*name), "{package} must not depend on {name}, not even by way of another crate");
        }
    }
}

/// The names of all packages that end up in a program with this package, as cargo resolves them for it alone.
fn reached_by(package: &str, options: &[&str]) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--edges", "normal,no-proc-macro", "--prefix", "none", "-p", package])
        .args(options)
        .current_dir(root())
        .output()
        .expect("cargo tree runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8_lossy(&output.stdout).into_owned();
    lines.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}
