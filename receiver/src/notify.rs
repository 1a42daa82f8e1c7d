//! Notifications: from a ticket's event to a mail that the person responsible understands at three in the morning.
//!
//! [`compose`] is pure: the same view makes the same mail, to the byte, so that sending again after a crash is harmless.
//! Titles, evidence and names come from outside; they are cleaned and cut here and escaped by the template. [`mail`] sends,
//! [`retry`] says when to try again, [`bounce`] recognises what comes back, [`ping`] tells an outside watchdog that we live.

pub mod bounce;
pub mod confirmation;
pub mod mail;
mod page;
pub mod ping;
pub mod renewal;
pub mod retry;

use jiff::SignedDuration;
use mailbeat_shared::locale::Locale;
use mailbeat_shared::template::RenderError;
use mailbeat_shared::text;
use mailbeat_shared::transport::outcome::{Failure, FailureKind};
use mailbeat_shared::wire::id::{ContractNumber, SystemId};
use mailbeat_shared::wire::mail::{ComposeError, Frame, bare_address, compose_plain, is_address};
use serde::{Deserialize, Serialize};

use self::bounce::{NotificationId, NotificationSecret, message_id};
pub(crate) use self::page::NO_COMMENT;
use self::page::Page;
use crate::evaluate::ending::HandingOver;
use crate::render::letters;
use crate::ticket::{Ticket, TicketEvent};

/// Longest subject, in bytes.
const SUBJECT_BYTES: usize = 200;
/// Most earlier mails named in References besides the first: the header stays under 4 KiB, threads stay whole.
const REFERENCES: usize = 20;

/// Everything one notification is made from. Loaded when it is sent, so that the mail says how the ticket stands then.
#[derive(Clone, Debug)]
pub struct NotificationView {
    /// Which notification.
    pub id: NotificationId,
    /// Whose system it is about; `None` for a ticket about the receiver itself.
    pub about: Option<About>,
    /// The ticket.
    pub ticket: Ticket,
    /// How soon somebody should respond to this ticket.
    pub response_time: SignedDuration,
    /// The event that is told.
    pub event: TicketEvent,
    /// The ticket's last few events, oldest first; whether the told one is among them does not matter.
    pub history: Vec<TicketEvent>,
    /// Who is told.
    pub contact: Contact,
    /// The vendor's sender address, `Name <user@host>` or bare. Bounces come back to it: a mailbox the receiver reads.
    pub from: String,
    /// Message-IDs of what this contact was already sent about this ticket, oldest first, without angle brackets.
    pub earlier: Vec<String>,
}

/// The system a ticket is about.
#[derive(Clone, Debug)]
pub struct About {
    /// The customer's name.
    pub customer: String,
    /// The system's host.
    pub host: String,
    /// The system.
    pub system: SystemId,
    /// Its contract.
    pub contract: ContractNumber,
}

/// A person to tell.
#[derive(Clone, Debug)]
pub struct Contact {
    /// Their name, may be empty.
    pub name: String,
    /// Their address.
    pub email: String,
    /// The language they are written to in; English where none is set.
    pub locale: Option<Locale>,
}

/// What a mail to a contact says that is about no ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Matter {
    /// A test report arrived.
    TestReport(Box<confirmation::Facts>),
    /// A contract was renewed, and hosts have yet to take it up.
    Renewal(HandingOver),
}

/// A mail ready to be handed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// The recipient's bare address.
    pub to: String,
    /// Its Message-ID without angle brackets: kept, to thread later mails and to recognise a bounce.
    pub message_id: String,
    /// The whole mail.
    pub bytes: Vec<u8>,
}

/// A mail that could not be made.
#[derive(Debug, thiserror::Error)]
pub enum LetterError {
    /// An address is none.
    #[error(transparent)]
    Compose(#[from] ComposeError),
    /// A template and its values do not fit: a mistake in this program.
    #[error(transparent)]
    Template(#[from] RenderError),
}

impl LetterError {
    /// What it means for the sending to this contact: where the address is none, others can be told.
    #[must_use]
    pub fn failure(&self, to: &Contact) -> Failure {
        let failure = Failure::new(FailureKind::Permanent, self.to_string());
        if is_address(&to.email) { failure } else { failure.of_recipient() }
    }
}

/// The mail that tells a contact of a ticket's event.
///
/// # Errors
/// [`LetterError`]: the contact's or sender's address is none.
pub fn compose(view: &NotificationView, secret: &NotificationSecret) -> Result<Letter, LetterError> {
    let locale = view.contact.locale.unwrap_or_default();
    let (page, templates) = (Page::of(view, locale), letters::of(locale));
    let message_id = message_id(&view.id, secret, &domain(&view.from));
    let bytes = compose_plain(
        &Frame {
            from: &view.from,
            to: &recipient(&view.contact),
            cc: &[],
            subject: &text::one_line(&templates.one_line("notification-subject", &page)?, SUBJECT_BYTES),
            message_id: &message_id,
            date: view.event.at,
            text: &templates.text("notification", &page)?,
            html: Some(&templates.html("notification", &page)?),
        },
        &references(&view.earlier, &message_id),
    )?;
    let to = bare_address(&view.contact.email).unwrap_or_default();
    Ok(Letter { to, message_id, bytes })
}

/// The domain of the sender's address.
pub(crate) fn domain(from: &str) -> String {
    let address = bare_address(from).unwrap_or_default();
    address.rsplit_once('@').map_or("mailbeat.invalid", |(_, domain)| domain).to_owned()
}

/// `"Name" <address>`, or the address alone where the name cannot stand in a header.
fn recipient(contact: &Contact) -> String {
    let name: String = text::one_line(&contact.name, 100).replace(['"', '\\'], "'");
    let full = format!("\"{}\" <{}>", name.trim(), contact.email);
    if name.trim().is_empty() || !is_address(&full) { contact.email.clone() } else { full }
}

/// The first mail of the thread and the newest ones (RFC 5322 section 3.6.4), without this mail itself.
fn references(earlier: &[String], own: &str) -> Vec<String> {
    let fits =
        |id: &&String| id.as_str() != own && id.len() <= 250 && id.chars().all(|c| c.is_ascii_graphic());
    let all: Vec<&String> = earlier.iter().filter(fits).collect();
    let newest = all.len().saturating_sub(REFERENCES).max(1);
    all.iter().take(1).chain(all.iter().skip(newest)).map(|id| (*id).clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_thread_refers_to_its_first_mail_and_the_newest_ones() {
        let ids = |count: usize| (0..count).map(|at| format!("{at}@x")).collect::<Vec<_>>();
        assert_eq!(references(&ids(0), "own@x"), ids(0));
        assert_eq!(references(&ids(1), "own@x"), ids(1));
        assert_eq!(references(&ids(21), "own@x"), ids(21));
        let long = references(&ids(500), "own@x");
        assert_eq!((long.len(), long[0].as_str(), long[1].as_str()), (21, "0@x", "480@x"));
        assert_eq!(references(&ids(3), "2@x"), ids(2), "a mail is not its own answer");
    }

    #[test]
    fn a_contacts_name_cannot_become_another_recipient() {
        let to = |name: &str| {
            recipient(&Contact { name: name.into(), email: "eva@vendor.example".into(), locale: None })
        };
        assert_eq!(to("Müller, Eva"), "\"Müller, Eva\" <eva@vendor.example>");
        assert_eq!(to(" "), "eva@vendor.example");
        let hostile = to("x\" <evil@example.org>, \"y\r\nBcc: z");
        assert_eq!(bare_address(&hostile).as_deref(), Some("eva@vendor.example"), "{hostile}");
    }
}
