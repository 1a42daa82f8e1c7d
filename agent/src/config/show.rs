//! `config show`: what is in force, secrets hidden.

use mailbeat_shared::dns::DnsSettings;
use mailbeat_shared::locale::Locale;
use serde::Serialize;

use super::{Config, Copies, Goodbye, LogLevel, RedactConfig};
use crate::collect::CollectConfig;
use crate::render::SubjectStyle;
use crate::trail::Retention;
use crate::watch::WatchConfig;

#[derive(Serialize)]
struct Shown<'a> {
    state_dir: &'a std::path::Path,
    log: LogLevel,
    #[serde(skip_serializing_if = "Option::is_none")]
    locale: Option<Locale>,
    subject: SubjectStyle,
    #[serde(skip_serializing_if = "Option::is_none")]
    heartbeat_interval_s: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    system_interval_s: Option<u32>,
    queue_reports: usize,
    queue_bytes: u64,
    queue_days: u32,
    mails_per_hour: u32,
    goodbye: Goodbye,
    include: &'a [std::path::PathBuf],
    checks_at_once: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    host_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    machine_id: Option<&'a str>,
    cc: &'a Copies,
    trail: Retention,
    collect: &'a CollectConfig,
    watch: &'a WatchConfig,
    redact: &'a RedactConfig,
    dns: &'a DnsSettings,
    route: Vec<&'a toml::Table>,
}

#[derive(Serialize)]
struct Checks<'a> {
    check: [&'a toml::Table; 1],
}

impl Config {
    /// The configuration as TOML, with every default, without secrets.
    ///
    /// # Panics
    /// Never: it came from TOML.
    #[must_use]
    pub fn shown(&self) -> String {
        let shown = Shown {
            state_dir: &self.state_dir,
            log: self.log,
            locale: self.locale,
            subject: self.subject,
            heartbeat_interval_s: self.heartbeat_interval_s,
            system_interval_s: self.system_interval_s,
            queue_reports: self.queue_reports,
            queue_bytes: self.queue_bytes,
            queue_days: self.queue_days,
            mails_per_hour: self.mails_per_hour,
            goodbye: self.goodbye,
            host_name: self.host_name.as_deref(),
            machine_id: self.machine_id.as_deref(),
            cc: &self.cc,
            trail: self.trail,
            collect: &self.collect,
            watch: &self.watch,
            redact: &self.redact,
            include: &self.include,
            checks_at_once: self.checks_at_once,
            dns: &self.dns,
            route: self.route.iter().map(|route| &route.shown).collect(),
        };
        let mut text = toml::to_string(&shown).expect("a configuration is plain TOML");
        for check in &self.check {
            let from =
                check.file.as_ref().map_or_else(String::new, |file| format!("# from {}\n", file.display()));
            let table = toml::to_string(&Checks { check: [&check.shown] });
            text += &format!("\n{from}{}", table.expect("a configuration is plain TOML"));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use mailbeat_shared::config_file;

    use super::*;

    #[test]
    fn what_is_shown_can_be_read_again_and_holds_no_password() {
        let text = "[[route]]\ntype = 'smtp'\nfrom = 'a@b.example'\nhost = 'mail'\nusername = 'u'\npassword = 'geheim'\n";
        let config: Config = config_file::parse(Path::new("agent.toml"), text).unwrap();
        let shown = config.shown();
        assert!(shown.contains("(hidden)") && !shown.contains("geheim"), "{shown}");
        assert!(!format!("{config:?}").contains("geheim"));
        let again: Config = config_file::parse(Path::new("shown"), &shown).unwrap();
        assert_eq!(again.shown(), shown);
    }
}
