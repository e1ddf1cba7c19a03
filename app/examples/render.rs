//! Renders the pages with made-up facts into HTML files, to look at them without a server: `cargo run -p app --features
//! ssr --example render -- FOLDER`.

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;

use app::App;
use app::boot::{BOOT_ELEMENT_ID, Boot, FileScreen, ReaderLinks, Screen};
use bytes::Bytes;
use leptos::prelude::*;
use taillight::ansi::Style;
use taillight::cursor::{Cursor, Generation, Identity, Marker};
use taillight::line::{ByteLen, ByteOffset, LineCount, LineNo};
use taillight::query::QUERY_BYTES;
use taillight::row::rows_html;
use taillight::wire::{Entry, EntryKind, FileState, Frame, FrameFlags, FrameKind, LineTotal, Listing, Tip};

const STYLES: [&str; 7] = ["tokens", "ansi", "base", "shell", "search", "log", "parts"];

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("say where to put the files")?;
    let folder = Path::new(&folder);
    std::fs::create_dir_all(folder)?;
    let pages = [
        ("viewer", file_boot(&log(200))?),
        ("empty", file_boot(b"")?),
        ("files", Boot { base: String::new(), pattern_bytes: QUERY_BYTES, address: "/".into(), screen: files()? }),
        (
            "first-run",
            Boot {
                base: String::new(),
                pattern_bytes: QUERY_BYTES,
                address: "/".into(),
                screen: Screen::Files { folder: None, listing: Listing::default() },
            },
        ),
        (
            "problem",
            Boot { base: String::new(), pattern_bytes: QUERY_BYTES, address: "/v/x/y".into(), screen: problem() },
        ),
    ];
    for (name, boot) in pages {
        std::fs::write(folder.join(format!("{name}.html")), page(boot)?)?;
    }
    Ok(())
}

fn page(boot: Boot) -> Result<String, Box<dyn Error>> {
    let mut style = String::new();
    for name in STYLES {
        style.push_str(&std::fs::read_to_string(format!("style/{name}.css"))?);
    }
    let json = serde_json::to_string(&boot)?.replace('<', "\\u003c");
    let owner = Owner::new();
    let body = owner.with(|| {
        provide_context(boot);
        view! { <App/> }.to_html()
    });
    Ok(format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <title>Taillight</title><style>{style}</style></head><body>{body}\
         <script type=\"application/json\" id=\"{BOOT_ELEMENT_ID}\">{json}</script></body></html>"
    ))
}

fn file_boot(bytes: &[u8]) -> Result<Boot, Box<dyn Error>> {
    let len = ByteLen::new(bytes.len() as u64);
    let end = ByteOffset::ZERO + len;
    let frame = Frame {
        kind: FrameKind::Page,
        flags: FrameFlags { at_start: true, at_end: true, unfinished: false },
        req: 0,
        generation: Generation::FIRST,
        style: Style::PLAIN,
        offset: ByteOffset::ZERO,
        end,
        first_line: LineNo::new(1),
        cuts: Vec::new(),
        sparse: None,
        payload: Bytes::copy_from_slice(bytes),
    };
    let count = LineCount::new(frame.rows().count() as u64);
    let identity = Identity { inode: 1, born_ns: 2, head_len: 3, head_hash: 4 };
    let screen = FileScreen {
        path: "web/nginx/access.log".parse()?,
        generation: Generation::FIRST,
        cursor: Cursor { identity, offset: end, marker: Marker::default() },
        first: ByteOffset::ZERO,
        first_line: LineNo::new(1),
        end,
        covers: (ByteOffset::ZERO, end),
        landed: None,
        filtering: None,
        refused: Vec::new(),
        tip: Tip {
            generation: Generation::FIRST,
            len: end,
            complete: end,
            lines: LineTotal { count, exact: true },
            new_lines: LineCount::ZERO,
            shown: None,
            found: None,
            state: FileState::Live,
        },
        links: ReaderLinks { start: Some("/v/web/nginx/access.log?at=start".into()), ..ReaderLinks::default() },
        rows_html: rows_html(&frame, false, &mut |_| false),
    };
    Ok(Boot {
        base: String::new(),
        pattern_bytes: QUERY_BYTES,
        address: "/v/web/nginx/access.log".into(),
        screen: Screen::File(Box::new(screen)),
    })
}

fn log(n_lines: u32) -> Vec<u8> {
    let mut text = String::new();
    for nth in 0..n_lines {
        let (minute, second) = (nth / 60, nth % 60);
        let rest = match nth % 5 {
            0 => {
                "\x1b[31mERROR\x1b[0m payment gateway \x1b[1mtimeout\x1b[0m after \x1b[33m5000ms\x1b[0m order=\x1b[35m88213407\x1b[0m"
            }
            1 => "\x1b[33mWARN\x1b[0m  upstream response slow \x1b[36m/checkout/cart\x1b[0m latency=1840ms",
            2 => "\x1b[32mINFO\x1b[0m  <b>served</b> GET /healthz 200 in 3ms",
            3 => {
                "\x1b[34mDEBUG\x1b[0m cache hit key=user:104423 ttl=300s a long line that goes on and on and on past the right edge of most screens, and then some more of it so that it is cut"
            }
            _ => "\x1b[2mTRACE\x1b[0m poll",
        };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "2026-11-22T14:{minute:02}:{second:02}.137Z {rest}");
    }
    text.into_bytes()
}

fn files() -> Result<Screen, Box<dyn Error>> {
    let entry = |path: &str, kind, size| -> Result<Entry, Box<dyn Error>> {
        let path: taillight::path::LogPath = path.parse()?;
        let name = taillight::path::shown_name(path.file_name());
        Ok(Entry { name, path, kind, size, modified: Some("2026-11-22T14:02:11Z".into()), packed: None })
    };
    let entries = vec![
        entry("web", EntryKind::Root, None)?,
        entry("payments", EntryKind::Root, None)?,
        entry("system/syslog", EntryKind::File, Some(210_400_000))?,
        entry("system/auth.log", EntryKind::File, Some(4_400_000))?,
    ];
    Ok(Screen::Files { folder: None, listing: Listing { entries, next: None } })
}

fn problem() -> Screen {
    Screen::Problem {
        status: 403,
        title: "The server may not read payments/api.log".into(),
        detail: "The file is there, but the user that the server runs as, “taillight”, has no permission to read it. \
                 Add that user to the file's group, or run: setfacl -m u:taillight:r /srv/payments/api.log"
            .into(),
    }
}
