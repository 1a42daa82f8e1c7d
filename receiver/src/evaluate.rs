//! From facts to findings: what holds now for one system, since when, on what evidence, and why that was decided.
//!
//! Pure. There are two entries, a report and a tick of the clock, and one way: every rule is judged ([`Judged`]), findings are
//! carried forward with hold and hysteresis ([`finding::advance`]), tickets follow the findings ([`crate::ticket::reconcile`]).
//! Liveness, gaps, clones and the receiver's own health are rules like any other. Nothing here reads a clock or a database;
//! the same view, rules and time always give the same decision, so a crash between deciding and recording does no harm.

pub mod check;
pub mod ending;
pub mod explain;
pub mod fill;
pub mod finding;
pub mod integrity;
pub mod liveness;
pub mod missing;
pub mod own;
pub mod promptness;
pub mod replay;
pub mod rules;
pub mod threshold;

use std::fmt;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use mailbeat_shared::wire::check::CheckResult;
use mailbeat_shared::wire::id::{ContractNumber, Incarnation, SystemId};
use mailbeat_shared::wire::observation::Observation;
use serde::{Deserialize, Serialize};

use self::finding::{Finding, FindingChange};
use self::missing::Reported;
use self::rules::Rules;
use crate::ticket::{Ticket, TicketChange, TicketState};

/// How urgent something is. Ordered: `Low < Critical`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Look at it this day.
    Low,
    /// Look at it within hours.
    Medium,
    /// Look at it within the hour.
    High,
    /// Look at it now.
    Critical,
}

impl Severity {
    /// All, least urgent first.
    pub const ALL: [Self; 4] = [Self::Low, Self::Medium, Self::High, Self::Critical];

    /// The word in tables, JSON and configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// How soon somebody should respond.
    #[must_use]
    pub fn response_time(self) -> SignedDuration {
        SignedDuration::from_mins(match self {
            Self::Critical => 15,
            Self::High => 60,
            Self::Medium => 4 * 60,
            Self::Low => 24 * 60,
        })
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Low => "Low",
            Self::Medium => "Medium",
            Self::High => "High",
            Self::Critical => "Critical",
        })
    }
}

impl FromStr for Severity {
    type Err = UnknownWord;
    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        Self::ALL
            .into_iter()
            .find(|severity| severity.as_str() == text)
            .ok_or_else(|| UnknownWord(text.to_owned()))
    }
}

/// A word that is none of those a type knows.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("unknown word {0:?}")]
pub struct UnknownWord(pub String);

/// The name of a rule, `filesystem-full`: lower-case letters, digits and `-`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct RuleId(String);

impl RuleId {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for RuleId {
    type Err = UnknownWord;
    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let is_name = !text.is_empty() && text.len() <= 64 && text.chars().all(allowed);
        if is_name { Ok(Self(text.to_owned())) } else { Err(UnknownWord(text.to_owned())) }
    }
}

impl<'de> Deserialize<'de> for RuleId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse()
            .map_err(|_| serde::de::Error::custom("a rule's id is made of a-z, 0-9 and '-', at most 64"))
    }
}

/// What one rule says of one subject in one pass.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// The rule.
    pub rule: RuleId,
    /// What it is about within the system: a mount point, an interface, nothing.
    pub subject: String,
    /// Whether it holds, and how badly.
    pub crossing: Option<Crossing>,
    /// How long it must hold before it counts.
    pub hold: SignedDuration,
    /// What was seen, for people; also where nothing is wrong.
    pub evidence: String,
    /// Since when, where that is known better than by the time of looking.
    pub since: Option<Timestamp>,
}

/// A rule that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crossing {
    /// How urgent.
    pub severity: Severity,
    /// One line for the ticket's title.
    pub title: String,
}

/// Everything the rules may look at for one system. Loaded inside the transaction that records the decision.
#[derive(Clone, Debug)]
pub struct SystemView {
    /// The system.
    pub system: SystemId,
    /// Its host's name, for titles.
    pub host: String,
    /// Its customer's name.
    pub customer: String,
    /// Its contract.
    pub contract: ContractNumber,
    /// When it was registered.
    pub registered_at: Timestamp,
    /// When it last gave proof of life, dated at its origin.
    pub life_at: Option<Timestamp>,
    /// When its newest system report was made.
    pub system_report_at: Option<Timestamp>,
    /// The promised time from one heartbeat to the next, clamped to the contract's range.
    pub heartbeat_interval: SignedDuration,
    /// The promised time from one system report to the next, clamped to the contract's range.
    pub system_interval: SignedDuration,
    /// Silence is no fault until then: announced maintenance or shutdown.
    pub held_until: Option<Timestamp>,
    /// An operator paused or retired the system, or its contract ended: nothing is judged.
    pub paused: bool,
    /// Before that none was owed: its contract had ended, and was renewed then.
    pub system_reports_from: Option<Timestamp>,
    /// The end of its contract: in the grace days after it no system reports are sent.
    pub system_reports_until: Option<Timestamp>,
    /// The end of the grace days, or the contract's revocation: nothing is sent after it.
    pub expected_until: Option<Timestamp>,
    /// The administrator switched the agent off, and when.
    pub deactivated_at: Option<Timestamp>,
    /// How far the host's clock is off, where known; positive if it is behind.
    pub clock_skew: SignedDuration,
    /// The state histories that reports came from, in the order in which they were found.
    pub branches: Vec<BranchView>,
    /// Sequences never heard of though later ones were.
    pub gaps: Vec<Gap>,
    /// What it reports.
    pub reported: Reported,
    /// What held after the last pass.
    pub findings: Vec<Finding>,
    /// The system's tickets that are not Closed.
    pub tickets: Vec<Ticket>,
}

