//! `serve`: tracing, runtime, listener and signals around the server.

use std::io::{self, ErrorKind, IsTerminal as _, Write as _};
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

use super::{Failure, print};
use crate::config::{Config, ConfigError, LogFormat, Sources};
use crate::{Server, StartError};

/// How long blocking work may still run after the server has ended: a read on a dead network file system never ends.
const LEFTOVERS: Duration = Duration::from_secs(1);

/// Serves until a signal ends it.
pub fn run(sources: &Sources) -> Result<(), Failure> {
    let config = Config::load(sources).map_err(|err| Failure::settings(err, sources))?;
    start_log(config.log_format)?;
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    if let Err(error) = raise_handle_limit() {
        tracing::warn!(%error, "the limit of open files cannot be raised");
    }
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start the runtime")?;
    let served = runtime.block_on(serve(config));
    runtime.shutdown_timeout(LEFTOVERS);
    served
}

/// As many handles as the system lets us have: each connection is one, and each followed file a few.
fn raise_handle_limit() -> io::Result<()> {
    let limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit })?;
    }
    Ok(())
}

async fn serve(config: Config) -> Result<(), Failure> {
    let (listen, is_open) = (config.listen, config.open);
    let server = Server::new(config).map_err(|err| match err {
        err @ (StartError::Root(_) | StartError::Terminal | StartError::Spool(_)) => {
            Failure::Settings(ConfigError { problems: vec![err.to_string()] })
        }
        err => Failure::Run(err.into()),
    })?;
    // Before the address is out: whoever knows it may send a signal.
    let mut signals = Signals::listen().context("cannot listen for signals")?;
    let listener = TcpListener::bind(listen).await.map_err(|err| cannot_listen(listen, &err))?;
    let local = listener.local_addr().context("cannot tell the own address")?;
    announce(&server.url(local), is_open)?;
    let shutdown = CancellationToken::new();
    let mut serving = std::pin::pin!(server.serve(listener, shutdown.clone()));
    loop {
        tokio::select! {
            served = &mut serving => return Ok(served.context("the server failed")?),
            name = signals.next() => {
                if shutdown.is_cancelled() {
                    return Err(anyhow!("ended at once by a second {name}").into());
                }
                tracing::info!(signal = name, "stopping; a second signal ends at once");
                shutdown.cancel();
            }
        }
    }
}

/// The first line on standard output is for programs too.
fn announce(url: &str, is_open: bool) -> Result<(), Failure> {
    print(format!("listening on {url}\n").as_bytes())?;
    if is_open {
        let _ = writeln!(io::stderr(), "\n    open this address in a browser:\n\n    {url}\n");
    }
    Ok(())
}

fn start_log(format: LogFormat) -> Result<(), Failure> {
    let wanted = std::env::var("TAILLIGHT_LOG").ok().filter(|text| !text.is_empty());
    let filter = EnvFilter::try_new(wanted.as_deref().unwrap_or("info")).map_err(|err| {
        Failure::Settings(ConfigError {
            problems: vec![format!(
                "bad value for TAILLIGHT_LOG: {err}; expected a level such as 'debug', or 'server=debug,info'"
            )],
        })
    })?;
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    // Colours are for people who look: a journal or a file would hold them as they are.
    let log = log.with_ansi(io::stderr().is_terminal());
    match format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().init(),
    }
    Ok(())
}

fn cannot_listen(listen: SocketAddr, err: &io::Error) -> anyhow::Error {
    let port = listen.port();
    match err.kind() {
        ErrorKind::AddrInUse => anyhow!(
            "cannot listen on {listen}: port {port} is in use by another program; choose another with \
             '--listen {}', or '--listen {}' for any free one",
            SocketAddr::new(listen.ip(), port.checked_add(1).unwrap_or(8765)),
            SocketAddr::new(listen.ip(), 0)
        ),
        ErrorKind::PermissionDenied => anyhow!(
            "cannot listen on {listen}: this user may not use port {port}; choose one above 1023 with '--listen {}'",
            SocketAddr::new(listen.ip(), 8765)
        ),
        ErrorKind::AddrNotAvailable => anyhow!(
            "cannot listen on {listen}: this machine has no address {}; choose another with '--listen 127.0.0.1:{port}'",
            listen.ip()
        ),
        _ => anyhow!("cannot listen on {listen}: {err}; choose another address with '--listen ADDR'"),
    }
}

/// What ends the server.
struct Signals {
    term: Signal,
    int: Signal,
}

impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self { term: signal(SignalKind::terminate())?, int: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.term.recv() => "SIGTERM",
            _ = self.int.recv() => "SIGINT",
        }
    }
}
