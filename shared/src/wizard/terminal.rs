//! Asking people in a terminal, by inquire: arrow keys, defaults, checks in place, Esc for the question before, Ctrl-C to stop.

use std::io::{IsTerminal as _, Write as _};

use inquire::list_option::ListOption;
use inquire::ui::{Color, RenderConfig, StyleSheet, Styled};
use inquire::validator::Validation;
use inquire::{Confirm, InquireError, MultiSelect, Password, PasswordDisplayMode, Select, Text};

use super::{Asker, Check, Reply, languages, words};
use crate::dns::services::{self, Offer};
use crate::dns::{DnsSettings, Resolver};
use crate::locale::Locale;
use crate::phrases::Phrase;
use crate::steps::page::Page;
use crate::text;

/// Columns of what is said between questions.
const WIDTH: usize = 80;
/// Rows of a terminal that does not tell.
const ROWS: usize = 24;
/// Rows for a headline above and the question below what is shown.
const BESIDES: usize = 5;
/// Options shown at once.
const SHOWN: usize = 12;

/// A person in front of a terminal.
#[derive(Debug)]
pub struct Terminal {
    page: Page,
    locale: Locale,
    phrases: &'static [Phrase],
    /// Whom to ask about mail domains.
    dns: DnsSettings,
    /// The address asked about last, and what came of it.
    offered: Option<(String, Offer)>,
}

impl Terminal {
    /// A terminal that speaks this language; `phrases` are the wizard's German sentences. `None`: nobody is there to answer.
    #[must_use]
    pub fn open(locale: Locale, phrases: &'static [Phrase], dns: &DnsSettings) -> Option<Self> {
        let somebody = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
        somebody.then(|| Self {
            page: page(locale, phrases),
            locale,
            phrases,
            dns: dns.clone(),
            offered: None,
        })
    }

    /// Asks which language the wizard speaks from now on. `None`: the person left.
    pub fn ask_language(&mut self) -> Option<Locale> {
        let (names, locales) = languages();
        let now = locales.iter().position(|locale| *locale == self.locale).unwrap_or(0);
        let Reply::Given(chosen) = self.choose("Language / Sprache", "", &names, now) else { return None };
        let locale = locales.get(chosen).copied().unwrap_or_default();
        (self.page, self.locale) = (page(locale, self.phrases), locale);
        Some(locale)
    }

    fn said(&self, sentence: &str) -> String {
        self.page.said(sentence)
    }

    fn help(&self, help: &str, keys: (&str, &str)) -> String {
        let keys = if self.locale == Locale::De { keys.1 } else { keys.0 };
        let help = self.said(help);
        let whole = if help.is_empty() { keys.to_owned() } else { format!("{help} ({keys})") };
        // A terminal would break it inside of words. It stands in brackets, hence the indent.
        text::fold(&whole, WIDTH - 2, 1)
    }

    fn options(&self, options: &[String]) -> Vec<String> {
        options.iter().map(|option| self.said(option)).collect()
    }
}

fn page(locale: Locale, phrases: &[Phrase]) -> Page {
    let all: Vec<Phrase> = phrases.iter().chain(words::PHRASES).copied().collect();
    Page::new(locale, &all)
}

/// Plain where colours are not wanted, else the question's mark in green and errors in red.
fn look() -> RenderConfig<'static> {
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let base = if plain { RenderConfig::empty() } else { RenderConfig::default_colored() };
    let answer = if plain { StyleSheet::empty() } else { StyleSheet::new().with_fg(Color::LightCyan) };
    base.with_prompt_prefix(Styled::new("?"))
        .with_answered_prompt_prefix(Styled::new(">"))
        .with_canceled_prompt_indicator(Styled::new("<-"))
        .with_answer(answer)
}

fn reply<T>(result: Result<T, InquireError>) -> Reply<T> {
    match result {
        Ok(answer) => Reply::Given(answer),
        Err(InquireError::OperationCanceled) => Reply::Back,
        Err(_) => Reply::Quit,
    }
}

