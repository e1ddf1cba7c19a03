//! Stand-in for the branch `door`, which owns `Server`: answers `/healthz`, so that the commands can be tested.

use std::io;
use std::net::SocketAddr;

use axum::Router;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::catalog::{Catalog, RootError};
use crate::config::{AuthMode, Config};

/// Stand-in.
#[derive(Debug)]
pub struct Server {
    config: Config,
}

/// Stand-in.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Stand-in.
    #[error(transparent)]
    Root(#[from] RootError),
    /// Stand-in.
    #[error("{0}")]
    Random(#[source] io::Error),
}

impl Server {
    /// Stand-in.
    ///
    /// # Errors
    /// When a root cannot be served.
    pub fn new(config: Config) -> Result<Self, StartError> {
        Catalog::new(&config.roots)?;
        Ok(Self { config })
    }

    /// What a person opens.
    pub fn url(&self, local: SocketAddr) -> String {
        let plain = format!("http://{local}{}/", self.config.base_path);
        let token = self.config.token.as_ref().map_or("x", |token| token.reveal());
        if self.config.auth == AuthMode::None { plain } else { format!("{plain}#token={token}") }
    }

    /// Serves until `shutdown`.
    ///
    /// # Errors
    /// When accepting fails.
    pub async fn serve(self, listener: TcpListener, shutdown: CancellationToken) -> io::Result<()> {
        let page = Router::new().route(&format!("{}/healthz", self.config.base_path), get(|| async { "ok" }));
        axum::serve(listener, page).with_graceful_shutdown(shutdown.cancelled_owned()).await
    }
}
