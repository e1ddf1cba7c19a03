//! The parameters of a link: known ones to fields, unknown ones kept as they are, wrong ones to notices.

use std::fmt;

use super::{Link, LinkNotice, Problem, VERSION, encode_value};
use crate::cursor::Identity;
use crate::path::{BadPath, LogPath, percent_decode};
use crate::timestamp::TimeExpr;
use crate::view::{BadPlace, FileView, Place, ViewState};
use crate::wire::MAX_CONTEXT;

/// Parameters that are not understood, in their raw text, sorted by name; those of one name keep their order.
///
/// What may not stand in an address (blanks, quotes, control characters, what is not ASCII) is percent-encoded as
/// browsers do, so that equal views have equal links.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extras(Vec<(String, String)>);

/// The parameters of the viewer that are understood.
const AT: &str = "at";
const CONTEXT: &str = "ctx";
const FID: &str = "fid";
const FIND: &str = "find";
const FOLLOW: &str = "follow";
const FROM: &str = "from";
const LEVELS: &str = "lvl";
const QUERY: &str = "q";
const TO: &str = "to";
const VERSION_PARAM: &str = "v";
const WRAP: &str = "wrap";
const FILE_PARAMS: [&str; 11] = [AT, CONTEXT, FID, FIND, FOLLOW, FROM, LEVELS, QUERY, TO, VERSION_PARAM, WRAP];

/// The parameter of the page that chooses a file.
const FOLDER: &str = "path";

impl Extras {
    /// The raw names and values, in the order of the link; a parameter without `=` has an empty value.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn insert(&mut self, name: &str, value: &str) {
        let name = url_safe(name);
        let idx = self.0.partition_point(|(other, _)| *other <= name);
        self.0.insert(idx, (name, url_safe(value)));
    }
}

/// Reads the query of the page that chooses a file.
pub(super) fn read_files(query: &str) -> Link {
    let mut notices = Vec::new();
    let mut folder = None;
    for (value, is_first) in known(query, &[FOLDER]).filter_map(|param| match param {
        Param::Known { value, is_first, .. } => Some((value, is_first)),
        Param::Unknown { .. } => None,
    }) {
        match read_folder(value) {
            _ if !is_first => notices.push(LinkNotice::new(FOLDER, value, Problem::Repeated)),
            Ok(path) => folder = path,
            Err(bad) => notices.push(LinkNotice::new(FOLDER, value, Problem::Folder(bad))),
        }
    }
    Link { state: ViewState::files(folder), notices }
}

/// Reads the query and the fragment of the viewer.
pub(super) fn read_file(path: LogPath, query: &str, fragment: &str) -> Link {
    let mut reader = Reader { view: FileView::new(path), place: None, follow: false, notices: Vec::new() };
    for param in known(query, &FILE_PARAMS) {
        match param {
            Param::Unknown { name, value } => reader.view.extra.insert(name, value),
            Param::Known { name, value, is_first: false } => reader.notice(name, value, Problem::Repeated),
            Param::Known { name, value, is_first: true } => {
                if let Err(problem) = reader.param(name, value) {
                    reader.notice(name, value, problem);
                }
            }
        }
    }
    reader.fragment(fragment);
    reader.finish()
}

/// Writes `?…`, or nothing when all is as usual.
pub(super) fn write(view: &FileView, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut params: Vec<(&str, String)> = view.extra.iter().map(|(name, value)| (name, value.to_owned())).collect();
    let switch = || "1".to_owned();
    // At the end and following is what a link without parameters means.
    if view.place != Place::End || !view.follow {
        params.push((AT, encode_value(&view.place.to_string())));
    }
    if view.follow && view.place != Place::End {
        params.push((FOLLOW, switch()));
    }
    if let Some(filter) = view.shown_rows() {
        let narrow = &filter.narrow;
        let levels = narrow.levels.to_string();
        for (name, value) in [(QUERY, &filter.q), (LEVELS, &levels), (FROM, &narrow.from), (TO, &narrow.to)] {
            if !value.trim().is_empty() {
                params.push((name, encode_value(value)));
            }
        }
        if filter.ctx > 0 {
            params.push((CONTEXT, filter.ctx.to_string()));
        }
    }
    if let Some(term) = view.find_term() {
        params.push((FIND, encode_value(&term)));
    }
    if let Some(fid) = view.fid {
        params.push((FID, fid.to_string()));
        params.push((VERSION_PARAM, VERSION.to_string()));
    }
    if view.wrap {
        params.push((WRAP, switch()));
    }
    params.sort_by_key(|(name, _)| *name);
    for (idx, (name, value)) in params.iter().enumerate() {
        let separator = if idx == 0 { '?' } else { '&' };
        let equals = if value.is_empty() { "" } else { "=" };
        write!(f, "{separator}{name}{equals}{value}")?;
    }
    Ok(())
}

struct Reader {
    view: FileView,
    place: Option<Place>,
    follow: bool,
    notices: Vec<LinkNotice>,
}

