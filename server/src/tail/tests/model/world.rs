//! Real files and the real follower, and the model of what must be seen of them.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use taillight::cursor::{Generation, Marker};
use taillight::line::ByteOffset;
use taillight::wire::{FileEvent, MAX_LIVE_BYTES};

use super::{Action, Naming};
use crate::auth::Principal;
use crate::catalog::Catalog;
use crate::config::Config;
use crate::read::lines_from;
use crate::source::{is_gone, read_full};
use crate::tail::watched::Watched;
use crate::tail::{Epoch, Pace, TailTip};

/// The time between two regular looks.
const STEP: Duration = Duration::from_millis(250);

/// Where programs run, and what really happened in all of them.
pub struct Places {
    folder: PathBuf,
    catalog: Catalog,
    happened: RefCell<BTreeMap<&'static str, u32>>,
}

impl Places {
    pub fn new(folder: &Path) -> Self {
        let folder = folder.canonicalize().unwrap();
        let catalog = Catalog::new(&Config::local(&[&folder]).unwrap().roots).unwrap();
        Self { folder, catalog, happened: RefCell::default() }
    }

    fn happens(&self, what: &'static str) {
        *self.happened.borrow_mut().entry(what).or_default() += 1;
    }

    pub fn told(&self) -> String {
        format!("{:?}", self.happened.borrow())
    }
}

/// How a life ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// It has the name.
    Not,
    /// Renamed as rotation does, and found there.
    Archived,
    /// Its file is not there any more, or has a name that does not tell.
    Lost,
    /// Truncated, or written over.
    Cut,
}

/// One life as the model knows it.
#[derive(Debug)]
struct Life {
    file: usize,
    content: Vec<u8>,
    /// How long the longest copy of it is.
    copy: usize,
    end: End,
    /// Whether the follower looked at it, and how long it was then.
    looked: Option<usize>,
    /// How much the reader had read.
    read: usize,
}

/// A file as the model knows it.
#[derive(Debug)]
struct ModelFile {
    inode: u64,
    /// Whether the follower has it open.
    is_held: bool,
    is_link: bool,
    /// Nothing was in it when it was looked for: nobody holds it.
    is_missed: bool,
    left_at: Option<Instant>,
}

/// What was shown of a life, or must be: its bytes, and how many more are told to be gone.
pub type Shown = (String, u64);

pub struct World<'a> {
    places: &'a Places,
    naming: Naming,
    folder: PathBuf,
    path: PathBuf,
    now: Instant,
    pace: Pace,
    watched: Watched,
    reader: Reader,
    is_paused: bool,
    /// Rotated files and copies, oldest first: which file it is, where it is no copy.
    archives: Vec<Option<usize>>,
    n_made: u32,
    n_written: u32,
    files: Vec<ModelFile>,
    lives: Vec<Life>,
    late: u64,
}

