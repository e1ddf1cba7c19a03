//! The server's setup, made of the settings.

use std::path::PathBuf;

use crate::Setup;
use crate::auth::sessions::Lifetimes;
use crate::auth::{self, AuthSetup};
use crate::catalog::{Catalog, RootError};
use crate::config::{AuthMode, Config, StartToken};
use crate::serve::Limits;

/// What a server with these settings is made of.
///
/// # Errors
/// When a root cannot be served.
pub fn of(config: Config) -> Result<Setup, RootError> {
    let connections = usize::try_from(config.limits.connections).unwrap_or(usize::MAX);
    Ok(Setup {
        catalog: Catalog::new(&config.roots)?,
        auth: AuthSetup {
            mode: match config.auth {
                AuthMode::Token => auth::AuthMode::Token,
                AuthMode::None => auth::AuthMode::None,
            },
            token: config.token.as_ref().map(StartToken::reveal).map(str::to_owned),
            hosts: config.hosts,
            data_dir: Some(config.data_dir),
            lifetimes: Lifetimes::default(),
        },
        base_path: config.base_path,
        heartbeat: config.heartbeat,
        site_root: site_root(),
        limits: Limits { connections, ..Limits::default() },
    })
}

/// The folder of the page's program, where it is not inside the binary: what `cargo leptos` says, else the `site`
/// beside the build's folder, so that the binary finds it from everywhere.
fn site_root() -> PathBuf {
    let named = std::env::var_os("LEPTOS_SITE_ROOT").filter(|dir| !dir.is_empty()).map(PathBuf::from);
    let beside = || Some(std::env::current_exe().ok()?.parent()?.parent()?.join("site")).filter(|dir| dir.is_dir());
    named.or_else(beside).unwrap_or_else(|| PathBuf::from("target/site"))
}
