//! A person at the wizard, played from a script.

use std::path::Path;

use mailbeat_shared::config_file;
use mailbeat_shared::wizard::script::{Do, Script, typed};
use mailbeat_shared::wizard::{Asker as _, Question, page, walk};

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

#[test]
fn one_account_by_oauth_reads_and_sends_and_a_mailbox_of_microsofts_begins_with_it() {
    let pem = tempfile::NamedTempFile::new().unwrap();
    let pem = pem.path().to_str().unwrap();
    let mut script: Vec<_> = new().into_iter().filter(|(words, _)| *words != "Password").collect();
    script.retain(|(words, _)| *words != "reports are sent to");
    script.extend([
        ("reports are sent to", typed("reports@pumpen.onmicrosoft.com")),
        ("client id", typed("1234")),
        ("Certificate (PEM", typed("/nowhere.pem")),
        ("Certificate (PEM", typed(pem)),
        ("certificate's key", typed(pem)),
    ]);
    let mut draft = draft_of(SAMPLE);
    walked(&mut draft, &script);
    let text = configure(SAMPLE, &draft);
    let oauth = format!(
        "provider = \"microsoft\", tenant = \"pumpen.onmicrosoft.com\", grant = \"client_credentials\", client_id = \"1234\", certificate_file = {pem:?}, key_file = {pem:?}"
    );
    for line in [
        format!("oauth = {{ {oauth} }}"),
        format!("oauth = {{ {oauth}, account = \"reports\" }}"),
        "host = \"outlook.office365.com\"".into(),
        "host = \"smtp.office365.com\"".into(),
        "folders = [\"INBOX\", \"Junk Email\"]".into(),
    ] {
        assert!(text.contains(&line), "{line} is not in\n{text}");
    }
    assert!(!text.contains("\npassword_file") && draft.to_sign_in().is_empty(), "{text}");
    // Made so, it is kept: the wizard knows too little of it to ask again.
    let again = draft_of(&text);
    assert_eq!((again.mailbox.reading, again.outgoing.sending), (Reading::Keep, Sending::Keep));
    assert_eq!(configure(&text, &again), text);
    // Another provider is found by its issuer, and a person signs in once for both.
    let mut draft = Draft { outgoing: draft.outgoing, ..draft_of(&text) };
    draft.mailbox.reading = Reading::OAuth;
    let other = [
        ("Whose", Do::Choose(2)),
        ("issuer", typed("http://id.pumpen.test")),
        ("issuer", typed("https://id.pumpen.test")),
        ("Scopes", typed("mail offline_access")),
        ("Who agrees", Do::Choose(3)),
        ("client id", typed("mailbeat")),
        ("Mail server", typed("imap.pumpen.test")),
    ];
    walked_over(&mut draft, &other, &ask::page_of(At::Mailbox).0);
    let text = configure(&text, &draft);
    let oauth = "provider = \"other\", issuer = \"https://id.pumpen.test\", scopes = [\"mail\", \"offline_access\"], grant = \"device_code\"";
    assert!(text.contains(oauth) && text.contains("host = \"imap.pumpen.test\""), "{text}");
    assert_eq!(draft.to_sign_in(), ["reports"]);
}

#[test]
fn a_maildir_has_no_account_to_share_and_what_is_configured_by_hand_stays() {
    let by_hand = "[contracts]\nvendor = 'Pumpen'\nreport_addresses = ['r@pumpen.test']\n\n[[mailbox]]\nname = 'local'\ntype = 'maildir'\npath = '/srv/mail'   # ours\n\n[outgoing]\ntype = 'maildir'\nfrom = 'Mailbeat <r@pumpen.test>'\npath = '/srv/out'\n";
    let draft = draft_of(by_hand);
    assert_eq!(configure(by_hand, &draft), by_hand);
    assert!(!draft.may_share_account());
    let mut draft = Draft { people: vec![Person::read("o@pumpen.test").unwrap()], ..draft };
    walked(
        &mut draft,
        &[
            ("Maildir:", typed("mail")),
            ("Maildir:", typed("/srv/other")),
            ("How do notifications", Do::Choose(0)),
            ("Mail server", typed("mail.pumpen.test")),
            ("Is that right", Do::Choose(0)),
            ("made private", Do::Choose(2)),
        ],
    );
    let text = configure(by_hand, &draft);
    assert!(text.contains("path = \"/srv/other\"   # ours"), "{text}");
    assert!(text.contains("type = \"smtp\"") && text.contains("tls = \"opportunistic\""), "{text}");
    assert!(!text.contains("/srv/out") && !text.contains("username"), "{text}");
}

