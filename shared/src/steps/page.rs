//! Steps as a person reads them in a terminal: one line each where it fits, cause and fix below, folded at 80 columns.

use std::io::IsTerminal as _;

use super::{Step, StepResult, worst};
use crate::locale::Locale;
use crate::phrases::{self, Phrase};
use crate::text;

/// The width that pages are made for, in columns.
const WIDTH: usize = 80;
/// Where the name of a step begins, and where what was seen does.
const NAME: usize = 11;
const SEEN: usize = 38;

/// How steps are shown: language and colours.
#[derive(Clone, Debug)]
pub struct Page {
    locale: Locale,
    phrases: Vec<Phrase>,
    colours: bool,
    area: Option<String>,
}

impl Page {
    /// In this language, with the program's own German sentences besides those of this crate. Colours only where standard
    /// output is a terminal and `NO_COLOR` is not set (no-color.org).
    #[must_use]
    pub fn new(locale: Locale, own: &[Phrase]) -> Self {
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let phrases = own.iter().copied().chain(super::words::phrases()).collect();
        Self { locale, phrases, colours: std::io::stdout().is_terminal() && !unwanted, area: None }
    }

    /// The same for standard error instead.
    #[must_use]
    pub fn on_stderr(self) -> Self {
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { colours: std::io::stderr().is_terminal() && !unwanted, ..self }
    }

    /// The same without colours, for a file.
    #[must_use]
    pub fn plain(&self) -> Self {
        Self { colours: false, area: None, ..self.clone() }
    }

    /// A sentence in the page's language.
    #[must_use]
    pub fn said(&self, sentence: &str) -> String {
        match self.locale {
            Locale::En => sentence.to_owned(),
            Locale::De => phrases::translated(sentence, &self.phrases, self.locale),
        }
    }

    /// The step's lines, with a headline where its area is new.
    pub fn step(&mut self, step: &Step) -> String {
        let mut out = String::new();
        if self.area.as_deref() != Some(&step.area) {
            let gap = if self.area.is_some() { "\n" } else { "" };
            out += &format!("{gap}{}\n", self.painted("1", &text::capitalised(&self.said(&step.area))));
            self.area = Some(step.area.clone());
        }
        let (name, seen) = (self.said(&step.name), self.said(&step.seen));
        let mark = format!("{:<width$}", self.mark(step.result), width = NAME - 2);
        let took = match step.duration.as_millis() {
            0..100 => String::new(),
            ms => format!(" ({} s)", self.locale.number(&format!("{:.1}", ms as f64 / 1000.0))),
        };
        let line = format!("  {mark}{name:<width$} {seen}{took}", width = SEEN - NAME - 1);
        let folded = text::fold(line.trim_end(), WIDTH, SEEN);
        out += &folded.replacen(&mark, &self.painted(colour(step.result), &mark), 1);
        out.push('\n');
        if let Some(advice) = &step.advice {
            let (cause, fix) = match self.locale {
                Locale::En => ("Cause: ", "Fix:   "),
                Locale::De => ("Grund:  ", "Lösung: "),
            };
            for (label, sentence) in [(cause, &advice.cause), (fix, &advice.fix)] {
                if !sentence.is_empty() {
                    let line = format!("{:NAME$}{label}{}", "", self.said(sentence));
                    out += &text::fold(&line, WIDTH, NAME + label.chars().count());
                    out.push('\n');
                }
            }
        }
        out
    }

    /// How it went, all in all.
    #[must_use]
    pub fn sum(&self, steps: &[Step]) -> String {
        let words =
            [StepResult::Ok, StepResult::Warning, StepResult::Failed, StepResult::NotRun].map(|result| {
                let count = steps.iter().filter(|step| step.result == result).count();
                format!("{count} {}", self.counted(result, count))
            });
        self.painted(colour(worst(steps)), &words.join(", ")) + "\n"
    }

    fn mark(&self, result: StepResult) -> &'static str {
        match (result, self.locale) {
            (StepResult::Ok, _) => "ok",
            (StepResult::Warning, Locale::En) => "warning",
            (StepResult::Warning, Locale::De) => "Warnung",
            (StepResult::Failed, Locale::En) => "FAILED",
            (StepResult::Failed, Locale::De) => "FEHLER",
            (StepResult::NotRun, Locale::En) => "not run",
            (StepResult::NotRun, Locale::De) => "entfällt",
        }
    }

    /// What so many steps are called together.
    fn counted(&self, result: StepResult, count: usize) -> &'static str {
        match (result, self.locale) {
            (StepResult::Warning, Locale::En) if count != 1 => "warnings",
            (StepResult::Warning, Locale::De) if count != 1 => "Warnungen",
            (StepResult::Failed, Locale::En) => "failed",
            (StepResult::Failed, Locale::De) => "Fehler",
            _ => self.mark(result),
        }
    }

    fn painted(&self, colour: &str, text: &str) -> String {
        if self.colours { format!("\u{1b}[{colour}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

/// The colour of a result, as terminals number them.
fn colour(result: StepResult) -> &'static str {
    match result {
        StepResult::Ok => "32",
        StepResult::Warning => "33",
        StepResult::Failed => "1;31",
        StepResult::NotRun => "2",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advice::Advice;
    use crate::steps::{Steps, name};

    fn walk() -> Vec<Step> {
        let mut steps = Steps::new("2026-11-22T08:00:00Z".parse().unwrap());
        steps.enter("route office");
        steps.note(name::RESOLVE, "192.0.2.7");
        let advice =
            Advice::new("The server does not know this user name or password.", "Correct `password_file`.");
        steps.fail(
            name::AUTHENTICATE,
            "authentication failed: 535 5.7.8 Error: authentication failed: no such user here",
            advice,
        );
        steps.skip(name::SENDER, super::super::words::EARLIER, None);
        steps.into_taken()
    }

    fn page(locale: Locale) -> String {
        let mut page = Page { colours: false, ..Page::new(locale, &[]) };
        let steps = walk();
        steps.iter().map(|step| page.step(step)).collect::<String>() + &page.sum(&steps)
    }

    #[test]
    fn a_page_fits_eighty_columns_and_says_cause_and_fix_below() {
        assert_eq!(
            page(Locale::En),
            "Route office\n  \
               ok       name (DNS)                 192.0.2.7\n  \
               FAILED   authentication             authentication failed: 535 5.7.8 Error:\n\
             \x20                                     authentication failed: no such user here\n           \
                        Cause: The server does not know this user name or password.\n           \
                        Fix:   Correct `password_file`.\n  \
               not run  sender                     a step before failed\n\
             1 ok, 0 warnings, 1 failed, 1 not run\n"
        );
    }

    #[test]
    fn a_page_speaks_german_and_leaves_the_servers_words_alone() {
        let page = page(Locale::De);
        for words in [
            "Route office",
            "Name (DNS)",
            "Anmeldung",
            "535 5.7.8 Error",
            "Absender",
            "ein Schritt davor",
            "1 ok, 0 Warnungen, 1 Fehler, 1 entfällt",
        ] {
            assert!(page.contains(words), "{words}: {page}");
        }
        assert!(page.lines().all(|line| line.chars().count() <= WIDTH), "{page}");
    }

    #[test]
    fn colours_are_for_terminals_only() {
        let mut page = Page { colours: true, ..Page::new(Locale::En, &[]) };
        assert!(page.step(&walk()[0]).contains("\u{1b}[32mok       \u{1b}[0m"));
        assert!(!page.plain().step(&walk()[0]).contains('\u{1b}'));
    }
}
