//! The half of intake that needs no state: take a mail apart, check its signature, decode it, compress it.
//!
//! Costs most of the time, knows nothing, and runs on worker threads. A panic in a parser becomes a quarantined mail.
//! What comes out is whole in itself and nobody's yet: who may speak for which system is decided in the transaction.

use std::panic::{AssertUnwindSafe, catch_unwind};

use mailbeat_shared::wire::extract::{Bounce, Extracted, Other, Signed, Verified, extract};
use mailbeat_shared::wire::id::Digest;
use mailbeat_shared::wire::report::{DecodeError, Report};
use mailbeat_shared::wire::sealed::OpenError;
use mailbeat_shared::wire::signature::PublicKey;
use mailbeat_shared::wire::{limits, report};

use super::verdict::{IgnoreReason, QuarantineReason};
use crate::keyring::Keyring;
use crate::store::{Claimed, Kept, PackedReport, pack};

/// Largest raw mail kept in quarantine, in bytes; a larger one stays in the mailbox's Quarantine folder only.
const KEPT_RAW_BYTES: usize = 1024 * 1024;

/// A mail taken apart.
#[derive(Debug)]
pub struct Prepared(pub(super) What);

#[derive(Debug)]
pub(super) enum What {
    /// A report, whole in itself.
    Candidate(Box<Candidate>),
    /// Something to be looked at.
    Refused(Box<Refused>),
    /// No report.
    Ignored(IgnoreReason, Option<Bounce>),
}

/// A report signed by the key inside its signature. Decoded ahead, to keep the writer free; [`Candidate::report`] is to be
/// believed only once the signer's key is admitted, and until then serves to find the proof that admits it.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) signer: PublicKey,
    pub(super) key: [u8; 32],
    pub(super) report: Report,
    pub(super) digest: Digest,
    pub(super) packed: PackedReport,
}

/// What cannot be taken as a report.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) reason: QuarantineReason,
    pub(super) detail: String,
    pub(super) claimed: Claimed,
    /// `None`: nothing of it was read; it is known by its place.
    pub(super) digest: Option<Digest>,
    pub(super) kept: Kept,
}

impl Candidate {
    pub(super) fn claimed(&self) -> Claimed {
        Claimed {
            signer: Some(self.key),
            system: Some(self.report.system),
            contract: self.report.contract.as_str().to_owned(),
            host: self.report.agent.host.clone(),
            sequence: self.report.sequence,
        }
    }
}

impl Prepared {
    /// A mail that ended the process or the session before: not fetched again.
    #[must_use]
    pub fn poison() -> Self {
        Self::unread(
            QuarantineReason::Poison,
            "reading it ended the program or the session again and again".into(),
        )
    }

    /// A mail that the mail server does not give, with its words.
    #[must_use]
    pub fn not_given(words: &str) -> Self {
        Self::unread(QuarantineReason::NotGiven, words.to_owned())
    }

    /// A mail larger than is downloaded.
    #[must_use]
    pub fn too_large(bytes: u64) -> Self {
        let detail = format!("{bytes} bytes; the limit is {}", limits::MAIL_BYTES);
        Self::unread(QuarantineReason::TooLarge, detail)
    }

    fn unread(reason: QuarantineReason, detail: String) -> Self {
        let (claimed, kept) = (Claimed::default(), Kept::Nothing);
        Self(What::Refused(Box::new(Refused { reason, detail, claimed, digest: None, kept })))
    }

    /// Bytes worth counting while the mail waits to be recorded.
    #[must_use]
    pub fn weight(&self) -> usize {
        match &self.0 {
            // The decoded report takes a few times the room of its compressed form.
            What::Candidate(candidate) => {
                2 * candidate.packed.report_bytes as usize + candidate.packed.content.len()
            }
            What::Refused(refused) => match &refused.kept {
                Kept::Report(packed) | Kept::Mail(packed) => packed.content.len(),
                Kept::Nothing => 0,
            },
            What::Ignored(..) => 0,
        }
    }
}

/// Takes a mail apart as it came from the server. Never panics.
#[must_use]
pub fn prepare(raw: &[u8], keyring: &Keyring) -> Prepared {
    if raw.len() as u64 > limits::MAIL_BYTES {
        return Prepared::too_large(raw.len() as u64);
    }
    catch_unwind(AssertUnwindSafe(|| taken_apart(raw, keyring)))
        .unwrap_or_else(|_| refused_raw(raw, QuarantineReason::Poison, "the parser failed on it".into()))
}

