//! Stable pseudonyms, where the administrator wants them: IP addresses, host names, people's user names and mail addresses.
//!
//! A pseudonym is keyed per system: the same name has the same pseudonym in every report of this system and says nothing elsewhere. It
//! comes after the secrets, and a text that has been disguised once is not changed again. Pure: the names of this host and of its people
//! are handed in.
//!
//! What cannot be recognised stays: a host outside of the host's own domains, or a person who has no account here, is only a word. Such
//! names are given in `redact.hosts` and `redact.users`.

mod address;
mod mail;
mod name;

use std::borrow::Cow;
use std::ops::Range;

use mailbeat_shared::wire::id::Digest;
use serde::{Deserialize, Serialize};

use crate::config::RedactConfig;

/// What can be told by a pseudonym instead of by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// IPv4 and IPv6 addresses; two of one network show the same first half.
    Ip,
    /// This host, the hosts in its `hosts` file and its domains.
    Host,
    /// People with an account here; system accounts keep their names.
    User,
    /// Mail addresses.
    Mail,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Ip, Self::Host, Self::User, Self::Mail];

    fn word(self) -> &'static str {
        match self {
            Self::Ip => "ip",
            Self::Host => "host",
            Self::User => "user",
            Self::Mail => "mail",
        }
    }
}

/// The names this host knows, as its operating system tells them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// Host names, short or with their domain.
    pub hosts: Vec<String>,
    /// Domains of which every name is a host: of two labels at least.
    pub domains: Vec<String>,
    /// User names of people.
    pub users: Vec<String>,
}

/// Puts pseudonyms for names. Holds the system's fingerprint key and never shows it. The default puts none.
#[derive(Default)]
pub struct Pseudonyms {
    key: [u8; 32],
    kinds: Vec<Kind>,
    names: name::Known,
}

impl std::fmt::Debug for Pseudonyms {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pseudonyms").field("kinds", &self.kinds).finish_non_exhaustive()
    }
}

/// One name found in a text.
struct Named {
    at: Range<usize>,
    kind: Kind,
    /// What makes the pseudonym: the same for two spellings of one name. A network and what lies in it, for an address.
    parts: Vec<String>,
}

impl Pseudonyms {
    /// Pseudonyms of the configured kinds, for the names of this host and those the configuration adds.
    #[must_use]
    pub fn new(key: [u8; 32], config: &RedactConfig, mut names: Names) -> Self {
        names.hosts.extend(config.hosts.iter().cloned());
        names.users.extend(config.users.iter().cloned());
        Self { key, kinds: config.pseudonyms.clone(), names: name::Known::new(&names) }
    }

    /// Whether names of this kind are told by pseudonyms.
    #[must_use]
    pub fn cover(&self, kind: Kind) -> bool {
        self.kinds.contains(&kind)
    }

    /// The text with pseudonyms for every name of the configured kinds.
    #[must_use]
    pub fn disguise<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.kinds.is_empty() {
            return Cow::Borrowed(text);
        }
        let named = self.named(text);
        if named.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut out = String::with_capacity(text.len());
        let mut done = 0;
        for found in named {
            out.push_str(&text[done..found.at.start]);
            out.push_str(&self.pseudonym(found.kind, &found.parts));
            done = found.at.end;
        }
        out.push_str(&text[done..]);
        Cow::Owned(out)
    }

    /// The pseudonym of one whole name, whatever it looks like.
    #[must_use]
    pub fn of(&self, kind: Kind, name: &str) -> String {
        self.pseudonym(kind, &[name.to_lowercase()])
    }

    fn pseudonym(&self, kind: Kind, parts: &[String]) -> String {
        let mut whole = String::from(kind.word());
        let fingerprints: Vec<String> = parts
            .iter()
            .map(|part| {
                whole = format!("{whole} {part}");
                let digest = Digest::keyed(&self.key, whole.as_bytes());
                digest.as_bytes()[..4].iter().map(|byte| format!("{byte:02x}")).collect()
            })
            .collect();
        format!("<{}:{}>", kind.word(), fingerprints.join("-"))
    }

    /// The names in their order, none inside another or inside what was replaced before.
    fn named(&self, text: &str) -> Vec<Named> {
        let mut named = Vec::new();
        if self.cover(Kind::Mail) {
            mail::find(text, &mut named);
        }
        if self.cover(Kind::Ip) {
            address::find(text, &mut named);
        }
        if self.cover(Kind::Host) {
            self.names.find_hosts(text, &mut named);
        }
        if self.cover(Kind::User) {
            self.names.find_users(text, &mut named);
        }
        named.sort_by_key(|found| (found.at.start, std::cmp::Reverse(found.at.end)));
        let replaced = replacements(text);
        let mut end = 0;
        named.retain(|found| {
            let apart = found.at.start >= end
                && !replaced.iter().any(|done| done.start < found.at.end && found.at.start < done.end);
            if apart {
                end = found.at.end;
            }
            apart
        });
        named
    }
}

/// Where pseudonyms and redacted secrets stand already.
fn replacements(text: &str) -> Vec<Range<usize>> {
    let words = Kind::ALL.map(Kind::word).into_iter().chain(["redacted"]);
    let mut found = Vec::new();
    for word in words {
        let open = format!("<{word}:");
        found.extend(text.match_indices(&open).filter_map(|(at, _)| {
            let inside = &text[at + open.len()..];
            let length = inside.find(|c: char| !c.is_ascii_hexdigit() && c != '-')?;
            inside[length..].starts_with('>').then(|| at..at + open.len() + length + 1)
        }));
    }
    found
}

#[cfg(test)]
mod tests;
