//! Servers that are not there, fall silent or hang up: whether the message may have been taken is never guessed.

use tokio::task::JoinSet;

use super::*;

#[tokio::test]
async fn a_port_nobody_listens_on_and_a_name_without_address_are_told_apart() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let nobody = SmtpSettings { port: Some(port), ..SmtpSettings::new("127.0.0.1") };
    let outcome = send(&nobody, &envelope(), MESSAGE).await;
    assert_eq!(kind(&outcome), FailureKind::Connection(ConnectionProblem::Refused), "{outcome}");
    let outcome = send(&SmtpSettings::new("no-such-host.invalid"), &envelope(), MESSAGE).await;
    assert_eq!(kind(&outcome), FailureKind::Connection(ConnectionProblem::Unresolved), "{outcome}");
}

#[tokio::test]
async fn a_line_dropped_before_the_end_of_the_message_is_deferred_and_after_it_unknown() {
    let closed = FailureKind::Connection(ConnectionProblem::Closed);
    for step in ["greeting", "EHLO", "MAIL", "RCPT", "DATA"] {
        let outcome = outcome(Script::default().at(step, Act::Close)).await;
        assert!(
            matches!(&outcome, Outcome::Deferred(failure) if failure.kind == closed),
            "{step}: {outcome}"
        );
    }
    let outcome = outcome(Script::default().at(".", Act::Close)).await;
    assert!(matches!(&outcome, Outcome::Unknown(failure) if failure.kind == closed), "{outcome}");
}

#[tokio::test]
async fn a_silent_server_is_given_up_at_every_step() {
    let mut stories = JoinSet::new();
    for step in ["greeting", "EHLO", "MAIL", "RCPT", "DATA", "."] {
        stories.spawn(async move {
            let server = Script::default().at(step, Act::Silence).start().await;
            let settings = SmtpSettings { timeout_s: 2, verdict_timeout_s: 3, ..server.settings() };
            let outcome = send(&settings, &envelope(), MESSAGE).await;
            assert_eq!(
                kind(&outcome),
                FailureKind::Connection(ConnectionProblem::TimedOut),
                "{step}: {outcome}"
            );
            assert_eq!(matches!(outcome, Outcome::Unknown(_)), step == ".", "{step}: {outcome}");
        });
    }
    while let Some(story) = stories.join_next().await {
        story.unwrap();
    }
}

#[tokio::test]
async fn the_verdict_on_a_message_is_waited_for_longer_than_a_step() {
    let server =
        Script::default().at(".", Act::SayLate(3, "250 2.0.0 Ok: scanned for long\r\n")).start().await;
    let settings = SmtpSettings { timeout_s: 1, ..server.settings() };
    let outcome = send(&settings, &envelope(), MESSAGE).await;
    assert!(matches!(&outcome, Outcome::Sent { reply } if reply.contains("scanned")), "{outcome}");
}
