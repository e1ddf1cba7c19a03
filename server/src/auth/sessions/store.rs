//! The file of the sessions: read once, replaced as a whole, readable by its owner only.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::Session;

/// The name of the file in the data directory.
pub const FILE_NAME: &str = "sessions.json";

/// What is read of it at most, in bytes: several times what the most sessions need.
const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// Where sessions are kept.
#[derive(Debug)]
pub struct Store {
    folder: PathBuf,
    /// Held while writing. Whoever has it takes the sessions as they are then, so the last write has the latest.
    writing: Mutex<Health>,
}

/// Whether the last write went well: a folder that cannot be written is told once, not at each write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Health {
    Good,
    Failing,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    version: u32,
    sessions: Vec<Session>,
}

impl Store {
    /// The store in `folder`, which is made when something is written.
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), writing: Mutex::new(Health::Good) }
    }

    /// What is kept; nothing when there is no file or it cannot be read (blocking).
    pub fn load(&self) -> Vec<Session> {
        match self.read() {
            Ok(kept) if kept.version == 1 => kept.sessions,
            Ok(_) => Vec::new(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => {
                tracing::warn!(%error, "cannot read the sessions of the data directory: everybody logs in again");
                Vec::new()
            }
        }
    }

    /// Replaces the file by what `sessions` gives (blocking).
    pub fn save(&self, sessions: impl FnOnce() -> Vec<Session>) {
        let mut health = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let outcome = self.replace(&Kept { version: 1, sessions: sessions() });
        if let Err(error) = &outcome
            && *health == Health::Good
        {
            tracing::warn!(%error, "cannot write to the data directory: sessions end when the server does");
        }
        *health = if outcome.is_ok() { Health::Good } else { Health::Failing };
    }

    fn read(&self) -> io::Result<Kept> {
        let mut text = Vec::new();
        fs::File::open(self.folder.join(FILE_NAME))?.take(MAX_FILE_BYTES).read_to_end(&mut text)?;
        serde_json::from_slice(&text).map_err(io::Error::other)
    }

    fn replace(&self, kept: &Kept) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
        let temporary = self.folder.join(format!(".{FILE_NAME}.{}", std::process::id()));
        // A rest of a process that had this number before us.
        if let Err(error) = fs::remove_file(&temporary)
            && error.kind() != io::ErrorKind::NotFound
        {
            return Err(error);
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
        file.write_all(&serde_json::to_vec(kept).map_err(io::Error::other)?)?;
        file.sync_data()?;
        fs::rename(&temporary, self.folder.join(FILE_NAME))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::auth::secret::Digest;

    fn scratch(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("taillight-store-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        folder
    }

    fn session(id: &[u8]) -> Session {
        Session { id: Digest::of(id), name: "ann".to_owned(), admin: true, began: 1, used: 2, saved: 0 }
    }

    #[test]
    fn what_is_saved_is_loaded_and_only_the_owner_reads_it() {
        let folder = scratch("round");
        let store = Store::new(&folder);
        assert_eq!(store.load(), []);
        store.save(|| vec![session(b"a")]);
        store.save(|| vec![session(b"a"), session(b"b")]);
        assert_eq!(Store::new(&folder).load(), [session(b"a"), session(b"b")]);
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&folder), mode(&folder.join(FILE_NAME))), (0o700, 0o600));
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "no temporary file stays");
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_broken_file_or_folder_is_no_error() {
        let folder = scratch("broken");
        fs::create_dir_all(&folder).unwrap();
        for text in ["", "{", "[]", r#"{"version":2,"sessions":[]}"#, r#"{"version":1,"sessions":[{"id":"x"}]}"#] {
            fs::write(folder.join(FILE_NAME), text).unwrap();
            assert_eq!(Store::new(&folder).load(), [], "{text:?}");
        }
        let below_a_file = Store::new(&folder.join(FILE_NAME).join("x"));
        below_a_file.save(|| vec![session(b"a")]);
        assert_eq!(below_a_file.load(), []);
        fs::remove_dir_all(&folder).unwrap();
    }
}
