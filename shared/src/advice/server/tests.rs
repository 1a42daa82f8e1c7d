//! What servers say, beside the cause and the way out that people read.

use super::*;
use crate::steps::name::{AUTHENTICATE, CONNECT, GREETING, MESSAGE, RECIPIENT, SENDER, TLS};
use crate::transport::outcome::{ConnectionProblem, TlsProblem};

#[test]
fn what_servers_say_is_met_with_its_likely_cause_and_a_way_out() {
    use FailureKind::{Authentication, Permanent, Temporary, TooLarge};
    let closed = FailureKind::Connection(ConnectionProblem::Closed);
    let late = FailureKind::Connection(ConnectionProblem::TimedOut);
    for (at, kind, text, cause, fix) in [
        (
            AUTHENTICATE,
            Authentication,
            "550 5.7.30 Basic authentication is not supported for Client Submission",
            "Microsoft has switched off",
            "vendor's relay",
        ),
        (
            AUTHENTICATE,
            Authentication,
            "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant",
            "SMTP AUTH is off",
            "Authenticated SMTP",
        ),
        (
            AUTHENTICATE,
            Authentication,
            "534 5.7.9 Application-specific password required",
            "second factor",
            "application password",
        ),
        (
            AUTHENTICATE,
            Authentication,
            "mx offers no way of authentication we use; it offers: GSSAPI, NTLM",
            "Windows logons",
            "receive connector",
        ),
        (
            AUTHENTICATE,
            Authentication,
            "mx offers no way of authentication we use; it offers: NTLM",
            "Windows logons",
            "receive connector",
        ),
        (
            AUTHENTICATE,
            Authentication,
            "mx offers no way of authentication we use; it offers: XOAUTH2",
            "OAuth tokens only",
            "auth = \"oauth\"",
        ),
        (
            AUTHENTICATE,
            Authentication,
            "mx offers no way of authentication we use; it offers: none",
            "no logon here",
            "587",
        ),
        (
            AUTHENTICATE,
            Authentication,
            "535 5.7.8 Error: authentication failed",
            "does not know this user",
            "password_file",
        ),
        (
            AUTHENTICATE,
            Temporary,
            "454 4.7.0 Temporary authentication failure",
            "cannot check passwords",
            "Try again",
        ),
        (
            SENDER,
            Authentication,
            "530 5.7.57 Client not authenticated to send mail",
            "only after a logon",
            "username",
        ),
        (
            SENDER,
            Permanent,
            "550 5.7.60 SMTP; Client does not have permissions to send as this sender",
            "may not send as",
            "Send As",
        ),
        (
            MESSAGE,
            Permanent,
            "554 5.2.252 SendAsDenied; a@b not allowed to send as c@b",
            "may not send as",
            "Send As",
        ),
        (
            RECIPIENT,
            Permanent,
            "553 5.7.1 <a@b>: Sender address rejected: not owned by user c",
            "may not send as",
            "`from`",
        ),
        (RECIPIENT, Temporary, "450 4.7.1 Greylisted, see you later", "greylisting", "by itself"),
        (RECIPIENT, Temporary, "452 4.2.2 Mailbox full", "mailbox is full", "vendor"),
        (RECIPIENT, Permanent, "552 5.2.2 Mailbox full for good", "mailbox is full", "vendor"),
        (SENDER, Temporary, "452 4.3.1 Insufficient system storage", "no room", "queue"),
        (
            RECIPIENT,
            Permanent,
            "554 5.7.1 <a@b>: Relay access denied",
            "machines or accounts it knows",
            "Log on",
        ),
        (
            RECIPIENT,
            Permanent,
            "550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain",
            "machines or accounts it knows",
            "Log on",
        ),
        (RECIPIENT, Permanent, "550 5.1.1 No such user here", "no such recipient", "report address"),
        (RECIPIENT, Permanent, "554 5.7.1 Rejected by policy", "rule of its own", "allowed"),
        (RECIPIENT, Temporary, "421 4.3.2 Shutting down", "shutting down", "later"),
        (
            GREETING,
            Temporary,
            "421 4.7.0 mx Error: too many connections from 192.0.2.1",
            "limits how many",
            "mails_per_hour",
        ),
        (
            RECIPIENT,
            Temporary,
            "432 4.3.2 Concurrent connections limit exceeded",
            "limits how many",
            "mails_per_hour",
        ),
        (RECIPIENT, Permanent, "550 5.2.121 RESOLVER.RST.RecipLimit", "3,600", "several report addresses"),
        (RECIPIENT, Temporary, "451 4.3.0 Temporary local problem", "just now", "by itself"),
        (SENDER, TooLarge, "552 5.3.4 too big", "larger than", "8 MiB"),
        (MESSAGE, Permanent, "554 5.7.1 content refused", "refuses its content", "report.json"),
        (MESSAGE, Permanent, "550 5.7.26 unauthenticated, DMARC policy", "does not believe", "SPF"),
        (MESSAGE, Temporary, "451 4.3.0 Refused after DATA", "could not take it", "same bytes"),
        (RECIPIENT, late, "mx: no answer to RCPT TO within 2 s", "slow", "timeout_s"),
        (CONNECT, late, "192.0.2.1:587: no answer to the connection within 5 s", "firewall", "firewall"),
        (
            CONNECT,
            FailureKind::Connection(ConnectionProblem::Refused),
            "connecting: refused",
            "Nobody listens",
            "`port`",
        ),
        (GREETING, closed, "mx at the greeting: closed", "closed the connection", "`tls`"),
        (GREETING, Permanent, "554 5.7.1 go away", "does not speak to this machine", "let this machine"),
        (
            TLS,
            Temporary,
            "454 4.7.0 TLS not available due to local problem",
            "its TLS does not work",
            "words",
        ),
        (
            TLS,
            FailureKind::Tls(TlsProblem::NotOffered),
            "mx does not offer STARTTLS on port 587",
            "does not offer STARTTLS",
            "587",
        ),
        (TLS, FailureKind::Tls(TlsProblem::TooOld), "x", "TLS 1.1 or older", "TLS 1.2"),
        (TLS, FailureKind::Tls(TlsProblem::WrongName), "x", "another name", "`host`"),
        (TLS, FailureKind::Tls(TlsProblem::Expired), "the certificate has expired", "has expired", "renew"),
        (
            TLS,
            FailureKind::Tls(TlsProblem::Expired),
            "the certificate is not valid yet, or",
            "not valid yet",
            "clock",
        ),
        (
            TLS,
            FailureKind::Tls(TlsProblem::UnknownIssuer),
            "certificate CN=x, self-signed, sha256:",
            "signed by itself",
            "tls_pin",
        ),
        (
            TLS,
            FailureKind::Tls(TlsProblem::UnknownIssuer),
            "no authority known here",
            "does not know",
            "tls_ca",
        ),
    ] {
        let advice = explain(Some(kind), text, at);
        assert!(advice.cause.contains(cause), "{at}, {text}: {advice:?}");
        assert!(advice.fix.contains(fix), "{at}, {text}: {advice:?}");
    }
}

#[test]
fn no_failure_is_left_without_advice_and_every_sentence_has_its_german() {
    for kind in
        [None, Some(FailureKind::Permanent), Some(FailureKind::Settings), Some(FailureKind::ProtocolUnclear)]
    {
        let advice = explain(kind, "nonsense", "somewhere");
        assert!(!advice.cause.is_empty() && !advice.fix.is_empty(), "{kind:?}");
    }
    for rule in rules() {
        for (english, german) in [(rule.english.0, rule.german.0), (rule.english.1, rule.german.1)] {
            assert!(english.ends_with('.') && german.ends_with('.') && english != german, "{english}");
            assert!(!english.contains('{'), "a hole in {english}");
        }
    }
}

#[test]
fn a_refusal_kept_as_text_alone_is_explained_by_its_code() {
    let advice = explain(None, "554 5.7.1 content refused", MESSAGE);
    assert!(advice.cause.contains("refuses its content"), "{advice:?}");
}
