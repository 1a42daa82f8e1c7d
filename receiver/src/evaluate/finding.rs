//! Findings: rules that hold now for one subject, carried from pass to pass.
//!
//! A crossing begins a finding as Pending; it becomes Active once it has held for the rule's hold time, which only a later
//! look can confirm. A clear look ends it. A subject that is no longer reported makes it Stale, and after a while it ends with
//! that reason: a disk that vanished is not a disk that recovered.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::rules::{self, Rules};
use super::{Judged, RuleId, Severity, UnknownWord};

/// How far a finding has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Seen, and not yet for the hold time.
    Pending,
    /// It counts.
    Active,
    /// It counted, and its subject is no longer reported.
    Stale,
}

impl Phase {
    /// The word in the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Stale => "stale",
        }
    }
}

impl std::str::FromStr for Phase {
    type Err = UnknownWord;
    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        let all = [Self::Pending, Self::Active, Self::Stale];
        all.into_iter().find(|phase| phase.as_str() == text).ok_or_else(|| UnknownWord(text.to_owned()))
    }
}

/// A rule that holds for one subject of one system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The rule.
    pub rule: RuleId,
    /// What it is about within the system.
    pub subject: String,
    /// How urgent it is now.
    pub severity: Severity,
    /// How far it has come.
    pub phase: Phase,
    /// Since when it holds (Stale: since when the subject is gone).
    pub since: Timestamp,
    /// One line for people.
    pub title: String,
    /// What was seen last.
    pub evidence: String,
}

/// How a finding changed in one pass. The finding inside is as it is afterwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FindingChange {
    /// New, or other severity, phase or evidence: write it.
    Put(Finding),
    /// It ended: delete it. A Pending one ends without anybody having been told.
    Ended {
        /// As it was.
        finding: Finding,
        /// Why it ended, for the ticket.
        reason: String,
    },
}

/// All findings after a pass at `at`, and how they changed. `with_numbers` says that the pass saw a whole heartbeat, so that
/// a subject nobody judged is gone and not just unmentioned.
#[must_use]
pub fn advance(
    before: &[Finding],
    judged: &[Judged],
    rules: &Rules,
    with_numbers: bool,
    at: Timestamp,
) -> (Vec<Finding>, Vec<FindingChange>) {
    let mut after = Vec::new();
    let mut changes = Vec::new();
    let same =
        |finding: &Finding, judged: &Judged| finding.rule == judged.rule && finding.subject == judged.subject;
    for look in judged {
        let was = before.iter().find(|finding| same(finding, look));
        match next(was, look, at) {
            Some(is) => {
                if was != Some(&is) {
                    changes.push(FindingChange::Put(is.clone()));
                }
                after.push(is);
            }
            None => changes.extend(was.map(|was| ended(was, look.evidence.clone()))),
        }
    }
    for was in before.iter().filter(|was| !judged.iter().any(|look| same(was, look))) {
        match unseen(was, rules, with_numbers, at) {
            Unseen::Stays => after.push(was.clone()),
            Unseen::GoesStale(is) => {
                changes.push(FindingChange::Put(is.clone()));
                after.push(is);
            }
            Unseen::Ends(reason) => changes.push(ended(was, reason)),
        }
    }
    (after, changes)
}

fn ended(finding: &Finding, reason: String) -> FindingChange {
    FindingChange::Ended { finding: finding.clone(), reason }
}

/// The finding after one look, or none if the rule does not hold.
fn next(was: Option<&Finding>, look: &Judged, now: Timestamp) -> Option<Finding> {
    let crossing = look.crossing.as_ref()?;
    let since = match was {
        Some(was) if was.phase != Phase::Stale => was.since,
        // A report's time is told in whole seconds, that of a verdict in parts of one: nothing holds since later than now.
        _ => look.since.map_or(now, |since| since.min(now)),
    };
    let held = now.duration_since(since) >= look.hold;
    let counted = was.is_some_and(|was| was.phase != Phase::Pending);
    Some(Finding {
        rule: look.rule.clone(),
        subject: look.subject.clone(),
        severity: crossing.severity,
        phase: if held || counted { Phase::Active } else { Phase::Pending },
        since,
        title: crossing.title.clone(),
        evidence: look.evidence.clone(),
    })
}

enum Unseen {
    Stays,
    GoesStale(Finding),
    Ends(String),
}

/// What becomes of a finding nobody looked at in this pass.
fn unseen(was: &Finding, known: &Rules, with_numbers: bool, now: Timestamp) -> Unseen {
    const STALE_FOR: SignedDuration = SignedDuration::from_hours(24);
    if !known.knows(&was.rule) {
        return Unseen::Ends("the rule no longer exists".into());
    }
    // Only a look at the numbers can tell that a subject is gone; a silent system's findings stay as they are. Built-in rules
    // say themselves when they end.
    match was.phase {
        _ if !with_numbers || rules::is_built_in(&was.rule) => Unseen::Stays,
        Phase::Pending => Unseen::Ends("no longer reported".into()),
        Phase::Active => Unseen::GoesStale(Finding {
            phase: Phase::Stale,
            since: now,
            evidence: format!("no longer reported; last seen: {}", was.evidence),
            ..was.clone()
        }),
        Phase::Stale if now.duration_since(was.since) >= STALE_FOR => {
            Unseen::Ends("its subject has not been reported for 24 hours".into())
        }
        Phase::Stale => Unseen::Stays,
    }
}
