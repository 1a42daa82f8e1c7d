//! Google's service accounts: the key file as downloaded, and the assertion that asks for a mailbox's token.

use std::path::Path;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

use super::assertion::{Algorithm, Key, Signer};
use crate::transport::outcome::{Failure, FailureKind};
use crate::transport::secret::Secret;

/// The parts of the key file that are used.
#[derive(Deserialize)]
pub(super) struct ServiceAccount {
    client_email: String,
    private_key_id: String,
    private_key: Secret,
    /// Where tokens are given.
    pub(super) token_uri: Option<String>,
}

impl ServiceAccount {
    /// Reads the file. What is wrong with it is said without its words: it holds a key.
    pub(super) fn read(file: &Path) -> Result<Self, Failure> {
        let unusable = |why: &str| {
            Failure::new(FailureKind::Settings, format!("service_account_file {}: {why}", file.display()))
        };
        let text = std::fs::read(file).map_err(|error| unusable(&error.to_string()))?;
        serde_json::from_slice(&text).map_err(|_| {
            unusable("not the JSON key of a service account, as Google Cloud's console makes it")
        })
    }

    /// The statement that asks for a token for this mailbox (RFC 7523 section 2.1).
    pub(super) fn assertion(
        &self,
        mailbox: &str,
        scopes: &[String],
        audience: &str,
        now: Timestamp,
    ) -> Result<Secret, Failure> {
        let key = Key::from_pem(self.private_key.expose().as_bytes(), "the service account's private_key")?;
        let signer = Signer {
            key: &key,
            wish: None,
            rsa: Algorithm::Rs256,
            names_key: ("kid", self.private_key_id.clone()),
        };
        let claims = json!({
            "iss": self.client_email,
            "sub": mailbox,
            "scope": scopes.join(" "),
            "aud": audience,
        });
        signer.sign(claims, now)
    }
}
