//! Contracts that end: after their grace nothing is heard of their systems, by agreement, so no silence tells of it. Pure.
//!
//! What ends is what is in force on the hosts. A renewal ends nothing before they have taken it up, so it is told until they have.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use mailbeat_shared::text;
use mailbeat_shared::wire::contract::file_name;
use mailbeat_shared::wire::id::ContractNumber;
use serde::{Deserialize, Serialize};

use super::finding::Finding;
use super::rules::{built_in, id};
use super::{Crossing, Judged, Severity};

/// The longest time ahead that is looked at, in days: ten years.
const MOST_DAYS: u32 = 3_650;
/// Longest list of hosts in the evidence, in bytes.
const HOSTS_BYTES: usize = 200;

/// An end of a contract, and the systems whose revisions of it end then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// Its number.
    pub number: ContractNumber,
    /// Whose it is.
    pub customer: String,
    /// Its end.
    pub ends_at: Timestamp,
    /// Days after that in which heartbeats still come.
    pub grace_days: u32,
    /// How many systems report under it.
    pub systems: u32,
    /// Their hosts, in one line.
    pub hosts: String,
    /// The newest revision, where that one ends later.
    pub renewed: Option<Renewed>,
    /// How many of the customer's contacts can be mailed to.
    pub contacts: u32,
}

impl Ending {
    /// The renewal that agents would still take.
    fn renewal(&self, now: Timestamp) -> Option<Renewed> {
        self.renewed.filter(|renewed| renewed.valid_until.is_none_or(|until| now < until))
    }
}

/// A revision that hosts have yet to take up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Renewed {
    /// Its number.
    pub revision: u32,
    /// Its own end; `None`: until it is revoked.
    pub valid_until: Option<Timestamp>,
    /// Its file holds one, so that it is not mailed.
    pub holds_secret: bool,
}

/// A renewed contract that is to be mailed to its customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandingOver {
    /// The contract.
    pub contract: ContractNumber,
    /// The revision to mail.
    pub revision: u32,
    /// The end of what is in force on the hosts.
    pub ends_at: Timestamp,
    /// Because there are at most so many days to it.
    pub days: u32,
}

impl HandingOver {
    /// The name of the file.
    #[must_use]
    pub fn file(&self) -> String {
        file_name(&self.contract, self.revision)
    }
}

/// When a contract that ends becomes a finding.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EndingPolicy {
    /// How many days before its end, by severity; without any there is no finding.
    pub days: BTreeMap<Severity, u32>,
    /// Whether the file of a renewal is mailed to the customer at those days, as long as hosts have yet to take it up.
    pub mail_renewal: bool,
}

impl Default for EndingPolicy {
    fn default() -> Self {
        let days = [(Severity::Low, 60), (Severity::Medium, 30), (Severity::High, 7)].into();
        Self { days, mail_renewal: true }
    }
}

impl EndingPolicy {
    /// What makes it senseless, if anything does.
    pub(super) fn fault(&self) -> Option<&'static str> {
        let days: Vec<u32> = self.days.values().copied().collect();
        if days.iter().any(|days| !(1..=MOST_DAYS).contains(days)) {
            Some("`days` are days before the end, from 1 to 3650")
        } else if days.windows(2).any(|pair| pair[0] <= pair[1]) {
            Some("a more urgent severity must have fewer days")
        } else {
            None
        }
    }

    /// Contracts that end later than this need no look yet.
    #[must_use]
    pub fn horizon(&self, now: Timestamp) -> Timestamp {
        let most = self.days.values().max().copied().unwrap_or(0);
        now.saturating_add(days(most)).unwrap_or(Timestamp::MAX)
    }

    /// The most urgent severity that holds with so much time left, and its days.
    fn stage(&self, left: SignedDuration) -> Option<(Severity, u32)> {
        self.days.iter().map(|(severity, least)| (*severity, *least)).rfind(|(_, least)| left <= days(*least))
    }
}

fn days(number: u32) -> SignedDuration {
    SignedDuration::from_hours(24 * i64::from(number))
}

