//! The mail that brings a customer a renewed contract: the file, the hosts that have yet to take it up, and what is to be done there.
//!
//! [`compose`] is pure: the same facts make the same mail, so that sending again after a crash is harmless. Only a file that holds no
//! secret comes here; who forges such a mail forges no contract, since agents believe the vendor's signature alone.

use jiff::{SignedDuration, Timestamp};
use mailbeat_shared::text;
use mailbeat_shared::wire::contract::SealedContract;
use mailbeat_shared::wire::id::ContractNumber;
use mailbeat_shared::wire::mail::{CONTRACT_TYPE, Frame, bare_address, compose_with_file};
use serde::{Deserialize, Serialize};

use super::{Contact, Letter, LetterError, SUBJECT_BYTES, domain, recipient};
use crate::render::letters;

/// Longest name shown, in bytes.
const LINE_BYTES: usize = 200;
/// Longest list of hosts shown, in bytes.
const HOSTS_BYTES: usize = 1_000;

/// Why a renewal is mailed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// The contract.
    pub contract: ContractNumber,
    /// Its revision that is mailed.
    pub revision: u32,
    /// When the revision ends that is in force on the hosts.
    pub ends_at: Timestamp,
    /// Days after that in which heartbeats still come.
    pub grace_days: u32,
    /// How many hosts go by that revision.
    pub systems: u32,
    /// Which, in one line.
    pub hosts: String,
    /// At how many days before that end it is mailed.
    pub days: u32,
}

impl Facts {
    /// The name of the file.
    #[must_use]
    pub fn file(&self) -> String {
        format!("{}.{}.contract", self.contract, self.revision)
    }
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
    /// That day is over.
    over: bool,
    grace: String,
    /// The renewal's own last day; `None`: until it is revoked.
    valid_until: Option<String>,
    contact: String,
}

/// The mail for a contact, as written down at `made_at`.
///
/// # Errors
/// [`LetterError`]: the contact's or sender's address is none.
pub fn compose(
    facts: &Facts,
    renewed: &SealedContract,
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
    let page = Page {
        contract: facts.contract.to_string(),
        customer: line(&renewed.contract.customer),
        file: facts.file(),
        one: facts.systems == 1,
        systems: facts.systems,
        hosts: text::one_line(&facts.hosts, HOSTS_BYTES),
        last_day: last_day(facts.ends_at),
        over: facts.ends_at <= made_at,
        grace: locale.days(facts.grace_days.into()),
        valid_until: renewed.contract.valid_until.map(last_day),
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
        renewed.file.as_bytes(),
        CONTRACT_TYPE,
        &page.file,
    )?;
    Ok(Letter { to: bare_address(&contact.email).unwrap_or_default(), message_id, bytes })
}
