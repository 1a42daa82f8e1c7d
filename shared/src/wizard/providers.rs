//! Mail servers of well-known providers, proposed from a mail address. A proposal is a default: the person decides. Pure.

use super::Asker;
use super::account::Protocol;
use crate::dns::services::Offer;
use crate::transport::smtp::TlsMode;

/// What is proposed for an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The server.
    pub host: String,
    /// Its port; `None` is the usual one.
    pub port: Option<u16>,
    /// When the connection becomes private.
    pub tls: TlsMode,
    /// The folder where the provider puts what it takes for spam.
    pub junk: &'static str,
    /// What to know before, a sentence; empty if nothing.
    pub note: &'static str,
    /// Nobody said so: it is how many domains call theirs.
    pub guess: bool,
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

/// A name from the DNS is not proven by anybody (RFC 6186 section 6).
pub const BY_DNS: &str =
    "The DNS names this server for your domain; look whether it is yours before you give it a password.";

const IMPLICIT: TlsMode = TlsMode::Implicit;
const STARTTLS: TlsMode = TlsMode::Starttls;
const JUNK: &str = "Junk";

/// A provider: the domains of its addresses, what the servers that take mail for other people's domains are called, its servers for sending and for reading (always TLS from the first byte), its folder
/// for spam, and what to know of each.
struct Provider {
    domains: &'static [&'static str],
    exchanges: &'static [&'static str],
    smtp: (&'static str, TlsMode, &'static str),
    imap: (&'static str, &'static str),
    junk: &'static str,
}

const KNOWN: &[Provider] = &[
    Provider {
        domains: &["gmail.com", "googlemail.com"],
        exchanges: &["google.com", "googlemail.com"],
        smtp: ("smtp.gmail.com", IMPLICIT, APP_PASSWORD),
        imap: ("imap.gmail.com", APP_PASSWORD),
        junk: "[Gmail]/Spam",
    },
    Provider {
        domains: &["outlook.com", "outlook.de", "hotmail.com", "live.com", "msn.com"],
        exchanges: &[],
        smtp: ("smtp-mail.outlook.com", STARTTLS, BASIC_ENDS),
        imap: ("outlook.office365.com", BASIC_ENDED),
        junk: JUNK,
    },
    Provider {
        domains: &["onmicrosoft.com"],
        exchanges: &["mail.protection.outlook.com", "mx.microsoft"],
        smtp: ("smtp.office365.com", STARTTLS, BASIC_ENDS),
        imap: ("outlook.office365.com", BASIC_ENDED),
        junk: "Junk Email",
    },
    Provider {
        domains: &["yahoo.com", "yahoo.de"],
        exchanges: &[],
        smtp: ("smtp.mail.yahoo.com", IMPLICIT, APP_PASSWORD),
        imap: ("imap.mail.yahoo.com", APP_PASSWORD),
        junk: "Bulk",
    },
    Provider {
        domains: &["icloud.com", "me.com", "mac.com"],
        exchanges: &[],
        smtp: ("smtp.mail.me.com", STARTTLS, APP_PASSWORD),
        imap: ("imap.mail.me.com", APP_PASSWORD),
        junk: JUNK,
    },
    Provider {
        domains: &["gmx.de", "gmx.net", "gmx.at", "gmx.ch"],
        exchanges: &[],
        smtp: ("mail.gmx.net", STARTTLS, SWITCH_ON),
        imap: ("imap.gmx.net", SWITCH_ON),
        junk: "Spamverdacht",
    },
    Provider {
        domains: &["web.de"],
        exchanges: &[],
        smtp: ("smtp.web.de", STARTTLS, SWITCH_ON),
        imap: ("imap.web.de", SWITCH_ON),
        junk: "Spam",
    },
    Provider {
        domains: &["t-online.de", "magenta.de"],
        exchanges: &[],
        smtp: ("securesmtp.t-online.de", IMPLICIT, SWITCH_ON),
        imap: ("secureimap.t-online.de", SWITCH_ON),
        junk: "Spam",
    },
    Provider {
        domains: &["freenet.de"],
        exchanges: &[],
        smtp: ("mx.freenet.de", STARTTLS, ""),
        imap: ("mx.freenet.de", ""),
        junk: "Spamverdacht",
    },
    Provider {
        domains: &["posteo.de", "posteo.net"],
        exchanges: &[],
        smtp: ("posteo.de", IMPLICIT, ""),
        imap: ("posteo.de", ""),
        junk: JUNK,
    },
    Provider {
        domains: &["mailbox.org"],
        exchanges: &["mailbox.org"],
        smtp: ("smtp.mailbox.org", IMPLICIT, ""),
        imap: ("imap.mailbox.org", ""),
        junk: JUNK,
    },
];

