//! Compressed files of every kind and in every state, made with the encoders of the libraries.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::*;
use crate::source::conformance::{self, Subject};
use crate::tasks::Tasks;
use crate::testing::{Memory, TempFolder, local, tasks};

const FORMATS: [Compression; 4] = [Compression::Gzip, Compression::Zstd, Compression::Xz, Compression::Bzip2];

/// Longer than any wait that succeeds.
const PATIENCE: Duration = Duration::from_secs(60);

/// One member of that format.
pub(super) fn packed(format: Compression, bytes: &[u8]) -> Vec<u8> {
    match format {
        Compression::Gzip => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        }
        Compression::Zstd => {
            let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
            encoder.include_checksum(true).unwrap();
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        }
        Compression::Xz => {
            let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 1);
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        }
        Compression::Bzip2 => {
            let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        }
    }
}

/// Lines that do not repeat.
fn log(n_bytes: usize) -> Vec<u8> {
    let mut text = Vec::with_capacity(n_bytes + 80);
    let mut seed = 1_u64;
    while text.len() < n_bytes {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        writeln!(text, "2026-11-23 06:00:00 request {seed:016x} took {} ms", seed % 997).unwrap();
    }
    text
}

/// A runtime with a folder and the archives in it.
struct Scene {
    runtime: tokio::runtime::Runtime,
    tasks: Tasks,
    folder: TempFolder,
    archives: Archives,
}

impl Scene {
    fn new(budget: u64) -> Self {
        let folder = TempFolder::new();
        let archives = Archives::new(vec![folder.path().join("spool")], budget);
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        Self { runtime, tasks: tasks(), folder, archives }
    }

    fn open(&self, path: &Path) -> Option<Arc<Packed>> {
        let _entered = self.runtime.enter();
        self.archives.open(local(path), &self.tasks).unwrap()
    }

    fn open_bytes(&self, bytes: &[u8]) -> Arc<Packed> {
        // Each in a file of its own: one that begins alike is the same, grown.
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("log-{}", COUNT.fetch_add(1, Ordering::Relaxed));
        self.open(&self.folder.file(&name, bytes)).unwrap()
    }

    /// What it stands for, once nothing more comes.
    fn all(&self, packed: &Packed) -> (Vec<u8>, Unpacking) {
        assert!(self.runtime.block_on(packed.reaches(None, PATIENCE)), "{:?}", packed.state());
        let state = packed.state();
        (read_all(packed), state)
    }

    /// Waits until it is so.
    fn until(&self, what: &str, mut is_so: impl FnMut() -> bool) {
        let deadline = std::time::Instant::now() + PATIENCE;
        while !is_so() {
            assert!(std::time::Instant::now() < deadline, "{what}");
            std::thread::park_timeout(Duration::from_millis(1));
        }
    }
}

fn read_all(source: &dyn Source) -> Vec<u8> {
    let mut bytes = vec![0; usize::try_from(source.len().unwrap().get()).unwrap()];
    assert_eq!(read_full(source, &mut bytes, ByteOffset::ZERO).unwrap(), bytes.len());
    bytes
}

fn append(path: &Path, bytes: &[u8]) {
    std::fs::OpenOptions::new().append(true).open(path).unwrap().write_all(bytes).unwrap();
}

struct PackedSubject {
    scene: Arc<Scene>,
    _folder: TempFolder,
    path: PathBuf,
    format: Compression,
    source: Arc<Packed>,
}

impl Subject for PackedSubject {
    fn source(&self) -> Arc<dyn Source> {
        Arc::clone(&self.source) as _
    }

    fn append(&mut self, bytes: &[u8]) {
        let wanted = self.source.len().unwrap() + taillight::line::ByteLen::new(bytes.len() as u64);
        append(&self.path, &packed(self.format, bytes));
        let is_there = || {
            self.source.look();
            self.source.len().unwrap() >= wanted
        };
        self.scene.until("what was appended is decoded", is_there);
    }
}

