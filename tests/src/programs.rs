//! The shipped programs, run as their users run them: as processes, judged by their `--json` output and exit codes.
//!
//! Nothing here looks inside a program. Waiting is always for a condition, with a limit and a message that says what was
//! awaited and what was seen last.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use serde_json::Value;

use crate::stage::Stage;

/// How long a story waits for what must come. It is long because two cores and one disk are shared by many stories; waiting longer
/// costs only where it is in vain.
pub const PATIENCE: Duration = Duration::from_secs(90);
/// Lines of a program's log that are shown of a story that failed.
const LOG_LINES: usize = 40;

/// Which program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// `mailbeat-agent`.
    Agent,
    /// `mailbeat-receiver`.
    Receiver,
}

/// Which build of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Build {
    /// As it is shipped.
    Ordinary,
    /// The agent small and quick to start (profile `agent`), as packages hold it.
    Packaged,
    /// With the feature `crash-points`, made by `make crash-build`.
    CrashPoints,
}

/// The program's file in the target directory this test was built into.
///
/// # Errors
/// It was not built; the message says by what.
pub fn file(program: Program, build: Build) -> anyhow::Result<PathBuf> {
    let exe = std::env::current_exe()?;
    let profile = exe
        .ancestors()
        .find(|dir| dir.join("deps").is_dir() && dir.file_name() != Some(OsStr::new("deps")))
        .context("tests run from a cargo target directory")?;
    let dir = match build {
        Build::Ordinary => profile.to_owned(),
        Build::Packaged => profile.with_file_name("agent"),
        Build::CrashPoints => profile.join("crash-points"),
    };
    let name = match program {
        Program::Agent => "mailbeat-agent",
        Program::Receiver => "mailbeat-receiver",
    };
    let path = dir.join(name);
    let how = match build {
        Build::Ordinary => "make build",
        Build::Packaged => "make bench",
        Build::CrashPoints => "make crash-build",
    };
    ensure!(path.is_file(), "{} is not there; `{how}` builds it", path.display());
    Ok(path)
}

/// Copies a program to where it is started from.
///
/// By a process of its own: while this one held the copy open for writing, what other threads start meanwhile would inherit that, and
/// the kernel starts no file that anybody has open for writing ("Text file busy").
///
/// # Errors
/// It cannot be copied.
pub fn copy_program(from: &Path, to: &Path) -> anyhow::Result<()> {
    let status = Command::new("cp").arg("--").args([from, to]).status()?;
    ensure!(status.success(), "{} cannot be copied to {}", from.display(), to.display());
    Ok(())
}

/// One program with its configuration file and environment.
#[derive(Clone, Debug)]
pub struct Installed {
    file: PathBuf,
    config: PathBuf,
    env: Vec<(String, String)>,
    /// The words before its own, where it is started in surroundings of its own.
    entrance: Vec<String>,
}

impl Installed {
    /// The program with this configuration file.
    ///
    /// # Errors
    /// The program was not built.
    pub fn new(program: Program, build: Build, config: &Path) -> anyhow::Result<Self> {
        Ok(Self { file: file(program, build)?, config: config.to_owned(), env: vec![], entrance: vec![] })
    }

    /// A copy of the program in `dir`, where every user may run it, wherever it was built.
    ///
    /// # Errors
    /// It cannot be copied.
    pub fn copied_to(&self, dir: &Path) -> anyhow::Result<Self> {
        let file = dir.join(self.file.file_name().context("a program has a name")?);
        copy_program(&self.file, &file)?;
        Ok(Self { file, ..self.clone() })
    }

    /// The same with one more environment variable.
    #[must_use]
    pub fn with_env(&self, name: &str, value: &str) -> Self {
        let mut other = self.clone();
        other.env.push((name.to_owned(), value.to_owned()));
        other
    }

    /// The same on a stage.
    ///
    /// # Errors
    /// The stage's path is not UTF-8.
    pub fn on(&self, stage: &Stage) -> anyhow::Result<Self> {
        Ok(Self { entrance: stage.enter()?, ..self.clone() })
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut words = self.entrance.iter().map(OsStr::new).chain([self.file.as_os_str()]);
        let mut command = Command::new(words.next().unwrap_or_default());
        command.args(words).args(args).arg("--config").arg(&self.config).env_remove("NOTIFY_SOCKET");
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs a command to its end, whatever the end is.
    ///
    /// # Errors
    /// The program cannot be started.
    pub fn output(&self, args: &[&str]) -> anyhow::Result<Output> {
        let output = self.command(args).stdin(Stdio::null()).output();
        output.with_context(|| format!("{} cannot be started", self.file.display()))
    }

    /// Runs a command that must succeed and gives what it printed.
    ///
    /// # Errors
    /// It failed: with what it said.
    pub fn run(&self, args: &[&str]) -> anyhow::Result<String> {
        let output = self.output(args)?;
        let (stdout, stderr) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        ensure!(
            output.status.success(),
            "`{}` ended with {}:\n{stdout}{stderr}",
            args.join(" "),
            output.status
        );
        Ok(stdout.into_owned())
    }

    /// Runs a command with `--json` and gives what it said.
    ///
    /// # Errors
    /// It failed or did not print JSON.
    pub fn json(&self, args: &[&str]) -> anyhow::Result<Value> {
        let printed = self.run(&[args, &["--json"]].concat())?;
        serde_json::from_str(&printed)
            .with_context(|| format!("`{} --json` printed\n{printed}", args.join(" ")))
    }

    /// Starts a command that goes on, its output in `log`.
    ///
    /// # Errors
    /// The program cannot be started.
    pub fn start(&self, args: &[&str], log: &Path) -> anyhow::Result<Running> {
        let out = fs::OpenOptions::new().create(true).append(true).open(log)?;
        let mut command = self.command(args);
        command.stdin(Stdio::null()).stdout(out.try_clone()?).stderr(out);
        let child = command.spawn().with_context(|| format!("{} cannot be started", self.file.display()))?;
        Ok(Running { child, log: log.to_owned() })
    }
}

/// A program that runs until it is stopped; dropping it kills it.
#[derive(Debug)]
pub struct Running {
    child: Child,
    log: PathBuf,
}

impl Running {
    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has printed so far.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Whether it has ended, and how.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Ends it the hard way, as a power cut does.
    pub fn kill(mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Ends it as an init system does, and waits.
    ///
    /// # Errors
    /// It did not end within ten seconds.
    pub fn terminate(mut self) -> anyhow::Result<ExitStatus> {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        let ended =
            wait_for("the program to end after SIGTERM", Duration::from_secs(10), || Ok(self.ended()));
        ended.with_context(|| self.log())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        // A story has a thread of its own, and what is printed there is shown if it fails, which it may without a panic. Demo and
        // bench have none.
        if std::thread::current().name() == Some("main") && !std::thread::panicking() {
            return;
        }
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        let last = &lines[lines.len().saturating_sub(LOG_LINES)..];
        eprintln!("--- {}\n{}", self.log.display(), last.join("\n"));
    }
}

/// Asks again and again until there is an answer.
///
/// # Errors
/// There was none within the limit; the last error, if asking failed at the end.
pub fn wait_for<T>(
    what: &str,
    limit: Duration,
    mut ask: impl FnMut() -> anyhow::Result<Option<T>>,
) -> anyhow::Result<T> {
    let started = Instant::now();
    loop {
        let answer = ask();
        if let Ok(Some(answer)) = answer {
            return Ok(answer);
        }
        if started.elapsed() >= limit {
            answer.with_context(|| format!("waiting for {what}"))?;
            bail!("waited {limit:?} for {what}, in vain");
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}
