//! Keys and OpenSSH signatures (SSHSIG), so that anybody can check a report or contract with stock `ssh-keygen -Y verify`.
//!
//! Only ed25519 is made and accepted. Format: PROTOCOL.sshsig of the OpenSSH portable source. Nothing here draws
//! randomness: a key is made from a seed the caller drew.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use ssh_key::private::{Ed25519Keypair, KeypairData};
use ssh_key::public::KeyData;
use ssh_key::{HashAlg, LineEnding, SshSig};

/// What a signature is for; a signature made for one is worth nothing for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Namespace {
    /// A report, by a system's key.
    Report,
    /// A contract, by the vendor's key.
    Contract,
    /// A new key, by the key before it.
    Rotate,
}

impl Namespace {
    /// The namespace's name in the signature.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Report => "mailbeat-report",
            Self::Contract => "mailbeat-contract",
            Self::Rotate => "mailbeat-rotate",
        }
    }
}

/// A key or signature that cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SignatureError {
    /// Text that is not the key it should be.
    #[error("not an ed25519 key in OpenSSH format: {0}")]
    InvalidKey(String),
    /// Text that is not an armored signature.
    #[error("not an armored OpenSSH signature: {0}")]
    InvalidSignature(String),
    /// Made for something else.
    #[error("the signature was made for namespace {0:?}")]
    OtherNamespace(String),
    /// Made by another key.
    #[error("the signature was made by another key, {0}")]
    OtherKey(String),
    /// The signed bytes were changed.
    #[error("the signature does not fit the content: it was changed after signing")]
    Altered,
}

/// An ed25519 private key. It never prints itself.
#[derive(Clone)]
pub struct SigningKey(ssh_key::PrivateKey);

impl SigningKey {
    /// The key made from 32 random bytes; `comment` is for people.
    ///
    /// # Panics
    /// Never: an ed25519 key without encryption takes any seed and comment.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32], comment: &str) -> Self {
        let pair = KeypairData::Ed25519(Ed25519Keypair::from_seed(seed));
        Self(ssh_key::PrivateKey::new(pair, comment).expect("an ed25519 key takes any comment"))
    }

    /// Reads an unencrypted OpenSSH private key file.
    ///
    /// # Errors
    /// [`SignatureError::InvalidKey`]; the message never holds key material.
    pub fn from_openssh(text: &str) -> Result<Self, SignatureError> {
        let key = ssh_key::PrivateKey::from_openssh(text)
            .map_err(|error| SignatureError::InvalidKey(error.to_string()))?;
        match key.key_data() {
            KeypairData::Ed25519(_) => Ok(Self(key)),
            KeypairData::Encrypted(_) => {
                Err(SignatureError::InvalidKey("it is protected by a passphrase".into()))
            }
            _ => Err(SignatureError::InvalidKey(format!("it is {}", key.algorithm()))),
        }
    }

    /// The OpenSSH private key file, to be written with mode 0600.
    ///
    /// # Panics
    /// Never: an unencrypted ed25519 key always encodes.
    #[must_use]
    pub fn to_openssh(&self) -> String {
        self.0.to_openssh(LineEnding::LF).expect("an unencrypted ed25519 key encodes").to_string()
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.public_key().key_data().clone())
    }

    /// An armored signature over `bytes`, 322 bytes of ASCII with LF line ends.
    ///
    /// # Panics
    /// Never: signing in memory with ed25519 cannot fail.
    #[must_use]
    pub fn sign(&self, namespace: Namespace, bytes: &[u8]) -> String {
        let signature =
            self.0.sign(namespace.as_str(), HashAlg::Sha512, bytes).expect("ed25519 signs anything");
        signature.to_pem(LineEnding::LF).expect("a signature encodes")
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.public().fingerprint())
    }
}

/// An ed25519 public key; prints and reads as `ssh-ed25519 AAAA...`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PublicKey(KeyData);

