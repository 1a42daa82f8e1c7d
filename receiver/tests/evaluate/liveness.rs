//! Who is alive, late or silent, and when nobody may say so.

use super::*;

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
