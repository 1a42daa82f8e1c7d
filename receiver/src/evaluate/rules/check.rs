//! What becomes of a check's verdict: how urgent it is, how long it must hold, what its ticket is called.
//!
//! Without any rule a Critical check is High (or as urgent as the customer's administrator says), a Warning is Medium and an Unknown
//! is Low, neither more urgent than a Critical would be.

use jiff::SignedDuration;
use mailbeat_shared::config_file;
use mailbeat_shared::wire::check::{CheckState, SeverityHint};
use serde::Deserialize;

use super::scope::{Pattern, concerns};
use crate::evaluate::{RuleId, Severity, SystemView};

/// A rule for checks. All that match apply, in order: what a later one says counts.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckRule {
    /// Its name, for `rules show`.
    pub id: RuleId,
    /// Only checks whose names match.
    #[serde(default)]
    pub check: Option<Pattern>,
    /// Only of these systems.
    #[serde(default)]
    pub system: Option<Pattern>,
    /// Only of these customers' systems.
    #[serde(default)]
    pub customer: Option<Pattern>,
    /// How urgent a Critical one is.
    #[serde(default)]
    pub critical: Option<Mapped>,
    /// How urgent a Warning is.
    #[serde(default)]
    pub warning: Option<Mapped>,
    /// How urgent one that could not tell is.
    #[serde(default)]
    pub unknown: Option<Mapped>,
    /// How urgent it is that a check is no longer reported.
    #[serde(default)]
    pub missing: Option<Mapped>,
    /// How long a verdict must hold before it counts.
    #[serde(default, deserialize_with = "config_file::maybe_span")]
    pub hold: Option<SignedDuration>,
    /// The ticket's title; `{check}`, `{state}` and `{output}` are replaced.
    #[serde(default)]
    pub title: Option<String>,
}

/// A severity, or that nobody need know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mapped {
    /// No ticket.
    None,
    /// Look at it this day.
    Low,
    /// Look at it within hours.
    Medium,
    /// Look at it within the hour.
    High,
    /// Look at it now.
    Critical,
}

impl Mapped {
    fn severity(self) -> Option<Severity> {
        match self {
            Self::None => None,
            Self::Low => Some(Severity::Low),
            Self::Medium => Some(Severity::Medium),
            Self::High => Some(Severity::High),
            Self::Critical => Some(Severity::Critical),
        }
    }
}

/// What is to be judged of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Matter {
    /// Its verdict.
    Verdict(CheckState),
    /// That it is no longer reported.
    Missing,
}

/// How a matter is treated, and who says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Treatment<'r> {
    /// How urgent it is; `None`: nobody need know.
    pub severity: Option<Severity>,
    /// How long it must hold; `None`: no rule says.
    pub hold: Option<SignedDuration>,
    /// The ticket's title, if a rule has one.
    pub title: Option<&'r str>,
    /// What decided the severity: the name of a rule, `the check's own severity`, or `the default`.
    pub by: &'r str,
}

/// What the rules say of a check of this system; `hint`: as urgent as its administrator holds it.
#[must_use]
pub fn treat<'r>(
    rules: &'r [CheckRule],
    view: &SystemView,
    name: &str,
    hint: Option<SeverityHint>,
    matter: Matter,
) -> Treatment<'r> {
    let (severity, by) = unless_ruled(hint, matter);
    let mut treatment = Treatment { severity, hold: None, title: None, by };
    let about = |rule: &&CheckRule| {
        rule.check.as_ref().is_none_or(|pattern| pattern.admits(name))
            && concerns(rule.system.as_ref(), rule.customer.as_ref(), view)
    };
    for rule in rules.iter().filter(about) {
        if let Some(mapped) = rule.of(matter) {
            treatment.severity = mapped.severity();
            treatment.by = rule.id.as_str();
        }
        treatment.hold = rule.hold.or(treatment.hold);
        treatment.title = rule.title.as_deref().or(treatment.title);
    }
    treatment
}

fn unless_ruled(hint: Option<SeverityHint>, matter: Matter) -> (Option<Severity>, &'static str) {
    let usual = match matter {
        Matter::Verdict(CheckState::Ok) => return (None, "the default"),
        Matter::Verdict(CheckState::Critical) => Severity::High,
        Matter::Verdict(CheckState::Warning) | Matter::Missing => Severity::Medium,
        Matter::Verdict(CheckState::Unknown) => Severity::Low,
    };
    let Some(hint) = hint else { return (Some(usual), "the default") };
    let hinted = match hint {
        SeverityHint::Critical => Severity::Critical,
        SeverityHint::High => Severity::High,
        SeverityHint::Medium => Severity::Medium,
        SeverityHint::Low => Severity::Low,
    };
    let severity = match matter {
        Matter::Verdict(CheckState::Critical) => hinted,
        _ => usual.min(hinted),
    };
    (Some(severity), if severity == usual { "the default" } else { "the check's own severity" })
}

impl CheckRule {
    fn of(&self, matter: Matter) -> Option<Mapped> {
        match matter {
            Matter::Verdict(CheckState::Ok) => None,
            Matter::Verdict(CheckState::Critical) => self.critical,
            Matter::Verdict(CheckState::Warning) => self.warning,
            Matter::Verdict(CheckState::Unknown) => self.unknown,
            Matter::Missing => self.missing,
        }
    }

    /// What makes it senseless, if anything does.
    pub(super) fn fault(&self) -> Option<&'static str> {
        let says = [self.critical, self.warning, self.unknown, self.missing];
        if says.iter().all(Option::is_none) && self.hold.is_none() && self.title.is_none() {
            Some("it says nothing; give `critical`, `warning`, `unknown`, `missing`, `hold` or `title`")
        } else {
            None
        }
    }
}
