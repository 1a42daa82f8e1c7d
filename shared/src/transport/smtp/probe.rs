//! The way to a mail server, step by step, for a person who wants to see where it ends.

use std::fmt;

use serde::Serialize;

use super::session::Session;
use super::{Envelope, SmtpSettings};
use crate::transport::outcome::Failure;

/// The steps in their order; a server with implicit TLS has [`StepName::Tls`] before the greeting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StepName {
    /// The settings are complete and safe.
    Settings,
    /// The name has addresses.
    Resolve,
    /// One of them answers.
    Connect,
    /// The server says who it is.
    Greeting,
    /// It answers EHLO with what it offers.
    Hello,
    /// The connection becomes private.
    Tls,
    /// It knows us.
    Authenticate,
    /// It takes mail from our sender address.
    Sender,
    /// It takes mail for the recipient.
    Recipient,
}

impl fmt::Display for StepName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Settings => "settings",
            Self::Resolve => "resolve the name",
            Self::Connect => "connect",
            Self::Greeting => "greeting",
            Self::Hello => "introduce ourselves (EHLO)",
            Self::Tls => "make the connection private (TLS)",
            Self::Authenticate => "authenticate",
            Self::Sender => "sender accepted (MAIL FROM)",
            Self::Recipient => "recipient accepted (RCPT TO)",
        })
    }
}

/// One step and what was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// Which one.
    pub name: StepName,
    /// What was seen, or why it ended here.
    pub result: Result<String, Failure>,
}

/// Notes the steps as they are taken. Every session takes them; only a probe reads them.
#[derive(Debug, Default)]
pub(super) struct Steps(Vec<Step>);

impl Steps {
    /// Notes a result and hands it on; `seen` says what a person wants to know of a success.
    pub(super) fn judge<T>(
        &mut self,
        name: StepName,
        result: Result<T, Failure>,
        seen: impl FnOnce(&T) -> String,
    ) -> Result<T, Failure> {
        let noted = result.as_ref().map(seen).map_err(Failure::clone);
        self.0.push(Step { name, result: noted });
        result
    }
}

/// Walks the way of a message up to RCPT, then takes it back (RSET): nothing is sent. The last step is the one that
/// failed, or [`StepName::Recipient`].
pub async fn probe(settings: &SmtpSettings, envelope: &Envelope) -> Vec<Step> {
    let mut steps = Steps::default();
    if let Ok(mut session) = Session::open(settings, &mut steps).await {
        let _noted_in_steps = session.rehearse(envelope, &mut steps).await;
        session.quit().await;
    }
    steps.0
}
