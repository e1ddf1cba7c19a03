//! Thousands of viewers of the real server. Asserted is what can be counted: lines, drops, bytes of memory, handles. How fast
//! it was is printed; `cargo xtask bench stream` measures that, beside other programs.

use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use trial::crowd::appender::{Appender, Log};
use trial::crowd::lines::Clock;
use trial::crowd::speech::Speech;
use trial::crowd::usage::{self, Handles};
use trial::crowd::viewer::Role;
use trial::crowd::{Crowd, Spec, limits};
use trial::figures;
use trial::folder::Folder;
use trial::server::Running;
use trial::sizes;

/// How long anything may take before a test fails.
const PATIENCE: Duration = Duration::from_secs(120);

/// Lines that are in the file before anybody comes.
const LINES_BEFORE: usize = 100;

/// What the kernel may hold to be sent to one viewer, in bytes: the send buffer of 64 KiB, which Linux doubles, and the
/// packet that passes the limit.
const UNSENT_BYTES: u64 = 3 * 64 * 1024;

/// A server over one growing log.
struct Scene {
    server: Running,
    folder: Folder,
    log: Log,
    clock: Clock,
    /// One crowd at a time: they share two processors.
    _turn: MutexGuard<'static, ()>,
}

impl Scene {
    fn new(handles: u64) -> Self {
        static TURN: Mutex<()> = Mutex::new(());
        let turn = TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let limit = limits::raise_handles(handles);
        assert!(limit >= handles, "this machine allows {limit} open files and {handles} are needed: see 'ulimit -Hn'");
        let folder = Folder::new().expect("a folder");
        let clock = Clock::start();
        let log = Log::create(&folder.join("app.log"), clock, LINES_BEFORE).expect("a log");
        let server = Running::start(folder.path(), &[]).expect("a server");
        Self { server, folder, log, clock, _turn: turn }
    }

    fn spec(&self, name: &str) -> Spec {
        let speech = Speech::Taillight { path: format!("logs/{name}") };
        Spec { patience: PATIENCE, ..Spec::readers(self.server.addr(), speech, 0) }
    }

    /// A crowd of which everybody was taken in.
    fn gather(&self, spec: Spec) -> Crowd {
        let wanted = spec.total();
        let crowd = Crowd::gather(spec, self.clock).expect("sockets");
        assert_eq!((crowd.n_ready(), crowd.n_gone()), (wanted, 0), "{:?}", crowd.reasons());
        crowd
    }

    fn rss(&self) -> u64 {
        figures::memory(self.server.pid()).expect("the server runs").rss
    }

    /// Appends bursts one after the other, each as soon as every reader has the one before.
    fn flood(&mut self, crowd: &mut Crowd, bursts: usize, bytes: usize) {
        for _ in 0..bursts {
            self.log.burst(bytes).expect("written");
            let next = self.log.next();
            assert!(crowd.run_until(PATIENCE, |crowd| crowd.has_all(next)).expect("read"), "{:?}", crowd.reasons());
        }
    }

    /// Waits until nobody views and the server's handles are as `is_wanted` wants them; what they are.
    fn settles(&self, is_wanted: impl Fn(Handles) -> bool) -> Handles {
        let until = Instant::now() + PATIENCE;
        loop {
            let viewers = self.server.metric("taillight_viewers").expect("a figure");
            let now = Handles::of(self.server.pid());
            if viewers == 0 && is_wanted(now) {
                return now;
            }
            assert!(Instant::now() < until, "{viewers} viewers and {now:?} are left");
        }
    }
}

