//! Names that are themselves values, with the secret beside them.

use super::separator::Separator;
use super::{Name, is_name};
use crate::redact::key::Names;
use crate::redact::span::Spans;

impl Name<'_> {
    /// `{"name": "DB_PASSWORD", "value": "x"}`, `<add key="Password" value="x"/>`, `- name: TOKEN` and below `value: x`,
    /// `<entry key="password">x</entry>`: the name of the secret is itself a value.
    pub(super) fn named_value(&self, spans: &mut Spans) -> usize {
        let bytes = self.text.as_bytes();
        let near = &self.text[self.text.floor_char_boundary(self.start.saturating_sub(24))..self.start];
        let before = near.trim_end_matches(['"', '\'', '\\']).trim_end();
        let labelled = before.ends_with([':', '=']) && {
            let label =
                before[..before.len() - 1].trim_end_matches(['"', '\'', '\\', ' ']).to_ascii_lowercase();
            ["name", "key", "id", "variable", "field"].iter().any(|known| label.ends_with(known))
        };
        if !labelled && !near.ends_with("variable \"") {
            return self.end;
        }
        let closed =
            self.end + bytes[self.end..].iter().take_while(|c| matches!(c, b'"' | b'\'' | b'\\')).count();
        if bytes.get(closed) == Some(&b'>') {
            return self.element(closed + 1, Names::Secret, spans);
        }
        self.named_value_from(closed, Names::Secret, spans)
    }

    /// The value of the next name, if that is called `value` or the like.
    pub(super) fn named_value_from(&self, at: usize, kind: Names, spans: &mut Spans) -> usize {
        #[rustfmt::skip]
        const CALLED: &[&str] = &["value", "Value", "default", "content", "data", "key", "plaintext", "plain", "secret"];
        let bytes = self.text.as_bytes();
        let skipped = bytes[at..]
            .iter()
            .take(200)
            .take_while(|c| c.is_ascii_whitespace() || matches!(c, b'"' | b'\'' | b'\\' | b',' | b'{' | b';'))
            .count();
        let start = at + skipped;
        let end = start + bytes[start..].iter().take_while(|c| is_name(**c)).count();
        let next = Name { text: self.text, start, end };
        if !CALLED.contains(&next.name()) {
            return at.max(self.end);
        }
        match next.separator() {
            Some(Separator::Sign(at, sign)) => next.after_sign(at, sign, kind, spans),
            _ => self.end,
        }
    }
}
