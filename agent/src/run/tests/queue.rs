//! What becomes of reports when servers, disks and processes fail.

use super::*;

#[test]
fn while_the_servers_are_down_new_heartbeats_supersede_old_ones_and_system_reports_stay_in_order() {
    let mut story = Story::begin();
    story.live(1.minutes());
    story.say(&down(), 100_000);
    story.live(30.hours());
    let waiting = spool::queued(&story.home).unwrap();
    let kinds: Vec<Kind> = waiting.iter().filter_map(Entry::kind).collect();
    assert_eq!(kinds, [Kind::System, Kind::Heartbeat], "the system report and the newest heartbeat");
    assert!(story.agent.state().last_failure.as_ref().unwrap().what.contains("connection refused"));
    story.restart();
    story.host.0.borrow_mut().outcomes.clear();
    let before = story.mails().len();
    story.live(1.hours());
    let reports = story.mails();
    assert_eq!(reports[before].kind(), Kind::System);
    let beat = reports.last().unwrap();
    let superseded: u64 = beat.superseded.iter().map(|(first, last)| last - first + 1).sum();
    assert!(superseded >= 28, "{:?}", beat.superseded);
    assert!(story.agent.waiting().is_empty());
    assert_eq!(story.agent.state().last_failure, None);
    story.chain_is_whole();
}

#[test]
fn what_one_route_refuses_goes_by_the_next_and_what_all_refuse_is_lost_named_and_blocks_nothing() {
    let mut story = Story::begin();
    story.live(1.minutes());
    story.host.0.borrow_mut().sent.clear();
    story.say(&refused(), 1);
    story.live(1.hours());
    assert_eq!(story.host.0.borrow().sent[0].0, "backup");
    story.say(&refused(), 2);
    story.live(2.hours());
    let lost: Vec<u64> = story
        .fates()
        .iter()
        .filter(|(_, fate)| *fate == Some(Fate::Lost))
        .map(|(sequence, _)| *sequence)
        .collect();
    assert_eq!(lost.len(), 1);
    assert_eq!(story.mails().last().unwrap().lost, [(lost[0], lost[0])]);
    assert!(story.agent.waiting().is_empty());
    story.live(9.hours() * 24);
    assert_eq!(story.mails().last().unwrap().lost, [], "repeated for eight days");
    story.chain_is_whole();
}

#[test]
fn after_a_lost_system_report_the_next_one_is_full() {
    let mut story = Story::begin();
    story.live(1.hours());
    let Answer::Queued(lost) = story.agent.answer(&Request::System, story.now) else { panic!() };
    story.say(&refused(), 2);
    story.settle();
    story.agent.answer(&Request::System, story.now);
    story.settle();
    let reports = story.mails();
    let newest = reports.iter().rfind(|report| report.kind() == Kind::System).unwrap();
    assert_eq!(system_of(newest).baseline, None);
    assert_eq!(newest.lost, [(lost, lost)]);
}

#[test]
fn a_report_whose_fate_is_unknown_is_sent_again_with_the_same_bytes() {
    let mut story = Story::begin();
    let lost_line =
        Outcome::Unknown(Failure::new(FailureKind::Connection(ConnectionProblem::Closed), "after DATA"));
    story.say(&lost_line, 1);
    story.live(2.minutes());
    let sent = story.host.0.borrow().sent.clone();
    assert_eq!(sent[0], sent[1]);
    assert_eq!(story.kinds()[..3], [Kind::Enrollment, Kind::Enrollment, Kind::System]);
}

#[test]
fn a_crash_before_the_commit_point_reuses_the_number_and_after_it_sends_what_was_queued() {
    let mut story = Story::begin();
    story.live(90.minutes());
    let last = story.agent.state().clone();
    // Before A1: the state of the next report was written, its report was not.
    let ahead =
        State { sequence: last.sequence + 1, previous: Some(Digest::of(b"never sent")), ..last.clone() };
    ahead.save(&story.home).unwrap();
    fs::create_dir(story.home.tmp().join("half")).unwrap();
    story.restart();
    assert_eq!(story.agent.state().sequence, last.sequence);
    // After A1, before A2.
    story.say(&down(), 2);
    let Answer::Queued(queued) = story.agent.answer(&Request::Heartbeat, story.now) else { panic!() };
    story.agent.step(story.now);
    story.restart();
    assert_eq!(story.agent.waiting(), [queued]);
    story.settle();
    assert_eq!(story.mails().last().unwrap().sequence, queued);
    story.chain_is_whole();
}

