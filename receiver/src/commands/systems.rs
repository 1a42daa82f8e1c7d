//! `systems`: who reports, how they are, what changed on them.

mod changes;
mod inventory;

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use mailbeat_shared::wire::id::SystemId;
use mailbeat_shared::wire::observation::Observation;
use mailbeat_shared::wire::report::{Body, Maintenance, Report};
use mailbeat_shared::wire::signature::PublicKey;
use mailbeat_shared::wire::snapshot::FileEntry;
use serde::Serialize;

use super::{Desk, history};
use crate::cli::Systems;
use crate::evaluate::finding::Finding;
use crate::evaluate::liveness::liveness;
use crate::evaluate::rules::Rules;
use crate::evaluate::threshold::format_value;
use crate::intake::{self, Context};
use crate::keyring::Keyring;
use crate::render;
use crate::store::{System, SystemState, Tx};

/// Systems read from the database at a time.
const PAGE: u32 = 500;

/// `systems`.
pub(super) fn run(desk: &Desk, command: &Systems) -> anyhow::Result<()> {
    match command {
        Systems::List => list(desk),
        Systems::Show { system } => show(desk, system),
        Systems::Changes { system, reports } => changes::changes(desk, system, *reports),
        Systems::Packages { system } => inventory::packages(desk, system),
        Systems::History { system, metric, days } => history::run(desk, system, metric, *days),
        Systems::Approve { key, keep } => approve(desk, key, *keep),
        Systems::Pause { system } => {
            set_state(desk, system, SystemState::Paused, "is paused: recorded, not judged")
        }
        Systems::Resume { system } => set_state(desk, system, SystemState::Active, "is watched again"),
        Systems::Retire { system } => set_state(desk, system, SystemState::Retired, "is retired"),
    }
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

/// The system with this SystemId, or the only one with this host name.
pub(super) fn named(tx: &Tx<'_>, name: &str) -> anyhow::Result<System> {
    let id = name.parse::<SystemId>().ok();
    let mut found: Vec<System> =
        all(tx)?.into_iter().filter(|system| Some(system.system_id) == id || system.host == name).collect();
    match (found.pop(), found.is_empty()) {
        (Some(system), true) => Ok(system),
        (None, _) => bail!("there is no system {name:?}; `systems list` shows them"),
        (Some(_), false) => {
            bail!("several systems are called {name:?}; name the SystemId from `systems list`")
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
    /// What the newest system report tells beside files.
    #[serde(skip_serializing_if = "Option::is_none")]
    inventory: Option<inventory::Inventory>,
    files: Vec<FileEntry>,
    /// The sequence since which a system report is missing, so that `files` is older than that.
    #[serde(skip_serializing_if = "Option::is_none")]
    files_unknown_since: Option<u64>,
}

fn show(desk: &Desk, name: &str) -> anyhow::Result<()> {
    let rules = desk.config.load_rules()?;
    let whole = desk.reader()?.read(|tx| {
        let system = named(tx, name)?;
        let branch = tx.branches(system.id)?.into_iter().max_by_key(|branch| branch.life_at);
        let heartbeat = branch.as_ref().and_then(|branch| branch.heartbeat);
        let observations =
            match heartbeat.map(|row| report(tx, row)).transpose()?.flatten().map(|report| report.body) {
                Some(Body::Heartbeat { heartbeat }) => heartbeat.observations,
                _ => vec![],
            };
        let inventory =
            branch.as_ref().map(|branch| inventory::Inventory::of(tx, &system, branch.id)).transpose()?;
        let files_unknown_since = branch.as_ref().and_then(|branch| branch.unknown_since);
        let snapshot = branch.map(|branch| tx.snapshot(branch.id)).transpose()?.unwrap_or_default();
        anyhow::Ok(Whole {
            row: Row::of(tx, &system, &rules, desk.now)?,
            findings: tx.system_view(&system, desk.now)?.findings,
            observations,
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

fn approve(desk: &Desk, fingerprint: &str, keep: bool) -> anyhow::Result<()> {
    let rules = desk.config.load_rules()?;
    let keyring = Keyring::load(&desk.config.encryption_keys())?;
    let approved = desk.write(|tx| {
        let waiting = tx.quarantine_waiting(0, PAGE)?;
        let mut keys =
            waiting.iter().filter_map(|row| row.claimed.signer.as_ref()).map(PublicKey::from_bytes);
        let key = keys.find(|key| key.fingerprint() == fingerprint).with_context(|| {
            format!("no report signed by {fingerprint} waits; `quarantine list` shows what does")
        })?;
        anyhow::Ok(intake::approve(
            tx,
            Context { rules: &rules, keyring: &keyring, usual_round: jiff::SignedDuration::from_mins(1) },
            &key.bytes(),
            keep,
            desk.now,
        )?)
    })?;
    let recorded = approved.recorded.len();
    let follows: Vec<String> =
        approved.follows.iter().map(|key| PublicKey::from_bytes(key).fingerprint()).collect();
    let mut text = format!("{fingerprint} is admitted; {recorded} waiting reports were taken up");
    if !follows.is_empty() {
        let (old, from) = (follows.join(", "), approved.refused_from);
        text += &format!("\nit follows {old}: what that signs is refused from {from:.0} on");
    }
    let answer = serde_json::json!({ "recorded": recorded, "follows": follows });
    desk.show(&answer, &text)
}

fn set_state(desk: &Desk, name: &str, state: SystemState, done: &str) -> anyhow::Result<()> {
    let host = desk.write(|tx| {
        let system = named(tx, name)?;
        tx.set_system_state(&system, state, desk.now)?;
        anyhow::Ok(system.host)
    })?;
    desk.show(&serde_json::json!({ "host": host, "state": state }), &format!("{host} {done}"))
}
