//! Running probes beside everything else: each on a thread of its own, never one twice at once.
//!
//! Trusts no probe: one that panics is Unknown and built anew, one that hangs is Unknown at its timeout and given up. Its thread goes
//! on, because no thread can be ended from outside; the check is begun again when it came back.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::Value as Json;

use super::CheckConfig;
use super::probe::{Look, Probe, Sight};

/// What a probe is given beyond its timeout to say itself that it was too slow, and why.
const GRACE: Duration = Duration::from_secs(2);

/// A run to begin.
#[derive(Clone, Debug)]
pub struct Run {
    /// Which check.
    pub name: String,
    /// What its probe remembers.
    pub memory: Json,
    /// The time.
    pub now: Timestamp,
}

/// A run that came to its end.
#[derive(Clone, Debug, PartialEq)]
pub struct Ended {
    /// Which check.
    pub name: String,
    /// What it saw.
    pub sight: Sight,
    /// What its probe remembers now; `None` where it did not come to an end.
    pub memory: Option<Json>,
}

/// Runs the probes of a configuration.
pub struct Runner {
    slots: BTreeMap<String, Slot>,
    /// Runs that could not begin.
    failed: Vec<Ended>,
    back: Sender<Back>,
    returns: Receiver<Back>,
}

struct Slot {
    config: CheckConfig,
    /// At home, or out on a thread.
    probe: Option<Box<dyn Probe>>,
    /// When the run that is waited for is given up.
    awaited_until: Option<Instant>,
}

/// A thread's last word.
struct Back {
    name: String,
    /// `None` after a panic.
    probe: Option<Box<dyn Probe>>,
    sight: Sight,
    memory: Json,
}

impl Runner {
    /// The probes of these checks, as far as they are switched on.
    #[must_use]
    pub fn new(configs: &[CheckConfig]) -> Self {
        let (back, returns) = channel();
        let on = configs.iter().filter_map(|config| Some((config, config.probe()?)));
        let slot = |(config, probe): (&CheckConfig, _)| {
            (config.name.clone(), Slot { config: config.clone(), probe: Some(probe), awaited_until: None })
        };
        Self { slots: on.map(slot).collect(), failed: vec![], back, returns }
    }

    /// Begins a run; how it went comes out of [`Runner::ended`], also where it cannot begin.
    pub fn begin(&mut self, run: Run) {
        let Some(slot) = self.slots.get_mut(&run.name) else { return };
        let (name, timeout) = (run.name.clone(), slot.config.timeout);
        let Some(probe) = slot.probe.take() else {
            let why =
                format!("an earlier run still hangs, longer than its timeout of {} s", timeout.as_secs());
            return self.failed.push(Ended { name, sight: Sight::unknown(why), memory: None });
        };
        let (back, deadline) = (self.back.clone(), Instant::now() + timeout);
        // Nobody listens to the end only while the program ends.
        let thread = thread::Builder::new().name("check".into());
        match thread.spawn(move || drop(back.send(look(probe, run, deadline)))) {
            Ok(_) => slot.awaited_until = Some(deadline + GRACE),
            Err(error) => {
                slot.probe = slot.config.probe();
                let why = format!("no thread can be started: {error}");
                self.failed.push(Ended { name, sight: Sight::unknown(why), memory: None });
            }
        }
    }

    /// What came to its end; waits at most so long for the first.
    pub fn ended(&mut self, wait: Duration) -> Vec<Ended> {
        let mut ended = std::mem::take(&mut self.failed);
        let next_overdue = self.slots.values().filter_map(|slot| slot.awaited_until).min();
        let until_then =
            next_overdue.map_or(Duration::ZERO, |at| at.saturating_duration_since(Instant::now()));
        let wait = if ended.is_empty() { wait.min(until_then) } else { Duration::ZERO };
        let mut returned = self.returns.recv_timeout(wait).ok();
        while let Some(back) = returned {
            ended.extend(self.take_home(back));
            returned = self.returns.try_recv().ok();
        }
        let now = Instant::now();
        for (name, slot) in &mut self.slots {
            if slot.awaited_until.take_if(|until| *until <= now).is_some() {
                let why = format!("it did not end within {} s", slot.config.timeout.as_secs());
                ended.push(Ended { name: name.clone(), sight: Sight::unknown(why), memory: None });
            }
        }
        ended
    }