/// One history of the agent's state: reports that build on each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BranchView {
    /// The incarnation it began with.
    pub incarnation: Incarnation,
    /// When it began, by the first report received from it.
    pub began_at: Timestamp,
    /// When it last gave proof of life.
    pub life_at: Timestamp,
}

/// Sequences `first..=last` of a branch that no report and no statement explains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Row of the branch.
    pub branch: i64,
    /// The first missing sequence.
    pub first: u64,
    /// The last missing sequence.
    pub last: u64,
    /// When the hole was first seen.
    pub seen_at: Timestamp,
}

/// Why a system is looked at.
#[derive(Clone, Copy, Debug)]
pub enum Occasion<'a> {
    /// A report that is the newest of its branch was recorded; heartbeats bring numbers and verdicts.
    Report {
        /// When the report was made, dated at its origin.
        life_at: Timestamp,
        /// Its observations, if it is a heartbeat.
        observations: Option<&'a [Observation]>,
        /// Its checks.
        checks: &'a [CheckResult],
    },
    /// Time has passed. Absence is judged only up to what was heard.
    Tick {
        /// Every mail that arrived before this is recorded; `None` while judging absence is suspended.
        heard_until: Option<Timestamp>,
    },
}

/// What follows from looking at a system: values, to be recorded in one transaction.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decision {
    /// How findings changed.
    pub findings: Vec<FindingChange>,
    /// How tickets change with them.
    pub tickets: Vec<TicketChange>,
    /// Gaps a person has done with: nobody waits for what is missing there any more.
    pub settled: Vec<Gap>,
    /// What the system reports, where that has changed.
    pub reported: Option<Reported>,
    /// When the system must be looked at again if nothing is heard.
    pub due_at: Option<Timestamp>,
}

/// Looks at one system and decides. `now` is the receiver's clock; findings are dated at the report's origin.
#[must_use]
pub fn judge(view: &SystemView, occasion: Occasion<'_>, rules: &Rules, now: Timestamp) -> Decision {
    if view.paused {
        return at_rest(view, now);
    }
    let mut judged = liveness::judge(view, occasion, &rules.liveness, now);
    judged.extend(integrity::judge(view, occasion, &rules.integrity, now));
    let (mut looked_at, mut reported) = ((now, false), None);
    if let Occasion::Report { life_at, observations, checks } = occasion {
        looked_at = (life_at, observations.is_some());
        judged.extend(threshold::judge(&rules.thresholds, view, observations.unwrap_or_default(), checks));
        judged.extend(check::judge(checks, rules, view));
        if let Some(observations) = observations {
            let (missing, now_reported) = missing::judge(view, observations, checks, rules, life_at);
            judged.extend(missing);
            reported = Some(now_reported).filter(|now_reported| *now_reported != view.reported);
        }
    }
    let (at, with_numbers) = looked_at;
    let (findings, changes) = finding::advance(&view.findings, &judged, rules, with_numbers, at);
    let tickets =
        crate::ticket::reconcile(&view.tickets, &findings, &changes, &view.host, &rules.tickets, now);
    let settled = integrity::settled(view, &rules.integrity).cloned().collect();
    let due_at = liveness::due_at(view, &findings, rules, now);
    Decision { findings: changes, tickets, settled, reported, due_at }
}

/// Nobody judges the system now. What was open is closed and not called resolved: nobody looked whether it is. Kept in mind is what a
/// person resolved, so that it is no news when judging goes on, and that another key signs, which is told then.
fn at_rest(view: &SystemView, now: Timestamp) -> Decision {
    const WHY: &str = "nothing is judged of a system that is paused, retired or out of contract";
    let is_resolved = |was: &Finding| {
        view.tickets.iter().any(|ticket| {
            ticket.rule == was.rule && ticket.subject == was.subject && ticket.state == TicketState::Resolved
        })
    };
    let is_over = |was: &&Finding| was.rule.as_str() != rules::built_in::KEY_CHANGED && !is_resolved(was);
    let ended = |was: &Finding| FindingChange::Ended { finding: was.clone(), reason: WHY.to_owned() };
    Decision {
        findings: view.findings.iter().filter(is_over).map(ended).collect(),
        tickets: crate::ticket::close(&view.tickets, WHY, now),
        ..Decision::default()
    }
}
