//! A system's life as the pure core sees it: facts and times in, findings and tickets out.

#![allow(clippy::unwrap_used)] // a test that cannot go on should say where

mod checks;
mod endings;
mod fills;
mod gaps;
mod histories;
mod liveness;
mod missing;
mod own;
mod rules;
mod thresholds;
mod tickets;
mod words;

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use mailbeat_receiver::evaluate::finding::{Finding, FindingChange, Phase};
use mailbeat_receiver::evaluate::liveness::{Hearing, Liveness, due_at, late_at, liveness, silent_at};
use mailbeat_receiver::evaluate::missing::Reported;
use mailbeat_receiver::evaluate::own::{OwnView, judge as judge_receiver};
use mailbeat_receiver::evaluate::rules::Rules;
use mailbeat_receiver::evaluate::{BranchView, Decision, Gap, Occasion, Severity, SystemView, judge};
use mailbeat_receiver::render::words as in_mails;
use mailbeat_receiver::ticket::{Ticket, TicketChange, TicketEvent, TicketNumber, TicketState, What};
use mailbeat_shared::locale::Locale;
use mailbeat_shared::phrases;
use mailbeat_shared::wire::check::{CheckResult, CheckState};
use mailbeat_shared::wire::id::{Incarnation, SystemId};
use mailbeat_shared::wire::observation::{Attributes, Observation, attributes, names};

const HOUR: SignedDuration = SignedDuration::from_hours(1);
const MINUTE: SignedDuration = SignedDuration::from_mins(1);
const SECOND: SignedDuration = SignedDuration::from_secs(1);

/// One system, its findings and tickets carried from decision to decision as the store does.
struct World {
    view: SystemView,
    rules: Rules,
    now: Timestamp,
    next_ticket: i64,
    told: Vec<String>,
    reasons: Vec<String>,
}

impl World {
    fn new() -> Self {
        let start: Timestamp = "2026-11-22T00:00:00Z".parse().unwrap();
        let view = SystemView {
            system: SystemId::from_random([1; 16]),
            host: "scada-01".into(),
            customer: "ACME Wasserwerke".into(),
            contract: "ACME-1".parse().unwrap(),
            registered_at: start,
            life_at: Some(start),
            system_report_at: Some(start),
            heartbeat_interval: HOUR,
            system_interval: HOUR * 24,
            held_until: None,
            paused: false,
            system_reports_from: None,
            system_reports_until: None,
            expected_until: None,
            deactivated_at: None,
            clock_skew: SignedDuration::ZERO,
            branches: vec![],
            gaps: vec![],
            reported: Reported::default(),
            findings: vec![],
            tickets: vec![],
        };
        Self { view, rules: Rules::built_in(), now: start, next_ticket: 1001, told: vec![], reasons: vec![] }
    }

    fn pass(&mut self, by: SignedDuration) -> &mut Self {
        self.now += by;
        self
    }

    /// A heartbeat made and received now.
    fn beat(&mut self, observations: &[Observation]) -> &mut Self {
        self.beat_with(observations, &[], self.now)
    }

    fn beat_with(
        &mut self,
        observations: &[Observation],
        checks: &[CheckResult],
        life_at: Timestamp,
    ) -> &mut Self {
        self.view.life_at = self.view.life_at.max(Some(life_at));
        let occasion = Occasion::Report { life_at, observations: Some(observations), checks };
        let decision = judge(&self.view, occasion, &self.rules, self.now);
        self.record(decision);
        self
    }

    fn tick_heard(&mut self, heard_until: Option<Timestamp>) -> &mut Self {
        let decision = judge(&self.view, Occasion::Tick { heard_until }, &self.rules, self.now);
        self.record(decision);
        self
    }

    fn tick(&mut self) -> &mut Self {
        self.tick_heard(Some(self.now))
    }

    /// A heartbeat with these checks and nothing else, made and received now.
    fn check(&mut self, checks: &[CheckResult]) -> &mut Self {
        self.beat_with(&[], checks, self.now)
    }

    /// The store's rules replaced by the default ones and these.
    fn ruled(&mut self, more: &str) -> &mut Self {
        let text = format!("{}\n{more}", mailbeat_receiver::evaluate::rules::DEFAULT);
        self.rules = Rules::parse(Path::new("rules.toml"), &text).unwrap();
        self
    }

