use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::time::{Duration, Instant};

use mailbeat_shared::wire::snapshot::{FileState, WatchedFile};
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::config::RedactConfig;
use crate::os::encode_path;
use crate::redact::pseudonym::Names;

const KEY: [u8; 32] = [7; 32];

fn look(config: &WatchConfig) -> Watched {
    let redactor = Redactor::new(KEY, &RedactConfig::default(), Names::default()).unwrap();
    watch(config, &redactor, &KEY, Instant::now() + Duration::from_secs(60))
}

fn including(folder: &TempDir, globs: &[&str]) -> WatchConfig {
    let glob = |glob: &&str| format!("{}/{glob}", folder.path().display());
    WatchConfig { include: globs.iter().map(glob).collect(), ..WatchConfig::default() }
}

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (name, content) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    folder
}

fn file<'w>(watched: &'w Watched, folder: &TempDir, name: &str) -> Option<&'w WatchedFile> {
    watched.snapshot.get(&encode_path(&folder.path().join(name)))
}

fn names(watched: &Watched, folder: &TempDir) -> Vec<String> {
    let start = format!("{}/", folder.path().display());
    watched.snapshot.keys().map(|path| path.strip_prefix(&start).unwrap_or(path).to_owned()).collect()
}

#[test]
fn a_glob_finds_its_files_and_a_directory_stands_for_all_below_it() {
    let folder = folder(&[
        ("a.conf", "1"),
        ("b.txt", "2"),
        ("d/c.conf", "3"),
        ("d/e/f.conf", "4"),
        ("d/e/g.bak", "5"),
    ]);
    assert_eq!(names(&look(&including(&folder, &["*.conf"])), &folder), ["a.conf"]);
    assert_eq!(
        names(&look(&including(&folder, &["**/*.conf"])), &folder),
        ["a.conf", "d/c.conf", "d/e/f.conf"]
    );
    assert_eq!(
        names(&look(&including(&folder, &["d", "b.txt"])), &folder),
        ["b.txt", "d/c.conf", "d/e/f.conf", "d/e/g.bak"]
    );
    let mut config = including(&folder, &["d"]);
    config.exclude = vec!["**/*.bak".into(), format!("{}/d/e", folder.path().display())];
    assert_eq!(names(&look(&config), &folder), ["d/c.conf"]);
}

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
fn a_link_is_named_with_its_target_and_never_followed() {
    let outside = folder(&[("secret.conf", "outside"), ("d/x.conf", "outside")]);
    let folder = folder(&[("a.conf", "inside")]);
    symlink(outside.path().join("secret.conf"), folder.path().join("link.conf")).unwrap();
    symlink(outside.path().join("d"), folder.path().join("dir")).unwrap();
    symlink(".", folder.path().join("loop")).unwrap();
    let watched = look(&including(&folder, &["**"]));
    assert_eq!(names(&watched, &folder), ["a.conf", "dir", "link.conf", "loop"]);
    let link = &file(&watched, &folder, "link.conf").unwrap().entry;
    assert_eq!(link.state, FileState::Symlink);
    assert_eq!(link.detail, Some(encode_path(&outside.path().join("secret.conf"))));
    assert!(!format!("{watched:?}").contains("outside\""));
}

#[test]
fn a_directory_swapped_for_a_link_between_finding_and_reading_is_not_read_through() {
    let outside = folder(&[("x.conf", "outside")]);
    let folder = folder(&[("d/x.conf", "inside")]);
    let read = || crate::os::open_beneath(folder.path(), Path::new("d/x.conf"));
    assert!(read().is_ok());
    fs::remove_dir_all(folder.path().join("d")).unwrap();
    symlink(outside.path(), folder.path().join("d")).unwrap();
    assert!(read().is_err());
    assert!(crate::os::open_beneath(folder.path(), Path::new("../x")).is_err());
}

#[test]
fn a_named_pipe_is_named_and_not_opened() {
    let folder = folder(&[]);
    let pipe = folder.path().join("pipe.conf");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    let watched = look(&including(&folder, &["*.conf"]));
    let entry = &file(&watched, &folder, "pipe.conf").unwrap().entry;
    assert_eq!(entry.state, FileState::Unreadable);
    assert_eq!(entry.detail.as_deref(), Some("a named pipe; only regular files are opened"));
    assert!(watched.unreadable.is_empty());
    // Had it been swapped in after the look at its name, opening would neither block nor be believed.
    let refused = crate::os::open_beneath(folder.path(), Path::new("pipe.conf")).unwrap_err();
    assert_eq!(refused.to_string(), "not a regular file");
}

