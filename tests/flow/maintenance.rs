//! Announced maintenance, from the administrator's command to the vendor's books: nobody is missed while it lasts, it is seen, and
//! afterwards silence counts again.

use mailbeat_tests::office::{Office, Way};
use mailbeat_tests::programs::{PATIENCE, wait_for};

/// A host is Silent after four seconds.
const STRICT: &str = "[liveness]\ngrace = \"2s\"\nmisses = 2\n\n[integrity]\ngap_after = \"1h\"\n";

#[test]
fn a_host_in_maintenance_is_not_missed_and_afterwards_it_is() -> anyhow::Result<()> {
    let office = Office::open(STRICT)?;
    let vendor = &office.vendor;
    let contract = vendor.issue("ACME Wasserwerke", 1, 604_800)?;
    let _receiver = vendor.start()?;
    let (plc, pump) = (office.running("old-plc", &contract)?, office.running("pump-07", &contract)?);

    let begun = plc.1.agent.json(&["maintenance", "start", "--for", "1h", "--reason", "new power supply"])?;
    assert_eq!((&begun["active"], &begun["told"]), (&true.into(), &true.into()));
    vendor.await_system("old-plc", "paused")?;
    let shown = vendor.receiver.json(&["systems", "show", "old-plc"])?;
    assert_eq!(shown["maintenance"]["reason"], "new power supply", "{shown:#}");
    assert!(vendor.receiver.run(&["systems", "show", "old-plc"])?.contains("in maintenance until"));

    // A heartbeat carries it on; then both are silent, and only the other one is missed.
    let sent = plc.1.agent.json(&["status"])?["sequence"].as_u64().unwrap_or_default();
    plc.1.await_sent(sent + 2)?;
    let system = vendor.await_system("old-plc", "paused")?;
    wait_for("a later heartbeat that says so, too", PATIENCE, || {
        let now = vendor.await_system("old-plc", "paused")?;
        Ok((now["life_at"] != system["life_at"]).then_some(()))
    })?;
    plc.0.kill();
    pump.0.kill();
    vendor.await_ticket("heartbeat-missing", "pump-07", "open")?;
    let missed = vendor.tickets()?;
    assert!(missed.iter().all(|ticket| ticket["host"] != "old-plc"), "{missed:#?}");
    vendor.await_system("old-plc", "paused")?;

    // Back, and the work is done: what is silent from then on is missed.
    plc.1.agent.run(&["maintenance", "stop"])?;
    let agent = plc.1.start()?;
    let alive = vendor.await_system("old-plc", "alive")?;
    assert_eq!(alive["maintenance"], serde_json::Value::Null);
    agent.kill();
    vendor.await_ticket("heartbeat-missing", "old-plc", "open")?;
    Ok(())
}

#[test]
fn a_report_sent_again_is_a_duplicate_to_the_receiver() -> anyhow::Result<()> {
    let office = Office::open(STRICT)?;
    let vendor = &office.vendor;
    let contract = vendor.issue("ACME Wasserwerke", 3_600, 604_800)?;
    let _receiver = vendor.start()?;
    let host = office.host("scada-01", &office.route("office", Way::Starttls, "agent1"))?;
    host.activate(vendor, &contract)?;
    vendor.await_system("scada-01", "alive")?;
    let books = mailbeat_tests::books::Books::open(&vendor.dir)?;
    books.until("both reports", "SELECT count(*) = 2 FROM reports")?;
    host.agent.run(&["trail", "resend", "2"])?;
    wait_for("the third mail to be filed", PATIENCE, || {
        Ok((office.lab.mails("reports", "Mailbeat/Processed")?.len() == 3).then_some(()))
    })?;
    assert_eq!(books.number("SELECT count(*) FROM reports")?, 2, "counted once");
    assert_eq!(vendor.tickets()?, Vec::<serde_json::Value>::new());
    Ok(())
}
