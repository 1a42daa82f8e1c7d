//! A system's life as the pure core sees it: facts and times in, findings and tickets out.

#![allow(clippy::unwrap_used)] // a test that cannot go on should say where

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use mailbeat_receiver::evaluate::finding::{Finding, FindingChange, Phase};
use mailbeat_receiver::evaluate::liveness::{Hearing, Liveness, due_at, liveness};
use mailbeat_receiver::evaluate::own::{self, OwnView};
use mailbeat_receiver::evaluate::rules::Rules;
use mailbeat_receiver::evaluate::{BranchView, Decision, Gap, Occasion, Severity, SystemView, judge};
use mailbeat_receiver::ticket::{Ticket, TicketChange, TicketNumber, TicketState, What};
use mailbeat_shared::wire::id::{Incarnation, SystemId};
use mailbeat_shared::wire::observation::{CheckResult, CheckState, Observation, attributes, names};

const HOUR: SignedDuration = SignedDuration::from_hours(1);
const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// One system, its findings and tickets carried from decision to decision as the store does.
struct World {
    view: SystemView,
    rules: Rules,
    now: Timestamp,
    next_ticket: i64,
    told: Vec<String>,
}

impl World {
    fn new() -> Self {
        let start: Timestamp = "2026-11-22T00:00:00Z".parse().unwrap();
        let view = SystemView {
            system: SystemId::from_random([1; 16]),
            host: "scada-01".into(),
            contract: "ACME-1".parse().unwrap(),
            registered_at: start,
            life_at: Some(start),
            system_report_at: Some(start),
            heartbeat_interval: HOUR,
            system_interval: HOUR * 24,
            held_until: None,
            paused: false,
            deactivated_at: None,
            clock_skew: SignedDuration::ZERO,
            branches: vec![],
            gaps: vec![],
            findings: vec![],
            tickets: vec![],
        };
        Self { view, rules: Rules::built_in(), now: start, next_ticket: 1001, told: vec![] }
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
            self.told.push(format!("{number} {}", event.what.as_str()));
        }
        self.view.tickets.retain(|ticket| ticket.state != TicketState::Closed);
    }

    fn told(&mut self) -> Vec<String> {
        std::mem::take(&mut self.told)
    }

    fn ticket(&self, rule: &str) -> &Ticket {
        self.view.tickets.iter().find(|ticket| ticket.rule.as_str() == rule).expect(rule)
    }
}

fn disk(mount: &str, utilization: f64) -> Observation {
    Observation::new(&names::FILESYSTEM_UTILIZATION, utilization).with(attributes::MOUNTPOINT, mount)
}

fn memory(utilization: f64) -> Observation {
    Observation::new(&names::MEMORY_UTILIZATION, utilization)
}

#[test]
fn a_healthy_day_leads_to_no_ticket() {
    let mut world = World::new();
    for _ in 0..24 {
        world.pass(HOUR).beat(&[disk("/", 0.4), memory(0.5)]).tick();
    }
    assert!(world.told().is_empty() && world.view.findings.is_empty());
}

#[test]
fn a_full_disk_opens_a_ticket_rises_falls_and_resolves() {
    let mut world = World::new();
    world.pass(HOUR).beat(&[disk("/var", 0.90)]);
    assert_eq!(world.told(), ["MB-1001 opened"]);
    assert_eq!(world.ticket("filesystem-full").title, "scada-01: filesystem /var is 90 % full");
    world.pass(HOUR).beat(&[disk("/var", 0.90)]);
    assert!(world.told().is_empty(), "the same again is no news");
    world.pass(HOUR).beat(&[disk("/var", 0.99)]);
    assert_eq!(world.told(), ["MB-1001 severity_changed"]);
    assert_eq!(world.ticket("filesystem-full").severity, Severity::Critical);
    world.pass(HOUR).beat(&[disk("/var", 0.40)]);
    assert_eq!(world.told(), ["MB-1001 resolved"]);
}

#[test]
fn a_value_on_the_edge_does_not_flap() {
    let mut world = World::new();
    world.pass(HOUR).beat(&[disk("/", 0.851)]);
    for value in [0.849, 0.852, 0.84, 0.849, 0.851] {
        world.pass(HOUR).beat(&[disk("/", value)]);
    }
    assert_eq!(world.told(), ["MB-1001 opened"], "within the clear margin it stays as it is");
    world.pass(HOUR).beat(&[disk("/", 0.82)]);
    assert_eq!(world.told(), ["MB-1001 resolved"]);
}

