//! A contract that ends is told of in time, more urgently as its end comes near, until it is renewed.

use mailbeat_receiver::evaluate::ending::{Ending, Renewed, handing_over};

use super::*;

const DAY: SignedDuration = SignedDuration::from_hours(24);

#[allow(clippy::unnecessary_wraps)] // as an ending holds it
fn renewal(revision: u32) -> Option<Renewed> {
    Some(Renewed { revision, valid_until: None, holds_secret: false })
}

/// The receiver, which holds contracts that systems report under.
struct Office {
    world: World,
    contracts: Vec<Ending>,
}

impl Office {
    /// With one contract that ends in so many days.
    fn new(days: i32) -> Self {
        let world = World::new();
        let contracts = vec![Ending {
            number: "ACME-2026-001".parse().unwrap(),
            customer: "ACME Wasserwerke".into(),
            ends_at: world.now + DAY * days,
            grace_days: 14,
            systems: 3,
            hosts: "pump-01, pump-02, scada-01".into(),
            renewed: None,
            contacts: 1,
        }];
        Self { world, contracts }
    }

    /// What is told after so much time. The store gives what ends within the rules' horizon.
    fn look_after(&mut self, time: SignedDuration) -> Vec<String> {
        self.world.pass(time);
        let horizon = self.world.rules.contract_ending.horizon(self.world.now);
        let near = self.contracts.iter().filter(|contract| contract.ends_at <= horizon);
        let seen = OwnView { ending: near.cloned().collect(), ..OwnView::default() };
        self.world.judge_the_receiver(seen)
    }

    fn ticket(&self) -> (&str, Severity) {
        let ticket = self.world.ticket("contract-ending");
        (&ticket.title, ticket.severity)
    }
}

#[test]
fn a_contract_is_told_of_60_30_and_7_days_before_its_end_and_until_it_is_renewed() {
    let mut office = Office::new(61);
    assert!(office.look_after(DAY - MINUTE).is_empty());
    assert_eq!(office.look_after(MINUTE), ["MB-1001 opened"]);
    let last_day = (office.contracts[0].ends_at - SignedDuration::from_secs(1)).strftime("%F").to_string();
    let ends = format!(
        "Mailbeat receiver: contract ACME-2026-001 of ACME Wasserwerke is valid on its hosts until {last_day}"
    );
    assert_eq!(office.ticket(), (ends.as_str(), Severity::Low));
    assert_eq!(
        office.world.reason(),
        "systems that report under it: 3 (pump-01, pump-02, scada-01); 14 days after its end nothing is heard of them any more; \
         `mailbeat-receiver contracts renew ACME-2026-001 --valid-until DAY` makes the file that the customer activates"
    );
    assert!(office.look_after(DAY * 29).is_empty(), "nothing is said twice");
    assert_eq!(office.look_after(DAY), ["MB-1001 severity_changed"]);
    assert_eq!(office.ticket(), (ends.as_str(), Severity::Medium));
    assert!(office.look_after(DAY * 22).is_empty());
    assert_eq!(office.look_after(DAY), ["MB-1001 severity_changed"]);
    assert_eq!(office.ticket(), (ends.as_str(), Severity::High));
    assert!(office.look_after(DAY * 20).is_empty(), "an end that is past is as urgent");

    office.contracts[0].ends_at = office.world.now + DAY * 365;
    assert_eq!(office.look_after(MINUTE), ["MB-1001 resolved"]);
    assert_eq!(
        office.world.reason(),
        "every system that reports has a later one, or the contract is revoked"
    );
    assert!(office.look_after(DAY * 304).is_empty());
    assert_eq!(office.look_after(DAY), ["MB-1001 closed", "MB-1002 opened"], "and so each year");
}

#[test]
fn one_that_had_ended_when_it_was_first_seen_is_urgent_at_once() {
    let mut office = Office::new(-3);
    assert_eq!(office.look_after(MINUTE), ["MB-1001 opened"]);
    let (title, severity) = office.ticket();
    assert!(
        title.contains("of ACME Wasserwerke is valid on its hosts until ") && severity == Severity::High,
        "{title}"
    );
}

