//! The servers that are measured: each started over one file, with what its viewers speak.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use rustix::process::{Pid, Signal, kill_process};

use crate::crowd::speech::Speech;
use crate::crowd::usage;
use crate::server::{self, Running};

/// How long a server may take until it listens.
const START_LIMIT: Duration = Duration::from_secs(20);

/// How often it is asked.
const LOOK: Duration = Duration::from_millis(20);

/// A server to measure.
#[derive(Clone, Debug)]
pub enum Peer {
    /// This one: `TAILLIGHT_BIN`, or the one of this build.
    Taillight,
    /// frontail, at that path.
    Frontail(PathBuf),
    /// websocketd with `tail -F`, at that path.
    Websocketd(PathBuf),
    /// The seed's algorithm ([`super::seed`]).
    Seed,
}

/// A server that runs. Dropped, it ends, and all that it has started.
#[derive(Debug)]
pub struct Server {
    process: Process,
    /// Where it listens.
    pub addr: SocketAddr,
    /// What its viewers speak.
    pub speech: Speech,
}

#[derive(Debug)]
enum Process {
    Ours(Box<Running>),
    Other(Other),
}

/// A process of another program.
#[derive(Debug)]
struct Other(Child);

impl Peer {
    /// What it is called in the report.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Taillight => "taillight",
            Self::Frontail(_) => "frontail",
            Self::Websocketd(_) => "websocketd",
            Self::Seed => "seed's way",
        }
    }

    /// Starts it over the file `name` in `folder`, which is there.
    ///
    /// # Errors
    /// When it does not begin to listen.
    pub fn start(&self, folder: &Path, name: &str) -> anyhow::Result<Server> {
        let log = folder.join(name);
        match self {
            Self::Taillight => {
                let running = Running::start(folder, &[])?;
                let (addr, speech) = (running.addr(), Speech::Taillight { path: format!("logs/{name}") });
                Ok(Server { process: Process::Ours(Box::new(running)), addr, speech })
            }
            Self::Frontail(program) => frontail(program, &log),
            Self::Websocketd(program) => websocketd(program, &log),
            Self::Seed => seed(&log),
        }
    }
}

impl Server {
    /// Its process.
    pub fn pid(&self) -> u32 {
        match &self.process {
            Process::Ours(running) => running.pid(),
            Process::Other(Other(child)) => child.id(),
        }
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        // What it has started first: once it is gone, they cannot be found by their parent.
        for pid in usage::tree(self.0.id()) {
            if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
                let _ = kill_process(pid, Signal::KILL);
            }
        }
        let _ = self.0.wait();
    }
}

fn frontail(program: &Path, log: &Path) -> anyhow::Result<Server> {
    let addr = free_addr()?;
    let port = addr.port().to_string();
    let mut command = Command::new(program);
    command.args(["--disable-usage-stats", "--host", "127.0.0.1", "--port", &port, "--number", "1"]).arg(log);
    let process = Process::Other(start(&mut command)?);
    let page = answer(addr, "/")?;
    let namespace = page.split_once("io.connect('/").and_then(|(_, rest)| rest.split('\'').next());
    let namespace = namespace.context("the page of frontail does not name its stream")?.to_owned();
    Ok(Server { process, addr, speech: Speech::Frontail { namespace } })
}

fn websocketd(program: &Path, log: &Path) -> anyhow::Result<Server> {
    let addr = free_addr()?;
    let mut command = Command::new(program);
    command.args(["--address=127.0.0.1", &format!("--port={}", addr.port()), "--loglevel=error"]);
    command.args(["tail", "-n", "1", "-F"]).arg(log);
    let process = Process::Other(start(&mut command)?);
    connected(addr)?;
    Ok(Server { process, addr, speech: Speech::Plain })
}

fn seed(log: &Path) -> anyhow::Result<Server> {
    let mut command = Command::new(server::trial()?);
    command.arg("seed").stdout(Stdio::piped()).stderr(Stdio::null()).stdin(Stdio::null());
    let mut child = command.spawn()?;
    let out = child.stdout.take();
    let process = Process::Other(Other(child));
    let mut line = String::new();
    BufReader::new(out.context("no output")?).read_line(&mut line)?;
    let addr = line.trim_end().strip_prefix("listening on ").context("the seed's port does not listen")?.parse()?;
    let path = log.to_str().context("the folder's name is not text")?.to_owned();
    Ok(Server { process, addr, speech: Speech::Seed { path } })
}

fn start(command: &mut Command) -> anyhow::Result<Other> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    Ok(Other(command.spawn().with_context(|| format!("cannot start {command:?}"))?))
}

/// An address that was free a moment ago, for programs that cannot choose one themselves.
fn free_addr() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// A connection, as soon as the server takes one.
fn connected(addr: SocketAddr) -> anyhow::Result<TcpStream> {
    let until = Instant::now() + START_LIMIT;
    while Instant::now() < until {
        match TcpStream::connect(addr) {
            Ok(stream) => return Ok(stream),
            Err(_) => thread::sleep(LOOK),
        }
    }
    bail!("it does not listen on {addr}")
}

/// What a server answers to a GET, head and all.
fn answer(addr: SocketAddr, path: &str) -> anyhow::Result<String> {
    let mut stream = connected(addr)?;
    stream.set_read_timeout(Some(START_LIMIT))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {addr}\r\nConnection: close\r\n\r\n")?;
    let mut text = Vec::new();
    stream.read_to_end(&mut text)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}
