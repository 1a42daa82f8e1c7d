//! The host this program runs on, through the collecting rooms.

use std::time::{Duration, Instant};

use mailbeat_shared::clock::Clock;
use mailbeat_shared::transport::oauth::OAuthSettings;
use mailbeat_shared::wire::observation::Observation;

use super::{Files, Found, HostFacts, Inventory, Senses};
use crate::check::probe::Sight;
use crate::check::runner::{Ended, Run, Runner};
use crate::collect::host::HostProbe;
use crate::collect::{Aside, accounts, collect, inventory};
use crate::config::{Config, RedactConfig};
use crate::item::{self, Item};
use crate::os;
use crate::redact::Redactor;
use crate::redact::pseudonym::Names;
use crate::watch::{self, Own, WatchConfig, Watched};

/// How long the first CPU sample takes, where none was taken before.
const FIRST_SAMPLE: Duration = Duration::from_millis(250);
/// What a collector is given beyond its budget to say itself that it was too slow, and with what.
const GRACE: Duration = Duration::from_secs(5);

/// The operating system's own word.
pub struct ThisHost {
    config: Config,
    /// The routes that sign in by OAuth, with their accounts.
    accounts: Vec<(String, OAuthSettings)>,
    /// `None` until the first measurement, or where the host cannot be measured.
    probe: Option<HostProbe>,
    watching: Aside<Found<Files>>,
    looking: Aside<Found<Inventory>>,
    /// `None` until the first check begins.
    runner: Option<Runner>,
}

impl ThisHost {
    /// Looks at what the configuration allows.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        Self {
            config: config.clone(),
            accounts: config.accounts(),
            probe: None,
            watching: Aside::default(),
            looking: Aside::default(),
            runner: None,
        }
    }

    /// What is switched on and agreed to.
    fn permitted(&self, consented: &[String]) -> Vec<Item> {
        item::permitted(&self.config, consented)
    }
}

impl Senses for ThisHost {
    fn host(&mut self) -> HostFacts {
        let facts = HostProbe::facts();
        HostFacts {
            name: self.config.host_name.clone().unwrap_or(facts.host_name),
            uptime_s: facts.uptime_s,
            boot_id: facts.boot_id,
            machine_id: self.config.machine_id.clone().or(facts.machine_id),
            names: if self.config.redact.pseudonyms.is_empty() {
                Names::default()
            } else {
                os::known_names()
            },
        }
    }

    fn observe(&mut self, consented: &[String]) -> Found<Vec<Observation>> {
        let mut problems: Vec<String> = Vec::new();
        if self.probe.is_none() {
            match HostProbe::new() {
                Ok(probe) => self.probe = Some(probe),
                Err(error) => problems.push(error.to_string()),
            }
        }
        let permitted = self.permitted(consented);
        let Some(probe) = &mut self.probe else { return Found { value: vec![], problems } };
        let mut collected = collect(&permitted, probe, FIRST_SAMPLE);
        if permitted.contains(&Item::Accounts) {
            collected.run(Item::Accounts, || accounts(&self.accounts, Clock::system().now()));
        }
        problems.extend(collected.problems);
        Found { value: collected.observations, problems }
    }

    fn watch(&mut self, consented: &[String], key: &[u8; 32]) -> Found<Files> {
        if !self.permitted(consented).contains(&Item::WatchedFiles) {
            return Found::default();
        }
        let (config, hidden) = (self.config.watch.clone(), self.config.redact.clone());
        let (own, key) = (self.config.own(), *key);
        let look = move || watched(&config, &own, &hidden, &key);
        let watched = self.watching.ask(watch::TIME_BUDGET + GRACE, look);
        watched.unwrap_or_else(|why| without(Files::nothing_seen(), "watched files", &why))
    }

    fn inventory(&mut self, consented: &[String]) -> Found<Inventory> {
        let permitted = self.permitted(consented);
        let look = move || {
            let deadline = Instant::now() + inventory::TIME_BUDGET;
            let (value, problems) = inventory::inventory(&permitted, deadline);
            Found { value, problems }
        };
        let found = self.looking.ask(inventory::TIME_BUDGET + GRACE, look);
        found.unwrap_or_else(|why| without(Inventory::default(), "inventory", &why))
    }

    fn begin_check(&mut self, run: Run) {
        self.runner.get_or_insert_with(|| Runner::new(&self.config.check)).begin(run);
    }

    fn ended_checks(&mut self, key: &[u8; 32], wait: Duration) -> Vec<Ended> {
        let mut ended = self.runner.as_mut().map_or_else(Vec::new, |runner| runner.ended(wait));
        if ended.is_empty() {
            return ended;
        }
        let redactor = Redactor::new(*key, &self.config.redact, os::known_names());
        for run in &mut ended {
            let sight = std::mem::replace(&mut run.sight, Sight::ok(""));
            run.sight = match &redactor {
                Ok(redactor) => sight.safe(redactor),
                // What the customer's own patterns would hide must not leave.
                Err(error) => sight.without_words(&format!("its output is not told: {error}")),
            };
        }
        ended
    }
}

