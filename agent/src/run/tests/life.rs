//! Activation, contract, machine and clock.

use mailbeat_shared::wire::contract::Interval;
use mailbeat_shared::wire::signature::SigningKey;

use super::*;

#[test]
fn after_activation_come_enrollment_a_full_system_report_and_a_heartbeat_each_hour() {
    let mut story = Story::begin();
    write(&story, "/etc/app.conf", "a = 1\n");
    story.live(3.hours());
    let kinds = story.kinds();
    assert_eq!(
        kinds[..3],
        [Kind::Enrollment, Kind::System, Kind::System],
        "the second is the administrator's copy"
    );
    assert_eq!(kinds[3..], [Kind::Heartbeat; 3]);
    let to: Vec<String> = story.host.0.borrow().sent.iter().map(|(_, to, _)| to.clone()).collect();
    assert_eq!(to[..3], ["reports@vendor.example", "reports@vendor.example", "admin@acme.example"]);
    let reports = story.mails();
    assert_eq!(system_of(&reports[1]).baseline, None);
    let beats: Vec<Timestamp> = reports[3..].iter().map(|report| report.created_at).collect();
    assert_eq!(beats[1].duration_since(beats[0]), SignedDuration::from_hours(1));
    story.chain_is_whole();
}

#[test]
fn on_another_machine_nothing_is_said_until_a_person_decided() {
    let mut story = Story::begin();
    story.live(1.hours());
    let before = story.mails().len();
    story.host.0.borrow_mut().machine = "machine-b".into();
    story.live(3.hours());
    assert_eq!(story.mails().len(), before);
    assert!(story.agent.summary().contains("identity keep"), "{}", story.agent.summary());
    let mut identity = Identity::load(&story.home).unwrap().unwrap();
    let old = identity.incarnation;
    identity.begin_life(Some("machine-b"), &mut identity::system_entropy());
    identity.save(&story.home).unwrap();
    story.live(1.hours());
    let reports = story.mails();
    let first = &reports[before];
    assert!(first.kind() == Kind::Enrollment && first.incarnation != old);
    story.chain_is_whole();
}

#[test]
fn whoever_withdraws_the_consent_is_obeyed_even_where_no_notice_can_be_made() {
    let mut story = Story::begin();
    story.live(1.hours());
    let before = story.mails().len();
    story.host.0.borrow_mut().machine = "machine-b".into();
    let answer = story.agent.answer(&Request::Deactivate { reason: String::new() }, story.now);
    assert!(matches!(answer, Answer::Deactivated(Err(_))), "{answer:?}");
    assert!(!story.home.activation().exists());
    story.live(3.hours());
    assert_eq!(story.mails().len(), before);
}

#[test]
fn whoever_withdraws_the_consent_is_obeyed_even_where_the_state_cannot_be_written() {
    let mut story = Story::begin();
    story.live(1.hours());
    story.agent.answer(&Request::Heartbeat, story.now);
    // What became of the heartbeat cannot be written down.
    fs::create_dir(story.home.dir().join("state.tmp")).unwrap();
    story.agent.step(story.now);
    assert!(!story.agent.trouble().is_empty());
    let answer = story.agent.answer(&Request::Deactivate { reason: String::new() }, story.now);
    assert!(matches!(answer, Answer::Deactivated(Err(_))), "{answer:?}");
    assert!(!story.home.activation().exists());
}

#[test]
fn whoever_withdraws_a_consent_that_is_damaged_or_whose_contract_is_is_obeyed_and_may_begin_anew() {
    for damaged in ["activation.toml", "contract.toml"] {
        let mut story = Story::begin();
        story.live(1.hours());
        fs::write(story.home.dir().join(damaged), b"\0").unwrap();
        story.agent.step(story.now);
        let said = story.agent.trouble().join("\n");
        let steps = "run `mailbeat-agent deactivate`, then `mailbeat-agent activate FILE` with";
        assert!(said.contains(steps), "{said}");
        let answer = story.agent.answer(&Request::Deactivate { reason: String::new() }, story.now);
        assert!(matches!(answer, Answer::Deactivated(Err(_))), "{damaged}: {answer:?}");
        assert!(!story.home.activation().exists(), "{damaged}");
        let before = story.mails().len();
        story.live(2.hours());
        assert_eq!(story.mails().len(), before, "{damaged}");
        assert_eq!(story.agent.trouble(), [""; 0], "{damaged}");
        activate(&story.home, &testing::contract(), story.now);
        story.live(2.hours());
        assert_eq!(story.kinds().last(), Some(&Kind::Heartbeat), "{damaged}");
        assert!(story.mails().len() > before && story.agent.trouble().is_empty(), "{damaged}");
    }
}

