//! The receiver's IMAP mailbox against a real Dovecot, and in [`scripted`] against what Dovecot cannot do on cue.

mod filing;
mod private;
mod quota;
mod reading;
mod scripted;
mod trouble;
mod waiting;

use std::time::Duration;

use jiff::Timestamp;
use mailbeat_receiver::mailbox::{
    Fetched, FolderView, ImapSettings, Mailbox, MailboxError, MailboxSettings, channel,
};
use mailbeat_shared::clock::Clock;
use mailbeat_shared::transport::secret::Secret;
use mailbeat_tests::lab::Lab;

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
