//! What whoever may write into a watched directory can put there: links, pipes, secrets, lies.

use std::os::unix::fs::symlink;

use mailbeat_shared::wire::snapshot::FileEntry;

use super::*;

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
    let folder = folder(&[("shadow", "root:*:1::::::\n"), ("site.key", "k"), ("passwd", "bob:x")]);
    let watched = look(&including(&folder, &["*"]));
    let shadow = file(&watched, &folder, "shadow").unwrap();
    assert_eq!((shadow.entry.state, &shadow.text, shadow.entry.digest), (FileState::Withheld, &None, None));
    assert!(shadow.entry.detail.as_deref().unwrap().starts_with("never read: password hashes"));
    assert_eq!(file(&watched, &folder, "site.key").unwrap().entry.state, FileState::Withheld);
    assert_eq!(file(&watched, &folder, "passwd").unwrap().entry.state, FileState::Withheld);
    let named = look(&including(&folder, &["*", "shadow"]));
    assert_eq!(file(&named, &folder, "shadow").unwrap().entry.state, FileState::Text);
    let below = TempDir::new().unwrap();
    fs::create_dir(below.path().join("etc")).unwrap();
    fs::write(below.path().join("etc/shadow"), "x").unwrap();
    let by_directory = look(&including(&below, &["etc"]));
    assert_eq!(file(&by_directory, &below, "etc/shadow").unwrap().entry.state, FileState::Withheld);
}

#[test]
fn the_agents_own_secrets_are_never_read_however_they_are_found_also_where_they_are_named() {
    const SECRET: &str = "hunter2hunter2\n";
    let folder = folder(&[
        ("etc/office", SECRET),
        ("etc/office.bak", SECRET),
        ("etc/app.conf", "a = 1\n"),
        ("state/trail/1/report.json", SECRET),
    ]);
    symlink("etc", folder.path().join("alias")).unwrap();
    symlink("state", folder.path().join("here")).unwrap();
    fs::hard_link(folder.path().join("etc/office"), folder.path().join("etc/copy.conf")).unwrap();
    let own = |secret: &str, state: &str| Own {
        secrets: vec![folder.path().join(secret), folder.path().join("nowhere")],
        state_dir: folder.path().join(state),
    };
    let globs: &[&[&str]] = &[
        &["**"],
        &["etc", "state"],
        &["alias/*", "here/**"],
        &["etc/office", "state/trail/1/report.json"],
        &["alias/office"],
    ];
    for own in [own("etc/office", "state"), own("alias/office", "here")] {
        for globs in globs {
            let watched = look_of(&including(&folder, globs), &own);
            assert!(!format!("{watched:?}").contains("hunter2"), "{globs:?}: {watched:?}");
            let secret = watched.snapshot.iter().filter(|(path, _)| !path.ends_with("app.conf"));
            let is_told = |entry: &FileEntry| matches!(entry.state, FileState::Withheld | FileState::Symlink);
            assert!(
                secret.clone().count() > 0 && secret.clone().all(|(_, file)| is_told(&file.entry)),
                "{globs:?}"
            );
        }
        let whole = look_of(&including(&folder, &["**"]), &own);
        assert_eq!(file(&whole, &folder, "etc/app.conf").unwrap().entry.state, FileState::Text);
        let named = look_of(&including(&folder, &["etc/office"]), &own);
        let detail = file(&named, &folder, "etc/office").unwrap().entry.detail.clone();
        assert_eq!(detail.as_deref(), Some("never read: a secret of the agent's own"));
    }
}

#[test]
fn a_file_that_lies_about_its_size_is_still_read_within_the_limit() {
    let config = WatchConfig { include: vec!["/proc/self/status".into()], ..WatchConfig::default() };
    let watched = look(&config);
    let status = watched.snapshot.values().next().unwrap();
    assert!(status.entry.size > 100 && status.text.as_deref().unwrap().starts_with("Name:"));
}
