//! What a crash, a full disk or a helpful person leaves behind, and what is gone on with.

use std::fs;

use super::*;
use crate::home::Home;

fn home() -> (tempfile::TempDir, Home) {
    let dir = tempfile::tempdir().unwrap();
    let home = Home::new(dir.path());
    home.prepare().unwrap();
    (dir, home)
}

fn saved(home: &Home, sequence: u64) -> State {
    let baseline = Some(Baseline { digest: Digest::of(b"base"), sequence: 1 });
    let state = State { sequence, previous: Some(Digest::of(b"p")), baseline, ..State::default() };
    state.save(home).unwrap();
    state
}

fn newest(sequence: u64) -> Option<Newest> {
    Some(Newest { sequence, digest: Some(Digest::of(b"newest")) })
}

#[test]
fn a_state_without_its_report_is_passed_over() {
    let (_dir, home) = home();
    let before = saved(&home, 4);
    saved(&home, 5);
    assert_eq!(State::recover(&home, newest(4)).unwrap(), (before, vec![]));
    assert!(!home.state(5).exists());
}

#[test]
fn the_very_first_state_without_its_report_is_passed_over_too() {
    let (_dir, home) = home();
    saved(&home, 1);
    assert_eq!(State::recover(&home, None).unwrap().0, State::default());
}

#[test]
fn an_emptied_trail_does_not_make_numbers_be_used_twice() {
    let (_dir, home) = home();
    saved(&home, 4);
    saved(&home, 5);
    assert_eq!(State::recover(&home, None).unwrap().0.sequence, 5);
}

#[test]
fn a_corrupt_state_is_set_aside_and_the_older_one_is_brought_up_to_date() {
    let (_dir, home) = home();
    saved(&home, 4);
    fs::write(home.state(5), b"{\"sequence\": 5, \"prev").unwrap();
    let (state, notes) = State::recover(&home, newest(5)).unwrap();
    assert_eq!((state.sequence, state.previous), (5, Some(Digest::of(b"newest"))));
    assert_eq!(state.baseline, None, "the next system report is full");
    assert!(notes[0].contains("state.5.corrupt"), "{notes:?}");
    assert!(home.dir().join("state.5.corrupt").exists());
}

#[test]
fn two_states_and_the_snapshots_they_need_are_kept() {
    let (_dir, home) = home();
    for n in 1..=4 {
        save_said(&home, n, &Said::default()).unwrap();
    }
    let (mut before, mut now) = (saved(&home, 3), saved(&home, 4));
    saved(&home, 2);
    before.baseline = Some(Baseline { digest: Digest::of(b"2"), sequence: 2 });
    now.baseline = Some(Baseline { digest: Digest::of(b"4"), sequence: 4 });
    now.tidy(&home, &before);
    assert_eq!(home.numbered("state").unwrap(), [3, 4]);
    assert_eq!(home.numbered("snapshot").unwrap(), [2, 4]);
    assert_eq!(load_said(&home, &now.baseline.unwrap()).unwrap(), Said::default());
}

#[test]
fn a_state_of_an_agent_that_did_not_say_which_contract_ended_is_read() {
    let state: State = serde_json::from_str("{\"sequence\": 4, \"end_said\": 1}").unwrap();
    assert!(state.has_said_the_end_of(&crate::testing::contract()));
}

#[test]
fn every_seventh_system_report_is_full_and_so_is_one_after_a_week() {
    let day = |n: i64| Timestamp::from_second(1_780_000_000 + n * 86_400).unwrap();
    assert!(State::default().full_is_due(day(0)));
    let full = State { last_full: Some(day(0)), ..State::default() };
    assert!(!full.full_is_due(day(6)));
    assert!(full.full_is_due(day(7) - SignedDuration::from_secs(5)), "slots are not met to the second");
    let busy = State { since_full: 5, ..full.clone() };
    assert!(!busy.full_is_due(day(1)));
    assert!(State { since_full: 6, ..full.clone() }.full_is_due(day(1)));
    let mut ahead = State { last_full: Some(day(400)), ..full };
    ahead.rebase(day(1));
    assert!(ahead.full_is_due(day(8)), "a clock that was wrong once does not put it off for a year");
}
