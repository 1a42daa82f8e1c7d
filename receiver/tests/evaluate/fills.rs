//! A mailbox of the receiver that fills up is told of while there is room, and once.

use mailbeat_receiver::evaluate::fill::{Fill, KeptDays, Resource};
use mailbeat_receiver::evaluate::own::Known;

use super::*;

/// The receiver with one mailbox, looked at each quarter of an hour. Whatever is told has its German.
struct Receiver {
    world: World,
    kept: KeptDays,
}

impl Receiver {
    fn new() -> Self {
        Self { world: World::new(), kept: KeptDays { processed: 30, quarantined: 90 } }
    }

    /// What is told once the server says this.
    fn look(&mut self, fills: &[Fill]) -> Vec<String> {
        self.world.pass(MINUTE * 15);
        self.world.judge_the_receiver(OwnView {
            fills: [("reports".to_owned(), fills.to_vec())].into(),
            known: Known { kept: self.kept, ..Known::default() },
            ..OwnView::default()
        })
    }

    fn storage(&mut self, percent: u64) -> Vec<String> {
        self.look(&[storage(percent)])
    }

    fn ticket(&self) -> (&str, Severity) {
        let ticket = self.world.ticket("mailbox-full");
        (&ticket.title, ticket.severity)
    }
}

/// So many percent of a thousand MiB.
fn storage(percent: u64) -> Fill {
    Fill { resource: Resource::Storage, used: percent * 10 * 1024, limit: 1000 * 1024 }
}

fn messages(used: u64) -> Fill {
    Fill { resource: Resource::Messages, used, limit: 20_000 }
}

#[test]
fn a_mailbox_that_fills_up_is_a_warning_above_80_percent_and_urgent_above_95() {
    let mut receiver = Receiver::new();
    assert!(receiver.storage(79).is_empty() && receiver.storage(80).is_empty());
    assert_eq!(receiver.storage(81), ["MB-1001 opened"]);
    assert_eq!(receiver.ticket(), ("Mailbeat receiver: mailbox reports is 81 % full", Severity::Medium));
    assert_eq!(
        receiver.world.reason(),
        "810 MiB of 1000 MiB are used; when nothing fits any more, reports bounce or wait at their senders and hosts seem silent; \
         have its quota raised, or keep processed mails for fewer than 30 days (`retention.processed_mail_days`)"
    );
    assert!(receiver.storage(95).is_empty(), "nothing is said twice");
    assert_eq!(receiver.storage(96), ["MB-1001 severity_changed"]);
    assert_eq!(receiver.ticket(), ("Mailbeat receiver: mailbox reports is 96 % full", Severity::High));
    assert_eq!(receiver.storage(40), ["MB-1001 resolved"]);
    assert_eq!(receiver.world.reason(), "there is room again: 400 MiB of 1000 MiB are used");
}

#[test]
fn one_that_stays_near_a_limit_does_not_flap() {
    let mut receiver = Receiver::new();
    assert_eq!(receiver.storage(81), ["MB-1001 opened"]);
    for percent in [79, 81, 76, 80, 84] {
        assert!(receiver.storage(percent).is_empty(), "{percent} %");
    }
    assert_eq!(receiver.storage(74), ["MB-1001 resolved"]);
    assert!(receiver.storage(79).is_empty(), "below the limit again it counts from the limit");
    assert_eq!(receiver.storage(97), ["MB-1001 reopened"]);
    for percent in [94, 96, 91] {
        assert!(receiver.storage(percent).is_empty(), "{percent} %");
    }
    assert_eq!(receiver.storage(89), ["MB-1001 severity_changed"]);
    assert_eq!(receiver.ticket().1, Severity::Medium);
}

#[test]
fn of_two_limits_the_one_that_is_reached_first_counts_and_is_named() {
    let mut receiver = Receiver::new();
    assert!(receiver.look(&[storage(50), messages(15_000)]).is_empty());
    assert_eq!(receiver.look(&[storage(50), messages(16_400)]), ["MB-1001 opened"]);
    assert_eq!(receiver.ticket().0, "Mailbeat receiver: mailbox reports holds 82 % of the mails it may");
    assert!(
        receiver.world.reason().starts_with("16400 of 20000 mails lie in it; "),
        "{}",
        receiver.world.reason()
    );
    assert_eq!(receiver.look(&[storage(50), messages(0)]), ["MB-1001 resolved"]);
    assert_eq!(receiver.world.reason(), "there is room again: 500 MiB of 1000 MiB are used");
}

#[test]
fn where_our_own_folders_are_never_emptied_that_is_what_to_change() {
    for (processed, quarantined, key) in
        [(0, 0, "processed_mail_days"), (0, 90, "processed_mail_days"), (30, 0, "quarantined_mail_days")]
    {
        let mut receiver = Receiver { kept: KeptDays { processed, quarantined }, ..Receiver::new() };
        receiver.storage(90);
        let advice = format!("or give `retention.{key}` a number: 0 keeps every ");
        assert!(receiver.world.reason().contains(&advice), "{}", receiver.world.reason());
    }
}

#[test]
fn a_server_that_tells_of_no_limit_accuses_nothing_and_ends_what_it_said_before() {
    let mut receiver = Receiver::new();
    assert!(receiver.look(&[]).is_empty());
    assert_eq!(receiver.storage(300), ["MB-1001 opened"], "more came to be there than may");
    assert_eq!(receiver.ticket(), ("Mailbeat receiver: mailbox reports is 300 % full", Severity::High));
    assert_eq!(receiver.look(&[]), ["MB-1001 resolved"]);
}

#[test]
fn the_operator_sets_the_limits_or_wants_no_ticket_of_it() {
    let with = |table: &str| {
        let mut receiver = Receiver::new();
        receiver.world.rules =
            Rules::parse(Path::new("rules.toml"), &format!("[mailbox_full]\n{table}\n")).unwrap();
        receiver
    };
    assert_eq!(with("above = { low = 0.5 }").storage(51), ["MB-1001 opened"]);
    assert_eq!(with("above = { low = 0.5 }").storage(50), Vec::<String>::new());
    assert_eq!(with("above = {}").storage(100), Vec::<String>::new());
    let mut exact = with("clear_margin = 0");
    assert_eq!((exact.storage(81).len(), exact.storage(80)), (1, vec!["MB-1001 resolved".to_owned()]));
    for (table, what) in [
        ("above = { medium = 80 }", "shares of what fits"),
        ("above = { medium = 0 }", "shares of what fits"),
        ("above = { medium = nan }", "shares of what fits"),
        ("above = { medium = 0.9, high = 0.8 }", "a more urgent severity must have the more extreme value"),
        ("clear_margin = -0.1", "`clear_margin` is a share"),
        ("clear_margin = 1", "`clear_margin` is a share"),
    ] {
        is_refused("mailbox_full", table, what);
    }
}
