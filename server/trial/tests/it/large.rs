//! F26, F28: files of 100 GB, files that were counted before, and files that shrink while they are searched.

use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::Instant;

use trial::check::Wish;
use trial::figures;
use trial::server::Running;
use trial::sizes::times;

use crate::support::{PATIENCE, Scene};

const GB: u64 = 1 << 30;

/// What `/api/v1/count` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Count {
    matched: u64,
    lines: u64,
    complete: bool,
}

/// One answer; `None` for one that is none, such as when the file was being replaced.
fn count(server: &Running, name: &str, q: &str) -> Option<Count> {
    let answer = server.get(&format!("/api/v1/count/logs/{name}?wait=30&q={q}")).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(!head.starts_with("HTTP/1.1 5"), "{answer}");
    let body: serde_json::Value = serde_json::from_str(body).ok()?;
    let number = |name: &str| body.get(name)?.as_u64();
    Some(Count { matched: number("matched")?, lines: number("lines")?, complete: body.get("complete")?.as_bool()? })
}

/// The counts of a file that nobody writes, once they are complete.
fn counted(server: &Running, name: &str, q: &str) -> Count {
    let begun = Instant::now();
    loop {
        if let Some(count) = count(server, name, q).filter(|count| count.complete) {
            return count;
        }
        assert!(begun.elapsed() < PATIENCE, "{name} is not counted");
    }
}

/// Lines of some 90 bytes, every tenth of which has `needle` in it.
fn text(n_bytes: usize) -> Vec<u8> {
    let mut text = Vec::with_capacity(n_bytes + 200);
    for number in 0_u64.. {
        if text.len() >= n_bytes {
            break;
        }
        let word = if number % 10 == 3 { "needle" } else { "straw" };
        writeln!(text, "2026-11-23T10:00:00Z INFO {number:>10} {word} {}", "x".repeat((number % 80) as usize)).unwrap();
    }
    text
}

fn needles(text: &[u8]) -> u64 {
    memchr::memmem::find_iter(text, "needle").count() as u64
}

fn feeds(text: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', text).count() as u64
}

