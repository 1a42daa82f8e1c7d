//! What the administrator sees and decides, as she types it: consent, data sheet, trail, maintenance, redaction, goodbye.

#![allow(clippy::unwrap_used)] // a test that cannot go on should say where

mod site;

use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use mailbeat_shared::wire::extract::{Extracted, extract};
use serde_json::{Value, json};

use site::{Running, Site, texts, wait_for};

/// Whether ssh-keygen believes a report, as README and mails tell people to ask it.
fn ssh_keygen_believes(allowed_signers: &Path, system: &str, report: &Path, signature: &Path) -> bool {
    let args = ["-Y", "verify", "-n", "mailbeat-report", "-I", system, "-f"];
    let verified = Command::new("ssh-keygen")
        .args(args)
        .arg(allowed_signers)
        .arg("-s")
        .arg(signature)
        .stdin(fs::File::open(report).unwrap())
        .output()
        .unwrap();
    verified.status.success()
}

fn system(site: &Site) -> String {
    site.json(&["identity", "show", "--json"])["system"].as_str().unwrap().to_owned()
}

/// The kinds that have become mails so far, in order of their numbers.
fn kinds(site: &Site) -> Vec<String> {
    let list = site.json(&["trail", "list", "--json"]);
    list.as_array().unwrap().iter().map(|line| line["kind"].as_str().unwrap().to_owned()).collect()
}

fn newest_report(site: &Site) -> Value {
    let list = site.json(&["trail", "list", "--last", "1", "--json"]);
    site.json(&["trail", "show", &list[0]["sequence"].to_string(), "--json"])["report"].clone()
}

#[test]
fn what_is_switched_on_later_waits_for_consent_and_is_named_until_somebody_agrees() {
    let site = Site::new();
    site.configure("collect.cpu = false\ncollect.load = false");
    let shown = site.activate();
    assert!(!shown.contains("cpu") && shown.contains("with: memory, swap"), "{shown}");
    assert!(site.works(&["activate"]).contains("nothing is withheld"));

    site.configure("collect.load = false");
    assert!(
        site.works(&["config", "check"]).contains("note: not sent, because nobody agreed to it yet: cpu")
    );
    let status = site.works(&["status"]);
    assert!(status.contains("nobody agreed to it yet: cpu;") && status.contains("cpu WITHHELD"), "{status}");
    assert!(status.contains("load off") && status.contains("memory on"), "{status}");
    site.works(&["send", "heartbeat"]);
    let withheld = newest_report(&site)["heartbeat"].clone();
    assert!(withheld["problems"][0].as_str().unwrap().contains("nobody agreed to it yet: cpu"), "{withheld}");
    assert!(!withheld["observations"].to_string().contains("system.cpu"), "{withheld}");

    let (code, words) = site.fails(&["activate"]);
    assert!(code == Some(2) && words.contains("--accept"), "{words}");
    let agreed = site.works(&["activate", "--accept"]);
    assert!(agreed.contains("- CPU (collect.cpu): the share of CPU time"), "{agreed}");
    site.works(&["send", "heartbeat"]);
    let sent = newest_report(&site)["heartbeat"].clone();
    assert!(sent["observations"].to_string().contains("system.cpu.utilization"), "{sent}");
    assert_eq!(sent["problems"], Value::Null, "{sent}");
    let consent = fs::read_to_string(site.path("state/activation.toml")).unwrap();
    assert!(consent.contains("[[added]]") && consent.contains("items = [\"cpu\"]"), "{consent}");
}

#[test]
fn a_running_agent_says_in_its_log_what_it_withholds_and_takes_up_a_consent_by_itself() {
    let site = Site::new();
    site.configure("collect.cpu = false");
    site.activate();
    site.configure("heartbeat_interval_s = 1");
    let running = Running::start(&site);
    let log = || fs::read_to_string(site.path("run.log")).unwrap();
    wait_for("the log to name it", || log().contains("nobody agreed to it yet: cpu").then_some(()));
    site.works(&["activate", "--accept"]);
    wait_for("a heartbeat with it", || newest_report(&site).to_string().contains("system.cpu").then_some(()));
    assert_eq!(running.stop(), Some(0));
}

