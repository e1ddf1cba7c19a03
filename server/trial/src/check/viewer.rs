//! A viewer without a page: the page's own brain ([`Follow`]) over a real socket, and a [`Check`] that reads its window as
//! the page would draw it.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use taillight::cursor::Anchor;
use taillight::follow::{Effect, Follow, Input, Notice, Start, StateKind, WindowChange};
use taillight::window::Item;
use taillight::wire::{ENDPOINT, FileEvent, Filter, Resume, ServerMsg};
use tokio::time::{sleep_until, timeout};

use super::Check;
use super::socket::{Came, Socket};

/// How long a viewer in a hurry waits after a refused connection.
const AGAIN_MS: u64 = 20;

/// Events, answers and closings remembered, at most.
const MAX_REMEMBERED: usize = 100_000;

/// What a viewer is to do.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Where the server is.
    pub addr: SocketAddr,
    /// Where to connect instead: a proxy before the server, which goes by the server's name.
    pub via: Option<SocketAddr>,
    /// The file, as in `logs/app.log`.
    pub path: String,
    /// Whether it wants every line, however far behind it is; otherwise it jumps to the end as the page does.
    pub every_line: bool,
    /// Whether it comes back at once after a loss, as when the browser says that it is online again; otherwise it waits
    /// as long as the page does.
    pub hurry: bool,
    /// Whether rows are kept, to be compared.
    pub keep: bool,
    /// Whether what came counts as drawn at once. Otherwise credit is returned by [`Viewer::draw`] only.
    pub draws: bool,
    /// Which rows; `None` for all.
    pub filter: Option<Filter>,
    /// What its reconnects are spread by.
    pub seed: u64,
}

/// A viewer.
pub struct Viewer {
    wish: Wish,
    follow: Follow,
    socket: Socket,
    origin: Instant,
    wake: Option<Instant>,
    /// When a viewer in a hurry tries again.
    again: Option<Instant>,
    effects: Vec<Effect>,
    /// The index in the window of the first item that was not judged yet.
    next: usize,
    has_rows: bool,
    connecting: Instant,
    lost: Option<Instant>,
    /// What it saw.
    pub check: Check,
    /// Rows and what happened between them, when they are kept: `\x00` begins a line that tells an event.
    pub kept: Vec<u8>,
    /// The connections that stood, with how they began.
    pub opened: Vec<Resumed>,
    /// The codes that connections were closed with.
    pub closed: Vec<u16>,
    /// How often the server said good-bye, and how long it asked to stay away at least, in milliseconds.
    pub byes: Vec<u32>,
    /// What the user would have been told.
    pub notices: Vec<Notice>,
    /// How often the server said that the viewer is behind.
    pub n_behind: u64,
    /// How many pings came.
    pub n_pings: u64,
    /// Bytes of live frames that came.
    pub live_bytes: u64,
    /// How often an unfinished line was shown.
    pub n_unfinished: u64,
}

/// What a viewer has waited for.
enum Cause {
    Came(Came),
    Tick,
    Again,
}

/// A connection that stood.
#[derive(Clone, Copy, Debug)]
pub struct Resumed {
    /// From the beginning of the attempt that succeeded.
    pub took: Duration,
    /// Since the connection before it was lost; `None` for the first.
    pub away: Option<Duration>,
    /// What became of the cursor; `None` without one.
    pub answer: Option<Resume>,
}

impl Wish {
    /// Follows `path` with every line, comes back at once, and keeps no rows.
    pub fn every_line(addr: SocketAddr, path: &str) -> Self {
        Self {
            addr,
            via: None,
            path: path.to_owned(),
            every_line: true,
            hurry: true,
            keep: false,
            draws: true,
            filter: None,
            seed: 1,
        }
    }
}

impl Viewer {
    /// A viewer that begins to connect when it is first waited for. It follows at the end: what was in the file before
    /// is shown as far as a page goes.
    ///
    /// # Errors
    /// When the path is none.
    pub fn new(wish: Wish) -> anyhow::Result<Self> {
        let path = wish.path.parse().ok().with_context(|| format!("not a path: {}", wish.path))?;
        let now = Instant::now();
        let mut viewer = Self {
            follow: Follow::new(wish.seed),
            socket: Socket::None,
            origin: now,
            wake: None,
            again: None,
            effects: Vec::new(),
            next: 0,
            has_rows: false,
            connecting: now,
            lost: None,
            check: Check::default(),
            kept: Vec::new(),
            opened: Vec::new(),
            closed: Vec::new(),
            byes: Vec::new(),
            notices: Vec::new(),
            n_behind: 0,
            n_pings: 0,
            live_bytes: 0,
            n_unfinished: 0,
            wish,
        };
        viewer.follow.step(
            Input::Start(Start {
                path,
                at: Anchor::End,
                before: 100,
                after: 0,
                follow: true,
                boot: None,
                filter: viewer.wish.filter.clone(),
                find: None,
            }),
            0,
            &mut viewer.effects,
        );
        Ok(viewer)
    }

