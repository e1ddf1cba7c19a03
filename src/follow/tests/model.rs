//! A server over files in memory that grow and rotate, and the proof that the window is always a contiguous run of them.

mod files;
mod find;

use std::collections::VecDeque;

use bytes::Bytes;
use proptest::prelude::*;

use crate::ansi::Style;
use crate::cursor::{Anchor, Cursor, Generation, Identity, Marker};
use crate::follow::{Catch, EDGE_ROWS, Effect, Follow, Input, Notice, Stand, Start, WindowChange};
use crate::level::{Level, LevelChoice, LevelCounts};
use crate::line::{ByteLen, ByteOffset, LineCount, LineNo};
use crate::window::{Item, RowKey};
use crate::wire::*;

use files::Line;

/// What happens in a program.
#[derive(Clone, Debug)]
enum Act {
    Append {
        n_lines: usize,
        len: usize,
        rest: bool,
    },
    Rotate,
    /// The server reads messages, sends live frames and tips.
    Serve,
    /// The page hears so many messages.
    Deliver(usize),
    Drawn,
    GoLive,
    Hold,
    Pause,
    Unpause,
    Resume(bool),
    Hide(bool),
    Look(u8),
    Jump(u8),
    /// Another filter; the number says which.
    Filter(u8),
    Find(u8),
    Seek(bool),
    SeekLevels(bool),
    Levels(bool),
    Marks(u8),
    Disconnect {
        restart: bool,
        /// Which files are gone when the page comes back.
        loses: Loss,
    },
    Wait,
}

/// What becomes of rotated files while nobody is connected.
#[derive(Clone, Copy, Debug)]
enum Loss {
    Nothing,
    /// All but so many of them are gone; it is told as a gap, or as a truncation.
    AllBut {
        n_kept: usize,
        is_cut: bool,
    },
}

fn loss() -> impl Strategy<Value = Loss> {
    prop_oneof![
        2 => Just(Loss::Nothing),
        1 => (0..3_usize, any::<bool>()).prop_map(|(n_kept, is_cut)| Loss::AllBut { n_kept, is_cut }),
    ]
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        5 => (0..30_usize, prop_oneof![4 => 0..60_usize, 1 => 20_000..50_000_usize], any::<bool>())
            .prop_map(|(n_lines, len, rest)| Act::Append { n_lines: if len > 100 { n_lines % 4 } else { n_lines }, len, rest }),
        1 => Just(Act::Rotate),
        8 => Just(Act::Serve),
        8 => (1..6_usize).prop_map(Act::Deliver),
        4 => Just(Act::Drawn),
        2 => Just(Act::GoLive),
        2 => Just(Act::Hold),
        1 => Just(Act::Pause),
        1 => Just(Act::Unpause),
        1 => any::<bool>().prop_map(Act::Resume),
        1 => any::<bool>().prop_map(Act::Hide),
        4 => any::<u8>().prop_map(Act::Look),
        1 => any::<u8>().prop_map(Act::Jump),
        2 => any::<u8>().prop_map(Act::Filter),
        1 => any::<u8>().prop_map(Act::Find),
        1 => any::<bool>().prop_map(Act::Seek),
        1 => any::<bool>().prop_map(Act::SeekLevels),
        1 => any::<bool>().prop_map(Act::Levels),
        1 => any::<u8>().prop_map(Act::Marks),
        1 => (any::<bool>(), loss()).prop_map(|(restart, loses)| Act::Disconnect { restart, loses }),
        2 => Just(Act::Wait),
    ]
}

/// The filter of that number: some are refused, and one shows everything.
fn filter(number: u8) -> Option<Filter> {
    let q = ["odd", "long", "a", "z", "u", "nothing", "!", ""][usize::from(number % 8)];
    Some(Filter { q: q.to_owned(), ctx: u32::from(number / 8) % 3, ..Filter::default() })
        .filter(|filter| !filter.q.is_empty())
}

fn term(number: u8) -> Option<String> {
    let term = ["odd", "long", "a", "z", "u", "nothing", "!", ""][usize::from(number % 8)];
    (!term.is_empty()).then(|| term.to_owned())
}

enum Down {
    Open,
    Msg(ServerMsg),
    Frame(Frame),
}

/// The files, the server's side of one connection, and the two directions of the wire.
struct Server {
    files: Vec<Vec<u8>>,
    /// Files before this one are gone, and how the page is told.
    oldest: usize,
    is_cut: bool,
    /// What the server calls the first file.
    base: u32,
    place: (usize, usize),
    live: bool,
    counted_from: (usize, usize),
    credit: u32,
    up: VecDeque<ClientMsg>,
    down: VecDeque<Down>,
    is_open: bool,
    /// The newest file that the page knows the identity of, and whether it is told when no event does.
    announced: usize,
    tells_current: bool,
    filter: Option<Filter>,
    find: Option<String>,
    /// Whether levels are told, and what was told last.
    levels: (bool, Option<Levels>),
    /// Draws how many lines are looked at for an answer.
    random: u32,
}

