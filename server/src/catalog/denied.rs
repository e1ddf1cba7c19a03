//! What to say when the operating system refuses: who we are, what we may not read, and what would fix it.

use std::path::Path;

use rustix::fs::Statx;

use super::OpenError;
use super::beneath::shown_path;

/// A file that may not be read.
pub fn file(path: &Path, stat: &Statx) -> OpenError {
    const GROUP_READ: u16 = 0o040;
    let (user, uid) = who_we_are();
    let group = name_of(stat.stx_gid, "/etc/group");
    // Group 0 is no group to hand out.
    let fix = if stat.stx_mode & GROUP_READ != 0 && stat.stx_gid != 0 {
        format!("add that user to the group '{group}' ('usermod -aG {group} {user}') and restart the server")
    } else {
        format!("let it read the file, for example 'setfacl -m u:{user}:r {}'", quoted(path))
    };
    OpenError::Denied { user, uid, path: shown_path(path), fix }
}

/// A folder that may not be listed, or a path on whose way is one that may not be entered.
pub fn folder(path: &Path) -> OpenError {
    let (user, uid) = who_we_are();
    let fix = format!(
        "let it enter the folders on the way and read the last one, for example 'setfacl -m u:{user}:rx FOLDER'; \
         'namei -l {}' shows which one refuses",
        quoted(path)
    );
    OpenError::Denied { user, uid, path: shown_path(path), fix }
}

fn who_we_are() -> (String, u32) {
    let uid = rustix::process::geteuid().as_raw();
    (name_of(uid, "/etc/passwd"), uid)
}

/// The name of a number in a file of colon-separated lines with name and number first and third; else the number.
fn name_of(id: u32, table: &str) -> String {
    let text = std::fs::read_to_string(table).unwrap_or_default();
    let named = text.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(id)).then(|| name.to_owned())
    });
    named.unwrap_or_else(|| id.to_string())
}

/// For a shell.
fn quoted(path: &Path) -> String {
    format!("'{}'", shown_path(path).replace('\'', r"'\''"))
}