impl Reader {
    fn param(&mut self, name: &str, value: &str) -> Result<(), Problem> {
        let decoded = match name {
            // What a form sends: there a plus is a blank.
            QUERY | FIND => decode(&value.replace('+', "%20")),
            _ => decode(value),
        };
        let decoded = decoded.ok_or(Problem::Encoding)?;
        let value = decoded.as_str();
        match name {
            AT => self.place = Some(value.parse().map_err(Problem::Place)?),
            FOLLOW => self.follow = switch(value)?,
            WRAP => self.view.wrap = switch(value)?,
            QUERY => self.view.filter = unless_blank(decoded),
            FIND => self.view.find = unless_blank(decoded),
            CONTEXT => self.view.ctx = context(value)?,
            LEVELS => self.view.narrow.levels = value.parse().map_err(|_| Problem::Levels)?,
            FROM => self.view.narrow.from = time(value)?,
            TO => self.view.narrow.to = time(value)?,
            FID => self.view.fid = Some(value.parse::<Identity>().map_err(|_| Problem::Identity)?),
            // The version is written with `fid` and needs no field: there is only one.
            _ if value == VERSION.to_string() => {}
            _ => return Err(Problem::Version),
        }
        Ok(())
    }

    fn fragment(&mut self, fragment: &str) {
        if fragment.is_empty() {
            return;
        }
        let place = decode(fragment).ok_or(Problem::Encoding);
        let place = place.and_then(|text| Place::from_fragment(&text).map_err(Problem::Place));
        match place {
            Ok(place) => self.place = Some(place),
            Err(Problem::Place(BadPlace::Form)) => self.notice("#", fragment, Problem::Fragment),
            Err(problem) => self.notice("#", fragment, problem),
        }
    }

    fn finish(mut self) -> Link {
        if self.view.shown_rows().is_none() {
            self.view.ctx = 0;
        }
        self.view.follow = self.follow || self.place.is_none();
        self.view.place = self.place.unwrap_or(Place::End);
        Link { state: self.view.into(), notices: self.notices }
    }

    fn notice(&mut self, param: &'static str, value: &str, problem: Problem) {
        self.notices.push(LinkNotice::new(param, value, problem));
    }
}

enum Param<'a> {
    Known { name: &'static str, value: &'a str, is_first: bool },
    Unknown { name: &'a str, value: &'a str },
}

/// The parameters of a query in their order, raw; names that decode to one of `names` are known.
fn known<'a>(query: &'a str, names: &'static [&'static str]) -> impl Iterator<Item = Param<'a>> {
    let mut seen: Vec<&'static str> = Vec::new();
    query.split('&').filter_map(move |part| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let decoded = percent_decode(name).ok();
        let is_name = |known: &&'static str| decoded.as_deref().is_some_and(|name| name == known.as_bytes());
        match names.iter().copied().find(is_name) {
            Some(name) => {
                let is_first = !seen.contains(&name);
                seen.push(name);
                Some(Param::Known { name, value, is_first })
            }
            None if name.is_empty() && value.is_empty() => None,
            None => Some(Param::Unknown { name, value }),
        }
    })
}

/// A folder in a query. Unlike in a path, an encoded slash separates: forms and scripts encode it.
fn read_folder(value: &str) -> Result<Option<LogPath>, BadPath> {
    let decoded = percent_decode(value)?;
    if decoded.is_empty() {
        return Ok(None);
    }
    LogPath::from_components(decoded.split(|&byte| byte == b'/')).map(Some)
}

fn decode(text: &str) -> Option<String> {
    String::from_utf8(percent_decode(text).ok()?.into_owned()).ok()
}

fn unless_blank(text: String) -> String {
    if text.trim().is_empty() { String::new() } else { text }
}

fn context(value: &str) -> Result<u32, Problem> {
    // `u32` reads a sign too.
    let is_number = value.bytes().all(|byte| byte.is_ascii_digit());
    value.parse().ok().filter(|&n_rows| is_number && n_rows <= MAX_CONTEXT).ok_or(Problem::Context)
}

/// A time in its one way, nothing of nothing. A form sends a blank as a plus; somebody who writes a plus means one.
fn time(value: &str) -> Result<String, Problem> {
    if value.trim().is_empty() {
        return Ok(String::new());
    }
    let time = TimeExpr::parse(value).or_else(|| TimeExpr::parse(&value.replace('+', " ")));
    time.map(|time| time.to_string()).ok_or(Problem::Time)
}

fn switch(value: &str) -> Result<bool, Problem> {
    match value {
        "1" => Ok(true),
        "0" => Ok(false),
        _ => Err(Problem::Switch),
    }
}

/// Encodes what browsers encode in a query, and leaves the rest alone, percent signs included.
fn url_safe(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    for byte in raw.bytes() {
        if byte.is_ascii_graphic() && !b"\"#<>'".contains(&byte) {
            out.push(char::from(byte));
        } else {
            crate::path::percent_encode(&[byte], b"", &mut out);
        }
    }
    out
}
