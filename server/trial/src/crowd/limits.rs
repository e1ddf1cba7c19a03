//! How many sockets one process may have.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Raises the limit of open files as far as the system lets it, up to `wanted`; what it is then. Processes started
/// afterwards inherit it.
pub fn raise_handles(wanted: u64) -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let (soft, hard) = (limit.current.unwrap_or(u64::MAX), limit.maximum.unwrap_or(u64::MAX));
    if soft >= wanted {
        return soft;
    }
    // Beyond the hard limit only root may go; without that, up to it.
    let beyond = Rlimit { current: Some(wanted), maximum: Some(wanted.max(hard)) };
    let up_to = Rlimit { current: Some(wanted.min(hard)), maximum: limit.maximum };
    for limit in [beyond, up_to] {
        if setrlimit(Resource::Nofile, limit).is_ok() {
            break;
        }
    }
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}
