//! What became of a mail, each outcome with a named reason: the same word in log, tables, pages and tests.

use std::fmt;
use std::str::FromStr;

use crate::filing::Target;

use mailbeat_shared::wire::extract::Broken;

/// What became of one mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// A genuine report, recorded.
    Accepted,
    /// A report that was recorded before.
    Duplicate,
    /// Nothing to record.
    Ignored(IgnoreReason),
    /// Kept aside until somebody looks.
    Quarantined(QuarantineReason),
}

macro_rules! reasons {
    ($(#[$about:meta])* $name:ident { $($variant:ident = $word:literal, $say:literal;)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $(#[doc = $say] $variant,)*
        }

        impl $name {
            /// Every reason there is.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The word in tables, logs and `--json`.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $(Self::$variant => $say),* })
            }
        }

        impl FromStr for $name {
            type Err = UnknownReason;
            fn from_str(word: &str) -> Result<Self, UnknownReason> {
                Self::ALL.iter().copied().find(|reason| reason.as_str() == word).ok_or_else(|| UnknownReason(word.to_owned()))
            }
        }
    };
}

reasons! {
    /// Why a mail is ignored.
    IgnoreReason {
        Bounce = "bounce", "a delivery status notification";
        AutoReply = "auto_reply", "an automatic reply";
        Unrelated = "unrelated", "not a report";
        ContractEnded = "contract_ended", "the contract has ended; counted, not stored";
    }
}

reasons! {
    /// Why a mail is quarantined.
    QuarantineReason {
        Ambiguous = "ambiguous", "more than one report or signature is attached";
        PartMissing = "part_missing", "an attachment is missing; a gateway may have stripped it";
        SignatureUnreadable = "signature_unreadable", "the attached signature cannot be read";
        Winmail = "winmail", "the attachments are packed in winmail.dat";
        Encrypted = "encrypted", "the mail is encrypted";
        KeyMissing = "key_missing", "the report is encrypted for a key that is not here";
        TooLarge = "too_large", "the mail is larger than is downloaded";
        NotGiven = "not_given", "the mail server does not give it";
        Unparsable = "unparsable", "not a mail";
        BadSignature = "bad_signature", "the signature does not fit the report";
        NotEnrolled = "not_enrolled", "the key is not admitted";
        RevokedKey = "revoked_key", "the key was revoked";
        WrongSystem = "wrong_system", "the report names another system than its key's";
        WrongContract = "wrong_contract", "the report names another contract than its key's";
        UnknownContract = "unknown_contract", "no such contract";
        Conflict = "conflict", "another report with this id is recorded";
        NewerVersion = "newer_version", "made by a newer agent than this receiver reads";
        Malformed = "malformed", "not a report this program reads";
        OverLimit = "over_limit", "something in it is over its limit";
        TooMany = "too_many", "more reports in an hour than a system may send";
        Poison = "poison", "the program failed on it";
        NotRecorded = "not_recorded", "the database refused it";
    }
}

/// A word that is no reason.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is not a reason this program knows")]
pub struct UnknownReason(String);

impl Verdict {
    /// One word for counters and logs: `accepted`, `duplicate`, or the reason.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Duplicate => "duplicate",
            Self::Ignored(reason) => reason.as_str(),
            Self::Quarantined(reason) => reason.as_str(),
        }
    }

    /// The folder the mail is moved to.
    #[must_use]
    pub fn target(self) -> Target {
        match self {
            Self::Quarantined(_) => Target::Quarantine,
            _ => Target::Processed,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accepted => f.write_str("Accepted"),
            Self::Duplicate => f.write_str("Duplicate"),
            Self::Ignored(reason) => write!(f, "Ignored: {reason}"),
            Self::Quarantined(reason) => write!(f, "Quarantined: {reason}"),
        }
    }
}

impl From<Broken> for QuarantineReason {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::Ambiguous => Self::Ambiguous,
            Broken::PartMissing => Self::PartMissing,
            Broken::SignatureUnreadable => Self::SignatureUnreadable,
            Broken::Winmail => Self::Winmail,
            Broken::Encrypted => Self::Encrypted,
            Broken::Unparsable => Self::Unparsable,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_reads_back_from_its_word_and_only_the_quarantined_go_to_quarantine() {
        for &reason in QuarantineReason::ALL {
            assert_eq!(reason.as_str().parse::<QuarantineReason>().unwrap(), reason);
            assert_eq!(Verdict::Quarantined(reason).target(), Target::Quarantine);
        }
        for &reason in IgnoreReason::ALL {
            assert_eq!(reason.as_str().parse::<IgnoreReason>().unwrap(), reason);
            assert_eq!(Verdict::Ignored(reason).target(), Target::Processed);
        }
        assert!("nonsense".parse::<Target>().is_err());
    }

    #[test]
    fn a_verdict_is_one_word_for_counters_and_says_its_reason_to_people() {
        let said = |verdict: Verdict| (verdict.as_str(), verdict.to_string());
        assert_eq!(said(Verdict::Accepted), ("accepted", "Accepted".to_owned()));
        assert_eq!(said(Verdict::Duplicate), ("duplicate", "Duplicate".to_owned()));
        let ignored = said(Verdict::Ignored(IgnoreReason::Unrelated));
        assert_eq!(ignored, ("unrelated", "Ignored: not a report".to_owned()));
        let set_aside = said(Verdict::Quarantined(QuarantineReason::NotEnrolled));
        assert_eq!(set_aside, ("not_enrolled", "Quarantined: the key is not admitted".to_owned()));
    }
}
