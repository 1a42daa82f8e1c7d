//! The people who are told: who they are, what is asked of each, and the commands that make the database agree. Pure.

use std::rc::Rc;

use mailbeat_shared::locale::Locale;
use mailbeat_shared::wire::mail;
use mailbeat_shared::wizard::{Asker, Check, Move, Question, Reply, languages, page};
use serde::Deserialize;

use super::Draft;

/// Somebody who is told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Person {
    /// The number in the database, of who is there already.
    pub id: Option<i64>,
    /// Name; may be empty.
    pub name: String,
    /// Bare mail address.
    pub email: String,
    /// The language of their mails; `None` takes the receiver's own.
    pub locale: Option<Locale>,
}

impl Person {
    /// `Name <address>` or a bare address.
    ///
    /// # Errors
    /// It is none, a sentence.
    pub fn read(text: &str) -> Result<Self, String> {
        let (name, email) = match text.trim().strip_suffix('>').and_then(|rest| rest.rsplit_once('<')) {
            Some((name, email)) => (name.trim().trim_matches('"').to_owned(), email.trim().to_owned()),
            None => (String::new(), text.trim().to_owned()),
        };
        match mail::is_address(&email) {
            true => Ok(Self { name, email, ..Self::default() }),
            false => Err(format!("{email:?} is not a mail address; write \"Name <user@host>\"")),
        }
    }

    /// As [`Person::read`] takes it.
    #[must_use]
    pub fn shown(&self) -> String {
        if self.name.is_empty() { self.email.clone() } else { format!("{} <{}>", self.name, self.email) }
    }

    /// What is asked of a person.
    pub const QUESTIONS: &[Question<Self>] = &[who, language];

    /// Takes another name and address.
    pub(super) fn rename(&mut self, text: &str) {
        if let Ok(Self { name, email, .. }) = Self::read(text) {
            (self.name, self.email) = (name, email);
        }
    }
}

fn who(person: &mut Person, asker: &mut dyn Asker) -> Move {
    let check: Check = Rc::new(|text| Person::read(text).map(drop));
    let asked = asker.text("Name and mail address:", WRITTEN_SO, &person.shown(), check);
    asked.then(|text| person.rename(&text))
}

/// How a person is written.
pub(super) const WRITTEN_SO: &str = "As in Olivia Operator <olivia@acme.example>.";

fn language(person: &mut Person, asker: &mut dyn Asker) -> Move {
    let (names, locales) = languages();
    let now = locales.iter().position(|locale| Some(*locale) == person.locale).unwrap_or(0);
    let asked = asker.choose("Language of the mails to this person:", "", &names, now);
    asked.then(|chosen| person.locale = locales.get(chosen).copied())
}

/// Whoever is told first.
pub(super) fn first(draft: &mut Draft, asker: &mut dyn Asker) -> Move {
    asker.say("Who is told first, where a customer has no contact of its own?");
    let mut person = draft.people.first().cloned().unwrap_or_default();
    // Of another language they are on the page of all people; until then it is the vendor's.
    let moved = who(&mut person, asker);
    match draft.people.first_mut() {
        _ if moved != Move::Next => {}
        Some(first) => *first = person,
        None => draft.people.push(person),
    }
    moved
}

/// Asks for a person, whose language is proposed; one who had none of their own and keeps it still has none.
fn ask(known: Person, locale: Locale, asker: &mut dyn Asker) -> (Move, Option<Person>) {
    let mut person = Person { locale: known.locale.or(Some(locale)), ..known.clone() };
    let moved = page(&mut person, asker, Person::QUESTIONS);
    if known.id.is_some() && known.locale.is_none() && person.locale == Some(locale) {
        person.locale = None;
    }
    (moved, (moved == Move::Next).then_some(person))
}

