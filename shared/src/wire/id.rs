//! Names of things: systems, reports, contracts, digests.
//!
//! Each is a type of its own, so that a report id cannot stand where a system id is meant. All are made from bytes
//! the caller drew; this file has no randomness.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// Text that is not the id it should be.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{text:?} is not {expected}")]
pub struct InvalidId {
    text: String,
    expected: &'static str,
}

impl InvalidId {
    fn new(text: &str, expected: &'static str) -> Self {
        Self { text: crate::text::one_line(text, 80), expected }
    }
}

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(transparent)]
        pub struct $name(#[cfg_attr(feature = "schema", schemars(with = "String", extend("format" = "uuid")))] Uuid);

        impl $name {
            /// The id as 16 bytes, as the store keeps it.
            #[must_use]
            pub fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }

            /// The id kept as these 16 bytes.
            #[must_use]
            pub fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(bytes))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Uuid::parse_str(text).map(Self).map_err(|_| InvalidId::new(text, $what))
            }
        }
    };
}

uuid_id!(
    /// One monitored installation: UUID v4, made at installation, survives a move to new hardware.
    SystemId,
    "a SystemId (a UUID)"
);
uuid_id!(
    /// One report: UUID v7 (RFC 9562), so that ids sort by the time they were made.
    ReportId,
    "a report id (a UUID)"
);

impl SystemId {
    /// A new SystemId (UUID v4) from 16 random bytes.
    #[must_use]
    pub fn from_random(random: [u8; 16]) -> Self {
        Self(uuid::Builder::from_random_bytes(random).into_uuid())
    }

    /// A number spread evenly over all systems: from it follow sending slots.
    #[must_use]
    pub fn spread(&self) -> u64 {
        let hash = Sha256::digest(self.as_bytes());
        u64::from_be_bytes(hash[..8].try_into().expect("a SHA-256 has 32 bytes"))
    }
}

impl ReportId {
    /// A new report id (UUID v7) of a report made at `at`, from 10 random bytes.
    #[must_use]
    pub fn new(at: Timestamp, random: &[u8; 10]) -> Self {
        let millis = u64::try_from(at.as_millisecond()).unwrap_or(0);
        Self(uuid::Builder::from_unix_timestamp_millis(millis, random).into_uuid())
    }
}

/// Drawn anew at activation, import of an identity, or a changed machine id; tells clones and restored states apart.
/// On the wire 16 hexadecimal digits, because JSON readers lose integers beyond 2^53.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Incarnation(pub u64);

impl fmt::Display for Incarnation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl FromStr for Incarnation {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        match u64::from_str_radix(text, 16) {
            Ok(number) if text.len() == 16 => Ok(Self(number)),
            _ => Err(InvalidId::new(text, "an incarnation (16 hexadecimal digits)")),
        }
    }
}

/// A SHA-256 digest, written `sha256:` and 64 hexadecimal digits.
///
/// Of a report's bytes it is plain; of content that is not sent it is keyed (HMAC-SHA256 with the system's
/// fingerprint key), because a plain hash of a short secret can be guessed. The type does not tell them apart.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The plain SHA-256 of these bytes.
    ///
    /// # Panics
    /// Never: a SHA-256 has 32 bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        // By ring: twice as fast on processors without instructions for SHA.
        let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
        Self(digest.as_ref().try_into().expect("a SHA-256 has 32 bytes"))
    }

    /// HMAC-SHA256 (RFC 2104) of these bytes under `key`.
    ///
    /// # Panics
    /// Never: HMAC takes keys of any length.
    #[must_use]
    pub fn keyed(key: &[u8], bytes: &[u8]) -> Self {
        use hmac::Mac as _;
        let mut mac = hmac::Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
        mac.update(bytes);
        Self(mac.finalize().into_bytes().into())
    }

    /// The digest as 32 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The digest kept as these 32 bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sha256:")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Digest {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let invalid = || InvalidId::new(text, "a digest (sha256: and 64 hexadecimal digits)");
        let hex = text
            .strip_prefix("sha256:")
            .filter(|hex| hex.len() == 64 && hex.is_ascii())
            .ok_or_else(invalid)?;
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(hex.as_bytes().chunks(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| invalid())?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| invalid())?;
        }
        Ok(Self(bytes))
    }
}

