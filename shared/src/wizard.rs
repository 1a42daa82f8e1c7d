//! Questions and answers of a set-up: the core knows neither terminal nor file.
//!
//! A wizard is a list of questions over a draft. Each asks through an [`Asker`] and says where to go: a person may go back
//! from every question to the one before. [`terminal`] is the one that asks people, tests have one with a script. What comes
//! of the draft is edited into a configuration file by [`edit`], which keeps comments and order.

pub mod edit;
pub mod terminal;

use std::rc::Rc;

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
    /// A line nobody sees.
    fn secret(&mut self, question: &str, help: &str) -> Reply<String>;
    /// Yes or no.
    fn confirm(&mut self, question: &str, help: &str, default: bool) -> Reply<bool>;
}

/// A question over a draft.
pub type Question<D> = fn(&mut D, &mut dyn Asker) -> Move;

/// Asks one question after the other; whether the end was reached.
pub fn walk<D>(draft: &mut D, asker: &mut dyn Asker, questions: &[Question<D>]) -> bool {
    let (mut at, mut forward) = (0, true);
    while let Some(question) = questions.get(at) {
        match question(draft, asker) {
            Move::Quit => return false,
            Move::Next => forward = true,
            Move::Back => forward = false,
            // Before the first there is nothing to go back to.
            Move::Skip if at == 0 => forward = true,
            Move::Skip => {}
        }
        at = if forward { at + 1 } else { at.saturating_sub(1) };
    }
    true
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

#[cfg(test)]
mod tests {
    use super::*;

    struct Script(Vec<Reply<bool>>, usize);

    impl Asker for Script {
        fn say(&mut self, _: &str) {}
        fn choose(&mut self, _: &str, _: &str, _: &[String], default: usize) -> Reply<usize> {
            Reply::Given(default)
        }
        fn choose_many(&mut self, _: &str, _: &str, _: &[String], on: &[usize]) -> Reply<Vec<usize>> {
            Reply::Given(on.to_vec())
        }
        fn text(&mut self, _: &str, _: &str, default: &str, _: Check) -> Reply<String> {
            Reply::Given(default.to_owned())
        }
        fn secret(&mut self, _: &str, _: &str) -> Reply<String> {
            Reply::Back
        }
        fn confirm(&mut self, _: &str, _: &str, _: bool) -> Reply<bool> {
            self.1 += 1;
            self.0.remove(0)
        }
    }

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
        use Reply::{Back, Given};
        let mut asker = Script(vec![Back, Given(true), Back, Given(true), Given(true)], 0);
        let mut draft = vec![];
        assert!(walk(&mut draft, &mut asker, &[first, never, last]));
        assert_eq!((draft, asker.1), (vec!['a', 'a', 'c'], 5));
        let mut asker = Script(vec![Given(true), Reply::Quit], 0);
        assert!(!walk(&mut vec![], &mut asker, &[first, last]));
        let mut asker = Script(vec![Given(true)], 0);
        assert!(walk(&mut vec![], &mut asker, &[never, last]));
    }
}
