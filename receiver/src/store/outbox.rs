//! Who has to be told: rows written with the event (R2), worked off afterwards (R5).
//!
//! At least once: the attempt is counted, the notification sent, then marked; a crash in between sends it again under the same
//! token, by which the other side can tell.

use jiff::Timestamp;
use mailbeat_shared::locale::Locale;
use rusqlite::{Row, params};

use super::sqlite::{StoreError, Tx, maybe_word, time, us, word};
use super::tickets::event;
use crate::notify::bounce::{NotificationId, NotificationSecret};
use crate::ticket::{TicketEvent, TicketNumber, TicketState};

/// What is written of a notification that waits because its contact was sent so many.
pub const HELD_BACK: &str = "held back: too many within an hour";

/// How the sending of a mail to a person ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It was accepted.
    Sent,
    /// It was refused for good.
    Refused,
    /// There was nothing to tell any more.
    Dropped,
}

impl Ended {
    /// The word in tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Refused => "refused",
            Self::Dropped => "dropped",
        }
    }
}

/// What a mail that came back says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The address does not work: nothing more is sent to it.
    OfAddress,
    /// This mail did not arrive; the next one may.
    OfMail,
}

/// A notification to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// Row.
    pub id: i64,
    /// The left part of its Message-ID; names event and contact, and cannot be guessed.
    pub token: String,
    /// Row of the event.
    pub event_id: i64,
    /// The event.
    pub event: TicketEvent,
    /// The ticket.
    pub ticket: TicketNumber,
    /// Where the ticket stands now, to be looked at before sending.
    pub ticket_state: TicketState,
    /// Row of the contact.
    pub contact: i64,
    /// The contact's name.
    pub name: String,
    /// The contact's address.
    pub email: String,
    /// The language of the contact's mails; `None` takes the receiver's own.
    pub locale: Option<Locale>,
    /// `mail` or `webhook`.
    pub channel: String,
    /// Attempts counted so far.
    pub attempts: u32,
    /// When it was made.
    pub made_at: Timestamp,
}

fn notification(row: &Row<'_>) -> rusqlite::Result<Notification> {
    Ok(Notification {
        id: row.get(0)?,
        token: row.get(1)?,
        event_id: row.get(2)?,
        ticket: TicketNumber(row.get(3)?),
        event: event(row, 4)?,
        ticket_state: word(row, 8)?,
        contact: row.get(9)?,
        name: row.get(10)?,
        email: row.get(11)?,
        locale: maybe_word(row, 12)?,
        channel: row.get(13)?,
        attempts: row.get(14)?,
        made_at: time(row, 15)?,
    })
}

