//! Questions and answers of a set-up: the core knows neither terminal nor file.
//!
//! A wizard is a list of questions over a draft. Each asks through an [`Asker`] and says where to go: a person may go back
//! from every question to the one before. [`terminal`] is the one that asks people, tests have one with a [`script`]. What comes
//! of the draft is edited into a configuration file by [`edit`], which keeps comments and order. [`account`], [`oauth`] and
//! [`providers`] ask for a mail account in the same words for both programs; [`stage`] does what a wizard does on the system,
//! [`install`] decides how a service is installed and [`service`] does it, and [`kept`] holds the answers of a set-up that was stopped.

pub mod account;
pub mod edit;
pub mod install;
pub mod kept;
pub mod oauth;
pub mod providers;
pub mod script;
pub mod service;
pub mod stage;
pub mod terminal;
pub mod words;

use std::rc::Rc;

use crate::dns::services::Offer;
use crate::locale::Locale;
use crate::wire::mail;

/// What a person did with a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply<T> {
    /// Answered it.
    Given(T),
    /// Wants the one before again.
    Back,
    /// Wants to stop.
    Quit,
}

/// Where to go after a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// To the next one.
    Next,
    /// To the one before.
    Back,
    /// Out.
    Quit,
    /// On in the direction we came: this question does not concern this draft.
    Skip,
}

/// Says what is wrong with an answer, a sentence.
pub type Check = Rc<dyn Fn(&str) -> Result<(), String>>;

/// Asks people. All sentences are English; who asks may translate them.
pub trait Asker {
    /// Tells something.
    fn say(&mut self, text: &str);
    /// Shows lines as they are, in portions that fit where the person reads them.
    fn show(&mut self, lines: &str) {
        self.say(lines.trim_end());
    }
    /// One of several; the index.
    fn choose(&mut self, question: &str, help: &str, options: &[String], default: usize) -> Reply<usize>;
    /// Any of several; the indices.
    fn choose_many(
        &mut self,
        question: &str,
        help: &str,
        options: &[String],
        on: &[usize],
    ) -> Reply<Vec<usize>>;
    /// A line, checked before it is taken.
    fn text(&mut self, question: &str, help: &str, default: &str, check: Check) -> Reply<String>;
    /// A line nobody sees, checked before it is taken.
    fn secret(&mut self, question: &str, help: &str, check: Check) -> Reply<String>;
    /// Yes or no.
    fn confirm(&mut self, question: &str, help: &str, default: bool) -> Reply<bool>;
    /// What an address' domain offers, as far as that is known without the person; nothing, unless somebody looks.
    fn offer(&mut self, address: &str) -> Offer {
        let _ = address;
        Offer::default()
    }
}

/// A question over a draft.
pub type Question<D> = fn(&mut D, &mut dyn Asker) -> Move;

/// Asks one question after the other; whether the end was reached.
pub fn walk<D>(draft: &mut D, asker: &mut dyn Asker, questions: &[Question<D>]) -> bool {
    loop {
        match page(draft, asker, questions) {
            Move::Next | Move::Skip => return true,
            Move::Quit => return false,
            // Before the first there is nothing to go back to.
            Move::Back => {}
        }
    }
}

/// The same from the last question backwards, for who comes back from what follows it.
pub fn walk_back<D>(draft: &mut D, asker: &mut dyn Asker, questions: &[Question<D>]) -> bool {
    resumed(go(draft, asker, questions, questions.len().saturating_sub(1), false), draft, asker, questions)
}

/// The same from the question at this place; those before it are reached by going back.
pub fn walk_from<D>(draft: &mut D, asker: &mut dyn Asker, questions: &[Question<D>], at: usize) -> bool {
    resumed(go(draft, asker, questions, at, true), draft, asker, questions)
}

fn resumed<D>(moved: Move, draft: &mut D, asker: &mut dyn Asker, questions: &[Question<D>]) -> bool {
    match moved {
        Move::Next | Move::Skip => true,
        Move::Quit => false,
        Move::Back => walk(draft, asker, questions),
    }
}