#[test]
fn what_is_compressed_is_a_source() {
    for format in FORMATS {
        let scene = Arc::new(Scene::new(1 << 30));
        conformance::holds(|bytes| {
            let folder = TempFolder::new();
            let path = folder.file("a.log", &packed(format, bytes));
            let source = scene.open(&path).unwrap();
            assert_eq!(scene.all(&source), (bytes.to_vec(), Unpacking::Whole));
            Box::new(PackedSubject { scene: Arc::clone(&scene), _folder: folder, path, format, source })
        });
    }
}

#[test]
fn what_is_not_compressed_is_left_alone() {
    let scene = Scene::new(1 << 30);
    for bytes in [&b""[..], b"plain\n", b"\x1f", b"BZh9 is no archive\n"] {
        assert!(scene.open(&scene.folder.file("a.gz", bytes)).is_none(), "{bytes:?}");
    }
}

#[test]
fn members_are_read_one_after_another_and_garbage_after_the_last_is_left_out() {
    let scene = Scene::new(1 << 30);
    let parts: [&[u8]; 5] = [b"one\n", b"", b"two\nthree", b"\nfour\n", &log(3_000_000)];
    for format in FORMATS {
        let members: Vec<Vec<u8>> = parts.iter().map(|part| packed(format, part)).collect();
        let padded = [members.concat(), vec![0; 64], packed(format, b"padded\n")].concat();
        let garbage = [members.concat(), b"this is no archive and not looked at".to_vec()].concat();
        let zeros = [members.concat(), vec![0; 700_000]].concat();
        for (bytes, expected) in [
            (members.concat(), parts.concat()),
            (padded, [&parts.concat(), &b"padded\n"[..]].concat()),
            (garbage, parts.concat()),
            (zeros, parts.concat()),
        ] {
            let source = scene.open_bytes(&bytes);
            assert_eq!(source.format(), format);
            let (decoded, state) = scene.all(&source);
            assert!(decoded == expected, "{format:?}: {} of {} bytes", decoded.len(), expected.len());
            assert_eq!(state, Unpacking::Whole);
        }
    }
}

#[test]
fn one_layer_is_decoded_and_no_more() {
    let scene = Scene::new(1 << 30);
    let inner = packed(Compression::Gzip, b"inside\n");
    let source = scene.open_bytes(&packed(Compression::Xz, &inner));
    assert_eq!(scene.all(&source), (inner, Unpacking::Whole));
    let _entered = scene.runtime.enter();
    assert!(scene.archives.open(source, &scene.tasks).unwrap().is_none());
}

#[test]
fn a_file_cut_anywhere_gives_what_there_is_and_goes_on_when_it_grows() {
    let text = log(3_000);
    for format in FORMATS {
        let bytes = [packed(format, &text[..1_000]), packed(format, &text[1_000..])].concat();
        let first = packed(format, &text[..1_000]).len();
        for cut in MAGIC_BYTES..bytes.len() {
            let mut decoder = Decoder::of(Arc::new(Memory(bytes[..cut].to_vec())), WINDOW_LOG).unwrap().unwrap();
            let mut decoded = Vec::new();
            let mut buf = [0; 777];
            let next = loop {
                let step = decoder.step(&mut buf).unwrap();
                decoded.extend_from_slice(&buf[..step.n_out]);
                if step.next != Next::More {
                    break step.next;
                }
            };
            assert!(text.starts_with(&decoded), "{format:?} cut at {cut}");
            assert!(cut < first || decoded.len() >= 1_000, "{format:?} cut at {cut}: {}", decoded.len());
            // What is too short to be told apart from what may follow a file counts as nothing.
            let may_be_whole = cut >= first && cut < first + MAGIC_BYTES;
            assert!(
                next == Next::Incomplete || (may_be_whole && next == Next::Whole),
                "{format:?} cut at {cut}: {next:?}"
            );
        }
    }
    let scene = Scene::new(1 << 30);
    for format in FORMATS {
        let bytes = packed(format, &text);
        let path = scene.folder.file("growing", &bytes[..bytes.len() / 3]);
        let source = scene.open(&path).unwrap();
        assert_eq!(scene.all(&source).1, Unpacking::Incomplete);
        append(&path, &bytes[bytes.len() / 3..bytes.len() - 2]);
        append(&path, &bytes[bytes.len() - 2..]);
        scene.until("all of it is decoded", || source.state() == Unpacking::Whole);
        assert_eq!(read_all(&*source), text, "{format:?}");
    }
}

