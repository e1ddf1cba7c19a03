//! What a server costs: its processes with their children, their memory, their time, what the kernel holds for them.

use std::collections::HashMap;
use std::fs;
use std::time::Duration;

/// What a process and all that it has started cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// How many processes.
    pub processes: usize,
    /// Processor time since they started, children that have ended included.
    pub cpu: Duration,
    /// Memory in bytes: a page that two of them share counts once.
    pub memory: u64,
}

/// Open files of one process, and what it watches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Handles {
    /// Open files and sockets.
    pub files: usize,
    /// Paths watched by inotify.
    pub watches: usize,
}

impl Usage {
    /// Of the process `pid` and what it has started.
    pub fn of_tree(pid: u32) -> Self {
        let mut usage = Self::default();
        for pid in tree(pid) {
            let Some(stat) = stat(pid) else { continue };
            usage.processes += 1;
            usage.cpu += stat.cpu;
            usage.memory += memory(pid);
        }
        usage
    }
}

impl Handles {
    /// Of the process `pid`.
    pub fn of(pid: u32) -> Self {
        let mut handles = Self::default();
        for entry in fs::read_dir(format!("/proc/{pid}/fdinfo")).into_iter().flatten().flatten() {
            handles.files += 1;
            let info = fs::read_to_string(entry.path()).unwrap_or_default();
            handles.watches += info.lines().filter(|line| line.starts_with("inotify ")).count();
        }
        handles
    }
}

/// `pid` and all processes below it.
pub fn tree(pid: u32) -> Vec<u32> {
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        if let Some(stat) = stat(pid) {
            children.entry(stat.parent).or_default().push(pid);
        }
    }
    let mut found = vec![pid];
    let mut at = 0;
    while let Some(below) = found.get(at).and_then(|pid| children.remove(pid)) {
        found.extend(below);
        at += 1;
    }
    found
}

/// Processor time of the calling thread.
pub fn thread_cpu() -> Duration {
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(text.split(' ').next().and_then(|nanos| nanos.parse().ok()).unwrap_or(0))
}

/// Bytes that wait in the send queues of the sockets of `port`, and how many sockets those are.
pub fn unsent_bytes(port: u16) -> (u64, usize) {
    let text = fs::read_to_string("/proc/net/tcp").unwrap_or_default();
    let wanted = format!(":{port:04X}");
    let queues = text.lines().skip(1).filter_map(|line| {
        let mut words = line.split_whitespace();
        // Number, local address, remote address, state (01: established), queues.
        let is_ours = words.nth(1)?.ends_with(&wanted) && words.nth(1)? == "01";
        let queue = words.next()?.split(':').next()?;
        is_ours.then(|| u64::from_str_radix(queue, 16).ok())?
    });
    queues.fold((0, 0), |(sum, n), queue| (sum + queue, n + 1))
}

/// Bytes of memory that this machine can still give.
pub fn spare_memory() -> u64 {
    let text = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    kilobytes(&text, "MemAvailable:").unwrap_or(u64::MAX)
}

/// The resident memory of a process in bytes, its part of what it shares.
fn memory(pid: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    kilobytes(&text, "Pss:").unwrap_or(0)
}

fn kilobytes(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}

struct Stat {
    parent: u32,
    cpu: Duration,
}

fn stat(pid: u32) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name of the program may hold anything, blanks and brackets included; what follows its last one does not.
    let fields: Vec<_> = text.rsplit_once(") ")?.1.split(' ').collect();
    let number = |idx: usize| fields.get(idx).and_then(|field| field.parse::<u64>().ok());
    // From the third field of proc(5) on: the parent is the fourth, utime, stime, cutime and cstime begin at the 14th.
    let ticks: u64 = (11..15).filter_map(number).sum();
    Some(Stat {
        parent: u32::try_from(number(1)?).ok()?,
        cpu: Duration::from_millis(ticks * 1000 / rustix::param::clock_ticks_per_second().max(1)),
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn this_process_has_memory_time_and_handles() {
        let pid = std::process::id();
        let usage = Usage::of_tree(pid);
        assert!(usage.processes >= 1 && usage.memory > 100_000, "{usage:?}");
        assert!(Handles::of(pid).files > 2 && spare_memory() > 0);
        assert!(thread_cpu() > Duration::ZERO);
    }

    #[test]
    fn what_nobody_reads_is_found_in_the_queues() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (_served, _) = listener.accept().unwrap();
        let port = client.local_addr().unwrap().port();
        assert_eq!(unsent_bytes(port), (0, 1));
        client.set_nonblocking(true).unwrap();
        while client.write(&[0; 65536]).is_ok() {}
        assert!(unsent_bytes(port).0 > 0);
    }
}
