//! `agent.toml`: what the customer's administrator decides.
//!
//! Written by a person: an unknown key is refused with line and suggestion, and [`check()`] says everything else that will not
//! work before `run` finds out. Secrets never print.

mod check;
mod goodbye;
mod include;
mod route;
pub(crate) mod secrets;
mod show;

use std::path::{Path, PathBuf};

use mailbeat_shared::clock::Clock;
use mailbeat_shared::config_file::{self, ConfigError};
use mailbeat_shared::dns::DnsSettings;
pub use mailbeat_shared::locale::Locale;
use mailbeat_shared::wire::contract::Contract;
use mailbeat_shared::wire::id::Digest;
use mailbeat_shared::wire::report::Kind;
use mailbeat_shared::wire::sealed::EncryptionKey;
use serde::{Deserialize, Serialize};

pub use check::{Finding, check, faults, missing, state_dir};
pub use goodbye::Goodbye;
pub use route::{RouteConfig, RouteKind};

use crate::check::CheckConfig;
use crate::collect::CollectConfig;
use crate::home::Home;
use crate::redact::pseudonym;
use crate::render::SubjectStyle;
use crate::schedule::Wish;
use crate::trail::Retention;
use crate::watch::{Own, WatchConfig};

/// Where the file is if nobody says otherwise.
pub const DEFAULT_PATH: &str = "/etc/mailbeat/agent.toml";

/// The whole configuration; every key has a default except what a route needs.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where the agent keeps its state.
    pub state_dir: PathBuf,
    /// How much is logged.
    pub log: LogLevel,
    /// The language of the readable parts; the contract may name one, and English is the last word.
    pub locale: Option<Locale>,
    /// Which subject mails have.
    pub subject: SubjectStyle,
    /// Whether reports are encrypted for the vendor; then subject and text say only the number.
    pub encrypt: bool,
    /// Whom they are encrypted for besides: the customer's own keys.
    pub encrypt_to: Vec<EncryptionKey>,
    /// Seconds from one heartbeat to the next; the contract bounds it.
    pub heartbeat_interval_s: Option<u32>,
    /// Seconds from one system report to the next; the contract bounds it.
    pub system_interval_s: Option<u32>,
    /// Most reports waiting; over it the oldest is dropped and named as lost.
    pub queue_reports: usize,
    /// Most bytes of the reports waiting; over it the oldest is dropped and named as lost.
    pub queue_bytes: u64,
    /// Days a report waits at most; after them it is dropped and named as lost.
    pub queue_days: u32,
    /// Most mails that leave in an hour, copies included; never less than twice what is promised.
    pub mails_per_hour: u32,
    /// Whether the agent says goodbye when it is stopped.
    pub goodbye: Goodbye,
    /// Who gets copies.
    pub cc: Copies,
    /// How long the trail is kept.
    pub trail: Retention,
    /// The name reports give this host, where the operating system's own says nothing, as in containers.
    pub host_name: Option<String>,
    /// Names this machine where the operating system's own id does not last, as in containers.
    pub machine_id: Option<String>,
    /// What is measured.
    pub collect: CollectConfig,
    /// Which files are watched.
    pub watch: WatchConfig,
    /// What is hidden besides what always is.
    pub redact: RedactConfig,
    /// Files whose checks and watch rules are added, relative to this one: ready-made profiles.
    pub include: Vec<PathBuf>,
    /// How many checks run side by side at most.
    pub checks_at_once: usize,
    /// What is checked, those of included files last.
    pub check: Vec<CheckConfig>,
    /// Whom `test` and the wizard ask about mail domains.
    pub dns: DnsSettings,
    /// The ways out, in order. Without any, the contract's relay is used.
    pub route: Vec<RouteConfig>,
    /// Plain digest of the text of the file and of those it includes. It stays here: see [`Config::digest()`].
    #[serde(skip)]
    pub digest: Option<Digest>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            state_dir: "/var/lib/mailbeat-agent".into(),
            log: LogLevel::default(),
            locale: None,
            encrypt: false,
            encrypt_to: vec![],
            subject: SubjectStyle::default(),
            heartbeat_interval_s: None,
            system_interval_s: None,
            queue_reports: 2_000,
            queue_bytes: 256 * 1024 * 1024,
            queue_days: 60,
            mails_per_hour: 60,
            goodbye: Goodbye::default(),
            cc: Copies::default(),
            trail: Retention::default(),
            host_name: None,
            machine_id: None,
            collect: CollectConfig::default(),
            watch: WatchConfig::default(),
            redact: RedactConfig::default(),
            include: vec![],
            checks_at_once: 4,
            dns: DnsSettings::default(),
            check: vec![],
            route: vec![],
            digest: None,
        }
    }
}

