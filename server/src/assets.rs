//! The page's program, style and pictures: from the site folder while developing, from inside the binary with the feature
//! `embed`. Compressed forms that the build left beside a file are sent to who takes them.

#[cfg(feature = "embed")]
mod embedded;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderValue, IF_NONE_MATCH, VARY,
};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use crate::error::ApiError;
use crate::shell::plain;
use crate::tasks::Tasks;

/// The page's program and style, below the base path. Without one of them the page was not built.
pub const PROGRAM: [&str; 3] = ["/pkg/taillight.js", "/pkg/taillight.wasm", "/pkg/taillight.css"];

/// What a file is at most, in bytes.
#[cfg(not(feature = "embed"))]
const MAX_FILE_BYTES: u64 = 64 * 1024 * 1024;

/// Where assets come from. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Assets {
    #[cfg_attr(feature = "embed", expect(dead_code, reason = "everything is inside the binary"))]
    site_root: Arc<Path>,
    version: Arc<str>,
}

/// A file's bytes, in the form that is sent.
#[derive(Debug)]
struct Asset {
    bytes: Bytes,
    /// `br` or `gzip`, where it is compressed.
    encoding: Option<&'static str>,
}

/// The site folder: `LEPTOS_SITE_ROOT`, which cargo-leptos sets, or where it puts it.
pub fn site_root() -> PathBuf {
    std::env::var_os("LEPTOS_SITE_ROOT").map_or_else(|| PathBuf::from("target/site"), PathBuf::from)
}

impl Assets {
    /// Assets of the site folder `site_root`, or of the binary with the feature `embed` (blocking).
    pub fn new(site_root: PathBuf) -> Self {
        let assets = Self { site_root: Arc::from(site_root), version: Arc::from("") };
        let version = assets.hash_of_program();
        Self { version: Arc::from(version), ..assets }
    }

    /// What `?v=` says: it changes when the program does, so that browsers may keep what has one for ever.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Whether the page was built.
    pub fn is_built(&self) -> bool {
        !self.version.is_empty()
    }

    fn hash_of_program(&self) -> String {
        let mut hash = Sha256::new();
        for path in PROGRAM {
            let Some(asset) = self.read(path, None).ok().flatten() else { return String::new() };
            hash.update(&asset.bytes);
        }
        hash.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect()
    }

    /// The file of `path`, in the compressed form `encoding` or as it is (blocking).
    fn read(&self, path: &str, encoding: Option<&'static str>) -> io::Result<Option<Asset>> {
        let Some(name) = plain_name(path) else { return Ok(None) };
        let name = match encoding {
            Some("br") => format!("{name}.br"),
            Some("gzip") => format!("{name}.gz"),
            _ => name.to_owned(),
        };
        Ok(self.bytes_of(&name)?.map(|bytes| Asset { bytes, encoding }))
    }

    #[cfg(feature = "embed")]
    fn bytes_of(&self, name: &str) -> io::Result<Option<Bytes>> {
        Ok(embedded::get(name))
    }

