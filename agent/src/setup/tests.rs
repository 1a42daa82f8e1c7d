//! A person at the wizard, played from a script.

use std::path::Path;

use mailbeat_shared::config_file;
use mailbeat_shared::locale::Locale;
use mailbeat_shared::wizard::script::{Do, Script, typed};
use mailbeat_shared::wizard::walk;

use super::answers::Answers;
use super::*;
use crate::testing;

const SAMPLE: &str = include_str!("../../../packaging/agent.toml");

fn draft_of(text: &str, contract: Option<Contract>) -> Draft {
    Draft::of(&config_file::parse(Path::new("agent.toml"), text).unwrap(), contract)
}

fn contract_file(dir: &Path, change: impl FnOnce(&mut Contract)) -> String {
    let mut contract = testing::contract();
    change(&mut contract);
    let file = dir.join("acme.contract");
    std::fs::write(&file, contract.seal(&testing::vendor())).unwrap();
    file.display().to_string()
}

#[test]
fn a_new_customer_answers_page_by_page_and_the_sample_becomes_their_configuration_with_its_comments() {
    let dir = tempfile::tempdir().unwrap();
    let mut draft = draft_of(SAMPLE, None);
    let mut person = Script::new(&[
        ("contract file", typed("/nowhere/x.contract")),
        ("contract file", typed(&contract_file(dir.path(), |_| {}))),
        ("heartbeat", typed("soon")),
        ("heartbeat", typed("30m")),
        ("system report", Do::GoBack),
        ("heartbeat", typed("2h")),
        ("said about this host", Do::Switch(vec![0, 1])),
        ("files are watched", Do::Switch(vec![])),
        ("Other files", typed("relative.conf")),
        ("Other files", typed("/opt/app/*.conf /opt/app/*.toml")),
        ("address", typed("nobody")),
        ("address", typed("scada-01@acme.test")),
        ("Mail server", typed("mail.acme.test:2525")),
        ("Password", typed("secret")),
    ]);
    assert!(walk(&mut draft, &mut person, ask::QUESTIONS), "{:?} {:?}", person.heard(), person.faults());
    assert_eq!(person.left(), None);
    let text = configured(SAMPLE, &draft, Path::new("/etc/mailbeat/smtp-password")).unwrap();
    for line in [
        "locale = \"en\"                       # en or de",
        "heartbeat_interval_s = 7200         # the contract sets",
        "#system_interval_s = 86400",
        "name = \"office\"",
        "from = \"scada-01@acme.test\"       # the mail account reports are sent from",
        "host = \"mail.acme.test\"",
        "port = 2525",
        "password_file = \"/etc/mailbeat/smtp-password\"",
        "include = [\"/opt/app/*.conf\", \"/opt/app/*.toml\"]                         # [\"/etc/nginx/**/*.conf\", \"/opt/app/app.toml\"]",
        "#cpu = true",
        "load = false",
    ] {
        assert!(text.lines().any(|found| found.starts_with(line)), "{line} is not in\n{text}");
    }
    assert!(!text.contains("\"secret\"") && !format!("{draft:?}").contains("\"secret\""));
    let again = draft_of(&text, draft.contract.clone());
    assert_eq!((again.heartbeat_interval_s, again.account.port), (Some(7_200), Some(2_525)));
    assert_eq!(
        configured(&text, &again, Path::new("/x")).unwrap(),
        text,
        "asked again and answered the same: no byte changes"
    );
}

#[test]
fn the_one_contract_that_lies_where_the_person_stands_is_proposed() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(lone_contract(dir.path()), None);
    contract_file(dir.path(), |_| {});
    let mut draft = Draft { nearby: lone_contract(dir.path()), ..draft_of(SAMPLE, None) };
    let mut person = Script::new(&[("heartbeat", Do::Leave)]);
    assert!(!walk(&mut draft, &mut person, ask::QUESTIONS));
    assert_eq!(draft.contract_file, Some(dir.path().join("acme.contract")), "{:?}", person.faults());
    std::fs::write(dir.path().join("other.contract"), "").unwrap();
    assert_eq!(lone_contract(dir.path()), None, "of several nobody knows which is meant");
}

