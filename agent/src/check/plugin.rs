//! `type = "plugin"`: any monitoring plugin of the Nagios and Icinga convention.
//!
//! Started without a shell and without our environment, in a process group of its own that is ended at the timeout with everything
//! the plugin started. Its output is believed as little as a stranger's: it is cut, redacted by the caller and never run.

mod perfdata;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use mailbeat_shared::text;
use mailbeat_shared::wire::check::CheckState;
use serde::Deserialize;

use super::probe::{Look, Probe, Sight};
use crate::os::command::{self, AskError, Ran};

/// Where plugins are that are named without a path: Debian, the Monitoring Plugins' own, Red Hat.
const PLACES: [&str; 3] =
    ["/usr/lib/nagios/plugins", "/usr/lib/monitoring-plugins", "/usr/lib64/nagios/plugins"];
/// Most of its output that is kept, in bytes.
const OUTPUT_BYTES: u64 = 64 * 1024;

/// A plugin as configured.
#[derive(Deserialize)]
#[serde(try_from = "Keys")]
pub struct Plugin {
    program: PathBuf,
    arguments: Vec<String>,
    environment: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    /// Program and arguments.
    command: Vec<String>,
    /// Variables it gets besides `PATH` and `LC_ALL`.
    #[serde(default)]
    environment: BTreeMap<String, String>,
}

impl TryFrom<Keys> for Plugin {
    type Error = String;

    fn try_from(keys: Keys) -> Result<Self, String> {
        let mut words = keys.command.into_iter();
        let program = words.next().filter(|program| !program.is_empty());
        let program = program.ok_or("`command` must be a list: the program, then its arguments")?;
        if program.contains(char::is_whitespace) {
            // What follows the first word may be a password.
            let first = program.split_whitespace().next().unwrap_or_default();
            return Err(format!(
                "`command` = [\"{first} ...\"]: each argument is a word of its own in the list; there is no shell to split it"
            ));
        }
        let program = match Path::new(&program) {
            path if path.is_absolute() => path.to_owned(),
            path if path.components().count() == 1 => found(&program),
            _ => {
                return Err(format!(
                    "`command`: {program:?} is neither an absolute path nor a plugin's name"
                ));
            }
        };
        Ok(Self { program, arguments: words.collect(), environment: keys.environment })
    }
}

/// The plugin of this name where plugins are; in the first place if it is nowhere, where it will be missed by name.
fn found(name: &str) -> PathBuf {
    let places = PLACES.map(|place| Path::new(place).join(name));
    places.iter().find(|path| path.exists()).unwrap_or(&places[0]).clone()
}

impl Probe for Plugin {
    fn look(&mut self, look: &mut Look<'_>) -> Sight {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).envs(&self.environment);
        match command::run(command, OUTPUT_BYTES, look.deadline) {
            Ok(ran) => sight(&ran),
            Err(AskError::TooSlow(program)) => Sight::unknown(format!(
                "{program} did not end in time; it was ended with everything it started"
            )),
            Err(AskError::NotThere(program)) => Sight::unknown(format!(
                "{program} is not there; on Debian the package monitoring-plugins-basic or -standard brings the usual ones"
            )),
            Err(error) => Sight::unknown(error.to_string()),
        }
    }

    fn doubt(&self) -> Option<String> {
        (!self.program.is_file()).then(|| format!("{} is not there", self.program.display()))
    }
}

/// What the plugin said.
fn sight(ran: &Ran) -> Sight {
    let out = String::from_utf8_lossy(&ran.out);
    let mut said = perfdata::split(&out);
    if said.text.trim().is_empty() {
        said.text = String::from_utf8_lossy(&ran.words).trim().to_owned();
    }
    let state = match ran.status.code() {
        Some(0) => CheckState::Ok,
        Some(1) => CheckState::Warning,
        Some(2) => CheckState::Critical,
        Some(3) => CheckState::Unknown,
        _ => {
            let (status, text) = (ran.status, text::one_line(&said.text, 300));
            return Sight::unknown(format!("the plugin ended with {status}, which is no verdict: {text}"));
        }
    };
    if said.text.is_empty() {
        said.text = "the plugin said nothing".into();
    }
    if ran.is_cut {
        said.text += &format!("\n(cut: it printed more than {OUTPUT_BYTES} bytes)");
    }
    Sight { state, output: said.text, values: said.values }
}

#[cfg(test)]
mod tests;