    /// The page's brain.
    pub fn follow(&self) -> &Follow {
        &self.follow
    }

    /// Whether the server has answered on the present connection.
    pub fn is_open(&self) -> bool {
        self.lost.is_none() && !self.opened.is_empty()
    }

    /// What the state line would say.
    pub fn state(&self) -> StateKind {
        self.follow.state().kind
    }

    /// The last row when it has no line feed yet.
    pub fn unfinished(&self) -> Option<Vec<u8>> {
        let last = self.follow.window().len().checked_sub(1)?;
        match self.follow.window().get(last)? {
            Item::Line { bytes, finished: false, .. } => Some(bytes.to_vec()),
            _ => None,
        }
    }

    /// Goes on until `is_reached`.
    ///
    /// # Errors
    /// When that takes longer than `limit`, or the server breaks the protocol.
    pub async fn until(
        &mut self,
        what: &str,
        limit: Duration,
        mut is_reached: impl FnMut(&Self) -> bool,
    ) -> anyhow::Result<()> {
        let reaching = async {
            self.act().await?;
            while !is_reached(self) {
                self.step().await?;
            }
            anyhow::Ok(())
        };
        match timeout(limit, reaching).await {
            Ok(done) => done.with_context(|| format!("while waiting for {what}")),
            Err(_) => bail!("no {what} within {limit:?}: {}", self.summary()),
        }
    }

    /// Waits for one thing and does what it asks for.
    ///
    /// # Errors
    /// When the server breaks the protocol.
    pub async fn step(&mut self) -> anyhow::Result<()> {
        self.act().await?;
        let cause = self.wait().await?;
        self.apply(cause);
        self.act().await
    }

    /// Goes on until `work` is done.
    ///
    /// # Errors
    /// When the server breaks the protocol.
    pub async fn during<T>(&mut self, work: impl Future<Output = T>) -> anyhow::Result<T> {
        let mut work = pin!(work);
        loop {
            self.act().await?;
            let cause = tokio::select! {
                biased;
                done = &mut work => return Ok(done),
                cause = self.wait() => cause?,
            };
            self.apply(cause);
        }
    }

    /// Goes on while `work` blocks a thread of its own.
    ///
    /// # Errors
    /// When the server breaks the protocol, or the work panics.
    pub async fn during_blocking<T: Send + 'static>(
        &mut self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> anyhow::Result<T> {
        Ok(self.during(tokio::task::spawn_blocking(work)).await??)
    }

    /// Waits for one thing. Nothing is lost when the future is dropped.
    async fn wait(&mut self) -> anyhow::Result<Cause> {
        tokio::select! {
            biased;
            came = self.socket.next() => Ok(Cause::Came(came?)),
            () = at(self.wake) => Ok(Cause::Tick),
            () = at(self.again) => Ok(Cause::Again),
        }
    }

    fn apply(&mut self, cause: Cause) {
        match cause {
            Cause::Came(came) => self.take(came),
            Cause::Tick => {
                self.wake = None;
                self.input(Input::Tick);
            }
            Cause::Again => {
                self.again = None;
                self.input(Input::Online);
            }
        }
    }

    /// Loses the connection without a word to the server: it is closed as a killed browser's is.
    pub fn drop_link(&mut self) {
        self.socket = Socket::None;
        self.lose(1006);
    }

    /// Counts all that came as drawn.
    pub fn draw(&mut self) {
        self.input(Input::Drawn);
    }

    /// Tells the page's brain something that a user does.
    pub fn input(&mut self, input: Input) {
        let now_ms = u64::try_from(self.origin.elapsed().as_millis()).unwrap_or(u64::MAX);
        let from = self.effects.len();
        self.follow.step(input, now_ms, &mut self.effects);
        // As the page does it: first what was asked for, then the drawing.
        let told = self.effects.iter().any(|effect| matches!(effect, Effect::Notice(Notice::Skipped(_))));
        let changes: Vec<_> = self.effects.iter().skip(from).filter_map(change_of).collect();
        for change in changes {
            self.shift(change, told);
        }
        self.judge();
    }

    /// What was seen, for people.
    pub fn summary(&self) -> String {
        let Self { check, closed, notices, opened, .. } = self;
        let last = |n: usize, len: usize| len.saturating_sub(n);
        format!(
            "{:?}, {:?}, {} connections (last: {:?}), closed {:?}, notices {:?}, {:?}",
            self.state(),
            check.sums,
            opened.len(),
            opened.last(),
            closed.get(last(5, closed.len())..).unwrap_or_default(),
            notices.get(last(5, notices.len())..).unwrap_or_default(),
            check.wrong,
        )
    }

