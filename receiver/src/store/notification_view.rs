//! What a notification is made from: its ticket as it stands when the mail is written, and what the contact was told before.
//!
//! Nothing is written here, and nothing is believed that was not recorded. Where the ticket or its system is gone there is less to
//! tell, and no error.

use rusqlite::params;

use super::outbox::Notification;
use super::sqlite::{StoreError, Tx};
use crate::notify::bounce::{NotificationId, message_id};
use crate::notify::{About, NotificationView, domain};

/// Events shown in a notification's history.
const HISTORY: usize = 5;

impl Tx<'_> {
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
        let secret = self.notification_secret()?;
        let id = |event| NotificationId { ticket: due.ticket, event, contact: due.contact };
        let events = self.told_of_before(due)?;
        Ok(events.into_iter().map(|event| message_id(&id(event), &secret, domain)).collect())
    }

    /// Rows of the events of this ticket that this contact was told of before, oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn told_of_before(&self, due: &Notification) -> Result<Vec<i64>, StoreError> {
        const SQL: &str = "-- told_of_before
            SELECT n.event FROM notifications n JOIN ticket_events e ON e.id = n.event
            WHERE e.ticket = ?1 AND n.contact = ?2 AND n.id < ?3 AND n.state = 'sent' ORDER BY n.id";
        self.all(SQL, params![due.ticket.0, due.contact, due.id], |row| row.get(0))
    }
}
