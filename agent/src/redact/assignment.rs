//! Names of secrets with their values, whatever the format: the name is found first, then what separates it from its
//! value (`=`, `:`, a blank, `>`), then where the value ends. One reading, from left to right.

mod directive;
mod labelled;
mod place;
mod separator;

use super::key::{self, Names};
use super::span::Spans;
use super::value;
use super::value_end::{self, Value, line_end};
use super::yaml;
use separator::Separator;

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
        // A cipher list: `ALL:!PSK:!RC4`.
        if name == "PSK" && self.start > 0 && b"!:+-".contains(&bytes[self.start - 1]) {
            return None;
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

    /// The content of an element, over lines only if the element is closed: `<password>` in a sentence is no element.
    fn element(&self, at: usize, kind: Names, spans: &mut Spans) -> usize {
        // `<Password><Value>x</Value></Password>`
        let wraps =
            |tag: &&&str| self.text[at..].get(..tag.len()).is_some_and(|next| next.eq_ignore_ascii_case(tag));
        let wrapper = ["<value>", "<string>", "<plaintext>"].iter().find(wraps).map_or(0, |tag| tag.len());
        let at = at + wrapper;
        let rest = &self.text[at..];
        if let Some(inner) = rest.trim_start().strip_prefix("<![CDATA[") {
            let start = self.text.len() - inner.len();
            let end = start + inner.find("]]>").unwrap_or(inner.len());
            return self.take(Value { inner: start..end, next: end, quoted: true }, kind, spans);
        }
        let is_tag = |at: &usize| super::span::replaced_at(rest.as_bytes(), *at).is_none();
        let end = rest.match_indices('<').map(|found| found.0).find(is_tag).unwrap_or(rest.len());
        let closed = rest[end..].strip_prefix("</").is_some_and(|closing| {
            let tag = closing.split('>').next().unwrap_or(closing);
            wrapper > 0 || !self.is_tag() || tag.ends_with(self.name())
        });
        let end = if closed { end } else { rest[..end].find('\n').unwrap_or(end) };
        self.take(Value { inner: at..at + end, next: at + end, quoted: true }, kind, spans)
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

/// `{SHA512-CRYPT}$6$...`: not an object.
fn is_scheme(text: &str) -> bool {
    text[1..]
        .bytes()
        .take_while(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || matches!(c, b'-' | b'.' | b'_'))
        .count()
        > 1
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