#[test]
fn a_crash_between_the_servers_word_and_the_trail_is_finished_and_not_sent_twice() {
    let mut story = Story::begin();
    story.live(1.hours());
    story.say(&down(), 2);
    let Answer::Queued(sequence) = story.agent.answer(&Request::Heartbeat, story.now) else { panic!() };
    story.agent.step(story.now);
    let entry = spool::queued(&story.home).unwrap().remove(0);
    let ending = spool::Ending {
        fate: Fate::Accepted,
        at: story.now,
        route: Some("office".into()),
        reply: "250".into(),
        attempts: 1,
        instead: None,
    };
    spool::decide(&entry, &ending, None).unwrap();
    let before = story.mails().len();
    story.restart();
    story.settle();
    assert_eq!(story.mails().len(), before, "nothing was sent again");
    assert_eq!(story.agent.state().last_accepted.as_ref().unwrap().sequence, sequence);
    assert_eq!(story.fates().last(), Some(&(sequence, Some(Fate::Accepted))));
}

#[test]
fn a_damaged_report_in_the_queue_is_lost_by_name_and_the_next_goes_out() {
    let mut story = Story::begin();
    story.live(1.minutes());
    story.say(&down(), 2);
    let Answer::Queued(damaged) = story.agent.answer(&Request::Heartbeat, story.now) else { panic!() };
    story.agent.step(story.now);
    fs::write(story.home.queue().join(spool::name(damaged)).join(spool::META), b"").unwrap();
    story.restart();
    story.live(2.hours());
    assert!(story.fates().contains(&(damaged, Some(Fate::Lost))));
    assert_eq!(story.mails().last().unwrap().lost, [(damaged, damaged)]);
}

#[test]
fn a_report_that_the_disk_does_not_give_now_waits_is_named_with_its_file_and_goes_out_later() {
    let (mut story, waits) = Story::with_one_that_waits(2);
    let file = story.home.queue().join(spool::name(waits)).join(spool::REPORT);
    let held = story.home.dir().join("held");
    fs::rename(&file, &held).unwrap();
    // A directory is no file to anybody, root too.
    fs::create_dir(&file).unwrap();
    let before = story.mails().len();
    story.live(2.hours());
    assert_eq!(story.agent.waiting(), [waits]);
    let said = story.agent.trouble();
    assert!(said.len() == 1 && said[0].contains(&file.display().to_string()), "{said:?}");
    assert_eq!(story.kinds()[before..], [Kind::Heartbeat; 2], "others go out meanwhile");
    fs::remove_dir(&file).unwrap();
    fs::rename(&held, &file).unwrap();
    story.live(2.hours());
    assert_eq!(story.agent.trouble(), [""; 0]);
    assert!(story.fates().contains(&(waits, Some(Fate::Accepted))), "{:?}", story.fates());
    assert_eq!(story.mails().pop().unwrap().lost, []);
    story.chain_is_whole();
}

/// The files of a report of the trail in the queue too, as they were while it waited.
fn put_back(story: &Story, sequence: u64) {
    let name = spool::name(sequence);
    let (trailed, queued) = (story.home.trail().join(&name), story.home.queue().join(&name));
    fs::create_dir(&queued).unwrap();
    for file in fs::read_dir(&trailed).unwrap().map(|file| file.unwrap().file_name()) {
        if file != spool::OUTCOME && file != spool::MAIL {
            fs::copy(trailed.join(&file), queued.join(&file)).unwrap();
        }
    }
}

