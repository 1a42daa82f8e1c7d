//! Heartbeats by every way an agent may send, read by IMAP as they come.

use mailbeat_tests::office::{Office, RULES, Way};
use mailbeat_tests::programs::{PATIENCE, wait_for};

#[test]
fn a_heartbeat_by_every_way_makes_its_system_alive() -> anyhow::Result<()> {
    let office = Office::open(RULES)?;
    let contract = office.vendor.issue("ACME Wasserwerke", 1, 3600)?;
    let receiver = office.vendor.start()?;
    let ways = [("scada-01", Way::Starttls), ("pump-07", Way::Implicit), ("old-plc", Way::Clear)];
    let mut running = vec![receiver];
    for (name, way) in ways {
        let host = office.host(name, &office.route("office", way, "agent1"))?;
        host.activate(&office.vendor, &contract)?;
        running.push(host.start()?);
    }
    for (name, way) in ways {
        let system = office.vendor.await_system(name, "alive")?;
        assert_eq!(system["customer"], "ACME Wasserwerke", "{way:?}");
    }
    let mails = office.lab.mails("reports", "Mailbeat/Processed")?;
    for (name, way) in ways {
        // RFC 3848: S is TLS, A is authentication.
        let word = if way == Way::Clear { "with ESMTP id" } else { "with ESMTPSA id" };
        let said =
            |mail: &Vec<u8>| String::from_utf8_lossy(mail).split_whitespace().collect::<Vec<_>>().join(" ");
        let of_host = |mail: &String| mail.contains(&format!("{name} (ACME Wasserwerke)"));
        let mails: Vec<String> = mails.iter().map(said).filter(of_host).collect();
        assert!(!mails.is_empty() && mails.iter().all(|mail| mail.contains(word)), "{name}: {mails:?}");
    }
    for running in running {
        let status = running.terminate()?;
        assert!(status.success(), "{status}");
    }
    Ok(())
}

#[test]
fn idle_tells_of_a_heartbeat_at_once_although_polling_is_at_an_hour() -> anyhow::Result<()> {
    let office = Office::polling_every(3600, RULES)?;
    let contract = office.vendor.issue("ACME Wasserwerke", 3600, 86_400)?;
    let _receiver = office.vendor.start()?;
    let host = office.host("scada-01", &office.route("office", Way::Starttls, "agent1"))?;
    host.activate(&office.vendor, &contract)?;
    let first = office.vendor.await_system("scada-01", "alive")?;
    host.agent.run(&["send", "heartbeat"])?;
    wait_for("the second heartbeat, told by IDLE", PATIENCE, || {
        let now = office.vendor.systems()?;
        Ok((now[0]["life_at"] != first["life_at"]).then_some(()))
    })
}
