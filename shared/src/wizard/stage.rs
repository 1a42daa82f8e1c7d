//! What a wizard does on the system: commands of its own program as the service's user, files for that user.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::install::PROGRAMS;
use crate::durable::{self, Access};
use crate::owner::{Owner, closed_at};

/// Runs this program's commands as whoever owns the service's state.
#[derive(Debug)]
pub struct Stage {
    program: PathBuf,
    config: PathBuf,
    state_dir: PathBuf,
    /// The service's user, where it is another than the one who sets it up.
    user: Option<Owner>,
}

impl Stage {
    /// For the service of this name with this configuration and state.
    ///
    /// # Errors
    /// The system does not say where this program is, or the service's user may not start it there.
    pub fn new(name: &str, config: &Path, state_dir: &Path) -> io::Result<Self> {
        let program = std::env::current_exe().map_err(|error| named("where this program is", &error))?;
        let user = Owner::other_than_me(state_dir);
        let program = if user.is_some() { startable(name, program)? } else { program };
        Ok(Self { program, config: config.to_owned(), state_dir: state_dir.to_owned(), user })
    }

    /// The same with the program where the service will have it.
    #[must_use]
    pub fn with_program(self, program: &Path) -> Self {
        Self { program: program.to_owned(), ..self }
    }

    /// Runs a command before the person's eyes; whether it went well.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn run(&self, args: &[&str]) -> io::Result<bool> {
        Ok(self.started(&mut self.command(args))?.success)
    }

    /// Runs a command and gives what it prints, while the person sees what it says besides; `None`: it did not go well.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn output(&self, args: &[&str]) -> io::Result<(bool, Vec<u8>)> {
        let done = self.started(self.command(args).stdout(Stdio::piped()))?;
        Ok((done.success, done.printed))
    }

    /// What a command prints, if it goes well; else it goes unheard.
    #[must_use]
    pub fn asked(&self, args: &[&str]) -> Option<Vec<u8>> {
        let mut command = self.command(args);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        self.started(&mut command).ok().filter(|done| done.success).map(|done| done.printed)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(args).arg("--config").arg(&self.config);
        if let Some(user) = &self.user {
            user.become_in(&mut command);
        }
        command
    }

    fn started(&self, command: &mut Command) -> io::Result<Done> {
        let output = command.spawn().and_then(std::process::Child::wait_with_output);
        let output = output.map_err(|error| named(&format!("running {}", self.program.display()), &error))?;
        Ok(Done { success: output.status.success(), printed: output.stdout })
    }

    /// Gives a file to the service's user.
    ///
    /// # Errors
    /// What the file system said.
    pub fn give(&self, file: &Path) -> io::Result<()> {
        self.user.as_ref().map_or(Ok(()), |user| user.give(file))
    }

    /// Writes a secret that only the service's user may read.
    ///
    /// # Errors
    /// What the file system said, with the file.
    pub fn write_secret(&self, file: &Path, secret: &str) -> io::Result<()> {
        durable::replace(file, format!("{secret}\n").as_bytes(), Access::Private)
            .and_then(|()| self.give(file))
            .map_err(|error| named(&format!("writing {}", file.display()), &error))
    }

    /// The file where the service's user can read it, for as long as what is returned is kept.
    ///
    /// # Errors
    /// What the file system said, with the file.
    pub fn lend(&self, file: &Path) -> io::Result<Lent> {
        if self.user.is_none() {
            return Ok(Lent { path: file.to_owned(), copied: false });
        }
        let bytes = fs::read(file).map_err(|error| named(&file.display().to_string(), &error))?;
        let path = self.passed_on();
        durable::replace(&path, &bytes, Access::Private)
            .and_then(|()| self.give(&path))
            .map_err(|error| named(&format!("writing {}", path.display()), &error))?;
        Ok(Lent { path, copied: true })
    }

    /// A place in the state directory for a file that passes between the service's user and the person.
    #[must_use]
    pub fn passed_on(&self) -> PathBuf {
        self.state_dir.join("setup.contract")
    }
}

/// The program where another user may start it: here, or its copy where the installed service has it.
fn startable(name: &str, program: PathBuf) -> io::Result<PathBuf> {
    let Some(closed) = closed_at(&program) else { return Ok(program) };
    let copy = Path::new(PROGRAMS).join(name);
    if fs::read(&copy).ok() == Some(fs::read(&program)?) {
        return Ok(copy);
    }
    Err(io::Error::other(format!(
        "the service's user cannot start {0}, because {1} is closed to others; run `install -m 755 {0} {2}` and then {2}",
        program.display(),
        closed.display(),
        copy.display()
    )))
}

struct Done {
    success: bool,
    printed: Vec<u8>,
}

/// A file lent to the service's user.
#[derive(Debug)]
pub struct Lent {
    path: PathBuf,
    copied: bool,
}

impl Lent {
    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if self.copied {
            let _ = fs::remove_file(&self.path); // it holds a secret, and it lies among others
        }
    }
}

/// Replaces a file by one that belongs to the same and may be read by the same, and makes its directory.
///
/// # Errors
/// What the file system said, with the file.
pub fn replace_alike(path: &Path, bytes: &[u8]) -> io::Result<()> {
    alike(path, bytes).map_err(|error| named(&format!("writing {}", path.display()), &error))
}

fn alike(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(dir) = path.parent() {
        fs::create_dir_all(dir)?;
    }
    let Ok(before) = fs::metadata(path) else { return durable::replace(path, bytes, Access::Shared) };
    let owner = Owner::of(path);
    durable::replace(path, bytes, Access::Private)?;
    if let Some(owner) = owner {
        owner.give(path)?;
    }
    fs::set_permissions(path, before.permissions())
}

fn named(what: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{what}: {error}"))
}