impl Drop for World<'_> {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl<'a> World<'a> {
    pub fn new(places: &'a Places, naming: Naming) -> Self {
        static COUNT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
        let n = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let folder = places.folder.join(format!("taillight-model-{}-{n}", std::process::id()));
        std::fs::create_dir(&folder).unwrap();
        let path = folder.join("app.log");
        let inode = File::create(&path).unwrap().metadata().unwrap().ino();
        let name = places.catalog.locate(path.as_os_str().as_bytes()).unwrap();
        let file = places.catalog.open(&Principal::local(), &name).unwrap();
        let (pace, now) = (Pace::default(), Instant::now());
        let watched = Watched::new(file, pace, now).unwrap();
        let mut world = Self {
            places,
            naming,
            folder,
            path,
            now,
            pace,
            watched,
            reader: Reader::new(),
            is_paused: false,
            archives: Vec::new(),
            n_made: 0,
            n_written: 0,
            files: vec![ModelFile { inode, is_held: true, is_link: false, is_missed: false, left_at: None }],
            lives: vec![Life::new(0)],
            late: 0,
        };
        world.look();
        world
    }

    /// The follower looks, and the reader reads unless it is paused.
    pub fn look(&mut self) {
        self.watched.look(self.now);
        if let Some(life) = self.lives.last().filter(|life| life.end == End::Not) {
            self.files[life.file].is_held = true;
        }
        for life in self.lives.iter().filter(|life| life.end == End::Archived && life.content.is_empty()) {
            let file = &mut self.files[life.file];
            file.is_missed = !file.is_held;
        }
        let tip = self.watched.tip();
        let held: Vec<u64> = tip.epochs.iter().filter_map(|epoch| Some(epoch.identity().ok()?.inode)).collect();
        for life in self.lives.iter().filter(|life| life.end == End::Archived) {
            // Found among the rotated files.
            let file = &mut self.files[life.file];
            file.is_held |= held.contains(&file.inode);
        }
        for (n, file) in self.files.iter_mut().enumerate().filter(|(_, file)| file.is_held && file.left_at.is_none()) {
            let Some(life) = self.lives.iter_mut().rev().find(|life| life.file == n) else { continue };
            life.looked = Some(life.content.len());
            // After a truncation the file goes on: it is left when its newest life is.
            let is_left = tip.epochs.iter().any(|epoch| {
                let ended = epoch.ended.get().is_some_and(|end| end.get() as usize == life.content.len());
                ended && epoch.identity().is_ok_and(|own| own.inode == file.inode) && reads(epoch, &life.content)
            });
            let is_left = is_left && life.end != End::Not;
            file.left_at = is_left.then_some(self.now);
        }
        if !self.is_paused {
            self.read(&tip);
        }
    }

    fn read(&mut self, tip: &TailTip) {
        self.reader.pull(tip);
        let Some(life) = self.lives.last_mut() else { return };
        let is_current = tip.current().identity().is_ok_and(|own| own.inode == self.files[life.file].inode);
        if is_current && tip.len.get() as usize == life.content.len() {
            life.read = life.content.iter().rposition(|&byte| byte == b'\n').map_or(0, |feed| feed + 1);
        }
    }

    pub fn act(&mut self, action: &Action) {
        if !matches!(
            action,
            Action::Write(_) | Action::Partial | Action::Wait(_) | Action::Pause | Action::Resume | Action::Late(_)
        ) && self.lives.last().is_none_or(|life| life.end != End::Not)
        {
            return;
        }
        match action {
            Action::Write(count) => self.write(*count),
            Action::Partial => {
                self.n_written += 1;
                let text = format!("part {:06};", self.n_written);
                self.append(text.as_bytes());
            }
            Action::Rotate { late, new } => {
                self.rename_away();
                self.write_late(*late);
                self.create(*new);
            }
            Action::RenameAway => self.rename_away(),
            Action::Late(count) => self.write_late(*count),
            Action::Copy => self.copy(),
            Action::CopyTruncate { between, new } => {
                self.copy();
                self.write(*between);
                self.truncate();
                self.write(*new);
            }
            Action::Truncate(count) => {
                self.truncate();
                self.write(*count);
            }
            Action::TruncateWithHole => self.truncate_with_hole(),
            Action::Rewrite => self.rewrite(),
            Action::Delete => {
                self.settle_unseen();
                std::fs::remove_file(&self.path).unwrap();
                assert!(!self.path.exists());
                self.end_life(End::Lost);
                self.places.happens("deleted");
            }
            Action::EditorSave(count) => self.editor_save(*count),
            Action::SwitchLink(count) => self.switch_link(*count),
            Action::Wait(millis) => {
                let until = self.now + Duration::from_millis((*millis).into());
                while self.now + STEP <= until {
                    self.now += STEP;
                    self.look();
                }
                self.now = until;
            }
            Action::Pause => self.is_paused = true,
            Action::Resume => self.is_paused = false,
        }
    }

    /// What was shown and what must be, at the end of all.
    pub fn end(mut self) -> ((Vec<Shown>, u64), (Vec<Shown>, u64)) {
        self.is_paused = false;
        self.write(1);
        self.look();
        for _ in 0..60 {
            self.now += Duration::from_millis(1100);
            self.look();
            if !self.watched.is_busy() {
                break;
            }
        }
        assert!(!self.watched.is_busy(), "it comes to rest");
        let shown = self.reader.lives.iter().map(|(bytes, gap)| (text(bytes), *gap)).filter(is_anything).collect();
        let expected = self.lives.iter().map(Life::expected).filter(is_anything).collect();
        ((shown, self.reader.late), (expected, self.late))
    }

    fn life(&mut self) -> &mut Life {
        self.lives.last_mut().unwrap()
    }

    fn lines(&mut self, count: u8) -> Vec<u8> {
        let mut text = Vec::new();
        for _ in 0..count {
            self.n_written += 1;
            writeln!(text, "line {:06}{}", self.n_written, "x".repeat(self.n_written as usize % 7 * 9)).unwrap();
        }
        text
    }

    fn write(&mut self, count: u8) {
        let text = self.lines(count);
        if count > 0 {
            self.append(&text);
        }
    }

    fn append(&mut self, text: &[u8]) {
        let mut file = OpenOptions::new().append(true).create(true).open(&self.path).unwrap();
        if self.lives.last().is_none_or(|life| life.end != End::Not) {
            self.begin_file(&file, false);
        }
        file.write_all(text).unwrap();
        let life = self.life();
        life.content.extend_from_slice(text);
        assert_eq!(file.metadata().unwrap().len(), life.content.len() as u64);
    }

    fn create(&mut self, count: u8) {
        let file = OpenOptions::new().append(true).create_new(true).open(&self.path).unwrap();
        self.begin_file(&file, false);
        self.write(count);
    }

    fn begin_file(&mut self, file: &File, is_link: bool) {
        let inode = file.metadata().unwrap().ino();
        let is_free = self.files.iter().all(|other| !other.is_held || other.inode != inode);
        assert!(is_free, "the inode of a file that is held is not used again");
        self.files.push(ModelFile { inode, is_held: false, is_link, is_missed: false, left_at: None });
        self.lives.push(Life::new(self.files.len() - 1));
    }

    fn end_life(&mut self, end: End) {
        self.life().end = end;
    }

    fn next_life(&mut self) {
        let file = self.life().file;
        self.end_life(End::Cut);
        self.lives.push(Life::new(file));
    }

    /// The order of what came to a file of which nothing was seen, and of other files, shows in their names only.
    fn settle_unseen(&mut self) {
        let life = self.life();
        if life.looked.is_none_or(|looked| looked == 0) && !life.content.is_empty() {
            self.look();
        }
    }

    fn archive(&mut self, file: Option<usize>) -> PathBuf {
        self.n_made += 1;
        if self.naming == Naming::Dates {
            self.archives.push(file);
            return self.folder.join(format!("app.log-20261122{:04}", self.n_made));
        }
        for number in (1..=self.archives.len()).rev() {
            std::fs::rename(self.numbered(number), self.numbered(number + 1)).unwrap();
        }
        self.archives.push(file);
        self.numbered(1)
    }

    fn numbered(&self, number: usize) -> PathBuf {
        self.folder.join(format!("app.log.{number}"))
    }

    /// Where the file that was renamed last is now.
    fn last_renamed(&self) -> Option<(usize, PathBuf)> {
        let at = self.archives.iter().rposition(Option::is_some)?;
        let path = match self.naming {
            Naming::Numbers => self.numbered(self.archives.len() - at),
            Naming::Dates => self.folder.join(format!("app.log-20261122{:04}", at + 1)),
        };
        Some((self.archives[at]?, path))
    }

    fn rename_away(&mut self) {
        let file = self.life().file;
        if self.files[file].is_link {
            // Behind a link that lost its name a file has no name: copies of it and files that came after it cannot be told
            // apart, and what happened to it must have been seen before. (logrotate refuses to rotate links.)
            self.look();
        }
        let to = self.archive(Some(file));
        std::fs::rename(&self.path, &to).unwrap();
        assert_eq!(to.metadata().unwrap().ino(), self.files[file].inode);
        assert!(!self.path.exists());
        let end = if self.files[file].is_link { End::Lost } else { End::Archived };
        self.end_life(end);
        self.places.happens("renamed");
    }

    fn write_late(&mut self, count: u8) {
        let Some((n, path)) = self.last_renamed().filter(|_| count > 0) else { return };
        let file = &self.files[n];
        if file.is_missed || file.left_at.is_some_and(|left| self.now >= left + self.pace.quiet - STEP * 4) {
            return;
        }
        let text = self.lines(count);
        OpenOptions::new().append(true).open(path).unwrap().write_all(&text).unwrap();
        if self.files[n].left_at.is_some() {
            self.late += text.len() as u64;
            self.places.happens("late lines after it was left");
        } else {
            self.lives.iter_mut().rev().find(|life| life.file == n).unwrap().content.extend_from_slice(&text);
            self.places.happens("late lines");
        }
    }

    fn copy(&mut self) {
        let len = self.life().content.len();
        if len == 0 {
            return;
        }
        let to = self.archive(None);
        assert_eq!(std::fs::copy(&self.path, &to).unwrap(), len as u64);
        assert_ne!(to.metadata().unwrap().ino(), self.path.metadata().unwrap().ino());
        self.life().copy = len;
        self.places.happens("copied");
    }

    fn truncate(&mut self) {
        let file = OpenOptions::new().write(true).open(&self.path).unwrap();
        file.set_len(0).unwrap();
        assert_eq!(self.path.metadata().unwrap().len(), 0);
        self.next_life();
        self.places.happens("truncated");
    }

    fn truncate_with_hole(&mut self) {
        let len = self.life().content.len();
        self.truncate();
        let text = self.lines(1);
        let file = OpenOptions::new().write(true).open(&self.path).unwrap();
        file.write_all_at(&text, len as u64).unwrap();
        let content = &mut self.life().content;
        content.resize(len, 0);
        content.extend_from_slice(&text);
        assert_eq!(file.metadata().unwrap().len(), content.len() as u64);
        self.places.happens("hole");
    }

    fn rewrite(&mut self) {
        let (len, copy) = (self.life().content.len(), self.life().copy);
        if len == 0 || copy > 0 {
            return;
        }
        self.n_written += 1;
        let text: Vec<u8> = format!("anew {:06}\n", self.n_written).bytes().cycle().take(len).collect();
        let file = OpenOptions::new().write(true).open(&self.path).unwrap();
        file.write_all_at(&text, 0).unwrap();
        assert_eq!(file.metadata().unwrap().len(), len as u64);
        self.next_life();
        self.life().content = text;
        self.places.happens("rewritten");
    }

    fn editor_save(&mut self, count: u8) {
        self.settle_unseen();
        let text = self.lines(count);
        let new = self.folder.join(".app.log.swp");
        std::fs::write(&new, &text).unwrap();
        self.replace(&new, &text, false);
        self.places.happens("saved by an editor");
    }

    fn switch_link(&mut self, count: u8) {
        self.settle_unseen();
        let text = self.lines(count);
        self.n_made += 1;
        // One number is left out of the dates.
        self.archives.extend((self.naming == Naming::Dates).then_some(None));
        let target = self.folder.join(format!("target{}", self.n_made));
        std::fs::write(&target, &text).unwrap();
        let link = self.folder.join("next");
        std::os::unix::fs::symlink(target.file_name().unwrap(), &link).unwrap();
        self.replace(&link, &text, true);
        self.places.happens("link switched");
    }

    fn replace(&mut self, new: &Path, text: &[u8], is_link: bool) {
        let before = self.path.metadata().unwrap().ino();
        std::fs::rename(new, &self.path).unwrap();
        assert_ne!(self.path.metadata().unwrap().ino(), before);
        self.end_life(End::Lost);
        let file = File::open(&self.path).unwrap();
        self.begin_file(&file, is_link);
        self.life().content = text.to_vec();
    }
}

