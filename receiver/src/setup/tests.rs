//! A person at the wizard, played from a script.

mod accounts;
mod answers;
mod people;

use std::path::Path;

use mailbeat_shared::config_file;
use mailbeat_shared::wizard::script::{Do, Script, typed};
use mailbeat_shared::wizard::{Asker as _, Question, walk};

use super::answers::Answers;
use super::fault::{At, Told};
use super::people::commands;
use super::*;
use crate::config::Config;

const SAMPLE: &str = include_str!("../../../packaging/receiver.toml");

fn draft_of(text: &str) -> Draft {
    Draft::of(&config_file::parse(Path::new("receiver.toml"), text).unwrap())
}

fn files() -> PasswordFiles {
    PasswordFiles::beside(Path::new("/etc/mailbeat/receiver.toml"))
}

fn configure(text: &str, draft: &Draft) -> String {
    let new = configured(text, draft, &files()).unwrap();
    if let Err(error) = Config::of(Path::new("receiver.toml"), &new) {
        panic!("{error}\n{new}");
    }
    new
}

/// Walks all pages as this person does.
fn walked(draft: &mut Draft, script: &[(&'static str, Do)]) -> Script {
    walked_over(draft, script, &ask::questions())
}

fn walked_over(draft: &mut Draft, script: &[(&'static str, Do)], questions: &[Question<Draft>]) -> Script {
    let mut person = Script::new(script);
    let reached = walk(draft, &mut person, questions);
    assert!(reached && person.left().is_none(), "{:?}, left: {:?}", person.faults(), person.left());
    person
}

/// A new vendor who decides as little as possible.
const NEW: &[(&str, &str)] = &[
    ("company", "Pumpen GmbH"),
    ("Name and mail address:", "Olivia Operator <olivia@pumpen.test>"),
    ("reports are sent to", "reports@pumpen.test"),
    ("Password", "secret"),
];

fn new() -> Vec<(&'static str, Do)> {
    NEW.iter().map(|(words, text)| (*words, typed(text))).collect()
}

#[test]
fn a_new_vendor_answers_page_by_page_and_the_sample_becomes_their_configuration_with_its_comments() {
    let mut draft = draft_of(SAMPLE);
    assert_eq!((draft.vendor.as_str(), draft.report_address()), ("", ""), "the sample's are nobody's");
    let mut script = vec![("company", typed(""))];
    script.extend(new());
    script.pop();
    script.extend([
        ("Is that right", Do::Choose(0)),
        ("User name", Do::GoBack),
        ("Port", typed("9930")),
        ("Password", typed("secret")),
        ("Folders", typed("INBOX, *")),
        ("Folders", typed("INBOX, Spam")),
        ("same account", Do::Choose(0)),
        ("Mail server", typed("smtp.pumpen.test:465")),
        ("Is that right", Do::Choose(0)),
        ("Port", Do::GoBack),
        ("made private", Do::Choose(1)),
        ("Port", typed("2465")),
    ]);
    draft.locale = Locale::De;
    let person = walked(&mut draft, &script);
    let text = configure(SAMPLE, &draft);
    for line in [
        "#state_dir = \"/var/lib/mailbeat-receiver\"",
        "locale = \"de\"                               # en or de: mails to contacts",
        "vendor = \"Pumpen GmbH\"",
        "report_addresses = [\"reports@pumpen.test\"]",
        "host = \"mail.pumpen.test\"",
        "port = 9930",
        "#tls = \"implicit\"                            # implicit (993)",
        "username = \"reports@pumpen.test\"",
        "password_file = \"/etc/mailbeat/receiver-imap-password\"",
        "folders = [\"INBOX\", \"Spam\"]",
        "from = \"Mailbeat <reports@pumpen.test>\"",
        "host = \"smtp.pumpen.test\"",
        "tls = \"implicit\"",
        "port = 2465",
    ] {
        assert!(text.lines().any(|found| found.starts_with(line)), "{line} is not in\n{text}");
    }
    assert_eq!(text.matches("receiver-imap-password").count(), 2, "one account, one file:\n{text}");
    assert!(!text.contains("\"secret\"") && !format!("{draft:?}").contains("\"secret\""));
    assert!(person.heard().iter().any(|said| said == "this is needed"));
    // Told again and answered the same, no byte changes.
    let mut again = draft_of(&text);
    again.people.clone_from(&draft.people);
    assert_eq!(again.outgoing.sending, Sending::Same);
    walked(&mut again, &[]);
    assert_eq!(configure(&text, &again), text);
}

#[test]
fn where_one_account_serves_both_a_yes_stands_for_all_that_follows_from_it() {
    let mut draft = Draft { asks_state_dir: false, ..draft_of(SAMPLE) };
    let script = [
        ("company", typed("Pumpen GmbH")),
        ("Name and mail address:", typed("olivia@pumpen.test")),
        ("reports are sent to", typed("reports@pumpen.test")),
        ("Mail server", typed("imap.pumpen.test")),
        ("Password", typed("secret")),
    ];
    let person = walked(&mut draft, &script);
    let questions: Vec<&str> =
        person.heard().iter().map(String::as_str).filter(|said| said.ends_with([':', '?'])).collect();
    assert_eq!(
        questions,
        [
            "The name of your company:",
            "Who is told first, where a customer has no contact of its own?",
            "Name and mail address:",
            "Mail address that reports are sent to:",
            "How is it read?",
            "Mail server:",
            "Is that right?",
            "Password:",
            "Send by the same account, like this?",
            "Who is told?",
        ]
    );
    let proposed = "From Mailbeat <reports@pumpen.test> by smtp.pumpen.test. Port 587, STARTTLS, user reports@pumpen.test, certificate by the system's authorities.";
    assert!(person.heard().iter().any(|said| said == proposed), "{:?}", person.heard());
    let text = configure(SAMPLE, &draft);
    for line in
        ["host = \"imap.pumpen.test\"", "host = \"smtp.pumpen.test\"", "username = \"reports@pumpen.test\""]
    {
        assert!(text.lines().any(|found| found.starts_with(line)), "{line} is not in\n{text}");
    }
    assert_eq!(text.matches("receiver-imap-password").count(), 2, "{text}");
    // A server that was named for sending stays, whatever becomes of the other.
    draft.mailbox.account.host = "other.pumpen.test".into();
    let mut named = Draft { outgoing: Outgoing { guess: false, ..draft.outgoing.clone() }, ..draft.clone() };
    walked(&mut named, &[]);
    assert_eq!(named.outgoing.account.host, "smtp.pumpen.test");
    walked(&mut draft, &[]);
    assert_eq!(draft.outgoing.account.host, "other.pumpen.test");
}

/// What was said and has no German: names, addresses and folders are the same in both.
fn untranslated(person: &Script) -> Vec<&String> {
    let all = [words::PHRASES, mailbeat_shared::wizard::words::PHRASES];
    let german = |sentence: &str| {
        all.iter().any(|phrases| mailbeat_shared::phrases::translate(sentence, phrases, Locale::De).is_some())
    };
    let own = |sentence: &&String| {
        !["English", "Deutsch"].contains(&sentence.as_str()) && !sentence.contains("@pumpen.test")
    };
    person.heard().iter().filter(own).filter(|sentence| !german(sentence)).collect()
}

#[test]
fn every_sentence_of_the_wizard_is_said_in_german_too() {
    let mut script = new();
    script.insert(1, ("State directory", typed("state")));
    script.insert(4, ("Is that right", Do::Choose(0)));
    script.extend([
        ("Folders", typed(" , ")),
        ("Folders", typed("INBOX, %")),
        ("Folders", typed("INBOX, Mailbeat/Processed")),
        ("Folders", typed("INBOX")),
        ("same account", Do::Choose(0)),
        ("How do notifications", Do::Choose(2)),
        ("client id", typed("x")),
        ("Certificate (PEM", typed("/nowhere")),
        ("Certificate (PEM", Do::GoBack),
        ("client id", Do::GoBack),
        ("Who agrees", Do::GoBack),
        ("Tenant", Do::GoBack),
        ("Whose", Do::GoBack),
        ("Sender", Do::GoBack),
        ("How do notifications", Do::Choose(1)),
        ("Password", typed("x")),
        ("Who is told?", Do::Choose(1)),
        ("Name and mail address:", typed("<")),
        ("Name and mail address:", typed("Max <max@pumpen.test>")),
        ("Who is told?", Do::Choose(1)),
        ("Max", Do::Choose(1)),
        ("Who is told?", Do::Leave),
    ]);
    let mut draft = draft_of(SAMPLE);
    let mut person = Script::new(&script);
    assert!(!walk(&mut draft, &mut person, &ask::questions()));
    assert_eq!((person.left(), person.faults()), (None, &[][..]));
    person.say("mailbox reports: the step \"authentication\" failed.");
    assert_eq!(untranslated(&person), Vec::<&String>::new());
    assert_eq!(mailbeat_shared::phrases::faults(words::PHRASES), Vec::<String>::new());
}
