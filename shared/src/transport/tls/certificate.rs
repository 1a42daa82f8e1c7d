//! A server's certificate as a person compares it, and the pin: the SHA-256 of its DER encoding, which
//! `openssl x509 -noout -fingerprint -sha256` prints too.
//!
//! Certificates come from outside: one that cannot be read still has its fingerprint.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use rustls_pki_types::CertificateDer;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::text;

/// Longest name of a certificate that is shown, in bytes.
const NAME_BYTES: usize = 120;
/// Most alternative names that are shown.
const NAMES: usize = 8;

/// The SHA-256 of one certificate, written `sha256:HEX` (colons between the bytes are allowed).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CertificatePin([u8; 32]);

/// A text that is no pin.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a pin is `sha256:` and 64 hexadecimal digits, as `openssl x509 -noout -fingerprint -sha256` prints them"
)]
pub struct PinError;

impl CertificatePin {
    /// The pin of a certificate.
    #[must_use]
    pub fn of(certificate: &CertificateDer<'_>) -> Self {
        Self(Sha256::digest(certificate.as_ref()).into())
    }
}

impl FromStr for CertificatePin {
    type Err = PinError;

    fn from_str(text: &str) -> Result<Self, PinError> {
        let digits: Vec<u8> = text
            .trim()
            .strip_prefix("sha256:")
            .ok_or(PinError)?
            .chars()
            .filter(|c| *c != ':')
            .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()).ok_or(PinError))
            .collect::<Result<_, _>>()?;
        let bytes: Vec<u8> =
            digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| (byte << 4) | digit)).collect();
        if digits.len() == 64 { Ok(Self(bytes.try_into().map_err(|_| PinError)?)) } else { Err(PinError) }
    }
}

impl fmt::Display for CertificatePin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sha256:")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl TryFrom<String> for CertificatePin {
    type Error = PinError;

    fn try_from(text: String) -> Result<Self, PinError> {
        text.parse()
    }
}

impl From<CertificatePin> for String {
    fn from(pin: CertificatePin) -> Self {
        pin.to_string()
    }
}

/// What a certificate says about itself. Believed only after verification; shown in any case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PeerCertificate {
    /// Its fingerprint.
    pub pin: CertificatePin,
    /// Who it says it is, as in `CN=mail.example`; empty when it cannot be read.
    pub subject: String,
    /// Who issued it.
    pub issuer: String,
    /// The DNS names and addresses it is for (at most 8).
    pub names: Vec<String>,
    /// First moment of validity.
    pub not_before: Option<Timestamp>,
    /// Last moment of validity.
    pub not_after: Option<Timestamp>,
}

impl PeerCertificate {
    /// Reads what can be read.
    #[must_use]
    pub fn read(der: &CertificateDer<'_>) -> Self {
        let pin = CertificatePin::of(der);
        let Ok((_, parsed)) = X509Certificate::from_der(der.as_ref()) else {
            let nothing = String::new();
            return Self {
                pin,
                subject: nothing.clone(),
                issuer: nothing,
                names: vec![],
                not_before: None,
                not_after: None,
            };
        };
        let moment = |time: x509_parser::time::ASN1Time| Timestamp::from_second(time.timestamp()).ok();
        Self {
            pin,
            subject: text::one_line(&parsed.subject().to_string(), NAME_BYTES),
            issuer: text::one_line(&parsed.issuer().to_string(), NAME_BYTES),
            names: alternative_names(&parsed),
            not_before: moment(parsed.validity().not_before),
            not_after: moment(parsed.validity().not_after),
        }
    }

    /// Who it says it is and who vouches for it.
    #[must_use]
    pub fn who(&self) -> String {
        if self.subject.is_empty() && self.names.is_empty() {
            return "unreadable certificate".to_owned();
        }
        let names =
            if self.names.is_empty() { String::new() } else { format!(" for {}", self.names.join(", ")) };
        let issuer = if self.is_self_signed() {
            "self-signed".to_owned()
        } else {
            format!("issued by {}", self.issuer)
        };
        format!("certificate {}{names}, {issuer}", self.subject)
    }

    /// Whether it names itself as its issuer.
    #[must_use]
    pub fn is_self_signed(&self) -> bool {
        !self.subject.is_empty() && self.subject == self.issuer
    }
}

fn alternative_names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(extension)) = certificate.subject_alternative_name() else { return vec![] };
    extension
        .value
        .general_names
        .iter()
        .filter_map(|name| match name {
            GeneralName::DNSName(name) => Some(text::one_line(name, NAME_BYTES)),
            GeneralName::IPAddress(bytes) => address(bytes),
            _ => None,
        })
        .take(NAMES)
        .collect()
}

fn address(bytes: &[u8]) -> Option<String> {
    let four = <[u8; 4]>::try_from(bytes).map(|bytes| std::net::IpAddr::from(bytes).to_string());
    let sixteen = <[u8; 16]>::try_from(bytes).map(|bytes| std::net::IpAddr::from(bytes).to_string());
    four.or(sixteen).ok()
}

impl fmt::Display for PeerCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.who())?;
        if let Some(until) = self.not_after {
            write!(f, ", valid until {until}")?;
        }
        write!(f, ", {}", self.pin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_is_read_as_openssl_prints_it_and_as_we_print_it() {
        let plain = format!("sha256:{}", "0aff".repeat(16));
        let pin: CertificatePin = plain.parse().unwrap();
        assert_eq!(pin.to_string(), plain);
        assert_eq!(format!("sha256:{}", ["0A:FF"; 16].join(":")).parse(), Ok(pin));
    }

    #[test]
    fn a_text_that_is_no_pin_is_refused() {
        for text in [
            "",
            "sha256:",
            "0aff",
            "sha1:0aff",
            &format!("sha256:{}", "0".repeat(63)),
            &format!("sha256:{}", "g".repeat(64)),
        ] {
            assert_eq!(text.parse::<CertificatePin>(), Err(PinError), "{text}");
        }
    }
}
