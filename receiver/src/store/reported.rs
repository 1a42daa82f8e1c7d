//! What each system reports: written only when it changes.

use rusqlite::params;

use super::sqlite::{StoreError, Tx};
use super::systems::System;
use crate::evaluate::missing::Reported;

impl Tx<'_> {
    /// A system's customer's name, and what it reports.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(super) fn known_of(&self, system: &System) -> Result<(String, Reported), StoreError> {
        const SQL: &str = "-- known_of
            SELECT c.name, r.items FROM customers c LEFT JOIN reported r ON r.system = ?2 WHERE c.id = ?1";
        let known: Option<(String, Option<String>)> =
            self.one(SQL, params![system.customer, system.id], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let (customer, items) = known.unwrap_or_default();
        // What cannot be read is learnt anew from the next heartbeat.
        let reported = items.and_then(|items| serde_json::from_str(&items).ok()).unwrap_or_default();
        Ok((customer, reported))
    }

    /// Remembers what a system reports now.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(super) fn put_reported(&self, system: i64, reported: &Reported) -> Result<(), StoreError> {
        const SQL: &str = "-- put_reported
            INSERT INTO reported (system, items) VALUES (?1, ?2) ON CONFLICT (system) DO UPDATE SET items = ?2";
        let items = serde_json::to_string(reported).unwrap_or_default();
        self.run(SQL, params![system, items]).map(drop)
    }
}
