//! `trial bench-stream`: how fast, how cheap and how small delivery is, beside the programs that do the same.
//!
//! Everything is measured on one machine in one run: writer, server and viewers share its processors. The servers take
//! turns, forwards and then backwards, each a fresh process over a fresh file, so that what changes on the machine meets
//! all of them. What a server cannot do is told, and where.

pub mod calibrate;
pub mod leak;
pub mod peer;
pub mod report;
pub mod round;
pub mod seed;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;

use peer::Peer;
use report::{Report, exit, say};
use round::{Outcome, Plan, Window};

/// What every viewer count is measured with: 2 KB, twice a second.
const ACTIVE: Window = Window { bytes: 2_000, interval: Duration::from_millis(500), time: Duration::from_secs(4) };

/// The same bytes more often, where one viewer gives few samples.
const FEW: Window = Window { bytes: 2_000, interval: Duration::from_millis(150), time: Duration::from_secs(4) };

/// What fan-out is measured with.
const FAN_OUT: Window = Window { bytes: 16_000, interval: Duration::from_millis(250), time: Duration::from_secs(4) };

/// Measures delivery of live lines, beside other programs.
#[derive(Debug, Parser)]
#[command(name = "trial bench-stream")]
struct Args {
    /// frontail 4.9.2; left out without it.
    #[arg(long, value_name = "PROGRAM")]
    frontail: Option<PathBuf>,
    /// websocketd, which runs `tail -F` for each viewer; left out without it.
    #[arg(long, value_name = "PROGRAM")]
    websocketd: Option<PathBuf>,
    /// Only a few viewers and short windows: whether the benchmark works, not what it measures.
    #[arg(long)]
    quick: bool,
    /// Only Taillight.
    #[arg(long)]
    alone: bool,
}

/// Measures and prints. `args` begin with the command's name.
pub fn main(args: impl Iterator<Item = OsString>) -> ExitCode {
    exit(run(&Args::parse_from(args)))
}

fn run(args: &Args) -> anyhow::Result<()> {
    let began = Instant::now();
    let peers = peers(args);
    say(&format!("processors: {}", std::thread::available_parallelism().map_or(0, std::num::NonZero::get)));
    for (name, given) in [("frontail", &args.frontail), ("websocketd", &args.websocketd)] {
        if given.is_none() && !args.alone {
            say(&format!("NOT COMPARED with {name}: it is not here"));
        }
    }
    let sizes: &[usize] = if args.quick { &[1, 50] } else { &[1, 100, 1_000, 10_000] };
    let fan_out_at = if args.quick { 50 } else { 1_000 };
    let mut report = Report::default();
    report.limits = calibrate::all(sizes)?;
    for &viewers in sizes {
        for (peer, repetition) in turns(&peers, viewers) {
            let fan_out = (viewers == fan_out_at).then_some(FAN_OUT);
            let latency = if viewers < 100 { FEW } else { ACTIVE };
            let plan = Plan { latency: Some(latency), fan_out, ..Plan::readers(viewers) };
            let outcome = round::run(peer, &plan.shortened(args.quick));
            tell(peer, &format!("{viewers} viewers, round {repetition}"), &outcome);
            report.add(peer.name(), viewers, outcome);
        }
    }
    for peer in &peers {
        let outcome = round::run(peer, &Plan { stalled: 100, flood: 100, ..Plan::readers(1) });
        tell(peer, "100 stalled", &outcome);
        report.stalled.push((peer.name(), outcome));
    }
    let beside = Plan { latency: Some(ACTIVE), flood: 8, ..Plan::readers(fan_out_at) }.shortened(args.quick);
    for stalled in [0, fan_out_at / 10, fan_out_at / 10, 0, 0, fan_out_at / 10] {
        let outcome = round::run(&Peer::Taillight, &Plan { stalled, ..beside.clone() });
        tell(&Peer::Taillight, &format!("{fan_out_at} readers beside {stalled} stalled"), &outcome);
        report.neighbours.push((stalled, outcome));
    }
    report.print(fan_out_at);
    say(&format!("all of it took {} s", began.elapsed().as_secs()));
    report.verdict()
}

fn peers(args: &Args) -> Vec<Peer> {
    let mut peers = vec![Peer::Taillight];
    if !args.alone {
        peers.extend(args.frontail.clone().map(Peer::Frontail));
        peers.extend(args.websocketd.clone().map(Peer::Websocketd));
        peers.push(Peer::Seed);
    }
    peers
}

/// Who is measured when: forwards, backwards. At 10,000 the others, which take long to gather, have one round.
fn turns(peers: &[Peer], viewers: usize) -> Vec<(&Peer, usize)> {
    let forwards = peers.iter().map(|peer| (peer, 1));
    let backwards = peers.iter().rev().map(|peer| (peer, 2));
    let has_turn =
        |(peer, repetition): &(&Peer, usize)| viewers < 10_000 || *repetition == 1 || matches!(peer, Peer::Taillight);
    forwards.chain(backwards).filter(has_turn).collect()
}

fn tell(peer: &Peer, what: &str, outcome: &anyhow::Result<Outcome>) {
    say(&match outcome {
        Ok(outcome) => format!("  {:<11} {what}: {outcome}", peer.name()),
        Err(error) => format!("  {:<11} {what}: FAILED: {error:#}", peer.name()),
    });
}
