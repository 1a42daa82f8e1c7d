//! One message within a session: MAIL, RCPT, DATA, the content, and what the server says to it.

use std::borrow::Cow;
use std::pin::pin;
use std::time::Duration;

use lettre::transport::smtp::commands::{Data, Mail, Rcpt, Rset};
use lettre::transport::smtp::extension::{MailBodyParameter, MailParameter};
use tokio::time::timeout;

use super::Envelope;
use super::reply::{Reply, Stage, failure_without_reply};
use super::session::{FAREWELL, Session};
use crate::steps::{Steps, name};
use crate::transport::dial::{SLOWEST_UPLOAD, too_late};
use crate::transport::outcome::{Failure, FailureKind, Outcome};

impl Session {
    /// Hands one message over; see [`super::Client::send`].
    pub(super) async fn send(&mut self, envelope: &Envelope, message: &[u8]) -> Outcome {
        let size = message.len() as u64;
        if let Some(limit) = self.offers.size.filter(|limit| size > *limit) {
            let text = format!("the message has {size} bytes, {} takes {limit}", self.settings.host);
            return Outcome::Refused(Failure::new(FailureKind::TooLarge, text));
        }
        if let Err(outcome) = self.transaction(envelope, message, &mut Steps::unread()).await {
            return outcome;
        }
        match self.ask(Data, "DATA").await {
            Ok(Reply { code: 354, .. }) => self.content(message).await,
            Ok(reply) => reply.outcome(Stage::Content),
            Err(failure) => Outcome::Deferred(failure),
        }
    }

    /// MAIL and RCPT, then RSET, for a probe.
    pub(super) async fn rehearse(&mut self, envelope: &Envelope, steps: &mut Steps) -> Result<(), Outcome> {
        self.transaction(envelope, b"", steps).await?;
        self.ask(Rset, "RSET").await.map(drop).map_err(Outcome::Deferred)
    }

    /// Up to the point where the server waits for the content.
    async fn transaction(
        &mut self,
        envelope: &Envelope,
        message: &[u8],
        steps: &mut Steps,
    ) -> Result<(), Outcome> {
        if self.unfinished {
            let reset = self.expect(Rset, "RSET", 200..300).await;
            self.broken |= reset.is_err();
            reset.map_err(Outcome::Deferred)?;
        }
        let parameters = self.parameters(envelope, message).map_err(Outcome::Refused)?;
        self.unfinished = true;
        let from = self.ask(Mail::new(envelope.from.clone(), parameters), "MAIL FROM").await;
        accepted(steps, name::SENDER, Stage::Message, from)?;
        let to = self.ask(Rcpt::new(envelope.to.clone(), vec![]), "RCPT TO").await;
        accepted(steps, name::RECIPIENT, Stage::Recipient, to)
    }

