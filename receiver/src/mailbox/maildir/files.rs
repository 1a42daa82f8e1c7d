//! The files of a folder: others move them from `new` to `cur` and change their flags while we read.

use std::collections::HashMap;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

/// The mails of a folder by the part of their names that stays.
pub(super) fn files(dir: &Path) -> io::Result<HashMap<String, PathBuf>> {
    let mut found = HashMap::new();
    // `new` first: a mail read meanwhile turns up again in `cur`, under the same base name.
    for part in ["new", "cur"] {
        for entry in fs::read_dir(dir.join(part))? {
            let entry = entry?;
            // A name that is no text, or would break our list's lines, was not made by a mail server.
            let name = entry.file_name().into_string().ok().filter(|name| !name.contains(char::is_control));
            if let Some(name) = name.filter(|name| !name.starts_with('.')) {
                found.insert(base(&name).to_owned(), entry.path());
            }
        }
    }
    Ok(found)
}

/// Where a file is now: readers move it from `new` to `cur` and change its flags.
pub(super) fn find(dir: &Path, path: &Path) -> Option<PathBuf> {
    if path.try_exists().unwrap_or(false) {
        return Some(path.to_owned());
    }
    let name = path.file_name()?.to_str()?;
    files(dir).ok()?.remove(base(name))
}

pub(super) fn base(name: &str) -> &str {
    name.split(":2,").next().unwrap_or(name)
}

/// When a mail arrived: when its file was written, to the second, as IMAP has it.
pub(super) fn arrived(file: &Metadata) -> Option<Timestamp> {
    let at = Timestamp::try_from(file.modified().ok()?).ok()?;
    Timestamp::from_second(at.as_second()).ok()
}