impl Server {
    fn lines(&self, file: usize) -> Vec<Line> {
        files::lines(&self.files[file], self.filter.as_ref(), file != self.current())
    }

    /// How many lines are looked at for the next answer: none when the machine is busy.
    fn work(&mut self) -> usize {
        self.random = self.random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.random >> 24) as usize % 24
    }

    /// A frame of the lines that the filter shows, which may say that there are none.
    fn sparse(&self, kind: FrameKind, req: u32, file: usize, (from, to): (usize, usize)) -> Frame {
        let mut rows = Vec::new();
        let mut payload = Vec::new();
        let lines = self.lines(file);
        let held = lines.iter().zip(1..).filter(|(line, _)| (from..to).contains(&line.start) && line.shown);
        let mut place = to;
        for (line, number) in held {
            let offset = ByteOffset::new(line.start as u64);
            // Rows that come as they are written are not numbered yet.
            let line_no = LineNo::new(number).filter(|_| kind == FrameKind::Page);
            rows.push(SparseRow { offset, line: line_no, context: !line.matches });
            payload.extend_from_slice(&self.files[file][line.start..line.end]);
            if !line.finished {
                place = line.start;
            }
        }
        let before = &self.files[file][..place];
        let end = ByteOffset::new(to as u64);
        let sparse = Some(Sparse { marker: Marker::of(before), rows });
        Frame { end, sparse, payload: payload.into(), ..self.frame(kind, req, file, from, from) }
    }

    fn sparse_page(&mut self, req: u32, file: usize, at: Anchor, before: u32, after: u32) -> Frame {
        let lines = self.lines(file);
        let (mut end, mut n_above, mut n_below) = (files::settled_end(&lines), self.work(), self.work());
        let lines: Vec<Line> =
            lines.into_iter().filter(|line| line.settled).take_while(|line| line.end <= end).collect();
        let row = match at {
            Anchor::Start => 0,
            Anchor::End => lines.len(),
            Anchor::Line(number) => (number.get() as usize - 1).min(lines.len()),
            Anchor::Byte(at) => lines.partition_point(|line| line.end as u64 <= at.get()),
            Anchor::Time(_) => unreachable!("the model asks for no times"),
        };
        let (mut first, mut last) = (row, row);
        let mut wanted = before.min(7);
        while first > 0 && wanted > 0 && n_above > 0 {
            first -= 1;
            n_above -= 1;
            wanted -= u32::from(lines[first].shown);
        }
        let mut wanted = after.min(9);
        while last < lines.len() && wanted > 0 && n_below > 0 {
            wanted -= u32::from(lines[last].shown);
            last += 1;
            n_below -= 1;
        }
        let place = |idx: usize| lines.get(idx).map_or(end, |line| line.start);
        let (from, to) = (place(first), place(last));
        // An unfinished last line is shown, but it is no place to go on from.
        let all = self.lines(file);
        let provisional = all.last().filter(|line| line.start == to && !line.settled && line.shown && !line.finished);
        end = provisional.filter(|_| after > 0 || at == Anchor::End).map_or(to, |line| line.end);
        let at_end = to == files::settled_end(&all);
        let frame = self.sparse(FrameKind::Page, req, file, (from, end));
        Frame { flags: FrameFlags { at_start: from == 0, at_end, unfinished: end != to }, ..frame }
    }

    /// A page, and where live frames go on below it.
    fn any_page(&mut self, req: u32, file: usize, at: Anchor, before: u32, after: u32) -> (Frame, usize) {
        let frame = match self.filter {
            Some(_) => self.sparse_page(req, file, at, before, after),
            None => self.page(req, file, at, before, after),
        };
        let last = frame.rows().last();
        let unfinished = last.filter(|row| !row.finished && file == self.current());
        let place = unfinished.map_or(frame.end, |row| row.offset);
        (frame, place.get() as usize)
    }

    fn number(&self, file: usize) -> Generation {
        Generation::new(self.base + file as u32)
    }

    fn file_of(&self, generation: Generation) -> Option<usize> {
        let file = generation.get().checked_sub(self.base)? as usize;
        (self.oldest..self.files.len()).contains(&file).then_some(file)
    }

    fn identity(file: usize) -> Identity {
        Identity { inode: file as u64 + 1, born_ns: 0, head_len: 0, head_hash: 0 }
    }

    fn complete(&self, file: usize) -> usize {
        self.files[file].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1)
    }

    fn current(&self) -> usize {
        self.files.len() - 1
    }

    fn drop_socket(&mut self) {
        self.up.clear();
        self.down.clear();
        self.is_open = false;
    }

    fn announce(&mut self) {
        let current = self.current();
        if self.tells_current && self.announced < current {
            self.announced = current;
            let generation = self.number(current);
            self.down.push_back(Down::Msg(ServerMsg::Current { generation, identity: Self::identity(current) }));
        }
    }

    fn tip(&self) -> Tip {
        let (file, at) = if self.live { self.place } else { self.counted_from };
        let count = |bytes: &[u8]| bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
        let is_new = |line: &&Line| line.finished && line.matches;
        let rest = self.lines(file).iter().filter(is_new).filter(|line| line.start >= at).count() as u64;
        let newer: u64 =
            (file + 1..self.files.len()).map(|file| self.lines(file).iter().filter(is_new).count() as u64).sum();
        let current = self.current();
        let lines = count(&self.files[current]) + u64::from(self.complete(current) < self.files[current].len());
        Tip {
            generation: self.number(current),
            len: ByteOffset::new(self.files[current].len() as u64),
            complete: ByteOffset::new(self.complete(current) as u64),
            lines: LineTotal { count: LineCount::new(lines), exact: true },
            new_lines: LineCount::new(rest + newer),
            shown: None,
            found: None,
            state: FileState::Live,
        }
    }

    fn frame(&self, kind: FrameKind, req: u32, file: usize, from: usize, to: usize) -> Frame {
        let payload = Bytes::copy_from_slice(&self.files[file][from..to]);
        let unfinished = payload.last().is_some_and(|byte| *byte != b'\n');
        Frame {
            kind,
            flags: FrameFlags { at_start: from == 0, at_end: to == self.files[file].len(), unfinished },
            req,
            generation: self.number(file),
            style: Style::PLAIN,
            offset: ByteOffset::new(from as u64),
            end: ByteOffset::new(to as u64),
            first_line: None,
            cuts: Vec::new(),
            sparse: None,
            payload,
        }
    }

    fn page(&self, req: u32, file: usize, at: Anchor, before: u32, after: u32) -> Frame {
        let bytes = &self.files[file];
        let mut starts: Vec<usize> = (0..bytes.len()).filter(|&at| at == 0 || bytes[at - 1] == b'\n').collect();
        starts.push(bytes.len());
        let row = match at {
            Anchor::Start => 0,
            Anchor::End => starts.len() - 1,
            Anchor::Line(number) => (number.get() as usize - 1).min(starts.len() - 1),
            Anchor::Byte(at) if at.get() as usize >= bytes.len() => starts.len() - 1,
            Anchor::Byte(at) => starts.partition_point(|start| *start as u64 <= at.get()) - 1,
            Anchor::Time(_) => unreachable!("the model asks for no times"),
        };
        // Few rows a page, so that many are needed.
        let from = starts[row.saturating_sub(before.min(7) as usize)];
        let to = starts[(row + after.min(9) as usize).min(starts.len() - 1)];
        self.frame(FrameKind::Page, req, file, from, to)
    }

    fn open(&mut self, resume: Option<Cursor>, first: (Anchor, u32, u32), follow: bool, credit: u32) {
        (self.live, self.credit, self.is_open) = (follow, credit, true);
        self.levels = (false, None);
        let current = self.current();
        let mut page = None;
        let resumed = resume.map(|cursor| {
            let file = cursor.identity.inode as usize - 1;
            let at = cursor.offset.get() as usize;
            let before = &self.files[file][..at];
            assert_eq!(Marker::of(&before[at - usize::from(cursor.marker.len)..]), cursor.marker);
            let generation = self.number(file.max(self.oldest));
            self.place = if file < self.oldest { (self.oldest, 0) } else { (file, at) };
            match file {
                _ if file < self.oldest && self.is_cut => Resume::Truncated { generation, lost: None },
                _ if file < self.oldest => Resume::Gap { generation, bytes: Some(ByteLen::new(7)) },
                _ if file < current => Resume::Rotated { generation },
                _ => Resume::Resumed { generation },
            }
        });
        if resumed.is_none() {
            let (frame, place) = self.any_page(0, current, first.0, first.1, first.2);
            self.place = (current, place);
            page = Some(frame);
        }
        self.counted_from = self.place;
        self.announced = current;
        let tip = self.tip();
        self.down.push_back(Down::Msg(ServerMsg::Opened {
            version: VERSION,
            generation: self.number(current),
            identity: Self::identity(current),
            resume: resumed,
            heartbeat_secs: 20,
            tip,
        }));
        if self.place.0 < current {
            let (generation, identity) = (self.number(self.place.0), Self::identity(self.place.0));
            self.down.push_back(Down::Msg(ServerMsg::Current { generation, identity }));
        }
        self.down.extend(page.map(Down::Frame));
    }

    fn hear(&mut self, msg: &ClientMsg) {
        match *msg {
            ClientMsg::Open { at, before, after, resume, follow, credit, ref filter, ref find, .. } => {
                (self.filter, self.find) = (filter.clone(), find.clone());
                // Of a wrong filter the rest is in force: here it shows nothing.
                if filter.as_ref().is_some_and(|filter| filter.q == "!") {
                    self.refuse(0, false);
                }
                if self.find.take_if(|find| find == "!").is_some() {
                    self.refuse(0, true);
                }
                self.open(resume, (at, before, after), follow, credit);
            }
            ClientMsg::Page { req, generation, at, before, after } => {
                let answer = match self.file_of(generation) {
                    Some(file) => Down::Frame(self.any_page(req, file, at, before, after).0),
                    None => Down::Msg(ServerMsg::Failed { req, error: Failure::Gone, detail: String::new() }),
                };
                self.down.push_back(answer);
            }
            ClientMsg::Live { from: Some((generation, at)), .. } => {
                self.place = (self.file_of(generation).expect("a generation of this connection"), at.get() as usize);
                self.live = true;
            }
            ClientMsg::Live { req, from: None, rows } => {
                let current = self.current();
                let (frame, place) = self.any_page(req, current, Anchor::End, rows, 0);
                self.place = (current, place);
                self.live = true;
                self.down.push_back(Down::Frame(frame));
            }
            ClientMsg::Hold { from: (generation, at) } => {
                self.live = false;
                self.counted_from =
                    (self.file_of(generation).expect("a generation of this connection"), at.get() as usize);
            }
            ClientMsg::Grant { bytes } => {
                self.credit += bytes;
                assert!(self.credit <= CREDIT_BYTES, "more credit returned than was granted");
            }
            ClientMsg::Filter { req, filter: Some(Filter { ref q, .. }), .. } if q == "!" => self.refuse(req, false),
            ClientMsg::Filter { req, ref filter, at, before, after, follow } => {
                let current = self.current();
                self.filter.clone_from(filter);
                let (frame, place) = self.any_page(req, current, at, before, after);
                self.place = (current, place);
                self.live = follow;
                self.down.push_back(Down::Frame(frame));
            }
            ClientMsg::Find { req, term: Some(ref term) } if term == "!" => self.refuse(req, true),
            ClientMsg::Find { ref term, .. } => self.find.clone_from(term),
            ClientMsg::Seek { req, generation, from, down, levels } => {
                let hits = self.file_of(generation).map(|file| self.wanted(file, levels));
                self.sought((req, generation), hits, from, down);
            }
            ClientMsg::Spans { req, generation, ref rows } => {
                assert!(!rows.is_empty() && rows.len() <= MAX_SPAN_ROWS);
                let spans = |offset: &ByteOffset| RowSpans { offset: *offset, find: vec![(0, 1)], filter: Vec::new() };
                let rows = rows.iter().map(spans).collect();
                self.down.push_back(Down::Msg(ServerMsg::Spans { req, generation, rows }));
            }
            ClientMsg::Levels { on } => self.levels = (on, None),
            ClientMsg::Marks { req, generation, parts } => {
                let answer = match self.file_of(generation) {
                    Some(file) => ServerMsg::Marks { req, generation, marks: self.marks(file, parts) },
                    None => ServerMsg::Failed { req, error: Failure::Gone, detail: String::new() },
                };
                self.down.push_back(Down::Msg(answer));
            }
            ClientMsg::More { .. } | ClientMsg::Continue | ClientMsg::Pong => {}
        }
    }

    fn serve(&mut self) {
        while let Some(msg) = self.up.pop_front() {
            if self.is_open {
                self.announce();
            }
            self.hear(&msg);
        }
        if !self.is_open {
            return;
        }
        for _ in 0..4 {
            if !self.live || !self.send_live() {
                break;
            }
        }
        self.announce();
        let tip = self.tip();
        self.down.push_back(Down::Msg(ServerMsg::Tip(tip)));
        let levels = Some(self.count_levels()).filter(|levels| self.levels.0 && self.levels.1 != Some(*levels));
        if let Some(levels) = levels {
            self.levels.1 = Some(levels);
            self.down.push_back(Down::Msg(ServerMsg::Levels(levels)));
        }
    }

    /// Every line is without a level here.
    fn count_levels(&self) -> Levels {
        let tip = self.tip();
        let counts = LevelCounts { unknown: tip.lines.count, ..LevelCounts::default() };
        Levels { generation: tip.generation, counts, scanned: tip.len, exact: true, stopped: false }
    }

    /// Marks that tell what they are of.
    fn marks(&self, file: usize, parts: u32) -> Marks {
        let len = ByteOffset::new(self.files[file].len() as u64);
        let shown = self.filter.iter().map(|filter| filter.q.len() as u32).collect();
        let found = self.hits(file).iter().map(|hit| *hit as u32).collect();
        let levels = self.levels.0.then_some((0, Level::Warn)).into_iter().collect();
        Marks { len, parts, found, shown, levels }
    }

    /// Sends the next live frame or event; `false` when there is none, or no credit for it.
    fn send_live(&mut self) -> bool {
        let (file, at) = self.place;
        let is_current = file == self.current();
        if self.filter.is_some() {
            return self.send_sparse_live() || self.send_event(is_current);
        }
        let mut end = if is_current { self.complete(file) } else { self.files[file].len() };
        if at < end {
            // At most three lines.
            let feeds = self.files[file][at..end].iter().enumerate().filter(|(_, byte)| **byte == b'\n');
            end = feeds.take(3).last().map_or(end, |(feed, _)| at + feed + 1);
            let frame = self.frame(FrameKind::Live, 0, file, at, end);
            if frame.credit() > self.credit {
                return false;
            }
            self.credit -= frame.credit();
            self.place = (file, end);
            self.down.push_back(Down::Frame(frame));
            return true;
        }
        self.send_event(is_current)
    }

    /// Sends the next lines that the filter shows, or that there are none up to some place.
    fn send_sparse_live(&mut self) -> bool {
        let (file, at) = self.place;
        let lines = self.lines(file);
        let work = self.work();
        let ahead = lines.iter().filter(|line| line.start >= at && line.settled).take(work);
        let settled = files::settled_end(&lines);
        let (mut end, mut n_shown) = (at, 0);
        for line in ahead.take_while(|line| line.end <= settled) {
            if n_shown == 3 {
                break;
            }
            n_shown += usize::from(line.shown);
            end = line.end;
        }
        let frame = self.sparse(FrameKind::Live, 0, file, (at, end));
        if end == at || frame.credit() > self.credit {
            return false;
        }
        self.credit -= frame.credit();
        self.place = (file, end);
        self.down.push_back(Down::Frame(frame));
        true
    }

    /// Goes on to the next file, when this one has ended and was sent.
    fn send_event(&mut self, is_current: bool) -> bool {
        let (file, end) = self.place;
        if is_current || end < self.files[file].len() {
            return false;
        }
        self.place = (file + 1, 0);
        self.announced = self.announced.max(file + 1);
        self.down.push_back(Down::Msg(ServerMsg::Event {
            generation: self.number(file),
            at: ByteOffset::new(end as u64),
            unix_secs: file as u64,
            event: FileEvent::Rotated,
            next: Some((self.number(file + 1), Self::identity(file + 1))),
        }));
        true
    }
}