#[test]
fn a_renewal_that_hosts_have_not_taken_up_is_told_with_them_until_they_have() {
    let mut office = Office::new(40);
    assert_eq!(office.look_after(MINUTE), ["MB-1001 opened"]);
    let renewed = Ending {
        renewed: renewal(2),
        systems: 2,
        hosts: "pump-01, pump-02".into(),
        ..office.contracts[0].clone()
    };
    office.contracts = vec![renewed];
    assert!(office.look_after(MINUTE).is_empty(), "who renewed it knows");
    assert_eq!(office.look_after(DAY * 10), ["MB-1001 severity_changed"]);
    let reason = office.world.reason();
    assert!(reason.starts_with("systems that report under it: 2 (pump-01, pump-02); 14 days"), "{reason}");
    assert!(
        reason.ends_with(
            "it is renewed: `mailbeat-agent activate ACME-2026-001.2.contract` on each of them takes that up"
        ),
        "{reason}"
    );
    office.contracts.clear();
    assert_eq!(office.look_after(MINUTE), ["MB-1001 resolved"]);
}

#[test]
fn of_two_revisions_under_which_hosts_report_the_first_to_end_is_told() {
    let mut office = Office::new(20);
    let later = Ending { ends_at: office.world.now + DAY * 50, ..office.contracts[0].clone() };
    office.contracts.push(later);
    office.contracts.iter_mut().for_each(|ending| ending.renewed = renewal(3));
    assert_eq!(office.look_after(MINUTE), ["MB-1001 opened"]);
    assert_eq!(office.ticket().1, Severity::Medium);
    assert!(
        office.world.reason().contains("activate ACME-2026-001.3.contract`"),
        "{}",
        office.world.reason()
    );
}

#[test]
fn a_thousand_hosts_do_not_make_the_reason_longer_than_can_be_read() {
    let mut office = Office::new(20);
    office.contracts[0].hosts = (0..1000).map(|n| format!("pump-{n:04}")).collect::<Vec<_>>().join(", ");
    office.look_after(MINUTE);
    let reason = office.world.reason();
    assert!(reason.contains("pump-0000, ") && reason.contains("…)") && reason.len() < 600, "{reason}");
}

#[test]
fn each_contract_has_its_ticket() {
    let mut office = Office::new(40);
    let second = Ending { number: "BETA-2026-001".parse().unwrap(), ..office.contracts[0].clone() };
    office.contracts.push(second);
    assert_eq!(office.look_after(MINUTE), ["MB-1001 opened", "MB-1002 opened"]);
    office.contracts.remove(0);
    assert_eq!(office.look_after(MINUTE), ["MB-1001 resolved"]);
}

#[test]
fn the_operator_sets_the_days_or_wants_no_ticket_of_it() {
    let with = |table: &str, days: i32| {
        let mut office = Office::new(days);
        office.world.rules =
            Rules::parse(Path::new("rules.toml"), &format!("[contract_ending]\n{table}\n")).unwrap();
        office.look_after(MINUTE)
    };
    assert_eq!(with("days = { low = 90 }", 90), ["MB-1001 opened"]);
    assert_eq!(with("days = { low = 90 }", 91), Vec::<String>::new());
    assert_eq!(with("days = {}", -1), Vec::<String>::new());
    for (table, what) in [
        ("days = { low = 0 }", "days before the end, from 1 to 3650"),
        ("days = { low = 3651 }", "days before the end, from 1 to 3650"),
        ("days = { low = 7, high = 7 }", "a more urgent severity must have fewer days"),
        ("days = { low = 7, high = 30 }", "a more urgent severity must have fewer days"),
    ] {
        is_refused("contract_ending", table, what);
    }
}

/// The renewals that should have been mailed by now, and at how many days before the end.
fn to_mail(office: &Office) -> Vec<(u32, u32)> {
    let due = handing_over(&office.contracts, &office.world.rules.contract_ending, office.world.now);
    due.iter().map(|due| (due.revision, due.days)).collect()
}

