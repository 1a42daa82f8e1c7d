//! `contracts revoke`: a contract ends from a day on that has begun, or at once, and its login on the relay with it.
//!
//! For good: what is still to come cannot be revoked ahead, for the day would be forgotten before it comes. Said again, it is
//! found revoked.

use anyhow::Context as _;
use jiff::Timestamp;
use jiff::civil::Date;
use mailbeat_shared::wire::id::ContractNumber;

use super::super::{Desk, Usage};
use super::{midnight, relay};
use crate::render;
use crate::store::Tx;

/// `contracts revoke`.
pub(super) fn run(desk: &Desk, number: &ContractNumber, since: Option<Date>) -> anyhow::Result<()> {
    let since = begun(since, desk.now)?;
    let found = desk.reader()?.read(|tx| tx.contract(number))?;
    let found = found.with_context(|| unknown(number))?;
    // The relay first: if its file cannot be edited nothing was done, and the command is given again.
    let relay = relay::shut_out(desk.config.relay.as_ref(), &found.file)?;
    let revoked = desk.write(|tx| revoke(tx, number, since))?;
    desk.show(
        &serde_json::json!({
            "number": number, "revoked": true, "before": revoked.before, "since": revoked.since, "relay": relay,
        }),
        &relay.iter().fold(revoked.text(number), |said, relay| format!("{said}\n{relay}")),
    )
}

fn unknown(number: &ContractNumber) -> String {
    format!("there is no contract {number} to revoke; `contracts list` shows them")
}

/// From when on: the beginning of a day that has begun, or now.
fn begun(since: Option<Date>, now: Timestamp) -> anyhow::Result<Timestamp> {
    let Some(day) = since else { return Ok(now) };
    let begins = midnight(day)?;
    if begins > now {
        let why = "a revocation holds at once and for good: give the command on that day, or `contracts renew --valid-until` another end";
        anyhow::bail!(Usage(format!("--since {day} is still to come (UTC); {why}")));
    }
    Ok(begins)
}

/// A contract that is revoked.
#[derive(Debug, PartialEq, Eq)]
struct Revoked {
    since: Timestamp,
    /// It was already, and stays so.
    before: bool,
}

fn revoke(tx: &Tx<'_>, number: &ContractNumber, since: Timestamp) -> anyhow::Result<Revoked> {
    if tx.revoke_contract(number, since)? {
        return Ok(Revoked { since, before: false });
    }
    let contract = tx.contract(number)?.with_context(|| unknown(number))?;
    let since = contract.terms.revoked_at.with_context(|| format!("contract {number} was not revoked"))?;
    Ok(Revoked { since, before: true })
}

impl Revoked {
    fn text(&self, number: &ContractNumber) -> String {
        match self.before {
            true => format!("{number} is revoked already, since {}", render::time(self.since)),
            false => {
                format!("{number} is revoked: mails of its systems are counted from now on and not kept")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use mailbeat_shared::wire::contract::{EnrollmentSecret, SealedContract};
    use mailbeat_shared::wire::signature::SigningKey;

    use super::*;
    use crate::issuing::{IssueRequest, Terms, issue};
    use crate::store::{EnrollmentMode, Store};

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_day_that_is_still_to_come_is_refused_as_wrong_usage() {
        let now = at("2026-11-29T04:00:00Z");
        let day = |text: &str| Some(text.parse::<Date>().unwrap());
        assert_eq!(begun(day("2026-11-20"), now).unwrap(), at("2026-11-20T00:00:00Z"));
        assert_eq!(begun(day("2026-11-29"), now).unwrap(), at("2026-11-29T00:00:00Z"), "today has begun");
        assert_eq!(begun(None, now).unwrap(), now);
        let refused = begun(day("2026-11-30"), now).unwrap_err();
        assert!(refused.is::<Usage>(), "{refused}");
        assert!(refused.to_string().starts_with("--since 2026-11-30 is still to come"), "{refused}");
    }

    #[test]
    fn what_is_revoked_already_is_found_so_and_stays_as_it_was() {
        let (mut store, vendor) = (Store::in_memory().unwrap(), SigningKey::from_seed(&[7; 32], "vendor"));
        let (first, later) = (at("2026-11-20T00:00:00Z"), at("2026-11-29T04:00:00Z"));
        let number: ContractNumber = "ACME-1".parse().unwrap();
        assert!(store.write(|tx| revoke(tx, &number, first)).is_err(), "nobody knows it");
        let request =
            IssueRequest { number: Some(number.clone()), customer: "ACME".into(), ..IssueRequest::default() };
        let terms = Terms::new("Example GmbH", "reports@vendor.example");
        let secret = EnrollmentSecret::from_random([9; 32]);
        let contract = issue(request, &terms, &[], &vendor.public(), secret, first).unwrap();
        let sealed = SealedContract { file: contract.seal(&vendor), contract };
        store.write(|tx| tx.put_contract(&sealed, EnrollmentMode::Auto, first).map(drop)).unwrap();
        let mut said = |since| store.write(|tx| revoke(tx, &number, since)).unwrap();
        assert_eq!(said(first), Revoked { since: first, before: false });
        let again = said(later);
        assert_eq!(again, Revoked { since: first, before: true });
        assert_eq!(again.text(&number), "ACME-1 is revoked already, since 2026-11-20 00:00:00 UTC");
        let corrected = at("2026-11-10T00:00:00Z");
        assert_eq!(said(corrected), Revoked { since: corrected, before: false }, "it was earlier than that");
    }
}
