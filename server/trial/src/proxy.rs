//! A network that fails: a proxy on this machine that forwards, holds, closes or resets, and can be slow.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::{CancellationToken, DropGuard};

/// What is read at a time, in bytes.
const PIECE_BYTES: usize = 16 * 1024;

/// What a slow proxy takes from the server beyond what it has passed on, in bytes: the queue is the server's.
const SLOW_BUFFER_BYTES: u32 = 16 * 1024;

/// What becomes of connections.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fate {
    /// Everything is passed on.
    #[default]
    Forward,
    /// Nothing is, and nobody is told: a half-open connection.
    Hold,
    /// Both ends are closed.
    Cut,
    /// Both ends are reset.
    Reset,
}

/// A proxy, until it is dropped. It runs on the runtime it was started in.
#[derive(Debug)]
pub struct Proxy {
    addr: SocketAddr,
    shared: Arc<Shared>,
    _guard: DropGuard,
}

#[derive(Debug)]
struct Shared {
    target: SocketAddr,
    /// Bytes per second to the client, for each connection; 0 for no limit.
    rate: u64,
    order: watch::Sender<Order>,
    n_accepted: AtomicU64,
    n_open: AtomicU64,
    n_failed: AtomicU64,
    down: AtomicU64,
    up: AtomicU64,
}

/// What becomes of the connections up to a number; later ones are forwarded.
#[derive(Clone, Copy, Debug, Default)]
struct Order {
    up_to: u64,
    fate: Fate,
}

impl Proxy {
    /// Passes connections on to `target`.
    ///
    /// # Errors
    /// When there is no free port.
    pub async fn start(target: SocketAddr) -> io::Result<Self> {
        Self::with_rate(target, 0).await
    }

    /// The same, with at most `rate` bytes per second to the client on each connection.
    ///
    /// # Errors
    /// When there is no free port.
    pub async fn with_rate(target: SocketAddr, rate: u64) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        Self::over(listener, target, rate)
    }

    /// The same over a listener.
    ///
    /// # Errors
    /// When it has no address.
    pub fn over(listener: TcpListener, target: SocketAddr, rate: u64) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            target,
            rate,
            order: watch::Sender::default(),
            n_accepted: AtomicU64::new(0),
            n_open: AtomicU64::new(0),
            n_failed: AtomicU64::new(0),
            down: AtomicU64::new(0),
            up: AtomicU64::new(0),
        });
        let addr = listener.local_addr()?;
        let end = CancellationToken::new();
        tokio::spawn(end.clone().run_until_cancelled_owned(accept(listener, Arc::clone(&shared), end.clone())));
        Ok(Self { addr, shared, _guard: end.drop_guard() })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// What becomes of all connections that were made so far; those to come are forwarded. What was held and is forwarded
    /// now is delivered, as by a link that was down for a while.
    pub fn all(&self, fate: Fate) {
        let up_to = self.shared.n_accepted.load(Ordering::SeqCst);
        self.shared.order.send_replace(Order { up_to, fate });
    }

    /// What becomes of all connections, those to come too.
    pub fn always(&self, fate: Fate) {
        self.shared.order.send_replace(Order { up_to: u64::MAX, fate });
    }

    /// How many connections were made.
    pub fn n_accepted(&self) -> u64 {
        self.shared.n_accepted.load(Ordering::SeqCst)
    }

    /// How many connections are open now.
    pub fn n_open(&self) -> u64 {
        self.shared.n_open.load(Ordering::SeqCst)
    }

    /// How many connections could not be passed on, because nobody listens.
    pub fn n_failed(&self) -> u64 {
        self.shared.n_failed.load(Ordering::SeqCst)
    }

    /// Bytes that were passed on to clients.
    pub fn down(&self) -> u64 {
        self.shared.down.load(Ordering::SeqCst)
    }

    /// Bytes that were passed on to the server.
    pub fn up(&self) -> u64 {
        self.shared.up.load(Ordering::SeqCst)
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>, end: CancellationToken) {
    loop {
        let Ok((client, _)) = listener.accept().await else {
            // No free handle: that passes.
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        let number = shared.n_accepted.fetch_add(1, Ordering::SeqCst) + 1;
        let shared = Arc::clone(&shared);
        tokio::spawn(end.clone().run_until_cancelled_owned(async move {
            shared.n_open.fetch_add(1, Ordering::SeqCst);
            if pass_on(client, &shared, number).await.is_err() {
                shared.n_failed.fetch_add(1, Ordering::SeqCst);
            }
            shared.n_open.fetch_sub(1, Ordering::SeqCst);
        }));
    }
}

/// One connection, until an end of it closes, or its fate ends it.
async fn pass_on(client: TcpStream, shared: &Shared, number: u64) -> io::Result<()> {
    let socket = TcpSocket::new_v4()?;
    if shared.rate > 0 {
        socket.set_recv_buffer_size(SLOW_BUFFER_BYTES)?;
    }
    let server = socket.connect(shared.target).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let mut order = shared.order.subscribe();
    let (client_in, client_out) = client.into_split();
    let (server_in, server_out) = server.into_split();
    let mut down = Way::new(server_in, client_out, shared.rate, &shared.down);
    let mut up = Way::new(client_in, server_out, 0, &shared.up);
    while !(down.is_over && up.is_over) {
        let mine = *order.borrow_and_update();
        match if number <= mine.up_to { mine.fate } else { Fate::Forward } {
            Fate::Cut => return Ok(()),
            Fate::Reset => {
                down.from.as_ref().set_zero_linger()?;
                up.from.as_ref().set_zero_linger()?;
                // Dropped otherwise, it would say a proper end first.
                down.to.forget();
                up.to.forget();
                return Ok(());
            }
            // An error says that the proxy has ended.
            Fate::Hold => order.changed().await.map_err(io::Error::other)?,
            Fate::Forward => tokio::select! {
                changed = order.changed() => changed.map_err(io::Error::other)?,
                moved = down.step(), if !down.is_over => moved?,
                moved = up.step(), if !up.is_over => moved?,
            },
        }
    }
    Ok(())
}

/// One direction of a connection. Its steps can be given up at any time without losing a byte.
struct Way<'a> {
    from: OwnedReadHalf,
    to: OwnedWriteHalf,
    rate: u64,
    n_passed: &'a AtomicU64,
    /// What was read, of which `at` to `end` has not been written.
    piece: Vec<u8>,
    at: usize,
    end: usize,
    /// When a slow way may write again.
    ready: Instant,
    is_over: bool,
}

