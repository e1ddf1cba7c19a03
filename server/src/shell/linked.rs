//! Links that say which file they mean (`fid`): after a rotation it has another name.

use std::io;

use taillight::path::LogPath;
use taillight::view::FileView;

use crate::auth::Principal;
use crate::catalog::OpenError;
use crate::state::AppState;

/// The path that the file of a link has now, where that is not the link's own. `None` also when the file is gone, or the
/// link names none: what has the name is shown then.
pub async fn moved_to(state: &AppState, who: &Principal, view: &FileView) -> Option<LogPath> {
    let fid = view.fid?;
    let (catalog, tails, who, path) = (state.catalog.clone(), state.tails.clone(), who.clone(), view.path.clone());
    let look = move || -> io::Result<Option<LogPath>> {
        match catalog.open(&who, &path) {
            Ok(file) => tails.path_of(&file, &fid),
            // Who asks for the page is told.
            Err(OpenError::Io(error)) => Err(error),
            Err(_) => Ok(None),
        }
    };
    state.tasks.blocking(look).await.unwrap_or_else(|error| {
        tracing::debug!(%error, "the file of a link could not be looked for");
        None
    })
}
