//! Stories of one agent: a clock moved by hand, a host and mail servers that do as they are told.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::path::Path;
use std::rc::Rc;

use jiff::ToSpan as _;
use mailbeat_shared::config_file;
use mailbeat_shared::transport::outcome::{ConnectionProblem, Failure, FailureKind, Outcome};
use mailbeat_shared::wire::extract::{Extracted, extract};
use mailbeat_shared::wire::id::{Digest, SystemId};
use mailbeat_shared::wire::observation::{Observation, attributes, names};
use mailbeat_shared::wire::report::{Body, Kind, NoticeEvent, Report};
use mailbeat_shared::wire::snapshot::{self, Encoding, FileEntry, FileState, Snapshot, WatchedFile};

use super::*;
use crate::activation::Consent;
use crate::identity;
use crate::sense::{Files, Found};
use crate::spool::Fate;
use crate::testing;
use crate::trail;
use mailbeat_shared::wire::contract::{Contract, SealedContract};

#[derive(Default)]
struct World {
    machine: String,
    files: Snapshot,
    cut: bool,
    observations: Vec<Observation>,
    observing_panics: bool,
    /// What the servers say next; then everything is accepted.
    outcomes: VecDeque<Outcome>,
    size_limit: Option<u64>,
    sent: Vec<(String, String, Vec<u8>)>,
}

#[derive(Clone, Default)]
struct Host(Rc<RefCell<World>>);

impl Senses for Host {
    fn host(&mut self) -> HostFacts {
        let machine_id = Some(self.0.borrow().machine.clone());
        HostFacts { name: "scada-01".into(), uptime_s: 7, boot_id: "boot".into(), machine_id }
    }
    fn observe(&mut self, _: &[String]) -> Found<Vec<Observation>> {
        assert!(!self.0.borrow().observing_panics, "a collector's fault");
        Found { value: self.0.borrow().observations.clone(), problems: vec![] }
    }
    fn watch(&mut self, _: &[String], _: &[u8; 32]) -> Found<Files> {
        let world = self.0.borrow();
        Found { value: Files { snapshot: world.files.clone(), cut: world.cut }, problems: vec![] }
    }
    fn inventory(&mut self, _: &[String]) -> BTreeMap<String, String> {
        BTreeMap::from([("os.type".into(), "linux".into())])
    }
}

impl Post for Host {
    fn send(&mut self, route: &Route, to: &str, mail: &[u8], _: &str) -> Outcome {
        let mut world = self.0.borrow_mut();
        let outcome = world.outcomes.pop_front().unwrap_or(Outcome::Sent { reply: "250 2.0.0 queued".into() });
        if matches!(outcome, Outcome::Sent { .. } | Outcome::Unknown(_)) {
            world.sent.push((route.name.clone(), to.to_owned(), mail.to_vec()));
        }
        outcome
    }
    fn size_limit(&mut self, _: &Route) -> Option<u64> {
        self.0.borrow().size_limit
    }
}

struct Story {
    home: Home,
    config: Config,
    host: Host,
    agent: Agent,
    now: Timestamp,
    _dir: tempfile::TempDir,
}

const TWO_ROUTES: &str = "cc.system = ['admin@acme.example']\n\
    [[route]]\nname = 'office'\ntype = 'smtp'\nfrom = 'agent@acme.example'\nhost = 'mail.acme.example'\n\
    [[route]]\nname = 'backup'\ntype = 'smtp'\nfrom = 'agent@acme.example'\nhost = 'backup.acme.example'\n";

fn down() -> Outcome {
    Outcome::Deferred(Failure::new(FailureKind::Connection(ConnectionProblem::Refused), "connection refused"))
}

fn refused() -> Outcome {
    Outcome::Refused(Failure::new(FailureKind::Permanent, "550 5.7.1 not from you"))
}

impl Story {
    fn begin() -> Self {
        Self::with(TWO_ROUTES, &testing::contract())
    }