#[test]
fn a_secret_file_is_withheld_unless_it_is_named_letter_by_letter() {
    let folder = folder(&[("shadow", "root:*:1::::::\n"), ("site.key", "k"), ("passwd", "x")]);
    let watched = look(&including(&folder, &["*"]));
    let shadow = file(&watched, &folder, "shadow").unwrap();
    assert_eq!((shadow.entry.state, &shadow.text, shadow.entry.digest), (FileState::Withheld, &None, None));
    assert!(shadow.entry.detail.as_deref().unwrap().starts_with("never read: password hashes"));
    assert_eq!(file(&watched, &folder, "site.key").unwrap().entry.state, FileState::Withheld);
    assert_eq!(file(&watched, &folder, "passwd").unwrap().entry.state, FileState::Text);
    let named = look(&including(&folder, &["*", "shadow"]));
    assert_eq!(file(&named, &folder, "shadow").unwrap().entry.state, FileState::Text);
    let below = TempDir::new().unwrap();
    fs::create_dir(below.path().join("etc")).unwrap();
    fs::write(below.path().join("etc/shadow"), "x").unwrap();
    let by_directory = look(&including(&below, &["etc"]));
    assert_eq!(file(&by_directory, &below, "etc/shadow").unwrap().entry.state, FileState::Withheld);
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
fn a_file_that_lies_about_its_size_is_still_read_within_the_limit() {
    let config = WatchConfig { include: vec!["/proc/self/status".into()], ..WatchConfig::default() };
    let watched = look(&config);
    let status = watched.snapshot.values().next().unwrap();
    assert!(status.entry.size > 100 && status.text.as_deref().unwrap().starts_with("Name:"));
}

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
fn owner_is_named_for_system_accounts_and_the_mode_is_octal() {
    let config = WatchConfig { include: vec!["/etc/passwd".into()], ..WatchConfig::default() };
    let watched = look(&config);
    let entry = &watched.snapshot["/etc/passwd"].entry;
    assert_eq!((entry.owner.as_deref(), entry.mode.as_deref()), (Some("root:root"), Some("0644")));
}

#[test]
fn what_is_not_done_in_time_is_named_and_not_dropped() {
    let folder = folder(&[("a.conf", "x")]);
    let redactor = Redactor::new(KEY, &RedactConfig::default(), Names::default()).unwrap();
    let late = watch(&including(&folder, &["a.conf"]), &redactor, &KEY, Instant::now());
    let entry = &file(&late, &folder, "a.conf").unwrap().entry;
    assert_eq!(entry.state, FileState::Omitted);
    assert!(
        late.problems[0].contains("took longer than 40 s") && late.problems[0].contains("a.conf"),
        "{:?}",
        late.problems
    );
    let cut = watch(&including(&folder, &["*"]), &redactor, &KEY, Instant::now());
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

/// The way back, as a reader of a report would write it.
fn decode_path(path: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = path.as_bytes();
    while let [first, tail @ ..] = rest {
        if *first == b'%' {
            bytes.push(u8::from_str_radix(std::str::from_utf8(&tail[..2]).unwrap(), 16).unwrap());
            rest = &tail[2..];
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    bytes
}

proptest! {
    #[test]
    fn any_path_can_be_written_as_text_and_read_back(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        let encoded = encode_path(Path::new(OsStr::from_bytes(&bytes)));
        prop_assert_eq!(decode_path(&encoded), bytes);
        prop_assert!(mailbeat_shared::text::is_clean(&encoded) && !encoded.contains(['\n', '\t']));
    }
}

#[test]
fn a_path_that_is_no_utf_8_is_watched_under_its_escaped_name() {
    let folder = folder(&[]);
    fs::write(folder.path().join(OsStr::from_bytes(b"gr\xFCn 100%.conf")), "x").unwrap();
    let watched = look(&including(&folder, &["*.conf"]));
    assert_eq!(names(&watched, &folder), ["gr%FCn 100%25.conf"]);
}
