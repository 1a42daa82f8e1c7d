//! Mails out of the way.

use std::fs;

use jiff::Timestamp;
use mailbeat_receiver::filing::Target;
use mailbeat_receiver::mailbox::Filing;
use mailbeat_tests::lab::Lab;

use super::{account, connect, mail, now};

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
