//! A server's reply (RFC 5321 section 4.2) and what it means for the message (RFC 3463, RFC 4954, RFC 1870).
//!
//! The text is hostile; it is parsed for its codes, kept for people, and obeyed in nothing else.

use std::fmt;
use std::time::Duration;

use crate::transport::outcome::{
    ConnectionProblem, Failure, FailureKind, Outcome, TlsProblem, shown, suggested_backoff,
};

/// Where in the dialogue a reply came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Greeting, EHLO, STARTTLS: nothing is known of a message yet.
    Opening,
    /// AUTH.
    Authentication,
    /// MAIL, RCPT, DATA and the verdict on the message.
    Message,
}

/// How long a limit counted by the hour is waited for at most.
const FULL_HOUR: Duration = Duration::from_secs(600);
/// How long to stay away from a mailbox that is used by too many at once.
const CONCURRENCY: Duration = Duration::from_secs(60);

/// One complete reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reply {
    /// Three digits, 200 to 599.
    pub(super) code: u16,
    /// The lines without their codes.
    pub(super) lines: Vec<String>,
}

impl Reply {
    /// Reads a whole reply; `None` if it is not complete or not one.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut code = None;
        let mut lines = vec![];
        let mut complete = false;
        for line in text.lines() {
            let (digits, rest) = (line.get(..3)?, line.get(3..)?);
            let this: u16 = digits.parse().ok().filter(|code| (200..600).contains(code))?;
            if complete || *code.get_or_insert(this) != this {
                return None;
            }
            complete = !rest.starts_with('-');
            lines.push(rest.get(1..).unwrap_or_default().to_owned());
        }
        if complete { code.map(|code| Self { code, lines }) } else { None }
    }

    /// Code and text on one line, safe to show.
    pub(super) fn shown(&self) -> String {
        let enhanced = self.enhanced();
        let mut text = self.code.to_string();
        for (number, line) in self.lines.iter().enumerate() {
            let repeated = enhanced.filter(|_| number > 0).and_then(|status| line.strip_prefix(status));
            text.push(' ');
            text.push_str(repeated.map_or(line.as_str(), str::trim_start));
        }
        shown(&text)
    }

    /// The enhanced status code at the beginning, as in `5.1.1` (RFC 2034).
    fn enhanced(&self) -> Option<&str> {
        let word = self.lines.first()?.split_whitespace().next()?;
        let is_status = word.split('.').count() == 3
            && word
                .split('.')
                .all(|part| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit()));
        is_status.then_some(word)
    }

    fn says(&self, word: &str) -> bool {
        self.lines.iter().any(|line| line.to_ascii_uppercase().contains(word))
    }

    /// The reply as a failure; `stage` matters because a 5xx to AUTH is about the password, never about the message.
    pub(super) fn failure(&self, stage: Stage) -> Failure {
        let kind = match (self.code, self.enhanced()) {
            (400..500, _) => self.patience(),
            // Exchange Online's limits on what one mailbox receives in an hour: the mail is good, and later it is taken.
            (500..600, Some("5.2.121" | "5.2.122")) => FailureKind::throttled(FULL_HOUR),
            // ... and on what one sends in a day.
            (500..600, Some("5.1.90")) => FailureKind::throttled(FULL_HOUR),
            // RFC 3463 section 3.3: the recipient may make room, and then it is taken.
            (500..600, Some("5.2.2")) => FailureKind::MailboxFull,
            (552, None) if self.says("QUOTA") || self.says("FULL") => FailureKind::MailboxFull,
            // Refusals of the sign-in that Exchange speaks at MAIL only.
            (500..600, Some("5.7.30" | "5.7.139" | "5.7.57")) => FailureKind::Authentication,
            // RFC 3207 section 4 words it so; 538 says the same of a mechanism (RFC 4954 section 6)
            (538, _) => FailureKind::Tls(TlsProblem::Required),
            (530, _) if self.says("STARTTLS") => FailureKind::Tls(TlsProblem::Required),
            (530 | 534 | 535, _) => FailureKind::Authentication,
            (500..600, _) if stage == Stage::Authentication => FailureKind::Authentication,
            (500..600, Some("5.3.4" | "5.2.3")) | (552, None) => FailureKind::TooLarge,
            // "command not known" or "bad sequence": the dialogue went wrong, which says nothing about the message
            (500 | 502 | 503, _) => FailureKind::ProtocolUnclear,
            (500..600, _) => FailureKind::Permanent,
            _ => FailureKind::ProtocolUnclear,
        };
        Failure::new(kind, self.shown())
    }

    /// A server that asks for time gets as much as it says, or as its code means.
    fn patience(&self) -> FailureKind {
        match (suggested_backoff(&self.shown()), self.code) {
            (Some(asked), _) => FailureKind::throttled(asked),
            // Exchange Online: too many connections or messages at once for this mailbox.
            (None, 432) => FailureKind::throttled(CONCURRENCY),
            (None, _) => FailureKind::Temporary,
        }
    }

    /// The reply as the outcome of a message.
    pub(super) fn outcome(&self) -> Outcome {
        let failure = self.failure(Stage::Message);
        match failure.kind {
            FailureKind::Permanent | FailureKind::TooLarge => Outcome::Refused(failure),
            _ => Outcome::Deferred(failure),
        }
    }
}