    fn with(config: &str, contract: &Contract) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::new(dir.path());
        home.prepare().unwrap();
        let now = "2026-06-01T00:00:00Z".parse().unwrap();
        let host = Host::default();
        host.0.borrow_mut().machine = "machine-a".into();
        let mut entropy = identity::system_entropy();
        Identity::create(Some(SystemId::from_random([1; 16])), Some("machine-a"), &mut entropy).save(&home).unwrap();
        activate(&home, contract, now);
        let config: Config = config_file::parse(Path::new("agent.toml"), config).unwrap();
        let agent = open(&home, &config, &host);
        Self { home, config, host, agent, now, _dir: dir }
    }

    fn restart(&mut self) {
        self.agent = open(&self.home, &self.config, &self.host);
    }

    /// Steps until the agent has nothing more to do now.
    fn settle(&mut self) -> Timestamp {
        for _ in 0..10_000 {
            let due = self.agent.step(self.now);
            if due > self.now {
                return due;
            }
        }
        panic!("the agent is always busy: {:?}", self.agent.summary());
    }

    /// Sleeps as `run` would, until `span` is over.
    fn live(&mut self, span: jiff::Span) {
        let until = self.now + span;
        while self.now < until {
            let due = self.settle();
            self.now = due.min(later(self.now, schedule::LONGEST_SLEEP)).min(until);
        }
        self.settle();
    }

    fn mails(&self) -> Vec<Report> {
        let key = Identity::load(&self.home).unwrap().unwrap().key.public();
        let reports = self.host.0.borrow().sent.iter().map(|(_, _, mail)| read(mail, &key)).collect::<Vec<_>>();
        reports
    }

    fn kinds(&self) -> Vec<Kind> {
        self.mails().iter().map(Report::kind).collect()
    }

    fn say(&self, outcome: &Outcome, times: usize) {
        self.host.0.borrow_mut().outcomes.extend(vec![outcome.clone(); times]);
    }

    fn fates(&self) -> Vec<(u64, Option<Fate>)> {
        let entries = trail::everything(&self.home).unwrap();
        entries.iter().map(|entry| (entry.sequence, entry.ending().map(|ending| ending.fate))).collect()
    }

    fn chain_is_whole(&self) {
        let key = Identity::load(&self.home).unwrap().unwrap().key.public();
        assert_eq!(trail::verify(&self.home, &key).unwrap().problems, []);
    }
}

fn open(home: &Home, config: &Config, host: &Host) -> Agent {
    Agent::open(Parts {
        home: home.clone(),
        config: config.clone(),
        senses: Box::new(host.clone()),
        post: Box::new(host.clone()),
        entropy: identity::system_entropy(),
    })
    .unwrap()
}

fn activate(home: &Home, contract: &Contract, now: Timestamp) {
    let sealed = SealedContract::open(contract.seal(&testing::vendor()).as_bytes()).unwrap();
    let consent = Consent {
        contract: contract.number.clone(),
        activated_at: now,
        activated_by: "root".into(),
        consented: vec!["everything".into()],
        withdrawn_at: None,
    };
    activation::store(home, &sealed, Some(&consent)).unwrap();
}

fn read(mail: &[u8], key: &mailbeat_shared::wire::signature::PublicKey) -> Report {
    let Extracted::Signed(signed) = extract(mail) else { panic!("no report in {}", String::from_utf8_lossy(mail)) };
    signed.verify(key).unwrap().decode().unwrap()
}

fn text_file(path: &str, text: &str) -> WatchedFile {
    let entry = FileEntry {
        path: path.into(),
        size: text.len() as u64,
        state: FileState::Text,
        encoding: Some(Encoding::Utf8),
        digest: Some(Digest::of(text.as_bytes())),
        owner: None,
        mode: None,
        detail: None,
    };
    WatchedFile { entry, text: Some(text.into()) }
}

fn write(story: &Story, path: &str, text: &str) {
    story.host.0.borrow_mut().files.insert(path.into(), text_file(path, text));
}

fn system_of(report: &Report) -> &mailbeat_shared::wire::report::SystemReport {
    let Body::System { system_report } = &report.body else { panic!("{:?} is no system report", report.kind()) };
    system_report
}