/// Nobody was dropped, and nobody missed a line, had one twice, torn or in the wrong place.
fn assert_sound(crowd: &Crowd) {
    let tally = crowd.tally();
    assert_eq!(crowd.n_gone_of(Role::Reads), 0, "{:?}", crowd.reasons());
    assert_eq!((tally.gaps, tally.broken, tally.misplaced), (0, 0, 0));
    assert!(tally.checked > 0, "some lines were compared to the last byte");
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

#[test]
fn a_thousand_viewers_receive_every_line() {
    let n_viewers = sizes::times(1_000);
    let mut scene = Scene::new(n_viewers as u64 + 200);
    let mut crowd = scene.gather(Spec { reading: n_viewers, ..scene.spec("app.log") });
    let idle = scene.rss();
    crowd.measure();
    let lines = 10 * 20;
    let log = scene.log.again().expect("a log");
    let appender = Appender::start(log, 2_000, Duration::from_millis(500));
    let after_ten = (LINES_BEFORE + lines) as u32;
    assert!(crowd.run_until(PATIENCE, |crowd| crowd.has_all(after_ten)).expect("read"), "ten bursts come");
    scene.log = appender.stop().expect("written");
    scene.flood(&mut crowd, 1, 2_000);
    assert_sound(&crowd);
    assert!(crowd.tally().lines >= (n_viewers * lines) as u64);
    let ages = &crowd.tally().latency;
    assert!(ages.count() >= 10 * n_viewers as u64, "each burst was measured at each viewer");
    let (p50, p99, most, rss) = (ages.percentile(0.5), ages.percentile(0.99), ages.most(), scene.rss());
    println!("{n_viewers} viewers, 2 KB each 0.5 s: p50 {p50:.1?}, p99 {p99:.1?}, max {most:.1?} (p99 aim 150 ms)");
    println!("server memory: {} idle, {} active", megabytes(idle), megabytes(rss));
    let (unsent, sockets) = usage::unsent_bytes(scene.server.addr().port());
    assert_eq!(sockets, n_viewers, "all are still connected");
    assert!(unsent <= n_viewers as u64 * UNSENT_BYTES, "{unsent} bytes wait in the kernel");
    // 300 MB for ten times as many.
    assert!(rss <= 60_000_000 + n_viewers as u64 * 24_000, "{}", megabytes(rss));
}

#[test]
fn ten_thousand_idle_viewers_fit_into_150_megabytes() {
    let n_viewers = 10_000;
    let scene = Scene::new(n_viewers as u64 + 200);
    let empty = scene.rss();
    let crowd = scene.gather(Spec { held: n_viewers, ..scene.spec("app.log") });
    let idle = scene.rss();
    println!("{n_viewers} idle viewers: {} (without them {}; aim 150 MB)", megabytes(idle), megabytes(empty));
    assert_eq!(usage::unsent_bytes(scene.server.addr().port()).1, n_viewers);
    assert!(idle <= 150_000_000, "{}", megabytes(idle));
    drop(crowd);
}

#[test]
fn viewers_that_do_not_read_cost_their_neighbours_no_line() {
    let (n_healthy, n_stalled) = (sizes::times(200), sizes::times(100));
    let mut scene = Scene::new((n_healthy + n_stalled) as u64 + 200);
    let mut healthy = scene.gather(Spec { reading: n_healthy, ..scene.spec("app.log") });
    // More than credit and buffers hold, so that what serving them costs is there already.
    scene.flood(&mut healthy, 16, 64_000);
    let before = scene.rss();
    let stalled = scene.gather(Spec { stalled: n_stalled, ..scene.spec("app.log") });
    scene.flood(&mut healthy, 16, 64_000);
    assert_sound(&healthy);
    let (after, (unsent, _)) = (scene.rss(), usage::unsent_bytes(scene.server.addr().port()));
    let added = after.saturating_sub(before);
    println!("{n_stalled} stalled viewers, 1 MB behind: {} more, {unsent} bytes in the kernel", megabytes(added));
    assert!(unsent > 0, "they did stall");
    assert!(unsent <= n_stalled as u64 * UNSENT_BYTES, "{unsent} bytes wait in the kernel");
    assert!(added <= 64_000 * n_stalled as u64, "{} more for {n_stalled}", megabytes(added));
    drop(stalled);
}

#[test]
fn a_thousand_viewers_come_back_at_once_after_the_server_was_killed() {
    let n_viewers = sizes::times(1_000);
    let mut scene = Scene::new(n_viewers as u64 + 200);
    let spec = Spec { reading: n_viewers, at_once: n_viewers, ..scene.spec("app.log") };
    let mut before = scene.gather(spec.clone());
    scene.flood(&mut before, 1, 2_000);
    scene.server.kill().expect("killed");
    let all_gone = |crowd: &Crowd| crowd.n_gone() == n_viewers;
    assert!(before.run_until(PATIENCE, all_gone).expect("read"), "{:?}", before.reasons());
    scene.server.restart().expect("a server on the same port");
    let began = Instant::now();
    let mut after = scene.gather(spec);
    println!("{n_viewers} viewers came back at once and were taken in within {:.1?}", began.elapsed());
    scene.flood(&mut after, 3, 2_000);
    assert_sound(&after);
}

#[test]
fn everything_is_given_back_when_everybody_has_left() {
    let scene = Scene::new(1_000);
    let mixed = |name: &str| Spec { reading: 20, held: 10, stalled: 5, ..scene.spec(name) };
    // What is made once, at the first viewer, stays; what is followed is left a moment after its last viewer.
    drop(scene.gather(Spec { reading: 1, ..scene.spec("app.log") }));
    let mut before = scene.settles(|now| now.watches == 0);
    for round in 0..sizes::times(3) {
        let names: Vec<_> = (0..10).map(|file| format!("{round}-{file}.log")).collect();
        let mut logs = Vec::new();
        let mut crowds = Vec::new();
        for name in &names {
            logs.push(Log::create(&scene.folder.join(name), scene.clock, LINES_BEFORE).expect("a log"));
            crowds.push(scene.gather(mixed(name)));
        }
        let n_viewers: usize = crowds.iter().map(Crowd::n_ready).sum();
        let during = Handles::of(scene.server.pid());
        assert!(during.files >= before.files + n_viewers, "{during:?}");
        assert!(during.files <= before.files + n_viewers + names.len(), "a file is opened once: {during:?}");
        for (log, crowd) in logs.iter_mut().zip(&mut crowds) {
            log.burst(2_000).expect("written");
            let next = log.next();
            assert!(crowd.run_until(PATIENCE, |crowd| crowd.has_all(next)).expect("read"));
            assert_sound(crowd);
        }
        drop(crowds);
        // What was about to be given back before the first round is not lent to the next ones.
        before = scene.settles(|now| now.watches == 0 && now.files <= before.files);
    }
}
