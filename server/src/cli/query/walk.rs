//! Folders as arguments: all files in them, as grep and ripgrep go through a folder.
//!
//! In path order. Hidden names, links and what is no regular file are not looked at, binary files not searched; how many
//! that were is said once. Links are not followed, so there are no loops.

use std::ffi::OsString;
use std::fs::{self, DirEntry};
use std::io::{self, Read as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use taillight::line::{ByteOffset, is_utf_16};

use super::{Input, Run, say};
use crate::catalog::LogFile;
use crate::source::packed::{Decoder, OWN_WINDOW_LOG, UnpackingReader};
use crate::source::{self, LocalFile, TEXT_HEAD_BYTES, read_full};

/// What was not searched.
#[derive(Debug, Default)]
pub struct Passed {
    hidden: u64,
    links: u64,
    binary: u64,
}

/// The names in a folder that are still to be visited, the last one first.
type Names = Vec<(OsString, bool)>;

impl Run {
    /// Searches all files in a folder. Fails when nothing can be written any more.
    pub fn folder(&mut self, folder: &Path) -> io::Result<()> {
        let mut stack = vec![(folder.to_owned(), self.names_in(folder))];
        while let Some((folder, names)) = stack.last_mut() {
            let Some((name, is_folder)) = names.pop() else {
                stack.pop();
                continue;
            };
            let path = folder.join(name);
            if is_folder {
                let names = self.names_in(&path);
                stack.push((path, names));
            } else {
                self.found(&path)?;
            }
        }
        Ok(())
    }

    /// Says what was not searched.
    pub fn say_passed(&self) {
        let Passed { hidden, links, binary } = self.passed;
        let parts = [(hidden, "hidden"), (links, "linked"), (binary, "binary")];
        let parts: Vec<String> = parts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
        if !parts.is_empty() {
            say(&format!("note: not searched in folders: {} (name a file to search it)", parts.join(", ")));
        }
    }

    /// One file that a folder holds.
    fn found(&mut self, path: &Path) -> io::Result<()> {
        let Some(Input::File(file)) = self.open(path) else { return Ok(()) };
        match is_binary(file.clone()) {
            Ok(true) => {
                self.passed.binary += 1;
                Ok(())
            }
            // What is wrong with it is told when it is searched.
            Ok(false) | Err(_) => self.input(path, Input::File(file), false),
        }
    }

    fn names_in(&mut self, folder: &Path) -> Names {
        let mut names = Names::new();
        match fs::read_dir(folder) {
            Ok(entries) => {
                for entry in entries {
                    match entry.and_then(|entry| self.kept(&entry)) {
                        Ok(name) => names.extend(name),
                        Err(error) => self.report(folder, &error),
                    }
                }
            }
            Err(error) => self.report(folder, &error),
        }
        names.sort_unstable_by(|a, b| b.cmp(a));
        names
    }

    /// The name of a file or a folder that is to be visited, and whether it is a folder.
    fn kept(&mut self, entry: &DirEntry) -> io::Result<Option<(OsString, bool)>> {
        let (name, kind) = (entry.file_name(), entry.file_type()?);
        if name.as_bytes().starts_with(b".") {
            self.passed.hidden += 1;
            return Ok(None);
        }
        self.passed.links += u64::from(kind.is_symlink());
        Ok((kind.is_dir() || kind.is_file()).then_some((name, kind.is_dir())))
    }
}

/// Whether `path` is a folder, perhaps behind a link: who names a link means what it leads to.
pub fn is_folder(path: &Path) -> bool {
    path.as_os_str() != "-" && path.is_dir()
}

/// Whether any of the files is a folder.
pub fn has_folder(paths: &[PathBuf]) -> bool {
    paths.iter().any(|path| is_folder(path))
}

/// Whether a file is no text, or what it stands for. Text in UTF-16 is text: that it is not read is told when it is searched.
fn is_binary(file: LogFile) -> io::Result<bool> {
    let file = Arc::new(LocalFile::new(Arc::new(file))?);
    let mut head = Vec::new();
    match Decoder::of(Arc::clone(&file) as _, OWN_WINDOW_LOG)? {
        Some(decoder) => {
            UnpackingReader::new(decoder).take(TEXT_HEAD_BYTES as u64).read_to_end(&mut head)?;
        }
        None => {
            head.resize(TEXT_HEAD_BYTES, 0);
            let n_read = read_full(&*file, &mut head, ByteOffset::ZERO)?;
            head.truncate(n_read);
        }
    }
    Ok(source::is_binary(&head) && !is_utf_16(&head))
}
