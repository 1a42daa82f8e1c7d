//! Values after a blank: directives (`requirepass x`), devices (`neighbor 10.0.0.1 password 7 x`), options.

use super::{NEAR, Name};
use crate::redact::key::{self, Names};
use crate::redact::span::Spans;
use crate::redact::value;
use crate::redact::value_end::{self, Place};

const WORD: Place = Place { first_on_line: false, inside: None, field: false };

/// Where on its line the name stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Directive {
    First,
    Later,
    Comment,
}

impl Name<'_> {
    /// `password secret`: marks what follows a blank where that is a value and not more of a sentence or of a command.
    pub(super) fn after_blank(&self, at: usize, kind: Names, spans: &mut Spans) -> usize {
        let bytes = self.text.as_bytes();
        let before = &bytes[..self.start];
        let one_dash = before.strip_suffix(b"-").is_some_and(|before| before.ends_with(b" "));
        let flag = self.is_flag() || one_dash;
        let starts_no_value = b"{[(|&><\n\r=#)\\".contains(&bytes[at]);
        if bytes[at] == b'-' || (starts_no_value && !flag) {
            return self.named_value(spans);
        }
        if flag {
            return self.take(value_end::of(self.text, at, WORD), kind, spans);
        }
        if matches!(bytes[at], b'"' | b'\'') {
            let quoted_itself = bytes.get(self.end).is_some_and(|c| matches!(c, b'"' | b'\''));
            // `[credential "https://example.com"]` of git: a section, not a setting.
            if (quoted_itself && self.directive().is_none()) || before.ends_with(b"[") {
                return self.named_value(spans);
            }
            let value = value_end::of(self.text, at, WORD);
            // `getent passwd "$user"`
            if value::is_shell_variable(&self.text[value.inner.clone()]) {
                return self.end;
            }
            return self.take(value, kind, spans);
        }
        match self.directive() {
            // `$password` is a variable, `/run/ask-password` a path.
            Some(directive) if !before.ends_with(b"$") && !before.ends_with(b"/") => {
                self.after_words(at, directive, kind, spans)
            }
            _ => self.named_value(spans),
        }
    }

    /// The same for a bare value after bare words.
    fn after_words(&self, at: usize, directive: Directive, kind: Names, spans: &mut Spans) -> usize {
        let bytes = self.text.as_bytes();
        let value = value_end::of(self.text, at, WORD);
        let word = &self.text[value.inner.clone()];
        let after = value.next + bytes[value.next..].iter().take_while(|c| matches!(c, b' ' | b'\t')).count();
        // `unix password sync = yes` is one name in three words; `# password hunter2` is a secret, prose is none.
        let more_of_the_name = matches!(bytes.get(after), Some(b'=' | b':'));
        let prose = directive == Directive::Comment && !value::is_random(word, 6);
        if more_of_the_name || prose || value::is_prose(word) {
            return self.end;
        }
        if !key::stands_before_value(self.name(), value::is_random(word, 8)) {
            return self.named_value(spans);
        }
        // `password 7 0822455D`, `community encrypted x`: how it is written down, then the secret.
        if bytes.get(after).is_some_and(|c| !c.is_ascii_whitespace()) && is_notation(word) {
            return self.take(value_end::of(self.text, after, WORD), kind, spans);
        }
        if directive != Directive::First || !value::is_secret(self.name(), kind, word) {
            return self.take(value, kind, spans);
        }
        self.take(value_end::of(self.text, at, Place { first_on_line: true, ..WORD }), kind, spans)
    }

    /// Whether the line up to here is bare words, as in a directive (`neighbor 10.0.0.1 password x`), not prose in
    /// a string or the value of something else.
    fn directive(&self) -> Option<Directive> {
        let bytes = self.text.as_bytes();
        let near = &bytes[self.start.saturating_sub(NEAR)..self.start];
        let line = near.rsplit(|c| *c == b'\n').next().unwrap_or(near);
        if line.len() == NEAR {
            return None;
        }
        let trimmed = line.trim_ascii();
        if trimmed.is_empty() {
            return Some(Directive::First);
        }
        if trimmed.iter().all(|c| matches!(c, b'#' | b';' | b'/' | b'*' | b'!' | b'-'))
            || matches!(trimmed[0], b'#' | b';')
        {
            return Some(Directive::Comment);
        }
        // Commands that take names of variables, or what is printed.
        #[rustfmt::skip]
        const NO_DIRECTIVES: &[&[u8]] = &[b"export", b"unset", b"read", b"local", b"readonly", b"declare", b"docker", b"podman", b"echo", b"for", b"if", b"case"];
        let bare = |word: &[u8]| {
            !word.ends_with(b":")
                && !word.contains(&b'=')
                && word.iter().all(|c| c.is_ascii_alphanumeric() || b"_-./:@*%\\".contains(c))
        };
        let words = trimmed.split(|c| c.is_ascii_whitespace()).filter(|word| !word.is_empty());
        if words.clone().next().is_some_and(|first| NO_DIRECTIVES.contains(&first)) {
            return None;
        }
        (words.clone().count() <= 8 && words.into_iter().all(bare)).then_some(Directive::Later)
    }
}

/// How network devices and others say the way a secret is written down.
fn is_notation(word: &str) -> bool {
    #[rustfmt::skip]
    const NOTATIONS: &[&str] = &[
        "encrypted", "cipher", "simple", "clear", "cleartext", "clear-text", "plaintext", "plain-text", "hash", "hashed", "sha256", "sha512", "scrypt", "md5",
        "irreversible-cipher", "ascii", "hex", "ascii-text", "type", "level", "string", "encryption-type", "hmac-md5", "hmac-sha-256", "PASSWORD", "password", "ENC",
    ];
    NOTATIONS.contains(&word) || (word.len() <= 2 && word.bytes().all(|c| c.is_ascii_digit()))
}
