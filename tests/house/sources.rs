//! Rules over our own sources.

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

/// An outside protocol's crate appears in one room only (ARCHITECTURE.md, "Who may import whom").
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