#[test]
fn a_renewal_is_mailed_60_30_and_7_days_before_the_end_and_after_it_too() {
    let mut office = Office::new(61);
    office.contracts[0].renewed = renewal(2);
    let mut stages = vec![];
    for day in 0..100 {
        let stage = to_mail(&office);
        if stages.last().is_none_or(|(_, last)| *last != stage) {
            stages.push((day, stage));
        }
        office.world.pass(DAY);
    }
    assert_eq!(stages, [(0, vec![]), (1, vec![(2, 60)]), (31, vec![(2, 30)]), (54, vec![(2, 7)])]);
}

#[test]
fn who_renews_late_is_mailed_once_and_what_is_not_renewed_or_holds_a_secret_never() {
    let mut office = Office::new(5);
    assert_eq!(to_mail(&office), [], "there is no renewal yet");
    office.contracts[0].renewed = renewal(2);
    assert_eq!(to_mail(&office), [(2, 7)]);
    office.contracts[0].renewed = Some(Renewed { holds_secret: true, ..renewal(2).unwrap() });
    assert_eq!(to_mail(&office), []);
}

#[test]
fn hosts_whose_revisions_end_at_different_times_are_each_mailed_of_in_time() {
    let mut office = Office::new(20);
    let later = Ending { ends_at: office.world.now + DAY * 50, ..office.contracts[0].clone() };
    office.contracts.push(later);
    office.contracts.iter_mut().for_each(|ending| ending.renewed = renewal(3));
    assert_eq!(to_mail(&office), [(3, 30), (3, 60)]);
    office.world.pass(DAY * 21);
    assert_eq!(to_mail(&office), [(3, 7), (3, 30)]);
}

#[test]
fn the_operator_may_hand_renewals_over_by_hand() {
    let mut office = Office::new(20);
    office.contracts[0].renewed = renewal(2);
    office.world.rules =
        Rules::parse(Path::new("rules.toml"), "[contract_ending]\nmail_renewal = false\n").unwrap();
    assert_eq!(to_mail(&office), []);
    assert_eq!(office.look_after(MINUTE), ["MB-1001 opened"], "the ticket is as it was");
}

#[test]
fn the_ticket_says_when_a_renewal_has_to_be_handed_over_by_people() {
    let reason = |change: fn(&mut Ending)| {
        let mut office = Office::new(20);
        office.contracts[0].renewed = renewal(2);
        change(&mut office.contracts[0]);
        office.look_after(MINUTE);
        office.world.reason().to_owned()
    };
    let secret =
        reason(|ending| ending.renewed = Some(Renewed { holds_secret: true, ..renewal(2).unwrap() }));
    assert!(
        secret.ends_with("it holds a secret and is not mailed: hand it over by a way you trust"),
        "{secret}"
    );
    let nobody = reason(|ending| ending.contacts = 0);
    assert!(nobody.ends_with("the customer has no contact it can be mailed to: hand it over"), "{nobody}");
}

#[test]
fn hosts_that_are_behind_do_not_hide_that_the_contract_ends_for_the_others() {
    let mut office = Office::new(-90);
    office.contracts[0].renewed = renewal(2);
    let told = |office: &mut Office| {
        let mut told = office.look_after(MINUTE);
        told.sort();
        told
    };
    assert_eq!(told(&mut office), ["MB-1001 opened"]);
    let others =
        Ending { ends_at: office.world.now + DAY * 60, renewed: None, ..office.contracts[0].clone() };
    office.contracts.push(others);
    // The contract's own end, and the hosts that are behind.
    assert_eq!(told(&mut office), ["MB-1001 severity_changed", "MB-1002 opened"]);
    assert_eq!(office.ticket().1, Severity::Low);
    // It is renewed, and all of them are behind.
    office.contracts.iter_mut().for_each(|ending| ending.renewed = renewal(3));
    assert_eq!(told(&mut office), ["MB-1001 severity_changed", "MB-1002 resolved"]);
}

#[test]
fn a_renewal_that_has_ended_itself_is_none() {
    let mut office = Office::new(-90);
    let ended = Some(office.world.now - DAY);
    office.contracts[0].renewed = Some(Renewed { valid_until: ended, ..renewal(2).unwrap() });
    assert_eq!(to_mail(&office), []);
    office.look_after(MINUTE);
    assert!(office.world.reason().contains("contracts renew"), "{}", office.world.reason());
}