#[test]
fn what_comes_back_soon_reopens_its_ticket_and_later_opens_another() {
    let mut world = World::new();
    world.pass(HOUR).beat(&[disk("/", 0.9)]).pass(HOUR).beat(&[disk("/", 0.1)]);
    world.pass(HOUR).beat(&[disk("/", 0.9)]);
    assert_eq!(world.told(), ["MB-1001 opened", "MB-1001 resolved", "MB-1001 reopened"]);
    world.pass(HOUR).beat(&[disk("/", 0.1)]).pass(HOUR * 30).beat(&[disk("/", 0.9)]);
    assert_eq!(world.told(), ["MB-1001 resolved", "MB-1001 closed", "MB-1002 opened"]);
}

#[test]
fn a_threshold_with_a_hold_waits_for_a_second_look() {
    let mut world = World::new();
    world.pass(HOUR).beat(&[memory(0.95)]);
    assert!(world.told().is_empty());
    assert_eq!(world.view.findings[0].phase, Phase::Pending);
    world.pass(HOUR).beat(&[memory(0.95)]);
    assert_eq!(world.told(), ["MB-1001 opened"]);
    world.pass(HOUR).beat(&[memory(0.5)]).pass(HOUR).beat(&[memory(0.95)]).pass(HOUR).beat(&[memory(0.5)]);
    assert_eq!(world.told(), ["MB-1001 resolved"], "a single peak is no news");
}

#[test]
fn a_vanished_disk_leaves_its_ticket_stale_and_then_resolved_with_that_reason() {
    let mut world = World::new();
    world.pass(HOUR).beat(&[disk("/mnt/usb", 0.99)]).pass(HOUR).beat(&[disk("/", 0.1)]);
    assert_eq!(world.told(), ["MB-1001 opened", "MB-1001 became_stale"]);
    for _ in 0..24 {
        world.pass(HOUR).beat(&[disk("/", 0.1)]);
    }
    assert_eq!(world.told(), ["MB-1001 resolved"]);
}

#[test]
fn a_ticket_a_person_resolved_stays_resolved_while_nothing_changes_and_reopens_when_it_gets_worse() {
    let mut world = World::new();
    world.pass(HOUR).beat(&[disk("/", 0.9)]);
    world.view.tickets[0].state = TicketState::Resolved;
    world.view.tickets[0].resolved_at = Some(world.now + MINUTE);
    world.pass(HOUR).beat(&[disk("/", 0.91)]);
    assert_eq!(world.told(), ["MB-1001 opened"]);
    world.pass(HOUR).beat(&[disk("/", 0.99)]);
    assert_eq!(world.told(), ["MB-1001 reopened"]);
}

#[test]
fn a_host_that_falls_silent_is_late_then_silent_gets_one_ticket_and_is_alive_again() {
    let mut world = World::new();
    let heard = |world: &World| liveness(&world.view, &world.rules.liveness, Some(world.now), world.now);
    assert_eq!(heard(&world), Liveness::Alive);
    world.pass(HOUR + MINUTE * 16).tick();
    assert_eq!(heard(&world), Liveness::Late);
    assert!(world.told().is_empty(), "late opens no ticket");
    let due = due_at(&world.view, &[], &world.rules, world.now).unwrap();
    assert_eq!(due, world.view.life_at.unwrap() + HOUR * 2 + MINUTE * 15);
    world.pass(HOUR).tick().pass(HOUR).tick().pass(HOUR).tick();
    assert_eq!(heard(&world), Liveness::Silent);
    assert_eq!(world.told(), ["MB-1001 opened"]);
    assert_eq!(world.view.findings[0].since, due, "dated when it happened, not when it was noticed");
    world.pass(MINUTE).beat(&[]);
    assert_eq!((heard(&world), world.told()), (Liveness::Alive, vec!["MB-1001 resolved".to_owned()]));
}

#[test]
fn a_deaf_receiver_accuses_nobody() {
    let mut world = World::new();
    let heard_until = world.now + MINUTE * 30;
    world.pass(HOUR * 10).tick_heard(Some(heard_until)).tick_heard(None);
    assert!(world.told().is_empty());
    world.tick();
    assert_eq!(world.told(), ["MB-1001 opened"]);
}