/// The page: applies effects and remembers what it must hold.
struct World {
    server: Server,
    follow: Follow,
    /// What the page calls the first file: the server's number when it was last opened.
    base: u32,
    now_ms: u64,
    wake_ms: u64,
    keys: Vec<RowKey>,
    looked_at: Option<RowKey>,
    notices: Vec<Notice>,
    /// The rows are of a connection whose numbers mean nothing any more: until the first page of the next one.
    is_stale: bool,
    went_to: Option<RowKey>,
    /// Files that rows above a gap are numbered too high by, and the file below that gap.
    gaps: Vec<(usize, usize)>,
}

impl World {
    fn new(follows: bool, tells_current: bool) -> Self {
        let server = Server {
            files: vec![b"one\ntwo\nthr".to_vec()],
            oldest: 0,
            is_cut: false,
            base: 1,
            place: (0, 0),
            live: false,
            counted_from: (0, 0),
            credit: 0,
            up: VecDeque::new(),
            down: VecDeque::new(),
            is_open: false,
            announced: 0,
            tells_current,
            filter: None,
            find: None,
            levels: (false, None),
            random: 3,
        };
        let follow = Follow::with_budget(7, 300_000);
        let mut world = Self {
            server,
            follow,
            base: 1,
            now_ms: 0,
            wake_ms: 0,
            keys: Vec::new(),
            looked_at: None,
            notices: Vec::new(),
            is_stale: false,
            went_to: None,
            gaps: Vec::new(),
        };
        let path = "r/app.log".parse().expect("a path");
        world.step(Input::Start(Start {
            path,
            at: Anchor::End,
            before: 5,
            after: 0,
            follow: follows,
            boot: None,
            filter: None,
            find: None,
        }));
        world
    }

