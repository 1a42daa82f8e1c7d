//! Hearing of new mail.

use std::future::pending;
use std::time::Duration;

use mailbeat_receiver::filing::Target;
use mailbeat_receiver::mailbox::{Filing, Woken};
use mailbeat_tests::lab::Lab;

use super::{MINUTE, account, connect, mail, now, read_all};

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