#[test]
fn whoever_withdraws_the_consent_is_obeyed_even_where_somebody_removed_the_identity() {
    let mut story = Story::begin();
    story.live(1.hours());
    fs::remove_file(story.home.identity()).unwrap();
    let answer = story.agent.answer(&Request::Deactivate { reason: String::new() }, story.now);
    assert!(matches!(answer, Answer::Deactivated(Err(_))), "{answer:?}");
    assert!(!story.home.activation().exists());
}

#[test]
fn requests_are_answered_and_what_nobody_came_for_is_forgotten() {
    let mut story = Story::begin();
    story.live(1.hours());
    let requests = Requests::of(&story.home);
    let answer = requests.ask(&Request::Heartbeat, "one").unwrap();
    fs::write(story.home.requests().join("two.json"), b"{").unwrap();
    assert!(story.agent.answer_requests(story.now).unwrap());
    let sequence = story.agent.state().sequence;
    assert_eq!(requests.answer(&answer), Some(Answer::Queued(sequence)));
    let unread = requests.answer(&story.home.requests().join("two.answer")).unwrap();
    assert!(matches!(unread, Answer::Refused(_)), "{unread:?}");
    fs::write(story.home.requests().join("three.answer"), b"{}").unwrap();
    story.restart();
    assert_eq!(fs::read_dir(story.home.requests()).unwrap().count(), 0);
}

/// The administrator activates a renewal.
fn take_up(story: &Story, renewed: &Contract) {
    let sealed = SealedContract::open(renewed.seal(&testing::vendor()).as_bytes()).unwrap();
    activation::store(&story.home, &sealed, None).unwrap();
}

#[test]
fn the_last_report_before_the_end_says_so_and_then_the_agent_is_silent_until_it_is_renewed() {
    let mut contract = testing::contract();
    contract.grace_days = 1;
    contract.valid_until = Some("2026-06-02T00:00:00Z".parse().unwrap());
    let mut story = Story::with(TWO_ROUTES, &contract);
    story.live(3.hours() * 24);
    let reports = story.mails();
    let last = reports.last().unwrap();
    let Body::Notice { notice } = &last.body else { panic!("{:?} came last", last.kind()) };
    assert_eq!(
        (notice.event, notice.until),
        (NoticeEvent::ContractEnd, Some("2026-06-03T00:00:00Z".parse().unwrap()))
    );
    let in_grace = |report: &&Report| report.created_at > contract.valid_until.unwrap();
    assert!(
        reports.iter().filter(in_grace).all(|report| matches!(report.kind(), Kind::Heartbeat | Kind::Notice))
    );
    assert!(story.agent.summary().contains("the contract has ended"), "{}", story.agent.summary());

    contract.revision = 2;
    contract.valid_until = Some("2027-06-02T00:00:00Z".parse().unwrap());
    take_up(&story, &contract);
    story.live(2.hours());
    assert_eq!(story.kinds().last(), Some(&Kind::Heartbeat));
    story.chain_is_whole();
}

#[test]
fn a_renewal_that_is_taken_up_is_told_at_once_though_heartbeats_go_out_once_a_day() {
    let mut contract = testing::contract();
    contract.heartbeat_interval_s = Interval { default: 86_400, min: 86_400, max: 86_400 };
    let mut story = Story::with(TWO_ROUTES, &contract);
    story.live(2.hours());
    let before = story.mails().len();
    contract.revision = 2;
    take_up(&story, &contract);
    story.live(2.hours());
    let since = story.mails().split_off(before);
    let told: Vec<_> = since.iter().map(|report| (report.kind(), report.contract_revision)).collect();
    assert_eq!(told, [(Kind::Heartbeat, 2)]);
}

