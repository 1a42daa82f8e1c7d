//! `type = "log"`: how many new lines of logs match patterns since the last run.
//!
//! Each file is known by device and inode and by how it begins, so that it is read on where reading ended: through rotation, copying
//! and truncating, and a new file under an old inode. What was there before the first run is not read. What one run cannot read is read
//! by the next, also of a file that is rotated away meanwhile; where it is gone by then, that is said. Lines leave the host only as
//! samples, where that is switched on, and redacted.

mod place;
mod tail;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io;
use std::path::Path;

use regex_automata::meta::Regex;
use serde::Deserialize;

use super::files::{self, Globs, Missing};
use super::probe::{Look, Probe, Sight};
use crate::os;
use crate::pattern;
use place::Place;
use tail::Tail;

/// Its values.
pub(super) const VALUES: &[&str] = &["matches", "lines"];
/// Most sample lines one run tells.
const SAMPLES: usize = 20;
/// Longest sample, in bytes.
const SAMPLE_BYTES: usize = 2048;

/// The logs to look at.
#[derive(Deserialize)]
#[serde(try_from = "Keys")]
pub(super) struct Log {
    files: Globs,
    matching: Vec<Regex>,
    exclude: Vec<Regex>,
    samples: usize,
    missing: Missing,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    files: Globs,
    /// Lines that match one of these count...
    #[serde(rename = "match")]
    matching: Vec<String>,
    /// ...unless they match one of these.
    #[serde(default)]
    exclude: Vec<String>,
    /// How many of them are told, redacted.
    #[serde(default)]
    samples: usize,
    /// What it means where no file is there.
    #[serde(default = "unknown")]
    missing: Missing,
}

fn unknown() -> Missing {
    Missing::Unknown
}

impl TryFrom<Keys> for Log {
    type Error = String;

    fn try_from(keys: Keys) -> Result<Self, String> {
        if keys.matching.is_empty() {
            return Err("`match` names no pattern; '' matches every line".into());
        }
        if keys.samples > SAMPLES {
            return Err(format!("`samples` is at most {SAMPLES}"));
        }
        let compiled = |patterns: &[String]| -> Result<Vec<Regex>, String> {
            patterns.iter().map(|text| pattern::compile("log", text).map_err(|no| no.to_string())).collect()
        };
        Ok(Self {
            matching: compiled(&keys.matching)?,
            exclude: compiled(&keys.exclude)?,
            files: keys.files,
            samples: keys.samples,
            missing: keys.missing,
        })
    }
}

impl Probe for Log {
    fn look(&mut self, look: &mut Look<'_>) -> Sight {
        let held: Option<BTreeMap<String, Place>> = serde_json::from_value(look.memory.clone()).ok();
        // What cannot be read is of a check of this name that was of another kind.
        let is_first = held.is_none();
        let found = self.files.find(look.deadline);
        let is_missing = found.files.is_empty() && found.problems.is_empty();
        let all_was_seen = found.problems.is_empty();
        let mut reading = Reading {
            log: self,
            tail: Tail::until(look.deadline),
            is_first,
            found: found.files.iter().map(|(path, _)| os::encode_path(path)).collect(),
            held: held.unwrap_or_default(),
            kept: BTreeMap::new(),
        };
        let mut problems = found.problems;
        for (path, _) in &found.files {
            reading.file(path).unwrap_or_else(|error| problems.push(unreadable(path, &error)));
        }
        problems.extend(reading.rotated_away(all_was_seen));
        let Reading { tail, kept, .. } = reading;
        *look.memory = serde_json::to_value(&kept).unwrap_or_default();
        self.tell(tail, problems, is_missing, is_first)
    }
}

fn unreadable(path: &Path, error: &io::Error) -> String {
    let mut found = super::files::Found::default();
    found.blocked(path, false, error);
    found.problems.join("; ")
}

impl Log {
    fn counts(&self, line: &str) -> bool {
        let any = |patterns: &[Regex]| patterns.iter().any(|pattern| pattern.is_match(line));
        any(&self.matching) && !any(&self.exclude)
    }

