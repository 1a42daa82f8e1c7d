//! Mail nobody should send. None of it stops the line: a good heartbeat behind each is recorded.

use std::fmt::Write as _;
use std::fs;

use anyhow::{Context as _, ensure};
use mailbeat_agent::home::Home;
use mailbeat_agent::identity::Identity;
use mailbeat_shared::wire::mail::{Frame, ReportParts, compose_report, message_id};
use mailbeat_shared::wire::report::{Kind, Report};
use mailbeat_shared::wire::signature::{Namespace, SigningKey};
use mailbeat_tests::books::Books;
use mailbeat_tests::office::Office;

use crate::courier::{CALM, Courier};

/// The newest report of a host, as bytes.
fn newest(courier: &Courier) -> anyhow::Result<Vec<u8>> {
    let trail = courier.host.dir.join("state/trail");
    let mut dirs: Vec<_> = fs::read_dir(trail)?.collect::<Result<_, _>>()?;
    dirs.sort_by_key(fs::DirEntry::file_name);
    Ok(fs::read(dirs.last().context("it has reports")?.path().join("report.json"))?)
}

fn key(courier: &Courier) -> anyhow::Result<SigningKey> {
    Ok(Identity::load(&Home::new(courier.host.dir.join("state")))?.context("it is activated")?.key)
}

/// A report mail as an agent makes it, of these bytes and signed by this key.
fn mail_of(report: &[u8], key: &SigningKey) -> anyhow::Result<Vec<u8>> {
    let said = Report::decode(report)?;
    let signature = key.sign(Namespace::Report, report);
    let frame = Frame {
        from: "agent2@example.test",
        to: "reports@example.test",
        cc: &[],
        subject: "[Mailbeat] Heartbeat",
        message_id: &message_id(said.id, "example.test"),
        date: said.created_at,
        text: "all well",
        html: None,
    };
    let parts = ReportParts {
        id: said.id,
        system: said.system,
        kind: Kind::Heartbeat,
        sequence: said.sequence,
        report,
        sealed: None,
        signature: &signature,
    };
    Ok(compose_report(&frame, &parts)?)
}

/// The same report, with one thing changed and the old signature.
fn altered(courier: &Courier) -> anyhow::Result<Vec<u8>> {
    let report = String::from_utf8(newest(courier)?)?;
    let other = report.replace("\"uptime_s\": ", "\"uptime_s\": 9");
    ensure!(other != report, "nothing to alter in {report}");
    let altered = mail_of(other.as_bytes(), &key(courier)?)?;
    let genuine = key(courier)?.sign(Namespace::Report, report.as_bytes());
    let resigned = key(courier)?.sign(Namespace::Report, other.as_bytes());
    let swap = |signature: &str| base64_lines(signature.as_bytes());
    let text = String::from_utf8(altered)?;
    let forged = text.replace(&swap(&resigned), &swap(&genuine));
    ensure!(forged != text, "the signature was not found in\n{text}");
    Ok(forged.into_bytes())
}