    fn take(&mut self, came: Came) {
        match came {
            Came::Opened => self.input(Input::SocketOpen),
            Came::Refused => self.lose(1006),
            Came::Closed(code) => self.lose(code),
            Came::Frame(frame) => {
                self.live_bytes += u64::from(frame.credit());
                self.n_unfinished += u64::from(frame.flags.unfinished);
                self.input(Input::Frame(frame));
                if self.wish.draws {
                    self.input(Input::Drawn);
                }
            }
            Came::Text(message) => self.hear(message),
        }
    }

    fn hear(&mut self, message: ServerMsg) {
        match &message {
            ServerMsg::Opened { resume, .. } => {
                let away = self.lost.take().map(|lost| lost.elapsed());
                self.opened.push(Resumed { took: self.connecting.elapsed(), away, answer: *resume });
            }
            ServerMsg::Behind { .. } => {
                self.n_behind += 1;
                // Whoever wants every line does not jump.
                if self.wish.every_line {
                    return;
                }
            }
            ServerMsg::Ping => self.n_pings += 1,
            ServerMsg::Bye { retry_ms } => self.byes.push(*retry_ms),
            _ => {}
        }
        self.input(Input::Text(message));
    }

    fn lose(&mut self, code: u16) {
        if self.closed.len() < MAX_REMEMBERED {
            self.closed.push(code);
        }
        self.lost.get_or_insert_with(Instant::now);
        self.input(Input::SocketClosed { code });
        if self.wish.hurry {
            self.again = Some(Instant::now() + Duration::from_millis(AGAIN_MS));
        }
    }

    /// Carries out what the brain wants done.
    async fn act(&mut self) -> anyhow::Result<()> {
        for effect in std::mem::take(&mut self.effects) {
            match effect {
                Effect::Connect => {
                    self.connecting = Instant::now();
                    let Wish { addr, via, .. } = self.wish;
                    self.socket.connect(via.unwrap_or(addr), format!("ws://{addr}{ENDPOINT}"));
                }
                Effect::Send(message) => self.socket.say(&message).await?,
                Effect::Close(code) => {
                    self.socket.close(code).await;
                    self.lost.get_or_insert_with(Instant::now);
                    if self.wish.hurry {
                        self.again = Some(Instant::now() + Duration::from_millis(AGAIN_MS));
                    }
                }
                Effect::WakeAt { ms } => self.wake = Some(self.origin + Duration::from_millis(ms)),
                Effect::Notice(notice) if self.notices.len() < MAX_REMEMBERED => self.notices.push(notice),
                _ => {}
            }
        }
        Ok(())
    }

    /// Keeps the place in the window while rows come and go around it.
    fn shift(&mut self, change: WindowChange, told: bool) {
        match change {
            WindowChange::Replaced { .. } => {
                if self.has_rows {
                    self.check.jump(told);
                }
                self.has_rows = true;
                self.next = 0;
            }
            WindowChange::Prepended(n) => self.next += n,
            WindowChange::EvictedFront(n) => self.next = self.next.saturating_sub(n),
            _ => {}
        }
    }

    /// Reads what is new in the window. An unfinished last line is not judged while it can still be replaced.
    fn judge(&mut self) {
        let window = self.follow.window();
        while let Some(item) = window.get(self.next) {
            match item {
                Item::Line { bytes, finished, missing, .. } => {
                    let ending = if finished { None } else { self.ending_below() };
                    if !finished && ending.is_none() {
                        break;
                    }
                    if missing.get() > 0 {
                        self.check.sums.torn += 1;
                    } else if let Some(FileEvent::Truncated { .. } | FileEvent::Gap { .. }) = ending {
                        self.check.last_line(bytes);
                    } else {
                        self.check.line(bytes);
                    }
                    if self.wish.keep {
                        self.kept.extend_from_slice(bytes);
                        self.kept.extend_from_slice(if finished { b"\n" } else { b"" });
                    }
                }
                Item::Divider(divider) => {
                    self.check.event(divider.event, divider.unread.get());
                    if self.wish.keep {
                        self.kept.extend_from_slice(format!("\0{:?}\n", divider.event).as_bytes());
                    }
                }
            }
            self.next += 1;
        }
    }

    /// How the life of the line that is to be judged next has ended, if it has: then the line stays as it is.
    fn ending_below(&self) -> Option<FileEvent> {
        let window = self.follow.window();
        let ending = |idx| match window.get(idx) {
            Some(Item::Divider(divider)) if divider.next.is_some() => Some(divider.event),
            _ => None,
        };
        (self.next + 1..window.len()).find_map(ending)
    }
}

fn change_of(effect: &Effect) -> Option<WindowChange> {
    match effect {
        Effect::Window(change) => Some(*change),
        _ => None,
    }
}

/// Waits until then, or for ever.
async fn at(when: Option<Instant>) {
    match when {
        Some(when) => sleep_until(when.into()).await,
        None => std::future::pending().await,
    }
}
