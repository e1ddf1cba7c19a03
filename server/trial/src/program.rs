//! The command line of `trial`.

use std::io::{self, BufRead as _, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use clap::{Args, Parser, Subcommand};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use trial::bad::{self, Kind};
use trial::check::{Viewer, Wish};
use trial::proxy::{Fate, Proxy};
use trial::storm::{Plan, Storm, Written};

/// How often something is looked at that nobody tells.
const LOOK: Duration = Duration::from_millis(20);

/// Try Taillight: write logs that prove themselves, view and check them, misbehave, and make the network fail.
#[derive(Debug, Parser)]
#[command(name = "trial", after_help = AFTER_HELP)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const AFTER_HELP: &str = "Example, each in a terminal of its own:\n  \
    trial taillight --listen 127.0.0.1:8765 --auth none logs=/tmp/logs\n  \
    trial storm /tmp/logs/app.log --rate 5000000\n  \
    trial proxy 127.0.0.1:9000 127.0.0.1:8765          (then type: hold, forward, cut, reset)\n  \
    trial check 127.0.0.1:8765 logs/app.log --via 127.0.0.1:9000\n\n\
    'check' ends with 0 when every line came once, whole and in order.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Write numbered lines with checksums. Ends on a signal too, and then prints what was written.
    Storm(StormArgs),
    /// Follow a file as the page does, and check every line.
    Check(CheckArgs),
    /// Be peers that misbehave.
    Bad(BadArgs),
    /// Forward connections. 'hold', 'forward', 'cut' and 'reset' on standard input change what becomes of those that
    /// are open.
    Proxy {
        /// Where to listen.
        listen: SocketAddr,
        /// Where connections go.
        target: SocketAddr,
        /// Bytes per second to each client; 0 for no limit.
        #[arg(long, default_value_t = 0)]
        rate: u64,
    },
    /// Be the server: what follows is its own command line.
    Taillight,
    /// Measure delivery beside other programs: what follows is its own command line.
    BenchStream,
    /// Let viewers come and go for long, and see whether memory and handles come back: what follows is its own command
    /// line.
    Leak,
    /// Be a server with the seed's algorithm, for any file, until killed. For the benchmark.
    Seed,
}

#[derive(Args, Debug)]
struct StormArgs {
    /// The file; made when it is missing.
    path: PathBuf,
    /// Bytes per second; 0 for as many as can be.
    #[arg(long, default_value_t = 100_000)]
    rate: u64,
    /// How many writers share the file.
    #[arg(long, default_value_t = 1)]
    writers: u8,
    /// The number of the first writer.
    #[arg(long, default_value_t = 1)]
    writer: u8,
    /// The number of the first line.
    #[arg(long, default_value_t = 1)]
    first: u64,
    /// End after so many lines of each writer.
    #[arg(long)]
    lines: Option<u64>,
    /// End after so many seconds.
    #[arg(long)]
    seconds: Option<u64>,
    /// Do not append: each writer keeps its place, and a truncation leaves a hole.
    #[arg(long)]
    no_append: bool,
    /// Break lines over several writes at any byte (one writer only).
    #[arg(long)]
    partial: bool,
    /// Keep the file that was opened when another one takes its name.
    #[arg(long)]
    keep: bool,
    /// Make the file anew when the name has none.
    #[arg(long)]
    create: bool,
}

#[derive(Args, Debug)]
struct CheckArgs {
    /// The server.
    addr: SocketAddr,
    /// Connect there instead: a proxy before the server.
    #[arg(long, value_name = "ADDR")]
    via: Option<SocketAddr>,
    /// The file, such as logs/app.log.
    path: String,
    /// End after so many seconds; otherwise on a signal.
    #[arg(long)]
    seconds: Option<u64>,
    /// End after so many lines.
    #[arg(long)]
    lines: Option<u64>,
    /// Jump to the end when far behind, and wait longer and longer after losses, as the page does.
    #[arg(long)]
    page: bool,
}

#[derive(Args, Debug)]
struct BadArgs {
    /// How.
    kind: Kind,
    /// The server.
    addr: SocketAddr,
    /// The file, such as logs/app.log.
    path: String,
    /// How many of them.
    #[arg(long, default_value_t = 1)]
    count: usize,
    /// End after so many seconds.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
}

/// Does what the command line says.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let done = runtime.context("cannot start the runtime").and_then(|runtime| {
        let done = runtime.block_on(command(cli.command));
        // Whoever reads standard input is not waited for.
        runtime.shutdown_background();
        done
    });
    match done {
        Ok(code) => code,
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn command(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Storm(args) => storm(args).await,
        Command::Check(args) => check(args).await,
        Command::Bad(args) => misbehave(args).await,
        Command::Proxy { listen, target, rate } => proxy(listen, target, rate).await,
        Command::Taillight | Command::BenchStream | Command::Leak | Command::Seed => {
            bail!("this command must be the first word")
        }
    }
}

