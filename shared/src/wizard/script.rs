//! A person at a wizard, played from a script: for tests. What does not fit the script ends the walk and is told by [`Script::faults`].

use std::collections::VecDeque;

use super::{Asker, Check, Reply};

/// What the person does with a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Do {
    /// Types this.
    Type(String),
    /// Chooses the option at this place; of yes and no, 1 is yes.
    Choose(usize),
    /// Switches these on and all others off.
    Switch(Vec<usize>),
    /// Wants the question before.
    GoBack,
    /// Stops.
    Leave,
}

/// What the person does, each where the question contains the words; else they take what is proposed.
#[derive(Debug, Default)]
pub struct Script {
    script: VecDeque<(&'static str, Do)>,
    heard: Vec<String>,
    faults: Vec<String>,
}

/// Types this.
#[must_use]
pub fn typed(text: &str) -> Do {
    Do::Type(text.to_owned())
}

impl Script {
    /// A person with this script.
    #[must_use]
    pub fn new(script: &[(&'static str, Do)]) -> Self {
        Self { script: script.iter().cloned().collect(), ..Self::default() }
    }

    /// The same person, who remembers what was heard, with another script.
    #[must_use]
    pub fn then(self, script: &[(&'static str, Do)]) -> Self {
        Self { heard: self.heard, faults: self.faults, ..Self::new(script) }
    }

    /// All sentences said to the person.
    #[must_use]
    pub fn heard(&self) -> &[String] {
        &self.heard
    }

    /// The words of the first question that did not come.
    #[must_use]
    pub fn left(&self) -> Option<&'static str> {
        self.script.front().map(|(words, _)| *words)
    }

    /// What did not fit: an answer that is none to its question, a proposal that its own question refuses.
    #[must_use]
    pub fn faults(&self) -> &[String] {
        &self.faults
    }

    fn does(&mut self, question: &str, help: &str) -> Option<Do> {
        self.hear(question);
        self.hear(help);
        let (words, _) = self.script.front()?;
        question.contains(words).then(|| self.script.pop_front().map(|(_, what)| what)).flatten()
    }

    fn hear(&mut self, sentence: &str) {
        if !sentence.is_empty() {
            self.heard.push(sentence.to_owned());
        }
    }

    fn reply<T>(
        &mut self,
        question: &str,
        help: &str,
        default: T,
        take: impl Fn(Do) -> Option<T>,
    ) -> Reply<T> {
        match self.does(question, help) {
            None => Reply::Given(default),
            Some(Do::GoBack) => Reply::Back,
            Some(Do::Leave) => Reply::Quit,
            Some(what) => match take(what) {
                Some(answer) => Reply::Given(answer),
                None => self.misfit(format!("the script gives {question:?} another kind of answer")),
            },
        }
    }

    fn misfit<T>(&mut self, fault: String) -> Reply<T> {
        self.faults.push(fault);
        Reply::Quit
    }
}

impl Asker for Script {
    fn say(&mut self, text: &str) {
        self.hear(text);
    }

    fn choose(&mut self, question: &str, help: &str, options: &[String], default: usize) -> Reply<usize> {
        options.iter().for_each(|option| self.hear(option));
        let at =
            |what| if let Do::Choose(at) = what { Some(at).filter(|at| *at < options.len()) } else { None };
        self.reply(question, help, default, at)
    }

    fn choose_many(&mut self, question: &str, help: &str, _: &[String], on: &[usize]) -> Reply<Vec<usize>> {
        self.reply(
            question,
            help,
            on.to_vec(),
            |what| if let Do::Switch(on) = what { Some(on) } else { None },
        )
    }

    fn text(&mut self, question: &str, help: &str, default: &str, check: Check) -> Reply<String> {
        loop {
            let before = self.script.len();
            let typed = |what| if let Do::Type(text) = what { Some(text) } else { None };
            let text = match self.reply(question, help, default.to_owned(), typed) {
                Reply::Given(text) => text,
                other => return other,
            };
            match check(&text) {
                Ok(()) => return Reply::Given(text),
                Err(wrong) if self.script.len() == before => {
                    return self.misfit(format!("what is proposed to {question:?} does not fit: {wrong}"));
                }
                Err(wrong) => self.hear(&wrong),
            }
        }
    }

    fn secret(&mut self, question: &str, help: &str, check: Check) -> Reply<String> {
        self.text(question, help, "", check)
    }

    fn confirm(&mut self, question: &str, help: &str, default: bool) -> Reply<bool> {
        self.reply(
            question,
            help,
            default,
            |what| if let Do::Choose(at) = what { Some(at == 1) } else { None },
        )
    }
}