    fn tell(&self, tail: Tail, problems: Vec<String>, is_missing: bool, is_first: bool) -> Sight {
        let mut words = vec![match (tail.matches, tail.lines) {
            _ if is_missing => "no such log is there".to_owned(),
            (0, 0) if is_first => "reading begins here".to_owned(),
            (0, 0) => "no new lines".to_owned(),
            (matches, lines) => format!("{matches} of {lines} new lines match"),
        }];
        if tail.waiting > 0 {
            words.push(format!("{} bytes more wait for the next run", tail.waiting));
        }
        let state = if is_missing { self.missing.state() } else { Sight::ok("").state };
        let state = if problems.is_empty() { state } else { state.worse(Sight::unknown("").state) };
        words.splice(0..0, problems);
        let mut output = words.join("; ");
        for sample in &tail.samples {
            output.push('\n');
            output.push_str(sample);
        }
        let count = |count: u32| f64::from(count);
        let sight = Sight::ok(output).counting("matches", count(tail.matches), "{line}").counting(
            "lines",
            count(tail.lines),
            "{line}",
        );
        Sight { state, ..sight }
    }
}

/// One run over all files.
struct Reading<'l> {
    log: &'l Log,
    tail: Tail,
    is_first: bool,
    /// The files of this run.
    found: BTreeSet<String>,
    /// Where reading ended last time, by path.
    held: BTreeMap<String, Place>,
    kept: BTreeMap<String, Place>,
}

impl Reading<'_> {
    /// Reads one file on; where that fails, its place is kept for the next run.
    fn file(&mut self, path: &Path) -> io::Result<()> {
        let key = os::encode_path(path);
        if self.kept.contains_key(&key) {
            return Ok(()); // read already, as the rest of another one
        }
        let mut file = files::open(path).inspect_err(|_| self.keep(&key))?;
        let held = match self.take_held(&key, &file) {
            Some(place) => place,
            None if self.is_first => Place::at_the_end(&mut file)?,
            None => Place::at_the_beginning(&file),
        };
        let start = held.start(&mut file)?;
        let rest = if start == held.offset() { Ok(()) } else { self.rest(&key, &held) };
        // A rest that is out of reach keeps nobody from the file that is here.
        self.read(&key, &mut file, start, false).and(rest)
    }

    fn keep(&mut self, key: &str) {
        if let Some((key, place)) = self.held.remove_entry(key) {
            self.kept.insert(key, place);
        }
    }

    fn read(&mut self, key: &str, file: &mut File, start: u64, finished: bool) -> io::Result<()> {
        let (log, waited) = (self.log, self.tail.waiting);
        let read = self.tail.read(file, start, finished, |line| log.counts(line), log.samples);
        // What was read counts even if reading broke off: it was counted.
        if self.found.contains(key) {
            self.kept.insert(key.to_owned(), Place::up_to(file, self.tail.offset)?);
        } else if read.is_err() || self.tail.waiting > waited {
            self.kept.insert(key.to_owned(), Place::up_to(file, self.tail.offset)?.rotated());
        }
        read
    }

    /// Where this very file was read up to, under whatever name.
    fn take_held(&mut self, key: &str, file: &File) -> Option<Place> {
        let id = file.metadata().ok().and_then(|metadata| os::file_id(&metadata));
        let same = |place: &Place| place.is_of(id);
        let name = if self.held.get(key).is_some_and(same) {
            key.to_owned()
        } else {
            self.held.iter().find(|(_, place)| id.is_some() && same(place))?.0.clone()
        };
        self.held.remove(&name)
    }

    /// The rest of a file that was renamed, or copied and truncated: beside its old name. What is nowhere is gone, which is said where
    /// the run before said that something waits. Where nobody may look for it now, its place is kept for the next run.
    fn rest(&mut self, key: &str, place: &Place) -> io::Result<()> {
        match place.elsewhere(Path::new(key)) {
            Ok(Some((renamed, mut file))) => {
                self.read(&os::encode_path(&renamed), &mut file, place.offset(), true)
            }
            Ok(None) if place.is_rotated() => Err(io::Error::other("it is gone, and its rest was not read")),
            Ok(None) => Ok(()),
            Err(error) => {
                // Unless another file has its name: that one's place is worth more.
                self.kept.entry(key.to_owned()).or_insert_with(|| place.clone());
                if place.is_rotated() { Err(error) } else { Ok(()) }
            }
        }
    }

    /// The rest of everything that was not found under any name. Where not all could be looked at, it is waited for.
    fn rotated_away(&mut self, all_was_seen: bool) -> Vec<String> {
        let mut problems = Vec::new();
        for (key, place) in std::mem::take(&mut self.held) {
            // A name that another file has by now is proof enough that this one was rotated, as the run before may have seen.
            if !all_was_seen && !place.is_rotated() && !self.kept.contains_key(&key) {
                self.kept.insert(key, place);
            } else if let Err(error) = self.rest(&key, &place) {
                problems.push(unreadable(Path::new(&key), &error));
            }
        }
        problems
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
