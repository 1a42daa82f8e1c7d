//! The verdicts of checks as findings.
//!
//! A check that was worse between two heartbeats than it is now counts as it was: what a log said and does not say again is no less
//! true.

use jiff::SignedDuration;
use mailbeat_shared::text;
use mailbeat_shared::wire::check::{CheckResult, CheckState};

use super::rules::check::{Matter, Treatment, treat};
use super::rules::{Rules, built_in, id};
use super::{Crossing, Judged, SystemView};

/// What the rules say of each check.
#[must_use]
pub fn judge(checks: &[CheckResult], rules: &Rules, view: &SystemView) -> Vec<Judged> {
    checks.iter().map(|check| judge_one(check, rules, view)).collect()
}

/// The verdicts that are none of all being well.
pub const BAD: [CheckState; 3] = [CheckState::Critical, CheckState::Warning, CheckState::Unknown];

/// The verdict that counts now, and how it is treated.
#[must_use]
pub fn treatment<'r>(
    check: &CheckResult,
    rules: &'r Rules,
    view: &SystemView,
) -> (CheckState, Treatment<'r>) {
    let state = counting(check).0;
    (state, treat(&rules.checks, view, &check.name, check.severity, Matter::Verdict(state)))
}

/// The verdict that counts, since when, what the check said then, and whether it is the one of now.
fn counting(check: &CheckResult) -> (CheckState, jiff::Timestamp, &str, bool) {
    match &check.worst {
        Some(worst) if worst.state.worse(check.state) != check.state => {
            (worst.state, worst.at, &worst.output, false)
        }
        _ => (check.state, check.since, &check.output, true),
    }
}

fn judge_one(check: &CheckResult, rules: &Rules, view: &SystemView) -> Judged {
    let (state, since, output, is_now) = counting(check);
    let (_, treatment) = treatment(check, rules, view);
    let first_line = output.lines().next().unwrap_or_default();
    let is = if is_now { "is" } else { "was" };
    let said = format!("check {} {is} {}: {first_line}", check.name, word(state));
    let title = treatment.title.map(|title| filled(title, &check.name, state, first_line));
    Judged {
        rule: id(built_in::CHECK),
        subject: check.name.clone(),
        crossing: treatment.severity.map(|severity| Crossing {
            severity,
            title: text::one_line(&title.unwrap_or_else(|| said.clone()), 200),
        }),
        hold: treatment.hold.unwrap_or(SignedDuration::ZERO),
        evidence: text::one_line(&said, 500),
        since: treatment.severity.map(|_| since),
    }
}

fn filled(title: &str, name: &str, state: CheckState, output: &str) -> String {
    // The output comes last: what it says is no place to fill.
    title.replace("{check}", name).replace("{state}", word(state)).replace("{output}", output)
}

/// The word in sentences.
#[must_use]
pub fn word(state: CheckState) -> &'static str {
    match state {
        CheckState::Ok => "ok",
        CheckState::Warning => "warning",
        CheckState::Critical => "critical",
        CheckState::Unknown => "unknown",
    }
}
