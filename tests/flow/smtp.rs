//! The SMTP client and a real Postfix, in every mood Postfix can be put into.

use std::net::TcpStream;

use mailbeat_shared::steps::{Steps, name};
use mailbeat_shared::transport::outcome::{ConnectionProblem, FailureKind, Outcome, TlsProblem};
use mailbeat_shared::transport::secret::Secret;
use mailbeat_shared::transport::smtp::{AuthMode, Client, Envelope, SmtpSettings, TlsMode, probe, send};
use mailbeat_tests::lab::{Certificate, Lab, wait_for};
use mailbeat_tests::programs::PATIENCE;

const MESSAGE: &[u8] = b"From: agent1@example.test\r\nTo: reports@example.test\r\n\
    Date: Mon, 1 Jan 2024 00:00:00 +0000\r\nMessage-ID: <1@example.test>\r\nSubject: hello\r\n\r\nbody\r\n";

/// The port for mail from outside, in clear and without a password.
fn in_clear(port: u16) -> SmtpSettings {
    SmtpSettings { port: Some(port), tls: TlsMode::None, timeout_s: 30, ..SmtpSettings::new("127.0.0.1") }
}

/// The ports for submission, as an agent is configured.
fn submission(lab: &Lab, tls: TlsMode) -> SmtpSettings {
    let user = lab.user("agent1");
    SmtpSettings {
        port: Some(if tls == TlsMode::Implicit { lab.ports().submissions } else { lab.ports().submission }),
        tls,
        username: Some(user.address),
        password: Some(Secret::new(user.password)),
        tls_ca: Some(lab.ca()),
        timeout_s: 30,
        ..SmtpSettings::new("127.0.0.1")
    }
}

fn to(recipient: &str) -> Envelope {
    Envelope::new(Some("agent1@example.test"), &format!("{recipient}@example.test"))
        .expect("test addresses are addresses")
}

fn assert_sent(outcome: &Outcome) {
    assert!(
        matches!(outcome, Outcome::Sent { reply } if reply.starts_with("250 2.0.0 Ok: queued as")),
        "{outcome}"
    );
}

fn kind(outcome: &Outcome) -> FailureKind {
    outcome.failure().unwrap_or_else(|| panic!("{outcome}")).kind
}

#[tokio::test]
async fn a_submission_arrives_byte_for_byte_over_both_kinds_of_tls_and_both_mechanisms() -> anyhow::Result<()>
{
    let lab = Lab::start()?;
    let mut message = MESSAGE.to_vec();
    message.extend(b".\r\n..\r\n.leading dot\r\n\r\n  blanks  \r\n\xc3\xa4\xff\t\r\n");
    message.extend(
        b"a line of a report in base64, seventy-six letters long, and one more, and on"
            .repeat(12_000)
            .chunks(76)
            .flat_map(|line| [line, b"\r\n"].concat()),
    );
    message.extend(b"\r\n.\r\n\r\n");
    let mut expected = 0;
    for tls in [TlsMode::Starttls, TlsMode::Implicit] {
        for auth in [AuthMode::Auto, AuthMode::Plain, AuthMode::Login] {
            let settings = SmtpSettings { auth, ..submission(&lab, tls) };
            assert_sent(&send(&settings, &to("reports"), &message).await);
            expected += 1;
        }
    }
    for mail in lab.wait_for_mails("reports", "INBOX", expected)? {
        assert!(mail.ends_with(&message), "changed on the way: {} bytes of {}", mail.len(), message.len());
    }
    Ok(())
}

#[tokio::test]
async fn a_port_without_authentication_takes_mail_in_clear_and_with_opportunistic_tls() -> anyhow::Result<()>
{
    let lab = Lab::start()?;
    let clear = in_clear(lab.ports().mx);
    assert_sent(&send(&clear, &to("reports"), MESSAGE).await);
    let opportunistic = SmtpSettings { tls: TlsMode::Opportunistic, ..clear };
    assert_sent(&send(&opportunistic, &to("reports"), MESSAGE).await);
    let without = SmtpSettings { port: Some(lab.ports().no_starttls), ..opportunistic };
    assert_sent(&send(&without, &to("reports"), MESSAGE).await);
    let private = |mail: &Vec<u8>| String::from_utf8_lossy(mail).contains("with ESMTPS ");
    assert_eq!(lab.wait_for_mails("reports", "INBOX", 3)?.iter().filter(|mail| private(mail)).count(), 1);
    Ok(())
}

