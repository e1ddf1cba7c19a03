//! A server over files in memory that grow and rotate, and the proof that the window is always a contiguous run of them.

use std::collections::VecDeque;

use bytes::Bytes;
use proptest::prelude::*;

use crate::ansi::Style;
use crate::cursor::{Anchor, Cursor, Generation, Identity, Marker};
use crate::follow::{Catch, Effect, Follow, Input, Start, WindowChange};
use crate::line::{ByteLen, ByteOffset, LineCount};
use crate::window::{Item, RowKey};
use crate::wire::*;

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
    Resume(bool),
    Hide(bool),
    Look(u8),
    Jump(u8),
    Disconnect {
        restart: bool,
    },
    Wait,
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
        1 => any::<bool>().prop_map(Act::Resume),
        1 => any::<bool>().prop_map(Act::Hide),
        4 => any::<u8>().prop_map(Act::Look),
        1 => any::<u8>().prop_map(Act::Jump),
        1 => any::<bool>().prop_map(|restart| Act::Disconnect { restart }),
        2 => Just(Act::Wait),
    ]
}

enum Down {
    Open,
    Msg(ServerMsg),
    Frame(Frame),
}

/// The files, the server's side of one connection, and the two directions of the wire.
struct Server {
    files: Vec<Vec<u8>>,
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
}

impl Server {
    fn number(&self, file: usize) -> Generation {
        Generation::new(self.base + file as u32)
    }

    fn file_of(&self, generation: Generation) -> Option<usize> {
        let file = generation.get().checked_sub(self.base)? as usize;
        (file < self.files.len()).then_some(file)
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
        let rest = self.files[file].get(at..).map_or(0, count);
        let newer: u64 = self.files.iter().skip(file + 1).map(|bytes| count(bytes)).sum();
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
        };
        // Few rows a page, so that many are needed.
        let from = starts[row.saturating_sub(before.min(7) as usize)];
        let to = starts[(row + after.min(9) as usize).min(starts.len() - 1)];
        self.frame(FrameKind::Page, req, file, from, to)
    }

    fn open(&mut self, resume: Option<Cursor>, first: (Anchor, u32, u32), follow: bool, credit: u32) {
        (self.live, self.credit, self.is_open) = (follow, credit, true);
        let current = self.current();
        let mut page = None;
        let resumed = resume.map(|cursor| {
            let file = cursor.identity.inode as usize - 1;
            let at = cursor.offset.get() as usize;
            let before = &self.files[file][..at];
            assert_eq!(Marker::of(&before[at - usize::from(cursor.marker.len)..]), cursor.marker);
            self.place = (file, at);
            Resume::Resumed { generation: self.number(file) }
        });
        if resumed.is_none() {
            let frame = self.page(0, current, first.0, first.1, first.2);
            self.place = (current, (frame.end.get() as usize).min(self.complete(current)));
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
        self.down.extend(page.map(Down::Frame));
    }

    fn hear(&mut self, msg: &ClientMsg) {
        match *msg {
            ClientMsg::Open { at, before, after, resume, follow, credit, .. } => {
                self.open(resume, (at, before, after), follow, credit);
            }
            ClientMsg::Page { req, generation, at, before, after } => {
                let answer = match self.file_of(generation) {
                    Some(file) => Down::Frame(self.page(req, file, at, before, after)),
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
                let frame = self.page(req, current, Anchor::End, rows, 0);
                self.place = (current, self.complete(current));
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
            ClientMsg::More { .. }
            | ClientMsg::Pong
            | ClientMsg::Filter { .. }
            | ClientMsg::Find { .. }
            | ClientMsg::Seek { .. }
            | ClientMsg::Spans { .. } => {}
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
    }

    /// Sends the next live frame or event; `false` when there is none, or no credit for it.
    fn send_live(&mut self) -> bool {
        let (file, at) = self.place;
        let is_current = file == self.current();
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
        if is_current {
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
}

impl World {
    fn new(follows: bool, tells_current: bool) -> Self {
        let server = Server {
            files: vec![b"one\ntwo\nthr".to_vec()],
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
        };
        let follow = Follow::with_budget(7, 300_000);
        let mut world = Self { server, follow, base: 1, now_ms: 0, wake_ms: 0, keys: Vec::new(), looked_at: None };
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
        if self.follow.requests.waits_for_first() {
            return;
        }
        let mut expected: Option<(usize, usize)> = None;
        for item in self.follow.window().iter() {
            match item {
                Item::Line { generation, offset, end, bytes, missing, line, finished, .. } => {
                    let file = generation.get().wrapping_sub(self.base) as usize;
                    let (from, to) = (offset.get() as usize, end.get() as usize);
                    assert!(expected.is_none_or(|place| place == (file, from)), "{expected:?} but {file} {from}");
                    assert_eq!(missing, ByteLen::ZERO);
                    assert_eq!(bytes, &self.server.files[file][from..to - usize::from(finished)]);
                    assert!(from == 0 || self.server.files[file][from - 1] == b'\n');
                    let above = self.server.files[file][..from].iter().filter(|byte| **byte == b'\n').count();
                    assert!(line.is_none_or(|line| line.lines_before().get() == above as u64), "{line:?} {above}");
                    expected = Some((file, to));
                }
                Item::Divider(divider) => {
                    let file = divider.generation.get().wrapping_sub(self.base) as usize;
                    assert_eq!(divider.unread, ByteLen::ZERO);
                    let end = (file, self.server.files[file].len());
                    assert!(expected.is_none_or(|place| place == end), "{expected:?} but {end:?}");
                    expected = Some((file + 1, 0));
                }
            }
        }
    }

    fn deliver(&mut self) -> bool {
        let Some(message) = self.server.down.pop_front() else { return false };
        if matches!(message, Down::Msg(ServerMsg::Opened { .. })) {
            self.base = self.server.base;
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
            Act::Resume(up) => self.step(Input::Resume(if up { Catch::Up } else { Catch::Jump })),
            Act::Hide(hide) => self.step(Input::Visible(!hide)),
            Act::Look(part) => self.look(part),
            Act::Jump(part) => {
                let len = self.server.files[self.server.current()].len();
                let at = Anchor::Byte(ByteOffset::new((len * usize::from(part) / 256) as u64));
                self.step(Input::JumpTo { at, before: 5, after: 5 });
            }
            Act::Disconnect { restart } => {
                self.server.drop_socket();
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
        let end = (self.server.number(current), ByteOffset::new(self.server.complete(current) as u64));
        self.follow.has_page && self.follow.window().last() == end
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
    }

    #[test]
    fn the_pill_counts_exactly_what_was_written_below_what_was_seen(
        before in prop::collection::vec(act(), 0..60),
        n_lines in prop::collection::vec(0..40_usize, 1..6),
        rotates: bool,
    ) {
        let mut world = World::new(true, true);
        for act in &before {
            world.play(act);
        }
        world.settle();
        world.step(Input::Hold { seen: None });
        for &n_lines in &n_lines {
            world.play(&Act::Append { n_lines, len: 5, rest: false });
            if rotates {
                world.play(&Act::Rotate);
            }
        }
        // A line that was unfinished is finished by the first one.
        let written: usize = n_lines.iter().sum();
        for _ in 0..4 {
            world.server.serve();
            while world.deliver() {}
        }
        prop_assert_eq!(world.follow.new_lines(), LineCount::new(written as u64));
    }
}
