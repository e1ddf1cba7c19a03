//! From an append to its frame at a client, on a server at rest: the distribution over single lines.
//!
//! Run by `cargo xtask bench latency`. Server, writer and client share this machine's cores and one clock.

#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout)]

#[path = "../tests/it/socket.rs"]
#[allow(dead_code)]
mod socket;
#[path = "../tests/it/support.rs"]
#[allow(dead_code)]
mod support;

use std::time::{Duration, Instant};

use support::TestServer;

/// How many appends are measured.
const APPENDS: usize = 500;

/// The server rests this long between two appends, in milliseconds.
const REST_MS: u64 = 25;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let mut micros = runtime.block_on(measure());
    micros.sort_unstable();
    let at = |share: f64| micros[((micros.len() - 1) as f64 * share) as usize] as f64 / 1000.0;
    println!(
        "append to frame, 1 viewer, {} appends: p50 {:.2} ms, p95 {:.2} ms, p99 {:.2} ms, max {:.2} ms (aim 5 ms)",
        micros.len(),
        at(0.50),
        at(0.95),
        at(0.99),
        at(1.0)
    );
}

async fn measure() -> Vec<u128> {
    let server = TestServer::start(&[("app.log", "first\n")]).await;
    let mut viewer = server.viewer().await;
    viewer.open("logs/app.log", true).await;
    let mut micros = Vec::with_capacity(APPENDS);
    for number in 0..APPENDS {
        tokio::time::sleep(Duration::from_millis(REST_MS)).await;
        let line = format!("line {number}\n");
        let start = Instant::now();
        server.append("app.log", &line);
        viewer.live_until(&line).await;
        micros.push(start.elapsed().as_micros());
    }
    micros
}
