//! What waits for somebody to look. How much may wait is in `bounds`, what people and intake ask of it in `waiting`.
//!
//! Nothing in a row was believed: what a mail claims of itself stays a claim, in types of its own. Content of a form nobody knows is
//! taken as not kept.

mod bounds;
mod waiting;

use std::str::FromStr;

use jiff::Timestamp;
use mailbeat_shared::wire::id::{Digest, SystemId};

#[cfg(test)]
pub(super) use self::bounds::WAITING;
#[cfg(test)]
pub(super) use self::waiting::KEYS;
use super::content::PackedReport;
use super::sqlite::{StoreError, Tx, number};
use crate::evaluate::UnknownWord;
use crate::intake::verdict::QuarantineReason;

/// Where a mail in quarantine stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum QuarantineState {
    /// Somebody should look.
    Waiting,
    /// It was taken after all.
    Released,
    /// It was of no use.
    Discarded,
}

impl QuarantineState {
    /// The word in tables and `--json`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Released => "released",
            Self::Discarded => "discarded",
        }
    }
}

impl FromStr for QuarantineState {
    type Err = UnknownWord;
    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        [Self::Waiting, Self::Released, Self::Discarded]
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| UnknownWord(text.to_owned()))
    }
}

/// In which form a quarantined mail is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// Report and signature.
    Report(PackedReport),
    /// The raw mail, compressed, with its size before.
    Mail(PackedReport),
    /// Nothing: too large, or never parsed.
    Nothing,
}

impl Kept {
    fn columns(&self) -> (&'static str, u32, Option<&[u8]>) {
        match self {
            Self::Report(packed) => ("report", packed.report_bytes, Some(&packed.content)),
            Self::Mail(packed) => ("mail", packed.report_bytes, Some(&packed.content)),
            Self::Nothing => ("none", 0, None),
        }
    }
}

/// What a report says of itself before anybody believes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claimed {
    /// The key inside the signature.
    pub signer: Option<[u8; 32]>,
    /// The system.
    pub system: Option<SystemId>,
    /// The contract's number.
    pub contract: String,
    /// The host's name.
    pub host: String,
    /// The sequence.
    pub sequence: u64,
}

/// Where a mail was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Row of the mailbox.
    pub mailbox: Option<i64>,
    /// Row of the folder.
    pub folder: Option<i64>,
    /// The numbering of UIDs.
    pub uidvalidity: u32,
    /// The mail.
    pub uid: u32,
}

/// A mail to quarantine.
#[derive(Clone, Debug)]
pub struct NewQuarantined<'a> {
    /// Why.
    pub reason: QuarantineReason,
    /// Why, in words.
    pub detail: &'a str,
    /// Signed by a known key or with a contract's secret.
    pub proven: bool,
    /// When it came.
    pub received_at: Timestamp,
    /// Where it was read.
    pub place: Place,
    /// Of the report, else of the raw mail, else of its place: the same is kept once.
    pub digest: Digest,
    /// What it says of itself.
    pub claimed: &'a Claimed,
    /// Its content.
    pub kept: &'a Kept,
}

/// A mail in quarantine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantined {
    /// Row.
    pub id: i64,
    /// Why.
    pub reason: QuarantineReason,
    /// Why, in words.
    pub detail: String,
    /// Signed by a known key or with a contract's secret.
    pub proven: bool,
    /// Where it stands.
    pub state: QuarantineState,
    /// When it came, as its mailbox says.
    pub received_at: Timestamp,
    /// When it was set aside, by our clock.
    pub added_at: Timestamp,
    /// How often the same came.
    pub seen: u32,
    /// Where it was read.
    pub place: Place,
    /// Its digest.
    pub digest: Digest,
    /// What it says of itself.
    pub claimed: Claimed,
    /// Its content.
    pub kept: Kept,
}

impl Quarantined {
    /// Whether its sender proved to know the secret of the contract it names. `None` where nobody asked: only of a key that is
    /// not admitted it is the question.
    #[must_use]
    pub fn proof_fits(&self) -> Option<bool> {
        (self.reason == QuarantineReason::NotEnrolled).then_some(self.proven)
    }
}

/// Asked each second.
pub(super) const SUMMARY: &str = "-- quarantine_summary
    SELECT coalesce(m.name, 'import'), q.reason, count(*) FROM quarantine q LEFT JOIN mailboxes m ON m.id = q.mailbox
    WHERE q.state = 'waiting' GROUP BY 1, 2 ORDER BY 1, 2 LIMIT 200";

impl Tx<'_> {
    /// How many wait, by mailbox name and reason: what the receiver's own ticket says.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn quarantine_summary(&self) -> Result<Vec<(String, String, u64)>, StoreError> {
        self.all(SUMMARY, [], |row| Ok((row.get(0)?, row.get(1)?, number(row, 2)?)))
    }
}
