//! How full the receiver's mailboxes are: one without room bounces reports, or lets them wait until their hosts seem silent. Pure.
//!
//! Counts what the mail server says of itself, and where it says nothing nothing is concluded.

use std::collections::BTreeMap;
use std::str::FromStr;

use jiff::SignedDuration;
use serde::Deserialize;

use super::finding::Finding;
use super::rules::threshold::rising;
use super::rules::{built_in, id};
use super::threshold::{format_value, over};
use super::{Crossing, Judged, Severity, UnknownWord};

/// What a mail server limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource {
    /// Room, counted in KiB.
    Storage,
    /// The number of mails.
    Messages,
}

impl Resource {
    /// The word in the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Storage => "storage",
            Self::Messages => "messages",
        }
    }
}

impl FromStr for Resource {
    type Err = UnknownWord;
    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        let both = [Self::Storage, Self::Messages];
        both.into_iter().find(|one| one.as_str() == text).ok_or_else(|| UnknownWord(text.to_owned()))
    }
}

/// How much of one limit of a mailbox is used (RFC 9208): KiB, or mails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fill {
    /// What is limited.
    pub resource: Resource,
    /// What there is of it.
    pub used: u64,
    /// The most there may be; not 0.
    pub limit: u64,
}

impl Fill {
    /// The share that is used; more than 1 where more came to be than may.
    #[must_use]
    pub fn share(&self) -> f64 {
        // More than 2^53 KiB or mails are as good rounded.
        self.used as f64 / self.limit.max(1) as f64
    }

    /// The same in whole percent.
    #[must_use]
    pub fn percent(&self) -> u64 {
        self.used.saturating_mul(100) / self.limit.max(1)
    }

    /// The limit, for people.
    #[must_use]
    pub fn most(&self) -> String {
        self.said(self.limit)
    }

    fn said(&self, amount: u64) -> String {
        match self.resource {
            Resource::Storage => format_value(amount as f64 * 1024.0, "By"),
            Resource::Messages => amount.to_string(),
        }
    }

    fn title(&self, mailbox: &str) -> String {
        let percent = self.percent();
        match self.resource {
            Resource::Storage => format!("mailbox {mailbox} is {percent} % full"),
            Resource::Messages => format!("mailbox {mailbox} holds {percent} % of the mails it may"),
        }
    }

    fn amounts(&self) -> String {
        let (used, most) = (self.said(self.used), self.most());
        match self.resource {
            Resource::Storage => format!("{used} of {most} are used"),
            Resource::Messages => format!("{used} of {most} mails lie in it"),
        }
    }
}

/// The limit that is reached first.
#[must_use]
pub fn fullest(fills: &[Fill]) -> Option<&Fill> {
    fills.iter().max_by(|one, other| one.share().total_cmp(&other.share()))
}

/// When a mailbox that fills up becomes a finding.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FillPolicy {
    /// Holds above these shares, by severity; without any there is no finding.
    pub above: BTreeMap<Severity, f64>,
    /// How far behind the threshold it must come back before it is over.
    pub clear_margin: f64,
}

impl Default for FillPolicy {
    fn default() -> Self {
        Self { above: [(Severity::Medium, 0.8), (Severity::High, 0.95)].into(), clear_margin: 0.05 }
    }
}

impl FillPolicy {
    /// What makes it senseless, if anything does.
    pub(super) fn fault(&self) -> Option<&'static str> {
        if !self.above.values().all(|share| *share > 0.0 && *share < 1.0) {
            Some("`above` holds shares of what fits: 0.8 is 80 %")
        } else if !rising(self.above.values()) {
            Some("a more urgent severity must have the more extreme value")
        } else if !(0.0..1.0).contains(&self.clear_margin) {
            Some("`clear_margin` is a share of what fits: 0.05 is 5 %")
        } else {
            None
        }
    }
}

/// How many days our own folders on the mail server keep mails; 0 is for ever.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeptDays {
    /// Those that were dealt with.
    pub processed: u32,
    /// Those in quarantine.
    pub quarantined: u32,
}

impl KeptDays {
    /// How there comes to be room.
    fn advice(self) -> String {
        match self {
            Self { processed: 0, .. } => "have its quota raised, or give `retention.processed_mail_days` a number: 0 keeps every processed mail for ever".into(),
            Self { quarantined: 0, .. } => "have its quota raised, or give `retention.quarantined_mail_days` a number: 0 keeps every mail in quarantine for ever".into(),
            Self { processed, .. } => format!(
                "have its quota raised, or keep processed mails for fewer than {processed} days (`retention.processed_mail_days`)"
            ),
        }
    }
}

/// What the rule says of one mailbox; nothing where there is room and was before, or nothing is known.
pub(super) fn judge(
    mailbox: &str,
    fills: &[Fill],
    before: &[Finding],
    policy: &FillPolicy,
    kept: KeptDays,
) -> Option<Judged> {
    let fill = fullest(fills)?;
    let rule = id(built_in::MAILBOX_FULL);
    let was = before.iter().find(|was| was.rule == rule && was.subject == mailbox);
    let severity = over(&policy.above, policy.clear_margin, fill.share(), was.map(|was| was.severity));
    if severity.is_none() && was.is_none() {
        return None;
    }
    let (amounts, advice) = (fill.amounts(), kept.advice());
    let evidence = match severity {
        None => format!("there is room again: {amounts}"),
        Some(_) => format!(
            "{amounts}; when nothing fits any more, reports bounce or wait at their senders and hosts seem silent; {advice}"
        ),
    };
    Some(Judged {
        rule,
        subject: mailbox.to_owned(),
        crossing: severity.map(|severity| Crossing { severity, title: fill.title(mailbox) }),
        hold: SignedDuration::ZERO,
        evidence,
        since: None,
    })
}