#[test]
fn a_damaged_file_keeps_what_comes_before_the_damage() {
    let scene = Scene::new(1 << 30);
    let text = log(2_000_000);
    for format in FORMATS {
        let bytes = packed(format, &text);
        let mut damaged = bytes.clone();
        let middle = bytes.len() / 2;
        for byte in &mut damaged[middle..middle + 64] {
            *byte ^= 0x55;
        }
        let (decoded, state) = scene.all(&scene.open_bytes(&damaged));
        assert_eq!(state, Unpacking::Damaged, "{format:?}");
        let same = decoded.iter().zip(&text).take_while(|(a, b)| a == b).count();
        assert!(same > 400_000, "{format:?}: {same} bytes are right");
    }
}

#[test]
fn a_wrong_checksum_is_told_and_all_bytes_are_kept() {
    let scene = Scene::new(1 << 30);
    let text = log(300_000);
    // The place of a checksum, from the end.
    for (format, from_end) in [(Compression::Gzip, 8), (Compression::Zstd, 2), (Compression::Bzip2, 3)] {
        let mut bytes = packed(format, &text);
        let at = bytes.len() - from_end;
        bytes[at] ^= 1;
        let (decoded, state) = scene.all(&scene.open_bytes(&bytes));
        assert_eq!((decoded.len(), state), (text.len(), Unpacking::Damaged), "{format:?}");
    }
}

#[test]
fn flipped_bits_never_do_more_than_damage() {
    let text = log(300);
    for format in FORMATS {
        let bytes = packed(format, &text);
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let Some(decoder) = Decoder::of(Arc::new(Memory(flipped)), WINDOW_LOG).unwrap() else { continue };
            let mut decoded = Vec::new();
            // Fails or not: it ends, with a bounded amount of bytes.
            let _ = UnpackingReader::new(decoder).take(1 << 22).read_to_end(&mut decoded);
            assert!(decoded.len() < 1 << 22, "{format:?}, bit {bit}: {} bytes", decoded.len());
        }
    }
}

#[test]
fn a_file_is_decoded_once_for_all_and_kept_when_nobody_reads_it() {
    let scene = Scene::new(1 << 30);
    let text = log(3_000_000);
    let path = scene.folder.file("a.gz", &packed(Compression::Gzip, &text));
    let first = scene.open(&path).unwrap();
    let second = scene.open(&path).unwrap();
    assert!(Arc::ptr_eq(first.decoded(), second.decoded()));
    assert_eq!(scene.all(&second).0, text);
    assert_eq!((scene.archives.count(), scene.archives.bytes()), (1, text.len() as u64));
    drop((first, second));
    let again = scene.open(&path).unwrap();
    assert_eq!(again.state(), Unpacking::Whole);
    assert_eq!(scene.archives.count(), 1);
    assert_eq!(std::fs::read_dir(scene.folder.path().join("spool")).unwrap().count(), 0, "no name is left behind");
}

#[test]
fn another_file_under_the_same_inode_is_decoded_anew() {
    let scene = Scene::new(1 << 30);
    let path = scene.folder.file("a.gz", &packed(Compression::Gzip, b"the first\n"));
    let first = scene.open(&path).unwrap();
    assert_eq!(scene.all(&first).0, b"the first\n");
    // In place: the same inode.
    std::fs::write(&path, packed(Compression::Gzip, b"the second, and longer than that\n")).unwrap();
    let second = scene.open(&path).unwrap();
    assert_eq!(scene.all(&second).0, b"the second, and longer than that\n");
    assert_eq!(read_all(&*first), b"the first\n");
}

