//! A mail server is away for a while: nobody is accused, nothing is lost.

use std::net::TcpStream;

use mailbeat_tests::books::Books;
use mailbeat_tests::office::{Office, Way, mailbox, outgoing};
use mailbeat_tests::programs::{PATIENCE, wait_for};
use mailbeat_tests::world::Host;

use crate::courier::{CALM, Courier};

/// A host is Silent after six seconds.
const STRICT: &str = "[liveness]\ngrace = \"4s\"\nmisses = 2\n";

#[test]
fn the_imap_server_stops_for_longer_than_a_host_may_be_silent_and_nobody_is_accused() -> anyhow::Result<()> {
    let office = Office::open(STRICT)?;
    let contract = office.vendor.issue("ACME Wasserwerke", 1, 3_600)?;
    let receiver = office.vendor.start()?;
    let host = office.host("scada-01", &office.route("office", Way::Starttls, "agent1"))?;
    host.activate(&office.vendor, &contract)?;
    let _agent = host.start()?;
    office.vendor.await_system("scada-01", "alive")?;

    office.lab.stop_imap()?;
    let before = accepted(&host)?;
    let during = wait_for("nine heartbeats that cannot be read", PATIENCE, || {
        let accepted = accepted(&host)?;
        Ok((accepted >= before + 9).then_some(accepted))
    })?;
    office.lab.start_imap()?;

    let books = Books::open(&office.vendor.dir)?;
    books.until("reading to go on", &format!("SELECT count(*) > {during} FROM reports"))?;
    books.until("absence to be judged again", "SELECT judge_from <= drained_at FROM mailboxes")?;
    office.vendor.await_system("scada-01", "alive")?;
    assert_eq!(books.column("SELECT rule FROM tickets")?, [""; 0], "nobody is accused of our deafness");
    assert!(receiver.log().contains("the mailbox cannot be read"), "{}", receiver.log());
    wait_for("the log to say that all is well", PATIENCE, || {
        Ok(receiver.log().contains("the mailbox can be read again").then_some(()))
    })
}

fn accepted(host: &Host) -> anyhow::Result<usize> {
    Ok(host.trail()?.iter().filter(|line| line["outcome"]["fate"] == "accepted").count())
}

#[test]
fn postfix_stops_and_what_the_agent_has_to_say_waits_in_its_queue() -> anyhow::Result<()> {
    let office = Office::open(CALM)?;
    let contract = office.vendor.issue("ACME Wasserwerke", 1, 2)?;
    let _receiver = office.vendor.start()?;
    let host = office.host("scada-01", &office.route("office", Way::Starttls, "agent1"))?;
    host.activate(&office.vendor, &contract)?;
    let _agent = host.start()?;
    let books = Books::open(&office.vendor.dir)?;
    books.until("a baseline", "SELECT count(*) FROM snapshot_files")?;

    office.lab.stop_postfix()?;
    let ports = office.lab.ports();
    wait_for("Postfix's ports to be free", PATIENCE, || {
        Ok(TcpStream::connect(("127.0.0.1", ports.submission)).is_err().then_some(()))
    })?;
    host.write("app.conf", "listen = 0.0.0.0:502\nworkers = 8\n")?;
    let status = wait_for("reports to wait, and why", PATIENCE, || {
        let status = host.agent.json(&["status"])?;
        let waits = status["queued"].as_u64() >= Some(3) && status["last_failure"].is_object();
        Ok(waits.then_some(status))
    })?;
    let why = status["last_failure"]["what"].as_str().unwrap_or_default();
    assert!(why.contains("refused"), "the server's absence is named: {status:#}");
    let changed_at = status["sequence"].as_u64().unwrap_or_default();
    wait_for("a report made after the edit", PATIENCE, || {
        Ok((host.agent.json(&["status"])?["sequence"].as_u64() > Some(changed_at + 3)).then_some(()))
    })?;
    office.lab.start_postfix()?;

    wait_for("the queue to drain", PATIENCE, || {
        Ok((host.agent.json(&["status"])?["queued"].as_u64() < Some(2)).then_some(()))
    })?;
    wait_for("the change to be received", PATIENCE, || {
        let changes = office.vendor.receiver.run(&["systems", "changes", "scada-01"])?;
        Ok(changes.contains("+workers = 8").then_some(()))
    })?;
    assert!(host.agent.run(&["trail", "verify"])?.contains("the chain is whole"));
    let lost: Vec<_> = host.trail()?.into_iter().filter(|line| line["outcome"]["fate"] == "lost").collect();
    assert!(lost.is_empty(), "{lost:#?}");
    books.until("every number to be there or explained", "SELECT count(*) = 0 FROM holes")
}

