//! Weeks of system reports: full ones, muted files, packages.

use mailbeat_shared::wire::inventory::{PackageList, Reboot, packages_after};
use mailbeat_shared::wire::report::SystemReport;
use mailbeat_shared::wire::snapshot::ChangeKind;

use super::*;
use crate::sense::Installed;
use crate::spool::Parcel;

/// A day later; the system report of that day.
fn day(story: &mut Story) -> SystemReport {
    story.now += SignedDuration::from_hours(24);
    story.settle();
    last(story)
}

fn last(story: &Story) -> SystemReport {
    let reports = story.mails();
    system_of(reports.iter().rfind(|report| report.kind() == Kind::System).unwrap()).clone()
}

/// What people read of the last system report.
fn letter(story: &Story) -> Parcel {
    let entries = trail::everything(&story.home).unwrap();
    entries.iter().rfind(|entry| entry.kind() == Some(Kind::System)).unwrap().open().unwrap()
}

fn install(story: &Story, packages: &[(&str, &str)]) -> PackageList {
    let list: PackageList =
        packages.iter().map(|(name, version)| ((*name).to_owned(), (*version).to_owned())).collect();
    story.host.0.borrow_mut().inventory.packages =
        Some(Installed { source: "dpkg".into(), list: list.clone() });
    list
}

#[test]
fn every_seventh_report_is_full_tells_what_changed_all_the_same_and_heals_who_missed_one() {
    let mut story = Story::begin();
    let contents: String = (0..50).map(|n| format!("key{n} = 1\n")).collect();
    let changed = |n: usize| contents.replace("key7 = 1", &format!("key7 = {n}"));
    write(&story, "/etc/quiet.conf", "stays\n");
    write(&story, "/etc/app.conf", &changed(0));
    story.live(1.minutes());
    let mut reports = vec![last(&story)];
    // Every second day, so that nothing is muted.
    for n in 1..=14 {
        write(&story, "/etc/app.conf", &changed(n / 2));
        reports.push(day(&mut story));
    }
    let full: Vec<usize> = (0..reports.len()).filter(|n| reports[*n].baseline.is_none()).collect();
    assert_eq!(full, [0, 7, 14]);
    assert!(reports[0].is_first() && !reports[7].is_first());
    let since = reports[14].since.as_ref().unwrap();
    assert_eq!((since.changes.len(), reports[14].changes.len()), (1, 2));
    let patch = since.changes[0].diff.as_ref().unwrap();
    assert!(patch.contains("-key7 = 6\n+key7 = 7\n"), "{patch}");
    assert!(letter(&story).text.contains("+key7 = 7"), "{}", letter(&story).text);
    // Somebody who missed the fourth day knows everything again on the seventh.
    let told: BTreeMap<u64, Report> = story
        .mails()
        .into_iter()
        .filter(|report| report.kind() == Kind::System)
        .map(|report| (report.sequence, report))
        .collect();
    let mut held: Option<(Digest, Snapshot)> = None;
    for (day, report) in told.values().enumerate().filter(|(day, _)| *day != 4) {
        let system = system_of(report);
        let base = match system.baseline {
            None => Some(Snapshot::new()),
            Some(baseline) => held.take().filter(|(digest, _)| *digest == baseline).map(|(_, files)| files),
        };
        let files = base.map(|base| snapshot::apply(&base, &system.files, &system.changes).unwrap());
        held = files.map(|files| (Digest::of(&report.encode()), files));
        assert_eq!(held.is_some(), !(4..7).contains(&day), "day {day}");
    }
    assert_eq!(held.unwrap().1, story.host.0.borrow().files);
    story.chain_is_whole();
}

#[test]
fn a_full_report_that_would_not_fit_gives_way_to_one_of_changes_and_says_so() {
    let mut story = Story::begin();
    story.host.0.borrow_mut().size_limit = Some(200_000);
    for n in 0..10 {
        let lines: String = (0..1_000).map(|line| format!("size {n} {line} = \"x\"\n")).collect();
        write(&story, &format!("/etc/large-{n}.conf"), &lines);
    }
    story.live(1.minutes());
    let omitted =
        |report: &SystemReport| report.files.iter().filter(|file| file.state == FileState::Omitted).count();
    assert!(omitted(&last(&story)) > 0, "the first mail is too small for all");
    let week: Vec<SystemReport> = (1..=7).map(|_| day(&mut story)).collect();
    assert_eq!(omitted(&week[5]), 0, "what was left out followed");
    let due = &week[6];
    assert!(due.baseline.is_some() && due.changes.is_empty() && omitted(due) == 0);
    assert!(due.truncated[0].contains("the full report that was due would be larger"), "{:?}", due.truncated);
}