#[test]
fn after_deafness_judging_waits_as_long_as_it_lasted_but_75_minutes_at_most() {
    let start: Timestamp = "2026-11-22T00:00:00Z".parse().unwrap();
    let hearing = Hearing::first(start).drained(start + MINUTE, MINUTE);
    assert_eq!(hearing.heard_until(start + MINUTE), Some(start + MINUTE));
    let after_outage = hearing.drained(start + MINUTE * 21, MINUTE);
    assert_eq!(after_outage.heard_until(start + MINUTE * 40), None);
    assert_eq!(after_outage.heard_until(start + MINUTE * 41), Some(start + MINUTE * 21));
    let after_days = hearing.drained(start + HOUR * 72, MINUTE);
    assert_eq!(after_days.heard_until(start + HOUR * 72 + MINUTE * 74), None);
    assert!(after_days.heard_until(start + HOUR * 72 + MINUTE * 75).is_some());
    let clock_went_back = hearing.drained(start - HOUR, MINUTE);
    assert_eq!(clock_went_back.heard_until(start), None);
}

#[test]
fn a_heartbeat_four_hours_late_proves_life_four_hours_ago() {
    let mut world = World::new();
    world.pass(HOUR * 5).tick();
    assert_eq!(world.told(), ["MB-1001 opened"]);
    let four_hours_ago = world.now - HOUR * 4;
    world.beat_with(&[], &[], four_hours_ago);
    assert!(world.told().is_empty(), "it says nothing about now");
    assert_eq!(liveness(&world.view, &world.rules.liveness, Some(world.now), world.now), Liveness::Silent);
}

#[test]
fn announced_maintenance_holds_judgement_and_its_end_gives_the_full_time_again() {
    let mut world = World::new();
    world.view.held_until = Some(world.now + HOUR * 8);
    world.pass(HOUR * 7).tick();
    assert_eq!(liveness(&world.view, &world.rules.liveness, Some(world.now), world.now), Liveness::Paused);
    world.pass(HOUR * 2).tick();
    assert!(world.told().is_empty());
    world.pass(HOUR * 2).tick();
    assert_eq!(world.told(), ["MB-1001 opened"]);
}

#[test]
fn a_paused_system_is_judged_by_nobody_and_its_silence_ticket_ends() {
    let mut world = World::new();
    world.pass(HOUR * 5).tick();
    world.view.paused = true;
    world.tick();
    assert_eq!(world.told(), ["MB-1001 opened", "MB-1001 resolved"]);
}

#[test]
fn switching_the_agent_off_is_a_visible_ticket_and_no_silence() {
    let mut world = World::new();
    world.view.deactivated_at = Some(world.now);
    world.pass(HOUR * 50).tick();
    assert_eq!(world.told(), ["MB-1001 opened"]);
    assert_eq!(world.ticket("agent-deactivated").severity, Severity::Medium);
}

#[test]
fn a_missing_system_report_is_found_while_heartbeats_go_on_and_a_silent_host_has_one_ticket_only() {
    let mut world = World::new();
    for _ in 0..31 {
        world.pass(HOUR).beat(&[]).tick();
    }
    assert_eq!(world.told(), ["MB-1001 opened"]);
    assert_eq!(world.ticket("system-report-missing").severity, Severity::Medium);
    let mut silent = World::new();
    silent.pass(HOUR * 60).tick();
    assert_eq!(silent.told(), ["MB-1001 opened"]);
}

#[test]
fn a_hole_in_the_sequence_is_a_finding_after_six_hours_and_ends_when_it_is_filled() {
    let mut world = World::new();
    world.view.gaps = vec![Gap { first: 812, last: 815, seen_at: world.now }];
    world.pass(HOUR * 5).beat(&[]).tick();
    assert!(world.told().is_empty());
    let heard_until = world.now;
    world.pass(HOUR).beat(&[]).tick_heard(Some(heard_until));
    assert!(world.told().is_empty(), "it may lie in the mailbox, unread since an hour");
    world.tick();
    assert_eq!(world.told(), ["MB-1001 opened"]);
    world.pass(HOUR).beat(&[]).tick_heard(None);
    assert!(world.told().is_empty());
    assert!(world.ticket("reports-lost").title.contains("4 reports were sent and never arrived"));
    world.view.gaps.clear();
    world.pass(HOUR).beat(&[]);
    assert_eq!(world.told(), ["MB-1001 resolved"]);
}

#[test]
fn a_gap_is_due_when_its_six_hours_are_over_however_many_reports_come_until_then() {
    let mut world = World::new();
    let ripe_at = world.now + HOUR * 6;
    world.view.gaps = vec![Gap { first: 812, last: 815, seen_at: world.now }];
    for _ in 0..11 {
        world.pass(MINUTE * 30).beat(&[]);
        let due = due_at(&world.view, &world.view.findings, &world.rules, world.now).unwrap();
        assert!(due <= ripe_at, "a report put the look off");
    }
}