    fn step(&mut self, input: Input) {
        let mut out = Vec::new();
        self.follow.step(input, self.now_ms, &mut out);
        let (mut shift, mut is_same) = (0_i64, true);
        for effect in out {
            match effect {
                Effect::Connect => {
                    self.server.drop_socket();
                    self.server.down.push_back(Down::Open);
                }
                Effect::Send(msg) => self.server.up.push_back(msg),
                Effect::Close(_) => self.server.drop_socket(),
                Effect::WakeAt { ms } => self.wake_ms = ms,
                Effect::Window(WindowChange::Prepended(n)) => shift += n as i64,
                Effect::Window(WindowChange::EvictedFront(n)) => shift -= n as i64,
                Effect::Window(WindowChange::Replaced { .. } | WindowChange::Relabelled) => is_same = false,
                Effect::Notice(notice) => self.notices.push(notice),
                Effect::GoToRow(key) => self.went_to = Some(key),
                _ => {}
            }
        }
        self.check_window();
        self.check_keys(shift, is_same);
    }

    /// Rows move by what the effects said; what is looked at stays.
    fn check_keys(&mut self, shift: i64, is_same: bool) {
        let window = self.follow.window();
        let keys: Vec<RowKey> = (0..window.len()).filter_map(|idx| window.key(idx)).collect();
        if !is_same {
            self.looked_at = None;
        } else if let Some(old) = self.keys.iter().position(|key| keys.contains(key)) {
            let new = keys.iter().position(|key| *key == self.keys[old]).expect("it is there");
            assert_eq!(new as i64, old as i64 + shift, "a row moved by more than was said");
        }
        if let Some(key) = self.looked_at {
            assert!(self.follow.is_following() || window.index_of(key).is_some(), "evicted what is looked at");
        }
        for (idx, key) in keys.iter().enumerate().step_by(7) {
            assert_eq!(window.index_of(*key), Some(idx), "{key:?}");
        }
        self.keys = keys;
    }

