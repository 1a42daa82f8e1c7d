//! Providers, and the ways to consent that each has.

use super::super::account::Protocol;

/// Whose account it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Provider {
    #[default]
    Microsoft,
    Google,
    Other,
}

/// A way to consent.
#[derive(Debug)]
pub(super) struct Grant {
    /// Its word in the configuration.
    pub(super) word: &'static str,
    /// What a person chooses by.
    pub(super) choice: &'static str,
    /// The key of the file that proves who we are, and the question for it; the file of a browser's grant may be left out.
    pub(super) proof: Option<(&'static str, &'static str)>,
    pub(super) has_key: bool,
    pub(super) needs_a_person: bool,
}

const CERTIFICATE: Grant = Grant {
    word: "client_credentials",
    choice: "The application itself, by a certificate (best for a server)",
    proof: Some(("certificate_file", "Certificate (PEM file):")),
    has_key: true,
    needs_a_person: false,
};
const SECRET: Grant = Grant {
    word: "client_credentials",
    choice: "The application itself, by a secret",
    proof: Some(("client_secret_file", "File with the application's secret:")),
    has_key: false,
    needs_a_person: false,
};
const BROWSER: Grant = Grant {
    word: "authorization_code",
    choice: "A person, in a browser",
    proof: None,
    has_key: false,
    needs_a_person: true,
};
const DEVICE: Grant = Grant {
    word: "device_code",
    choice: "A person, by a code at another device (often forbidden at Microsoft)",
    proof: None,
    has_key: false,
    needs_a_person: true,
};
pub(super) const SERVICE: Grant = Grant {
    word: "service_account",
    choice: "A service account with domain-wide delegation (Google Workspace)",
    proof: Some(("service_account_file", "Key of the service account (JSON file):")),
    has_key: false,
    needs_a_person: false,
};
const BROWSER_AND_SECRET: Grant =
    Grant { proof: Some(("client_secret_file", "File with the application's secret:")), ..BROWSER };

impl Provider {
    pub(super) const ALL: [Self; 3] = [Self::Microsoft, Self::Google, Self::Other];

    pub(super) fn grants(self) -> &'static [Grant] {
        match self {
            Self::Microsoft => &[CERTIFICATE, SECRET, BROWSER, DEVICE],
            Self::Google => &[SERVICE, BROWSER_AND_SECRET],
            Self::Other => &[SECRET, CERTIFICATE, BROWSER_AND_SECRET, DEVICE],
        }
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Microsoft => "microsoft",
            Self::Google => "google",
            Self::Other => "other",
        }
    }

    /// Its servers, where it is one of the two that have the same for all.
    pub(super) fn host(self, protocol: Protocol) -> Option<&'static str> {
        match (self, protocol) {
            (Self::Microsoft, Protocol::Smtp) => Some("smtp.office365.com"),
            (Self::Microsoft, Protocol::Imap) => Some("outlook.office365.com"),
            (Self::Google, Protocol::Smtp) => Some("smtp.gmail.com"),
            (Self::Google, Protocol::Imap) => Some("imap.gmail.com"),
            (Self::Other, _) => None,
        }
    }
}
