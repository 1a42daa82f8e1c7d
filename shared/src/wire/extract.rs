//! Taking report and signature out of a mail as it arrived, and the way from bytes to a believed report.
//!
//! Trusts nothing: gateways retype attachments, wrap mails in journals and forwards, add banners, strip parts, encrypt, or pack
//! everything into winmail.dat; attackers nest thousands of messages. Types remember how far belief goes:
//! raw bytes -> [`Signed`] -> [`Verified`] -> `Report`, each made in one place.

mod believed;
mod bounce;
mod nested;

use mail_parser::{Message, MessageParser, MessagePart, MimeHeaders, PartType};

pub use self::believed::{Claim, SelfSigned, Signed, Verified};
pub use self::bounce::Bounce;
use super::mail::{REPORT_NAME, REPORT_TYPE, SEALED_NAME, SEALED_TYPE, SIGNATURE_NAME, SIGNATURE_TYPE};
use super::sealed::Sealed;
use super::signature::Signature;

/// How deep reports are looked for in messages that lie in messages: a journal's envelope is one, a forward another.
const LOOKED_INTO: usize = 2;

/// What a mail turned out to be.
#[derive(Debug)]
pub enum Extracted {
    /// It holds one report and one signature.
    Signed(Box<Signed>),
    /// It holds one encrypted report and one signature.
    Sealed(Box<Sealed>),
    /// It means to be a report and cannot be taken.
    Broken(Broken),
    /// It is no report.
    Other(Other),
}

/// Why a mail that means to be a report cannot be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Broken {
    /// More than one report or signature.
    #[error("more than one report or signature is attached")]
    Ambiguous,
    /// One of the two attachments is gone.
    #[error("an attachment is missing; a gateway may have stripped it")]
    PartMissing,
    /// The attached signature is not one.
    #[error("the attached signature is not an OpenSSH signature")]
    SignatureUnreadable,
    /// Outlook's TNEF packed the attachments.
    #[error("the attachments are packed in winmail.dat; let the mail system send MIME")]
    Winmail,
    /// A gateway encrypted the mail.
    #[error("the mail is encrypted")]
    Encrypted,
    /// Not a mail.
    #[error("not a mail")]
    Unparsable,
}

/// What a mail is that is no report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Other {
    /// A delivery status notification (RFC 3464).
    Bounce(Bounce),
    /// A vacation notice or other automatic reply (RFC 3834).
    AutoReply,
    /// Anything else.
    Unrelated,
}

/// Takes a mail apart.
#[must_use]
pub fn extract(raw: &[u8]) -> Extracted {
    let raw = nested::shallow(raw);
    let Some(mail) = MessageParser::default().parse(&raw) else {
        return Extracted::Broken(Broken::Unparsable);
    };
    let mut found = Found::default();
    found.search(&mail, 0);
    match (found.reports.as_slice(), found.signatures.as_slice()) {
        ([], []) if found.means_to_be_a_report => Extracted::Broken(found.missing()),
        ([], []) => Extracted::Other(other(&mail)),
        ([report], [signature]) => match (Signature::parse(signature), report) {
            (Ok(signature), Attached::Plain(report)) => {
                Extracted::Signed(Box::new(Signed::new(report.clone(), signature)))
            }
            (Ok(signature), Attached::Sealed(report)) => {
                Extracted::Sealed(Box::new(Sealed::new(report.clone(), signature)))
            }
            (Err(_), _) => Extracted::Broken(Broken::SignatureUnreadable),
        },
        ([], _) | (_, []) => Extracted::Broken(found.missing()),
        _ => Extracted::Broken(Broken::Ambiguous),
    }
}

/// An attached report.
enum Attached {
    Plain(Vec<u8>),
    Sealed(Vec<u8>),
}

#[derive(Default)]
struct Found {
    reports: Vec<Attached>,
    signatures: Vec<Vec<u8>>,
    means_to_be_a_report: bool,
    winmail: bool,
    encrypted: bool,
}

impl Found {
    /// Looks through a message and the messages forwarded in it.
    fn search(&mut self, mail: &Message<'_>, depth: usize) {
        let hinted =
            |header: &mail_parser::Header<'_>| header.name().to_ascii_lowercase().starts_with("mailbeat-");
        self.means_to_be_a_report |= mail.headers().iter().any(hinted);
        for part in &mail.parts {
            match (nested::inside(mail, part), &part.body) {
                (Some(raw), _) if depth < LOOKED_INTO => {
                    let raw = nested::shallow(&raw);
                    if let Some(inner) = MessageParser::default().parse(&raw) {
                        self.search(&inner, depth + 1);
                    }
                }
                (Some(_), _) | (None, PartType::Multipart(_) | PartType::Message(_)) => {
                    self.note_packing(part)
                }
                (None, _) => self.take(part),
            }
        }
    }

    fn take(&mut self, part: &MessagePart<'_>) {
        let is = |wanted_type: &str, wanted_name: &str| {
            content_type(part).eq_ignore_ascii_case(wanted_type)
                || part.attachment_name().is_some_and(|name| name.trim().eq_ignore_ascii_case(wanted_name))
        };
        if is(REPORT_TYPE, REPORT_NAME) {
            self.reports.push(Attached::Plain(part.contents().to_vec()));
        } else if is(SEALED_TYPE, SEALED_NAME) {
            self.reports.push(Attached::Sealed(part.contents().to_vec()));
        } else if is(SIGNATURE_TYPE, SIGNATURE_NAME) {
            self.signatures.push(part.contents().to_vec());
        } else {
            self.note_packing(part);
        }
    }

    fn note_packing(&mut self, part: &MessagePart<'_>) {
        let content_type = content_type(part).to_ascii_lowercase();
        let named = |wanted| part.attachment_name().is_some_and(|name| name.eq_ignore_ascii_case(wanted));
        self.winmail |= content_type == "application/ms-tnef" || named("winmail.dat");
        self.encrypted |= matches!(
            content_type.as_str(),
            "multipart/encrypted"
                | "application/pgp-encrypted"
                | "application/pkcs7-mime"
                | "application/x-pkcs7-mime"
        );
    }

    fn missing(&self) -> Broken {
        match (self.winmail, self.encrypted) {
            (true, _) => Broken::Winmail,
            (_, true) => Broken::Encrypted,
            _ => Broken::PartMissing,
        }
    }
}

fn content_type(part: &MessagePart<'_>) -> String {
    part.content_type().map_or_else(String::new, |full| match full.subtype() {
        Some(subtype) => format!("{}/{subtype}", full.ctype()),
        None => full.ctype().to_owned(),
    })
}

fn other(mail: &Message<'_>) -> Other {
    let root = mail.root_part();
    let is_status_report = content_type(root).eq_ignore_ascii_case("multipart/report")
        && mail.parts.iter().any(|part| content_type(part).eq_ignore_ascii_case("message/delivery-status"));
    if is_status_report {
        return Other::Bounce(bounce::read(mail));
    }
    let says = |name: &str, test: &dyn Fn(&str) -> bool| {
        mail.header_raw(name).is_some_and(|value| test(&value.trim().to_ascii_lowercase()))
    };
    let automatic = says("Auto-Submitted", &|value| !value.starts_with("no"))
        || says("Precedence", &|value| matches!(value, "bulk" | "junk" | "list" | "auto_reply"))
        || mail.header("X-Autoreply").is_some()
        || mail.header("X-Autorespond").is_some();
    if automatic { Other::AutoReply } else { Other::Unrelated }
}
