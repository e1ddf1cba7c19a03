//! A search against files that change under it, and how it ends.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use serde_json::Value;
use taillight::line::ByteOffset;
use taillight::path::LogPath;
use tokio::sync::{Semaphore, mpsc};

use super::engine::{Engine, Searched, Stop, Work};
use super::{MAX_WAITING, plain};
use crate::auth::Principal;
use crate::catalog::{Catalog, Found, FoundFile};
use crate::config::Config;
use crate::scan::{Filter, total};
use crate::source::Source;
use crate::testing::{Counting, Memory, TempFolder, tasks};

fn engine(folder: &TempFolder, q: &str) -> (Engine, mpsc::Receiver<Bytes>) {
    let (out, lines) = mpsc::channel(MAX_WAITING);
    let engine = Engine {
        tasks: tasks(),
        catalog: Catalog::new(&Config::local(&[folder.path()]).unwrap().roots).unwrap(),
        who: Principal::local(),
        filter: Filter::compile(q).unwrap(),
        limit: u64::MAX,
        decoders: Arc::new(Semaphore::new(1)),
        cancelled: Arc::default(),
        out,
        done: Work::default(),
    };
    (engine, lines)
}

fn found(folder: &TempFolder) -> Found {
    let catalog = Catalog::new(&Config::local(&[folder.path()]).unwrap().roots).unwrap();
    catalog.files_below(&Principal::local(), None, 100, &|| false).unwrap()
}

/// All that is said, in order, without progress.
async fn said(engine: Engine, found: Found, mut lines: mpsc::Receiver<Bytes>) -> Vec<Value> {
    let listen = async {
        let mut said: Vec<Value> = Vec::new();
        while let Some(line) = lines.recv().await {
            said.push(serde_json::from_slice(&line).unwrap());
        }
        said.retain(|object| object.get("progress").is_none());
        said
    };
    tokio::join!(engine.run(found), listen).1
}

fn searched(len: u64) -> Searched {
    let path: LogPath = "r/a.log".parse().unwrap();
    Searched::new(FoundFile { path, len, modified_ns: 0 })
}