/// Judges the contracts that end within the horizon, and those that were told of and do not any more.
pub(super) fn judge(
    ending: &[Ending],
    before: &[Finding],
    policy: &EndingPolicy,
    now: Timestamp,
) -> Vec<Judged> {
    let rule = id(built_in::CONTRACT_ENDING);
    let to_renew = |number: &ContractNumber| {
        ending.iter().any(|other| other.number == *number && other.renewal(now).is_none())
    };
    let look = |contract: &Ending| {
        let (severity, _) = policy.stage(contract.ends_at.duration_since(now))?;
        // Hosts that are behind must not hide that the contract ends for the others, too.
        let subject = match contract.renewal(now) {
            Some(renewed) if to_renew(&contract.number) => behind(&contract.number, renewed.revision),
            _ => contract.number.to_string(),
        };
        Some(judged(&subject, Some(Crossing { severity, title: title(contract) }), evidence(contract, now)))
    };
    let mut near: Vec<Judged> = Vec::new();
    for is in ending.iter().filter_map(look) {
        // Of several ends of one matter, the first is told.
        if !near.iter().any(|told| told.subject == is.subject) {
            near.push(is);
        }
    }
    let over =
        before.iter().filter(|was| was.rule == rule && !near.iter().any(|is| is.subject == was.subject));
    let over = over.map(|was| {
        judged(
            &was.subject,
            None,
            "every system that reports has a later one, or the contract is revoked".into(),
        )
    });
    let over: Vec<Judged> = over.collect();
    near.into_iter().chain(over).collect()
}

/// The renewals that customers should have been mailed by now, as far as they may be mailed: for each end the last stage that was
/// reached. After an end, too: a host that fell silent takes a renewal up as well.
#[must_use]
pub fn handing_over(ending: &[Ending], policy: &EndingPolicy, now: Timestamp) -> Vec<HandingOver> {
    let due = |ending: &Ending| {
        let (_, days) = policy.stage(ending.ends_at.duration_since(now))?;
        let renewed = ending.renewal(now).filter(|renewed| !renewed.holds_secret)?;
        let (contract, ends_at) = (ending.number.clone(), ending.ends_at);
        Some(HandingOver { contract, revision: renewed.revision, ends_at, days })
    };
    if policy.mail_renewal { ending.iter().filter_map(due).collect() } else { vec![] }
}

/// The subject of a ticket about hosts without a revision, where another is about the contract itself.
#[must_use]
pub fn behind(number: &ContractNumber, revision: u32) -> String {
    format!("{number}.{revision}")
}

fn judged(subject: &str, crossing: Option<Crossing>, evidence: String) -> Judged {
    Judged {
        rule: id(built_in::CONTRACT_ENDING),
        subject: subject.to_owned(),
        crossing,
        hold: SignedDuration::ZERO,
        evidence,
        since: None,
    }
}

/// Names the last day, as `--valid-until` does; it stays true when that day is over, and when the contract is renewed.
fn title(contract: &Ending) -> String {
    let Ending { number, customer, ends_at, .. } = contract;
    let last = ends_at.saturating_sub(SignedDuration::from_secs(1)).unwrap_or(Timestamp::MIN);
    format!("contract {number} of {customer} is valid on its hosts until {}", last.strftime("%F"))
}

fn evidence(contract: &Ending, now: Timestamp) -> String {
    let Ending { number, grace_days, systems, hosts, contacts, .. } = contract;
    let hosts = text::one_line(hosts, HOSTS_BYTES);
    let remedy = match contract.renewal(now) {
        None => format!(
            "`mailbeat-receiver contracts renew {number} --valid-until DAY` makes the file that the customer activates"
        ),
        Some(Renewed { revision, holds_secret, .. }) => {
            let by_hand = match (holds_secret, contacts) {
                (true, _) => "; it holds a secret and is not mailed: hand it over by a way you trust",
                (false, 0) => "; the customer has no contact it can be mailed to: hand it over",
                (false, _) => "",
            };
            let file = file_name(number, revision);
            format!("it is renewed: `mailbeat-agent activate {file}` on each of them takes that up{by_hand}")
        }
    };
    format!(
        "systems that report under it: {systems} ({hosts}); {grace_days} days after its end nothing is heard of them any more; {remedy}"
    )
}
