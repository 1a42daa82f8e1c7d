//! Who is trusted, who is let in, and what a person is shown of it.

use mailbeat_receiver::mailbox::{ErrorKind, ImapSettings, ImapTls, Mailbox, MailboxSettings};
use mailbeat_shared::steps::{Step, StepResult, Steps, name};
use mailbeat_shared::transport::outcome::{ConnectionProblem, TlsProblem};
use mailbeat_shared::transport::secret::Secret;
use mailbeat_tests::lab::{Certificate, Lab};

use super::{account, connect, now};

#[tokio::test]
async fn every_kind_of_tls_reads_mail_and_every_doubtful_certificate_is_named() -> anyhow::Result<()> {
    let lab = Lab::start()?;
    let with = |change: &dyn Fn(&mut ImapSettings)| {
        let mut settings = account(&lab);
        change(&mut settings);
        settings
    };
    let pin = |certificate| -> anyhow::Result<_> { Ok(Some(lab.pin(certificate)?.parse()?)) };
    let (own, other) = (pin(Certificate::SelfSigned)?, pin(Certificate::Expired)?);
    let at =
        |settings: &mut ImapSettings, certificate: Certificate| settings.host = certificate.address().into();
    let clear = |settings: &mut ImapSettings, tls| {
        settings.tls = tls;
        settings.port = Some(lab.ports().imap);
    };

    for settings in [
        with(&|settings| clear(settings, ImapTls::Starttls)),
        with(&|settings| {
            clear(settings, ImapTls::None);
            settings.tls_ca = None;
        }),
        with(&|settings| {
            at(settings, Certificate::SelfSigned);
            (settings.tls_ca, settings.tls_pin) = (None, own);
        }),
    ] {
        let mut mailbox = connect(&settings).await?;
        mailbox.open("INBOX", now()).await?;
    }

    for (settings, problem) in [
        (with(&|settings| at(settings, Certificate::Expired)), TlsProblem::Expired),
        (with(&|settings| at(settings, Certificate::WrongName)), TlsProblem::WrongName),
        (with(&|settings| at(settings, Certificate::SelfSigned)), TlsProblem::UnknownIssuer),
        (
            with(&|settings| {
                at(settings, Certificate::SelfSigned);
                (settings.tls_ca, settings.tls_pin) = (None, other);
            }),
            TlsProblem::PinMismatch,
        ),
        (with(&|settings| settings.port = Some(lab.ports().imap)), TlsProblem::NotTls),
        (
            with(&|settings| {
                at(settings, Certificate::Expired);
                clear(settings, ImapTls::Starttls);
            }),
            TlsProblem::Expired,
        ),
    ] {
        let error = connect(&settings).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Tls(problem), "{error}");
    }
    Ok(())
}

#[tokio::test]
async fn a_wrong_password_and_a_closed_port_are_told_apart() -> anyhow::Result<()> {
    let lab = Lab::start()?;
    let mut settings = account(&lab);
    settings.password = Some(Secret::new("guessed"));
    let error = connect(&settings).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Authentication);
    assert!(error.text.contains("Authentication failed") && !error.text.contains("guessed"), "{error}");

    // A password outside of ASCII goes another way (SASL PLAIN), to the same answer.
    settings.password = Some(Secret::new("größe"));
    assert_eq!(connect(&settings).await.unwrap_err().kind, ErrorKind::Authentication);

    settings.port = Some(lab.ports().unused);
    let error = connect(&settings).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Connection(ConnectionProblem::Refused));
    Ok(())
}

#[tokio::test]
async fn a_missing_junk_folder_is_left_out_and_the_probe_says_so() -> anyhow::Result<()> {
    let lab = Lab::builder().without_junk().start()?;
    let settings = account(&lab);
    assert_eq!(connect(&settings).await?.folders(), ["INBOX"]);

    let steps = probe(settings).await;
    let junk = steps.iter().find(|step| step.name == name::folder("Junk")).expect("a step");
    assert_eq!(junk.result, StepResult::Warning, "{junk:?}");
    assert!(junk.advice.as_ref().unwrap().cause.contains("first junk mail"), "{junk:?}");
    Ok(())
}

#[tokio::test]
async fn the_probe_shows_each_step_and_changes_nothing() -> anyhow::Result<()> {
    let lab = Lab::start()?;
    let settings = account(&lab);
    let steps = probe(settings.clone()).await;
    let shown: Vec<String> = steps.iter().map(|step| format!("{}: {}", step.name, step.seen)).collect();
    let text = shown.join("\n");
    for words in [
        "connection (TCP): 127.0.0.1:",
        "TLS 1.3, certificate CN=localhost for localhost, 127.0.0.1, issued by CN=Lab CA, valid until",
        "(29 days left), sha256:",
        "quota: the server does not tell (no QUOTA)",
        "authentication: as reports@example.test",
        "IDLE: tells of new mail, MOVE, UIDPLUS",
        "folder INBOX: UIDVALIDITY ",
        "folder Mailbeat/Processed: is made at the first start",
    ] {
        assert!(text.contains(words), "{words:?} is not in\n{text}");
    }
    assert!(!lab.folders("reports")?.iter().any(|folder| folder.starts_with("Mailbeat")));

    let broken = ImapSettings { password: Some(Secret::new("wrong")), ..settings };
    let steps = probe(broken).await;
    let failed = steps.iter().find(|step| step.result == StepResult::Failed).expect("a step failed");
    assert_eq!(failed.name, name::AUTHENTICATE);
    assert!(failed.advice.as_ref().unwrap().cause.contains("does not know this user name or password"));
    let not_run: Vec<_> = steps.iter().filter(|step| step.result == StepResult::NotRun).collect();
    assert_eq!(not_run.len(), 2, "{not_run:?}");
    Ok(())
}

#[tokio::test]
async fn a_mailbox_that_fills_up_is_a_warning_before_reports_bounce() -> anyhow::Result<()> {
    let lab = Lab::builder().quota("reports", 100_000).start()?;
    let quota = |steps: Vec<Step>| steps.into_iter().find(|step| step.name == name::QUOTA).expect("a step");
    let empty = quota(probe(account(&lab)).await);
    assert_eq!(empty.result, StepResult::Ok, "{empty:?}");
    let mail = [b"Subject: large\r\n\r\n".to_vec(), b"0123456789abcdef\r\n".repeat(5_000)].concat();
    lab.deliver("reports", "INBOX", &mail)?;
    let full = quota(probe(account(&lab)).await);
    assert_eq!(full.result, StepResult::Warning, "{full:?}");
    assert!(full.seen == "89 % of 98 KiB used", "{full:?}");
    assert!(full.advice.unwrap().fix.contains("processed_mail_days"));
    Ok(())
}

async fn probe(settings: ImapSettings) -> Vec<Step> {
    let mut steps = Steps::new(now());
    Mailbox::probe(&MailboxSettings::Imap(settings), &mut steps, now()).await;
    steps.into_taken()
}
