//! The server as a process of its own: started, signalled, killed, started again on the same port.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow, bail};
use rustix::process::Pid;
pub use rustix::process::Signal;

use crate::folder::Folder;

/// How long a server may take to end after a signal until it is given up.
const END_LIMIT: Duration = Duration::from_secs(30);

/// How often an end is looked for.
const LOOK: Duration = Duration::from_millis(5);

/// A running server over a folder, which it serves as `logs`. Dropped, it is killed.
#[derive(Debug)]
pub struct Running {
    process: Process,
    addr: SocketAddr,
    folder: PathBuf,
    flags: Vec<String>,
    /// What the program is started by, such as `prlimit`.
    prefix: Vec<String>,
    /// Its data, its cache and what it says.
    own: Folder,
}

/// How a server ended.
#[derive(Clone, Copy, Debug)]
pub struct Ended {
    /// From the signal to the end.
    pub took: Duration,
    /// What it returned.
    pub status: ExitStatus,
}

#[derive(Debug)]
struct Process {
    child: Child,
    /// Held, so that what the server still prints has somewhere to go.
    out: BufReader<ChildStdout>,
}

impl Running {
    /// Serves `folder` as `logs` on a free port of this machine, without authentication, and waits until it listens.
    ///
    /// # Errors
    /// When there is no program ([`program`]), or it does not begin to listen.
    pub fn start(folder: &Path, flags: &[&str]) -> anyhow::Result<Self> {
        Self::start_by(&[], folder, flags)
    }

    /// The same, started by another program: `prlimit --nofile=64`.
    ///
    /// # Errors
    /// As [`Running::start`].
    pub fn start_by(prefix: &[&str], folder: &Path, flags: &[&str]) -> anyhow::Result<Self> {
        let own = Folder::new().context("no folder for the server")?;
        let owned = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
        let (flags, prefix) = (owned(flags), owned(prefix));
        let (process, addr) = spawn(&prefix, folder, &flags, &own, "127.0.0.1:0")?;
        Ok(Self { process, addr, folder: folder.to_owned(), flags, prefix, own })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.process.child.id()
    }

    /// Sends it a signal.
    ///
    /// # Errors
    /// When it has ended.
    pub fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        let pid = i32::try_from(self.pid()).ok().and_then(Pid::from_raw).context("no process")?;
        rustix::process::kill_process(pid, signal).with_context(|| format!("cannot signal {signal:?}"))
    }

    /// Stops it as the system does: not killed, standing still. Returns when it does.
    ///
    /// # Errors
    /// When it has ended, or does not stand still.
    pub fn freeze(&self) -> anyhow::Result<()> {
        self.signal(Signal::STOP)?;
        let since = Instant::now();
        while process_state(self.pid()) != Some('T') {
            if since.elapsed() > END_LIMIT {
                bail!("the server does not stand still");
            }
            thread::sleep(LOOK);
        }
        Ok(())
    }

    /// Stops it as the system does, for that long. Blocks.
    ///
    /// # Errors
    /// As [`Running::freeze`].
    pub fn pause(&self, time: Duration) -> anyhow::Result<()> {
        self.freeze()?;
        thread::sleep(time);
        self.thaw()
    }

    /// Lets it go on.
    ///
    /// # Errors
    /// When it has ended.
    pub fn thaw(&self) -> anyhow::Result<()> {
        self.signal(Signal::CONT)
    }

    /// Asks it to end and waits for that.
    ///
    /// # Errors
    /// When it does not end.
    pub fn stop(&mut self) -> anyhow::Result<Ended> {
        self.signal(Signal::TERM)?;
        self.ended()
    }

    /// Waits for its end, after a signal that was just sent.
    ///
    /// # Errors
    /// When it does not end.
    pub fn ended(&mut self) -> anyhow::Result<Ended> {
        let since = Instant::now();
        loop {
            if let Some(status) = self.process.child.try_wait()? {
                return Ok(Ended { took: since.elapsed(), status });
            }
            if since.elapsed() > END_LIMIT {
                bail!("the server does not end; it said:\n{}", self.said());
            }
            thread::sleep(LOOK);
        }
    }

    /// Kills it.
    ///
    /// # Errors
    /// When it was not killed by this but had ended before.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        self.process.child.kill()?;
        let status = self.process.child.wait()?;
        if status.signal() != Some(Signal::KILL.as_raw()) {
            bail!("the server had ended before it was killed ({status}); it said:\n{}", self.said());
        }
        Ok(())
    }

    /// Starts it again on the same port, after its end.
    ///
    /// # Errors
    /// As [`Running::start`].
    pub fn restart(&mut self) -> anyhow::Result<()> {
        let listen = self.addr.to_string();
        (self.process, _) = spawn(&self.prefix, &self.folder, &self.flags, &self.own, &listen)?;
        Ok(())
    }

    /// What it wrote to its own log.
    pub fn said(&self) -> String {
        fs::read_to_string(self.own.join("said")).unwrap_or_default()
    }

    /// A figure of `/metrics`, such as `taillight_viewers`.
    ///
    /// # Errors
    /// When there is no such figure, or no answer.
    pub fn metric(&self, name: &str) -> anyhow::Result<u64> {
        let text = self.get("/metrics")?;
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok());
        value.with_context(|| format!("no figure {name}"))
    }

    /// The answer to a GET, head and all.
    ///
    /// # Errors
    /// When there is none within a minute: one that counts waits up to 30 s.
    pub fn get(&self, path: &str) -> anyhow::Result<String> {
        let mut stream = TcpStream::connect_timeout(&self.addr, Duration::from_secs(10))?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.addr)?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What is tried: `TAILLIGHT_BIN`, or `trial taillight` of the same build. Its first arguments come with it.