impl PublicKey {
    /// `SHA256:...`, as `ssh-keygen -l` prints it.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        self.0.fingerprint(HashAlg::Sha256).to_string()
    }

    /// The key kept as these 32 bytes.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self(KeyData::Ed25519(ssh_key::public::Ed25519PublicKey(*bytes)))
    }

    /// The 32 bytes of the key.
    ///
    /// # Panics
    /// Never: nothing but ed25519 gets into this type.
    #[must_use]
    pub fn bytes(&self) -> [u8; 32] {
        self.0.ed25519().expect("only ed25519 gets into this type").0
    }

    /// The line `ssh-keygen -Y verify -f` wants: this key may sign as `principal` in `namespace`.
    #[must_use]
    pub fn allowed_signers_line(&self, principal: &str, namespace: Namespace) -> String {
        format!("{principal} namespaces=\"{}\" {self}", namespace.as_str())
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = ssh_key::PublicKey::new(self.0.clone(), "").to_openssh().map_err(|_| fmt::Error)?;
        f.write_str(line.trim_end())
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for PublicKey {
    type Err = SignatureError;
    fn from_str(text: &str) -> Result<Self, SignatureError> {
        let key = ssh_key::PublicKey::from_openssh(text.trim())
            .map_err(|error| SignatureError::InvalidKey(error.to_string()))?;
        ed25519_only(key.key_data()).map_err(SignatureError::InvalidKey)
    }
}

fn ed25519_only(key: &KeyData) -> Result<PublicKey, String> {
    if key.is_ed25519() { Ok(PublicKey(key.clone())) } else { Err(format!("it is {}", key.algorithm())) }
}

impl Serialize for PublicKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PublicKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// An armored signature, read but not yet believed.
#[derive(Clone, Debug)]
pub struct Signature {
    signature: SshSig,
    signer: PublicKey,
}

impl Signature {
    /// Reads an armored signature; line ends may have become CRLF on the way.
    ///
    /// # Errors
    /// [`SignatureError::InvalidSignature`] for anything else, or for a key that is not ed25519.
    pub fn parse(armored: &[u8]) -> Result<Self, SignatureError> {
        const LONGEST: usize = 4 * 1024;
        let invalid = |what: &str| SignatureError::InvalidSignature(what.to_owned());
        if armored.len() > LONGEST {
            return Err(invalid("it is longer than a signature can be"));
        }
        let text = std::str::from_utf8(armored).map_err(|_| invalid("it is not ASCII"))?;
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let unwrapped = lines.collect::<Vec<_>>().join("\n") + "\n";
        let signature = SshSig::from_pem(&unwrapped).map_err(|error| invalid(&error.to_string()))?;
        let signer = ed25519_only(signature.public_key()).map_err(|what| invalid(&what))?;
        Ok(Self { signature, signer })
    }

    /// The key the signature says it was made by. Proves nothing until [`Signature::verify`].
    #[must_use]
    pub fn signer(&self) -> &PublicKey {
        &self.signer
    }

    /// The signature as armored text with LF line ends.
    ///
    /// # Panics
    /// Never: what was read also encodes.
    #[must_use]
    pub fn armored(&self) -> String {
        self.signature.to_pem(LineEnding::LF).expect("a parsed signature encodes")
    }

    /// Whether `key` signed exactly `bytes` for `namespace`.
    ///
    /// # Errors
    /// [`SignatureError`], the most telling of: other namespace, other key, altered.
    pub fn verify(&self, key: &PublicKey, namespace: Namespace, bytes: &[u8]) -> Result<(), SignatureError> {
        if self.signature.namespace() != namespace.as_str() {
            return Err(SignatureError::OtherNamespace(crate::text::one_line(
                self.signature.namespace(),
                80,
            )));
        }
        if &self.signer != key {
            return Err(SignatureError::OtherKey(self.signer.fingerprint()));
        }
        ssh_key::PublicKey::new(key.0.clone(), "")
            .verify(namespace.as_str(), bytes, &self.signature)
            .map_err(|_| SignatureError::Altered)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_seed(&[seed; 32], "test")
    }

    #[test]
    fn a_signature_holds_for_its_key_namespace_and_bytes_and_nothing_else() {
        let signature = Signature::parse(key(1).sign(Namespace::Report, b"alive").as_bytes()).unwrap();
        let (mine, other) = (key(1).public(), key(2).public());
        assert_eq!(signature.verify(&mine, Namespace::Report, b"alive"), Ok(()));
        assert_eq!(signature.verify(&mine, Namespace::Report, b"dead"), Err(SignatureError::Altered));
        assert!(matches!(
            signature.verify(&other, Namespace::Report, b"alive"),
            Err(SignatureError::OtherKey(_))
        ));
        assert!(matches!(
            signature.verify(&mine, Namespace::Contract, b"alive"),
            Err(SignatureError::OtherNamespace(_))
        ));
    }

    #[test]
    fn an_armored_signature_survives_crlf_and_indentation() {
        let armored = key(1).sign(Namespace::Report, b"alive").replace('\n', "\r\n ");
        let signature = Signature::parse(armored.as_bytes()).unwrap();
        assert_eq!(signature.verify(&key(1).public(), Namespace::Report, b"alive"), Ok(()));
    }

    #[test]
    fn keys_read_what_they_wrote_and_never_print_the_private_half() {
        let again = SigningKey::from_openssh(&key(3).to_openssh()).unwrap();
        assert_eq!(again.public(), key(3).public());
        assert_eq!(key(3).public().to_string().parse(), Ok(key(3).public()));
        assert_eq!(format!("{again:?}"), format!("SigningKey({})", key(3).public().fingerprint()));
    }

    #[test]
    fn rubbish_is_refused_by_name() {
        let long = vec![b'A'; 1 << 20];
        for rubbish in
            [&b"-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n"[..], b"\xff", &long]
        {
            assert!(matches!(Signature::parse(rubbish), Err(SignatureError::InvalidSignature(_))));
        }
        assert!("ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQ==".parse::<PublicKey>().is_err());
    }

    #[test]
    fn a_signature_of_four_kibibytes_is_read_and_a_longer_one_is_not() {
        let padded = |bytes: usize| {
            let armored = key(1).sign(Namespace::Report, b"alive");
            "\n".repeat(bytes - armored.len()) + &armored
        };
        assert!(Signature::parse(padded(4096).as_bytes()).is_ok());
        let refused = Signature::parse(padded(4097).as_bytes()).unwrap_err().to_string();
        assert!(refused.contains("it is longer than a signature can be"), "{refused}");
    }

    #[test]
    fn a_signature_is_kept_as_it_was_made() {
        let armored = key(1).sign(Namespace::Report, b"alive");
        let signature = Signature::parse(armored.replace('\n', "\r\n").as_bytes()).unwrap();
        assert_eq!(signature.armored(), armored);
        assert_eq!(signature.signer(), &PublicKey::from_bytes(&key(1).public().bytes()));
    }
}