#[test]
fn where_the_contract_offers_a_relay_it_needs_no_account() {
    let dir = tempfile::tempdir().unwrap();
    let relay = mailbeat_shared::wire::contract::Relay {
        host: "relay.vendor.example".into(),
        port: 465,
        tls: mailbeat_shared::wire::contract::RelayTls::Implicit,
        username: "acme@vendor.example".into(),
        password: "x".into(),
        tls_pin: None,
    };
    let file = contract_file(dir.path(), |contract| contract.relay = Some(relay));
    let mut draft = draft_of(SAMPLE, None);
    let mut person = Script::new(&[("contract file", typed(&file)), ("mail leave", Do::Choose(2))]);
    assert!(walk(&mut draft, &mut person, ask::QUESTIONS));
    let text = configured(SAMPLE, &draft, Path::new("/x")).unwrap();
    let config: Config = config_file::parse(Path::new("agent.toml"), &text).unwrap();
    assert_eq!(config.route.len(), 1);
    assert!(matches!(config.route[0].kind, RouteKind::Relay), "{text}");
    assert!(
        !text.contains("mail.acme.example\"") && config.routes(draft.contract.as_ref()).1.is_empty(),
        "{text}"
    );
}

#[test]
fn an_account_that_signs_in_by_oauth_becomes_a_route_and_one_made_by_hand_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let pem = contract_file(dir.path(), |_| {});
    let mut draft = draft_of(SAMPLE, None);
    let mut person = Script::new(&[
        ("contract file", typed(&pem)),
        ("mail leave", Do::Choose(1)),
        ("address", typed("scada-01@acme.test")),
        ("client id", typed("")),
        ("client id", typed("1234")),
        ("Certificate (PEM", typed("/nowhere.pem")),
        ("Certificate (PEM", typed(&pem)),
        ("certificate's key", typed(&pem)),
    ]);
    assert!(walk(&mut draft, &mut person, ask::QUESTIONS));
    let text = configured(SAMPLE, &draft, Path::new("/x")).unwrap();
    let oauth = format!(
        "oauth = {{ provider = \"microsoft\", tenant = \"acme.test\", grant = \"client_credentials\", client_id = \"1234\", certificate_file = {pem:?}, key_file = {pem:?} }}"
    );
    assert!(
        text.contains(&oauth)
            && text.contains("host = \"smtp.office365.com\"")
            && !text.contains("\npassword_file"),
        "{text}"
    );
    let config: Config = config_file::parse(Path::new("agent.toml"), &text).unwrap();
    assert!(config.routes(draft.contract.as_ref()).1.is_empty(), "{:?}", config.routes(None).1);

    let again = draft_of(&text, draft.contract.clone());
    assert_eq!((again.way, again.kept.as_deref()), (Way::Keep, Some("office")));
    assert_eq!(configured(&text, &again, Path::new("/x")).unwrap(), text);
    let google = [
        ("mail leave", Do::Choose(1)),
        ("address", typed("scada@gmail.test")),
        ("Whose", Do::Choose(1)),
        ("Who agrees", Do::Choose(1)),
        ("client id", typed("5")),
    ];
    let mut person = person.then(&google);
    let mut draft = Draft { way: Way::OAuth, ..again };
    assert!(walk(&mut draft, &mut person, ask::MAIL));
    assert!(
        configured(&text, &draft, Path::new("/x"))
            .unwrap()
            .contains("grant = \"authorization_code\", client_id = \"5\"")
    );
    assert!(draft.sign_in.needs_a_person());
    assert_eq!(untranslated(&person), Vec::<&String>::new());
}

/// What was said and has no German: paths, items' own words and what a pin is are the same in both.
fn untranslated(person: &Script) -> Vec<&String> {
    let items = crate::words::items(Locale::En);
    let all = [words::PHRASES, mailbeat_shared::wizard::words::PHRASES];
    let german = |sentence: &str| {
        all.iter().any(|phrases| mailbeat_shared::phrases::translate(sentence, phrases, Locale::De).is_some())
    };
    let ours = |sentence: &&String| {
        let own = !sentence.starts_with('/') && !sentence.starts_with("a pin is");
        own && !sentence.is_empty() && !items.item.values().any(|words| words.title == **sentence)
    };
    person.heard().iter().filter(ours).filter(|sentence| !german(sentence)).collect()
}