/// Asks one question after the other, as a question of its own: who goes back from the first leaves it.
pub fn page<D>(draft: &mut D, asker: &mut dyn Asker, questions: &[Question<D>]) -> Move {
    go(draft, asker, questions, 0, true)
}

fn go<D>(
    draft: &mut D,
    asker: &mut dyn Asker,
    questions: &[Question<D>],
    mut at: usize,
    mut forward: bool,
) -> Move {
    while let Some(question) = questions.get(at) {
        match question(draft, asker) {
            Move::Quit => return Move::Quit,
            Move::Next => forward = true,
            Move::Back => forward = false,
            Move::Skip => {}
        }
        match (forward, at) {
            (true, _) => at += 1,
            (false, 0) => return Move::Back,
            (false, _) => at -= 1,
        }
    }
    Move::Next
}

impl<T> Reply<T> {
    /// Takes the answer, if one was given, and says where to go.
    pub fn then(self, take: impl FnOnce(T)) -> Move {
        match self {
            Self::Given(answer) => {
                take(answer);
                Move::Next
            }
            Self::Back => Move::Back,
            Self::Quit => Move::Quit,
        }
    }
}

/// An answer that is always fine.
#[must_use]
pub fn anything() -> Check {
    Rc::new(|_| Ok(()))
}

/// Refuses an empty answer.
#[must_use]
pub fn needed() -> Check {
    Rc::new(|text| if text.is_empty() { Err("this is needed".to_owned()) } else { Ok(()) })
}

/// Takes a mail address, alone or with a name before it.
#[must_use]
pub fn address() -> Check {
    Rc::new(|text| match mail::is_address(text) {
        true => Ok(()),
        false => Err("a mail address is needed, as in scada-01@acme.example".into()),
    })
}

/// The languages as they call themselves, which is how they are asked for.
#[must_use]
pub fn languages() -> (Vec<String>, [Locale; 2]) {
    (vec!["English".to_owned(), "Deutsch".to_owned()], Locale::ALL)
}

#[cfg(test)]
mod tests {
    use super::script::{Do, Script};
    use super::*;

    fn first(draft: &mut Vec<char>, asker: &mut dyn Asker) -> Move {
        asker.confirm("a", "", true).then(|_| draft.push('a'))
    }
    fn never(_: &mut Vec<char>, _: &mut dyn Asker) -> Move {
        Move::Skip
    }
    fn last(draft: &mut Vec<char>, asker: &mut dyn Asker) -> Move {
        asker.confirm("c", "", true).then(|_| draft.push('c'))
    }

    #[test]
    fn a_person_goes_back_over_what_does_not_concern_them_and_never_before_the_beginning() {
        let mut script = Script::new(&[
            ("a", Do::GoBack),
            ("a", Do::Choose(1)),
            ("c", Do::GoBack),
            ("a", Do::Choose(1)),
            ("c", Do::Choose(0)),
        ]);
        let mut draft = vec![];
        assert!(walk(&mut draft, &mut script, &[first, never, last]));
        assert_eq!((draft, script.left(), script.heard().len()), (vec!['a', 'a', 'c'], None, 5));
        let mut script = Script::new(&[("c", Do::Leave)]);
        assert!(!walk(&mut vec![], &mut script, &[first, last]));
        assert!(walk(&mut vec![], &mut Script::new(&[]), &[never, last]));
        // A page within a page is left by going back from its first question.
        let mut script = Script::new(&[("a", Do::GoBack)]);
        assert_eq!(page(&mut vec![], &mut script, &[never, first, last]), Move::Back);
        // Who comes back from what follows begins at the end.
        let mut script = Script::new(&[("c", Do::GoBack), ("a", Do::GoBack), ("a", Do::Choose(0))]);
        assert!(walk_back(&mut vec![], &mut script, &[first, never, last, never]));
        assert_eq!((script.left(), script.heard().len()), (None, 4));
        // Who begins in the middle may still go back to the beginning.
        let mut script = Script::new(&[("c", Do::GoBack), ("a", Do::Choose(0)), ("c", Do::Choose(0))]);
        assert!(walk_from(&mut vec![], &mut script, &[first, never, last], 2));
        assert_eq!((script.left(), script.heard().len()), (None, 3));
    }
}
