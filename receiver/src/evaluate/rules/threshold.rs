//! Thresholds as an operator writes them: on what the host measures, and on the values of checks.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use mailbeat_shared::config_file;
use serde::Deserialize;

use super::scope::{Pattern, concerns};
use crate::evaluate::{RuleId, Severity, SystemView};

/// A threshold on an observation.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ThresholdRule {
    /// Its name, part of the ticket's key.
    pub id: RuleId,
    /// The observation's name; for the values of checks, the value's.
    pub metric: String,
    /// Values of checks whose names match, instead of what the host measures.
    #[serde(default)]
    pub check: Option<Pattern>,
    /// Of a value that was sampled between two heartbeats.
    #[serde(default)]
    pub of: Statistic,
    /// Only of these systems.
    #[serde(default)]
    pub system: Option<Pattern>,
    /// Only of these customers' systems.
    #[serde(default)]
    pub customer: Option<Pattern>,
    /// The threshold that does not hold where this one does: for the checks it is about, or for the whole system.
    #[serde(default)]
    pub replaces: Option<RuleId>,
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
    #[serde(default, deserialize_with = "config_file::span")]
    pub hold: SignedDuration,
    /// How far behind the threshold the value must come back before it is over, in the value's unit.
    #[serde(default)]
    pub clear_margin: f64,
    /// The ticket's title; `{subject}` and `{value}` are replaced.
    pub title: String,
}

/// What of a value that a check measured several times between two heartbeats.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Statistic {
    /// The last one, or the sum of what counts events.
    #[default]
    Value,
    /// The least: above a limit, it was above it all the time.
    Min,
    /// The mean.
    Mean,
    /// The most.
    Max,
}

impl Statistic {
    /// How it is said before the value's name.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Value => "",
            Self::Min => "least ",
            Self::Mean => "mean ",
            Self::Max => "most ",
        }
    }
}

/// The thresholds that hold for a system: those about it, without those that another one about it replaces as a whole.
pub fn in_force<'r>(
    rules: &'r [ThresholdRule],
    view: &SystemView,
) -> impl Iterator<Item = &'r ThresholdRule> + use<'r> {
    let about: Vec<&ThresholdRule> =
        rules.iter().filter(|rule| concerns(rule.system.as_ref(), rule.customer.as_ref(), view)).collect();
    let whole = about.iter().filter(|rule| rule.check.is_none());
    let replaced: Vec<&RuleId> = whole.filter_map(|rule| rule.replaces.as_ref()).collect();
    about.into_iter().filter(move |rule| !replaced.contains(&&rule.id))
}

impl ThresholdRule {
    /// Whether this one holds for a check instead of that one.
    #[must_use]
    pub fn replaces_for(&self, other: &RuleId, check: &str) -> bool {
        self.replaces.as_ref() == Some(other)
            && self.check.as_ref().is_some_and(|pattern| pattern.admits(check))
    }

    /// What makes it senseless, if anything does.
    pub(super) fn fault(&self) -> Option<&'static str> {
        if self.above.is_empty() == self.below.is_empty() {
            Some("give either `above` or `below`")
        } else if !rising(self.above.values()) || !rising(self.below.values().rev()) {
            Some("a more urgent severity must have the more extreme value")
        } else if !self.clear_margin.is_finite() || self.clear_margin < 0.0 {
            Some("`clear_margin` cannot be negative")
        } else if self.check.is_none() && self.of != Statistic::Value {
            Some("`of` is for values of checks; name them with `check`")
        } else if self.check.is_some() && (self.subject.is_some() || !self.filter.is_empty()) {
            Some("a check's values have no attributes for `where` and `subject`; the check is the subject")
        } else if self.replaces.as_ref() == Some(&self.id) {
            Some("it cannot replace itself")
        } else {
            None
        }
    }
}

/// Whether each value is greater than the one before, and all are numbers.
pub(in crate::evaluate) fn rising<'a>(values: impl Iterator<Item = &'a f64>) -> bool {
    let values: Vec<f64> = values.copied().collect();
    values.iter().all(|value| value.is_finite()) && values.windows(2).all(|pair| pair[0] < pair[1])
}
