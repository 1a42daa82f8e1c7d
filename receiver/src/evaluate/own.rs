//! The receiver's own health: what would make it deaf or mute becomes a ticket by the same way as everything else.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use mailbeat_shared::transport::oauth::{Expiry, Refusing, Standing};

use super::ending::{self, Ending};
use super::fill::{self, Fill, KeptDays};
use super::finding::{self, Finding};
use super::rules::{Rules, built_in, id};
use super::{Crossing, Decision, Judged, RuleId, Severity};
use crate::ticket::{self, Ticket, TicketPolicy};

/// What the receiver knows about itself.
#[derive(Clone, Debug, Default)]
pub struct OwnView {
    /// Mailboxes that cannot be read: name, since when, the last error.
    pub unreachable: Vec<(String, Timestamp, String)>,
    /// Mailboxes whose server's clock ours is ahead of: name, by how much.
    pub ahead: Vec<(String, SignedDuration)>,
    /// Mails waiting in quarantine: mailbox, reason, how many.
    pub quarantined: Vec<(String, String, u64)>,
    /// Contacts whose mail server refused a notification: address, since when, the server's words.
    pub refused: Vec<(String, Timestamp, String)>,
    /// Notifications that wait because their contact was sent so many: address, how many.
    pub held_back: Vec<(String, u64)>,
    /// How full each mailbox is, where its server tells.
    pub fills: BTreeMap<String, Vec<Fill>>,
    /// Contracts that end soon, or have ended.
    pub ending: Vec<Ending>,
    /// What the store does not know.
    pub known: Known,
    /// What held after the last pass.
    pub findings: Vec<Finding>,
    /// The receiver's tickets that are not Closed.
    pub tickets: Vec<Ticket>,
}

/// What only the receiver's loops and its configuration know of it.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Its mail accounts that sign in by OAuth.
    pub accounts: Vec<Standing>,
    /// How long its folders on the mail server keep mails.
    pub kept: KeptDays,
    /// Nobody is mailed a renewal: we only observe, or our clock leapt ahead of late and may be wrong.
    pub mails_nobody: bool,
}

/// What titles of the receiver's own tickets begin with, where others name a host.
pub(crate) const OWN_NAME: &str = "Mailbeat receiver";

/// How long a mailbox may be unreachable before it is a finding.
const UNREACHABLE_HOLD: SignedDuration = SignedDuration::from_mins(5);

/// How many days ahead the end of a credential is told.
const EXPIRES_DAYS: f64 = 14.0;

/// How long our clock must seem to be ahead: one odd mail is corrected by the next.
const AHEAD_HOLD: SignedDuration = SignedDuration::from_mins(30);

/// Looks at the receiver itself and decides.
#[must_use]
pub fn judge(view: &OwnView, rules: &Rules, now: Timestamp) -> Decision {
    let mut judged: Vec<Judged> = Vec::new();
    judged.extend(view.unreachable.iter().map(|(mailbox, since, error)| unreachable(mailbox, *since, error)));
    judged.extend(view.ahead.iter().map(|(mailbox, by)| clock_ahead(mailbox, *by)));
    judged
        .extend(view.quarantined.iter().map(|(mailbox, reason, count)| quarantined(mailbox, reason, *count)));
    judged.extend(view.refused.iter().map(|(address, since, words)| refused(address, *since, words)));
    judged.extend(view.held_back.iter().map(|(address, count)| held_back(address, *count)));
    let full = |(mailbox, fills): (&String, &Vec<Fill>)| {
        fill::judge(mailbox, fills, &view.findings, &rules.mailbox_full, view.known.kept)
    };
    judged.extend(view.fills.iter().filter_map(full));
    judged.extend(ending::judge(&view.ending, &view.findings, &rules.contract_ending, now));
    for account in &view.known.accounts {
        judged.extend(account.refusing.iter().map(|refusing| sign_in_refused(account, refusing)));
        judged.extend(account.expiries.iter().filter_map(|expiry| expires_soon(account, expiry, now)));
    }

    let said: BTreeSet<(RuleId, String)> =
        judged.iter().map(|look| (look.rule.clone(), look.subject.clone())).collect();
    let over = view.findings.iter().filter(|was| !said.contains(&(was.rule.clone(), was.subject.clone())));
    judged.extend(over.map(|was| Judged {
        rule: was.rule.clone(),
        subject: was.subject.clone(),
        crossing: None,
        hold: SignedDuration::ZERO,
        evidence: "it is over".into(),
        since: None,
    }));
    let (findings, changes) = finding::advance(&view.findings, &judged, rules, false, now);
    // The limit keeps one noisy host from burying the others. Of us nothing may be left unsaid: an unreadable mailbox is the worst.
    let policy = TicketPolicy { most_open: usize::MAX, ..rules.tickets.clone() };
    let tickets = ticket::reconcile(&view.tickets, &findings, &changes, OWN_NAME, &policy, now);
    Decision { findings: changes, tickets, ..Decision::default() }
}

