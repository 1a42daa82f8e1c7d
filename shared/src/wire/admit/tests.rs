//! What is refused by the name of its limit, what is cleaned, and what passes: at the limit, and one beyond.

mod host;

use super::super::check::{CheckState, Worst};
use super::super::id::{Digest, Incarnation, ReportId, SystemId};
use super::super::observation::names;
use super::super::report::{
    AgentInfo, Enrollment, Identity, Maintenance, Notice, NoticeEvent, Promise, SpoolInfo, TestMessage,
    VERSION,
};
use super::super::snapshot::{Change, ChangeKind, FileEntry, FileState};
use super::*;

fn report(body: Body) -> Report {
    Report {
        mailbeat: VERSION,
        id: ReportId::from_bytes([1; 16]),
        system: SystemId::from_bytes([2; 16]),
        contract: "ACME-1".parse().unwrap(),
        contract_revision: 1,
        sequence: 1,
        incarnation: Incarnation(7),
        identity: Identity { public_key: "key".into(), proof: Digest::of(b"proof"), succession: vec![] },
        previous: None,
        superseded: vec![],
        lost: vec![],
        created_at: jiff::Timestamp::UNIX_EPOCH,
        uptime_s: 60,
        boot_id: "boot".into(),
        agent: AgentInfo {
            version: "1.0.0".into(),
            host: "scada-01".into(),
            locale: "en".into(),
            config_digest: Digest::of(b"config"),
        },
        promise: Promise { heartbeat_interval_s: 3600, system_interval_s: 86400 },
        body,
    }
}

fn beat(change: impl FnOnce(&mut Heartbeat)) -> Report {
    let mut heartbeat = Heartbeat {
        spool: SpoolInfo { queued: 0, oldest: None, route: None },
        maintenance: None,
        observations: vec![],
        checks: vec![],
        problems: vec![],
    };
    change(&mut heartbeat);
    report(Body::Heartbeat { heartbeat })
}

fn files(change: impl FnOnce(&mut SystemReport)) -> Report {
    let mut system_report =
        SystemReport { baseline: None, files: vec![], changes: vec![], ..SystemReport::default() };
    change(&mut system_report);
    report(Body::System { system_report })
}

fn entry(path: &str) -> FileEntry {
    FileEntry {
        path: path.to_owned(),
        size: 1,
        state: FileState::Binary,
        encoding: None,
        digest: None,
        owner: None,
        mode: None,
        detail: None,
        muted: false,
    }
}

fn removed(path: &str) -> Change {
    Change {
        path: path.to_owned(),
        kind: ChangeKind::Removed,
        before: None,
        after: None,
        diff: None,
        text: None,
        owner_before: None,
        mode_before: None,
    }
}

fn check_result(change: impl FnOnce(&mut CheckResult)) -> CheckResult {
    let mut check = CheckResult::new("backup", CheckState::Ok, jiff::Timestamp::UNIX_EPOCH);
    change(&mut check);
    check
}

fn measured() -> Observation {
    Observation::new(&names::UPTIME, 1.0)
}

fn attributed(pairs: impl IntoIterator<Item = (String, String)>) -> Report {
    beat(|heartbeat| {
        heartbeat.observations = vec![Observation { attributes: pairs.into_iter().collect(), ..measured() }]
    })
}

fn decoded(report: &Report) -> Result<Report, DecodeError> {
    Report::decode(&report.encode())
}

/// Passes with `most` of it, and is refused by this name with one more.
#[track_caller]
fn limited(wanted: &str, most: usize, make: impl Fn(usize) -> Report) {
    assert!(decoded(&make(most)).is_ok(), "{wanted}: {most} are refused");
    match decoded(&make(most + 1)) {
        Err(DecodeError::OverLimit { what, limit }) => assert_eq!((what, limit), (wanted, most)),
        other => panic!("{wanted}: {other:?}"),
    }
}

#[track_caller]
fn malformed(report: &Report, wanted: &str) {
    let refused = decoded(report).expect_err(wanted).to_string();
    assert!(refused.starts_with("not a report: ") && refused.contains(wanted), "{refused}");
}

fn numbered(count: usize) -> impl Iterator<Item = String> {
    (0..count).map(|n| format!("n{n}"))
}