    /// The window is a run of the files' bytes: nothing lost, nothing twice, numbers right.
    fn check_window(&self) {
        // Not resumed: the old numbers mean nothing until the first page replaces the rows.
        if self.follow.requests.waits_for_first() || !self.follow.has_page || self.is_stale {
            return;
        }
        let window = self.follow.window();
        let file_of = |generation: Generation| {
            let file = generation.get().wrapping_sub(self.base) as usize;
            self.gaps.iter().rev().fold(file, |file, (below, by)| if file < *below { file - by } else { file })
        };
        let filter = self.follow.filter();
        let current = self.server.current();
        let of_file = |file: usize| files::lines(&self.server.files[file], filter, file != current);
        let mut lines: (usize, Vec<Line>) = (usize::MAX, Vec::new());
        let (first, last) = (window.first(), window.last());
        let mut place = (file_of(first.0), first.1.get() as usize);
        for item in window.iter() {
            match item {
                Item::Line { generation, offset, end, bytes, missing, line, finished, context, .. } => {
                    let file = file_of(generation);
                    let (from, to) = (offset.get() as usize, end.get() as usize);
                    if lines.0 != file {
                        lines = (file, of_file(file));
                    }
                    let above = lines.1.partition_point(|line| line.start < from);
                    self.check_between(&lines.1, place, (file, from), filter);
                    assert_eq!(missing, ByteLen::ZERO);
                    assert_eq!(bytes, &self.server.files[file][from..to - usize::from(finished)]);
                    assert!(from == 0 || self.server.files[file][from - 1] == b'\n');
                    assert!(line.is_none_or(|line| line.lines_before().get() == above as u64), "{line:?} {above}");
                    if finished {
                        let is = lines.1[above];
                        assert!(is.shown && is.end == to && is.matches != context, "{is:?}");
                    }
                    place = (file, to);
                }
                Item::Divider(divider) => {
                    let file = file_of(divider.generation);
                    assert_eq!(divider.unread, ByteLen::ZERO);
                    if divider.event != FileEvent::Rotated {
                        place = (file_of(divider.next.expect("a file below it")), 0);
                        assert!(place.0 > file, "what is below a gap is a later file");
                        continue;
                    }
                    let len = self.server.files[file].len();
                    self.check_between(&of_file(file), place, (file, len), filter);
                    place = (file + 1, 0);
                }
            }
        }
        let end = (file_of(window.end().0), window.end().1.get() as usize);
        if end.0 < self.server.files.len() {
            self.check_between(&of_file(end.0), place, end, filter);
        }
        assert!(first <= last);
    }

