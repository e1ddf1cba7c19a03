//! Sample logs for `serve` without a PATH: several formats, colours, one that rotates, all growing.

mod lines;

use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write};
use std::os::unix::process::parent_id;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};

use crate::workspace;
use lines::{KINDS, Kind, Random};

/// The hidden command of the process that lets the logs grow.
pub const GROW_COMMAND: &str = "grow-sample-logs";

/// How many lines each log has at first.
const FIRST_LINES: u64 = 20_000;

/// The one that rotates does so at this size, in bytes.
const ROTATE_AT: u64 = 256 * 1024;

/// Writes the logs and starts the process that lets them grow; it ends when this process does. Returns their folder.
pub fn write_and_grow() -> Result<PathBuf> {
    let folder = workspace::root().join("target/sample-logs");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder)?;
    let now = unix_now();
    let mut random = Random::new(7);
    for kind in KINDS {
        let mut file = BufWriter::new(File::create(folder.join(kind.file))?);
        // They end now, one line a second.
        for n in 0..FIRST_LINES {
            (kind.line)(&mut file, now - FIRST_LINES + n, &mut random)?;
        }
        file.flush()?;
    }
    println!("sample logs that grow: {}", folder.display());
    let this = std::env::current_exe()?;
    let mut grower = Command::new(this);
    grower.arg(GROW_COMMAND).arg(&folder).stdin(Stdio::null()).stdout(Stdio::null());
    grower.spawn().context("cannot start the process that lets the sample logs grow")?;
    Ok(folder)
}

/// Lets the logs in a folder grow until the process that asked for it is gone.
pub fn grow(args: &[String]) -> Result<()> {
    let folder = Path::new(args.first().context("no folder")?);
    let (parent, mut random) = (parent_id(), Random::new(unix_now()));
    while parent_id() == parent {
        for kind in KINDS {
            append(folder, kind, &mut random)?;
        }
        sleep(Duration::from_millis(250 + random.below(500)));
    }
    Ok(())
}

fn append(folder: &Path, kind: &Kind, random: &mut Random) -> Result<()> {
    let path = folder.join(kind.file);
    if kind.rotates && path.metadata().is_ok_and(|facts| facts.len() > ROTATE_AT) {
        fs::rename(&path, folder.join(format!("{}.1", kind.file)))?;
    }
    let mut text = Vec::new();
    for _ in 0..random.below(kind.burst) + 1 {
        (kind.line)(&mut text, unix_now(), random)?;
    }
    OpenOptions::new().append(true).create(true).open(path)?.write_all(&text)?;
    Ok(())
}

fn unix_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
