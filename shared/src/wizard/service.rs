//! The service at the end of a set-up: started where it is installed, and where it is not, installed after a person agreed to
//! every file and every command of the [`Plan`].
//!
//! What fails is told and ends it there; what was done until then stays, and doing all of it again is harmless.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::install::{Deed, Found, Place, Plan, Service, typed, unit};
use super::stage::Stage;
use super::{Asker, Reply};
use crate::durable::{self, Access};
use crate::owner::{Owner, closed_at};

/// Where systemd is at work (sd_booted(3)).
const SYSTEMD: &str = "/run/systemd/system";

/// Where a set-up put things.
#[derive(Clone, Debug)]
pub struct Places<'a> {
    /// The configuration.
    pub config: &'a Path,
    /// The state.
    pub state_dir: &'a Path,
    /// The environment says where the state is.
    pub state_is_given: bool,
    /// Files beside the configuration that only the service's user may read.
    pub secrets: Vec<PathBuf>,
}

/// A service and where its things are.
#[derive(Debug)]
pub struct Hosted<'a> {
    /// Which.
    pub service: &'static Service,
    /// Where.
    pub places: Places<'a>,
}

/// How it stands with a service on this host.
enum Standing {
    /// It is installed.
    Ready,
    /// It could be.
    Missing(Box<Plan>),
    /// It cannot be, for this reason, a sentence.
    Hopeless(String),
}