#[test]
fn what_nobody_reads_makes_room_and_what_is_read_does_not() {
    let text = log(1_000_000);
    let scene = Scene::new(text.len() as u64 * 5 / 2);
    let paths: Vec<_> =
        FORMATS.iter().map(|format| scene.folder.file(format.name(), &packed(*format, &text))).collect();
    let read = scene.open(&paths[0]).unwrap();
    scene.all(&read);
    for path in &paths[1..3] {
        assert_eq!(scene.all(&scene.open(path).unwrap()).0, text);
    }
    assert!(scene.archives.bytes() <= text.len() as u64 * 5 / 2);
    assert_eq!(scene.all(&read).0, text, "what is read is kept");
    let second = scene.open(&paths[2]).unwrap();
    assert_eq!(scene.all(&second).1, Unpacking::Whole);
    let third = scene.open(&paths[3]).unwrap();
    let (decoded, state) = scene.all(&third);
    assert_eq!(state, Unpacking::NoRoom);
    assert!(text.starts_with(&decoded) && decoded.len() < text.len());
    drop((second, third));
    // Another try finds room.
    assert_eq!(scene.all(&scene.open(&paths[3]).unwrap()), (text, Unpacking::Whole));
}

#[test]
fn a_file_beyond_the_budget_shows_its_beginning() {
    let text = log(5_000_000);
    let scene = Scene::new(3 << 20);
    let (decoded, state) = scene.all(&scene.open_bytes(&packed(Compression::Zstd, &text)));
    assert_eq!(state, Unpacking::TooLarge);
    assert!(text.starts_with(&decoded) && decoded.len() >= 2 << 20 && decoded.len() <= 3 << 20, "{}", decoded.len());
}

#[test]
fn a_cache_folder_that_cannot_be_written_is_said() {
    let folder = TempFolder::new();
    let blocked = folder.file("file", b"").join("below");
    let scene = Scene { archives: Archives::new(vec![blocked], 1 << 30), ..Scene::new(0) };
    assert_eq!(scene.all(&scene.open_bytes(&packed(Compression::Gzip, b"text\n"))), (Vec::new(), Unpacking::NoRoom));
}

#[test]
fn decoding_ends_when_nobody_wants_it() {
    let scene = Scene::new(1 << 40);
    // Much longer than the test.
    let member = packed(Compression::Bzip2, &log(900_000));
    let source = scene.open_bytes(&member.repeat(500));
    assert!(source.state().is_under_way(), "{:?}", source.state());
    drop(source);
    scene.until("it is forgotten", || scene.archives.count() == 0);
    assert_eq!(scene.archives.bytes(), 0);
}

#[test]
fn more_files_than_decoders_all_come_to_their_end() {
    let scene = Scene::new(1 << 30);
    let text = log(2_000_000);
    let bytes = packed(Compression::Bzip2, &text);
    // Held open in the middle of a member: each keeps its decoder until others wait.
    let incomplete: Vec<_> = (0..6)
        .map(|n| scene.open(&scene.folder.file(&format!("incomplete-{n}"), &bytes[..bytes.len() / 2])).unwrap())
        .collect();
    let whole: Vec<_> =
        (0..6).map(|n| scene.open(&scene.folder.file(&format!("whole-{n}"), &bytes)).unwrap()).collect();
    for source in &incomplete {
        assert_eq!(scene.all(source).1, Unpacking::Incomplete);
    }
    for source in &whole {
        assert!(scene.all(source) == (text.clone(), Unpacking::Whole));
    }
    // Without its decoder it goes on where it was.
    append(&scene.folder.path().join("incomplete-0"), &bytes[bytes.len() / 2..]);
    scene.until("all of it is decoded", || incomplete[0].state() == Unpacking::Whole);
    assert!(read_all(&*incomplete[0]) == text);
}

