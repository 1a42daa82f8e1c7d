//! Stories of certificates, over STARTTLS and implicit TLS.

use std::path::PathBuf;

use mailbeat_shared::steps::{Steps, name};
use mailbeat_shared::transport::outcome::{ConnectionProblem, FailureKind, Outcome, TlsProblem};
use mailbeat_shared::transport::secret::Secret;
use mailbeat_shared::transport::smtp::{Envelope, SmtpSettings, TlsMode, probe, send};
use mailbeat_shared::transport::tls::CertificatePin;

use crate::certificates::{Authority, Served, self_signed, self_signed_long_ago};
use crate::fake::{Act, Script, say};

fn envelope() -> Envelope {
    Envelope::new(Some("agent@example.test"), "reports@example.test").unwrap()
}

/// Sends to a server with that certificate, by STARTTLS and by implicit TLS, and expects the same of both.
async fn both_ways(
    served: &Served,
    ca: Option<PathBuf>,
    pin: Option<CertificatePin>,
) -> Result<(), FailureKind> {
    let mut results = vec![];
    for tls in [TlsMode::Starttls, TlsMode::Implicit] {
        let script = Script::default().offering_in_private("AUTH PLAIN");
        let script = if tls == TlsMode::Starttls {
            script.starttls(&served.config)
        } else {
            script.implicit_tls(&served.config)
        };
        let server = script.start().await;
        let (username, password) = (Some("user".to_owned()), Some(Secret::new("geheim")));
        let settings =
            SmtpSettings { tls, tls_ca: ca.clone(), tls_pin: pin, username, password, ..server.settings() };
        let outcome = send(&settings, &envelope(), b"Subject: x\r\n\r\n.x\r\n").await;
        if let Some(failure) = outcome.failure() {
            assert!(
                matches!(outcome, Outcome::Deferred(_)),
                "a certificate is not the message's fault: {outcome}"
            );
            assert!(failure.text.contains("sha256:"), "a person can compare the fingerprint: {outcome}");
            assert!(
                !server.seen().has("AUTH") && !server.seen().has("MAIL"),
                "nothing was said to a stranger"
            );
        } else {
            assert_eq!(server.seen().messages, [b"Subject: x\r\n\r\n.x\r\n"]);
        }
        results.push(outcome.failure().map_or(Ok(()), |failure| Err(failure.kind)));
    }
    assert_eq!(results[0], results[1]);
    results.remove(0)
}

fn problem(problem: TlsProblem) -> Result<(), FailureKind> {
    Err(FailureKind::Tls(problem))
}

#[tokio::test]
async fn a_certificate_under_the_given_authority_is_believed_for_its_name_and_time_only() {
    let authority = Authority::new();
    let ca = || Some(authority.pem());
    assert_eq!(both_ways(&authority.issue("localhost", false), ca(), None).await, Ok(()));
    assert_eq!(
        both_ways(&authority.issue("other.test", false), ca(), None).await,
        problem(TlsProblem::WrongName)
    );
    assert_eq!(
        both_ways(&authority.issue("localhost", true), ca(), None).await,
        problem(TlsProblem::Expired)
    );
}

#[tokio::test]
async fn an_authority_nobody_here_knows_is_not_believed() {
    let served = Authority::new().issue("localhost", false);
    assert_eq!(both_ways(&served, None, None).await, problem(TlsProblem::UnknownIssuer));
    assert_eq!(
        both_ways(&served, Some(Authority::new().pem()), None).await,
        problem(TlsProblem::UnknownIssuer)
    );
    assert_eq!(both_ways(&self_signed(2100), None, None).await, problem(TlsProblem::UnknownIssuer));
}

#[tokio::test]
async fn a_pin_believes_that_certificate_whatever_its_name_issuer_and_dates_and_no_other() {
    let served = self_signed_long_ago();
    assert_eq!(both_ways(&served, None, Some(served.pin)).await, Ok(()));
    let authority = Authority::new();
    let expired = authority.issue("other.test", true);
    assert_eq!(both_ways(&expired, None, Some(expired.pin)).await, Ok(()));
    let good = authority.issue("localhost", false);
    assert_eq!(both_ways(&good, None, Some(served.pin)).await, problem(TlsProblem::PinMismatch));
}

