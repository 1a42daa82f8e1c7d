//! Thresholds, checks and the tickets that follow them: rise and fall, hold and hysteresis, stale and storm.

use super::*;

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
fn a_filesystem_that_became_read_only_is_urgent_and_one_mounted_so_is_not() {
    let mut world = World::new();
    let writing = |mount: &str, state: f64| {
        Observation::new(&names::FILESYSTEM_WRITING, state).with(attributes::MOUNTPOINT, mount)
    };
    world.pass(HOUR).beat(&[writing("/", 0.0), writing("/mnt/archive", 1.0), writing("/var", 2.0)]);
    assert_eq!(world.told(), ["MB-1001 opened"]);
    let ticket = world.ticket("filesystem-read-only");
    assert_eq!((ticket.subject.as_str(), ticket.severity), ("/var", Severity::High));
    world.pass(HOUR).beat(&[writing("/var", 0.0)]);
    assert_eq!(world.told(), ["MB-1001 resolved"]);
}

#[test]
fn inodes_run_out_like_space_and_a_chip_may_be_as_hot_as_it_says_itself() {
    let mut world = World::new();
    let inodes = Observation::new(&names::FILESYSTEM_INODES, 0.97).with(attributes::MOUNTPOINT, "/srv");
    let hot = Observation::new(&names::TEMPERATURE_SHARE, 0.96).with(attributes::HARDWARE_NAME, "nvme");
    let warm = Observation::new(&names::TEMPERATURE_SHARE, 0.94).with(attributes::HARDWARE_NAME, "coretemp");
    world.pass(HOUR).beat(&[inodes, hot, warm]);
    assert_eq!(world.told(), ["MB-1001 opened", "MB-1002 opened"]);
    let title = |rule: &str| world.ticket(rule).title.clone();
    assert_eq!(title("inodes-full"), "scada-01: filesystem /srv has 97 % of its inodes in use");
    assert_eq!(title("temperature-high"), "scada-01: nvme has reached 96 % of the temperature it may have");
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
fn a_value_at_the_threshold_is_not_above_it() {
    let mut world = World::new();
    world.pass(HOUR).beat(&[disk("/", 0.85)]);
    assert!(world.told().is_empty());
}

#[test]
fn one_disks_ticket_makes_no_other_disk_flap() {
    let mut world = World::new();
    world.pass(HOUR).beat(&[disk("/a", 0.9), disk("/b", 0.84)]);
    world.pass(HOUR).beat(&[disk("/a", 0.9), disk("/b", 0.84)]);
    assert_eq!(world.told(), ["MB-1001 opened"], "what /b has not reached, it has not to come back from");
}

#[test]
fn of_a_filesystem_that_is_mounted_twice_the_worse_one_speaks_or_the_first() {
    let title = |values: [f64; 2]| {
        let mut world = World::new();
        world.pass(HOUR).beat(&values.map(|value| disk("/srv", value)));
        assert_eq!(world.told(), ["MB-1001 opened"]);
        world.ticket("filesystem-full").title.clone()
    };
    assert_eq!(title([0.9, 0.97]), "scada-01: filesystem /srv is 97 % full");
    assert_eq!(title([0.97, 0.9]), "scada-01: filesystem /srv is 97 % full");
    assert_eq!(title([0.9, 0.91]), "scada-01: filesystem /srv is 90 % full");
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
    world.pass(MINUTE * 30 - SECOND).beat(&[memory(0.95)]);
    assert!(world.told().is_empty(), "half an hour is not over");
    world.pass(SECOND).beat(&[memory(0.95)]);
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
fn a_vanished_disk_is_waited_for_a_day_and_what_was_seen_last_is_remembered() {
    let mut world = World::new();
    world.pass(HOUR).beat(&[disk("/mnt/usb", 0.99)]).pass(HOUR).beat(&[disk("/", 0.1)]);
    world.told();
    assert!(
        world
            .reason()
            .starts_with("no longer reported; last seen: system.filesystem.utilization of /mnt/usb")
    );
    assert_eq!(world.view.findings[0].since, world.now, "since it is gone");
    world.pass(HOUR * 24 - SECOND).beat(&[disk("/", 0.1)]);
    assert!(world.told().is_empty());
    world.pass(SECOND).beat(&[disk("/", 0.1)]);
    assert_eq!(world.told(), ["MB-1001 resolved"]);
    assert_eq!(world.reason(), "its subject has not been reported for 24 hours");
}

#[test]
fn what_counted_before_it_vanished_counts_at_once_when_it_is_back_and_since_then() {
    let mut world = World::new();
    world.pass(HOUR).beat(&[memory(0.95)]).pass(HOUR).beat(&[memory(0.95)]).pass(HOUR).beat(&[]);
    assert_eq!(world.told(), ["MB-1001 opened", "MB-1001 became_stale"]);
    world.pass(HOUR).beat(&[memory(0.95)]);
    assert_eq!(world.told(), ["MB-1001 seen_again"]);
    let finding = &world.view.findings[0];
    assert_eq!((finding.phase, finding.since), (Phase::Active, world.now));
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
fn a_check_that_is_critical_opens_a_ticket_and_one_that_is_no_longer_reported_goes_stale() {
    let mut world = World::new();
    let check = said("backup", CheckState::Critical, "newest backup is 9 days old\nmore", world.now);
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
