//! Names of secrets with their values, whatever the format: the name is found first, then what separates it from its
//! value (`=`, `:`, a blank, `>`), then where the value ends. One reading, from left to right.

use super::key::{self, Names};
use super::span::Spans;
use super::value;
use super::value_end::{self, Place, Value, line_end};
use super::yaml;

/// Further than this from the start of its line nothing is "first on the line"; keeps one-line files linear.
const NEAR: usize = 160;

/// Marks the values of all names of secrets.
pub(super) fn find(text: &str, spans: &mut Spans) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if !is_name(bytes[at]) {
            at += 1;
            continue;
        }
        let end = at + bytes[at..].iter().take_while(|c| is_name(**c) || matches!(c, b'-' | b'.')).count();
        let name = Name { text, start: at, end };
        at = match name.kind() {
            Some(kind) => name.mark(kind, spans).max(end),
            None => end,
        };
    }
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// What stands between a name and its value; each holds where the value starts.
enum Separator {
    /// `=`, `:`, `=>`, `:=`.
    Sign(usize, u8),
    /// Blanks only.
    Blank(usize),
    /// `<name>`: the content follows.
    Element(usize),
    /// The value is the next one of a list: `("name", "value")`, `["--name", "value"]`.
    Next(usize),
}

struct Name<'t> {
    text: &'t str,
    start: usize,
    end: usize,
}

