//! Gaps: reports that were sent and never arrived.

use super::*;

#[test]
fn a_hole_in_the_sequence_is_a_finding_after_six_hours_and_ends_when_it_is_filled() {
    let mut world = World::new();
    world.view.gaps = vec![gap(812, 815, world.now)];
    world.pass(HOUR * 5).beat(&[]).tick();
    assert!(world.told().is_empty());
    let heard_until = world.now;
    world.pass(HOUR).beat(&[]).tick_heard(Some(heard_until));
    assert!(world.told().is_empty(), "it may lie in the mailbox, unread since an hour");
    world.tick();
    assert_eq!(world.told(), ["MB-1001 opened"]);
    world.pass(HOUR).beat(&[]).tick_heard(None);
    assert!(world.told().is_empty());
    assert!(world.ticket("reports-lost").title.contains("4 reports were sent and never arrived"));
    world.view.gaps.clear();
    world.pass(HOUR).beat(&[]);
    assert_eq!(world.told(), ["MB-1001 resolved"]);
}

#[test]
fn a_loss_that_somebody_resolved_is_done_with_and_a_second_one_is_news() {
    let mut world = World::new();
    world.view.gaps = vec![gap(812, 815, world.now)];
    world.pass(HOUR * 6).beat(&[]).tick();
    assert_eq!(world.told(), ["MB-1001 opened"]);
    world.pass(HOUR);
    let still_open = gap(820, 820, world.now - HOUR);
    world.view.gaps.push(still_open.clone());
    world.beat(&[]).resolve("reports-lost");
    world.pass(MINUTE).beat(&[]);
    assert_eq!(world.view.gaps, [still_open], "nobody waits for #812 any more, and nobody knew of #820");
    assert!(world.view.findings.iter().all(|finding| finding.rule.as_str() != "reports-lost"));
    world.pass(HOUR * 6).beat(&[]).tick();
    assert_eq!(world.told(), ["MB-1001 reopened"]);
    assert!(world.ticket("reports-lost").title.contains("1 report was sent"));
}

#[test]
fn a_person_who_resolves_another_ticket_settles_no_loss() {
    let mut world = World::new();
    let lost = gap(812, 815, world.now);
    world.view.gaps = vec![lost.clone()];
    world.pass(HOUR * 6).beat(&[disk("/", 0.9)]).tick();
    assert_eq!(world.told(), ["MB-1001 opened", "MB-1002 opened"]);
    world.pass(HOUR).resolve("filesystem-full").pass(HOUR).beat(&[disk("/", 0.9)]).tick();
    assert!(world.told().is_empty());
    assert_eq!(world.view.gaps, [lost]);
}

#[test]
fn a_loss_that_healed_by_itself_settles_nothing_that_is_not_heard_yet() {
    let mut world = World::new();
    world.view.gaps = vec![gap(812, 812, world.now)];
    let seen_late = gap(820, 820, world.now + MINUTE * 30);
    world.pass(HOUR * 6).beat(&[]).tick();
    let heard_until = world.now;
    world.view.gaps = vec![seen_late.clone()];
    // The first is filled; the second is old enough, and the mailbox was not read since.
    world.pass(HOUR).beat(&[]).tick_heard(Some(heard_until));
    assert_eq!(world.told(), ["MB-1001 opened", "MB-1001 resolved"]);
    world.pass(MINUTE).beat(&[]).tick();
    assert_eq!(world.view.gaps, [seen_late]);
    assert_eq!(world.told(), ["MB-1001 reopened"]);
}

#[test]
fn a_gap_is_due_when_its_six_hours_are_over_however_many_reports_come_until_then() {
    let mut world = World::new();
    let ripe_at = world.now + HOUR * 6;
    world.view.gaps = vec![gap(812, 815, world.now)];
    for _ in 0..11 {
        world.pass(MINUTE * 30).beat(&[]);
        let due = due_at(&world.view, &world.view.findings, &world.rules, world.now).unwrap();
        assert!(due <= ripe_at, "a report put the look off");
    }
}

#[test]
fn one_missing_report_is_spoken_of_as_one() {
    let mut world = World::new();
    world.view.gaps = vec![gap(812, 812, world.now)];
    world.pass(HOUR * 6).beat(&[]).tick();
    assert!(world.ticket("reports-lost").title.ends_with("1 report was sent and never arrived"));
    assert_eq!(world.reason(), "missing #812; later reports do not explain it");
}
