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
    /// MAIL: about the sender, or about us.
    Message,
    /// RCPT.
    Recipient,
    /// DATA and the verdict on the content.
    Content,
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
            // Exchange Online of the sender, whose quota of the day or whose own mailbox is full; the status is the recipient's in
            // RFC 3463, and the recipients are well.
            (500..600, _) if self.is_about_submission() && self.says("QUOTAEXCEEDED") => {
                FailureKind::throttled(FULL_HOUR)
            }
            // RFC 3463 section 3.3: the recipient may make room, and then it is taken.
            (500..600, Some("5.2.2")) => FailureKind::MailboxFull,
            (552, None) if ["QUOTA", "FULL", "STORAGE"].iter().any(|word| self.says(word)) => {
                FailureKind::MailboxFull
            }
            // The mail's size was told before: what is too small is one mailbox.
            (552, None) if stage == Stage::Recipient => FailureKind::MailboxFull,
            // RFC 3463 section 3.4: the whole server is full.
            (500..600, Some("5.3.1")) => FailureKind::Temporary,
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
        let failure = Failure::new(kind, self.shown());
        if self.is_about_the_recipient(stage, kind) { failure.of_recipient() } else { failure }
    }

    /// Whether another recipient may well be taken. Many servers say only at RCPT what they hold against the sender, its address or
    /// relaying, and some name a recipient they do not know only after the content.
    fn is_about_the_recipient(&self, stage: Stage, kind: FailureKind) -> bool {
        if self.is_about_submission() {
            return false;
        }
        let status = self.enhanced().and_then(|status| status.split_once('.')).map(|(_, detail)| detail);
        match (stage, status) {
            (Stage::Recipient, Some("1.7" | "1.8")) => false,
            (Stage::Recipient, Some(detail)) => {
                !detail.starts_with(['3', '5', '7']) && self.code != 421 && !self.says("SENDER ADDRESS")
            }
            (Stage::Recipient, None) => {
                matches!(self.code, 450 | 550..=553) && !self.says("SENDER") && !self.says("RELAY")
            }
            (Stage::Content, Some("1.1" | "1.2" | "1.3" | "1.6" | "1.10" | "2.1" | "2.2")) => true,
            (Stage::Content, None) => kind == FailureKind::MailboxFull,
            _ => false,
        }
    }

    /// Exchange Online speaks of handing the mail in, as the sender, and not of who is to get it.
    fn is_about_submission(&self) -> bool {
        self.says("STOREDRV.SUBMISSION")
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
    pub(super) fn outcome(&self, stage: Stage) -> Outcome {
        let failure = self.failure(stage);
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
mod tests;