/// The watched files; may never come back.
fn watched(config: &WatchConfig, own: &Own, hidden: &RedactConfig, key: &[u8; 32]) -> Found<Files> {
    let redactor = match Redactor::new(*key, hidden, os::known_names()) {
        Ok(redactor) => redactor,
        // Without the customer's own patterns nothing is read: what they would hide must not leave.
        Err(error) => {
            let problems = vec![format!("no file was read: {error}")];
            return Found { value: Files::nothing_seen(), problems };
        }
    };
    let watched = watch::watch(config, own, &redactor, key, Instant::now() + watch::TIME_BUDGET);
    let mut problems = watched.problems.clone();
    problems.extend(
        watched
            .unreadable
            .iter()
            .map(|file| format!("{}: {}; to allow it: {}", file.path, file.why, file.fix)),
    );
    let Watched { snapshot, whole, truncated: cut, unseen, .. } = watched;
    Found { value: Files { snapshot, whole, cut, unseen }, problems }
}

/// What is told instead of what did not answer.
fn without<T>(value: T, what: &str, why: &str) -> Found<T> {
    tracing::warn!("{what}: {why}");
    Found { value, problems: vec![format!("{what}: {why}")] }
}

#[cfg(test)]
mod tests {
    use mailbeat_shared::config_file;
    use std::path::Path;

    use super::*;

    #[test]
    fn what_nobody_agreed_to_is_not_measured() {
        let mut host = ThisHost::new(&Config::default());
        let found = host.observe(&["memory".to_owned()]);
        assert!(
            found.value.iter().all(|observation| observation.name.starts_with("system.memory")),
            "{:?}",
            found.value
        );
        assert!(!found.value.is_empty());
        assert_eq!(host.watch(&[], &[0; 32]), Found::default());
        assert_eq!(host.inventory(&[]), Found::default());
        let only = host.inventory(&["kernel".to_owned()]).value;
        assert!(
            only.facts.keys().all(|name| name.starts_with("os.kernel")) && only.packages.is_none(),
            "{only:?}"
        );
    }

    #[test]
    fn what_hangs_is_named_costs_nothing_else_and_calls_no_file_removed() {
        let config: Config =
            config_file::parse(Path::new("agent.toml"), "watch.include = ['/etc/hosts']").unwrap();
        let mut host = ThisHost::new(&config);
        let (release, held) = std::sync::mpsc::channel::<()>();
        let hangs = move || {
            let _ = held.recv();
            Found::default()
        };
        host.watching.ask(Duration::ZERO, hangs).unwrap_err();
        let watched = host.watch(&["watched files".to_owned()], &[1; 32]);
        assert!(watched.value.cut && watched.value.snapshot.is_empty(), "{watched:?}");
        assert!(watched.problems[0].starts_with("watched files: no answer yet"), "{watched:?}");
        let kernel = host.inventory(&["kernel".to_owned()]);
        assert!(kernel.value.facts.contains_key("os.kernel") && kernel.problems.is_empty(), "{kernel:?}");
        drop(release);
    }

    #[test]
    fn a_pattern_of_the_customers_that_cannot_be_used_keeps_every_file_at_home_and_calls_none_removed() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a.conf");
        std::fs::write(&file, "a = 1\n").unwrap();
        let config = |pattern: &str| -> Config {
            let text = format!("watch.include = ['{}']\nredact.patterns = ['{pattern}']\n", file.display());
            config_file::parse(Path::new("agent.toml"), &text).unwrap()
        };
        let watch = |pattern| ThisHost::new(&config(pattern)).watch(&["watched files".to_owned()], &[1; 32]);
        assert_eq!(watch("x").value.snapshot.len(), 1);
        let refused = watch("(");
        assert!(
            refused.value.snapshot.is_empty() && refused.problems[0].starts_with("no file was read"),
            "{refused:?}"
        );
        assert!(refused.value.may_miss("/etc/a.conf"), "{refused:?}");
    }

    #[test]
    fn the_password_file_that_the_configuration_names_stays_at_home_when_its_directory_is_watched() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name).display().to_string();
        std::fs::write(at("office"), "hunter2hunter2\n").unwrap();
        std::fs::create_dir(at("state")).unwrap();
        std::fs::write(at("state/identity.toml"), "hunter2hunter2\n").unwrap();
        let text = format!(
            "state_dir = '{}'\nwatch.include = ['{}/**']\n[[route]]\ntype = 'smtp'\nfrom = 'a@b.example'\nhost = 'mail'\n\
             username = 'u'\npassword_file = '{}'\n",
            at("state"),
            dir.path().display(),
            at("office")
        );
        let config: Config = config_file::parse(Path::new("agent.toml"), &text).unwrap();
        let found = ThisHost::new(&config).watch(&["watched files".to_owned()], &[1; 32]);
        assert_eq!(found.value.snapshot.len(), 2, "they are named: {found:?}");
        assert!(found.value.snapshot.values().all(|file| file.entry.digest.is_none()), "{found:?}");
        assert!(!format!("{found:?}").contains("hunter2"), "{found:?}");
    }
}
