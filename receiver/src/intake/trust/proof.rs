//! What a report proves of the contract it names, and what is said to the operator where that is not enough.
//!
//! A proof tells that its sender knows the contract's secret, and no more: how many systems a contract covers, and whether a
//! person has to look, counts beside it. An operator's word stands for all of these, but for another customer's contract never.

use super::super::prepare::Candidate;
use crate::store::{AdmittedBy, EnrollmentMode, StoreError, System, Terms, Tx};

/// What is said of whose proof does not fit.
pub(super) const NO_SECRET: &str = "whoever sent it does not know the contract's secret: look closely";

/// How an operator lets it in.
pub(super) fn waits(candidate: &Candidate) -> String {
    format!("waits for approval: `mailbeat-receiver systems approve {}`", candidate.signer.fingerprint())
}

/// What hinders one more system, and the two ways on.
pub(super) fn all_taken(contract: &Terms, candidate: &Candidate) -> String {
    format!(
        "contract {} covers {} systems, all taken: `systems retire` one that is gone, or take this one all the same by `systems approve {}`",
        contract.number,
        contract.systems,
        candidate.signer.fingerprint()
    )
}

/// Another contract of the same customer: one that the report proves to hold and that has room, or that an operator lets it have.
/// Else what hinders it.
pub(super) fn other_contract(
    tx: &Tx<'_>,
    candidate: &Candidate,
    system: &System,
    by: AdmittedBy,
) -> Result<Result<Terms, String>, StoreError> {
    let named = &candidate.report.contract;
    let Some(row) = tx.contract(named)? else { return Ok(Err(format!("{named} is not known here"))) };
    let contract = row.terms;
    if contract.customer != system.customer {
        return Ok(Err(format!("{named} is another customer's")));
    }
    if by == AdmittedBy::Operator {
        return Ok(Ok(contract));
    }
    if !proves(tx, candidate, &contract)? {
        return Ok(Err(format!("its proof does not fit the secret of {named}; {NO_SECRET}")));
    }
    if contract.enrollment == EnrollmentMode::Approve {
        return Ok(Err(waits(candidate)));
    }
    if row.enrolled >= contract.systems {
        return Ok(Err(all_taken(&contract, candidate)));
    }
    Ok(Ok(contract))
}

/// Whether whoever made the report knows the secret of the contract it names.
pub(in super::super) fn knows_the_secret(tx: &Tx<'_>, candidate: &Candidate) -> Result<bool, StoreError> {
    match tx.contract(&candidate.report.contract)? {
        Some(row) => proves(tx, candidate, &row.terms),
        None => Ok(false),
    }
}

/// The same of this contract.
pub(super) fn proves(tx: &Tx<'_>, candidate: &Candidate, contract: &Terms) -> Result<bool, StoreError> {
    let report = &candidate.report;
    let secret = tx.enrollment_secret(contract.id)?;
    Ok(secret.is_some_and(|secret| {
        secret.proves(&report.identity.proof, &contract.number, report.system, &candidate.signer)
    }))
}
