//! Reading a report back, to frame it into a mail.
//!
//! Trusts nothing it finds. What is not there, or is not what was written, is damaged for good. Whatever else the file system
//! says may pass (a disk that hesitates, too many open files, a right that somebody took away): such a report only cannot be read
//! now.

use std::fs;
use std::io;
use std::path::PathBuf;

use super::{Entry, HTML, META, Parcel, REPORT, SEALED, SEALED_TEXT, SIGNATURE, Sealed, TEXT};

/// Why a report cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It is damaged, and trying again is of no use.
    #[error("{name} {what}")]
    Damaged {
        /// The file of it.
        name: &'static str,
        /// What is wrong with it.
        what: String,
    },
    /// The file system does not give it now.
    #[error("{path}: {error}", path = path.display())]
    Unread {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

impl Entry {
    /// Reads everything that is framed into a mail.
    ///
    /// # Errors
    /// [`OpenError`]: whether it is damaged, or cannot be read now.
    pub fn open(&self) -> Result<Parcel, OpenError> {
        let meta = match &self.meta {
            Some(meta) => meta.clone(),
            // Perhaps it could only not be read when the directory was listed.
            None => serde_json::from_slice(&self.file(META)?)
                .map_err(|error| damaged(META, &format!("is not what was written: {error}")))?,
        };
        let sealed = match self.file_if_there(SEALED)? {
            Some(report) => Some(Sealed { report, text: words(SEALED_TEXT, self.file(SEALED_TEXT)?)? }),
            None => None,
        };
        Ok(Parcel {
            meta,
            report: self.file(REPORT)?,
            signature: words(SIGNATURE, self.file(SIGNATURE)?)?,
            text: words(TEXT, self.file(TEXT)?)?,
            html: self.file_if_there(HTML)?.map(|bytes| words(HTML, bytes)).transpose()?,
            sealed,
        })
    }

    fn file(&self, name: &'static str) -> Result<Vec<u8>, OpenError> {
        self.file_if_there(name)?.ok_or_else(|| damaged(name, "is not there"))
    }

    fn file_if_there(&self, name: &'static str) -> Result<Option<Vec<u8>>, OpenError> {
        let path = self.dir.join(name);
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(OpenError::Unread { path, error }),
        }
    }
}

fn words(name: &'static str, bytes: Vec<u8>) -> Result<String, OpenError> {
    String::from_utf8(bytes).map_err(|_| damaged(name, "is no UTF-8 text"))
}

fn damaged(name: &'static str, what: &str) -> OpenError {
    OpenError::Damaged { name, what: what.to_owned() }
}
