//! A host at its limits: a full disk, a state directory that cannot be written, damaged state, a second instance, a contract that is
//! not valid yet. Each is said clearly, nothing is lost, nothing panics.

use std::fs;
use std::process::Output;

use anyhow::{Context as _, ensure};
use mailbeat_tests::books::Books;
use mailbeat_tests::disk::Disk;
use mailbeat_tests::maildirs;
use mailbeat_tests::programs::{Installed, PATIENCE, Running, wait_for};
use mailbeat_tests::world::{Host, Vendor};
use tempfile::TempDir;

use crate::courier::CALM;

/// A vendor and a host over Maildirs; the state of both on small disks of their own.
struct Site {
    vendor: Vendor,
    host: Host,
    vendor_disk: Disk,
    host_disk: Disk,
    // Last: dropped after what is mounted in it.
    dir: TempDir,
}

impl Site {
    fn new() -> anyhow::Result<Self> {
        let dir = tempfile::Builder::new().prefix("mailbeat-limits-").tempdir()?;
        let at = |name: &str| dir.path().join(name);
        let vendor_disk = Disk::mount(&at("vendor"), 8)?;
        let host_disk = Disk::mount(&at("scada-01/state"), 4)?;
        let vendor = Vendor::new(&at("vendor"), &maildirs::transport(dir.path()), CALM)?;
        let host = Host::new(&at("scada-01"), "scada-01", &maildirs::route(dir.path()))?;
        host.write("app.conf", "workers = 4\n")?;
        Ok(Self { vendor, host, vendor_disk, host_disk, dir })
    }

    fn activated() -> anyhow::Result<Self> {
        let site = Self::new()?;
        let contract = site.vendor.issue("ACME", 1, 3_600)?;
        site.host.activate(&site.vendor, &contract)?;
        Ok(site)
    }

    /// Starts a program with its log where there is room.
    fn start(&self, program: &Installed, log: &str) -> anyhow::Result<Running> {
        program.start(&["run"], &self.dir.path().join(log))
    }

