//! Where reading a log ended, and how the file is known again.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use mailbeat_shared::wire::id::Digest;
use serde::{Deserialize, Serialize};

use crate::check::files;
use crate::os;

/// So much of a file's beginning tells it from another one under the same inode, in bytes.
const HEAD: u64 = 256;
/// Most names that are looked at for a file that was renamed.
const NAMES: usize = 10_000;

/// Where reading ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Place {
    /// Device and inode, where the system has them.
    id: Option<(u64, u64)>,
    /// Everything before was counted.
    offset: u64,
    /// How many bytes of its beginning `head` is the digest of.
    head_bytes: u64,
    head: Digest,
    /// The file was rotated away before all of it was read: its rest is awaited, and nothing more of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    rotated: bool,
}

impl Place {
    /// Everything there is counts as read.
    pub(super) fn at_the_end(file: &mut File) -> io::Result<Self> {
        let length = file.metadata()?.len();
        Self::up_to(file, length)
    }

    /// Nothing was read yet.
    pub(super) fn at_the_beginning(file: &File) -> Self {
        let id = file.metadata().ok().and_then(|metadata| os::file_id(&metadata));
        Self { id, offset: 0, head_bytes: 0, head: Digest::of(b""), rotated: false }
    }

    /// Read up to this offset.
    pub(super) fn up_to(file: &mut File, offset: u64) -> io::Result<Self> {
        let head_bytes = offset.min(HEAD);
        Ok(Self { offset, head_bytes, head: head(file, head_bytes)?, ..Self::at_the_beginning(file) })
    }

    /// The same of a file whose rest is awaited under this name, though nobody looks for it there.
    pub(super) fn rotated(self) -> Self {
        Self { rotated: true, ..self }
    }

    /// Whether it is of such a file.
    pub(super) fn is_rotated(&self) -> bool {
        self.rotated
    }

    /// Whether it is this file's. Without inodes every file of its name is.
    pub(super) fn is_of(&self, id: Option<(u64, u64)>) -> bool {
        self.id == id
    }

    /// Where to read on: where reading ended, or at the beginning of a file that was truncated or is another one by now.
    pub(super) fn start(&self, file: &mut File) -> io::Result<u64> {
        let grew = file.metadata()?.len() >= self.offset;
        let same = grew && head(file, self.head_bytes)? == self.head;
        Ok(if same { self.offset } else { 0 })
    }

    /// Everything before was counted.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// The file under another name beside its old one, or a copy of it, if it is still the same up to here. One that was rotated away
    /// before may have kept its name. `None` where it is not there.
    ///
    /// # Errors
    /// That of the system, where its directory is there and cannot be listed now.
    pub(super) fn elsewhere(&self, old: &Path) -> io::Result<Option<(PathBuf, File)>> {
        let stem = old.file_stem().and_then(|stem| stem.to_str());
        let Some((stem, directory)) = stem.zip(old.parent()) else { return Ok(None) };
        let listing = match std::fs::read_dir(directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            listing => listing?,
        };
        let alike = listing.flatten().take(NAMES).map(|entry| entry.path()).filter(|path| {
            (self.rotated || path != old)
                && path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with(stem))
        });
        let opened = alike.filter_map(|path| Some((files::open(&path).ok()?, path)));
        let mut same: Vec<(bool, PathBuf, File)> = opened
            .filter_map(|(mut file, path)| {
                let is_itself = self.id.is_some() && Self::at_the_beginning(&file).id == self.id;
                // Of what was never read nothing tells a copy.
                let is_same = self.start(&mut file).ok()? == self.offset && (is_itself || self.offset > 0);
                is_same.then_some((is_itself, path, file))
            })
            .collect();
        same.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        Ok(same.into_iter().next().map(|(_, path, file)| (path, file)))
    }
}

fn head(file: &mut File, bytes: u64) -> io::Result<Digest> {
    let mut head = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.take(bytes).read_to_end(&mut head)?;
    Ok(Digest::of(&head))
}
