//! Listing and fetching.

use jiff::Timestamp;
use mailbeat_receiver::filing::Target;
use mailbeat_receiver::mailbox::{Envelope, Mailbox, MailboxSettings};
use mailbeat_tests::lab::Lab;

use super::{account, connect, mail, now, read_all};

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