#[test]
fn a_file_that_changes_in_every_report_is_muted_by_name_also_across_a_restart_and_comes_back_when_it_is_quiet()
 {
    let mut story = Story::begin();
    write(&story, "/etc/noisy.conf", "0\n");
    story.live(1.minutes());
    let mut days = Vec::new();
    for n in 1..=6 {
        write(&story, "/etc/noisy.conf", &format!("{n}\n"));
        days.push(day(&mut story));
        story.restart();
    }
    let muted = |report: &SystemReport| report.files[0].muted;
    assert_eq!(days.iter().map(muted).collect::<Vec<_>>(), [false, false, false, false, true, true]);
    assert!(days[3].changes[0].diff.is_some() && days[5].changes[0].diff.is_none());
    assert_ne!(days[5].changes[0].before, days[5].changes[0].after, "that it changed is still told");
    let text = letter(&story).text;
    assert!(text.contains("scada-01 (ACME): nothing changed."), "{text}");
    assert!(text.contains("Muted, because the content changes in every report: /etc/noisy.conf."), "{text}");

    write(&story, "/etc/noisy.conf", "7\n");
    write_mode(&story, "0640");
    assert!(muted(&day(&mut story)));
    write(&story, "/etc/noisy.conf", "8\n");
    write_mode(&story, "0666");
    let told = day(&mut story);
    assert_eq!(told.news()[0].mode_before.as_deref(), Some("0640"));
    let text = letter(&story).text;
    assert!(text.contains("/etc/noisy.conf: mode 0640 -> 0666."), "{text}");
    assert!(text.contains("scada-01 (ACME): 1 change."), "{text}");

    let quiet: Vec<bool> = (0..3).map(|_| muted(&day(&mut story))).collect();
    assert_eq!(quiet, [true, true, false]);
    assert_eq!(crate::mute::muted(&story.agent.state().streaks).count(), 0);
}

#[test]
fn what_is_below_a_place_nobody_could_look_into_stands_as_it_was_and_what_is_gone_elsewhere_is_told() {
    let mut story = Story::with(&format!("watch.mute_after = 2\n{TWO_ROUTES}"), &testing::contract());
    let noisy = |story: &Story, n: u32| {
        write(story, "/etc/app/noisy.conf", &format!("{n}\n"));
        write(story, "/etc/noisy.conf", &format!("{n}\n"));
    };
    for path in ["/etc/app/a.conf", "/etc/app/d/b.conf", "/etc/apple.conf"] {
        write(&story, path, "a\n");
    }
    noisy(&story, 0);
    story.live(1.minutes());
    for n in 1..=3 {
        noisy(&story, n);
        day(&mut story);
    }
    assert_eq!(crate::mute::muted(&story.agent.state().streaks).count(), 2);
    let before = story.host.0.borrow().files.clone();
    story.host.0.borrow_mut().files.clear();
    story.host.0.borrow_mut().unseen.insert("/etc/app".into());
    let told = day(&mut story);
    let gone: Vec<(&str, ChangeKind)> =
        told.changes.iter().map(|change| (change.path.as_str(), change.kind)).collect();
    assert_eq!(gone, [("/etc/apple.conf", ChangeKind::Removed), ("/etc/noisy.conf", ChangeKind::Removed)]);
    let names: Vec<&str> = told.files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(names, ["/etc/app/a.conf", "/etc/app/d/b.conf", "/etc/app/noisy.conf"]);
    let muted: Vec<&str> = crate::mute::muted(&story.agent.state().streaks).collect();
    assert_eq!(muted, ["/etc/app/noisy.conf"], "of what is gone nothing is remembered");
    // When it can be looked into again, what really went meanwhile is told.
    story.host.0.borrow_mut().unseen.clear();
    story.host.0.borrow_mut().files = before;
    story.host.0.borrow_mut().files.remove("/etc/app/a.conf");
    let told = day(&mut story);
    let removed = told.changes.iter().filter(|change| change.kind == ChangeKind::Removed);
    assert_eq!(removed.map(|change| change.path.as_str()).collect::<Vec<_>>(), ["/etc/app/a.conf"]);
}

#[test]
fn a_fault_while_files_are_watched_calls_none_of_them_removed() {
    let mut story = Story::begin();
    write(&story, "/etc/a.conf", "a\n");
    story.live(1.minutes());
    story.host.0.borrow_mut().watching_panics = true;
    let told = day(&mut story);
    assert_eq!((told.files.len(), told.changes.len()), (1, 0));
    assert_eq!(told.truncated, ["watching files: stopped by a fault in the program; please report it"]);
}

