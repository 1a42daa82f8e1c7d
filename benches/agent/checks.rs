//! Fifty checks: how many the agent runs in a second, and what they need while it lives with them.
//!
//! A third are real plugins, each a process of its own; the others look by themselves, at files, logs, a port and a web service.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::ensure;
use mailbeat_agent::check::Tracks;
use mailbeat_agent::check::once::look_once;
use mailbeat_agent::config::{Config, RedactConfig};
use mailbeat_agent::redact::Redactor;
use mailbeat_agent::redact::pseudonym::Names;
use mailbeat_shared::clock::Clock;
use mailbeat_shared::config_file;
use mailbeat_shared::wire::check::CheckState;
use mailbeat_tests::site::{Web, aged};

/// How many.
pub(crate) const COUNT: usize = 50;
/// Turns; the median counts.
const TURNS: usize = 5;

/// What there is to look at.
pub(crate) struct Checks {
    dir: PathBuf,
    web: Web,
}

impl Checks {
    /// Makes the files and starts the web service.
    pub(crate) fn prepare(dir: &Path) -> anyhow::Result<Self> {
        let checks = Self { dir: dir.to_owned(), web: Web::start()? };
        checks.web.says("/health", 200, r#"{"status": "healthy"}"#);
        aged(&dir.join("backup.tar"), "a backup", Duration::from_secs(3_600))?;
        fs::write(dir.join("app.log"), "INFO started\n".repeat(1_000))?;
        Ok(checks)
    }

    /// As the end of a configuration.
    pub(crate) fn config(&self) -> String {
        let (dir, port) = (self.dir.display(), self.web.port());
        let kinds = [
            "type = 'plugin'\ncommand = ['check_dummy', '0', 'fine']".to_owned(),
            format!(
                "type = 'http'\nurl = 'http://127.0.0.1:{port}/health'\njson = [{{ at = '/status', is = 'healthy' }}]"
            ),
            "type = 'plugin'\ncommand = ['check_procs', '-w', '1:']".to_owned(),
            format!("type = 'log'\nfiles = '{dir}/app.log'\nmatch = ['ERROR']\nwarning = {{ matches = 0 }}"),
            format!("type = 'tcp'\nhost = '127.0.0.1'\nport = {port}"),
            format!("type = 'file'\nfiles = '{dir}/backup.tar'\nwarning = {{ newest_age = 90000 }}"),
        ];
        let check = |(number, kind)| format!("\n[[check]]\nname = 'check {number}'\n{kind}\n");
        kinds.iter().cycle().take(COUNT).enumerate().map(check).collect()
    }

    /// Checks a second, as many side by side as the agent runs by default; each must be well.
    pub(crate) fn per_second(&self) -> anyhow::Result<f64> {
        let config: Config = config_file::parse(Path::new("agent.toml"), &self.config())?;
        let redactor = Redactor::new([7; 32], &RedactConfig::default(), Names::default())?;
        let mut speeds = vec![];
        for _ in 0..TURNS {
            let (began, now) = (Instant::now(), Clock::system().now());
            let seen = look_once(&config.check, config.checks_at_once, &Tracks::default(), &redactor, now);
            let unwell = seen.iter().find(|seen| seen.result.state != CheckState::Ok);
            ensure!(seen.len() == COUNT && unwell.is_none(), "{} checks, and {unwell:?}", seen.len());
            speeds.push(COUNT as f64 / began.elapsed().as_secs_f64());
        }
        speeds.sort_by(f64::total_cmp);
        Ok(speeds[TURNS / 2])
    }
}
