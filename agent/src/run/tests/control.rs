//! What the administrator controls: consent, maintenance, how fast and how much waits, sending again, goodbye.

use super::*;
use crate::spool::{MAIL, Resent};

fn notices(reports: &[Report]) -> Vec<NoticeEvent> {
    let event =
        |report: &Report| if let Body::Notice { notice } = &report.body { Some(notice.event) } else { None };
    reports.iter().filter_map(event).collect()
}

fn heartbeat_of(report: &Report) -> &mailbeat_shared::wire::report::Heartbeat {
    let Body::Heartbeat { heartbeat } = &report.body else { panic!("{:?} is no heartbeat", report.kind()) };
    heartbeat
}

/// The newest heartbeat, made now.
fn beat(story: &mut Story) -> Report {
    assert!(matches!(story.agent.answer(&Request::Heartbeat, story.now), Answer::Queued(_)));
    story.settle();
    story.mails().pop().unwrap()
}

fn start(story: &mut Story, hours: u64) -> Answer {
    story
        .agent
        .answer(&Request::StartMaintenance { for_s: hours * 3_600, reason: "new pumps".into() }, story.now)
}

#[test]
fn an_item_nobody_agreed_to_is_named_in_every_report_until_somebody_does() {
    let mut story = Story::begin();
    let mut agreed = Item::ALL.to_vec();
    agreed.retain(|item| *item != Item::Load);
    let consented = agreed.iter().map(|item| item.name().to_owned()).collect();
    consent(&story.home, &testing::contract(), story.now, consented);
    story.live(1.hours());
    let named = |problems: &[String]| {
        problems.iter().any(|problem| problem.contains("nobody agreed to it yet: load;"))
    };
    let reports = story.mails();
    assert!(named(&heartbeat_of(reports.last().unwrap()).problems), "{:?}", reports.last());
    let system = reports.iter().find(|report| report.kind() == Kind::System).unwrap();
    assert!(named(&system_of(system).truncated), "{system:?}");

    let agreement = activation::Agreement { at: story.now, by: "anna".into(), items: vec!["load".into()] };
    activation::agree(&story.home, agreement).unwrap();
    assert_eq!(heartbeat_of(&beat(&mut story)).problems, [""; 0]);
}

#[test]
fn maintenance_is_announced_carried_by_heartbeats_kept_over_a_restart_and_ends_by_itself() {
    let mut story = Story::begin();
    story.live(1.hours());
    assert!(matches!(start(&mut story, 4), Answer::Queued(_)));
    let until = story.now + 4.hours();
    story.live(1.hours());
    story.restart();
    story.live(1.hours());
    let reports = story.mails();
    let carried = heartbeat_of(reports.last().unwrap()).maintenance.clone().unwrap();
    assert_eq!((carried.until, carried.reason.as_str()), (until, "new pumps"));
    story.live(3.hours());
    let reports = story.mails();
    assert_eq!(notices(&reports), [NoticeEvent::MaintenanceStarted, NoticeEvent::MaintenanceEnded]);
    let ended = reports.iter().rfind(|report| report.kind() == Kind::Notice).unwrap();
    assert_eq!(ended.created_at, until, "neither earlier nor later");
    assert_eq!(heartbeat_of(reports.last().unwrap()).maintenance, None);
    assert_eq!(story.agent.state().maintenance, None);
    story.chain_is_whole();
}

#[test]
fn maintenance_can_be_moved_and_stopped_and_is_never_longer_than_the_contract_allows() {
    let mut story = Story::begin();
    story.live(1.hours());
    let Answer::Refused(why) = start(&mut story, 73) else { panic!() };
    assert!(why.contains("at most 72 h"), "{why}");
    assert!(matches!(start(&mut story, 0), Answer::Refused(_)));
    assert!(matches!(story.agent.answer(&Request::StopMaintenance, story.now), Answer::Refused(_)));
    start(&mut story, 72);
    start(&mut story, 1);
    assert_eq!(story.agent.state().maintenance.as_ref().unwrap().until, story.now + 1.hours());
    assert!(matches!(story.agent.answer(&Request::StopMaintenance, story.now), Answer::Queued(_)));
    story.live(2.hours());
    use NoticeEvent::{MaintenanceEnded, MaintenanceStarted};
    assert_eq!(notices(&story.mails()), [MaintenanceStarted, MaintenanceStarted, MaintenanceEnded]);
}

#[test]
fn maintenance_that_ended_while_the_host_was_off_is_over_at_once_when_it_is_back() {
    let mut story = Story::begin();
    story.live(1.hours());
    start(&mut story, 2);
    story.settle();
    story.now += 10.hours();
    story.restart();
    story.settle();
    let reports = story.mails();
    assert_eq!(notices(&reports).last(), Some(&NoticeEvent::MaintenanceEnded));
    assert_eq!(heartbeat_of(reports.last().unwrap()).maintenance, None);
}

