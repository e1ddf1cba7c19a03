//! What the tests of several rooms share: a folder of their own, logs in it, and sources that count.

use std::fs::File;
use std::io::{self, PipeWriter, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use taillight::cursor::Identity;
use taillight::line::ByteOffset;
use tokio::sync::watch;

use crate::auth::Principal;
use crate::catalog::{Catalog, LogFile};
use crate::config::Config;
use crate::dates::Learned;
use crate::source::{LocalFile, Part, Source, Stdin};
use crate::tail::Pace;
use crate::tasks::Tasks;

/// A folder that goes with the value.
#[derive(Debug)]
pub(crate) struct TempFolder(PathBuf);

impl TempFolder {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let unique = format!("taillight-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(unique);
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder.canonicalize().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// A file of `len` bytes with `text` at the given places and holes between.
    pub(crate) fn sparse(&self, name: &str, len: u64, texts: &[(u64, &[u8])]) -> PathBuf {
        use std::os::unix::fs::FileExt as _;
        let path = self.0.join(name);
        let file = File::create(&path).unwrap();
        file.set_len(len).unwrap();
        for (at, text) in texts {
            file.write_all_at(text, *at).unwrap();
        }
        path
    }
}

impl Drop for TempFolder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The log at `path`: the one place where tests open one.
pub(crate) fn log_file(path: &Path) -> LogFile {
    // Not the file's own folder: some tests remove that and make it again.
    let root = std::env::temp_dir().canonicalize().unwrap();
    let catalog = Catalog::new(&Config::local(&[&root]).unwrap().roots).unwrap();
    let path = catalog.locate(path.as_os_str().as_bytes()).unwrap();
    catalog.open(&Principal::local(), &path).unwrap()
}

/// Tasks that nobody ends.
pub(crate) fn tasks() -> Tasks {
    Tasks::default()
}

/// The pace of a follower that looks when it is asked, and in the first moment.
pub(crate) fn slow() -> Pace {
    let never = Duration::from_secs(3600);
    Pace { poll: true, reconcile: never, poll_every: never, ..Pace::default() }
}

pub(crate) fn local(path: &Path) -> Arc<LocalFile> {
    Arc::new(LocalFile::new(Arc::new(log_file(path))).unwrap())
}

/// Counts the bytes that are read.
#[derive(Debug)]
pub(crate) struct Counting {
    inner: Arc<dyn Source>,
    bytes: AtomicU64,
}

impl Counting {
    pub(crate) fn new(inner: Arc<dyn Source>) -> Arc<Self> {
        Arc::new(Self { inner, bytes: AtomicU64::new(0) })
    }

    /// The bytes read since this was asked last.
    pub(crate) fn take(&self) -> u64 {
        self.bytes.swap(0, Ordering::Relaxed)
    }
}

impl Source for Counting {
    fn len(&self) -> io::Result<ByteOffset> {
        self.inner.len()
    }

    fn read_at(&self, buf: &mut [u8], at: ByteOffset) -> io::Result<usize> {
        let read = self.inner.read_at(buf, at)?;
        self.bytes.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }

    fn identity(&self) -> io::Result<Identity> {
        self.inner.identity()
    }

    fn is_same(&self, seen: &Identity) -> io::Result<bool> {
        self.inner.is_same(seen)
    }

    fn next_data(&self, from: ByteOffset) -> io::Result<ByteOffset> {
        self.inner.next_data(from)
    }

    fn hole_before(&self, to: ByteOffset) -> io::Result<ByteOffset> {
        self.inner.hole_before(to)
    }

    fn next_hole(&self, from: ByteOffset) -> io::Result<ByteOffset> {
        self.inner.next_hole(from)
    }

    fn lengths(&self) -> watch::Receiver<ByteOffset> {
        self.inner.lengths()
    }

    fn is_cut(&self) -> bool {
        self.inner.is_cut()
    }

    fn modified_ns(&self) -> Option<u64> {
        self.inner.modified_ns()
    }

    fn modified(&self) -> io::Result<SystemTime> {
        self.inner.modified()
    }

    fn learned(&self) -> Option<&Learned> {
        self.inner.learned()
    }
}

/// As much of `bytes` from `at` on as `buf` takes; says how much.
pub(crate) fn copy_from(bytes: &[u8], buf: &mut [u8], at: ByteOffset) -> usize {
    let rest = bytes.get(at.get() as usize..).unwrap_or_default();
    let n = rest.len().min(buf.len());
    buf[..n].copy_from_slice(&rest[..n]);
    n
}

/// Bytes in memory.
#[derive(Debug)]
pub(crate) struct Memory(pub(crate) Vec<u8>);

impl Source for Memory {
    fn len(&self) -> io::Result<ByteOffset> {
        Ok(ByteOffset::new(self.0.len() as u64))
    }

    fn read_at(&self, buf: &mut [u8], at: ByteOffset) -> io::Result<usize> {
        Ok(copy_from(&self.0, buf, at))
    }

    fn identity(&self) -> io::Result<Identity> {
        Ok(Identity { inode: 0, born_ns: 0, head_len: 0, head_hash: 0 })
    }

    fn is_same(&self, _seen: &Identity) -> io::Result<bool> {
        Ok(true)
    }

    fn lengths(&self) -> watch::Receiver<ByteOffset> {
        watch::Sender::new(ByteOffset::new(self.0.len() as u64)).subscribe()
    }
}

/// Standard input that is being read, and the end that a test writes to.
pub(crate) struct PipedInput {
    pub(crate) stdin: Arc<Stdin>,
    pub(crate) writer: Option<PipeWriter>,
    stop: Option<PipeWriter>,
    reading: Option<std::thread::JoinHandle<()>>,
}

impl PipedInput {
    pub(crate) fn new(folder: &TempFolder, budget: u64) -> Self {
        let (input, writer) = io::pipe().unwrap();
        let (stopped, stop) = io::pipe().unwrap();
        let (stdin, intake) = Stdin::new(input.into(), vec![folder.path().to_owned()], budget).unwrap();
        let reading = std::thread::spawn(move || intake.run(&stopped));
        Self { stdin, writer: Some(writer), stop: Some(stop), reading: Some(reading) }
    }

    /// Writes, and waits until all of it is kept.
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        let before = self.stdin.part(Part::Now).unwrap().end().get();
        self.writer.as_mut().unwrap().write_all(bytes).unwrap();
        let deadline = Instant::now() + Duration::from_secs(30);
        while self.stdin.part(Part::Now).unwrap().end().get() < before + bytes.len() as u64 {
            assert!(Instant::now() < deadline, "what was written is not kept");
            std::thread::yield_now();
        }
    }

    /// Ends the input, and waits until that is known.
    pub(crate) fn end(&mut self) {
        drop(self.writer.take());
        self.reading.take().unwrap().join().unwrap();
    }

    /// Stops reading while the input is open.
    pub(crate) fn stop(&mut self) {
        drop(self.stop.take());
        self.reading.take().unwrap().join().unwrap();
    }
}
