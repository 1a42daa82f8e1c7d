//! What people and mails are shown: rows put together for commands and notifications. Nothing is written here.

use rusqlite::params;

use super::outbox::Notification;
use super::people::{Contact, Customer, contact};
use super::reports::ReportRow;
use super::sqlite::{StoreError, Tx};
use crate::notify::bounce::{NotificationId, message_id};
use crate::notify::{About, NotificationView, domain};

/// Events shown in a notification's history.
const HISTORY: usize = 5;

impl Tx<'_> {
    /// One customer.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn customer(&self, id: i64) -> Result<Option<Customer>, StoreError> {
        const SQL: &str = "-- customer
            SELECT id, name, notes FROM customers WHERE id = ?1";
        self.one(SQL, params![id], |row| {
            Ok(Customer { id: row.get(0)?, name: row.get(1)?, notes: row.get(2)? })
        })
    }

    /// One contact.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn contact(&self, id: i64) -> Result<Option<Contact>, StoreError> {
        const SQL: &str = "-- contact
            SELECT id, customer, position, name, email, locale, refused_at FROM contacts WHERE id = ?1";
        self.one(SQL, params![id], contact)
    }

    /// A system's newest reports of one kind, newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn reports_of_kind(&self, system: i64, kind: &str, limit: u32) -> Result<Vec<ReportRow>, StoreError> {
        const SQL: &str = "-- reports_of_kind
            SELECT id, report_id, branch, sequence, digest, kind, created_at, received_at, life_at, content IS NOT NULL
            FROM reports WHERE system = ?1 AND kind = ?2 ORDER BY id DESC LIMIT ?3";
        self.all(SQL, params![system, kind, limit], super::reports::report_row)
    }

    /// Everything a notification is made from, as it stands now. `None`: its ticket is gone.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn notification_view(
        &self,
        due: &Notification,
        from: String,
    ) -> Result<Option<NotificationView>, StoreError> {
        let Some(row) = self.ticket(due.ticket)? else { return Ok(None) };
        let mut history: Vec<_> =
            self.ticket_events(due.ticket)?.into_iter().map(|(_, event)| event).collect();
        history.drain(..history.len().saturating_sub(HISTORY));
        let earlier = self.told_before(due, &domain(&from))?;
        Ok(Some(NotificationView {
            id: NotificationId { ticket: due.ticket, event: due.event_id, contact: due.contact },
            about: row.system.map(|system| self.about(system)).transpose()?.flatten(),
            response_time: row.ticket.severity.response_time(),
            ticket: row.ticket,
            event: due.event.clone(),
            history,
            contact: crate::notify::Contact {
                name: due.name.clone(),
                email: due.email.clone(),
                locale: due.locale,
            },
            from,
            earlier,
        }))
    }

    fn about(&self, system: i64) -> Result<Option<About>, StoreError> {
        let Some(system) = self.system(system)? else { return Ok(None) };
        let customer = self.customer(system.customer)?.map(|customer| customer.name).unwrap_or_default();
        Ok(Some(About {
            customer,
            host: system.host,
            system: system.system_id,
            contract: system.contract.number,
        }))
    }

    /// Message-IDs of what this contact was sent about this ticket before, oldest first.
    fn told_before(&self, due: &Notification, domain: &str) -> Result<Vec<String>, StoreError> {
        const SQL: &str = "-- told_before
            SELECT n.event FROM notifications n JOIN ticket_events e ON e.id = n.event
            WHERE e.ticket = ?1 AND n.contact = ?2 AND n.id < ?3 AND n.state = 'sent' ORDER BY n.id";
        let events: Vec<i64> = self.all(SQL, params![due.ticket.0, due.contact, due.id], |row| row.get(0))?;
        let secret = self.notification_secret()?;
        let id = |event| NotificationId { ticket: due.ticket, event, contact: due.contact };
        Ok(events.into_iter().map(|event| message_id(&id(event), &secret, domain)).collect())
    }
}