#[test]
fn a_bomb_stops_at_its_cap() {
    const CAP: u64 = 64 << 20;
    let folder = TempFolder::new();
    let archives = Archives::asking_from(vec![folder.path().join("spool")], CAP);
    let scene = Scene { archives, ..Scene::new(0) };
    let zeros = vec![0; 96 << 20];
    for format in FORMATS {
        let bomb = match format {
            // At its best it is just good enough to be one.
            Compression::Gzip => {
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
                encoder.write_all(&zeros).unwrap();
                encoder.finish().unwrap()
            }
            format => packed(format, &zeros),
        };
        assert!(bomb.len() < zeros.len() / 600, "{format:?}: {}", bomb.len());
        let source = scene.open_bytes(&bomb);
        assert!(scene.runtime.block_on(source.reaches(None, PATIENCE)), "{:?}", source.state());
        assert_eq!((source.state(), source.len().unwrap().get()), (Unpacking::TooLarge, CAP), "{format:?}");
    }
    // Lines that are alike shrink much, and less than that.
    let text: Vec<u8> =
        (0..2_000_000).flat_map(|n| format!("connection {n} refused, trying again\n").into_bytes()).collect();
    assert!(text.len() as u64 > CAP);
    let source = scene.open_bytes(&packed(Compression::Zstd, &text));
    assert!(scene.all(&source) == (text, Unpacking::Whole));
}

#[test]
fn a_window_that_is_too_large_is_refused_and_the_largest_allowed_is_not() {
    let scene = Scene::new(1 << 30);
    let text = log(200_000);
    for (window_log, expected) in [(WINDOW_LOG, Unpacking::Whole), (WINDOW_LOG + 1, Unpacking::Window)] {
        let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
        encoder.set_parameter(zstd::zstd_safe::CParameter::WindowLog(window_log)).unwrap();
        encoder.write_all(&text).unwrap();
        assert_eq!(scene.all(&scene.open_bytes(&encoder.finish().unwrap())).1, expected, "zstd {window_log}");
        let mut options = liblzma::stream::LzmaOptions::new_preset(0).unwrap();
        options.dict_size(1 << window_log);
        let mut filters = liblzma::stream::Filters::new();
        filters.lzma2(&options);
        let stream = liblzma::stream::Stream::new_stream_encoder(&filters, liblzma::stream::Check::Crc64).unwrap();
        let mut encoder = liblzma::write::XzEncoder::new_stream(Vec::new(), stream);
        encoder.write_all(&text).unwrap();
        assert_eq!(scene.all(&scene.open_bytes(&encoder.finish().unwrap())).1, expected, "xz {window_log}");
    }
}

#[test]
fn the_head_tells_which_log_it_was() {
    let folder = TempFolder::new();
    let scene = Scene::new(1 << 30);
    let text = log(100_000);
    let plain = local(&folder.file("a.log", &text)).identity().unwrap();
    for format in FORMATS {
        let path = folder.file("a.log.1.gz", &packed(format, &text));
        let stored: Arc<dyn Source> = local(&path);
        assert_eq!(head_hash(&stored, plain.head_len).unwrap(), Some(plain.head_hash), "{format:?}");
        let source = scene.open(&path).unwrap();
        scene.all(&source);
        assert_eq!(source.head_hash(plain.head_len).unwrap(), Some(plain.head_hash));
        let identity = source.identity().unwrap();
        assert_eq!((identity.head_len, identity.head_hash), (plain.head_len, plain.head_hash));
        assert_ne!(identity.inode, plain.inode);
        assert!(source.is_same(&identity).unwrap());
    }
    let short: Arc<dyn Source> = local(&folder.file("b.gz", &packed(Compression::Gzip, b"short")));
    assert_eq!(head_hash(&short, 6).unwrap(), None);
    assert_eq!(head_hash(&(local(&folder.file("c", &text)) as Arc<dyn Source>), 6).unwrap(), None);
}
