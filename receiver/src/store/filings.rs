//! What is still to be moved on the server (R3). The rows are written with the reports (R2); the moves follow.

use jiff::Timestamp;
use mailbeat_shared::wire::id::Digest;
use rusqlite::params;

use super::sqlite::{StoreError, Tx, us, word};
use crate::filing::{Filing, NewFiling};

impl Tx<'_> {
    /// Notes where a mail has to go. A mail noted before keeps its target: it was judged when it was first read.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn put_filing(&self, new: &NewFiling, now: Timestamp) -> Result<(), StoreError> {
        const SQL: &str = "-- put_filing
            INSERT INTO filings (folder, uidvalidity, uid, target, made_at) VALUES (?1, ?2, ?3, ?4, ?5)
            ON CONFLICT (folder, uidvalidity, uid) DO UPDATE SET done_at = NULL";
        self.run(SQL, params![new.folder, new.uidvalidity, new.uid, new.target.as_str(), us(now)]).map(drop)
    }

    /// The mails of a folder still to be moved, under the numbering of UIDs that is selected now.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn due_filings(&self, folder: i64, uidvalidity: u32, limit: u32) -> Result<Vec<Filing>, StoreError> {
        const SQL: &str = "-- due_filings
            SELECT id, uid, target FROM filings WHERE folder = ?1 AND uidvalidity = ?2 AND done_at IS NULL ORDER BY id LIMIT ?3";
        self.all(SQL, params![folder, uidvalidity, limit], |row| {
            Ok(Filing { id: row.get(0)?, uid: row.get(1)?, target: word(row, 2)? })
        })
    }

    /// The server has moved these.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn filing_done(&self, ids: &[i64], now: Timestamp) -> Result<(), StoreError> {
        const SQL: &str = "-- filing_done
            UPDATE filings SET done_at = ?2 WHERE id = ?1";
        ids.iter().try_for_each(|id| self.run(SQL, params![id, us(now)]).map(drop))
    }

    /// Whether a mail known by this digest was set aside.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn is_set_aside(&self, digest: Digest) -> Result<bool, StoreError> {
        const SQL: &str = "-- is_set_aside
            SELECT EXISTS (SELECT 1 FROM quarantine WHERE digest = ?1)";
        self.only(SQL, params![digest.as_bytes()], |row| row.get(0))
    }

    /// Of the UIDs found on the server, those at or below the cursor that were never noted: to be read again.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn unfiled_below_cursor(
        &self,
        folder: i64,
        uidvalidity: u32,
        uids: &[u32],
    ) -> Result<Vec<u32>, StoreError> {
        const SQL: &str = "-- unfiled_below_cursor
            SELECT 1 FROM folders WHERE id = ?1 AND uidvalidity = ?2 AND last_uid >= ?3
                AND NOT EXISTS (SELECT 1 FROM filings WHERE folder = ?1 AND uidvalidity = ?2 AND uid = ?3)";
        let mut unfiled = Vec::new();
        for uid in uids {
            if self.one(SQL, params![folder, uidvalidity, uid], |_| Ok(()))?.is_some() {
                unfiled.push(*uid);
            }
        }
        Ok(unfiled)
    }
}