/// All others, until that is all.
pub(super) fn others(draft: &mut Draft, asker: &mut dyn Asker) -> Move {
    asker.say("\n4. People");
    loop {
        let mut options: Vec<String> = draft.people.iter().map(Person::shown).collect();
        options.extend(["Add somebody".to_owned(), "That is all".to_owned()]);
        let help =
            "The first whose mail works is told, the next when it comes back. Choose a person to change.";
        let at = match asker.choose("Who is told?", help, &options, options.len() - 1) {
            Reply::Given(at) => at,
            Reply::Back => return Move::Back,
            Reply::Quit => return Move::Quit,
        };
        let moved = match draft.people.get(at).cloned() {
            Some(known) => change(draft, at, known, asker),
            None if at == draft.people.len() => {
                let (moved, person) = ask(Person::default(), draft.locale, asker);
                draft.people.extend(person);
                moved
            }
            None => return Move::Next,
        };
        if moved == Move::Quit {
            return Move::Quit;
        }
    }
}

fn change(draft: &mut Draft, at: usize, known: Person, asker: &mut dyn Asker) -> Move {
    let mut options = vec!["Change".to_owned()];
    // Somebody must be told.
    options.extend((draft.people.len() > 1).then(|| "Remove".to_owned()));
    let chosen =
        if options.len() == 1 { Reply::Given(0) } else { asker.choose(&known.shown(), "", &options, 0) };
    match chosen {
        Reply::Given(0) => {
            let (moved, person) = ask(known, draft.locale, asker);
            if let (Some(person), Some(place)) = (person, draft.people.get_mut(at)) {
                *place = person;
            }
            moved
        }
        Reply::Given(_) => {
            draft.people.remove(at);
            Move::Next
        }
        Reply::Back => Move::Back,
        Reply::Quit => Move::Quit,
    }
}

/// `init` registered the first of those who are wanted where nobody was known: who is known alone then is that one, unless it is
/// somebody else of them.
pub fn take_for_the_first(known: &[Person], wanted: &mut [Person]) {
    if let [same] = known
        && !wanted.iter().any(|person| person.id == same.id)
        && let Some(first) = wanted.first_mut()
    {
        first.id = first.id.or(same.id);
    }
}

/// The commands that make of the people in the database those who are wanted, in this order.
#[must_use]
pub fn commands(known: &[Person], wanted: &[Person]) -> Vec<Vec<String>> {
    let contacts = |words: &[&str]| {
        ["contacts"].iter().chain(words).map(|word| (*word).to_owned()).collect::<Vec<String>>()
    };
    let is_wanted = |person: &&Person| wanted.iter().any(|wanted| wanted.id == person.id);
    let is_in_order = in_order(known, wanted);
    let mut commands = Vec::new();
    for (place, person) in wanted.iter().enumerate() {
        let mut command = match person.id.and_then(|id| known.iter().find(|known| known.id == Some(id))) {
            Some(same) if same == person && is_in_order => continue,
            Some(same) => contacts(&["edit", &same.id.unwrap_or_default().to_string(), &person.shown()]),
            None => contacts(&["add", &person.shown()]),
        };
        if let Some(locale) = person.locale {
            command.extend(["--locale".to_owned(), locale.as_str().to_owned()]);
        }
        if !is_in_order {
            command.extend(["--position".to_owned(), (place + 1).to_string()]);
        }
        commands.push(command);
    }
    let gone = known.iter().filter(|person| !is_wanted(person));
    commands.extend(gone.map(|person| contacts(&["remove", &person.id.unwrap_or_default().to_string()])));
    commands
}

/// Whether those who are there already come in their order, and who is new after them: then nobody needs a place.
fn in_order(known: &[Person], wanted: &[Person]) -> bool {
    let place = |person: &Person| known.iter().position(|known| person.id.is_some() && known.id == person.id);
    let places: Vec<usize> = wanted.iter().map(|person| place(person).unwrap_or(usize::MAX)).collect();
    places.is_sorted()
}