#[test]
fn what_a_backup_put_back_into_the_queue_too_is_neither_sent_again_nor_in_the_way() {
    let mut story = Story::begin();
    story.live(2.hours());
    let (before, last) = (story.mails().len(), story.agent.state().last_accepted.clone());
    put_back(&story, 2);
    put_back(&story, 3);
    story.restart();
    story.settle();
    assert!(story.agent.waiting().is_empty());
    assert_eq!(story.mails().len(), before, "nothing was sent again");
    assert_eq!(story.agent.state().last_accepted, last, "what is older is not the last");
    assert!(story.home.trail().join(spool::name(2)).join(spool::MAIL).exists(), "the mail is kept");
    story.live(2.hours());
    assert_eq!(story.agent.trouble(), [""; 0]);
    assert_eq!(story.kinds()[before..], [Kind::Heartbeat; 2]);
    assert!(story.fates().iter().all(|(_, fate)| *fate == Some(Fate::Accepted)), "{:?}", story.fates());
    story.chain_is_whole();
}

#[test]
fn a_report_that_cannot_be_put_away_is_named_and_holds_up_no_request_no_limit_and_no_other_report() {
    let mut story = Story::with(&format!("queue_reports = 2\n{TWO_ROUTES}"), &testing::contract());
    story.live(1.hours());
    let stuck = story.agent.state().sequence + 1;
    // A file where its directory should go refuses everybody, root too.
    let place = story.home.trail().join(spool::name(stuck));
    fs::write(&place, b"").unwrap();
    assert_eq!(story.agent.answer(&Request::System, story.now), Answer::Queued(stuck));
    story.settle();
    let queued = story.home.queue().join(spool::name(stuck));
    let names_it = |story: &Story| {
        let said = story.agent.trouble();
        assert!(said.len() == 1 && said[0].contains(&queued.display().to_string()), "{said:?}");
    };
    names_it(&story);
    let sent = |story: &Story| story.mails().iter().filter(|report| report.sequence == stuck).count();
    let before = sent(&story);

    for _ in 0..3 {
        let answer = story.agent.answer(&Request::System, story.now);
        assert!(matches!(answer, Answer::Queued(_)), "{answer:?}");
    }
    assert_eq!(story.agent.waiting().len(), 2, "the limit is kept");
    story.live(2.hours());
    assert!(story.agent.waiting().is_empty());
    names_it(&story);
    assert_eq!(story.agent.state().last_accepted.as_ref().unwrap().sequence, story.agent.state().sequence);
    fs::remove_file(&place).unwrap();
    story.live(10.minutes());
    assert_eq!(story.agent.trouble(), [""; 0]);
    assert!(story.fates().contains(&(stuck, Some(Fate::Accepted))), "{:?}", story.fates());
    assert_eq!(sent(&story), before, "and it was not sent again");
    story.chain_is_whole();
}

#[test]
fn what_must_be_said_once_is_said_by_heartbeats_until_a_server_takes_one_and_then_no_more() {
    let mut story = Story::begin();
    story.live(3.hours());
    fs::write(story.home.state(story.agent.state().sequence), b"\0\0\0\0").unwrap();
    story.restart();
    story.say(&down(), 100_000);
    story.live(4.hours());
    story.host.0.borrow_mut().outcomes.clear();
    let before = story.mails().len();
    story.live(3.hours());
    let say_it = |report: &Report| match &report.body {
        Body::Heartbeat { heartbeat } => {
            Some(heartbeat.problems.iter().any(|problem| problem.contains("set aside")))
        }
        _ => None,
    };
    let said: Vec<bool> = story.mails()[before..].iter().filter_map(say_it).collect();
    assert!(said.len() > 2 && said[0] && !said[1..].contains(&true), "{said:?}");
}

#[test]
fn a_waiting_report_that_somebody_removed_is_lost_by_name_and_holds_up_nothing() {
    let mut story = Story::begin();
    story.live(1.hours());
    story.say(&down(), 2);
    let Answer::Queued(removed) = story.agent.answer(&Request::System, story.now) else { panic!() };
    story.agent.step(story.now);
    fs::remove_dir_all(story.home.queue().join(spool::name(removed))).unwrap();
    story.live(2.hours());
    assert_eq!(story.agent.trouble(), [""; 0]);
    assert!(story.agent.waiting().is_empty());
    let last = story.mails().pop().unwrap();
    assert_eq!((last.kind(), last.lost), (Kind::Heartbeat, vec![(removed, removed)]));
}

