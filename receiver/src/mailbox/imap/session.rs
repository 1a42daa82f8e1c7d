//! Commands and their answers. Nothing counts as complete before the tagged OK with our own tag; NO, BAD, BYE and the
//! end of the connection are errors with the server's words. What a server sends is never quoted raw: async-imap's own
//! errors hold the unparsed bytes, which are mail.

use std::io;
use std::time::Duration;

use async_imap::imap_proto::{MailboxDatum, Outcome, RequestId, Response, ResponseCode, Status};
use mailbeat_shared::transport::outcome::{ConnectionProblem, Failure, suggested_backoff};

use super::super::{ErrorKind, MailboxError};
use super::wire::Wire;

/// A logged-in connection.
#[derive(Debug)]
pub(super) struct Session {
    inner: async_imap::Session<Wire>,
    host: String,
    patience: Duration,
    /// A command was sent and its tagged answer not seen.
    unanswered: bool,
    /// An error made this connection useless.
    over: bool,
    /// Mails in the selected folder.
    mails: u32,
    /// More mails appeared in the selected folder since it was selected or waited on.
    stirred: bool,
}

impl Session {
    pub(super) fn new(inner: async_imap::Session<Wire>, host: &str, patience: Duration) -> Self {
        let host = host.to_owned();
        Self { inner, host, patience, unanswered: false, over: false, mails: 0, stirred: false }
    }

    /// Sends a command; its answers must be read to the end with [`Session::answer`].
    pub(super) async fn send(&mut self, command: &str) -> Result<RequestId, MailboxError> {
        // Answers nobody waited for would be taken for those of this command (chatmail/core#1795).
        if self.over || self.unanswered {
            return Err(self.closed("the session ended with an earlier error"));
        }
        self.unanswered = true;
        self.inner.get_mut().set_patience(self.patience);
        let sent = self.inner.run_command(command).await;
        sent.map_err(|error| self.failed(from_library(error, &self.host)))
    }

