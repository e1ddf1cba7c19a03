//! One look at the siblings of a log: where the cursor's file is, and what comes after it.

use std::io;

use taillight::cursor::{Cursor, Identity, Marker};
use taillight::line::{ByteLen, ByteOffset};
use taillight::wire::FileEvent;

use super::order::{self, Archive};
use super::{Chain, Link, MAX_LINKS, Place, Unreadable, open_sibling};
use crate::read::{marker_at, marker_of};
use crate::source::{Source, begins_with, is_gone};
use crate::tail::Epoch;

/// Two files that agree in so many bytes from their start, all that one of them has, begin in the same way and not by chance.
const SAME_START_BYTES: u64 = 64;

/// What was found.
#[derive(Debug)]
pub(super) enum Seen {
    /// The names stood still.
    Still(Option<Chain>),
    /// They are being moved on, or a file is missing.
    Moving(Option<Chain>),
}

/// The siblings as they were listed, and the lives that are held.
pub(super) struct Search<'a> {
    place: Place<'a>,
    /// Those that have a name that rotation gives, and others that have one like the log's.
    archives: Vec<Archive>,
    others: Vec<Archive>,
    /// The files of the lives that can be read.
    held: Vec<Identity>,
    /// Whether something did not fit together.
    is_moving: bool,
}

impl<'a> Search<'a> {
    pub(super) fn new(place: Place<'a>) -> io::Result<Self> {
        let Place { file, tip, .. } = place;
        // A folder that cannot be listed has no siblings for us.
        let siblings = file.siblings().unwrap_or_default();
        let base = file.path().file_name();
        let all = siblings.into_iter().map(|sibling| Archive::new(sibling, base));
        let (archives, others): (Vec<_>, Vec<_>) = all.partition(|archive| archive.sibling.is_archive);
        let plain = archives.clone();
        let is_needed = |archive: &Archive| !plain.iter().any(|plain| archive.is_packed_form_of(plain));
        let archives: Vec<_> = archives.into_iter().filter(is_needed).collect();
        let twice = |(at, archive): (usize, &Archive)| archives.iter().skip(at + 1).any(|other| is_one(archive, other));
        let is_moving = archives.iter().enumerate().any(twice);
        let held = tip.lived().filter_map(|epoch| readable_identity(epoch).transpose()).collect::<io::Result<_>>()?;
        Ok(Self { place, archives, others, held, is_moving })
    }

    pub(super) fn find(mut self, cursor: &Cursor) -> io::Result<Seen> {
        let chain = match self.file_of(cursor)? {
            Some((archive, link)) => Some(self.chain_from(archive, link)?),
            None => self.after_lost(cursor)?,
        };
        Ok(if self.is_moving { Seen::Moving(chain) } else { Seen::Still(chain) })
    }

    /// The file that the cursor stands in.
    pub(super) fn file_of(&mut self, cursor: &Cursor) -> io::Result<Option<(Archive, Link)>> {
        let all = self.archives.iter().chain(&self.others);
        let same = all.filter(|archive| is_file(archive, &cursor.identity)).cloned().collect::<Vec<_>>();
        for archive in same {
            if let Some(link) = self.open(&archive).filter(|link| link.local.is_some())
                && stands(link.source.as_ref(), cursor)?
            {
                return Ok(Some((archive, link)));
            }
        }
        self.copy_of(cursor)
    }

    /// A file of another identity with the bytes of the cursor's, if there is exactly one.
    fn copy_of(&mut self, cursor: &Cursor) -> io::Result<Option<(Archive, Link)>> {
        let Cursor { identity, offset, marker } = cursor;
        let evidence = u64::from(identity.head_len) + u64::from(marker.len);
        if evidence == 0 || evidence < offset.get().min(Marker::MAX_BYTES as u64) {
            return Ok(None);
        }
        for epoch in self.place.tip.lived() {
            // Lives of the cursor's own file were looked at already.
            let Some(own) = readable_identity(epoch)?.filter(|own| own.head_len > 0) else { continue };
            if (own.inode, own.born_ns) != (identity.inode, identity.born_ns) && stands(epoch.source.as_ref(), cursor)?
            {
                return Ok(None);
            }
        }
        let mut found = Vec::new();
        for archive in self.archives.clone() {
            if self.is_held(&archive) || is_file(&archive, identity) {
                continue;
            }
            if let Some(link) = self.open_like(&archive, Some(identity))
                && stands(link.source.as_ref(), cursor)?
            {
                found.push((archive, link));
            }
        }
        // A backup in another folder has the same bytes.
        if found.iter().any(|(archive, _)| self.is_beside_log(archive)) {
            found.retain(|(archive, _)| self.is_beside_log(archive));
        }
        let only = found.pop().filter(|_| found.is_empty());
        match only {
            Some((_, link)) if self.begins_like_current(&link, *offset)? => Ok(None),
            only => Ok(only),
        }
    }

