//! Rules that are edited, while the receiver runs and while it does not.

use std::fs;

use mailbeat_tests::books::Books;
use mailbeat_tests::maildirs;
use mailbeat_tests::programs::{PATIENCE, wait_for};
use mailbeat_tests::world::{Host, Vendor};

use crate::courier::CALM;

const STRICT: &str = "[liveness]\ngrace = \"1s\"\n";

#[test]
fn who_is_silent_for_too_long_by_edited_rules_is_missing_at_once() -> anyhow::Result<()> {
    let dir = tempfile::Builder::new().prefix("mailbeat-rules-").tempdir()?;
    let vendor = Vendor::new(&dir.path().join("vendor"), &maildirs::transport(dir.path()), CALM)?;
    let receiver = vendor.start()?;
    let host = Host::new(&dir.path().join("scada-01"), "scada-01", &maildirs::route(dir.path()))?;
    host.activate(&vendor, &vendor.issue("ACME", 1, 3_600)?)?;
    host.send("heartbeat")?;
    vendor.await_system("scada-01", "alive")?;

    vendor.rule(STRICT)?;
    vendor.await_ticket("heartbeat-missing", "scada-01", "open")?;
    vendor.rule(CALM)?;
    vendor.await_system("scada-01", "alive")?;
    vendor.await_ticket("heartbeat-missing", "scada-01", "resolved")?;

    // Silent anew: what was over by other rules does not come back by itself.
    let books = Books::open(&vendor.dir)?;
    let before = books.number("SELECT max(sequence) FROM reports")?;
    host.send("heartbeat")?;
    let is_there = format!("SELECT max(sequence) > {before} FROM reports");
    books.until("the next heartbeat to be recorded", &is_there)?;
    receiver.terminate()?;
    vendor.rule(STRICT)?;
    let _receiver = vendor.start()?;
    vendor.await_ticket("heartbeat-missing", "scada-01", "open").map(drop)
}

#[test]
fn an_included_file_that_is_edited_is_in_force_and_one_that_cannot_be_read_changes_nothing()
-> anyhow::Result<()> {
    let dir = tempfile::Builder::new().prefix("mailbeat-rules-").tempdir()?;
    let place = dir.path().join("vendor");
    fs::create_dir_all(&place)?;
    let quiet = "[[threshold]]\nid = \"files\"\nmetric = \"mailbeat.watch.files\"\nabove = { medium = 9 }\ntitle = \"many\"\n";
    fs::write(place.join("files.toml"), quiet)?;
    let rules = format!("include = [\"files.toml\"]\n{CALM}");
    let vendor = Vendor::new(&place, &maildirs::transport(dir.path()), &rules)?;
    let receiver = vendor.start()?;
    let host = Host::new(&dir.path().join("scada-01"), "scada-01", &maildirs::route(dir.path()))?;
    host.write("app.conf", "workers = 4\n")?;
    host.activate(&vendor, &vendor.issue("ACME", 3_600, 3_600)?)?;
    host.send("heartbeat")?;
    vendor.await_system("scada-01", "alive")?;

    fs::write(place.join("files.toml"), "[[threshold]\n")?;
    let said = |words: &str| wait_for(words, PATIENCE, || Ok(receiver.log().contains(words).then_some(())));
    said("those before stay in force")?;
    assert!(receiver.log().contains("files.toml"), "{}", receiver.log());
    assert!(vendor.tickets()?.is_empty());
    fs::write(place.join("files.toml"), quiet.replace('9', "0"))?;
    said("the rules were edited and are in force")?;
    host.send("heartbeat")?;
    vendor.await_ticket("files", "scada-01", "open").map(drop)
}
