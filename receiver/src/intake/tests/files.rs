//! System reports: the chain of baselines, broken and healed.

use super::world::{Agent, HOUR, World, at};
use crate::history::Day;
use crate::intake::Verdict;

/// The watched texts as held for the branch last heard of.
fn held(world: &mut World, agent: &Agent) -> Vec<(String, String)> {
    let branch = world.branches(agent).remove(0).id;
    let snapshot = world.read(|tx| tx.snapshot(branch));
    snapshot.into_iter().map(|(path, file)| (path, file.text.unwrap_or_default())).collect()
}

fn texts(files: &[(&str, &str)]) -> Vec<(String, String)> {
    files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
}

const FIRST: &[(&str, &str)] = &[("/etc/a", "one\n"), ("/etc/b", "stays\n")];
const SECOND: &[(&str, &str)] = &[("/etc/a", "two\n"), ("/etc/b", "stays\n")];
const THIRD: &[(&str, &str)] = &[("/etc/b", "stays\n"), ("/etc/c", "new\n")];

#[test]
fn changes_are_applied_along_the_chain() {
    let (mut world, mut agent) = (World::new(), Agent::new(1));
    for (hour, files) in [(1, FIRST), (2, SECOND), (3, THIRD)] {
        let made = agent.system_report(files, hour == 1, at(hour * HOUR));
        assert_eq!(world.verdict(&made.mail, at(hour * HOUR)), Verdict::Accepted);
        assert_eq!(held(&mut world, &agent), texts(files));
    }
    assert_eq!(world.system(&agent).system_report_at, Some(at(3 * HOUR)));
}

#[test]
fn without_its_baseline_nothing_is_applied_and_the_missing_report_heals_it() {
    let (mut world, mut agent) = (World::new(), Agent::new(1));
    let first = agent.system_report(FIRST, true, at(HOUR));
    let second = agent.system_report(SECOND, false, at(2 * HOUR));
    let third = agent.system_report(THIRD, false, at(3 * HOUR));
    world.receive(&[&first.mail, &third.mail], at(3 * HOUR));
    assert_eq!(held(&mut world, &agent), texts(FIRST));
    assert_eq!(world.branches(&agent)[0].unknown_since, Some(3));
    world.verdict(&second.mail, at(4 * HOUR));
    assert_eq!(held(&mut world, &agent), texts(THIRD));
    assert_eq!(world.branches(&agent)[0].unknown_since, None);
}

#[test]
fn changes_that_start_from_an_earlier_state_than_the_one_held_are_not_applied() {
    let (mut world, mut agent) = (World::new(), Agent::new(1));
    world.verdict(&agent.system_report(FIRST, true, at(HOUR)).mail, at(HOUR));
    let mut behind = agent.clone();
    world.verdict(&agent.system_report(SECOND, false, at(2 * HOUR)).mail, at(2 * HOUR));
    (behind.sequence, behind.previous) = (agent.sequence, agent.previous);
    let third = behind.system_report(THIRD, false, at(3 * HOUR));
    assert_eq!(world.verdict(&third.mail, at(3 * HOUR)), Verdict::Accepted);
    assert_eq!(held(&mut world, &agent), texts(SECOND), "nothing is guessed");
    assert_eq!(world.branches(&agent)[0].unknown_since, Some(3));
}

#[test]
fn a_full_report_ends_not_knowing_and_an_older_one_changes_nothing() {
    let (mut world, mut agent) = (World::new(), Agent::new(1));
    let lost = agent.system_report(FIRST, true, at(HOUR));
    let unknown = agent.system_report(SECOND, false, at(2 * HOUR));
    world.verdict(&unknown.mail, at(2 * HOUR));
    assert_eq!(held(&mut world, &agent), []);
    assert_eq!(world.branches(&agent)[0].unknown_since, Some(2));
    let full = agent.system_report(THIRD, true, at(3 * HOUR));
    world.receive(&[&full.mail, &lost.mail], at(3 * HOUR));
    assert_eq!(held(&mut world, &agent), texts(THIRD));
    assert_eq!(world.branches(&agent)[0].unknown_since, None);
}

#[test]
fn a_restored_state_goes_on_from_the_snapshot_its_first_life_had_reported() {
    let (mut world, mut agent) = (World::new(), Agent::new(1));
    world.verdict(&agent.system_report(FIRST, true, at(HOUR)).mail, at(HOUR));
    let mut restored = agent.clone();
    restored.salt = 1;
    world.verdict(&agent.heartbeat(at(2 * HOUR)).mail, at(2 * HOUR));
    world.verdict(&restored.system_report(SECOND, false, at(3 * HOUR)).mail, at(3 * HOUR));
    assert_eq!(world.branches(&agent).len(), 2);
    assert_eq!(held(&mut world, &agent), texts(SECOND));
}

#[test]
fn a_restored_state_goes_on_from_an_earlier_snapshot_that_its_first_life_had_left_behind() {
    let (mut world, mut agent) = (World::new(), Agent::new(1));
    world.verdict(&agent.system_report(FIRST, true, at(HOUR)).mail, at(HOUR));
    world.verdict(&agent.system_report(SECOND, false, at(2 * HOUR)).mail, at(2 * HOUR));
    let mut restored = agent.clone();
    restored.salt = 1;
    world.verdict(&agent.system_report(THIRD, false, at(3 * HOUR)).mail, at(3 * HOUR));
    world.verdict(&restored.system_report(FIRST, false, at(4 * HOUR)).mail, at(4 * HOUR));
    assert_eq!(world.branches(&agent).len(), 2);
    assert_eq!(held(&mut world, &agent), texts(FIRST));
    assert_eq!(world.branches(&agent)[0].unknown_since, None);
}

#[test]
fn what_a_heartbeat_measured_outlives_the_retention_of_old_ones() {
    let (mut world, mut agent) = (World::new(), Agent::new(1));
    for hour in 1..=3 {
        world.verdict(&agent.heartbeat(at(hour * HOUR)).mail, at(hour * HOUR));
    }
    let id = world.system(&agent).id;
    let before = world.read(|tx| tx.history(id, Day::of(at(0))));
    let emptied = world.write(|tx, _| tx.condense_heartbeats(at(100 * HOUR), 100));
    assert_eq!(emptied, 2);
    assert_eq!(world.write(|tx, _| tx.condense_heartbeats(at(100 * HOUR), 100)), 0, "and never twice");
    let after = world.read(|tx| tx.history(id, Day::of(at(0))));
    assert_eq!(before, after, "what is kept by the day and what is whole add up to the same");
    let counts: u32 = after.0.values().map(|stats| stats.count).sum();
    assert_eq!(counts, 3);
    let newest = world.branches(&agent)[0].heartbeat.unwrap();
    assert!(world.read(|tx| tx.report_content(newest)).is_some());
    assert_eq!(world.sequences(&agent), [1, 2, 3], "the keys stay");
    assert_eq!(world.verdict(&agent.heartbeat(at(4 * HOUR)).mail, at(4 * HOUR)), Verdict::Accepted);
    world.write(|tx, _| tx.forget_days(Day(Day::of(at(4 * HOUR)).0 + 1)));
    let left: u32 = world.read(|tx| tx.history(id, Day::of(at(0)))).0.values().map(|stats| stats.count).sum();
    assert_eq!(left, 2, "of days forgotten only what is still whole");
}
