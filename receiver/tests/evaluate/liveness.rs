//! Who is alive, late or silent, and when nobody may say so.

use super::*;

#[test]
fn a_host_that_falls_silent_is_late_then_silent_gets_one_ticket_and_is_alive_again() {
    let mut world = World::new();
    let heard = |world: &World| liveness(&world.view, &world.rules.liveness, Some(world.now), world.now);
    assert_eq!(heard(&world), Liveness::Alive);
    world.pass(HOUR + MINUTE * 16).tick();
    assert_eq!(heard(&world), Liveness::Late);
    assert!(world.told().is_empty(), "late opens no ticket");
    let due = due_at(&world.view, &[], &world.rules, world.now).unwrap();
    assert_eq!(due, world.view.life_at.unwrap() + HOUR * 2 + MINUTE * 15);
    world.pass(HOUR).tick().pass(HOUR).tick().pass(HOUR).tick();
    assert_eq!(heard(&world), Liveness::Silent);
    assert_eq!(world.told(), ["MB-1001 opened"]);
    assert_eq!(world.view.findings[0].since, due, "dated when it happened, not when it was noticed");
    world.pass(MINUTE).beat(&[]);
    assert_eq!((heard(&world), world.told()), (Liveness::Alive, vec!["MB-1001 resolved".to_owned()]));
}

#[test]
fn a_deaf_receiver_accuses_nobody() {
    let mut world = World::new();
    let heard_until = world.now + MINUTE * 30;
    world.pass(HOUR * 10).tick_heard(Some(heard_until)).tick_heard(None);
    assert!(world.told().is_empty());
    world.tick();
    assert_eq!(world.told(), ["MB-1001 opened"]);
}

#[test]
fn after_deafness_judging_waits_as_long_as_it_lasted_but_75_minutes_at_most() {
    let start: Timestamp = "2026-11-22T00:00:00Z".parse().unwrap();
    let hearing = Hearing::first(start, None, MINUTE).drained(start + MINUTE, MINUTE);
    assert_eq!(hearing.heard_until(start + MINUTE), Some(start + MINUTE));
    let after_outage = hearing.drained(start + MINUTE * 21, MINUTE);
    assert_eq!(after_outage.heard_until(start + MINUTE * 40), None);
    assert_eq!(after_outage.heard_until(start + MINUTE * 41), Some(start + MINUTE * 21));
    let after_days = hearing.drained(start + HOUR * 72, MINUTE);
    assert_eq!(after_days.heard_until(start + HOUR * 72 + MINUTE * 74), None);
    assert!(after_days.heard_until(start + HOUR * 72 + MINUTE * 75).is_some());
    let clock_went_back = hearing.drained(start - HOUR, MINUTE);
    assert_eq!(clock_went_back.heard_until(start), None);
}

#[test]
fn a_heartbeat_four_hours_late_proves_life_four_hours_ago() {
    let mut world = World::new();
    world.pass(HOUR * 5).tick();
    assert_eq!(world.told(), ["MB-1001 opened"]);
    let four_hours_ago = world.now - HOUR * 4;
    world.beat_with(&[], &[], four_hours_ago);
    assert!(world.told().is_empty(), "it says nothing about now");
    assert_eq!(liveness(&world.view, &world.rules.liveness, Some(world.now), world.now), Liveness::Silent);
}

#[test]
fn announced_maintenance_holds_judgement_and_its_end_gives_the_full_time_again() {
    let mut world = World::new();
    world.view.held_until = Some(world.now + HOUR * 8);
    world.pass(HOUR * 7).tick();
    assert_eq!(liveness(&world.view, &world.rules.liveness, Some(world.now), world.now), Liveness::Paused);
    world.pass(HOUR * 2).tick();
    assert!(world.told().is_empty());
    world.pass(HOUR * 2).tick();
    assert_eq!(world.told(), ["MB-1001 opened"]);
}

#[test]
fn a_paused_system_is_judged_by_nobody_and_its_tickets_are_closed() {
    let mut world = World::new();
    world.pass(HOUR * 5).tick();
    world.view.paused = true;
    world.tick();
    assert_eq!(world.told(), ["MB-1001 opened", "MB-1001 closed"]);
}

