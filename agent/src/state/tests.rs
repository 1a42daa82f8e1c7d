//! What a crash, a full disk or a helpful person leaves behind, and what is gone on with.

use super::*;

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
        save_snapshot(&home, n, &Snapshot::new()).unwrap();
    }
    let (mut before, mut now) = (saved(&home, 3), saved(&home, 4));
    saved(&home, 2);
    before.baseline = Some(Baseline { digest: Digest::of(b"2"), sequence: 2 });
    now.baseline = Some(Baseline { digest: Digest::of(b"4"), sequence: 4 });
    now.tidy(&home, &before);
    assert_eq!(home.numbered("state").unwrap(), [3, 4]);
    assert_eq!(home.numbered("snapshot").unwrap(), [2, 4]);
    assert_eq!(load_snapshot(&home, &now.baseline.unwrap()).unwrap(), Snapshot::new());
}
