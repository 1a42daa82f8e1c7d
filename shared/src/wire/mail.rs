//! Composing mail: the frame around a report, and the plain mails the receiver sends.
//!
//! Deterministic: the same parts make the same bytes (boundaries and Message-ID come from the report id), so that a report sent
//! twice is the same mail twice. The readable parts are for people and prove nothing; report and signature travel as base64
//! attachments, so that no server has a reason to touch them.

use jiff::Timestamp;
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, Body, Mailbox, Message, MessageBuilder, MultiPart, SinglePart};

use super::id::{Digest, ReportId, SystemId};
use super::report::Kind;

/// Content type of the attached `report.json`.
pub const REPORT_TYPE: &str = "application/vnd.mailbeat.report+json";
/// File name of the attached report.
pub const REPORT_NAME: &str = "report.json";
/// Content type of the attached `report.json.age`.
pub const SEALED_TYPE: &str = "application/vnd.mailbeat.report+age";
/// File name of the attached encrypted report.
pub const SEALED_NAME: &str = "report.json.age";
/// Content type of the attached signature.
pub const SIGNATURE_TYPE: &str = "application/vnd.mailbeat.signature";
/// File name of the attached signature.
pub const SIGNATURE_NAME: &str = "report.json.sig";
/// Content type of an attached contract.
pub const CONTRACT_TYPE: &str = "application/vnd.mailbeat.contract";

/// A mail that cannot be composed: an address that is none.
#[derive(Debug, thiserror::Error)]
pub enum ComposeError {
    /// The text is not a mail address.
    #[error("{address:?} is not a mail address: {error}")]
    Address {
        /// The text.
        address: String,
        /// What is wrong with it.
        error: String,
    },
    /// The library refused.
    #[error("the mail cannot be composed: {0}")]
    Message(#[from] lettre::error::Error),
}

/// What every mail has.
#[derive(Clone, Debug)]
pub struct Frame<'a> {
    /// Sender: an address, or `Name <address>`.
    pub from: &'a str,
    /// Recipient.
    pub to: &'a str,
    /// Further recipients shown in the header.
    pub cc: &'a [String],
    /// Subject.
    pub subject: &'a str,
    /// Message-ID without angle brackets.
    pub message_id: &'a str,
    /// The Date header.
    pub date: Timestamp,
    /// What people read.
    pub text: &'a str,
    /// The same as HTML.
    pub html: Option<&'a str>,
}

/// A report ready to be framed: the same for every route.
#[derive(Clone, Debug)]
pub struct ReportParts<'a> {
    /// The report's id.
    pub id: ReportId,
    /// The system's id.
    pub system: SystemId,
    /// The report's kind.
    pub kind: Kind,
    /// Its sequence.
    pub sequence: u64,
    /// `report.json`, the signed bytes.
    pub report: &'a [u8],
    /// `report.json.age`, which travels in place of them.
    pub sealed: Option<&'a [u8]>,
    /// The armored signature.
    pub signature: &'a str,
}

/// The Message-ID of a report's mail, without angle brackets.
#[must_use]
pub fn message_id(report: ReportId, domain: &str) -> String {
    format!("{report}@{domain}")
}

/// A report mail (design: "The report mail").
///
/// # Errors
/// [`ComposeError`] where an address is none.
pub fn compose_report(frame: &Frame<'_>, parts: &ReportParts<'_>) -> Result<Vec<u8>, ComposeError> {
    let id = parts.id.to_string();
    let mut builder = builder(frame)?
        .raw_header(header("Mailbeat-System", parts.system.to_string()))
        .raw_header(header("Mailbeat-Sequence", parts.sequence.to_string()));
    if parts.sealed.is_none() {
        builder = builder.raw_header(header("Mailbeat-Kind", parts.kind.as_str().to_owned()));
    }
    let report = match parts.sealed {
        None => attachment(parts.report, REPORT_TYPE, REPORT_NAME),
        Some(sealed) => attachment(sealed, SEALED_TYPE, SEALED_NAME),
    };
    let signature = attachment(parts.signature.as_bytes(), SIGNATURE_TYPE, SIGNATURE_NAME);
    Ok(builder.multipart(mixed(frame, &id).singlepart(report).singlepart(signature))?.formatted())
}

