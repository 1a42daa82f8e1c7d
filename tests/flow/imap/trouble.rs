//! Servers that go away and mailboxes that become others.

use std::future::pending;
use std::sync::Arc;

use mailbeat_receiver::filing::Target;
use mailbeat_receiver::mailbox::{ErrorKind, Filing};
use mailbeat_shared::transport::outcome::ConnectionProblem;
use mailbeat_tests::lab::Lab;

use super::{MINUTE, account, connect, mail, now, read_all};

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
