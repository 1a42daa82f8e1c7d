//! Logs that are written, rotated, copied, truncated and replaced.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use mailbeat_shared::wire::check::CheckState;
use serde_json::Value as Json;

use super::*;
use crate::check::kind::Kind;

struct Story {
    dir: tempfile::TempDir,
    probe: Box<dyn Probe>,
    memory: Json,
}

impl Story {
    fn with(glob: &str, more: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let keys =
            format!("files = '{}'\nmatch = ['ERROR', '(?i)fatal']\n{more}", dir.path().join(glob).display());
        let probe =
            Kind::named("log").unwrap().probe(keys.parse().unwrap()).unwrap_or_else(|no| panic!("{no}"));
        Self { dir, probe, memory: Json::Null }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn append(&self, name: &str, text: &str) {
        let mut file = fs::File::options().create(true).append(true).open(self.path(name)).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    fn look(&mut self) -> Sight {
        self.look_until(Instant::now() + Duration::from_secs(60))
    }

    fn look_until(&mut self, deadline: Instant) -> Sight {
        // What is remembered goes through the state file.
        self.memory = serde_json::from_str(&self.memory.to_string()).unwrap();
        self.probe.look(&mut Look { now: Timestamp::UNIX_EPOCH, deadline, memory: &mut self.memory })
    }

    /// Matches and lines since the last time.
    fn counts(&mut self) -> [f64; 2] {
        let sight = self.look();
        assert_eq!(sight.state, CheckState::Ok, "{sight:?}");
        assert!(sight.values.iter().all(|value| value.counts));
        [sight.values[0].value, sight.values[1].value]
    }
}

#[test]
fn new_lines_that_match_and_are_not_excluded_are_counted_once() {
    let mut story = Story::with("app.log", "exclude = ['heartbeat']");
    story.append("app.log", "ERROR of yesterday\n");
    let first = story.look();
    assert_eq!((first.output.as_str(), first.values[0].value), ("reading begins here", 0.0));
    story.append("app.log", "fine\nERROR disk\r\nERROR heartbeat\nFatal: gone\nERROR half a l");
    let sight = story.look();
    assert_eq!((sight.output.as_str(), sight.values[0].value), ("2 of 4 new lines match", 2.0));
    assert_eq!(story.counts(), [0.0, 0.0]);
    story.append("app.log", "ine\n");
    assert_eq!(story.counts(), [1.0, 1.0], "a line counts when it is whole");
}

#[test]
fn a_rotated_log_is_read_to_its_end_under_its_new_name_and_the_new_one_from_its_beginning() {
    let mut story = Story::with("app.log", "");
    story.append("app.log", "old\n");
    story.look();
    story.append("app.log", "ERROR 1\nERROR 2 without an end");
    fs::rename(story.path("app.log"), story.path("app.log.1")).unwrap();
    story.append("app.log", "ERROR 3\n");
    assert_eq!(story.counts(), [3.0, 3.0]);
    assert_eq!(story.counts(), [0.0, 0.0]);
    // Rotated with nothing in between, and not there for a while.
    fs::rename(story.path("app.log"), story.path("app.log.2")).unwrap();
    assert_eq!(story.look().state, CheckState::Unknown);
    story.append("app.log", "ERROR 4\n");
    assert_eq!(story.counts(), [1.0, 1.0]);
}

#[test]
fn the_rest_of_a_rotated_log_that_waits_is_read_by_the_next_run_also_if_it_is_rotated_once_more() {
    let mut story = Story::with("app.log", "");
    story.append("app.log", "old\n");
    story.look();
    story.append("app.log", "ERROR 1\nERROR 2\n");
    fs::rename(story.path("app.log"), story.path("app.log.1")).unwrap();
    story.append("app.log", "ERROR 3\n");
    let late = |story: &mut Story| story.look_until(Instant::now()).output;
    assert_eq!(late(&mut story), "no new lines; 24 bytes more wait for the next run");
    assert_eq!(late(&mut story), "no new lines; 24 bytes more wait for the next run");
    fs::rename(story.path("app.log.1"), story.path("app.log.2")).unwrap();
    assert_eq!(story.counts(), [3.0, 3.0]);
    story.append("app.log.2", "ERROR of nobody's interest any more\n");
    assert_eq!(story.counts(), [0.0, 0.0]);
}

#[test]
fn a_rest_that_waited_and_is_gone_is_unknown_once_and_the_log_goes_on() {
    let mut story = Story::with("app.log", "");
    story.append("app.log", "old\n");
    story.look();
    story.append("app.log", "ERROR 1\n");
    fs::rename(story.path("app.log"), story.path("app.log.1")).unwrap();
    story.append("app.log", "ERROR 2\n");
    story.look_until(Instant::now());
    fs::remove_file(story.path("app.log.1")).unwrap();
    let sight = story.look();
    assert_eq!((sight.state, sight.values[0].value), (CheckState::Unknown, 1.0));
    assert!(sight.output.contains("app.log.1: it is gone, and its rest was not read"), "{sight:?}");
    assert_eq!(story.counts(), [0.0, 0.0]);
}

/// A log with one match before it was rotated and one after, and another of the same check in what is no directory.
fn rotated_beside_what_cannot_be_looked_at() -> Story {
    let mut story = Story::with("app.log", "");
    story.append("app.log", "old\n");
    story.append("file", "");
    let files = ["app.log", "file/other.log"].map(|name| format!("'{}'", story.path(name).display()));
    let keys = format!("files = [{}]\nmatch = ['ERROR']", files.join(", "));
    story.probe = Kind::named("log").unwrap().probe(keys.parse().unwrap()).ok().unwrap();
    story.look();
    story.append("app.log", "ERROR 1\n");
    fs::rename(story.path("app.log"), story.path("app.log.1")).unwrap();
    story.append("app.log", "ERROR 2\n");
    story
}

#[test]
fn a_log_that_is_rotated_beside_something_that_cannot_be_looked_at_is_counted_once() {
    let mut story = rotated_beside_what_cannot_be_looked_at();
    let mut counted = || {
        let sight = story.look();
        assert_eq!(sight.state, CheckState::Unknown, "{sight:?}");
        sight.values[0].value
    };
    assert_eq!([counted(), counted()], [2.0, 0.0]);
}

#[test]
fn the_rest_of_a_rotated_log_is_read_also_while_something_else_cannot_be_looked_at() {
    let mut story = rotated_beside_what_cannot_be_looked_at();
    let late = story.look_until(Instant::now());
    assert!(late.output.ends_with("16 bytes more wait for the next run"), "{late:?}");
    let mut counted = || story.look().values[0].value;
    assert_eq!([counted(), counted()], [2.0, 0.0]);
}

#[test]
fn the_rest_of_a_rotated_log_waits_while_its_directory_cannot_be_listed() {
    let mut story = Story::with("logs/app.log", "");
    fs::create_dir(story.path("logs")).unwrap();
    story.append("logs/app.log", "old\n");
    story.look();
    story.append("logs/app.log", "ERROR 1\n");
    fs::rename(story.path("logs/app.log"), story.path("logs/app.log.1")).unwrap();
    story.append("logs/app.log", "ERROR 2\n");
    story.look_until(Instant::now());
    // A file in place of its directory lets nobody in, root neither.
    fs::rename(story.path("logs"), story.path("away")).unwrap();
    story.append("logs", "");
    let sight = story.look();
    assert_eq!((sight.state, sight.values[0].value), (CheckState::Unknown, 0.0), "{sight:?}");
    assert!(!sight.output.contains("it is gone"), "{sight:?}");
    fs::remove_file(story.path("logs")).unwrap();
    fs::rename(story.path("away"), story.path("logs")).unwrap();
    assert_eq!(story.counts(), [2.0, 2.0]);
    assert_eq!(story.counts(), [0.0, 0.0]);
}

#[test]
fn a_glob_that_takes_in_rotated_names_counts_no_line_twice() {
    let mut story = Story::with("app.log*", "");
    story.append("app.log", "ERROR before\n");
    story.look();
    story.append("app.log", "ERROR 1\n");
    fs::rename(story.path("app.log"), story.path("app.log.1")).unwrap();
    story.append("app.log", "ERROR 2\n");
    assert_eq!(story.counts(), [2.0, 2.0]);
    story.append("app.log.1", "ERROR 3, written late\n");
    assert_eq!(story.counts(), [1.0, 1.0]);
}

#[test]
fn a_log_that_was_copied_and_truncated_is_read_from_its_beginning_also_when_it_grew_past_where_it_was() {
    let mut story = Story::with("app.log", "");
    story.append("app.log", &"a line of yesterday\n".repeat(20));
    story.look();
    let copytruncate = |story: &Story| {
        fs::copy(story.path("app.log"), story.path("app.log.1")).unwrap();
        fs::File::options().write(true).open(story.path("app.log")).unwrap().set_len(0).unwrap();
    };
    story.append("app.log", "ERROR 1, written before it was copied\n");
    copytruncate(&story);
    story.append("app.log", "ERROR 2\n");
    assert_eq!(story.counts(), [2.0, 2.0]);
    copytruncate(&story);
    story.append("app.log", &"ERROR 3, and the log is longer than it was before\n".repeat(50));
    assert_eq!(story.counts(), [50.0, 50.0]);
    // Also where the copies are looked at too.
    let mut story = Story::with("app.log*", "");
    story.append("app.log", "a line of yesterday\n");
    story.look();
    story.append("app.log", "ERROR 1\n");
    copytruncate(&story);
    story.append("app.log", "ERROR 2\n");
    assert_eq!(story.counts(), [2.0, 2.0]);
    assert_eq!(story.counts(), [0.0, 0.0]);
}

#[test]
fn another_file_in_place_of_the_old_one_is_read_from_its_beginning_whatever_its_inode() {
    let mut story = Story::with("app.log", "");
    story.append("app.log", "the first of its name\n");
    story.look();
    fs::remove_file(story.path("app.log")).unwrap();
    story.append("app.log", "ERROR: the second of its name, in a new file\n");
    assert_eq!(story.counts(), [1.0, 1.0]);
}

#[test]
fn what_a_check_of_another_kind_left_behind_is_no_place_to_read_on_from() {
    let mut story = Story::with("app.log", "");
    story.append("app.log", "ERROR of yesterday\n");
    story.memory = 7.into();
    assert_eq!(story.look().output, "reading begins here");
}

#[test]
fn a_log_that_begins_later_is_read_from_its_beginning_and_one_that_is_missing_is_said() {
    let mut story = Story::with("*.log", "missing = 'warning'");
    let missing = story.look();
    assert_eq!((missing.state, missing.output.as_str()), (CheckState::Warning, "no such log is there"));
    story.append("new.log", "ERROR 1\n");
    assert_eq!(story.counts(), [1.0, 1.0]);
    assert_eq!(Story::with("*.log", "").look().state, CheckState::Unknown);
}

#[test]
fn lines_leave_only_as_samples_where_that_is_switched_on() {
    let mut story = Story::with("app.log", "");
    story.append("app.log", "begin\n");
    story.look();
    story.append("app.log", "ERROR of Mr Smith\n");
    assert!(!story.look().output.contains("Smith"));
    let mut story = Story::with("app.log", "samples = 2");
    story.append("app.log", "begin\n");
    story.look();
    story.append("app.log", "ERROR 1\nfine\nERROR 2\nERROR 3\n");
    assert_eq!(story.look().output, "3 of 4 new lines match\nERROR 1\nERROR 2");
}

#[test]
fn a_sample_is_told_without_its_colours() {
    let mut story = Story::with("app.log", "samples = 1");
    story.append("app.log", "begin\n");
    story.look();
    story.append("app.log", "ERROR \u{1b}[3mpassword\u{1b}[0m\u{1b}[2m=\u{1b}[0m\"x\"\n");
    assert_eq!(story.look().output, "1 of 1 new lines match\nERROR password=\"x\"");
}

#[test]
fn bytes_of_any_kind_and_lines_of_any_length_are_read() {
    let mut story = Story::with("app.log", "");
    story.append("app.log", "begin\n");
    story.look();
    let mut file = fs::File::options().append(true).open(story.path("app.log")).unwrap();
    file.write_all(b"\xff\xfe ERROR \x00\n").unwrap();
    file.write_all(&vec![b'x'; 300_000]).unwrap();
    file.write_all(b" ERROR\n").unwrap();
    let [matches, lines] = story.counts();
    assert_eq!(matches, 2.0);
    assert!((2.0..10.0).contains(&lines), "{lines}");
}

#[test]
fn what_may_not_be_read_is_unknown_with_the_command_that_would_allow_it_and_the_rest_is_read() {
    use std::os::unix::fs::PermissionsExt as _;
    let mut story = Story::with("*.log", "");
    story.append("a.log", "begin\n");
    story.append("b.log", "begin\n");
    story.look();
    fs::set_permissions(story.path("a.log"), fs::Permissions::from_mode(0o000)).unwrap();
    if fs::File::open(story.path("a.log")).is_ok() {
        return; // root reads everything
    }
    story.append("b.log", "ERROR 1\n");
    let sight = story.look();
    assert_eq!((sight.state, sight.values[0].value), (CheckState::Unknown, 1.0));
    assert!(sight.output.contains("setfacl"), "{sight:?}");
}

#[test]
fn what_is_no_pattern_is_refused() {
    let refused = |keys: &str| Kind::named("log").unwrap().probe(keys.parse().unwrap()).err().unwrap();
    assert!(
        refused("files = '/a'\nmatch = ['(']").contains("the log pattern \"(\" is not a regular expression")
    );
    assert!(refused("files = '/a'\nmatch = []").contains("names no pattern"));
    assert!(refused("files = '/a'\nmatch = ['x']\nsamples = 21").contains("at most 20"));
}
