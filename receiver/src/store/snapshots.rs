//! The watched files of each branch as last reported.

use jiff::Timestamp;
use mailbeat_shared::wire::id::Digest;
use mailbeat_shared::wire::snapshot::{FileEntry, Snapshot, WatchedFile};
use rusqlite::params;

use super::content::{pack, unpack};
use super::sqlite::{StoreError, Tx, int};

fn corrupt(detail: impl ToString) -> StoreError {
    StoreError::Corrupt { what: "a watched file", detail: detail.to_string() }
}

impl Tx<'_> {
    /// The snapshot of a branch; empty where none is held.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn snapshot(&self, branch: i64) -> Result<Snapshot, StoreError> {
        const SQL: &str = "-- snapshot
            SELECT path, entry, text_bytes, text FROM snapshot_files WHERE branch = ?1";
        let rows = self.all(SQL, params![branch], |row| {
            Ok((
                row.get::<_, String>(0)?,
                row.get::<_, String>(1)?,
                row.get(2)?,
                row.get::<_, Option<Vec<u8>>>(3)?,
            ))
        })?;
        let file = |(path, entry, text_bytes, text): (String, String, u32, Option<Vec<u8>>)| {
            let entry: FileEntry = serde_json::from_str(&entry).map_err(corrupt)?;
            let text = text.map(|packed| -> Result<String, StoreError> {
                String::from_utf8(unpack(&packed, text_bytes as usize)?).map_err(corrupt)
            });
            Ok((path, WatchedFile { entry, text: text.transpose()? }))
        };
        rows.into_iter().map(file).collect()
    }

    /// Makes the snapshot of a branch `is`; writes only what differs from `was`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn put_snapshot(&self, branch: i64, was: &Snapshot, is: &Snapshot) -> Result<(), StoreError> {
        const REMOVE: &str = "-- put_snapshot
            DELETE FROM snapshot_files WHERE branch = ?1 AND path = ?2";
        const PUT: &str = "-- put_snapshot
            INSERT INTO snapshot_files (branch, path, entry, text_bytes, text) VALUES (?1, ?2, ?3, ?4, ?5)
            ON CONFLICT (branch, path) DO UPDATE SET entry = ?3, text_bytes = ?4, text = ?5";
        for path in was.keys().filter(|path| !is.contains_key(*path)) {
            self.run(REMOVE, params![branch, path])?;
        }
        for (path, file) in is.iter().filter(|(path, file)| was.get(*path) != Some(file)) {
            let entry = serde_json::to_string(&file.entry).map_err(corrupt)?;
            let bytes = file.text.as_ref().map_or(0, String::len);
            let text = file.text.as_ref().map(|text| pack(text.as_bytes()));
            self.run(PUT, params![branch, path, entry, int(bytes as u64), text])?;
        }
        Ok(())
    }

    /// The system's branch whose snapshot is as of the system report with this digest.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn branch_with_snapshot(&self, system: i64, of: Digest) -> Result<Option<i64>, StoreError> {
        const SQL: &str = "-- branch_with_snapshot
            SELECT id FROM branches WHERE system = ?1 AND snapshot_digest = ?2 LIMIT 1";
        self.one(SQL, params![system, of.as_bytes()], |row| row.get(0))
    }

    /// Remembers a system report whose baseline is not held.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn wait_for_baseline(
        &self,
        branch: i64,
        baseline: Digest,
        report: i64,
        sequence: u64,
    ) -> Result<(), StoreError> {
        const SQL: &str = "-- wait_for_baseline
            INSERT INTO waiting_changes (branch, baseline, report, sequence) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT (branch, baseline) DO UPDATE SET report = ?3, sequence = ?4";
        self.run(SQL, params![branch, baseline.as_bytes(), report, int(sequence)]).map(drop)
    }

    /// Takes the row of the report that waited for this baseline.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn take_waiting_for(&self, branch: i64, baseline: Digest) -> Result<Option<i64>, StoreError> {
        const SQL: &str = "-- take_waiting_for
            DELETE FROM waiting_changes WHERE branch = ?1 AND baseline = ?2 RETURNING report";
        self.one(SQL, params![branch, baseline.as_bytes()], |row| row.get(0))
    }

    /// Forgets reports that waited below this sequence: a newer full one has come.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn forget_waiting_below(&self, branch: i64, sequence: u64) -> Result<(), StoreError> {
        const SQL: &str = "-- forget_waiting_below
            DELETE FROM waiting_changes WHERE branch = ?1 AND sequence <= ?2";
        self.run(SQL, params![branch, int(sequence)]).map(drop)
    }

    /// Takes the content of old system reports away; the keys stay, and what waits for a baseline. Returns how many were emptied, at
    /// most `limit`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn empty_system_reports(&self, received_before: Timestamp, limit: u32) -> Result<usize, StoreError> {
        const SQL: &str = "-- empty_system_reports
            UPDATE reports SET content = NULL WHERE id IN (
                SELECT r.id FROM reports r WHERE r.kind = 'system' AND r.received_at < ?1 AND r.content IS NOT NULL
                    AND NOT EXISTS (SELECT 1 FROM waiting_changes w WHERE w.branch = r.branch AND w.report = r.id)
                ORDER BY r.received_at LIMIT ?2)";
        self.run(SQL, params![super::sqlite::us(received_before), limit])
    }

    /// Forgets bookkeeping older than `before`: moves that were made, ended quarantine, counters, idempotency keys, and holes nobody has
    /// a ticket about: of such a loss a person says that it is done with.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn forget_bookkeeping(&self, before: Timestamp) -> Result<usize, StoreError> {
        const STATEMENTS: [&str; 4] = [
            "-- forget_bookkeeping
            DELETE FROM filings WHERE done_at < ?1",
            "-- forget_bookkeeping
            DELETE FROM quarantine WHERE state <> 'waiting' AND added_at < ?1",
            "-- forget_bookkeeping
            DELETE FROM holes WHERE seen_at < ?1 AND NOT EXISTS (SELECT 1 FROM branches b
                JOIN findings f ON f.system = b.system AND f.rule = 'reports-lost' WHERE b.id = holes.branch)",
            "-- forget_bookkeeping
            DELETE FROM actions WHERE done_at < ?1",
        ];
        let before = super::sqlite::us(before);
        STATEMENTS.iter().try_fold(0, |sum, sql| Ok(sum + self.run(sql, params![before])?))
    }
}
