//! The trail for somebody else: every mail as it was handed over, every report with its signature, and how to check them with
//! nothing of ours. Written once into an empty directory; trusts nothing it copies, and the index says what is not there.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use mailbeat_shared::durable::{self, Access};
use mailbeat_shared::wire::id::SystemId;
use mailbeat_shared::wire::signature::{Namespace, PublicKey};
use serde::Serialize;

use crate::spool::{self, Ending, Entry, MAIL, Meta, REPORT, Resent, SIGNATURE};

/// Why nothing, or not everything, was exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// Something is there already.
    #[error("{} is not empty; name a directory that is empty or not there", .0.display())]
    NotEmpty(PathBuf),
    /// The file system failed.
    #[error("{path}: {error}", path = path.display())]
    File {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

/// A line of `index.json`.
#[derive(Clone, Debug, Serialize)]
pub struct Exported {
    /// The report's sequence.
    pub sequence: u64,
    /// What lists need to know; `None` if it is damaged.
    pub meta: Option<Meta>,
    /// What became of it; `None` while it waits.
    pub outcome: Option<Ending>,
    /// When it was sent again.
    pub resent: Vec<Resent>,
    /// The mail's file; `None` if no mail left, or it was not kept.
    pub mail: Option<String>,
    /// The report's file; the signature is beside it as `.sig`.
    pub report: Option<String>,
}

/// Writes the reports into `dir`, for the owner only: what they say is the customer's. `readme` tells how to check them.
///
/// # Errors
/// [`ExportError`].
pub fn export(
    dir: &Path,
    entries: &[Entry],
    system: SystemId,
    key: &PublicKey,
    readme: &str,
) -> Result<Vec<Exported>, ExportError> {
    let failed = |path: PathBuf| move |error| ExportError::File { path, error };
    fs::create_dir_all(dir).map_err(failed(dir.to_owned()))?;
    if fs::read_dir(dir).map_err(failed(dir.to_owned()))?.next().is_some() {
        return Err(ExportError::NotEmpty(dir.to_owned()));
    }
    let put = |name: &str, bytes: &[u8]| {
        let path = dir.join(name);
        durable::write_synced(&path, bytes, Access::Private).map_err(failed(path))
    };
    for name in ["mails", "reports"] {
        let path = dir.join(name);
        fs::create_dir(&path).map_err(failed(path))?;
    }
    let mut index = Vec::new();
    for entry in entries {
        let copy = |from: &str, to: String| match fs::read(entry.dir.join(from)) {
            Ok(bytes) => put(&to, &bytes).map(|()| Some(to)),
            Err(_) => Ok(None),
        };
        let name = spool::name(entry.sequence);
        let report = copy(REPORT, format!("reports/{name}.json"))?;
        copy(SIGNATURE, format!("reports/{name}.json.sig"))?;
        index.push(Exported {
            sequence: entry.sequence,
            meta: entry.meta.clone(),
            outcome: entry.ending(),
            resent: entry.resent(),
            mail: copy(MAIL, format!("mails/{name}.eml"))?,
            report,
        });
    }
    put(
        "allowed_signers",
        (key.allowed_signers_line(&system.to_string(), Namespace::Report) + "\n").as_bytes(),
    )?;
    let json = serde_json::to_vec_pretty(&index).map_err(io::Error::other);
    put("index.json", &json.map_err(failed(dir.join("index.json")))?)?;
    put("README.md", readme.as_bytes())?;
    Ok(index)
}