#[tokio::test]
async fn a_file_that_vanished_since_it_was_listed_is_told_and_the_rest_go_on() {
    let folder = TempFolder::new();
    folder.file("a.log", b"error 1\n");
    let gone = folder.file("gone.log", b"error 2\n");
    let found = found(&folder);
    std::fs::remove_file(gone).unwrap();
    let (engine, lines) = engine(&folder, "error");
    let said = said(engine, found, lines).await;
    let done = said.last().unwrap();
    assert_eq!((&done["done"], &done["complete"], &done["matched"]), (&true.into(), &false.into(), &1.into()));
    assert!(done["unread"][0]["file"].as_str().unwrap().ends_with("/gone.log"), "{done}");
    assert_eq!(done["unread"][0]["why"], "it is not there any more");
    assert_eq!(done["unread"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_file_that_shrinks_under_the_search_is_told_so() {
    let folder = TempFolder::new();
    for len in [100, 9_000_000] {
        let (engine, _lines) = engine(&folder, "a");
        let source: Arc<dyn Source> = Arc::new(Memory(b"a\n".repeat(20)));
        let mut searched = searched(len);
        let outcome = plain::search(&engine, &mut searched, &source, ByteOffset::new(len)).await;
        assert!(matches!(&outcome, Err(Stop::Failed(error)) if crate::source::is_gone(error)), "{len}: {outcome:?}");
    }
}

/// Text with lines of all lengths, some longer than what is looked at, one in thousand with a time, and none at the end.
fn hard_text() -> Vec<u8> {
    let mut text = Vec::new();
    for nth in 0..60_000_u32 {
        if nth % 1000 == 500 {
            text.extend(format!("2026-11-22T10:{:02}:00Z tick\n", nth / 1000).bytes());
        }
        text.extend(format!("{nth} {}\n", if nth % 7 == 0 { "needle" } else { "hay hay hay hay" }).bytes());
        if nth % 20_000 == 10_000 {
            text.extend(std::iter::repeat_n(b'x', 3_000_000 + nth as usize));
            text.extend(b" needle\nneedle\n");
        }
    }
    text.extend(b"needle at the end");
    text
}

#[tokio::test]
async fn pieces_side_by_side_count_what_one_after_the_other_would() {
    let folder = TempFolder::new();
    let text = hard_text();
    let len = text.len() as u64;
    let source: Arc<dyn Source> = Arc::new(Memory(text));
    for q in ["needle", "-hay", "", "/^needle/", "after:2026-11-22T10:30:00Z needle"] {
        let (engine, mut lines) = engine(&folder, q);
        let mut searched = searched(len);
        plain::search(&engine, &mut searched, &source, ByteOffset::new(len)).await.unwrap();
        let expected = total(&*source, &engine.filter, ByteOffset::ZERO..ByteOffset::new(len)).unwrap();
        assert_eq!(searched.matched(), expected, "{q:?}");
        drop(engine);
        let mut rows: Vec<Value> = Vec::new();
        while let Some(line) = lines.recv().await {
            let object: Value = serde_json::from_slice(&line).unwrap();
            rows.extend(object["rows"].as_array().unwrap().iter().cloned());
        }
        assert_eq!(rows.len() as u64, expected.min(5), "{q:?}");
        assert!(rows.is_sorted_by_key(|row| row["offset"].as_u64()), "{rows:?}");
    }
}

#[tokio::test]
async fn a_compressed_file_is_searched_as_what_it_stands_for() {
    use std::io::Write as _;
    let folder = TempFolder::new();
    let text = hard_text();
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(&text).unwrap();
    let packed = encoder.finish().unwrap();
    folder.file("a.gz", &packed);
    folder.file("b.zst", &zstd::encode_all(text.as_slice(), 1).unwrap());
    folder.file("cut.gz", &packed[..packed.len() / 2]);
    folder.file("tar.gz", b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03c\x00\x00\x8d\xef\x02\xd2\x01\x00\x00\x00");
    for q in ["needle", "-hay", "before:2026-11-22T10:30:00Z hay"] {
        let len = ByteOffset::new(text.len() as u64);
        let expected = total(&Memory(text.clone()), &Filter::compile(q).unwrap(), ByteOffset::ZERO..len).unwrap();
        let (engine, lines) = engine(&folder, q);
        let said = said(engine, found(&folder), lines).await;
        assert!(expected > 100, "{q:?}: too easy");
        let of = |name: &str, field: &str| {
            let is_it = |object: &&Value| {
                object["file"].as_str().is_some_and(|file| file.ends_with(name)) && object.get(field).is_some()
            };
            said.iter().find(is_it).map(|object| object[field].clone()).unwrap_or_default()
        };
        for name in ["/a.gz", "/b.zst"] {
            assert_eq!((of(name, "matched"), of(name, "complete")), (expected.into(), true.into()), "{q:?} {name}");
        }
        assert_eq!(of("/cut.gz", "complete"), false, "{q:?}");
        let done = said.last().unwrap();
        let whys = done["unread"].to_string();
        assert!(
            whys.contains("incomplete: what there is of it was searched") && whys.contains("binary file"),
            "{whys}"
        );
    }
}

#[tokio::test]
async fn what_a_search_may_read_is_bounded_and_where_it_stopped_is_told() {
    let folder = TempFolder::new();
    for name in ["a.log", "b.log", "c.log"] {
        folder.file(name, &b"needle\n".repeat(300_000));
    }
    let (engine, lines) = engine(&folder, "nothing");
    let engine = Engine { limit: 1_000_000, ..engine };
    let said = said(engine, found(&folder), lines).await;
    let done = said.last().unwrap();
    assert_eq!((&done["complete"], &done["of"]), (&false.into(), &3.into()), "{done}");
    let stopped = done["stopped"].as_str().unwrap();
    assert!(stopped.contains(".log, after 1000000 bytes: that is limits.search_bytes"), "{stopped}");
    assert!(done["files"].as_u64().unwrap() < 3, "{done}");
}

#[tokio::test]
async fn nothing_more_is_read_for_who_has_gone() {
    let folder = TempFolder::new();
    let (engine, _lines) = engine(&folder, "nothing");
    let source = Counting::new(Arc::new(Memory(b"some line\n".repeat(3_000_000))));
    let len = source.len().unwrap();
    engine.cancelled.store(true, Ordering::Relaxed);
    let mut searched = searched(len.get());
    let dynamic: Arc<dyn Source> = Arc::clone(&source) as _;
    let outcome = plain::search(&engine, &mut searched, &dynamic, len).await;
    assert!(matches!(outcome, Err(Stop::Gone)), "{outcome:?}");
    let read = source.take();
    assert!(read <= 4 * 1024 * 1024, "{read} bytes were read for nobody");
}

#[tokio::test]
async fn a_search_whose_listener_is_gone_ends() {
    let folder = TempFolder::new();
    folder.file("a.log", &b"needle\n".repeat(1000));
    let (engine, lines) = engine(&folder, "needle");
    drop(lines);
    // Its end is the test: nobody takes what it says.
    engine.run(found(&folder)).await;
}

#[test]
fn a_dropped_answer_tells_the_steps() {
    let flag = Arc::new(AtomicBool::new(false));
    drop(super::Cancel(Arc::clone(&flag)));
    assert!(flag.load(Ordering::Relaxed));
}

#[tokio::test]
async fn a_read_error_is_told_in_the_words_of_the_system() {
    let folder = TempFolder::new();
    let path = folder.file("a.log", b"x\n");
    let source = crate::testing::local(&path);
    source.fails.store(true, Ordering::Relaxed);
    let (engine, _lines) = engine(&folder, "x");
    let dynamic: Arc<dyn Source> = source;
    let outcome = plain::search(&engine, &mut searched(2), &dynamic, ByteOffset::new(2)).await;
    assert!(matches!(outcome, Err(Stop::Failed(error)) if error.kind() != io::ErrorKind::UnexpectedEof));
}