#[test]
fn a_corrupt_state_costs_the_baseline_and_nothing_else() {
    let mut story = Story::begin();
    story.live(3.hours());
    let sequence = story.agent.state().sequence;
    fs::write(story.home.state(sequence), b"\0\0\0\0").unwrap();
    story.restart();
    story.live(1.hours());
    story.agent.answer(&Request::System, story.now);
    story.settle();
    let reports = story.mails();
    assert_eq!(
        system_of(reports.iter().rfind(|report| report.kind() == Kind::System).unwrap()).baseline,
        None
    );
    let problems: Vec<String> = reports
        .iter()
        .filter_map(|report| {
            if let Body::Heartbeat { heartbeat } = &report.body {
                Some(heartbeat.problems.clone())
            } else {
                None
            }
        })
        .flatten()
        .collect();
    assert!(problems.iter().any(|problem| problem.contains("set aside")), "{problems:?}");
    story.chain_is_whole();
}

#[test]
fn a_full_queue_drops_the_oldest_by_name() {
    let mut story = Story::with(&format!("queue_reports = 2\n{TWO_ROUTES}"), &testing::contract());
    story.live(1.minutes());
    story.say(&down(), 1_000);
    for _ in 0..3 {
        story.agent.answer(&Request::System, story.now);
    }
    assert_eq!(story.agent.waiting().len(), 2);
    let lost: Vec<_> = story.fates().into_iter().filter(|(_, fate)| *fate == Some(Fate::Lost)).collect();
    assert_eq!(lost.len(), 1);
}

#[test]
fn a_broken_link_in_the_trail_is_found() {
    let mut story = Story::begin();
    story.live(4.hours());
    let key = Identity::load(&story.home).unwrap().unwrap().key.public();
    let third = story.home.trail().join(spool::name(3)).join(spool::REPORT);
    let changed = fs::read_to_string(&third).unwrap().replace("scada-01", "scada-02");
    fs::write(&third, changed).unwrap();
    let problems = trail::verify(&story.home, &key).unwrap().problems;
    let found: Vec<(u64, &str)> =
        problems.iter().map(|problem| (problem.sequence, problem.what.as_str())).collect();
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].0 == 3 && found[0].1.contains("changed after signing"), "{found:?}");
    assert!(found[1].0 == 4 && found[1].1.contains("does not name report #3"), "{found:?}");
    fs::remove_dir_all(story.home.trail().join(spool::name(3))).unwrap();
    assert_eq!(trail::verify(&story.home, &key).unwrap().problems[0].what, "the reports 3 to 3 are missing");
}

#[test]
fn a_state_directory_that_cannot_be_written_loses_nothing_and_is_said() {
    let mut story = Story::begin();
    story.live(1.hours());
    // A file where a directory should be refuses everybody, root too.
    fs::remove_dir(story.home.tmp()).unwrap();
    fs::write(story.home.tmp(), b"").unwrap();
    let before = story.mails().len();
    story.live(2.hours());
    assert_eq!(story.mails().len(), before);
    assert!(!story.agent.trouble().is_empty());
    fs::remove_file(story.home.tmp()).unwrap();
    fs::create_dir(story.home.tmp()).unwrap();
    story.live(10.minutes());
    assert_eq!(story.kinds()[before..], [Kind::Heartbeat]);
    assert!(story.agent.trouble().is_empty());
    story.chain_is_whole();
}