#[test]
fn two_growing_histories_are_a_clone_and_a_quiet_old_one_is_a_restored_state() {
    let branch = |incarnation, began_at, life_at| BranchView {
        incarnation: Incarnation(incarnation),
        began_at,
        life_at,
    };
    let mut world = World::new();
    let start = world.now;
    for hour in 1..=3 {
        world.pass(HOUR);
        world.view.branches = vec![branch(1, start - HOUR, world.now), branch(2, start, world.now)];
        world.beat(&[]);
        assert_eq!(
            world.view.findings.iter().filter(|f| f.rule.as_str() == "system-cloned").count(),
            1,
            "hour {hour}"
        );
    }
    assert_eq!(world.told(), ["MB-1001 opened"]);

    // A gap put one report of a clone into a branch of its own, which began last and did not go on.
    let (stray, now) = (world.now, world.now + HOUR * 3);
    world.view.branches.push(branch(3, stray, stray));
    world.view.branches[..2].iter_mut().for_each(|growing| growing.life_at = now);
    world.pass(HOUR * 3).beat(&[]);
    assert!(world.told().is_empty(), "they still are two");

    let mut restored = World::new();
    for _ in 0..30 {
        restored.pass(HOUR);
        restored.view.branches =
            vec![branch(1, start - HOUR * 90, start - HOUR), branch(2, start, restored.now)];
        restored.beat(&[]);
    }
    assert_eq!(restored.told(), ["MB-1001 opened", "MB-1001 resolved"], "low, and it resolves itself");
}

#[test]
fn clones_whose_heartbeats_come_in_the_same_second_are_two() {
    let mut world = World::new();
    let start = world.now;
    for hour in 1..=3 {
        world.pass(HOUR);
        let branch = BranchView { incarnation: Incarnation(1), began_at: start, life_at: world.now };
        world.view.branches = vec![branch.clone(), branch];
        world.beat(&[]);
        assert!(world.view.findings.iter().any(|f| f.rule.as_str() == "system-cloned"), "hour {hour}");
    }
    assert_eq!(world.told(), ["MB-1001 opened"]);
}

#[test]
fn a_clone_that_is_gone_leaves_nothing_to_say_of_the_history_that_went_on() {
    let mut world = World::new();
    let start = world.now;
    for hour in 1..=8 {
        world.pass(HOUR);
        let gone = world.now.min(start + HOUR * 4);
        let branch = |incarnation, began_at, life_at| BranchView {
            incarnation: Incarnation(incarnation),
            began_at,
            life_at,
        };
        world.view.branches = vec![branch(1, start - HOUR, world.now), branch(2, start, gone)];
        world.beat(&[]);
        assert!(world.view.findings.iter().all(|f| f.rule.as_str() == "system-cloned"), "hour {hour}");
    }
    assert_eq!(world.told(), ["MB-1001 opened", "MB-1001 resolved"]);
}

#[test]
fn a_wrong_clock_is_a_finding_of_its_own() {
    let mut world = World::new();
    world.view.clock_skew = HOUR * -3;
    world.pass(HOUR).beat(&[]);
    assert_eq!(world.told(), ["MB-1001 opened"]);
    assert!(world.ticket("clock-wrong").title.contains("ahead"), "{}", world.ticket("clock-wrong").title);
}

#[test]
fn a_check_that_is_critical_opens_a_ticket_and_one_that_is_no_longer_reported_goes_stale() {
    let mut world = World::new();
    let check = CheckResult {
        name: "backup".into(),
        state: CheckState::Critical,
        since: world.now,
        output: "newest backup is 9 days old\nmore".into(),
        observations: vec![],
    };
    let now = world.now;
    world.beat_with(&[], std::slice::from_ref(&check), now);
    assert_eq!(
        world.ticket("check").title,
        "scada-01: check backup is critical: newest backup is 9 days old"
    );
    assert_eq!(world.ticket("check").severity, Severity::High);
    world.pass(HOUR).beat(&[]);
    assert_eq!(world.told(), ["MB-1001 opened", "MB-1001 became_stale"]);
}

#[test]
fn a_storm_of_findings_opens_twenty_tickets_and_the_rest_when_there_is_room() {
    let mut world = World::new();
    let disks: Vec<Observation> = (0..25).map(|n| disk(&format!("/data/{n:02}"), 0.99)).collect();
    world.pass(HOUR).beat(&disks);
    assert_eq!(world.told().len(), 20);
    let mended: Vec<Observation> =
        (0..25).map(|n| disk(&format!("/data/{n:02}"), if n < 10 { 0.1 } else { 0.99 })).collect();
    world.pass(HOUR).beat(&mended);
    let told = world.told();
    assert_eq!(told.iter().filter(|line| line.ends_with("resolved")).count(), 10);
    assert_eq!(told.iter().filter(|line| line.ends_with("opened")).count(), 5);
}