/// A mail that brings a file. Its name and content type are words without quotes.
///
/// # Errors
/// [`ComposeError`] where an address is none.
pub fn compose_with_file(
    frame: &Frame<'_>,
    file: &[u8],
    content_type: &str,
    name: &str,
) -> Result<Vec<u8>, ComposeError> {
    let mixed = mixed(frame, &boundary_id(frame.message_id));
    Ok(builder(frame)?.multipart(mixed.singlepart(attachment(file, content_type, name)))?.formatted())
}

/// A mail without attachments, in reply to earlier ones where `references` names them (without angle brackets).
///
/// # Errors
/// [`ComposeError`] where an address is none.
pub fn compose_plain(frame: &Frame<'_>, references: &[String]) -> Result<Vec<u8>, ComposeError> {
    let mut builder = builder(frame)?;
    if let Some(last) = references.last() {
        let all: Vec<String> = references.iter().map(|id| format!("<{id}>")).collect();
        builder = builder.in_reply_to(format!("<{last}>")).references(all.join(" "));
    }
    let message = match frame.html {
        None => builder.singlepart(SinglePart::plain(frame.text.to_owned()))?,
        Some(html) => builder.multipart(alternative(frame.text, html, &boundary_id(frame.message_id)))?,
    };
    Ok(message.formatted())
}

fn builder(frame: &Frame<'_>) -> Result<MessageBuilder, ComposeError> {
    let mut builder = Message::builder()
        .from(mailbox(frame.from)?)
        .to(mailbox(frame.to)?)
        .subject(frame.subject)
        .message_id(Some(format!("<{}>", frame.message_id)))
        // A host whose clock was never set still gets its mail out: RFC 5322 dates end at 1970 for the library.
        .date(frame.date.max(Timestamp::UNIX_EPOCH).into())
        // RFC 3834: no vacation notice shall answer a machine.
        .raw_header(header("Auto-Submitted", "auto-generated".to_owned()))
        .raw_header(header("X-Auto-Response-Suppress", "All".to_owned()));
    for cc in frame.cc {
        builder = builder.cc(mailbox(cc)?);
    }
    Ok(builder)
}

fn mailbox(address: &str) -> Result<Mailbox, ComposeError> {
    address.parse().map_err(|error: lettre::address::AddressError| ComposeError::Address {
        address: crate::text::one_line(address, 120),
        error: error.to_string(),
    })
}

/// Whether the text can stand as a sender or recipient: `user@host` or `Name <user@host>`.
#[must_use]
pub fn is_address(text: &str) -> bool {
    mailbox(text).is_ok()
}

/// The bare address of `Name <user@host>`, for the envelope.
#[must_use]
pub fn bare_address(text: &str) -> Option<String> {
    mailbox(text).ok().map(|mailbox| mailbox.email.to_string())
}

fn header(name: &'static str, value: String) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value)
}

