//! What waits for somebody to look. How much may wait is in `bounds`.
//!
//! Nothing in a row was believed: what a mail claims of itself stays a claim, in types of its own. Content of a form nobody knows is
//! taken as not kept.

mod bounds;

use std::str::FromStr;

use jiff::Timestamp;
use mailbeat_shared::wire::id::{Digest, SystemId};
use rusqlite::{Row, params};

#[cfg(test)]
pub(super) use self::bounds::WAITING;
use super::content::PackedReport;
use super::sqlite::{StoreError, Tx, digest, number, time, word};
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

/// Asked each second.
pub(super) const SUMMARY: &str = "-- quarantine_summary
    SELECT coalesce(m.name, 'import'), q.reason, count(*) FROM quarantine q LEFT JOIN mailboxes m ON m.id = q.mailbox
    WHERE q.state = 'waiting' GROUP BY 1, 2 ORDER BY 1, 2 LIMIT 200";

macro_rules! quarantine_columns {
    () => {
        "id, reason, detail, state, received_at, seen, mailbox, uidvalidity, uid, digest, signer, system_id, contract, host,
            sequence, form, report_bytes, content, added_at"
    };
}

fn quarantined(row: &Row<'_>) -> rusqlite::Result<Quarantined> {
    let packed = |content: Vec<u8>| -> rusqlite::Result<PackedReport> {
        Ok(PackedReport { report_bytes: row.get(16)?, content })
    };
    let kept = match (row.get_ref(15)?.as_str()?, row.get::<_, Option<Vec<u8>>>(17)?) {
        ("report", Some(content)) => Kept::Report(packed(content)?),
        ("mail", Some(content)) => Kept::Mail(packed(content)?),
        _ => Kept::Nothing,
    };
    Ok(Quarantined {
        id: row.get(0)?,
        reason: word(row, 1)?,
        detail: row.get(2)?,
        state: word(row, 3)?,
        received_at: time(row, 4)?,
        added_at: time(row, 18)?,
        seen: row.get(5)?,
        place: Place { mailbox: row.get(6)?, folder: None, uidvalidity: row.get(7)?, uid: row.get(8)? },
        digest: digest(row, 9)?,
        claimed: Claimed {
            signer: row.get(10)?,
            system: row.get::<_, Option<[u8; 16]>>(11)?.map(SystemId::from_bytes),
            contract: row.get(12)?,
            host: row.get(13)?,
            sequence: number(row, 14)?,
        },
        kept,
    })
}

impl Tx<'_> {
    /// One mail in quarantine.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn quarantined(&self, id: i64) -> Result<Option<Quarantined>, StoreError> {
        const SQL: &str = concat!(
            "-- quarantined
            SELECT ",
            quarantine_columns!(),
            " FROM quarantine WHERE id = ?1"
        );
        self.one(SQL, params![id], quarantined)
    }

    /// What waits, after the row `after`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn quarantine_waiting(&self, after: i64, limit: u32) -> Result<Vec<Quarantined>, StoreError> {
        const SQL: &str = concat!(
            "-- quarantine_waiting
            SELECT ",
            quarantine_columns!(),
            " FROM quarantine WHERE state = 'waiting' AND id > ?1 ORDER BY id LIMIT ?2"
        );
        self.all(SQL, params![after, limit], quarantined)
    }

    /// What waits for a key to be admitted, in the order it was made.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn waiting_of_signer(&self, signer: &[u8; 32], limit: u32) -> Result<Vec<Quarantined>, StoreError> {
        const SQL: &str = concat!(
            "-- waiting_of_signer
            SELECT ",
            quarantine_columns!(),
            " FROM quarantine WHERE signer = ?1 AND state = 'waiting'
            AND reason IN ('not_enrolled', 'unknown_contract') ORDER BY sequence, id LIMIT ?2"
        );
        self.all(SQL, params![signer, limit], quarantined)
    }

    /// Another reason, after it was tried again.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn still_quarantined(
        &self,
        id: i64,
        reason: QuarantineReason,
        detail: &str,
    ) -> Result<(), StoreError> {
        const SQL: &str = "-- still_quarantined
            UPDATE quarantine SET reason = ?2, detail = ?3 WHERE id = ?1 AND state = 'waiting'";
        self.run(SQL, params![id, reason.as_str(), detail]).map(drop)
    }

    /// How many wait, by mailbox name and reason: what the receiver's own ticket says.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn quarantine_summary(&self) -> Result<Vec<(String, String, u64)>, StoreError> {
        self.all(SUMMARY, [], |row| Ok((row.get(0)?, row.get(1)?, number(row, 2)?)))
    }
}
