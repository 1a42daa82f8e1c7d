//! How often each verdict was given, by mailbox and day.
//!
//! Counting is all that is done for mail of no use: a row for each mailbox, verdict and day, however much somebody sends. Days are
//! UTC's.

use jiff::Timestamp;
use rusqlite::params;

use super::sqlite::{StoreError, Tx, int, number};

impl Tx<'_> {
    /// Counts verdicts of a mailbox on a day.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn count(&self, mailbox: Option<i64>, reason: &str, at: Timestamp, n: u64) -> Result<(), StoreError> {
        const SQL: &str = "-- count
            INSERT INTO counters (mailbox, reason, day, n) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT (mailbox, reason, day) DO UPDATE SET n = n + ?4";
        self.run(SQL, params![mailbox.unwrap_or(0), reason, day(at), int(n)]).map(drop)
    }

    /// Verdicts since a time, by word.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn counters(&self, since: Timestamp) -> Result<Vec<(String, u64)>, StoreError> {
        const SQL: &str = "-- counters
            SELECT reason, sum(n) FROM counters WHERE day >= ?1 GROUP BY reason ORDER BY reason";
        self.all(SQL, params![day(since)], |row| Ok((row.get(0)?, number(row, 1)?)))
    }
}

/// Days since 1970-01-01, UTC.
fn day(at: Timestamp) -> i64 {
    at.as_second().div_euclid(86_400)
}
