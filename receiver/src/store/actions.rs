//! Commands that are carried out once (R6), however often they are repeated: by the key they were given with.
//!
//! A key is what a person or a script made up; it is compared and never read. It is taken in the command's own transaction, so
//! that a command that failed may be repeated with it.

use jiff::Timestamp;
use rusqlite::params;

use super::sqlite::{StoreError, Tx, us};

impl Tx<'_> {
    /// Takes an idempotency key (R6). `false`: the command it was given with was carried out before.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn take_action_key(&self, key: &str, now: Timestamp) -> Result<bool, StoreError> {
        const SQL: &str = "-- take_action_key
            INSERT INTO actions (key, done_at) VALUES (?1, ?2) ON CONFLICT (key) DO NOTHING";
        Ok(self.run(SQL, params![key, us(now)])? == 1)
    }
}
