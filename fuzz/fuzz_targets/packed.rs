//! Any bytes as a compressed file: what is decoded ends, fails or is cut off, whatever the pieces that it is read in.
#![no_main]

use std::io::{self, Read as _};
use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use server::source::Source;
use server::source::packed::{Decoder, UnpackingReader, WINDOW_LOG};
use taillight::cursor::Identity;
use taillight::line::ByteOffset;
use tokio::sync::watch;

/// As much as is read of one.
const MAX_BYTES: u64 = 1 << 20;

#[derive(Debug)]
struct Memory(Vec<u8>);

impl Source for Memory {
    fn len(&self) -> io::Result<ByteOffset> {
        Ok(ByteOffset::new(self.0.len() as u64))
    }

    fn read_at(&self, buf: &mut [u8], at: ByteOffset) -> io::Result<usize> {
        let rest = self.0.get(at.get() as usize..).unwrap_or_default();
        let n_read = rest.len().min(buf.len());
        buf[..n_read].copy_from_slice(&rest[..n_read]);
        Ok(n_read)
    }

    fn identity(&self) -> io::Result<Identity> {
        Ok(Identity { inode: 0, born_ns: 0, head_len: 0, head_hash: 0 })
    }

    fn is_same(&self, _seen: &Identity) -> io::Result<bool> {
        Ok(true)
    }

    fn lengths(&self) -> watch::Receiver<ByteOffset> {
        watch::Sender::new(ByteOffset::ZERO).subscribe()
    }
}

fuzz_target!(|bytes: &[u8]| {
    let source: Arc<dyn Source> = Arc::new(Memory(bytes.to_vec()));
    let decode = |piece: usize| {
        let decoder = Decoder::of(Arc::clone(&source), WINDOW_LOG).expect("memory is read")?;
        let mut reader = UnpackingReader::new(decoder).take(MAX_BYTES);
        let mut decoded = Vec::new();
        let mut buf = vec![0; piece];
        let ends = loop {
            match reader.read(&mut buf) {
                Ok(0) => break true,
                Ok(n_read) => decoded.extend_from_slice(&buf[..n_read]),
                Err(_) => break false,
            }
        };
        Some((decoded, ends))
    };
    // How much is taken at once changes nothing, but how much comes before a damage.
    match (decode(4093), decode(65_536)) {
        (Some((a, true)), Some((b, true))) => assert!(a == b),
        (a, b) => assert_eq!(a.is_some(), b.is_some()),
    }
});
