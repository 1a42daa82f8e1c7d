//! Delivery status notifications (RFC 3464): which mail came back, and whether for good.

use mail_parser::{HeaderValue, Message, MessageParser};

use super::{content_type, nested};
use crate::wire::limits;

/// What a delivery status notification says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounce {
    /// Whether delivery failed for good (`Action: failed`), as opposed to delayed, relayed or delivered.
    pub failed: bool,
    /// The recipient's status, `5.1.1` (RFC 3463), where delivery failed.
    pub status: String,
    /// The remote server's words, cleaned and cut.
    pub diagnostic: String,
    /// Message-IDs of the mails it is about, without angle brackets.
    pub about: Vec<String>,
}

impl Bounce {
    /// Whether it is the address that does not work, so that later mails to it would come back as well. A server that could not be
    /// reached for days (4.x, 5.4), one that will not have mail from us (5.7), and Exchange Online where it speaks of the sender or of
    /// what may be sent in an hour, say nothing of the address.
    #[must_use]
    pub fn blames_the_address(&self) -> bool {
        const OF_THE_SENDER: [&str; 5] = ["5.1.7", "5.1.8", "5.1.90", "5.2.121", "5.2.122"];
        let status = self.status.split_whitespace().next().unwrap_or_default();
        if OF_THE_SENDER.contains(&status)
            || self.diagnostic.to_ascii_uppercase().contains("STOREDRV.SUBMISSION")
        {
            return false;
        }
        let mut parts = self.status.split('.');
        let (class, subject) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        class != "4" && !matches!(subject, "3" | "4" | "5" | "6" | "7")
    }
}

pub(super) fn read(mail: &Message<'_>) -> Bounce {
    let mut bounce =
        Bounce { failed: false, status: String::new(), diagnostic: String::new(), about: vec![] };
    for part in &mail.parts {
        match content_type(part).to_ascii_lowercase().as_str() {
            "message/delivery-status" => read_status(&String::from_utf8_lossy(part.contents()), &mut bounce),
            "text/rfc822-headers" => {
                bounce.about.extend(ids(part.contents()));
            }
            _ => {}
        }
        if let Some(original) = nested::inside(mail, part) {
            bounce.about.extend(ids(&original));
        }
    }
    bounce.about.truncate(limits::RANGES);
    bounce
}

/// RFC 3464 section 2.3: fields of each recipient.
fn read_status(text: &str, bounce: &mut Bounce) {
    let (mut failed, mut status) = (false, String::new());
    for line in text.lines().chain([""]) {
        if line.trim().is_empty() && std::mem::take(&mut failed) {
            bounce.failed = true;
            bounce.status = std::mem::take(&mut status);
        }
        let Some((field, value)) = line.split_once(':') else { continue };
        match field.trim().to_ascii_lowercase().as_str() {
            "action" => failed = value.trim().eq_ignore_ascii_case("failed"),
            "status" => status = crate::text::one_line(value.trim(), 20),
            "diagnostic-code" => bounce.diagnostic = crate::text::one_line(value.trim(), 300),
            _ => {}
        }
    }
}

/// The Message-IDs in the header of a mail: its own, and those it answers.
fn ids(raw: &[u8]) -> Vec<String> {
    let Some(mail) = MessageParser::default().parse_headers(raw) else { return vec![] };
    let listed = |value: &HeaderValue<'_>| -> Vec<String> {
        value.as_text_list().map_or_else(Vec::new, |ids| ids.iter().map(ToString::to_string).collect())
    };
    let own = mail.message_id().map(str::to_owned);
    own.into_iter().chain(listed(mail.references())).chain(listed(mail.in_reply_to())).collect()
}
