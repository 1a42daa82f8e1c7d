//! Sending by Graph, against a FAKE of it that speaks the shapes Microsoft documents. Nothing here has met the real one.

use std::path::Path;

use base64::Engine as _;
use mailbeat_shared::clock::Clock;
use mailbeat_shared::config_file;
use mailbeat_shared::transport::graph::{GraphSettings, MESSAGE_BYTES};
use mailbeat_shared::transport::oauth::{Kept, Purpose};
use mailbeat_shared::transport::outcome::{FailureKind, Outcome};
use tempfile::TempDir;

use crate::web::{Web, json, with};

const MESSAGE: &[u8] =
    b"From: scada-01@acme.example\r\nTo: reports@vendor.example\r\nSubject: x\r\n\r\nhello\r\n";

struct Story {
    settings: GraphSettings,
    provider: Web,
    graph: Web,
    _dir: TempDir,
}

impl Story {
    async fn begin(answers: impl IntoIterator<Item = String>) -> Self {
        let token = |token: &str| {
            json(200, &format!(r#"{{"access_token":"{token}","expires_in":3600,"token_type":"Bearer"}}"#))
        };
        let (provider, graph) =
            (Web::serve([token("first"), token("second")]).await, Web::serve(answers).await);
        let dir = tempfile::tempdir().unwrap();
        let secret = dir.path().join("secret");
        std::fs::write(&secret, "geheim\n").unwrap();
        let toml = format!(
            "endpoint = '{}'\ntimeout_s = 20\n[oauth]\nprovider = 'microsoft'\ngrant = 'client_credentials'\nclient_id = 'app'\n\
             token_endpoint = '{}/token'\nclient_secret_file = '{}'\n",
            graph.url,
            provider.url,
            secret.display()
        );
        let mut settings: GraphSettings = config_file::parse(Path::new("agent.toml"), &toml).unwrap();
        let clock = Clock::manual("2026-11-28T06:00:00Z".parse().unwrap());
        settings.oauth.keep(dir.path(), "office", Kept { purpose: Purpose::Graph, clock, ..Kept::default() });
        settings.check().unwrap();
        Self { settings, provider, graph, _dir: dir }
    }

    async fn send(&self) -> Outcome {
        self.settings.send("scada-01@acme.example", MESSAGE).await
    }
}

async fn outcome(answer: String) -> Outcome {
    Story::begin([answer]).await.send().await
}

fn error(code: &str) -> String {
    format!(r#"{{"error":{{"code":"{code}","message":"words","innerError":{{"request-id":"7"}}}}}}"#)
}

#[tokio::test]
async fn a_message_is_handed_over_in_base64_and_202_means_sent() {
    let story = Story::begin([with(202, "request-id: abc\r\n", "")]).await;
    let Outcome::Sent { reply } = story.send().await else { panic!("not sent") };
    assert_eq!(reply, "Graph said 202 Accepted (request abc)");
    let asked = &story.graph.asked()[0];
    assert!(
        asked.head.starts_with("POST /v1.0/users/scada-01@acme.example/sendMail HTTP/1.1\r\n"),
        "{}",
        asked.head
    );
    assert!(
        asked.head.contains("authorization: Bearer first\r\n")
            && asked.head.contains("content-type: text/plain\r\n")
    );
    assert_eq!(base64::engine::general_purpose::STANDARD.decode(&asked.body).unwrap(), MESSAGE);
    let scope = story.provider.asked()[0].field("scope").unwrap();
    assert_eq!(scope, "https%3A%2F%2Fgraph.microsoft.com%2F.default");
}

#[tokio::test]
async fn an_expired_token_is_replaced_once() {
    let expired = || json(401, &error("InvalidAuthenticationToken"));
    // The first token is at hand already: one that was given just now is not asked for again.
    let story = Story::begin([with(202, "", ""), expired(), with(202, "", "")]).await;
    story.send().await;
    assert!(matches!(story.send().await, Outcome::Sent { .. }));
    assert_eq!((story.graph.asked().len(), story.provider.asked().len()), (3, 2));
    assert!(story.graph.asked()[2].head.contains("Bearer second"));

    let Outcome::Deferred(failure) = outcome(expired()).await else { panic!("not deferred") };
    assert_eq!(failure.kind, FailureKind::Authentication);
    assert!(failure.text.contains("InvalidAuthenticationToken: words"), "{failure}");
}

#[tokio::test]
async fn what_graph_refuses_is_told_apart_and_named() {
    let Outcome::Deferred(denied) = outcome(json(403, &error("ErrorSendAsDenied"))).await else { panic!() };
    assert_eq!(denied.kind, FailureKind::Authentication);
    assert!(denied.advice().contains("Send As"), "{}", denied.advice());
    let Outcome::Refused(large) = outcome(with(413, "", "")).await else { panic!() };
    assert_eq!(large.kind, FailureKind::TooLarge);
    let Outcome::Refused(wrong) = outcome(json(400, &error("ErrorInvalidRecipients"))).await else {
        panic!()
    };
    assert_eq!((wrong.kind, wrong.recipient), (FailureKind::Permanent, true));
    let Outcome::Refused(ours) = outcome(json(400, &error("ErrorInvalidRequest"))).await else { panic!() };
    assert!(!ours.recipient, "whoever is written to");
    let Outcome::Deferred(busy) =
        outcome(with(429, "Retry-After: 12\r\n", &error("ApplicationThrottled"))).await
    else {
        panic!()
    };
    assert_eq!(busy.kind, FailureKind::Throttled { seconds: 12 });
    let Outcome::Deferred(down) = outcome(with(500, "", "<html>")).await else { panic!() };
    assert_eq!(down.kind, FailureKind::Temporary);
    let Outcome::Deferred(away) = outcome(json(404, &error("MailboxNotEnabledForRESTAPI"))).await else {
        panic!()
    };
    assert!(away.advice().contains("licence"), "{}", away.advice());
    assert!(matches!(outcome(with(504, "", "")).await, Outcome::Unknown(_)), "it may have been sent");
}

#[tokio::test]
async fn what_passes_is_deferred_though_its_number_is_the_clients_fault() {
    for status in [408, 409, 423, 425] {
        let outcome = outcome(with(status, "", "")).await;
        assert!(
            matches!(&outcome, Outcome::Deferred(failure) if failure.kind == FailureKind::Temporary),
            "{status}: {outcome}"
        );
    }
}

#[tokio::test]
async fn a_message_that_graph_would_not_take_is_not_even_shown_to_it() {
    let story = Story::begin([]).await;
    let message = vec![b'x'; usize::try_from(MESSAGE_BYTES).unwrap() + 1];
    let Outcome::Refused(failure) = story.settings.send("a@acme.example", &message).await else { panic!() };
    assert_eq!((failure.kind, story.graph.asked().len()), (FailureKind::TooLarge, 0));
}
