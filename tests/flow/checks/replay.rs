//! `rules replay` on what a receiver really recorded: under the rules that were in force it tells what happened, under others what
//! would have.

use std::fs;

use mailbeat_tests::office::{Office, RULES, Way};
use mailbeat_tests::programs::{PATIENCE, wait_for};
use serde_json::Value;

use super::{check_of, configure, obedient, order};

/// The events of a ticket that follow from reports; of those that begin something, how urgent it was.
fn events(told: &[Value]) -> Vec<(&str, &str)> {
    let follows = ["opened", "reopened", "severity_changed", "resolved"];
    let words = told.iter().filter_map(|event| {
        let what = event["event"].as_str().filter(|what| follows.contains(what))?;
        let severity = event["severity"].as_str().filter(|_| what.ends_with("opened"));
        Some((what, severity.unwrap_or_default()))
    });
    words.collect()
}

#[test]
fn rules_tried_on_what_was_recorded_tell_what_happened_and_others_what_would_have() -> anyhow::Result<()> {
    let office = Office::open(RULES)?;
    let vendor = &office.vendor;
    let contract = vendor.issue("ACME Wasserwerke", 1, 3600)?;
    let receiver = vendor.start()?;
    let host = office.host("scada-01", &office.route("office", Way::Starttls, "agent1"))?;
    let plugin = obedient(&host)?;
    configure(&host, &format!("\n[[check]]\nname = 'orders'\ntype = 'plugin'\ninterval_s = 1\n{plugin}"))?;
    host.activate(vendor, &contract)?;
    let agent = host.start()?;
    wait_for("the first verdict", PATIENCE, || check_of(&host, "orders"))?;
    vendor.await_system("scada-01", "alive")?;
    let replay = |more: &[&str]| -> anyhow::Result<Vec<Value>> {
        let told = vendor.receiver.json(&[&["rules", "replay", "scada-01"], more].concat())?;
        Ok(told.as_array().cloned().unwrap_or_default())
    };
    assert_eq!(replay(&[])?, Vec::<Value>::new(), "a healthy host has no story");

    // Worse, over, back again, and over.
    for (said, state) in [("2\nORDERS CRITICAL - down\n", "open"), ("0\nORDERS OK\n", "resolved")] {
        order(&host, said)?;
        vendor.await_ticket("check", "scada-01", state)?;
    }
    for (said, state) in [("1\nORDERS WARNING - slow\n", "open"), ("0\nORDERS OK\n", "resolved")] {
        order(&host, said)?;
        vendor.await_ticket("check", "scada-01", state)?;
    }
    agent.terminate()?;
    vendor.await_ticket("check", "scada-01", "resolved")?;

    let shown = vendor.receiver.json(&["tickets", "show", "MB-1001"])?;
    let happened = shown["events"].as_array().cloned().unwrap_or_default();
    let happened = events(&happened);
    assert!(happened.len() >= 4, "{shown:#}");
    let told = replay(&[])?;
    assert_eq!(events(&told), happened, "{told:#?}\n{shown:#}");
    assert!(told.iter().all(|one| one["rule"] == "check" && one["subject"] == "orders"), "{told:#?}");

    let other = office.dir().join("other.toml");
    let path = other.display().to_string();
    fs::write(
        &other,
        format!("{RULES}\n[[check_rule]]\nid = \"quiet\"\ncritical = \"none\"\nwarning = \"none\"\n"),
    )?;
    assert_eq!(replay(&["--rules", &path])?, Vec::<Value>::new());
    fs::write(
        &other,
        format!("{RULES}\n[[check_rule]]\nid = \"loud\"\ncritical = \"critical\"\nwarning = \"none\"\n"),
    )?;
    let louder = replay(&["--rules", &path])?;
    let told: Vec<_> = louder.iter().map(|one| (one["event"].clone(), one["severity"].clone())).collect();
    assert_eq!(told, [("opened".into(), "critical".into()), ("resolved".into(), "critical".into())]);
    assert_eq!(vendor.tickets()?.len(), 1, "trying changes nothing");
    receiver.terminate().map(drop)
}
