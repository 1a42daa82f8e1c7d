//! Installing a service where no package did, decided as a value: what is written and what is run. Pure.
//!
//! The unit is the packaged one. Its fences stay as they are; only where program, configuration and state lie is said anew. What
//! could not work behind these fences is refused here, with a sentence, before anything is written.

pub mod unit;

use std::path::{Path, PathBuf};

/// Where an administrator's own units lie (systemd.unit(5)).
const UNITS: &str = "/etc/systemd/system";
/// Where a program goes that the service's user cannot start from where it lies.
pub(super) const PROGRAMS: &str = "/usr/local/bin";
/// Where packages put configurations.
const CONFIGURATIONS: &str = "/etc/mailbeat";

/// A service as its package has it.
#[derive(Clone, Copy, Debug)]
pub struct Service {
    /// The program's and the unit's name.
    pub name: &'static str,
    /// Where its configuration lies by default.
    pub config: &'static str,
    /// The packaged unit.
    pub unit: &'static str,
    /// The packaged line that makes its user (sysusers.d(5)).
    pub sysusers: &'static str,
    /// The command that shows whether its user can read all it needs.
    pub check: &'static [&'static str],
}

/// A file or directory, and the first place on the way to it that is closed to other users.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Where it is.
    pub path: PathBuf,
    /// What is closed, itself included.
    pub closed: Option<PathBuf>,
}

/// What the set-up decided, and what is found on the host.
#[derive(Clone, Debug)]
pub struct Found {
    /// The program that is running.
    pub program: Place,
    /// Its configuration.
    pub config: Place,
    /// Its state.
    pub state: Place,
    /// The environment says where the state is, which the service has to be told too.
    pub state_is_given: bool,
    /// Files beside the configuration that only the service's user may read.
    pub secrets: Vec<PathBuf>,
    /// The service's user is there already.
    pub has_user: bool,
    /// `systemd-sysusers` is there.
    pub has_sysusers: bool,
}

/// One thing that is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// A file is written, for all to read.
    Write(PathBuf, String),
    /// A command is run.
    Run(Vec<String>),
}

/// All that is done, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// What prepares the service.
    pub deeds: Vec<Deed>,
    /// Where the service's program will be.
    pub program: PathBuf,
    /// What starts it, now and with the host, once its user can read all it needs.
    pub start: Vec<String>,
}

