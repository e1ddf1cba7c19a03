//! Which names below a root are served: scope, then the globs, where a refusal wins.
//!
//! Names are bytes and compared as bytes: no case folding, no Unicode normal forms.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use globset::{Candidate, GlobBuilder, GlobSet, GlobSetBuilder};
use taillight::path::shown_name;

use super::RootError;
use crate::config::{RootConfig, RootScope};

/// The rules of one root. Paths are relative to it, components joined with slashes, empty for the root itself.
#[derive(Debug)]
pub struct Rules {
    scope: RootScope,
    /// `None`: every file.
    include: Option<GlobSet>,
    exclude: GlobSet,
}

impl Rules {
    /// The rules of a root.
    pub fn new(root: &RootConfig) -> Result<Self, RootError> {
        let include = if root.include.is_empty() { None } else { Some(glob_set(root, &root.include)?) };
        Ok(Self { scope: root.scope.clone(), include, exclude: glob_set(root, &root.exclude)? })
    }

    /// Whether a file of that name is served.
    pub fn allows_file(&self, below: &[u8]) -> bool {
        let in_scope = match &self.scope {
            RootScope::Folder => !below.is_empty(),
            RootScope::Family { base, .. } => is_of_family(base, below),
        };
        in_scope && self.include.as_ref().is_none_or(|set| matches(set, below)) && !self.excludes(below)
    }

    /// Whether a folder of that name is shown and looked into.
    pub fn allows_folder(&self, below: &[u8]) -> bool {
        if below.is_empty() {
            return true;
        }
        self.scope == RootScope::Folder && !self.excludes(below) && !matches(&self.exclude, &with_slash(below))
    }

    /// Whether the file that was asked for as `below` is served when links lead it to `resolved`.
    pub fn allows_resolved(&self, below: &[u8], resolved: &[u8]) -> bool {
        match &self.scope {
            // The operator named the link itself, so where it points in its folder is theirs to say.
            RootScope::Family { base, is_link: true } if base == below => {
                !resolved.contains(&b'/') && !self.excludes(resolved)
            }
            _ => self.allows_file(resolved),
        }
    }

    /// The name of the file that a family is named after.
    pub fn family_base(&self) -> Option<&[u8]> {
        match &self.scope {
            RootScope::Folder => None,
            RootScope::Family { base, .. } => Some(base),
        }
    }

    /// Whether the path or a folder above it is excluded.
    fn excludes(&self, below: &[u8]) -> bool {
        if self.exclude.is_empty() {
            return false;
        }
        let slashes = below.iter().enumerate().filter(|(_, byte)| **byte == b'/');
        let mut folders = slashes.filter_map(|(at, _)| Some((below.get(..at)?, below.get(..=at)?)));
        matches(&self.exclude, below)
            || folders.any(|(plain, slashed)| matches(&self.exclude, plain) || matches(&self.exclude, slashed))
    }
}

/// Whether `name` is `base`, `base.*` or `base-*`.
fn is_of_family(base: &[u8], name: &[u8]) -> bool {
    name.strip_prefix(base).is_some_and(|rest| matches!(rest, [] | [b'.' | b'-', ..])) && !name.contains(&b'/')
}

/// With a slash at its end a folder matches what is written for the inside: `private/**`, `private/`.
fn with_slash(below: &[u8]) -> Vec<u8> {
    [below, b"/"].concat()
}

fn matches(set: &GlobSet, below: &[u8]) -> bool {
    set.is_match_candidate(&Candidate::new(Path::new(OsStr::from_bytes(below))))
}

fn glob_set(root: &RootConfig, globs: &[String]) -> Result<GlobSet, RootError> {
    let bad = |glob: &str, err: &globset::Error| RootError::Glob {
        root: shown_name(root.name.root_name()),
        glob: glob.to_owned(),
        why: err.kind().to_string(),
    };
    let mut set = GlobSetBuilder::new();
    for glob in globs {
        set.add(GlobBuilder::new(glob).literal_separator(true).build().map_err(|err| bad(glob, &err))?);
    }
    set.build().map_err(|err| bad("(all)", &err))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use taillight::path::LogPath;

    use super::*;
    use crate::config::SymlinkRule;

    fn rules(scope: RootScope, include: &[&str], exclude: &[&str]) -> Rules {
        let owned = |globs: &[&str]| globs.iter().map(|glob| (*glob).to_owned()).collect();
        Rules::new(&RootConfig {
            name: LogPath::root(b"r").unwrap(),
            folder: PathBuf::from("/r"),
            given: PathBuf::from("/r"),
            scope,
            include: owned(include),
            exclude: owned(exclude),
            follow_symlinks: SymlinkRule::Beneath,
            allow_hardlinks: false,
        })
        .unwrap()
    }

    #[test]
    fn a_refusal_wins_and_covers_what_is_inside() {
        let rules = rules(RootScope::Folder, &["**/*.log", "syslog*"], &["**/private/**", "tmp", "old/"]);
        let table: &[(&[u8], bool)] = &[
            (b"a.log", true),
            (b"x/a.log", true),
            (b"x/y/a.log", true),
            (b"syslog.1", true),
            (b"x/syslog.1", false),
            (b"a.txt", false),
            (b"A.LOG", false),
            (b"private/a.log", false),
            (b"x/private/y/a.log", false),
            (b"private.log", true),
            (b"tmp/a.log", false),
            (b"tmp2/a.log", true),
            (b"old/a.log", false),
            (b"a\nb\xff.log", true),
            (b"", false),
        ];
        for (name, expected) in table {
            assert_eq!(rules.allows_file(name), *expected, "{}", name.escape_ascii());
        }
        let folders: &[(&[u8], bool)] =
            &[(b"", true), (b"x", true), (b"private", false), (b"x/private", false), (b"tmp", false), (b"old", false)];
        for (name, expected) in folders {
            assert_eq!(rules.allows_folder(name), *expected, "{}", name.escape_ascii());
        }
    }

    #[test]
    fn a_family_is_the_file_and_its_rotated_siblings() {
        let rules = rules(RootScope::Family { base: b"app.log".to_vec(), is_link: false }, &[], &["*.gz"]);
        let table: &[(&[u8], bool)] = &[
            (b"app.log", true),
            (b"app.log.1", true),
            (b"app.log-20261122", true),
            (b"app.log.1.gz", false),
            (b"app.log2", false),
            (b"app.logs", false),
            (b"xapp.log", false),
            (b"app", false),
            (b"app.log.d/x", false),
            (b"x/app.log", false),
        ];
        for (name, expected) in table {
            assert_eq!(rules.allows_file(name), *expected, "{}", name.escape_ascii());
        }
        assert!(!rules.allows_folder(b"app.log.d"));
        assert!(!rules.allows_resolved(b"app.log", b"secret"));
    }

    #[test]
    fn a_family_named_after_a_link_follows_it_within_its_folder() {
        let rules = rules(RootScope::Family { base: b"current".to_vec(), is_link: true }, &[], &["secret*"]);
        assert!(rules.allows_resolved(b"current", b"app-2.log"));
        assert!(!rules.allows_resolved(b"current", b"secret.log"));
        assert!(!rules.allows_resolved(b"current", b"below/app.log"));
        assert!(!rules.allows_resolved(b"current.1", b"app-2.log"));
    }
}
