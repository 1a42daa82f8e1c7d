//! What reports say.

use super::*;

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
    assert!(
        sent[beat].2.len() < mailbeat_shared::wire::limits::HEARTBEAT_MAIL_BYTES,
        "{}",
        sent[beat].2.len()
    );
    let system = system_of(&reports[1]);
    assert!(sent[1].2.len() <= 200_000 && sent[1].2.len() > 80_000, "{}", sent[1].2.len());
    let state = |path: &str| system.files.iter().find(|file| file.path == path).unwrap().state;
    let omitted = system.files.iter().filter(|file| file.state == FileState::Omitted).count();
    assert!(omitted >= 5 && state("/etc/small.conf") == FileState::Text);
    assert_eq!(system.truncated.len(), omitted);
    assert!(system.truncated[0].contains("left out"), "{:?}", system.truncated);
    snapshot::apply(&Snapshot::new(), &system.files, &system.changes).unwrap();
    let Body::Heartbeat { heartbeat } = &reports[beat].body else { panic!() };
    assert_eq!(heartbeat.problems[0], system.truncated[0], "heartbeats repeat it");
    assert!(heartbeat.problems.len() <= 6, "{:?}", heartbeat.problems);
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
    assert!(enrollment.text.contains("- a heartbeat every hour\n"), "{}", enrollment.text);
    write(&story, "/etc/app.conf", "a = <i>&\n");
    story.agent.answer(&Request::System, story.now);
    let html = letter(Kind::System).html.unwrap();
    assert!(html.contains("&lt;i&gt;&amp;") && !html.contains("<i>"), "{html}");
}