    /// Between two rows, there is nothing that the filter shows.
    fn check_between(&self, lines: &[Line], from: (usize, usize), to: (usize, usize), filter: Option<&Filter>) {
        assert_eq!(from.0, to.0, "a file without a divider");
        if filter.is_none() {
            assert_eq!(from, to);
        }
        let below = lines.partition_point(|line| line.start < from.1);
        let missed = lines[below..].iter().take_while(|line| line.start < to.1).find(|line| line.shown);
        assert!(missed.is_none(), "{missed:?} of {from:?} to {to:?} is not there");
    }

    fn deliver(&mut self) -> bool {
        let Some(message) = self.server.down.pop_front() else { return false };
        if matches!(message, Down::Msg(ServerMsg::Opened { .. })) {
            self.base = self.server.base;
        }
        if let Down::Msg(ServerMsg::Opened {
            resume: Some(Resume::Truncated { generation, .. } | Resume::Gap { generation, .. }),
            ..
        }) = &message
        {
            let below = generation.get().wrapping_sub(self.base) as usize;
            let was = self.follow.history.identity(self.follow.window().last().0).expect("a cursor was sent");
            self.gaps.push((below, below - was.inode as usize));
        }
        match &message {
            Down::Msg(ServerMsg::Opened { resume, .. }) => self.is_stale = resume.is_none(),
            Down::Frame(frame) if frame.kind == FrameKind::Page && frame.req == 0 => self.is_stale = false,
            _ => {}
        }
        self.step(match message {
            Down::Open => Input::SocketOpen,
            Down::Msg(msg) => Input::Text(msg),
            Down::Frame(frame) => Input::Frame(frame),
        });
        true
    }