/// Another mode, and nothing else.
fn write_mode(story: &Story, mode: &str) {
    story.host.0.borrow_mut().files.get_mut("/etc/noisy.conf").unwrap().entry.mode = Some(mode.into());
}

#[test]
fn packages_travel_whole_once_and_then_by_what_became_of_them() {
    let mut story = Story::begin();
    install(&story, &[("bash", "5.2"), ("curl", "7.88"), ("vim", "9.0")]);
    story.live(1.minutes());
    let mut reports = vec![last(&story)];
    assert_eq!(reports[0].package_list.as_ref().map(BTreeMap::len), Some(3));
    reports.push(day(&mut story));
    assert!(reports[1].package_list.is_none() && reports[1].packages.as_ref().unwrap().changes() == 0);

    let list = install(&story, &[("bash", "5.3"), ("curl", "7.88"), ("nano", "7.2")]);
    story.host.0.borrow_mut().inventory.reboot = Some(Reboot {
        required: true,
        reasons: vec!["kernel 6.2 is installed and 6.1 is running".into()],
        packages: vec![],
    });
    reports.push(day(&mut story));
    let text = letter(&story).text;
    for words in [
        "3 packages changed, restart required.",
        "Packages: 1 added, 1 updated, 1 removed; installed: 3.",
        "The host must be restarted: kernel 6.2 is installed and 6.1 is running.",
        "  updated    bash (5.2 \u{2192} 5.3)",
        "  removed    vim (9.0)",
    ] {
        assert!(text.contains(words), "{words} is not in\n{text}");
    }
    // A database that cannot be read for a day changes nothing of what is known.
    story.host.0.borrow_mut().inventory.packages = None;
    reports.push(day(&mut story));
    assert!(reports[3].packages.is_none());
    install(&story, &[("bash", "5.3"), ("curl", "7.88"), ("nano", "7.2")]);
    reports.push(day(&mut story));
    assert_eq!(reports[4].packages.as_ref().unwrap().changes(), 0);
    reports.reverse();
    assert_eq!(packages_after(reports), Some(list));
}

#[test]
fn after_a_lost_report_packages_are_told_whole_again() {
    let mut story = Story::begin();
    install(&story, &[("bash", "5.2")]);
    story.live(1.minutes());
    let list = install(&story, &[("bash", "5.3")]);
    story.say(&refused(), 2);
    story.agent.answer(&Request::System, story.now);
    story.settle();
    let told = day(&mut story);
    assert!(told.is_first() && told.package_list.as_ref() == Some(&list), "{told:?}");
}

#[test]
fn a_list_of_packages_that_does_not_fit_is_named_and_told_as_soon_as_there_is_room() {
    let mut story = Story::begin();
    let names: Vec<String> = (0..3_000).map(|n| format!("a-package-with-a-long-name-{n}")).collect();
    let packages: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "1.0-1+deb12u1")).collect();
    let list = install(&story, &packages);
    write(&story, "/etc/app.conf", "a = 1\n");
    story.host.0.borrow_mut().size_limit = Some(100_000);
    story.live(1.minutes());
    let first = last(&story);
    assert!(
        first.packages.is_none()
            && first.truncated[0].starts_with("the list of installed packages: left out"),
        "{:?}",
        first.truncated
    );
    assert!(first.changes[0].text.is_some(), "the file is small and travels");
    story.host.0.borrow_mut().size_limit = None;
    let second = day(&mut story);
    assert!(second.baseline.is_some() && second.package_list == Some(list));
}

#[test]
fn a_file_that_is_wanted_whole_travels_whole() {
    let mut story = Story::begin();
    let text = |n: u32| "line\n".repeat(200) + &format!("{n}\n");
    story.host.0.borrow_mut().whole.insert("/etc/whole.conf".into());
    for path in ["/etc/whole.conf", "/etc/diff.conf"] {
        write(&story, path, &text(1));
    }
    story.live(1.minutes());
    for path in ["/etc/whole.conf", "/etc/diff.conf"] {
        write(&story, path, &text(2));
    }
    let told = day(&mut story);
    let of = |path: &str| told.changes.iter().find(|change| change.path == path).unwrap();
    assert!(of("/etc/diff.conf").diff.is_some() && of("/etc/whole.conf").text == Some(text(2)));
}

#[test]
fn where_nobody_can_decrypt_it_nobody_looks_at_the_host_for_a_report() {
    let mut story = Story::with(&format!("encrypt = true\n{TWO_ROUTES}"), &testing::contract());
    let answer = story.agent.answer(&Request::System, story.now);
    assert!(matches!(answer, Answer::Refused(_)), "{answer:?}");
    assert_eq!(story.host.0.borrow().watched, 0);
}