/// A boundary has at most 70 characters (RFC 2046 section 5.1.1), a Message-ID may have more and others.
fn boundary_id(message_id: &str) -> String {
    let digest = Digest::of(message_id.as_bytes());
    digest.as_bytes()[..16].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What people read, before attachments.
fn mixed(frame: &Frame<'_>, id: &str) -> MultiPart {
    let mixed = MultiPart::mixed().boundary(format!("mailbeat-{id}"));
    match frame.html {
        None => mixed.singlepart(SinglePart::plain(frame.text.to_owned())),
        Some(html) => mixed.multipart(alternative(frame.text, html, id)),
    }
}

fn alternative(text: &str, html: &str, id: &str) -> MultiPart {
    MultiPart::alternative()
        .boundary(format!("mailbeat-alternative-{id}"))
        .singlepart(SinglePart::plain(text.to_owned()))
        .singlepart(SinglePart::html(html.to_owned()))
}

fn attachment(bytes: &[u8], content_type: &str, name: &str) -> SinglePart {
    let body = Body::new_with_encoding(bytes.to_vec(), ContentTransferEncoding::Base64)
        .expect("base64 carries any bytes");
    let content_type =
        ContentType::parse(&format!("{content_type}; name=\"{name}\"")).expect("a constant type parses");
    Attachment::new(name.to_owned()).body(body, content_type)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(text: &str) -> Frame<'_> {
        Frame {
            from: "agent@acme.example",
            to: "reports@vendor.example",
            cc: &[],
            subject: "[Mailbeat] Heartbeat Müller #7",
            message_id: "0192@vendor.example",
            date: Timestamp::UNIX_EPOCH,
            text,
            html: None,
        }
    }

    #[test]
    fn the_same_report_makes_the_same_mail_to_the_byte() {
        let parts = ReportParts {
            id: ReportId::from_bytes([1; 16]),
            system: SystemId::from_bytes([2; 16]),
            kind: Kind::Heartbeat,
            sequence: 7,
            report: b"{}\n",
            sealed: None,
            signature: "sig",
        };
        let mail = compose_report(&frame("alive\n"), &parts).unwrap();
        assert_eq!(mail, compose_report(&frame("alive\n"), &parts).unwrap());
        let text = String::from_utf8(mail).unwrap();
        for line in [
            "Message-ID: <0192@vendor.example>",
            "Auto-Submitted: auto-generated",
            "Mailbeat-Sequence: 7",
            "Content-Type: application/vnd.mailbeat.report+json; name=\"report.json\"",
            "Content-Transfer-Encoding: base64",
        ] {
            assert!(text.contains(line), "{line} is missing in\n{text}");
        }
    }

    #[test]
    fn a_file_travels_beside_the_text_as_base64_by_its_name() {
        let mail = compose_with_file(
            &frame("see attached\n"),
            b"number = \"ACME-1\"\n",
            CONTRACT_TYPE,
            "ACME-1.2.contract",
        );
        let text = String::from_utf8(mail.unwrap()).unwrap();
        for part in [
            "see attached",
            "Content-Type: application/vnd.mailbeat.contract;",
            "Content-Disposition: attachment; filename=\"ACME-1.2.contract\"",
            "bnVtYmVyID0gIkFDTUUtMSIK",
        ] {
            assert!(text.contains(part), "{part} is missing in\n{text}");
        }
    }

    #[test]
    fn a_boundary_fits_whatever_the_message_id_is() {
        let long = format!("{}/=?@vendor.example", "mb-1001-17-3-".repeat(10));
        let mut frame = frame("x");
        (frame.html, frame.message_id) = (Some("<p>x</p>"), &long);
        let mail = String::from_utf8(compose_plain(&frame, &[]).unwrap()).unwrap();
        let boundary = mail.split("boundary=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
        assert!(boundary.len() <= 70, "{boundary}");
        assert!(boundary.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'), "{boundary}");
    }

    #[test]
    fn a_line_break_in_a_subject_makes_no_header_of_its_own() {
        let mut hostile = frame("x");
        hostile.subject = "a\r\nBcc: everybody@example.org";
        let mail = String::from_utf8(compose_plain(&hostile, &[]).unwrap()).unwrap();
        assert!(!mail.lines().any(|line| line.starts_with("Bcc:")), "{mail}");
    }

    #[test]
    fn an_address_that_is_none_is_named() {
        let mut wrong = frame("x");
        wrong.to = "nobody";
        assert!(
            compose_plain(&wrong, &[])
                .unwrap_err()
                .to_string()
                .starts_with("\"nobody\" is not a mail address")
        );
    }

    #[test]
    fn an_address_may_have_a_name_before_it_and_the_envelope_has_it_bare() {
        for address in ["eva@vendor.example", "Eva Example <eva@vendor.example>"] {
            assert!(is_address(address));
            assert_eq!(bare_address(address).as_deref(), Some("eva@vendor.example"));
        }
        assert!(!is_address("Eva") && bare_address("Eva").is_none());
    }

    #[test]
    fn an_answer_names_what_it_answers() {
        let references = ["first@vendor.example".to_owned(), "last@vendor.example".to_owned()];
        let mail = String::from_utf8(compose_plain(&frame("x"), &references).unwrap()).unwrap();
        assert!(mail.contains("In-Reply-To: <last@vendor.example>\r\n"), "{mail}");
        assert!(mail.contains("References: <first@vendor.example> <last@vendor.example>\r\n"), "{mail}");
        assert_eq!(
            message_id(ReportId::from_bytes([1; 16]), "vendor.example").split_once('@').unwrap().1,
            "vendor.example"
        );
    }

    #[test]
    fn two_mails_have_two_boundaries() {
        let boundary = |message_id: &'static str| {
            let mut frame = frame("x");
            (frame.html, frame.message_id) = (Some("<p>x</p>"), message_id);
            let mail = String::from_utf8(compose_plain(&frame, &[]).unwrap()).unwrap();
            mail.split("boundary=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
        };
        assert_ne!(boundary("1@vendor.example"), boundary("2@vendor.example"));
    }
}
