//! Sending mail: the `outgoing` table of the receiver's configuration, and the hands that carry it out.
//!
//! One [`Sender`] keeps one SMTP session for the mails of a round. Whatever happens is an [`Outcome`]; [`super::retry`] says
//! what follows from it. Handing over the same letter again is harmless: same Message-ID, same file in a Maildir.

use std::path::{Path, PathBuf};

use mailbeat_shared::steps::Steps;
use mailbeat_shared::transport::graph::{self, GraphSettings};
use mailbeat_shared::transport::maildir;
use mailbeat_shared::transport::outcome::{Failure, FailureKind, Outcome};
use mailbeat_shared::transport::smtp::{Client, Envelope, SettingsError, SmtpSettings, probe};
use mailbeat_shared::wire::mail::bare_address;
use serde::Deserialize;

use super::Letter;

/// How mail leaves the receiver.
#[derive(Clone, Debug, Deserialize)]
pub struct OutgoingSettings {
    /// Sender: `Name <user@host>` or the address alone. Bounces come back to it: a mailbox the receiver reads.
    pub from: String,
    /// The way out.
    #[serde(flatten)]
    pub transport: OutgoingTransport,
}

/// The ways out.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum OutgoingTransport {
    /// A mail server.
    Smtp(Box<SmtpSettings>),
    /// Microsoft Graph.
    Graph(Box<GraphSettings>),
    /// Folders on this machine, for demonstrations and tests.
    Maildir(MaildirSettings),
}

/// Folders instead of a mail server.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MaildirSettings {
    /// Below it each recipient has a Maildir, named by the address.
    pub path: PathBuf,
}

/// Settings that cannot work.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutgoingError {
    /// The sender's address is none.
    #[error("`from` is {0:?}, which is not a mail address; write \"Name <user@host>\" or \"user@host\"")]
    From(String),
    /// The mail server's settings.
    #[error(transparent)]
    Smtp(#[from] SettingsError),
    /// The settings for Microsoft Graph.
    #[error(transparent)]
    Graph(#[from] graph::SettingsError),
}

impl OutgoingSettings {
    /// Whether these settings can work. Opens nothing.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self) -> Result<(), OutgoingError> {
        if bare_address(&self.from).is_none() {
            return Err(OutgoingError::From(self.from.clone()));
        }
        match &self.transport {
            OutgoingTransport::Smtp(settings) => Ok(settings.check()?),
            OutgoingTransport::Graph(settings) => Ok(settings.check()?),
            OutgoingTransport::Maildir(_) => Ok(()),
        }
    }
}

/// Sends letters, over one session while there are several.
#[derive(Debug)]
pub struct Sender {
    from: String,
    way: Way,
}

#[derive(Debug)]
enum Way {
    Smtp(Box<Client>),
    Graph(Box<GraphSettings>),
    Maildir(PathBuf),
}

impl Sender {
    /// Connects to nothing yet.
    #[must_use]
    pub fn new(settings: &OutgoingSettings) -> Self {
        let way = match &settings.transport {
            OutgoingTransport::Smtp(settings) => {
                Way::Smtp(Box::new(Client::new(SmtpSettings::clone(settings))))
            }
            OutgoingTransport::Graph(settings) => Way::Graph(settings.clone()),
            OutgoingTransport::Maildir(settings) => Way::Maildir(settings.path.clone()),
        };
        Self { from: settings.from.clone(), way }
    }

    /// The sender as it stands in the header.
    #[must_use]
    pub fn from(&self) -> &str {
        &self.from
    }

    /// Walks the way out step by step without sending anything; the recipient is the sender's own address. A Maildir has no
    /// steps.
    pub async fn probe(settings: &OutgoingSettings, steps: &mut Steps) {
        let own = bare_address(&settings.from).unwrap_or_default();
        if let (OutgoingTransport::Smtp(smtp), Ok(envelope)) =
            (&settings.transport, Envelope::new(Some(&own), &own))
        {
            probe(smtp, &envelope, steps).await;
        }
    }

    /// Hands one letter over.
    pub async fn send(&mut self, letter: &Letter) -> Outcome {
        match &mut self.way {
            Way::Smtp(client) => {
                let from = bare_address(&self.from);
                match Envelope::new(from.as_deref(), &letter.to) {
                    Ok(envelope) => client.send(&envelope, &letter.bytes).await,
                    Err(error) => {
                        let failure = Failure::new(FailureKind::Permanent, error.to_string());
                        let is_ours = from.is_some_and(|from| Envelope::new(None, &from).is_err());
                        Outcome::Refused(if is_ours { failure } else { failure.of_recipient() })
                    }
                }
            }
            Way::Graph(settings) => {
                settings.send(&bare_address(&self.from).unwrap_or_default(), &letter.bytes).await
            }
            Way::Maildir(path) => {
                let (dir, letter) = (path.join(folder(&letter.to)), letter.clone());
                let delivering = tokio::task::spawn_blocking(move || deliver(&dir, &letter));
                delivering.await.unwrap_or_else(|error| temporary(&error.to_string()))
            }
        }
    }