#[tokio::test]
async fn refusals_keep_their_words_and_the_session_goes_on() -> anyhow::Result<()> {
    let lab = Lab::start()?;
    let mut client = Client::new(in_clear(lab.ports().mx));
    use FailureKind::{MailboxFull, Permanent, Temporary, TooLarge};
    for (recipient, words, expected) in [
        ("r450", "450 4.7.1", Temporary),
        ("r451", "451 4.3.0", Temporary),
        ("r452", "452 4.2.2", Temporary),
        ("r421", "421 4.3.2", Temporary),
        ("r550", "550 5.1.1", Permanent),
        ("nobody", "550 5.1.1", Permanent),
        ("r552", "552 5.2.2", MailboxFull),
        ("r554", "554 5.7.1", Permanent),
        ("reports+eod451", "451 4.3.0", Temporary),
        ("reports+eod552", "552 5.3.4", TooLarge),
        ("reports+eod554", "554 5.7.1", Permanent),
    ] {
        let outcome = client.send(&to(recipient), MESSAGE).await;
        assert!(kind(&outcome) == expected, "{recipient}: {outcome}");
        // A full mailbox is waited for: it will be emptied.
        let comes_again = matches!(expected, Temporary | MailboxFull);
        assert_eq!(matches!(outcome, Outcome::Deferred(_)), comes_again, "{recipient}: {outcome}");
        let said = &outcome.failure().expect("it failed").text;
        assert!(said.starts_with(words) && said.len() > words.len() + 5, "{recipient}: {said}");
    }
    let reject = [b"X-Test-Reject: yes\r\n", MESSAGE].concat();
    assert_eq!(kind(&client.send(&to("reports"), &reject).await), Permanent);
    assert_sent(&client.send(&to("reports"), MESSAGE).await);
    assert_eq!(lab.wait_for_mails("reports", "INBOX", 1)?.len(), 1, "of all these only the last was taken");
    Ok(())
}

#[tokio::test]
async fn passwords_senders_and_missing_tls_are_told_apart() -> anyhow::Result<()> {
    let lab = Lab::start()?;
    for tls in [TlsMode::Starttls, TlsMode::Implicit] {
        let wrong = SmtpSettings { password: Some(Secret::new("wrong")), ..submission(&lab, tls) };
        let outcome = send(&wrong, &to("reports"), MESSAGE).await;
        assert!(
            matches!(&outcome, Outcome::Deferred(failure) if failure.kind == FailureKind::Authentication),
            "{outcome}"
        );
        assert!(outcome.failure().expect("it failed").text.starts_with("535 5.7.8"), "{outcome}");
    }
    let foreign = Envelope::new(Some("agent2@example.test"), "reports@example.test")?;
    let outcome = send(&submission(&lab, TlsMode::Starttls), &foreign, MESSAGE).await;
    assert!(
        matches!(&outcome, Outcome::Refused(failure) if failure.text.starts_with("553 5.7.1")),
        "{outcome}"
    );

    let outcome = send(&in_clear(lab.ports().submission), &to("reports"), MESSAGE).await;
    assert!(matches!(&outcome, Outcome::Deferred(_)), "{outcome}");
    assert_eq!(kind(&outcome), FailureKind::Tls(TlsProblem::Required), "{outcome}");
    Ok(())
}

#[tokio::test]
async fn each_certificate_is_believed_or_named_and_a_pin_believes_any() -> anyhow::Result<()> {
    let lab = Lab::start()?;
    for (certificate, problem) in [
        (Certificate::Good, None),
        (Certificate::Expired, Some(TlsProblem::Expired)),
        (Certificate::WrongName, Some(TlsProblem::WrongName)),
        (Certificate::SelfSigned, Some(TlsProblem::UnknownIssuer)),
    ] {
        for tls in [TlsMode::Starttls, TlsMode::Implicit] {
            let by_ca = SmtpSettings { host: certificate.address().into(), ..submission(&lab, tls) };
            let outcome = send(&by_ca, &to("reports"), MESSAGE).await;
            assert_eq!(
                outcome.failure().map(|failure| failure.kind),
                problem.map(FailureKind::Tls),
                "{outcome}"
            );

            let pin = lab.pin(certificate)?;
            assert!(
                problem.is_none() || outcome.to_string().contains(&pin),
                "the pin to compare is shown: {outcome}"
            );
            let by_pin = SmtpSettings { tls_ca: None, tls_pin: Some(pin.parse()?), ..by_ca.clone() };
            assert_sent(&send(&by_pin, &to("reports"), MESSAGE).await);

            let elsewhere =
                if certificate == Certificate::Good { Certificate::Expired } else { Certificate::Good };
            let other_pin = SmtpSettings { tls_pin: Some(lab.pin(elsewhere)?.parse()?), ..by_pin };
            let outcome = send(&other_pin, &to("reports"), MESSAGE).await;
            assert_eq!(kind(&outcome), FailureKind::Tls(TlsProblem::PinMismatch), "{outcome}");
        }
    }
    let by_system = SmtpSettings { tls_ca: None, ..submission(&lab, TlsMode::Starttls) };
    let outcome = send(&by_system, &to("reports"), MESSAGE).await;
    assert_eq!(kind(&outcome), FailureKind::Tls(TlsProblem::UnknownIssuer), "{outcome}");
    Ok(())
}

