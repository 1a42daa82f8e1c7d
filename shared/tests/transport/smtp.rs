//! Stories of one message and a server that behaves, misbehaves or vanishes.

use mailbeat_shared::steps::{Step, StepResult, Steps, name};
use mailbeat_shared::transport::outcome::{ConnectionProblem, FailureKind, Outcome, TlsProblem};
use mailbeat_shared::transport::proxy::Proxy;
use mailbeat_shared::transport::secret::Secret;
use mailbeat_shared::transport::smtp::{AuthMode, Client, Envelope, SmtpSettings, TlsMode, probe, send};
use tokio::task::JoinSet;

use crate::fake::{Act, Script, say, say_and_close};

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
async fn a_server_that_refuses_in_the_middle_of_a_large_message_is_heard() {
    let large = b"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcd\r\n".repeat(200_000);
    let server = Script::default().at("content", say_and_close("552 5.3.4 enough\r\n")).start().await;
    let outcome = send(&server.settings(), &envelope(), &large).await;
    // When the reset overtakes the words they are lost; then it is a closed line, never an unknown outcome.
    let expected = [FailureKind::TooLarge, FailureKind::Connection(ConnectionProblem::Closed)];
    assert!(expected.contains(&kind(&outcome)) && !matches!(outcome, Outcome::Unknown(_)), "{outcome}");
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
    assert_eq!(outcome.failure().unwrap().text, "550 5.1.1 [31mEmpf\u{fffd}nger unbekannt");
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

#[tokio::test]
async fn plain_and_login_say_who_we_are_and_a_wrong_password_is_not_the_messages_fault() {
    let server = Script::default().offering("AUTH LOGIN PLAIN").start().await;
    let settings = with_login(server.settings());
    assert!(matches!(send(&settings, &envelope(), MESSAGE).await, Outcome::Sent { .. }));
    assert!(server.seen().has("AUTH PLAIN AHVzZXIAZ2VoZWlt"));
    let login = SmtpSettings { auth: AuthMode::Login, ..settings };
    assert!(matches!(send(&login, &envelope(), MESSAGE).await, Outcome::Sent { .. }));
    assert!(
        server.seen().has("AUTH LOGIN") && server.seen().has("dXNlcg==") && server.seen().has("Z2VoZWlt")
    );

    for reply in ["535 5.7.8 bad password\r\n", "550 account locked\r\n"] {
        let server = Script::default().offering("AUTH PLAIN").at("AUTH", say(reply)).start().await;
        let outcome = send(&with_login(server.settings()), &envelope(), MESSAGE).await;
        assert!(
            matches!(&outcome, Outcome::Deferred(failure) if failure.kind == FailureKind::Authentication),
            "{outcome}"
        );
        assert!(!outcome.to_string().contains("geheim"));
    }
}

#[tokio::test]
async fn a_server_without_authentication_on_this_port_says_what_it_does_offer() {
    let server = Script::default().offering("AUTH CRAM-MD5").start().await;
    let outcome = send(&with_login(server.settings()), &envelope(), MESSAGE).await;
    assert_eq!(kind(&outcome), FailureKind::Authentication);
    assert!(outcome.to_string().contains("CRAM-MD5"), "{outcome}");
}

#[tokio::test]
async fn settings_that_would_not_be_safe_open_no_connection() {
    let server = Script::default().start().await;
    let settings = SmtpSettings { host: "mail.example.test".into(), ..with_login(server.settings()) };
    let outcome = send(&settings, &envelope(), MESSAGE).await;
    assert_eq!(kind(&outcome), FailureKind::Settings, "{outcome}");
    let unreadable = SmtpSettings {
        password: None,
        password_file: Some("/nowhere/password".into()),
        ..with_login(Script::default().offering("AUTH PLAIN").start().await.settings())
    };
    let outcome = send(&unreadable, &envelope(), MESSAGE).await;
    assert_eq!(kind(&outcome), FailureKind::Settings, "{outcome}");
    assert!(outcome.to_string().contains("/nowhere/password"), "{outcome}");
}

#[tokio::test]
async fn a_port_nobody_listens_on_and_a_name_without_address_are_told_apart() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let nobody = SmtpSettings { port: Some(port), ..SmtpSettings::new("127.0.0.1") };
    let outcome = send(&nobody, &envelope(), MESSAGE).await;
    assert_eq!(kind(&outcome), FailureKind::Connection(ConnectionProblem::Refused), "{outcome}");
    let outcome = send(&SmtpSettings::new("no-such-host.invalid"), &envelope(), MESSAGE).await;
    assert_eq!(kind(&outcome), FailureKind::Connection(ConnectionProblem::Unresolved), "{outcome}");
}