#[test]
fn after_activation_come_enrollment_a_full_system_report_and_a_heartbeat_each_hour() {
    let mut story = Story::begin();
    write(&story, "/etc/app.conf", "a = 1\n");
    story.live(3.hours());
    let kinds = story.kinds();
    assert_eq!(kinds[..3], [Kind::Enrollment, Kind::System, Kind::System], "the second is the administrator's copy");
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
fn a_changed_file_travels_as_a_change_that_the_receiver_can_apply() {
    let mut story = Story::begin();
    write(&story, "/etc/app.conf", "a = 1\n".repeat(50).as_str());
    story.live(1.minutes());
    write(&story, "/etc/app.conf", ("a = 1\n".repeat(49) + "a = 2\n").as_str());
    story.live(25.hours());
    let reports = story.mails();
    let of: Vec<&Report> = reports.iter().filter(|report| report.kind() == Kind::System).collect();
    // Each went to the vendor and as a copy to the administrator.
    let (first, second) = (system_of(of[0]), system_of(of[2]));
    assert_eq!(second.baseline, Some(Digest::of(&of[0].encode())));
    let held = snapshot::apply(&Snapshot::new(), &first.files, &first.changes).unwrap();
    let held = snapshot::apply(&held, &second.files, &second.changes).unwrap();
    assert_eq!(held, story.host.0.borrow().files);
    assert!(second.changes[0].diff.is_some());
    story.chain_is_whole();
}

#[test]
fn a_file_list_that_was_cut_calls_nothing_removed() {
    let mut story = Story::begin();
    write(&story, "/etc/a.conf", "a\n");
    write(&story, "/etc/b.conf", "b\n");
    story.live(1.minutes());
    story.host.0.borrow_mut().files.remove("/etc/b.conf");
    story.host.0.borrow_mut().cut = true;
    story.agent.answer(&Request::System, story.now);
    story.settle();
    let reports = story.mails();
    let report = system_of(reports.last().unwrap());
    assert_eq!((report.files.len(), report.changes.len()), (2, 0));
}

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
    let lost: Vec<u64> =
        story.fates().iter().filter(|(_, fate)| *fate == Some(Fate::Lost)).map(|(sequence, _)| *sequence).collect();
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
    let lost_line = Outcome::Unknown(Failure::new(FailureKind::Connection(ConnectionProblem::Closed), "after DATA"));
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
    let ahead = State { sequence: last.sequence + 1, previous: Some(Digest::of(b"never sent")), ..last.clone() };
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
    let ending = spool::Ending { fate: Fate::Accepted, at: story.now, route: Some("office".into()), reply: "250".into(), attempts: 1 };
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
    assert_eq!(system_of(reports.iter().rfind(|report| report.kind() == Kind::System).unwrap()).baseline, None);
    let problems: Vec<String> = reports
        .iter()
        .filter_map(|report| if let Body::Heartbeat { heartbeat } = &report.body { Some(heartbeat.problems.clone()) } else { None })
        .flatten()
        .collect();
    assert!(problems.iter().any(|problem| problem.contains("set aside")), "{problems:?}");
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
fn a_collector_that_panics_costs_its_numbers_and_is_named() {
    let mut story = Story::begin();
    story.live(1.minutes());
    story.host.0.borrow_mut().observing_panics = true;
    story.live(1.hours());
    let reports = story.mails();
    let Body::Heartbeat { heartbeat } = &reports.last().unwrap().body else { panic!() };
    assert_eq!(heartbeat.problems, ["collecting: stopped by a fault in the program; please report it"]);
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
    assert_eq!((notice.event, notice.until), (NoticeEvent::ContractEnd, Some("2026-06-03T00:00:00Z".parse().unwrap())));
    let in_grace = |report: &&Report| report.created_at > contract.valid_until.unwrap();
    assert!(reports.iter().filter(in_grace).all(|report| matches!(report.kind(), Kind::Heartbeat | Kind::Notice)));
    assert!(story.agent.summary().contains("the contract has ended"), "{}", story.agent.summary());

    contract.revision = 2;
    contract.valid_until = Some("2027-06-02T00:00:00Z".parse().unwrap());
    let sealed = SealedContract::open(contract.seal(&testing::vendor()).as_bytes()).unwrap();
    activation::store(&story.home, &sealed, None).unwrap();
    story.live(2.hours());
    assert_eq!(story.kinds().last(), Some(&Kind::Heartbeat));
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
fn after_a_long_sleep_one_heartbeat_says_as_much_as_ten() {
    let mut story = Story::begin();
    story.live(2.hours());
    let before = story.mails().len();
    story.now += 10.hours();
    story.settle();
    let beats = story.kinds()[before..].iter().filter(|kind| **kind == Kind::Heartbeat).count();
    assert_eq!(beats, 1);
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
fn a_heartbeat_with_forty_numbers_stays_under_its_limit_and_a_system_report_under_the_servers() {
    let mut story = Story::begin();
    let disk = |n: u32| {
        Observation::new(&names::FILESYSTEM_UTILIZATION, f64::from(n) / 41.3)
            .with(attributes::MOUNTPOINT, format!("/srv/data/volume-{n:02}"))
            .with(attributes::FILESYSTEM_TYPE, "ext4")
            .with(attributes::DEVICE, format!("/dev/mapper/vg0-volume{n:02}"))
    };
    story.host.0.borrow_mut().observations = (0..40).map(disk).collect();
    story.host.0.borrow_mut().size_limit = Some(200_000);
    for n in 0..10 {
        let lines: String = (0..2_000).map(|line| format!("größe {n} {line} = \"x\"\n")).collect();
        write(&story, &format!("/etc/large-{n}.conf"), &lines);
    }
    write(&story, "/etc/small.conf", "a = 1\n");
    story.live(1.hours());
    let sent = story.host.0.borrow().sent.clone();
    let reports = story.mails();
    let beat = reports.iter().position(|report| report.kind() == Kind::Heartbeat).unwrap();
    assert!(sent[beat].2.len() < mailbeat_shared::wire::limits::HEARTBEAT_MAIL_BYTES, "{}", sent[beat].2.len());
    let system = system_of(&reports[1]);
    assert!(sent[1].2.len() <= 200_000 && sent[1].2.len() > 80_000, "{}", sent[1].2.len());
    let state = |path: &str| system.files.iter().find(|file| file.path == path).unwrap().state;
    let omitted = system.files.iter().filter(|file| file.state == FileState::Omitted).count();
    assert!(omitted >= 5 && state("/etc/small.conf") == FileState::Text);
    assert_eq!(system.truncated.len(), omitted);
    assert!(system.truncated[0].contains("left out"), "{:?}", system.truncated);
    snapshot::apply(&Snapshot::new(), &system.files, &system.changes).unwrap();
    let Body::Heartbeat { heartbeat } = &reports[beat].body else { panic!() };
    assert_eq!(heartbeat.problems.len(), omitted, "heartbeats repeat it");
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
    let found: Vec<(u64, &str)> = problems.iter().map(|problem| (problem.sequence, problem.what.as_str())).collect();
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
fn a_preview_is_what_would_be_sent_and_uses_up_no_number() {
    let mut story = Story::begin();
    story.live(1.hours());
    let sequence = story.agent.state().sequence;
    let preview = story.agent.preview(Kind::System, story.now).unwrap().unwrap();
    assert_eq!(preview.report.sequence, sequence + 1);
    assert!(preview.parcel.text.contains("scada-01 (ACME): nothing changed."), "{}", preview.parcel.text);
    assert_eq!(story.agent.state().sequence, sequence);
    assert!(story.agent.waiting().is_empty() && !story.home.state(sequence + 1).exists());
}

#[test]
fn the_mail_reads_like_a_letter() {
    let mut story = Story::begin();
    write(&story, "/etc/app.conf", "a = <b>&\n");
    story.live(1.minutes());
    let letter = |kind| {
        let entries = trail::everything(&story.home).unwrap();
        entries.iter().rfind(|entry| entry.kind() == Some(kind)).unwrap().open().unwrap()
    };
    let system = letter(Kind::System);
    assert_eq!(system.meta.subject, "[Mailbeat] System report scada-01 (ACME) #2: 1 file watched");
    assert!(system.text.contains("ssh-keygen -Y verify"), "{}", system.text);
    let enrollment = letter(Kind::Enrollment);
    assert!(enrollment.text.contains("- a heartbeat every 1 hour\n"), "{}", enrollment.text);
    write(&story, "/etc/app.conf", "a = <i>&\n");
    story.agent.answer(&Request::System, story.now);
    let html = letter(Kind::System).html.unwrap();
    assert!(html.contains("&lt;i&gt;&amp;") && !html.contains("<i>"), "{html}");
}
