//! What a host is, as its newest system report tells it, and its installed packages.

use std::collections::BTreeMap;

use anyhow::Context as _;
use mailbeat_shared::wire::inventory::{PackageList, Packages, Reboot, Updates, packages_after};
use mailbeat_shared::wire::report::{Body, SystemReport};
use serde::Serialize;

use super::{Desk, named, report, said};
use crate::cli::Named;
use crate::render;
use crate::store::{System, Tx};

/// System reports looked at for the list of packages: one in seven has it whole.
const REPORTS: u32 = 60;
/// Most pending updates named; those for security come first.
const NAMED: usize = 10;

/// What the newest system report tells beside files.
#[derive(Serialize)]
pub(super) struct Inventory {
    facts: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    packages: Option<Packages>,
    #[serde(skip_serializing_if = "Option::is_none")]
    updates: Option<Updates>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reboot: Option<Reboot>,
    /// What did not fit into that report, in the agent's words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    truncated: Vec<String>,
}

impl Inventory {
    /// Of this system's newest system report that was made in this branch of its history.
    pub(super) fn of(tx: &Tx<'_>, system: &System, branch: i64) -> anyhow::Result<Option<Self>> {
        Ok(newest_first(tx, system, Some(branch), 1)?.into_iter().next().map(|report| Self {
            facts: report.inventory,
            packages: report.packages,
            updates: report.updates,
            reboot: report.reboot,
            truncated: report.truncated,
        }))
    }

    pub(super) fn describe(&self) -> String {
        let mut out = String::new();
        if !self.facts.is_empty() {
            let rows: Vec<Vec<String>> =
                self.facts.iter().map(|(name, value)| vec![name.clone(), value.clone()]).collect();
            out += &format!("\n{}", render::table(&["host", "value"], &rows));
        }
        if let Some(packages) = &self.packages {
            out += &format!("\n{} packages are installed ({})\n", packages.count, packages.source);
        }
        if let Some(updates) = &self.updates {
            let as_of =
                updates.as_of.map_or_else(String::new, |at| format!(", by lists of {}", render::time(at)));
            out += &format!(
                "{} updates can be installed, {} of them for security{as_of}\n",
                updates.count, updates.security
            );
            for update in updates.pending.iter().filter(|update| update.security).take(NAMED) {
                out += &format!("    {} {} -> {}\n", update.name, update.installed, update.candidate);
            }
        }
        if let Some(reboot) = self.reboot.as_ref().filter(|reboot| reboot.required) {
            out += &format!("it must be restarted: {}\n", reboot.reasons.join("; "));
        }
        out + &said::sentences("did not fit into the newest system report", &self.truncated)
    }
}

/// `systems packages`.
pub(super) fn packages(desk: &Desk, which: &Named) -> anyhow::Result<()> {
    let list: PackageList = desk.reader()?.read(|tx| {
        let system = named(tx, which)?;
        let branch = tx.branches(system.id)?.into_iter().max_by_key(|branch| branch.life_at);
        packages_after(newest_first(tx, &system, branch.map(|branch| branch.id), usize::MAX)?).with_context(|| {
            format!(
                "the packages of {} are not known: none were reported, or a report is missing until the next full one",
                system.host
            )
        })
    })?;
    let rows: Vec<Vec<String>> =
        list.iter().map(|(name, version)| vec![name.clone(), version.clone()]).collect();
    desk.show(&list, &render::table(&["package", "version"], &rows))
}

/// System reports of one branch in order of sequence, the newest first; each holds a lot, so at most so many and none before one
/// with the whole list of packages.
fn newest_first(
    tx: &Tx<'_>,
    system: &System,
    branch: Option<i64>,
    most: usize,
) -> anyhow::Result<Vec<SystemReport>> {
    let mut rows = tx.reports_of_kind(system.id, "system", REPORTS)?;
    rows.retain(|row| branch.is_none_or(|branch| row.branch == branch));
    rows.sort_by_key(|row| std::cmp::Reverse(row.sequence));
    let mut reports = Vec::new();
    for row in rows {
        let Some(Body::System { system_report }) = report(tx, row.row)?.map(|report| report.body) else {
            continue;
        };
        let whole = system_report.package_list.is_some();
        reports.push(SystemReport { files: vec![], changes: vec![], since: None, ..system_report });
        if whole || reports.len() == most {
            break;
        }
    }
    Ok(reports)
}
