//! Windows, and whatever else is no Unix: files have no owner and mode that could be told in two words.

use std::fs::{File, Metadata};
use std::io;
use std::path::Path;

use crate::redact::pseudonym::Names;

/// A regular file, open for reading, with what the handle says of it (not what the name said before).
#[derive(Debug)]
pub struct Opened {
    /// The handle.
    pub file: File,
    /// Of the handle.
    pub metadata: Metadata,
}

/// Nobody has one here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ownership(std::convert::Infallible);

/// What is no file and is never opened.
pub type NeverOpened = &'static str;

/// Opens `relative` below `root` for reading; a reparse point (link, junction) is opened itself and refused.
///
/// # Errors
/// Whatever the system says; `InvalidInput` if it is no regular file.
pub fn open_beneath(root: &Path, relative: &Path) -> io::Result<Opened> {
    let path = root.join(relative);
    #[cfg(windows)]
    let file = {
        use std::os::windows::fs::OpenOptionsExt as _;
        // FILE_FLAG_OPEN_REPARSE_POINT; FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE
        std::fs::OpenOptions::new().read(true).custom_flags(0x0020_0000).share_mode(7).open(path)?
    };
    #[cfg(not(windows))]
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    Ok(Opened { file, metadata })
}

/// Pipes and devices are not in directories here.
#[must_use]
pub fn never_opened(_: &Metadata) -> Option<NeverOpened> {
    None
}

/// The standard library does not tell it here.
#[must_use]
pub fn file_id(_: &Metadata) -> Option<(u64, u64)> {
    None
}

/// Windows has other things than owner and mode bits.
#[must_use]
pub fn ownership(_: &Metadata) -> Option<Ownership> {
    None
}

impl Ownership {
    /// Never called: there is no such value.
    #[must_use]
    pub fn mode(&self) -> String {
        match self.0 {}
    }

    /// Never called: there is no such value.
    #[must_use]
    pub fn owner(&self, _: &Accounts, _: impl Fn(&str) -> String) -> String {
        match self.0 {}
    }
}

/// Names of local accounts; not needed here.
#[derive(Debug, Default)]
pub struct Accounts;

impl Accounts {
    /// Nothing to read.
    #[must_use]
    pub fn local() -> Self {
        Self
    }
}

/// Bytes this program may still write on the disk of `path`; not asked for on Windows.
#[must_use]
pub fn free_bytes(_: &Path) -> Option<u64> {
    None
}

/// The user this program runs as, for commands that grant it something.
#[must_use]
pub fn program_user() -> String {
    "LocalService".to_owned()
}

/// The name of this host and of the people with a profile; neighbours are not known here.
#[must_use]
pub fn known_names() -> Names {
    let drive = std::env::var("SystemDrive").unwrap_or_else(|_| "C:".into());
    let profiles = std::fs::read_dir(format!("{drive}\\Users")).into_iter().flatten().flatten();
    let shared = ["Public", "Default", "Default User", "All Users"];
    let people = profiles.filter_map(|profile| profile.file_name().into_string().ok());
    Names {
        hosts: std::env::var("COMPUTERNAME").into_iter().collect(),
        domains: std::env::var("USERDNSDOMAIN").into_iter().collect(),
        users: people.filter(|name| !shared.contains(&name.as_str())).collect(),
    }
}

/// No such name here; the caller derives one from the time of the start.
#[must_use]
pub fn boot_id() -> Option<String> {
    None
}

/// There are none to run out of.
#[must_use]
pub fn inodes(_: &Path) -> Option<(u64, u64)> {
    None
}

/// Not without the registry; the caller asks the firmware.
#[must_use]
pub fn machine_id() -> Option<String> {
    None
}

/// Not known here: the service control manager does not say why it stops a service.
#[must_use]
pub fn system_is_stopping() -> bool {
    false
}

/// The path as one word of a command, in quotes.
#[must_use]
pub fn shell_word(path: &Path) -> String {
    format!("\"{}\"", path.display())
}
