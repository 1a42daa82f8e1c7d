//! Sentences that programs make in English, said in another language when a person reads them.
//!
//! Reports, tickets and logs hold one language, so that machines and other people can compare them; a mail is translated when
//! it is written. A [`Phrase`] is the sentence with holes and its translation. Pure; a sentence nobody translated stays as it is,
//! which costs its reader a language and nobody a fact.

use jiff::{SignedDuration, Timestamp};

use crate::locale::Locale;

/// A sentence as the program makes it, and its translation.
///
/// Holes of the sentence are `{}` (anything, left as it is), `{n}` (a number with its unit), `{t}` (a time, RFC 3339), `{d}` (a
/// duration as jiff prints it), `{p}` (a sentence of its own) and `{l}` (sentences with commas between them). The translation puts
/// them where it wants by their numbers: `{1}`, `{2}`. Text in a hole ends where the text after the hole begins for the first time.
pub type Phrase = (&'static str, &'static str);

/// Deepest nesting of sentences in sentences.
const DEPTH: u8 = 3;

/// The sentence in the language of the phrases, or as it is where none fits. The first phrase that fits counts.
#[must_use]
pub fn translated(sentence: &str, phrases: &[Phrase], locale: Locale) -> String {
    translate(sentence, phrases, locale).unwrap_or_else(|| sentence.to_owned())
}

/// The sentence in the language of the phrases; `None` where no phrase fits.
#[must_use]
pub fn translate(sentence: &str, phrases: &[Phrase], locale: Locale) -> Option<String> {
    Translator { phrases, locale }.whole(sentence, DEPTH)
}

/// Both lists as one, at compile time; `N` is the sum of their lengths.
#[must_use]
pub const fn joined<const N: usize>(first: &[Phrase], second: &[Phrase]) -> [Phrase; N] {
    let mut all = [("", ""); N];
    let mut at = 0;
    while at < N {
        all[at] = if at < first.len() { first[at] } else { second[at - first.len()] };
        at += 1;
    }
    all
}

struct Translator<'p> {
    phrases: &'p [Phrase],
    locale: Locale,
}

impl Translator<'_> {
    fn whole(&self, sentence: &str, depth: u8) -> Option<String> {
        self.phrases.iter().find_map(|(pattern, translation)| {
            let held = self.holes(sentence, pattern, depth)?;
            Some(filled(translation, &held))
        })
    }

    /// What the holes of `pattern` hold if it fits the sentence from end to end, each as this language says it.
    fn holes(&self, sentence: &str, pattern: &str, depth: u8) -> Option<Vec<String>> {
        let (first, mut pattern) = pattern.split_once('{').unwrap_or((pattern, ""));
        let mut rest = sentence.strip_prefix(first)?;
        let mut held = Vec::new();
        while let Some((kind, after)) = pattern.split_once('}') {
            let (literal, next) = after.split_once('{').unwrap_or((after, ""));
            let is_last = next.is_empty();
            let end = match (literal.is_empty(), is_last) {
                (true, _) => rest.len(),
                (false, true) => rest.strip_suffix(literal)?.len(),
                (false, false) => rest.find(literal)?,
            };
            held.push(self.hole(kind, &rest[..end], depth)?);
            rest = &rest[end + literal.len()..];
            pattern = next;
        }
        rest.is_empty().then_some(held)
    }

    fn hole(&self, kind: &str, text: &str, depth: u8) -> Option<String> {
        let is_number = |text: &str| text.starts_with(|c: char| c.is_ascii_digit() || c == '-');
        match kind {
            "n" if is_number(text) => Some(self.duration(text).unwrap_or_else(|| self.locale.number(text))),
            "n" => None,
            "t" => text.parse::<Timestamp>().ok().map(|at| self.locale.second(at)),
            "d" => self.duration(text),
            "p" | "l" if depth == 0 => Some(text.to_owned()),
            "p" => Some(self.whole(text, depth - 1).unwrap_or_else(|| text.to_owned())),
            "l" => {
                let said = |part| self.whole(part, depth - 1).unwrap_or_else(|| part.to_owned());
                Some(text.split(", ").map(said).collect::<Vec<_>>().join(", "))
            }
            _ => Some(text.to_owned()),
        }
    }

    fn duration(&self, text: &str) -> Option<String> {
        text.parse::<SignedDuration>().ok().map(|duration| self.locale.span(duration))
    }
}

/// The translation with its holes filled; text that was filled in is not looked at again.
fn filled(translation: &str, held: &[String]) -> String {
    let mut parts = translation.split('{');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (number, literal) = part.split_once('}').unwrap_or((part, ""));
        let index = number.parse::<usize>().unwrap_or_default().wrapping_sub(1);
        out += held.get(index).map_or("", String::as_str);
        out += literal;
    }
    out
}

/// What is wrong with a table of phrases: translations that name holes their sentence does not have, or leave one out.
#[must_use]
pub fn faults(phrases: &[Phrase]) -> Vec<String> {
    let uses = |(pattern, translation): &&Phrase| {
        let holes = pattern.matches('{').count();
        let all = (1..=holes).all(|number| translation.contains(&format!("{{{number}}}")));
        all && translation.matches('{').count() == holes
    };
    phrases.iter().filter(|phrase| !uses(phrase)).map(|(pattern, _)| (*pattern).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PHRASES: &[Phrase] = &[
        ("filesystem {} is {n} full", "Dateisystem {1} ist zu {2} voll"),
        ("{} is {n} ({l})", "{1} beträgt {2} ({3})"),
        ("{p} above {n}", "{1} über {2}"),
        ("High", "Hoch"),
        ("last at {t}; one was promised every {d}", "zuletzt am {1}; zugesagt: alle {2}"),
        ("no heartbeat", "kein Heartbeat"),
    ];

    fn german(sentence: &str) -> Option<String> {
        translate(sentence, PHRASES, Locale::De)
    }

    #[test]
    fn a_sentence_with_holes_is_said_in_the_other_language() {
        assert_eq!(faults(PHRASES), Vec::<String>::new());
        assert_eq!(german("no heartbeat").unwrap(), "kein Heartbeat");
        assert_eq!(german("filesystem /var is 96.1 % full").unwrap(), "Dateisystem /var ist zu 96,1 % voll");
        assert_eq!(
            german("last at 2026-11-22T03:00:00Z; one was promised every 1h").unwrap(),
            "zuletzt am 22.11.2026, 03:00:00 UTC; zugesagt: alle 1 Stunde"
        );
        assert_eq!(
            german("x is 96 % (High above 95.5 %, Low)").unwrap(),
            "x beträgt 96 % (Hoch über 95,5 %, Low)"
        );
    }

    #[test]
    fn what_no_phrase_fits_stays_as_it_is() {
        for sentence in [
            "no heartbeat at all",
            "filesystem /var is very full",
            "",
            "last at noon; one was promised every 1h",
        ] {
            assert_eq!(german(sentence), None, "{sentence}");
            assert_eq!(translated(sentence, PHRASES, Locale::De), sentence);
        }
    }

    #[test]
    fn text_from_outside_that_looks_like_a_hole_is_text() {
        assert_eq!(german("filesystem {2} is 9 % full").unwrap(), "Dateisystem {2} ist zu 9 % voll");
        assert_eq!(faults(&[("{} and {}", "{1} und {3}"), ("a", "{1}")]), ["{} and {}", "a"]);
    }
}
