//! The enrollment secret: what proves that an agent was given a contract.
//!
//! Whoever knows it may enroll systems under the contract until they are all taken, so it never prints itself, and a renewal, which
//! may be mailed, comes without. Text that is no secret is refused without being shown.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::wire::id::{ContractNumber, Digest, SystemId};
use crate::wire::signature::PublicKey;

/// 32 random bytes known to vendor and customer; never prints itself.
#[derive(Clone, PartialEq, Eq)]
pub struct EnrollmentSecret([u8; 32]);

impl EnrollmentSecret {
    /// The secret made of these random bytes.
    #[must_use]
    pub fn from_random(random: [u8; 32]) -> Self {
        Self(random)
    }

    /// Proof that whoever made it knew the secret and meant exactly this contract, system and key:
    /// HMAC-SHA256(secret, `mailbeat-enroll-v1` 0 contract 0 system id (16 bytes) public key (32 bytes)).
    #[must_use]
    pub fn proof(&self, contract: &ContractNumber, system: SystemId, key: &PublicKey) -> Digest {
        let message: Vec<u8> = [
            b"mailbeat-enroll-v1\0",
            contract.as_str().as_bytes(),
            b"\0",
            system.as_bytes().as_slice(),
            key.bytes().as_slice(),
        ]
        .concat();
        Digest::keyed(&self.0, &message)
    }

    /// HMAC-SHA256 of a message under the secret.
    pub(in crate::wire) fn keyed(&self, message: &[u8]) -> Digest {
        Digest::keyed(&self.0, message)
    }

    /// Whether `proof` is the right one, in constant time.
    #[must_use]
    pub fn proves(
        &self,
        proof: &Digest,
        contract: &ContractNumber,
        system: SystemId,
        key: &PublicKey,
    ) -> bool {
        let right = self.proof(contract, system, key);
        right.as_bytes().iter().zip(proof.as_bytes()).fold(0, |differ, (a, b)| differ | (a ^ b)) == 0
    }
}

impl fmt::Debug for EnrollmentSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EnrollmentSecret(hidden)")
    }
}

impl Serialize for EnrollmentSecret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64.encode(self.0))
    }
}

impl<'de> Deserialize<'de> for EnrollmentSecret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes =
            BASE64.decode(String::deserialize(deserializer)?).ok().and_then(|bytes| bytes.try_into().ok());
        bytes
            .map(Self)
            .ok_or_else(|| serde::de::Error::custom("the enrollment secret is not 32 bytes in base64"))
    }
}
