//! Files that are either wholly there or not there, also after a power cut.
//!
//! Write to a temporary name, fsync, rename, fsync the directory. On systems where a directory cannot be synced
//! (Windows) the rename itself is the commit.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// Who may read a file written here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Only the owner (0600): keys, secrets, state.
    Private,
    /// Whoever the process's umask lets (0644 at most).
    Shared,
}

/// Replaces `path` with `bytes`. After `Ok` the new content survives a crash; after `Err` the old content stands, and the
/// temporary file is gone: on a full disk it would keep the room that somebody makes.
///
/// # Errors
/// What the file system said, on the temporary file beside `path`, the rename, or the directory.
pub fn replace(path: &Path, bytes: &[u8], access: Access) -> io::Result<()> {
    let tmp = path.with_extension("tmp");
    let placed = write_synced(&tmp, bytes, access).and_then(|()| fs::rename(&tmp, path));
    if placed.is_err() {
        let _ = fs::remove_file(&tmp);
    }
    placed?;
    sync_parent(path)
}

/// Writes a new file and syncs its content (not its directory entry).
///
/// # Errors
/// What the file system said.
pub fn write_synced(path: &Path, bytes: &[u8], access: Access) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(if access == Access::Private { 0o600 } else { 0o644 });
    }
    #[cfg(not(unix))]
    let _ = access;
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Renames and syncs the target's directory: the commit point of a queue made of files.
///
/// # Errors
/// What the file system said.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)?;
    sync_parent(to)
}

/// Syncs a directory, so that names made or removed in it survive a crash.
///
/// # Errors
/// What the file system said.
pub fn sync_dir(dir: &Path) -> io::Result<()> {
    #[cfg(unix)]
    File::open(dir)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = (dir, File::open::<&Path>);
    Ok(())
}

/// Makes a directory that only the owner may enter (0700), where it is missing, with those above it.
///
/// # Errors
/// What the file system said.
pub fn private_dir(dir: &Path) -> io::Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(dir)?;
    sync_parent(dir)
}

fn sync_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => sync_dir(dir),
        _ => sync_dir(Path::new(".")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_put_in_place_leaves_the_old_content_and_no_temporary_file() {
        let dir = tempfile::tempdir().unwrap();
        let taken = dir.path().join("state.7");
        // A directory cannot be replaced by a file, by nobody.
        fs::create_dir(&taken).unwrap();
        assert!(replace(&taken, b"new", Access::Private).is_err());
        let names: Vec<_> =
            fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["state.7"]);
    }
}
