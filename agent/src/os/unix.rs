//! Linux and other Unixes. Nothing here needs root; what may not be read is an error for the caller to name.

mod descendants;
mod names;
mod stirring;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{File, Metadata};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Component, Path};

pub(super) use descendants::end_all;
pub use names::known_names;
use rustix::fs::{Mode, OFlags};
pub(crate) use stirring::Stirring;

/// Ids from here on belong to people, below to the system (Debian and Red Hat alike); 65534 is nobody.
const FIRST_PERSON: u32 = 1000;
const NOBODY: u32 = 65_534;

/// A regular file, open for reading, with what the handle says of it (not what the name said before).
#[derive(Debug)]
pub struct Opened {
    /// The handle.
    pub file: File,
    /// Of the handle.
    pub metadata: Metadata,
}

/// Who owns a file and who may do what with it, as numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ownership {
    user: u32,
    group: u32,
    mode: u32,
}

/// What is no file and is never opened, because opening alone can block or have effects.
pub type NeverOpened = &'static str;

/// Opens `relative` below `root` for reading without following a link on the way, so that nobody who may write to a
/// watched directory can make the agent read a file elsewhere. Never blocks on a named pipe.
///
/// # Errors
/// Whatever the system says; `InvalidInput` if it is no regular file.
pub fn open_beneath(root: &Path, relative: &Path) -> io::Result<Opened> {
    #[cfg(target_os = "linux")]
    const ON_THE_WAY: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
    #[cfg(not(target_os = "linux"))]
    const ON_THE_WAY: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
    let read = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
    let not_a_name = || io::Error::new(io::ErrorKind::InvalidInput, "the path has no file name");
    let mut names: Vec<&OsStr> = relative
        .components()
        .map(|part| if let Component::Normal(name) = part { Some(name) } else { None })
        .collect::<Option<_>>()
        .ok_or_else(not_a_name)?;
    let name = names.pop().ok_or_else(not_a_name)?;
    let mut directory = rustix::fs::open(root, ON_THE_WAY, Mode::empty())?;
    for step in names {
        directory = rustix::fs::openat(&directory, step, ON_THE_WAY | OFlags::NOFOLLOW, Mode::empty())?;
    }
    let file = File::from(rustix::fs::openat(&directory, name, read, Mode::empty())?);
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    Ok(Opened { file, metadata })
}

/// Named pipes, sockets and devices by their name; `None` for what may be opened.
#[must_use]
pub fn never_opened(metadata: &Metadata) -> Option<NeverOpened> {
    let kind = metadata.file_type();
    match () {
        () if kind.is_fifo() => Some("a named pipe"),
        () if kind.is_socket() => Some("a socket"),
        () if kind.is_char_device() || kind.is_block_device() => Some("a device"),
        () => None,
    }
}

/// Owner and mode as the system has them.
#[must_use]
pub fn ownership(metadata: &Metadata) -> Option<Ownership> {
    Some(Ownership { user: metadata.uid(), group: metadata.gid(), mode: metadata.mode() & 0o7777 })
}

impl Ownership {
    /// The permission bits: `0644`.
    #[must_use]
    pub fn mode(&self) -> String {
        format!("{:04o}", self.mode)
    }

    /// `root:adm`. System accounts by their names; people are `pseudonym`s of their ids, because who they are is
    /// nobody's business at the vendor.
    #[must_use]
    pub fn owner(&self, accounts: &Accounts, pseudonym: impl Fn(&str) -> String) -> String {
        let say = |kind: &str, id: u32, names: &BTreeMap<u32, String>| {
            if id < FIRST_PERSON || id == NOBODY {
                names.get(&id).cloned().unwrap_or_else(|| id.to_string())
            } else {
                format!("{kind}-{}", pseudonym(&format!("{kind}:{id}")))
            }
        };
        format!("{}:{}", say("uid", self.user, &accounts.users), say("gid", self.group, &accounts.groups))
    }
}