///
/// # Errors
/// When it is not where a build puts it.
pub fn program() -> anyhow::Result<(PathBuf, &'static [&'static str])> {
    if let Some(given) = std::env::var_os("TAILLIGHT_BIN") {
        return Ok((PathBuf::from(given), &[]));
    }
    Ok((trial()?, &["taillight"]))
}

/// The program `trial` of this build.
///
/// # Errors
/// When it is not where a build puts it: beside this program, or above the folder of the tests.
pub fn trial() -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe()?;
    let found = own.ancestors().skip(1).take(2).map(|folder| folder.join("trial")).find(|path| path.is_file());
    found.ok_or_else(|| anyhow!("no program 'trial' near {}: run 'cargo build -p trial'", own.display()))
}

fn spawn(
    prefix: &[String],
    folder: &Path,
    flags: &[String],
    own: &Folder,
    listen: &str,
) -> anyhow::Result<(Process, SocketAddr)> {
    let (program, first) = program()?;
    let mut words = prefix.iter().map(|word| word.as_str().into()).collect::<Vec<std::ffi::OsString>>();
    words.push(program.into());
    words.extend(first.iter().map(Into::into));
    words.extend(["--listen", listen, "--auth", "none", "--data-dir"].map(Into::into));
    words.push(own.join("data").into());
    words.push("--cache-dir".into());
    words.push(own.join("cache").into());
    words.extend(flags.iter().map(Into::into));
    let mut root = std::ffi::OsString::from("logs=");
    root.push(folder);
    words.push(root);
    let mut words = words.into_iter();
    let said = File::options().append(true).create(true).open(own.join("said"))?;
    let mut command = Command::new(words.next().context("no program")?);
    command.args(words).env_clear().env("HOME", own.path()).env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.env("TAILLIGHT_LOG", std::env::var_os("TAILLIGHT_LOG").unwrap_or_else(|| "info".into()));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(said);
    let mut child = command.spawn().with_context(|| format!("cannot start {command:?}"))?;
    let out = child.stdout.take().context("no output")?;
    let mut process = Process { child, out: BufReader::new(out) };
    let mut line = String::new();
    process.out.read_line(&mut line)?;
    let said = || fs::read_to_string(own.join("said")).unwrap_or_default();
    let url = line.trim_end().strip_prefix("listening on http://");
    let url = url.ok_or_else(|| anyhow!("the server did not start:\n{}", said()))?;
    let addr = url.split(['/', '?', '#']).next().unwrap_or(url);
    let addr = addr.parse().with_context(|| format!("no address in {line:?}"))?;
    Ok((process, addr))
}

/// The letter of a process's state in `/proc`.
fn process_state(pid: u32) -> Option<char> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // After the name, which may have anything in it but ends with the last parenthesis.
    stat.get(stat.rfind(')')? + 2..)?.chars().next()
}
