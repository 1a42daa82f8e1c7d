//! `systems`: who reports, how they are, what changed on them.

mod approve;
mod changes;
mod inventory;
mod naming;
mod said;

use std::process::ExitCode;

use jiff::Timestamp;
use mailbeat_shared::wire::id::SystemId;
use mailbeat_shared::wire::observation::Observation;
use mailbeat_shared::wire::report::{Body, Maintenance, Report};
use mailbeat_shared::wire::snapshot::FileEntry;
use serde::Serialize;

pub(super) use self::naming::{called, named, of_customer};
use self::said::Said;
use super::{Desk, history};
use crate::cli::{Named, Systems};
use crate::evaluate::finding::Finding;
use crate::evaluate::liveness::liveness;
use crate::evaluate::rules::Rules;
use crate::evaluate::threshold::format_value;
use crate::intake;
use crate::render;
use crate::store::{System, SystemState, Tx};

/// Systems read from the database at a time.
const PAGE: u32 = 500;

/// `systems`. Admitting a key may end with nothing done; everything else is done, or an error.
pub(super) fn run(desk: &Desk, command: &Systems) -> anyhow::Result<ExitCode> {
    match command {
        Systems::List => list(desk),
        Systems::Show(which) => show(desk, which),
        Systems::Changes { which, reports } => changes::changes(desk, which, *reports),
        Systems::Packages(which) => inventory::packages(desk, which),
        Systems::History { which, metric, days } => history::run(desk, which, metric, *days),
        Systems::Approve { key, keep } => return approve::run(desk, key, *keep),
        Systems::Pause(which) => set_state(
            desk,
            which,
            SystemState::Paused,
            "is paused: what it reports is recorded and not judged, and its open tickets are closed",
        ),
        Systems::Resume(which) => set_state(desk, which, SystemState::Active, "is watched again"),
        Systems::Retire(which) => set_state(desk, which, SystemState::Retired, "is retired"),
    }
    .map(|()| ExitCode::SUCCESS)
}

#[derive(Serialize)]
struct Row {
    system: SystemId,
    host: String,
    customer: String,
    contract: String,
    contract_revision: u32,
    liveness: &'static str,
    state: SystemState,
    /// Announced maintenance or shutdown that still holds: nothing is missed meanwhile.
    maintenance: Option<Maintenance>,
    life_at: Option<Timestamp>,
    system_report_at: Option<Timestamp>,
    agent_version: String,
    open_tickets: usize,
}

impl Row {
    fn of(tx: &Tx<'_>, system: &System, rules: &Rules, now: Timestamp) -> anyhow::Result<Self> {
        let view = tx.system_view(system, now)?;
        let heard_until = intake::judge::heard_until(tx, system.id, now)?;
        Ok(Self {
            system: system.system_id,
            host: system.host.clone(),
            customer: tx.customer(system.customer)?.map(|customer| customer.name).unwrap_or_default(),
            contract: system.contract.number.to_string(),
            contract_revision: system.contract_revision,
            liveness: liveness(&view, &rules.liveness, heard_until, now).as_str(),
            state: system.state,
            maintenance: system
                .maintenance_until
                .filter(|until| *until > now)
                .map(|until| Maintenance { until, reason: system.maintenance_reason.clone() }),
            life_at: system.life_at,
            system_report_at: system.system_report_at,
            agent_version: system.agent_version.clone(),
            open_tickets: view.tickets.iter().filter(|ticket| ticket.state.is_unresolved()).count(),
        })
    }
}

/// Every system, page by page.
pub(super) fn all(tx: &Tx<'_>) -> anyhow::Result<Vec<System>> {
    let mut systems: Vec<System> = Vec::new();
    loop {
        let page = tx.systems(systems.last().map_or(0, |system| system.id), PAGE)?;
        let done = page.len() < PAGE as usize;
        systems.extend(page);
        if done {
            return Ok(systems);
        }
    }
}

fn list(desk: &Desk) -> anyhow::Result<()> {
    let rules = desk.config.load_rules()?;
    let rows = desk.reader()?.read(|tx| {
        all(tx)?
            .iter()
            .map(|system| Row::of(tx, system, &rules, desk.now))
            .collect::<anyhow::Result<Vec<Row>>>()
    })?;
    desk.list(&rows, &["host", "customer", "liveness", "last life", "tickets", "contract", "system"], |row| {
        vec![
            row.host.clone(),
            row.customer.clone(),
            row.liveness.into(),
            row.life_at.map_or_else(|| "never".into(), |at| render::ago(at, desk.now)),
            row.open_tickets.to_string(),
            row.contract.clone(),
            row.system.to_string(),
        ]
    })
}