/// What an error of lettre's connection was, where no complete reply explains it. `what` names server and step.
pub(super) fn failure_without_reply(error: &lettre::transport::smtp::Error, what: &str) -> Failure {
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        match inner.downcast_ref::<std::io::Error>() {
            Some(io) if io.kind() == std::io::ErrorKind::InvalidData => {
                return Failure::new(FailureKind::ProtocolUnclear, format!("{what}: {io}"));
            }
            Some(io) => return Failure::from_io(io, what),
            None => source = inner.source(),
        }
    }
    // lettre has no type for the end of the stream, only this text
    if error.to_string().contains("incomplete response") {
        let closed = FailureKind::Connection(ConnectionProblem::Closed);
        return Failure::new(closed, format!("{what}: the server closed the connection without an answer"));
    }
    Failure::new(FailureKind::ProtocolUnclear, format!("{what}: {error}"))
}

/// What a server offers in its answer to EHLO (RFC 5321 section 4.1.1.1). Keywords are compared without case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Capabilities {
    /// STARTTLS (RFC 3207).
    pub(super) starttls: bool,
    /// The largest message in bytes (RFC 1870), if the server states one.
    pub(super) size: Option<u64>,
    /// Whether SIZE was offered at all, so that MAIL may carry the parameter.
    pub(super) takes_size: bool,
    /// 8BITMIME (RFC 6152).
    pub(super) eight_bit: bool,
    /// SMTPUTF8 (RFC 6531).
    pub(super) utf8: bool,
    /// SASL mechanisms in upper case (RFC 4954).
    pub(super) auth: Vec<String>,
}

impl Capabilities {
    pub(super) fn read(reply: &Reply) -> Self {
        let mut found = Self::default();
        for line in reply.lines.iter().skip(1) {
            let line = line.to_ascii_uppercase();
            let mut words = line.split([' ', '=']).filter(|word| !word.is_empty());
            match words.next().unwrap_or_default() {
                "STARTTLS" => found.starttls = true,
                "SIZE" => {
                    found.takes_size = true;
                    found.size = words.next().and_then(|n| n.parse().ok()).filter(|n| *n > 0);
                }
                "8BITMIME" => found.eight_bit = true,
                "SMTPUTF8" => found.utf8 = true,
                "AUTH" => found.auth.extend(words.map(str::to_owned)),
                _ => {}
            }
        }
        found
    }
}

