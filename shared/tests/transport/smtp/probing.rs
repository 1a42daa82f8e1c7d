//! The way walked step by step without sending anything: what is told of each step, and which way out.

use mailbeat_shared::steps::{Step, StepResult, Steps, name};
use mailbeat_shared::transport::smtp::{TlsMode, probe};

use super::*;

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
