//! The trail as its owner uses it: looked through, exported, checked beside the real ssh-keygen, sent again.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use mailbeat_shared::wire::extract::{Extracted, extract};
use serde_json::{Value, json};

use crate::site::{Running, Site, ssh_keygen_believes, texts};

fn system(site: &Site) -> String {
    site.json(&["identity", "show", "--json"])["system"].as_str().unwrap().to_owned()
}

#[test]
fn the_trail_is_listed_by_kind_time_and_fate() {
    let site = Site::new();
    site.activate();
    for _ in 0..2 {
        site.works(&["send", "heartbeat"]);
    }
    site.works(&["send", "test"]);
    let listed = |args: &[&str]| {
        let list = site.json(&[&["trail", "list", "--json"], args].concat());
        list.as_array().unwrap().iter().map(|line| line["sequence"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(listed(&[]), [1, 2, 3, 4, 5]);
    assert_eq!(listed(&["--kind", "heartbeat"]), [3, 4]);
    assert_eq!(listed(&["--kind", "heartbeat", "--last", "1"]), [4]);
    assert_eq!(listed(&["--fate", "accepted"]), [1, 2, 3, 4, 5]);
    assert_eq!(listed(&["--fate", "waiting"]), [0; 0]);
    assert_eq!(listed(&["--since", "1h"]), [1, 2, 3, 4, 5]);
    assert_eq!(listed(&["--until", "1h"]), [0; 0]);
    let third =
        site.json(&["trail", "show", "3", "--json"])["about"]["created_at"].as_str().unwrap().to_owned();
    assert_eq!(listed(&["--since", &third]), [3, 4, 5]);
    assert_eq!(listed(&["--until", &third]), [1, 2]);
    let (code, words) = site.fails(&["trail", "list", "--since", "yesterday"]);
    assert!(code == Some(2) && words.contains("how long ago"), "{words}");
}

#[test]
fn an_export_is_verified_by_ssh_keygen_with_nothing_of_ours() {
    let site = Site::new();
    site.activate();
    site.works(&["send", "heartbeat"]);
    let dir = site.path("export");
    let said = site.works(&["trail", "export", dir.to_str().unwrap()]);
    assert!(said.contains("3 reports and 3 mails"), "{said}");
    let index: Value = serde_json::from_slice(&fs::read(dir.join("index.json")).unwrap()).unwrap();
    for line in index.as_array().unwrap() {
        let report = dir.join(line["report"].as_str().unwrap());
        let signature = dir.join(format!("{}.sig", line["report"].as_str().unwrap()));
        assert!(
            ssh_keygen_believes(&dir.join("allowed_signers"), &system(&site), &report, &signature),
            "{line}"
        );
        let mail = fs::read(dir.join(line["mail"].as_str().unwrap())).unwrap();
        assert!(site.mails().contains(&mail), "the mail as it was handed over");
        assert!(matches!(extract(&mail), Extracted::Signed(_)));
    }
    // The loop that the README tells people to run.
    let readme = fs::read_to_string(dir.join("README.md")).unwrap();
    let from = readme.find("    for report in").unwrap();
    let script: String = readme[from..]
        .lines()
        .take_while(|line| line.starts_with("    "))
        .map(|line| format!("{line}\n"))
        .collect();
    let run = || Command::new("sh").arg("-c").arg(&script).current_dir(&dir).output().unwrap();
    let (out, err) = texts(&run());
    assert!(
        out.matches("Good \"mailbeat-report\" signature").count() == 3 && !out.contains("BROKEN"),
        "{out}{err}"
    );
    let second = dir.join("reports/0000000002.json");
    fs::write(&second, fs::read_to_string(&second).unwrap().replace("interval = 5", "interval = 6")).unwrap();
    let (out, _) = texts(&run());
    assert!(out.contains("BROKEN: reports/0000000002.json"), "{out}");
    assert_eq!(fs::metadata(&second).unwrap().permissions().mode() & 0o777, 0o600, "the owner's business");

    let (code, words) = site.fails(&["trail", "export", dir.to_str().unwrap()]);
    assert!(code == Some(1) && words.contains("is not empty"), "{words}");
    let heartbeats = site.path("heartbeats");
    let only = site.json(&["trail", "export", heartbeats.to_str().unwrap(), "--kind", "heartbeat", "--json"]);
    assert_eq!(only.as_array().unwrap().len(), 1);
}

#[test]
fn of_every_damage_the_trails_own_verdict_and_ssh_keygens_are_the_same_and_the_first_broken_link_is_named() {
    let other = Site::new();
    other.activate();
    let foreign = other.path("state/trail/0000000002/report.json.sig");
    let edit = |path: &Path, change: fn(String) -> String| {
        fs::write(path, change(fs::read_to_string(path).unwrap())).unwrap();
    };
    let nothing = |_: &Path| {};
    let a_letter =
        |dir: &Path| edit(&dir.join("report.json"), |text| text.replacen("interval", "intervaL", 1));
    let a_line_end = |dir: &Path| edit(&dir.join("report.json"), |text| text + "\n");
    let of_another_report = |dir: &Path| {
        let first = dir.with_file_name("0000000001").join("report.json.sig");
        fs::copy(first, dir.join("report.json.sig")).unwrap();
    };
    let of_another_system = |dir: &Path| {
        fs::copy(&foreign, dir.join("report.json.sig")).unwrap();
    };
    type Damage<'a> = (&'a str, &'a dyn Fn(&Path));
    let damages: [Damage<'_>; 5] = [
        ("nothing", &nothing),
        ("a letter of the report", &a_letter),
        ("a line end at the report's end", &a_line_end),
        ("the signature for another report's", &of_another_report),
        ("the signature for another system's", &of_another_system),
    ];
    for (what, damage) in damages {
        let site = Site::new();
        site.activate();
        site.works(&["send", "heartbeat"]);
        fs::write(site.path("allowed"), site.works(&["identity", "show", "--allowed-signers"])).unwrap();
        damage(&site.path("state/trail/0000000002"));
        let output = site.output(&["trail", "verify", "--json"]);
        let verified: Value = serde_json::from_slice(&output.stdout).unwrap();
        let problems = verified["problems"].as_array().unwrap();
        for (sequence, name) in [(1, "0000000001"), (2, "0000000002"), (3, "0000000003")] {
            let dir = site.path("state/trail").join(name);
            let theirs = ssh_keygen_believes(
                &site.path("allowed"),
                &system(&site),
                &dir.join("report.json"),
                &dir.join("report.json.sig"),
            );
            // That #3 names another #2 is the chain's matter, which ssh-keygen does not know.
            let ours = !problems.iter().any(|problem| {
                problem["sequence"] == sequence
                    && !problem["what"].as_str().unwrap().contains("does not name")
            });
            assert_eq!(ours, theirs, "#{sequence} after changing {what}: {verified:#}");
        }
        assert_eq!(output.status.success(), what == "nothing", "{what}");
        if what == "nothing" {
            assert_eq!(verified["first_broken"], Value::Null);
        } else {
            assert_eq!(verified["first_broken"]["sequence"], 2, "{what}: {verified:#}");
            let (out, _) = texts(&site.output(&["trail", "verify"]));
            assert!(out.contains("the chain is broken, first at #2: "), "{out}");
        }
    }
}

#[test]
fn a_report_sent_again_is_the_same_mail_and_uses_up_no_number_with_and_without_a_running_agent() {
    let site = Site::new();
    site.activate();
    let first = site.mails();
    let said = site.works(&["trail", "resend", "2"]);
    assert!(said.starts_with("#2: sent again, accepted by your mail server (route office)"), "{said}");
    let running = Running::start(&site);
    let said = site.json(&["trail", "resend", "1", "--json"]);
    assert_eq!((&said["sequence"], &said["route"]), (&json!(1), &json!("office")));
    assert_eq!(running.stop(), Some(0));
    let mails = site.mails();
    assert_eq!(mails.len(), first.len() + 2);
    for mail in &first {
        assert_eq!(mails.iter().filter(|other| *other == mail).count(), 2, "to the byte");
    }
    assert_eq!(site.json(&["status", "--json"])["sequence"], 2);
    assert!(site.works(&["trail", "show", "2"]).contains("sent again"));
    assert!(site.works(&["trail", "verify"]).contains("the chain is whole"));
    let (code, words) = site.fails(&["trail", "resend", "7"]);
    assert!(code == Some(1) && words.contains("no report #7"), "{words}");
    site.works(&["deactivate"]);
    assert!(site.fails(&["trail", "resend", "1"]).1.contains("not activated"));
}
