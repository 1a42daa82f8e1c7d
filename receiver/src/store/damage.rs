//! What defects, bad disks and full ones do to a database: for tests only.

use rusqlite::params;

use super::quarantine::WAITING;
use super::sqlite::{StoreError, Tx};

impl Tx<'_> {
    /// Texts of watched files that cannot be unpacked.
    pub(crate) fn damage_snapshots(&self) -> Result<(), StoreError> {
        const SQL: &str = "-- damage_snapshots
            UPDATE snapshot_files SET text = X'FFFF'";
        self.run(SQL, []).map(drop)
    }

    /// A system whose row cannot be read.
    pub(crate) fn damage_system(&self, system: i64) -> Result<(), StoreError> {
        const SQL: &str = "-- damage_system
            UPDATE systems SET registered_at = ?2 WHERE id = ?1";
        self.run(SQL, params![system, i64::MAX]).map(drop)
    }

    /// A disk without room for another page.
    pub(crate) fn fill_the_disk(&self) -> Result<(), StoreError> {
        const SQL: &str = "-- fill_the_disk
            PRAGMA max_page_count = 1";
        self.one(SQL, [], |row| row.get::<_, i64>(0)).map(drop)
    }

    /// A disk with room again.
    pub(crate) fn clear_the_disk(&self) -> Result<(), StoreError> {
        const SQL: &str = "-- clear_the_disk
            PRAGMA max_page_count = 1000000";
        self.one(SQL, [], |row| row.get::<_, i64>(0)).map(drop)
    }

    /// A quarantine that holds as much as it may.
    pub(crate) fn fill_the_quarantine(&self) -> Result<(), StoreError> {
        const SQL: &str = "-- fill_the_quarantine
            UPDATE quarantine_total SET waiting = ?1";
        self.run(SQL, params![WAITING]).map(drop)
    }
}