#[test]
fn the_data_sheet_names_everything_that_a_report_then_says() {
    let site = Site::new();
    let before = site.works(&["disclose"]);
    assert!(before.contains("nobody: not activated") && before.contains("CPU [on]"), "{before}");
    site.activate();
    let sheet = site.json(&["disclose", "--json"]);
    let numbers: String =
        sheet["items"].as_array().unwrap().iter().map(|item| item["numbers"].to_string()).collect();
    let report = site.json(&["preview", "heartbeat", "--json"]);
    for observation in report["heartbeat"]["observations"].as_array().unwrap() {
        let name = observation["name"].as_str().unwrap();
        assert!(numbers.contains(name), "{name} is sent and not in {numbers}");
    }
    let report = site.json(&["preview", "system", "--json"]);
    for key in report["system_report"]["inventory"].as_object().unwrap().keys() {
        let disk = key.starts_with("host.disk.") && numbers.contains("host.disk.");
        assert!(disk || numbers.contains(key), "{key} is sent and not in {numbers}");
    }

    let english = site.works(&["disclose"]);
    assert!(english.contains("Example GmbH, reports@vendor.example (contract ACME-2026-001"), "{english}");
    assert!(english.contains("Now:       system.memory.limit = "), "a real value:\n{english}");
    site.configure("locale = 'de'");
    let german = site.works(&["disclose"]);
    assert!(german.contains("Was das Haus verlässt") && german.contains("Arbeitsspeicher [an]"), "{german}");
    assert!(site.works(&["disclose", "--lang", "en"]).contains("What leaves the house"));
    let annex = site.works(&["disclose", "--annex"]);
    assert!(
        annex.starts_with("# Anlage:") && annex.contains("zwischen ACME (Verantwortlicher) und Example GmbH"),
        "{annex}"
    );
    assert_eq!(site.output(&["disclose", "--lang", "fr"]).status.code(), Some(2));
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

#[test]
fn scripts_begin_and_end_maintenance_with_and_without_a_running_agent() {
    let site = Site::new();
    let (_, words) = site.fails(&["maintenance", "start", "--for", "1h"]);
    assert!(words.contains("not activated"), "{words}");
    site.activate();
    let (code, words) = site.fails(&["maintenance", "start", "--for", "73h"]);
    assert!(code == Some(2) && words.contains("at most 72 h"), "{words}");
    assert_eq!(site.output(&["maintenance", "start", "--for", "soon"]).status.code(), Some(2));

    let begun = site.works(&["maintenance", "start", "--for", "4h", "--reason", "new pumps"]);
    assert!(begun.contains("Maintenance until") && begun.contains("new pumps"), "{begun}");
    assert!(begun.contains("notice: accepted by your mail server"), "{begun}");
    let shown = site.json(&["maintenance", "show", "--json"]);
    assert_eq!((&shown["active"], &shown["reason"]), (&json!(true), &json!("new pumps")));
    assert!(site.works(&["status"]).contains("Maintenance until"));
    site.works(&["send", "heartbeat"]);
    assert_eq!(newest_report(&site)["heartbeat"]["maintenance"]["reason"], "new pumps");

    let running = Running::start(&site);
    let stopped = site.json(&["maintenance", "stop", "--json"]);
    assert_eq!((&stopped["active"], &stopped["told"]), (&json!(false), &json!(true)));
    assert_eq!(site.json(&["maintenance", "stop", "--json"])["active"], false, "twice is no failure");
    site.works(&["maintenance", "start", "--for", "1s"]);
    wait_for("it to end by itself", || {
        let ended = newest_report(&site)["notice"]["event"] == "maintenance_ended";
        (ended && site.works(&["maintenance", "show"]) == "No maintenance.\n").then_some(())
    });
    assert_eq!(running.stop(), Some(0));
    assert_eq!(kinds(&site).iter().filter(|kind| *kind == "notice").count(), 4);
}

#[test]
fn redact_shows_what_would_be_left_of_a_file_and_keeps_ordinary_text_as_it_is() {
    let site = Site::new();
    site.configure("redact.patterns = ['Project: (\\S+)']");
    let secret = site.path("secret.conf");
    fs::write(&secret, "listen = 80\npassword = hunter2secret\nProject: Blue\n").unwrap();
    let output = site.output(&["redact", secret.to_str().unwrap()]);
    let (out, err) = texts(&output);
    assert!(output.status.success() && out.starts_with("listen = 80\npassword = <redacted:"), "{out}{err}");
    assert!(!out.contains("hunter2secret") && !out.contains("Blue"), "{out}");
    assert!(err.contains("2 places redacted") && err.contains("not activated"), "{err}");

    site.activate();
    let mut child = site
        .command(&["redact", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"password = hunter2secret\n").unwrap();
    let (out, err) = texts(&child.wait_with_output().unwrap());
    let fingerprint = out.trim().strip_prefix("password = ").unwrap();
    let sent = site.json(&["preview", "system", "--json"]);
    let held = fs::read_to_string(site.path("state/trail/0000000002/report.json")).unwrap();
    assert!(held.contains(fingerprint), "the same fingerprint as in a report: {fingerprint} {sent}");
    assert!(!err.contains("not activated"), "{err}");
    fs::write(&secret, b"\x7FELF\x02\x01\0\0").unwrap();
    assert!(site.fails(&["redact", secret.to_str().unwrap()]).1.contains("is no text"));
}

#[test]
fn the_status_page_says_what_an_administrator_asks() {
    let site = Site::new();
    site.activate();
    let running = Running::start(&site);
    site.works(&["send", "heartbeat"]);
    let status = site.json(&["status", "--json"]);
    assert_eq!((status["contract"]["days_left"].as_i64(), &status["queued"]), (Some(364), &json!(0)));
    for due in ["next_heartbeat", "next_system_report"] {
        assert!(status[due].as_str().is_some_and(|at| at > "2026"), "{due}: {status:#}");
    }
    assert_eq!(status["last_accepted"]["route"], "office");
    assert!(status["uses"]["memory_bytes"].as_u64().unwrap() > 500_000, "{status:#}");
    assert!(status["trail_bytes"].as_u64().unwrap() > 1_000 && status["trail_reports"] == 3, "{status:#}");
    let items = status["items"].as_array().unwrap();
    assert!(items.iter().all(|item| item["on"] == true && item["agreed"] == true), "{items:?}");
    let page = site.works(&["status"]);
    for words in [
        "mailbeat-agent: well",
        "364 days left",
        "Next:      heartbeat 2",
        ", system report 2",
        "watched files on",
        "of CPU in",
    ] {
        assert!(page.contains(words), "{words} is not in\n{page}");
    }
    assert_eq!(running.stop(), Some(0));
}

#[test]
fn what_the_limit_of_mails_an_hour_holds_back_is_said_with_the_time() {
    let site = Site::new();
    site.configure("mails_per_hour = 4");
    site.activate();
    let output = site.output(&["send", "test"]);
    let (out, _) = texts(&output);
    assert!(output.status.code() == Some(1) && out.contains("mails_per_hour holds it back until"), "{out}");
    assert!(site.works(&["status"]).contains("mails_per_hour holds them back; the next leaves at"));
    assert_eq!(site.mails().len(), 1, "the enrollment alone");
}

/// A `systemctl` that says this.
fn systemctl(site: &Site, says: &str) -> String {
    let dir = site.path("bin");
    fs::create_dir_all(&dir).unwrap();
    fs::write(dir.join("systemctl"), format!("#!/bin/sh\necho {says}\nexit 1\n")).unwrap();
    fs::set_permissions(dir.join("systemctl"), fs::Permissions::from_mode(0o755)).unwrap();
    format!("{}:{}", dir.display(), std::env::var("PATH").unwrap())
}

fn stopped(site: &Site, says: &str) -> Option<i32> {
    let mut run = site.command(&["run"]);
    run.env("PATH", systemctl(site, says));
    Running::of(site, run).stop()
}

#[test]
fn goodbye_is_said_when_the_system_goes_down_or_always_and_otherwise_not() {
    let site = Site::new();
    site.activate();
    let notices = || kinds(&site).iter().filter(|kind| *kind == "notice").count();
    assert_eq!((stopped(&site, "stopping"), notices()), (Some(0), 0), "nobody asked for it");
    site.configure("goodbye = true");
    assert_eq!((stopped(&site, "running"), notices()), (Some(0), 0), "only the service was stopped");
    assert_eq!((stopped(&site, "stopping"), notices()), (Some(0), 1));
    assert_eq!(newest_report(&site)["notice"]["event"], "shutdown");
    site.configure("goodbye = 'always'");
    let running = Running::start(&site);
    wait_for("the heartbeat of who is back", || (kinds(&site).last()? == "heartbeat").then_some(()));
    assert_eq!((running.stop(), notices()), (Some(0), 2));
}

#[test]
fn a_goodbye_never_holds_up_a_shutdown() {
    let site = Site::new();
    site.activate();
    // Takes connections and never says a word; the SMTP client would wait for minutes.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    site.configure_smtp(silent.local_addr().unwrap().port());
    let config = fs::read_to_string(site.path("agent.toml")).unwrap();
    fs::write(site.path("agent.toml"), format!("goodbye = 'always'\n{config}timeout_s = 600\n")).unwrap();
    let mut running = Running::start(&site);
    Command::new("kill").arg(running.0.id().to_string()).status().unwrap();
    let ended = wait_for("the end", || running.0.try_wait().unwrap());
    assert_eq!(ended.code(), Some(0));
    let waiting = site.json(&["trail", "list", "--fate", "waiting", "--json"]);
    assert_eq!(waiting[0]["kind"], "notice", "it waits in the queue: {waiting}");
}
