//! Private keys that span lines: PEM (RFC 7468), OpenSSH, PGP (RFC 9580), PuTTY. Certificates and public keys stay.

use super::span::Spans;

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";

/// Marks what stands between the first and the last line of every private key; one without an end goes to the end.
pub(super) fn find(text: &str, spans: &mut Spans) {
    let mut at = 0;
    while let Some(found) = text[at..].find(BEGIN) {
        let label = at + found + BEGIN.len();
        let Some(close) = text[label..].bytes().take(80).position(|c| c == b'-').map(|dashes| label + dashes)
        else {
            at = label;
            continue;
        };
        at = close;
        if is_private(&text[label..close]) {
            let body = close + text[close..].bytes().take_while(|c| *c == b'-').count();
            let end = text[body..].find(END).map_or(text.len(), |found| body + found);
            mark_body(text, body, end, spans);
            at = end;
        }
    }
    putty(text, spans);
}

/// Whether a private key begins somewhere in the text.
pub(super) fn holds_private_key(text: &str) -> bool {
    let label = |rest: &str| rest.split('-').next().is_some_and(is_private);
    text.split(BEGIN).skip(1).any(label)
}

fn is_private(label: &str) -> bool {
    label.contains("PRIVATE KEY") || label.contains("Static key") || label.contains("SECRET")
}

/// In a one-line string the lines are parted by `\n`; those marks stay outside too.
fn mark_body(text: &str, start: usize, end: usize, spans: &mut Spans) {
    let escaped = |body: &str| ["\\r", "\\n"].iter().any(|mark| body.starts_with(mark));
    let mut start = start;
    while escaped(&text[start..end]) {
        start += 2;
    }
    let body = text[start..end].trim_end();
    let body = body.strip_suffix("\\n").map_or(body, |body| body.strip_suffix("\\r").unwrap_or(body));
    // Comment characters and quotes before the last line belong to it.
    let body = body.trim_end_matches([' ', '\t', '\n', '\r', '#', '"', '+', '\'']);
    spans.add(start, start + body.len());
}

/// `Private-Lines: 14` of a PuTTY key file, and its `Private-MAC`.
fn putty(text: &str, spans: &mut Spans) {
    if !text.contains("PuTTY-User-Key-File-") {
        return;
    }
    for (at, mark) in text.match_indices("Private-Lines:") {
        if let Some(line) = text[at + mark.len()..].find('\n') {
            let start = at + mark.len() + line + 1;
            let end = text[start..].find("\nPrivate-MAC").map_or(text.len(), |end| start + end);
            spans.add(start, end);
            return;
        }
    }
}
