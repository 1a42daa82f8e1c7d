//! The lab keeps its promises; everything else in this folder stands on them.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use mailbeat_tests::lab::{Certificate, Lab, Storage, wait_for};

/// Says lines to a server on loopback, one after each answer, and gives the first answer that is not `2xx` or `3xx`,
/// else the last.
fn smtp(port: u16, lines: &[&str]) -> anyhow::Result<String> {
    let stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let mut answers = BufReader::new(stream.try_clone()?);
    let mut answer = move || -> anyhow::Result<String> {
        loop {
            let mut line = String::new();
            ensure!(answers.read_line(&mut line)? > 0, "the line was dropped");
            if line.as_bytes().get(3) != Some(&b'-') {
                return Ok(line.trim_end().to_owned());
            }
        }
    };
    let mut last = answer()?;
    for line in lines {
        if !last.starts_with(['2', '3']) {
            break;
        }
        (&stream).write_all(format!("{line}\r\n").as_bytes())?;
        last = answer()?;
    }
    Ok(last)
}

fn send(port: u16, from: &str, to: &str, body: &str) -> anyhow::Result<String> {
    let (from, to, body) = (
        format!("MAIL FROM:<{from}>"),
        format!("RCPT TO:<{to}>"),
        format!("Subject: hello\r\n\r\n{body}\r\n."),
    );
    smtp(port, &["EHLO test.invalid", &from, &to, "DATA", &body])
}

