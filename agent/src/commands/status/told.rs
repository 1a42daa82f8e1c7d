//! The same for a terminal: the verdict first, then what hinders, then the facts.

use std::fmt::Write as _;

use jiff::{SignedDuration, Timestamp};
use mailbeat_shared::text;
use mailbeat_shared::wire::check::{CheckResult, CheckState};

use super::super::maintenance;
use super::{Status, Terms};
use crate::state::Failed;

/// Columns of a terminal, and of the labels.
pub(super) const WIDTH: usize = 80;
pub(super) const LABEL: usize = 11;
/// Most unreadable files and problems shown; `--json` has them all.
const SHOWN: usize = 20;

pub(super) fn told(status: &Status, now: Timestamp) -> String {
    let mut out = format!("mailbeat-agent: {}\n", verdict(status));
    for hindrance in &status.hindrances {
        line(&mut out, "", hindrance);
    }
    if let Some(failure) = &status.last_failure {
        line(&mut out, "", &failed(failure));
        line(&mut out, "", &failure.advice);
    }
    if status.maintenance.is_some() {
        out += &maintenance::sentence(status.maintenance.as_ref());
    }
    if let Some(terms) = &status.contract {
        contract(&mut out, terms);
    }
    if let Some(system) = status.system {
        line(&mut out, "System:", &system.to_string());
    }
    sending(&mut out, status, now);
    let items: Vec<String> = status
        .items
        .iter()
        .map(|item| format!("{} {}", item.item, switch(item.on, item.agreed, status.activated)))
        .collect();
    line(&mut out, "Items:", &items.join(", "));
    checks(&mut out, &status.checks);
    for file in status.unreadable.iter().take(SHOWN) {
        let why = file.why.as_ref().map_or_else(String::new, |why| format!(": {why}"));
        line(&mut out, "Unreadable:", &format!("{}{why}", file.path));
    }
    for path in status.muted.iter().take(SHOWN) {
        line(&mut out, "Muted:", &format!("{path} changes in every report, so only its digest is sent"));
    }
    for problem in status.problems.iter().take(SHOWN) {
        line(&mut out, "Problem:", problem);
    }
    for failure in status.failures.iter().filter(|failure| status.last_failure.as_ref() != Some(*failure)) {
        line(&mut out, "Failed:", &failed(failure));
    }
    if let Some(uses) = &status.uses {
        let ran = SignedDuration::from_secs(i64::try_from(uses.runs_s).unwrap_or(i64::MAX));
        let memory = bytes(uses.memory_bytes);
        line(&mut out, "Uses:", &format!("{memory} of memory, {:.1} s of CPU in {ran:#}", uses.cpu_s));
    }
    let trail = format!("{} reports, {}", status.trail_reports, bytes(status.trail_bytes));
    line(&mut out, "Trail:", &trail);
    line(&mut out, "State:", &status.state_dir.display().to_string());
    text::clean(&out)
}

fn verdict(status: &Status) -> &'static str {
    match (status.activated, status.hindrances.is_empty(), &status.last_failure) {
        (false, ..) => "not activated; nothing is sent. `mailbeat-agent activate FILE`",
        (true, false, _) => "hindered",
        (true, true, Some(_)) => "the last attempt to send failed; it is tried again",
        (true, true, None) => "well",
    }
}

fn contract(out: &mut String, terms: &Terms) {
    let until = match (terms.valid_until, terms.days_left) {
        (Some(until), Some(days)) => format!("until {until:.0}, {days} days left"),
        _ => "until revoked".to_owned(),
    };
    let Terms { number, revision, customer, vendor, promise, .. } = terms;
    line(out, "Contract:", &format!("{number} (revision {revision}) of {customer} with {vendor}, {until}"));
    if terms.ends_soon {
        line(out, "", &format!("it ends soon; ask {vendor} for a renewal"));
    }
    let (heartbeat, system) = (promise.heartbeat_interval_s, promise.system_interval_s);
    let how_often = format!("heartbeat every {heartbeat} s, system report every {system} s");
    line(out, "Reports:", &format!("to {}, {how_often}", terms.report_address));
}

fn sending(out: &mut String, status: &Status, now: Timestamp) {
    match &status.last_accepted {
        Some(last) => {
            let (at, route) = (last.at, &last.route);
            let accepted =
                format!("#{} accepted by your mail server at {at:.0} (route {route})", last.sequence);
            line(out, "Last:", &format!("{accepted}: {}", last.reply));
            if let Some(instead) = &last.instead {
                line(out, "", &format!("instead of {instead}"));
            }
        }
        None => line(out, "Last:", "nothing was accepted by a mail server yet"),
    }
    let oldest = status.oldest_queued.map_or_else(String::new, |at| format!(", the oldest of {at:.0}"));
    line(out, "Queue:", &format!("{} waiting, {}{oldest}", status.queued, bytes(status.queued_bytes)));
    if let Some(until) = status.held_back_until {
        line(out, "", &format!("mails_per_hour holds them back; the next leaves at {until:.0}"));
    }
    let due = |at: Timestamp| if at <= now { "now".to_owned() } else { format!("{at:.0}") };
    let next = [("heartbeat", status.next_heartbeat), ("system report", status.next_system_report)];
    let next: Vec<String> =
        next.iter().filter_map(|(what, at)| Some(format!("{what} {}", due((*at)?)))).collect();
    match (next.is_empty(), status.next) {
        (false, _) => line(out, "Next:", &next.join(", ")),
        (true, Some(at)) => line(out, "Next:", &due(at)),
        (true, None) => {}
    }
}

/// How many are well, and each that is not.
fn checks(out: &mut String, checks: &[CheckResult]) {
    let well = checks.iter().filter(|check| check.state == CheckState::Ok).count();
    if !checks.is_empty() {
        line(out, "Checks:", &format!("{well} of {} are OK", checks.len()));
    }
    for check in checks.iter().filter(|check| check.state != CheckState::Ok).take(SHOWN) {
        let CheckResult { name, state, since, output, .. } = check;
        let first = output.lines().next().unwrap_or_default();
        line(out, "", &format!("{name} is {state:?} since {since:.0}: {first}"));
    }
}

fn switch(on: bool, agreed: bool, activated: bool) -> &'static str {
    match (on, agreed || !activated) {
        (true, true) => "on",
        (true, false) => "WITHHELD",
        (false, _) => "off",
    }
}

fn failed(failure: &Failed) -> String {
    format!("#{} by route {} at {:.0}: {}", failure.sequence, failure.route, failure.at, failure.what)
}

fn bytes(bytes: u64) -> String {
    match bytes {
        0..1_024 => format!("{bytes} B"),
        1_024..1_048_576 => format!("{} KiB", bytes.div_ceil(1_024)),
        _ => format!("{}.{} MiB", bytes >> 20, (bytes % 1_048_576) * 10 / 1_048_576),
    }
}

fn line(out: &mut String, label: &str, text: &str) {
    let _ = writeln!(out, "{label:<LABEL$}{text}");
}
