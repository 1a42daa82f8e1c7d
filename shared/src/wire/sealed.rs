//! Encryption of a report, where a customer wants it: age (age-encryption.org/v1) with X25519 recipients, the vendor's and the customer's.
//!
//! What is sealed are the plain bytes; the signature is over those, so whoever may read a report can also verify it, with `age -d` and
//! `ssh-keygen`. Each sealing draws its own file key: the one place in `wire` that uses randomness, so a report is sealed once and kept.
//! A sealed report comes from anybody: its size and the number of its recipients are limited before the library looks at it.

use std::fmt;
use std::io::{self, Read as _, Write as _};
use std::str::FromStr;

use age::secrecy::ExposeSecret as _;
use age::{Decryptor, Encryptor, x25519};
use memchr::memmem;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::extract::Signed;
use super::limits;
use super::signature::Signature;

/// Whom a report can be sealed for: `age1...`.
#[derive(Clone, PartialEq, Eq)]
pub struct EncryptionKey(x25519::Recipient);

/// What opens reports sealed for it: `AGE-SECRET-KEY-1...`. Never prints itself.
#[derive(Clone)]
pub struct DecryptionKey(x25519::Identity);

/// A text that is no key of the wanted kind; never repeats the text, which may be a secret put in the wrong place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// No recipient.
    #[error("not an age recipient: it begins with age1 and is what `age-keygen -y` prints")]
    NoRecipient,
    /// No identity.
    #[error("not an age identity: it begins with AGE-SECRET-KEY-1")]
    NoIdentity,
}

/// Why a sealed report cannot be opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// It was sealed for somebody else.
    #[error("the report is encrypted, and none of our keys opens it")]
    NotForUs,
    /// It is damaged, or no age file.
    #[error("the encrypted report is damaged: {0}")]
    Damaged(String),
    /// More than a report can be.
    #[error("the encrypted report is over its limit: {0}")]
    OverLimit(&'static str),
}

impl EncryptionKey {
    /// Seals the bytes for all of these.
    ///
    /// # Panics
    /// Without any recipient; configuration rules that out.
    #[must_use]
    pub fn seal(recipients: &[Self], plain: &[u8]) -> Vec<u8> {
        let recipients = recipients.iter().map(|recipient| &recipient.0 as &dyn age::Recipient);
        let encryptor = Encryptor::with_recipients(recipients).expect("a report is sealed for somebody");
        let mut sealed = Vec::with_capacity(plain.len() + 1024);
        let written = encryptor.wrap_output(&mut sealed).and_then(|mut writer| {
            writer.write_all(plain)?;
            writer.finish()
        });
        written.expect("writing to memory does not fail");
        sealed
    }
}

impl DecryptionKey {
    /// A new key, by the operating system's randomness.
    #[must_use]
    pub fn generate() -> Self {
        Self(x25519::Identity::generate())
    }

    /// The key that reports are sealed with for this one.
    #[must_use]
    pub fn public(&self) -> EncryptionKey {
        EncryptionKey(self.0.to_public())
    }

    /// The key as text, for its own file and nowhere else.
    #[must_use]
    pub fn expose(&self) -> String {
        self.0.to_string().expose_secret().to_owned()
    }
}

/// A report as it came, encrypted, with the signature over what is inside.
#[derive(Clone, Debug)]
pub struct Sealed {
    bytes: Vec<u8>,
    signature: Signature,
}

impl Sealed {
    /// Puts together what stood in a mail.
    #[must_use]
    pub fn new(bytes: Vec<u8>, signature: Signature) -> Self {
        Self { bytes, signature }
    }

    /// The encrypted bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The signature over what is inside.
    #[must_use]
    pub fn signature(&self) -> &Signature {
        &self.signature
    }

    /// The report inside, by the first key that opens it. Nothing is proven yet.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(self, keys: &[DecryptionKey]) -> Result<Signed, OpenError> {
        let plain = open(&self.bytes, keys)?;
        Ok(Signed::new(plain, self.signature))
    }
}

fn open(bytes: &[u8], keys: &[DecryptionKey]) -> Result<Vec<u8>, OpenError> {
    if recipients(bytes) > limits::RECIPIENTS {
        return Err(OpenError::OverLimit("too many recipients"));
    }
    let refused = |error: age::DecryptError| match error {
        age::DecryptError::NoMatchingKeys => OpenError::NotForUs,
        age::DecryptError::Io(error) => OpenError::Damaged(error.to_string()),
        error => OpenError::Damaged(error.to_string().lines().next().unwrap_or_default().to_owned()),
    };
    let decryptor = Decryptor::new_buffered(bytes).map_err(refused)?;
    let reader = decryptor.decrypt(keys.iter().map(|key| &key.0 as &dyn age::Identity)).map_err(refused)?;
    let mut plain = Vec::new();
    let most = limits::REPORT_BYTES as u64 + 1;
    reader
        .take(most)
        .read_to_end(&mut plain)
        .map_err(|error: io::Error| OpenError::Damaged(error.to_string()))?;
    if plain.len() > limits::REPORT_BYTES {
        Err(OpenError::OverLimit("too large a report"))
    } else {
        Ok(plain)
    }
}

