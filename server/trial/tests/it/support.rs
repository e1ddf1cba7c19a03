//! A server over a folder with one log, and what every trial does with them.

use std::path::PathBuf;
use std::time::Duration;

use trial::check::{Viewer, Wish};
use trial::folder::Folder;
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
