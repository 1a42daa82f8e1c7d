//! How fast the SMTP client that both programs use hands mails to a Postfix, one after the other in one session over TLS.

use std::time::Instant;

use anyhow::ensure;
use mailbeat_shared::transport::outcome::Outcome;
use mailbeat_shared::transport::secret::Secret;
use mailbeat_shared::transport::smtp::{Client, Envelope, SmtpSettings, TlsMode};
use mailbeat_tests::lab::Lab;

const MAILS: usize = 200;

pub(crate) fn mails_per_second() -> anyhow::Result<f64> {
    let lab = Lab::start()?;
    let (agent, reports) = (lab.user("agent1"), lab.user("reports"));
    let mut settings = SmtpSettings::new("localhost");
    settings.port = Some(lab.ports().submissions);
    settings.tls = TlsMode::Implicit;
    settings.tls_ca = Some(lab.ca());
    settings.username = Some(agent.address.clone());
    settings.password = Some(Secret::new(&agent.password));
    let envelope = Envelope::new(Some(&agent.address), &reports.address)?;
    let mail =
        format!("From: {}\r\nTo: {}\r\n\r\n{}", agent.address, reports.address, "x".repeat(76) + "\r\n");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut client = Client::new(settings);
        let started = Instant::now();
        for _ in 0..MAILS {
            let outcome = client.send(&envelope, mail.as_bytes()).await;
            ensure!(matches!(outcome, Outcome::Sent { .. }), "Postfix did not take a mail: {outcome:?}");
        }
        Ok(MAILS as f64 / started.elapsed().as_secs_f64())
    })
}
