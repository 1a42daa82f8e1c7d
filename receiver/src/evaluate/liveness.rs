//! Who is alive, who is late, who is silent: derived from when life was last proven, never stored stale.
//!
//! A deaf receiver accuses nobody: absence is judged only up to the time before which every mail is known to be recorded
//! ([`Hearing`]). Life is dated at its origin, so a heartbeat that comes four hours late proves life four hours ago.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::finding::Finding;
use super::integrity::KEY_SHOWN_FOR;
use super::rules::{LivenessPolicy, Rules, built_in, id};
use super::{Crossing, Judged, Occasion, Severity, SystemView, promptness};

/// Whether a system shows life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Liveness {
    /// Registered and not heard of yet.
    New,
    /// Heard of in time.
    Alive,
    /// A heartbeat is overdue, not yet for long enough to say so.
    Late,
    /// Too many heartbeats are missing.
    Silent,
    /// Nobody expects anything: paused, in maintenance, switched off, or out of contract.
    Paused,
}

impl Liveness {
    /// The word in tables and JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Alive => "alive",
            Self::Late => "late",
            Self::Silent => "silent",
            Self::Paused => "paused",
        }
    }
}

/// The longest time judging waits after deafness: senders' queues retry within about an hour.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_mins(75);

/// The system's liveness. `heard_until`: before that every mail is recorded; `None` if that is not known.
#[must_use]
pub fn liveness(
    view: &SystemView,
    policy: &LivenessPolicy,
    heard_until: Option<Timestamp>,
    now: Timestamp,
) -> Liveness {
    let horizon = heard_until.map_or(Timestamp::MIN, |heard| heard.min(now));
    if is_excused(view, now) {
        Liveness::Paused
    } else if silent_at(view, policy) <= horizon {
        Liveness::Silent
    } else if late_at(view, policy) <= horizon {
        Liveness::Late
    } else if view.life_at.is_none() {
        Liveness::New
    } else {
        Liveness::Alive
    }
}

fn is_excused(view: &SystemView, now: Timestamp) -> bool {
    view.paused || view.deactivated_at.is_some() || view.held_until.is_some_and(|until| until > now)
}

fn last_life(view: &SystemView) -> Timestamp {
    // After announced maintenance the clock starts again: the host gets its full time to show life.
    view.life_at.unwrap_or(view.registered_at).max(view.held_until.unwrap_or(Timestamp::MIN))
}

fn grace(policy: &LivenessPolicy, interval: SignedDuration) -> SignedDuration {
    policy.grace.unwrap_or_else(|| SignedDuration::from_mins(15).max(interval / 4))
}

fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.saturating_add(by).unwrap_or(Timestamp::MAX)
}

/// When the next heartbeat becomes late.
#[must_use]
pub fn late_at(view: &SystemView, policy: &LivenessPolicy) -> Timestamp {
    later(last_life(view), view.heartbeat_interval + grace(policy, view.heartbeat_interval))
}

/// When the system becomes Silent if nothing is heard.
#[must_use]
pub fn silent_at(view: &SystemView, policy: &LivenessPolicy) -> Timestamp {
    let misses = i32::try_from(policy.misses.max(1)).unwrap_or(i32::MAX);
    let span = view.heartbeat_interval.checked_mul(misses).unwrap_or(SignedDuration::MAX);
    later(last_life(view), span.saturating_add(grace(policy, view.heartbeat_interval)))
}

/// When a system report is missing.
fn system_report_overdue_at(view: &SystemView, policy: &LivenessPolicy) -> Timestamp {
    let last = view.system_report_at.unwrap_or(view.registered_at);
    let begun_anew = view.held_until.max(view.system_reports_from).unwrap_or(Timestamp::MIN);
    later(last.max(begun_anew), view.system_interval.saturating_add(grace(policy, view.system_interval)))
}

/// Whether the contract is in its grace days.
fn only_heartbeats(view: &SystemView, now: Timestamp) -> bool {
    view.system_reports_until.is_some_and(|until| until <= now)
}