    /// What the store does with a decision.
    fn record(&mut self, decision: Decision) {
        for change in decision.findings {
            let (FindingChange::Put(finding) | FindingChange::Ended { finding, .. }) = &change;
            let (rule, subject) = (finding.rule.clone(), finding.subject.clone());
            self.view.findings.retain(|finding| finding.rule != rule || finding.subject != subject);
            if let FindingChange::Put(finding) = change {
                self.view.findings.push(finding);
            }
        }
        for change in decision.tickets {
            let (number, event) = match change {
                TicketChange::Open { rule, subject, event } => {
                    let number = TicketNumber(self.next_ticket);
                    self.next_ticket += 1;
                    self.view.tickets.push(Ticket::open(number, rule, subject, &event).unwrap());
                    (number, event)
                }
                TicketChange::Event { number, event } => {
                    let ticket = self.view.tickets.iter_mut().find(|ticket| ticket.number == number).unwrap();
                    ticket.apply(&event);
                    (number, event)
                }
            };
            assert!(!event.reason.is_empty(), "an event without its reason: {event:?}");
            let ticket = self.view.tickets.iter().find(|ticket| ticket.number == number).unwrap();
            // What an operator wrote is the operator's; everything else a German contact reads in German.
            let own_titles = self.rules.checks.iter().any(|rule| rule.title.is_some());
            if Rules::built_in().knows(&ticket.rule) && !own_titles {
                let about = ["scada-01: ", "Mailbeat receiver: "];
                let title = about.iter().find_map(|host| ticket.title.strip_prefix(host));
                let title = title.unwrap_or(&ticket.title);
                for sentence in [title, &event.reason] {
                    assert!(german(sentence).is_some(), "{sentence:?} has no German");
                }
            }
            self.told.push(format!("{number} {}", event.what.as_str()));
            self.reasons.push(event.reason);
        }
        self.view.tickets.retain(|ticket| ticket.state != TicketState::Closed);
        if let Some(reported) = decision.reported {
            self.view.reported = reported;
        }
        self.view.gaps.retain(|gap| !decision.settled.contains(gap));
    }

    /// A person resolves a ticket.
    fn resolve(&mut self, rule: &str) -> &mut Self {
        let (at, reason, by) = (self.now, "seen".to_owned(), "olivia".to_owned());
        let ticket = self.view.tickets.iter_mut().find(|ticket| ticket.rule.as_str() == rule).unwrap();
        ticket.apply(&TicketEvent { at, what: What::Resolved, reason, by });
        self
    }

    fn told(&mut self) -> Vec<String> {
        std::mem::take(&mut self.told)
    }

    /// What the receiver tells about itself, of this and of what was found and opened before.
    fn judge_the_receiver(&mut self, seen: OwnView) -> Vec<String> {
        let view =
            OwnView { findings: self.view.findings.clone(), tickets: self.view.tickets.clone(), ..seen };
        let decision = judge_receiver(&view, &self.rules, self.now);
        self.record(decision);
        self.told()
    }

    /// Why the last thing told happened.
    fn reason(&self) -> &str {
        self.reasons.last().unwrap()
    }

    fn ticket(&self, rule: &str) -> &Ticket {
        self.view.tickets.iter().find(|ticket| ticket.rule.as_str() == rule).expect(rule)
    }
}

/// A table of the rules is refused with its line and the reason.
#[track_caller]
fn is_refused(table: &str, settings: &str, what: &str) {
    let text = format!("\n[{table}]\n{settings}\n");
    let error = Rules::parse(Path::new("rules.toml"), &text).unwrap_err().to_string();
    let place = format!("rules.toml, line 2: [{table}]: ");
    assert!(error.contains(&place) && error.contains(what), "{error}");
}

fn german(sentence: &str) -> Option<String> {
    phrases::translate(sentence, in_mails::of(Locale::De).phrases(), Locale::De)
}

/// A check that says this since now.
fn said(name: &str, state: CheckState, output: &str, since: Timestamp) -> CheckResult {
    CheckResult { output: output.into(), ..CheckResult::new(name, state, since) }
}

fn gap(first: u64, last: u64, seen_at: Timestamp) -> Gap {
    Gap { branch: 1, first, last, seen_at }
}

fn disk(mount: &str, utilization: f64) -> Observation {
    Observation::new(&names::FILESYSTEM_UTILIZATION, utilization).with(attributes::MOUNTPOINT, mount)
}

fn memory(utilization: f64) -> Observation {
    Observation::new(&names::MEMORY_UTILIZATION, utilization)
}
