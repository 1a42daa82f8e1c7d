//! Whether what arrives is all that was sent, from one agent, under a right clock.

use jiff::{SignedDuration, Timestamp};

use super::finding::{Finding, Phase};
use super::rules::{IntegrityPolicy, built_in, id};
use super::{BranchView, Crossing, Gap, Judged, Occasion, Severity, SystemView};
use crate::ticket::TicketState;

/// How long another key stays a finding before it resolves itself: so long those before it may still be heard.
pub(super) const KEY_SHOWN_FOR: SignedDuration = SignedDuration::from_hours(8 * 24);
/// How long a restored state stays a finding before it resolves itself.
const RESTORED_SHOWN_FOR: SignedDuration = SignedDuration::from_hours(24);

/// Judges gaps, branches and the clock.
#[must_use]
pub fn judge(
    view: &SystemView,
    occasion: Occasion<'_>,
    policy: &IntegrityPolicy,
    now: Timestamp,
) -> Vec<Judged> {
    let horizon = match occasion {
        Occasion::Report { .. } => None,
        Occasion::Tick { heard_until } => heard_until.map(|heard| heard.min(now)),
    };
    let mut judged = vec![judge_clock(view, policy)];
    judged.extend(judge_gaps(view, policy, horizon));
    judged.extend(judge_branches(view, now));
    judged.extend(keys_that_are_known(view, now));
    judged
}

/// That another key speaks for a system was found when it was admitted, and nobody should learn of it from a log.
#[must_use]
pub fn key_changed(fingerprint: &str, evidence: String, at: Timestamp) -> Finding {
    Finding {
        rule: id(built_in::KEY_CHANGED),
        subject: fingerprint.to_owned(),
        severity: Severity::Medium,
        phase: Phase::Active,
        since: at,
        title: "another key signs its reports".into(),
        evidence,
    }
}

/// Other keys that are none any more. Until then nobody says anything of them, and what is not said stays.
fn keys_that_are_known(view: &SystemView, now: Timestamp) -> impl Iterator<Item = Judged> + use<'_> {
    let is_old = move |finding: &&Finding| {
        finding.rule.as_str() == built_in::KEY_CHANGED && now.duration_since(finding.since) >= KEY_SHOWN_FOR
    };
    view.findings.iter().filter(is_old).map(|finding| Judged {
        subject: finding.subject.clone(),
        ..built(built_in::KEY_CHANGED, None, "it was admitted 8 days ago".into())
    })
}

fn built(rule: &'static str, crossing: Option<(Severity, String)>, evidence: String) -> Judged {
    Judged {
        rule: id(rule),
        subject: String::new(),
        crossing: crossing.map(|(severity, title)| Crossing { severity, title }),
        hold: SignedDuration::ZERO,
        evidence,
        since: None,
    }
}

/// Gaps that somebody knew of who resolved the ticket about them though they held: what is lost stays lost, and only more of it
/// is news.
pub fn settled<'a>(view: &'a SystemView, policy: &'a IntegrityPolicy) -> impl Iterator<Item = &'a Gap> {
    let about = |rule: &super::RuleId| rule.as_str() == built_in::REPORTS_LOST;
    let finding = view.findings.iter().find(|finding| about(&finding.rule));
    let ticket =
        view.tickets.iter().find(|ticket| about(&ticket.rule) && ticket.state == TicketState::Resolved);
    // Where the receiver resolved it itself, the finding had ended.
    let known_until = ticket
        .and_then(|ticket| ticket.resolved_at)
        .filter(|resolved_at| finding.is_some_and(|finding| finding.since <= *resolved_at));
    view.gaps.iter().filter(move |gap| known_until.is_some_and(|until| is_ripe(gap, policy, until)))
}

fn is_ripe(gap: &Gap, policy: &IntegrityPolicy, at: Timestamp) -> bool {
    at.duration_since(gap.seen_at) >= policy.gap_after
}

