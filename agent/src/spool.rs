//! The durable queue: one directory per report, so that an administrator can look at it and run ssh-keygen in it.
//!
//! A report is written under `tmp/`, every file synced, and renamed into `queue/`: from there on it is ours (commit point
//! A1). What became of it is written into its directory as `outcome.json` and then the directory is renamed into `trail/`
//! (A3, `retiring`), so that a crash in between is finished at the next start instead of sent again. Damaged entries are
//! reported, never in the way, and what the disk does not give now is not taken for damaged (`opening`).

mod ending;
mod looking;
mod opening;
mod retiring;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use mailbeat_shared::crash;
use mailbeat_shared::durable::{self, Access};
use mailbeat_shared::wire::id::{ContractNumber, Digest, ReportId, SystemId};
use mailbeat_shared::wire::report::Kind;
use serde::{Deserialize, Serialize};

use crate::home::Home;
use crate::state::Newest;
pub use ending::{Ending, Fate, Resent};
pub(crate) use looking::entries;
pub use looking::{in_trail, queued, with_queue};
pub use opening::OpenError;
pub use retiring::{retire, twin};

/// The signed bytes.
pub const REPORT: &str = "report.json";
/// The signature over them.
pub const SIGNATURE: &str = "report.json.sig";
/// What people read.
pub const TEXT: &str = "mail.txt";
/// The same as HTML; not for heartbeats.
pub const HTML: &str = "mail.html";
/// The report as it travels, where it travels encrypted.
pub const SEALED: &str = "report.json.age";
/// What people read in that mail; only here, because they read the rest on this host.
pub const SEALED_TEXT: &str = "sealed.txt";
/// What lists need to know.
pub const META: &str = "meta.json";
/// The mail as it was handed over.
pub const MAIL: &str = "mail.eml";
/// What became of it.
pub const OUTCOME: &str = "outcome.json";
/// When it was sent again by hand.
pub const RESENT: &str = "resent.json";

/// A report with everything that is framed into a mail.
#[derive(Clone, Debug)]
pub struct Parcel {
    /// What lists need to know.
    pub meta: Meta,
    /// The signed bytes.
    pub report: Vec<u8>,
    /// The armored signature.
    pub signature: String,
    /// What people read.
    pub text: String,
    /// The same as HTML.
    pub html: Option<String>,
    /// What travels instead, where reports are encrypted.
    pub sealed: Option<Sealed>,
}

/// An encrypted report and the text that travels with it. Made once: each time would make other bytes.
#[derive(Clone, Debug)]
pub struct Sealed {
    /// `report.json.age`.
    pub report: Vec<u8>,
    /// Says only the number, and how to decrypt.
    pub text: String,
}

/// What lists need to know of a report without opening it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meta {
    /// The report's id.
    pub id: ReportId,
    /// The system it is about.
    pub system: SystemId,
    /// The contract it is sent under.
    pub contract: ContractNumber,
    /// Fingerprint of the vendor's key, because two vendors may number alike; absent in what older agents made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor: Option<String>,
    /// Its sequence.
    pub sequence: u64,
    /// Its kind.
    pub kind: Kind,
    /// When it was made.
    pub created_at: Timestamp,
    /// The mail's subject.
    pub subject: String,
    /// What it says, in one line.
    pub title: String,
}

/// A directory of the queue or the trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its sequence, from the directory's name.
    pub sequence: u64,
    /// The directory.
    pub dir: PathBuf,
    /// What lists need to know; `None` where it is damaged, or could not be read when the directory was listed.
    pub meta: Option<Meta>,
}

impl Entry {
    /// The entry of this sequence in this directory, as far as it can be read now.
    fn at((sequence, dir): (u64, PathBuf)) -> Self {
        let meta = fs::read(dir.join(META)).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        Self { sequence, dir, meta }
    }

    /// Whether its directory is not there any more: moved to the trail, or removed by hand.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        fs::symlink_metadata(&self.dir).is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
    }

    /// What became of it, if that is decided.
    #[must_use]
    pub fn ending(&self) -> Option<Ending> {
        serde_json::from_slice(&fs::read(self.dir.join(OUTCOME)).ok()?).ok()
    }

    /// When it was sent again by hand, oldest first.
    #[must_use]
    pub fn resent(&self) -> Vec<Resent> {
        let read = fs::read(self.dir.join(RESENT)).ok();
        read.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
    }

    /// Notes that it was sent again.
    ///
    /// # Errors
    /// What the file system said; also where former notes cannot be read now, for they must not be written over.
    pub fn note_resent(&self, resent: Resent) -> io::Result<()> {
        let mut all: Vec<Resent> = match fs::read(self.dir.join(RESENT)) {
            Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => vec![],
            Err(error) => return Err(error),
        };
        all.push(resent);
        let json = serde_json::to_vec_pretty(&all).map_err(io::Error::other)?;
        durable::replace(&self.dir.join(RESENT), &json, Access::Private)
    }

    /// Its size on disk, in bytes; what cannot be looked at counts nothing.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let files = fs::read_dir(&self.dir).into_iter().flatten().flatten();
        files.filter_map(|file| file.metadata().ok()).map(|metadata| metadata.len()).sum()
    }

    /// Its kind, as far as it can be told.
    #[must_use]
    pub fn kind(&self) -> Option<Kind> {
        self.meta.as_ref().map(|meta| meta.kind)
    }
}