    /// Whether the current file, which is not as long as `offset`, begins as that one does: both with a banner.
    fn begins_like_current(&self, link: &Link, offset: ByteOffset) -> io::Result<bool> {
        let source = self.place.tip.current().source.as_ref();
        let len = self.place.tip.len;
        if len.get() < SAME_START_BYTES || len >= offset {
            return Ok(false);
        }
        match source
            .identity()
            .and_then(|identity| Ok(Cursor { identity, offset: len, marker: marker_at(source, len)? }))
        {
            Ok(start) => stands(link.source.as_ref(), &start),
            Err(error) if is_gone(&error) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// From that archive on up to the lives that are held.
    fn chain_from(&mut self, first: Archive, link: Link) -> io::Result<Chain> {
        let mut line = self.archives.clone();
        line.retain(|archive| archive.sibling.is_beside(&first.sibling));
        if !first.sibling.is_archive {
            line.push(first.clone());
        }
        let counts_down = order::sort(&mut line);
        let at = line.iter().position(|archive| is_one(archive, &first)).map_or(line.len(), |at| at + 1);
        let younger = line.split_off(at);
        self.extend(vec![(first, link)], younger, counts_down)
    }

    /// What is provably younger than a file that is gone: born after it, one after the other, before the lives that are held.
    fn after_lost(&mut self, cursor: &Cursor) -> io::Result<Option<Chain>> {
        let born = cursor.identity.born_ns;
        let Some(end) = self.held.first().map(|oldest| oldest.born_ns).filter(|_| born > 0) else { return Ok(None) };
        let is_of = |held: &Identity| (held.inode, held.born_ns) == (cursor.identity.inode, born);
        if self.held.iter().any(is_of) {
            return Ok(None);
        }
        let mut line: Vec<_> = self
            .archives
            .iter()
            .filter(|archive| self.is_beside_log(archive) && !self.is_held(archive))
            .cloned()
            .collect();
        let counts_down = order::sort(&mut line);
        let mut before = end;
        let mut from = line.len();
        for archive in line.iter().rev() {
            let own = archive.sibling.stat.born_ns;
            if archive.is_packed || own <= born || own >= before {
                break;
            }
            before = own;
            from -= 1;
        }
        let mut younger = line.split_off(from);
        while !younger.is_empty() {
            let first = younger.remove(0);
            if let Some(link) = self.open(&first) {
                let chain = self.extend(vec![(first, link)], younger, counts_down)?;
                return Ok(Some(Chain { has_cursor: false, ..chain }));
            }
        }
        Ok(None)
    }

    /// Adds what comes after the first link.
    fn extend(
        &mut self,
        mut links: Vec<(Archive, Link)>,
        younger: Vec<Archive>,
        counts_down: bool,
    ) -> io::Result<Chain> {
        let mut next = self.place.tip.lived().next().unwrap_or(self.place.tip.current()).generation;
        let mut younger = younger.into_iter().peekable();
        let end = self.end_of(&younger.clone().collect::<Vec<_>>());
        let mut room = end.min(younger.len());
        let mut left_out = ByteLen::ZERO;
        while room >= MAX_LINKS {
            room -= 1;
            left_out =
                left_out + younger.next().map_or(ByteLen::ZERO, |archive| ByteLen::new(archive.sibling.stat.len));
        }
        if left_out > ByteLen::ZERO {
            tell(&mut links, FileEvent::Gap { bytes: left_out });
        }
        let mut number =
            if left_out > ByteLen::ZERO { None } else { links.last().and_then(|(first, _)| first.number()) };
        let mut is_whole = true;
        for archive in younger.by_ref().take(room) {
            if counts_down && number.zip(archive.number()).is_some_and(|(older, own)| older != own + 1) {
                self.is_moving = true;
                tell(&mut links, FileEvent::Gap { bytes: ByteLen::ZERO });
            }
            number = archive.number();
            let link = match open_sibling(self.place, &archive.sibling, None) {
                Ok(link) => link,
                Err(unreadable) => {
                    self.is_moving |= unreadable == Unreadable::Moved;
                    let bytes =
                        if let Unreadable::For(bytes) = unreadable { ByteLen::new(bytes) } else { ByteLen::ZERO };
                    tell(&mut links, FileEvent::Gap { bytes });
                    continue;
                }
            };
            match self.copied(&link)? {
                Copied::No => {}
                Copied::Held => {
                    is_whole = false;
                    break;
                }
                Copied::Cut(after) => next = after,
            }
            links.push((archive, link));
        }
        let last = self.place.tip.lived().count() as u64;
        let is_missed = match younger.next() {
            Some(held) => number.zip(held.number()).is_some_and(|(older, own)| older != own + 1),
            None => number.is_some_and(|number| number > last),
        };
        if counts_down && is_whole && is_missed {
            self.is_moving = true;
            tell(&mut links, FileEvent::Gap { bytes: ByteLen::ZERO });
        }
        Ok(Chain { links: links.into_iter().map(|(_, link)| link).collect(), next, has_cursor: true })
    }

    /// Which of them is the first that is held already.
    fn end_of(&self, archives: &[Archive]) -> usize {
        archives.iter().position(|archive| self.is_held(archive)).unwrap_or(archives.len())
    }

    /// Whether an archive is a copy of a life that is held.
    fn copied(&self, link: &Link) -> io::Result<Copied> {
        for (at, epoch) in self.place.tip.epochs.iter().enumerate().filter(|(_, epoch)| !epoch.is_archive()) {
            if epoch.ended.get().is_none() {
                // While the current file is being copied the copy is no longer than it, and younger.
                let is_younger = epoch.identity().is_ok_and(|identity| link.stat.born_ns > identity.born_ns);
                if is_younger && is_start_of(link, epoch)? {
                    return Ok(Copied::Held);
                }
            } else if let Some(last) = epoch.last_seen()
                && last.offset > ByteOffset::ZERO
                && link.stat.born_ns > last.identity.born_ns
                && stands(link.source.as_ref(), last)?
            {
                let next = self
                    .place
                    .tip
                    .epochs
                    .get(at + 1)
                    .map_or(self.place.tip.current().generation, |next| next.generation);
                return Ok(if epoch.is_readable() { Copied::Held } else { Copied::Cut(next) });
            }
        }
        Ok(Copied::No)
    }

    fn open(&mut self, archive: &Archive) -> Option<Link> {
        self.open_like(archive, None)
    }

    /// A compressed one only if it begins like `head`.
    fn open_like(&mut self, archive: &Archive, head: Option<&Identity>) -> Option<Link> {
        let opened = open_sibling(self.place, &archive.sibling, head);
        self.is_moving |= matches!(opened, Err(Unreadable::Moved));
        opened.ok()
    }

    fn is_held(&self, archive: &Archive) -> bool {
        self.held.iter().any(|held| is_file(archive, held))
    }

    fn is_beside_log(&self, archive: &Archive) -> bool {
        archive.sibling.path().is_none_or(|path| path.parent() == self.place.file.path().parent())
    }
}

/// Whether an archive is a copy of what is held.
enum Copied {
    No,
    /// Of a life that can be read.
    Held,
    /// Of one that was cut; the generation comes after it.
    Cut(taillight::cursor::Generation),
}

/// Says what stands after the last link.
fn tell(links: &mut [(Archive, Link)], event: FileEvent) {
    let Some((_, last)) = links.last_mut() else { return };
    last.then.0 = match (last.then.0, event) {
        (FileEvent::Gap { bytes: a }, FileEvent::Gap { bytes: b }) => FileEvent::Gap { bytes: a + b },
        (_, event) => event,
    };
}

fn readable_identity(epoch: &Epoch) -> io::Result<Option<Identity>> {
    match epoch.identity() {
        Ok(identity) => Ok(Some(identity)),
        Err(error) if is_gone(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

fn is_file(archive: &Archive, identity: &Identity) -> bool {
    (archive.sibling.stat.inode, archive.sibling.stat.born_ns) == (identity.inode, identity.born_ns)
}

fn is_one(a: &Archive, b: &Archive) -> bool {
    let id = |archive: &Archive| (archive.sibling.stat.dev, archive.sibling.stat.inode, archive.sibling.stat.born_ns);
    id(a) == id(b)
}

/// Whether all of an archive is what the life begins with.
fn is_start_of(link: &Link, epoch: &Epoch) -> io::Result<bool> {
    if link.len == ByteOffset::ZERO || epoch.source.len().is_ok_and(|len| len < link.len) {
        return Ok(false);
    }
    let copy = Cursor {
        identity: link.source.identity()?,
        offset: link.len,
        marker: marker_at(link.source.as_ref(), link.len)?,
    };
    stands(epoch.source.as_ref(), &copy)
}

/// Whether the bytes that a cursor has seen are these, whatever file they are in.
pub(super) fn stands(source: &dyn Source, cursor: &Cursor) -> io::Result<bool> {
    let seen = begins_with(source, &cursor.identity)
        .and_then(|begins| Ok(begins && marker_of(source, cursor.offset, cursor.marker.len)? == cursor.marker));
    match seen {
        Err(error) if is_gone(&error) => Ok(false),
        seen => seen,
    }
}