/// What is missing may lie unread in the mailbox: a gap is judged only up to what was heard, and says nothing before.
fn judge_gaps(view: &SystemView, policy: &IntegrityPolicy, horizon: Option<Timestamp>) -> Option<Judged> {
    if settled(view, policy).next().is_some() {
        // Whatever else is missing begins a finding of its own, at the next look.
        return Some(built(built_in::REPORTS_LOST, None, "a person resolved it".into()));
    }
    let horizon = if view.gaps.is_empty() { Timestamp::MIN } else { horizon? };
    let ripe = view.gaps.iter().filter(|gap| is_ripe(gap, policy, horizon));
    let (mut count, mut ranges) = (0_u64, Vec::new());
    for gap in ripe {
        count = count.saturating_add(gap.last.saturating_sub(gap.first).saturating_add(1));
        ranges.push(if gap.first == gap.last {
            format!("#{}", gap.first)
        } else {
            format!("#{}-#{}", gap.first, gap.last)
        });
    }
    if count == 0 {
        return Some(built(built_in::REPORTS_LOST, None, "every report arrived or was explained".into()));
    }
    ranges.truncate(10);
    let title = match count {
        1 => "1 report was sent and never arrived".to_owned(),
        _ => format!("{count} reports were sent and never arrived"),
    };
    let evidence = format!("missing {}; later reports do not explain it", ranges.join(", "));
    Some(built(built_in::REPORTS_LOST, Some((Severity::Low, title)), evidence))
}

fn judge_clock(view: &SystemView, policy: &IntegrityPolicy) -> Judged {
    let skew = view.clock_skew;
    let direction = if skew.is_negative() { "ahead" } else { "behind" };
    let evidence = format!("the host's clock is {:#} {direction}", skew.abs());
    let severity = if skew.abs() > SignedDuration::from_hours(1) { Severity::Medium } else { Severity::Low };
    let crossing = (skew.abs() > policy.clock_tolerance).then(|| (severity, evidence.clone()));
    built(built_in::CLOCK_WRONG, crossing, evidence)
}

/// Whether numbers of the history that began then are judged, where two agents report as one system: they would contradict each other
/// heartbeat by heartbeat, so the one known for longer speaks. `None`: there is one agent.
#[must_use]
pub fn speaks(view: &SystemView, began_at: Timestamp, now: Timestamp) -> Option<bool> {
    let is_cloned = view.findings.iter().any(|finding| finding.rule.as_str() == built_in::SYSTEM_CLONED);
    let growing = view.branches.iter().filter(|branch| grows(view, branch, now));
    let first = growing.map(|branch| branch.began_at).min();
    is_cloned.then(|| first.is_none_or(|first| began_at <= first))
}

fn grows(view: &SystemView, branch: &BranchView, now: Timestamp) -> bool {
    now.duration_since(branch.life_at) < view.heartbeat_interval.saturating_add(view.heartbeat_interval)
}

/// Two histories of one system: if the old one still grows, two agents run with one identity; if it is quiet and the new one
/// outlived it, the state was restored from a backup or the agent was activated again.
fn judge_branches(view: &SystemView, now: Timestamp) -> [Judged; 2] {
    let two_intervals = view.heartbeat_interval.saturating_add(view.heartbeat_interval);
    let mut branches: Vec<&BranchView> = view.branches.iter().collect();
    // Clones have the same slots and the same incarnation: everything known of two branches may be equal.
    branches.sort_by_key(|branch| branch.began_at);
    let mut cloned = built(built_in::SYSTEM_CLONED, None, "one agent reports as this system".into());
    let mut restored = built(built_in::STATE_RESTORED, None, "one history goes on".into());
    let Some((newest, others)) = branches.split_last() else { return [cloned, restored] };

    let grows = |branch: &BranchView| grows(view, branch, now);
    // Which of them began last says nothing where they cross: a gap may have put a report of one into a branch of its own.
    let parallel = |other: &&BranchView| {
        let beside = |later: &BranchView| later.began_at >= other.began_at && other.life_at > later.began_at;
        let another = |later: &BranchView| !std::ptr::eq(later, *other);
        grows(other) && view.branches.iter().any(|later| another(later) && grows(later) && beside(later))
    };
    let since_began = now.duration_since(newest.began_at);
    if let Some(other) = view.branches.iter().find(parallel) {
        let title = "two agents report as this system: a cloned host?".to_owned();
        let evidence = format!(
            "incarnation {} and incarnation {} both go on; on one of them run `mailbeat-agent identity new`",
            other.incarnation, newest.incarnation
        );
        cloned = built(built_in::SYSTEM_CLONED, Some((Severity::High, title)), evidence);
    } else if !others.is_empty()
        && others.iter().all(|other| other.life_at <= newest.life_at)
        && since_began >= two_intervals
        && since_began < two_intervals + RESTORED_SHOWN_FOR
    {
        let title = "the agent's state was restored or it was activated again".to_owned();
        let evidence = format!("a new history began at {:.0}; the one before is quiet", newest.began_at);
        restored = built(built_in::STATE_RESTORED, Some((Severity::Low, title)), evidence);
    }
    [cloned, restored]
}
