//! Messages inside a message: kept from the parser, and looked into one by one.
//!
//! The parser takes them apart as deep as they nest, its destructor recurses, and how deep that is cannot be told from outside where
//! they are encoded: a stranger's mail would end the program. So the headers that announce them are renamed before parsing. What they
//! announce is then a part like any other, whose bytes are a mail that is parsed in the same way, or not at all.
//!
//! Likewise for very many multiparts: for each the parser reads on until its boundary comes, to the end of the mail where it does not.

use std::borrow::Cow;
use std::ops::Range;

use mail_parser::{Encoding, Message, MessagePart};

use crate::wire::limits;

/// The header that announces what a part is, in lower case.
const NAME: &[u8] = b"content-type";
/// What it is called where it announces a message.
const RENAMED: &str = "xontent-type";

/// The mail with every `Content-Type` renamed that may announce a message (RFC 2046, 5.2.1; RFC 6532, 3.7) or parts that are
/// messages unless they say otherwise (RFC 2046, 5.1.5).
///
/// It looks for the name in every line, also where there is no header: which line is one only parsing tells.
pub(super) fn shallow(raw: &[u8]) -> Cow<'_, [u8]> {
    let mut shallow = Cow::Borrowed(raw);
    let (mut value, mut hidden, mut multiparts) = (0..0, false, 0);
    for colon in memchr::memchr_iter(b':', raw) {
        let Some(name) = name_before(&raw[..colon]) else { continue };
        // In one unfolded line the first name decides for all.
        if colon >= value.end {
            value = colon..end_of_value(raw, colon);
            let announced = raw[value.clone()].to_ascii_lowercase();
            multiparts += usize::from(has(&announced, "multipart"));
            hidden = announces_messages(&announced) || multiparts > limits::MULTIPARTS;
        }
        if hidden {
            shallow.to_mut()[name] = RENAMED.as_bytes()[0];
        }
    }
    shallow
}

/// The bytes of the message that this part of a shallow mail is, if it is one.
pub(super) fn inside<'a>(mail: &'a Message<'_>, part: &'a MessagePart<'_>) -> Option<Cow<'a, [u8]>> {
    let renamed = part.headers.iter().find(|header| header.name().eq_ignore_ascii_case(RENAMED))?;
    let announced = mail.raw_message.get(range(renamed.offset_start, renamed.offset_end))?;
    if !announces_messages(&announced.to_ascii_lowercase()) {
        return None;
    }
    match part.encoding {
        Encoding::None => mail.raw_message.get(range(part.offset_body, part.offset_end)).map(Cow::Borrowed),
        _ => Some(Cow::Borrowed(part.contents())),
    }
}

fn range(from: u32, to: u32) -> Range<usize> {
    from as usize..to as usize
}

/// Where the name of the header begins that a colon ends. The parser passes over white space, also within a name.
fn name_before(line: &[u8]) -> Option<usize> {
    let mut wanted = NAME.iter().rev();
    let mut next = wanted.next();
    for (at, byte) in line.iter().enumerate().rev() {
        match next {
            _ if *byte == b'\n' => return None,
            _ if byte.is_ascii_whitespace() => {}
            Some(letter) if byte.eq_ignore_ascii_case(letter) => {
                next = wanted.next();
                if next.is_none() {
                    return Some(at);
                }
            }
            _ => return None,
        }
    }
    None
}

/// Where the value behind the colon at `from` ends, with the lines it is folded into.
fn end_of_value(raw: &[u8], from: usize) -> usize {
    memchr::memchr_iter(b'\n', &raw[from..])
        .map(|at| from + at)
        .find(|at| !matches!(raw.get(at + 1), Some(b' ' | b'\t')))
        .unwrap_or(raw.len())
}

/// Whether a value, in lower case, may be `message/rfc822`, `message/global` or `multipart/digest`, however it is written.
fn announces_messages(value: &[u8]) -> bool {
    has(value, "digest") || has(value, "message") && (has(value, "rfc822") || has(value, "global"))
}

fn has(value: &[u8], word: &str) -> bool {
    memchr::memmem::find(value, word.as_bytes()).is_some()
}