/// A file of 100 GB: text at its head, in its middle and at its end, and holes between with a few lines in each 16 MiB.
/// What is in it.
fn hundred_gigabytes(path: &Path) -> Count {
    let file = File::create(path).unwrap();
    let large = text(16 << 20);
    let end = 100 * GB;
    file.set_len(end).unwrap();
    let mut sum = Count { matched: 0, lines: 0, complete: true };
    let mut island = |at: u64, text: &[u8]| {
        file.write_all_at(text, at).unwrap();
        sum.matched += needles(text);
        sum.lines += feeds(text);
    };
    for at in (GB..end - GB).step_by(16 << 20).filter(|at| !(50 * GB..51 * GB).contains(at)) {
        island(at, b"\na needle in the hay\nstraw\n");
    }
    island(0, &large);
    island(50 * GB, &large);
    island(end - large.len() as u64, &large);
    sum
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_of_100_gb_that_is_open_indexed_and_filtered_takes_at_most_64_mb() {
    let scene = Scene::new(&[]);
    let idle = figures::memory(scene.server.pid()).unwrap();
    let real = hundred_gigabytes(&scene.folder.join("large.log"));
    let _viewer = scene.viewer_of(Wish::every_line(scene.server.addr(), "logs/large.log")).await;
    assert!(scene.server.get("/v/logs/large.log?at=line:200000").unwrap().contains(" 200 "));
    // Exactly: where a build is not optimized, small and capital letters are looked for too slowly.
    for q in ["%22needle%22", "%22straw%22%20-%22needle%22", "/ne%2Bdle/"] {
        let count = counted(&scene.server, "large.log", q);
        assert_eq!(count.lines, real.lines);
        if !q.contains("straw") {
            assert_eq!(count, real, "{q}");
        }
    }
    let open = figures::memory(scene.server.pid()).unwrap();
    let (now, most) = (open.rss.saturating_sub(idle.rss), open.peak_rss.saturating_sub(idle.rss));
    println!("idle {} MB; beyond that now {} MB, at most {} MB", idle.rss >> 20, now >> 20, most >> 20);
    assert!(most <= 64_000_000, "{most} bytes beyond the idle server's");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_second_start_counts_a_file_by_reading_less_than_one_megabyte() {
    let mut scene = Scene::new(&[]);
    let path = scene.folder.join("counted.log");
    let part = text(32 << 20);
    let n_parts = times(5).max(3);
    let mut file = File::create(&path).unwrap();
    (0..n_parts).for_each(|_| file.write_all(&part).unwrap());
    let real = feeds(&part) * n_parts as u64;
    let n_bytes = (part.len() * n_parts) as u64;
    let read = |scene: &Scene| {
        let before = figures::read_bytes(scene.server.pid()).unwrap();
        assert_eq!(counted(&scene.server, "counted.log", "").lines, real);
        figures::read_bytes(scene.server.pid()).unwrap() - before
    };
    let first = read(&scene);
    assert!(first > n_bytes, "{first} of {n_bytes} bytes");
    tokio::task::block_in_place(|| scene.server.stop()).unwrap();
    scene.server.restart().unwrap();
    let second = read(&scene);
    println!("{n_bytes} bytes, {real} lines: {first} bytes read for the first count, {second} for the second");
    assert!(second < 1_000_000, "{second} bytes");
    // As long as before, and written since: nothing of it is believed.
    file.write_all_at(b"\n\n\n\n\n\n\n\n", n_bytes / 2 + 12_345).unwrap();
    drop(file);
    let written = std::fs::read(&path).unwrap();
    tokio::task::block_in_place(|| scene.server.stop()).unwrap();
    scene.server.restart().unwrap();
    assert_eq!(counted(&scene.server, "counted.log", "").lines, feeds(&written));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_shrinks_while_it_is_searched_gives_partial_results_and_then_right_ones() {
    let scene = Scene::new(&[]);
    let whole = text(2 << 20);
    let path = scene.log();
    let (server, most) = (&scene.server, (needles(&whole), feeds(&whole)));
    let mut n_partial = 0;
    for round in 0..times(30) {
        std::fs::write(&path, &whole).unwrap();
        let len = (round * 7_919 * 64) % whole.len();
        // Lines, matching lines and a download, each while the file is cut.
        let asked = std::thread::scope(|scope| {
            let counting = scope.spawn(|| count(server, "app.log", "needle"));
            let others = ["/api/v1/lines/logs/app.log?q=straw&at=start&after=10000", "/raw/logs/app.log?q=needle"];
            let reading = scope.spawn(move || server.get(others[round % 2]).unwrap());
            File::options().write(true).open(&path).unwrap().set_len(len as u64).unwrap();
            let answer = reading.join().unwrap();
            assert!(!answer.starts_with("HTTP/1.1 5"), "round {round}: {}", answer.get(..300).unwrap_or(&answer));
            counting.join().unwrap()
        });
        if let Some(count) = asked {
            assert!(count.matched <= most.0 && count.lines <= most.1 + 1, "round {round}: {count:?}");
            n_partial += usize::from(count.matched < most.0);
        }
        let left = whole.get(..len).unwrap();
        let now = counted(server, "app.log", "needle");
        let n_lines = feeds(left) + u64::from(left.last().is_some_and(|&last| last != b'\n'));
        assert_eq!((now.matched, now.lines), (needles(left), n_lines), "round {round}: {len} bytes are left");
    }
    println!("{} times: {n_partial} partial counts", times(30));
    assert!(n_partial > 0, "nothing was cut in time");
    std::fs::write(&path, &whole).unwrap();
    let count = counted(server, "app.log", "needle");
    assert_eq!((count.matched, count.lines), most, "{}", server.said());
    assert!(!server.said().contains("panic"), "{}", server.said());
}