    fn look(&mut self, part: u8) {
        let len = self.follow.window().len();
        let first = len * usize::from(part) / 256;
        let last = (first + 3).min(len.saturating_sub(1));
        self.looked_at = self.follow.window().key(first);
        self.step(Input::Looking { first, last });
    }

    fn play(&mut self, act: &Act) {
        match *act {
            Act::Append { n_lines, len, rest } => {
                let current = self.server.current();
                let file = &mut self.server.files[current];
                for line in 0..n_lines {
                    file.extend(std::iter::repeat_n(b'a' + (line % 26) as u8, len));
                    file.push(b'\n');
                }
                if rest {
                    file.extend_from_slice(b"unfinished");
                }
            }
            Act::Rotate => self.server.files.push(Vec::new()),
            Act::Serve => self.server.serve(),
            Act::Deliver(n) => {
                for _ in 0..n {
                    self.deliver();
                }
            }
            Act::Drawn => self.step(Input::Drawn),
            Act::GoLive => self.step(Input::GoLive),
            Act::Hold => self.step(Input::Hold { seen: None }),
            Act::Pause => self.step(Input::Pause),
            Act::Unpause => self.step(Input::Unpause),
            Act::Resume(up) => self.step(Input::Resume(if up { Catch::Up } else { Catch::Jump })),
            Act::Hide(hide) => self.step(Input::Visible(!hide)),
            Act::Look(part) => self.look(part),
            Act::Jump(part) => {
                let len = self.server.files[self.server.current()].len();
                let at = Anchor::Byte(ByteOffset::new((len * usize::from(part) / 256) as u64));
                self.step(Input::JumpTo { at, of: None, before: 5, after: 5 });
            }
            Act::Filter(number) => {
                let len = self.server.files[self.server.current()].len();
                let at = Anchor::Byte(ByteOffset::new((len * usize::from(number) / 256) as u64));
                self.step(Input::Filter { filter: filter(number), at, before: 3, after: 9 });
            }
            Act::Find(number) => self.step(Input::Find(term(number))),
            Act::Seek(down) => self.step(Input::Seek { down, from: None }),
            Act::SeekLevels(down) => {
                let from = self.follow.window().first();
                self.step(Input::SeekLevels { levels: LevelChoice::ERRORS, down, from: Stand::At(from) });
            }
            Act::Levels(on) => self.step(Input::Levels(on)),
            Act::Marks(parts) => self.step(Input::Marks(u32::from(parts) % 3)),
            Act::Disconnect { restart, loses } => {
                self.server.drop_socket();
                if let Loss::AllBut { n_kept, is_cut } = loses {
                    self.server.oldest = self.server.oldest.max(self.server.current().saturating_sub(n_kept));
                    self.server.is_cut = is_cut;
                }
                if restart {
                    self.server.base = 1 + (self.server.base + 3) % 7;
                }
                self.step(Input::SocketClosed { code: 1006 });
            }
            Act::Wait => {
                self.now_ms = self.wake_ms;
                self.step(Input::Tick);
            }
        }
    }

    /// The user goes live and nothing more is written: the window must come to the end.
    fn settle(&mut self) {
        self.step(Input::Visible(true));
        self.step(Input::GoLive);
        for _ in 0..2_000 {
            self.server.serve();
            let mut n_heard = 0;
            while self.deliver() {
                n_heard += 1;
            }
            self.step(Input::Drawn);
            if n_heard == 0 {
                self.now_ms = self.wake_ms;
                self.step(Input::Tick);
            }
            if self.is_at_end() {
                return;
            }
        }
        panic!("never came to the end: {:?}", self.follow);
    }

    fn is_at_end(&self) -> bool {
        let current = self.server.current();
        let lines = self.server.lines(current);
        let end = match self.server.filter {
            Some(_) => files::settled_end(&lines),
            None => self.server.complete(current),
        };
        let end = (self.server.number(current), ByteOffset::new(end as u64));
        let is_there = self.follow.window().last() == end || self.is_at_an_end_that_is_not_known();
        self.follow.has_page && !self.follow.filters.is_waiting() && is_there
    }

    /// Who is held is not told how a file ended that was rotated meanwhile: the next one comes with the live end.
    fn is_at_an_end_that_is_not_known(&self) -> bool {
        let generation = self.follow.window().last().0;
        let is_older = generation != self.server.number(self.server.current());
        is_older && self.follow.history.end_of(generation).is_none() && !self.follow.is_following()
    }

