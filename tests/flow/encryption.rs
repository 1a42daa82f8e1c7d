//! Reports that travel encrypted, through real servers, with the keys the receiver itself made.

use std::fs;

use mailbeat_tests::office::{Office, RULES, Way};
use mailbeat_tests::programs::{PATIENCE, wait_for};

#[test]
fn an_encrypted_heartbeat_makes_its_system_alive_and_the_mail_says_its_number_only() -> anyhow::Result<()> {
    let office = Office::open(RULES)?;
    let contract = office.vendor.issue("ACME Wasserwerke", 1, 3600)?;
    let receiver = office.vendor.start()?;
    let host = office.host("scada-01", &office.route("office", Way::Starttls, "agent1"))?;
    let config = host.dir.join("agent.toml");
    fs::write(&config, format!("encrypt = true\n{}", fs::read_to_string(&config)?))?;
    host.activate(&office.vendor, &contract)?;
    let running = host.start()?;
    office.vendor.await_system("scada-01", "alive")?;
    let mails = wait_for("two mails that were read", PATIENCE, || {
        let mails = office.lab.mails("reports", "Mailbeat/Processed")?;
        Ok((mails.len() >= 2).then_some(mails))
    })?;
    for mail in mails {
        let mail = String::from_utf8_lossy(&mail).into_owned();
        assert!(mail.contains("Subject: [Mailbeat] #") && mail.contains("report.json.age"), "{mail}");
        for word in ["scada-01", "ACME", "heartbeat", "Wasserwerke"] {
            assert!(!mail.contains(word), "{word} in\n{mail}");
        }
    }
    assert!(running.terminate()?.success());
    assert!(receiver.terminate()?.success());
    Ok(())
}
