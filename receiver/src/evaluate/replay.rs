//! What rules would have said of heartbeats that came before: to try rules before they are in force. Pure.
//!
//! Numbers and checks are judged, each heartbeat at the time it was made, on findings and tickets of its own: what is open now plays
//! no part. Silence and gaps depend on what was heard when, and are left out.

use jiff::Timestamp;
use mailbeat_shared::wire::report::Heartbeat;
use serde::Serialize;

use super::finding::FindingChange;
use super::missing::Reported;
use super::rules::{Rules, is_about_what_is_reported};
use super::{Decision, Occasion, Severity, SystemView, judge};
use crate::ticket::{Ticket, TicketChange, TicketNumber, TicketState};

/// Something that would have happened to a ticket.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Told {
    /// When.
    pub at: Timestamp,
    /// The rule.
    pub rule: String,
    /// What it is about.
    pub subject: String,
    /// `opened`, `resolved` ...
    pub event: &'static str,
    /// How urgent it would have been then.
    pub severity: Severity,
    /// The ticket's title.
    pub title: String,
}

/// A system as it would have been under other rules.
#[derive(Debug)]
pub struct Replay {
    view: SystemView,
    next: TicketNumber,
}

impl Replay {
    /// Begins with nothing wrong.
    #[must_use]
    pub fn new(view: SystemView) -> Self {
        let view = SystemView {
            branches: vec![],
            gaps: vec![],
            findings: vec![],
            tickets: vec![],
            reported: Reported::default(),
            deactivated_at: None,
            paused: false,
            ..view
        };
        Self { view, next: TicketNumber(1) }
    }

    /// What the rules would have said of this heartbeat; they come in order.
    pub fn heartbeat(&mut self, life_at: Timestamp, said: &Heartbeat, rules: &Rules) -> Vec<Told> {
        self.view.life_at = Some(life_at);
        self.view.system_report_at = Some(life_at);
        let occasion =
            Occasion::Report { life_at, observations: Some(&said.observations), checks: &said.checks };
        let decision = judge(&self.view, occasion, rules, life_at);
        self.take(decision)
    }

    /// What would still be open.
    #[must_use]
    pub fn unresolved(&self) -> usize {
        self.view.tickets.iter().filter(|ticket| ticket.state.is_unresolved()).count()
    }

    fn take(&mut self, decision: Decision) -> Vec<Told> {
        for change in decision.findings {
            let (FindingChange::Put(is) | FindingChange::Ended { finding: is, .. }) = &change;
            self.view.findings.retain(|was| was.rule != is.rule || was.subject != is.subject);
            if let FindingChange::Put(is) = change {
                self.view.findings.push(is);
            }
        }
        self.view.reported = decision.reported.unwrap_or(std::mem::take(&mut self.view.reported));
        let told = decision.tickets.into_iter().filter_map(|change| self.change(change)).collect();
        self.view.tickets.retain(|ticket| ticket.state != TicketState::Closed);
        told
    }

    fn change(&mut self, change: TicketChange) -> Option<Told> {
        let (number, event) = match change {
            TicketChange::Open { rule, subject, event } => {
                let number = self.next;
                self.next = TicketNumber(number.0 + 1);
                self.view.tickets.push(Ticket::open(number, rule, subject, &event)?);
                (number, event)
            }
            TicketChange::Event { number, event } => (number, event),
        };
        let ticket = self.view.tickets.iter_mut().find(|ticket| ticket.number == number)?;
        ticket.apply(&event);
        // Of what is left out the clock alone could speak here.
        is_about_what_is_reported(&ticket.rule).then(|| Told {
            at: event.at,
            rule: ticket.rule.to_string(),
            subject: ticket.subject.clone(),
            event: event.what.as_str(),
            severity: ticket.severity,
            title: ticket.title.clone(),
        })
    }
}
