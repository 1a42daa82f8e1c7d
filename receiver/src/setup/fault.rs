//! Which page a failed test leads back to. Pure.

use mailbeat_shared::steps::name;
use serde::Deserialize;

/// The steps up to where a server asks who we are.
const ON_THE_WAY: [&str; 5] = [name::RESOLVE, name::CONNECT, name::GREETING, name::HELLO, name::TLS];

/// A step as `test --json` tells it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Step {
    /// What it belongs to.
    pub area: String,
    /// What was tried.
    pub name: String,
    /// How it went.
    pub result: String,
}

/// What `test --json` tells.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Told {
    steps: Vec<Step>,
}

/// What can be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// The mailbox.
    Mailbox,
    /// Its server, which was not reached or not believed.
    MailboxServer,
    /// Its user name and password, which the server did not take.
    MailboxLogon,
    /// Outgoing mail.
    Outgoing,
    /// Its server.
    OutgoingServer,
    /// Its user name and password.
    OutgoingLogon,
    /// Vendor and people.
    Vendor,
    /// Nothing that a page asks for.
    Elsewhere,
}

impl Told {
    /// What a test printed; nothing, if that cannot be read.
    #[must_use]
    pub fn read(printed: &[u8]) -> Self {
        serde_json::from_slice(printed).unwrap_or_default()
    }

    /// The first step that failed: it hinders those that follow.
    #[must_use]
    pub fn failed(&self) -> Option<&Step> {
        self.steps.iter().find(|step| step.result == "failed")
    }
}

impl Step {
    /// Where it is mended.
    #[must_use]
    pub fn at(&self) -> At {
        match (self.area.as_str(), self.name.as_str()) {
            ("outgoing mail", name::AUTHENTICATE) => At::OutgoingLogon,
            ("outgoing mail", name) if ON_THE_WAY.contains(&name) => At::OutgoingServer,
            ("outgoing mail", _) => At::Outgoing,
            (_, "contacts" | "database") => At::Vendor,
            (area, name::AUTHENTICATE) if area.starts_with("mailbox ") => At::MailboxLogon,
            (area, name) if area.starts_with("mailbox ") && ON_THE_WAY.contains(&name) => At::MailboxServer,
            (area, _) if area.starts_with("mailbox ") => At::Mailbox,
            _ => At::Elsewhere,
        }
    }
}