#[test]
fn another_contract_of_the_same_revision_is_reported_under_after_the_first_one_ended() {
    let mut contract = testing::contract();
    contract.grace_days = 1;
    contract.valid_until = Some("2026-06-02T00:00:00Z".parse().unwrap());
    let mut story = Story::with(TWO_ROUTES, &contract);
    story.live(3.hours() * 24);
    assert_eq!(story.kinds().last(), Some(&Kind::Notice));
    let before = story.mails().len();
    let next = Contract { number: "ACME-2026-002".parse().unwrap(), ..testing::contract() };
    activate(&story.home, &next, story.now);
    story.live(2.hours());
    assert_eq!(story.kinds()[before..].last(), Some(&Kind::Heartbeat));
    story.chain_is_whole();
}

#[test]
fn what_waits_under_one_contract_never_reaches_the_vendor_of_the_next_and_is_lost_by_name() {
    let (mut story, waits) = Story::with_one_that_waits(2);
    story.agent.answer(&Request::Deactivate { reason: String::new() }, story.now);
    let next = Contract {
        number: "OTHER-2026-007".parse().unwrap(),
        report_addresses: vec!["reports@other.example".into()],
        ..testing::contract()
    };
    activate(&story.home, &next, story.now);
    let before = story.mails().len();
    story.live(2.hours());
    let sent = story.mails().split_off(before);
    assert!(!sent.is_empty() && sent.iter().all(|report| report.contract == next.number), "{sent:?}");
    let last = sent.last().unwrap();
    assert_eq!((last.kind(), &last.lost[..]), (Kind::Heartbeat, &[(waits, waits + 1)][..]), "and the notice");
    let ending = spool::in_trail(&story.home, waits).unwrap().unwrap().ending().unwrap();
    assert_eq!(ending.fate, Fate::Lost);
    assert_eq!(ending.reply, "made under contract ACME-2026-001, which is not in force");
    assert_eq!(story.agent.state().baseline, None, "the next system report is full");
    story.chain_is_whole();
}

#[test]
fn what_was_made_for_one_vendor_never_reaches_another_who_numbered_a_contract_alike() {
    let (mut story, waits) = Story::with_one_that_waits(2);
    story.agent.answer(&Request::Deactivate { reason: String::new() }, story.now);
    let other = SigningKey::from_seed(&[8; 32], "other");
    let next = Contract {
        vendor: "Other GmbH".into(),
        vendor_key: other.public(),
        report_addresses: vec!["reports@other.example".into()],
        ..testing::contract()
    };
    consent_to(&story.home, &next.seal(&other), story.now, vec!["watch".into()]);
    let before = story.mails().len();
    story.live(2.hours());
    let sent = story.mails().split_off(before);
    assert!(!sent.is_empty() && sent.iter().all(|report| report.sequence > waits + 1), "{sent:?}");
    let ending = spool::in_trail(&story.home, waits).unwrap().unwrap().ending().unwrap();
    assert_eq!(ending.fate, Fate::Lost);
    assert_eq!(ending.reply, "made under contract ACME-2026-001 of another vendor, which is not in force");
    let Answer::Refused(why) = story.agent.answer(&Request::Resend { sequence: 1 }, story.now) else {
        panic!()
    };
    assert_eq!(why, "#1 was not made under contract ACME-2026-001 of this vendor, which is in force");
    story.chain_is_whole();
}

#[test]
fn what_an_older_agent_queued_without_the_vendor_goes_out_under_the_contract_of_its_number() {
    let (mut story, waits) = Story::with_one_that_waits(2);
    let meta = story.home.queue().join(spool::name(waits)).join(spool::META);
    let mut old: serde_json::Value = serde_json::from_slice(&fs::read(&meta).unwrap()).unwrap();
    assert!(old.as_object_mut().unwrap().remove("vendor").is_some());
    fs::write(&meta, old.to_string()).unwrap();
    story.restart();
    story.live(1.hours());
    assert!(story.fates().contains(&(waits, Some(Fate::Accepted))), "{:?}", story.fates());
}

