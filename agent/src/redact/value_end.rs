//! Where a value ends. Formats disagree, so the end is taken late: a bit too much redacted rather than the rest shown.

use std::ops::Range;

/// Looking for a missing closing mark stops here, so that hostile text cannot make every value search to the end.
const FAR: usize = 4096;

/// A value without its quotes, and where reading goes on after it.
pub(super) struct Value {
    pub(super) inner: Range<usize>,
    pub(super) next: usize,
    pub(super) quoted: bool,
}

impl Value {
    fn bare(inner: Range<usize>) -> Self {
        Self { next: inner.end, inner, quoted: false }
    }
}

/// What surrounds a value and decides where it ends.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// The name is the first thing on its line, so the value is the rest of the line.
    pub(super) first_on_line: bool,
    /// Name and value stand in one pair of these quotes: `"PASSWORD=a b"`.
    pub(super) inside: Option<u8>,
    /// Name and value are one field of a connection string: `;Password=a b;`.
    pub(super) field: bool,
}

/// The value that starts at `at`, blanks skipped already.
pub(super) fn of(text: &str, at: usize, place: Place) -> Value {
    let bytes = text.as_bytes();
    let open = literal_prefix(bytes, at);
    match bytes.get(open) {
        Some(b'\\') if matches!(bytes.get(open + 1), Some(b'"' | b'\'')) && place.inside.is_none() => {
            escaped_quotes(text, open)
        }
        Some(quote @ (b'"' | b'\'' | b'`')) if place.inside != Some(*quote) => {
            quoted(text, at, open, *quote, place)
        }
        Some(b'{') if place.field => {
            let end = line_end(bytes, at);
            let close = text[at..end].find('}').map_or(end, |close| at + close);
            Value { inner: at + 1..close.max(at + 1), next: close.max(at + 1), quoted: true }
        }
        _ => bare(text, at, place),
    }
}

/// `r"..."`, `N'...'`, `b"..."`: a letter that belongs to the quote.
fn literal_prefix(bytes: &[u8], at: usize) -> usize {
    let letter = matches!(bytes.get(at), Some(b'r' | b'b' | b'f' | b'u' | b'N' | b'L' | b'E' | b'$' | b'@'));
    if letter && matches!(bytes.get(at + 1), Some(b'"' | b'\'')) { at + 1 } else { at }
}

/// `\"value\"`, as in JSON inside a string.
fn escaped_quotes(text: &str, at: usize) -> Value {
    let mark = &text[at..at + 2];
    let rest = &text.as_bytes()[at + 2..];
    let mark = mark.as_bytes();
    let close =
        (0..rest.len()).find(|i| rest[*i] == b'\n' || rest[*i..].starts_with(mark)).unwrap_or(rest.len());
    Value { inner: at + 2..at + 2 + close, next: at + 2 + close, quoted: true }
}

fn quoted(text: &str, at: usize, open: usize, quote: u8, place: Place) -> Value {
    let bytes = text.as_bytes();
    if bytes[open..].starts_with(&[quote; 3]) {
        let mark = &text[open..open + 3];
        let end =
            text[open + 3..].find(mark).map_or_else(|| line_end(bytes, open + 3), |close| open + 3 + close);
        return Value { inner: open + 3..end, next: end, quoted: true };
    }
    match closing(bytes, open + 1, quote) {
        Some(close) => Value { inner: open + 1..close, next: close + 1, quoted: true },
        // An apostrophe, or a quote that never closes: the rest of what this can be.
        None => Value::bare(at..line_end(bytes, at).max(bare(text, at, place).inner.end)),
    }
}

/// The closing quote: not escaped, and followed by what may follow a value. `'a'"b"` is one value of a shell.
fn closing(bytes: &[u8], from: usize, quote: u8) -> Option<usize> {
    let mut at = from;
    let (mut first_line_end, mut seen) = (None, false);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' if quote != b'`' && !ends_after_backslash(bytes, at, quote) => at += 1,
            // Quotes that are no end, and the line is over: parts of one word, `'a'"b"`.
            b'\n' if seen => return None,
            b'\n' => first_line_end = Some(at),
            byte if *byte == quote && bytes.get(at + 1) == Some(&quote) && quote == b'\'' => at += 1,
            byte if *byte == quote && may_follow(bytes.get(at + 1).copied()) => return Some(at),
            byte if *byte == quote && first_line_end.is_none() => seen = true,
            _ => {}
        }
        at += 1;
        if first_line_end.is_some() && at - from > FAR {
            return None;
        }
    }
    None
}

/// `'C:\dir\'`: in many formats a backslash before the last quote is only a backslash.
fn ends_after_backslash(bytes: &[u8], at: usize, quote: u8) -> bool {
    quote == b'\''
        && bytes.get(at + 1) == Some(&quote)
        && matches!(bytes.get(at + 2), None | Some(b'\n' | b'\r'))
}

fn may_follow(byte: Option<u8>) -> bool {
    byte.is_none_or(|byte| {
        byte.is_ascii_whitespace()
            || matches!(
                byte,
                b',' | b';'
                    | b')'
                    | b']'
                    | b'}'
                    | b'>'
                    | b'/'
                    | b'#'
                    | b'?'
                    | b':'
                    | b'\\'
                    | b'.'
                    | b'&'
                    | b'|'
                    | b'<'
                    | b'+'
            )
    })
}

fn bare(text: &str, at: usize, place: Place) -> Value {
    let bytes = text.as_bytes();
    let until = |ends: &dyn Fn(usize) -> bool| {
        (at..bytes.len()).find(|i| bytes[*i] == b'\n' || ends(*i)).unwrap_or(bytes.len())
    };
    Value::bare(if let Some(quote) = place.inside {
        at..until(&|i| bytes[i] == quote && bytes[i - 1] != b'\\')
    } else if place.field {
        at..until(&|i| matches!(bytes[i], b';' | b'"' | b'\''))
    } else if place.first_on_line {
        at..continued(bytes, line_end(bytes, at))
    } else {
        at..until(&|i| ends_word(bytes, i))
    })
}

/// The end of the line, or of the last line it is continued on by a backslash.
fn continued(bytes: &[u8], mut line: usize) -> usize {
    while line < bytes.len() && bytes[..line].strip_suffix(b"\r").unwrap_or(&bytes[..line]).ends_with(b"\\") {
        line = line_end(bytes, line + 1);
    }
    line
}

fn ends_word(bytes: &[u8], at: usize) -> bool {
    match bytes[at] {
        b' ' | b'\t' | b'\r' | b'"' | b'\'' | b'`' => true,
        b'<' => super::span::replaced_at(bytes, at).is_none(),
        b',' | b';' | b'&' | b')' | b']' | b'}' | b'|' => ends_value(&bytes[at + 1..]),
        _ => false,
    }
}

/// Whether what follows a comma or a bracket shows that the value is over: an end, or the next name.
fn ends_value(rest: &[u8]) -> bool {
    let Some(next) = rest.first() else { return true };
    if next.is_ascii_whitespace() || b"\"'`,;)]}&|\\".contains(next) {
        return true;
    }
    let name = |c: &&u8| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'-' | b'.' | b' ');
    let length = rest.iter().take(64).take_while(name).count();
    length > 0 && matches!(rest.get(length), Some(b'=' | b':'))
}

/// The end of the line that `at` is on, without its line end.
pub(super) fn line_end(bytes: &[u8], at: usize) -> usize {
    bytes[at..].iter().position(|c| *c == b'\n').map_or(bytes.len(), |found| at + found)
}
