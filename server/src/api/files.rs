//! `GET /api/v1/files`: what is in a folder.

use axum::Json;
use axum::extract::{RawQuery, State};
use taillight::path::{LogPath, percent_decode};
use taillight::wire::Listing;

use crate::auth::Principal;
use crate::catalog::Catalog;
use crate::error::ApiError;
use crate::tasks::Tasks;

/// What is asked for.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct FilesParams {
    /// The folder; the roots without one.
    pub path: Option<LogPath>,
    /// The `next` of the page before.
    pub after: Option<String>,
}

/// Lists a folder, or the roots. Names can be bytes that are no text, so the query is read raw.
///
/// # Errors
/// [`ApiError::NotFound`] for what is no folder of ours, [`ApiError::BadRequest`] for parameters that are no text.
pub async fn list(
    State(catalog): State<Catalog>,
    State(tasks): State<Tasks>,
    who: Principal,
    RawQuery(query): RawQuery,
) -> Result<Json<Listing>, ApiError> {
    let params = FilesParams::parse(query.as_deref().unwrap_or_default())?;
    let listing = tasks.blocking(move || catalog.list(&who, params.path.as_ref(), params.after.as_deref())).await?;
    Ok(Json(listing))
}

impl FilesParams {
    /// Reads `path=ROOT/DIR&after=…`; the last of several counts, others are ignored.
    fn parse(query: &str) -> Result<Self, ApiError> {
        let mut params = Self::default();
        for pair in query.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            match name {
                "path" => params.path = folder(value)?,
                "after" => params.after = Some(text(value)?),
                _ => {}
            }
        }
        Ok(params)
    }
}

/// A folder's path as a query has it: percent-encoded as in a link, or with its slashes encoded too.
pub(super) fn folder(value: &str) -> Result<Option<LogPath>, ApiError> {
    let decoded = percent_decode(value).map_err(|_| ApiError::NotFound)?;
    let decoded = decoded.strip_suffix(b"/").unwrap_or(&decoded);
    if decoded.is_empty() {
        return Ok(None);
    }
    let components = decoded.split(|&byte| byte == b'/');
    LogPath::from_components(components).map(Some).map_err(|_| ApiError::NotFound)
}

fn text(value: &str) -> Result<String, ApiError> {
    let decoded = percent_decode(value).ok().and_then(|decoded| String::from_utf8(decoded.into_owned()).ok());
    decoded.ok_or_else(|| ApiError::BadRequest { detail: "expected 'after' to be what 'next' said".to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_named_in_either_spelling_and_nothing_is_cleaned() {
        let cases = [
            ("", Some(None)),
            ("path=", Some(None)),
            ("path=app", Some(Some("app"))),
            ("path=app/", Some(Some("app"))),
            ("path=app/sub%20dir", Some(Some("app/sub%20dir"))),
            ("path=app%2Fsub%20dir", Some(Some("app/sub%20dir"))),
            ("path=app/%ff", Some(Some("app/%FF"))),
            ("path=/app", None),
            ("path=app//x", None),
            ("path=app/..", None),
            ("path=app/%2e%2e/x", None),
            ("path=app%00", None),
            ("path=app%zz", None),
        ];
        for (query, expected) in cases {
            let path = FilesParams::parse(query).ok().map(|params| params.path.map(|path| path.to_string()));
            assert_eq!(path, expected.map(|path| path.map(str::to_owned)), "{query:?}");
        }
        assert_eq!(FilesParams::parse("after=a%2Fb&x=1").unwrap().after.as_deref(), Some("a/b"));
        assert!(FilesParams::parse("after=%ff").is_err());
    }
}