#[test]
fn the_people_in_the_database_become_those_who_are_wanted() {
    let person = |id, text: &str, locale| Person { id, locale, ..Person::read(text).unwrap() };
    let known = [
        person(Some(1), "Olivia <o@x.test>", None),
        person(Some(2), "Max <m@x.test>", Some(Locale::De)),
        person(Some(3), "g@x.test", None),
    ];
    let mut draft = Draft { people: known.to_vec(), vendor: "Pumpen GmbH".to_owned(), ..draft_of(SAMPLE) };
    assert_eq!(commands(&known, &draft.people), Vec::<Vec<String>>::new());
    let person = walked_over(
        &mut draft,
        &[
            ("Who is told?", Do::Choose(1)),
            ("Max", Do::Choose(0)),
            ("Name and mail address", typed("Max <max@x.test>")),
            ("Who is told?", Do::Choose(2)),
            ("g@x.test", Do::Choose(1)),
            ("Who is told?", Do::Choose(2)),
            ("Name and mail address", Do::GoBack),
            ("Who is told?", Do::Choose(2)),
            ("Name and mail address", typed("Erna")),
            ("Name and mail address", typed("Erna <e@x.test>")),
            ("Language of the mails", Do::Choose(1)),
        ],
        &ask::page_of(At::Vendor).0,
    );
    assert!(person.heard().iter().any(|said| said.contains("\"Erna\" is not a mail address")));
    let words: Vec<String> =
        commands(&known, &draft.people).iter().map(|command| command.join(" ")).collect();
    assert_eq!(
        words,
        [
            "contacts edit 2 Max <max@x.test> --locale de",
            "contacts add Erna <e@x.test> --locale de",
            "contacts remove 3",
        ]
    );
}

#[test]
fn a_customer_becomes_two_commands_and_terms_that_do_not_fit_are_refused_in_place() {
    let dir = tempfile::tempdir().unwrap();
    let mut customer = Customer::new(10, Locale::En, true, "/nowhere".into());
    let mut person = Script::new(&[
        ("customer's name", typed("ACME Wasserwerke")),
        ("Language", Do::Choose(1)),
        ("contact:", typed("nobody")),
        ("contact:", typed("Paula Pumpe <paula@acme.test>")),
        ("Last day", typed("soon")),
        ("Last day", typed("2027-12-31")),
        ("Most systems", typed("0")),
        ("Most systems", typed("3")),
        ("your relay", Do::Choose(1)),
        ("contract file", typed("/nowhere")),
        ("contract file", typed(dir.path().to_str().unwrap())),
    ]);
    assert_eq!(page(&mut customer, &mut person, Customer::QUESTIONS), mailbeat_shared::wizard::Move::Next);
    assert_eq!((person.left(), customer.check()), (None, Ok(())));
    assert_eq!(
        customer.issue(Path::new("/tmp/x")).join(" "),
        "contracts issue --customer ACME Wasserwerke --systems 3 --locale de --valid-until 2027-12-31 --relay --out /tmp/x"
    );
    assert_eq!(
        customer.register().unwrap().join(" "),
        "contacts add Paula Pumpe <paula@acme.test> --customer ACME Wasserwerke --locale de"
    );
    assert_eq!(untranslated(&person), Vec::<&String>::new());
}

#[test]
fn a_failed_test_leads_to_the_page_that_is_at_fault() {
    let at = |area: &str, name: &str| {
        let told = format!(
            r#"{{"result":"failed","steps":[{{"area":"x","name":"y","result":"ok","duration_ms":1,"seen":""}},{{"area":"{area}","name":"{name}","result":"failed"}},{{"area":"outgoing mail","name":"z","result":"failed"}}]}}"#
        );
        Told::read(told.as_bytes()).failed().unwrap().at()
    };
    assert_eq!(at("mailbox reports", "authentication"), At::MailboxLogon);
    assert_eq!(at("mailbox reports", "TLS"), At::MailboxServer);
    assert_eq!(at("mailbox reports", "folder Junk"), At::Mailbox);
    assert_eq!(at("outgoing mail", "name (DNS)"), At::OutgoingServer);
    assert_eq!(at("outgoing mail", "sender"), At::Outgoing);
    assert_eq!(at("outgoing mail", "authentication"), At::OutgoingLogon);
    assert_eq!(at("this host", "contacts"), At::Vendor);
    assert_eq!(at("this host", "disk"), At::Elsewhere);
    assert_eq!(Told::read(b"no JSON").failed(), None);
    // Where the password was wrong, nothing before it is asked again.
    let (questions, first) = ask::page_of(At::MailboxLogon);
    let mut person = Script::new(&[("User name", Do::Leave)]);
    let mut draft = answered(("", "")).unwrap();
    ask::doubt(&mut draft, At::MailboxLogon);
    assert!(!mailbeat_shared::wizard::walk_from(&mut draft, &mut person, &questions, first));
    assert_eq!(person.heard()[0], "User name:");
}

