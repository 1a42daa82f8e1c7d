//! The receiver's IMAP mailbox against a real Dovecot.

use std::fs;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use mailbeat_receiver::mailbox::{
    Envelope, ErrorKind, Fetched, Filing, FolderView, ImapSettings, ImapTls, Mailbox, MailboxError,
    MailboxSettings, StepName, Target, Woken, channel,
};
use mailbeat_shared::clock::Clock;
use mailbeat_shared::transport::outcome::{ConnectionProblem, TlsProblem};
use mailbeat_shared::transport::secret::Secret;
use mailbeat_tests::lab::{Certificate, Lab};

const MINUTE: Duration = Duration::from_secs(60);

fn now() -> Timestamp {
    Clock::system().now()
}

/// The vendor's mailbox over implicit TLS, with the lab's CA; polled once an hour, so that nothing but IDLE wakes it.
fn account(lab: &Lab) -> ImapSettings {
    let user = lab.user("reports");
    let mut settings = ImapSettings::new("reports", "localhost", &user.address, Secret::new(user.password));
    settings.port = Some(lab.ports().imaps);
    settings.tls_ca = Some(lab.ca());
    settings.poll_interval_s = 3_600;
    settings.timeout_s = 20;
    settings
}

async fn connect(settings: &ImapSettings) -> Result<Mailbox, MailboxError> {
    Mailbox::connect(&MailboxSettings::Imap(settings.clone()), false).await
}

fn mail(number: usize) -> Vec<u8> {
    format!("Subject: report {number}\r\n\r\nbody of report {number}\r\n").into_bytes()
}

/// Everything in a folder, read by windows.
async fn read_all(mailbox: &mut Mailbox, folder: &str) -> Result<(FolderView, Vec<Fetched>), MailboxError> {
    let view = mailbox.open(folder, now()).await?;
    let (inlet, mut outlet) = channel(1024 * 1024);
    let reader = tokio::spawn(async move {
        let mut mails = Vec::new();
        while let Some(mail) = outlet.next().await {
            // What is kept here must not keep the others away.
            mails.push(mail.detached());
        }
        mails
    });
    let mut from = 1;
    while from < view.uidnext {
        let window = mailbox.list(from, view.uidnext - 1).await?;
        mailbox.fetch(&window.mails, &inlet).await?;
        from = window.to + 1;
    }
    drop(inlet);
    Ok((view, reader.await.expect("the reader does not panic")))
}

#[tokio::test]
async fn a_thousand_mails_are_read_by_windows_byte_for_byte() -> anyhow::Result<()> {
    let lab = Lab::start()?;
    let sent: Vec<Vec<u8>> = (0..1_200).map(mail).collect();
    lab.deliver_all("reports", "INBOX", sent.iter().map(Vec::as_slice))?;
    let mut mailbox = connect(&account(&lab)).await?;
    assert_eq!(mailbox.folders(), ["INBOX", "Junk"]);
    let (view, mails) = read_all(&mut mailbox, "INBOX").await?;
    assert_eq!(view.uidnext, 1_201);
    assert_eq!(mails.iter().map(|mail| mail.uid).collect::<Vec<_>>(), (1..=1_200).collect::<Vec<_>>());
    assert!(mails.iter().zip(&sent).all(|(mail, sent)| mail.raw.as_ref() == Some(sent)));
    Ok(())
}

#[tokio::test]
async fn a_few_mails_far_apart_are_listed_at_once() -> anyhow::Result<()> {
    let lab = Lab::start()?;
    let sent: Vec<Vec<u8>> = (0..2_500).map(mail).collect();
    lab.deliver_all("reports", "INBOX", sent.iter().map(Vec::as_slice))?;
    let mut mailbox = connect(&account(&lab)).await?;
    let view = mailbox.open("INBOX", now()).await?;
    assert_eq!(mailbox.list(1, view.uidnext - 1).await?.to, 1_000);

    lab.imap("reports", &["SELECT INBOX", "UID STORE 2:2499 +FLAGS.SILENT (\\Deleted)", "EXPUNGE"])?;
    mailbox.open("INBOX", now()).await?;
    let window = mailbox.list(1, view.uidnext - 1).await?;
    assert_eq!(window.mails.iter().map(|mail| mail.uid).collect::<Vec<_>>(), [1, 2_500]);
    assert_eq!(window.to, 2_500);
    Ok(())
}

