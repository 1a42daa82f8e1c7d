//! What reports say.

use mailbeat_shared::text;
use mailbeat_shared::wire::report::SystemReport;

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
fn more_text_than_a_report_can_hold_is_sent_as_far_as_it_fits_and_what_was_told_is_kept() {
    let mut story = Story::begin();
    let text = |n: u32| format!("setting {n} = some value of some length\n").repeat(12_000);
    for n in 0..36 {
        write(&story, &format!("/etc/large-{n:02}.conf"), &text(n));
    }
    story.live(1.minutes());
    let texts =
        |report: &SystemReport| report.files.iter().filter(|file| file.state == FileState::Text).count();
    let first = last_system_report(&story);
    let said = system_of(&first);
    assert_eq!(said.files.len(), 36, "every file is named");
    assert!(texts(said) > 3 && texts(said) < 20, "{}", texts(said));
    assert!(said.truncated.iter().any(|why| why.contains("left out")), "{:?}", said.truncated);
    let held = snapshot::apply(&Snapshot::new(), &said.files, &said.changes).unwrap();

    story.agent.answer(&Request::System, story.now);
    story.settle();
    let second = last_system_report(&story);
    let more = system_of(&second);
    assert_eq!(more.baseline, Some(Digest::of(&first.encode())));
    let held = snapshot::apply(&held, &more.files, &more.changes).unwrap();
    let whole = held.values().filter(|file| file.text.is_some()).count();
    assert!(whole > texts(said), "what was left out follows when there is room: {whole}");
}

fn last_system_report(story: &Story) -> Report {
    story.mails().into_iter().rfind(|report| report.kind() == Kind::System).unwrap()
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
    let system = letter(&story, Kind::System);
    assert_eq!(system.meta.subject, "[Mailbeat] System report scada-01 (ACME) #2: 1 file watched");
    assert!(system.text.contains("ssh-keygen -Y verify"), "{}", system.text);
    let enrollment = letter(&story, Kind::Enrollment);
    assert!(enrollment.text.contains("- a heartbeat every hour\n"), "{}", enrollment.text);
    write(&story, "/etc/app.conf", "a = <i>&\n");
    story.agent.answer(&Request::System, story.now);
    let html = letter(&story, Kind::System).html.unwrap();
    assert!(html.contains("&lt;i&gt;&amp;") && !html.contains("<i>"), "{html}");
}

const GERMAN: &str = "locale = 'de'\ncc.system = ['admin@acme.example']\n\
    [[route]]\nname = 'office'\ntype = 'maildir'\nfrom = 'agent@acme.example'\npath = '/nowhere'\n";

/// The readable parts of the newest report of a kind.
fn letter(story: &Story, kind: Kind) -> crate::spool::Parcel {
    let entries = trail::everything(&story.home).unwrap();
    entries.iter().rfind(|entry| entry.kind() == Some(kind)).unwrap().open().unwrap()
}

/// Words that no German mail holds, wherever it got its sentences from.
fn english_in(text: &str) -> Vec<&str> {
    const ENGLISH: &[&str] = &[
        "the",
        "and",
        "is",
        "with",
        "report",
        "reports",
        "file",
        "files",
        "changed",
        "what",
        "wrong",
        "left",
        "until",
        "since",
        "please",
        "sent",
        "questions",
        "verify",
        "watched",
        "key",
        "nothing",
        "every",
        "hour",
        "day",
    ];
    let words = text.split(|c: char| !c.is_alphanumeric() && !"-_.@".contains(c));
    words.filter(|word| ENGLISH.contains(&word.to_lowercase().as_str())).collect()
}

#[test]
fn a_german_agent_writes_german_from_the_subject_to_the_footer() {
    let mut story = Story::with(GERMAN, &testing::contract());
    write(&story, "/etc/app.conf", "a = 1\n");
    story.live(1.minutes());
    write(&story, "/etc/app.conf", "a = 2\n");
    story.host.0.borrow_mut().observing_panics = true;
    story.live(25.hours());
    story.agent.answer(&Request::Test { by: "root".into(), route: None }, story.now);
    story.settle();
    let system = letter(&story, Kind::System);
    let subject = &system.meta.subject;
    assert!(subject.starts_with("[Mailbeat] Systembericht scada-01 (ACME) #"), "{subject}");
    assert!(subject.ends_with(": 1 Änderung"), "{subject}");
    assert!(
        system.text.contains("  geändert   /etc/app.conf (1 Zeile neu, 1 entfernt)\n"),
        "{}",
        system.text
    );
    assert!(system.html.as_ref().unwrap().contains("<html lang=\"de\">"));
    let heartbeat = letter(&story, Kind::Heartbeat);
    assert!(
        heartbeat.text.contains("- Messen: durch einen Fehler im Programm abgebrochen"),
        "{}",
        heartbeat.text
    );
    assert!(letter(&story, Kind::Enrollment).text.contains("- jede Stunde ein Heartbeat\n"));
    for kind in [Kind::System, Kind::Heartbeat, Kind::Enrollment, Kind::Test] {
        let text = letter(&story, kind).text;
        let (said, verifying) = text.split_once("ssh-ed25519").unwrap();
        let english = english_in(said);
        assert!(english.is_empty(), "{english:?} in\n{text}");
        assert!(verifying.contains("Fragen beantwortet Ihnen"), "{text}");
        let html = letter(&story, kind).html.unwrap_or_default();
        let body = html.split_once("<body").map_or("", |(_, body)| body);
        let shown = body.split('<').filter_map(|part| Some(part.split_once('>')?.1));
        let shown: String = shown.filter(|text| !text.contains("ssh-")).collect::<Vec<_>>().join(" ");
        assert!(english_in(&shown).is_empty(), "{:?} in\n{shown}", english_in(&shown));
    }
    assert!(story.mails().iter().all(|report| report.agent.locale == "de"));
}