/// As it stands in a mail: 76 characters a line.
fn base64_lines(bytes: &[u8]) -> String {
    let text = base64(bytes);
    text.as_bytes()
        .chunks(76)
        .map(|line| String::from_utf8_lossy(line).into_owned())
        .collect::<Vec<_>>()
        .join("\r\n")
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    bytes
        .chunks(3)
        .flat_map(|three| {
            let bits =
                three.iter().fold(0, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
            (0..4).map(move |n| {
                if n > three.len() { '=' } else { char::from(ALPHABET[(bits >> (18 - 6 * n) & 63) as usize]) }
            })
        })
        .collect()
}

/// A system's report with something changed, signed by a key that is not its own; `claimed`: and naming that key as its own.
fn signed_by(courier: &Courier, forger: &SigningKey, claimed: bool) -> anyhow::Result<Vec<u8>> {
    let report = String::from_utf8(newest(courier)?)?;
    let mut report = report.replace("\"uptime_s\": ", "\"uptime_s\": 8");
    if claimed {
        let own = key(courier)?.public().to_string();
        ensure!(report.contains(&own), "{own} is not in {report}");
        report = report.replace(&own, &forger.public().to_string());
    }
    mail_of(report.as_bytes(), forger)
}

const BOUNCE: &str = "From: MAILER-DAEMON@example.test\r\nTo: reports@example.test\r\nSubject: Undelivered\r\nAuto-Submitted: auto-replied\r\n\
    MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n\
    --b\r\nContent-Type: text/plain\r\n\r\nno such user\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n\
    Reporting-MTA: dns; mail.example.test\r\n\r\nFinal-Recipient: rfc822; who@example.test\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n\
    --b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <mb-1001-1-1-00000000000000000000000000000000@example.test>\r\n\
    Subject: not ours\r\n\r\nx\r\n--b--\r\n";
const VACATION: &str = "From: eva@example.test\r\nTo: reports@example.test\r\nSubject: I am away\r\nAuto-Submitted: auto-replied (vacation)\r\n\r\nBack on Monday.\r\n";

/// A mail that says it is a report and is this long.
fn large(bytes: usize) -> Vec<u8> {
    let mut mail = b"Subject: [Mailbeat] large\r\nMailbeat-Kind: system\r\n\r\n".to_vec();
    let line = [b'x'; 998];
    while mail.len() < bytes {
        mail.extend_from_slice(&line);
        mail.extend_from_slice(b"\r\n");
    }
    mail
}

/// Multiparts within multiparts.
fn nested_parts(depth: usize) -> Vec<u8> {
    let mut mail = String::from("Subject: [Mailbeat] deep\r\nMailbeat-Kind: system\r\nMIME-Version: 1.0\r\n");
    for n in 0..depth {
        let _ = write!(mail, "Content-Type: multipart/mixed; boundary=\"b{n}\"\r\n\r\n--b{n}\r\n");
    }
    mail.into_bytes()
}

/// Messages within messages.
fn nested_messages(depth: usize) -> Vec<u8> {
    let head = "Subject: [Mailbeat] deep\r\nMailbeat-Kind: system\r\nMIME-Version: 1.0\r\nContent-Type: message/rfc822\r\n\r\n";
    head.repeat(depth).into_bytes()
}

#[test]
fn nothing_anybody_sends_stops_the_line_and_the_quarantine_names_each_reason() -> anyhow::Result<()> {
    let office = Office::open(CALM)?;
    let contract = office.vendor.issue("ACME Wasserwerke", 3_600, 86_400)?;
    let courier = Courier::new(&office, "scada-01", &contract)?;
    let other = Courier::new(&office, "pump-07", &office.vendor.issue("Other GmbH", 3_600, 86_400)?)?;
    for mail in [courier.mails()?, other.mails()?].concat() {
        Courier::carry(&office, &mail)?;
    }
    let _receiver = office.vendor.start()?;
    let books = Books::open(&office.vendor.dir)?;
    books.until("two systems", "SELECT count(*) = 4 FROM reports")?;

    let stranger = SigningKey::from_seed(&[66; 32], "stranger");
    let theirs = key(&other)?;
    let cases: [(&str, Vec<u8>, Option<&str>); 9] = [
        ("an altered report", altered(&courier)?, Some("bad_signature")),
        ("a report signed by another system's key", signed_by(&courier, &theirs, false)?, Some("malformed")),
        ("the same, claiming the key too", signed_by(&courier, &theirs, true)?, Some("wrong_system")),
        ("a report signed by a stranger", signed_by(&courier, &stranger, true)?, Some("not_enrolled")),
        ("a bounce of somebody else's mail", BOUNCE.into(), None),
        ("a vacation reply", VACATION.into(), None),
        ("a mail of 30 MB", large(30_000_000), Some("too_large")),
        ("100,000 nested parts", nested_parts(100_000), Some("part_missing")),
        ("3,000 nested messages", nested_messages(3_000), Some("part_missing")),
    ];
    let mut reasons = Vec::new();
    for (number, (what, mail, reason)) in cases.iter().enumerate() {
        Courier::carry(&office, mail).context(*what)?;
        Courier::carry(&office, &courier.make("heartbeat")?)?;
        let recorded = format!("SELECT count(*) = {} FROM reports", 5 + number);
        books.until("the heartbeat behind it", &recorded).context(*what)?;
        reasons.extend(*reason);
        let waiting = office.vendor.receiver.json(&["quarantine", "list"])?;
        let mails = waiting["mails"].as_array().into_iter().flatten();
        let mut listed: Vec<&str> = mails.filter_map(|row| row["reason"].as_str()).collect();
        listed.sort_unstable();
        reasons.sort_unstable();
        assert_eq!(listed, reasons, "after {what}: {waiting:#}");
    }
    office.lab.wait_for_mails("reports", "Mailbeat/Quarantine", reasons.len())?;
    assert_eq!(office.lab.mails("reports", "INBOX")?.len(), 0, "each of them is filed");
    assert_eq!(
        books.number("SELECT count(*) FROM tickets WHERE customer IS NOT NULL")?,
        0,
        "no customer is bothered"
    );
    let log = fs::read_to_string(office.vendor.dir.join("receiver.log"))?;
    assert!(!log.contains("panicked"), "{log}");
    Ok(())
}

#[test]
fn a_bounced_notification_goes_to_the_next_contact_and_the_receiver_says_so() -> anyhow::Result<()> {
    let rules = CALM.to_owned()
        + "[[threshold]]\nid = \"many-files\"\nmetric = \"mailbeat.watch.files\"\nabove = { medium = 1 }\ntitle = \"{value} files\"\n";
    let office = Office::open(&rules)?;
    let contract = office.vendor.issue("ACME", 3_600, 86_400)?;
    for contact in ["Fred Full <full@example.test>", "Olga Oncall <oncall@example.test>"] {
        office.vendor.receiver.run(&["contacts", "add", contact, "--customer", "ACME"])?;
    }
    let courier = Courier::new(&office, "scada-01", &contract)?;
    courier.host.write("two.conf", "added = true\n")?;
    courier.make("system")?;
    courier.make("heartbeat")?;
    let _receiver = office.vendor.start()?;
    for mail in courier.mails()? {
        Courier::carry(&office, &mail)?;
    }
    let told = office.await_mail("oncall", &["MB-1001", "2 files"]).with_context(|| {
        let log = fs::read_to_string(office.vendor.dir.join("receiver.log")).unwrap_or_default();
        format!("{log}\n{}", office.lab.logs())
    })?;
    assert!(told.contains("Auto-Submitted: auto-generated"), "{told}");
    let books = Books::open(&office.vendor.dir)?;
    books.until(
        "the receiver's own ticket",
        "SELECT count(*) FROM tickets WHERE rule = 'notification-refused' AND state = 'open'",
    )?;
    // It is the vendor's business: their own contact is told, not the customer's.
    office.await_mail("operator", &["full@example.test", "refused"])?;
    let contacts = office.vendor.receiver.json(&["contacts", "list"])?;
    let full =
        contacts.as_array().into_iter().flatten().find(|contact| contact["email"] == "full@example.test");
    let full = full.context("the contact is listed")?;
    assert!(full["refused_at"].is_string(), "marked as refused: {full}");
    assert_eq!(office.lab.mails("oncall", "INBOX")?.len(), 1);
    Ok(())
}
