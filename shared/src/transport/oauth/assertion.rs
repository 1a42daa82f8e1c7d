//! Signed statements about ourselves (JWT, RFC 7519): who the application is (RFC 7523 section 2.2), or for which mailbox a
//! service account acts (section 2.1). Signed by ring; keys are read for each use and never kept.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding, RsaKeyPair,
};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::transport::outcome::{Failure, FailureKind};
use crate::transport::secret::Secret;

/// How long an assertion is good for, in seconds: for the request it is made for, and clocks that differ a little.
const LIFE_S: i64 = 300;

/// How assertions are signed (RFC 7518 section 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Algorithm {
    /// RSA, PKCS #1 v1.5, SHA-256.
    Rs256,
    /// RSA, PSS, SHA-256.
    Ps256,
    /// ECDSA over P-256, SHA-256.
    Es256,
}

impl Algorithm {
    fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
            Self::Es256 => "ES256",
        }
    }
}

/// A private key that can sign.
pub(super) enum Key {
    Rsa(Box<RsaKeyPair>),
    Ec(Box<EcdsaKeyPair>),
}

impl Key {
    /// Reads a PEM text; `what` names where it is from.
    pub(super) fn from_pem(pem: &[u8], what: &str) -> Result<Self, Failure> {
        let unusable = |why: &str| Failure::new(FailureKind::Settings, format!("{what}: {why}"));
        let key = PrivateKeyDer::from_pem_slice(pem)
            .map_err(|_| unusable("no private key in it; it must be PEM and not encrypted"))?;
        let rsa = |key: Result<RsaKeyPair, ring::error::KeyRejected>| key.map(|key| Self::Rsa(Box::new(key)));
        let der = key.secret_der();
        let read = match &key {
            PrivateKeyDer::Pkcs1(_) => rsa(RsaKeyPair::from_der(der)),
            PrivateKeyDer::Pkcs8(_) => rsa(RsaKeyPair::from_pkcs8(der)).or_else(|_| {
                EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der, &SystemRandom::new())
                    .map(|key| Self::Ec(Box::new(key)))
            }),
            _ => {
                return Err(unusable(
                    "this form of an EC key is not read; `openssl pkcs8 -topk8 -nodes` converts it",
                ));
            }
        };
        read.map_err(|_| unusable("the key is neither RSA of 2048 to 4096 bits nor EC on P-256"))
    }

    /// Reads a PEM file.
    pub(super) fn read(file: &Path) -> Result<Self, Failure> {
        Self::from_pem(&bytes("key_file", file)?, &format!("key_file {}", file.display()))
    }

    /// The algorithm to sign with: the wish, where the key can.
    fn algorithm(&self, wish: Option<Algorithm>, rsa: Algorithm) -> Result<Algorithm, Failure> {
        let wish = wish.unwrap_or(if matches!(self, Self::Ec(_)) { Algorithm::Es256 } else { rsa });
        match (self, wish) {
            (Self::Ec(_), Algorithm::Es256) | (Self::Rsa(_), Algorithm::Rs256 | Algorithm::Ps256) => Ok(wish),
            _ => {
                let text = format!("`algorithm` is {} and the key of another kind", wish.name());
                Err(Failure::new(FailureKind::Settings, text))
            }
        }
    }

    fn sign(&self, algorithm: Algorithm, text: &[u8]) -> Result<Vec<u8>, Failure> {
        let random = SystemRandom::new();
        let failed = |_| Failure::new(FailureKind::Settings, "the key cannot sign");
        match self {
            Self::Ec(key) => Ok(key.sign(&random, text).map_err(failed)?.as_ref().to_vec()),
            Self::Rsa(key) => {
                let padding: &dyn RsaEncoding =
                    if algorithm == Algorithm::Ps256 { &RSA_PSS_SHA256 } else { &RSA_PKCS1_SHA256 };
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(padding, &random, text, &mut signature).map_err(failed)?;
                Ok(signature)
            }
        }
    }
}

/// How to sign: with which key, in which way, and what the header says of it.
pub(super) struct Signer<'a> {
    pub(super) key: &'a Key,
    pub(super) wish: Option<Algorithm>,
    /// The algorithm for an RSA key where none is wished for.
    pub(super) rsa: Algorithm,
    /// One more field of the header, which names the key.
    pub(super) names_key: (&'static str, String),
}

