//! Folders full of files that a host may have, and what is made of them.

mod names;
mod telling;
mod undone;
mod untrusted;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use mailbeat_shared::wire::snapshot::{FileState, WatchedFile};
use tempfile::TempDir;

use super::*;
use crate::config::RedactConfig;
use crate::os::encode_path;
use crate::redact::pseudonym::Names;

const KEY: [u8; 32] = [7; 32];

fn look(config: &WatchConfig) -> Watched {
    look_of(config, &Own::default())
}

/// As the agent looks whose own these are.
fn look_of(config: &WatchConfig, own: &Own) -> Watched {
    let redactor = Redactor::new(KEY, &RedactConfig::default(), Names::default()).unwrap();
    watch(config, own, &redactor, &KEY, Instant::now() + Duration::from_secs(60))
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
