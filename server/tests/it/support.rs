//! A real server on a free port over a folder of its own.

use std::fs;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use server::Server;
use server::config::Config;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::socket::{ClientSocket, PATIENCE};

/// A server of one root, `logs`. Its folder goes with it.
pub struct TestServer {
    /// Where it listens.
    pub addr: SocketAddr,
    folder: PathBuf,
    shutdown: CancellationToken,
    served: JoinHandle<std::io::Result<()>>,
}

impl TestServer {
    /// Serves these files, without authentication.
    pub async fn start(files: &[(&str, &str)]) -> Self {
        Self::with_heartbeat(20, files).await
    }

    /// The same with a heartbeat of so many seconds.
    pub async fn with_heartbeat(secs: u64, files: &[(&str, &str)]) -> Self {
        Self::changed(files, |config| config.heartbeat = Duration::from_secs(secs)).await
    }

    /// The same with other settings.
    pub async fn changed(files: &[(&str, &str)], change: impl FnOnce(&mut Config)) -> Self {
        let folder = fresh_folder();
        let logs = folder.join("logs");
        fs::create_dir_all(&logs).expect("a folder");
        for (name, text) in files {
            fs::write(logs.join(name), text).expect("a file");
        }
        Self::serve(folder, change).await
    }

    /// Another server of the same files, as after a restart: it knows nothing of what this one has seen.
    pub async fn again(&self) -> Self {
        Self::serve(self.folder.clone(), |_| {}).await
    }

    async fn serve(folder: PathBuf, change: impl FnOnce(&mut Config)) -> Self {
        let logs = folder.join("logs");
        let mut config = Config::local(&[&logs]).expect("a configuration");
        config.heartbeat = Duration::from_secs(20);
        change(&mut config);
        config.data_dir = folder.join("data");
        let server = Server::new(config).expect("a server");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let addr = listener.local_addr().expect("an address");
        let shutdown = CancellationToken::new();
        let served = tokio::spawn(server.serve(listener, shutdown.clone()));
        Self { addr, folder, shutdown, served }
    }

    /// The file of that name.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join("logs").join(name)
    }

    /// Appends to a file, which is made if it is missing.
    pub fn append(&self, name: &str, text: &str) {
        let file = fs::OpenOptions::new().create(true).append(true).open(self.path(name));
        file.and_then(|mut file| file.write_all(text.as_bytes())).expect("written");
    }

    /// Replaces the content of a file in place.
    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("written");
    }

    /// Renames a file.
    pub fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).expect("renamed");
    }

    /// Deletes a file.
    pub fn remove(&self, name: &str) {
        fs::remove_file(self.path(name)).expect("deleted");
    }

    /// A socket of the viewer's protocol.
    pub async fn viewer(&self) -> ClientSocket {
        let url = format!("ws://{}{}", self.addr, taillight::wire::ENDPOINT);
        ClientSocket::connect(&url, &[]).await.expect("accepted")
    }

    /// A socket of the seed's stream, or the status it was refused with. `name` is written into the URL as it is.
    pub async fn seed(&self, name: &str, query: &str) -> Result<ClientSocket, u16> {
        let folder = self.path("");
        let folder = folder.to_str().expect("plain");
        ClientSocket::connect(&format!("ws://{}{folder}{name}?{query}", self.addr), &[]).await
    }

    /// The figure of that name, as `/metrics` tells it.
    pub async fn metric(&self, name: &str) -> u64 {
        let text = self.get("/metrics").await;
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("no {name} in {text}"))
    }

    /// The answer at that address, with its head.
    pub async fn get(&self, address: &str) -> String {
        let mut stream = TcpStream::connect(self.addr).await.expect("a connection");
        let request = format!("GET {address} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.addr);
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut text = String::new();
        stream.read_to_string(&mut text).await.expect("an answer");
        text
    }

    /// Begins the end.
    pub fn stop(&self) {
        self.shutdown.cancel();
    }

    /// Waits for the end.
    pub async fn stopped(mut self) {
        let served = tokio::time::timeout(PATIENCE, &mut self.served).await;
        served.expect("the server ends").expect("no panic").expect("no error");
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.shutdown.cancel();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A new folder under the system's temporary one, without symbolic links in its path.
pub fn fresh_folder() -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let base = fs::canonicalize(std::env::temp_dir()).unwrap_or_else(|_| Path::new("/tmp").to_owned());
    let folder = base.join(format!("taillight-it-{}-{number}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    folder
}