    /// Whether everything the agent ever composed became part of the chain, and was recorded.
    fn nothing_is_lost(&self) -> anyhow::Result<()> {
        let verified = self.host.agent.run(&["trail", "verify"])?;
        ensure!(verified.contains("the chain is whole"), "{verified}");
        let books = Books::open(&self.vendor.dir)?;
        let trail = self.host.agent.json(&["trail", "list", "--last", "1000"])?;
        let lines = trail.as_array().context("a list")?;
        ensure!(lines.iter().all(|line| line["outcome"]["fate"] != "lost"), "{trail:#}");
        let accepted = lines.iter().filter(|line| line["outcome"]["fate"] == "accepted").count();
        books.until("everything to be recorded", &format!("SELECT count(*) >= {accepted} FROM reports"))?;
        ensure!(books.number("SELECT count(*) FROM quarantine")? == 0, "something is in quarantine");
        Ok(())
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn until_logged(running: &Running, words: &str) -> anyhow::Result<String> {
    wait_for(&format!("{words:?} in the log"), PATIENCE, || {
        Ok(Some(running.log()).filter(|log| log.contains(words)))
    })
    .with_context(|| running.log())
}

fn ended(mut running: Running) -> anyhow::Result<(Option<i32>, String)> {
    let status =
        wait_for("the program to end", PATIENCE, || Ok(running.ended())).with_context(|| running.log())?;
    Ok((status.code(), running.log()))
}

#[test]
fn the_receivers_disk_is_full_and_after_making_room_nothing_is_missing() -> anyhow::Result<()> {
    let site = Site::activated()?;
    let receiver = site.start(&site.vendor.receiver, "receiver.log")?;
    site.vendor.await_system("scada-01", "alive")?;
    site.vendor_disk.fill()?;
    let _agent = site.start(&site.host.agent, "agent.log")?;
    let (code, log) = ended(receiver)?;
    assert_eq!(code, Some(1), "{log}");
    assert!(log.contains("full") && log.contains("make room"), "what is wrong and what to do: {log}");
    assert!(!log.contains("panicked"), "{log}");

    // Started too early, it says the same again.
    let (code, log) = ended(site.start(&site.vendor.receiver, "receiver-2.log")?)?;
    assert_eq!(code, Some(1), "{log}");
    assert!(log.contains("full"), "{log}");

    site.vendor_disk.clear()?;
    let _receiver = site.start(&site.vendor.receiver, "receiver-3.log")?;
    site.nothing_is_lost()
}

#[test]
fn the_agents_disk_is_full_and_it_goes_on_by_itself_when_there_is_room() -> anyhow::Result<()> {
    let site = Site::activated()?;
    let _receiver = site.start(&site.vendor.receiver, "receiver.log")?;
    let agent = site.start(&site.host.agent, "agent.log")?;
    site.vendor.await_system("scada-01", "alive")?;
    site.host_disk.fill()?;
    let log = until_logged(&agent, "No space left on device")?;
    let state = site.host.dir.join("state");
    assert!(log.contains(&state.display().to_string()) && log.contains("make room"), "{log}");

    let before = Books::open(&site.vendor.dir)?.number("SELECT max(sequence) FROM reports")?;
    site.host_disk.clear()?;
    let books = Books::open(&site.vendor.dir)?;
    books.until("heartbeats to go on", &format!("SELECT max(sequence) > {before} + 2 FROM reports"))?;
    let log = agent.log();
    assert!(!log.contains("panicked"), "{log}");
    assert!(agent.terminate()?.success());
    site.nothing_is_lost()
}

#[test]
fn a_state_directory_that_cannot_be_written_is_named_by_both_programs() -> anyhow::Result<()> {
    let site = Site::activated()?;
    site.vendor_disk.read_only(true)?;
    site.host_disk.read_only(true)?;
    for (program, dir) in [
        (&site.vendor.receiver, site.vendor.dir.join("state")),
        (&site.host.agent, site.host.dir.join("state")),
    ] {
        let output = program.output(&["run"])?;
        let said = said(&output);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(&dir.display().to_string()), "which directory: {said}");
        assert!(said.contains("Read-only file system"), "{said}");
        assert!(!said.contains("panicked"), "{said}");
    }
    site.vendor_disk.read_only(false)?;
    site.host_disk.read_only(false)?;
    let _receiver = site.start(&site.vendor.receiver, "receiver.log")?;
    site.host.agent.run(&["send", "heartbeat"])?;
    site.nothing_is_lost()
}

#[test]
fn damaged_agent_state_is_named_and_no_number_is_used_twice() -> anyhow::Result<()> {
    let site = Site::activated()?;
    let _receiver = site.start(&site.vendor.receiver, "receiver.log")?;
    site.host.agent.run(&["send", "system"])?;
    let state = site.host.dir.join("state");
    let mut damaged = 0;
    for entry in fs::read_dir(&state)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.starts_with("state.") || name.starts_with("snapshot.") {
            fs::write(&path, "{\"half of it")?;
            damaged += 1;
        }
    }
    ensure!(damaged > 0, "the state was not found");
    let agent = site.start(&site.host.agent, "agent.log")?;
    let log = until_logged(&agent, "it was set aside as state.")?;
    assert!(log.contains("the next system report is full") && !log.contains("panicked"), "{log}");
    let books = Books::open(&site.vendor.dir)?;
    books.until("it to go on", "SELECT max(sequence) > 5 FROM reports")?;
    site.host.agent.run(&["send", "system"])?;
    assert!(agent.terminate()?.success());
    site.nothing_is_lost()?;
    let trail = site.host.agent.json(&["trail", "list", "--last", "1000"])?;
    let numbers = trail.as_array().into_iter().flatten().filter_map(|line| line["sequence"].as_u64());
    assert!(numbers.eq(1..=trail.as_array().map_or(0, Vec::len) as u64), "{trail:#}");
    assert_eq!(books.number("SELECT count(*) - 1 FROM branches")?, 0, "it is still the same life");
    books.until(
        "the files to be known again",
        "SELECT count(*) = 1 FROM branches WHERE unknown_since IS NULL",
    )?;
    assert_eq!(books.number("SELECT count(*) FROM snapshot_files")?, 1);
    Ok(())
}

#[test]
fn a_second_agent_is_refused_and_told_by_whom() -> anyhow::Result<()> {
    let site = Site::activated()?;
    let first = site.start(&site.host.agent, "agent.log")?;
    until_logged(&first, "running")?;
    let output = site.host.agent.output(&["run"])?;
    let said = said(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains(&first.pid().to_string()), "{said}");
    Ok(())
}

/// Nothing shifts time in shipped programs, so the clock stays and the contract moves.
#[test]
fn a_clock_before_the_contract_begins_waits_and_does_not_call_it_expired() -> anyhow::Result<()> {
    let site = Site::new()?;
    let out = site.vendor.dir.join("later.contract");
    let file = out.to_str().context("a path in UTF-8")?;
    site.vendor.receiver.run(&[
        "contracts",
        "issue",
        "--customer",
        "ACME",
        "--valid-from",
        "2999-01-01",
        "--out",
        file,
    ])?;
    fs::copy(site.vendor.key_file(), site.host.dir.join("vendor.pub"))?;
    let output = site.host.agent.output(&["activate", file, "--accept"])?;
    let said = said(&output);
    assert!(!output.status.success(), "{said}");
    assert!(said.contains("2999-01-01") && said.contains("clock"), "{said}");
    assert!(!said.contains("expired"), "{said}");
    assert_eq!(fs::read_dir(site.dir.path().join("reports/new"))?.count(), 0, "nothing is sent");
    Ok(())
}
