//! What waits, as it is asked for: one mail, the newest, and what a key signed, in the order it was made.
//!
//! A row is believed as far as it parses. Whose key, system and contract it names is what it claims; who may be admitted is
//! judged in `intake`. Nothing here changes how much waits.

use mailbeat_shared::wire::id::SystemId;
use rusqlite::{Row, params};

use super::super::content::PackedReport;
use super::super::sqlite::{StoreError, Tx, digest, int, number, system_id, time, word};
use super::{Claimed, Kept, Place, Quarantined};
use crate::intake::verdict::QuarantineReason;

/// Asked by a person who names a key: of twenty thousand mails their keys alone are read, and no fingerprint is kept.
pub(in super::super) const KEYS: &str = "-- keys_named
    SELECT signer FROM quarantine WHERE state = 'waiting' AND signer IS NOT NULL
    UNION SELECT public_key FROM system_keys LIMIT 200000";

macro_rules! quarantine_columns {
    () => {
        quarantine_columns!("content")
    };
    ($content:literal) => {
        concat!(
            "id, reason, detail, state, received_at, seen, mailbox, uidvalidity, uid, digest, signer, system_id, contract, host,
            sequence, form, report_bytes, ",
            $content,
            ", added_at, proven"
        )
    };
}

/// What waits for its key, or for its system's contract, to be admitted.
macro_rules! waits_for_admission {
    () => {
        "signer = ?1 AND state = 'waiting' AND reason IN ('not_enrolled', 'unknown_contract', 'wrong_contract')"
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
        proven: row.get(19)?,
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

    /// What came last of what waits, the newest first, without its content: for a list.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn quarantine_newest(&self, limit: u32) -> Result<Vec<Quarantined>, StoreError> {
        const SQL: &str = concat!(
            "-- quarantine_newest
            SELECT ",
            quarantine_columns!("NULL"),
            " FROM quarantine WHERE state = 'waiting' ORDER BY id DESC LIMIT ?1"
        );
        self.all(SQL, params![limit], quarantined)
    }

    /// How many wait.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn quarantine_count(&self) -> Result<u64, StoreError> {
        const SQL: &str = "-- quarantine_count
            SELECT waiting FROM quarantine_total WHERE id = 1";
        self.only(SQL, [], |row| number(row, 0))
    }

    /// The keys that what waits is signed with, and those of systems: the ones a person may name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn keys_named(&self) -> Result<Vec<[u8; 32]>, StoreError> {
        self.all(KEYS, [], |row| row.get(0))
    }

    /// What waits for a key to be admitted, or for the contract that it names, in the order it was made.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn waiting_of_signer(&self, signer: &[u8; 32], limit: u32) -> Result<Vec<Quarantined>, StoreError> {
        self.waiting_of_signer_after(signer, (0, 0), limit)
    }

    /// The same after this sequence and row: what was looked at and waits on does not come again.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn waiting_of_signer_after(
        &self,
        signer: &[u8; 32],
        after: (u64, i64),
        limit: u32,
    ) -> Result<Vec<Quarantined>, StoreError> {
        const SQL: &str = concat!(
            "-- waiting_of_signer_after
            SELECT ",
            quarantine_columns!(),
            " FROM quarantine WHERE ",
            waits_for_admission!(),
            " AND (sequence, id) > (?2, ?3) ORDER BY sequence, id LIMIT ?4"
        );
        self.all(SQL, params![signer, int(after.0), after.1, limit], quarantined)
    }

    /// The systems that reports signed by this key name while they wait to be admitted.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn systems_named_by(&self, signer: &[u8; 32]) -> Result<Vec<SystemId>, StoreError> {
        const SQL: &str = concat!(
            "-- systems_named_by
            SELECT DISTINCT system_id FROM quarantine WHERE ",
            waits_for_admission!(),
            " AND system_id IS NOT NULL ORDER BY system_id LIMIT 100"
        );
        self.all(SQL, params![signer], |row| system_id(row, 0))
    }

    /// The customers whose contracts are named by reports signed by this key while they wait to be admitted.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn customers_named_by(&self, signer: &[u8; 32]) -> Result<Vec<String>, StoreError> {
        const SQL: &str = concat!(
            "-- customers_named_by
            SELECT DISTINCT c.name FROM quarantine q JOIN contracts k ON k.number = q.contract JOIN customers c ON c.id = k.customer
            WHERE q.id IN (SELECT id FROM quarantine WHERE ",
            waits_for_admission!(),
            ") ORDER BY c.name LIMIT 100"
        );
        self.all(SQL, params![signer], |row| row.get(0))
    }

    /// Another reason, after it was tried again. `proven` where that was looked at once more.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn still_quarantined(
        &self,
        id: i64,
        reason: QuarantineReason,
        detail: &str,
        proven: Option<bool>,
    ) -> Result<(), StoreError> {
        const SQL: &str = "-- still_quarantined
            UPDATE quarantine SET reason = ?2, detail = ?3, proven = coalesce(?4, proven)
            WHERE id = ?1 AND state = 'waiting'";
        self.run(SQL, params![id, reason.as_str(), detail, proven]).map(drop)
    }
}
