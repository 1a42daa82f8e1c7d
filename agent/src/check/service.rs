//! `type = "service"`: whether a service runs, by `systemctl show` or, under another init, by its pid file.

use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use mailbeat_shared::text;
use mailbeat_shared::wire::check::CheckState;
use serde::Deserialize;

use super::files;
use super::probe::{Look, Probe, Sight};
use crate::collect::host::Running;
use crate::os::{self, command};

/// Its values.
pub(super) const VALUES: &[&str] = &["restarts", "memory"];
/// What `systemctl` is asked for.
const PROPERTIES: &str =
    "--property=LoadState,ActiveState,SubState,Result,UnitFileState,NRestarts,MemoryCurrent,StatusText";

/// Most bytes of a pid file.
const PID_FILE_BYTES: u64 = 64;

/// The service to look at.
#[derive(Deserialize)]
#[serde(try_from = "Keys")]
pub(super) enum Service {
    Unit { unit: String, expect: Vec<String> },
    PidFile(PathBuf),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    /// A systemd unit.
    unit: Option<String>,
    /// The states of the unit that are well.
    expect: Option<Vec<String>>,
    /// The file with the process number, where there is no systemd.
    pid_file: Option<PathBuf>,
}

impl TryFrom<Keys> for Service {
    type Error = String;

    fn try_from(keys: Keys) -> Result<Self, String> {
        match keys {
            Keys { unit: Some(unit), expect, pid_file: None } => {
                if unit.is_empty() || unit.starts_with('-') || unit.contains(char::is_whitespace) {
                    return Err(format!("`unit` = {unit:?} is no unit's name"));
                }
                let expect = expect.unwrap_or_else(|| vec!["active".into()]);
                if expect.is_empty() {
                    return Err("`expect` names no state; a unit that may be anything needs no check".into());
                }
                Ok(Self::Unit { unit, expect })
            }
            Keys { unit: None, expect: None, pid_file: Some(file) } => Ok(Self::PidFile(file)),
            Keys { unit: None, pid_file: Some(_), .. } => {
                Err("`expect` goes with `unit`, not with `pid_file`".into())
            }
            _ => Err("a service is named by `unit` or by `pid_file`, one of them".into()),
        }
    }
}

impl Probe for Service {
    fn look(&mut self, look: &mut Look<'_>) -> Sight {
        match self {
            Self::Unit { unit, expect } => {
                match command::ask("systemctl", &["show", PROPERTIES, "--", unit], look.deadline) {
                    Ok(shown) => judge(unit, expect, &shown, look.memory),
                    Err(error) => Sight::unknown(format!("systemd cannot be asked about {unit}: {error}")),
                }
            }
            Self::PidFile(file) => by_pid_file(file),
        }
    }
}

/// What `systemctl show` says of the unit. The number of restarts is remembered in `memory`, and what came since is counted.
fn judge(unit: &str, expect: &[String], shown: &str, memory: &mut serde_json::Value) -> Sight {
    let properties: BTreeMap<&str, &str> = shown.lines().filter_map(|line| line.split_once('=')).collect();
    let says = |name: &str| properties.get(name).copied().unwrap_or_default();
    let (load, active, sub) = (says("LoadState"), says("ActiveState"), says("SubState"));
    if load == "not-found" {
        return Sight::critical(format!("{unit} is not installed"));
    }
    if active.is_empty() {
        return Sight::unknown(format!("systemd does not tell the state of {unit}"));
    }
    let mut words = format!("{unit} is {active} ({sub})");
    let result = says("Result");
    if !matches!(result, "" | "success") {
        words += &format!(", its last result is {result}");
    }
    if load == "masked" || says("UnitFileState") == "masked" {
        words += ", it is masked";
    }
    let status = text::one_line(says("StatusText"), 200);
    if !status.is_empty() {
        words += &format!(": {status}");
    }
    let state = match active {
        _ if expect.iter().any(|state| state == active) => CheckState::Ok,
        "activating" | "deactivating" | "reloading" => CheckState::Warning,
        _ => CheckState::Critical,
    };
    let mut sight = Sight { state, ..Sight::ok(words) };
    if let Ok(restarts) = says("NRestarts").parse::<u32>() {
        let before = memory.as_u64().and_then(|before| u32::try_from(before).ok());
        // Fewer than before: the unit was started by hand, and systemd counts anew.
        let since = before.map_or(0, |before| if restarts >= before { restarts - before } else { restarts });
        *memory = restarts.into();
        sight = sight.counting("restarts", f64::from(since), "{restart}");
    }
    // 2^64 - 1 where it is not accounted.
    match says("MemoryCurrent").parse::<f64>() {
        Ok(bytes) if bytes < 1e18 => sight.with("memory", bytes, "By"),
        _ => sight,
    }
}

/// The file is the service's own: it is not waited for, and no more of it is read than a number needs.
fn by_pid_file(file: &Path) -> Sight {
    let name = os::encode_path(file);
    let mut bytes = vec![];
    let read = files::open(file).and_then(|opened| opened.take(PID_FILE_BYTES + 1).read_to_end(&mut bytes));
    match read {
        Ok(read) if read as u64 > PID_FILE_BYTES => {
            return Sight::unknown(format!("{name} is longer than a process number"));
        }
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Sight::critical(format!("{name} is not there, so the service does not run"));
        }
        Err(error) => return Sight::unknown(format!("{name}: {error}")),
    };
    match String::from_utf8_lossy(&bytes).trim().parse::<u32>() {
        Ok(pid) if Running::with_pid(pid) => Sight::ok(format!("process {pid} of {name} runs")),
        Ok(pid) => Sight::critical(format!("process {pid} of {name} does not run")),
        Err(_) => Sight::unknown(format!("{name} holds no process number")),
    }
}

#[cfg(test)]
mod tests;