impl Tx<'_> {
    /// Writes down that the person responsible has to be told of an event: the customer's first contact whose address works,
    /// else the vendor's own. `false`: there is nobody.
    pub(super) fn notify(
        &self,
        event: i64,
        customer: Option<i64>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        const CONTACT: &str = "-- notify
            SELECT id FROM contacts c WHERE (customer IS ?1 OR customer IS NULL) AND refused_at IS NULL AND NOT EXISTS
                (SELECT 1 FROM notifications n WHERE n.event = ?2 AND n.contact = c.id AND n.state = 'refused')
            ORDER BY customer IS NULL, position, id LIMIT 1";
        match self.one(CONTACT, params![customer, event], |row| row.get::<_, i64>(0))? {
            Some(contact) => self.put_notification(event, contact, now).map(|()| true),
            None => {
                tracing::warn!(event, "nobody to tell: there is no contact whose address works");
                Ok(false)
            }
        }
    }

    fn put_notification(&self, event: i64, contact: i64, now: Timestamp) -> Result<(), StoreError> {
        const TICKET: &str = "-- put_notification
            SELECT ticket FROM ticket_events WHERE id = ?1";
        const SQL: &str = "-- put_notification
            INSERT INTO notifications (event, contact, channel, token, state, made_at, next_at)
            VALUES (?1, ?2, 'mail', ?3, 'waiting', ?4, ?4) ON CONFLICT (event, contact, channel) DO NOTHING";
        let ticket = TicketNumber(self.only(TICKET, params![event], |row| row.get(0))?);
        let token = self.notification_secret()?.local_part(&NotificationId { ticket, event, contact });
        self.run(SQL, params![event, contact, token, us(now)]).map(drop)
    }

    /// The last news of open tickets that were told to nobody, because there is nobody whose address works: event and customer.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn told_to_nobody(&self) -> Result<Vec<(i64, Option<i64>)>, StoreError> {
        const OPEN: &str = "-- told_to_nobody
            SELECT number, customer FROM tickets t WHERE state = 'open' AND NOT EXISTS
                (SELECT 1 FROM contacts WHERE (customer IS t.customer OR customer IS NULL) AND refused_at IS NULL)
            ORDER BY number";
        const IS_TOLD: &str = "-- told_to_nobody
            SELECT EXISTS (SELECT 1 FROM notifications WHERE event = ?1 AND state IN ('waiting', 'sent'))";
        let mut untold = Vec::new();
        for (number, customer) in self.all(OPEN, [], |row| Ok((TicketNumber(row.get(0)?), row.get(1)?)))? {
            let events = self.ticket_events(number)?;
            let Some((news, _)) = events.iter().rfind(|(_, event)| event.what.notifies()) else { continue };
            if !self.only(IS_TOLD, params![news], |row| row.get::<_, bool>(0))? {
                untold.push((*news, customer));
            }
        }
        Ok(untold)
    }

    /// Tells these now that somebody can be told, also whoever they were sent to in vain before and who has another address by now.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn tell(&self, untold: &[(i64, Option<i64>)], now: Timestamp) -> Result<(), StoreError> {
        const IN_VAIN: &str = "-- tell
            DELETE FROM notifications WHERE event = ?1 AND state = 'refused'
                AND contact IN (SELECT id FROM contacts WHERE refused_at IS NULL)";
        for (event, customer) in untold {
            self.run(IN_VAIN, params![event])?;
            self.notify(*event, *customer, now)?;
        }
        Ok(())
    }

    /// What makes this receiver's Message-IDs unguessable.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn notification_secret(&self) -> Result<NotificationSecret, StoreError> {
        const SQL: &str = "-- notification_secret
            SELECT secret FROM installation WHERE id = 1";
        let secret = self.one(SQL, [], |row| row.get(0))?;
        let missing =
            || StoreError::Corrupt { what: "the installation's secret", detail: "it is missing".into() };
        secret.map(NotificationSecret::from_random).ok_or_else(missing)
    }

    /// Notifications to try now, those first that were to be tried first: what waits for a mailbox holds up no other.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn due_notifications(&self, now: Timestamp, limit: u32) -> Result<Vec<Notification>, StoreError> {
        const SQL: &str = "-- due_notifications
            SELECT n.id, n.token, n.event, e.ticket, e.at, e.what, e.reason, e.by, t.state, c.id, c.name, c.email,
                c.locale, n.channel, n.attempts, n.made_at
            FROM notifications n JOIN ticket_events e ON e.id = n.event JOIN tickets t ON t.number = e.ticket
                JOIN contacts c ON c.id = n.contact
            WHERE n.state = 'waiting' AND n.next_at <= ?1 ORDER BY n.next_at, n.id LIMIT ?2";
        self.all(SQL, params![us(now), limit], notification)
    }

    /// Counts an attempt before it is made, to this address, and says when to try again if nothing more is heard. Patience with the
    /// recipient begins with the first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn count_notification(
        &self,
        id: i64,
        address: &str,
        retry_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        const SQL: &str = "-- count_notification
            UPDATE notifications SET attempts = attempts + 1, address = ?3, next_at = ?2, words = '',
                made_at = CASE attempts WHEN 0 THEN ?4 ELSE made_at END
            WHERE id = ?1 AND state = 'waiting'";
        self.run(SQL, params![id, us(retry_at), address, us(now)]).map(drop)
    }

    /// Makes due what was being sent when this program last ended, so that a restart tells people at once. Attempts are few:
    /// what should end the program by being sent must not do so in a circle.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn resume_notifications(&self, now: Timestamp) -> Result<usize, StoreError> {
        const SQL: &str = "-- resume_notifications
            UPDATE notifications SET next_at = min(next_at, ?1)
            WHERE state = 'waiting' AND words = '' AND attempts BETWEEN 1 AND 3";
        self.run(SQL, params![us(now)])
    }

    /// Tries now what failed before and waits for its next attempt; what is held back for its person's sake stays so.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn hurry_notifications(&self, now: Timestamp) -> Result<usize, StoreError> {
        const SQL: &str = "-- hurry_notifications
            UPDATE notifications SET next_at = min(next_at, ?1)
            WHERE state = 'waiting' AND attempts > 0 AND words <> ?2";
        self.run(SQL, params![us(now), HELD_BACK])
    }

    /// Tries now what waits until after `latest`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn bring_notifications_forward(&self, now: Timestamp, latest: Timestamp) -> Result<(), StoreError> {
        const SQL: &str = "-- bring_notifications_forward
            UPDATE notifications SET next_at = ?1 WHERE state = 'waiting' AND next_at > ?2";
        self.run(SQL, params![us(now), us(latest)]).map(drop)
    }

    /// Puts an attempt off, with what was said.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn defer_notification(&self, id: i64, until: Timestamp, words: &str) -> Result<(), StoreError> {
        const SQL: &str = "-- defer_notification
            UPDATE notifications SET next_at = ?2, words = ?3 WHERE id = ?1 AND state = 'waiting'";
        self.run(SQL, params![id, us(until), words]).map(drop)
    }

    /// When the oldest of the last `budget` notifications was sent to a contact, if there were so many after `since`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn budget_spent_at(
        &self,
        contact: i64,
        since: Timestamp,
        budget: u32,
    ) -> Result<Option<Timestamp>, StoreError> {
        const SQL: &str = "-- budget_spent_at
            SELECT ended_at FROM notifications WHERE contact = ?1 AND state = 'sent' AND ended_at > ?2
            ORDER BY ended_at DESC LIMIT 1 OFFSET ?3";
        self.one(SQL, params![contact, us(since), budget.saturating_sub(1)], |row| time(row, 0))
    }

    /// How many notifications are held back, by the contact's address.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn held_back(&self) -> Result<Vec<(String, u64)>, StoreError> {
        const SQL: &str = "-- held_back
            SELECT c.email, count(*) FROM notifications n JOIN contacts c ON c.id = n.contact
            WHERE n.state = 'waiting' AND n.words = ?1 GROUP BY c.email ORDER BY c.email LIMIT 200";
        self.all(SQL, params![HELD_BACK], |row| Ok((row.get(0)?, super::sqlite::number(row, 1)?)))
    }

    /// It was accepted.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn notification_sent(&self, id: i64, words: &str, now: Timestamp) -> Result<(), StoreError> {
        self.end_notification(id, Ended::Sent, words, now)
    }

    /// There is nothing to tell any more.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn drop_notification(&self, id: i64, why: &str, now: Timestamp) -> Result<(), StoreError> {
        self.end_notification(id, Ended::Dropped, why, now)
    }

    fn end_notification(&self, id: i64, end: Ended, words: &str, now: Timestamp) -> Result<(), StoreError> {
        const SQL: &str = "-- end_notification
            UPDATE notifications SET state = ?2, words = ?3, ended_at = ?4 WHERE id = ?1";
        self.run(SQL, params![id, end.as_str(), words, us(now)]).map(drop)
    }

    /// The notification with this token was refused for good, by the server or by a bounce: the next one responsible is told instead.
    /// `false`: none of ours, or known already.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn notification_refused(
        &self,
        token: &str,
        refusal: Refusal,
        words: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        const FIND: &str = "-- notification_refused
            SELECT n.id, n.event, t.customer, n.contact, n.address FROM notifications n JOIN ticket_events e ON e.id = n.event
                JOIN tickets t ON t.number = e.ticket
            WHERE n.token = ?1 AND n.state <> 'refused'";
        let found = self.one(FIND, params![token], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
        })?;
        let Some((id, event, customer, contact, address)) = found else { return Ok(false) };
        self.end_notification(id, Ended::Refused, words, now)?;
        // Where nobody else is left to be told, a person must hear of that.
        if !self.notify(event, customer, now)? || refusal == Refusal::OfAddress {
            self.address_refused(contact, address, now)?;
        }
        Ok(true)
    }
}
