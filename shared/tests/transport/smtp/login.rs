//! Who we say we are, and to whom we would not say it.

use mailbeat_shared::transport::smtp::AuthMode;

use super::*;

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
