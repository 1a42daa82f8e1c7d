//! What systemd says, as it printed it, and pid files.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::Value as Json;

use super::*;
use crate::check::kind::Kind;

fn shown(active: &str, sub: &str, more: &str) -> String {
    format!("LoadState=loaded\nActiveState={active}\nSubState={sub}\n{more}\n")
}

fn judged(shown: &str) -> Sight {
    judge("nginx.service", &["active".to_owned()], shown, &mut Json::Null)
}

#[test]
fn each_state_of_a_unit_has_its_verdict_and_its_words() {
    let well = judged(&shown(
        "active",
        "running",
        "Result=success\nNRestarts=3\nMemoryCurrent=1048576\nStatusText=ready to serve",
    ));
    assert_eq!(
        (well.state, well.output.as_str()),
        (CheckState::Ok, "nginx.service is active (running): ready to serve")
    );
    assert_eq!(well.values.iter().map(|value| value.label.as_str()).collect::<Vec<_>>(), VALUES);
    assert_eq!(
        [well.values[0].value, well.values[1].value],
        [0.0, 1_048_576.0],
        "what was before the first run is no news"
    );
    let failed = judged(&shown("failed", "failed", "Result=exit-code\nMemoryCurrent=18446744073709551615"));
    assert_eq!(failed.state, CheckState::Critical);
    assert_eq!(failed.output, "nginx.service is failed (failed), its last result is exit-code");
    assert_eq!(failed.values, []);
    assert_eq!(judged(&shown("inactive", "dead", "")).state, CheckState::Critical);
    assert_eq!(judged(&shown("activating", "auto-restart", "")).state, CheckState::Warning);
    assert!(judged(&shown("inactive", "dead", "UnitFileState=masked")).output.ends_with("it is masked"));
    assert_eq!(
        judged("LoadState=not-found\nActiveState=inactive\n"),
        Sight::critical("nginx.service is not installed")
    );
    assert_eq!(judged("").state, CheckState::Unknown);
    let oneshot = judge(
        "backup.service",
        &["active".into(), "inactive".into()],
        &shown("inactive", "dead", ""),
        &mut Json::Null,
    );
    assert_eq!(oneshot.state, CheckState::Ok);
}

#[test]
fn restarts_are_counted_since_the_last_run_also_when_systemd_counts_anew() {
    let mut memory = Json::Null;
    let counted: Vec<f64> = [2, 2, 5, 1]
        .iter()
        .map(|restarts| {
            let shown = shown("active", "running", &format!("NRestarts={restarts}"));
            let sight = judge("a.service", &["active".to_owned()], &shown, &mut memory);
            assert!(sight.values[0].counts);
            sight.values[0].value
        })
        .collect();
    assert_eq!(counted, [0.0, 0.0, 3.0, 1.0]);
}

fn look(keys: &str) -> Sight {
    let mut probe =
        Kind::named("service").unwrap().probe(keys.parse().unwrap()).unwrap_or_else(|no| panic!("{no}"));
    let deadline = Instant::now() + Duration::from_secs(60);
    probe.look(&mut Look { now: Timestamp::UNIX_EPOCH, deadline, memory: &mut Json::Null })
}

#[test]
fn a_pid_file_tells_whether_its_process_runs() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("a.pid");
    let keys = format!("pid_file = '{}'", file.display());
    assert_eq!(look(&keys).state, CheckState::Critical);
    std::fs::write(&file, format!("{}\n", std::process::id())).unwrap();
    assert_eq!(look(&keys).state, CheckState::Ok);
    std::fs::write(&file, (u32::MAX >> 1).to_string()).unwrap();
    let gone = look(&keys);
    assert!(gone.state == CheckState::Critical && gone.output.ends_with("does not run"), "{gone:?}");
    std::fs::write(&file, "running").unwrap();
    assert_eq!(look(&keys).state, CheckState::Unknown);
}

#[test]
fn a_pid_file_that_is_none_is_unknown_and_never_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("a.pid");
    let keys = format!("pid_file = '{}'", file.display());
    let unknown = |why: &str| {
        let sight = look(&keys);
        assert!(sight.state == CheckState::Unknown && sight.output.contains(why), "{sight:?}");
        std::fs::remove_file(&file).unwrap();
    };
    std::fs::write(&file, format!("{}{}", std::process::id(), " ".repeat(64))).unwrap();
    unknown("a.pid is longer than a process number");
    std::fs::write(&file, [0xff, b'1']).unwrap();
    unknown("holds no process number");
    let made = std::process::Command::new("mkfifo").arg(&file).status().unwrap();
    assert!(made.success());
    unknown("not a regular file");
    std::os::unix::fs::symlink("/dev/zero", &file).unwrap();
    unknown("not a regular file");
    let real = dir.path().join("real");
    std::fs::write(&real, std::process::id().to_string()).unwrap();
    std::os::unix::fs::symlink(&real, &file).unwrap();
    assert_eq!(look(&keys).state, CheckState::Ok, "a link to a file is one");
}

#[test]
fn a_host_without_systemd_or_without_the_unit_says_so() {
    let sight = look("unit = 'no-such-unit-anywhere.service'");
    assert!(matches!(sight.state, CheckState::Critical | CheckState::Unknown), "{sight:?}");
    assert!(sight.output.contains("no-such-unit-anywhere.service"), "{sight:?}");
}

#[test]
fn a_service_is_named_in_one_way() {
    let refused = |keys: &str| Kind::named("service").unwrap().probe(keys.parse().unwrap()).err().unwrap();
    for keys in ["", "unit = 'a'\npid_file = '/b'"] {
        assert!(refused(keys).contains("one of them"), "{keys}");
    }
    assert!(refused("unit = '--all'").contains("no unit's name"));
    assert!(refused("unit = 'a'\nexpect = []").contains("names no state"));
    assert!(refused("pid_file = '/b'\nexpect = ['active']").contains("goes with `unit`"));
}
