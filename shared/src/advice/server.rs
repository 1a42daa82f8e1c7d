//! What a mail server's words, or its silence, probably mean, and the way out: tables of codes and words, in two languages.
//!
//! The first rule that fits counts; special ones stand before general ones, and the last rules fit every kind of failure.
//! A server's text is hostile: it chooses a row and appears in none.

mod logon;
mod message;
mod privacy;
mod reaching;

use super::Advice;
use crate::phrases::Phrase;
use crate::steps::Explain;
use crate::transport::oauth;
use crate::transport::outcome::{Failure, FailureKind};

/// One row: when it fits, and what it says.
struct Rule {
    /// At these steps; empty: at any.
    at: &'static [&'static str],
    /// For these kinds of failure; empty: for any.
    kinds: &'static [FailureKind],
    /// The text begins with one of these codes; empty: with anything.
    codes: &'static [&'static str],
    /// The text contains one of these words, in small letters; empty: whatever it contains.
    words: &'static [&'static str],
    /// Cause and fix.
    english: (&'static str, &'static str),
    german: (&'static str, &'static str),
}

/// A row that fits nothing special, to be narrowed by its fields.
const ANY: Rule = Rule { at: &[], kinds: &[], codes: &[], words: &[], english: ("", ""), german: ("", "") };

impl Rule {
    fn fits(&self, kind: Option<FailureKind>, text: &str, small: &str, at: &str) -> bool {
        let is_at = self.at.is_empty() || self.at.contains(&at);
        let is_kind = self.kinds.is_empty() || kind.is_some_and(|kind| self.kinds.contains(&kind));
        let has_code = self.codes.is_empty() || self.codes.iter().any(|code| text.starts_with(code));
        let has_word = self.words.is_empty() || self.words.iter().any(|word| small.contains(word));
        is_at && is_kind && has_code && has_word
    }
}

fn rules() -> impl Iterator<Item = &'static Rule> {
    [logon::RULES, privacy::RULES, message::RULES, reaching::RULES].into_iter().flatten()
}

/// What this failure at this step (see [`crate::steps::name`]) probably means. Without a kind, a refusal that was only kept as
/// text, the text alone decides.
#[must_use]
pub fn explain(kind: Option<FailureKind>, text: &str, at: &str) -> Advice {
    // What is said of a token says more than kinds and words of every server.
    if let Some(advice) = oauth::advise(text) {
        return advice;
    }
    let small = text.to_lowercase();
    let found = rules().find(|rule| rule.fits(kind, text, &small, at));
    let (cause, fix) = found.map_or(("", ""), |rule| rule.english);
    Advice::new(cause, fix)
}

/// Every sentence with its German.
pub fn phrases() -> impl Iterator<Item = Phrase> {
    let own = rules().flat_map(|rule| [(rule.english.0, rule.german.0), (rule.english.1, rule.german.1)]);
    oauth::phrases().chain(own)
}

impl Explain for Failure {
    fn explain(&self, at: &str) -> (String, Advice) {
        (self.to_string(), explain(Some(self.kind), &self.text, at))
    }
}

#[cfg(test)]
mod tests;
