//! A crowd: thousands of viewers of one file, in one thread and some 300 bytes of memory each.
//!
//! Every viewer checks that no line is missing and none comes twice, and that our frames adjoin; one in a hundred compares
//! the checksum of every line. Each line says when it was appended ([`lines`]), on the clock of this process, so that the
//! age of what arrives is known. A readable socket is read once in a round, as if each viewer were a program of its own.

pub mod appender;
pub mod frames;
pub mod histogram;
pub mod limits;
pub mod lines;
pub mod scan;
pub mod speech;
pub mod usage;
pub mod viewer;

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};
use rustix::fd::OwnedFd;

use lines::Clock;
use scan::Tally;
use speech::Speech;
use viewer::{Gone, Role, Viewer};

/// One viewer in so many compares checksums.
const FULL_SHARE: usize = 100;

/// How many handshakes are on the way at a time, unless said otherwise: less than any server's queue, so that none waits
/// for a retry.
const HANDSHAKES: usize = 64;

/// How much is read from one socket in one round, in bytes.
const READ_BYTES: usize = 64 * 1024;

/// How many sockets are looked at in one round.
const ROUND: usize = 1024;

/// The longest wait of one round.
const WAIT: Duration = Duration::from_millis(20);

/// How often viewers whose protocol wants it show that they are there.
const SIGN_OF_LIFE: Duration = Duration::from_secs(15);

/// A crowd gathers no further when the machine has less memory left than this, in bytes.
const SPARE_MEMORY: u64 = 3 << 30;

/// Whom to bring where.
#[derive(Clone, Debug)]
pub struct Spec {
    /// The server.
    pub addr: SocketAddr,
    /// What is spoken there.
    pub speech: Speech,
    /// How many read.
    pub reading: usize,
    /// How many are connected and ask for nothing.
    pub held: usize,
    /// How many stop reading once they are taken in.
    pub stalled: usize,
    /// How long gathering may take.
    pub patience: Duration,
    /// How many handshakes are on the way at a time.
    pub at_once: usize,
}

impl Spec {
    /// So many readers, who gather within a minute.
    pub fn readers(addr: SocketAddr, speech: Speech, reading: usize) -> Self {
        Self { addr, speech, reading, held: 0, stalled: 0, patience: Duration::from_secs(60), at_once: HANDSHAKES }
    }

    /// All of them.
    pub fn total(&self) -> usize {
        self.reading + self.held + self.stalled
    }

    /// Those that stall come first, so that they are there before the others are measured.
    fn role(&self, idx: usize) -> Role {
        match idx {
            _ if idx < self.stalled => Role::Stalls,
            _ if idx < self.stalled + self.held => Role::Holds,
            _ => Role::Reads,
        }
    }
}

/// Viewers that are connected.
pub struct Crowd {
    spec: Spec,
    clock: Clock,
    epoll: OwnedFd,
    viewers: Vec<Option<Viewer>>,
    buffer: Vec<u8>,
    events: Vec<epoll::Event>,
    tally: Tally,
    n_ready: usize,
    n_gone: [usize; 3],
    reasons: BTreeMap<String, usize>,
    signed: Instant,
}

impl Crowd {
    /// Connects everybody and waits until all are taken in, or until patience or memory is at its end: [`Self::n_ready`]
    /// tells. Those that the server refuses or drops meanwhile count as gone.
    ///
    /// # Errors
    /// When this process cannot have so many sockets, or the system fails.
    pub fn gather(spec: Spec, clock: Clock) -> anyhow::Result<Self> {
        let wanted = spec.total() as u64 + 100;
        let limit = limits::raise_handles(wanted);
        anyhow::ensure!(limit >= wanted, "{wanted} sockets are not allowed here: the limit of open files is {limit}");
        let until = Instant::now() + spec.patience;
        let mut crowd = Self {
            clock,
            epoll: epoll::create(epoll::CreateFlags::CLOEXEC)?,
            viewers: Vec::with_capacity(spec.total()),
            buffer: vec![0; READ_BYTES],
            events: Vec::with_capacity(ROUND),
            tally: Tally::default(),
            n_ready: 0,
            n_gone: [0; 3],
            reasons: BTreeMap::new(),
            signed: Instant::now(),
            spec,
        };
        while crowd.n_ready + crowd.n_gone() < crowd.spec.total() && Instant::now() < until {
            let n_open = crowd.n_ready + crowd.n_gone();
            let n_wanted = crowd.spec.total().min(n_open + crowd.spec.at_once);
            if usage::spare_memory() < SPARE_MEMORY {
                crowd.reasons.insert("the machine's memory is at its end".to_owned(), 1);
                break;
            }
            while crowd.viewers.len() < n_wanted {
                crowd.add()?;
            }
            crowd.turn()?;
        }
        Ok(crowd)
    }