/// What names a file on this host whatever it is called, as long as it is there: device and inode.
#[must_use]
pub fn file_id(metadata: &Metadata) -> Option<(u64, u64)> {
    Some((metadata.dev(), metadata.ino()))
}

/// Names of local accounts. Directory services are not asked: system accounts are local, and asking can hang.
#[derive(Debug, Default)]
pub struct Accounts {
    users: BTreeMap<u32, String>,
    groups: BTreeMap<u32, String>,
}

impl Accounts {
    /// Reads `/etc/passwd` and `/etc/group`; what cannot be read has no names.
    #[must_use]
    pub fn local() -> Self {
        Self { users: named_ids("/etc/passwd"), groups: named_ids("/etc/group") }
    }
}

fn named_ids(file: &str) -> BTreeMap<u32, String> {
    let text = std::fs::read(file).unwrap_or_default();
    let line = |line: &str| {
        let mut fields = line.split(':');
        let (name, id) = (fields.next()?, fields.nth(1)?.parse().ok()?);
        Some((id, mailbeat_shared::text::one_line(name, 64)))
    };
    // The first of several names for one id is the one the system shows.
    String::from_utf8_lossy(&text).lines().rev().filter_map(line).collect()
}

/// Bytes this program may still write on the disk of `path`, where the system says.
#[must_use]
pub fn free_bytes(path: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(path).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// The user this program runs as, for commands that grant it something.
#[must_use]
pub fn program_user() -> String {
    let id = rustix::process::geteuid().as_raw();
    named_ids("/etc/passwd").remove(&id).unwrap_or_else(|| id.to_string())
}

/// Names this run of the host; `None` where the system has no such name.
#[must_use]
pub fn boot_id() -> Option<String> {
    first_line("/proc/sys/kernel/random/boot_id")
}

/// How many inodes a filesystem has and how many could still be used; `None` where it does not count them.
#[must_use]
pub fn inodes(mountpoint: &Path) -> Option<(u64, u64)> {
    let counted = rustix::fs::statvfs(mountpoint).ok()?;
    (counted.f_files > 0).then_some((counted.f_files, counted.f_favail))
}

/// Names this installation of the operating system (machine-id(5)): confidential, for comparing only, never sent.
#[must_use]
pub fn machine_id() -> Option<String> {
    first_line("/etc/machine-id").or_else(|| first_line("/var/lib/dbus/machine-id"))
}

/// Whether the service manager is shutting the system down or restarting it. Without systemd nobody says so.
#[must_use]
pub fn system_is_stopping() -> bool {
    // It exits with a failure for every state but `running`; only its word counts.
    let asked = std::process::Command::new("systemctl").arg("is-system-running").output();
    asked.is_ok_and(|answer| answer.stdout.trim_ascii() == b"stopping")
}

fn first_line(file: &str) -> Option<String> {
    let text = std::fs::read_to_string(file).ok()?;
    let line = mailbeat_shared::text::one_line(text.lines().next()?.trim(), 128);
    (!line.is_empty()).then_some(line)
}

/// The path as one word of a shell command, in quotes where it needs them.
#[must_use]
pub fn shell_word(path: &Path) -> String {
    use std::fmt::Write as _;
    let bytes = path.as_os_str().as_bytes();
    let plain = |c: &u8| c.is_ascii_alphanumeric() || b"/._-+@:,=".contains(c);
    if bytes.iter().all(plain) {
        return String::from_utf8_lossy(bytes).into_owned();
    }
    match path.to_str().filter(|text| mailbeat_shared::text::is_clean(text)) {
        Some(text) => format!("'{}'", text.replace('\'', r"'\''")),
        None => {
            let mut word = String::from("$'");
            for byte in bytes {
                if plain(byte) {
                    word.push(char::from(*byte));
                } else {
                    let _ = write!(word, "\\x{byte:02x}");
                }
            }
            word + "'"
        }
    }
}
