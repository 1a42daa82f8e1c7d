//! Secrets out, everything else as it was: `redact` is the last thing that happens to a text before it is kept or sent.
//!
//! Every detector looks at the whole text and marks what it holds for a secret; marked spans are united and replaced by
//! `<redacted:FINGERPRINT>`, keyed per system, so that a changed secret shows as a change and the secret itself does not.
//! The detectors know shapes, not file formats: a broken, minified or mixed file is read as well as a tidy one.
//!
//! Nothing about the text is trusted. Every detector is linear in its length. A doubt is decided for redacting, except
//! where prose or well-known ordinary settings would be destroyed; `tests/redaction` holds both sides of that line.

mod assignment;
mod block;
mod command;
mod daemon;
mod device;
mod key;
pub mod pseudonym;
mod shown;
mod span;
mod token;
mod url;
mod value;
mod value_end;
mod yaml;

use std::borrow::Cow;

use mailbeat_shared::wire::id::Digest;
use pseudonym::{Names, Pseudonyms};
use regex_automata::meta::Regex;
use shown::Shown;
use span::Spans;

use crate::config::RedactConfig;
use crate::pattern::{self, BadPattern};

/// Replaces secrets. Made once; holds the system's fingerprint key and never shows it.
pub struct Redactor {
    fingerprint_key: [u8; 32],
    own_patterns: Vec<Regex>,
    pseudonyms: Pseudonyms,
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Redactor").field("own_patterns", &self.own_patterns.len()).finish_non_exhaustive()
    }
}

impl Redactor {
    /// A redactor with the built-in detectors, the customer's own regular expressions, and pseudonyms for the configured kinds of
    /// `names`. Of an own pattern with a group the first group is redacted, else the whole match.
    ///
    /// # Errors
    /// [`BadPattern`] names the first pattern that does not compile.
    pub fn new(fingerprint_key: [u8; 32], config: &RedactConfig, names: Names) -> Result<Self, BadPattern> {
        let compile = |pattern: &String| pattern::compile("redaction", pattern);
        let own_patterns = config.patterns.iter().map(compile).collect::<Result<_, _>>()?;
        Ok(Self {
            fingerprint_key,
            own_patterns,
            pseudonyms: Pseudonyms::new(fingerprint_key, config, names),
        })
    }

    /// A name that is no content, such as a path: nothing is hidden, but who is in it has a pseudonym.
    #[must_use]
    pub fn disguise<'t>(&self, name: &'t str) -> Cow<'t, str> {
        self.pseudonyms.disguise(name)
    }

    /// The text without its secrets, and with pseudonyms for its names. Redacting again changes nothing.
    #[must_use]
    pub fn redact(&self, text: &str) -> String {
        // A replaced secret can uncover another one (a value ends elsewhere now), so look again until nothing is
        // found. Each round turns text into replacements and never the other way, two are the rule.
        const ROUNDS: usize = 8;
        let mut text = text.to_owned();
        for _ in 0..ROUNDS {
            let spans = self.secrets(&text);
            if spans.is_empty() {
                break;
            }
            text = spans.replace(&text, |secret| self.replacement(secret));
        }
        match self.pseudonyms.disguise(&text) {
            Cow::Owned(disguised) => disguised,
            Cow::Borrowed(_) => text,
        }
    }

    fn secrets(&self, text: &str) -> Spans {
        let mut spans = Spans::around(text);
        self.find(text, &mut spans);
        // Colours between a name and its secret are no letters: it is looked for as it is read, too.
        if let Some(shown) = Shown::of(text) {
            let mut found = Spans::around(shown.text());
            self.find(shown.text(), &mut found);
            found.marked().for_each(|span| spans.add(shown.start(span.start), shown.end(span.end)));
        }
        spans.united()
    }

    fn find(&self, text: &str, spans: &mut Spans) {
        block::find(text, spans);
        assignment::find(text, spans);
        command::find(text, spans);
        device::find(text, spans);
        daemon::find(text, spans);
        token::find(text, spans);
        url::find(text, spans);
        for pattern in &self.own_patterns {
            for found in pattern.captures_iter(text) {
                if let Some(span) = found.get_group(1).or_else(|| found.get_match().map(|all| all.span())) {
                    spans.add(span.start, span.end);
                }
            }
        }
    }

    fn replacement(&self, secret: &str) -> String {
        let digest = Digest::keyed(&self.fingerprint_key, secret.as_bytes());
        let fingerprint: String = digest.as_bytes()[..4].iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{}{fingerprint}{}", span::OPEN, span::CLOSE)
    }
}
