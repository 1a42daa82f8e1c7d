//! What is remembered from run to run and from heartbeat to heartbeat.

use std::path::Path;

use mailbeat_shared::config_file;

use super::*;
use crate::config::Config;

fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_780_000_000 + minute * 60).unwrap()
}

fn configs(keys: &str) -> Vec<CheckConfig> {
    let text = format!("[[check]]\nname = 'c'\ntype = 'plugin'\ncommand = ['/x']\ninterval_s = 60\n{keys}\n");
    let config: Config = config_file::parse(Path::new("agent.toml"), &text).unwrap();
    config.check
}

struct Story {
    tracks: Tracks,
    configs: Vec<CheckConfig>,
}

impl Story {
    fn with(keys: &str) -> Self {
        Self { tracks: Tracks::default(), configs: configs(keys) }
    }

    fn run(&mut self, minute: i64, sight: Sight) -> bool {
        self.tracks.begin("c", at(minute));
        self.tracks.take(&self.configs[0], sight, Some(minute.into()), at(minute))
    }

    fn said(&self) -> CheckResult {
        self.tracks.result(&self.configs[0]).unwrap()
    }

    fn accepted(&mut self, sequence: u64, minute: i64) {
        self.tracks.accepted(sequence, &self.configs, at(minute));
    }
}

#[test]
fn a_verdict_keeps_its_time_as_long_as_it_is_the_same_and_only_changes_must_be_written_down() {
    let mut story = Story::with("severity = 'high'");
    assert_eq!(story.tracks.result(&story.configs[0]), None);
    assert!(story.run(0, Sight::ok("fine")));
    assert!(!story.run(1, Sight::ok("fine")));
    assert!(story.run(2, Sight::critical("down")));
    assert!(!story.run(5, Sight::critical("still down")));
    let said = story.said();
    assert_eq!((said.state, said.since, said.checked_at), (CheckState::Critical, at(2), Some(at(5))));
    assert_eq!(said.output, "still down");
    assert_eq!(said.severity, Some(mailbeat_shared::wire::check::SeverityHint::High));
    // It survives as JSON, with what the probe remembers.
    let json = serde_json::to_vec(&story.tracks).unwrap();
    let mut again: Tracks = serde_json::from_slice(&json).unwrap();
    assert_eq!(again, story.tracks);
    assert_eq!(again.begin("c", at(6)), 5);
    again.keep_only(&[]);
    assert_eq!(again.result(&story.configs[0]), None);
}

#[test]
fn what_was_bad_in_between_is_told_until_a_heartbeat_with_it_was_accepted() {
    let mut story = Story::with("");
    for (minute, sight) in
        [(0, Sight::ok("fine")), (1, Sight::critical("down")), (3, Sight::ok("fine again"))]
    {
        story.run(minute, sight.with("time", minute as f64, "s"));
    }
    let told = |story: &Story| {
        let said = story.said();
        (
            said.worst.map(|worst| (worst.state, worst.at, worst.output)),
            said.samples.map(|samples| samples.runs),
        )
    };
    let bad = Some((CheckState::Critical, at(1), "down".to_owned()));
    assert_eq!(told(&story), (bad.clone(), Some(3)));
    let samples = story.said().samples.unwrap();
    assert_eq!((samples.not_ok_s, samples.values["time"][0], samples.values["time"][2]), (120, 0.0, 3.0));
    story.tracks.carried_by(7);
    story.run(4, Sight::ok("fine").with("time", 9.0, "s"));
    // #7 was superseded before it was sent: #8 tells it again, with what came since.
    assert_eq!(told(&story), (bad.clone(), Some(4)));
    story.tracks.carried_by(8);
    story.accepted(7, 5);
    assert_eq!(told(&story), (bad, Some(4)), "the acceptance of an older one says nothing of this one");
    story.run(6, Sight::ok("fine").with("time", 2.0, "s"));
    story.accepted(8, 7);
    assert_eq!(told(&story), (None, None));
    assert_eq!(story.said().since_sequence, None);
    story.run(8, Sight::ok("fine").with("time", 4.0, "s"));
    let said = story.said();
    assert_eq!((said.samples.unwrap().values["time"][1], said.since_sequence), (3.0, Some(8)));
}

#[test]
fn what_was_counted_adds_up_is_judged_as_a_sum_and_begins_anew_when_it_was_told() {
    let mut story = Story::with("warning = 0\ncritical = 9");
    let lines = |count: f64, words: &str| Sight::ok(words).counting("matches", count, "{line}");
    story.run(0, lines(0.0, "no new lines"));
    assert_eq!((story.said().state, story.said().since_sequence), (CheckState::Ok, Some(0)));
    assert!(story.run(1, lines(4.0, "4 lines: disk error")));
    assert!(!story.run(2, lines(0.0, "no new lines")));
    let said = story.said();
    assert_eq!((said.state, said.since), (CheckState::Warning, at(1)));
    assert_eq!(
        said.output, "4 lines: disk error; matches is 4 line, should be 0",
        "the words stay with the count"
    );
    assert!(story.run(3, lines(6.0, "6 lines: disk error")));
    assert_eq!((story.said().state, story.said().observations[0].value), (CheckState::Critical, 10.0));

    story.tracks.carried_by(3);
    story.run(4, lines(1.0, "1 line: disk error"));
    assert_eq!(story.said().observations[0].value, 11.0);
    story.accepted(3, 5);
    let said = story.said();
    assert_eq!((said.state, said.observations[0].value), (CheckState::Warning, 1.0), "what came after #3");
    story.tracks.carried_by(4);
    story.accepted(4, 6);
    let said = story.said();
    assert_eq!(
        (said.state, said.since, said.output.as_str()),
        (CheckState::Ok, at(6), "nothing new since #4")
    );
    assert_eq!((said.observations[0].value, said.worst), (0.0, None));
}

#[test]
fn a_run_that_did_not_come_to_an_end_leaves_the_probes_memory_alone() {
    let mut story = Story::with("");
    story.run(0, Sight::ok("fine"));
    story.tracks.begin("c", at(1));
    story.tracks.take(&story.configs[0], Sight::unknown("it did not end within 1 s"), None, at(1));
    assert_eq!(story.said().state, CheckState::Unknown);
    assert_eq!(story.tracks.begin("c", at(2)), 0);
}

#[test]
fn it_is_due_an_interval_after_it_was_begun_and_a_clock_set_back_makes_it_wait_for_no_longer() {
    let mut story = Story::with("");
    let due = |story: &Story, now| story.tracks.due(&story.configs[0], now);
    assert_eq!(due(&story, at(0)), at(0));
    story.run(100, Sight::critical("down"));
    assert_eq!(due(&story, at(100)), at(101));
    story.tracks.rebase(at(10));
    assert_eq!(due(&story, at(10)), at(11));
    assert_eq!((story.said().since, story.said().checked_at), (at(10), Some(at(10))));
}

#[test]
fn reasons_stand_in_the_first_line() {
    let because = ["used is 91%, should be 0 to 80".to_owned()];
    assert_eq!(with_reasons("fine\nmore", &because), "fine; used is 91%, should be 0 to 80\nmore");
    assert_eq!(with_reasons("", &because), because[0]);
    assert_eq!(with_reasons("fine\nmore", &[]), "fine\nmore");
}
