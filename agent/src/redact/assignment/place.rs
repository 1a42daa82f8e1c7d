//! What a name's surroundings say of its value.

use super::{NEAR, Name};
use crate::redact::value_end::Place;

impl Name<'_> {
    /// `passwd: files systemd` of nsswitch.conf.
    pub(super) fn is_one_of_many(&self, at: usize) -> bool {
        #[rustfmt::skip]
        const SOURCES: &[&str] = &["files", "compat", "systemd", "sss", "ldap", "nis", "nisplus", "db", "winbind", "hesiod", "altfiles", "extrausers", "mymachines"];
        let first = || self.text[at..].split([' ', '\t', '\n', '\r']).next();
        self.name() == "passwd" && first().is_some_and(|word| SOURCES.contains(&word))
    }

    /// `read -p "Password: " answer`: the quote ends the string that the name is in.
    pub(super) fn closes_a_string(&self, at: usize) -> bool {
        let bytes = self.text.as_bytes();
        let line = bytes[self.start.saturating_sub(NEAR)..self.start]
            .rsplit(|c| *c == b'\n')
            .next()
            .unwrap_or_default();
        let open = line.iter().filter(|c| **c == b'"').count() % 2 == 1 && !line.ends_with(b"\"");
        open && bytes.get(at) == Some(&b'"')
            && bytes.get(at + 1).is_none_or(|c| c.is_ascii_whitespace() || matches!(c, b')' | b',' | b';'))
    }

    /// What surrounds this name; `sign` where a sign follows, so that the rest of the line may be the value.
    pub(super) fn place(&self, sign: bool) -> Place {
        let bytes = self.text.as_bytes();
        let near = &bytes[self.start.saturating_sub(NEAR)..self.start];
        let line = near.rsplit(|c| *c == b'\n').next().unwrap_or(near);
        let dashes = line.iter().rev().take_while(|c| **c == b'-').count();
        let inside = line
            .len()
            .checked_sub(dashes + 1)
            .map(|before| line[before])
            .filter(|c| matches!(c, b'"' | b'\''));
        let inside =
            inside.filter(|quote| bytes.get(self.end) != Some(quote) && bytes.get(self.end) != Some(&b'\\'));
        let field = line.trim_ascii_end().ends_with(b";");
        let bare = line.len() < NEAR
            && line.iter().all(|c| c.is_ascii_alphanumeric() || b" \t_.-/[]$#;*!@%>|\\'\"".contains(c));
        let words = line
            .split(|c| c.is_ascii_whitespace())
            .filter(|word| word.iter().any(u8::is_ascii_alphanumeric))
            .count();
        let own_quotes = line.iter().filter(|c| matches!(c, b'"' | b'\'')).count();
        let closed = usize::from(bytes.get(self.end).is_some_and(|c| matches!(c, b'"' | b'\'')));
        let first_on_line =
            sign && inside.is_none() && bare && words <= 3 && own_quotes == closed && !(field && words > 0);
        Place { first_on_line, inside, field: field && words > 0 }
    }
}