impl Life {
    fn new(file: usize) -> Self {
        Self { file, content: Vec::new(), copy: 0, end: End::Not, looked: None, read: 0 }
    }

    fn expected(&self) -> Shown {
        let (shown, gap) = match (self.looked.unwrap_or(0), self.end) {
            (0, End::Cut) => (self.copy, 0),
            (looked, End::Cut) => {
                let shown = self.read.max(self.copy);
                (shown, looked.saturating_sub(shown))
            }
            (_, End::Lost) if self.looked.is_none() => (self.copy, 0),
            (_, End::Lost | End::Archived | End::Not) => (self.content.len(), 0),
        };
        let shown = &self.content[..shown];
        // Of the life that goes on, whole lines.
        let end = if self.end == End::Not {
            shown.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1)
        } else {
            shown.len()
        };
        (text(&shown[..end]), gap as u64)
    }
}

/// Whether that is what a life holds.
fn reads(epoch: &Epoch, content: &[u8]) -> bool {
    let mut bytes = vec![0; content.len() + 1];
    read_full(&*epoch.source, &mut bytes, ByteOffset::ZERO).is_ok_and(|read| bytes[..read] == *content)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).replace('\0', "~")
}

fn is_anything((bytes, gap): &Shown) -> bool {
    !bytes.is_empty() || *gap > 0
}

