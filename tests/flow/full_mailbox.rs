//! The vendor's mailbox is over its quota, as a real Dovecot counts it, or nearly so: what the receiver says by itself, what both
//! programs' tests say, and that nothing is lost once there is room again, whether its server refuses, bounces or lets mail wait.

use std::collections::BTreeSet;

use anyhow::Context as _;
use mailbeat_tests::books::Books;
use mailbeat_tests::lab::{Lab, Overquota};
use mailbeat_tests::office::{Office, RULES, Way, mailbox, outgoing};
use mailbeat_tests::programs::{PATIENCE, wait_for};
use mailbeat_tests::world::Host;
use serde_json::Value;

/// Much more than a story's mails, and less than a single one.
const ROOM: u64 = 50_000_000;
const NONE: u64 = 3_000;
/// What is asked for, and nothing else, is sent.
const NEVER: (u32, u32) = (86_400, 604_800);

/// The tables of a vendor that reads and sends there.
fn tables(lab: &Lab) -> String {
    mailbox(lab, &format!("tls_ca = {:?}\npoll_interval_s = 1\n", lab.ca())) + "\n" + &outgoing(lab)
}

/// A vendor whose mailbox has a quota, and a host of its customer that was activated and has said all it had to.
fn office(overquota: Overquota, intervals: (u32, u32)) -> anyhow::Result<(Office, Host)> {
    let lab = Lab::builder().users(&["operator"]).quota("reports", ROOM).overquota(overquota).start()?;
    let tables = tables(&lab);
    let office = Office::among(lab, &tables, RULES)?;
    let contract = office.vendor.issue("ACME Wasserwerke", intervals.0, intervals.1)?;
    let host = office.host("scada-01", &office.route("office", Way::Starttls, "agent1"))?;
    host.activate(&office.vendor, &contract)?;
    Ok((office, host))
}

/// The step of this name of a program's `test`.
fn step(output: &std::process::Output, name: &str) -> anyhow::Result<Value> {
    let told: Value = serde_json::from_slice(&output.stdout).with_context(|| format!("{output:?}"))?;
    let steps = told["steps"].as_array().context("steps")?;
    steps
        .iter()
        .find(|step| step["name"] == name)
        .cloned()
        .with_context(|| format!("no {name} in {steps:#?}"))
}

fn says(step: &Value, key: &str, words: &str) {
    assert!(
        step[key].as_str().is_some_and(|said| said.contains(words)),
        "{key} says nothing of {words:?}: {step:#}"
    );
}

/// The receiver's word on its mailbox.
fn quota(office: &Office, result: &str) -> anyhow::Result<Value> {
    let output = office.vendor.receiver.output(&["test", "--json"])?;
    let quota = step(&output, "quota")?;
    assert_eq!(quota["result"], result, "{quota:#}");
    assert_eq!(output.status.success(), result != "failed", "{quota:#}");
    Ok(quota)
}

/// Waits until every report the host ever made is in the receiver's books, once; superseded heartbeats are named there instead.
fn everything_arrives(office: &Office, host: &Host) -> anyhow::Result<()> {
    let books = Books::open(&office.vendor.dir)?;
    let made: BTreeSet<u64> = {
        let trail = host.trail()?;
        let lost: Vec<&Value> = trail.iter().filter(|line| line["outcome"]["fate"] == "lost").collect();
        assert!(lost.is_empty(), "{lost:#?}");
        let sent = trail.iter().filter(|line| line["outcome"]["fate"] == "accepted");
        sent.filter_map(|line| line["sequence"].as_u64()).collect()
    };
    wait_for("every report to be recorded", PATIENCE, || {
        let recorded = books.column("SELECT CAST(sequence AS TEXT) FROM reports")?;
        let once: BTreeSet<u64> = recorded.iter().filter_map(|number| number.parse().ok()).collect();
        assert_eq!(once.len(), recorded.len(), "counted twice: {recorded:?}");
        Ok(made.is_subset(&once).then_some(()))
    })
}

#[test]
fn a_server_that_refuses_for_want_of_room_is_explained_and_reports_wait_on_their_host() -> anyhow::Result<()>
{
    let (office, host) = office(Overquota::Refused, NEVER)?;
    let _receiver = office.vendor.start()?;
    let agent = host.start()?;
    host.await_sent(2)?;
    everything_arrives(&office, &host)?;
    says(&quota(&office, "ok")?, "seen", "used");

    office.lab.set_quota("reports", NONE)?;
    let recipient = step(&host.agent.output(&["test", "--json"])?, "recipient")?;
    assert_eq!(recipient["result"], "failed", "{recipient:#}");
    for (key, words) in
        [("seen", "552 5.2.2"), ("cause", "mailbox is full"), ("fix", "the vendor, whose mailbox it is")]
    {
        says(&recipient, key, words);
    }
    let full = quota(&office, "failed")?;
    for (key, words) in [("seen", "% of"), ("cause", "mailbox is full"), ("fix", "raise the quota")] {
        says(&full, key, words);
    }

    host.write("app.conf", "listen = 0.0.0.0:502\nworkers = 8\n")?;
    assert!(!host.send("system")?, "a full mailbox took a report");
    assert!(host.last_failure()?.starts_with("mailbox full: 552 5.2.2"), "{}", host.last_failure()?);
    let waiting = host.agent.json(&["status"])?["queued"].as_u64();
    assert!(waiting >= Some(1), "it waits on the host: {waiting:?}");

    office.lab.set_quota("reports", ROOM)?;
    anyhow::ensure!(agent.terminate()?.success());
    let _agent = host.start()?;
    let sent = host.trail()?.iter().filter_map(|line| line["sequence"].as_u64()).max().unwrap_or(0);
    host.await_sent(sent)?;
    everything_arrives(&office, &host)?;
    let changes = office.vendor.receiver.run(&["systems", "changes", "scada-01"])?;
    assert!(changes.contains("+workers = 8"), "{changes}");
    quota(&office, "ok").map(drop)
}