#[tokio::test]
async fn servers_that_misbehave_are_named() -> anyhow::Result<()> {
    let lab = Lab::start()?;
    let ports = lab.ports();
    for (port, expected) in [
        (ports.no_starttls, FailureKind::Tls(TlsProblem::NotOffered)),
        (ports.starttls_454, FailureKind::Temporary),
        (ports.old_tls, FailureKind::Tls(TlsProblem::TooOld)),
    ] {
        let settings = SmtpSettings { port: Some(port), ..submission(&lab, TlsMode::Starttls) };
        let outcome = send(&settings, &to("reports"), MESSAGE).await;
        assert!(
            matches!(outcome, Outcome::Deferred(_)) && kind(&outcome) == expected,
            "{outcome}, not {expected}"
        );
    }
    let implicit_on_starttls =
        SmtpSettings { port: Some(ports.submission), ..submission(&lab, TlsMode::Implicit) };
    let outcome = send(&implicit_on_starttls, &to("reports"), MESSAGE).await;
    assert_eq!(kind(&outcome), FailureKind::Tls(TlsProblem::NotTls), "{outcome}");

    let mut small = Client::new(in_clear(ports.small_size));
    assert_eq!(small.server_size_limit().await?, Some(20_000));
    let outcome = small.send(&to("reports"), &[b'x'; 20_001]).await;
    assert!(matches!(outcome, Outcome::Refused(_)) && kind(&outcome) == FailureKind::TooLarge, "{outcome}");

    let impatient = SmtpSettings { timeout_s: 2, ..in_clear(ports.slow_rcpt) };
    let outcome = send(&impatient, &to("reports"), MESSAGE).await;
    assert_eq!(kind(&outcome), FailureKind::Connection(ConnectionProblem::TimedOut), "{outcome}");

    let limited = in_clear(ports.rate_limited);
    assert_sent(&send(&limited, &to("reports"), MESSAGE).await);
    assert_sent(&send(&limited, &to("reports"), MESSAGE).await);
    let outcome = send(&limited, &to("reports"), MESSAGE).await;
    assert!(
        matches!(&outcome, Outcome::Deferred(failure) if failure.text.starts_with("421 4.7.0")),
        "{outcome}"
    );
    Ok(())
}

#[tokio::test]
async fn a_line_that_breaks_after_the_message_leaves_the_outcome_unknown_and_sending_again_is_right()
-> anyhow::Result<()> {
    let lab = Lab::start()?;
    let cutter = lab.line_cutter(1)?;
    let mut client = Client::new(in_clear(cutter.port()));
    let outcome = client.send(&to("reports"), MESSAGE).await;
    assert!(matches!(outcome, Outcome::Unknown(_)), "{outcome}");
    assert_sent(&client.send(&to("reports"), MESSAGE).await);
    let mails = lab.wait_for_mails("reports", "INBOX", 2)?;
    assert!(mails.iter().all(|mail| mail.ends_with(MESSAGE)), "Postfix had taken the first one too");
    Ok(())
}

/// Postfix's children hold their ports for a moment longer than Postfix itself.
fn stop_wholly(lab: &Lab) -> anyhow::Result<()> {
    lab.stop_postfix()?;
    wait_for("Postfix's ports to be free", PATIENCE, || {
        let is_free = |port| TcpStream::connect(("127.0.0.1", port)).is_err();
        Ok((is_free(lab.ports().mx) && is_free(lab.ports().submission)).then_some(()))
    })
}

#[tokio::test]
async fn a_server_restarted_between_two_messages_costs_neither() -> anyhow::Result<()> {
    let lab = Lab::start()?;
    let mut client = Client::new(submission(&lab, TlsMode::Starttls));
    assert_sent(&client.send(&to("reports"), MESSAGE).await);
    stop_wholly(&lab)?;
    lab.start_postfix()?;
    assert_sent(&client.send(&to("reports"), MESSAGE).await);
    stop_wholly(&lab)?;
    client.close().await;
    let outcome = client.send(&to("reports"), MESSAGE).await;
    assert_eq!(kind(&outcome), FailureKind::Connection(ConnectionProblem::Refused), "{outcome}");
    lab.start_postfix()?;
    lab.wait_for_mails("reports", "INBOX", 2)?;
    Ok(())
}

#[tokio::test]
async fn a_probe_walks_to_the_recipient_and_leaves_no_mail() -> anyhow::Result<()> {
    let lab = Lab::start()?;
    let mut steps = Steps::new("2026-11-22T08:00:00Z".parse()?);
    assert!(probe(&submission(&lab, TlsMode::Starttls), &to("reports"), &mut steps).await, "{steps:?}");
    assert_eq!(steps.taken().last().expect("a probe has steps").name, name::RECIPIENT, "{steps:?}");
    let log = || Ok(std::fs::read_to_string(lab.dir().join("log/postfix.log")).unwrap_or_default());
    let ended = wait_for("the session in Postfix's log", PATIENCE, || {
        log().map(|log: String| log.lines().find(|line| line.contains("rset=1")).map(str::to_owned))
    })?;
    assert!(ended.contains("rcpt=1") && ended.contains("quit=1") && !ended.contains("data="), "{ended}");
    Ok(())
}