#[test]
fn judging_twice_changes_nothing() {
    let mut world = World::new();
    world.pass(HOUR * 5).tick().beat(&[disk("/", 0.99)]);
    world.told();
    world.beat(&[disk("/", 0.99)]).tick();
    assert!(world.told().is_empty());
}

#[test]
fn the_receivers_own_troubles_are_tickets_too_and_end_when_they_are_over() {
    let rules = Rules::built_in();
    let now: Timestamp = "2026-11-22T00:00:00Z".parse().unwrap();
    let mut view = OwnView {
        unreachable: vec![("reports".into(), now, "connection refused".into())],
        ..OwnView::default()
    };
    let early = own::judge(&view, &rules, now + MINUTE);
    assert!(early.tickets.is_empty(), "a hiccup is no ticket");
    let decision = own::judge(&view, &rules, now + MINUTE * 6);
    let [TicketChange::Open { rule, subject, event }] = decision.tickets.as_slice() else {
        panic!("{decision:?}")
    };
    assert!(event.reason.contains("connection refused"));

    view.findings = decision.findings.iter().filter_map(put).collect();
    view.tickets = vec![Ticket::open(TicketNumber::FIRST, rule.clone(), subject.clone(), event).unwrap()];
    view.unreachable.clear();
    let over = own::judge(&view, &rules, now + HOUR);
    assert!(
        matches!(over.tickets.as_slice(), [TicketChange::Event { event, .. }] if event.what == What::Resolved)
    );
}

fn put(change: &FindingChange) -> Option<Finding> {
    match change {
        FindingChange::Put(finding) => Some(finding.clone()),
        FindingChange::Ended { .. } => None,
    }
}

mod rules {
    use super::*;

    #[track_caller]
    fn refused(text: &str, wanted: &str) {
        let error = Rules::parse(Path::new("rules.toml"), text).expect_err(wanted).to_string();
        assert!(error.contains(wanted), "{error:?} does not say {wanted:?}");
    }

    #[test]
    fn the_default_rules_are_sensible() {
        assert!(Rules::built_in().thresholds.len() >= 5);
    }

    #[test]
    fn a_senseless_rule_is_refused_with_file_line_and_what_to_do() {
        let rule =
            |extra: &str| format!("[[threshold]]\nid = \"a\"\nmetric = \"m\"\ntitle = \"t\"\n{extra}\n");
        refused(&rule(""), "rules.toml, line 2: threshold `a`: give either `above` or `below`");
        refused(
            &rule("above = { medium = 3, high = 2 }"),
            "a more urgent severity must have the more extreme value",
        );
        refused(
            &rule("below = { medium = 2, high = 3 }"),
            "a more urgent severity must have the more extreme value",
        );
        refused(&(rule("above = { low = 1 }") + &rule("above = { low = 1 }")), "the name is used twice");
        refused(&rule("above = { urgent = 1 }"), "unknown variant `urgent`");
        refused(&rule("abvoe = { low = 1 }"), "unknown key `abvoe`; did you mean `above`?");
        refused("[liveness]\ngrace = \"soon\"\n", "rules.toml, line 2");
    }

    #[test]
    fn below_works_like_above_turned_round() {
        let text = "[[threshold]]\nid = \"days-left\"\nmetric = \"m\"\nbelow = { low = 30, high = 7 }\nclear_margin = 1\ntitle = \"{value}\"\n";
        let mut world = World::new();
        world.rules = Rules::parse(Path::new("rules.toml"), text).unwrap();
        let days = |value| Observation { name: "m".into(), attributes: [].into(), value, unit: "d".into() };
        world.pass(HOUR).beat(&[days(31.0)]);
        assert!(world.told().is_empty());
        world.pass(HOUR).beat(&[days(29.0)]).pass(HOUR).beat(&[days(30.5)]).pass(HOUR).beat(&[days(6.0)]);
        assert_eq!(world.told(), ["MB-1001 opened", "MB-1001 severity_changed"]);
        assert_eq!(world.ticket("days-left").title, "scada-01: 6 d");
        world.pass(HOUR).beat(&[days(40.0)]);
        assert_eq!(world.told(), ["MB-1001 resolved"]);
    }

    #[test]
    fn images_that_are_always_full_are_left_out_by_the_default_rules() {
        let mut world = World::new();
        world.pass(HOUR).beat(&[disk("/snap/core", 1.0).with(attributes::FILESYSTEM_TYPE, "squashfs")]);
        assert!(world.told().is_empty());
    }
}
