//! Thresholds on observations and on the values of checks, with hysteresis.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::SignedDuration;
use mailbeat_shared::text;
use mailbeat_shared::wire::check::CheckResult;
use mailbeat_shared::wire::observation::Observation;

use super::finding::Finding;
use super::rules::ThresholdRule;
use super::rules::scope::Pattern;
use super::rules::threshold::{Statistic, in_force};
use super::{Crossing, Judged, Severity, SystemView};

/// The name under which a threshold asks for the seconds in which a check was not Ok since the heartbeat before.
pub const NOT_OK: &str = "not_ok_s";

/// One number that a threshold is about.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen<'a> {
    /// What it is about within the system.
    pub subject: String,
    /// What was measured, for people.
    pub what: Cow<'a, str>,
    /// The value.
    pub value: f64,
    /// Its unit.
    pub unit: &'a str,
}

/// What every threshold in force says of every number it is about.
#[must_use]
pub fn judge(
    rules: &[ThresholdRule],
    view: &SystemView,
    observations: &[Observation],
    checks: &[CheckResult],
) -> Vec<Judged> {
    let rules: Vec<&ThresholdRule> = in_force(rules, view).collect();
    let judged =
        |rule: &&ThresholdRule| judge_rule(rule, seen(rule, &rules, observations, checks), &view.findings);
    rules.iter().flat_map(judged).collect()
}

/// The numbers that a threshold is about, among those in force.
#[must_use]
pub fn seen<'a>(
    rule: &ThresholdRule,
    in_force: &[&ThresholdRule],
    observations: &'a [Observation],
    checks: &'a [CheckResult],
) -> Vec<Seen<'a>> {
    if let Some(pattern) = &rule.check {
        let own =
            |check: &&CheckResult| !in_force.iter().any(|other| other.replaces_for(&rule.id, &check.name));
        return checks.iter().filter(own).filter_map(|check| value_of(rule, pattern, check)).collect();
    }
    let about = observations.iter().filter(|observation| concerns(rule, observation));
    about
        .map(|observation| Seen {
            subject: subject(rule, observation),
            what: Cow::Borrowed(&observation.name),
            value: observation.value,
            unit: &observation.unit,
        })
        .collect()
}

fn value_of<'a>(rule: &ThresholdRule, pattern: &Pattern, check: &'a CheckResult) -> Option<Seen<'a>> {
    if !pattern.admits(&check.name) {
        return None;
    }
    let samples = check.samples.as_ref();
    if rule.metric == NOT_OK {
        // Whole seconds between two heartbeats fit.
        let value = samples.map_or(0.0, |samples| samples.not_ok_s as f64);
        let what = Cow::Borrowed("the time not ok since the heartbeat before");
        return Some(Seen { subject: check.name.clone(), what, value, unit: "s" });
    }
    let last = check.observations.iter().find(|observation| observation.name == rule.metric)?;
    let sampled = samples.and_then(|samples| samples.values.get(&rule.metric));
    let value = match (rule.of, sampled) {
        (Statistic::Min, Some([least, ..])) => *least,
        (Statistic::Mean, Some([_, mean, _])) => *mean,
        (Statistic::Max, Some([.., most])) => *most,
        // What was measured once is its own least and most.
        _ => last.value,
    };
    let what = format!("{}{}", rule.of.words(), rule.metric);
    Some(Seen { subject: check.name.clone(), what: Cow::Owned(what), value, unit: &last.unit })
}

fn judge_rule(rule: &ThresholdRule, seen: Vec<Seen<'_>>, before: &[Finding]) -> Vec<Judged> {
    let mut by_subject: BTreeMap<String, Judged> = BTreeMap::new();
    for seen in seen {
        let was = before.iter().find(|finding| finding.rule == rule.id && finding.subject == seen.subject);
        let severity = crossed(rule, seen.value, was.map(|was| was.severity));
        // All is well and was before: so it is with almost every observation, and there is nothing to say.
        if severity.is_none() && was.is_none() {
            continue;
        }
        let judged = judged(rule, &seen, severity);
        // Two observations of one subject (a filesystem mounted twice): the worse one speaks.
        let worse = by_subject.get(&seen.subject).is_none_or(|other| severity_of(other) < severity);
        if worse {
            by_subject.insert(seen.subject, judged);
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
            .all(|(key, pattern)| pattern.admits(observation.attribute(key).unwrap_or_default()))
}

fn subject(rule: &ThresholdRule, observation: &Observation) -> String {
    match &rule.subject {
        Some(key) => observation.attribute(key).unwrap_or_default().to_owned(),
        None => observation.attributes.values().cloned().collect::<Vec<_>>().join(" "),
    }
}

/// The most urgent severity that holds. A severity already reached holds until the value has come back by the margin.
#[must_use]
pub fn crossed(rule: &ThresholdRule, value: f64, reached: Option<Severity>) -> Option<Severity> {
    let margin = |severity: Severity| margin(rule.clear_margin, severity, reached);
    let below = rule.below.iter().filter(|(severity, limit)| value < **limit + margin(**severity));
    over(&rule.above, rule.clear_margin, value, reached).max(below.map(|(severity, _)| *severity).max())
}

/// The most urgent severity whose limit is exceeded, with the same hysteresis.
pub(super) fn over(
    limits: &BTreeMap<Severity, f64>,
    clear_margin: f64,
    value: f64,
    reached: Option<Severity>,
) -> Option<Severity> {
    let margin = |severity: Severity| margin(clear_margin, severity, reached);
    let exceeded = limits.iter().filter(|(severity, limit)| value > **limit - margin(**severity));
    exceeded.map(|(severity, _)| *severity).max()
}

/// How far a value must come back behind the limit of a severity.
fn margin(clear_margin: f64, severity: Severity, reached: Option<Severity>) -> f64 {
    if Some(severity) <= reached { clear_margin } else { 0.0 }
}

fn judged(rule: &ThresholdRule, seen: &Seen<'_>, severity: Option<Severity>) -> Judged {
    let (value, subject) = (format_value(seen.value, seen.unit), seen.subject.as_str());
    let about = if subject.is_empty() { String::new() } else { format!(" of {subject}") };
    let evidence = format!("{}{about} is {value} ({})", seen.what, limits(rule, seen.unit));
    Judged {
        rule: rule.id.clone(),
        subject: subject.to_owned(),
        crossing: severity.map(|severity| Crossing {
            severity,
            title: text::one_line(&rule.title.replace("{value}", &value).replace("{subject}", subject), 200),
        }),
        hold: rule.hold,
        evidence: text::one_line(&evidence, 500),
        since: None,
    }
}

/// `Medium above 85 %, High above 95 %`.
#[must_use]
pub fn limits(rule: &ThresholdRule, unit: &str) -> String {
    let above = rule.above.iter().map(|limit| ("above", limit));
    let below = rule.below.iter().map(|limit| ("below", limit));
    let said = above
        .chain(below)
        .map(|(word, (severity, limit))| format!("{severity} {word} {}", format_value(*limit, unit)));
    said.collect::<Vec<_>>().join(", ")
}

/// A value as people read it: `96.1 %`, `3.2 GiB`, `12 {file}` as `12`.
#[must_use]
pub fn format_value(value: f64, unit: &str) -> String {
    match unit {
        "1" => format!("{} %", short(value * 100.0)),
        "By" => format_bytes(value),
        "By/s" => format!("{}/s", format_bytes(value)),
        "Cel" => format!("{} °C", short(value)),
        "s" if value > 0.0 && value < 1.0 => format!("{} ms", short(value * 1000.0)),
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