const ANSWERS: &str = "locale = 'de'\nvendor = 'Pumpen GmbH'\nstate_dir = '/srv/mailbeat'\npeople = [{ contact = 'Olivia <o@pumpen.test>', locale = 'en' }]\nMORE\n[mailbox]\nby = 'server'\naddress = 'reports@pumpen.test'\nhost = 'imap.pumpen.test'\ntls = 'starttls'\nfolders = ['INBOX', 'Spam']\npassword_file = '/run/secret'\n\n[outgoing]\nby = 'same'\nhost = 'smtp.pumpen.test'\n\n[customer]\nname = 'ACME'\ncontact = 'p@acme.test'\ndirectory = '/tmp'\n";

fn answered(change: (&str, &str)) -> Result<Draft, String> {
    let text = ANSWERS.replacen(change.0, change.1, 1).replace("MORE", "");
    let answers: Answers =
        config_file::parse(Path::new("answers.toml"), &text).map_err(|error| error.to_string())?;
    let mut draft = draft_of(SAMPLE);
    answers.into_draft(&mut draft, Customer::new(10, Locale::En, false, "/tmp".into())).map(|()| draft)
}

#[test]
fn a_file_of_answers_does_the_same_and_says_what_does_not_fit() {
    let draft = answered(("", "")).unwrap();
    let text = configure(SAMPLE, &draft);
    for line in [
        "state_dir = \"/srv/mailbeat\"    # database",
        "host = \"imap.pumpen.test\"",
        "tls = \"starttls\"",
        "folders = [\"INBOX\", \"Spam\"]",
        "from = \"Mailbeat <reports@pumpen.test>\"",
        "host = \"smtp.pumpen.test\"",
    ] {
        assert!(text.lines().any(|found| found.starts_with(line)), "{line} is not in\n{text}");
    }
    assert_eq!(text.matches("/run/secret").count(), 2, "{text}");
    // What is kept of a set-up that was stopped is such a file again.
    let kept = toml::to_string(&Answers::of(&draft)).unwrap();
    let mut resumed = draft_of(SAMPLE);
    let answers: Answers = config_file::parse(Path::new("kept"), &kept).unwrap();
    answers.into_draft(&mut resumed, Customer::new(10, Locale::En, false, "/tmp".into())).unwrap();
    assert_eq!(resumed, draft);
    for (change, wrong) in [
        (("MORE", "vendors = 'x'"), "did you mean `vendor`?"),
        (("by = 'server'", "by = 'pop3'"), "`pop3`"),
        (("host = 'imap", "hosts = 'imap"), "mailbox.hosts: there is no such key"),
        (("reports@pumpen", "reports pumpen"), "not a bare mail address"),
        (("'starttls'", "'tls'"), "mailbox.tls: \"tls\" is none; there are implicit, starttls, none"),
        (("'Spam'", "'a*'"), "mailbox.folders"),
        (("by = 'server'", "by = 'maildir'"), "no account that could be shared"),
        (("o@pumpen.test", "o pumpen"), "people: "),
        (("'/tmp'", "'/tmp'\nrelay = true"), "customer.relay: there is no [relay] table"),
        (("'/tmp'", "'/nowhere'"), "customer.directory: there is no such directory"),
        (("by = 'server'", "by = 'oauth'\noauth = { provider = 'x' }"), "mailbox.oauth: provider"),
    ] {
        let said = answered(change).unwrap_err();
        assert!(said.contains(wrong), "{change:?}: {said}");
    }
}

#[test]
fn a_set_up_half_done_goes_on_with_what_was_decided() {
    let mut draft = draft_of(SAMPLE);
    let mut person = Script::new(&[("company", typed("Pumpen GmbH")), ("Name and mail", Do::Leave)]);
    assert!(!walk(&mut draft, &mut person, &ask::questions()));
    let kept = toml::to_string(&Answers::of(&draft)).unwrap();
    let mut resumed = draft_of(SAMPLE);
    let answers: Answers = config_file::parse(Path::new("kept"), &kept).unwrap();
    answers.into_draft(&mut resumed, Customer::new(10, Locale::En, false, "/tmp".into())).unwrap();
    assert_eq!(resumed, draft);
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