#[test]
fn a_mail_reads_well_in_a_terminal_of_eighty_columns() {
    for config in [TWO_ROUTES, GERMAN] {
        let mut story = Story::with(config, &testing::contract());
        for name in ["one", "two"] {
            write(
                &story,
                &format!("/etc/opt/vendor/a-rather-long-directory-name/with/more/below/{name}.conf"),
                "a\n",
            );
        }
        story.live(1.minutes());
        write(&story, "/etc/app.conf", "a = 2\n");
        story.live(25.hours());
        for kind in [Kind::System, Kind::Heartbeat, Kind::Enrollment] {
            let text = letter(&story, kind).text;
            let too_long = text.lines().filter(|line| line.chars().count() > 80 && line.contains(' '));
            // A path or a key that was broken could not be copied.
            let broken = |line: &&str| !line.split(' ').any(|word| word.len() > 60);
            let too_long: Vec<&str> = too_long.filter(broken).collect();
            assert!(too_long.is_empty(), "{too_long:?} in\n{text}");
            assert!(text::is_clean(&text) && !text.contains("\n\n\n") && !text.contains("{{"), "{text}");
        }
    }
}

#[test]
fn hostile_names_and_contents_stay_text() {
    let mut story = Story::begin();
    let evil = "<script>alert(1)</script><img src=x onerror=alert(1)> \u{1b}[2J\u{202E}{{host}} {{{text}}}";
    // Paths come with control characters as %XX.
    let path = "/etc/<script>alert(1)</script>{{host}} <img src=x>.conf".to_owned();
    write(&story, &path, "a\n");
    story.live(1.minutes());
    write(&story, &path, &format!("a\n{evil}\n"));
    story.live(25.hours());
    let system = letter(&story, Kind::System);
    let html = system.html.unwrap();
    assert!(!html.contains("<script") && !html.contains("<img"), "{html}");
    assert!(html.contains("&lt;script&gt;alert(1)") && html.contains("{{host}} {{{text}}}"), "{html}");
    assert!(text::is_clean(&html) && text::is_clean(&system.text) && text::is_clean(&system.meta.subject));
    assert!(system.text.contains("+<script>alert(1)</script>"), "{}", system.text);
}

#[test]
fn diffs_are_marked_and_coloured_and_end_where_their_room_ends() {
    let mut story = Story::begin();
    let lines =
        |word: &str| (0..4_000).map(|n| format!("{word} value of a long file {n}\n")).collect::<String>();
    write(&story, "/etc/a.conf", "one\ntwo\nthree");
    let every_other = |word: &str| {
        (0..800).map(|n| if n % 2 == 0 { format!("{word}\n") } else { "=\n".into() }).collect::<String>()
    };
    write(&story, "/etc/b.conf", &every_other("0"));
    write(&story, "/etc/long.conf", &lines("old"));
    story.live(1.minutes());
    write(&story, "/etc/a.conf", "one\n2\nthree");
    // Every other line changes: the most markup a diff can ask for.
    write(&story, "/etc/b.conf", &every_other("1"));
    write(&story, "/etc/long.conf", &lines("new"));
    write(&story, "/etc/c.conf", "brand = new\n");
    story.live(25.hours());
    let system = letter(&story, Kind::System);
    let html = system.html.unwrap();
    assert!(
        system.text.contains("\n-two\n+2\n three\n\\ no newline at end of file\n"),
        "{}",
        &system.text[..2_000]
    );
    assert!(!system.text.contains("--- original"), "{}", &system.text[..2_000]);
    let added = html.find("class=\"lines-added\"").unwrap();
    assert!(
        html[added..].starts_with("class=\"lines-added\" bgcolor=\"#e6f6ea\""),
        "{}",
        &html[added..added + 200]
    );
    assert!(html.contains(">-two</pre>") && html.contains(">+2</pre>"), "{}", &html[..9_000]);
    assert!(system.text.contains("/etc/long.conf (whole text, cut):\n"));
    assert!(system.text.contains("Not all of it is shown here; report.json holds the rest."));
    assert!(system.text.len() < 72 * 1024, "{} bytes", system.text.len());
    assert!(html.matches("<pre").count() < 310, "{} stretches", html.matches("<pre").count());
    assert!(html.len() < 300 * 1024, "{} bytes", html.len());
}