/// Removes what a crash left half-written.
///
/// # Errors
/// What the file system said.
pub fn sweep(home: &Home) -> io::Result<()> {
    for entry in fs::read_dir(home.tmp())? {
        fs::remove_dir_all(entry?.path())?;
    }
    Ok(())
}

/// Puts a report into the queue. After `Ok` it will be sent whatever happens.
///
/// # Errors
/// What the file system said; nothing is queued then.
pub fn put(home: &Home, parcel: &Parcel) -> io::Result<Entry> {
    let sequence = parcel.meta.sequence;
    let draft = home.tmp().join(name(sequence));
    if draft.exists() {
        fs::remove_dir_all(&draft)?;
    }
    let queued = home.queue().join(name(sequence));
    let placed = write(&draft, parcel).and_then(|()| {
        crash::point("A1.before");
        durable::rename(&draft, &queued)
    });
    if placed.is_err() {
        // On a full disk it would keep the room that somebody makes.
        let _ = fs::remove_dir_all(&draft);
    }
    placed?;
    crash::point("A1.after");
    Ok(Entry { sequence, dir: queued, meta: Some(parcel.meta.clone()) })
}

/// Writes a report's directory, and syncs all of it.
fn write(draft: &Path, parcel: &Parcel) -> io::Result<()> {
    fs::create_dir(draft)?;
    let meta = serde_json::to_vec_pretty(&parcel.meta).map_err(io::Error::other)?;
    let mut files = vec![
        (REPORT, parcel.report.as_slice()),
        (SIGNATURE, parcel.signature.as_bytes()),
        (TEXT, parcel.text.as_bytes()),
        (META, meta.as_slice()),
    ];
    files.extend(parcel.html.as_ref().map(|html| (HTML, html.as_bytes())));
    if let Some(sealed) = &parcel.sealed {
        files.extend([(SEALED, sealed.report.as_slice()), (SEALED_TEXT, sealed.text.as_bytes())]);
    }
    for (name, bytes) in files {
        durable::write_synced(&draft.join(name), bytes, Access::Private)?;
    }
    durable::sync_dir(draft)
}

/// Writes down what became of a report, with the mail as it was handed over. From here on a restart finishes it.
///
/// # Errors
/// What the file system said. The mail itself is kept if there is room; its absence is no error.
pub fn decide(entry: &Entry, ending: &Ending, mail: Option<&[u8]>) -> io::Result<()> {
    let kept = mail.map_or(Ok(()), |mail| durable::replace(&entry.dir.join(MAIL), mail, Access::Private));
    if kept.is_err() {
        let _ = fs::remove_file(entry.dir.join(MAIL));
    }
    let json = serde_json::to_vec_pretty(ending).map_err(io::Error::other)?;
    durable::replace(&entry.dir.join(OUTCOME), &json, Access::Private)?;
    // Only now: until the end is written down this is tried again and again.
    if let Err(error) = kept {
        tracing::warn!("#{}: the mail cannot be kept in the trail: {error}", entry.sequence);
    }
    Ok(())
}

/// The newest report in queue or trail.
///
/// # Errors
/// What the file system said about the directories.
pub fn newest(home: &Home) -> io::Result<Option<Newest>> {
    let newest_in = |dir: PathBuf| -> io::Result<Option<(u64, PathBuf)>> {
        let mut newest = None;
        for entry in fs::read_dir(dir)? {
            let dir = entry?.path();
            let sequence = dir.file_name().and_then(|name| name.to_str()?.parse::<u64>().ok());
            newest = newest.max(sequence.map(|sequence| (sequence, dir)));
        }
        Ok(newest)
    };
    let newest = newest_in(home.queue())?.max(newest_in(home.trail())?);
    Ok(newest.map(|(sequence, dir)| {
        let digest = fs::read(dir.join(REPORT)).ok().map(|bytes| Digest::of(&bytes));
        Newest { sequence, digest }
    }))
}

/// The name of a report's directory: ten digits, so that `ls` shows them in order.
#[must_use]
pub fn name(sequence: u64) -> String {
    format!("{sequence:010}")
}

#[cfg(test)]
mod tests;
