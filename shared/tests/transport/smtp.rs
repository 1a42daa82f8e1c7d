//! Stories of one message and a server that behaves, misbehaves or vanishes. Here it arrives; what else may happen has files of its
//! own.

mod login;
mod probing;
mod refusing;
mod sessions;
mod vanishing;

use mailbeat_shared::transport::outcome::{ConnectionProblem, Failure, FailureKind, Outcome};
use mailbeat_shared::transport::proxy::Proxy;
use mailbeat_shared::transport::secret::Secret;
use mailbeat_shared::transport::smtp::{Envelope, SmtpSettings, send};

use crate::fake::{Act, Script, say};

const MESSAGE: &[u8] = b"Subject: hello\r\n\r\nbody\r\n";

fn envelope() -> Envelope {
    Envelope::new(Some("agent@example.test"), "reports@example.test").unwrap()
}

async fn outcome(script: Script) -> Outcome {
    send(&script.start().await.settings(), &envelope(), MESSAGE).await
}

fn with_login(settings: SmtpSettings) -> SmtpSettings {
    SmtpSettings { username: Some("user".into()), password: Some(Secret::new("geheim")), ..settings }
}

fn kind(outcome: &Outcome) -> FailureKind {
    outcome.failure().unwrap_or_else(|| panic!("{outcome}")).kind
}

#[tokio::test]
async fn a_message_arrives_byte_for_byte_and_the_servers_words_are_kept() {
    let mut tricky =
        b"Subject: dots\r\n\r\n.\r\n..\r\n...x\r\nno dot.\r\n\r\n.b\r\n\xc3\xa4 \x00 \x7f\r\n".to_vec();
    tricky.extend(std::iter::repeat_n(b"line of a long message\r\n.".as_slice(), 40_000).flatten());
    tricky.extend(b"\r\n.\r\n");
    for message in [MESSAGE, &tricky, b"\r\n", b"Subject: x\r\n\r\n\r\n\r\n"] {
        let server = Script::default().start().await;
        let outcome = send(&server.settings(), &envelope(), message).await;
        assert_eq!(outcome, Outcome::Sent { reply: "250 2.0.0 Ok: queued as FAKE".into() });
        assert!(server.seen().messages == [message], "changed on the way: {} bytes", message.len());
    }
}

#[tokio::test]
async fn a_bare_line_feed_becomes_a_line_end_and_smuggles_no_second_message() {
    let server = Script::default().start().await;
    send(&server.settings(), &envelope(), b"a\n.\nMAIL FROM:<x@y>\r\n.\rb").await;
    assert_eq!(server.seen().messages, [b"a\r\n.\r\nMAIL FROM:<x@y>\r\n.\r\nb\r\n"]);
}

#[tokio::test]
async fn a_proxy_on_the_way_is_asked_for_a_tunnel_and_the_greeting_behind_it_is_not_lost() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let server = Script::default().start().await;
    let behind = server.settings().port();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.unwrap();
        let mut request = String::new();
        while !request.ends_with("\r\n\r\n") {
            request.push(char::from(client.read_u8().await.unwrap()));
        }
        let mut inside = tokio::net::TcpStream::connect(("127.0.0.1", behind)).await.unwrap();
        // The greeting comes in one piece with the proxy's answer.
        let mut greeting = vec![0; 100];
        let length = inside.read(&mut greeting).await.unwrap();
        let together = [b"HTTP/1.1 200 OK\r\n\r\n", &greeting[..length]].concat();
        client.write_all(&together).await.unwrap();
        let _ended = tokio::io::copy_bidirectional(&mut client, &mut inside).await;
        request
    });
    let proxy = Proxy { host: "127.0.0.1".into(), port, username: None, password_file: None };
    let settings =
        SmtpSettings { host: "mail.nowhere.example".into(), proxy: Some(proxy), ..server.settings() };
    let outcome = send(&settings, &envelope(), b"Subject: x\r\n\r\nx\r\n").await;
    assert!(matches!(outcome, Outcome::Sent { .. }), "{outcome}");
    assert!(heard.await.unwrap().starts_with(&format!("CONNECT mail.nowhere.example:{behind} HTTP/1.1\r\n")));
}

#[test]
fn an_address_that_is_none_is_refused_before_it_reaches_a_server() {
    for text in ["", "nobody", "a@b>\r\nDATA", "a b@c", "a@b c"] {
        assert!(Envelope::new(None, text).is_err(), "{text:?}");
    }
    assert!(Envelope::new(None, "a@b.example").is_ok());
}

#[test]
fn an_outcome_is_stored_and_read_back() {
    let text = r#"{"deferred":{"kind":{"tls":"pin_mismatch"},"text":"x"}}"#;
    let outcome: Outcome = serde_json::from_str(text).unwrap();
    assert_eq!(serde_json::to_string(&outcome).unwrap(), text);
    assert_eq!(outcome.to_string(), "deferred: certificate is not the pinned one: x");
    let theirs = Outcome::Refused(Failure::new(FailureKind::Permanent, "x").of_recipient());
    let text = serde_json::to_string(&theirs).unwrap();
    assert_eq!(serde_json::from_str::<Outcome>(&text).unwrap(), theirs);
}