impl Asker for Terminal {
    /// By the DNS; a person who goes back and forth waits for it once.
    fn offer(&mut self, address: &str) -> Offer {
        if let Some((_, offer)) = self.offered.as_ref().filter(|(known, _)| known == address) {
            return offer.clone();
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let offer = runtime.map_or_else(
            |_| Offer::default(),
            |runtime| runtime.block_on(services::offer(&Resolver::new(&self.dns), address)),
        );
        self.offered = Some((address.to_owned(), offer.clone()));
        offer
    }

    fn say(&mut self, sentence: &str) {
        let folded: String =
            self.said(sentence).lines().map(|line| text::fold(line, WIDTH, indent(line)) + "\n").collect();
        let mut out = std::io::stdout().lock();
        let _ = out.write_all(folded.as_bytes()).and_then(|()| out.flush()); // nobody reads any more
    }

    /// Page by page; Esc leaves out the rest.
    fn show(&mut self, lines: &str) {
        let lines: Vec<String> =
            lines.lines().map(|line| text::fold(line, WIDTH, indent(line) + 2)).collect();
        let mut left: &[String] = &lines;
        loop {
            let fits = fitting(left, rows().saturating_sub(BESIDES));
            let (now, rest) = left.split_at(fits);
            let shown: String = now.iter().map(|line| format!("{line}\n")).collect();
            let mut out = std::io::stdout().lock();
            let _ = out.write_all(shown.as_bytes()).and_then(|()| out.flush()); // nobody reads any more
            drop(out);
            left = rest;
            let more = self.said("More");
            let help = self.help("", ("enter; esc leaves out the rest", "Enter; Esc lässt den Rest aus"));
            let asked = Text::new(&more).with_help_message(&help).with_render_config(look());
            if left.is_empty() || asked.prompt().is_err() {
                return;
            }
        }
    }

    fn choose(&mut self, question: &str, help: &str, options: &[String], default: usize) -> Reply<usize> {
        let (question, options) = (self.said(question), self.options(options));
        let help = self.help(help, ("arrows, enter; esc goes back", "Pfeile, Enter; Esc geht zurück"));
        let select = Select::new(&question, options).with_help_message(&help).with_page_size(SHOWN);
        let select = select.with_starting_cursor(default).with_render_config(look()).without_filtering();
        // What was chosen stands behind the question, on one line.
        let room = WIDTH.saturating_sub(question.chars().count() + 4);
        let chosen = |option: ListOption<&String>| cut(option.value, room);
        match reply(select.with_formatter(&chosen).raw_prompt()) {
            Reply::Given(chosen) => Reply::Given(chosen.index),
            Reply::Back => Reply::Back,
            Reply::Quit => Reply::Quit,
        }
    }

    fn choose_many(
        &mut self,
        question: &str,
        help: &str,
        options: &[String],
        on: &[usize],
    ) -> Reply<Vec<usize>> {
        let (question, options) = (self.said(question), self.options(options));
        let keys = ("space switches, enter; esc goes back", "Leertaste schaltet, Enter; Esc geht zurück");
        let help = self.help(help, keys);
        let all = options.len();
        let select = MultiSelect::new(&question, options).with_help_message(&help).with_page_size(SHOWN);
        let select = select.with_default(on).with_render_config(look()).without_filtering();
        let several = |chosen: &[ListOption<&String>]| format!("{} / {all}", chosen.len());
        match reply(select.with_formatter(&several).raw_prompt()) {
            Reply::Given(chosen) => Reply::Given(chosen.into_iter().map(|option| option.index).collect()),
            Reply::Back => Reply::Back,
            Reply::Quit => Reply::Quit,
        }
    }

    fn text(&mut self, question: &str, help: &str, default: &str, check: Check) -> Reply<String> {
        let question = self.said(question);
        let help = self.help(help, ("enter; esc goes back", "Enter; Esc geht zurück"));
        let page = self.page.clone();
        // A proposal is taken by Enter and replaced by typing; where nothing is an answer too, it stands there to be removed.
        let may_be_empty = check("").is_ok();
        let validate = move |answer: &str| match check(answer.trim()) {
            Ok(()) => Ok(Validation::Valid),
            Err(wrong) => Ok(Validation::Invalid(page.said(&wrong).into())),
        };
        let asked = Text::new(&question).with_help_message(&help);
        let asked = match (default.is_empty(), may_be_empty) {
            (true, _) => asked,
            (false, true) => asked.with_initial_value(default),
            (false, false) => asked.with_default(default),
        };
        match reply(asked.with_validator(validate).with_render_config(look()).prompt()) {
            Reply::Given(answer) => Reply::Given(answer.trim().to_owned()),
            other => other,
        }
    }

    fn secret(&mut self, question: &str, help: &str, check: Check) -> Reply<String> {
        let question = self.said(question);
        let help = self.help(help, ("enter; esc goes back", "Enter; Esc geht zurück"));
        let page = self.page.clone();
        let validate = move |answer: &str| match check(answer) {
            Ok(()) => Ok(Validation::Valid),
            Err(wrong) => Ok(Validation::Invalid(page.said(&wrong).into())),
        };
        let asked = Password::new(&question).with_help_message(&help).without_confirmation();
        let asked = asked.with_display_mode(PasswordDisplayMode::Masked).with_validator(validate);
        reply(asked.with_render_config(look()).prompt())
    }

    fn confirm(&mut self, question: &str, help: &str, default: bool) -> Reply<bool> {
        let question = self.said(question);
        let (yes, no) = if self.locale == Locale::De { ("j", "n") } else { ("y", "n") };
        let help = self.help(help, ("y or n, enter; esc goes back", "j oder n, Enter; Esc geht zurück"));
        let parse = move |answer: &str| match answer.trim().to_lowercase().as_str() {
            "y" | "yes" | "j" | "ja" => Ok(true),
            "n" | "no" | "nein" => Ok(false),
            _ => Err(()),
        };
        let format = move |answer: bool| if answer { yes.to_owned() } else { no.to_owned() };
        let asked = Confirm::new(&question).with_help_message(&help).with_default(default);
        let asked = asked.with_parser(&parse).with_default_value_formatter(&format).with_formatter(&format);
        reply(asked.with_error_message(&format!("{yes} / {no}")).with_render_config(look()).prompt())
    }
}

/// The text, cut where it is longer than so many characters.
fn cut(text: &str, room: usize) -> String {
    if text.chars().count() <= room {
        return text.to_owned();
    }
    text.chars().take(room.saturating_sub(1)).chain(['…']).collect()
}

/// How many of these lines fit so many rows; at least one.
fn fitting(lines: &[String], rows: usize) -> usize {
    let mut used = 0;
    let fits = lines.iter().take_while(|line| {
        used += line.lines().count().max(1);
        used <= rows
    });
    fits.count().max(1)
}

/// Rows of the terminal.
#[cfg(unix)]
fn rows() -> usize {
    let size = rustix::termios::tcgetwinsize(std::io::stdout()).map_or(0, |size| usize::from(size.ws_row));
    if size == 0 { ROWS } else { size }
}

#[cfg(not(unix))]
fn rows() -> usize {
    ROWS
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}