/// Reads as a viewer does, in order, and notes what it is told to be gone.
struct Reader {
    generation: Generation,
    at: ByteOffset,
    marker: Marker,
    lives: Vec<(Vec<u8>, u64)>,
    late: u64,
    told: u64,
}

impl Reader {
    fn new() -> Self {
        let lives = vec![(Vec::new(), 0)];
        Self { generation: Generation::FIRST, at: ByteOffset::ZERO, marker: Marker::of(&[]), lives, late: 0, told: 0 }
    }

    fn pull(&mut self, tip: &TailTip) {
        for notice in tip.notices.iter().filter(|notice| notice.seq > self.told) {
            if let FileEvent::Gap { bytes } = notice.event {
                self.late += bytes.get();
            }
        }
        self.told = tip.notices.last().map_or(0, |notice| notice.seq);
        loop {
            let epoch = tip.epoch(self.generation).cloned().unwrap();
            let ended = epoch.ended.get().copied();
            let to = ended.unwrap_or(tip.complete);
            let (bytes, gap) = self.lives.last_mut().unwrap();
            let is_read = loop {
                match lines_from(&*epoch.source, self.at, to, MAX_LIVE_BYTES) {
                    Ok(chunk) if chunk.before != self.marker => break false,
                    Ok(chunk) if chunk.end == self.at => break true,
                    Ok(chunk) => {
                        bytes.extend_from_slice(&chunk.payload);
                        (self.at, self.marker) = (chunk.end, chunk.after);
                    }
                    // Behind the end of a copy that is shorter than what was read.
                    Err(error) if is_gone(&error) && epoch.is_readable() && self.at > to => break true,
                    Err(error) if is_gone(&error) => break false,
                    Err(error) => panic!("{error}"),
                }
            };
            let Some(end) = ended else { return };
            if is_read && self.at < end {
                let mut rest = vec![0; (end - self.at).get() as usize];
                let read = read_full(&*epoch.source, &mut rest, self.at).unwrap();
                assert_eq!(read, rest.len());
                bytes.extend_from_slice(&rest);
            } else {
                *gap += (end - self.at).get();
            }
            *gap += epoch.lost_after(self.at).get();
            let Some(next) = tip.after(self.generation) else { return };
            self.generation = next.generation;
            (self.at, self.marker) = (ByteOffset::ZERO, Marker::of(&[]));
            self.lives.push((Vec::new(), 0));
        }
    }
}