/// How much is logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// Only what failed.
    Error,
    /// And what may fail soon.
    Warn,
    /// And what was done.
    #[default]
    Info,
    /// And why.
    Debug,
}

/// Who gets copies of which kind of report. Copies never delay the report itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Copies {
    /// Of heartbeats; better nobody.
    pub heartbeat: Vec<String>,
    /// Of system reports.
    pub system: Vec<String>,
    /// Of the enrollment.
    pub enrollment: Vec<String>,
    /// Of notices.
    pub notice: Vec<String>,
    /// Of tests.
    pub test: Vec<String>,
}

impl Copies {
    /// Who gets copies of this kind.
    #[must_use]
    pub fn of(&self, kind: Kind) -> &[String] {
        match kind {
            Kind::Heartbeat => &self.heartbeat,
            Kind::System => &self.system,
            Kind::Enrollment => &self.enrollment,
            Kind::Notice => &self.notice,
            Kind::Test => &self.test,
        }
    }
}

/// What is hidden besides what always is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct RedactConfig {
    /// Regular expressions; of one with a group the first group is hidden, else the whole match.
    pub patterns: Vec<String>,
    /// What is told by stable pseudonyms instead of by its name.
    pub pseudonyms: Vec<pseudonym::Kind>,
    /// Hosts to be disguised besides those this host knows.
    pub hosts: Vec<String>,
    /// People to be disguised besides those with an account here.
    pub users: Vec<String>,
}

