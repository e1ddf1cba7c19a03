//! What happened between two looks: the file was truncated, or others took its name.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use taillight::line::{ByteLen, ByteOffset};
use taillight::wire::{FileEvent, FileState};

use super::Watched;
use crate::catalog::LogFile;
use crate::source::LocalFile;
use crate::tail::beside::Question;
use crate::tail::life::Life;
use crate::tail::seen::is_same_file;

/// How many files that took the name are held while the old one is still read.
const MAX_COMING: usize = 16;

impl Watched {
    /// The same open file begins a new life; the old one's readers go on in its copy or are cut off, so that they cannot
    /// take the new bytes for the old. It `is` that long now; `None` when nothing was seen of it before: then it is cut
    /// only if there are copies of lives in between. Whether it was.
    pub(super) fn cut(&mut self, at: usize, is: Option<ByteOffset>, now: Instant) -> io::Result<bool> {
        let looked_ns = self.looked_ns;
        let Some(life) = self.life(at) else { return Ok(false) };
        let left_at = life.left_at;
        let mut next = Life::new(Arc::clone(life.local.file()), FileEvent::Rewritten, looked_ns, now)?;
        next.left_at = left_at;
        let has_name = life.local.file().name_stat().is_ok_and(|now| is_same_file(&now, &life.stat));
        let named = if has_name { None } else { life.local.file().reopen().ok() };
        let named = named.and_then(|named| LocalFile::new(Arc::new(named)).ok());
        // Nothing may leave early while it is taken out.
        let mut beside = std::mem::take(&mut self.beside);
        let life = if at == 0 { Some(&mut self.current) } else { self.coming.get_mut(at - 1) };
        let Some(life) = life else { return Ok(false) };
        let (present, named) = (&*next.local, named.as_ref());
        let mut found = beside.search(&Question { life, present, has_name, named, is_cut: true, looked_ns });
        let is_rewrite = is == Some(life.seen.len) && found.copy.is_none() && found.between.is_empty();
        let was_cut = is.is_some() || !found.between.is_empty();
        if was_cut {
            if is.is_none() {
                found.copy = Some(found.between.remove(0));
            }
            life.cut(found.copy, now);
        }
        self.beside = beside;
        if !was_cut {
            return Ok(false);
        }
        // From what length is filled in when it begins: then that is settled.
        let truncated = FileEvent::Truncated { was: ByteLen::ZERO };
        let mut place = at;
        for file in found.between {
            let Ok(life) = Self::unseen(file, truncated, left_at, now) else { continue };
            self.coming.insert(place, life);
            place += 1;
        }
        if !is_rewrite {
            next.event = truncated;
        }
        self.coming.insert(place, next);
        if found.is_packed {
            self.notice(FileEvent::Gap { bytes: ByteLen::ZERO });
        }
        Ok(true)
    }

    /// A life that came and went between two looks.
    fn unseen(file: Arc<LogFile>, event: FileEvent, left_at: Option<Instant>, now: Instant) -> io::Result<Life> {
        let since_ns = file.stat()?.born_ns;
        let mut life = Life::new(file, event, since_ns, now)?;
        life.left_at = Some(left_at.unwrap_or(now));
        life.look(now)?;
        Ok(life)
    }

    /// Another file has the name: it is opened with all checks and held at once, so that it cannot be lost while the old
    /// one is still read.
    pub(super) fn admit(&mut self, now: Instant) -> FileState {
        if self.coming.len() >= MAX_COMING {
            return FileState::Live;
        }
        let newest = self.newest();
        let opened = newest.local.file().reopen().map_err(|error| self.name_fails(&error, now));
        let file = match opened {
            Ok(file) => Arc::new(file),
            Err(state) => return state,
        };
        let Ok(stat) = file.stat() else { return FileState::ReadError };
        if is_same_file(&stat, &self.newest().stat) {
            return self.name_is_held(&stat);
        }
        let Ok(mut life) = Life::new(file, FileEvent::Rotated, stat.born_ns, now) else { return FileState::ReadError };
        self.admit_between(&life, now);
        let told = self.missing.take().is_some_and(|missing| missing.told);
        life.event = if told { FileEvent::Appeared } else { self.kind_of_change(&life.local) };
        self.newest_mut().left_at.get_or_insert(now);
        self.looked_ns = stat.changed_ns;
        self.beside.note(&stat);
        self.coming.push_back(life);
        // A failure shows again at the next look, and is told then.
        let _ = self.look_at(self.coming.len(), now);
        FileState::Live
    }

    /// The files that had the name after the newest one, and lost it to `present`.
    fn admit_between(&mut self, present: &Life, now: Instant) {
        let mut beside = std::mem::take(&mut self.beside);
        beside.note(&self.newest().stat);
        beside.note(&present.stat);
        let (life, looked_ns) = (self.newest(), self.looked_ns);
        let (present, has_name) = (&*present.local, false);
        let found = beside.search(&Question { life, present, has_name, named: None, is_cut: false, looked_ns });
        self.beside = beside;
        for file in found.between {
            self.newest_mut().left_at.get_or_insert(now);
            if let Ok(life) = Self::unseen(file, FileEvent::Rotated, Some(now), now) {
                self.coming.push_back(life);
            }
        }
        if found.is_packed {
            self.notice(FileEvent::Gap { bytes: ByteLen::ZERO });
        }
    }

    /// An editor that saves puts a new file over the old one, which begins as the old one did.
    fn kind_of_change(&self, new: &LocalFile) -> FileEvent {
        let newest = self.newest();
        let is_replaced = newest.local.file().stat().is_ok_and(|stat| stat.links == 0);
        let begins_alike = || newest.seen.agrees_in_head(new).unwrap_or(false);
        if is_replaced && begins_alike() { FileEvent::Rewritten } else { FileEvent::Rotated }
    }
}
