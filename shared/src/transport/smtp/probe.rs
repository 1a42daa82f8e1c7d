//! The way to a mail server, step by step, for a person who wants to see where it ends.

use super::session::Session;
use super::{Envelope, SmtpSettings, TlsMode};
use crate::advice::Advice;
use crate::steps::{Seen, Steps, name};
use crate::wire::limits;

/// Walks the way of a message up to RCPT, then takes it back (RSET): nothing is sent. Whether all of it went well.
pub async fn probe(settings: &SmtpSettings, envelope: &Envelope, steps: &mut Steps) -> bool {
    let went = walk(settings, envelope, steps).await;
    steps.skip_rest(&planned(settings));
    went
}

async fn walk(settings: &SmtpSettings, envelope: &Envelope, steps: &mut Steps) -> bool {
    let Ok(mut session) = Session::open(settings, steps).await else { return false };
    steps.note(name::SIZE, size_seen(session.size_limit()));
    let went = session.rehearse(envelope, steps).await.is_ok();
    session.quit().await;
    went
}

/// The steps in the order in which they are taken.
fn planned(settings: &SmtpSettings) -> Vec<&'static str> {
    let spoken = match settings.tls {
        TlsMode::Implicit => vec![name::TLS, name::GREETING, name::HELLO],
        TlsMode::Starttls | TlsMode::Opportunistic => vec![name::GREETING, name::HELLO, name::TLS],
        TlsMode::None => vec![name::GREETING, name::HELLO],
    };
    let mut all = vec![name::SETTINGS, name::RESOLVE, name::CONNECT];
    all.extend(settings.proxy.is_some().then_some(name::PROXY));
    all.extend(spoken);
    all.push(name::CAPABILITIES);
    all.extend(settings.oauth.is_some().then_some(name::TOKEN));
    all.extend(settings.wants_auth().then_some(name::AUTHENTICATE));
    all.extend([name::SIZE, name::SENDER, name::RECIPIENT]);
    all
}

/// What the server takes, and a warning where a system report may not fit.
fn size_seen(limit: Option<u64>) -> Seen {
    let Some(limit) = limit else { return "states none".into() };
    let small = limit < limits::SYSTEM_MAIL_BYTES as u64;
    let warning = small.then(|| {
        Advice::new(
            "System reports of this host may be larger; what does not fit is named in the report and left out.",
            "Ask the mail server's administrator for a limit of at least 8 MiB, or watch fewer files.",
        )
    });
    let shown = if limit < 1 << 20 {
        format!("{:.1} KiB", limit as f64 / f64::from(1 << 10))
    } else {
        format!("{:.1} MiB", limit as f64 / f64::from(1 << 20))
    };
    Seen::from(format!("takes mails of up to {shown}")).warned(warning)
}