/// A contract's number, as people say it: `ACME-2026-001`. Letters, digits, `.`, `_` and `-`, at most 64 bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContractNumber(String);

impl ContractNumber {
    /// The number as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ContractNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ContractNumber {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if !text.is_empty() && text.len() <= 64 && text.chars().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidId::new(text, "a contract number (letters, digits, '.', '_', '-', at most 64)"))
        }
    }
}

macro_rules! serde_as_text {
    ($name:ident, $pattern:literal) => {
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
        #[cfg(feature = "schema")]
        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "pattern": $pattern })
            }
        }
    };
}

serde_as_text!(Incarnation, "^[0-9a-f]{16}$");
serde_as_text!(Digest, "^sha256:[0-9a-f]{64}$");
serde_as_text!(ContractNumber, "^[A-Za-z0-9._-]{1,64}$");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_read_what_they_wrote_and_refuse_what_they_are_not() {
        let digest = Digest::of(b"x");
        assert_eq!(digest.to_string().parse(), Ok(digest));
        assert!("sha256:zz".parse::<Digest>().is_err());
        assert!(format!("sha256:{}", "é".repeat(32)).parse::<Digest>().is_err());
        assert_eq!("00000000000000ff".parse(), Ok(Incarnation(255)));
        assert!("ff".parse::<Incarnation>().is_err());
        assert!("ACME-2026-001".parse::<ContractNumber>().is_ok());
        let refused = "a/../b".parse::<ContractNumber>().unwrap_err().to_string();
        assert!(refused.contains("\"a/../b\" is not a contract number"), "{refused}");
    }

    #[test]
    fn report_ids_sort_by_the_time_they_were_made() {
        let at = |second| Timestamp::from_second(second).unwrap();
        assert!(ReportId::new(at(1_000), &[255; 10]) < ReportId::new(at(1_001), &[0; 10]));
    }

    #[test]
    fn a_contract_number_has_one_to_64_letters_digits_and_few_signs() {
        let (longest, too_long) = ("A".repeat(64), "A".repeat(65));
        for number in ["1", "ACME-2026_001.b", &longest] {
            assert_eq!(number.parse::<ContractNumber>().unwrap().as_str(), number);
        }
        for number in ["", "ACME 1", "Ä-1", "A/1", &too_long] {
            assert!(number.parse::<ContractNumber>().is_err(), "{number:?}");
        }
    }

    #[test]
    fn systems_are_spread_over_all_numbers() {
        let spread: Vec<u64> = (0..64).map(|seed| SystemId::from_random([seed; 16]).spread()).collect();
        for eighth in 0..8 {
            let count = spread.iter().filter(|number| **number >> 61 == eighth).count();
            assert!((2..=20).contains(&count), "{count} of 64 systems are in eighth {eighth}");
        }
    }

    #[test]
    fn ids_keep_the_bytes_they_were_made_of() {
        let digest = Digest::of(b"");
        assert_eq!(digest.as_bytes()[..4], [0xe3, 0xb0, 0xc4, 0x42], "SHA-256 of nothing");
        assert_eq!(Digest::from_bytes(*digest.as_bytes()), digest);
        assert!(digest.to_string().starts_with("sha256:e3b0c442"));
        assert_eq!(format!("{digest:?}"), digest.to_string());
        let hex = "0".repeat(63);
        assert!(
            format!("sha256:{hex}").parse::<Digest>().is_err()
                && format!("sha256:{hex}00").parse::<Digest>().is_err()
        );
        let system = SystemId::from_bytes([7; 16]);
        assert_eq!(*system.as_bytes(), [7; 16]);
        assert_eq!(system.to_string().parse(), Ok(system));
        assert!("00000000000000zz".parse::<Incarnation>().is_err());
        assert_eq!(Incarnation(255).to_string(), "00000000000000ff");
    }
}
