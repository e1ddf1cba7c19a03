//! A server over a folder with one log, and what every trial does with them.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::task::JoinHandle;
use trial::check::{Viewer, Wish};
use trial::folder::Folder;
use trial::proxy::Proxy;
use trial::server::Running;
use trial::storm::{Plan, Storm, Written};

/// How long anything may take on a machine that has other work; nothing takes as long when all is well.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// A server over a folder with the log `app.log`.
pub struct Scene {
    pub server: Running,
    pub folder: Folder,
}

impl Scene {
    /// The log is there and empty.
    pub fn new(flags: &[&str]) -> Self {
        Self::start_by(&[], flags)
    }

    /// The same, started by another program.
    pub fn start_by(prefix: &[&str], flags: &[&str]) -> Self {
        let folder = Folder::new().unwrap();
        std::fs::write(folder.join("app.log"), "").unwrap();
        let server = Running::start_by(prefix, folder.path(), flags).unwrap();
        Self { server, folder }
    }

    /// The log.
    pub fn log(&self) -> PathBuf {
        self.folder.join("app.log")
    }

    /// A viewer of the log that wants every line; it is open when this returns.
    pub async fn viewer(&self) -> Viewer {
        self.viewer_of(Wish::every_line(self.server.addr(), "logs/app.log")).await
    }

    pub async fn viewer_of(&self, wish: Wish) -> Viewer {
        let mut viewer = Viewer::new(wish).unwrap();
        viewer.until("a connection", PATIENCE, Viewer::is_open).await.unwrap();
        viewer
    }

    /// A viewer of the log that wants every line, through a proxy.
    pub fn through(&self, proxy: &Proxy) -> Wish {
        Wish { via: Some(proxy.addr()), ..Wish::every_line(self.server.addr(), "logs/app.log") }
    }

    /// So many viewers of the log, all open.
    pub async fn viewers(&self, n: usize, wish: &Wish) -> Vec<Viewer> {
        let opening = (0..n).map(|nth| self.viewer_of(Wish { seed: nth as u64, ..wish.clone() }));
        let mut viewers = Vec::new();
        for viewer in opening {
            viewers.push(viewer.await);
        }
        viewers
    }

    /// How many viewers the server has.
    pub fn n_viewers(&self) -> u64 {
        self.server.metric("taillight_viewers").unwrap()
    }

    /// A writer of the log.
    pub fn storm(&self, rate: u64) -> Storm {
        Storm::start(&Plan::new(&self.log(), rate)).unwrap()
    }
}

/// Waits for the last line of each writer; then everything must have come, once, whole and in order.
pub async fn all_came(viewer: &mut Viewer, written: &[Written]) {
    let arrived = viewer.until("the last line", PATIENCE, |viewer| viewer.check.has_all_of(written)).await;
    let faults = viewer.check.faults(written);
    assert!(arrived.is_ok() && faults.is_none(), "{arrived:?}\n{faults:?}\n{}", viewer.summary());
}

/// Waits for what no viewer sees.
pub async fn until(what: &str, is_reached: impl FnMut() -> bool) {
    until_within(PATIENCE, what, is_reached).await;
}

/// The same within a time; how long it took.
pub async fn until_within(limit: Duration, what: &str, mut is_reached: impl FnMut() -> bool) -> Duration {
    let begun = Instant::now();
    let mut look = tokio::time::interval(Duration::from_millis(10));
    while !is_reached() {
        assert!(begun.elapsed() < limit, "no {what} within {limit:?}");
        look.tick().await;
    }
    begun.elapsed()
}

/// Viewers that go on by themselves, each in a task, until they are taken back.
pub struct Crowd {
    end: watch::Sender<bool>,
    viewers: Vec<JoinHandle<anyhow::Result<Viewer>>>,
}

impl Crowd {
    /// Of viewers that are open.
    pub fn of(viewers: Vec<Viewer>) -> Self {
        let end = watch::Sender::new(false);
        let viewers = viewers
            .into_iter()
            .map(|mut viewer| {
                let mut ended = end.subscribe();
                tokio::spawn(async move {
                    let _ = viewer.during(ended.wait_for(|ended| *ended)).await?;
                    Ok(viewer)
                })
            })
            .collect();
        Self { end, viewers }
    }

    /// The viewers as they are now.
    pub async fn back(self) -> Vec<Viewer> {
        self.end.send_replace(true);
        let mut viewers = Vec::new();
        for viewer in self.viewers {
            viewers.push(viewer.await.unwrap().unwrap());
        }
        viewers
    }
}