impl Name<'_> {
    fn kind(&self) -> Option<Names> {
        let name = self.name();
        // `API key: x` is one name in two words; an Ansible collection is none.
        let bytes = self.text.as_bytes();
        if name.eq_ignore_ascii_case("key") && bytes[..self.start].ends_with(b" ") {
            let end = self.start - 1;
            let start = end
                - bytes[..end]
                    .iter()
                    .rev()
                    .take(24)
                    .take_while(|c| c.is_ascii_alphabetic() || **c == b'-')
                    .count();
            return key::names(&format!("{}_key", &self.text[start..end])).filter(|_| start < end);
        }
        if name.starts_with("community.") { None } else { key::names(name) }
    }

    fn name(&self) -> &str {
        &self.text[self.start..self.end]
    }

    /// Marks this name's value; returns where reading goes on.
    fn mark(&self, kind: Names, spans: &mut Spans) -> usize {
        if self.text.as_bytes()[..self.start].ends_with(b"${") {
            return self.expansion(spans);
        }
        match self.separator() {
            Some(Separator::Sign(at, sign)) => self.after_sign(at, sign, kind, spans),
            Some(Separator::Element(at)) => self.element(at, kind, spans),
            Some(Separator::Next(at)) => {
                self.take(value_end::of(self.text, at, self.place(false)), kind, spans)
            }
            Some(Separator::Blank(at)) if kind == Names::Secret || kind == Names::Authorization => {
                self.after_blank(at, kind, spans)
            }
            _ if kind == Names::Secret => self.named_value(spans),
            _ => self.end,
        }
    }

    /// `${NAME:-default}`: a literal default is the secret, everything else is only a reference.
    fn expansion(&self, spans: &mut Spans) -> usize {
        let rest = &self.text[self.end..];
        let sign = rest.bytes().take(2).take_while(|c| matches!(c, b':' | b'-' | b'=')).count();
        let close = rest.bytes().take(512).position(|c| c == b'}' || c == b'\n').unwrap_or(0);
        if sign > 0
            && matches!(rest.as_bytes()[sign - 1], b'-' | b'=')
            && sign < close
            && !value::is_reference(&rest[sign..close])
        {
            spans.add(self.end + sign, self.end + close);
        }
        self.end
    }

    fn separator(&self) -> Option<Separator> {
        let bytes = self.text.as_bytes();
        let closers = bytes[self.end..]
            .iter()
            .take(4)
            .take_while(|c| matches!(c, b'\\' | b'"' | b'\'' | b']' | b')' | b'`'))
            .count();
        let closed = self.end + closers;
        let at = closed + bytes[closed..].iter().take_while(|c| matches!(c, b' ' | b'\t')).count();
        let before = self.start.checked_sub(1).map(|before| bytes[before]);
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
            b'>' if before == Some(b'<') => Some(Separator::Element(at + 1)),
            b'(' if matches!(bytes.get(at + 1), Some(b'"' | b'\'')) => Some(Separator::Sign(at + 1, b'=')),
            b',' if closers > 0 && self.is_listed() => self.next_item(at + 1),
            b'\n' if self.is_flag() => self.next_item(at),
            _ if at > closed && before == Some(b'<') => self.end_of_tag(at),
            _ if at > closed => Some(Separator::Blank(at)),
            _ => None,
        }
    }

    /// `"--name", "value"` and `define('NAME', 'value')`; fields of a list are no pair.
    fn is_listed(&self) -> bool {
        let before = &self.text.as_bytes()[..self.start];
        self.is_flag()
            || before
                .strip_suffix(b"\"")
                .or_else(|| before.strip_suffix(b"'"))
                .is_some_and(|before| before.trim_ascii_end().ends_with(b"("))
    }

    fn is_flag(&self) -> bool {
        self.text.as_bytes()[..self.start].ends_with(b"--")
    }

    /// The quoted value after a comma, or the next item of a YAML list.
    fn next_item(&self, at: usize) -> Option<Separator> {
        let bytes = self.text.as_bytes();
        let blanks = bytes[at..].iter().take(200).take_while(|c| c.is_ascii_whitespace()).count();
        let at = at + blanks;
        let at = if bytes[at..].starts_with(b"- ") { at + 2 } else { at };
        (blanks > 0 || matches!(bytes.get(at), Some(b'"' | b'\'')))
            .then_some(Separator::Next(at))
            .filter(|_| !bytes[at..].starts_with(b"-"))
    }

    fn end_of_tag(&self, at: usize) -> Option<Separator> {
        let tag = &self.text.as_bytes()[at..];
        let end = tag.iter().take(512).position(|c| matches!(c, b'>' | b'<'))?;
        (tag[end] == b'>' && (end == 0 || tag[end - 1] != b'/')).then_some(Separator::Element(at + end + 1))
    }

    fn after_sign(&self, at: usize, sign: u8, kind: Names, spans: &mut Spans) -> usize {
        let bytes = self.text.as_bytes();
        let at = at + bytes[at..].iter().take_while(|c| matches!(c, b' ' | b'\t')).count();
        let place = self.place(true);
        if self.is_one_of_many(at) || self.closes_a_string(at) {
            return self.end;
        }
        if place.first_on_line {
            let end = line_end(bytes, at);
            if end - at < 80
                && let Some(scalar) = yaml::opens_block(self.text[at..end].trim_end())
            {
                let column = self.start - line_start(bytes, self.start);
                return yaml::below(self.text, self.name(), kind, column, end, scalar, spans).max(self.end);
            }
        }
        match bytes.get(at) {
            Some(b'[') if !place.field => yaml::array(self.text, self.name(), kind, at, spans),
            Some(b'{')
                if !place.field && !self.text[at..].starts_with("{{") && !is_scheme(&self.text[at..]) =>
            {
                self.named_value_from(at, kind, spans)
            }
            Some(b'(') if sign == b'=' => at,
            None => at,
            Some(b'\n' | b'\r') if !place.first_on_line => at,
            _ => {
                let value = value_end::of(self.text, at, place);
                let next = self.take(value, kind, spans);
                if place.first_on_line && next > at && line_end(bytes, at) == next && sign == b':' {
                    let column = self.start - line_start(bytes, self.start);
                    return yaml::below(self.text, "", Names::Secret, column, next, false, spans).max(next);
                }
                next
            }
        }
    }

    /// `passwd: files systemd` of nsswitch.conf.
    fn is_one_of_many(&self, at: usize) -> bool {
        #[rustfmt::skip]
        const SOURCES: &[&str] = &["files", "compat", "systemd", "sss", "ldap", "nis", "nisplus", "db", "winbind", "hesiod", "altfiles", "extrausers", "mymachines"];
        let first = || self.text[at..].split([' ', '\t', '\n', '\r']).next();
        self.name() == "passwd" && first().is_some_and(|word| SOURCES.contains(&word))
    }

    /// `read -p "Password: " answer`: the quote ends the string that the name is in.
    fn closes_a_string(&self, at: usize) -> bool {
        let bytes = self.text.as_bytes();
        let line = bytes[self.start.saturating_sub(NEAR)..self.start]
            .rsplit(|c| *c == b'\n')
            .next()
            .unwrap_or_default();
        let open = line.iter().filter(|c| **c == b'"').count() % 2 == 1 && !line.ends_with(b"\"");
        open && bytes.get(at) == Some(&b'"')
            && bytes.get(at + 1).is_none_or(|c| c.is_ascii_whitespace() || matches!(c, b')' | b',' | b';'))
    }

    fn element(&self, at: usize, kind: Names, spans: &mut Spans) -> usize {
        // `<Password><Value>x</Value></Password>`
        let wrapped =
            |tag: &&str| self.text[at..].get(..tag.len()).is_some_and(|next| next.eq_ignore_ascii_case(tag));
        let at = at
            + ["<value>", "<string>", "<plaintext>"]
                .iter()
                .find(|tag| wrapped(tag))
                .map_or(0, |tag| tag.len());
        let rest = &self.text[at..];
        let (skip, end) = match rest.trim_start().strip_prefix("<![CDATA[") {
            Some(inner) => (rest.len() - inner.len(), inner.find("]]>").unwrap_or(inner.len())),
            None => (
                0,
                rest.match_indices('<')
                    .find(|(found, _)| super::span::replaced_at(rest.as_bytes(), *found).is_none())
                    .map_or(rest.len(), |found| found.0),
            ),
        };
        let inner = at + skip..at + skip + end;
        self.take(Value { next: inner.end, inner, quoted: true }, kind, spans)
    }

    fn after_blank(&self, at: usize, kind: Names, spans: &mut Spans) -> usize {
        let bytes = self.text.as_bytes();
        let quoted = matches!(bytes[at], b'"' | b'\'');
        let flag = self.is_flag()
            || (self.start > 1
                && bytes[self.start - 1] == b'-'
                && bytes[self.start - 2].is_ascii_whitespace());
        if matches!(
            bytes[at],
            b'{' | b'['
                | b'('
                | b'|'
                | b'&'
                | b'>'
                | b'\n'
                | b'\r'
                | b'='
                | b'<'
                | b'#'
                | b'-'
                | b')'
                | b'\\'
        ) && !(flag && bytes[at] != b'-')
        {
            return if quoted { self.end } else { self.named_value(spans) };
        }
        let directive = self.directive();
        if !quoted && !flag && self.start > 0 && bytes[self.start - 1] == b'$' {
            return self.end;
        }
        if !flag && !quoted && (directive.is_none() || !key::stands_before_value(self.name())) {
            return self.named_value(spans);
        }
        if quoted
            && !flag
            && directive.is_none()
            && bytes.get(self.end).is_some_and(|c| matches!(c, b'"' | b'\''))
        {
            return self.named_value(spans);
        }
        let mut place = Place { first_on_line: false, inside: None, field: false };
        let mut value = value_end::of(self.text, at, place);
        let word = &self.text[value.inner.clone()];
        // `unix password sync = yes`: one name in three words.
        let more = self.text[value.next..].trim_start_matches([' ', '\t']);
        if !flag && !quoted && more.starts_with(['=', ':']) {
            return self.end;
        }
        if !flag
            && !quoted
            && (value::is_prose(word)
                || (directive == Some(Directive::Comment) && !value::is_random(word, 6)))
        {
            return self.end;
        }
        // `password 7 0822455D`, `community encrypted x`: how it is written down, then the secret.
        let after = value.next + bytes[value.next..].iter().take_while(|c| matches!(c, b' ' | b'\t')).count();
        if !quoted && bytes.get(after).is_some_and(|c| !c.is_ascii_whitespace()) && is_notation(word) {
            value = value_end::of(self.text, after, place);
        } else if directive == Some(Directive::First) && !quoted && !value::is_secret(self.name(), kind, word)
        {
            return self.end;
        } else if directive == Some(Directive::First) && !quoted && !flag {
            place.first_on_line = true;
            value = value_end::of(self.text, at, place);
        }
        self.take(value, kind, spans)
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

    /// `{"name": "DB_PASSWORD", "value": "x"}`, `<add key="Password" value="x"/>`, `- name: TOKEN` and below `value: x`,
    /// `<entry key="password">x</entry>`: the name of the secret is itself a value.
    fn named_value(&self, spans: &mut Spans) -> usize {
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
    fn named_value_from(&self, at: usize, kind: Names, spans: &mut Spans) -> usize {
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

    /// What surrounds this name; `sign` where a sign follows, so that the rest of the line may be the value.
    fn place(&self, sign: bool) -> Place {
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

    /// Marks the value if it is a secret; reading goes on after it, or inside it where it is ordinary.
    fn take(&self, value: Value, kind: Names, spans: &mut Spans) -> usize {
        let mut inner = value.inner;
        if !value.quoted {
            let kept = self.text[inner.clone()].trim_end();
            inner.end = inner.start + kept.strip_suffix([',', ';']).unwrap_or(kept).len();
        }
        match kind {
            Names::Webhook => return self.webhook(inner, spans),
            Names::Authorization => inner.start += scheme_length(&self.text[inner.clone()]),
            _ => {}
        }
        if !value::is_secret(self.name(), kind, &self.text[inner.clone()]) {
            return self.end;
        }
        spans.add(inner.start, inner.end);
        value.next
    }

    fn webhook(&self, inner: std::ops::Range<usize>, spans: &mut Spans) -> usize {
        let value = &self.text[inner.clone()];
        if let Some(path) =
            value.find("://").and_then(|scheme| value[scheme + 3..].find('/').map(|slash| scheme + 4 + slash))
            && value.len() > path
            && value.starts_with("http")
        {
            spans.add(inner.start + path, inner.end);
        }
        self.end
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Directive {
    First,
    Later,
    Comment,
}

/// `{SHA512-CRYPT}$6$...`: not an object.
fn is_scheme(text: &str) -> bool {
    text[1..]
        .bytes()
        .take_while(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || matches!(c, b'-' | b'.' | b'_'))
        .count()
        > 1
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

/// `Bearer `, `Basic `: the scheme of an authorization header is no secret.
fn scheme_length(value: &str) -> usize {
    let quote = usize::from(value.starts_with(['"', '\'']));
    let scheme = value[quote..].bytes().take_while(|c| c.is_ascii_alphabetic() || *c == b'-').count();
    if scheme > 0 && value[quote + scheme..].starts_with(' ') { quote + scheme + 1 } else { 0 }
}

fn line_start(bytes: &[u8], at: usize) -> usize {
    bytes[..at].iter().rposition(|c| *c == b'\n').map_or(0, |found| found + 1)
}
