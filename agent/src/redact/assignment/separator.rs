//! What separates a name from its value.

use super::Name;

/// What stands between a name and its value; each holds where the value starts.
pub(super) enum Separator {
    /// `=`, `:`, `=>`, `:=`.
    Sign(usize, u8),
    /// Blanks only.
    Blank(usize),
    /// `<name>`: the content follows.
    Element(usize),
    /// The value is the next one of a list: `("name", "value")`, `["--name", "value"]`.
    Next(usize),
}

impl Name<'_> {
    pub(super) fn separator(&self) -> Option<Separator> {
        let bytes = self.text.as_bytes();
        let closers = bytes[self.end..]
            .iter()
            .take(4)
            .take_while(|c| matches!(c, b'\\' | b'"' | b'\'' | b']' | b')' | b'`'))
            .count();
        let closed = self.end + closers;
        let at = closed + bytes[closed..].iter().take_while(|c| matches!(c, b' ' | b'\t')).count();
        match bytes.get(at)? {
            b'=' => Some(Separator::Sign(
                at + 1 + usize::from(matches!(bytes.get(at + 1), Some(b'=' | b'>'))),
                b'=',
            )),
            b':' if bytes.get(at + 1) == Some(&b':') => {
                bytes.get(at + 2).filter(|c| **c == b' ').map(|_| Separator::Sign(at + 2, b':'))
            }
            b':' if bytes.get(at + 1) == Some(&b'=') => Some(Separator::Sign(at + 2, b'=')),
            b':' => Some(Separator::Sign(at + 1, b':')),
            b'?' | b'+' if bytes.get(at + 1) == Some(&b'=') => Some(Separator::Sign(at + 2, b'=')),
            b'>' if self.is_tag() => Some(Separator::Element(at + 1)),
            b'(' if matches!(bytes.get(at + 1), Some(b'"' | b'\'')) => Some(Separator::Sign(at + 1, b'=')),
            b',' if closers > 0 && self.is_listed() => self.next_item(at + 1),
            b'\n' if self.is_flag() => self.next_item(at),
            _ if at > closed && self.is_tag() => self.end_of_tag(at),
            _ if at > closed => Some(Separator::Blank(at)),
            _ => None,
        }
    }

    /// `"--name", "value"` and `define('NAME', 'value')`; fields of a list are no pair.
    pub(super) fn is_listed(&self) -> bool {
        let before = &self.text.as_bytes()[..self.start];
        self.is_flag()
            || before
                .strip_suffix(b"\"")
                .or_else(|| before.strip_suffix(b"'"))
                .is_some_and(|before| before.trim_ascii_end().ends_with(b"("))
    }

    /// `<name` or `<prefix:name`.
    pub(super) fn is_tag(&self) -> bool {
        let before = &self.text.as_bytes()[..self.start];
        let Some(before) = before.strip_suffix(b":") else { return before.ends_with(b"<") };
        let prefix = before.iter().rev().take(32).take_while(|c| c.is_ascii_alphanumeric()).count();
        prefix > 0 && before[..before.len() - prefix].ends_with(b"<")
    }

    pub(super) fn is_flag(&self) -> bool {
        self.text.as_bytes()[..self.start].ends_with(b"--")
    }

    /// The quoted value after a comma, or the next item of a YAML list.
    pub(super) fn next_item(&self, at: usize) -> Option<Separator> {
        let bytes = self.text.as_bytes();
        let blanks = bytes[at..].iter().take(200).take_while(|c| c.is_ascii_whitespace()).count();
        let at = at + blanks;
        let at = if bytes[at..].starts_with(b"- ") { at + 2 } else { at };
        (blanks > 0 || matches!(bytes.get(at), Some(b'"' | b'\'')))
            .then_some(Separator::Next(at))
            .filter(|_| !bytes[at..].starts_with(b"-"))
    }

    pub(super) fn end_of_tag(&self, at: usize) -> Option<Separator> {
        let tag = &self.text.as_bytes()[at..];
        let end = tag.iter().take(512).position(|c| matches!(c, b'>' | b'<'))?;
        (tag[end] == b'>' && (end == 0 || tag[end - 1] != b'/')).then_some(Separator::Element(at + end + 1))
    }
}