#[test]
fn a_line_that_breaks_again_and_again_while_a_backlog_is_read_and_filed_loses_and_doubles_nothing()
-> anyhow::Result<()> {
    const MAILS: usize = 1_300;
    let office = Office::open(CALM)?;
    let contract = office.vendor.issue("ACME Wasserwerke", 3_600, 86_400)?;
    let courier = Courier::new(&office, "scada-01", &contract)?;
    for _ in 0..8 {
        courier.make("heartbeat")?;
    }
    // Among many mails of others, so that several stretches are fetched, recorded and filed beside each other.
    let (reports, letter) =
        (courier.mails()?, [b"Subject: hello\r\n\r\n".as_slice(), &b"x".repeat(400)].concat());
    let every = MAILS / reports.len();
    let nth = |n: usize| {
        reports.get(n / every).filter(|_| n % every == every / 2).map_or(letter.as_slice(), Vec::as_slice)
    };
    office.lab.deliver_all("reports", "INBOX", (0..MAILS).map(nth))?;

    let line = office.lab.line_breaker(&[60_000, 250_000, 420_000, 300_000])?;
    let trust = format!("tls_ca = {:?}\npoll_interval_s = 1\n", office.lab.ca());
    let (direct, breaking) = (office.lab.ports().imaps.to_string(), line.port().to_string());
    let through = mailbox(&office.lab, &trust).replace(&direct, &breaking);
    office.vendor.reconfigure(&(through + "\n" + &outgoing(&office.lab)))?;
    let _receiver = office.vendor.start()?;

    let books = Books::open(&office.vendor.dir)?;
    let all_read = format!("SELECT last_uid = {MAILS} FROM folders WHERE name = 'INBOX'");
    books.until("all of it to be read", &all_read)?;
    books
        .until("all of it to be filed", "SELECT NOT EXISTS (SELECT 1 FROM filings WHERE done_at IS NULL)")?;
    assert_eq!(line.broken(), 4);
    let reports = i64::try_from(reports.len())?;
    for (what, expected) in [
        ("SELECT count(*) FROM reports", reports),
        ("SELECT sum(n) FROM counters WHERE reason = 'accepted'", reports),
        ("SELECT sum(n) FROM counters WHERE reason = 'unrelated'", i64::try_from(MAILS)? - reports),
        ("SELECT count(*) FROM quarantine", 0),
        ("SELECT count(*) FROM tickets", 0),
    ] {
        assert_eq!(books.number(what)?, expected, "{what}");
    }
    assert_eq!(office.lab.mails("reports", "INBOX")?.len(), 0);
    assert_eq!(office.lab.mails("reports", "Mailbeat/Processed")?.len(), MAILS);
    Ok(())
}

#[test]
fn a_line_that_breaks_after_every_stretch_is_taken_up_again_without_ever_longer_waits() -> anyhow::Result<()>
{
    const MANY: usize = 6_500;
    let office = Office::open(CALM)?;
    let letter = [b"Subject: hello\r\n\r\n".as_slice(), &b"x".repeat(400)].concat();
    office.lab.deliver_all("reports", "INBOX", (0..MANY).map(|_| letter.as_slice()))?;
    // Each connection brings a stretch or more; waits that doubled would take minutes together.
    let line = office.lab.line_breaker(&[400_000; 8])?;
    let trust = format!("tls_ca = {:?}\npoll_interval_s = 1\n", office.lab.ca());
    let (direct, breaking) = (office.lab.ports().imaps.to_string(), line.port().to_string());
    let through = mailbox(&office.lab, &trust).replace(&direct, &breaking);
    office.vendor.reconfigure(&(through + "\n" + &outgoing(&office.lab)))?;
    let _receiver = office.vendor.start()?;
    let books = Books::open(&office.vendor.dir)?;
    books.until(
        "all of it to be read",
        &format!("SELECT last_uid = {MANY} FROM folders WHERE name = 'INBOX'"),
    )?;
    assert_eq!(line.broken(), 8);
    Ok(())
}
