//! The short code by which the vendor proves to a person at the customer's that a test report arrived and was believed.
//!
//! The code is made of the enrollment secret, which only the two sides of a contract know: whoever can say it has read the
//! report's id and knows the verdict and the secret. It travels by mail and is typed by hand; it lets nobody in anywhere.

use std::fmt;
use std::str::FromStr;

use super::contract::EnrollmentSecret;
use super::id::ReportId;

/// The letters of base32 (RFC 4648 section 6).
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// Letters of a code: 40 bits.
const LETTERS: usize = 8;

/// Eight letters, shown as two groups of four.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ConfirmationCode([u8; LETTERS]);

/// A text that cannot be a code.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a code has eight letters or digits, as in ABCD-EFGH; copy it from the vendor's mail")]
pub struct NoCode;

impl ConfirmationCode {
    /// The code for this report under this verdict: the first 40 bits of HMAC-SHA256(secret, `mailbeat-confirm-v1` 0 report id
    /// (16 bytes) 0 verdict).
    #[must_use]
    pub fn new(secret: &EnrollmentSecret, report: ReportId, verdict: &str) -> Self {
        let message =
            [b"mailbeat-confirm-v1\0", report.as_bytes().as_slice(), b"\0", verdict.as_bytes()].concat();
        let digest = secret.keyed(&message);
        let bits = digest.as_bytes().iter().take(5).fold(0_u64, |bits, byte| (bits << 8) | u64::from(*byte));
        let letter = |at: usize| ALPHABET[((bits >> (35 - 5 * at)) & 31) as usize];
        Self(std::array::from_fn(letter))
    }
}

impl FromStr for ConfirmationCode {
    type Err = NoCode;

    /// As people type it: small letters, blanks and hyphens anywhere, and the digits that look like letters.
    fn from_str(text: &str) -> Result<Self, NoCode> {
        let letters =
            text.chars().filter(|c| !c.is_whitespace() && *c != '-').map(|c| match c.to_ascii_uppercase() {
                '0' => 'O',
                '1' => 'I',
                '8' => 'B',
                other => other,
            });
        let letters: Vec<u8> = letters.map(|c| u8::try_from(c).unwrap_or(0)).collect();
        let known = letters.iter().all(|letter| ALPHABET.contains(letter));
        letters.try_into().ok().filter(|_| known).map(Self).ok_or(NoCode)
    }
}

impl fmt::Display for ConfirmationCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = String::from_utf8_lossy(&self.0);
        write!(f, "{}-{}", &text[..LETTERS / 2], &text[LETTERS / 2..])
    }
}

impl fmt::Debug for ConfirmationCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(byte: u8) -> EnrollmentSecret {
        EnrollmentSecret::from_random([byte; 32])
    }

    #[test]
    fn a_code_belongs_to_one_report_one_verdict_and_one_secret_and_never_changes() {
        let id = ReportId::from_bytes([7; 16]);
        let code = ConfirmationCode::new(&secret(1), id, "accepted");
        // Codes of released versions stay valid: this one must not change.
        assert_eq!((code.to_string(), format!("{code:?}")), ("FHMW-JKC3".into(), "FHMW-JKC3".into()));
        for other in [
            ConfirmationCode::new(&secret(2), id, "accepted"),
            ConfirmationCode::new(&secret(1), ReportId::from_bytes([8; 16]), "accepted"),
            ConfirmationCode::new(&secret(1), id, "duplicate"),
        ] {
            assert_ne!(other, code);
        }
    }

    #[test]
    fn a_code_is_read_as_people_type_it() {
        let code: ConfirmationCode = "ABOI-B234".parse().unwrap();
        for typed in ["aboi-b234", " ABOI B234 ", "AB01-8234", "aboib234"] {
            assert_eq!(typed.parse(), Ok(code), "{typed}");
        }
        for wrong in ["", "ABCD", "ABCD-EFGHI", "ABCD-EFG!", "ABCD-EFGä"] {
            assert_eq!(wrong.parse::<ConfirmationCode>(), Err(NoCode), "{wrong}");
        }
    }
}