async fn walked(settings: &SmtpSettings) -> Vec<Step> {
    let mut steps = Steps::new("2026-11-22T08:00:00Z".parse().unwrap());
    probe(settings, &envelope(), &mut steps).await;
    steps.into_taken()
}

fn named(steps: &[Step], result: StepResult) -> Vec<&str> {
    steps.iter().filter(|step| step.result == result).map(|step| step.name.as_ref()).collect()
}

#[tokio::test]
async fn a_probe_shows_every_step_sends_nothing_and_says_what_it_did_not_try() {
    use name::{
        AUTHENTICATE, CAPABILITIES, CONNECT, GREETING, HELLO, RECIPIENT, RESOLVE, SENDER, SETTINGS, SIZE,
    };
    let server = Script::default().offering("AUTH PLAIN").offering("SIZE 20000").start().await;
    let steps = walked(&with_login(server.settings())).await;
    let names: Vec<_> = steps.iter().map(|step| step.name.as_ref()).collect();
    assert_eq!(
        names,
        [SETTINGS, RESOLVE, CONNECT, GREETING, HELLO, CAPABILITIES, AUTHENTICATE, SIZE, SENDER, RECIPIENT]
    );
    assert_eq!(steps[3].seen, "220 fake.test ESMTP");
    assert!(steps[5].seen.starts_with("AUTH PLAIN"), "{:?}", steps[5]);
    assert_eq!(named(&steps, StepResult::Warning), [SIZE], "20 kB are little: {:?}", steps[7]);
    assert!(steps[7].seen.contains("19.5 KiB") && server.seen().has("RSET") && !server.seen().has("DATA"));

    let server = Script::default().at("RCPT", say("550 5.1.1 unknown\r\n")).start().await;
    let steps = walked(&server.settings()).await;
    let last = steps.last().unwrap();
    assert_eq!((last.name.as_ref(), last.seen.as_str()), (RECIPIENT, "permanent failure: 550 5.1.1 unknown"));
    assert!(last.advice.as_ref().unwrap().cause.contains("no such recipient"));
    let server = Script::default().start().await;
    let steps = walked(&SmtpSettings { tls: TlsMode::Starttls, ..server.settings() }).await;
    assert_eq!(named(&steps, StepResult::Failed), [name::TLS]);
    assert_eq!(named(&steps, StepResult::NotRun), [CAPABILITIES, SIZE, SENDER, RECIPIENT]);
}

#[tokio::test]
async fn what_microsoft_google_and_an_old_exchange_answer_is_named_with_the_way_out() {
    for (offer, reply, cause) in [
        (
            "AUTH LOGIN PLAIN",
            "550 5.7.30 Basic authentication is not supported for Client Submission\r\n",
            "Microsoft has switched off",
        ),
        (
            "AUTH LOGIN PLAIN",
            "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.\r\n",
            "SMTP AUTH is off",
        ),
        (
            "AUTH LOGIN PLAIN",
            "534-5.7.9 Application-specific password required. Learn more at\r\n534 5.7.9  https://support.example\r\n",
            "second factor",
        ),
        ("AUTH LOGIN PLAIN", "454 4.7.0 Temporary authentication failure\r\n", "cannot check passwords"),
        ("AUTH GSSAPI NTLM", "", "Windows logons"),
        ("AUTH XOAUTH2", "", "OAuth tokens only"),
    ] {
        let server = Script::default().offering(offer).at("AUTH", say(reply)).start().await;
        let steps = walked(&with_login(server.settings())).await;
        let failed = steps.iter().find(|step| step.result == StepResult::Failed).unwrap();
        assert_eq!(failed.name, name::AUTHENTICATE, "{failed:?}");
        assert!(failed.advice.as_ref().unwrap().cause.contains(cause), "{failed:?}");
    }
    let server = Script::default()
        .at("MAIL", say("550 5.7.60 SMTP; Client does not have permissions to send as this sender\r\n"));
    let steps = walked(&server.start().await.settings()).await;
    let failed = steps.iter().find(|step| step.result == StepResult::Failed).unwrap();
    assert!(
        failed.name == name::SENDER && failed.advice.as_ref().unwrap().fix.contains("Send As"),
        "{failed:?}"
    );
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
