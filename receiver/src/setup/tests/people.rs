//! People and customers, and the commands they become.

use mailbeat_shared::wizard::page;

use super::*;
use crate::setup::people::take_for_the_first;

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
fn people_are_told_in_the_order_that_is_wanted() {
    let known = [(1, "o@x.test"), (2, "m@x.test")];
    let [olivia, max] = known.map(|(id, text)| Person { id: Some(id), ..Person::read(text).unwrap() });
    let erna = Person::read("e@x.test").unwrap();
    let words = |wanted: &[&Person]| -> Vec<String> {
        let wanted: Vec<Person> = wanted.iter().map(|person| (*person).clone()).collect();
        commands(&[olivia.clone(), max.clone()], &wanted).iter().map(|command| command.join(" ")).collect()
    };
    assert_eq!(words(&[&olivia, &max, &erna]), ["contacts add e@x.test"]);
    assert_eq!(
        words(&[&max, &olivia]),
        ["contacts edit 2 m@x.test --position 1", "contacts edit 1 o@x.test --position 2"]
    );
    let mut draft = vec![erna.clone(), olivia.clone()];
    take_for_the_first(std::slice::from_ref(&olivia), &mut draft);
    assert_eq!(draft[0].id, None, "the one who is known is the other");
    let mut draft = vec![erna.clone()];
    take_for_the_first(std::slice::from_ref(&olivia), &mut draft);
    assert_eq!(draft[0].id, Some(1), "`init` registered her, or she takes the place of who was there alone");
    assert_eq!(
        words(&[&erna, &olivia]),
        ["contacts add e@x.test --position 1", "contacts edit 1 o@x.test --position 2", "contacts remove 2"]
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
