//! `type = "process"`: whether programs run, how many, and what they use together. Never their arguments.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::files::Missing;
use super::probe::{Look, Probe, Sight};
use crate::collect::host::Running;

/// Its values.
pub(super) const VALUES: &[&str] = &["count", "memory", "cpu", "youngest_age"];

/// The processes to look at.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Process {
    /// The name of the program's file.
    process: String,
    /// What it means where none runs.
    #[serde(default = "critical")]
    missing: Missing,
}

fn critical() -> Missing {
    Missing::Critical
}

/// What was used up to the last run.
#[derive(Default, Serialize, Deserialize)]
struct Memory {
    at: Option<Timestamp>,
    /// CPU seconds by process number and start: a number is used again, but not with the same start.
    cpu_s: BTreeMap<String, f64>,
}

impl Probe for Process {
    fn look(&mut self, look: &mut Look<'_>) -> Sight {
        let running = match Running::named(&self.process) {
            Ok(running) => running,
            Err(error) => return Sight::unknown(format!("processes cannot be listed: {error}")),
        };
        let before: Memory = serde_json::from_value(look.memory.clone()).unwrap_or_default();
        let cpu_s: BTreeMap<String, f64> = running.iter().map(|it| (key(it), it.cpu_s)).collect();
        let share = share(&before, &cpu_s, look.now);
        *look.memory = serde_json::to_value(Memory { at: Some(look.now), cpu_s }).unwrap_or_default();
        self.tell(&running, share)
    }
}

fn key(running: &Running) -> String {
    format!("{}@{}", running.pid, running.started)
}

/// The share of one CPU since the last run, of what ran then and now.
fn share(before: &Memory, cpu_s: &BTreeMap<String, f64>, now: Timestamp) -> Option<f64> {
    let seconds = now.duration_since(before.at?).as_secs_f64();
    let used = |(key, now): (&String, &f64)| (now - before.cpu_s.get(key).unwrap_or(now)).max(0.0);
    (seconds > 0.0).then(|| cpu_s.iter().map(used).sum::<f64>() / seconds)
}

impl Process {
    #[allow(clippy::cast_precision_loss, reason = "nobody judges the last digit of 2^53")]
    fn tell(&self, running: &[Running], share: Option<f64>) -> Sight {
        let Self { process, missing } = self;
        let Some(youngest) = running.iter().map(|it| it.runs_s).min() else {
            let none = Sight::ok(format!("{process} does not run")).with("count", 0.0, "{process}");
            return Sight { state: missing.state(), ..none };
        };
        let memory: u64 = running.iter().map(|it| it.memory_bytes).sum();
        let times =
            if running.len() == 1 { "runs".to_owned() } else { format!("runs {} times", running.len()) };
        let age = jiff::SignedDuration::from_secs(i64::try_from(youngest).unwrap_or(i64::MAX));
        let sight = Sight::ok(format!("{process} {times}, the youngest for {age:#}"))
            .with("count", running.len() as f64, "{process}")
            .with("memory", memory as f64, "By")
            .with("youngest_age", youngest as f64, "s");
        // Known from the second run on.
        share.map_or(sight.clone(), |share| sight.with("cpu", share, "1"))
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::time::{Duration, Instant};

    use mailbeat_shared::wire::check::CheckState;
    use serde_json::Value as Json;

    use super::*;
    use crate::check::kind::Kind;

    /// A program of its own name that sleeps until it is dropped.
    struct Program(std::process::Child);

    impl Program {
        fn start(dir: &std::path::Path, name: &str, secret: &str) -> Self {
            let path = dir.join(name);
            if !path.exists() {
                std::fs::copy("/bin/sleep", &path).unwrap();
            }
            Self(std::process::Command::new(&path).args(["600", secret]).spawn().unwrap())
        }
    }

    impl Drop for Program {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }

    fn look(keys: &str, second: i64, memory: &mut Json) -> Sight {
        let mut probe =
            Kind::named("process").unwrap().probe(keys.parse().unwrap()).unwrap_or_else(|no| panic!("{no}"));
        let now = Timestamp::from_second(1_780_000_000 + second).unwrap();
        probe.look(&mut Look { now, deadline: Instant::now() + Duration::from_secs(60), memory })
    }

    #[test]
    fn what_runs_is_counted_by_the_name_of_its_file_and_its_arguments_stay_here() {
        let dir = tempfile::tempdir().unwrap();
        let keys = "process = 'mailbeat-story-program'";
        let mut memory = Json::Null;
        let none = look(keys, 0, &mut memory);
        assert_eq!(
            (none.state, none.output.as_str()),
            (CheckState::Critical, "mailbeat-story-program does not run")
        );
        assert_eq!(look(&format!("{keys}\nmissing = 'ok'"), 0, &mut memory).state, CheckState::Ok);
        let _one = Program::start(dir.path(), "mailbeat-story-program", "600");
        let _two = Program::start(dir.path(), "mailbeat-story-program", "600");
        let two = look(keys, 60, &mut memory);
        assert_eq!((two.state, two.values[0].value), (CheckState::Ok, 2.0), "{two:?}");
        assert!(
            two.output.starts_with("mailbeat-story-program runs 2 times") && two.values[1].value > 0.0,
            "{two:?}"
        );
        std::fs::remove_file(dir.path().join("mailbeat-story-program")).unwrap();
        assert_eq!(look(keys, 120, &mut memory).values[0].value, 2.0, "updated in its place, and running on");
        let labels: Vec<&str> = two.values.iter().map(|value| value.label.as_str()).collect();
        assert!(labels.iter().all(|label| VALUES.contains(label)), "{labels:?}");
        assert!(!format!("{two:?}{memory}").contains("600\""), "no arguments");
    }

    #[test]
    fn cpu_is_the_share_of_what_ran_both_times() {
        let now = Timestamp::from_second(100).unwrap();
        let of = |pairs: &[(&str, f64)]| pairs.iter().map(|(key, cpu)| ((*key).to_owned(), *cpu)).collect();
        let before = Memory {
            at: Some(Timestamp::from_second(90).unwrap()),
            cpu_s: of(&[("1@1", 5.0), ("2@1", 50.0)]),
        };
        // The first used five seconds in ten, the second was started anew under its old number.
        assert_eq!(share(&before, &of(&[("1@1", 10.0), ("2@95", 3.0)]), now), Some(0.5));
        assert_eq!(share(&Memory::default(), &of(&[("1@1", 10.0)]), now), None);
        assert_eq!(share(&Memory { at: Some(now), ..before }, &of(&[]), now), None, "no time went by");
    }
}
