//! What a system report tells of the host beside files.

use serde_json::{Value, json};

use super::super::*;

/// A system report with these fields besides those it must have.
fn decoded(fields: &Value) -> Result<SystemReport, DecodeError> {
    let mut system_report = json!({ "baseline": null, "files": [], "changes": [] });
    system_report.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    let digest = format!("sha256:{}", "0".repeat(64));
    let report = json!({
        "mailbeat": 1, "id": "01920000-0000-7000-8000-000000000000", "system": "00000000-0000-4000-8000-000000000000",
        "contract": "ACME-2026-001", "sequence": 1, "incarnation": "0000000000000001", "identity": { "public_key": "k", "proof": digest },
        "previous": null, "created_at": "2026-06-01T00:00:00Z", "uptime_s": 1, "boot_id": "b",
        "agent": { "version": "1", "host": "h", "locale": "en", "config_digest": digest },
        "promise": { "heartbeat_interval_s": 1, "system_interval_s": 1 },
        "kind": "system", "system_report": system_report,
    });
    let report = Report::decode(&serde_json::to_vec(&report).unwrap())?;
    let Body::System { system_report } = report.body else { panic!("{report:?}") };
    Ok(system_report)
}

fn packages(fields: &Value) -> Value {
    let mut packages =
        json!({ "source": "dpkg", "count": 0, "digest": format!("sha256:{}", "0".repeat(64)) });
    packages.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    json!({ "packages": packages })
}

#[test]
fn a_system_report_of_the_first_version_is_still_one() {
    let report = decoded(&json!({ "inventory": { "os.name": "Debian" } })).unwrap();
    assert!(report.is_first() && report.packages.is_none() && report.updates.is_none());
    assert_eq!(report.inventory["os.name"], "Debian");
}

#[test]
fn what_steers_a_terminal_is_taken_out_of_words_and_refused_in_what_a_digest_is_over() {
    let words = decoded(&json!({
        "reboot": { "required": true, "reasons": ["a\u{1b}[31mb"], "packages": ["c\u{7}"] },
        "updates": { "source": "a\u{202E}pt", "count": 1, "security": 0,
            "pending": [{ "name": "x\n", "installed": "1\u{1b}", "candidate": "2" }] },
        "since": { "baseline": format!("sha256:{}", "1".repeat(64)), "changes":
            [{ "path": "/a", "kind": "modified", "mode_before": "06\u{1b}44" }] },
    }))
    .unwrap();
    let said = format!("{words:?}");
    assert!(!said.contains("\\u{1b}") && !said.contains("\\u{202e}") && !said.contains("\\u{7}"), "{said}");
    for field in ["added", "removed"] {
        assert!(decoded(&packages(&json!({ field: { "a\u{1b}b": "1" } }))).is_err(), "{field}");
        assert!(decoded(&packages(&json!({ field: { "a": "1\n2" } }))).is_err(), "{field}");
    }
    assert!(decoded(&packages(&json!({ "updated": { "a": { "from": "1", "to": "2\u{1b}" } } }))).is_err());
    assert!(decoded(&json!({ "package_list": { "a\tb": "1" } })).is_err());
    assert!(decoded(&packages(&json!({ "added": { "libc6": "2.36" } }))).is_ok());
}

#[test]
fn each_limit_of_what_a_host_is_has_its_name() {
    let many =
        |count: usize| (0..count).map(|n| (format!("p{n}"), json!("1"))).collect::<serde_json::Map<_, _>>();
    let update = json!({ "name": "a", "installed": "1", "candidate": "2" });
    let over = [
        json!({ "package_list": many(limits::PACKAGES + 1) }),
        packages(&json!({ "added": many(limits::PACKAGES + 1) })),
        json!({ "package_list": { "a".repeat(limits::NAME_BYTES + 1): "1" } }),
        json!({ "updates": { "source": "apt", "count": 1, "security": 0, "pending": vec![update; limits::UPDATES + 1] } }),
        json!({ "reboot": { "required": true, "packages": vec!["a"; limits::UPDATES + 1] } }),
        json!({ "since": { "baseline": format!("sha256:{}", "1".repeat(64)),
            "changes": [{ "path": "a".repeat(limits::PATH_BYTES + 1), "kind": "removed" }] } }),
    ];
    for fields in over {
        assert!(matches!(decoded(&fields), Err(DecodeError::OverLimit { .. })));
    }
    assert!(decoded(&json!({ "package_list": many(limits::PACKAGES) })).is_ok());
}