#[tokio::test]
async fn a_mail_has_the_date_at_which_the_server_took_it_in() -> anyhow::Result<()> {
    let lab = Lab::start()?;
    let at: Timestamp = "2026-03-07T04:05:06Z".parse()?;
    lab.deliver_at("reports", "INBOX", at, &mail(1))?;
    let mut mailbox = connect(&account(&lab)).await?;
    mailbox.open("INBOX", now()).await?;
    let size = mail(1).len() as u64;
    assert_eq!(mailbox.list(1, 10).await?.mails, [Envelope { uid: 1, size, internal_date: at, done: false }]);
    Ok(())
}

#[tokio::test]
async fn idle_wakes_although_polling_is_at_an_hour() -> anyhow::Result<()> {
    let lab = Lab::start()?;
    let mut mailbox = connect(&account(&lab)).await?;
    mailbox.open("INBOX", now()).await?;
    let (woken, delivered) = tokio::join!(mailbox.wait("INBOX", 2 * MINUTE, pending()), async {
        lab.deliver("reports", "INBOX", &mail(1))
    });
    delivered?;
    assert_eq!(woken?, Woken::Mail);
    assert_eq!(read_all(&mut mailbox, "INBOX").await?.1.len(), 1);
    Ok(())
}

#[tokio::test]
async fn mail_that_came_while_another_folder_was_read_ends_the_wait_at_once() -> anyhow::Result<()> {
    let lab = Lab::start()?;
    let mut mailbox = connect(&account(&lab)).await?;
    mailbox.open("INBOX", now()).await?;
    let junk = mailbox.open("Junk", now()).await?;
    lab.deliver("reports", "INBOX", &mail(1))?;
    // Filing selects the folder again, which must not count as having looked.
    let inbox = mailbox.file("Junk", junk.uidvalidity, &[77], Target::Processed).await?;
    assert_eq!(inbox, Filing::Moved, "what is gone already is filed");
    assert_eq!(mailbox.wait("INBOX", 2 * MINUTE, pending()).await?, Woken::Mail);
    Ok(())
}