/// When to look at the system again: the next time at which something may become true that is not yet a finding.
#[must_use]
pub fn due_at(view: &SystemView, findings: &[Finding], rules: &Rules, now: Timestamp) -> Option<Timestamp> {
    if view.paused {
        return None;
    }
    let open = |rule: &str| findings.iter().any(|finding| finding.rule.as_str() == rule);
    // A gap is looked at when its time is over, however many reports come until then.
    let ripe_at = view.gaps.iter().map(|gap| later(gap.seen_at, rules.integrity.gap_after));
    let gaps = ripe_at.filter(|at| *at > now || !open(built_in::REPORTS_LOST)).min();
    // Branches ripen slowly; an hourly look is enough for them, also where nobody expects anything.
    let branches = (view.branches.len() > 1).then(|| later(now, SignedDuration::from_hours(1)));
    let is_key = |finding: &&Finding| finding.rule.as_str() == built_in::KEY_CHANGED;
    let keys = findings.iter().filter(is_key).map(|finding| later(finding.since, KEY_SHOWN_FOR)).min();
    // What is expected ends with the contract, and so does what was missed.
    let ends = [view.system_reports_until, view.expected_until].into_iter().flatten().filter(|at| *at > now);
    let ripening = [gaps, branches, keys, ends.min()].into_iter().flatten().min();
    if view.deactivated_at.is_some() {
        return ripening;
    }
    let policy = &rules.liveness;
    let silent = (!open(built_in::HEARTBEAT_MISSING)).then(|| silent_at(view, policy));
    // Of a silent host no system report is expected either; the next one that comes plans anew.
    let expects = !open(built_in::HEARTBEAT_MISSING) && !only_heartbeats(view, now);
    let overdue =
        (!open(built_in::SYSTEM_REPORT_MISSING) && expects).then(|| system_report_overdue_at(view, policy));
    [silent, overdue, ripening].into_iter().flatten().min()
}

/// Judges presence and absence. Says nothing of what cannot be known now, and what is not said stays as it is.
#[must_use]
pub fn judge(
    view: &SystemView,
    occasion: Occasion<'_>,
    policy: &LivenessPolicy,
    now: Timestamp,
) -> Vec<Judged> {
    let mut judged = vec![judge_switched_off(view)];
    let horizon = match occasion {
        Occasion::Report { .. } => None,
        Occasion::Tick { heard_until } => heard_until.map(|heard| heard.min(now)),
    };
    judged.extend(judge_heartbeat(view, policy, horizon, now));
    judged.extend(judge_system_report(view, policy, horizon, now));
    judged
}

fn judge_switched_off(view: &SystemView) -> Judged {
    Judged {
        rule: id(built_in::AGENT_DEACTIVATED),
        subject: String::new(),
        crossing: view.deactivated_at.map(|_| Crossing {
            severity: Severity::Medium,
            title: "the administrator switched the agent off".into(),
        }),
        hold: SignedDuration::ZERO,
        evidence: match view.deactivated_at {
            Some(at) => format!("deactivated at {at:.0}; nothing more will be sent"),
            None => "the agent is active".into(),
        },
        since: view.deactivated_at,
    }
}

fn absence(
    rule: &'static str,
    crossing: Option<Crossing>,
    evidence: String,
    since: Option<Timestamp>,
) -> Judged {
    Judged { rule: id(rule), subject: String::new(), crossing, hold: SignedDuration::ZERO, evidence, since }
}