    /// Shows the next answer to `look`; none when the command is complete.
    ///
    /// # Errors
    /// NO and BAD to this command, BYE, the end of the connection, or what is not IMAP.
    pub(super) async fn answer<T>(
        &mut self,
        id: &RequestId,
        look: impl FnOnce(&Response<'_>) -> T,
    ) -> Result<Option<T>, MailboxError> {
        let response = match self.inner.read_response().await {
            Ok(Some(response)) => response,
            Ok(None) => {
                let error = self.closed("the server closed the connection");
                return Err(self.failed(error));
            }
            Err(error) => {
                let error = from_io(&error, &self.host);
                return Err(self.failed(error));
            }
        };
        match response.parsed() {
            Response::Done { tag, status, outcome } if tag == id => {
                self.unanswered = false;
                match status {
                    Status::Ok => Ok(None),
                    status => Err(self.failed(refusal(status, outcome, &self.host))),
                }
            }
            Response::Data { status: Status::Bye, outcome } => {
                let error = farewell(outcome, &self.host);
                Err(self.failed(error))
            }
            other => {
                self.count(other);
                Ok(Some(look(other)))
            }
        }
    }

    /// Keeps track of how many mails the selected folder holds.
    fn count(&mut self, response: &Response<'_>) {
        match response {
            Response::MailboxData(MailboxDatum::Exists(mails)) => {
                self.stirred |= *mails > self.mails;
                self.mails = *mails;
            }
            Response::Expunge(_) => self.mails = self.mails.saturating_sub(1),
            _ => {}
        }
    }

    /// Sends a command and shows every untagged answer to `each`.
    pub(super) async fn run(
        &mut self,
        command: &str,
        mut each: impl FnMut(&Response<'_>),
    ) -> Result<(), MailboxError> {
        let id = self.send(command).await?;
        while self.answer(&id, &mut each).await?.is_some() {}
        Ok(())
    }

    /// The same for a command that a server may offer and not know after all: a BAD to it refuses it, and ends nothing.
    pub(super) async fn ask(
        &mut self,
        command: &str,
        each: impl FnMut(&Response<'_>),
    ) -> Result<(), MailboxError> {
        let answered = self.run(command, each).await;
        answered.map_err(|error| self.pardon(error))
    }

    /// Takes a BAD for a refusal: it was an answer, so the next one is again that to the next command.
    pub(super) fn pardon(&mut self, error: MailboxError) -> MailboxError {
        if error.kind != ErrorKind::Protocol || self.unanswered {
            return error;
        }
        self.over = false;
        MailboxError { kind: ErrorKind::Refused, ..error }
    }

    /// Ends an IDLE; its tagged answer is still to be read.
    pub(super) async fn end_idle(&mut self) -> Result<(), MailboxError> {
        self.inner.get_mut().set_patience(self.patience);
        let sent = self.inner.run_command_untagged("DONE").await;
        sent.map_err(|error| self.failed(from_library(error, &self.host)))
    }

    /// Until the next command, silence is no failure for this long.
    pub(super) fn be_patient(&mut self, patience: Duration) {
        self.inner.get_mut().set_patience(patience);
    }

    /// What is there now is known: only what comes later counts as new.
    pub(super) fn settle(&mut self) {
        self.stirred = false;
    }

    /// How many mails the selected folder holds.
    pub(super) fn mails(&self) -> u32 {
        self.mails
    }

    /// Whether more mails appeared since [`Session::settle`].
    pub(super) fn is_stirred(&self) -> bool {
        self.stirred
    }

    /// An answer that lacks what it must have.
    pub(super) fn unclear(&self, what: &str) -> MailboxError {
        MailboxError::new(ErrorKind::Protocol, format!("{}: {what}", self.host))
    }

    pub(super) fn closed(&self, what: &str) -> MailboxError {
        closed(&self.host, what)
    }

    /// The connection is of no more use, whatever the reason.
    pub(super) fn give_up(&mut self) {
        self.over = true;
    }

    fn failed(&mut self, error: MailboxError) -> MailboxError {
        self.over |= error.kind.ends_session();
        error
    }
}

/// An error of async-imap itself.
pub(super) fn from_library(error: async_imap::error::Error, host: &str) -> MailboxError {
    use async_imap::error::Error;
    match error {
        Error::Io(error) => from_io(&error, host),
        Error::ConnectionLost => closed(host, "the server closed the connection"),
        Error::No(said) => said_no(&said_words(&said), host),
        Error::Bad(said) => {
            MailboxError::new(ErrorKind::Protocol, format!("{host}: BAD {}", said_words(&said)))
        }
        _ => MailboxError::new(ErrorKind::Protocol, format!("{host}: the answer is not IMAP")),
    }
}

/// An error of the connection, or of async-imap's parser, which says `Other` and quotes what it could not parse.
pub(super) fn from_io(error: &io::Error, host: &str) -> MailboxError {
    match error.kind() {
        io::ErrorKind::Other => {
            MailboxError::new(ErrorKind::Protocol, format!("{host}: the answer is not IMAP"))
        }
        io::ErrorKind::InvalidData => MailboxError::new(ErrorKind::Protocol, format!("{host}: {error}")),
        _ => Failure::from_io(error, host).into(),
    }
}

/// The server ends the session by itself (RFC 9051 section 7.1.5).
pub(super) fn farewell(outcome: &Outcome<'_>, host: &str) -> MailboxError {
    let said = words(outcome);
    match throttled(&said) {
        Some(kind) => MailboxError::new(kind, format!("{host}: BYE {said}")),
        // Exchange Online: the session lives no longer than the token it was opened with.
        None if said.contains("AccessTokenExpired") => {
            MailboxError::new(ErrorKind::SessionExpired, format!("{host}: BYE {said}"))
        }
        None => closed(host, &format!("the server ended the session: BYE {said}")),
    }
}

fn refusal(status: &Status, outcome: &Outcome<'_>, host: &str) -> MailboxError {
    let said = words(outcome);
    match status {
        Status::No => said_no(&said, host),
        _ => MailboxError::new(ErrorKind::Protocol, format!("{host}: BAD {said}")),
    }
}

fn said_no(said: &str, host: &str) -> MailboxError {
    MailboxError::new(throttled(said).unwrap_or(ErrorKind::Refused), format!("{host}: NO {said}"))
}

/// Exchange Online says how long to stay away: `Suggested Backoff Time: 299961 milliseconds`.
fn throttled(said: &str) -> Option<ErrorKind> {
    suggested_backoff(said).map(ErrorKind::Throttled)
}

/// The words of an answer, with the one response code that is looked for later. The parser leaves codes it does not
/// know in the text.
fn words(outcome: &Outcome<'_>) -> String {
    let code = match outcome.code {
        Some(ResponseCode::TryCreate) => "[TRYCREATE] ",
        Some(ResponseCode::Alert) => "[ALERT] ",
        _ => "",
    };
    format!("{code}{}", outcome.information.as_deref().unwrap_or_default())
}

/// async-imap formats an answer as `code: None, info: Some("words")`.
fn said_words(debug: &str) -> String {
    let words = debug.split_once("info: Some(\"").and_then(|(_, rest)| rest.strip_suffix("\")"));
    words.unwrap_or(debug).replace("\\\"", "\"")
}

pub(super) fn closed(host: &str, what: &str) -> MailboxError {
    MailboxError::new(ErrorKind::Connection(ConnectionProblem::Closed), format!("{host}: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_asks_for_time_is_understood_and_an_ordinary_no_is_a_refusal() {
        let exchange = said_no("Request is throttled. Suggested Backoff Time: 299961 milliseconds", "h");
        assert_eq!(exchange.kind, ErrorKind::Throttled(Duration::from_millis(299_961)));
        assert_eq!(said_no("Suggested Backoff Time: soon", "h").kind, ErrorKind::Refused);
    }

    #[test]
    fn the_librarys_wrapping_of_the_servers_words_is_taken_off() {
        let said = "code: None, info: Some(\"[AUTHENTICATIONFAILED] Authentication \\\"failed\\\".\")";
        assert_eq!(said_words(said), "[AUTHENTICATIONFAILED] Authentication \"failed\".");
        assert_eq!(said_words("something else"), "something else");
    }

    #[test]
    fn what_could_not_be_parsed_is_not_quoted() {
        let error = from_io(&io::Error::other("Error during parsing of \"secret mail\""), "h");
        assert_eq!(error.to_string(), "unclear answer: h: the answer is not IMAP");
    }
}