#[test]
fn what_a_paused_system_reports_is_judged_by_nobody_and_judged_again_when_it_goes_on() {
    let mut world = World::new();
    let down = said("web", CheckState::Critical, "refused", world.now);
    let beat = |world: &mut World| {
        let now = world.now;
        world.beat_with(&[disk("/", 0.9)], std::slice::from_ref(&down), now).told()
    };
    world.pass(HOUR);
    assert_eq!(beat(&mut world), ["MB-1001 opened", "MB-1002 opened"]);
    world.view.paused = true;
    world.pass(HOUR).tick();
    assert_eq!(world.told(), ["MB-1001 closed", "MB-1002 closed"]);
    assert!(world.reason().contains("paused"), "{}", world.reason());
    world.pass(HOUR);
    assert!(beat(&mut world).is_empty());
    assert_eq!(due_at(&world.view, &world.view.findings, &world.rules, world.now), None);
    world.view.paused = false;
    world.pass(HOUR);
    assert_eq!(beat(&mut world), ["MB-1003 opened", "MB-1004 opened"]);
}

#[test]
fn what_a_person_resolved_before_a_system_rested_is_no_news_when_it_goes_on() {
    let mut world = World::new();
    world.pass(HOUR).beat(&[disk("/", 0.9)]).pass(HOUR).resolve("filesystem-full").told();
    world.view.paused = true;
    world.pass(HOUR * 24 * 9).tick();
    world.view.paused = false;
    world.pass(HOUR).beat(&[disk("/", 0.9)]);
    assert!(world.told().is_empty(), "we live with it");
}

#[test]
fn of_an_agent_that_is_switched_off_the_end_of_the_contract_is_looked_at_too() {
    let mut world = World::new();
    world.view.deactivated_at = Some(world.now);
    world.view.expected_until = Some(world.now + HOUR * 50);
    world.tick();
    let due = due_at(&world.view, &world.view.findings, &world.rules, world.now);
    assert_eq!(due, world.view.expected_until);
}

#[test]
fn switching_the_agent_off_is_a_visible_ticket_and_no_silence() {
    let mut world = World::new();
    world.view.deactivated_at = Some(world.now);
    world.pass(HOUR * 50).tick();
    assert_eq!(world.told(), ["MB-1001 opened"]);
    assert_eq!(world.ticket("agent-deactivated").severity, Severity::Medium);
}

#[test]
fn a_missing_system_report_is_found_while_heartbeats_go_on_and_a_silent_host_has_one_ticket_only() {
    let mut world = World::new();
    for _ in 0..31 {
        world.pass(HOUR).beat(&[]).tick();
    }
    assert_eq!(world.told(), ["MB-1001 opened"]);
    assert_eq!(world.ticket("system-report-missing").severity, Severity::Medium);
    let mut silent = World::new();
    silent.pass(HOUR * 60).tick();
    assert_eq!(silent.told(), ["MB-1001 opened"]);
}

#[test]
fn in_the_grace_days_no_system_report_is_missed_and_their_end_is_looked_at() {
    let mut world = World::new();
    let (until, over) = (world.now + HOUR * 20, world.now + HOUR * 44);
    (world.view.system_reports_until, world.view.expected_until) = (Some(until), Some(over));
    for _ in 0..43 {
        world.pass(HOUR).beat(&[]).tick();
    }
    assert!(world.told().is_empty(), "the last system report is two days old");
    assert_eq!(due_at(&world.view, &world.view.findings, &world.rules, world.now), Some(over));
}

#[test]
fn what_becomes_true_at_this_second_is_found_at_this_second() {
    let mut world = World::new();
    let (start, policy) = (world.now, world.rules.liveness.clone());
    let heard = |world: &World| liveness(&world.view, &policy, Some(world.now), world.now);
    world.pass(HOUR + MINUTE * 15 - SECOND).tick();
    assert_eq!(heard(&world), Liveness::Alive);
    world.pass(SECOND).tick();
    assert_eq!(heard(&world), Liveness::Late);
    let due = due_at(&world.view, &world.view.findings, &world.rules, world.now).unwrap();
    world.pass(due.duration_since(world.now) - SECOND).tick();
    assert_eq!((heard(&world), world.told()), (Liveness::Late, vec![]));
    world.pass(SECOND).tick();
    assert_eq!((heard(&world), world.told()), (Liveness::Silent, vec!["MB-1001 opened".to_owned()]));
    assert_eq!(world.reason(), format!("last sign of life at {start:.0}; a heartbeat was promised every 1h"));
}

