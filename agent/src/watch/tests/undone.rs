//! What could not be done: files that may not be read, too many of them, too little time, globs that are none. All of it is named.

use std::os::unix::fs::PermissionsExt;

use super::*;

#[test]
fn what_may_not_be_read_comes_with_the_exact_command_that_allows_it() {
    let denied = || std::io::Error::from(std::io::ErrorKind::PermissionDenied);
    let user = crate::os::program_user();
    let missing = permission::missing(Path::new("/etc/it's here"), false, &denied());
    assert_eq!(missing.fix, format!(r"setfacl -m u:{user}:r '/etc/it'\''s here'"));
    let listing = permission::missing(Path::new("/etc/x"), true, &denied());
    assert_eq!(listing.fix, format!("setfacl -m u:{user}:rx /etc/x"));
    // Root may read everything, so the rest needs another user.
    if user == "root" {
        return;
    }
    let folder = folder(&[("d/a.conf", "x")]);
    fs::set_permissions(folder.path().join("d"), fs::Permissions::from_mode(0o000)).unwrap();
    let watched = look(&including(&folder, &["d/a.conf", "d"]));
    assert!(
        watched.unreadable.iter().any(|missing| missing.fix.contains(&format!("setfacl -m u:{user}:x ")))
    );
    fs::set_permissions(folder.path().join("d"), fs::Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn a_directory_that_cannot_be_listed_or_entered_is_named_and_remembered_as_unseen() {
    let folder =
        folder(&[("open/a.conf", "x"), ("closed/b.conf", "x"), ("listed/d/c.conf", "x"), ("listed/e", "x")]);
    let mode = |name: &str, mode: u32| {
        fs::set_permissions(folder.path().join(name), fs::Permissions::from_mode(mode)).unwrap();
    };
    mode("closed", 0o000);
    // Its names can be read, and nothing of what they stand for.
    mode("listed", 0o400);
    if fs::read_dir(folder.path().join("closed")).is_ok() {
        return; // root reads everything
    }
    let at = |name: &str| encode_path(&folder.path().join(name));
    let watched = look(&including(&folder, &["**/*.conf"]));
    let below = look(&including(&folder, &["closed/*.conf", "closed/b.conf"]));
    let beyond = look(&including(&folder, &["listed/d/*.conf"]));
    mode("closed", 0o700);
    mode("listed", 0o700);
    assert_eq!(watched.unseen, [at("closed"), at("listed/d")].into());
    for directory in ["closed", "listed/d"] {
        let named = watched.unreadable.iter().find(|place| place.path == at(directory)).unwrap();
        assert!(named.why.contains("cannot be listed"), "{named:?}");
    }
    assert!(watched.snapshot.contains_key(&at("open/a.conf")) && !watched.truncated);
    assert_eq!(below.unseen, [at("closed"), at("closed/b.conf")].into());
    assert_eq!(beyond.unseen, [at("listed/d")].into());
    assert!(beyond.unreadable.iter().any(|place| place.path == at("listed/d")), "{beyond:?}");
}

/// A link that leads to itself is neither there nor gone, for root as for everybody.
#[test]
fn a_fixed_part_that_cannot_be_looked_at_is_named_and_one_that_is_gone_is_not() {
    let folder = folder(&[("file", "x")]);
    std::os::unix::fs::symlink("loop", folder.path().join("loop")).unwrap();
    let at = |name: &str| encode_path(&folder.path().join(name));
    for (glob, place, entries) in [("loop/*.conf", "loop", 0), ("loop/d/a.conf", "loop/d/a.conf", 1)] {
        let watched = look(&including(&folder, &[glob]));
        assert_eq!(watched.unseen, [at(place)].into(), "{glob}");
        assert!(watched.problems[0].starts_with(&format!("{}: ", at(place))), "{:?}", watched.problems);
        assert_eq!(watched.snapshot.len(), entries, "{glob}");
    }
    for glob in ["nothing/*.conf", "nothing", "file/*.conf", "file/a.conf"] {
        let watched = look(&including(&folder, &[glob]));
        assert!(
            watched.unseen.is_empty() && watched.problems.is_empty() && watched.snapshot.is_empty(),
            "{watched:?}"
        );
    }
}

#[test]
fn what_is_not_done_in_time_is_named_and_not_dropped() {
    let folder = folder(&[("a.conf", "x")]);
    let redactor = Redactor::new(KEY, &RedactConfig::default(), Names::default()).unwrap();
    let looked =
        |glob: &str| watch(&including(&folder, &[glob]), &Own::default(), &redactor, &KEY, Instant::now());
    let late = looked("a.conf");
    let entry = &file(&late, &folder, "a.conf").unwrap().entry;
    assert_eq!(entry.state, FileState::Omitted);
    assert!(
        late.problems[0].contains("took longer than 40 s") && late.problems[0].contains("a.conf"),
        "{:?}",
        late.problems
    );
    let cut = looked("*");
    assert!(cut.truncated && cut.problems[0].contains("a.conf"), "{:?}", cut.problems);
}

#[test]
fn one_file_more_than_a_report_holds_is_named() {
    let folder = folder(&[]);
    for number in 0..=limits::WATCHED_FILES {
        fs::write(folder.path().join(format!("{number:05}")), "").unwrap();
    }
    let watched = look(&including(&folder, &["*"]));
    assert_eq!(watched.snapshot.len(), limits::WATCHED_FILES);
    assert!(watched.truncated && watched.problems[0].contains("/05000"), "{:?}", watched.problems);
}

#[test]
fn faults_of_the_configuration_name_the_glob() {
    let config = WatchConfig {
        include: vec!["etc/x".into(), "/etc/[".into(), "/etc/../root/*".into()],
        exclude: vec!["{".into()],
        max_file_bytes: 1 << 30,
        rule: vec![
            WatchRule::default(),
            WatchRule { files: vec!["[".into()], volatile: vec!["(".into()], ..WatchRule::default() },
        ],
        unmute_after: 0,
        ..WatchConfig::default()
    };
    let faults = config.faults();
    assert_eq!(faults.len(), 9, "{faults:?}");
    assert!(faults.iter().any(|fault| fault.contains("the volatile pattern \"(\"")), "{faults:?}");
    assert!(faults[0].starts_with("\"etc/x\" is not taken: write an absolute path"), "{faults:?}");
    assert!(config.faults().iter().all(|fault| look(&config).problems.contains(fault)));
}