fn judge_heartbeat(
    view: &SystemView,
    policy: &LivenessPolicy,
    horizon: Option<Timestamp>,
    now: Timestamp,
) -> Option<Judged> {
    let rule = built_in::HEARTBEAT_MISSING;
    if view.deactivated_at.is_some() {
        return Some(absence(rule, None, "nobody expects heartbeats of this system now".into(), None));
    }
    let last = match view.life_at {
        Some(at) => format!("last sign of life at {at:.0}"),
        None => format!("no sign of life since it was registered at {:.0}", view.registered_at),
    };
    let silent_at = silent_at(view, policy);
    if silent_at > now {
        return Some(absence(rule, None, last, None));
    }
    if horizon.is_none_or(|horizon| silent_at > horizon) {
        return None;
    }
    let crossing = Crossing { severity: policy.severity, title: "no heartbeat".into() };
    let evidence = format!("{last}; a heartbeat was promised every {:#}", view.heartbeat_interval);
    Some(absence(rule, Some(crossing), evidence, Some(silent_at)))
}

fn judge_system_report(
    view: &SystemView,
    policy: &LivenessPolicy,
    horizon: Option<Timestamp>,
    now: Timestamp,
) -> Option<Judged> {
    let rule = built_in::SYSTEM_REPORT_MISSING;
    if view.deactivated_at.is_some() {
        return Some(absence(rule, None, "nobody expects system reports of this system now".into(), None));
    }
    if only_heartbeats(view, now) {
        let over = "the contract has ended; in its grace days only heartbeats are sent";
        return Some(absence(rule, None, over.into(), None));
    }
    let overdue_at = system_report_overdue_at(view, policy);
    if overdue_at > now {
        let last =
            view.system_report_at.map_or_else(String::new, |at| format!("last system report at {at:.0}"));
        return Some(absence(rule, None, last, None));
    }
    // A silent system has one ticket, not two; and what was not heard is not judged.
    if silent_at(view, policy) <= now || horizon.is_none_or(|horizon| overdue_at > horizon) {
        return None;
    }
    let crossing = Crossing { severity: policy.system_report_severity, title: "no system report".into() };
    let last =
        view.system_report_at.map_or("none since registration".to_owned(), |at| format!("last at {at:.0}"));
    let evidence = format!("{last}; one was promised every {:#}", view.system_interval);
    Some(absence(rule, Some(crossing), evidence, Some(overdue_at)))
}

/// How far one mailbox was heard, and whether absence may be judged yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hearing {
    /// Every mail that arrived before this is recorded.
    pub drained_at: Timestamp,
    /// After deafness judging waits until then, for what senders' queues still hold.
    pub judge_from: Timestamp,
}

impl Hearing {
    /// A mailbox read for the first time: what came before was never missed. But where even its `newest` report seems to have
    /// waited for us, nobody read it for so long, or our clock is ahead of its server's: the next live mail tells which, so judging
    /// waits as after deafness that lasted so long.
    #[must_use]
    pub fn first(at: Timestamp, newest: Option<Timestamp>, usual: SignedDuration) -> Self {
        let waited = newest.map_or(SignedDuration::ZERO, |newest| at.duration_since(newest));
        let waits = promptness::is_too_long(waited, usual);
        Self { drained_at: at, judge_from: if waits { later(at, waited.min(LONGEST_WAIT)) } else { at } }
    }

    /// The mailbox was drained at `at`; `usual` is the time between two rounds when all is well. A clock that went
    /// backwards counts as deafness of the longest kind.
    #[must_use]
    pub fn drained(self, at: Timestamp, usual: SignedDuration) -> Self {
        let silence = at.duration_since(self.drained_at);
        let wait = if silence.is_negative() {
            LONGEST_WAIT
        } else if silence > usual.checked_mul(3).unwrap_or(SignedDuration::MAX) {
            silence.min(LONGEST_WAIT)
        } else {
            SignedDuration::ZERO
        };
        let judge_from =
            if wait.is_zero() { self.judge_from.min(later(at, LONGEST_WAIT)) } else { later(at, wait) };
        Self { drained_at: at, judge_from }
    }

    /// Up to when absence may be judged now, if at all.
    #[must_use]
    pub fn heard_until(&self, now: Timestamp) -> Option<Timestamp> {
        (now >= self.judge_from).then_some(self.drained_at)
    }
}
