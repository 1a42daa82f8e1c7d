//! A test report is answered: only one that was accepted, only to the contacts of its customer, and at most five a day and
//! system, so that nobody can be made to flood anybody.

use jiff::{SignedDuration, Timestamp};
use mailbeat_shared::wire::report::Body;

use super::life::Life;
use super::prepare::Candidate;
use super::settle::Arrival;
use crate::notify::confirmation::Facts;
use crate::store::{Place, StoreError, System, Tx};

/// Test reports of one system that are answered in a day.
pub(super) const A_DAY: u32 = 5;
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// Writes the answers to a report that was just recorded as `row`, if it is one that is answered.
pub(super) fn answer(
    tx: &Tx<'_>,
    system: &System,
    row: i64,
    candidate: &Candidate,
    life: Life,
    arrival: Arrival,
) -> Result<(), StoreError> {
    let Arrival { place, receipt, now, .. } = arrival;
    let report = &candidate.report;
    let Body::Test { test } = &report.body else { return Ok(()) };
    // What is read again after a restore, or imported, was answered in its time.
    if now.duration_since(receipt.at) >= DAY {
        return Ok(());
    }
    let since = now.saturating_sub(DAY).unwrap_or(Timestamp::MIN);
    if tx.answered_since(system.id, since)? >= A_DAY {
        tracing::info!(host = system.host, "a test report is not answered: {A_DAY} were within a day");
        return Ok(());
    }
    let facts = Facts {
        report: report.id,
        sequence: report.sequence,
        host: report.agent.host.clone(),
        system: report.system,
        contract: report.contract.clone(),
        requested_by: test.requested_by.clone(),
        route: test.route.clone(),
        key: candidate.signer.fingerprint(),
        verdict: "accepted".into(),
        created_at: report.created_at,
        received_at: receipt.at,
        recorded_at: now,
        skew_us: i64::try_from(life.skew.as_micros()).unwrap_or(i64::MAX),
        mailbox: name_of(tx, place)?,
    };
    for contact in tx.contacts_to_write_to(system.customer)? {
        tx.put_answer((row, system.id, system.contract.id), contact.id, facts.clone(), now)?;
    }
    Ok(())
}

/// `reports, INBOX`: a customer whose reports land in Junk wants to know.
fn name_of(tx: &Tx<'_>, from: Place) -> Result<String, StoreError> {
    let mailbox = from.mailbox.map(|id| tx.mailbox(id)).transpose()?.flatten();
    let folder = from.folder.map(|id| tx.folder(id)).transpose()?.flatten();
    let names = mailbox.map(|mailbox| mailbox.name).into_iter().chain(folder.map(|folder| folder.name));
    Ok(names.collect::<Vec<_>>().join(", "))
}