    #[cfg(not(feature = "embed"))]
    fn bytes_of(&self, name: &str) -> io::Result<Option<Bytes>> {
        let path = self.site_root.join(name);
        match std::fs::metadata(&path) {
            Ok(facts) if facts.is_file() && facts.len() <= MAX_FILE_BYTES => {
                std::fs::read(path).map(|read| Some(read.into()))
            }
            Ok(_) => Ok(None),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Sends a file of the page.
///
/// # Errors
/// [`ApiError::NotFound`]; for the program itself with the way to build it.
pub async fn file(
    State(assets): State<Assets>,
    State(tasks): State<Tasks>,
    request: Request,
) -> Result<Response, ApiError> {
    let path = request.uri().path().to_owned();
    let is_versioned = request.uri().query().is_some_and(|query| query.starts_with("v="));
    let wanted = encodings(request.headers());
    let name = path.clone();
    let found = tasks.blocking(move || find(&assets, &name, &wanted)).await.map_err(ApiError::internal)?;
    match found {
        Some(asset) => Ok(answer(&path, asset, is_versioned, request.headers())),
        None if PROGRAM.contains(&path.as_str()) => Ok(not_built()),
        None => Err(ApiError::NotFound),
    }
}

/// The style sheet of the plain pages.
pub async fn plain_style(headers: HeaderMap) -> Response {
    let asset = Asset { bytes: Bytes::from_static(plain::STYLE.as_bytes()), encoding: None };
    answer(plain::STYLE_PATH, asset, false, &headers)
}

fn find(assets: &Assets, path: &str, wanted: &[&'static str]) -> io::Result<Option<Asset>> {
    for &encoding in wanted {
        if let Some(asset) = assets.read(path, Some(encoding))? {
            return Ok(Some(asset));
        }
    }
    assets.read(path, None)
}

fn answer(path: &str, asset: Asset, is_versioned: bool, headers: &HeaderMap) -> Response {
    let hash = Sha256::digest(&asset.bytes);
    let tag: String = hash.iter().take(12).map(|byte| format!("{byte:02x}")).collect();
    let tag = format!("\"{tag}\"");
    let is_known =
        headers.get(IF_NONE_MATCH).and_then(|known| known.to_str().ok()).is_some_and(|known| known.contains(&tag));
    let mut response = if is_known { StatusCode::NOT_MODIFIED.into_response() } else { asset.bytes.into_response() };
    let headers = response.headers_mut();
    let mut set = |name, value: &str| HeaderValue::from_str(value).map(|value| headers.insert(name, value)).is_ok();
    set(CONTENT_TYPE, content_type(path));
    set(ETAG, &tag);
    set(VARY, "accept-encoding");
    set(CACHE_CONTROL, if is_versioned { "public, max-age=31536000, immutable" } else { "no-cache" });
    if let Some(encoding) = asset.encoding {
        set(CONTENT_ENCODING, encoding);
    }
    response
}

fn not_built() -> Response {
    let text = "the page was not built: run 'cargo xtask serve', which builds and serves it\n";
    (StatusCode::NOT_FOUND, [(CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}

/// The compressed forms that a client takes, best first. A form with `q=0` is refused; other weights do not matter.
fn encodings(headers: &HeaderMap) -> Vec<&'static str> {
    let accepted: Vec<(String, bool)> = headers
        .get_all(ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|part| {
            let (name, weight) = part.split_once(';').unwrap_or((part, ""));
            let weight = weight.trim().strip_prefix("q=").and_then(|weight| weight.trim().parse::<f32>().ok());
            (name.trim().to_ascii_lowercase(), weight.is_none_or(|weight| weight > 0.0))
        })
        .collect();
    ["br", "gzip"]
        .into_iter()
        .filter(|form| accepted.iter().any(|(name, is_taken)| name == form && *is_taken))
        .collect()
}

/// The name of a file below the site folder: plain components only, and none that begins with a dot.
fn plain_name(path: &str) -> Option<&str> {
    let name = path.strip_prefix('/')?;
    let is_plain = |part: &str| {
        let is_known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
        !part.is_empty() && !part.starts_with('.') && part.bytes().all(is_known)
    };
    name.split('/').all(is_plain).then_some(name)
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "js" => "text/javascript; charset=utf-8",
        "wasm" => "application/wasm",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "ico" => "image/x-icon",
        "png" => "image/png",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        "webmanifest" => "application/manifest+json",
        "json" | "map" => "application/json",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_are_looked_up() {
        let cases = [
            ("/pkg/taillight.js", true),
            ("/favicon.svg", true),
            ("/pkg/../../Cargo.toml", false),
            ("/pkg/%2e%2e/x", false),
            ("/pkg//x", false),
            ("/pkg/.hidden", false),
            ("/pkg/a\\b", false),
            ("pkg/x", false),
            ("/", false),
        ];
        for (path, is_plain) in cases {
            assert_eq!(plain_name(path).is_some(), is_plain, "{path:?}");
        }
    }

    #[test]
    fn compressed_forms_are_for_who_takes_them() {
        let cases: [(&str, &[&str]); 6] = [
            ("gzip, deflate, br, zstd", &["br", "gzip"]),
            ("gzip", &["gzip"]),
            ("br;q=0, gzip;q=0.5", &["gzip"]),
            ("BR", &["br"]),
            ("identity", &[]),
            ("", &[]),
        ];
        for (accepted, expected) in cases {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(accepted));
            assert_eq!(encodings(&headers), expected, "{accepted:?}");
        }
    }
}