    /// Says goodbye to the mail server after the last letter of a round.
    pub async fn close(&mut self) {
        if let Way::Smtp(client) = &mut self.way {
            client.close().await;
        }
    }
}

fn deliver(dir: &Path, letter: &Letter) -> Outcome {
    match maildir::deliver(dir, &letter.bytes, &letter.message_id) {
        Ok(path) => Outcome::Sent { reply: format!("delivered to {}", path.display()) },
        Err(error) => temporary(&format!("{}: {error}", dir.display())),
    }
}

fn temporary(text: &str) -> Outcome {
    Outcome::Deferred(Failure::new(FailureKind::Temporary, text))
}

/// A folder name of its own for every address: what cannot stand in a file name becomes `=XX`, as does a leading dot.
fn folder(address: &str) -> String {
    let plain = |c: u8| c.is_ascii_alphanumeric() || b"._@+-".contains(&c);
    let address = address.to_lowercase();
    let mut name = String::with_capacity(address.len());
    for (at, byte) in address.bytes().enumerate() {
        if plain(byte) && !(at == 0 && byte == b'.') {
            name.push(char::from(byte));
        } else {
            name += &format!("={byte:02x}");
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(toml: &str) -> Result<OutgoingSettings, String> {
        mailbeat_shared::config_file::parse(Path::new("receiver.toml"), toml)
            .map_err(|error| error.to_string())
    }

    fn letter(to: &str, message_id: &str) -> Letter {
        Letter { to: to.into(), message_id: message_id.into(), bytes: b"Subject: x\r\n\r\nx\r\n".to_vec() }
    }

    #[test]
    fn a_mail_server_and_a_maildir_are_one_table_each() {
        let smtp =
            read("from = 'Mailbeat <mb@vendor.example>'\ntype = 'smtp'\nhost = 'mail'\nport = 25").unwrap();
        assert!(matches!(&smtp.transport, OutgoingTransport::Smtp(smtp) if smtp.port() == 25));
        assert_eq!(smtp.check(), Ok(()));
        let maildir = read("from = 'mb@vendor.example'\ntype = 'maildir'\npath = '/srv/out'").unwrap();
        assert_eq!(maildir.check(), Ok(()));
    }

    #[test]
    fn mistyped_keys_and_senders_that_are_none_are_refused() {
        let unknown = read("from = 'a@b.example'\ntype = 'smtp'\nhost = 'm'\ntls_pn = 'x'").unwrap_err();
        assert!(unknown.contains("did you mean `tls_pin`?"), "{unknown}");
        let unknown = read("from = 'a@b.example'\ntype = 'maildir'\npath = '/x'\npaht = 'x'").unwrap_err();
        assert!(unknown.contains("did you mean `path`?"), "{unknown}");
        assert!(read("from = 'a@b.example'\ntype = 'uucp'").unwrap_err().contains("uucp"));
        let nobody = read("from = 'nobody'\ntype = 'maildir'\npath = '/x'").unwrap().check();
        assert!(nobody.unwrap_err().to_string().starts_with("`from` is \"nobody\""));
    }

    #[tokio::test]
    async fn every_recipient_has_a_maildir_of_their_own_and_the_same_letter_lies_there_once() {
        let home = tempfile::tempdir().unwrap();
        let settings = OutgoingSettings {
            from: "mb@vendor.example".into(),
            transport: OutgoingTransport::Maildir(MaildirSettings { path: home.path().to_owned() }),
        };
        let mut sender = Sender::new(&settings);
        for (to, id) in
            [("Eva@Vendor.example", "mb-1@x"), ("eva@vendor.example", "mb-1@x"), ("../../up@x", "mb-2@x")]
        {
            let outcome = sender.send(&letter(to, id)).await;
            assert!(matches!(outcome, Outcome::Sent { .. }), "{to}: {outcome}");
        }
        sender.close().await;
        let found = |path: &str| std::fs::read_dir(home.path().join(path)).unwrap().count();
        assert_eq!(found("eva@vendor.example/new"), 1);
        assert_eq!(found("=2e.=2f..=2fup@x/new"), 1);
        assert_eq!(found(""), 2);
    }

    #[tokio::test]
    async fn a_folder_that_cannot_be_written_defers_and_says_which() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("file");
        std::fs::write(&file, "").unwrap();
        let settings = OutgoingSettings {
            from: "mb@vendor.example".into(),
            transport: OutgoingTransport::Maildir(MaildirSettings { path: file }),
        };
        let outcome = Sender::new(&settings).send(&letter("eva@vendor.example", "mb-1@x")).await;
        assert!(
            matches!(&outcome, Outcome::Deferred(failure) if failure.text.contains("eva@vendor.example")),
            "{outcome}"
        );
    }
}