fn unreachable(mailbox: &str, since: Timestamp, error: &str) -> Judged {
    Judged {
        rule: id(built_in::MAILBOX_UNREACHABLE),
        subject: mailbox.to_owned(),
        crossing: Some(Crossing {
            severity: Severity::Critical,
            title: format!("mailbox {mailbox} cannot be read; no system is judged silent meanwhile"),
        }),
        hold: UNREACHABLE_HOLD,
        evidence: format!("since {since:.0}: {error}"),
        since: Some(since),
    }
}

fn clock_ahead(mailbox: &str, by: SignedDuration) -> Judged {
    Judged {
        rule: id(built_in::RECEIVER_CLOCK_WRONG),
        subject: mailbox.to_owned(),
        crossing: Some(Crossing {
            severity: Severity::High,
            title: format!(
                "this host's clock is ahead of the server of mailbox {mailbox}; silence is noticed late"
            ),
        }),
        hold: AHEAD_HOLD,
        evidence: format!(
            "even mails read at once seem to be {:#} old; set the clock (NTP)",
            whole_minutes(by)
        ),
        since: None,
    }
}

/// Evidence that changes with every second is written anew every second.
fn whole_minutes(by: SignedDuration) -> SignedDuration {
    SignedDuration::from_mins(by.as_mins())
}

fn quarantined(mailbox: &str, reason: &str, count: u64) -> Judged {
    Judged {
        rule: id(built_in::QUARANTINE_WAITING),
        subject: format!("{mailbox} {reason}"),
        crossing: Some(Crossing {
            severity: Severity::Low,
            title: format!("mail in quarantine from mailbox {mailbox}: {reason}"),
        }),
        hold: SignedDuration::ZERO,
        evidence: format!("{count} waiting; `mailbeat-receiver quarantine list` shows them"),
        since: None,
    }
}

fn refused(address: &str, since: Timestamp, words: &str) -> Judged {
    Judged {
        rule: id(built_in::NOTIFICATION_REFUSED),
        subject: address.to_owned(),
        crossing: Some(Crossing {
            severity: Severity::High,
            title: format!("notifications to {address} are refused"),
        }),
        hold: SignedDuration::ZERO,
        evidence: format!(
            "since {since:.0}: {words}; `mailbeat-receiver contacts edit` sets another address"
        ),
        since: Some(since),
    }
}

fn sign_in_refused(account: &Standing, refusing: &Refusing) -> Judged {
    Judged {
        rule: id(built_in::SIGN_IN_REFUSED),
        subject: account.account.clone(),
        crossing: Some(Crossing {
            severity: Severity::High,
            title: format!(
                "mail account {} is refused a token; mail stops when the last one is over",
                account.account
            ),
        }),
        hold: SignedDuration::ZERO,
        evidence: format!("since {:.0}: {}; {}", refusing.since, refusing.why, refusing.advice),
        since: Some(refusing.since),
    }
}

/// What a mail account signs in with, once little time is left.
fn expires_soon(account: &Standing, expiry: &Expiry, now: Timestamp) -> Option<Judged> {
    let days = expiry.days_left(now);
    let severity = match days {
        _ if days > EXPIRES_DAYS => return None,
        _ if days > EXPIRES_DAYS / 4.0 => Severity::Medium,
        _ => Severity::High,
    };
    let what = expiry.credential.name();
    Some(Judged {
        rule: id(built_in::CREDENTIAL_EXPIRES),
        subject: format!("{} {what}", account.account),
        crossing: Some(Crossing {
            severity,
            title: format!("the {what} of mail account {} expires soon", account.account),
        }),
        hold: SignedDuration::ZERO,
        evidence: format!(
            "it is good until {:.0}; `mailbeat-receiver oauth status` shows it, the operations manual how it is renewed",
            expiry.at
        ),
        since: None,
    })
}

fn held_back(address: &str, count: u64) -> Judged {
    Judged {
        rule: id(built_in::NOTIFICATIONS_HELD),
        subject: address.to_owned(),
        crossing: Some(Crossing {
            severity: Severity::Medium,
            title: format!("more notifications to {address} than one person reads"),
        }),
        hold: SignedDuration::ZERO,
        evidence: format!(
            "{count} wait for the next hour; `mailbeat-receiver tickets list` shows them all now"
        ),
        since: None,
    }
}
