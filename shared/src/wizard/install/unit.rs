//! The packaged unit with the places of this host. Pure.

use std::path::Path;

use super::{Deed, Found, Plan, Service};

/// What `StateDirectory=` is below of (systemd.exec(5)).
pub(super) const STATES: &str = "/var/lib";
/// The first line of a unit made here.
const MARK: &str = "# Made by `setup` from the packaged unit, for a host without the package.\n";

/// Every line of the packaged one, but for where things lie.
pub(super) fn made(service: &Service, found: &Found, program: &Path) -> String {
    let (config, state) = (&found.config.path, &found.state.path);
    let packaged = Path::new(STATES).join(service.name);
    let below = state.strip_prefix(STATES).ok().map(Path::display);
    let mut unit = MARK.to_owned();
    for line in service.unit.lines() {
        let made = match line.split_once('=') {
            Some(("ExecStart", _)) => {
                let mut command = format!("ExecStart={} run", program.display());
                if config != Path::new(service.config) {
                    command += &format!(" --config {}", config.display());
                }
                if found.state_is_given {
                    command += &format!("\nEnvironment=MAILBEAT_STATE_DIR={}", state.display());
                }
                command
            }
            Some(("ConditionPathExists", path)) => {
                let rest = Path::new(path).strip_prefix(&packaged).unwrap_or(Path::new(""));
                format!("ConditionPathExists={}", state.join(rest).display())
            }
            Some(("StateDirectory", _)) => match &below {
                Some(below) => format!("StateDirectory={below}"),
                None => format!("ReadWritePaths={}", state.display()),
            },
            Some(("StateDirectoryMode", _)) if below.is_none() => continue,
            _ => line.to_owned(),
        };
        unit += &(made + "\n");
    }
    unit
}

/// Whether a unit was made here, for other places or by another version than this plan's.
#[must_use]
pub fn is_outdated(unit: &str, plan: &Plan) -> bool {
    let is_it = |deed: &Deed| matches!(deed, Deed::Write(_, text) if text == unit);
    unit.starts_with(MARK) && !plan.deeds.iter().any(is_it)
}