#[tokio::test]
async fn a_wrong_port_for_the_mode_is_named() {
    let server = Script::default().start().await;
    let settings = SmtpSettings { tls: TlsMode::Implicit, ..server.settings() };
    let outcome = send(&settings, &envelope(), b"x").await;
    assert_eq!(outcome.failure().unwrap().kind, FailureKind::Tls(TlsProblem::NotTls), "{outcome}");

    let server = Script::default().implicit_tls(&self_signed_long_ago().config).start().await;
    let settings = SmtpSettings { tls: TlsMode::Starttls, timeout_s: 1, ..server.settings() };
    let failure = send(&settings, &envelope(), b"x").await.failure().unwrap().clone();
    assert_eq!(failure.kind, FailureKind::Connection(ConnectionProblem::TimedOut));
    assert!(failure.advice().contains("465 is implicit"), "{}", failure.advice());
}

#[tokio::test]
async fn what_was_said_before_tls_is_not_taken_for_what_is_said_within() {
    let served = self_signed_long_ago();
    let injected = say("220 ready\r\n250 2.0.0 injected\r\n");
    let server = Script::default().starttls(&served.config).at("STARTTLS", injected).start().await;
    let settings = SmtpSettings { tls: TlsMode::Starttls, tls_pin: Some(served.pin), ..server.settings() };
    let outcome = send(&settings, &envelope(), b"x").await;
    assert_eq!(outcome.failure().unwrap().kind, FailureKind::Tls(TlsProblem::Other), "{outcome}");
}

#[tokio::test]
async fn a_server_silent_in_the_handshake_or_out_of_tls_for_now_is_deferred() {
    let served = self_signed_long_ago();
    // it says "ready" and then does not listen
    let server = Script::default().starttls(&served.config).at("STARTTLS", Act::Silence).start().await;
    let settings = SmtpSettings { tls: TlsMode::Starttls, timeout_s: 1, ..server.settings() };
    let outcome = send(&settings, &envelope(), b"x").await;
    assert_eq!(
        outcome.failure().unwrap().kind,
        FailureKind::Connection(ConnectionProblem::TimedOut),
        "{outcome}"
    );

    let unavailable = say("454 4.7.0 TLS not available due to local problem\r\n");
    let server = Script::default().starttls(&served.config).at("STARTTLS", unavailable).start().await;
    let settings = SmtpSettings { tls: TlsMode::Starttls, ..server.settings() };
    let outcome = send(&settings, &envelope(), b"x").await;
    assert_eq!(outcome.failure().unwrap().kind, FailureKind::Temporary, "{outcome}");
    assert!(!server.seen().has("MAIL"), "STARTTLS is required");
}

#[tokio::test]
async fn opportunistic_takes_tls_where_offered_whosever_it_is_and_does_without_elsewhere() {
    let private = Script::default().starttls(&self_signed_long_ago().config).start().await;
    let settings = SmtpSettings { tls: TlsMode::Opportunistic, ..private.settings() };
    assert!(matches!(send(&settings, &envelope(), b"x").await, Outcome::Sent { .. }));
    assert!(private.seen().has("STARTTLS"));
    let plain = Script::default().start().await;
    let settings = SmtpSettings { tls: TlsMode::Opportunistic, ..plain.settings() };
    assert!(matches!(send(&settings, &envelope(), b"x").await, Outcome::Sent { .. }));
}

#[tokio::test]
async fn a_probe_shows_protocol_and_certificate() {
    let served = self_signed_long_ago();
    let server = Script::default().starttls(&served.config).start().await;
    let settings = SmtpSettings { tls: TlsMode::Starttls, tls_pin: Some(served.pin), ..server.settings() };
    let mut steps = Steps::new("2026-11-22T08:00:00Z".parse().unwrap());
    assert!(probe(&settings, &envelope(), &mut steps).await);
    let tls = &steps.taken().iter().find(|step| step.name == name::TLS).unwrap().seen;
    assert!(tls.starts_with("TLS 1.3, certificate") && tls.ends_with(&served.pin.to_string()), "{tls}");
    assert!(tls.contains("self-signed") && tls.contains("expired on 2021-01-01"), "{tls}");
}

#[tokio::test]
async fn a_ca_file_that_is_none_is_named() {
    let authority = Authority::new();
    let server = Script::default().starttls(&authority.issue("localhost", false).config).start().await;
    let empty = authority.pem().with_file_name("empty.pem");
    std::fs::write(&empty, "no certificate here").unwrap();
    for file in [empty, PathBuf::from("/nowhere/ca.pem")] {
        let settings =
            SmtpSettings { tls: TlsMode::Starttls, tls_ca: Some(file.clone()), ..server.settings() };
        let outcome = send(&settings, &envelope(), b"x").await;
        assert_eq!(outcome.failure().unwrap().kind, FailureKind::Settings, "{outcome}");
        assert!(outcome.to_string().contains(file.to_str().unwrap()), "{outcome}");
    }
}
