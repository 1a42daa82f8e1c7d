//! Mails to contacts that are about no ticket: answers to test reports (written with the report, R2) and renewed contracts (R4), worked
//! off afterwards (R5). Like notifications they are sent at least once under the same Message-ID; unlike them nobody else is told where
//! one is refused: each goes to every contact anyway.

use jiff::{SignedDuration, Timestamp};
use mailbeat_shared::locale::Locale;
use rusqlite::{Row, params};

use super::outbox::{Ended, Refusal};
use super::sqlite::{StoreError, Tx, maybe_word, time, us};
use crate::evaluate::ending::HandingOver;
use crate::notify::{Matter, confirmation};

/// How long answers are kept that were sent or given up. Who was mailed a renewal is kept as long as the contract.
const KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);

/// A mail to send.
#[derive(Clone, Debug, PartialEq)]
pub struct Mailing {
    /// Row.
    pub id: i64,
    /// The left part of its Message-ID.
    pub token: String,
    /// Row of the contract it is about.
    pub contract: i64,
    /// The contact's name.
    pub name: String,
    /// The contact's address.
    pub email: String,
    /// The language of the contact's mails; `None` takes the receiver's own.
    pub locale: Option<Locale>,
    /// What it says.
    pub matter: Matter,
    /// Attempts counted so far.
    pub attempts: u32,
    /// When it was written down; once it was tried, when first: people give up by that, and it is the mail's date.
    pub made_at: Timestamp,
}

macro_rules! select_mailings {
    () => {
        "SELECT n.id, n.token, n.contract, c.name, c.email, c.locale, n.matter, n.attempts, n.made_at
        FROM mailings n JOIN contacts c ON c.id = n.contact"
    };
}

fn mailing(row: &Row<'_>) -> rusqlite::Result<Mailing> {
    let matter: String = row.get(6)?;
    let unreadable =
        |error| rusqlite::Error::FromSqlConversionFailure(6, rusqlite::types::Type::Text, Box::new(error));
    Ok(Mailing {
        id: row.get(0)?,
        token: row.get(1)?,
        contract: row.get(2)?,
        name: row.get(3)?,
        email: row.get(4)?,
        locale: maybe_word(row, 5)?,
        matter: serde_json::from_str(&matter).map_err(unreadable)?,
        attempts: row.get(7)?,
        made_at: time(row, 8)?,
    })
}