#[test]
fn what_a_full_mailbox_bounced_is_missed_by_number_and_sent_again_from_the_trail() -> anyhow::Result<()> {
    let (office, host) = office(Overquota::Bounced, NEVER)?;
    let _receiver = office.vendor.start()?;
    let _agent = host.start()?;
    host.await_sent(2)?;
    everything_arrives(&office, &host)?;

    office.lab.set_quota("reports", NONE)?;
    host.write("app.conf", "listen = 0.0.0.0:502\nworkers = 8\n")?;
    let told = host.agent.json(&["test"])?;
    let report = told["sequence"].as_u64().context("a test report was sent")?;
    assert!(host.send("system")?, "the customer's server takes it, and knows nothing of a quota yet");
    let bounces = office.lab.wait_for_mails("agent1", "INBOX", 2)?;
    let bounce = String::from_utf8_lossy(&bounces[0]).into_owned();
    assert!(bounce.contains("552 5.2.2") && bounce.contains("Quota exceeded"), "{bounce}");
    says(&quota(&office, "failed")?, "fix", "trail resend");

    office.lab.set_quota("reports", ROOM)?;
    assert!(host.send("heartbeat")?);
    let ticket = office.vendor.await_ticket("reports-lost", "scada-01", "open")?;
    let number = ticket["number"].as_str().context("a number")?;
    let shown = office.vendor.receiver.run(&["tickets", "show", number])?;
    assert!(shown.contains(&report.to_string()), "the missing numbers are named: {shown}");
    for lost in [report, report + 1] {
        host.agent.run(&["trail", "resend", &lost.to_string()])?;
    }
    office.vendor.await_ticket("reports-lost", "scada-01", "resolved")?;
    everything_arrives(&office, &host)?;
    let changes = office.vendor.receiver.run(&["systems", "changes", "scada-01"])?;
    assert!(changes.contains("+workers = 8"), "{changes}");
    Ok(())
}

#[test]
fn what_waits_in_the_vendors_queue_for_room_arrives_by_itself() -> anyhow::Result<()> {
    let (office, host) = office(Overquota::Waits, (1, 3_600))?;
    let _receiver = office.vendor.start()?;
    let agent = host.start()?;
    office.vendor.await_system("scada-01", "alive")?;
    office.lab.set_quota("reports", NONE)?;
    office.vendor.await_ticket("heartbeat-missing", "scada-01", "open")?;
    quota(&office, "failed")?;
    assert!(
        office.lab.logs().contains("452 4.2.2"),
        "the server did not wait for room:\n{}",
        office.lab.logs()
    );

    office.lab.set_quota("reports", ROOM)?;
    office.vendor.await_ticket("heartbeat-missing", "scada-01", "resolved")?;
    anyhow::ensure!(agent.terminate()?.success());
    everything_arrives(&office, &host)?;
    assert!(office.lab.mails("agent1", "INBOX")?.is_empty(), "nothing bounced");
    Ok(())
}

/// Waits for the ticket about the receiver's mailbox.
fn await_ticket(office: &Office, severity: &str, state: &str) -> anyhow::Result<Value> {
    wait_for(&format!("a {severity} ticket about the mailbox to be {state}"), PATIENCE, || {
        let fits = |ticket: &Value| {
            ticket["rule"] == "mailbox-full" && ticket["severity"] == severity && ticket["state"] == state
        };
        Ok(office.vendor.tickets()?.into_iter().find(fits))
    })
    .with_context(|| format!("{:#?}", office.vendor.tickets()))
}

/// A mail of so many bytes that is no report.
fn bulk(bytes: usize) -> Vec<u8> {
    [b"Subject: minutes of the meeting\r\n\r\n".to_vec(), b"0123456789abcdef\r\n".repeat(bytes / 18)].concat()
}

#[test]
fn a_mailbox_that_fills_up_is_told_to_the_vendor_while_there_is_room_until_there_is_more()
-> anyhow::Result<()> {
    let lab = Lab::builder().users(&["operator"]).quota("reports", 1_000_000).start()?;
    let tables = tables(&lab);
    let office = Office::among(lab, &tables, RULES)?;
    office.lab.deliver("reports", "INBOX", &bulk(875_000))?;
    let receiver = office.vendor.start()?;
    let ticket = await_ticket(&office, "medium", "open")?;
    assert!(ticket["host"].is_null(), "it is about the receiver itself: {ticket:#}");
    assert_eq!(ticket["title"], "Mailbeat receiver: mailbox reports is 87 % full", "{ticket:#}");
    office.await_mail("operator", &["mailbox reports is 87", "quota raised", "30 days"])?;

    // It is asked at every start, and each quarter of an hour.
    office.lab.deliver("reports", "INBOX", &bulk(100_000))?;
    anyhow::ensure!(receiver.terminate()?.success());
    let receiver = office.vendor.start()?;
    let ticket = await_ticket(&office, "high", "open")?;
    office.await_mail("operator", &["mailbox reports is 97"])?;

    anyhow::ensure!(receiver.terminate()?.success());
    office.lab.set_quota("reports", ROOM)?;
    let _receiver = office.vendor.start()?;
    await_ticket(&office, "high", "resolved")?;
    let number = ticket["number"].as_str().context("a number")?;
    let shown = office.vendor.receiver.run(&["tickets", "show", number])?;
    assert!(shown.contains("there is room again: "), "{shown}");
    Ok(())
}
