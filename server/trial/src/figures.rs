//! What a run measured: percentiles of durations, and what a process costs.

use std::fs;
use std::time::Duration;

use anyhow::Context as _;

/// The value below which `share` (0 to 1) of the values lie; zero without any.
pub fn percentile(sorted: &[Duration], share: f64) -> Duration {
    let last = sorted.len().saturating_sub(1);
    let idx = (last as f64 * share.clamp(0.0, 1.0)).round() as usize;
    sorted.get(idx).copied().unwrap_or_default()
}

/// What a process has in memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// Resident, in bytes.
    pub rss: u64,
    /// The most that was ever resident, in bytes.
    pub peak_rss: u64,
}

/// What a process has in memory now.
///
/// # Errors
/// When it has ended.
pub fn memory(pid: u32) -> anyhow::Result<Memory> {
    let text = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let kib = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)).with_context(|| format!("no {name}"))?;
        let number = line.split_whitespace().next().with_context(|| format!("no number in {name}"))?;
        anyhow::Ok(number.parse::<u64>()? * 1024)
    };
    Ok(Memory { rss: kib("VmRSS:")?, peak_rss: kib("VmHWM:")? })
}

/// How much a process has read from files and pipes since its start, cached or not, in bytes; sockets do not count.
///
/// # Errors
/// When it has ended, or the kernel does not count.
pub fn read_bytes(pid: u32) -> anyhow::Result<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/io"))?;
    let number = text.lines().find_map(|line| line.strip_prefix("rchar: ")).context("no line of what was read")?;
    Ok(number.trim().parse()?)
}

/// The time that a process has run on processors, in its own code and for it in the kernel.
///
/// # Errors
/// When it has ended.
pub fn cpu_time(pid: u32) -> anyhow::Result<Duration> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name in parentheses may have spaces in it.
    let after_name = text.rsplit_once(')').context("no name")?.1;
    let mut ticks = 0;
    for field in after_name.split_whitespace().skip(11).take(2) {
        ticks += field.parse::<u64>()?;
    }
    Ok(Duration::from_secs_f64(ticks as f64 / rustix::param::clock_ticks_per_second() as f64))
}

/// What TCP sockets of the whole machine hold in the kernel, in bytes.
///
/// # Errors
/// When the system does not tell.
pub fn tcp_memory() -> anyhow::Result<u64> {
    let text = fs::read_to_string("/proc/net/sockstat")?;
    let line = text.lines().find_map(|line| line.strip_prefix("TCP:")).context("no line of TCP")?;
    let pages = line.split_whitespace().skip_while(|word| *word != "mem").nth(1).context("no memory of TCP")?;
    Ok(pages.parse::<u64>()? * rustix::param::page_size() as u64)
}

/// How many file descriptors a process has open.
///
/// # Errors
/// When it has ended.
pub fn handles(pid: u32) -> anyhow::Result<usize> {
    Ok(fs::read_dir(format!("/proc/{pid}/fd"))?.count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_lie_between_the_least_and_the_most() {
        let values: Vec<_> = (1..=100).map(Duration::from_millis).collect();
        let at = |share| percentile(&values, share).as_millis();
        assert_eq!((at(0.0), at(0.5), at(0.99), at(1.0), percentile(&[], 0.5).as_millis()), (1, 51, 99, 100, 0));
    }

    #[test]
    fn the_own_process_has_memory_time_and_handles() {
        let pid = std::process::id();
        let memory = memory(pid).unwrap();
        assert!(memory.rss > 100_000 && memory.peak_rss >= memory.rss, "{memory:?}");
        assert!(cpu_time(pid).unwrap() < Duration::from_secs(3_600));
        assert!(handles(pid).unwrap() >= 3);
        let read = read_bytes(pid).unwrap();
        fs::read("/proc/self/exe").unwrap();
        assert!(read_bytes(pid).unwrap() > read + 100_000);
        tcp_memory().unwrap();
    }
}
