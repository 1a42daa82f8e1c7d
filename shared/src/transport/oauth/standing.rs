//! How an account stands, from what is kept of it: for `status`, for early warning, for tickets. Asks nobody.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::assertion;
use super::settings::OAuthSettings;
use crate::transport::tls::PeerCertificate;

/// What of an account comes to an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Credential {
    /// The consent itself.
    RefreshToken,
    /// The application's secret.
    ClientSecret,
    /// The application's certificate.
    ClientCertificate,
}

impl Credential {
    /// Its name in observations, which is frozen, and in sentences.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::RefreshToken => "refresh token",
            Self::ClientSecret => "client secret",
            Self::ClientCertificate => "client certificate",
        }
    }
}

/// When something comes to an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Expiry {
    /// What.
    pub credential: Credential,
    /// When.
    pub at: Timestamp,
}

impl Expiry {
    /// Days left at `now`; below zero once it is over.
    #[must_use]
    pub fn days_left(&self, now: Timestamp) -> f64 {
        let seconds = self.at.duration_since(now).as_secs_f64();
        (seconds / 864.0).round() / 100.0
    }
}

/// Since when the provider gives no token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refusing {
    /// The first refusal.
    pub since: Timestamp,
    /// How many in a row.
    pub times: u32,
    /// The last, in the provider's words.
    pub why: String,
    /// What to do.
    pub advice: String,
}

/// How an account stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// The account's name.
    pub account: String,
    /// Whether a person has to sign in once.
    pub needs_a_person: bool,
    /// When a person did.
    pub consented_at: Option<Timestamp>,
    /// Until when the access token at hand is good.
    pub access_until: Option<Timestamp>,
    /// What comes to an end, and when.
    pub expiries: Vec<Expiry>,
    /// The provider refuses.
    pub refusing: Option<Refusing>,
}

impl Standing {
    /// The same in lines for a person.
    #[must_use]
    pub fn told(&self, now: Timestamp) -> String {
        let mut lines = vec![format!("account {}", self.account)];
        lines.push(match (self.needs_a_person, self.consented_at) {
            (true, None) => "  nobody has signed in yet".into(),
            (true, Some(at)) => format!("  signed in {at:.0}"),
            (false, _) => "  signs in by itself".into(),
        });
        lines.extend(self.access_until.map(|until| {
            let over = if until < now { " (over; a new one is asked for when it is needed)" } else { "" };
            format!("  access token until {until:.0}{over}")
        }));
        lines.extend(self.expiries.iter().map(|expiry| {
            format!(
                "  {} until {:.0}, {:.0} days left",
                expiry.credential.name(),
                expiry.at,
                expiry.days_left(now).floor()
            )
        }));
        if let Some(refusing) = &self.refusing {
            lines.push(format!(
                "  REFUSED {} times since {:.0}: {}",
                refusing.times, refusing.since, refusing.why
            ));
            lines.push(format!("  -> {}", refusing.advice));
        }
        lines.join("\n") + "\n"
    }
}

impl OAuthSettings {
    /// How the account stands.
    #[must_use]
    pub fn standing(&self) -> Standing {
        let record = self.record();
        let mut expiries = Vec::new();
        let mut note = |credential, at: Option<Timestamp>| {
            expiries.extend(at.map(|at| Expiry { credential, at }));
        };
        let refresh = record.refresh.as_ref().and_then(|token| token.expires_at);
        note(Credential::RefreshToken, refresh.filter(|_| self.grant.needs_a_person()));
        // The last day is still a good one, wherever on earth.
        let last_day = self.client_secret_expires.and_then(|day| day.to_zoned(TimeZone::UTC).ok());
        note(Credential::ClientSecret, last_day.map(|day| day.timestamp() + SignedDuration::from_hours(12)));
        let certificate = self.certificate_file.as_ref().and_then(|file| assertion::certificate(file).ok());
        let until = certificate.and_then(|certificate| PeerCertificate::read(&certificate).not_after);
        note(Credential::ClientCertificate, until);
        Standing {
            account: self.account(),
            needs_a_person: self.grant.needs_a_person(),
            consented_at: record.consented_at,
            access_until: record.access.and_then(|token| token.expires_at),
            expiries,
            refusing: record.refusing.map(|refused| Refusing {
                since: refused.since,
                times: refused.times,
                advice: refused.why.advice().to_owned(),
                why: refused.why.text,
            }),
        }
    }
}
