//! Mail addresses in a text, by their shape: a local part, `@`, a domain of two labels and more.

use super::{Kind, Named};

pub(super) fn find(text: &str, named: &mut Vec<Named>) {
    let bytes = text.as_bytes();
    let mut from = 0;
    for (sign, _) in text.match_indices('@') {
        let local = bytes[from..sign].iter().rev().take_while(|c| is_local(**c)).count();
        let domain = bytes[sign + 1..].iter().take_while(|c| is_domain(**c)).count();
        let domain = text[sign + 1..sign + 1 + domain].trim_end_matches(['.', '-']);
        let (start, end) = (sign - local, sign + 1 + domain.len());
        let start =
            start + text[start..sign].len() - text[start..sign].trim_start_matches(['.', '-', '=']).len();
        let last = domain.rsplit('.').next().unwrap_or_default();
        let is_address = start < sign
            && domain.contains('.')
            && last.len() >= 2
            && last.bytes().all(|c| c.is_ascii_alphabetic());
        if is_address {
            named.push(Named {
                at: start..end,
                kind: Kind::Mail,
                parts: vec![text[start..end].to_lowercase()],
            });
            from = end;
        }
    }
}

/// The unquoted local parts of RFC 5322 that occur in life; `/` and `=` separate in configuration files.
fn is_local(c: u8) -> bool {
    c.is_ascii_alphanumeric() || b"._%+-".contains(&c) || c >= 0x80
}

fn is_domain(c: u8) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, b'.' | b'-')
}
