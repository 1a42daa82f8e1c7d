//! `rules`: whether they can be read, what applies to a system and why, and what they would have said.

use std::path::Path;

use anyhow::Context as _;
use jiff::{SignedDuration, Timestamp};
use mailbeat_shared::config_file::ConfigError;
use mailbeat_shared::wire::report::{Body, Heartbeat, Report};
use serde::Serialize;

use super::{Desk, systems};
use crate::cli::{Named, RulesCommand};
use crate::config::read_rules;
use crate::evaluate::explain::explain;
use crate::evaluate::replay::{Replay, Told};
use crate::evaluate::rules::Rules;
use crate::store::{StoreError, System, Tx};

/// `rules`.
pub(super) fn run(desk: &Desk, command: &RulesCommand) -> anyhow::Result<()> {
    match command {
        RulesCommand::Check { file } => check(desk, file.as_deref()),
        RulesCommand::Show(which) => show(desk, which),
        RulesCommand::Replay { systems, customer, rules, days } => {
            replay(desk, systems, customer.as_deref(), rules.as_deref(), *days)
        }
    }
}

/// The rules of this file, or those in force.
fn rules_of(desk: &Desk, file: Option<&Path>) -> Result<Rules, ConfigError> {
    let Some(path) = file else { return desk.config.load_rules() };
    let unreadable = |error| ConfigError::Unreadable { path: path.to_owned(), error };
    read_rules(path, &std::fs::read_to_string(path).map_err(unreadable)?)
}

fn check(desk: &Desk, file: Option<&Path>) -> anyhow::Result<()> {
    let rules = rules_of(desk, file)?;
    let from = file.or(desk.config.rules.as_deref());
    let from = from.map_or("built in".to_owned(), |path| path.display().to_string());
    let (thresholds, checks) = (rules.thresholds.len(), rules.checks.len());
    let text = format!("{thresholds} thresholds, {checks} rules for checks, {from}: fine");
    desk.show(&serde_json::json!({ "thresholds": thresholds, "check_rules": checks, "from": from }), &text)
}

fn show(desk: &Desk, which: &Named) -> anyhow::Result<()> {
    let rules = desk.config.load_rules()?;
    let (view, said) = desk.reader()?.read(|tx| {
        let system = systems::named(tx, which)?;
        anyhow::Ok((tx.system_view(&system, desk.now)?, last_heartbeat(tx, &system)?))
    })?;
    let said = said.with_context(|| format!("{} has sent no heartbeat yet", which.system))?;
    let explained = explain(&view, &said.observations, &said.checks, &rules);
    desk.list(&explained, &["rule", "subject", "seen", "now", "by"], |row| {
        vec![
            row.rule.clone(),
            if row.subject.is_empty() { "-".into() } else { row.subject.clone() },
            row.seen.clone(),
            row.severity.map_or("-".into(), |severity| severity.to_string()),
            row.why.clone(),
        ]
    })
}

/// What the newest heartbeat that is still kept said.
fn last_heartbeat(tx: &Tx<'_>, system: &System) -> Result<Option<Heartbeat>, StoreError> {
    const LOOKED_AT: u32 = 5;
    for row in tx.reports_of_kind(system.id, "heartbeat", LOOKED_AT)? {
        if let Some((_, Report { body: Body::Heartbeat { heartbeat }, .. })) = tx.recorded(row.row)? {
            return Ok(Some(heartbeat));
        }
    }
    Ok(None)
}

#[derive(Serialize)]
struct Replayed {
    host: String,
    #[serde(flatten)]
    told: Told,
}

fn replay(
    desk: &Desk,
    names: &[String],
    customer: Option<&str>,
    file: Option<&Path>,
    days: u16,
) -> anyhow::Result<()> {
    let rules = rules_of(desk, file)?;
    let from = desk.now.saturating_sub(SignedDuration::from_hours(24 * i64::from(days)));
    let from = from.unwrap_or(Timestamp::MIN);
    let all = desk.reader()?.read(|tx| {
        let systems = match (names, customer) {
            ([], None) => systems::all(tx)?,
            ([], Some(customer)) => systems::of_customer(tx, customer)?,
            _ => {
                let called = names.iter().map(|name| systems::called(tx, name, customer));
                called.collect::<anyhow::Result<_>>()?
            }
        };
        let mut all = vec![];
        for system in &systems {
            let told = replay_one(tx, system, &rules, from, desk.now)?;
            all.extend(told.into_iter().map(|told| Replayed { host: system.host.clone(), told }));
        }
        anyhow::Ok(all)
    })?;
    desk.list(&all, &["at", "host", "event", "severity", "rule", "title"], |row| {
        vec![
            row.told.at.strftime("%Y-%m-%d %H:%M").to_string(),
            row.host.clone(),
            row.told.event.to_owned(),
            row.told.severity.to_string(),
            row.told.rule.clone(),
            row.told.title.clone(),
        ]
    })
}

fn replay_one(
    tx: &Tx<'_>,
    system: &System,
    rules: &Rules,
    from: Timestamp,
    now: Timestamp,
) -> anyhow::Result<Vec<Told>> {
    const PAGE: u32 = 500;
    let mut rows = vec![];
    loop {
        let page = tx.reports(system.id, rows.last().map_or(i64::MAX, |(row, _)| *row), PAGE)?;
        let done = page.len() < PAGE as usize || page.last().is_some_and(|row| row.life_at < from);
        rows.extend(page.into_iter().map(|row| (row.row, row.life_at)));
        if done {
            break;
        }
    }
    rows.retain(|(_, life_at)| *life_at >= from);
    // Mails overtake each other; what was judged was always the newest.
    rows.sort_by_key(|(row, life_at)| (*life_at, *row));
    let mut replay = Replay::new(tx.system_view(system, now)?);
    let mut told = vec![];
    for (row, life_at) in rows {
        if let Some((_, Report { body: Body::Heartbeat { heartbeat }, .. })) = tx.recorded(row)? {
            told.extend(replay.heartbeat(life_at, &heartbeat, rules));
        }
    }
    Ok(told)
}
