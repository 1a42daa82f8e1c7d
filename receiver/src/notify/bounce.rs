//! Message-IDs of notifications, made and recognised: how a bounce finds the notification it is about.
//!
//! A Message-ID says which ticket, event and contact, and carries a token only this receiver can make. A bounce is mail from
//! anybody: without the token a stranger could turn people's notifications off. Making is deterministic, so that a mail sent
//! again after a crash is the same mail to every mail program.

use std::fmt;

use mailbeat_shared::wire::extract::Bounce;
use mailbeat_shared::wire::id::Digest;

use crate::ticket::TicketNumber;

/// Bytes of the token: 128 bits, written as 32 hexadecimal digits.
const TOKEN_BYTES: usize = 16;

/// Which notification: one event of a ticket, told to one contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NotificationId {
    /// The ticket.
    pub ticket: TicketNumber,
    /// The event's row.
    pub event: i64,
    /// The contact's row.
    pub contact: i64,
}

/// 32 random bytes only this receiver knows; never prints itself.
#[derive(Clone, PartialEq, Eq)]
pub struct NotificationSecret([u8; 32]);

impl NotificationSecret {
    /// The secret made of these random bytes.
    #[must_use]
    pub fn from_random(random: [u8; 32]) -> Self {
        Self(random)
    }

    /// `mb-TICKET-EVENT-CONTACT-TOKEN`: the left part of the Message-ID, and the key by which a notification is known.
    #[must_use]
    pub fn local_part(&self, id: &NotificationId) -> String {
        format!("mb-{}-{}-{}-{}", id.ticket.0, id.event, id.contact, self.token(id))
    }

    /// `mb-test-REPORT-CONTACT-TOKEN`: the same for the answer to a test report. A bounce of it is about no notification.
    #[must_use]
    pub fn confirmation_part(&self, report: i64, contact: i64) -> String {
        let message = format!("mailbeat-confirmation-v1\0{report}\0{contact}");
        format!("mb-test-{report}-{contact}-{}", self.keyed(&message))
    }

    /// `mb-renewal-CONTRACT-REVISION-END-MADE-CONTACT-TOKEN`: the same for a renewed contract that is mailed before that end, written down
    /// at that time.
    #[must_use]
    pub fn renewal_part(&self, about: [i64; 5]) -> String {
        let about = about.map(|number| number.to_string());
        format!(
            "mb-renewal-{}-{}",
            about.join("-"),
            self.keyed(&format!("mailbeat-renewal-v1\0{}", about.join("\0")))
        )
    }

    fn keyed(&self, message: &str) -> String {
        let digest = Digest::keyed(&self.0, message.as_bytes());
        digest.as_bytes()[..TOKEN_BYTES].iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// HMAC-SHA256 over the ids, cut to 128 bits.
    fn token(&self, id: &NotificationId) -> String {
        let message = format!("mailbeat-notification-v1\0{}\0{}\0{}", id.ticket.0, id.event, id.contact);
        self.keyed(&message)
    }
}

impl fmt::Debug for NotificationSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NotificationSecret(hidden)")
    }
}

/// The Message-ID of a notification without angle brackets: `mb-TICKET-EVENT-CONTACT-TOKEN@DOMAIN`.
#[must_use]
pub fn message_id(id: &NotificationId, secret: &NotificationSecret, domain: &str) -> String {
    format!("{}@{domain}", secret.local_part(id))
}

/// The left part of a Message-ID, with or without angle brackets.
#[must_use]
pub fn local_part(text: &str) -> Option<&str> {
    text.trim().trim_matches(['<', '>']).split_once('@').map(|(local, _)| local)
}

/// The notification a Message-ID belongs to, if this receiver made it. The domain is not compared: the sender's address may
/// have changed since.
#[must_use]
pub fn read_message_id(text: &str, secret: &NotificationSecret) -> Option<NotificationId> {
    let mut parts = local_part(text)?.strip_prefix("mb-")?.split('-');
    let mut number = || parts.next()?.parse::<i64>().ok();
    let id = NotificationId { ticket: TicketNumber(number()?), event: number()?, contact: number()? };
    let token = parts.next().filter(|_| parts.next().is_none())?;
    same(token.as_bytes(), secret.token(&id).as_bytes()).then_some(id)
}

/// Compares without telling by time where two tokens begin to differ.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |differ, (a, b)| differ | (a ^ b)) == 0
}

/// A delivery status notification about one of our notifications.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotificationBounce {
    /// The notification.
    pub id: NotificationId,
    /// Whether it will not arrive, as opposed to being late or delivered.
    pub failed: bool,
    /// The remote server's words.
    pub diagnostic: String,
}

/// Which of our notifications a bounce is about, if any. A notification refers to the earlier ones of its thread, so the
/// first Message-ID that is ours counts: it is the returned mail's own.
#[must_use]
pub fn recognise(bounce: &Bounce, secret: &NotificationSecret) -> Option<NotificationBounce> {
    let id = bounce.about.iter().find_map(|text| read_message_id(text, secret))?;
    Some(NotificationBounce { id, failed: bounce.failed, diagnostic: bounce.diagnostic.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id() -> NotificationId {
        NotificationId { ticket: TicketNumber(1001), event: 17, contact: 3 }
    }

    fn secret() -> NotificationSecret {
        NotificationSecret::from_random([1; 32])
    }

    #[test]
    fn a_message_id_is_read_back_with_or_without_brackets_and_under_another_domain() {
        let made = message_id(&id(), &secret(), "vendor.example");
        assert!(made.starts_with("mb-1001-17-3-") && made.ends_with("@vendor.example"), "{made}");
        assert_eq!(made, message_id(&id(), &secret(), "vendor.example"));
        for text in [made.clone(), format!("<{made}>"), made.replace("vendor.example", "new.example")] {
            assert_eq!(read_message_id(&text, &secret()), Some(id()), "{text}");
        }
    }

    #[test]
    fn a_token_belongs_to_one_notification_and_one_receiver() {
        let made = message_id(&id(), &secret(), "vendor.example");
        let other = NotificationSecret::from_random([2; 32]);
        assert_eq!(read_message_id(&made, &other), None);
        for forged in [
            made.replace("mb-1001-", "mb-1002-"),
            made.replace("-17-", "-18-"),
            made.replace("-3-", "-4-"),
            made.replace('@', "0@"),
            "mb-1001-17-3-@vendor.example".to_owned(),
            "mb-1001-17-3@vendor.example".to_owned(),
            "mb-1-1-1-1-1-1@x".to_owned(),
            "mb-99999999999999999999-1-1-0@x".to_owned(),
            "mb".to_owned(),
        ] {
            assert_eq!(read_message_id(&forged, &secret()), None, "{forged}");
        }
        assert_eq!(format!("{:?}", secret()), "NotificationSecret(hidden)");
    }
}
