//! What providers and their mail servers say when they refuse, with the cause and the fix: one table.
//!
//! A text from outside is searched for the codes; it decides nothing else. Codes are those of Microsoft Entra and Exchange
//! Online, of Google, and of RFC 6749, RFC 8628 and RFC 7521.

mod entra;
mod exchange;
mod smtp;
mod standard;

use crate::advice::Advice;
use crate::phrases::Phrase;

/// A refusal that is known by its code.
#[derive(Debug, PartialEq, Eq)]
pub struct Known {
    /// How it is recognised: a word or phrase of the answer.
    pub code: &'static str,
    /// Why it happens, a sentence.
    pub cause: &'static str,
    /// What to do, a sentence.
    pub fix: &'static str,
    /// Both in German.
    pub german: (&'static str, &'static str),
}

/// The entry for a text with a known code, the most telling first.
#[must_use]
pub fn known(text: &str) -> Option<&'static Known> {
    table().find(|entry| has_word(text, entry.code))
}

/// All entries; those whose code may stand beside a more general one come first.
fn table() -> impl Iterator<Item = &'static Known> {
    smtp::TABLE.iter().chain(of_providers())
}

/// Every sentence with its German.
pub fn phrases() -> impl Iterator<Item = Phrase> {
    table().flat_map(|entry| [(entry.cause, entry.german.0), (entry.fix, entry.german.1)])
}

/// Those that providers say, and mail servers about their tokens.
fn of_providers() -> impl Iterator<Item = &'static Known> {
    [entra::TABLE, exchange::TABLE, standard::TABLE].into_iter().flatten()
}

/// What a provider said, or a mail server of a token, as advice; SMTP's own codes are others' ([`crate::advice::server`]).
#[must_use]
pub fn advise(text: &str) -> Option<Advice> {
    let found = of_providers().find(|entry| has_word(text, entry.code));
    found.map(|entry| Advice::new(entry.cause, entry.fix))
}

/// Whether `word` stands in the text and is no part of a longer one: `5.7.3` is not in `5.7.30`.
fn has_word(text: &str, word: &str) -> bool {
    let joins = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
    text.match_indices(word).any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + word.len()..]);
        let goes_on =
            after.strip_prefix('.').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        !joins(before.chars().next_back())
            && !before.ends_with('.')
            && !joins(after.chars().next())
            && !goes_on
    })
}

/// Words of our own for what no server says in so many words.
pub(crate) const NO_CONSENT: &str = "nobody has signed in for this account";
pub(crate) const ON_PREMISES: &str = "an on-premises Exchange";
pub(crate) const DEVICE_BLOCKED: &str = "the device code grant was refused";

/// What is said of a server that offers only what Windows speaks, for the end of a sentence.
#[must_use]
pub fn windows_only(offers: &[String]) -> Option<String> {
    let windows = |offer: &String| ["NTLM", "GSSAPI", "GSS-SPNEGO", "X-EXPS"].contains(&offer.as_str());
    (!offers.is_empty() && offers.iter().all(windows)).then(|| format!(" only, as {ON_PREMISES} does"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_that_says_most_wins_over_the_general_word_beside_it() {
        let code = |text| known(text).map(|entry| entry.code);
        let microsoft = "login.microsoftonline.com said invalid_grant: AADSTS700082: The refresh token has expired due to inactivity.";
        assert_eq!(code(microsoft), Some("AADSTS700082"));
        assert_eq!(code("invalid_grant: Token has been expired or revoked."), Some("invalid_grant"));
        assert_eq!(
            code("535 5.7.139 Authentication unsuccessful, basic authentication is disabled."),
            Some("5.7.139")
        );
        assert_eq!(
            code("550 5.7.30 Basic authentication is not supported for Client Submission."),
            Some("5.7.30")
        );
        assert_eq!(code("550 5.7.3 no"), None, "a code is no part of another");
        assert_eq!(code("relay 10.5.7.60 said no"), None);
        assert_eq!(code("see 5.7.30.1"), None);
        assert_eq!(code("421 4.3.2 shutting down"), None, "only Exchange's 432 is about concurrency");
        assert_eq!(code("432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded"), Some("432 4.3.2"));
        assert_eq!(code("xinvalid_grant"), None);
    }

    #[test]
    fn every_code_the_specification_names_is_known_and_every_entry_can_be_reached() {
        for code in [
            "AADSTS50173",
            "AADSTS700082",
            "AADSTS7000222",
            "AADSTS53003",
            "AADSTS65001",
            "AADSTS50126",
            "invalid_grant",
            "5.7.139",
            "5.7.30",
            "5.7.60",
            "5.2.121",
            "5.2.122",
            "432 4.3.2",
        ] {
            assert_eq!(known(code).map(|entry| entry.code), Some(code));
        }
        for entry in table() {
            assert_eq!(known(entry.code), Some(entry), "{} is hidden by one before it", entry.code);
            for sentence in [entry.cause, entry.fix, entry.german.0, entry.german.1] {
                assert!(sentence.ends_with('.'), "{sentence}");
            }
        }
    }
}