impl Service {
    /// The user it runs as.
    #[must_use]
    pub fn user(&self) -> &'static str {
        self.value("User").unwrap_or("root")
    }

    /// What its unit says of a key.
    fn value(&self, key: &str) -> Option<&'static str> {
        self.unit.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='))
    }

    /// Where its unit lies if it was made here.
    #[must_use]
    pub fn unit_file(&self) -> PathBuf {
        Path::new(UNITS).join(format!("{}.service", self.name))
    }

    /// What is done to install it.
    ///
    /// # Errors
    /// Why it could not run like this, a sentence.
    pub fn plan(&self, found: &Found) -> Result<Plan, String> {
        for place in [&found.program, &found.config, &found.state] {
            is_plain(&place.path)?;
        }
        let (config, state) = (&found.config.path, &found.state.path);
        self.is_open(&found.config, Some(Path::new(CONFIGURATIONS)))?;
        self.is_open(&found.state, Some(state))?;
        let is_shared = state.components().count() < 3 || state == Path::new(unit::STATES);
        if is_shared || config.starts_with(state) || found.program.path.starts_with(state) {
            return Err(format!(
                "{} holds other things too, and would be given away as a whole: choose a state directory of its own.",
                state.display()
            ));
        }
        let (program, copied) = self.program(&found.program);
        let mut deeds = vec![];
        deeds.extend((!found.has_user).then(|| self.make_user(found.has_sysusers)));
        deeds.extend(copied);
        let closed = found.config.closed.as_ref().filter(|closed| *closed != config);
        deeds.extend(closed.map(|directory| run(&["chmod", "755", &shown(directory)])));
        let user = self.user();
        let both = format!("{user}:{user}");
        deeds.extend([
            run(&["chown", &format!("root:{user}"), &shown(config)]),
            run(&["chmod", "640", &shown(config)]),
        ]);
        deeds.extend(found.secrets.iter().map(|file| run(&["chown", &both, &shown(file)])));
        deeds.extend([
            run(&["install", "-d", "-m", "700", "-o", user, "-g", user, &shown(state)]),
            run(&["chown", "-R", &both, &shown(state)]),
            Deed::Write(self.unit_file(), unit::made(self, found, &program)),
            run(&["systemctl", "daemon-reload"]),
        ]);
        Ok(Plan { deeds, program, start: words(&["systemctl", "enable", "--now", self.name]) })
    }

    /// Whether the service's user comes to a place; `mended` is what may be closed, because the plan opens it.
    fn is_open(&self, place: &Place, mended: Option<&Path>) -> Result<(), String> {
        let path = &place.path;
        let closed = place.closed.as_ref().filter(|closed| *closed != path && mended != Some(closed));
        if let Some(hidden) = self.hides(path) {
            return Err(format!(
                "{} cannot be used by a service: it is kept away from {hidden}. Put it elsewhere.",
                path.display()
            ));
        }
        closed.map_or(Ok(()), |closed| {
            Err(format!(
                "{} cannot be read by the user {}: {} is closed to others. Put it elsewhere, or open that.",
                path.display(),
                self.user(),
                closed.display()
            ))
        })
    }

    /// The directory that the unit's fences hide and this path lies in.
    fn hides(&self, path: &Path) -> Option<&'static str> {
        let is_set = |key, value| self.value(key) == Some(value);
        let temporary = ["/tmp", "/var/tmp"].into_iter().filter(|_| is_set("PrivateTmp", "yes"));
        let home = ["/home", "/root", "/run/user"].into_iter().filter(|_| is_set("ProtectHome", "yes"));
        temporary.chain(home).find(|hidden| path.starts_with(hidden))
    }

    /// Where the program is started from, and what brings it there.
    fn program(&self, place: &Place) -> (PathBuf, Option<Deed>) {
        if self.hides(&place.path).is_none() && place.closed.is_none() {
            return (place.path.clone(), None);
        }
        let copy = Path::new(PROGRAMS).join(self.name);
        let (from, to) = (shown(&place.path), shown(&copy));
        let deed = match copy == place.path {
            true => run(&["chmod", "755", &to]),
            false => run(&["install", "-D", "-m", "755", &from, &to]),
        };
        (copy, Some(deed))
    }

    fn make_user(&self, has_sysusers: bool) -> Deed {
        let line = self.sysusers.trim();
        if has_sysusers {
            return run(&["systemd-sysusers", "--inline", line]);
        }
        let comment = line.split('"').nth(1).unwrap_or(self.name);
        let home = line.rsplit(' ').next().unwrap_or("/");
        run(&[
            "useradd",
            "--system",
            "--user-group",
            "--no-create-home",
            "--home-dir",
            home,
            "--shell",
            "/usr/sbin/nologin",
            "--comment",
            comment,
            self.user(),
        ])
    }
}

impl Plan {
    /// Everything, as a person reads it: files with all their lines, commands as they could be typed; `check` is what is run
    /// as the service's user before it starts.
    #[must_use]
    pub fn shown(&self, check: &str) -> String {
        let mut text = String::new();
        for deed in &self.deeds {
            text += &match deed {
                Deed::Run(command) => format!("  {}\n", typed(command)),
                Deed::Write(path, lines) => {
                    let lines: String = lines.lines().map(|line| format!("    {line}\n")).collect();
                    format!("  {}:\n{lines}", path.display())
                }
            };
        }
        text + &format!("  {check}\n  {}\n", typed(&self.start))
    }
}

/// A command as it could be typed.
#[must_use]
pub fn typed(command: &[String]) -> String {
    let quoted = |word: &String| match word.contains([' ', '"']) {
        true => format!("'{word}'"),
        false => word.clone(),
    };
    command.iter().map(quoted).collect::<Vec<_>>().join(" ")
}

/// Units and shells give some characters another meaning; no path here needs them.
fn is_plain(path: &Path) -> Result<(), String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "/._-+@,".contains(c);
    match path.is_absolute() && path.to_str().is_some_and(|path| path.chars().all(fits)) {
        true => Ok(()),
        false => Err(format!(
            "{} cannot stand in a unit: an absolute path of ASCII letters, digits and . _ - is needed.",
            path.display()
        )),
    }
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn run(command: &[&str]) -> Deed {
    Deed::Run(words(command))
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

#[cfg(test)]
mod tests;
