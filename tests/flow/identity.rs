//! Who a system is, when its state is restored, copied, carried to another machine or switched off.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::ensure;
use mailbeat_tests::office::{Office, RULES, Way};
use mailbeat_tests::programs::{PATIENCE, wait_for};
use mailbeat_tests::world::Host;
use serde_json::Value;

/// A copy of a state directory with owners, modes and times, as a backup makes it.
fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    let status = Command::new("cp").arg("-a").arg("--").arg(from).arg(to).status()?;
    ensure!(status.success(), "cp ended with {status}");
    Ok(())
}

/// The host's state wakes up on this machine.
fn carry(host: &Host, machine: &str) -> anyhow::Result<()> {
    let config = host.dir.join("agent.toml");
    let text = fs::read_to_string(&config)?;
    let rest = text.lines().filter(|line| !line.starts_with("machine_id")).collect::<Vec<_>>().join("\n");
    Ok(fs::write(&config, format!("machine_id = {machine:?}\n{rest}\n"))?)
}

fn of_rule(tickets: &[Value], rule: &str) -> usize {
    tickets.iter().filter(|ticket| ticket["rule"] == rule).count()
}

#[test]
fn a_state_restored_from_a_backup_is_told_from_a_clone() -> anyhow::Result<()> {
    let office = Office::open(RULES)?;
    let vendor = &office.vendor;
    let contract = vendor.issue("ACME Wasserwerke", 1, 604_800)?;
    let _receiver = vendor.start()?;
    let host = office.host("scada-01", &office.route("office", Way::Starttls, "agent1"))?;
    host.activate(vendor, &contract)?;
    let (state, backup) = (host.dir.join("state"), host.dir.join("backup"));
    copy(&state, &backup)?;

    host.write("app.conf", "workers = 8\n")?;
    assert!(host.send("system")?);
    let agent = host.start()?;
    host.await_sent(8)?;
    vendor.await_system("scada-01", "alive")?;
    assert!(agent.terminate()?.success());
    fs::remove_dir_all(&state)?;
    copy(&backup, &state)?;

    let agent = host.start()?;
    vendor.await_ticket("state-restored", "scada-01", "open")?;
    assert!(host.send("system")?);
    wait_for("the files to be known again", PATIENCE, || {
        let changes = vendor.receiver.json(&["systems", "changes", "scada-01"])?;
        let system = vendor.receiver.json(&["systems", "show", "scada-01"])?;
        let sizes: Vec<_> =
            system["files"].as_array().into_iter().flatten().map(|file| &file["size"]).collect();
        Ok((sizes == [12] && !changes.as_array().is_none_or(Vec::is_empty)).then_some(()))
    })?;
    assert!(agent.terminate()?.success());
    let tickets = vendor.tickets()?;
    assert_eq!(
        (of_rule(&tickets, "system-cloned"), of_rule(&tickets, "reports-lost")),
        (0, 0),
        "{tickets:#?}"
    );
    Ok(())
}

#[test]
fn a_clone_is_found_and_becomes_a_system_of_its_own() -> anyhow::Result<()> {
    let office = Office::open(RULES)?;
    let vendor = &office.vendor;
    let contract = vendor.issue("ACME Wasserwerke", 2, 604_800)?;
    let _receiver = vendor.start()?;
    let routes = office.route("office", Way::Starttls, "agent1");
    let host = office.host("scada-01", &routes)?;
    host.activate(vendor, &contract)?;
    let clone = office.host("scada-01-copy", &routes)?;
    copy(&host.dir.join("state"), &clone.dir.join("state"))?;
    let _agent = host.start()?;
    // The clone wakes up behind it, so that it is the clone whose reports do not fit.
    host.await_sent(5)?;
    let cloned = clone.start()?;
    let cloned_ticket = |state: &str| {
        wait_for(&format!("a ticket of system-cloned that is {state}"), PATIENCE, || {
            let tickets = vendor.tickets()?;
            Ok(tickets
                .into_iter()
                .find(|ticket| ticket["rule"] == "system-cloned" && ticket["state"] == state))
        })
    };
    assert_eq!(cloned_ticket("open")?["severity"], "high");

    assert!(cloned.terminate()?.success());
    clone.agent.run(&["identity", "new"])?;
    let _cloned = clone.start()?;
    cloned_ticket("resolved")?;
    assert_eq!(of_rule(&vendor.tickets()?, "state-restored"), 0, "the first history went on all the time");
    vendor.await_system("scada-01-copy", "alive")?;
    vendor.await_system("scada-01", "alive")?;
    assert_eq!(vendor.systems()?.len(), 2);
    Ok(())
}

