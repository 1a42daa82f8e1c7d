//! Showing a token to a mail server: XOAUTH2 (Google, Microsoft) and OAUTHBEARER (RFC 7628).
//!
//! A refusal comes in two parts: a challenge with JSON that says why, which must be answered with next to nothing, and only
//! then the refusal itself.

use serde::Deserialize;
use serde_json::Value;

use crate::text;
use crate::transport::secret::Secret;

/// How a token is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mechanism {
    /// `XOAUTH2`.
    Xoauth2,
    /// `OAUTHBEARER`.
    Oauthbearer,
}

impl Mechanism {
    /// The one to use: that which is set, else the standard's where it is offered, else the older one.
    #[must_use]
    pub fn choose(set: Option<Self>, offers: impl Fn(&str) -> bool) -> Option<Self> {
        match set {
            Some(mechanism) => Some(mechanism).filter(|mechanism| offers(mechanism.name())),
            None => [Self::Oauthbearer, Self::Xoauth2].into_iter().find(|mechanism| offers(mechanism.name())),
        }
    }

    /// Its name in the protocols.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Xoauth2 => "XOAUTH2",
            Self::Oauthbearer => "OAUTHBEARER",
        }
    }

    /// The first and only thing said, before base64.
    #[must_use]
    pub fn response(self, username: &str, host: &str, port: u16, token: &Secret) -> Secret {
        let token = token.expose();
        Secret::new(match self {
            Self::Xoauth2 => format!("user={username}\x01auth=Bearer {token}\x01\x01"),
            Self::Oauthbearer => {
                let username = username.replace('=', "=3D").replace(',', "=2C");
                format!("n,a={username},\x01host={host}\x01port={port}\x01auth=Bearer {token}\x01\x01")
            }
        })
    }

    /// The answer to the challenge that says why.
    #[must_use]
    pub fn after_refusal(self) -> &'static str {
        match self {
            Self::Xoauth2 => "",
            Self::Oauthbearer => "\x01",
        }
    }
}

/// What a challenge said, for a message; empty where it said nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Challenge {
    /// Its status, as in `invalid_token` or `401`.
    pub status: String,
    /// The scope the server wants.
    pub scope: String,
}

/// Reads a challenge. What is not the JSON it should be says nothing.
#[must_use]
pub fn challenge(bytes: &[u8]) -> Challenge {
    let json: Value = serde_json::from_slice(bytes).unwrap_or_default();
    let field = |key: &str| text::one_line(json[key].as_str().unwrap_or_default(), 120);
    Challenge { status: field("status"), scope: field("scope") }
}

impl std::fmt::Display for Challenge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.status.as_str(), self.scope.as_str()) {
            ("", _) => Ok(()),
            (status, "") => write!(f, " (token refused: {status})"),
            (status, scope) => write!(f, " (token refused: {status}; the server wants the scope {scope})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_as_the_documents_have_it() {
        let token = Secret::new("vF9dft4qmT");
        let said = Mechanism::Xoauth2.response("someuser@example.com", "server.example.com", 143, &token);
        assert_eq!(said.expose(), "user=someuser@example.com\x01auth=Bearer vF9dft4qmT\x01\x01");
        let said = Mechanism::Oauthbearer.response("user@example.com", "server.example.com", 143, &token);
        // RFC 7628 section 4.1
        let example =
            "n,a=user@example.com,\x01host=server.example.com\x01port=143\x01auth=Bearer vF9dft4qmT\x01\x01";
        assert_eq!(said.expose(), example);
        let odd = Mechanism::Oauthbearer.response("a,b=c@x", "h", 1, &token);
        assert!(odd.expose().starts_with("n,a=a=2Cb=3Dc@x,"));
    }

    #[test]
    fn the_standard_is_preferred_and_what_is_set_is_used_or_nothing() {
        let offers = |offered: &'static [&str]| move |name: &str| offered.contains(&name);
        let both: &[&str] = &["XOAUTH2", "OAUTHBEARER"];
        assert_eq!(Mechanism::choose(None, offers(both)), Some(Mechanism::Oauthbearer));
        assert_eq!(Mechanism::choose(None, offers(&["XOAUTH2"])), Some(Mechanism::Xoauth2));
        assert_eq!(Mechanism::choose(Some(Mechanism::Oauthbearer), offers(&["XOAUTH2"])), None);
        assert_eq!(Mechanism::choose(Some(Mechanism::Xoauth2), offers(both)), Some(Mechanism::Xoauth2));
    }

    #[test]
    fn a_challenge_says_why_and_nonsense_says_nothing() {
        let why = challenge(br#"{"status":"invalid_token","scope":"mail"}"#);
        assert_eq!(why.to_string(), " (token refused: invalid_token; the server wants the scope mail)");
        assert_eq!(challenge(b"<html>").to_string(), "");
        assert_eq!(challenge(br#"{"status":"401"}"#).to_string(), " (token refused: 401)");
    }
}
