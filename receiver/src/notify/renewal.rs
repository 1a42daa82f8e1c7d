//! The mail that brings a customer a renewed contract: the file, the hosts that have yet to take it up, and what is to be done there.
//!
//! [`compose`] is pure: the same view makes the same mail. It is looked at when it is sent, so that the mail says how things stand
//! then. Only a file that holds no secret comes here; who forges such a mail forges no contract, since agents believe the vendor's
//! signature alone.

use jiff::{SignedDuration, Timestamp};
use mailbeat_shared::text;
use mailbeat_shared::wire::contract::{SealedContract, file_name};
use mailbeat_shared::wire::mail::{CONTRACT_TYPE, Frame, bare_address, compose_with_file};
use serde::Serialize;

use super::{Contact, Letter, LetterError, SUBJECT_BYTES, domain, recipient};
use crate::evaluate::ending::Ending;
use crate::render::letters;

/// Longest name shown, in bytes.
const LINE_BYTES: usize = 200;
/// Longest list of hosts shown, in bytes.
const HOSTS_BYTES: usize = 4_000;

/// Everything the mail is made from.
#[derive(Clone, Debug)]
pub struct RenewalView {
    /// What ends, and on which hosts.
    pub ending: Ending,
    /// The renewal.
    pub renewed: SealedContract,
}

#[derive(Serialize)]
struct Page {
    contract: String,
    customer: String,
    file: String,
    /// One host, as opposed to several.
    one: bool,
    systems: u32,
    hosts: String,
    last_day: String,
    /// How long heartbeats go on after that, if they do.
    grace: Option<String>,
    /// The renewal's own last day; `None`: until it is revoked.
    valid_until: Option<String>,
    contact: String,
}

/// The mail for a contact, as written down at `made_at`.
///
/// # Errors
/// [`LetterError`]: the contact's or sender's address is none.
pub fn compose(
    view: &RenewalView,
    from: &str,
    contact: &Contact,
    token: &str,
    made_at: Timestamp,
) -> Result<Letter, LetterError> {
    let locale = contact.locale.unwrap_or_default();
    let line = |text: &str| text::one_line(text, LINE_BYTES);
    let last_day = |end: Timestamp| {
        locale.day(end.saturating_sub(SignedDuration::from_secs(1)).unwrap_or(Timestamp::MIN))
    };
    let (ending, renewed) = (&view.ending, &view.renewed.contract);
    let page = Page {
        contract: renewed.number.to_string(),
        customer: line(&renewed.customer),
        file: file_name(&renewed.number, renewed.revision),
        one: ending.systems == 1,
        systems: ending.systems,
        hosts: text::one_line(&ending.hosts, HOSTS_BYTES),
        last_day: last_day(ending.ends_at),
        grace: (ending.grace_days > 0).then(|| locale.days(ending.grace_days.into())),
        valid_until: renewed.valid_until.map(last_day),
        contact: line(&contact.name),
    };
    let (templates, message_id) = (letters::of(locale), format!("{token}@{}", domain(from)));
    let bytes = compose_with_file(
        &Frame {
            from,
            to: &recipient(contact),
            cc: &[],
            subject: &text::one_line(&templates.one_line("renewal-subject", &page)?, SUBJECT_BYTES),
            message_id: &message_id,
            date: made_at,
            text: &templates.text("renewal", &page)?,
            html: None,
        },
        view.renewed.file.as_bytes(),
        CONTRACT_TYPE,
        &page.file,
    )?;
    Ok(Letter { to: bare_address(&contact.email).unwrap_or_default(), message_id, bytes })
}
