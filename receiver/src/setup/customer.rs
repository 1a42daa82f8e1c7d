//! The first customer: what is asked, and the commands that issue the contract. Pure but for looking whether a directory is there.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use jiff::civil::Date;
use mailbeat_shared::locale::Locale;
use mailbeat_shared::wizard::{Asker, Check, Move, Question, Reply, languages, needed};

use super::people::Person;

/// The customer and the terms of the contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Customer {
    /// The name.
    pub name: String,
    /// Last day, `YYYY-MM-DD`; empty: it runs until revoked.
    pub valid_until: String,
    /// Most systems.
    pub systems: u32,
    /// Who at the customer is told, and gets the answers to test reports; without an address nobody.
    pub contact: Person,
    /// The language of the customer's mails.
    pub locale: Locale,
    /// Whether the customer sends by the vendor's relay; `None`: the vendor has none.
    pub relay: Option<bool>,
    /// Where the contract file goes.
    pub directory: PathBuf,
}

impl Customer {
    /// Nobody yet.
    #[must_use]
    pub fn new(systems: u32, locale: Locale, has_relay: bool, directory: PathBuf) -> Self {
        Self {
            name: String::new(),
            valid_until: String::new(),
            systems,
            contact: Person::default(),
            locale,
            relay: has_relay.then_some(false),
            directory,
        }
    }

    /// What is asked of a customer.
    pub const QUESTIONS: &[Question<Self>] =
        &[name, language, contact, valid_until, systems, relay, directory, confirmed];

    /// The command that issues the contract into `out`.
    #[must_use]
    pub fn issue(&self, out: &Path) -> Vec<String> {
        let mut command = vec!["contracts".into(), "issue".into(), "--customer".into(), self.name.clone()];
        command.extend(["--systems".into(), self.systems.to_string()]);
        command.extend(["--locale".into(), self.locale.as_str().to_owned()]);
        if !self.valid_until.is_empty() {
            command.extend(["--valid-until".into(), self.valid_until.clone()]);
        }
        command.extend((self.relay == Some(true)).then(|| "--relay".to_owned()));
        command.extend(["--out".into(), out.display().to_string()]);
        command
    }

    /// The command that registers the contact, if there is one.
    #[must_use]
    pub fn register(&self) -> Option<Vec<String>> {
        let contact = Some(&self.contact).filter(|contact| !contact.email.is_empty())?;
        let locale = contact.locale.unwrap_or(self.locale).as_str();
        let words = ["contacts", "add", &contact.shown(), "--customer", &self.name, "--locale", locale];
        Some(words.map(str::to_owned).to_vec())
    }

    /// Whether the terms fit, with the checks a person's answers go through.
    ///
    /// # Errors
    /// The first one that does not, a sentence.
    pub fn check(&self) -> Result<(), String> {
        needed()(&self.name).map_err(|why| format!("name: {why}"))?;
        is_day(&self.valid_until).map_err(|why| format!("valid_until: {why}"))?;
        is_count(&self.systems.to_string()).map_err(|why| format!("systems: {why}"))?;
        is_directory(&self.directory.display().to_string()).map_err(|why| format!("directory: {why}"))
    }
}

fn name(customer: &mut Customer, asker: &mut dyn Asker) -> Move {
    let asked = asker.text("The customer's name:", "As it stands on the contract.", &customer.name, needed());
    asked.then(|name| customer.name = name)
}

fn language(customer: &mut Customer, asker: &mut dyn Asker) -> Move {
    let (names, locales) = languages();
    let now = locales.iter().position(|locale| *locale == customer.locale).unwrap_or(0);
    let asked = asker.choose("Language of the mails to this customer:", "", &names, now);
    asked.then(|chosen| customer.locale = locales.get(chosen).copied().unwrap_or_default())
}

fn contact(customer: &mut Customer, asker: &mut dyn Asker) -> Move {
    let check: Check = Rc::new(|text| match text.is_empty() {
        true => Ok(()),
        false => Person::read(text).map(drop),
    });
    let help = "Name <address>: gets the answers to test reports, and is told of tickets before your people; \
                empty: nobody.";
    let asked = asker.text("The customer's contact:", help, &customer.contact.shown(), check);
    asked.then(|text| match text.is_empty() {
        true => customer.contact = Person::default(),
        false => customer.contact.rename(&text),
    })
}

fn valid_until(customer: &mut Customer, asker: &mut dyn Asker) -> Move {
    let help = "As in 2027-12-31; empty: it runs until you revoke it.";
    let asked = asker.text("Last day of the contract:", help, &customer.valid_until, Rc::new(is_day));
    asked.then(|day| customer.valid_until = day)
}

fn is_day(text: &str) -> Result<(), String> {
    let fits = text.is_empty() || text.parse::<Date>().is_ok();
    if fits { Ok(()) } else { Err("a day is needed, as in 2027-12-31".into()) }
}

fn systems(customer: &mut Customer, asker: &mut dyn Asker) -> Move {
    let asked = asker.text("Most systems under it:", "", &customer.systems.to_string(), Rc::new(is_count));
    asked.then(|text| customer.systems = text.parse().unwrap_or(customer.systems))
}

fn is_count(text: &str) -> Result<(), String> {
    match text.parse::<u32>() {
        Ok(1..=100_000) => Ok(()),
        _ => Err("a number from 1 to 100000 is needed".into()),
    }
}

fn relay(customer: &mut Customer, asker: &mut dyn Asker) -> Move {
    let Some(now) = customer.relay else { return Move::Skip };
    let help = "For a customer without a mail server: the contract then holds a login of its own.";
    let asked = asker.confirm("Does this customer send by your relay?", help, now);
    asked.then(|yes| customer.relay = Some(yes))
}

fn directory(customer: &mut Customer, asker: &mut dyn Asker) -> Move {
    let help = "The directory for the file that the customer gets; your public key is put beside it.";
    let now = customer.directory.display().to_string();
    let asked = asker.text("Where does the contract file go?", help, &now, Rc::new(is_directory));
    asked.then(|text| customer.directory = text.into())
}

fn confirmed(_: &mut Customer, asker: &mut dyn Asker) -> Move {
    let help = "It is signed with your key; `contracts revoke` ends it at any time.";
    match asker.confirm("Issue this contract?", help, true) {
        Reply::Given(true) => Move::Next,
        Reply::Given(false) | Reply::Back => Move::Back,
        Reply::Quit => Move::Quit,
    }
}

fn is_directory(text: &str) -> Result<(), String> {
    if Path::new(text).is_dir() { Ok(()) } else { Err("there is no such directory".into()) }
}
