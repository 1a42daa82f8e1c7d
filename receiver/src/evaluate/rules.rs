//! The rules an operator may change: `rules.toml`, with a useful default set built in (`packaging/rules.toml`).
//!
//! Unknown keys and senseless values are refused with file and line; a receiver never runs with half its rules.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use globset::{Glob, GlobMatcher};
use jiff::SignedDuration;
use mailbeat_shared::config_file::{self, ConfigError};
use serde::{Deserialize, Deserializer};

use super::{RuleId, Severity};
use crate::ticket::TicketPolicy;

/// The default set, also installed as `/etc/mailbeat/rules.toml`.
pub const DEFAULT: &str = include_str!("../../../packaging/rules.toml");

/// Names of the rules that are code, not configuration.
pub mod built_in {
    /// No heartbeat came for too long.
    pub const HEARTBEAT_MISSING: &str = "heartbeat-missing";
    /// No system report came for too long, though heartbeats do.
    pub const SYSTEM_REPORT_MISSING: &str = "system-report-missing";
    /// The administrator switched the agent off.
    pub const AGENT_DEACTIVATED: &str = "agent-deactivated";
    /// Reports were sent and never arrived.
    pub const REPORTS_LOST: &str = "reports-lost";
    /// The agent's state was restored from an older one.
    pub const STATE_RESTORED: &str = "state-restored";
    /// Two agents report as the same system.
    pub const SYSTEM_CLONED: &str = "system-cloned";
    /// The host's clock is wrong.
    pub const CLOCK_WRONG: &str = "clock-wrong";
    /// A check is not Ok.
    pub const CHECK: &str = "check";
    /// The receiver cannot read a mailbox.
    pub const MAILBOX_UNREACHABLE: &str = "mailbox-unreachable";
    /// The receiver's own clock is ahead of a mail server's.
    pub const RECEIVER_CLOCK_WRONG: &str = "receiver-clock-wrong";
    /// Mails wait in quarantine.
    pub const QUARANTINE_WAITING: &str = "quarantine-waiting";
    /// A contact's mail server refuses our notifications.
    pub const NOTIFICATION_REFUSED: &str = "notification-refused";
    /// Notifications wait because their contact was sent too many.
    pub const NOTIFICATIONS_HELD: &str = "notifications-held";
    /// A provider gives the receiver no token for one of its mail accounts.
    pub const SIGN_IN_REFUSED: &str = "sign-in-refused";
    /// What one of the receiver's mail accounts signs in with expires soon.
    pub const CREDENTIAL_EXPIRES: &str = "credential-expires";
    /// All of them.
    pub const ALL: &[&str] = &[
        HEARTBEAT_MISSING,
        SYSTEM_REPORT_MISSING,
        AGENT_DEACTIVATED,
        REPORTS_LOST,
        STATE_RESTORED,
        SYSTEM_CLONED,
        CLOCK_WRONG,
        CHECK,
        MAILBOX_UNREACHABLE,
        RECEIVER_CLOCK_WRONG,
        QUARANTINE_WAITING,
        NOTIFICATION_REFUSED,
        NOTIFICATIONS_HELD,
        SIGN_IN_REFUSED,
        CREDENTIAL_EXPIRES,
    ];
}

/// Whether a rule is code and says itself when it ends. Checks are reported subjects like thresholds.
pub(super) fn is_built_in(rule: &RuleId) -> bool {
    rule.as_str() != built_in::CHECK && built_in::ALL.contains(&rule.as_str())
}

/// The id of a built-in rule.
pub(super) fn id(built_in: &'static str) -> RuleId {
    built_in.parse().expect("the built-in names are rule ids")
}

/// Everything that turns facts into findings and findings into tickets.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rules {
    /// When silence becomes a finding.
    pub liveness: LivenessPolicy,
    /// When gaps, clones and wrong clocks become findings.
    pub integrity: IntegrityPolicy,
    /// How tickets follow findings.
    pub tickets: TicketPolicy,
    /// Thresholds on observations.
    #[serde(rename = "threshold")]
    pub thresholds: Vec<ThresholdRule>,
}

/// When silence becomes a finding.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LivenessPolicy {
    /// Time a heartbeat may be late; by default the larger of 15 minutes and a quarter of the interval.
    pub grace: Option<SignedDuration>,
    /// Heartbeats missing in a row before a system is Silent.
    pub misses: u32,
    /// How urgent a Silent system is.
    pub severity: Severity,
    /// How urgent a missing system report is.
    pub system_report_severity: Severity,
}