#[test]
fn lists_are_taken_up_to_their_limits() {
    let with = |change: fn(&mut Report, usize)| {
        move |count| {
            let mut report = beat(|_| {});
            change(&mut report, count);
            report
        }
    };
    limited("superseded", limits::RANGES, with(|report, count| report.superseded = vec![(1, 1); count]));
    limited("lost", limits::RANGES, with(|report, count| report.lost = vec![(1, 1); count]));
    limited("succession", 8, with(|report, count| report.identity.succession = vec!["x".into(); count]));
    limited("problems", limits::CHECKS, |count| beat(|beat| beat.problems = vec!["x".into(); count]));
    limited("observations", limits::OBSERVATIONS, |count| {
        beat(|heartbeat| heartbeat.observations = vec![measured(); count])
    });
    limited("observations", limits::OBSERVATIONS, |count| {
        beat(|heartbeat| {
            heartbeat.checks = vec![check_result(|check| check.observations = vec![measured(); count])];
        })
    });
    limited("checks", limits::CHECKS, |count| beat(|beat| beat.checks = vec![check_result(|_| {}); count]));
    limited("attributes", limits::ATTRIBUTES, |count| {
        attributed(numbered(count).map(|key| (key, "x".to_owned())))
    });
    limited("consented", limits::CHECKS, |count| {
        let consented = vec!["host".to_owned(); count];
        report(Body::Enrollment {
            enrollment: Enrollment { activated_by: "root".into(), consented, revision: 1 },
        })
    });
    limited("files", limits::WATCHED_FILES, |count| {
        files(|report| report.files = numbered(count).map(|path| entry(&path)).collect())
    });
    limited("changes", 2 * limits::WATCHED_FILES, |count| {
        files(|report| report.changes = numbered(count).map(|path| removed(&path)).collect())
    });
    limited("truncated", 2 * limits::WATCHED_FILES, |count| {
        files(|report| report.truncated = vec!["x".into(); count])
    });
    limited("inventory", limits::OBSERVATIONS, |count| {
        files(|report| report.inventory = numbered(count).map(|key| (key, "x".to_owned())).collect())
    });
}

#[test]
fn texts_are_taken_up_to_their_limits() {
    let x = |length| "x".repeat(length);
    limited("a name", limits::NAME_BYTES, |length| {
        let mut report = beat(|_| {});
        report.agent.host = x(length);
        report
    });
    limited("a check's name", limits::NAME_BYTES, |length| {
        beat(|beat| beat.checks = vec![check_result(|check| check.name = x(length))])
    });
    limited("a check's output", limits::OUTPUT_BYTES, |length| {
        beat(|beat| beat.checks = vec![check_result(|check| check.output = x(length))])
    });
    limited("a check's output", limits::OUTPUT_BYTES, |length| {
        let worst = Worst { state: CheckState::Critical, at: jiff::Timestamp::UNIX_EPOCH, output: x(length) };
        beat(|beat| beat.checks = vec![check_result(|check| check.worst = Some(worst))])
    });
    limited("samples", limits::OBSERVATIONS, |count| {
        let values = (0..count).map(|n| (n.to_string(), [0.0, 0.5, 1.0])).collect();
        let samples = Samples { runs: 2, not_ok_s: 0, values };
        beat(|beat| beat.checks = vec![check_result(|check| check.samples = Some(samples))])
    });
    limited("an attribute's value", limits::NAME_BYTES, |length| attributed([("key".to_owned(), x(length))]));
    limited("reason", limits::OUTPUT_BYTES, |length| {
        let (until, reason) = (jiff::Timestamp::UNIX_EPOCH, x(length));
        beat(|beat| beat.maintenance = Some(Maintenance { until, reason }))
    });
    limited("reason", limits::OUTPUT_BYTES, |length| {
        let (event, until, reason) = (NoticeEvent::Shutdown, None, x(length));
        report(Body::Notice { notice: Notice { event, until, reason } })
    });
    limited("requested_by", limits::NAME_BYTES, |length| {
        report(Body::Test { test: TestMessage { requested_by: x(length), route: None } })
    });
    limited("a path", limits::PATH_BYTES, |length| files(|report| report.files = vec![entry(&x(length))]));
    limited("a path", limits::PATH_BYTES, |length| {
        files(|report| report.changes = vec![removed(&x(length))])
    });
    limited("an inventory value", limits::OUTPUT_BYTES, |length| {
        files(|report| report.inventory = [("os".to_owned(), x(length))].into())
    });
}

#[test]
fn a_key_is_refused_where_it_is_too_long_or_could_steer_a_terminal() {
    let longest = "k".repeat(limits::NAME_BYTES);
    let inventory = |key: &str| files(|report| report.inventory = [(key.to_owned(), "x".to_owned())].into());
    let attribute = |key: &str| attributed([(key.to_owned(), "x".to_owned())]);
    assert!(decoded(&inventory(&longest)).is_ok() && decoded(&attribute(&longest)).is_ok());
    let sample = |key: &str| {
        let values = [(key.to_owned(), [0.0, 0.5, 1.0])].into();
        let samples = Samples { runs: 2, not_ok_s: 0, values };
        beat(|beat| beat.checks = vec![check_result(|check| check.samples = Some(samples))])
    };
    assert!(decoded(&sample(&longest)).is_ok());
    for key in [format!("{longest}k"), "k\u{1b}[31m".to_owned()] {
        malformed(&sample(&key), "a sample's name is too long or holds control characters");
        malformed(&inventory(&key), "an inventory key is too long or holds control characters");
        malformed(&attribute(&key), "an attribute's key is too long or holds control characters");
    }
}