#[derive(Serialize)]
struct Whole {
    #[serde(flatten)]
    row: Row,
    findings: Vec<Finding>,
    observations: Vec<Observation>,
    /// What the agent says of itself; nothing where that is not kept any more.
    #[serde(flatten)]
    said: Option<Said>,
    /// What the newest system report tells beside files.
    #[serde(skip_serializing_if = "Option::is_none")]
    inventory: Option<inventory::Inventory>,
    files: Vec<FileEntry>,
    /// The sequence since which a system report is missing, so that `files` is older than that.
    #[serde(skip_serializing_if = "Option::is_none")]
    files_unknown_since: Option<u64>,
}

fn show(desk: &Desk, which: &Named) -> anyhow::Result<()> {
    let rules = desk.config.load_rules()?;
    let whole = desk.reader()?.read(|tx| {
        let system = named(tx, which)?;
        let branch = tx.branches(system.id)?.into_iter().max_by_key(|branch| branch.life_at);
        let heartbeat = branch.as_ref().and_then(|branch| branch.heartbeat);
        let (observations, said) = match heartbeat.map(|row| report(tx, row)).transpose()?.flatten() {
            Some(Report { lost, body: Body::Heartbeat { heartbeat }, .. }) => (
                heartbeat.observations,
                Some(Said { problems: heartbeat.problems, spool: heartbeat.spool, lost }),
            ),
            _ => (vec![], None),
        };
        let inventory =
            branch.as_ref().map(|branch| inventory::Inventory::of(tx, &system, branch.id)).transpose()?;
        let files_unknown_since = branch.as_ref().and_then(|branch| branch.unknown_since);
        let snapshot = branch.map(|branch| tx.snapshot(branch.id)).transpose()?.unwrap_or_default();
        anyhow::Ok(Whole {
            row: Row::of(tx, &system, &rules, desk.now)?,
            findings: tx.system_view(&system, desk.now)?.findings,
            observations,
            said,
            inventory: inventory.flatten(),
            files_unknown_since,
            files: snapshot.into_values().map(|file| file.entry).collect(),
        })
    })?;
    desk.show(&whole, &describe(&whole, desk.now))
}

fn describe(whole: &Whole, now: Timestamp) -> String {
    let row = &whole.row;
    let life = row.life_at.map_or_else(|| "never".into(), |at| render::ago(at, now));
    let mut out = format!(
        "{} ({})\n  {} · last life {life} · {} open tickets\n  customer {} · contract {} (revision {}) · agent {}\n",
        row.host,
        row.system,
        row.liveness,
        row.open_tickets,
        row.customer,
        row.contract,
        row.contract_revision,
        row.agent_version
    );
    if let Some(Maintenance { until, reason }) = &row.maintenance {
        let reason = if reason.is_empty() { "no reason given" } else { reason };
        out += &format!("  in maintenance until {}: {reason}\n", render::time(*until));
    }
    out += &whole.said.as_ref().map(Said::describe).unwrap_or_default();
    for finding in &whole.findings {
        out += &format!(
            "\n{}: {} since {}\n    {}\n",
            finding.severity,
            finding.title,
            render::time(finding.since),
            finding.evidence
        );
    }
    if !whole.observations.is_empty() {
        let cells = |observation: &Observation| {
            let about: Vec<&str> = observation.attributes.values().map(String::as_str).collect();
            vec![
                observation.name.clone(),
                about.join(" "),
                format_value(observation.value, &observation.unit),
            ]
        };
        let rows: Vec<Vec<String>> = whole.observations.iter().map(cells).collect();
        out += &format!("\n{}", render::table(&["observation", "of", "value"], &rows));
    }
    out += &whole.inventory.as_ref().map(inventory::Inventory::describe).unwrap_or_default();
    let muted: Vec<&str> =
        whole.files.iter().filter(|file| file.muted).map(|file| file.path.as_str()).collect();
    out += &format!("\n{} watched files", whole.files.len());
    if !muted.is_empty() {
        out += &format!(", muted because they change in every report: {}", muted.join(", "));
    }
    if let Some(since) = whole.files_unknown_since {
        out += &format!(
            "\nsince #{since} they are not known: a system report is missing, and the next full one mends it"
        );
    }
    out + "\n"
}

fn report(tx: &Tx<'_>, row: i64) -> anyhow::Result<Option<Report>> {
    let Some(packed) = tx.report_content(row)? else { return Ok(None) };
    let (bytes, _) = packed.unpack()?;
    Ok(Some(Report::decode(&bytes)?))
}

fn set_state(desk: &Desk, which: &Named, state: SystemState, done: &str) -> anyhow::Result<()> {
    let host = desk.write(|tx| {
        let system = named(tx, which)?;
        tx.set_system_state(&system, state, desk.now)?;
        anyhow::Ok(system.host)
    })?;
    desk.show(&serde_json::json!({ "host": host, "state": state }), &format!("{host} {done}"))
}