#[test]
fn what_waits_goes_out_when_the_same_contract_is_activated_again_or_renewed() {
    let (mut story, waits) = Story::with_one_that_waits(4);
    story.agent.answer(&Request::Deactivate { reason: String::new() }, story.now);
    activate(&story.home, &testing::contract(), story.now);
    story.agent.step(story.now);
    assert!(story.agent.waiting().contains(&waits), "the servers are down still");
    take_up(&story, &Contract { revision: 2, ..testing::contract() });
    story.live(2.hours());
    assert!(story.fates().contains(&(waits, Some(Fate::Accepted))), "{:?}", story.fates());
    assert!(story.fates().iter().all(|(_, fate)| *fate != Some(Fate::Lost)), "{:?}", story.fates());
    story.chain_is_whole();
}

#[test]
fn an_end_that_was_said_by_a_clock_that_was_wrong_is_taken_back_by_heartbeats_and_said_again_in_its_time() {
    let mut contract = testing::contract();
    contract.grace_days = 1;
    contract.valid_until = Some("2026-06-20T00:00:00Z".parse().unwrap());
    let mut story = Story::with(TWO_ROUTES, &contract);
    story.live(6.hours());
    let right = story.now;
    story.now = "2026-06-20T23:30:00Z".parse().unwrap();
    story.live(5.minutes());
    assert_eq!(story.kinds().last(), Some(&Kind::Notice), "the end");
    story.now = right;
    story.live(5.hours());
    assert_eq!(story.kinds().last(), Some(&Kind::Heartbeat));
    assert_eq!(story.agent.state().end_said, None);
    story.now = "2026-06-20T20:00:00Z".parse().unwrap();
    story.live(5.hours());
    assert_eq!(story.kinds().last(), Some(&Kind::Notice));
    story.chain_is_whole();
}

#[test]
fn deactivated_sends_a_notice_and_then_nothing() {
    let mut story = Story::begin();
    story.live(1.hours());
    let answer = story.agent.answer(&Request::Deactivate { reason: "moving".into() }, story.now);
    assert!(matches!(answer, Answer::Deactivated(Ok(_))), "{answer:?}");
    story.live(5.hours());
    let reports = story.mails();
    let Body::Notice { notice } = &reports.last().unwrap().body else { panic!() };
    assert_eq!((notice.event, notice.reason.as_str()), (NoticeEvent::Deactivated, "moving"));
    assert!(matches!(story.agent.answer(&Request::Heartbeat, story.now), Answer::Refused(_)));
}

#[test]
fn a_clock_set_back_by_hours_is_doubted_for_a_while_and_then_believed() {
    let mut story = Story::begin();
    story.live(6.hours());
    story.now -= 3.hours();
    let before = story.mails().len();
    story.live(10.minutes());
    assert_eq!(story.mails().len(), before, "it is doubted");
    story.live(80.minutes());
    assert!(story.mails().len() > before, "it is believed");
    story.chain_is_whole();
}

#[test]
fn a_clock_that_was_set_back_and_is_believed_holds_no_mail_back_for_the_time_it_was_wrong() {
    let mut story = Story::begin();
    story.live(6.hours());
    story.now -= 3.hours();
    story.live(16.minutes());
    let before = story.mails().len();
    assert!(matches!(story.agent.answer(&Request::Heartbeat, story.now), Answer::Queued(_)));
    story.live(5.minutes());
    assert!(story.mails().len() > before, "{} wait", story.agent.waiting().len());
}

#[test]
fn after_a_long_sleep_one_heartbeat_says_as_much_as_ten() {
    let mut story = Story::begin();
    story.live(2.hours());
    let before = story.mails().len();
    story.now += 10.hours();
    story.settle();
    let beats = story.kinds()[before..].iter().filter(|kind| **kind == Kind::Heartbeat).count();
    assert_eq!(beats, 1);
}