    /// What a run says that was given up before is not believed any more.
    fn take_home(&mut self, back: Back) -> Option<Ended> {
        let Back { name, probe, sight, memory } = back;
        let slot = self.slots.get_mut(&name)?;
        let memory = probe.is_some().then_some(memory);
        slot.probe = probe.or_else(|| slot.config.probe());
        slot.awaited_until.take()?;
        Some(Ended { name, sight, memory })
    }
}

/// Looks, whatever the probe does.
fn look(mut probe: Box<dyn Probe>, run: Run, deadline: Instant) -> Back {
    let Run { name, mut memory, now } = run;
    let mut given = Look { now, deadline, memory: &mut memory };
    match catch_unwind(AssertUnwindSafe(|| probe.look(&mut given))) {
        Ok(sight) => Back { name, probe: Some(probe), sight, memory },
        Err(_) => {
            let sight = Sight::unknown("the check broke off; this is a fault of the agent, please report it");
            Back { name, probe: None, sight, memory }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use mailbeat_shared::config_file;
    use mailbeat_shared::wire::check::CheckState;

    use super::*;
    use crate::config::Config;

    /// Does as its memory says.
    struct Obedient;

    impl Probe for Obedient {
        fn look(&mut self, look: &mut Look<'_>) -> Sight {
            match look.memory.as_str() {
                Some("panic") => panic!("on purpose"),
                Some("hang") => {
                    thread::sleep(look.left() + GRACE + Duration::from_secs(1));
                    *look.memory = "too late".into();
                    Sight::ok("back at last")
                }
                _ => {
                    *look.memory = "been here".into();
                    Sight::ok("fine")
                }
            }
        }
    }

    fn runner(names: &[&str]) -> Runner {
        let check = |name: &&str| {
            format!("[[check]]\nname = '{name}'\ntype = 'plugin'\ncommand = ['/x']\ntimeout_s = 1\n")
        };
        let text: String = names.iter().map(check).collect();
        let config: Config = config_file::parse(Path::new("agent.toml"), &text).unwrap();
        let mut runner = Runner::new(&config.check);
        for slot in runner.slots.values_mut() {
            slot.probe = Some(Box::new(Obedient));
        }
        runner
    }

    fn begin(runner: &mut Runner, name: &str, memory: &str) {
        runner.begin(Run { name: name.into(), memory: memory.into(), now: Timestamp::UNIX_EPOCH });
    }

    fn wait_for(runner: &mut Runner, count: usize) -> Vec<Ended> {
        let mut ended = vec![];
        while ended.len() < count {
            ended.extend(runner.ended(Duration::from_secs(60)));
        }
        ended
    }

    #[test]
    fn one_that_hangs_and_one_that_panics_are_unknown_and_delay_nobody() {
        let mut runner = runner(&["hangs", "panics", "well"]);
        assert_eq!(runner.ended(Duration::from_secs(60)), [], "nobody waits where nothing runs");
        for (name, does) in [("hangs", "hang"), ("panics", "panic"), ("well", "")] {
            begin(&mut runner, name, does);
        }
        let mut first = wait_for(&mut runner, 2);
        first.sort_by(|a, b| a.name.cmp(&b.name));
        assert_eq!((first[0].name.as_str(), first[0].sight.state), ("panics", CheckState::Unknown));
        assert!(first[0].sight.output.contains("broke off") && first[0].memory.is_none());
        assert_eq!((first[1].name.as_str(), &first[1].memory), ("well", &Some("been here".into())));

        let given_up = wait_for(&mut runner, 1);
        assert_eq!(given_up[0].sight, Sight::unknown("it did not end within 1 s"));
        begin(&mut runner, "hangs", "");
        let still = wait_for(&mut runner, 1);
        assert!(still[0].sight.output.starts_with("an earlier run still hangs"), "{still:?}");
        // When it is back at last, what it says is of no interest, and it can be begun again.
        while runner.slots["hangs"].probe.is_none() {
            assert_eq!(runner.ended(Duration::ZERO), []);
            thread::sleep(Duration::from_millis(10));
        }
        begin(&mut runner, "hangs", "");
        assert_eq!(wait_for(&mut runner, 1)[0].sight, Sight::ok("fine"));
    }
}