    /// Nothing more is on its way.
    fn come_to_rest(&mut self) {
        for _ in 0..3_000 {
            self.server.serve();
            let mut n_heard = 0;
            let mut n_tips = 0;
            while let Some(message) = self.server.down.front() {
                n_tips += usize::from(matches!(message, Down::Msg(ServerMsg::Tip(_))));
                n_heard += 1;
                self.deliver();
            }
            self.step(Input::Drawn);
            if n_heard == 0 {
                self.now_ms = self.wake_ms;
                self.step(Input::Tick);
            } else if n_heard == n_tips && self.server.up.is_empty() {
                return;
            }
        }
        panic!("never came to rest: {:?}", self.follow);
    }

    /// What is known of the file as a whole is true of the file that is there now.
    fn check_overview(&mut self) {
        // Marks are asked for a while after they were last.
        self.now_ms += 1_000;
        self.step(Input::Tick);
        self.come_to_rest();
        let wanted = &self.follow.overview;
        let is_marked = wanted.parts > 0
            && (wanted.wants_levels || self.follow.filter().is_some() || self.follow.finding.term().is_some());
        assert_eq!(self.follow.levels(), wanted.wants_levels.then(|| self.server.count_levels()));
        let marks = self.server.marks(self.server.current(), wanted.parts);
        assert_eq!(self.follow.marks().0, is_marked.then_some(&marks));
    }

    /// The screen and its margins are full, or the file has no more; hits of visible rows are known.
    fn check_filled(&mut self) {
        let (first, last) = self.follow.visible();
        self.step(Input::Looking { first, last });
        self.come_to_rest();
        let window = self.follow.window();
        let (first, last) = self.follow.visible();
        assert!(!self.follow.is_filling() && !self.follow.is_seeking());
        if self.follow.filter().is_some() && window.has_room() {
            assert!(first >= EDGE_ROWS || !self.follow.history.can_read_above(window.first()), "{:?}", self.follow);
            assert!(last + EDGE_ROWS < window.len() || self.is_at_end(), "{:?}", self.follow);
        }
        let has_terms = self.follow.filter().is_some() || self.follow.finding.term().is_some();
        for idx in first..=last.min(window.len().saturating_sub(1)) {
            if let Some(Item::Line { line, generation, .. }) = window.get(idx) {
                assert!(
                    line.is_some() || !window.is_sparse() || generation != self.server.number(self.server.current())
                );
                let key = window.key(idx).expect("a row");
                assert_eq!(self.follow.spans(key).is_some(), has_terms, "{key:?}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn the_window_is_always_a_contiguous_run_of_the_files(
        follows: bool,
        tells_current: bool,
        acts in prop::collection::vec(act(), 1..120),
    ) {
        let mut world = World::new(follows, tells_current);
        for act in &acts {
            world.play(act);
        }
        world.settle();
        prop_assert_eq!(world.follow.new_lines(), LineCount::ZERO);
        world.come_to_rest();
        world.check_filled();
        world.check_overview();
    }

    #[test]
    fn a_filtered_window_is_filled_wherever_the_user_looks(
        follows: bool,
        q in 0..24_u8,
        n_lines in prop::collection::vec(0..200_usize, 1..4),
        acts in prop::collection::vec(act(), 0..40),
        at: u8,
    ) {
        let mut world = World::new(follows, true);
        for n_lines in n_lines {
            world.play(&Act::Append { n_lines, len: n_lines % 50, rest: false });
        }
        for act in &acts {
            world.play(act);
        }
        world.step(Input::Visible(true));
        world.come_to_rest();
        world.play(&Act::Filter(q));
        world.come_to_rest();
        world.check_filled();
        world.play(&Act::Jump(at));
        world.come_to_rest();
        world.check_filled();
        prop_assert!(!world.follow.is_following());
    }

    #[test]
    fn the_pill_counts_exactly_what_was_written_below_what_was_seen(
        before in prop::collection::vec(act(), 0..60),
        n_lines in prop::collection::vec(0..40_usize, 1..6),
        rotates: bool,
        q: u8,
    ) {
        let mut world = World::new(true, true);
        for act in &before {
            world.play(act);
        }
        world.play(&Act::Filter(q));
        world.settle();
        world.come_to_rest();
        world.step(Input::Hold { seen: None });
        let seen = world.follow.window().last();
        for &n_lines in &n_lines {
            world.play(&Act::Append { n_lines, len: 5, rest: false });
            if rotates {
                world.play(&Act::Rotate);
            }
        }
        // A line that was unfinished is finished by the first one.
        let from = world.server.file_of(seen.0).expect("a file");
        let is_new = |file: usize, line: &Line| line.matches && line.finished && (file > from || line.start as u64 >= seen.1.get());
        let count = |file: usize| world.server.lines(file).iter().filter(|line| is_new(file, line)).count();
        let written: usize = (from..world.server.files.len()).map(count).sum();
        if world.server.filter.is_none() {
            prop_assert_eq!(written, n_lines.iter().sum::<usize>());
        }
        for _ in 0..4 {
            world.server.serve();
            while world.deliver() {}
        }
        prop_assert_eq!(world.follow.new_lines(), LineCount::new(written as u64));
    }
}
