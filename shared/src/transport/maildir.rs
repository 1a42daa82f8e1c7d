//! Delivery into a Maildir (<https://cr.yp.to/proto/maildir.html>): into `tmp`, synced, then renamed into `new`.
//!
//! The name comes from a stable id the caller gives, so that delivering the same message twice is harmless: while it
//! still lies in `new` or `cur`, the second delivery changes nothing. The bytes are written exactly as given.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::durable::{self, Access};

/// Delivers `message` into the Maildir `dir`, which is created where missing. After `Ok` it survives a crash.
///
/// `unique_name` must be the same for the same message and different for different ones: ASCII letters, digits and
/// `._=@+-`, not beginning with a dot. Returns the path where the message now lies.
///
/// # Errors
/// `InvalidInput` for such a name that is none, else what the file system said.
pub fn deliver(dir: &Path, message: &[u8], unique_name: &str) -> io::Result<PathBuf> {
    check_name(unique_name)?;
    create(dir)?;
    if let Some(there) = find(dir, unique_name)? {
        return Ok(there);
    }
    let draft = dir.join("tmp").join(unique_name);
    let delivered = dir.join("new").join(unique_name);
    durable::write_synced(&draft, message, Access::Private)?;
    share_like(&draft, &dir.join("new"))?;
    durable::rename(&draft, &delivered)?;
    Ok(delivered)
}

/// Where the message of that name lies, if it is still in `new` or, under a reader's flags, in `cur`.
///
/// # Errors
/// What the file system said.
pub fn find(dir: &Path, unique_name: &str) -> io::Result<Option<PathBuf>> {
    let new = dir.join("new").join(unique_name);
    if new.try_exists()? {
        return Ok(Some(new));
    }
    for entry in fs::read_dir(dir.join("cur"))? {
        let entry = entry?;
        // Readers append `:2,FLAGS`; on systems without colons in names they use `;` or `!`.
        let is_it = entry.file_name().to_str().is_some_and(|name| {
            name.strip_prefix(unique_name)
                .is_some_and(|flags| flags.is_empty() || flags.starts_with([':', ';', '!', ',']))
        });
        if is_it {
            return Ok(Some(entry.path()));
        }
    }
    Ok(None)
}

/// Makes the three folders, readable by the owner only; those that exist are left as they are.
fn create(dir: &Path) -> io::Result<()> {
    for folder in ["tmp", "new", "cur"] {
        let folder = dir.join(folder);
        if folder.is_dir() {
            continue;
        }
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&folder)?;
        durable::sync_dir(dir)?;
        dir.parent().filter(|parent| !parent.as_os_str().is_empty()).map_or(Ok(()), durable::sync_dir)?;
    }
    Ok(())
}

/// A Maildir made for a group (agent and receiver as two users of one host) gets messages that group can read:
/// the file has the folder's permission to read and write, as Dovecot does it.
#[cfg(unix)]
fn share_like(file: &Path, folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(folder)?.permissions().mode() & 0o660;
    if mode & 0o060 != 0 {
        fs::set_permissions(file, fs::Permissions::from_mode(0o600 | mode))?;
    }
    Ok(())
}

#[cfg(not(unix))]
fn share_like(_: &Path, _: &Path) -> io::Result<()> {
    Ok(())
}

/// Keeps names inside the folder, and free of what Windows forbids.
fn check_name(name: &str) -> io::Result<()> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "._=@+-".contains(c);
    if name.is_empty()
        || name.len() > 200
        || name.starts_with('.')
        || name.ends_with('.')
        || !name.chars().all(fits)
    {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("{name:?} cannot be a Maildir name"),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(dir: &Path) -> Vec<String> {
        let mut names: Vec<String> = ["tmp", "new", "cur"]
            .iter()
            .flat_map(|folder| {
                fs::read_dir(dir.join(folder)).unwrap().map(move |entry| (folder, entry.unwrap()))
            })
            .map(|(folder, entry)| format!("{folder}/{}", entry.file_name().to_str().unwrap()))
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_delivered_message_lies_in_new_byte_for_byte_and_nothing_else_is_left() {
        let home = tempfile::tempdir().unwrap();
        let maildir = home.path().join("deep/Maildir");
        let path = deliver(&maildir, b"Subject: x\r\n\r\n.\r\n\xff", "0193.report").unwrap();
        assert_eq!(fs::read(path).unwrap(), b"Subject: x\r\n\r\n.\r\n\xff");
        assert_eq!(files(&maildir), ["new/0193.report"]);
    }

    #[test]
    fn the_same_message_delivered_again_is_there_once_also_after_somebody_read_it() {
        let maildir = tempfile::tempdir().unwrap();
        let new = deliver(maildir.path(), b"x", "id-1").unwrap();
        assert_eq!(deliver(maildir.path(), b"x", "id-1").unwrap(), new);
        let read = maildir.path().join("cur").join(if cfg!(windows) { "id-1;2,S" } else { "id-1:2,S" });
        fs::rename(new, &read).unwrap();
        assert_eq!(deliver(maildir.path(), b"x", "id-1").unwrap(), read);
        deliver(maildir.path(), b"y", "id-10").unwrap();
        deliver(maildir.path(), b"z", "id").unwrap();
        assert_eq!(files(maildir.path()).len(), 3, "an id that only begins the same is another message");
    }

    #[test]
    fn a_draft_left_by_a_crash_is_replaced_by_the_next_delivery() {
        let maildir = tempfile::tempdir().unwrap();
        create(maildir.path()).unwrap();
        fs::write(maildir.path().join("tmp/id-1"), b"half of a longer mess").unwrap();
        let path = deliver(maildir.path(), b"whole", "id-1").unwrap();
        assert_eq!(fs::read(path).unwrap(), b"whole");
        assert_eq!(files(maildir.path()), ["new/id-1"]);
    }

    #[test]
    fn a_name_cannot_leave_the_folder() {
        let maildir = tempfile::tempdir().unwrap();
        for name in ["", "../x", "a/b", "a:b", ".hidden", "a\\b", "nul\0", "ä", "dot."] {
            assert_eq!(
                deliver(maildir.path(), b"x", name).unwrap_err().kind(),
                io::ErrorKind::InvalidInput,
                "{name:?}"
            );
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_message_is_private_unless_the_folder_is_shared_with_a_group() {
        use std::os::unix::fs::PermissionsExt;
        let maildir = tempfile::tempdir().unwrap();
        let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(deliver(maildir.path(), b"x", "a").unwrap()), 0o600);
        fs::set_permissions(maildir.path().join("new"), fs::Permissions::from_mode(0o770)).unwrap();
        assert_eq!(mode(deliver(maildir.path(), b"x", "b").unwrap()), 0o660);
    }
}