#[test]
fn on_another_machine_the_agent_stops_and_asks_and_can_become_a_new_system() -> anyhow::Result<()> {
    let office = Office::open(RULES)?;
    let vendor = &office.vendor;
    let contract = vendor.issue("ACME Wasserwerke", 86_400, 604_800)?;
    let _receiver = vendor.start()?;
    let host = office.host("scada-01", &office.route("office", Way::Starttls, "agent1"))?;
    carry(&host, "machine-a")?;
    host.activate(vendor, &contract)?;
    vendor.await_system("scada-01", "alive")?;

    carry(&host, "machine-b")?;
    let made = host.trail()?.len();
    let output = host.agent.output(&["send", "heartbeat"])?;
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        !output.status.success() && said.contains("identity keep") && said.contains("identity new"),
        "{said}"
    );
    assert_eq!(host.trail()?.len(), made, "nothing is reported");
    let hindrances = host.agent.json(&["status"])?["hindrances"].to_string();
    assert!(hindrances.contains("made on another machine"), "{hindrances}");

    host.agent.run(&["identity", "keep"])?;
    assert!(host.send("heartbeat")?, "the same system goes on");
    carry(&host, "machine-c")?;
    assert!(!host.send("heartbeat")?);
    host.agent.run(&["identity", "new"])?;
    assert!(host.send("heartbeat")?, "another system begins");
    wait_for("two systems", PATIENCE, || {
        let systems = vendor.systems()?;
        Ok((systems.len() == 2 && systems.iter().all(|system| system["liveness"] == "alive")).then_some(()))
    })?;
    let tickets = vendor.tickets()?;
    assert_eq!(of_rule(&tickets, "system-cloned"), 0, "{tickets:#?}");
    Ok(())
}

#[test]
fn who_deactivates_is_told_to_the_vendor_and_then_expected_to_say_nothing() -> anyhow::Result<()> {
    let office = Office::open(RULES)?;
    let vendor = &office.vendor;
    let contract = vendor.issue("ACME Wasserwerke", 1, 604_800)?;
    let _receiver = vendor.start()?;
    let (old, pump) = (office.running("old-plc", &contract)?, office.running("pump-07", &contract)?);
    let told = old.1.agent.run(&["deactivate", "--reason", "replaced by scada-02"])?;
    assert!(told.contains("accepted by your mail server"), "{told}");
    let ticket = vendor.await_ticket("agent-deactivated", "old-plc", "open")?;
    let events = vendor.receiver.json(&["tickets", "show", ticket["number"].as_str().unwrap()])?;
    vendor.await_system("old-plc", "paused")?;
    let made = old.1.trail()?.len();

    // The other one falls silent later, and still is the only one missed.
    pump.0.kill();
    vendor.await_ticket("heartbeat-missing", "pump-07", "open")?;
    let tickets = vendor.tickets()?;
    assert!(
        tickets.iter().all(|ticket| ticket["host"] != "old-plc" || ticket["rule"] == "agent-deactivated"),
        "{tickets:#?} {events:#}"
    );
    assert_eq!(old.1.trail()?.len(), made, "it says nothing more");
    assert!(!old.1.send("heartbeat")?);
    Ok(())
}
