//! The first screen of a small and of a huge file, in one run, interleaved: the ratio of the times.
//!
//! Run by `cargo xtask bench first-screen`. The huge file is sparse, with the same text at its start, middle and end.

#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout)]

#[path = "../tests/it/socket.rs"]
#[allow(dead_code)]
mod socket;
#[path = "../tests/it/support.rs"]
#[allow(dead_code)]
mod support;

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::Instant;

use support::TestServer;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const SMALL_BYTES: u64 = 1 << 20;
const HUGE_BYTES: u64 = 100 << 30;

/// How much text stands at each of the three places, in bytes.
const TEXT_BYTES: usize = 256 * 1024;

/// How often each page is asked for.
const ROUNDS: usize = 101;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(run());
}

async fn run() {
    let server = TestServer::start(&[]).await;
    write_islands(&server.path("small.log"), SMALL_BYTES);
    write_islands(&server.path("huge.log"), HUGE_BYTES);
    for (name, small_at, huge_at) in [
        ("end", String::new(), String::new()),
        ("start", "?at=start".to_owned(), "?at=start".to_owned()),
        ("middle", format!("?at=byte:{}", SMALL_BYTES / 2), format!("?at=byte:{}", HUGE_BYTES / 2)),
    ] {
        let (mut small, mut huge) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            small.push(page_micros(&server, &format!("/v/logs/small.log{small_at}")).await);
            huge.push(page_micros(&server, &format!("/v/logs/huge.log{huge_at}")).await);
        }
        let (small, huge) = (median(&mut small), median(&mut huge));
        println!(
            "first screen at the {name}: 1 MB {:.2} ms, 100 GB {:.2} ms, ratio {:.2} (median of {ROUNDS}, aim 1.2)",
            small / 1000.0,
            huge / 1000.0,
            huge / small
        );
    }
}

fn write_islands(path: &Path, len: u64) {
    let line = "2026-11-22T14:02:11.000Z INFO request served path=/checkout/cart status=200 ms=12\n";
    let text = line.repeat(TEXT_BYTES / line.len());
    let file = OpenOptions::new().create(true).truncate(true).write(true).open(path).expect("a file");
    file.set_len(len).expect("a sparse file");
    let end = len - text.len() as u64;
    for at in [0, len / 2 - text.len() as u64 / 2, end] {
        file.write_all_at(b"\n", at.saturating_sub(1)).expect("written");
        file.write_all_at(text.as_bytes(), at).expect("written");
    }
}

async fn page_micros(server: &TestServer, path: &str) -> f64 {
    let start = Instant::now();
    let mut stream = TcpStream::connect(server.addr).await.expect("connected");
    let request = format!("GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", server.addr);
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("read");
    let micros = start.elapsed().as_micros() as f64;
    assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer[..answer.len().min(300)]));
    micros
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
