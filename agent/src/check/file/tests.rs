//! Backups and spool directories.

use std::time::{Duration, Instant};

use mailbeat_shared::wire::check::CheckState;
use serde_json::Value as Json;

use super::*;
use crate::check::kind::Kind;

const NOW: i64 = 1_780_000_000;

struct Dir(tempfile::TempDir);

impl Dir {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, bytes: usize, hours_ago: u64) {
        let path = self.0.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let file = std::fs::File::create(&path).unwrap();
        file.set_len(bytes as u64).unwrap();
        let then = std::time::UNIX_EPOCH + Duration::from_secs(NOW.unsigned_abs() - hours_ago * 3600);
        file.set_modified(then).unwrap();
    }

    fn look(&self, glob: &str, more: &str) -> Sight {
        let keys = format!("files = '{}'\n{more}", self.0.path().join(glob).display());
        let mut probe =
            Kind::named("file").unwrap().probe(keys.parse().unwrap()).unwrap_or_else(|no| panic!("{no}"));
        let (now, deadline) =
            (Timestamp::from_second(NOW).unwrap(), Instant::now() + Duration::from_secs(60));
        probe.look(&mut Look { now, deadline, memory: &mut Json::Null })
    }
}

fn value(sight: &Sight, label: &str) -> Option<f64> {
    sight.values.iter().find(|value| value.label == label).map(|value| value.value)
}

#[test]
fn the_newest_the_oldest_and_the_sizes_of_a_glob_are_told_and_nothing_else_is_looked_at() {
    let dir = Dir::new();
    dir.write("db-1.sql.gz", 100, 26);
    dir.write("db-2.sql.gz", 300, 2);
    dir.write("notes.txt", 9_999, 0);
    dir.write("below/db-3.sql.gz", 1, 0);
    let sight = dir.look("*.sql.gz", "");
    assert_eq!(sight.state, CheckState::Ok);
    assert!(
        sight.output.starts_with("2 files, the newest /") && sight.output.ends_with("db-2.sql.gz, 2h old"),
        "{sight:?}"
    );
    let values = VALUES.map_values(&sight);
    assert_eq!(values, [7_200.0, 93_600.0, 2.0, 400.0, 300.0, 100.0, 300.0].map(Some));
    assert_eq!(value(&dir.look("**/*.sql.gz", ""), "count"), Some(3.0));
    assert_eq!(value(&dir.look("", ""), "count"), Some(4.0), "a directory stands for everything below it");
    assert_eq!(value(&dir.look("notes.txt", ""), "count"), Some(1.0));
}

trait MapValues {
    fn map_values(&self, sight: &Sight) -> Vec<Option<f64>>;
}

impl MapValues for &[&str] {
    fn map_values(&self, sight: &Sight) -> Vec<Option<f64>> {
        self.iter().map(|label| value(sight, label)).collect()
    }
}

#[test]
fn none_at_all_is_said_and_means_what_the_configuration_says() {
    let dir = Dir::new();
    let sight = dir.look("*.gz", "");
    assert_eq!((sight.state, sight.output.as_str()), (CheckState::Critical, "no such file is there"));
    assert_eq!((value(&sight, "count"), value(&sight, "newest_age")), (Some(0.0), None));
    assert_eq!(dir.look("*.gz", "missing = 'ok'").state, CheckState::Ok);
    assert_eq!(dir.look("gone/**/*.gz", "missing = 'warning'").state, CheckState::Warning);
}

#[test]
fn a_file_of_tomorrow_is_new_and_a_link_inside_a_glob_is_not_followed() {
    let dir = Dir::new();
    dir.write("a.gz", 1, 5);
    let tomorrow = std::time::UNIX_EPOCH + Duration::from_secs(NOW.unsigned_abs() + 86_400);
    std::fs::File::options()
        .write(true)
        .open(dir.0.path().join("a.gz"))
        .unwrap()
        .set_modified(tomorrow)
        .unwrap();
    assert_eq!(value(&dir.look("*.gz", ""), "newest_age"), Some(0.0));
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("/etc/passwd", dir.0.path().join("b.gz")).unwrap();
        assert_eq!(value(&dir.look("*.gz", ""), "count"), Some(1.0));
        assert_eq!(value(&dir.look("b.gz", ""), "count"), Some(1.0), "a link that is named is meant");
    }
}

#[test]
fn a_glob_that_cannot_be_is_refused() {
    let refused = |keys: &str| Kind::named("file").unwrap().probe(keys.parse().unwrap()).err().unwrap();
    assert!(refused("files = 'relative/*'").contains("write an absolute path"));
    assert!(refused("files = []").contains("names no file"));
    assert!(refused("files = '/a/[x'").contains("is no glob"));
    assert!(refused("files = 7").contains("must be a glob or a list of globs"));
    assert!(refused("files = '/a'\nmissing = 'bad'").contains("unknown variant"));
}