#[test]
fn a_system_report_that_cannot_be_stored_holds_up_no_heartbeat_and_is_tried_ever_more_seldom() {
    let mut story = Story::begin();
    story.live(1.hours());
    // The temporary name of what a system report says is taken.
    fs::create_dir(story.home.dir().join("snapshot.tmp")).unwrap();
    let (before, watched) = (story.mails().len(), story.host.0.borrow().watched);
    story.live(30.hours());
    assert_eq!(story.kinds()[before..], [Kind::Heartbeat; 30]);
    assert!(!story.agent.trouble().is_empty());
    story.agent.step(story.now);
    assert!(!story.agent.trouble().is_empty(), "it is said also while it waits");
    let tried = story.host.0.borrow().watched - watched;
    assert!((2..200).contains(&tried), "{tried} times in at most a day");
    fs::remove_dir(story.home.dir().join("snapshot.tmp")).unwrap();
    story.live(10.minutes());
    assert!(story.kinds()[before + 30..].contains(&Kind::System));
    assert!(story.agent.trouble().is_empty());
    story.chain_is_whole();
}

#[test]
fn of_a_report_that_cannot_be_stored_nothing_keeps_the_room() {
    let mut story = Story::begin();
    story.live(1.hours());
    fs::remove_dir(story.home.tmp()).unwrap();
    fs::write(story.home.tmp(), b"").unwrap();
    let next = story.agent.state().sequence + 1;
    assert!(matches!(story.agent.answer(&Request::System, story.now), Answer::Refused(_)));
    assert!(!story.home.snapshot(next).exists());
}

#[test]
fn an_end_that_cannot_be_written_down_is_not_sent_again_and_written_later() {
    let mut story = Story::begin();
    story.live(1.hours());
    let before = story.mails().len();
    story.agent.answer(&Request::Heartbeat, story.now);
    // The temporary name of the state file is taken: outcome and report can be written, the state cannot.
    fs::create_dir(story.home.dir().join("state.tmp")).unwrap();
    for _ in 0..5 {
        story.agent.step(story.now);
        story.now += 1.minutes();
    }
    assert_eq!(story.mails().len(), before + 1);
    assert!(!story.agent.trouble().is_empty());
    fs::remove_dir(story.home.dir().join("state.tmp")).unwrap();
    story.settle();
    assert!(story.agent.trouble().is_empty());
    assert_eq!(story.fates().last().unwrap().1, Some(Fate::Accepted));
    assert_eq!(story.mails().len(), before + 1);
}

#[test]
fn a_report_that_cannot_be_put_away_makes_nobody_busy_however_often_heartbeats_come() {
    let config = format!("heartbeat_interval_s = 60\n{TWO_ROUTES}");
    let mut story = Story::with(&config, &testing::contract());
    story.live(1.hours());
    let stuck = story.agent.state().sequence + 1;
    fs::write(story.home.trail().join(spool::name(stuck)), b"").unwrap();
    assert_eq!(story.agent.answer(&Request::System, story.now), Answer::Queued(stuck));
    let (until, mut steps) = (story.now + 1.minutes(), 0);
    while story.now < until {
        story.now = story.agent.step(story.now);
        steps += 1;
    }
    assert!(!story.agent.trouble().is_empty());
    assert!(steps < 30, "{steps} steps in a minute");
}

#[test]
fn what_cannot_be_forgotten_is_said_as_long_as_it_lasts_and_keeps_nothing_else_in_the_trail() {
    let mut story = Story::with(&format!("trail.reports = 2\n{TWO_ROUTES}"), &testing::contract());
    story.live(1.hours());
    // A file under a report's name is no directory that could be removed.
    let place = story.home.trail().join(spool::name(0));
    fs::write(&place, b"").unwrap();
    for _ in 0..3 {
        assert!(matches!(story.agent.answer(&Request::System, story.now), Answer::Queued(_)));
        story.settle();
    }
    let said = story.agent.trouble();
    assert!(
        said.len() == 1 && said[0].starts_with("the trail cannot be kept within its limits: "),
        "{said:?}"
    );
    assert!(said[0].contains(&place.display().to_string()), "{said:?}");
    story.agent.step(story.now);
    assert_eq!(story.agent.trouble().len(), 1, "also at the next step");
    assert!(spool::entries(&story.home.trail()).unwrap().len() <= 4, "{:?}", story.fates());

    fs::remove_file(&place).unwrap();
    assert!(matches!(story.agent.answer(&Request::System, story.now), Answer::Queued(_)));
    story.settle();
    assert_eq!(story.agent.trouble(), [""; 0]);
}