impl Hosted<'_> {
    /// Offers to start the service, and to install it where it is not; else says how it is started by hand.
    ///
    /// # Errors
    /// The system does not say where this program is.
    pub fn offer(&self, asker: &mut dyn Asker) -> io::Result<()> {
        let name = self.service.name;
        let done = match self.standing()? {
            Standing::Ready => {
                let help = format!("systemctl enable {name}; systemctl restart {name}");
                let question = format!("Start {name} now, and whenever this host starts?");
                match asker.confirm(&question, &help, true) {
                    Reply::Given(true) => self.start(),
                    _ => return Ok(()),
                }
            }
            Standing::Missing(plan) => match self.agreed(&plan, asker) {
                true => self.install(&plan, asker),
                false => return self.by_hand(asker),
            },
            Standing::Hopeless(why) => {
                asker.say(&why);
                return self.by_hand(asker);
            }
        };
        match done {
            Ok(()) => asker.say(&format!("{name} runs.")),
            Err(why) => asker.say(&format!("The service was not started: {why}")),
        }
        Ok(())
    }

    /// The same without a person, who said beforehand whether the service may be installed and is to be started.
    ///
    /// # Errors
    /// What hindered it, a sentence.
    pub fn without_asking(&self, may_install: bool, starts: bool) -> Result<(), String> {
        if !may_install && !starts {
            return Ok(());
        }
        match self.standing().map_err(|error| error.to_string())? {
            Standing::Missing(plan) if may_install => {
                self.done(&plan)?;
                match self.is_well(&plan).map_err(|error| error.to_string())? {
                    true => run(&plan.start),
                    false => Err(format!("`{}` did not go well", self.check())),
                }
            }
            Standing::Ready => self.start(),
            Standing::Missing(_) => Err(format!(
                "there is no service {} here; with `install_service = true` it is installed",
                self.service.name
            )),
            Standing::Hopeless(why) if may_install => Err(why),
            // What hinders it systemctl says best.
            Standing::Hopeless(_) => self.start(),
        }
    }

    /// What [`Hosted::without_asking`] would write and run to install it; nothing where it is installed.
    ///
    /// # Errors
    /// The system does not say where this program is.
    pub fn shown(&self) -> io::Result<String> {
        Ok(match self.standing()? {
            Standing::Ready => String::new(),
            Standing::Missing(plan) => plan.shown(&self.check()),
            Standing::Hopeless(why) => why + "\n",
        })
    }

    fn standing(&self) -> io::Result<Standing> {
        let (service, systemd) = (self.service, Path::new(SYSTEMD).is_dir());
        let is_there = systemd && run_words(&["systemctl", "cat", service.name]).is_ok();
        let unit = std::fs::read_to_string(service.unit_file()).unwrap_or_default();
        let plan = service.plan(&self.found()?);
        let name = service.name;
        Ok(match plan {
            Ok(plan) if is_there && Owner::is_root() && unit::is_outdated(&unit, &plan) => {
                Standing::Missing(Box::new(plan))
            }
            _ if is_there => Standing::Ready,
            _ if !systemd => Standing::Hopeless(format!("There is no service {name} here, and no systemd.")),
            _ if !Owner::is_root() => Standing::Hopeless(format!(
                "There is no service {name} here. Run as root, `setup` offers to install it."
            )),
            Ok(plan) => Standing::Missing(Box::new(plan)),
            Err(why) => Standing::Hopeless(why),
        })
    }

    fn found(&self) -> io::Result<Found> {
        let Places { config, state_dir, state_is_given, ref secrets } = self.places;
        let place = |path: &Path| Place { path: path.to_owned(), closed: closed_at(path) };
        let here = |path: &Path| std::path::absolute(path);
        Ok(Found {
            program: place(&std::env::current_exe()?),
            config: place(&here(config)?),
            state: place(&here(state_dir)?),
            state_is_given,
            secrets: secrets.iter().map(|file| here(file)).collect::<io::Result<_>>()?,
            has_user: run_words(&["id", "-u", self.service.user()]).is_ok(),
            has_sysusers: run_words(&["systemd-sysusers", "--version"]).is_ok(),
        })
    }

    /// Shows all of the plan and asks.
    fn agreed(&self, plan: &Plan, asker: &mut dyn Asker) -> bool {
        let name = self.service.name;
        asker.say(&format!("There is no service {name} here. To install it, this is written and run:"));
        asker.show(&plan.shown(&self.check()));
        let question = format!("Install and start {name} like this?");
        asker.confirm(&question, "Nothing of it is done before you say yes.", true) == Reply::Given(true)
    }

    /// Does it; where the service's user cannot do all it needs to, the person says whether it starts all the same.
    fn install(&self, plan: &Plan, asker: &mut dyn Asker) -> Result<(), String> {
        self.done(plan)?;
        asker.say(&format!("\nWhat the user {} can do:", self.service.user()));
        if !self.is_well(plan).map_err(|error| error.to_string())?
            && asker.confirm("Start it all the same?", "", false) != Reply::Given(true)
        {
            return Err(format!("`{}` starts it later", typed(&plan.start)));
        }
        run(&plan.start)
    }

    fn done(&self, plan: &Plan) -> Result<(), String> {
        plan.deeds.iter().try_for_each(|deed| match deed {
            Deed::Run(command) => run(command),
            Deed::Write(path, text) => durable::replace(path, text.as_bytes(), Access::Shared)
                .map_err(|error| format!("writing {}: {error}", path.display())),
        })
    }

    /// Whether the service's user can do what the program needs, shown step by step.
    fn is_well(&self, plan: &Plan) -> io::Result<bool> {
        let stage = Stage::new(self.service.name, self.places.config, self.places.state_dir)?;
        let stage = stage.with_program(&plan.program);
        stage.run(self.service.check)
    }

    fn check(&self) -> String {
        let command = ["runuser", "-u", self.service.user(), "--"];
        let config = self.places.config.display().to_string();
        let own = [self.service.name].into_iter().chain(self.service.check.iter().copied());
        command.into_iter().chain(own).chain(["--config", &config]).collect::<Vec<_>>().join(" ")
    }

    /// Starts it, now and with the host; one that runs begins anew, for it may have to read what was written.
    fn start(&self) -> Result<(), String> {
        let name = self.service.name;
        run_words(&["systemctl", "enable", name]).and_then(|()| run_words(&["systemctl", "restart", name]))
    }

    fn by_hand(&self, asker: &mut dyn Asker) -> io::Result<()> {
        let state = self.places.state_dir.display();
        asker.say(&format!("This starts it by hand, as the user whom {state} belongs to:"));
        let program = std::env::current_exe()?;
        let config = std::path::absolute(self.places.config)?;
        asker.say(&format!("  {} run --config {}", program.display(), config.display()));
        Ok(())
    }
}

fn run_words(command: &[&str]) -> Result<(), String> {
    run(&command.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
}

fn run(command: &[String]) -> Result<(), String> {
    let Some((program, args)) = command.split_first() else { return Ok(()) };
    let output = Command::new(program).args(args).stdin(Stdio::null()).output();
    let output = output.map_err(|error| format!("{program}: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    match (output.status.success(), said.is_empty()) {
        (true, _) => Ok(()),
        (false, false) => Err(said),
        (false, true) => Err(format!("`{}` failed", typed(command))),
    }
}
