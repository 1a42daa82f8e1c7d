//! How far a report may be believed, remembered by types: [`Signed`] -> [`SelfSigned`] or [`Verified`] -> `Report`.

use crate::wire::id::{ContractNumber, Digest, SystemId};
use crate::wire::report::{DecodeError, Identity, Report};
use crate::wire::signature::{Namespace, PublicKey, Signature, SignatureError};

/// A report and its signature as they came; nothing is proven.
#[derive(Clone, Debug)]
pub struct Signed {
    report: Vec<u8>,
    signature: Signature,
}

/// Bytes a known key signed.
#[derive(Clone, Debug)]
pub struct Verified {
    report: Vec<u8>,
    signature: Signature,
}

impl Signed {
    /// Puts together what was taken from elsewhere than a mail, for example the store.
    #[must_use]
    pub fn new(report: Vec<u8>, signature: Signature) -> Self {
        Self { report, signature }
    }

    /// The key inside the signature: by it the registered system is found.
    #[must_use]
    pub fn signer(&self) -> &PublicKey {
        self.signature.signer()
    }

    /// Proves that `key` signed these bytes. Bytes a gateway gave CRLF line ends are tried with LF too: a report's JSON holds
    /// no raw line break inside its strings, so both say the same.
    ///
    /// # Errors
    /// [`SignatureError`]: the mail is quarantined with it as the reason.
    pub fn verify(mut self, key: &PublicKey) -> Result<Verified, SignatureError> {
        let first = self.signature.verify(key, Namespace::Report, &self.report);
        if first == Err(SignatureError::Altered) && self.report.contains(&b'\r') {
            self.report.retain(|byte| *byte != b'\r');
            self.signature.verify(key, Namespace::Report, &self.report)?;
        } else {
            first?;
        }
        Ok(Verified { report: self.report, signature: self.signature })
    }

    /// Proves that the embedded key signed these bytes: whole, but by whom is open. Good for one thing: reading the identity,
    /// to look for a proof that admits the key.
    ///
    /// # Errors
    /// [`SignatureError`].
    pub fn verify_self(self) -> Result<SelfSigned, SignatureError> {
        let key = self.signer().clone();
        self.verify(&key).map(SelfSigned)
    }
}

/// Bytes signed by the key inside the signature, whoever's it is.
#[derive(Clone, Debug)]
pub struct SelfSigned(Verified);

/// Who a self-signed report says it is.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The system it says it is.
    pub system: SystemId,
    /// The contract it says it is under.
    pub contract: ContractNumber,
    /// Its key and the proof.
    pub identity: Identity,
}

impl SelfSigned {
    /// Who the report says it is; to be believed only if the proof holds.
    ///
    /// # Errors
    /// [`DecodeError`].
    pub fn claim(&self) -> Result<Claim, DecodeError> {
        let report = Report::decode(&self.0.report)?;
        Ok(Claim { system: report.system, contract: report.contract, identity: report.identity })
    }

    /// The bytes, believed now that the key was admitted.
    #[must_use]
    pub fn admitted(self) -> Verified {
        self.0
    }
}

impl Verified {
    /// The signed bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.report
    }

    /// The signature over them.
    #[must_use]
    pub fn signature(&self) -> &Signature {
        &self.signature
    }

    /// The plain digest of the signed bytes, as the next report's `previous` names it.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(&self.report)
    }

    /// The report the bytes hold.
    ///
    /// # Errors
    /// [`DecodeError`].
    pub fn decode(&self) -> Result<Report, DecodeError> {
        Report::decode(&self.report)
    }
}
