//! A host that starts before its clock is set, as one without a battery does.
//!
//! Debian's libfaketime gives the shipped program another time; nothing in the program knows of it.

use std::fs;
use std::path::PathBuf;

use anyhow::Context as _;
use mailbeat_tests::office::{Office, Way};
use mailbeat_tests::programs::{Installed, PATIENCE, wait_for};

use crate::courier::CALM;

/// The program as it runs where the clock says so.
fn at(program: &Installed, time: &str) -> anyhow::Result<Installed> {
    let libraries =
        fs::read_dir("/usr/lib")?.flatten().map(|dir| dir.path().join("faketime/libfaketimeMT.so.1"));
    let library: PathBuf =
        libraries.into_iter().find(|path| path.exists()).context("Debian package faketime")?;
    Ok(program
        .with_env("LD_PRELOAD", library.to_str().context("a path in UTF-8")?)
        .with_env("FAKETIME", &format!("@{time}"))
        .with_env("FAKETIME_DONT_FAKE_MONOTONIC", "1"))
}

#[test]
fn a_host_whose_clock_is_not_set_says_nothing_and_expires_nothing_until_it_is() -> anyhow::Result<()> {
    let office = Office::open(CALM)?;
    let contract = office.vendor.issue("ACME Wasserwerke", 1, 3_600)?;
    let _receiver = office.vendor.start()?;
    let host = office.host("scada-01", &office.route("office", Way::Starttls, "agent1"))?;
    host.activate(&office.vendor, &contract)?;
    office.vendor.await_system("scada-01", "alive")?;
    let before = host.agent.json(&["status"])?["sequence"].clone();

    let early = at(&host.agent, "1971-03-01 00:00:00")?;
    let running = early.start(&["run"], &host.dir.join("agent.log"))?;
    wait_for("the log to say why nothing is sent", PATIENCE, || {
        Ok(running.log().contains("the clock is not set").then_some(()))
    })?;
    let status = early.json(&["status"])?;
    assert!(status["hindrances"].to_string().contains("the clock is not set"), "{status:#}");
    assert_eq!((&status["sequence"], &status["activated"]), (&before, &true.into()), "{status:#}");
    assert!(running.terminate()?.success());

    let _agent = host.start()?;
    host.await_sent(before.as_u64().context("a number")? + 2)?;
    assert_eq!(host.agent.json(&["status"])?["hindrances"], serde_json::json!([]));
    assert_eq!(office.vendor.tickets()?, Vec::<serde_json::Value>::new());
    Ok(())
}
