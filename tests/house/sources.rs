//! Rules over our own sources: who reads the clock, where outside crates are named, what a file says of itself, and that pages name
//! files that there are.

use std::fs;
use std::path::{Path, PathBuf};

pub(super) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

pub(super) fn rust_files(dir: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}

/// Files of the programs that name `word` outside comments.
fn naming(word: &str) -> Vec<String> {
    let mut files = Vec::new();
    for room in ["shared/src", "agent/src", "receiver/src"] {
        rust_files(&root().join(room), &mut files);
    }
    let names = |path: &PathBuf| {
        fs::read_to_string(path)
            .unwrap()
            .lines()
            .any(|line| !line.trim_start().starts_with("//") && line.contains(word))
    };
    let relative = |path: &PathBuf| path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/");
    let mut named: Vec<String> = files.iter().filter(|path| names(path)).map(relative).collect();
    named.sort();
    named
}

#[test]
fn the_wall_clock_is_read_in_one_place() {
    assert_eq!(naming("Timestamp::now()"), ["shared/src/clock.rs"]);
    assert!(naming("SystemTime::now()").is_empty(), "{:?}", naming("SystemTime::now()"));
}

/// An outside protocol's crate appears in one room only, and so do crates like it (ARCHITECTURE.md, "The house").
#[test]
fn outside_crates_stay_in_their_rooms() {
    let rooms = [
        ("async_imap", "receiver/src/mailbox/imap"),
        ("rusqlite", "receiver/src/store"),
        ("sysinfo", "agent/src/collect/host"),
        ("x25519::", "shared/src/wire/sealed"),
        ("domain::base", "shared/src/dns/resolver"),
        ("handlebars", "shared/src/template"),
        ("hyper::", "shared/src/transport/http"),
        ("inquire::", "shared/src/wizard/terminal"),
        ("lettre::message", "shared/src/wire/mail"),
        ("mail_parser", "shared/src/wire/extract"),
        ("oauth2::", "shared/src/transport/oauth"),
        ("ssh_key", "shared/src/wire/signature"),
        ("toml_edit::", "shared/src/wizard/edit"),
    ];
    for (word, room) in rooms {
        let strays: Vec<String> = naming(word).into_iter().filter(|path| !path.starts_with(room)).collect();
        assert!(strays.is_empty(), "{word} belongs in {room}, and is named in {strays:?}");
        assert!(!naming(word).is_empty(), "{word} is named nowhere: the rule has lost its object");
    }
}

/// Every file of ours, relative to the root.
fn all_files() -> Vec<PathBuf> {
    let mut files = Vec::new();
    for room in ["shared", "agent", "receiver", "tests", "benches"] {
        rust_files(&root().join(room), &mut files);
    }
    files
}

/// What a reader has to know before the first line of code: what the file is for.
#[test]
fn every_file_says_at_its_head_what_it_is_for() {
    let files = all_files();
    assert!(files.len() > 500, "{} files", files.len());
    let headless = |path: &&PathBuf| !fs::read_to_string(path).unwrap().starts_with("//! ");
    let headless: Vec<&PathBuf> = files.iter().filter(headless).collect();
    assert!(headless.is_empty(), "no `//!` at the head of {headless:?}");
}

/// Paths of ours between backticks: `tests/crash`, `shared/src/clock.rs`.
fn paths(page: &str) -> Vec<&str> {
    let rooms = ["shared/", "agent/", "receiver/", "templates/", "tests/", "benches/", "packaging/", "docs/"];
    let is_path =
        |text: &&str| rooms.iter().any(|room| text.starts_with(room)) && !text.contains([' ', '*', '{']);
    page.split('`').skip(1).step_by(2).filter(is_path).collect()
}

#[test]
fn pages_name_files_that_there_are() {
    let listed = |dir: PathBuf| fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let pages = listed(root()).chain(listed(root().join("docs")));
    let mut named = 0;
    for page in pages.filter(|path| path.extension().is_some_and(|extension| extension == "md")) {
        for path in paths(&fs::read_to_string(&page).unwrap()) {
            assert!(root().join(path).exists(), "{} names {path}, which is not there", page.display());
            named += 1;
        }
    }
    assert!(named > 15, "{named} paths: the rule has lost its object");
}
