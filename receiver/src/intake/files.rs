//! A system report's files: the snapshot of its branch moves forward along the chain of baselines.
//!
//! A report says what changed since the system report it names as its baseline. Where that one is held, the changes are
//! applied; where it is not, the report waits for it and the files are unknown since then, until the missing one or a full
//! report comes. Nothing is ever guessed.

use mailbeat_shared::wire::id::Digest;
use mailbeat_shared::wire::report::{Body, SystemReport};
use mailbeat_shared::wire::snapshot::{Snapshot, apply};

use crate::store::{Branch, StoreError, Tx};

/// How many waiting reports one report may set free, and how far back a snapshot is derived.
const CHAIN: usize = 400;

/// Takes a recorded system report to the snapshot of its branch; `branch` is changed and not yet written.
pub(super) fn take(
    tx: &Tx<'_>,
    system: i64,
    branch: &mut Branch,
    row: i64,
    digest: Digest,
    sequence: u64,
    report: &SystemReport,
) -> Result<(), StoreError> {
    if sequence <= branch.snapshot_sequence {
        return Ok(()); // state moves forward only
    }
    let Some(base) = base(tx, system, branch, report)? else {
        if let Some(baseline) = report.baseline {
            tx.wait_for_baseline(branch.id, baseline, row, sequence)?;
        }
        branch.unknown_since = Some(branch.unknown_since.map_or(sequence, |since| since.min(sequence)));
        return Ok(());
    };
    if report.baseline.is_none() {
        tx.forget_waiting_below(branch.id, sequence)?;
    }
    forward(tx, branch, base, digest, sequence, report)
}

/// What the changes start from: nothing for a full report, else the snapshot they name, if it is held in any branch or can be
/// derived.
fn base(
    tx: &Tx<'_>,
    system: i64,
    branch: &Branch,
    report: &SystemReport,
) -> Result<Option<Snapshot>, StoreError> {
    match report.baseline {
        None => Ok(Some(Snapshot::new())),
        Some(baseline) if branch.snapshot_digest == Some(baseline) => tx.snapshot(branch.id).map(Some),
        // A state restored from a backup goes on from what its first life had reported.
        Some(baseline) if branch.snapshot_digest.is_none() => {
            match tx.branch_with_snapshot(system, baseline)? {
                Some(held) => tx.snapshot(held).map(Some),
                None => derive(tx, system, baseline),
            }
        }
        Some(_) => Ok(None),
    }
}

/// The snapshot as of an earlier system report, from the recorded reports: back to a full one, and forward again. `None` where
/// one of them is not held, or does not fit.
fn derive(tx: &Tx<'_>, system: i64, of: Digest) -> Result<Option<Snapshot>, StoreError> {
    let (mut rows, mut wanted) = (Vec::new(), Some(of));
    while let Some(digest) = wanted {
        let Some(row) = tx.system_report_row(system, digest)?.filter(|_| rows.len() < CHAIN) else {
            return Ok(None);
        };
        let Some((_, report)) = tx.recorded(row)? else { return Ok(None) };
        let Body::System { system_report } = report.body else { return Ok(None) };
        wanted = system_report.baseline;
        rows.push(row);
    }
    let mut snapshot = Snapshot::new();
    for row in rows.into_iter().rev() {
        let Some((_, report)) = tx.recorded(row)? else { return Ok(None) };
        let Body::System { system_report } = report.body else { return Ok(None) };
        match apply(&snapshot, &system_report.files, &system_report.changes) {
            Ok(applied) => snapshot = applied,
            Err(_) => return Ok(None),
        }
    }
    Ok(Some(snapshot))
}

/// Applies the report and those that waited for it.
fn forward(
    tx: &Tx<'_>,
    branch: &mut Branch,
    base: Snapshot,
    digest: Digest,
    sequence: u64,
    report: &SystemReport,
) -> Result<(), StoreError> {
    let was = tx.snapshot(branch.id)?;
    let mut is = match apply(&base, &report.files, &report.changes) {
        Ok(is) => is,
        Err(error) => {
            tracing::warn!(sequence, %error, "the changes of a system report do not fit what is held");
            branch.unknown_since = Some(branch.unknown_since.unwrap_or(sequence));
            return Ok(());
        }
    };
    (branch.snapshot_digest, branch.snapshot_sequence, branch.unknown_since) = (Some(digest), sequence, None);
    for _ in 0..CHAIN {
        let Some(baseline) = branch.snapshot_digest else { break };
        let Some(next) = tx.take_waiting_for(branch.id, baseline)? else { break };
        let Some((digest, report)) = tx.recorded(next)? else { break };
        let Body::System { system_report } = &report.body else { break };
        match apply(&is, &system_report.files, &system_report.changes) {
            Ok(applied) => is = applied,
            Err(_) => {
                branch.unknown_since = Some(report.sequence);
                break;
            }
        }
        (branch.snapshot_digest, branch.snapshot_sequence) = (Some(digest), report.sequence);
    }
    tx.put_snapshot(branch.id, &was, &is)
}