#[tokio::test]
async fn the_caller_and_the_clock_end_a_wait_and_the_session_goes_on() -> anyhow::Result<()> {
    let lab = Lab::start()?;
    let mut mailbox = connect(&account(&lab)).await?;
    mailbox.open("INBOX", now()).await?;
    assert_eq!(mailbox.wait("INBOX", MINUTE, async {}).await?, Woken::Caller);
    assert_eq!(mailbox.wait("INBOX", Duration::from_millis(10), pending()).await?, Woken::Time);
    lab.deliver("reports", "INBOX", &mail(1))?;
    assert_eq!(read_all(&mut mailbox, "INBOX").await?.1.len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_server_without_idle_is_polled() -> anyhow::Result<()> {
    let lab = Lab::builder().imap_capability("IMAP4rev1 UIDPLUS MOVE").start()?;
    let mut settings = account(&lab);
    settings.poll_interval_s = 1;
    let mut mailbox = connect(&settings).await?;
    mailbox.open("INBOX", now()).await?;
    assert_eq!(mailbox.wait("INBOX", MINUTE, pending()).await?, Woken::Mail, "time to look");
    assert_eq!(mailbox.wait("INBOX", Duration::from_millis(10), pending()).await?, Woken::Time);
    Ok(())
}

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
async fn mails_are_moved_into_folders_that_were_made_for_it() -> anyhow::Result<()> {
    let lab = Lab::start()?;
    lab.deliver_all("reports", "INBOX", [mail(1), mail(2), mail(3)].iter().map(Vec::as_slice))?;
    let mut mailbox = connect(&account(&lab)).await?;
    let view = mailbox.open("INBOX", now()).await?;
    assert_eq!(mailbox.file("INBOX", view.uidvalidity, &[1, 3], Target::Processed).await?, Filing::Moved);
    assert_eq!(mailbox.file("INBOX", view.uidvalidity, &[2], Target::Quarantine).await?, Filing::Moved);
    assert_eq!(mailbox.file("INBOX", view.uidvalidity, &[1, 2, 3], Target::Processed).await?, Filing::Moved);
    assert_eq!(lab.mails("reports", "INBOX")?, Vec::<Vec<u8>>::new());
    assert_eq!(lab.mails("reports", "Mailbeat/Processed")?, [mail(1), mail(3)]);
    assert_eq!(lab.mails("reports", "Mailbeat/Quarantine")?, [mail(2)]);
    Ok(())
}

#[tokio::test]
async fn without_move_mails_are_copied_and_only_these_expunged() -> anyhow::Result<()> {
    let lab = Lab::builder().imap_capability("IMAP4rev1 UIDPLUS IDLE").start()?;
    lab.deliver_all("reports", "INBOX", [mail(1), mail(2)].iter().map(Vec::as_slice))?;
    lab.imap("reports", &["SELECT INBOX", "UID STORE 2 +FLAGS (\\Deleted)"])?;
    let mut mailbox = connect(&account(&lab)).await?;
    let view = mailbox.open("INBOX", now()).await?;
    assert_eq!(mailbox.file("INBOX", view.uidvalidity, &[1], Target::Processed).await?, Filing::Moved);
    assert_eq!(lab.mails("reports", "Mailbeat/Processed")?, [mail(1)]);
    assert_eq!(lab.mails("reports", "INBOX")?, [mail(2)], "what somebody else marked is not ours to remove");
    Ok(())
}

#[tokio::test]
async fn where_the_server_refuses_to_move_mails_they_are_marked_and_known_as_done() -> anyhow::Result<()> {
    let lab = Lab::start()?;
    lab.deliver_all("reports", "INBOX", [mail(1), mail(2)].iter().map(Vec::as_slice))?;
    let mut mailbox = connect(&account(&lab)).await?;
    let view = mailbox.open("INBOX", now()).await?;
    // The mail server may no longer write into the folder.
    let folder = lab.dir().join("mail/reports/Maildir/.Mailbeat.Processed");
    fs::remove_dir_all(&folder)?;
    fs::write(&folder, "in the way")?;
    assert_eq!(mailbox.file("INBOX", view.uidvalidity, &[1], Target::Processed).await?, Filing::Marked);
    mailbox.open("INBOX", now()).await?;
    let done: Vec<bool> = mailbox.list(1, 2).await?.mails.iter().map(|mail| mail.done).collect();
    assert_eq!(done, [true, false]);
    assert_eq!(lab.mails("reports", "INBOX")?.len(), 2);
    Ok(())
}

#[tokio::test]
async fn a_target_folder_that_was_removed_meanwhile_is_made_again() -> anyhow::Result<()> {
    let lab = Lab::start()?;
    lab.deliver("reports", "INBOX", &mail(1))?;
    let mut mailbox = connect(&account(&lab)).await?;
    let view = mailbox.open("INBOX", now()).await?;
    lab.imap("reports", &["DELETE Mailbeat/Processed"])?;
    assert_eq!(mailbox.file("INBOX", view.uidvalidity, &[1], Target::Processed).await?, Filing::Moved);
    assert_eq!(lab.mails("reports", "Mailbeat/Processed")?, [mail(1)]);
    Ok(())
}

#[tokio::test]
async fn a_recreated_mailbox_is_noticed_and_nothing_in_it_is_filed_by_old_numbers() -> anyhow::Result<()> {
    let lab = Lab::start()?;
    lab.deliver_all("reports", "INBOX", [mail(1), mail(2)].iter().map(Vec::as_slice))?;
    let mut mailbox = connect(&account(&lab)).await?;
    let before = mailbox.open("INBOX", now()).await?;
    lab.recreate_mailbox("reports", "INBOX")?;
    let error = mailbox.list(1, 10).await.unwrap_err();
    assert!(error.kind.ends_session(), "{error}");

    let mut mailbox = connect(&account(&lab)).await?;
    let filed = mailbox.file("INBOX", before.uidvalidity, &[1], Target::Processed).await?;
    assert_eq!(filed, Filing::OtherFolder);
    assert_eq!(lab.mails("reports", "INBOX")?.len(), 2);
    assert_ne!(mailbox.open("INBOX", now()).await?.uidvalidity, before.uidvalidity);
    Ok(())
}

#[tokio::test]
async fn a_server_that_stops_while_we_wait_is_an_error_and_afterwards_all_goes_on() -> anyhow::Result<()> {
    let lab = Lab::start()?;
    let settings = account(&lab);
    let mut mailbox = connect(&settings).await?;
    mailbox.open("INBOX", now()).await?;
    let lab = Arc::new(lab);
    let stopped = tokio::task::spawn_blocking({
        let lab = Arc::clone(&lab);
        move || lab.stop_imap()
    });
    let (woken, stopped) = tokio::join!(mailbox.wait("INBOX", 2 * MINUTE, pending()), stopped);
    stopped??;
    let error = woken.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Connection(ConnectionProblem::Closed), "{error}");
    assert!(mailbox.open("INBOX", now()).await.is_err(), "a dead session stays dead");
    assert!(connect(&settings).await.is_err());

    lab.deliver("reports", "INBOX", &mail(1))?;
    lab.start_imap()?;
    let mut mailbox = connect(&settings).await?;
    assert_eq!(read_all(&mut mailbox, "INBOX").await?.1.len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_mail_of_30_mb_is_reported_and_not_downloaded() -> anyhow::Result<()> {
    let lab = Lab::start()?;
    let giant = [&b"Subject: giant\r\n\r\n"[..], &b"x".repeat(998).repeat(30_100)].concat();
    lab.deliver_all("reports", "INBOX", [mail(1), giant, mail(3)].iter().map(Vec::as_slice))?;
    let mut mailbox = connect(&account(&lab)).await?;
    let (_, mut mails) = read_all(&mut mailbox, "INBOX").await?;
    mails.sort_by_key(|mail| mail.uid);
    let raws: Vec<Option<Vec<u8>>> = mails.iter().map(|mail| mail.raw.clone()).collect();
    assert_eq!(raws, [Some(mail(1)), None, Some(mail(3))]);
    assert!(mails[1].size > 30_000_000);
    Ok(())
}

#[tokio::test]
async fn a_missing_junk_folder_is_left_out_and_the_probe_says_so() -> anyhow::Result<()> {
    let lab = Lab::builder().without_junk().start()?;
    let settings = account(&lab);
    assert_eq!(connect(&settings).await?.folders(), ["INBOX"]);

    let steps = Mailbox::probe(&MailboxSettings::Imap(settings), now()).await;
    let junk = steps.iter().find(|step| step.name == StepName::Folder("Junk".into())).expect("a step");
    assert_eq!(junk.result.as_ref().unwrap_err().kind, ErrorKind::FolderMissing);
    Ok(())
}

#[tokio::test]
async fn the_probe_shows_each_step_and_changes_nothing() -> anyhow::Result<()> {
    let lab = Lab::start()?;
    let settings = account(&lab);
    let steps = Mailbox::probe(&MailboxSettings::Imap(settings.clone()), now()).await;
    let shown: Vec<String> =
        steps.iter().map(|step| format!("{}: {}", step.name, step.result.as_ref().unwrap())).collect();
    let text = shown.join("\n");
    for words in [
        "connect: 127.0.0.1:",
        "TLS 1.3, CN=localhost, sha256:",
        "(29 days left)",
        "authenticate: as reports@example.test",
        "IDLE: tells of new mail, MOVE, UIDPLUS",
        "folder INBOX: UIDVALIDITY ",
        "folder Mailbeat/Processed: is made at the first start",
    ] {
        assert!(text.contains(words), "{words:?} is not in\n{text}");
    }
    assert!(!lab.folders("reports")?.iter().any(|folder| folder.starts_with("Mailbeat")));

    let broken = ImapSettings { password: Some(Secret::new("wrong")), ..settings };
    let steps = Mailbox::probe(&MailboxSettings::Imap(broken), now()).await;
    let last = steps.last().expect("some step");
    assert_eq!(last.name, StepName::Authenticate);
    assert!(last.result.is_err());
    Ok(())
}

#[tokio::test]
async fn an_observer_reads_everything_and_moves_nothing() -> anyhow::Result<()> {
    let lab = Lab::start()?;
    lab.deliver("reports", "INBOX", &mail(1))?;
    let settings = MailboxSettings::Imap(account(&lab));
    let mut mailbox = Mailbox::connect(&settings, true).await?;
    let (view, mails) = read_all(&mut mailbox, "INBOX").await?;
    assert_eq!(mails.len(), 1);
    assert!(mailbox.file("INBOX", view.uidvalidity, &[1], Target::Processed).await.is_err());
    assert!(mailbox.purge(Target::Processed, now()).await.is_err());
    let flags = lab.imap("reports", &["EXAMINE INBOX", "FETCH 1 FLAGS"])?;
    assert!(!flags.iter().any(|answer| answer.text.contains("\\Seen")), "{flags:?}");
    Ok(())
}

#[tokio::test]
async fn old_mails_leave_our_own_folders_and_young_ones_stay() -> anyhow::Result<()> {
    let lab = Lab::start()?;
    let mut mailbox = connect(&account(&lab)).await?;
    let old: Timestamp = "2026-01-01T00:00:00Z".parse()?;
    let folder = "Mailbeat/Processed";
    lab.deliver_at("reports", folder, old, &mail(1))?;
    lab.deliver("reports", folder, &mail(2))?;
    lab.deliver_at("reports", folder, old, &mail(3))?;
    assert_eq!(mailbox.purge(Target::Processed, "2026-02-01T00:00:00Z".parse()?).await?, 2);
    assert_eq!(mailbox.purge(Target::Quarantine, now()).await?, 0);
    assert_eq!(lab.mails("reports", folder)?, [mail(2)]);
    Ok(())
}
