//! Reading sources line by line: what is code, what is a test, how long a function is. Crude on purpose: the sources
//! are formatted, so a block ends where its closing brace has the indentation of its first line.

use std::fs;
use std::path::{Path, PathBuf};

/// The folders with Rust in them.
const RUST: [&str; 6] = ["src", "app", "frontend", "server", "xtask", "tests"];

/// One file of the repository.
pub struct Source {
    /// Its path from the root, with slashes.
    pub path: String,
    /// What is in it.
    pub text: String,
    /// Whether all of it is tests.
    pub is_test: bool,
}

/// A line with its number, from 1.
pub type Line = (usize, String);

/// A function as it was found.
pub struct Function {
    /// The line where it begins.
    pub at: usize,
    /// How many lines it has.
    pub lines: usize,
    /// Whether it is a Leptos component, whose view counts.
    pub is_component: bool,
}

impl Source {
    /// The lines that are no tests and no comments.
    pub fn code(&self) -> Vec<Line> {
        self.split().0
    }

    /// The lines that are tests and no comments.
    pub fn tests(&self) -> Vec<Line> {
        if self.is_test { self.split().0.into_iter().chain(self.split().1).collect() } else { self.split().1 }
    }

    /// Code and tests. A `#[cfg(test)]` takes the item after it, up to its closing brace or semicolon.
    fn split(&self) -> (Vec<Line>, Vec<Line>) {
        let (mut code, mut tests) = (Vec::new(), Vec::new());
        let mut end_of_test: Option<String> = None;
        for (index, line) in self.text.lines().enumerate() {
            let trimmed = line.trim_start();
            if end_of_test.is_none() && trimmed.starts_with("#[cfg(test)]") {
                end_of_test = Some(line.replace("#[cfg(test)]", "}"));
            }
            let list = if end_of_test.is_some() { &mut tests } else { &mut code };
            if !trimmed.starts_with("//") && !trimmed.starts_with("* ") && !trimmed.starts_with("/*") {
                list.push((index + 1, line.to_owned()));
            }
            let is_declaration = |end: &str| line.ends_with(';') && line.len() - trimmed.len() == end.len() - 1;
            if end_of_test.as_ref().is_some_and(|end| line == end || is_declaration(end)) {
                end_of_test = None;
            }
        }
        (code, tests)
    }

    /// Where any of these words stands among the lines.
    pub fn places_of(&self, lines: &[Line], words: &[&str]) -> Vec<String> {
        let has_any = |line: &str| words.iter().any(|word| line.contains(word));
        let found = lines.iter().filter(|(_, line)| has_any(line));
        found.map(|(at, line)| format!("{}:{at}: {}", self.path, line.trim())).collect()
    }
}

/// The functions among these lines.
pub fn functions(lines: &[Line]) -> Vec<Function> {
    let mut found = Vec::new();
    for (index, (at, line)) in lines.iter().enumerate() {
        let trimmed = line.trim_start();
        let head = trimmed.split('(').next().unwrap_or_default();
        let words: Vec<_> = head.split_whitespace().collect();
        let is_function = words.iter().position(|word| *word == "fn").is_some_and(|place| {
            words[..place]
                .iter()
                .all(|word| matches!(*word, "pub" | "pub(crate)" | "pub(super)" | "async" | "const" | "unsafe"))
        });
        if !is_function || line.ends_with(';') || line.ends_with('}') {
            continue;
        }
        let end = format!("{}}}", &line[..line.len() - trimmed.len()]);
        let Some((last, _)) = lines[index..].iter().find(|(_, line)| *line == end) else { continue };
        let before = lines[index.saturating_sub(3)..index].iter();
        found.push(Function {
            at: *at,
            lines: last - at + 1,
            is_component: before.map(|(_, line)| line.trim()).any(|line| line.starts_with("#[component")),
        });
    }
    found
}

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask is below the root").to_path_buf()
}

/// Every Rust file of ours.
pub fn rust_files() -> Vec<Source> {
    let mut files: Vec<_> = RUST.iter().flat_map(|folder| files_under(folder, "rs")).collect();
    assert!(files.len() > 20, "only {} Rust files found", files.len());
    let of_tests: Vec<_> = files.iter().flat_map(test_modules).collect();
    for file in &mut files {
        let is_below =
            |module: &String| file.path.strip_prefix(module.as_str()).is_some_and(|rest| rest.starts_with(['.', '/']));
        file.is_test |= of_tests.iter().any(is_below);
    }
    files
}

/// The paths, without an ending, of the modules that a file declares for tests only.
fn test_modules(file: &Source) -> Vec<String> {
    let folder = match file.path.rsplit_once('/') {
        Some((folder, "lib.rs" | "main.rs")) => folder,
        _ => file.path.trim_end_matches(".rs"),
    };
    let lines: Vec<_> = file.text.lines().map(str::trim).collect();
    let declared = lines.windows(2).filter(|pair| pair[0] == "#[cfg(test)]");
    declared
        .filter_map(|pair| pair[1].trim_start_matches("pub(crate) ").strip_prefix("mod ")?.strip_suffix(';'))
        .map(|name| format!("{folder}/{name}"))
        .collect()
}

/// Every file below a folder with this ending, without what others wrote.
pub fn files_under(folder: &str, ending: &str) -> Vec<Source> {
    let (mut found, mut folders) = (Vec::new(), vec![root().join(folder)]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() && !path.ends_with("node_modules") && !path.ends_with("target") {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == ending) {
                let text = fs::read_to_string(&path).expect("sources are UTF-8");
                let path = path.strip_prefix(root()).expect("below the root").to_string_lossy().into_owned();
                let is_test = path.contains("/tests/") || path.starts_with("tests/") || path.starts_with("end2end/");
                found.push(Source { path, text, is_test });
            }
        }
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    found
}

#[test]
fn code_and_tests_are_told_apart_and_functions_measured() {
    let text = "\
//! A room.
pub fn one(
    a: u8,
) -> u8 {
    // A comment.
    a
}
#[cfg(test)]
use std::fs;
fn two() {}
#[cfg(test)]
mod tests {
    #[test]
    fn it_waits() {
        sleep(1);
    }
}
fn three() {
    two();
}
";
    let source = Source { path: "src/x.rs".to_owned(), text: text.to_owned(), is_test: false };
    let lengths: Vec<_> = functions(&source.code()).iter().map(|function| (function.at, function.lines)).collect();
    assert_eq!(lengths, [(2, 6), (18, 3)]);
    assert_eq!(source.places_of(&source.code(), &["sleep("]), Vec::<String>::new());
    assert_eq!(source.places_of(&source.tests(), &["sleep("]), ["src/x.rs:15: sleep(1);"]);
    assert!(source.code().iter().any(|(_, line)| line.starts_with("fn two")));
    let parent = Source { text: "#[cfg(test)]\nmod css;\nmod html;\n".to_owned(), ..source };
    assert_eq!(test_modules(&parent), ["src/x/css"]);
}
