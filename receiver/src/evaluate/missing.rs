//! What was reported and is not any more: a check that nobody runs, a number that nobody measures, and a rule that looks at nothing.
//!
//! Only what a rule is about counts: every check, and the numbers that thresholds watch. Pure; what was reported is remembered
//! between heartbeats in [`Reported`].

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use mailbeat_shared::wire::check::CheckResult;
use mailbeat_shared::wire::observation::Observation;
use serde::{Deserialize, Serialize};

use super::finding::Phase;
use super::rules::check::{Matter, treat};
use super::rules::{Rules, built_in, id, threshold};
use super::{Crossing, Judged, SystemView};

/// Most things that are remembered of one system.
const MOST: usize = 400;

/// What a system reports, each by its name (`check backup`, `metric system.memory.utilization`), and since when it does not any more.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Reported(pub BTreeMap<String, Option<Timestamp>>);

/// Judges what is missing in a heartbeat, and what is remembered afterwards.
#[must_use]
pub fn judge(
    view: &SystemView,
    observations: &[Observation],
    checks: &[CheckResult],
    rules: &Rules,
    at: Timestamp,
) -> (Vec<Judged>, Reported) {
    let watched: BTreeSet<&str> = threshold::in_force(&rules.thresholds, view)
        .filter(|rule| rule.check.is_none())
        .map(|rule| rule.metric.as_str())
        .collect();
    let numbers = observations.iter().map(|found| found.name.as_str()).filter(|name| watched.contains(name));
    let numbers = numbers.map(|name| format!("metric {name}"));
    let now: BTreeSet<String> =
        checks.iter().map(|check| format!("check {}", check.name)).chain(numbers).collect();
    let mut reported = Reported::default();
    let mut judged = vec![];
    for (item, missing_since) in &view.reported.0 {
        let is_watched = item.strip_prefix("metric ").is_none_or(|name| watched.contains(name));
        if now.contains(item) || !is_watched {
            // Only what was missing has a finding to end.
            judged.extend(missing_since.map(|_| look(item, None, "it is reported again", view, rules)));
            continue;
        }
        let since = missing_since.unwrap_or(at);
        if at.duration_since(since) >= rules.missing.forget_after {
            let words = format!("not reported since {since:.0}; it counts as removed");
            judged.push(look(item, None, &words, view, rules));
            continue;
        }
        reported.0.insert(item.clone(), Some(since));
        judged.push(look(item, Some(since), &format!("last reported before {since:.0}"), view, rules));
    }
    reported.0.extend(now.into_iter().map(|item| (item, None)));
    while reported.0.len() > MOST {
        reported.0.pop_last();
    }
    (judged, reported)
}

fn look(item: &str, since: Option<Timestamp>, words: &str, view: &SystemView, rules: &Rules) -> Judged {
    let (severity, hold) = match item.strip_prefix("check ") {
        Some(name) => {
            let treatment = treat(&rules.checks, view, name, None, Matter::Missing);
            (treatment.severity, treatment.hold)
        }
        None => (Some(rules.missing.severity), None),
    };
    // The ticket about a check that was not Ok says itself that its check is gone.
    let is_said = view.findings.iter().any(|finding| {
        finding.rule.as_str() == built_in::CHECK
            && finding.phase != Phase::Pending
            && item.strip_prefix("check ") == Some(finding.subject.as_str())
    });
    let crossing = severity
        .filter(|_| since.is_some() && !is_said)
        .map(|severity| Crossing { severity, title: format!("{item} is no longer reported") });
    Judged {
        rule: id(built_in::ITEM_MISSING),
        subject: item.to_owned(),
        crossing,
        hold: rules.missing.after.or(hold).unwrap_or(view.heartbeat_interval),
        evidence: words.to_owned(),
        since,
    }
}