    /// How many were taken in.
    pub fn n_ready(&self) -> usize {
        self.n_ready
    }

    /// How many are gone, whatever their role.
    pub fn n_gone(&self) -> usize {
        self.n_gone.iter().sum()
    }

    /// How many with that role are gone.
    pub fn n_gone_of(&self, role: Role) -> usize {
        self.n_gone[role as usize]
    }

    /// Why viewers are gone, and how many for each reason.
    pub fn reasons(&self) -> &BTreeMap<String, usize> {
        &self.reasons
    }

    /// What was received.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Forgets the latencies so far, and measures what is appended from now on.
    pub fn measure(&mut self) {
        self.tally.latency = histogram::Histogram::default();
        self.tally.since = self.clock.now();
    }

    /// Whether every reader has received all lines below number `next`.
    pub fn has_all(&self, next: u32) -> bool {
        let mut readers = self.viewers.iter().flatten().filter(|viewer| viewer.role() == Role::Reads);
        readers.all(|viewer| viewer.next_line() >= next)
    }

    /// Reads for that long.
    ///
    /// # Errors
    /// When the system fails.
    pub fn run(&mut self, time: Duration) -> io::Result<()> {
        self.run_until(time, |_| false).map(drop)
    }

    /// Reads until `is_done`, asked at most a hundred times a second, or for `patience`; whether it was done.
    ///
    /// # Errors
    /// When the system fails.
    pub fn run_until(&mut self, patience: Duration, is_done: impl Fn(&Self) -> bool) -> io::Result<bool> {
        let until = Instant::now() + patience;
        let mut ask_at = Instant::now();
        while Instant::now() < until {
            if Instant::now() >= ask_at {
                if is_done(self) {
                    return Ok(true);
                }
                ask_at = Instant::now() + Duration::from_millis(10);
            }
            self.turn()?;
        }
        Ok(is_done(self))
    }

    /// Takes one more viewer in.
    fn add(&mut self) -> io::Result<()> {
        let idx = self.viewers.len();
        let role = self.spec.role(idx);
        match Viewer::connect(self.spec.addr, &self.spec.speech, role, idx.is_multiple_of(FULL_SHARE)) {
            Ok(viewer) => {
                epoll::add(&self.epoll, viewer.stream(), data(idx), epoll::EventFlags::IN)?;
                self.viewers.push(Some(viewer));
            }
            Err(error) => {
                self.viewers.push(None);
                self.count_gone(role, error.into());
            }
        }
        Ok(())
    }

    /// Waits a moment and reads once from each socket that has something.
    fn turn(&mut self) -> io::Result<()> {
        let wait = Timespec { tv_sec: 0, tv_nsec: i64::from(WAIT.subsec_nanos()) };
        self.events.clear();
        match epoll::wait(&self.epoll, spare_capacity(&mut self.events), Some(&wait)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        for at in 0..self.events.len() {
            let event = self.events[at];
            self.read(event.data.u64() as usize)?;
        }
        self.sign_of_life();
        Ok(())
    }

    fn read(&mut self, idx: usize) -> io::Result<()> {
        let Some(Some(viewer)) = self.viewers.get_mut(idx) else { return Ok(()) };
        let (role, was_ready) = (viewer.role(), viewer.is_ready());
        let done = match was_ready && role == Role::Stalls {
            // It is told of nothing but the end.
            true => Err(Gone("dropped while it did not read".to_owned())),
            false => viewer.read(&mut self.buffer, &self.spec.speech, &mut self.tally, self.clock.now()),
        };
        if let Err(gone) = done {
            self.n_ready -= usize::from(was_ready);
            self.viewers[idx] = None;
            self.count_gone(role, gone);
        } else if !was_ready && viewer.is_ready() {
            self.n_ready += 1;
            if role == Role::Stalls {
                epoll::modify(&self.epoll, viewer.stream(), data(idx), epoll::EventFlags::RDHUP)?;
            }
        }
        Ok(())
    }

    fn count_gone(&mut self, role: Role, Gone(reason): Gone) {
        self.n_gone[role as usize] += 1;
        *self.reasons.entry(reason).or_default() += 1;
    }

    fn sign_of_life(&mut self) {
        let Some(text) = self.spec.speech.sign_of_life() else { return };
        if self.signed.elapsed() >= SIGN_OF_LIFE {
            self.signed = Instant::now();
            for viewer in self.viewers.iter_mut().flatten().filter(|viewer| viewer.is_ready()) {
                // One that is gone is noticed when it is read.
                let _ = viewer.say(text);
            }
        }
    }
}

fn data(idx: usize) -> epoll::EventData {
    epoll::EventData::new_u64(idx as u64)
}