impl Default for LivenessPolicy {
    fn default() -> Self {
        Self { grace: None, misses: 2, severity: Severity::High, system_report_severity: Severity::Medium }
    }
}

/// When gaps, clones and wrong clocks become findings.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct IntegrityPolicy {
    /// Time a missing report may still arrive.
    pub gap_after: SignedDuration,
    /// How far a host's clock may be off.
    pub clock_tolerance: SignedDuration,
}

impl Default for IntegrityPolicy {
    fn default() -> Self {
        Self { gap_after: SignedDuration::from_hours(6), clock_tolerance: SignedDuration::from_mins(5) }
    }
}

/// A threshold on an observation.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ThresholdRule {
    /// Its name, part of the ticket's key.
    pub id: RuleId,
    /// The observation's name.
    pub metric: String,
    /// Only observations whose attributes match these globs; a glob that begins with `!` must not match.
    #[serde(default, rename = "where")]
    pub filter: BTreeMap<String, Pattern>,
    /// The attribute that names the subject; without it, all attributes do.
    #[serde(default)]
    pub subject: Option<String>,
    /// Holds above these values, by severity.
    #[serde(default)]
    pub above: BTreeMap<Severity, f64>,
    /// Holds below these values, by severity.
    #[serde(default)]
    pub below: BTreeMap<Severity, f64>,
    /// How long it must hold before it counts.
    #[serde(default)]
    pub hold: SignedDuration,
    /// How far behind the threshold the value must come back before it is over, in the value's unit.
    #[serde(default)]
    pub clear_margin: f64,
    /// The ticket's title; `{subject}` and `{value}` are replaced.
    pub title: String,
}

/// A glob on an attribute's value, or the exclusion of one.
#[derive(Clone, Debug)]
pub struct Pattern {
    glob: GlobMatcher,
    excludes: bool,
}

impl Pattern {
    /// Whether the value passes.
    #[must_use]
    pub fn admits(&self, value: &str) -> bool {
        self.glob.is_match(value) != self.excludes
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let (glob, excludes) = text.strip_prefix('!').map_or((text.as_str(), false), |glob| (glob, true));
        let glob = Glob::new(glob).map_err(serde::de::Error::custom)?.compile_matcher();
        Ok(Self { glob, excludes })
    }
}

impl Rules {
    /// The default set.
    ///
    /// # Panics
    /// Never: a test reads it.
    #[must_use]
    pub fn built_in() -> Self {
        Self::parse(Path::new("packaging/rules.toml"), DEFAULT).expect("the default rules are tested")
    }

    /// Reads rules; `path` only names the text.
    ///
    /// # Errors
    /// [`ConfigError`] with file and line.
    pub fn parse(path: &Path, text: &str) -> Result<Self, ConfigError> {
        let rules: Self = config_file::parse(path, text)?;
        match rules.senseless() {
            None => Ok(rules),
            Some((id, what)) => {
                let line = 1 + text.lines().position(|line| line.contains(&format!("\"{id}\""))).unwrap_or(0);
                Err(ConfigError::Invalid {
                    path: path.to_owned(),
                    line,
                    what: format!("threshold `{id}`: {what}"),
                })
            }
        }
    }

    /// Whether there is such a rule.
    #[must_use]
    pub fn knows(&self, rule: &RuleId) -> bool {
        built_in::ALL.contains(&rule.as_str())
            || self.thresholds.iter().any(|threshold| &threshold.id == rule)
    }

    fn senseless(&self) -> Option<(&RuleId, &'static str)> {
        let mut seen: BTreeSet<&RuleId> = BTreeSet::new();
        self.thresholds.iter().find_map(|rule| {
            let what = if built_in::ALL.contains(&rule.id.as_str()) {
                "the name belongs to a built-in rule"
            } else if !seen.insert(&rule.id) {
                "the name is used twice"
            } else if rule.above.is_empty() == rule.below.is_empty() {
                "give either `above` or `below`"
            } else if !rising(rule.above.values()) || !rising(rule.below.values().rev()) {
                "a more urgent severity must have the more extreme value"
            } else if !rule.clear_margin.is_finite() || rule.clear_margin < 0.0 || rule.hold.is_negative() {
                "`clear_margin` and `hold` cannot be negative"
            } else {
                return None;
            };
            Some((&rule.id, what))
        })
    }
}

fn rising<'a>(values: impl Iterator<Item = &'a f64>) -> bool {
    let values: Vec<f64> = values.copied().collect();
    values.iter().all(|value| value.is_finite()) && values.windows(2).all(|pair| pair[0] < pair[1])
}
