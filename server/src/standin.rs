//! Stand-in for the branch `door`, which owns `Server`: answers `/healthz`, so that the commands can be tested.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::auth::{AuthMode, AuthSetup};
use crate::catalog::Catalog;
use crate::serve::Limits;

/// Stand-in.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Stand-in.
    pub catalog: Catalog,
    /// Stand-in.
    pub auth: AuthSetup,
    /// Stand-in.
    pub base_path: String,
    /// Stand-in.
    pub heartbeat: Duration,
    /// Stand-in.
    pub site_root: PathBuf,
    /// Stand-in.
    pub limits: Limits,
}

/// Stand-in.
#[derive(Debug)]
pub struct Server {
    setup: Setup,
}

impl Server {
    /// Stand-in.
    ///
    /// # Errors
    /// None.
    pub fn new(setup: Setup) -> io::Result<Self> {
        Ok(Self { setup })
    }

    /// What a person opens.
    pub fn url(&self, local: SocketAddr) -> String {
        let plain = format!("http://{local}{}/", self.setup.base_path);
        match self.setup.auth.mode {
            AuthMode::Token => format!("{plain}#token={}", self.setup.auth.token.as_deref().unwrap_or("x")),
            AuthMode::None => plain,
        }
    }

    /// Serves until `shutdown`.
    ///
    /// # Errors
    /// When accepting fails.
    pub async fn serve(self, listener: TcpListener, shutdown: CancellationToken) -> io::Result<()> {
        let page = Router::new().route(&format!("{}/healthz", self.setup.base_path), get(|| async { "ok" }));
        axum::serve(listener, page).with_graceful_shutdown(shutdown.cancelled_owned()).await
    }
}
