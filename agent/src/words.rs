//! The words of what commands print in two languages: the data sheet with its annex, and what an export tells about itself.
//!
//! They lie in `templates/agent` like those of the mails. Whatever comes from the host is data and never a template.

use std::collections::BTreeMap;

use mailbeat_shared::template::{RenderError, Templates};
use mailbeat_shared::text;
use serde::{Deserialize, Serialize};

use crate::config::Locale;

/// A page that a command prints or writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    /// The data sheet.
    Disclosure,
    /// The data sheet as an annex to a contract, Markdown.
    Annex,
    /// What an export of the trail says about itself, Markdown.
    Export,
}

/// What an item is, for people.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ItemWords {
    /// Its name.
    pub title: String,
    /// What it says.
    pub what: String,
    /// What it is sent for.
    pub purpose: String,
    /// What it may say about people.
    pub personal: String,
}

/// The words for every item, by the item's name.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ItemsWords {
    /// Of what can be switched off.
    pub item: BTreeMap<String, ItemWords>,
    /// Of what every report says.
    pub always: BTreeMap<String, ItemWords>,
}

/// A template that failed, which is a fault in the program.
#[derive(Debug, thiserror::Error)]
#[error("the page cannot be made: {0}")]
pub struct PageError(#[from] RenderError);

macro_rules! file {
    ($locale:literal, $name:literal) => {
        include_str!(concat!("../../templates/agent/", $locale, "/", $name))
    };
}

impl Page {
    fn template(self, locale: Locale) -> &'static str {
        match (self, locale) {
            (Self::Disclosure, Locale::En) => file!("en", "disclose.txt.hbs"),
            (Self::Disclosure, Locale::De) => file!("de", "disclose.txt.hbs"),
            (Self::Annex, Locale::En) => file!("en", "annex.md.hbs"),
            (Self::Annex, Locale::De) => file!("de", "annex.md.hbs"),
            (Self::Export, Locale::En) => file!("en", "export.md.hbs"),
            (Self::Export, Locale::De) => file!("de", "export.md.hbs"),
        }
    }

    /// The page with these values.
    ///
    /// # Errors
    /// [`PageError`].
    ///
    /// # Panics
    /// Never: the templates are part of the program, and a test reads them.
    pub fn render(self, locale: Locale, values: &impl Serialize) -> Result<String, PageError> {
        Ok(Templates::new(&[("page.txt.hbs", self.template(locale))]).text("page", values)?)
    }
}

/// The words for every item in this language.
///
/// # Panics
/// Never: they are part of the program, and a test reads them.
#[must_use]
pub fn items(locale: Locale) -> ItemsWords {
    let text = match locale {
        Locale::En => file!("en", "items.toml"),
        Locale::De => file!("de", "items.toml"),
    };
    toml::from_str(text).expect("built-in words are read by a test")
}

/// The text with long lines of `  Label:   words` folded under their words.
#[must_use]
pub fn folded(lines: &str, width: usize) -> String {
    const INDENT: usize = 13;
    let fold = |line: &str| {
        if line.starts_with("  ") { text::fold(line, width, INDENT) } else { line.to_owned() }
    };
    lines.lines().map(|line| fold(line) + "\n").collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::{ALWAYS, Item};

    #[test]
    fn every_item_is_described_in_every_language_and_nothing_else_is() {
        for locale in [Locale::En, Locale::De] {
            let words = items(locale);
            let mut items: Vec<&str> = Item::ALL.map(Item::name).to_vec();
            let mut always: Vec<&str> = ALWAYS.map(|always| always.name).to_vec();
            items.sort_unstable();
            always.sort_unstable();
            assert_eq!(words.item.keys().collect::<Vec<_>>(), items, "{locale:?}");
            assert_eq!(words.always.keys().collect::<Vec<_>>(), always, "{locale:?}");
            for (name, words) in words.item.iter().chain(&words.always) {
                for said in [&words.title, &words.what, &words.purpose, &words.personal] {
                    assert!(!said.trim().is_empty() && !said.contains('|'), "{name} in {locale:?}: {said:?}");
                }
            }
        }
        let (english, german) = (items(Locale::En), items(Locale::De));
        assert!(english.item.iter().all(|(name, words)| words.what != german.item[name].what));
    }

    #[test]
    fn long_lines_are_folded_under_their_words() {
        let folded = folded("Title stays whole whatever its length\n  What:      one two three\n", 20);
        assert_eq!(
            folded,
            "Title stays whole whatever its length\n  What:      one two\n             three\n"
        );
    }
}
