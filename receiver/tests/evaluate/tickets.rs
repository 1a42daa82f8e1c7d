//! What people are told of a ticket, and why.

use super::*;

#[test]
fn people_are_told_of_what_begins_comes_back_gets_worse_or_is_over_and_of_nothing_else() {
    let changed = |from, to| What::SeverityChanged { from, to, title: String::new() };
    let (title, since) = (String::new(), Timestamp::UNIX_EPOCH);
    let opened = What::Opened { title: title.clone(), severity: Severity::Low, since };
    let reopened = What::Reopened { title, severity: Severity::Low, since };
    for what in [opened, reopened, What::Resolved, changed(Severity::Medium, Severity::High)] {
        assert!(what.notifies(), "{what:?}");
    }
    let (better, same) = (changed(Severity::High, Severity::Low), changed(Severity::High, Severity::High));
    let seen_again = What::SeenAgain { since: None };
    let quiet = [What::Commented, What::Acknowledged, What::BecameStale, seen_again, What::Closed];
    for what in quiet.into_iter().chain([better, same]) {
        assert!(!what.notifies(), "{what:?}");
    }
}

#[test]
fn what_people_did_to_a_ticket_has_its_word_too() {
    let by_people = [What::Commented, What::Acknowledged, What::Closed];
    assert_eq!(by_people.map(|what| what.as_str()), ["commented", "acknowledged", "closed"]);
}

#[test]
fn a_ticket_begins_with_being_opened() {
    let rule = "filesystem-full".parse().unwrap();
    let event =
        |what| TicketEvent { at: Timestamp::UNIX_EPOCH, what, reason: "because".into(), by: "Eva".into() };
    assert_eq!(Ticket::open(TicketNumber::FIRST, rule, "/".into(), &event(What::Commented)), None);
}

#[test]
fn tickets_that_end_at_one_look_end_each_with_what_was_seen_of_its_own_matter() {
    let mut world = World::new();
    world.pass(HOUR).beat(&[disk("/a", 0.9), disk("/b", 0.9)]).pass(HOUR);
    world.beat(&[disk("/a", 0.11), disk("/b", 0.22)]);
    let [.., a, b] = world.reasons.as_slice() else { panic!("two were resolved") };
    assert!(a.contains("of /a is 11 %") && b.contains("of /b is 22 %"), "{a}; {b}");
}

#[test]
fn a_ticket_whose_finding_is_gone_without_a_word_is_resolved_all_the_same() {
    let mut world = World::new();
    world.pass(HOUR).beat(&[disk("/", 0.9)]).told();
    world.view.findings.clear();
    world.tick();
    assert_eq!(world.told(), ["MB-1001 resolved"]);
    assert_eq!(world.reason(), "it no longer holds");
}

#[test]
fn what_comes_back_within_a_day_to_the_second_is_the_same_ticket() {
    let mut world = World::new();
    world.pass(HOUR).beat(&[disk("/", 0.9)]).pass(HOUR).beat(&[disk("/", 0.1)]);
    let resolved_at = world.now;
    world.pass(HOUR * 24).beat(&[disk("/", 0.9)]);
    assert_eq!(world.told(), ["MB-1001 opened", "MB-1001 resolved", "MB-1001 reopened"]);
    assert_eq!(world.ticket("filesystem-full").state, TicketState::Open);
    assert_eq!(world.ticket("filesystem-full").holds_since, resolved_at + HOUR * 24);
    world.pass(HOUR).beat(&[disk("/", 0.1)]).pass(HOUR * 24 + SECOND).beat(&[disk("/", 0.9)]);
    assert_eq!(world.told(), ["MB-1001 resolved", "MB-1001 closed", "MB-1002 opened"]);
}

#[test]
fn what_a_person_resolved_stays_so_though_it_was_stale_for_a_while_before() {
    let mut world = World::new();
    world.pass(HOUR).beat(&[disk("/", 0.9)]).pass(HOUR).beat(&[]).pass(HOUR).beat(&[disk("/", 0.9)]);
    assert_eq!(world.told(), ["MB-1001 opened", "MB-1001 became_stale", "MB-1001 seen_again"]);
    world.pass(MINUTE).resolve("filesystem-full").pass(HOUR).beat(&[disk("/", 0.9)]);
    assert!(world.told().is_empty(), "it is the same episode");
}

#[test]
fn a_system_without_a_hosts_name_has_titles_without_one() {
    let mut world = World::new();
    world.view.host.clear();
    world.pass(HOUR).beat(&[disk("/", 0.9)]);
    assert_eq!(world.ticket("filesystem-full").title, "filesystem / is 90 % full");
}

#[test]
fn what_holds_on_after_a_person_closed_its_ticket_opens_another() {
    let mut world = World::new();
    world.pass(HOUR).beat(&[disk("/", 0.9)]).told();
    world.view.tickets[0].state = TicketState::Closed;
    world.pass(HOUR).beat(&[disk("/", 0.9)]);
    assert_eq!(world.told(), ["MB-1002 opened"]);
}

#[test]
fn what_a_system_reports_has_so_many_tickets_the_most_urgent_first_and_its_silence_always_one() {
    let mut world = World::new();
    let most = world.rules.tickets.most_open;
    let mut disks: Vec<Observation> = (0..most + 5).map(|n| disk(&format!("/{n:02}"), 0.86)).collect();
    disks.push(disk("/zz", 0.99));
    world.pass(HOUR).beat(&disks);
    assert_eq!(world.view.tickets.len(), most);
    assert_eq!(world.view.tickets[0].subject, "/zz", "{:?}", world.view.tickets[0]);
    world.pass(HOUR * 5).tick().told();
    assert_eq!(world.ticket("heartbeat-missing").severity, Severity::High);
    world.pass(HOUR).beat(&[disk("/00", 0.86)]).told();
    let unresolved = world.view.tickets.iter().filter(|ticket| ticket.state.is_unresolved()).count();
    assert!(unresolved <= most, "{unresolved}");
}