impl Tx<'_> {
    /// How many test reports of a system were answered since then.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn answered_since(&self, system: i64, since: Timestamp) -> Result<u32, StoreError> {
        const SQL: &str = "-- answered_since
            SELECT count(DISTINCT report) FROM mailings WHERE system = ?1 AND made_at > ?2";
        self.only(SQL, params![system, us(since)], |row| row.get(0))
    }

    /// Writes down that a contact has to be told of a test report, of this row and of a system of this row. Lets go of answers that are
    /// long over.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn put_answer(
        &self,
        (report, system, contract): (i64, i64, i64),
        contact: i64,
        facts: confirmation::Facts,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        const FORGET: &str = "-- put_answer
            DELETE FROM mailings WHERE state <> 'waiting' AND report IS NOT NULL AND made_at < ?1";
        const SQL: &str = "-- put_answer
            INSERT INTO mailings (contract, contact, report, system, matter, token, state, made_at, next_at)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'waiting', ?7, ?7) ON CONFLICT (token) DO NOTHING";
        self.run(FORGET, params![us(now.saturating_sub(KEPT).unwrap_or(Timestamp::MIN))])?;
        let token = self.notification_secret()?.confirmation_part(report, contact);
        let matter = json(&Matter::TestReport(Box::new(facts)));
        self.run(SQL, params![contract, contact, report, system, matter, token, us(now)]).map(drop)
    }

    /// Rows of a contract and of those of its customer's contacts (as in [`Tx::contacts_to_write_to`]) who were not yet given this revision
    /// at this stage before this end, nor are to be. Whose address was mended since it was refused is one of them; what was dropped is
    /// written down again after an hour.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn contacts_to_give(&self, due: &HandingOver, now: Timestamp) -> Result<Vec<(i64, i64)>, StoreError> {
        const SQL: &str = "-- contacts_to_give
            WITH first AS (
                SELECT c.id AS contract, p.id AS contact FROM contracts c JOIN contacts p ON p.customer = c.customer
                WHERE c.number = ?1 AND p.refused_at IS NULL ORDER BY p.position, p.id LIMIT 5
            )
            SELECT contract, contact FROM first f WHERE NOT EXISTS (
                SELECT 1 FROM mailings m WHERE m.contract = f.contract AND m.contact = f.contact AND m.revision = ?2
                    AND m.ends_at = ?3 AND m.days <= ?4
                    AND (m.state IN ('waiting', 'sent') OR m.state = 'dropped' AND m.ended_at > ?5))";
        let hour_ago = now.saturating_sub(SignedDuration::from_hours(1)).unwrap_or(Timestamp::MIN);
        let params = params![due.contract.as_str(), due.revision, us(due.ends_at), due.days, us(hour_ago)];
        self.all(SQL, params, |row| Ok((row.get(0)?, row.get(1)?)))
    }

    /// Writes down that a contact has to be given a renewed contract, both of these rows.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn put_renewal(
        &self,
        contract: i64,
        contact: i64,
        due: HandingOver,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        const SQL: &str = "-- put_renewal
            INSERT INTO mailings (contract, contact, revision, ends_at, days, matter, token, state, made_at, next_at)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'waiting', ?8, ?8)";
        let (revision, ends_at, days) = (due.revision, due.ends_at, due.days);
        // A bounce of what was sent to an earlier address must not be taken for one of the mended address.
        let about = [contract, revision.into(), ends_at.as_second(), us(now), contact];
        let token = self.notification_secret()?.renewal_part(about);
        let matter = json(&Matter::Renewal(due));
        self.run(SQL, params![contract, contact, revision, us(ends_at), days, matter, token, us(now)])
            .map(drop)
    }

    /// Mails to try now, the oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn due_mailings(&self, now: Timestamp, limit: u32) -> Result<Vec<Mailing>, StoreError> {
        const SQL: &str = concat!(
            "-- due_mailings\n",
            select_mailings!(),
            " WHERE n.state = 'waiting' AND n.next_at <= ?1 ORDER BY n.next_at, n.id LIMIT ?2"
        );
        self.all(SQL, params![us(now), limit], mailing)
    }

    /// One that still waits.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn waiting_mailing(&self, id: i64) -> Result<Option<Mailing>, StoreError> {
        const SQL: &str =
            concat!("-- waiting_mailing\n", select_mailings!(), " WHERE n.state = 'waiting' AND n.id = ?1");
        self.one(SQL, params![id], mailing)
    }

    /// Counts an attempt before it is made, to this address, and says when to try again if nothing more is heard.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn count_mailing(
        &self,
        id: i64,
        address: &str,
        now: Timestamp,
        retry_at: Timestamp,
    ) -> Result<(), StoreError> {
        const SQL: &str = "-- count_mailing
            UPDATE mailings SET attempts = attempts + 1, address = ?3, next_at = ?2, words = '',
                made_at = CASE attempts WHEN 0 THEN ?4 ELSE made_at END
            WHERE id = ?1 AND state = 'waiting'";
        self.run(SQL, params![id, us(retry_at), address, us(now)]).map(drop)
    }

    /// Makes due what was being sent when this program last ended; as with notifications, a few times only.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn resume_mailings(&self, now: Timestamp) -> Result<usize, StoreError> {
        const SQL: &str = "-- resume_mailings
            UPDATE mailings SET next_at = min(next_at, ?1)
            WHERE state = 'waiting' AND words = '' AND attempts BETWEEN 1 AND 3";
        self.run(SQL, params![us(now)])
    }

    /// Tries now what waits until after `latest`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn bring_mailings_forward(&self, now: Timestamp, latest: Timestamp) -> Result<(), StoreError> {
        const SQL: &str = "-- bring_mailings_forward
            UPDATE mailings SET next_at = ?1 WHERE state = 'waiting' AND next_at > ?2";
        self.run(SQL, params![us(now), us(latest)]).map(drop)
    }

    /// Puts an attempt off, with what was said.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn defer_mailing(&self, id: i64, until: Timestamp, words: &str) -> Result<(), StoreError> {
        const SQL: &str = "-- defer_mailing
            UPDATE mailings SET next_at = ?2, words = ?3 WHERE id = ?1 AND state = 'waiting'";
        self.run(SQL, params![id, us(until), words]).map(drop)
    }

    /// It ended, and why.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn end_mailing(&self, id: i64, end: Ended, words: &str, now: Timestamp) -> Result<(), StoreError> {
        const SQL: &str = "-- end_mailing
            UPDATE mailings SET state = ?2, words = ?3, ended_at = ?4 WHERE id = ?1";
        self.run(SQL, params![id, end.as_str(), words, us(now)]).map(drop)
    }

    /// The mail with this token was refused for good, by the server or by a bounce. `false`: none of ours, or known already.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn mailing_refused(
        &self,
        token: &str,
        refusal: Refusal,
        words: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        const FIND: &str = "-- mailing_refused
            SELECT id, contact, address FROM mailings WHERE token = ?1 AND state <> 'refused'";
        let found = self.one(FIND, params![token], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        let Some((id, contact, address)) = found else { return Ok(false) };
        self.end_mailing(id, Ended::Refused, words, now)?;
        if refusal == Refusal::OfAddress {
            self.address_refused(contact, address, now)?;
        }
        Ok(true)
    }
}

fn json(matter: &Matter) -> String {
    serde_json::to_string(matter).unwrap_or_default()
}
