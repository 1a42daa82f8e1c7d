//! What is told of a file: its text redacted, as a whole, as a digest or as a diff, without what changes by itself, and whose it is.

use super::*;

#[test]
fn text_is_redacted_before_it_is_kept_and_the_digest_is_of_the_redacted_text() {
    let folder = folder(&[("a.conf", "user = x\npassword = hunter2\n")]);
    let watched = look(&including(&folder, &["*.conf"]));
    let found = file(&watched, &folder, "a.conf").unwrap();
    let text = found.text.as_deref().unwrap();
    assert!(text.starts_with("user = x\npassword = <redacted:"), "{text}");
    assert!(!format!("{watched:?}").contains("hunter2"));
    assert_eq!(found.entry.digest, Some(Digest::keyed(&KEY, text.as_bytes())));
    assert_eq!((found.entry.state, found.entry.size), (FileState::Text, 28));
}

#[test]
fn binary_and_large_files_are_named_without_content() {
    let folder = folder(&[("large", &"x".repeat(1001)), ("most", &"x".repeat(1000)), ("binary", "a\0b")]);
    let mut config = including(&folder, &["*"]);
    config.max_file_bytes = 1000;
    let watched = look(&config);
    let large = &file(&watched, &folder, "large").unwrap().entry;
    assert_eq!((large.state, large.size, large.digest), (FileState::TooLarge, 1001, None));
    assert_eq!(file(&watched, &folder, "most").unwrap().entry.state, FileState::Text);
    let binary = file(&watched, &folder, "binary").unwrap();
    assert_eq!((binary.entry.state, &binary.text), (FileState::Binary, &None));
    assert_eq!(binary.entry.digest, Some(Digest::keyed(&KEY, b"a\0b")));
}

#[test]
fn a_rule_says_whether_a_file_travels_whole_as_a_digest_or_as_a_diff() {
    let folder = folder(&[
        ("a.conf", "x\n"),
        ("b.conf", "x\n"),
        ("c.conf", "password = hunter2\n"),
        ("d.bin", "a\0b"),
    ]);
    let at = |name: &str| vec![format!("{}/{name}", folder.path().display())];
    let mut config = including(&folder, &["*"]);
    config.rule = vec![
        WatchRule { files: at("*"), mode: Some(Mode::Full), ..WatchRule::default() },
        WatchRule { files: at("[ac].conf"), mode: Some(Mode::Digest), ..WatchRule::default() },
        WatchRule { files: at("a.conf"), mode: Some(Mode::Diff), ..WatchRule::default() },
    ];
    let watched = look(&config);
    assert_eq!(watched.whole, [encode_path(&folder.path().join("b.conf"))].into());
    assert_eq!(file(&watched, &folder, "a.conf").unwrap().entry.state, FileState::Text);
    let digest = file(&watched, &folder, "c.conf").unwrap();
    assert_eq!((digest.entry.state, &digest.text), (FileState::Withheld, &None));
    // What is compared is the redacted text, so a guess at the secret cannot be checked against the digest.
    assert_ne!(digest.entry.digest, Some(Digest::keyed(&KEY, b"password = hunter2\n")));
    assert!(digest.entry.digest.is_some());
}

#[test]
fn a_line_that_differs_only_in_its_volatile_part_is_the_same_line_after_redaction_too() {
    let folder = folder(&[("a.conf", "")]);
    let mut config = including(&folder, &["*"]);
    let enable = format!("{}/a.conf", folder.path().display());
    config.rule = vec![WatchRule {
        files: vec![enable],
        volatile: vec![r"^enable secret (?:\d )?(<redacted:\w+>)".into(), r"^session (\d+)".into()],
        mode: None,
    }];
    let written = |text: &str| {
        fs::write(folder.path().join("a.conf"), text).unwrap();
        let watched = look(&config);
        let found = file(&watched, &folder, "a.conf").unwrap();
        (found.entry.digest, found.text.clone().unwrap())
    };
    let first = written(
        "# saved 2026-11-28 03:02:02\nenable secret 5 $1$mERr$hx5rVt7rPNoS4wqbXKX7m0\nsession 1\nhost a\n",
    );
    let salted = written(
        "# saved 2026-11-29 10:02:02\nenable secret 5 $1$abcd$3xQ9pZtLrVtKo5wqb2KX7.\nsession 22\nhost a\n",
    );
    assert_eq!(first, salted);
    assert!(first.1.starts_with("# saved <volatile>\nenable secret "), "{}", first.1);
    assert!(first.1.ends_with("session <volatile>\nhost a\n"), "{}", first.1);
    let changed = written(
        "# saved 2026-11-29 10:02:02\nenable secret 5 $1$abcd$3xQ9pZtLrVtKo5wqb2KX7.\nsession 22\nhost b\n",
    );
    assert_ne!(first.0, changed.0);
}

#[test]
fn owner_is_named_for_system_accounts_and_the_mode_is_octal() {
    let config = WatchConfig { include: vec!["/etc/passwd".into()], ..WatchConfig::default() };
    let watched = look(&config);
    let entry = &watched.snapshot["/etc/passwd"].entry;
    assert_eq!((entry.owner.as_deref(), entry.mode.as_deref()), (Some("root:root"), Some("0644")));
}
