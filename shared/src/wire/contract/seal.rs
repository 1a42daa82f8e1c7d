//! The contract as a file: sealed by the vendor, opened and believed by others.
//!
//! One file: TOML (UTF-8, LF) followed by the vendor key's armored OpenSSH signature over every byte before it. It may pass
//! through mail and editors that turn LF into CRLF. [`SealedContract::open`] proves only that nobody changed the file since
//! its signer sealed it; whether that signer is *the* vendor is the reader's question ([`SealedContract::trusted_by`]). What is
//! wrong is said in words for the person who was given the file.

use std::path::Path;

use super::Contract;
use crate::config_file;
use crate::wire::id::SystemId;
use crate::wire::signature::{Namespace, PublicKey, Signature, SignatureError, SigningKey};

/// What the seal begins with.
const BEGIN_SIGNATURE: &str = "-----BEGIN SSH SIGNATURE-----";
/// Largest contract file, in bytes.
const LARGEST: usize = 64 * 1024;

impl Contract {
    /// The contract file: this contract, sealed with the vendor's key.
    ///
    /// # Panics
    /// Never: a contract is plain TOML.
    #[must_use]
    pub fn seal(&self, vendor: &SigningKey) -> String {
        let head = format!(
            "# Mailbeat service contract {} for {}. Do not edit: the signature at the end covers every byte.\n",
            self.number, self.customer
        );
        let text = head + &toml::to_string(self).expect("a contract is plain TOML");
        let signature = vendor.sign(Namespace::Contract, text.as_bytes());
        text + &signature
    }
}

/// A contract file whose seal is whole: nobody changed it since its signer sealed it.
#[derive(Clone, Debug)]
pub struct SealedContract {
    /// The terms.
    pub contract: Contract,
    /// The file with LF line ends, to keep and to verify again.
    pub file: String,
}

/// Why a contract file is refused.
#[derive(Debug, thiserror::Error)]
pub enum ContractError {
    /// It has no signature or is not text.
    #[error("not a contract file: {0}")]
    NotAContract(&'static str),
    /// The seal is broken.
    #[error("the contract was altered after it was issued, or damaged on the way: {0}")]
    Seal(#[from] SignatureError),
    /// The text is not a contract this program understands.
    #[error("{0}")]
    Terms(#[from] config_file::ConfigError),
    /// The terms make no sense.
    #[error("the contract cannot be used: {0}")]
    Senseless(&'static str),
}

impl SealedContract {
    /// Reads a contract file and checks its seal against the key it names itself.
    ///
    /// # Errors
    /// [`ContractError`], in words for the person who was given the file.
    pub fn open(bytes: &[u8]) -> Result<Self, ContractError> {
        if bytes.len() > LARGEST {
            return Err(ContractError::NotAContract("it is larger than a contract can be"));
        }
        let text =
            std::str::from_utf8(bytes).map_err(|_| ContractError::NotAContract("it is not UTF-8 text"))?;
        let file = text.trim_start_matches('\u{FEFF}').replace("\r\n", "\n");
        let split =
            file.rfind(BEGIN_SIGNATURE).ok_or(ContractError::NotAContract("it holds no signature"))?;
        let (terms, armored) = file.split_at(split);
        let signature = Signature::parse(armored.as_bytes())?;
        signature.verify(signature.signer(), Namespace::Contract, terms.as_bytes())?;
        let contract: Contract = config_file::parse(Path::new("contract"), terms)?;
        if &contract.vendor_key != signature.signer() {
            return Err(SignatureError::OtherKey(signature.signer().fingerprint()).into());
        }
        contract.check().map_err(ContractError::Senseless)?;
        Ok(Self { contract, file })
    }

    /// Whether the contract comes from the vendor whose key was pinned: signed by it, or by a successor it signed.
    #[must_use]
    pub fn trusted_by(&self, pinned: &PublicKey) -> bool {
        let key = &self.contract.vendor_key;
        let vouched = |armored: &String| {
            Signature::parse(armored.as_bytes()).is_ok_and(|signature| {
                signature.verify(pinned, Namespace::Rotate, &successor_statement(key)).is_ok()
            })
        };
        key == pinned || self.contract.vendor_succession.iter().any(vouched)
    }
}

/// What an old vendor key signs to name its successor.
#[must_use]
pub fn successor_statement(new: &PublicKey) -> Vec<u8> {
    [b"mailbeat-vendor-key-v1\0".as_slice(), &new.bytes()].concat()
}

/// What a system's old key signs to name the next one: system id (16 bytes) and new public key (32 bytes), in namespace
/// `mailbeat-rotate`.
#[must_use]
pub fn rotation_statement(system: SystemId, new: &PublicKey) -> Vec<u8> {
    [system.as_bytes().as_slice(), &new.bytes()].concat()
}