impl<'a> Way<'a> {
    fn new(from: OwnedReadHalf, to: OwnedWriteHalf, rate: u64, n_passed: &'a AtomicU64) -> Self {
        // A slow way writes at least 20 times a second.
        let len = if rate == 0 { PIECE_BYTES } else { PIECE_BYTES.min(rate as usize / 20 + 1) };
        Self { from, to, rate, n_passed, piece: vec![0; len], at: 0, end: 0, ready: Instant::now(), is_over: false }
    }

    async fn step(&mut self) -> io::Result<()> {
        if self.at == self.end {
            self.end = self.from.read(&mut self.piece).await?;
            self.at = 0;
            if self.end == 0 {
                self.is_over = true;
                return self.to.shutdown().await;
            }
        }
        if self.rate > 0 {
            sleep_until(self.ready).await;
        }
        let n_written = self.to.write(&self.piece[self.at..self.end]).await?;
        self.at += n_written;
        self.n_passed.fetch_add(n_written as u64, Ordering::SeqCst);
        if self.rate > 0 {
            self.ready = Instant::now() + Duration::from_secs_f64(n_written as f64 / self.rate as f64);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn pair(rate: u64) -> (Proxy, TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = Proxy::with_rate(listener.local_addr().unwrap(), rate).await.unwrap();
        let client = TcpStream::connect(proxy.addr()).await.unwrap();
        let (server, _) = listener.accept().await.unwrap();
        (proxy, client, server)
    }

    #[tokio::test]
    async fn what_was_held_comes_when_the_link_is_back() {
        let (proxy, mut client, mut server) = pair(0).await;
        let mut four = [0; 4];
        server.write_all(b"down").await.unwrap();
        client.read_exact(&mut four).await.unwrap();
        proxy.all(Fate::Hold);
        server.write_all(b"held").await.unwrap();
        client.write_all(b"held").await.unwrap();
        let mut other = TcpStream::connect(proxy.addr()).await.unwrap();
        other.write_all(b"x").await.unwrap();
        proxy.all(Fate::Forward);
        client.read_exact(&mut four).await.unwrap();
        assert_eq!(&four, b"held");
        server.read_exact(&mut four).await.unwrap();
        assert_eq!((&four, proxy.down(), proxy.n_accepted()), (b"held", 8, 2));
    }

    #[tokio::test]
    async fn a_reset_is_an_error_at_both_ends() {
        let (proxy, mut client, mut server) = pair(0).await;
        client.write_all(b"up").await.unwrap();
        let mut two = [0; 2];
        server.read_exact(&mut two).await.unwrap();
        proxy.all(Fate::Reset);
        for end in [&mut client, &mut server] {
            assert_eq!(end.read(&mut two).await.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
        }
    }

    #[tokio::test]
    async fn a_slow_way_takes_its_time() {
        let (_proxy, mut client, mut server) = pair(100_000).await;
        let begun = Instant::now();
        let sending = tokio::spawn(async move { server.write_all(&[7; 40_000]).await });
        client.read_exact(&mut [0; 40_000]).await.unwrap();
        sending.await.unwrap().unwrap();
        assert!(begun.elapsed() > Duration::from_millis(300), "{:?}", begun.elapsed());
    }
}
