//! The TOML file: which keys it may hold, what each must be, and on which line each stands.

use std::path::PathBuf;

use taillight::path::shown_name;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::settings::{Kind, SETTINGS};
use super::{Sources, nearest};

/// What the file says, checked for keys and types only.
#[derive(Debug)]
pub struct ConfigFile {
    /// The file.
    pub path: PathBuf,
    /// Settings by their dotted key, in the text form that flags have too.
    pub values: Vec<(&'static str, Located<String>)>,
    /// The `[[root]]` tables.
    pub roots: Vec<RootTable>,
}

/// A value and its line, from 1.
#[derive(Clone, Debug)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// Its line.
    pub line: usize,
}

/// One `[[root]]`.
#[derive(Debug, Default)]
pub struct RootTable {
    /// The line of the table.
    pub line: usize,
    /// `alias`.
    pub alias: Option<String>,
    /// `path`.
    pub path: Option<String>,
    /// `include`.
    pub include: Vec<String>,
    /// `exclude`.
    pub exclude: Vec<String>,
    /// `follow_symlinks`.
    pub follow_symlinks: Option<Located<String>>,
    /// `allow_hardlinks`.
    pub allow_hardlinks: bool,
}

const ROOT_KEYS: &[&str] = &["alias", "path", "include", "exclude", "follow_symlinks", "allow_hardlinks"];

/// Tables of the file besides the settings.
const ROOT: &str = "root";
const LIMITS: &str = "limits";

/// Reads the file that a flag or the environment names; `None` without one, or when it cannot be read.
pub fn read(sources: &Sources, problems: &mut Vec<String>) -> Option<ConfigFile> {
    let path = sources.file.clone().or_else(|| sources.env("TAILLIGHT_CONFIG").map(PathBuf::from))?;
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(err) => {
            problems.push(format!(
                "cannot read the configuration file '{}': {err}; name another with --config FILE",
                path.display()
            ));
            return None;
        }
    };
    let mut reader = Reader { path: &path, text: &text, problems };
    let mut file = ConfigFile { path: path.clone(), values: Vec::new(), roots: Vec::new() };
    match DeTable::parse(&text) {
        Ok(table) => reader.top(table.get_ref(), &mut file),
        Err(err) => {
            let at = err.span().map_or(0, |span| span.start);
            reader.problem(at, &format!("this is not TOML: {}", err.message().replace('\n', ", ")));
        }
    }
    Some(file)
}

struct Reader<'a> {
    path: &'a PathBuf,
    text: &'a str,
    problems: &'a mut Vec<String>,
}

impl Reader<'_> {
    fn top(&mut self, table: &DeTable<'_>, file: &mut ConfigFile) {
        for (key, value) in table {
            match (key.get_ref().as_ref(), value.get_ref()) {
                (ROOT, DeValue::Array(roots)) => {
                    for root in roots.iter() {
                        self.root(root, file);
                    }
                }
                (ROOT, _) => self.problem(key.span().start, "'root' is a list of tables: write '[[root]]'"),
                (LIMITS, DeValue::Table(limits)) => {
                    for (key, value) in limits {
                        self.setting(&format!("{LIMITS}.{}", key.get_ref()), key.span().start, value, file);
                    }
                }
                (LIMITS, _) => self.problem(key.span().start, "'limits' is a table: write '[limits]'"),
                (name, _) => self.setting(name, key.span().start, value, file),
            }
        }
    }

    fn setting(&mut self, key: &str, at: usize, value: &Spanned<DeValue<'_>>, file: &mut ConfigFile) {
        let Some(setting) = SETTINGS.iter().find(|setting| setting.key == key && setting.in_file) else {
            let known = SETTINGS.iter().filter(|setting| setting.in_file).map(|setting| setting.key);
            self.unknown(key, at, known.chain([ROOT, LIMITS]));
            return;
        };
        match text_of(value.get_ref(), setting.kind) {
            Some(text) => file.values.push((setting.key, Located { value: text, line: self.line(at) })),
            None => self.wrong_kind(key, at, setting.kind),
        }
    }

    fn root(&mut self, value: &Spanned<DeValue<'_>>, file: &mut ConfigFile) {
        let DeValue::Table(table) = value.get_ref() else {
            self.problem(value.span().start, "'root' is a list of tables: write '[[root]]'");
            return;
        };
        let mut root = RootTable { line: self.line(value.span().start), ..RootTable::default() };
        for (key, value) in table {
            self.root_key(key.get_ref(), key.span().start, value.get_ref(), &mut root);
        }
        file.roots.push(root);
    }

    fn root_key(&mut self, key: &str, at: usize, value: &DeValue<'_>, root: &mut RootTable) {
        let kind = match key {
            "alias" | "path" | "follow_symlinks" => Kind::Text,
            "include" | "exclude" => Kind::List,
            "allow_hardlinks" => Kind::Flag,
            _ => return self.unknown(key, at, ROOT_KEYS.iter().copied()),
        };
        let texts = match kind {
            Kind::List => list_of(value),
            kind => text_of(value, kind).map(|text| vec![text]),
        };
        let Some(mut texts) = texts else { return self.wrong_kind(key, at, kind) };
        match key {
            "include" => root.include = texts,
            "exclude" => root.exclude = texts,
            "alias" => root.alias = texts.pop(),
            "path" => root.path = texts.pop(),
            "allow_hardlinks" => root.allow_hardlinks = texts == ["true"],
            _ => root.follow_symlinks = texts.pop().map(|value| Located { value, line: self.line(at) }),
        }
    }

    fn unknown<'k>(&mut self, key: &str, at: usize, known: impl Iterator<Item = &'k str>) {
        let hint = nearest(key, known).map_or_else(
            || "'taillight config show' lists the known ones".to_owned(),
            |near| format!("did you mean '{near}'?"),
        );
        self.problem(at, &format!("unknown key '{}': {hint}", shown_name(key.as_bytes())));
    }

    fn wrong_kind(&mut self, key: &str, at: usize, kind: Kind) {
        let expected = match kind {
            Kind::Text => "a text in quotes",
            Kind::Whole => "a whole number, not negative",
            Kind::Flag => "true or false",
            Kind::List => "a list of texts, such as [\"a\", \"b\"]",
        };
        self.problem(at, &format!("bad value for '{key}': expected {expected}"));
    }

    fn problem(&mut self, at: usize, text: &str) {
        let line = self.line(at);
        self.problems.push(format!("{}:{line}: {text}", self.path.display()));
    }

    fn line(&self, at: usize) -> usize {
        self.text.as_bytes().iter().take(at).filter(|&&byte| byte == b'\n').count() + 1
    }
}

fn text_of(value: &DeValue<'_>, kind: Kind) -> Option<String> {
    match (kind, value) {
        (Kind::Text, DeValue::String(text)) => Some(text.to_string()),
        (Kind::Flag, DeValue::Boolean(flag)) => Some(flag.to_string()),
        (Kind::Whole, DeValue::Integer(number)) => {
            Some(u64::from_str_radix(number.as_str(), number.radix()).ok()?.to_string())
        }
        (Kind::List, list) => Some(list_of(list)?.join(",")),
        _ => None,
    }
}

fn list_of(value: &DeValue<'_>) -> Option<Vec<String>> {
    value.as_array()?.iter().map(|item| text_of(item.get_ref(), Kind::Text)).collect()
}