fn taken_apart(raw: &[u8], keyring: &Keyring) -> Prepared {
    match extract(raw) {
        Extracted::Signed(signed) => believed(raw, *signed),
        Extracted::Sealed(sealed) => match sealed.open(keyring.keys()) {
            Ok(signed) => believed(raw, signed),
            Err(error) => refused_raw(raw, unopened(&error), error.to_string()),
        },
        Extracted::Broken(broken) => refused_raw(raw, broken.into(), broken.to_string()),
        Extracted::Other(Other::Bounce(bounce)) => {
            Prepared(What::Ignored(IgnoreReason::Bounce, Some(bounce)))
        }
        Extracted::Other(Other::AutoReply) => Prepared(What::Ignored(IgnoreReason::AutoReply, None)),
        Extracted::Other(Other::Unrelated) => Prepared(What::Ignored(IgnoreReason::Unrelated, None)),
    }
}

fn believed(raw: &[u8], signed: Signed) -> Prepared {
    let signer = signed.signer().bytes();
    signed.verify_self().map_or_else(
        |error| forged(refused_raw(raw, QuarantineReason::BadSignature, error.to_string()), signer),
        |whole| decoded(whole.admitted()),
    )
}

fn unopened(error: &OpenError) -> QuarantineReason {
    match error {
        OpenError::NotForUs => QuarantineReason::KeyMissing,
        OpenError::Damaged(_) => QuarantineReason::Malformed,
        OpenError::OverLimit(_) => QuarantineReason::OverLimit,
    }
}

/// Checks and decodes a report taken from elsewhere than a mail. Never panics.
#[must_use]
pub fn prepare_signed(signed: Signed) -> Prepared {
    let decode = || match signed.verify_self() {
        Ok(whole) => decoded(whole.admitted()),
        Err(error) => Prepared::unread(QuarantineReason::BadSignature, error.to_string()),
    };
    catch_unwind(AssertUnwindSafe(decode))
        .unwrap_or_else(|_| Prepared::unread(QuarantineReason::Poison, "the parser failed on it".into()))
}

/// Whose key it pretends to be signed with; not one byte of the report is decoded.
fn forged(prepared: Prepared, signer: [u8; 32]) -> Prepared {
    match prepared.0 {
        What::Refused(mut refused) => {
            refused.claimed.signer = Some(signer);
            Prepared(What::Refused(refused))
        }
        other => Prepared(other),
    }
}

fn decoded(whole: Verified) -> Prepared {
    let signer = whole.signature().signer().clone();
    let (key, digest) = (signer.bytes(), whole.digest());
    let packed = PackedReport::pack(whole.bytes(), &whole.signature().armored());
    let refused = |reason, detail: String, packed| {
        let claimed = Claimed { signer: Some(key), ..Claimed::default() };
        let kept = Kept::Report(packed);
        Prepared(What::Refused(Box::new(Refused { reason, detail, claimed, digest: Some(digest), kept })))
    };
    match whole.decode() {
        Ok(report) if !fits(&report) => {
            refused(QuarantineReason::OverLimit, "a sequence beyond 2^63".into(), packed)
        }
        Ok(report) => Prepared(What::Candidate(Box::new(Candidate { signer, key, report, digest, packed }))),
        Err(error) => {
            let reason = match error {
                DecodeError::NewerVersion(_) => QuarantineReason::NewerVersion,
                DecodeError::Malformed(_) => QuarantineReason::Malformed,
                DecodeError::OverLimit { .. } => QuarantineReason::OverLimit,
            };
            refused(reason, error.to_string(), packed)
        }
    }
}

/// Sequences are kept as signed 64-bit numbers.
fn fits(report: &report::Report) -> bool {
    i64::try_from(report.sequence).is_ok()
}

fn refused_raw(raw: &[u8], reason: QuarantineReason, detail: String) -> Prepared {
    let kept = if raw.len() <= KEPT_RAW_BYTES {
        let report_bytes = u32::try_from(raw.len()).unwrap_or(u32::MAX);
        Kept::Mail(PackedReport { report_bytes, content: pack(raw) })
    } else {
        Kept::Nothing
    };
    let (claimed, digest) = (Claimed::default(), Some(Digest::of(raw)));
    Prepared(What::Refused(Box::new(Refused { reason, detail, claimed, digest, kept })))
}