    /// The parameters of MAIL. A message with bytes above 127 goes out as it is also where 8BITMIME is not offered:
    /// servers of today take it, and our own messages have none.
    fn parameters(&self, envelope: &Envelope, message: &[u8]) -> Result<Vec<MailParameter>, Failure> {
        let mut parameters = vec![];
        let addresses = envelope.from.iter().chain([&envelope.to]);
        if let Some(address) = addresses.into_iter().find(|address| !AsRef::<str>::as_ref(address).is_ascii())
        {
            if !self.offers.utf8 {
                let text =
                    format!("{} takes no address with letters beyond ASCII: {address}", self.settings.host);
                let failure = Failure::new(FailureKind::Permanent, text);
                return Err(if *address == envelope.to { failure.of_recipient() } else { failure });
            }
            parameters.push(MailParameter::SmtpUtfEight);
        }
        if self.offers.takes_size && !message.is_empty() {
            parameters.push(MailParameter::Size(message.len()));
        }
        if self.offers.eight_bit && !message.is_ascii() {
            parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        Ok(parameters)
    }

    /// The content and the verdict on it. Once its end was sent, silence means that nobody knows.
    async fn content(&mut self, message: &[u8]) -> Outcome {
        self.socket.begin();
        let failure = match self.upload(message).await {
            Ok(()) => None,
            Err(failure) => {
                self.broken = true;
                Some(failure)
            }
        };
        let ended = self.socket.message_ended();
        match (self.socket.reply(0), failure) {
            (Some(reply), _) if ended && (200..300).contains(&reply.code) => {
                self.unfinished = false;
                Outcome::Sent { reply: reply.shown() }
            }
            (Some(reply), _) if reply.code >= 400 => {
                self.broken |= reply.code == 421;
                reply.outcome(Stage::Content)
            }
            (said, failure) => {
                self.broken = true;
                let failure =
                    failure.or(said.map(|reply| reply.failure(Stage::Content))).unwrap_or_else(|| {
                        Failure::new(
                            FailureKind::ProtocolUnclear,
                            format!("{}: no verdict", self.settings.host),
                        )
                    });
                if ended { Outcome::Unknown(failure) } else { Outcome::Deferred(failure) }
            }
        }
    }

    /// Writes the content and reads the reply; patient as long as something moves.
    async fn upload(&mut self, message: &[u8]) -> Result<(), Failure> {
        let what = format!("{} at the message", self.settings.host);
        let content = as_lines(message);
        let (step, verdict) = (self.settings.step_limit(), self.settings.verdict_limit());
        let socket = self.socket.clone();
        let result = {
            let mut sending = pin!(self.connection.message(&content));
            let moving = async {
                loop {
                    let (sent, ended) = (socket.sent_bytes(), socket.message_ended());
                    let limit = if ended { verdict } else { step };
                    match timeout(limit, &mut sending).await {
                        Ok(result) => return Ok(result),
                        Err(_) if socket.sent_bytes() > sent => {}
                        Err(_) => return Err(too_late(&socket.peer().to_string(), "the message", limit)),
                    }
                }
            };
            let slowest = step + verdict + Duration::from_secs(content.len() as u64 / SLOWEST_UPLOAD);
            timeout(slowest, moving).await.map_err(|_| too_late(&what, "the message", slowest))??
        };
        match result {
            Ok(_) => Ok(()),
            // A complete reply speaks for itself.
            Err(_) if self.socket.reply(0).is_some() => Ok(()),
            Err(error) => {
                // A server that closes while we still write may have said why.
                if !self.socket.message_ended() {
                    let _ = timeout(FAREWELL, self.connection.read_response()).await;
                }
                Err(failure_without_reply(&error, &what))
            }
        }
    }
}

/// Notes the reply to MAIL or RCPT and turns a refusal into an outcome.
fn accepted(
    steps: &mut Steps,
    name: &'static str,
    stage: Stage,
    said: Result<Reply, Failure>,
) -> Result<(), Outcome> {
    let (failure, outcome) = match said {
        Ok(reply) if (200..300).contains(&reply.code) => {
            return steps.judge(name, Ok(reply), Reply::shown).map(drop).map_err(Outcome::Deferred);
        }
        Ok(reply) => (reply.failure(stage), reply.outcome(stage)),
        Err(failure) => (failure.clone(), Outcome::Deferred(failure)),
    };
    let _noted = steps.judge(name, Err::<(), _>(failure), |()| "");
    Err(outcome)
}

/// The message in SMTP's lines: every bare CR or LF becomes CRLF, or a server that takes a bare LF for a line end could
/// see a second message in it (CVE-2023-51764). The last line end is left out: lettre writes it with the final dot.
fn as_lines(message: &[u8]) -> Cow<'_, [u8]> {
    let is_bare = |at: usize| match message[at] {
        b'\r' => message.get(at + 1) != Some(&b'\n'),
        b'\n' => at == 0 || message[at - 1] != b'\r',
        _ => false,
    };
    if !(0..message.len()).any(is_bare) {
        return Cow::Borrowed(message.strip_suffix(b"\r\n").unwrap_or(message));
    }
    let mut lines = Vec::with_capacity(message.len() + message.len() / 32);
    for (at, byte) in message.iter().enumerate() {
        if is_bare(at) { lines.extend_from_slice(b"\r\n") } else { lines.push(*byte) }
    }
    let kept = lines.strip_suffix(b"\r\n").map_or(lines.len(), <[u8]>::len);
    lines.truncate(kept);
    Cow::Owned(lines)
}

#[cfg(test)]
mod tests {
    use super::as_lines;

    #[test]
    fn every_line_ends_with_crlf_whatever_it_ended_with() {
        assert_eq!(*as_lines(b"a\r\n.\r\nb\r\n"), *b"a\r\n.\r\nb");
        assert_eq!(*as_lines(b"a\n.\nb\r.\r\nc"), *b"a\r\n.\r\nb\r\n.\r\nc");
        assert_eq!(*as_lines(b"\r\r\n\n"), *b"\r\n\r\n");
        assert_eq!(*as_lines(b""), *b"");
    }
}