impl Provider {
    /// By the domain of an address.
    fn of(domain: &str) -> Option<&'static Self> {
        KNOWN.iter().find(|provider| provider.domains.iter().any(|known| is_below(domain, known)))
    }

    /// By who takes mail for a domain.
    fn behind(exchange: &str) -> Option<&'static Self> {
        KNOWN.iter().find(|provider| provider.exchanges.iter().any(|known| is_below(exchange, known)))
    }
}

fn is_below(name: &str, domain: &str) -> bool {
    name.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// What the domain of an address offers, as far as the DNS says; it is not asked where the provider is known anyway.
pub fn offer(asker: &mut dyn Asker, address: &str) -> Offer {
    match Provider::of(&domain(address)) {
        Some(_) => Offer::default(),
        None => asker.offer(address),
    }
}

/// The provider's server; what the domain offers itself; the server of the provider that takes its mail; or `mail.DOMAIN` in the
/// usual manner.
#[must_use]
pub fn propose(address: &str, protocol: Protocol, offer: &Offer) -> Proposal {
    let domain = domain(address);
    let offered = match protocol {
        Protocol::Smtp => offer.submission.as_ref().map(|(service, tls)| (service, *tls)),
        Protocol::Imap => offer.imaps.as_ref().map(|service| (service, IMPLICIT)),
    };
    let known = Provider::of(&domain);
    let behind = || offer.exchanges.iter().find_map(|exchange| Provider::behind(exchange));
    let junk = known.or_else(behind).map_or(JUNK, |provider| provider.junk);
    if let (None, Some((service, tls))) = (known, offered) {
        let (host, port) = (service.host.clone(), Some(service.port));
        return Proposal { host, port, tls, junk, note: BY_DNS, guess: false };
    }
    let (host, tls, note) = match (known.or_else(behind), protocol) {
        (Some(known), Protocol::Smtp) => known.smtp,
        (Some(known), Protocol::Imap) => (known.imap.0, IMPLICIT, known.imap.1),
        (None, Protocol::Smtp) => ("", STARTTLS, ""),
        (None, Protocol::Imap) => ("", IMPLICIT, ""),
    };
    let guess = host.is_empty();
    let host = if guess { format!("mail.{domain}") } else { host.to_owned() };
    Proposal { host, port: None, tls, junk, note, guess }
}

/// What the server for sending is probably called where the one for reading is known: the same, or its usual twin.
#[must_use]
pub fn twin(reads: &str) -> String {
    reads.strip_prefix("imap.").map_or_else(|| reads.to_owned(), |domain| format!("smtp.{domain}"))
}

/// The domain of `user@domain` or `Name <user@domain>`.
#[must_use]
pub fn domain(address: &str) -> String {
    address.rsplit_once('@').map_or("", |(_, domain)| domain).trim_end_matches('>').to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::services::Service;

    fn propose(address: &str, protocol: Protocol) -> Proposal {
        super::propose(address, protocol, &Offer::default())
    }

    #[test]
    fn what_a_domain_says_of_itself_is_proposed_before_the_guess_and_its_provider_is_known_by_its_mx() {
        let service = |port| Service { priority: 0, weight: 0, port, host: "smtp.acme.test".into() };
        let srv = Offer {
            submission: Some((service(2587), STARTTLS)),
            imaps: Some(service(993)),
            exchanges: vec![],
        };
        let own = super::propose("a@acme.test", Protocol::Smtp, &srv);
        assert_eq!(
            (own.host.as_str(), own.port, own.tls, own.note),
            ("smtp.acme.test", Some(2587), STARTTLS, BY_DNS)
        );
        assert_eq!(super::propose("a@acme.test", Protocol::Imap, &srv).port, Some(993));
        assert_eq!(super::propose("a@gmail.com", Protocol::Smtp, &srv).host, "smtp.gmail.com");
        let at = |exchange: &str| Offer { exchanges: vec![exchange.to_owned()], ..Offer::default() };
        let microsoft =
            super::propose("a@acme.test", Protocol::Smtp, &at("acme-test.mail.protection.outlook.com"));
        assert_eq!((microsoft.host.as_str(), microsoft.note), ("smtp.office365.com", BASIC_ENDS));
        let google = super::propose("a@acme.test", Protocol::Imap, &at("aspmx.l.google.com"));
        assert_eq!((google.host.as_str(), google.junk), ("imap.gmail.com", "[Gmail]/Spam"));
        assert_eq!(
            super::propose("a@acme.test", Protocol::Smtp, &at("mx.notgoogle.com")).host,
            "mail.acme.test"
        );
    }

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
        assert_eq!(
            (twin("imap.vendor.example"), twin("mail.x")),
            ("smtp.vendor.example".into(), "mail.x".into())
        );
        let own = propose("reports@vendor.example", Protocol::Imap);
        assert_eq!((own.host.as_str(), own.tls, own.junk), ("mail.vendor.example", IMPLICIT, "Junk"));
        assert!(own.guess && !google.guess);
    }
}
