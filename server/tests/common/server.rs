//! A real server on a free port, and a small HTTP client that sends exactly what a test says.
#![allow(dead_code, clippy::unwrap_used, reason = "tests; and each file uses a part of this one")]

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use server::Server;
use server::config::{Config, Sources};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// The start token of servers with one.
pub const TOKEN: &str = "5f2c0de5f2c0de5f2c0de5f2c0de5f2c0de5f2c0de5f2c0de5f2c0de5f2c0de0";

/// How long a test waits for what must come.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// A folder that goes away with the test.
pub struct Scratch(PathBuf);

impl Scratch {
    pub fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("taillight-door-{}-{number}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(folder.join("logs")).unwrap();
        Self(folder)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The folder that is served, as the root `logs`.
    pub fn logs(&self) -> PathBuf {
        self.0.join("logs")
    }

    pub fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.logs().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A running server. It ends with the test.
pub struct TestServer {
    pub addr: SocketAddr,
    pub url: String,
    shutdown: CancellationToken,
    running: JoinHandle<std::io::Result<()>>,
}

impl TestServer {
    /// A server of `scratch` with more settings.
    pub async fn start(scratch: &Scratch, flags: &[(&'static str, &str)]) -> Self {
        Self::start_at(scratch, flags, "127.0.0.1:0", |server| server).await
    }

    pub async fn start_at(
        scratch: &Scratch,
        flags: &[(&'static str, &str)],
        listen: &str,
        change: impl FnOnce(Server) -> Server,
    ) -> Self {
        let mut flags: Vec<(&'static str, String)> =
            flags.iter().map(|&(key, value)| (key, value.to_owned())).collect();
        flags.push(("listen", "127.0.0.1:0".to_owned()));
        flags.push(("data_dir", scratch.path().join("data").to_string_lossy().into_owned()));
        let is_open = flags.iter().any(|(key, value)| *key == "auth" && value == "none");
        let token = if is_open { vec![] } else { vec![("TAILLIGHT_TOKEN".into(), TOKEN.into())] };
        let hosts = ("TAILLIGHT_HOSTS".into(), "logs.example,https://tls.example,odd.example:9000".into());
        let env = token.into_iter().chain([hosts]).collect();
        let sources = Sources { flags, paths: vec![scratch.logs().into_os_string()], env, ..Sources::default() };
        let server =
            change(Server::new(Config::load(&sources).unwrap()).unwrap().with_site_root(scratch.path().join("site")));
        let listener = TcpListener::bind(listen).await.unwrap();
        let addr = listener.local_addr().unwrap();
        let url = server.url(addr);
        let shutdown = CancellationToken::new();
        let running = tokio::spawn(server.serve(listener, shutdown.clone()));
        Self { addr, url, shutdown, running }
    }

    /// Asks the server to end.
    pub fn shut_down(&self) {
        self.shutdown.cancel();
    }

    /// Ends the server and waits for it.
    pub async fn stop(self) {
        self.shutdown.cancel();
        tokio::time::timeout(DEADLINE, self.running).await.expect("the server ends in time").unwrap().unwrap();
    }

    /// Sends a request: method, path and headers. `Host` is ours unless given.
    pub async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut text = format!("{method} {path} HTTP/1.1\r\n");
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
            text += &format!("Host: {}\r\n", self.addr);
        }
        for (name, value) in headers.iter().filter(|(_, value)| *value != "-") {
            text += &format!("{name}: {value}\r\n");
        }
        let is_upgrade = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("upgrade"));
        if !is_upgrade {
            text += "Connection: close\r\n";
        }
        if !body.is_empty() {
            text += &format!("Content-Length: {}\r\n", body.len());
        }
        text += "\r\n";
        text += body;
        let mut stream = TcpStream::connect(self.addr).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        Answer::read(&mut stream, method == "HEAD" || is_upgrade).await
    }

    /// A GET.
    pub async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.send("GET", path, headers, "").await
    }

    /// Logs in with the start token and returns the cookie.
    pub async fn log_in(&self) -> String {
        let answer = self.post_form("/login", &format!("token={TOKEN}&next=%2F"), &[]).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        answer.header("set-cookie").split(';').next().unwrap().to_owned()
    }

    /// Posts a form.
    pub async fn post_form(&self, path: &str, form: &str, headers: &[(&str, &str)]) -> Answer {
        let form_type = [("Content-Type", "application/x-www-form-urlencoded")];
        self.send("POST", path, &[&form_type, headers].concat(), form).await
    }
}

/// What a server answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    async fn read(stream: &mut TcpStream, head_only: bool) -> Self {
        let mut bytes = Vec::new();
        let mut buf = [0; 16 * 1024];
        let reading = async {
            loop {
                let has_head = bytes.windows(4).any(|window| window == b"\r\n\r\n");
                if head_only && has_head {
                    break;
                }
                match stream.read(&mut buf).await {
                    Ok(0) | Err(_) => break,
                    Ok(n) => bytes.extend_from_slice(&buf[..n]),
                }
            }
        };
        tokio::time::timeout(DEADLINE, reading).await.expect("the server answers in time");
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        Self { status, head: head.to_owned(), body: body.to_owned() }
    }

    /// A header's value; empty without one.
    pub fn header(&self, name: &str) -> &str {
        let named = |line: &&str| line.split_once(':').is_some_and(|(given, _)| given.eq_ignore_ascii_case(name));
        self.head.lines().find(named).and_then(|line| line.split_once(": ")).map_or("", |(_, value)| value)
    }
}
