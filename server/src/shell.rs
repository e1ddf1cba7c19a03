//! The pages of the application: what is asked for is read from the raw address, the first screen is made, the document is
//! written. Routers decode paths in ways of their own; the core's `view::link` is what both sides agree on.

pub mod document;
pub mod first;
mod linked;
pub mod nonce;
pub mod plain;

use app::boot::{Boot, Screen};
use axum::extract::{RawQuery, Request, State};
use axum::http::header::{HeaderValue, LOCATION};
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use taillight::path::LogPath;
use taillight::view::{FileView, Page, ViewState, link};

use crate::auth::Principal;
use crate::catalog::OpenError;
use crate::error::ApiError;
use crate::state::AppState;

/// `/` and `/v/…`: the page with its first screen in it.
pub async fn page(State(state): State<AppState>, who: Principal, uri: Uri) -> Response {
    let address = uri.path_and_query().map_or("/", |address| address.as_str()).to_owned();
    page_at(state, who, address).await
}

/// The base path with a slash, which a nested router does not know as its `/`.
pub async fn home(State(state): State<AppState>, who: Principal, RawQuery(query): RawQuery) -> Response {
    page_at(state, who, query.map_or_else(|| "/".to_owned(), |query| format!("/?{query}"))).await
}

async fn page_at(state: AppState, who: Principal, address: String) -> Response {
    let Ok(link) = link::read(&address) else { return problem(&state, &address, ApiError::NotFound) };
    if let Page::File(view) = &link.state.page
        && let Some(path) = linked::moved_to(&state, &who, view).await
    {
        return see_other(&state, &ViewState::from(FileView { path, ..view.clone() }).to_string());
    }
    let screen = match link.state.page {
        Page::Files { folder } => files(&state, who, folder).await,
        Page::File(view) => match first::screen(&state, &who, &view).await {
            Ok(screen) => Ok(Screen::File(Box::new(screen))),
            Err(first::Failure::Open(OpenError::IsFolder)) => return to_folder(&state, &view.path),
            Err(failure) => Err(failure.into()),
        },
    };
    match screen {
        Ok(screen) => document::answer(&state, boot(&state, address, screen)),
        Err(error) => problem(&state, &address, error),
    }
}

/// The page for an address that is none; `None` when a program asks.
pub fn missing(state: &AppState, request: &Request) -> Option<Response> {
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    let path = state.facts.below(request.uri().path());
    let is_program = path.starts_with("/api/") || path.starts_with("/raw/");
    (is_read && !is_program).then(|| plain::problem(&state.facts.base, ApiError::NotFound))
}

fn boot(state: &AppState, address: String, screen: Screen) -> Boot {
    Boot { base: state.facts.base.clone(), pattern_bytes: state.facts.pattern_bytes, address, screen }
}

async fn files(state: &AppState, who: Principal, folder: Option<LogPath>) -> Result<Screen, ApiError> {
    let catalog = state.catalog.clone();
    let wanted = folder.clone();
    let listing = state.tasks.blocking(move || catalog.list(&who, wanted.as_ref(), None)).await?;
    Ok(Screen::Files { folder, listing })
}

/// Who asks for a folder as if it were a file wants to see what is in it.
fn to_folder(state: &AppState, folder: &LogPath) -> Response {
    see_other(state, &link::folder_link(Some(folder)))
}

fn see_other(state: &AppState, address: &str) -> Response {
    let location = state.facts.url(address);
    let location = HeaderValue::from_str(&location).unwrap_or(HeaderValue::from_static("/"));
    (StatusCode::SEE_OTHER, [(LOCATION, location)]).into_response()
}

/// What went wrong, as a page of the application.
fn problem(state: &AppState, address: &str, error: ApiError) -> Response {
    let facts = error.problem();
    let screen = Screen::Problem {
        status: facts.status,
        title: plain::capitalised(facts.title),
        detail: plain::capitalised(&facts.detail),
    };
    let boot = boot(state, address.to_owned(), screen);
    let mut response = document::answer(state, boot);
    error.mark(&mut response);
    response
}
