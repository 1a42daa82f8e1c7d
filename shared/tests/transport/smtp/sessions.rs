//! One session for several messages, and a new one where the old one is not to be trusted.

use mailbeat_shared::transport::smtp::Client;

use super::*;
use crate::fake::say_and_close;

#[tokio::test]
async fn several_messages_share_a_session_and_a_refused_one_does_not_spoil_the_next() {
    let server = Script::default().at("RCPT#2", say("550 5.1.1 no\r\n")).start().await;
    let mut client = Client::new(server.settings());
    assert!(matches!(client.send(&envelope(), MESSAGE).await, Outcome::Sent { .. }));
    assert!(matches!(client.send(&envelope(), MESSAGE).await, Outcome::Refused(_)));
    assert!(matches!(client.send(&envelope(), MESSAGE).await, Outcome::Sent { .. }));
    client.close().await;
    let seen = server.seen();
    assert_eq!((seen.sessions, seen.messages.len()), (1, 2));
    assert!(seen.has("RSET") && seen.has("QUIT"));
}

#[tokio::test]
async fn a_session_the_server_closed_in_between_is_opened_anew_for_the_next_message() {
    for act in [Act::Close, say_and_close("421 4.4.2 idle too long\r\n")] {
        let server = Script::default().at("MAIL#2", act).start().await;
        let mut client = Client::new(server.settings());
        for _ in 0..2 {
            assert!(matches!(client.send(&envelope(), MESSAGE).await, Outcome::Sent { .. }));
        }
        let seen = server.seen();
        assert_eq!((seen.sessions, seen.messages.len()), (2, 2));
    }
}

#[tokio::test]
async fn a_session_is_not_used_after_a_421_even_if_the_server_forgets_to_close_it() {
    let server = Script::default().at(".", say("421 4.3.2 shutting down\r\n")).start().await;
    let mut client = Client::new(server.settings());
    for _ in 0..2 {
        assert_eq!(kind(&client.send(&envelope(), MESSAGE).await), FailureKind::Temporary);
    }
    assert_eq!(server.seen().sessions, 2);
    assert!(!server.seen().has("RSET"));
}

#[tokio::test]
async fn a_message_beyond_the_servers_size_is_not_even_offered() {
    let server = Script::default().offering("SIZE 100").start().await;
    let mut client = Client::new(server.settings());
    assert_eq!(client.server_size_limit().await, Ok(Some(100)));
    let outcome = client.send(&envelope(), &b"0123456789".repeat(11)).await;
    assert!(
        matches!(&outcome, Outcome::Refused(failure) if failure.kind == FailureKind::TooLarge),
        "{outcome}"
    );
    assert!(matches!(client.send(&envelope(), MESSAGE).await, Outcome::Sent { .. }));
    assert!(server.seen().has("MAIL FROM:<agent@example.test> SIZE=24"), "{:?}", server.seen().commands);
}
