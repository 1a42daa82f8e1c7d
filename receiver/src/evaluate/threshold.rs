//! Thresholds on observations, with hysteresis, and the verdicts of checks.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use mailbeat_shared::text;
use mailbeat_shared::wire::observation::{CheckResult, CheckState, Observation};

use super::finding::Finding;
use super::rules::{ThresholdRule, built_in, id};
use super::{Crossing, Judged, Severity};

/// What every threshold says of every observation it is about.
#[must_use]
pub fn judge(rules: &[ThresholdRule], observations: &[Observation], before: &[Finding]) -> Vec<Judged> {
    rules.iter().flat_map(|rule| judge_rule(rule, observations, before)).collect()
}

fn judge_rule(rule: &ThresholdRule, observations: &[Observation], before: &[Finding]) -> Vec<Judged> {
    let mut by_subject: BTreeMap<String, Judged> = BTreeMap::new();
    for observation in observations.iter().filter(|observation| concerns(rule, observation)) {
        let subject = subject(rule, observation);
        let was = before.iter().find(|finding| finding.rule == rule.id && finding.subject == subject);
        let severity = crossed(rule, observation.value, was.map(|was| was.severity));
        // All is well and was before: so it is with almost every observation, and there is nothing to say.
        if severity.is_none() && was.is_none() {
            continue;
        }
        let judged = judged(rule, &subject, observation, severity);
        // Two observations of one subject (a filesystem mounted twice): the worse one speaks.
        let worse = by_subject.get(&subject).is_none_or(|other| severity_of(other) < severity);
        if worse {
            by_subject.insert(subject, judged);
        }
    }
    by_subject.into_values().collect()
}

fn severity_of(judged: &Judged) -> Option<Severity> {
    judged.crossing.as_ref().map(|crossing| crossing.severity)
}

fn concerns(rule: &ThresholdRule, observation: &Observation) -> bool {
    observation.name == rule.metric
        && rule
            .filter
            .iter()
            .all(|(key, pattern)| pattern.admits(observation.attributes.get(key).map_or("", String::as_str)))
}

fn subject(rule: &ThresholdRule, observation: &Observation) -> String {
    match &rule.subject {
        Some(key) => observation.attributes.get(key).cloned().unwrap_or_default(),
        None => observation.attributes.values().cloned().collect::<Vec<_>>().join(" "),
    }
}

/// The most urgent severity that holds. A severity already reached holds until the value has come back by the margin.
fn crossed(rule: &ThresholdRule, value: f64, reached: Option<Severity>) -> Option<Severity> {
    let margin = |severity: Severity| if Some(severity) <= reached { rule.clear_margin } else { 0.0 };
    let above = rule.above.iter().filter(|(severity, limit)| value > **limit - margin(**severity));
    let below = rule.below.iter().filter(|(severity, limit)| value < **limit + margin(**severity));
    above.chain(below).map(|(severity, _)| *severity).max()
}

fn judged(
    rule: &ThresholdRule,
    subject: &str,
    observation: &Observation,
    severity: Option<Severity>,
) -> Judged {
    let value = format_value(observation.value, &observation.unit);
    let limits = rule
        .above
        .iter()
        .map(|limit| ("above", limit))
        .chain(rule.below.iter().map(|limit| ("below", limit)));
    let limits: Vec<String> = limits
        .map(|(word, (severity, limit))| {
            format!("{severity} {word} {}", format_value(*limit, &observation.unit))
        })
        .collect();
    let about = if subject.is_empty() { String::new() } else { format!(" of {subject}") };
    Judged {
        rule: rule.id.clone(),
        subject: subject.to_owned(),
        crossing: severity.map(|severity| Crossing {
            severity,
            title: text::one_line(&rule.title.replace("{value}", &value).replace("{subject}", subject), 200),
        }),
        hold: rule.hold,
        evidence: text::one_line(
            &format!("{}{about} is {value} ({})", observation.name, limits.join(", ")),
            500,
        ),
        since: None,
    }
}

/// The verdicts of checks as findings: Critical is High, Warning is Medium, Unknown is Low.
#[must_use]
pub fn judge_checks(checks: &[CheckResult]) -> Vec<Judged> {
    checks.iter().map(judge_check).collect()
}

fn judge_check(check: &CheckResult) -> Judged {
    let (word, severity) = match check.state {
        CheckState::Ok => ("ok", None),
        CheckState::Warning => ("warning", Some(Severity::Medium)),
        CheckState::Critical => ("critical", Some(Severity::High)),
        CheckState::Unknown => ("unknown", Some(Severity::Low)),
    };
    let first_line = check.output.lines().next().unwrap_or_default();
    Judged {
        rule: id(built_in::CHECK),
        subject: check.name.clone(),
        crossing: severity.map(|severity| Crossing {
            severity,
            title: text::one_line(&format!("check {} is {word}: {first_line}", check.name), 200),
        }),
        hold: SignedDuration::ZERO,
        evidence: text::one_line(&format!("check {} is {word}: {first_line}", check.name), 500),
        since: severity.map(|_| check.since),
    }
}

/// A value as people read it: `96.1 %`, `3.2 GiB`, `12 {file}` as `12`.
#[must_use]
pub fn format_value(value: f64, unit: &str) -> String {
    match unit {
        "1" => format!("{} %", short(value * 100.0)),
        "By" => format_bytes(value),
        "s" if value >= 60.0 => format!("{:#}", SignedDuration::from_secs(value as i64)),
        _ if unit.starts_with('{') => short(value),
        _ => format!("{} {unit}", short(value)),
    }
}

fn format_bytes(value: f64) -> String {
    let mut scaled = value;
    for unit in ["B", "KiB", "MiB", "GiB", "TiB"] {
        if scaled.abs() < 1024.0 {
            return format!("{} {unit}", short(scaled));
        }
        scaled /= 1024.0;
    }
    format!("{} PiB", short(scaled))
}

/// One digit after the point, and none where it is zero.
fn short(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}
