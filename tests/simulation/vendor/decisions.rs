//! What the vendor's people decided, as they remember it, and what must become of a customer's mail by that. The receiver's own
//! judgement is not asked, only which keys and systems it holds.

use std::collections::BTreeMap;

use jiff::Timestamp;
use mailbeat_receiver::intake::{IgnoreReason, QuarantineReason, Verdict};
use mailbeat_receiver::store::{StoreError, Tx};
use mailbeat_shared::wire::report::Report;
use mailbeat_shared::wire::signature::{PublicKey, Signature};

use crate::papers::Term;

/// What holds since it was decided.
#[derive(Clone, Debug)]
pub(crate) struct Decisions {
    /// Of each customer's contract.
    pub(crate) terms: [Term; 2],
    /// Whether an operator admits new systems.
    pub(crate) approve: [bool; 2],
    /// Since when the contract is revoked.
    pub(crate) revoked: [Option<Timestamp>; 2],
    /// Keys an operator revoked, and when.
    pub(crate) revoked_keys: BTreeMap<[u8; 32], Timestamp>,
}

/// What must become of a genuine mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    /// It is recorded, if it was not before.
    Taken,
    /// It waits for its key to be admitted, and is recorded then.
    Waits,
    /// It waits, and is not kept when its key is admitted: it came after the end.
    WaitsInVain,
    /// Its contract was over when it came.
    Ended,
    /// Its key was revoked when it came.
    RevokedKey,
}

impl Expected {
    pub(crate) fn is(self, verdict: Verdict) -> bool {
        let wanted: &[Verdict] = match self {
            Self::Taken => &[Verdict::Accepted, Verdict::Duplicate],
            Self::Waits | Self::WaitsInVain => &[Verdict::Quarantined(QuarantineReason::NotEnrolled)],
            Self::Ended => &[Verdict::Ignored(IgnoreReason::ContractEnded)],
            Self::RevokedKey => &[Verdict::Quarantined(QuarantineReason::RevokedKey)],
        };
        wanted.contains(&verdict)
    }
}

impl Decisions {
    pub(crate) fn new() -> Self {
        let endless = Term { until: None, end: None };
        Self { terms: [endless; 2], approve: [false; 2], revoked: [None; 2], revoked_keys: BTreeMap::new() }
    }

    /// Whether what is received then is not kept any more: one day after the grace, or after the revocation.
    pub(crate) fn has_ended(&self, customer: usize, at: Timestamp) -> bool {
        self.terms[customer].drained().is_some_and(|drained| drained < at)
            || self.revoked[customer].is_some_and(|revoked| revoked <= at)
    }

    /// Whether nothing is expected of the customer's systems then: after the grace, or after the revocation.
    pub(crate) fn is_over(&self, customer: usize, at: Timestamp) -> bool {
        self.terms[customer].end.is_some_and(|end| end <= at)
            || self.revoked[customer].is_some_and(|revoked| revoked <= at)
    }

    /// What must become of a report that was received then.
    pub(crate) fn expect(
        &self,
        tx: &Tx<'_>,
        report: &Report,
        received_at: Timestamp,
    ) -> Result<Expected, StoreError> {
        let key: PublicKey = report.identity.public_key.parse().expect("an agent names its key");
        let customer = customer_of(report);
        let taken = if self.has_ended(customer, received_at) { Expected::Ended } else { Expected::Taken };
        if let Some(registered) = tx.registered(&key.bytes())? {
            // A key that was succeeded is revoked by the receiver itself, after a while.
            let at = [registered.key_revoked_at, self.revoked_keys.get(&key.bytes()).copied()];
            let revoked = at.into_iter().flatten().min().is_some_and(|at| at <= received_at);
            return Ok(if revoked { Expected::RevokedKey } else { taken });
        }
        let contract = tx.contract(&report.contract)?.expect("both contracts are known");
        Ok(match tx.system_of_customer(contract.terms.customer, report.system)? {
            Some(system) if is_vouched_for(tx, system.id, report, received_at)? => taken,
            Some(_) if taken == Expected::Ended => Expected::WaitsInVain,
            Some(_) => Expected::Waits,
            None if taken == Expected::Ended => taken,
            None if self.approve[customer] || contract.enrolled >= contract.terms.systems => Expected::Waits,
            None => taken,
        })
    }
}

/// Whose contract a report is sent under.
fn customer_of(report: &Report) -> usize {
    usize::from(report.contract.as_str().starts_with("BETA"))
}

fn is_vouched_for(
    tx: &Tx<'_>,
    system: i64,
    report: &Report,
    received_at: Timestamp,
) -> Result<bool, StoreError> {
    let signers: Vec<[u8; 32]> = report
        .identity
        .succession
        .iter()
        .map(|word| Signature::parse(word.as_bytes()).expect("a key's own word").signer().bytes())
        .collect();
    let holds = |at: Option<Timestamp>| at.is_none_or(|at| at > received_at);
    Ok(tx.keys_of(system)?.iter().any(|key| holds(key.revoked_at) && signers.contains(&key.key)))
}
