//! Answers to test reports: rows written with the report (R2), worked off afterwards (R5). Like notifications they are sent at
//! least once under the same Message-ID; unlike them nobody else is told where one is refused.

use jiff::{SignedDuration, Timestamp};
use mailbeat_shared::locale::Locale;
use rusqlite::{Row, params};

use super::outbox::Ended;
use super::sqlite::{StoreError, Tx, maybe_word, time, us};
use crate::notify::confirmation::Facts;

/// How long answers are kept that were sent or given up.
const KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);

/// An answer to send.
#[derive(Clone, Debug, PartialEq)]
pub struct Confirmation {
    /// Row.
    pub id: i64,
    /// The left part of its Message-ID.
    pub token: String,
    /// Row of the contract, whose secret makes the code.
    pub contract: i64,
    /// The contact's name.
    pub name: String,
    /// The contact's address.
    pub email: String,
    /// The language of the contact's mails; `None` takes the receiver's own.
    pub locale: Option<Locale>,
    /// What it says.
    pub facts: Facts,
    /// Attempts counted so far.
    pub attempts: u32,
    /// When it was made.
    pub made_at: Timestamp,
}

fn confirmation(row: &Row<'_>) -> rusqlite::Result<Confirmation> {
    let facts: String = row.get(6)?;
    let unreadable =
        |error| rusqlite::Error::FromSqlConversionFailure(6, rusqlite::types::Type::Text, Box::new(error));
    Ok(Confirmation {
        id: row.get(0)?,
        token: row.get(1)?,
        contract: row.get(2)?,
        name: row.get(3)?,
        email: row.get(4)?,
        locale: maybe_word(row, 5)?,
        facts: serde_json::from_str(&facts).map_err(unreadable)?,
        attempts: row.get(7)?,
        made_at: time(row, 8)?,
    })
}

impl Tx<'_> {
    /// How many test reports of a system were answered since then.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn confirmed_since(&self, system: i64, since: Timestamp) -> Result<u32, StoreError> {
        const SQL: &str = "-- confirmed_since
            SELECT count(DISTINCT report) FROM confirmations WHERE system = ?1 AND made_at > ?2";
        self.only(SQL, params![system, us(since)], |row| row.get(0))
    }

    /// Writes down that a contact has to be told of a test report. Lets go of what is long over.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn put_confirmation(
        &self,
        report: i64,
        system: i64,
        contract: i64,
        contact: i64,
        facts: &Facts,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        const FORGET: &str = "-- put_confirmation
            DELETE FROM confirmations WHERE state <> 'waiting' AND made_at < ?1";
        const SQL: &str = "-- put_confirmation
            INSERT INTO confirmations (report, system, contract, contact, token, facts, state, made_at, next_at)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'waiting', ?7, ?7) ON CONFLICT (report, contact) DO NOTHING";
        self.run(FORGET, params![us(now.saturating_sub(KEPT).unwrap_or(Timestamp::MIN))])?;
        let token = self.notification_secret()?.confirmation_part(report, contact);
        let facts = serde_json::to_string(facts).unwrap_or_default();
        self.run(SQL, params![report, system, contract, contact, token, facts, us(now)]).map(drop)
    }

    /// Answers to try now, the oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn due_confirmations(&self, now: Timestamp, limit: u32) -> Result<Vec<Confirmation>, StoreError> {
        const SQL: &str = "-- due_confirmations
            SELECT n.id, n.token, n.contract, c.name, c.email, c.locale, n.facts, n.attempts, n.made_at
            FROM confirmations n JOIN contacts c ON c.id = n.contact
            WHERE n.state = 'waiting' AND n.next_at <= ?1 ORDER BY n.id LIMIT ?2";
        self.all(SQL, params![us(now), limit], confirmation)
    }

    /// Counts an attempt before it is made, and says when to try again if nothing more is heard.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn count_confirmation(&self, id: i64, retry_at: Timestamp) -> Result<(), StoreError> {
        const SQL: &str = "-- count_confirmation
            UPDATE confirmations SET attempts = attempts + 1, next_at = ?2, words = '' WHERE id = ?1 AND state = 'waiting'";
        self.run(SQL, params![id, us(retry_at)]).map(drop)
    }

    /// Makes due what was being sent when this program last ended; as with notifications, a few times only.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn resume_confirmations(&self, now: Timestamp) -> Result<usize, StoreError> {
        const SQL: &str = "-- resume_confirmations
            UPDATE confirmations SET next_at = min(next_at, ?1)
            WHERE state = 'waiting' AND words = '' AND attempts BETWEEN 1 AND 3";
        self.run(SQL, params![us(now)])
    }

    /// Tries now what waits until after `latest`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn bring_confirmations_forward(&self, now: Timestamp, latest: Timestamp) -> Result<(), StoreError> {
        const SQL: &str = "-- bring_confirmations_forward
            UPDATE confirmations SET next_at = ?1 WHERE state = 'waiting' AND next_at > ?2";
        self.run(SQL, params![us(now), us(latest)]).map(drop)
    }

    /// Puts an attempt off, with what was said.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn defer_confirmation(&self, id: i64, until: Timestamp, words: &str) -> Result<(), StoreError> {
        const SQL: &str = "-- defer_confirmation
            UPDATE confirmations SET next_at = ?2, words = ?3 WHERE id = ?1 AND state = 'waiting'";
        self.run(SQL, params![id, us(until), words]).map(drop)
    }

    /// It ended, and why.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn end_confirmation(
        &self,
        id: i64,
        end: Ended,
        words: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        const SQL: &str = "-- end_confirmation
            UPDATE confirmations SET state = ?2, words = ?3, ended_at = ?4 WHERE id = ?1";
        self.run(SQL, params![id, end.as_str(), words, us(now)]).map(drop)
    }
}