#[test]
fn after_weeks_offline_the_newest_heartbeat_and_every_system_report_leave_at_a_bounded_rate() {
    let config = format!(
        "mails_per_hour = 20\nheartbeat_interval_s = 21600\n{}",
        TWO_ROUTES.replace("cc.system", "cc.test")
    );
    let mut story = Story::with(&config, &testing::contract());
    story.live(1.minutes());
    story.say(&down(), 100_000);
    story.live(jiff::Span::new().hours(21 * 24));
    assert_eq!(story.agent.waiting().len(), 22, "twenty-one system reports and one heartbeat");
    story.host.0.borrow_mut().outcomes.clear();
    let before = story.mails().len();
    let mut left: Vec<Timestamp> = vec![];
    while !story.agent.waiting().is_empty() {
        story.live(1.minutes());
        left.resize(story.mails().len() - before, story.now);
    }
    for (n, first) in left.iter().enumerate() {
        let within =
            left[n..].iter().take_while(|at| at.duration_since(*first) < SignedDuration::from_mins(59));
        assert!(within.count() <= 20, "more than twenty in an hour: {left:?}");
    }
    assert!(left.iter().filter(|at| **at == left[0]).count() >= 5, "the first few leave at once");
    let reports = story.mails();
    let sequences: Vec<u64> = reports[before..].iter().map(|report| report.sequence).collect();
    // Only the one whose turn to be tried it was when the server came back may go before the others.
    assert!(sequences[1..].is_sorted(), "in order: {sequences:?}");
    assert!(story.fates().iter().all(|(_, fate)| *fate != Some(Fate::Lost)));
    story.chain_is_whole();
}

#[test]
fn the_pace_is_kept_over_a_restart() {
    let mut story = Story::with(&format!("mails_per_hour = 8\n{TWO_ROUTES}"), &testing::contract());
    story.live(1.minutes());
    let send = |story: &mut Story| {
        story.agent.answer(&Request::Test { by: "anna".into(), route: None }, story.now);
        story.settle();
    };
    (0..4).for_each(|_| send(&mut story));
    let waiting = story.agent.waiting();
    assert!(!waiting.is_empty(), "eight an hour are two at once");
    story.restart();
    story.settle();
    assert_eq!(story.agent.waiting(), waiting);
    story.live(2.hours());
    assert!(story.agent.waiting().is_empty());
}

#[test]
fn what_waits_too_long_or_is_too_much_is_dropped_oldest_first_and_named() {
    for (limit, words) in
        [("queue_days = 2", "for more than 2 days"), ("queue_bytes = 20000", "20000 bytes were waiting")]
    {
        let mut story = Story::with(
            &format!("{limit}\nheartbeat_interval_s = 21600\n{TWO_ROUTES}"),
            &testing::contract(),
        );
        story.live(1.minutes());
        story.say(&down(), 100_000);
        story.live(jiff::Span::new().hours(12 * 24));
        let lost: Vec<u64> = story
            .fates()
            .iter()
            .filter(|(_, fate)| *fate == Some(Fate::Lost))
            .map(|(number, _)| *number)
            .collect();
        assert!(lost.len() >= 3, "{limit}: {lost:?}");
        let waiting = story.agent.waiting();
        assert!(lost.iter().all(|lost| *lost < waiting[0]), "{limit}: the oldest first");
        let first = spool::in_trail(&story.home, lost[0]).unwrap().unwrap();
        assert!(first.ending().unwrap().reply.contains(words), "{limit}: {:?}", first.ending());
        story.host.0.borrow_mut().outcomes.clear();
        story.live(7.hours());
        let reports = story.mails();
        let stated = &reports.last().unwrap().lost;
        let is_stated = |number: &u64| stated.iter().any(|(first, last)| (*first..=*last).contains(number));
        assert!(
            lost.iter().filter(|number| is_stated(number)).count() >= 3,
            "{limit}: {stated:?} of {lost:?}"
        );
        let after_a_loss = |report: &&Report| report.kind() == Kind::System && !report.lost.is_empty();
        assert_eq!(
            system_of(reports.iter().find(after_a_loss).unwrap()).baseline,
            None,
            "{limit}: the next is full"
        );
        story.chain_is_whole();
    }
}