async fn storm(args: StormArgs) -> anyhow::Result<ExitCode> {
    let plan = Plan {
        path: args.path,
        rate: args.rate,
        writers: args.writers,
        first_writer: args.writer,
        first: args.first,
        lines: args.lines,
        append: !args.no_append,
        partial: args.partial,
        reopen: !args.keep,
        creates: args.create,
    };
    let writers = Storm::start(&plan)?;
    say("writing")?;
    let done = async {
        while !writers.is_done() {
            tokio::time::sleep(LOOK).await;
        }
    };
    tokio::select! {
        () = done => {}
        ended = ended(args.seconds) => ended?,
    }
    for Written { writer, first, last, bytes } in writers.finish()? {
        say(&format!("wrote writer {writer}, lines {first} to {last}, {bytes} bytes"))?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn check(args: CheckArgs) -> anyhow::Result<ExitCode> {
    let wish =
        Wish { via: args.via, every_line: !args.page, hurry: !args.page, ..Wish::every_line(args.addr, &args.path) };
    let mut viewer = Viewer::new(wish)?;
    let wanted = args.lines.unwrap_or(u64::MAX);
    let mut told = Instant::now();
    let viewing = async {
        let mut was_open = false;
        while viewer.check.sums.lines < wanted {
            viewer.step().await?;
            if viewer.is_open() && !std::mem::replace(&mut was_open, true) {
                say("following")?;
            }
            if told.elapsed() > Duration::from_secs(5) {
                told = Instant::now();
                say(&viewer.summary())?;
            }
        }
        anyhow::Ok(())
    };
    tokio::select! {
        viewed = viewing => viewed?,
        ended = ended(args.seconds) => ended?,
    }
    say(&viewer.summary())?;
    Ok(if viewer.check.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn misbehave(args: BadArgs) -> anyhow::Result<ExitCode> {
    let limit = Duration::from_secs(args.seconds);
    let mut peers = Vec::new();
    for _ in 0..args.count {
        let (kind, addr, path) = (args.kind, args.addr, args.path.clone());
        peers.push(tokio::spawn(async move {
            anyhow::Ok(match kind {
                Kind::Stall => {
                    let _peer = bad::stall(addr, &path).await?;
                    ended(Some(limit.as_secs())).await?;
                    "stalled to the end".to_owned()
                }
                Kind::Frozen => format!("{:?}", bad::frozen(addr, &path, limit).await?),
                Kind::Flood => format!("{:?}", bad::flood(addr, &path, "\"pong\"", limit).await?),
                Kind::Trickle => format!("cut after {:?}", bad::trickle(addr, LOOK, limit).await?),
                Kind::Silent => format!("cut after {:?}", bad::silent(addr, limit).await?),
            })
        }));
    }
    for peer in peers {
        match peer.await? {
            Ok(text) => say(&text)?,
            Err(error) => say(&format!("{error:#}"))?,
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn proxy(listen: SocketAddr, target: SocketAddr, rate: u64) -> anyhow::Result<ExitCode> {
    let listener = TcpListener::bind(listen).await.with_context(|| format!("cannot listen on {listen}"))?;
    let proxy = Proxy::over(listener, target, rate)?;
    say(&format!("listening on {}", proxy.addr()))?;
    let commanded = tokio::task::spawn_blocking(move || {
        for line in io::stdin().lock().lines() {
            match line?.trim() {
                "hold" => proxy.all(Fate::Hold),
                "forward" => proxy.all(Fate::Forward),
                "cut" => proxy.all(Fate::Cut),
                "reset" => proxy.all(Fate::Reset),
                other => say(&format!("not 'hold', 'forward', 'cut' or 'reset': '{other}'"))?,
            }
            say(&format!("{} open, {} bytes down, {} up", proxy.n_open(), proxy.down(), proxy.up()))?;
        }
        // Without an input it goes on as it is.
        Ok::<_, anyhow::Error>(proxy)
    });
    let _proxy = tokio::select! {
        proxy = commanded => proxy??,
        ended = ended(None) => return ended.map(|()| ExitCode::SUCCESS),
    };
    ended(None).await?;
    Ok(ExitCode::SUCCESS)
}

/// Waits for a signal, or so many seconds.
async fn ended(seconds: Option<u64>) -> anyhow::Result<()> {
    let mut term = signal(SignalKind::terminate())?;
    let mut int = signal(SignalKind::interrupt())?;
    let over = async {
        match seconds {
            Some(seconds) => tokio::time::sleep(Duration::from_secs(seconds)).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
        () = over => {}
    }
    Ok(())
}

/// A line on standard output, at once.
fn say(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    Ok(out.flush()?)
}