#[test]
fn a_path_is_refused_rather_than_cleaned_because_two_must_not_become_one() {
    for path in ["/etc/a\nb", "/etc/a\tb", "/etc/a\u{1b}[2J", "/etc/\u{202E}txt.a"] {
        malformed(&files(|report| report.files = vec![entry(path)]), "a path holds control characters");
        malformed(&files(|report| report.changes = vec![removed(path)]), "a path holds control characters");
    }
    assert!(decoded(&files(|report| report.files = vec![entry("/etc/Größe (alt).conf")])).is_ok());
}

#[test]
fn names_become_one_clean_line_and_longer_text_keeps_its_lines() {
    let mut made = beat(|heartbeat| {
        heartbeat.checks = vec![check_result(|check| {
            check.name = "back\nup".into();
            check.output = "two\nlines\u{1b}[31m, as printed\tso".into();
        })];
    });
    made.agent.host = "scada\u{202E}-01".into();
    let read = decoded(&made).unwrap();
    let Body::Heartbeat { heartbeat } = &read.body else { panic!("{read:?}") };
    assert_eq!(read.agent.host, "scada-01");
    assert_eq!(heartbeat.checks[0].name, "back up");
    assert_eq!(heartbeat.checks[0].output, "two\nlines, as printed\tso");
}

#[test]
fn ranges_run_forward_and_sequences_count_from_one() {
    let with_lost = |range| {
        let mut report = beat(|_| {});
        report.lost = vec![range];
        report
    };
    assert!(decoded(&with_lost((4, 5))).is_ok() && decoded(&with_lost((5, 5))).is_ok());
    malformed(&with_lost((5, 4)), "a range ends before it begins");
    let mut zeroth = beat(|_| {});
    zeroth.sequence = 0;
    malformed(&zeroth, "reports count from 1");
}

#[test]
fn what_passes_is_what_was_written() {
    let written = beat(|heartbeat| {
        heartbeat.observations = vec![measured().with("system.device", "/dev/sda1")];
        heartbeat.checks = vec![check_result(|check| check.output = "fine\nall of it".into())];
        heartbeat.problems = vec!["the swap could not be measured".into()];
    });
    assert_eq!(decoded(&written).unwrap(), written);
}

#[test]
fn a_report_of_the_largest_size_and_of_this_version_is_read_and_beyond_that_refused_by_name() {
    let mut bytes = beat(|_| {}).encode();
    bytes.resize(limits::REPORT_BYTES, b' ');
    assert!(Report::decode(&bytes).is_ok());
    bytes.push(b' ');
    assert!(matches!(Report::decode(&bytes), Err(DecodeError::OverLimit { what: "report.json", .. })));
    let mut newer = beat(|_| {});
    newer.mailbeat = VERSION + 1;
    assert!(matches!(decoded(&newer), Err(DecodeError::NewerVersion(2))));
}

#[test]
fn a_report_is_json_with_one_item_a_line_and_its_kind_in_a_word() {
    let mut made = attributed([("system.device".to_owned(), "/dev/sda1".to_owned())]);
    made.superseded = vec![(3, 4), (7, 7)];
    let text = String::from_utf8(made.encode()).unwrap();
    assert!(text.starts_with("{\n  \"mailbeat\": 1,\n  \"id\": \"01010101-"), "{text}");
    assert!(text.contains("\n  \"superseded\": [\n    [\n      3,\n      4\n    ],\n    ["), "{text}");
    assert!(
        text.contains(
            "\n  \"kind\": \"heartbeat\",\n  \"heartbeat\": {\n    \"spool\": {\n      \"queued\": 0,"
        ),
        "{text}"
    );
    let observation = "\n    \"observations\": [\n      {\"name\": \"system.uptime\", \"attributes\": {\"system.device\": \"/dev/sda1\"}, \"value\": 1.0, \"unit\": \"s\"}\n    ],\n";
    assert!(text.contains(observation), "{text}");
    assert!(text.ends_with("\n  }\n}\n"), "{text}");
    let kinds = [super::super::report::Kind::Heartbeat, super::super::report::Kind::Test];
    assert_eq!(kinds.map(|kind| kind.as_str()), ["heartbeat", "test"]);
}
