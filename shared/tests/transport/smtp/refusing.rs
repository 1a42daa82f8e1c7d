//! Servers that refuse, and servers whose words are odd, endless or hostile: what they meant is told apart and kept.

use mailbeat_shared::transport::outcome::TlsProblem;

use super::*;
use crate::fake::say_and_close;

#[tokio::test]
async fn every_refusal_is_told_apart_by_step_and_code() {
    use FailureKind::{Permanent, ProtocolUnclear, Temporary, TooLarge};
    let stories = [
        ("greeting", "554 5.7.1 go away\r\n", "deferred", Permanent),
        ("greeting", "421 4.3.2 busy\r\n", "deferred", Temporary),
        ("EHLO", "502 5.5.2 what?\r\n", "deferred", ProtocolUnclear),
        ("EHLO", "421 4.3.2 busy\r\n", "deferred", Temporary),
        ("MAIL", "451 4.3.0 later\r\n", "deferred", Temporary),
        ("MAIL", "552 5.3.4 too big\r\n", "refused", TooLarge),
        (
            "MAIL",
            "530 5.7.0 Must issue a STARTTLS command first\r\n",
            "deferred",
            FailureKind::Tls(TlsProblem::Required),
        ),
        ("RCPT", "450 4.2.0 greylisted\r\n", "deferred", Temporary),
        ("RCPT", "550-5.1.1 who\r\n550 5.1.1 is that?\r\n", "refused", Permanent),
        ("RCPT", "571-5.7.1 unusual\r\n571 5.7.1 second digit\r\n", "refused", Permanent),
        ("RCPT", "421 4.7.0 slow down\r\n", "deferred", Temporary),
        ("DATA", "250 2.0.0 not what DATA is answered with\r\n", "deferred", ProtocolUnclear),
        ("DATA", "554 5.5.1 no valid recipients\r\n", "refused", Permanent),
        ("DATA", "421 4.3.2 shutting down\r\n", "deferred", Temporary),
        (".", "451 4.3.0 after the data\r\n", "deferred", Temporary),
        (".", "421 4.3.2 shutting down\r\n", "deferred", Temporary),
        (".", "554 5.7.1 content refused\r\n", "refused", Permanent),
        (".", "354 nonsense\r\n", "outcome unknown", ProtocolUnclear),
        (".", "GARBAGE\r\n", "outcome unknown", ProtocolUnclear),
    ];
    for (step, reply, verdict, expected) in stories {
        let outcome = outcome(Script::default().at(step, say(reply))).await;
        assert_eq!(kind(&outcome), expected, "{step} {reply} {outcome}");
        assert!(outcome.to_string().starts_with(verdict), "{step} {reply} {outcome}");
        let words = reply.lines().next().unwrap()[4..].trim();
        let said = &outcome.failure().unwrap().text;
        assert!(expected == ProtocolUnclear || said.contains(words), "the server's words are kept: {said}");
    }
}

#[tokio::test]
async fn only_what_is_said_of_the_recipient_is_told_of_the_recipient() {
    let stories = [
        ("MAIL", "550 5.1.0 you may not send as this\r\n", false),
        ("RCPT", "550 5.1.1 who is that?\r\n", true),
        ("RCPT", "554 5.7.1 Relay access denied\r\n", false),
        ("DATA", "554 5.7.1 not from you\r\n", false),
        (".", "550 5.1.10 RecipientNotFound\r\n", true),
        (".", "554 5.7.1 content refused\r\n", false),
    ];
    for (step, reply, expected) in stories {
        let outcome = outcome(Script::default().at(step, say(reply))).await;
        assert_eq!(outcome.failure().map(|failure| failure.recipient), Some(expected), "{step} {outcome}");
    }
}

#[tokio::test]
async fn a_server_that_refuses_in_the_middle_of_a_large_message_is_heard() {
    let large = b"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcd\r\n".repeat(200_000);
    let server = Script::default().at("content", say_and_close("552 5.3.4 enough\r\n")).start().await;
    let outcome = send(&server.settings(), &envelope(), &large).await;
    // When the reset overtakes the words they are lost; then it is a closed line, never an unknown outcome.
    let expected = [FailureKind::TooLarge, FailureKind::Connection(ConnectionProblem::Closed)];
    assert!(expected.contains(&kind(&outcome)) && !matches!(outcome, Outcome::Unknown(_)), "{outcome}");
}

#[tokio::test]
async fn a_reply_of_a_hundred_megabytes_is_not_read() {
    let server = Script::default().at("RCPT", Act::Flood).start().await;
    let outcome = send(&server.settings(), &envelope(), MESSAGE).await;
    assert_eq!(kind(&outcome), FailureKind::ProtocolUnclear, "{outcome}");
    let flooded = server.seen().flooded;
    assert!(flooded < 20_000_000, "only what fits into the system's buffers: {flooded}");

    let endless = "250-and another line\r\n".repeat(100_000);
    let outcome = self::outcome(Script::default().at("EHLO", say(&endless))).await;
    assert_eq!(kind(&outcome), FailureKind::ProtocolUnclear, "{outcome}");
    assert!(outcome.to_string().contains("longer than any reply"), "{outcome}");
}

#[tokio::test]
async fn hostile_and_foreign_letters_in_a_reply_neither_steer_a_terminal_nor_hide_the_verdict() {
    let reply = b"550 5.1.1 \x1b[31mEmpf\xe4nger\x07 unbekannt\xe2\x80\xae\r\n".to_vec();
    let outcome = outcome(Script::default().at("RCPT", Act::Say(reply))).await;
    assert_eq!(outcome.failure().unwrap().text, "550 5.1.1 Empf\u{fffd}nger unbekannt");
    assert!(matches!(outcome, Outcome::Refused(_)), "{outcome}");
}

#[tokio::test]
async fn a_sloppy_server_with_bare_line_feeds_and_codes_alone_is_understood() {
    let script =
        Script::default().at("greeting", say("220\n")).at("MAIL", say("250\r\n")).at("DATA", say("354\n"));
    assert!(matches!(outcome(script).await, Outcome::Sent { .. }));
}

#[tokio::test]
async fn an_answer_nobody_asked_for_is_not_taken_for_the_next_verdict() {
    let script =
        Script::default().at("DATA", say("354 go\r\n250 2.0.0 Ok: queued as NEVER\r\n")).at(".", Act::Close);
    let outcome = outcome(script).await;
    assert_eq!(kind(&outcome), FailureKind::ProtocolUnclear, "{outcome}");
    assert!(matches!(outcome, Outcome::Deferred(_)), "{outcome}");
}