impl Signer<'_> {
    /// The statement with its times and a number of its own, signed.
    pub(super) fn sign(&self, mut claims: Value, now: Timestamp) -> Result<Secret, Failure> {
        let algorithm = self.key.algorithm(self.wish, self.rsa)?;
        let mut header = json!({ "alg": algorithm.name(), "typ": "JWT" });
        header[self.names_key.0] = self.names_key.1.clone().into();
        let mut number = [0; 16];
        let no_random = |_| Failure::new(FailureKind::Settings, "the system gives no random bytes");
        SystemRandom::new().fill(&mut number).map_err(no_random)?;
        claims["jti"] = URL_SAFE_NO_PAD.encode(number).into();
        claims["iat"] = now.as_second().into();
        claims["nbf"] = now.as_second().into();
        claims["exp"] = (now.as_second() + LIFE_S).into();
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let text = format!("{}.{}", part(&header), part(&claims));
        let signature = URL_SAFE_NO_PAD.encode(self.key.sign(algorithm, text.as_bytes())?);
        Ok(Secret::new(format!("{text}.{signature}")))
    }
}

/// The first certificate of a PEM file.
pub(super) fn certificate(file: &Path) -> Result<CertificateDer<'static>, Failure> {
    let none = |_| {
        Failure::new(
            FailureKind::Settings,
            format!("certificate_file {}: no certificate in it", file.display()),
        )
    };
    CertificateDer::from_pem_slice(&bytes("certificate_file", file)?).map_err(none)
}

/// The certificate's thumbprint as a JWT's header has it (RFC 7515 section 4.1.8).
pub(super) fn thumbprint(certificate: &CertificateDer<'_>) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(certificate.as_ref()))
}

fn bytes(key: &str, file: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(file)
        .map_err(|error| Failure::new(FailureKind::Settings, format!("{key} {}: {error}", file.display())))
}

#[cfg(test)]
mod tests {
    use ring::signature::{self, KeyPair as _, UnparsedPublicKey, VerificationAlgorithm};

    use super::*;

    /// Made with `openssl genpkey`; guards nothing.
    const RSA: &str = include_str!("../../../tests/fixtures/rsa.pem");
    const EC: &str = include_str!("../../../tests/fixtures/ec.pem");

    fn parts(token: &Secret) -> (Value, Value, Vec<u8>, String) {
        let (text, signature) = token.expose().rsplit_once('.').unwrap();
        let (header, claims) = text.split_once('.').unwrap();
        let json = |part: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
        (json(header), json(claims), URL_SAFE_NO_PAD.decode(signature).unwrap(), text.to_owned())
    }

    fn public(key: &Key) -> Vec<u8> {
        match key {
            Key::Rsa(key) => key.public_key().as_ref().to_vec(),
            Key::Ec(key) => key.public_key().as_ref().to_vec(),
        }
    }

    fn verified(
        pem: &str,
        wish: Option<Algorithm>,
        with: &'static dyn VerificationAlgorithm,
    ) -> &'static str {
        let key = Key::from_pem(pem.as_bytes(), "key").unwrap();
        let signer =
            Signer { key: &key, wish, rsa: Algorithm::Rs256, names_key: ("x5t#S256", "thumb".into()) };
        let token = signer.sign(json!({ "iss": "app" }), Timestamp::from_second(1_000).unwrap()).unwrap();
        let (header, claims, signature, text) = parts(&token);
        UnparsedPublicKey::new(with, public(&key)).verify(text.as_bytes(), &signature).unwrap();
        assert_eq!((&header["x5t#S256"], &claims["iss"]), (&"thumb".into(), &"app".into()));
        assert_eq!((claims["iat"].as_i64(), claims["exp"].as_i64()), (Some(1_000), Some(1_300)));
        ["RS256", "PS256", "ES256"].into_iter().find(|name| header["alg"] == *name).unwrap()
    }

    #[test]
    fn every_algorithm_makes_a_signature_that_others_verify() {
        assert_eq!(verified(RSA, None, &signature::RSA_PKCS1_2048_8192_SHA256), "RS256");
        assert_eq!(verified(RSA, Some(Algorithm::Ps256), &signature::RSA_PSS_2048_8192_SHA256), "PS256");
        assert_eq!(verified(EC, None, &signature::ECDSA_P256_SHA256_FIXED), "ES256");
    }

    #[test]
    fn a_key_that_does_not_fit_or_is_none_is_named_without_being_shown() {
        let key = Key::from_pem(EC.as_bytes(), "key").unwrap();
        let signer = Signer {
            key: &key,
            wish: Some(Algorithm::Ps256),
            rsa: Algorithm::Rs256,
            names_key: ("kid", "k".into()),
        };
        let refused = signer.sign(json!({}), Timestamp::UNIX_EPOCH).unwrap_err();
        assert!(refused.text.contains("PS256"), "{refused}");
        let none = Key::from_pem(b"geheim", "key_file /k").map(drop).unwrap_err();
        assert!(
            none.text.starts_with("key_file /k: no private key") && !none.text.contains("geheim"),
            "{none}"
        );
    }
}