#[test]
fn a_mailbox_heard_up_to_the_second_of_silence_is_enough_to_say_so_and_one_second_less_is_not() {
    let mut world = World::new();
    let silent_at = world.now + HOUR * 2 + MINUTE * 15;
    world.pass(HOUR * 4).tick_heard(Some(silent_at - SECOND));
    assert!(world.told().is_empty());
    world.tick_heard(Some(silent_at));
    assert_eq!(world.told(), ["MB-1001 opened"]);
}

#[test]
fn a_system_that_was_registered_and_never_showed_life_is_new_and_then_silent() {
    let mut world = World::new();
    world.view.life_at = None;
    let heard = |world: &World| liveness(&world.view, &world.rules.liveness, Some(world.now), world.now);
    assert_eq!(heard(&world), Liveness::New);
    world.pass(HOUR * 3).tick();
    assert_eq!((heard(&world), world.told()), (Liveness::Silent, vec!["MB-1001 opened".to_owned()]));
    assert!(world.reason().starts_with("no sign of life since it was registered"), "{}", world.reason());
}

#[test]
fn the_end_of_what_is_expected_is_looked_at_once() {
    let mut world = World::new();
    let due = |world: &World| due_at(&world.view, &world.view.findings, &world.rules, world.now);
    let silent_at = due(&world);
    let until = world.now + HOUR;
    let ends: [fn(&mut SystemView, Option<Timestamp>); 2] =
        [|view, at| view.system_reports_until = at, |view, at| view.expected_until = at];
    for end in ends {
        end(&mut world.view, Some(until));
        assert_eq!(due(&world), Some(until));
        for over in [until, until + SECOND] {
            world.now = over;
            assert_eq!(due(&world), silent_at, "what is left to wait for");
        }
        end(&mut world.view, None);
        world.now = until - HOUR;
    }
}

#[test]
fn the_grace_is_a_quarter_of_a_long_interval_or_what_the_rules_say() {
    let mut world = World::new();
    world.view.heartbeat_interval = HOUR * 4;
    let life = world.now;
    assert_eq!(late_at(&world.view, &world.rules.liveness), life + HOUR * 5);
    assert_eq!(silent_at(&world.view, &world.rules.liveness), life + HOUR * 9);
    world.rules.liveness.grace = Some(MINUTE);
    world.rules.liveness.misses = 3;
    assert_eq!(late_at(&world.view, &world.rules.liveness), life + HOUR * 4 + MINUTE);
    assert_eq!(silent_at(&world.view, &world.rules.liveness), life + HOUR * 12 + MINUTE);
}

#[test]
fn nobody_expects_anything_of_a_system_that_is_paused_switched_off_or_in_maintenance() {
    let shown = |change: fn(&mut World)| {
        let mut world = World::new();
        change(&mut world);
        world.pass(HOUR * 50);
        liveness(&world.view, &world.rules.liveness, Some(world.now), world.now)
    };
    assert_eq!(shown(|_| {}), Liveness::Silent);
    assert_eq!(shown(|world| world.view.paused = true), Liveness::Paused);
    assert_eq!(shown(|world| world.view.deactivated_at = Some(world.now)), Liveness::Paused);
    assert_eq!(shown(|world| world.view.held_until = Some(world.now + HOUR * 51)), Liveness::Paused);
    assert_eq!(shown(|world| world.view.held_until = Some(world.now + HOUR * 50)), Liveness::Alive);
}

#[test]
fn a_missing_system_report_is_said_when_its_time_was_heard_and_said_once() {
    let mut world = World::new();
    let overdue_at = world.now + HOUR * 30;
    world.pass(HOUR * 30 - SECOND).beat(&[]).tick();
    assert!(world.told().is_empty());
    let due = due_at(&world.view, &world.view.findings, &world.rules, world.now);
    assert_eq!(due, Some(overdue_at));
    world.pass(SECOND * 2).tick_heard(Some(overdue_at - SECOND));
    assert!(world.told().is_empty(), "it may lie in the mailbox");
    world.tick_heard(Some(overdue_at));
    assert_eq!(world.told(), ["MB-1001 opened"]);
    let due = due_at(&world.view, &world.view.findings, &world.rules, world.now);
    assert_eq!(due, Some(silent_at(&world.view, &world.rules.liveness)), "what is said needs no other look");
    world.view.system_report_at = Some(world.now);
    world.beat(&[]);
    assert_eq!(world.told(), ["MB-1001 resolved"]);
}