/// What a person looks for when something is not offered.
impl fmt::Display for Capabilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let logon =
            if self.auth.is_empty() { "no AUTH".to_owned() } else { format!("AUTH {}", self.auth.join(" ")) };
        let more = [(self.starttls, ", STARTTLS"), (self.eight_bit, ", 8BITMIME"), (self.utf8, ", SMTPUTF8")];
        f.write_str(&logon)?;
        more.iter().filter(|(offered, _)| *offered).try_for_each(|(_, word)| f.write_str(word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(text: &str, stage: Stage) -> FailureKind {
        Reply::parse(text).unwrap().failure(stage).kind
    }

    #[test]
    fn a_reply_of_several_lines_is_one_text_with_its_status_once() {
        let reply =
            Reply::parse("550-5.7.25 The address has no\r\n550-5.7.25 PTR record\r\n550 5.7.25 sorry\r\n")
                .unwrap();
        assert_eq!(reply.shown(), "550 5.7.25 The address has no PTR record sorry");
    }

    #[test]
    fn half_a_reply_two_replies_and_mixed_codes_are_none() {
        for text in [
            "",
            "250-one\r\n",
            "250 a\r\n250 b\r\n",
            "250-a\r\n550 b\r\n",
            "hello\r\n",
            "999 x\r\n",
            "ä50 x\r\n",
            "25",
        ] {
            assert_eq!(Reply::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn codes_tell_a_bad_password_a_full_queue_a_bad_address_and_a_large_mail_apart() {
        use FailureKind::{Authentication, Permanent, ProtocolUnclear, Temporary, TooLarge};
        assert_eq!(kind("535 5.7.8 no\r\n", Stage::Authentication), Authentication);
        assert_eq!(kind("550 5.7.1 account disabled\r\n", Stage::Authentication), Authentication);
        assert_eq!(kind("454 4.7.0 later\r\n", Stage::Authentication), Temporary);
        assert_eq!(
            kind("530 5.7.0 Must issue a STARTTLS command first\r\n", Stage::Message),
            FailureKind::Tls(TlsProblem::Required)
        );
        assert_eq!(kind("530 5.7.57 Client was not authenticated\r\n", Stage::Message), Authentication);
        assert_eq!(kind("452 4.3.1 disk full\r\n", Stage::Message), Temporary);
        assert_eq!(kind("550 5.1.1 who?\r\n", Stage::Message), Permanent);
        assert_eq!(kind("552 5.3.4 too big\r\n", Stage::Message), TooLarge);
        assert_eq!(kind("552 too big\r\n", Stage::Message), TooLarge);
        for full in ["552 5.2.2 mailbox full\r\n", "554 5.2.2 mailbox full\r\n", "552 Quota exceeded\r\n"] {
            assert_eq!(kind(full, Stage::Message), FailureKind::MailboxFull);
            let reply = Reply::parse(full).unwrap();
            assert!(matches!(reply.outcome(), Outcome::Deferred(_)), "the sender keeps it: {full}");
        }
        assert_eq!(kind("503 5.5.1 bad sequence\r\n", Stage::Message), ProtocolUnclear);
    }

    #[test]
    fn limits_that_pass_are_waited_for_and_a_sign_in_switched_off_says_nothing_of_the_mail() {
        use FailureKind::{Authentication, Temporary, Throttled};
        assert_eq!(
            kind("432 4.3.2 Concurrent connections limit exceeded\r\n", Stage::Message),
            Throttled { seconds: 60 }
        );
        assert_eq!(
            kind("550 5.2.122 The recipient has exceeded their limit\r\n", Stage::Message),
            Throttled { seconds: 600 }
        );
        assert_eq!(
            kind("550 5.2.121 Recipient per-sender limit\r\n", Stage::Message),
            Throttled { seconds: 600 }
        );
        let asked = "421 4.3.2 Busy. Suggested Backoff Time: 201317 milliseconds\r\n";
        assert_eq!(kind(asked, Stage::Opening), Throttled { seconds: 202 });
        assert_eq!(kind("421 4.3.2 shutting down\r\n", Stage::Message), Temporary);
        for said in [
            "550 5.7.30 Basic authentication is not supported\r\n",
            "550 5.7.139 SmtpClientAuthentication is disabled\r\n",
        ] {
            let reply = Reply::parse(said).unwrap();
            assert_eq!(reply.failure(Stage::Message).kind, Authentication);
            assert!(matches!(reply.outcome(), Outcome::Deferred(_)), "{said}");
        }
        assert_eq!(kind("550 5.7.60 SendAsDenied\r\n", Stage::Message), FailureKind::Permanent);
    }

    #[test]
    fn what_a_server_offers_is_read_in_any_case_and_in_the_old_form_of_auth() {
        let reply = Reply::parse(
            "250-auth.example hi\r\n250-starttls\r\n250-SIZE 1000\r\n250-AUTH=LOGIN\r\n250 AUTH plain\r\n",
        );
        let found = Capabilities::read(&reply.unwrap());
        assert!(found.starttls && found.takes_size && !found.eight_bit);
        assert_eq!((found.size, found.auth), (Some(1000), vec!["LOGIN".to_owned(), "PLAIN".to_owned()]));
        let none = Reply::parse("250-x\r\n250 SIZE 0\r\n").unwrap();
        assert_eq!(Capabilities::read(&none).size, None, "SIZE 0 is no limit (RFC 1870 section 4)");
    }
}
