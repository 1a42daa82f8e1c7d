//! What was reported and is not any more.

use super::*;

fn ok(world: &World, name: &str) -> CheckResult {
    said(name, CheckState::Ok, "fine", world.now)
}

#[test]
fn a_check_that_is_no_longer_reported_becomes_a_ticket_after_one_more_heartbeat_and_resolves_when_it_is_back()
{
    let mut world = World::new();
    let (backup, web) = (ok(&world, "backup"), ok(&world, "web"));
    world.pass(HOUR).check(&[backup.clone(), web.clone()]);
    world.pass(HOUR).check(std::slice::from_ref(&web));
    assert!(world.told().is_empty(), "one heartbeat without it may be a restart");
    world.pass(HOUR).check(std::slice::from_ref(&web));
    assert_eq!(world.told(), ["MB-1001 opened"]);
    let ticket = world.ticket("item-missing");
    assert_eq!((ticket.subject.as_str(), ticket.severity), ("check backup", Severity::Medium));
    assert_eq!(ticket.title, "scada-01: check backup is no longer reported");
    world.pass(HOUR).check(&[backup, web]);
    assert_eq!(world.told(), ["MB-1001 resolved"]);
    assert_eq!(world.reason(), "it is reported again");
}

#[test]
fn what_is_missing_for_a_week_counts_as_removed() {
    let mut world = World::new();
    let backup = ok(&world, "backup");
    world.pass(HOUR).check(&[backup]);
    for _ in 0..24 * 7 + 2 {
        world.pass(HOUR).check(&[]);
    }
    assert_eq!(world.told(), ["MB-1001 opened", "MB-1001 resolved"]);
    assert!(world.reason().ends_with("it counts as removed"), "{}", world.reason());
    assert_eq!(world.view.reported, Reported::default());
}

#[test]
fn a_number_that_a_threshold_watches_is_missed_and_one_nobody_looks_at_is_not() {
    let mut world = World::new();
    let up = Observation::new(&names::UPTIME, 1.0);
    world.pass(HOUR).beat(&[memory(0.5), up]);
    world.pass(HOUR).beat(&[]).pass(HOUR).beat(&[]);
    assert_eq!(world.told(), ["MB-1001 opened"]);
    let ticket = world.ticket("item-missing");
    assert_eq!(
        (ticket.subject.as_str(), ticket.severity),
        ("metric system.memory.utilization", Severity::Low)
    );
}

#[test]
fn a_system_report_and_a_tick_say_nothing_of_what_is_missing() {
    let mut world = World::new();
    let backup = ok(&world, "backup");
    world.pass(HOUR).check(&[backup]);
    world.pass(HOUR);
    let occasion = Occasion::Report { life_at: world.now, observations: None, checks: &[] };
    let decision = judge(&world.view, occasion, &world.rules, world.now);
    assert!(decision.reported.is_none() && decision.tickets.is_empty());
    world.tick().tick();
    assert_eq!(world.view.reported.0["check backup"], None);
}

#[test]
fn the_ticket_of_a_broken_check_says_itself_that_its_check_is_gone() {
    let mut world = World::new();
    let broken = said("backup", CheckState::Critical, "no backup", world.now);
    world.pass(HOUR).check(&[broken]).pass(HOUR).check(&[]).pass(HOUR).check(&[]);
    assert_eq!(world.told(), ["MB-1001 opened", "MB-1001 became_stale"]);
    world.pass(HOUR * 24).check(&[]).pass(HOUR).check(&[]);
    assert_eq!(world.told(), ["MB-1001 resolved", "MB-1002 opened"], "and later it is missed");
}

#[test]
fn the_rules_say_how_urgent_and_how_soon() {
    let mut world = World::new();
    let rule = "[[check_rule]]\nid = \"m\"\ncheck = \"backup*\"\nmissing = \"critical\"\n\
                [[check_rule]]\nid = \"n\"\ncheck = \"noise\"\nmissing = \"none\"\n";
    let text = format!("[missing]\nafter = \"4h\"\nseverity = \"high\"\n{rule}");
    world.rules = Rules::parse(Path::new("rules.toml"), &text).unwrap();
    let checks = [ok(&world, "backup db"), ok(&world, "noise")];
    world.pass(HOUR).check(&checks);
    for _ in 0..4 {
        world.pass(HOUR).check(&[]);
    }
    assert!(world.told().is_empty());
    world.pass(HOUR).check(&[]);
    assert_eq!(world.told(), ["MB-1001 opened"]);
    assert_eq!(world.ticket("item-missing").severity, Severity::Critical);
}