/// What `openssl s_client` shows of a server's TLS, and what the server answers to `say`.
fn over_tls(lab: &Lab, address: &str, port: u16, more: &[&str], say: &str) -> anyhow::Result<String> {
    let mut client = Command::new("openssl")
        .args(["s_client", "-quiet", "-verify_return_error", "-crlf", "-ign_eof", "-connect"])
        .arg(format!("{address}:{port}"))
        .args(["-verify_ip", address, "-CAfile"])
        .arg(lab.ca())
        .args(more)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    // A client that refused the certificate has closed its input already.
    let _ = client.stdin.take().context("stdin is piped")?.write_all(say.as_bytes());
    let output = client.wait_with_output()?;
    Ok(String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}

#[test]
fn mail_sent_by_smtp_arrives_in_the_mailbox_and_is_read_over_imaps() -> anyhow::Result<()> {
    let lab = Lab::start()?;
    let reports = lab.user("reports");
    assert!(
        send(lab.ports().mx, "agent1@example.test", &reports.address, "how are you")?.starts_with("250 ")
    );
    let mails = lab.wait_for_mails("reports", "INBOX", 1)?;
    assert!(String::from_utf8_lossy(&mails[0]).contains("how are you"));

    let say = format!(
        "a LOGIN {} {}\nb SELECT INBOX\nc FETCH 1 BODY[TEXT]\nd LOGOUT\n",
        reports.address, reports.password
    );
    let seen = over_tls(&lab, "127.0.0.1", lab.ports().imaps, &[], &say)?;
    assert!(seen.contains("how are you") && seen.contains("c OK"), "{seen}");
    Ok(())
}

#[test]
fn a_submission_with_a_password_is_accepted_over_both_kinds_of_tls_and_refused_without() -> anyhow::Result<()>
{
    let lab = Lab::start()?;
    // base64 of NUL agent1@example.test NUL agent1-pw
    let login = "AUTH PLAIN AGFnZW50MUBleGFtcGxlLnRlc3QAYWdlbnQxLXB3";
    let say = format!("EHLO test.invalid\n{login}\nMAIL FROM:<agent1@example.test>\nQUIT\n");
    for (port, more) in [(lab.ports().submissions, &[][..]), (lab.ports().submission, &["-starttls", "smtp"])]
    {
        let seen = over_tls(&lab, "127.0.0.1", port, more, &say)?;
        assert!(seen.contains("235 2.7.0") && seen.contains("250 2.1.0 Ok"), "{seen}");
    }
    let refused = smtp(lab.ports().submission, &["EHLO test.invalid", "MAIL FROM:<agent1@example.test>"])?;
    assert!(refused.starts_with("530 5.7.0"), "{refused}");
    Ok(())
}

#[test]
fn every_kind_of_refusal_can_be_had() -> anyhow::Result<()> {
    let lab = Lab::start()?;
    let (ports, me) = (lab.ports(), "agent1@example.test");
    let big = "x".repeat(30_000);
    for (port, from, to, body, expected) in [
        (ports.mx, me, "r450@example.test", "", "450 4.7.1"),
        (ports.mx, me, "r421@example.test", "", "421 4.3.2"),
        (ports.mx, me, "r550@example.test", "", "550 5.1.1"),
        (ports.mx, me, "nobody@example.test", "", "550 5.1.1"),
        (ports.mx, me, "reports+eod451@example.test", "", "451 4.3.0"),
        (ports.mx, me, "reports+eod554@example.test", "", "554 5.7.1"),
        (ports.mx, me, "somebody@elsewhere.test", "", "554 5.7.1"),
        (ports.mx, "blocked@example.test", "reports@example.test", "", "554 5.7.1"),
        (ports.small_size, me, "reports@example.test", &big, "552 5.3.4"),
    ] {
        let answer = send(port, from, to, body)?;
        assert!(answer.starts_with(expected), "{to}: {answer}, not {expected}");
    }
    let answer = smtp(ports.no_starttls, &["EHLO test.invalid", "STARTTLS"])?;
    assert!(answer.starts_with("502 5.5.1"), "{answer}");
    assert!(smtp(ports.starttls_454, &["EHLO test.invalid", "STARTTLS"])?.starts_with("454 4.7.0"));
    let old = over_tls(&lab, "127.0.0.1", ports.old_tls, &["-starttls", "smtp", "-tls1_2"], "QUIT\n")?;
    assert!(old.contains("unsupported protocol"), "{old}");
    Ok(())
}

#[test]
fn a_full_mailbox_bounces_after_postfix_had_accepted() -> anyhow::Result<()> {
    let lab = Lab::start()?;
    assert!(send(lab.ports().mx, "agent1@example.test", "full@example.test", "hello")?.starts_with("250 "));
    let bounce = lab.wait_for_mails("agent1", "INBOX", 1)?.remove(0);
    assert!(String::from_utf8_lossy(&bounce).contains("Action: failed"));
    Ok(())
}

#[test]
fn a_line_that_breaks_after_the_mail_was_taken_has_delivered_it() -> anyhow::Result<()> {
    let lab = Lab::start()?;
    let cutter = lab.line_cutter(1)?;
    let broken = send(cutter.port(), "agent1@example.test", "reports@example.test", "once");
    assert_eq!(broken.unwrap_err().to_string(), "the line was dropped");
    assert!(send(cutter.port(), "agent1@example.test", "reports@example.test", "twice")?.starts_with("250 "));
    lab.wait_for_mails("reports", "INBOX", 2)?;
    Ok(())
}

#[test]
fn each_address_shows_its_own_certificate() -> anyhow::Result<()> {
    let lab = Lab::start()?;
    for (certificate, words) in [
        (Certificate::Good, ""),
        (Certificate::Expired, "certificate has expired"),
        (Certificate::WrongName, "IP address mismatch"),
        (Certificate::SelfSigned, "self-signed certificate"),
    ] {
        for (port, say) in [(lab.ports().imaps, "a LOGOUT\n"), (lab.ports().submissions, "QUIT\n")] {
            let seen = over_tls(&lab, certificate.address(), port, &[], say)?;
            let refused = seen.contains("verify error");
            assert!(seen.contains(words) && refused != words.is_empty(), "{certificate:?}: {seen}");
        }
    }
    Ok(())
}

#[test]
fn mail_comes_in_while_the_imap_server_is_away_and_a_mailbox_can_become_another() -> anyhow::Result<()> {
    let lab = Lab::start()?;
    lab.stop_imap()?;
    assert!(TcpStream::connect(("127.0.0.1", lab.ports().imaps)).is_err());
    send(lab.ports().mx, "agent1@example.test", "reports@example.test", "hello")?;
    lab.wait_for_mails("reports", "INBOX", 1)?;
    lab.start_imap()?;

    let validity = |lab: &Lab| -> anyhow::Result<String> {
        let answers = lab.imap("reports", &["STATUS INBOX (UIDVALIDITY UIDNEXT)"])?;
        Ok(answers[0].text.clone())
    };
    lab.deliver_all("reports", "INBOX", [&b"Subject: a\r\n\r\na\r\n"[..], b"Subject: b\r\n\r\nb\r\n"])?;
    lab.imap("reports", &["SELECT INBOX", "STORE 1 +FLAGS \\Deleted", "EXPUNGE"])?;
    let (before, mails) = (validity(&lab)?, lab.mails("reports", "INBOX")?);
    lab.recreate_mailbox("reports", "INBOX")?;
    let after = validity(&lab)?;
    assert!(
        before.contains("UIDNEXT 4") && after.contains("UIDNEXT 3") && before != after,
        "{before}{after}"
    );
    assert_eq!(lab.mails("reports", "INBOX")?.len(), mails.len());
    Ok(())
}

#[test]
fn labs_run_side_by_side_and_leave_nothing_behind() -> anyhow::Result<()> {
    let labs = [Lab::start()?, Lab::builder().storage(Storage::Mdbox).users(&["extra"]).start()?];
    assert_ne!(labs[0].ports().imap, labs[1].ports().imap);
    labs[1].deliver("extra", "Some/Folder", b"Subject: x\r\n\r\nx\r\n")?;
    assert_eq!(labs[1].mails("extra", "Some/Folder")?, [b"Subject: x\r\n\r\nx\r\n"]);
    assert!(labs[1].mails("extra", "No/Folder")?.is_empty());

    let left = labs.map(|lab| (lab.dir().to_owned(), lab.ports().imap, lab.ports().mx));
    for (dir, imap, mx) in left {
        assert!(!dir.exists());
        for port in [imap, mx] {
            wait_for("a free port", Duration::from_secs(5), || {
                Ok(TcpStream::connect(("127.0.0.1", port)).is_err().then_some(()))
            })?;
        }
    }
    Ok(())
}

#[test]
fn a_postfix_that_is_stopped_is_gone_and_can_be_started_at_once() -> anyhow::Result<()> {
    let lab = Lab::start()?;
    for _ in 0..5 {
        lab.stop_postfix()?;
        ensure!(TcpStream::connect(("127.0.0.1", lab.ports().mx)).is_err(), "somebody answers for it");
        lab.start_postfix()?;
    }
    Ok(())
}