/// How many recipients the header names: each costs one step of an elliptic curve for each of our keys. `age` puts a stanza of no known type
/// beside them.
fn recipients(bytes: &[u8]) -> usize {
    let end = memmem::find(bytes, b"\n---").unwrap_or(bytes.len());
    memmem::find_iter(&bytes[..end], b"\n-> X25519 ").count()
}

impl FromStr for EncryptionKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        text.trim().parse().map(Self).map_err(|_| KeyError::NoRecipient)
    }
}

impl FromStr for DecryptionKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        text.trim().parse().map(Self).map_err(|_| KeyError::NoIdentity)
    }
}

impl fmt::Display for EncryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for EncryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EncryptionKey({self})")
    }
}

impl fmt::Debug for DecryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DecryptionKey(hidden)")
    }
}

impl Serialize for EncryptionKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for EncryptionKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_for_two_is_opened_by_either_and_by_nobody_else() {
        let [vendor, customer, other] = [0; 3].map(|_| DecryptionKey::generate());
        let plain = b"{\"mailbeat\": 1}\n".repeat(10_000);
        let sealed = EncryptionKey::seal(&[vendor.public(), customer.public()], &plain);
        assert!(!sealed.windows(8).any(|part| part == b"mailbeat"), "nothing of it is left in clear");
        assert_eq!(open(&sealed, std::slice::from_ref(&vendor)).unwrap(), plain);
        assert_eq!(open(&sealed, &[other.clone(), customer]).unwrap(), plain);
        assert_eq!(open(&sealed, &[other]), Err(OpenError::NotForUs));
        assert_eq!(open(&sealed, &[]), Err(OpenError::NotForUs));
    }

    #[test]
    fn damage_and_floods_are_refused_by_name() {
        let key = DecryptionKey::generate();
        let keys = [key.clone()];
        let sealed = EncryptionKey::seal(&[key.public()], &b"report".repeat(100));
        let damaged = |change: fn(&mut Vec<u8>)| {
            let mut bytes = sealed.clone();
            change(&mut bytes);
            open(&bytes, &keys).unwrap_err()
        };
        let cut = damaged(|bytes| bytes.truncate(bytes.len() - 1));
        assert!(matches!(cut, OpenError::Damaged(_)), "{cut:?}");
        let flipped = damaged(|bytes| *bytes.last_mut().unwrap() ^= 1);
        assert!(matches!(flipped, OpenError::Damaged(_)), "{flipped:?}");
        assert!(matches!(open(b"", &keys), Err(OpenError::Damaged(_))));
        assert!(matches!(open(b"age-encryption.org/v2\n", &keys), Err(OpenError::Damaged(_))));
        let to = |recipients| open(&EncryptionKey::seal(&vec![key.public(); recipients], b"x"), &keys);
        assert_eq!(to(limits::RECIPIENTS).unwrap(), b"x");
        assert!(matches!(to(limits::RECIPIENTS + 1), Err(OpenError::OverLimit(_))));
        let of = |bytes| open(&EncryptionKey::seal(&[key.public()], &vec![b' '; bytes]), &keys);
        assert_eq!(of(limits::REPORT_BYTES).unwrap().len(), limits::REPORT_BYTES);
        assert!(matches!(of(limits::REPORT_BYTES + 1), Err(OpenError::OverLimit(_))));
    }

    #[test]
    fn keys_are_written_as_age_writes_them_and_a_secret_in_the_wrong_place_is_not_repeated() {
        let key = DecryptionKey::generate();
        let again: DecryptionKey = key.expose().parse().unwrap();
        assert_eq!(again.public(), key.public());
        assert_eq!(key.public().to_string().parse::<EncryptionKey>().unwrap(), key.public());
        assert!(key.expose().starts_with("AGE-SECRET-KEY-1") && key.public().to_string().starts_with("age1"));
        let wrong = key.expose().parse::<EncryptionKey>().unwrap_err().to_string();
        assert!(!wrong.contains(&key.expose()) && wrong.contains("age1"), "{wrong}");
        assert_eq!(format!("{key:?}"), "DecryptionKey(hidden)");
        assert_eq!(format!("{:?}", key.public()), format!("EncryptionKey({})", key.public()));
    }
}
