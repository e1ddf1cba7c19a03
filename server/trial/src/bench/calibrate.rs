//! What this machine can do at most: one thread writes to many loopback sockets, another one empties them.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};
use rustix::net::sockopt;

use crate::crowd::limits;
use crate::crowd::usage;

/// How long one limit is measured.
const TIME: Duration = Duration::from_secs(1);

/// How long the writer rests when the reader is behind.
const REST: Duration = Duration::from_millis(1);

/// The send buffer that Taillight's sockets have.
const SEND_BUFFER_BYTES: usize = 64 * 1024;

/// A limit as it was measured.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// How many sockets.
    pub sockets: usize,
    /// How much each write had, in bytes.
    pub bytes: usize,
    /// Megabytes each second of the clock.
    pub rate: f64,
    /// Megabytes each second of the writer's processor time.
    pub per_cpu: f64,
}

/// Measures the limit for each of these numbers of sockets, with small and with larger writes. Numbers that this process
/// may not have are left out.
///
/// # Errors
/// When the system fails.
pub fn all(sizes: &[usize]) -> io::Result<Vec<Limit>> {
    let mut limits = Vec::new();
    for &sockets in sizes {
        let wanted = 2 * sockets as u64 + 100;
        if limits::raise_handles(wanted) < wanted {
            continue;
        }
        for bytes in [2_000, 16_000] {
            limits.push(measure(sockets, bytes)?);
        }
    }
    Ok(limits)
}

fn measure(sockets: usize, bytes: usize) -> io::Result<Limit> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    sockopt::set_socket_send_buffer_size(&listener, SEND_BUFFER_BYTES)?;
    let addr = listener.local_addr()?;
    let (mut writers, mut readers) = (Vec::with_capacity(sockets), Vec::with_capacity(sockets));
    for _ in 0..sockets {
        readers.push(TcpStream::connect(addr)?);
        let (writer, _) = listener.accept()?;
        writer.set_nonblocking(true)?;
        writer.set_nodelay(true)?;
        writers.push(writer);
    }
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    let reader = thread::spawn(move || empty(&readers, &stopped));
    let (began, cpu, chunk) = (Instant::now(), usage::thread_cpu(), vec![b'x'; bytes]);
    let mut sent = 0_u64;
    while began.elapsed() < TIME {
        let mut n_full = 0;
        for writer in &mut writers {
            match writer.write(&chunk) {
                Ok(n) => sent += n as u64,
                Err(error) if error.kind() == ErrorKind::WouldBlock => n_full += 1,
                Err(error) => return Err(error),
            }
        }
        if n_full > sockets / 2 {
            // Asking again at once would only be counted as the cost of writing.
            thread::sleep(REST);
        }
    }
    let (cpu, time) = (usage::thread_cpu() - cpu, began.elapsed());
    stop.store(true, Ordering::Relaxed);
    reader.join().map_err(|_| io::Error::other("the reader panicked"))??;
    let megabytes = sent as f64 / 1e6;
    Ok(Limit { sockets, bytes, rate: megabytes / time.as_secs_f64(), per_cpu: megabytes / cpu.as_secs_f64().max(1e-3) })
}

/// Reads and forgets until it is stopped.
fn empty(readers: &[TcpStream], stopped: &AtomicBool) -> io::Result<()> {
    let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    for (idx, reader) in readers.iter().enumerate() {
        reader.set_nonblocking(true)?;
        epoll::add(&epoll, reader, epoll::EventData::new_u64(idx as u64), epoll::EventFlags::IN)?;
    }
    let mut buffer = vec![0; 64 * 1024];
    let mut events = Vec::with_capacity(1024);
    while !stopped.load(Ordering::Relaxed) {
        events.clear();
        let wait = Timespec { tv_sec: 0, tv_nsec: 20_000_000 };
        epoll::wait(&epoll, spare_capacity(&mut events), Some(&wait))?;
        for event in &events {
            let data = event.data;
            if let Some(mut reader) = readers.get(data.u64() as usize) {
                let _ = reader.read(&mut buffer);
            }
        }
    }
    Ok(())
}