#[test]
fn every_sentence_of_the_wizard_is_said_in_german_too() {
    let dir = tempfile::tempdir().unwrap();
    let mut person = Script::new(&[
        ("contract file", typed("")),
        ("contract file", typed("/nowhere")),
        ("contract file", typed(&contract_file(dir.path(), |_| {}))),
        ("heartbeat", typed("1s")),
        ("heartbeat", typed("x")),
        ("address", typed("anna@gmail.com")),
        ("Mail server", typed("")),
        ("Is that right", Do::Choose(0)),
        ("Port", typed("0")),
        ("Password", typed("")),
        ("Password", typed("x")),
        ("believed", Do::Choose(1)),
        ("CA file", typed("/nowhere")),
        ("CA file", Do::GoBack),
        ("believed", Do::Choose(2)),
        ("Fingerprint", typed("sha1:x")),
        ("Fingerprint", Do::Leave),
    ]);
    let mut draft = draft_of(SAMPLE, None);
    assert!(!walk(&mut draft, &mut person, ask::QUESTIONS));
    assert_eq!(untranslated(&person), Vec::<&String>::new());
    assert_eq!(mailbeat_shared::phrases::faults(words::PHRASES), Vec::<String>::new());
}

#[test]
fn a_file_of_answers_does_the_same_and_says_what_does_not_fit() {
    let dir = tempfile::tempdir().unwrap();
    let file = contract_file(dir.path(), |_| {});
    let answers = |more: &str| -> Result<Draft, String> {
        let text = format!(
            "locale = 'de'\ncontract = '{file}'\nheartbeat = '15m'\nitems = ['cpu', 'memory']\nwatch = ['/etc/hosts']\n{more}\n[mail]\nby = 'server'\nfrom = 'scada-01@acme.test'\nhost = 'mail.acme.test'\ntls = 'implicit'\nusername = 'u'\npassword_file = '/run/secret'\n"
        );
        let answers: Answers =
            config_file::parse(Path::new("answers.toml"), &text).map_err(|error| error.to_string())?;
        let mut draft = draft_of(SAMPLE, None);
        answers.into_draft(&mut draft).map(|()| draft)
    };
    let draft = answers("").unwrap();
    let text = configured(SAMPLE, &draft, Path::new("/x")).unwrap();
    for line in [
        "tls = \"implicit\"                    # implicit",
        "password_file = \"/run/secret\"",
        "heartbeat_interval_s = 900         # the contract sets",
    ] {
        assert!(text.lines().any(|found| found.starts_with(line)), "{line} is not in\n{text}");
    }
    // What is kept of a set-up that was stopped is such a file again.
    let kept = toml::to_string(&Answers::of(&draft)).unwrap();
    let mut resumed = draft_of(SAMPLE, None);
    config_file::parse::<Answers>(Path::new("kept"), &kept).unwrap().into_draft(&mut resumed).unwrap();
    assert_eq!(resumed, draft);
    for (more, wrong) in
        [("system_report = '1s'", "the contract allows"), ("vendor_keys = 'x'", "did you mean `vendor_key`?")]
    {
        let said = answers(more).unwrap_err();
        assert!(said.contains(wrong), "{said}");
    }
    let mistyped: Answers = "[mail]\nby = 'server'\nfrom = 'a@b.test'\nhosts = 'x'"
        .parse::<toml::Table>()
        .unwrap()
        .try_into()
        .unwrap();
    let said = mistyped.into_draft(&mut draft_of("", None)).unwrap_err();
    assert!(said.contains("mail.hosts: there is no such key"), "{said}");
    let none = "items = ['cpus']".parse::<toml::Table>().unwrap().try_into::<Answers>().unwrap();
    assert!(
        none.into_draft(&mut draft_of("", None))
            .unwrap_err()
            .contains("\"cpus\" is none; there are cpu, memory")
    );
}
