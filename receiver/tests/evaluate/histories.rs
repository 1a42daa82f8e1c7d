//! Clones, restored states and wrong clocks: histories of one system that cannot be one.

use super::*;

fn branch(incarnation: u64, began_at: Timestamp, life_at: Timestamp) -> BranchView {
    BranchView { incarnation: Incarnation(incarnation), began_at, life_at }
}

#[test]
fn two_growing_histories_are_a_clone_and_a_quiet_old_one_is_a_restored_state() {
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
        world.view.branches = vec![branch(1, start, world.now), branch(1, start, world.now)];
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
        world.view.branches = vec![branch(1, start - HOUR, world.now), branch(2, start, gone)];
        world.beat(&[]);
        assert!(world.view.findings.iter().all(|f| f.rule.as_str() == "system-cloned"), "hour {hour}");
    }
    assert_eq!(world.told(), ["MB-1001 opened", "MB-1001 resolved"]);
}

#[test]
fn a_history_counts_as_quiet_from_two_intervals_after_its_last_sign_of_life() {
    let mut world = World::new();
    let start = world.now;
    let mut look = |after: SignedDuration| {
        let (ended, now) = (start + SECOND, start + after);
        world.view.branches = vec![branch(1, start - HOUR * 90, ended), branch(2, start, now)];
        world.now = now;
        world.beat(&[]).told()
    };
    assert_eq!(look(HOUR * 2), ["MB-1001 opened"], "both may still go on");
    assert_eq!(look(HOUR * 2 + SECOND), ["MB-1001 resolved", "MB-1002 opened"], "the first is quiet");
    assert_eq!(world.ticket("state-restored").severity, Severity::Low);
}

#[test]
fn a_restored_state_is_shown_from_two_intervals_after_it_began_for_a_day() {
    let mut world = World::new();
    let start = world.now;
    // The first history ended at the very time at which the second began.
    let mut look = |after: SignedDuration| {
        world.now = start + after;
        world.view.branches = vec![branch(1, start - HOUR * 90, start), branch(2, start, world.now)];
        world.beat(&[]).told()
    };
    assert!(look(HOUR).is_empty(), "one that ends where the next begins is no clone");
    assert!(look(HOUR * 2 - SECOND).is_empty());
    assert_eq!(look(HOUR * 2), ["MB-1001 opened"]);
    assert!(look(HOUR * 26 - SECOND).is_empty());
    assert_eq!(look(HOUR * 26), ["MB-1001 resolved"]);
}

#[test]
fn a_system_with_a_single_history_was_neither_cloned_nor_restored() {
    let mut world = World::new();
    let start = world.now;
    for _ in 0..4 {
        world.pass(HOUR);
        world.view.branches = vec![branch(1, start, world.now)];
        assert!(world.beat(&[]).told().is_empty());
    }
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
fn a_clock_is_wrong_beyond_five_minutes_and_more_urgently_so_beyond_an_hour() {
    let judged = |skew: SignedDuration| {
        let mut world = World::new();
        world.view.clock_skew = skew;
        world.pass(HOUR).beat(&[]);
        world.view.tickets.first().map(|ticket| (ticket.severity, ticket.title.clone()))
    };
    assert_eq!(judged(MINUTE * 5), None);
    assert_eq!(judged(MINUTE * -5), None);
    let (severity, title) = judged(MINUTE * 5 + SECOND).unwrap();
    assert!(title.ends_with("behind"), "{title}");
    assert_eq!(severity, Severity::Low);
    assert_eq!(judged(HOUR).unwrap().0, Severity::Low);
    assert_eq!(judged(-HOUR - SECOND).unwrap().0, Severity::Medium);
}
