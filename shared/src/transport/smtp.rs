//! The one SMTP client of both programs: submission of a finished message to one recipient.
//!
//! [`Client`] keeps a session for the next message, [`send`] is for one alone, [`probe()`] walks the same way step by
//! step and sends nothing. lettre speaks the protocol over our own `socket`; every step has a time limit and every
//! reply a size limit. Whatever goes wrong is an [`Outcome`] or a [`Failure`] with the server's own words. On any
//! doubt about the state of a session it is dropped.

mod auth;
mod dial;
mod probe;
mod reply;
mod session;
mod settings;
mod socket;
mod transaction;

use std::time::{Duration, Instant};

pub use probe::probe;
pub use settings::{AuthMode, SettingsError, SmtpSettings, TlsMode};

use super::outcome::{Failure, FailureKind, Outcome};
use crate::steps::Steps;
use session::Session;

/// A session unused for longer is not trusted to be still there; servers close idle ones after minutes.
const IDLE: Duration = Duration::from_secs(20);

/// Sender and recipient as the server sees them (RFC 5321 section 2.3.1); the header says what people see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    from: Option<lettre::Address>,
    to: lettre::Address,
}

/// A text that is no mail address.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a mail address")]
pub struct AddressError(String);

impl Envelope {
    /// One sender and one recipient: with two, a server that refuses one leaves the other's fate unclear.
    /// `from = None` is the null sender `<>`, to which nothing bounces.
    ///
    /// # Errors
    /// The address that is none.
    pub fn new(from: Option<&str>, to: &str) -> Result<Self, AddressError> {
        let address = |text: &str| text.parse().map_err(|_| AddressError(text.to_owned()));
        Ok(Self { from: from.map(address).transpose()?, to: address(to)? })
    }
}

/// Sends messages over one kept session, connecting when there is none.
#[derive(Debug)]
pub struct Client {
    settings: SmtpSettings,
    session: Option<(Session, Instant)>,
}

impl Client {
    /// Connects to nothing yet.
    #[must_use]
    pub fn new(settings: SmtpSettings) -> Self {
        Self { settings, session: None }
    }

    /// Hands one message over. Its bytes arrive as they are, except that a bare CR or LF becomes CRLF and a missing
    /// last line end is added: SMTP knows no other lines (RFC 5321 section 2.3.8).
    pub async fn send(&mut self, envelope: &Envelope, message: &[u8]) -> Outcome {
        if let Some(mut session) = self.kept() {
            let outcome = session.send(envelope, message).await;
            // A kept session may have been closed by the server since; then this says nothing about the message.
            let gone = session.is_broken()
                && matches!(&outcome, Outcome::Deferred(failure)
                    if matches!(failure.kind, FailureKind::Connection(_) | FailureKind::Temporary));
            if !gone {
                self.keep(session);
                return outcome;
            }
        }
        match Session::open(&self.settings, &mut Steps::unread()).await {
            Ok(mut session) => {
                let outcome = session.send(envelope, message).await;
                self.keep(session);
                outcome
            }
            Err(failure) => Outcome::Deferred(failure),
        }
    }

    /// The largest message the server takes, in bytes, if it says (RFC 1870). Connects if there is no session.
    ///
    /// # Errors
    /// As connecting.
    pub async fn server_size_limit(&mut self) -> Result<Option<u64>, Failure> {
        let session = match self.kept() {
            Some(session) => session,
            None => Session::open(&self.settings, &mut Steps::unread()).await?,
        };
        let limit = session.size_limit();
        self.keep(session);
        Ok(limit)
    }

    /// Says goodbye; dropping a client instead just closes the connection, which is as safe and less polite.
    pub async fn close(&mut self) {
        if let Some((session, _)) = self.session.take() {
            session.quit().await;
        }
    }

    fn kept(&mut self) -> Option<Session> {
        self.session.take().filter(|(_, used)| used.elapsed() < IDLE).map(|(session, _)| session)
    }

    fn keep(&mut self, session: Session) {
        self.session = if session.is_broken() { None } else { Some((session, Instant::now())) };
    }
}

/// Sends one message over a session of its own; see [`Client::send`].
pub async fn send(settings: &SmtpSettings, envelope: &Envelope, message: &[u8]) -> Outcome {
    let mut client = Client::new(settings.clone());
    let outcome = client.send(envelope, message).await;
    client.close().await;
    outcome
}
