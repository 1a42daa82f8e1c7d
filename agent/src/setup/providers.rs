//! Mail servers of well-known providers, proposed from the sender's address. A proposal is a default: the person decides. Pure.

use mailbeat_shared::transport::smtp::TlsMode;

/// What is proposed for an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The server.
    pub host: String,
    /// When the connection becomes private.
    pub tls: TlsMode,
    /// What to know before, a sentence; empty if nothing.
    pub note: &'static str,
}

/// Google asks for more than a password.
pub const APP_PASSWORD: &str = "This provider takes no ordinary password: make an application password in the account's security settings.";
/// Microsoft is about to take none at all.
pub const BASIC_ENDS: &str = "Microsoft is switching off passwords for sending by SMTP: if the test says so, use the account by OAuth or the vendor's relay.";
/// Where sending by a program must be allowed first.
pub const SWITCH_ON: &str =
    "With this provider, sending by other programs must be switched on in the account's settings first.";

const IMPLICIT: TlsMode = TlsMode::Implicit;
const STARTTLS: TlsMode = TlsMode::Starttls;

/// Domains and their servers.
const KNOWN: &[(&[&str], &str, TlsMode, &str)] = &[
    (&["gmail.com", "googlemail.com"], "smtp.gmail.com", IMPLICIT, APP_PASSWORD),
    (
        &["outlook.com", "outlook.de", "hotmail.com", "live.com", "msn.com"],
        "smtp-mail.outlook.com",
        STARTTLS,
        BASIC_ENDS,
    ),
    (&["onmicrosoft.com"], "smtp.office365.com", STARTTLS, BASIC_ENDS),
    (&["yahoo.com", "yahoo.de"], "smtp.mail.yahoo.com", IMPLICIT, APP_PASSWORD),
    (&["icloud.com", "me.com", "mac.com"], "smtp.mail.me.com", STARTTLS, APP_PASSWORD),
    (&["gmx.de", "gmx.net", "gmx.at", "gmx.ch"], "mail.gmx.net", STARTTLS, SWITCH_ON),
    (&["web.de"], "smtp.web.de", STARTTLS, SWITCH_ON),
    (&["t-online.de", "magenta.de"], "securesmtp.t-online.de", IMPLICIT, SWITCH_ON),
    (&["freenet.de"], "mx.freenet.de", STARTTLS, ""),
    (&["posteo.de", "posteo.net"], "posteo.de", IMPLICIT, ""),
    (&["mailbox.org"], "smtp.mailbox.org", IMPLICIT, ""),
];

/// The provider's server, or `mail.DOMAIN` with STARTTLS.
#[must_use]
pub fn propose(address: &str) -> Proposal {
    let domain =
        address.rsplit_once('@').map_or("", |(_, domain)| domain).trim_end_matches('>').to_lowercase();
    let is_of = |known: &&str| domain == **known || domain.ends_with(&format!(".{known}"));
    match KNOWN.iter().find(|(domains, ..)| domains.iter().any(is_of)) {
        Some((_, host, tls, note)) => Proposal { host: (*host).to_owned(), tls: *tls, note },
        None => Proposal { host: format!("mail.{domain}"), tls: STARTTLS, note: "" },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_well_known_provider_is_proposed_and_any_other_domain_gets_its_own_server() {
        let google = propose("Anna <anna@gmail.com>");
        assert_eq!(
            (google.host.as_str(), google.tls, google.note),
            ("smtp.gmail.com", IMPLICIT, APP_PASSWORD)
        );
        assert_eq!(propose("scada@acme.onmicrosoft.com").host, "smtp.office365.com");
        let own = propose("scada-01@ACME.example");
        assert_eq!((own.host.as_str(), own.tls, own.note), ("mail.acme.example", STARTTLS, ""));
        assert_eq!(propose("x@notgmail.com").host, "mail.notgmail.com");
    }
}
