//! Stand-in for the branch `door`, which owns this file: who asks.

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal;

impl Principal {
    /// The one reader of a server without authentication.
    pub fn local() -> Self {
        Self
    }
}

/// Stand-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthMode {
    /// Stand-in.
    Token,
    /// Stand-in.
    None,
}

/// Stand-in.
#[derive(Clone, Debug)]
pub struct AuthSetup {
    /// Stand-in.
    pub mode: AuthMode,
    /// Stand-in.
    pub token: Option<String>,
    /// Stand-in.
    pub hosts: Vec<String>,
    /// Stand-in.
    pub data_dir: Option<std::path::PathBuf>,
    /// Stand-in.
    pub lifetimes: sessions::Lifetimes,
}

/// Stand-in.
pub mod sessions {
    /// Stand-in.
    #[derive(Clone, Copy, Debug, Default)]
    pub struct Lifetimes {
        _rest: (),
    }
}
