//! The words of one language in mails: severities, states, and the sentences tickets hold.
//!
//! Each language is one file that implements [`Words`], so a word that is missing does not compile. Tickets are written in English
//! and translated for the person who is told; titles that an operator wrote into `rules.toml` are the operator's words and stay.

mod de;
mod en;

use mailbeat_shared::locale::Locale;
use mailbeat_shared::phrases::{self, Phrase};

use crate::evaluate::Severity;
use crate::ticket::TicketState;

/// The words of one language.
pub trait Words: Sync {
    /// Which language.
    fn locale(&self) -> Locale;
    /// How urgent.
    fn severity(&self, severity: Severity) -> &'static str;
    /// Where a ticket stands.
    fn state(&self, state: TicketState) -> &'static str;
    /// When a ticket was opened, after where it stands.
    fn opened(&self, at: &str) -> String;
    /// The sentences tickets hold in English, and their translations.
    fn phrases(&self) -> &'static [Phrase];
}

/// The words of a language.
#[must_use]
pub fn of(locale: Locale) -> &'static dyn Words {
    match locale {
        Locale::En => &en::English,
        Locale::De => &de::German,
    }
}

impl dyn Words + '_ {
    /// A sentence of a ticket in this language.
    #[must_use]
    pub fn said(&self, sentence: &str) -> String {
        phrases::translated(sentence, self.phrases(), self.locale())
    }
}
