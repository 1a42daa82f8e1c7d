//! `contracts import`: contracts taken up from their files again, where the database is older than they are.
//!
//! Only contracts of this vendor's own key; a revision that is held already or an older one changes nothing. Every file is read
//! before the first is taken up, and all of them are taken up at once or none.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, bail, ensure};
use mailbeat_shared::wire::contract::SealedContract;
use serde::Serialize;

use super::super::Desk;
use crate::issuing;
use crate::store::{ContractRefused, EnrollmentMode, Tx};

/// What became of one file.
#[derive(Serialize)]
struct Taken {
    number: String,
    customer: String,
    revision: u32,
    /// `taken up`, or `held already`.
    result: &'static str,
}

/// `contracts import`. `approve`: systems of contracts that were not known wait for an operator.
pub(super) fn run(desk: &Desk, paths: &[PathBuf], approve: bool) -> anyhow::Result<()> {
    let own = issuing::load(&desk.config.vendor_key())?.public();
    let mut sealed = Vec::new();
    for file in files(paths)? {
        let shown = || file.display().to_string();
        let contract = SealedContract::open(&fs::read(&file).with_context(shown)?).with_context(shown)?;
        ensure!(contract.trusted_by(&own), "{}: it is not sealed with this vendor's key", file.display());
        sealed.push(contract);
    }
    // A renewal carries no secret: the file before it comes first.
    sealed.sort_by_key(|sealed| (sealed.contract.number.to_string(), sealed.contract.revision));
    let mode = if approve { EnrollmentMode::Approve } else { EnrollmentMode::Auto };
    let taken = desk.write(|tx| {
        let taken = sealed.iter().map(|sealed| take(tx, desk, sealed, mode));
        taken.collect::<anyhow::Result<Vec<_>>>()
    })?;
    desk.list(&taken, &["number", "customer", "revision", "result"], |row| {
        vec![row.number.clone(), row.customer.clone(), row.revision.to_string(), row.result.into()]
    })
}

fn take(tx: &Tx<'_>, desk: &Desk, sealed: &SealedContract, mode: EnrollmentMode) -> anyhow::Result<Taken> {
    let contract = &sealed.contract;
    // How its systems are admitted was said before, and is not in the file.
    let mode = tx.contract(&contract.number)?.map_or(mode, |held| held.terms.enrollment);
    let result = match tx.put_contract(sealed, mode, desk.now) {
        Ok(_) => "taken up",
        Err(ContractRefused::NotNewer { .. }) => "held already",
        Err(refused) => bail!(refused),
    };
    let (number, customer) = (contract.number.to_string(), contract.customer.clone());
    Ok(Taken { number, customer, revision: contract.revision, result })
}

/// The files themselves, and those of directories that are named `*.contract`.
fn files(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let entries = fs::read_dir(path).with_context(|| path.display().to_string())?;
        let of_contracts = |file: &PathBuf| file.extension().is_some_and(|extension| extension == "contract");
        let found: Vec<PathBuf> =
            entries.filter_map(|entry| Some(entry.ok()?.path())).filter(of_contracts).collect();
        ensure!(!found.is_empty(), "{} holds no *.contract", path.display());
        files.extend(found);
    }
    Ok(files)
}
