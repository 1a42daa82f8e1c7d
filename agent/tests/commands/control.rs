//! What the administrator sees and decides, as she types it: consent, data sheet, state, maintenance, redaction, goodbye.

use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::site::{Running, Site, texts, wait_for};

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
    let on = |item: &Value| item["on"] == true && item["agreed"] == true;
    assert!(
        items.iter().all(|item| on(item) != (item["item"] == "checks")),
        "no check is configured: {items:?}"
    );
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
