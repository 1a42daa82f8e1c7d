//! The rules an operator may change: `rules.toml`, with a useful default set built in (`packaging/rules.toml`).
//!
//! Unknown keys and senseless values are refused with file and line; a receiver never runs with half its rules.

pub mod check;
pub mod scope;
pub mod threshold;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use jiff::SignedDuration;
use mailbeat_shared::config_file::{self, ConfigError};
use mailbeat_shared::wire::id::Digest;
use serde::Deserialize;

pub use self::check::CheckRule;
pub use self::threshold::ThresholdRule;
use super::ending::EndingPolicy;
use super::fill::FillPolicy;
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
    /// Another key speaks for the system.
    pub const KEY_CHANGED: &str = "key-changed";
    /// Two agents report as the same system.
    pub const SYSTEM_CLONED: &str = "system-cloned";
    /// The host's clock is wrong.
    pub const CLOCK_WRONG: &str = "clock-wrong";
    /// A check is not Ok.
    pub const CHECK: &str = "check";
    /// A check or a number was reported and is not any more.
    pub const ITEM_MISSING: &str = "item-missing";
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
    /// One of the receiver's mailboxes fills up.
    pub const MAILBOX_FULL: &str = "mailbox-full";
    /// A contract ends soon, or has ended.
    pub const CONTRACT_ENDING: &str = "contract-ending";
    /// All of them.
    pub const ALL: &[&str] = &[
        HEARTBEAT_MISSING,
        SYSTEM_REPORT_MISSING,
        AGENT_DEACTIVATED,
        REPORTS_LOST,
        STATE_RESTORED,
        KEY_CHANGED,
        SYSTEM_CLONED,
        CLOCK_WRONG,
        CHECK,
        ITEM_MISSING,
        MAILBOX_UNREACHABLE,
        RECEIVER_CLOCK_WRONG,
        QUARANTINE_WAITING,
        NOTIFICATION_REFUSED,
        NOTIFICATIONS_HELD,
        SIGN_IN_REFUSED,
        CREDENTIAL_EXPIRES,
        MAILBOX_FULL,
        CONTRACT_ENDING,
    ];
}

/// Whether a rule is code and says itself when it ends. Checks are reported subjects like thresholds.
pub(super) fn is_built_in(rule: &RuleId) -> bool {
    rule.as_str() != built_in::CHECK && built_in::ALL.contains(&rule.as_str())
}

/// Whether a rule is about what systems say of themselves: numbers and checks, of which they may report as many as they like.
pub(crate) fn is_about_what_is_reported(rule: &RuleId) -> bool {
    !is_built_in(rule) || rule.as_str() == built_in::ITEM_MISSING
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
    /// When something that is no longer reported becomes a finding.
    pub missing: MissingPolicy,
    /// When a mailbox of the receiver that fills up becomes a finding.
    pub mailbox_full: FillPolicy,
    /// When a contract that ends becomes a finding.
    pub contract_ending: EndingPolicy,
    /// Further files with thresholds and rules for checks, beside this one.
    pub include: Vec<PathBuf>,
    /// Thresholds on observations and on the values of checks.
    #[serde(rename = "threshold")]
    pub thresholds: Vec<ThresholdRule>,
    /// What becomes of checks' verdicts.
    #[serde(rename = "check_rule")]
    pub checks: Vec<CheckRule>,
}

/// When a check or a number that was reported and is not any more becomes a finding.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MissingPolicy {
    /// Time it may be missing; by default one heartbeat.
    #[serde(deserialize_with = "config_file::maybe_span")]
    pub after: Option<SignedDuration>,
    /// How urgent it is that a number which a threshold watches is missing. Of checks the rules for checks say it.
    pub severity: Severity,
    /// Time after which it counts as removed.
    #[serde(deserialize_with = "config_file::span")]
    pub forget_after: SignedDuration,
}

impl Default for MissingPolicy {
    fn default() -> Self {
        Self { after: None, severity: Severity::Low, forget_after: SignedDuration::from_hours(24 * 7) }
    }
}