#[test]
fn a_missing_system_report_is_found_at_its_second_and_forgotten_when_the_system_is_paused() {
    let mut world = World::new();
    world.pass(HOUR * 30).beat(&[]).tick();
    assert_eq!(world.told(), ["MB-1001 opened"]);
    world.view.paused = true;
    world.tick();
    assert_eq!(world.told(), ["MB-1001 closed"], "nobody expects one of a paused system");
}

#[test]
fn a_system_is_looked_at_again_when_something_may_become_true_and_not_in_a_circle() {
    let mut world = World::new();
    let due = |world: &World| due_at(&world.view, &world.view.findings, &world.rules, world.now);
    world.view.system_report_at = Some(world.now + HOUR * 900);
    world.pass(HOUR * 4);
    assert_eq!(due(&world), Some(world.now - HOUR - MINUTE * 45), "overdue as long as nobody looked");
    world.tick();
    let far = None;
    assert_eq!(due(&world), far, "silent already, and of a silent host nothing else is expected");

    world.view.gaps = vec![gap(7, 7, world.now)];
    let ripe_at = world.now + HOUR * 6;
    assert_eq!(due(&world), Some(ripe_at));
    world.pass(HOUR * 7);
    assert_eq!(due(&world), Some(ripe_at), "a gap whose time is over, as long as nobody looked");
    world.tick();
    assert_eq!(due(&world), far, "it has its ticket");
    world.view.gaps.push(gap(9, 9, world.now));
    world.pass(HOUR * 6);
    assert_eq!(due(&world), far, "the second joins the same ticket at this second");

    let branch = BranchView { incarnation: Incarnation(1), began_at: world.now, life_at: world.now };
    world.view.branches = vec![branch.clone()];
    assert_eq!(due(&world), far, "one history ripens into nothing");
    world.view.branches.push(branch);
    assert_eq!(due(&world), Some(world.now + HOUR));

    let mut excused = World::new();
    excused.view.deactivated_at = excused.view.life_at;
    assert_eq!(due(&excused), None, "nothing can become true of it");
    excused.view.branches = world.view.branches.clone();
    assert_eq!(due(&excused), Some(excused.now + HOUR), "but clones are clones");
    excused.view.paused = true;
    assert_eq!(due(&excused), None, "and nobody judges them");
}

#[test]
fn three_rounds_of_silence_are_no_deafness_and_a_second_more_is() {
    let start: Timestamp = "2026-11-22T00:00:00Z".parse().unwrap();
    let hearing = Hearing::first(start, None, MINUTE);
    assert_eq!(hearing.heard_until(start), Some(start));
    assert_eq!(hearing.heard_until(start - SECOND), None);
    let at = start + MINUTE * 3;
    assert_eq!(hearing.drained(at, MINUTE).heard_until(at), Some(at));
    let later = hearing.drained(at + SECOND, MINUTE);
    assert_eq!(later.heard_until(at + SECOND), None);
    assert_eq!(later.heard_until(at + SECOND + MINUTE * 3 + SECOND), Some(at + SECOND));
}

#[test]
fn a_mailbox_read_for_the_first_time_is_judged_at_once_unless_even_its_newest_report_seems_to_have_waited() {
    let start: Timestamp = "2026-11-22T00:00:00Z".parse().unwrap();
    let wait = |newest: SignedDuration| {
        let hearing = Hearing::first(start, Some(start - newest), MINUTE);
        assert_eq!(hearing.drained_at, start);
        hearing.judge_from.duration_since(start)
    };
    assert_eq!(wait(MINUTE * 5), SignedDuration::ZERO, "three rounds and the server's own time");
    assert_eq!(wait(-HOUR), SignedDuration::ZERO, "a clock that is behind is harmless");
    assert_eq!(wait(MINUTE * 6), MINUTE * 6);
    assert_eq!(wait(HOUR * 3), MINUTE * 75);
}
