//! Mail servers of well-known providers, proposed from a mail address. A proposal is a default: the person decides. Pure.

use super::account::Protocol;
use crate::transport::smtp::TlsMode;

/// What is proposed for an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The server.
    pub host: String,
    /// When the connection becomes private.
    pub tls: TlsMode,
    /// The folder where the provider puts what it takes for spam.
    pub junk: &'static str,
    /// What to know before, a sentence; empty if nothing.
    pub note: &'static str,
}

/// Google asks for more than a password.
pub const APP_PASSWORD: &str = "This provider takes no ordinary password: make an application password in the account's security settings.";
/// Microsoft is about to take none at all.
pub const BASIC_ENDS: &str = "Microsoft is switching off passwords for sending by SMTP: if the test says so, use the account by OAuth.";
/// For reading it takes none any more.
pub const BASIC_ENDED: &str =
    "Microsoft takes no passwords for reading mail any more: use the account by OAuth.";
/// Where other programs must be allowed first.
pub const SWITCH_ON: &str =
    "With this provider, access by other programs must be switched on in the account's settings first.";

const IMPLICIT: TlsMode = TlsMode::Implicit;
const STARTTLS: TlsMode = TlsMode::Starttls;
const JUNK: &str = "Junk";

/// A provider: the domains of its addresses, its servers for sending and for reading (always TLS from the first byte), its folder
/// for spam, and what to know of each.
struct Provider {
    domains: &'static [&'static str],
    smtp: (&'static str, TlsMode, &'static str),
    imap: (&'static str, &'static str),
    junk: &'static str,
}

const KNOWN: &[Provider] = &[
    Provider {
        domains: &["gmail.com", "googlemail.com"],
        smtp: ("smtp.gmail.com", IMPLICIT, APP_PASSWORD),
        imap: ("imap.gmail.com", APP_PASSWORD),
        junk: "[Gmail]/Spam",
    },
    Provider {
        domains: &["outlook.com", "outlook.de", "hotmail.com", "live.com", "msn.com"],
        smtp: ("smtp-mail.outlook.com", STARTTLS, BASIC_ENDS),
        imap: ("outlook.office365.com", BASIC_ENDED),
        junk: JUNK,
    },
    Provider {
        domains: &["onmicrosoft.com"],
        smtp: ("smtp.office365.com", STARTTLS, BASIC_ENDS),
        imap: ("outlook.office365.com", BASIC_ENDED),
        junk: "Junk Email",
    },
    Provider {
        domains: &["yahoo.com", "yahoo.de"],
        smtp: ("smtp.mail.yahoo.com", IMPLICIT, APP_PASSWORD),
        imap: ("imap.mail.yahoo.com", APP_PASSWORD),
        junk: "Bulk",
    },
    Provider {
        domains: &["icloud.com", "me.com", "mac.com"],
        smtp: ("smtp.mail.me.com", STARTTLS, APP_PASSWORD),
        imap: ("imap.mail.me.com", APP_PASSWORD),
        junk: JUNK,
    },
    Provider {
        domains: &["gmx.de", "gmx.net", "gmx.at", "gmx.ch"],
        smtp: ("mail.gmx.net", STARTTLS, SWITCH_ON),
        imap: ("imap.gmx.net", SWITCH_ON),
        junk: "Spamverdacht",
    },
    Provider {
        domains: &["web.de"],
        smtp: ("smtp.web.de", STARTTLS, SWITCH_ON),
        imap: ("imap.web.de", SWITCH_ON),
        junk: "Spam",
    },
    Provider {
        domains: &["t-online.de", "magenta.de"],
        smtp: ("securesmtp.t-online.de", IMPLICIT, SWITCH_ON),
        imap: ("secureimap.t-online.de", SWITCH_ON),
        junk: "Spam",
    },
    Provider {
        domains: &["freenet.de"],
        smtp: ("mx.freenet.de", STARTTLS, ""),
        imap: ("mx.freenet.de", ""),
        junk: "Spamverdacht",
    },
    Provider {
        domains: &["posteo.de", "posteo.net"],
        smtp: ("posteo.de", IMPLICIT, ""),
        imap: ("posteo.de", ""),
        junk: JUNK,
    },
    Provider {
        domains: &["mailbox.org"],
        smtp: ("smtp.mailbox.org", IMPLICIT, ""),
        imap: ("imap.mailbox.org", ""),
        junk: JUNK,
    },
];

/// The provider's server, or `mail.DOMAIN` in the usual manner.
#[must_use]
pub fn propose(address: &str, protocol: Protocol) -> Proposal {
    let domain = domain(address);
    let is_of = |known: &&str| domain == **known || domain.ends_with(&format!(".{known}"));
    let known = KNOWN.iter().find(|provider| provider.domains.iter().any(is_of));
    let junk = known.map_or(JUNK, |known| known.junk);
    let (host, tls, note) = match (known, protocol) {
        (Some(known), Protocol::Smtp) => known.smtp,
        (Some(known), Protocol::Imap) => (known.imap.0, IMPLICIT, known.imap.1),
        (None, Protocol::Smtp) => ("", STARTTLS, ""),
        (None, Protocol::Imap) => ("", IMPLICIT, ""),
    };
    let host = if host.is_empty() { format!("mail.{domain}") } else { host.to_owned() };
    Proposal { host, tls, junk, note }
}

/// The domain of `user@domain` or `Name <user@domain>`.
#[must_use]
pub fn domain(address: &str) -> String {
    address.rsplit_once('@').map_or("", |(_, domain)| domain).trim_end_matches('>').to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_well_known_provider_is_proposed_and_any_other_domain_gets_its_own_server() {
        let google = propose("Anna <anna@gmail.com>", Protocol::Smtp);
        assert_eq!(
            (google.host.as_str(), google.tls, google.note),
            ("smtp.gmail.com", IMPLICIT, APP_PASSWORD)
        );
        assert_eq!(propose("scada@acme.onmicrosoft.com", Protocol::Smtp).host, "smtp.office365.com");
        let own = propose("scada-01@ACME.example", Protocol::Smtp);
        assert_eq!((own.host.as_str(), own.tls, own.note), ("mail.acme.example", STARTTLS, ""));
        assert_eq!(propose("x@notgmail.com", Protocol::Smtp).host, "mail.notgmail.com");
    }

    #[test]
    fn for_reading_other_servers_are_proposed_with_the_folder_for_spam() {
        let google = propose("anna@gmail.com", Protocol::Imap);
        assert_eq!((google.host.as_str(), google.junk), ("imap.gmail.com", "[Gmail]/Spam"));
        assert_eq!(propose("r@acme.onmicrosoft.com", Protocol::Imap).note, BASIC_ENDED);
        let own = propose("reports@vendor.example", Protocol::Imap);
        assert_eq!((own.host.as_str(), own.tls, own.junk), ("mail.vendor.example", IMPLICIT, "Junk"));
    }
}
