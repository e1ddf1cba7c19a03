//! The seed's algorithm, as a peer: written from its description, not from its code.
//!
//! The description: for each viewer the server reads the *whole* file as text and keeps the last 1,000 lines, sends them
//! converted from ANSI to HTML, and then looks each second for what was appended. Each viewer has a WebSocket, a file
//! handle and a loop of its own; now and then it is asked with `ping` and must answer `pong`.
//!
//! The original is Python with one thread. This is Rust with a thread for each processor, and so a harder peer: what is
//! compared is the algorithm and not the language.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::ExitCode;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};

use super::report::exit;

/// How many lines come first.
const LINES: usize = 1_000;

/// How often it looks.
const INTERVAL: Duration = Duration::from_secs(1);

/// How often it asks.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// How long an answer may take.
const PONG: Duration = Duration::from_secs(5);

/// Serves any file to whoever asks, on a free port of this machine, until it is killed.
pub fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start the runtime");
    exit(runtime.and_then(|runtime| runtime.block_on(serve())))
}

async fn serve() -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    writeln!(std::io::stdout(), "listening on {}", listener.local_addr()?)?;
    loop {
        let (stream, _) = listener.accept().await?;
        // How a viewer ends is its own affair.
        tokio::spawn(view(stream));
    }
}

async fn view(stream: TcpStream) -> anyhow::Result<()> {
    let asked = OnceLock::new();
    // The shape of the callback is the library's.
    #[expect(clippy::result_large_err)]
    let remember = |request: &Request, response: Response| -> Result<Response, ErrorResponse> {
        let _ = asked.set(request.uri().path().to_owned());
        Ok(response)
    };
    let mut socket = tokio_tungstenite::accept_hdr_async(stream, remember).await?;
    let mut file = BufReader::new(File::open(asked.get().context("no path")?)?);
    let mut last = VecDeque::with_capacity(LINES);
    let mut line = String::new();
    while file.read_line(&mut line)? > 0 {
        if last.len() == LINES {
            last.pop_front();
        }
        last.push_back(std::mem::take(&mut line));
    }
    send(&mut socket, &last.into_iter().collect::<String>()).await?;
    let mut beat = Instant::now();
    loop {
        let mut appended = String::new();
        file.read_to_string(&mut appended)?;
        match appended.is_empty() {
            true => tokio::time::sleep(INTERVAL).await,
            false => send(&mut socket, &appended).await?,
        }
        if beat.elapsed() > HEARTBEAT {
            socket.send(Message::text("ping")).await?;
            let answer = tokio::time::timeout(PONG, socket.next()).await?.context("gone")??;
            anyhow::ensure!(answer.to_text()? == "pong", "no pong");
            beat = Instant::now();
        }
    }
}

async fn send(socket: &mut WebSocketStream<TcpStream>, lines: &str) -> anyhow::Result<()> {
    Ok(socket.send(Message::text(ansi_to_html::convert(lines)?)).await?)
}