/// When silence becomes a finding.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LivenessPolicy {
    /// Time a heartbeat may be late; by default the larger of 15 minutes and a quarter of the interval.
    #[serde(deserialize_with = "config_file::maybe_span")]
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
    #[serde(deserialize_with = "config_file::span")]
    pub gap_after: SignedDuration,
    /// How far a host's clock may be off.
    #[serde(deserialize_with = "config_file::span")]
    pub clock_tolerance: SignedDuration,
}

impl Default for IntegrityPolicy {
    fn default() -> Self {
        Self { gap_after: SignedDuration::from_hours(6), clock_tolerance: SignedDuration::from_mins(5) }
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
        // What they replace may stand in a file that is included.
        if rules.include.is_empty() { rules.checked(path, text) } else { Ok(rules) }
    }

    /// The same with the thresholds and rules for checks of one more file, which come before its own. The last file that is
    /// included makes them complete: then they are checked together.
    ///
    /// # Errors
    /// [`ConfigError`] with file and line.
    pub fn including(mut self, path: &Path, text: &str) -> Result<Self, ConfigError> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Included {
            #[serde(default, rename = "threshold")]
            thresholds: Vec<ThresholdRule>,
            #[serde(default, rename = "check_rule")]
            checks: Vec<CheckRule>,
        }
        let mut included: Included = config_file::parse(path, text)?;
        included.thresholds.append(&mut self.thresholds);
        included.checks.append(&mut self.checks);
        Ok(Self { thresholds: included.thresholds, checks: included.checks, ..self })
    }

    /// Refuses what makes no sense; `path` and `text` are those of the rules as a whole.
    ///
    /// # Errors
    /// [`ConfigError`] with file and line.
    pub fn checked(self, path: &Path, text: &str) -> Result<Self, ConfigError> {
        let own = [
            ("[mailbox_full]", self.mailbox_full.fault()),
            ("[contract_ending]", self.contract_ending.fault()),
        ];
        let fault = own
            .into_iter()
            .find_map(|(table, fault)| Some((table.to_owned(), format!("{table}: {}", fault?))));
        let of_a_rule = |(table, id, what)| (format!("\"{id}\""), format!("{table} `{id}`: {what}"));
        let Some((place, what)) = fault.or_else(|| self.senseless().map(of_a_rule)) else { return Ok(self) };
        let line = 1 + text.lines().position(|line| line.contains(&place)).unwrap_or(0);
        Err(ConfigError::Invalid { path: path.to_owned(), line, what })
    }

    /// Tells these rules from others, included files and built-in values considered. For comparing only: another version of this
    /// program may digest the same rules otherwise.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(format!("{self:?}").as_bytes())
    }

    /// Whether there is such a rule.
    #[must_use]
    pub fn knows(&self, rule: &RuleId) -> bool {
        built_in::ALL.contains(&rule.as_str())
            || self.thresholds.iter().any(|threshold| &threshold.id == rule)
    }

    fn senseless(&self) -> Option<(&'static str, &RuleId, &'static str)> {
        let mut seen: BTreeSet<&RuleId> = BTreeSet::new();
        let thresholds =
            self.thresholds.iter().map(|rule| ("threshold", &rule.id, rule.fault(), rule.replaces.as_ref()));
        let checks = self.checks.iter().map(|rule| ("check_rule", &rule.id, rule.fault(), None));
        thresholds.chain(checks).find_map(|(table, id, fault, replaces)| {
            let unknown = |other: &RuleId| !self.thresholds.iter().any(|rule| &rule.id == other);
            let what = if built_in::ALL.contains(&id.as_str()) {
                "the name belongs to a built-in rule"
            } else if !seen.insert(id) {
                "the name is used twice"
            } else if replaces.is_some_and(unknown) {
                "there is no threshold that it could replace"
            } else {
                fault?
            };
            Some((table, id, what))
        })
    }
}
