//! What the rules say of one system now, and why: for the person who wrote them. Pure.

use mailbeat_shared::wire::check::CheckResult;
use mailbeat_shared::wire::observation::Observation;
use serde::Serialize;

use super::rules::check::{Matter, treat};
use super::rules::{Rules, built_in, threshold as ruled};
use super::{Severity, SystemView, check, threshold};

/// One rule and one thing it is about.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explained {
    /// The rule.
    pub rule: String,
    /// What it is about within the system; empty: there is nothing it could be about.
    pub subject: String,
    /// What was seen.
    pub seen: String,
    /// How urgent it is now; `None`: it is well, or nobody need know.
    pub severity: Option<Severity>,
    /// Why, in words.
    pub why: String,
}

/// Every threshold and every check, with what applies to it.
#[must_use]
pub fn explain(
    view: &SystemView,
    observations: &[Observation],
    checks: &[CheckResult],
    rules: &Rules,
) -> Vec<Explained> {
    let in_force: Vec<_> = ruled::in_force(&rules.thresholds, view).collect();
    let mut all = vec![];
    for rule in &rules.thresholds {
        if !in_force.iter().any(|other| other.id == rule.id) {
            let by = in_force.iter().find(|other| other.replaces.as_ref() == Some(&rule.id));
            let why = match by {
                Some(by) => format!("replaced by `{}`", by.id),
                None => "not for this system or customer".to_owned(),
            };
            all.push(nothing(rule, why));
            continue;
        }
        let seen = threshold::seen(rule, &in_force, observations, checks);
        if seen.is_empty() {
            let from = if rule.check.is_some() { "no check reports it" } else { "it does not report it" };
            all.push(nothing(rule, from.to_owned()));
        }
        all.extend(seen.into_iter().map(|seen| {
            let was = view.findings.iter().find(|was| was.rule == rule.id && was.subject == seen.subject);
            let severity = threshold::crossed(rule, seen.value, was.map(|was| was.severity));
            let hold = if rule.hold.is_zero() { String::new() } else { format!(", for {:#}", rule.hold) };
            Explained {
                rule: rule.id.to_string(),
                seen: format!("{} {}", seen.what, threshold::format_value(seen.value, seen.unit)),
                severity,
                why: format!("{}{hold}", threshold::limits(rule, seen.unit)),
                subject: seen.subject,
            }
        }));
    }
    all.extend(checks.iter().map(|one| of_check(one, view, rules)));
    all
}

fn nothing(rule: &ruled::ThresholdRule, why: String) -> Explained {
    Explained {
        rule: rule.id.to_string(),
        subject: String::new(),
        seen: rule.metric.clone(),
        severity: None,
        why,
    }
}

fn of_check(one: &CheckResult, view: &SystemView, rules: &Rules) -> Explained {
    let (state, treatment) = check::treatment(one, rules, view);
    let said =
        |severity: Option<Severity>| severity.map_or("none".to_owned(), |severity| severity.to_string());
    // What would become of the other verdicts, so that nobody has to wait for them to find out.
    let would: Vec<String> = check::BAD
        .iter()
        .map(|state| {
            let treatment = treat(&rules.checks, view, &one.name, one.severity, Matter::Verdict(*state));
            format!("{}: {} by {}", check::word(*state), said(treatment.severity), treatment.by)
        })
        .collect();
    let hold = treatment.hold.filter(|hold| !hold.is_zero());
    Explained {
        rule: built_in::CHECK.to_owned(),
        subject: one.name.clone(),
        seen: check::word(state).to_owned(),
        severity: treatment.severity,
        why: format!("{}{}", would.join(", "), hold.map_or(String::new(), |hold| format!(", for {hold:#}"))),
    }
}