#[test]
fn a_report_is_sent_again_with_the_same_bytes_and_without_a_new_number() {
    let mut story = Story::begin();
    story.live(2.hours());
    let (state, sent) = (story.agent.state().clone(), story.host.0.borrow().sent.clone());
    let answer = story.agent.answer(&Request::Resend { sequence: 2 }, story.now);
    assert_eq!(answer, Answer::Resent { route: "office".into(), reply: "250 2.0.0 queued".into() });
    let again = story.host.0.borrow().sent.last().cloned().unwrap();
    let entry = spool::in_trail(&story.home, 2).unwrap().unwrap();
    assert_eq!(again, sent[1], "to the vendor, the mail of the first time");
    assert_eq!(again.2, fs::read(entry.dir.join(MAIL)).unwrap());
    assert_eq!(story.host.0.borrow().sent.len(), sent.len() + 1, "and no copy");
    assert_eq!(story.agent.state().sequence, state.sequence);
    let Resent { at, route, .. } = entry.resent().remove(0);
    assert_eq!((at, route.as_str(), entry.ending().unwrap().fate), (story.now, "office", Fate::Accepted));
    story.chain_is_whole();
}

#[test]
fn a_mail_that_left_again_is_counted_and_said_though_that_cannot_be_noted() {
    let mut story = Story::begin();
    story.live(2.hours());
    let (pace, sent) = (story.agent.state().pace, story.host.0.borrow().sent.len());
    let entry = spool::in_trail(&story.home, 2).unwrap().unwrap();
    // The temporary name of the note is taken.
    fs::create_dir(entry.dir.join("resent.tmp")).unwrap();
    let answer = story.agent.answer(&Request::Resend { sequence: 2 }, story.now);
    assert!(matches!(answer, Answer::Resent { .. }), "{answer:?}");
    assert_eq!((story.host.0.borrow().sent.len(), entry.resent().len()), (sent + 1, 0));
    assert!(story.agent.state().pace > pace);
    assert_eq!(State::peek(&story.home).pace, story.agent.state().pace, "also after a restart");
}

#[test]
fn sending_again_goes_by_another_route_where_one_fails_and_says_why_where_none_is_left() {
    let mut story = Story::begin();
    story.live(1.hours());
    story.say(&down(), 1);
    let answer = story.agent.answer(&Request::Resend { sequence: 1 }, story.now);
    assert!(matches!(&answer, Answer::Resent { route, .. } if route == "backup"), "{answer:?}");
    story.say(&refused(), 2);
    let Answer::Refused(why) = story.agent.answer(&Request::Resend { sequence: 1 }, story.now) else {
        panic!()
    };
    assert!(why.contains("550 5.7.1 not from you"), "{why}");
    story.host.0.borrow_mut().outcomes.clear();
    story.say(&down(), 2);
    let Answer::Queued(waits) = story.agent.answer(&Request::Heartbeat, story.now) else { panic!() };
    for (sequence, words) in [(waits, "waits in the queue"), (99, "no report #99 in the trail")] {
        let answer = story.agent.answer(&Request::Resend { sequence }, story.now);
        assert!(matches!(&answer, Answer::Refused(why) if why.contains(words)), "{answer:?}");
    }
}

#[test]
fn nothing_is_sent_again_beyond_the_contracts_end_or_after_the_consent_was_withdrawn() {
    let mut contract = testing::contract();
    (contract.grace_days, contract.valid_until) = (1, Some("2026-06-02T00:00:00Z".parse().unwrap()));
    let mut story = Story::with(TWO_ROUTES, &contract);
    story.live(1.hours());
    let again = |story: &mut Story| story.agent.answer(&Request::Resend { sequence: 1 }, story.now);
    assert!(matches!(again(&mut story), Answer::Resent { .. }));
    let before = story.mails().len();
    story.now = "2026-06-04T00:00:01Z".parse().unwrap();
    let Answer::Refused(why) = again(&mut story) else { panic!() };
    assert!(why.contains("the contract has ended"), "{why}");

    let mut other = Story::begin();
    other.live(1.hours());
    other.agent.answer(&Request::Deactivate { reason: String::new() }, other.now);
    assert!(matches!(again(&mut other), Answer::Refused(_)));
    assert_eq!(story.mails().len(), before);
}

#[test]
fn who_said_goodbye_says_that_it_is_back_as_soon_as_it_is() {
    let mut story = Story::begin();
    story.live(90.minutes());
    assert!(matches!(story.agent.say_goodbye(story.now), Answer::Queued(_)));
    let reports = story.mails();
    assert_eq!(notices(&reports), [NoticeEvent::Shutdown]);
    assert!(story.agent.waiting().is_empty());
    story.now += 2.minutes();
    story.restart();
    story.settle();
    assert_eq!(story.kinds()[reports.len()..], [Kind::Heartbeat]);
    story.chain_is_whole();
}

#[test]
fn a_goodbye_that_no_server_takes_is_tried_once_and_waits_and_none_is_said_without_a_contract() {
    let mut story = Story::begin();
    story.live(90.minutes());
    story.say(&down(), 100);
    let Answer::Queued(sequence) = story.agent.say_goodbye(story.now) else { panic!() };
    assert_eq!(story.agent.waiting(), [sequence]);
    assert_eq!(story.host.0.borrow().outcomes.len(), 98, "one attempt by each route");
    activation::withdraw(&story.home, story.now).unwrap();
    assert!(matches!(story.agent.say_goodbye(story.now), Answer::Refused(_)));
}