impl Config {
    /// Reads the file and what `MAILBEAT_STATE_DIR`, `MAILBEAT_MACHINE_ID` and `MAILBEAT_LOG` override.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn load(path: &Path, env: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| ConfigError::Unreadable { path: path.to_owned(), error })?;
        let mut config: Self = config_file::parse(path, &text)?;
        include::unique(path, &text, &config.check)?;
        let text = include::add(&mut config, path, text)?;
        config.digest = Some(Digest::of(text.as_bytes()));
        if let Some(dir) = env("MAILBEAT_STATE_DIR") {
            config.state_dir = dir.into();
        }
        let tokens = Home::new(&config.state_dir).tokens();
        config.route.iter_mut().for_each(|route| route.keep_tokens(&tokens, &Clock::system()));
        config.machine_id = env("MAILBEAT_MACHINE_ID").or(config.machine_id);
        if let Some(level) = env("MAILBEAT_LOG") {
            let named: Named = config_file::parse(Path::new("MAILBEAT_LOG"), &format!("log = {level:?}"))?;
            config.log = named.log;
        }
        Ok(config)
    }

    /// What the schedule may wish for.
    #[must_use]
    pub fn wish(&self) -> Wish {
        Wish { heartbeat_interval_s: self.heartbeat_interval_s, system_interval_s: self.system_interval_s }
    }

    /// The language of the readable parts under this contract.
    #[must_use]
    pub fn locale_under(&self, contract: &Contract) -> Locale {
        self.locale.or(contract.locale).unwrap_or_default()
    }

    /// The digest that reports name, so that a changed configuration shows. Keyed with the system's fingerprint key: the file may hold a
    /// password, and with a plain digest whoever knows the rest of the file could try passwords until one fits.
    #[must_use]
    pub fn digest(&self, fingerprint_key: &[u8; 32]) -> Digest {
        let plain = self.digest.unwrap_or_else(|| Digest::of(b""));
        Digest::keyed(fingerprint_key, format!("configuration {plain}").as_bytes())
    }

    /// What is the agent's own and never watched: the files with secrets that routes and checks name, and the state directory.
    #[must_use]
    pub fn own(&self) -> Own {
        let routes = self.route.iter().flat_map(|route| secrets::files(&route.shown));
        let checks = self.check.iter().flat_map(CheckConfig::secret_files);
        Own { secrets: routes.chain(checks).collect(), state_dir: self.state_dir.clone() }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    log: LogLevel,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Config, String> {
        config_file::parse(Path::new("agent.toml"), text).map_err(|error| error.to_string())
    }

    #[test]
    fn an_empty_file_is_a_whole_configuration() {
        let config = parse("").unwrap();
        assert_eq!(config.state_dir, Path::new("/var/lib/mailbeat-agent"));
        assert_eq!(config.wish(), Wish::default());
        assert!(config.cc.of(Kind::Heartbeat).is_empty() && config.route.is_empty());
    }

    #[test]
    fn the_language_is_the_administrators_choice_then_the_contracts_then_english() {
        let mut contract = crate::testing::contract();
        let under = |text: &str, contract: &Contract| parse(text).unwrap().locale_under(contract);
        assert_eq!(under("", &contract), Locale::En);
        contract.locale = Some(Locale::De);
        assert_eq!(under("", &contract), Locale::De);
        assert_eq!(under("locale = 'en'", &contract), Locale::En);
        assert!(parse("locale = 'fr'").unwrap_err().contains("fr"), "an unknown language is refused");
    }

    #[test]
    fn a_mistyped_key_of_a_route_is_named_with_its_line_and_what_was_meant() {
        let refused = parse("subject = 'plain'\n\n[[route]]\nname = 'office'\ntype = 'smtp'\nfrom = 'a@b.example'\nhots = 'mail'\n")
            .unwrap_err();
        assert!(
            refused.starts_with("agent.toml, line 3") || refused.starts_with("agent.toml, line 4"),
            "{refused}"
        );
        assert!(refused.contains("unknown key `hots`; did you mean `host`?"), "{refused}");
        let refused = parse("heartbeat_interval = 5").unwrap_err();
        assert!(refused.contains("did you mean `heartbeat_interval_s`?"), "{refused}");
    }

    #[test]
    fn a_password_without_its_quotes_is_refused_without_being_repeated() {
        let route = "[[route]]\ntype = 'smtp'\nfrom = 'a@b.example'\nhost = 'mail'\n";
        for (key, words) in [
            ("password = 739201", "`password` must be a text in quotes"),
            ("password = true", "`password` must be a text in quotes"),
            ("password_file = 739201", "`password_file` must be a text in quotes"),
            ("username = 739201", "expected a string"),
            ("proxy = { host = 'p', password_file = 739201 }", "expected path string"),
            (
                "oauth = { provider = 'google', grant = 'device_code', client_secret_file = 739201 }",
                "expected path string",
            ),
        ] {
            let refused = parse(&format!("{route}{key}\n")).unwrap_err();
            assert!(refused.starts_with("agent.toml, line ") && refused.contains(words), "{refused}");
            assert!(!refused.contains("739201"), "{refused}");
        }
    }

    #[test]
    fn the_digest_that_leaves_cannot_be_tried_out_without_the_systems_key() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("agent.toml");
        let text = "[[route]]\ntype = 'smtp'\nfrom = 'a@b.example'\nhost = 'mail'\npassword = '739201'\n";
        std::fs::write(&path, text).unwrap();
        let digest = |key: u8| Config::load(&path, |_| None).unwrap().digest(&[key; 32]);
        assert_ne!(digest(1), Digest::of(text.as_bytes()));
        assert_ne!(digest(1), digest(2));
        let before = digest(1);
        std::fs::write(&path, text.replace("739201", "739202")).unwrap();
        assert_ne!(digest(1), before, "a changed configuration shows");
    }

    #[test]
    fn the_environment_overrides_state_and_log() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("agent.toml");
        std::fs::write(&path, "log = 'warn'\n").unwrap();
        let env = |name: &str| match name {
            "MAILBEAT_STATE_DIR" => Some("/tmp/x".to_owned()),
            "MAILBEAT_LOG" => Some("debug".to_owned()),
            _ => None,
        };
        let config = Config::load(&path, env).unwrap();
        assert_eq!((config.state_dir.as_path(), config.log), (Path::new("/tmp/x"), LogLevel::Debug));
        assert!(Config::load(&path, |_| Some("loud".into())).is_err());
    }
}
