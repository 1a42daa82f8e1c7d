//! The answer to a test report: what arrived, how it was judged, and the code that proves it at the customer's.
//!
//! [`compose`] is pure: the same facts make the same mail, so that sending again after a crash is harmless. What comes from the
//! report is cleaned and cut.

use jiff::{SignedDuration, Timestamp};
use mailbeat_shared::locale::Locale;
use mailbeat_shared::text;
use mailbeat_shared::wire::confirmation::ConfirmationCode;
use mailbeat_shared::wire::contract::EnrollmentSecret;
use mailbeat_shared::wire::id::{ContractNumber, ReportId, SystemId};
use mailbeat_shared::wire::mail::{Frame, bare_address, compose_plain};
use serde::{Deserialize, Serialize};

use super::{Contact, Letter, LetterError, SUBJECT_BYTES, domain, recipient};
use crate::render::letters;

/// Longest name shown, in bytes.
const LINE_BYTES: usize = 200;

/// What is known of a test report once it is recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// Its id, which the code is made of.
    pub report: ReportId,
    /// Its number.
    pub sequence: u64,
    /// Of which host.
    pub host: String,
    /// Of which system.
    pub system: SystemId,
    /// Under which contract.
    pub contract: ContractNumber,
    /// Who asked for it.
    pub requested_by: String,
    /// The route it was meant to prove.
    pub route: Option<String>,
    /// Fingerprint of the key that signed it.
    pub key: String,
    /// The verdict, which the code is made of.
    pub verdict: String,
    /// When it was made, by the host's clock.
    pub created_at: Timestamp,
    /// When the mailbox got it.
    pub received_at: Timestamp,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// How far the host's clock is behind ours, in microseconds; 0 within two minutes.
    pub skew_us: i64,
    /// Mailbox and folder it was found in.
    pub mailbox: String,
}

#[derive(Serialize)]
struct Page {
    host: String,
    sequence: u64,
    code: String,
    created: String,
    received: String,
    delay: String,
    /// How far the clock is off; `None` within two minutes.
    skew: Option<String>,
    /// The clock is behind, as opposed to ahead.
    behind: bool,
    route: String,
    mailbox: String,
    system: String,
    contract: String,
    key: String,
    requested_by: String,
    contact: String,
}

/// The mail that tells a contact.
///
/// # Errors
/// [`LetterError`]: the contact's or sender's address is none.
pub fn compose(
    facts: &Facts,
    secret: &EnrollmentSecret,
    from: &str,
    contact: &Contact,
    token: &str,
) -> Result<Letter, LetterError> {
    let locale = contact.locale.unwrap_or_default();
    let (page, templates) = (page(facts, secret, contact, locale), letters::of(locale));
    let message_id = format!("{token}@{}", domain(from));
    let bytes = compose_plain(
        &Frame {
            from,
            to: &recipient(contact),
            cc: &[],
            subject: &text::one_line(&templates.one_line("confirmation-subject", &page)?, SUBJECT_BYTES),
            message_id: &message_id,
            date: facts.recorded_at,
            text: &templates.text("confirmation", &page)?,
            html: None,
        },
        &[],
    )?;
    Ok(Letter { to: bare_address(&contact.email).unwrap_or_default(), message_id, bytes })
}

fn page(facts: &Facts, secret: &EnrollmentSecret, contact: &Contact, locale: Locale) -> Page {
    let line = |text: &str| text::one_line(text, LINE_BYTES);
    let skew = SignedDuration::from_micros(facts.skew_us);
    // By our clock: what the host's clock is behind must not count as time on the way.
    let on_the_way = facts.received_at.duration_since(facts.created_at).saturating_sub(skew);
    Page {
        host: line(&facts.host),
        sequence: facts.sequence,
        code: ConfirmationCode::new(secret, facts.report, &facts.verdict).to_string(),
        created: locale.second(facts.created_at),
        received: locale.second(facts.received_at),
        delay: locale.span(on_the_way.max(SignedDuration::ZERO)),
        skew: (!skew.is_zero()).then(|| locale.span(skew.abs())),
        behind: skew.is_positive(),
        route: line(facts.route.as_deref().unwrap_or("-")),
        mailbox: line(&facts.mailbox),
        system: facts.system.to_string(),
        contract: facts.contract.to_string(),
        key: line(&facts.key),
        requested_by: line(&facts.requested_by),
        contact: line(&contact.name),
    }
}

/// Facts nobody reported, to see whether the mail can be made.
#[must_use]
pub fn sample(now: Timestamp) -> Facts {
    Facts {
        report: ReportId::from_bytes([0; 16]),
        sequence: 1,
        host: "host".into(),
        system: SystemId::from_bytes([0; 16]),
        contract: "SAMPLE-1".parse().unwrap_or_else(|_| unreachable!("a contract's number by its form")),
        requested_by: "root".into(),
        route: None,
        key: "SHA256:".into(),
        verdict: "accepted".into(),
        created_at: now,
        received_at: now,
        recorded_at: now,
        skew_us: 0,
        mailbox: "reports, INBOX".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(change: impl FnOnce(&mut Facts, &mut Contact)) -> String {
        let now: Timestamp = "2026-11-22T08:20:12Z".parse().unwrap();
        let mut facts = Facts {
            created_at: now - SignedDuration::from_secs(75),
            received_at: now - SignedDuration::from_secs(10),
            route: Some("office".into()),
            ..sample(now)
        };
        let mut contact =
            Contact { name: "Anna Admin".into(), email: "anna@acme.example".into(), locale: None };
        change(&mut facts, &mut contact);
        let secret = EnrollmentSecret::from_random([1; 32]);
        let letter =
            compose(&facts, &secret, "Mailbeat <mb@vendor.example>", &contact, "mb-test-1-2-x").unwrap();
        assert_eq!(letter.message_id, "mb-test-1-2-x@vendor.example");
        String::from_utf8(letter.bytes).unwrap()
    }

    #[test]
    fn the_answer_states_verdict_signature_delay_route_and_clock_and_carries_the_code() {
        let text = mail(|_, _| {});
        let code = ConfirmationCode::new(
            &EnrollmentSecret::from_random([1; 32]),
            ReportId::from_bytes([0; 16]),
            "accepted",
        );
        for words in [
            "Anna Admin",
            "accepted",
            "genuine",
            "1 minute 5 seconds",
            "office",
            "reports, INBOX",
            "within two minutes",
        ] {
            assert!(text.contains(words), "{words}: {text}");
        }
        assert!(text.contains(&format!("mailbeat-agent test --confirm {code}")), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 78), "{text}");
    }

    #[test]
    fn a_clock_that_is_off_is_named_and_not_counted_as_time_on_the_way() {
        let hour = 3_600_000_000;
        let late = mail(|facts, _| {
            facts.skew_us = hour;
            facts.created_at -= SignedDuration::from_hours(1);
        });
        assert!(late.contains("1 hour behind") && late.contains("1 minute 5 seconds"), "{late}");
        let ahead = mail(|facts, _| facts.skew_us = -hour);
        assert!(ahead.contains("1 hour ahead"), "{ahead}");
    }

    #[test]
    fn a_contact_is_answered_in_their_language_and_no_name_becomes_a_header() {
        let german = mail(|facts, contact| {
            contact.locale = Some(Locale::De);
            facts.host = "x\r\nBcc: evil@example.org".into();
        });
        assert!(german.contains("angenommen"), "{german}");
        assert!(!german.lines().any(|line| line.starts_with("Bcc")), "{german}");
    }
}