#[test]
fn a_goodbye_is_tried_though_the_routes_let_nobody_in_a_moment_ago() {
    let mut story = Story::begin();
    story.live(90.minutes());
    story.say(&wrong_password(), 2);
    assert!(matches!(story.agent.answer(&Request::System, story.now), Answer::Queued(_)));
    story.settle();
    assert_eq!(story.agent.waiting().len(), 1, "both routes are left alone now");
    assert!(matches!(story.agent.say_goodbye(story.now), Answer::Queued(_)));
    assert_eq!(notices(&story.mails()), [NoticeEvent::Shutdown]);
    assert!(story.agent.waiting().is_empty());
}

#[test]
fn the_last_failures_are_remembered_after_sending_went_again() {
    let mut story = Story::begin();
    story.live(1.hours());
    story.say(&down(), 2);
    story.live(2.hours());
    let state = story.agent.state();
    assert_eq!(state.last_failure, None);
    let failures = state.failures.all();
    assert_eq!(failures.len(), 1, "{failures:?}");
    assert!(failures[0].what.contains("connection refused"), "{failures:?}");
}

fn wrong_password() -> Outcome {
    Outcome::Deferred(Failure::new(FailureKind::Authentication, "535 5.7.8 authentication failed"))
}

#[test]
fn a_wrong_password_is_tried_ever_more_seldom_however_much_waits_and_at_once_when_somebody_asks() {
    let mut story = Story::begin();
    story.live(1.minutes());
    story.say(&wrong_password(), 100_000);
    for _ in 0..5 {
        story.agent.answer(&Request::System, story.now);
    }
    let left = |story: &Story| story.host.0.borrow().outcomes.len();
    story.live(3.hours());
    let before = left(&story);
    story.live(24.hours());
    // By then a quarter to half an hour lies between two attempts by a route, and there are two.
    let attempts = before - left(&story);
    assert!((24..=2 * 97).contains(&attempts), "{attempts} attempts in a day");

    let asked = left(&story);
    assert!(matches!(story.agent.answer(&Request::Heartbeat, story.now), Answer::Queued(_)));
    story.settle();
    assert_eq!(asked - left(&story), 2, "one by each route");
    story.live(10.minutes());
    assert_eq!(asked - left(&story), 2, "and the next is no earlier for it");

    // Something changed: perhaps the password.
    let agreement = activation::Agreement { at: story.now, by: "anna".into(), items: vec!["load".into()] };
    activation::agree(&story.home, agreement).unwrap();
    story.settle();
    assert_eq!(asked - left(&story), 4);
    story.host.0.borrow_mut().outcomes.clear();
    story.live(1.hours());
    assert!(story.agent.waiting().is_empty());
    assert!(story.fates().iter().all(|(_, fate)| *fate != Some(Fate::Lost)));
}

#[test]
fn a_route_that_lets_nobody_in_is_left_alone_also_where_the_one_that_carries_the_mail_fails() {
    let mut story = Story::begin();
    story.live(1.hours());
    story.say(&wrong_password(), 1);
    let carrier = |story: &mut Story| {
        beat(story);
        story.host.0.borrow().sent.last().unwrap().0.clone()
    };
    assert_eq!(carrier(&mut story), "backup");
    let greylisted = Outcome::Deferred(Failure::new(FailureKind::Temporary, "450 4.7.1 come back"));
    story.say(&greylisted, 1);
    let before = story.mails().len();
    let asked_again = story.agent.compose(Kind::Heartbeat, None, story.now).unwrap();
    story.agent.step(story.now);
    assert_eq!(story.agent.waiting(), [asked_again], "office was not asked in its place");
    assert_eq!(story.mails().len(), before);
    story.live(1.hours());
    assert_eq!(carrier(&mut story), "office", "it is tried first again after its pause");
}

#[test]
fn a_system_report_is_made_without_knocking_at_a_route_that_lets_nobody_in() {
    let mut story = Story::begin();
    story.live(1.minutes());
    let asked = |story: &mut Story| {
        let before = story.host.0.borrow().limits_asked;
        story.agent.compose(Kind::System, None, story.now).unwrap();
        story.host.0.borrow().limits_asked - before
    };
    story.say(&wrong_password(), 2);
    assert_eq!(asked(&mut story), 1);
    story.settle();
    assert_eq!(asked(&mut story), 0, "its password is wrong still");
    story.live(2.hours());
    assert!(story.agent.waiting().is_empty());
    assert_eq!(asked(&mut story), 1, "it takes mail again");
}
