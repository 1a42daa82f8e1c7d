//! Asking a program of the operating system: with a time limit, a bounded answer, and nothing of our environment.
//!
//! The answer is from outside and is believed as little as a file. A program that does not answer in time is ended with
//! everything it started.

use std::io::{self, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// Longest answer that is asked for, in bytes; a longer one is refused.
const ANSWER_BYTES: u64 = 16 * 1024 * 1024;
/// How often is looked whether the program is done.
const LOOK: Duration = Duration::from_millis(10);
/// How long the rest of an answer is waited for after its program ended.
const AFTERWARDS: Duration = Duration::from_secs(2);
/// Where the system's own programs are; ours may be elsewhere.
const PATH: &str = "/usr/sbin:/usr/bin:/sbin:/bin";

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The system has no such program.
    #[error("{0} is not there")]
    NotThere(String),
    /// It could not be started or listened to.
    #[error("{program} cannot be asked: {error}")]
    Failed {
        /// The program.
        program: String,
        /// What the system said.
        error: io::Error,
    },
    /// It did not answer in time.
    #[error("{0} did not answer in time")]
    TooSlow(String),
    /// Its answer was too long.
    #[error("{0} answered more than {ANSWER_BYTES} bytes")]
    TooLong(String),
    /// It said no.
    #[error("{program} failed ({status}): {words}")]
    Refused {
        /// The program.
        program: String,
        /// How it ended.
        status: String,
        /// The first line of what it said about it.
        words: String,
    },
}

/// What a program did.
#[derive(Debug)]
pub struct Ran {
    /// How it ended.
    pub status: ExitStatus,
    /// What it printed, cut at the limit.
    pub out: Vec<u8>,
    /// What it printed on standard error, cut at the limit.
    pub words: Vec<u8>,
    /// It printed more than the limit.
    pub is_cut: bool,
}

/// What `program` prints with these arguments.
///
/// # Errors
/// [`AskError`].
pub fn ask(program: &str, arguments: &[&str], deadline: Instant) -> Result<String, AskError> {
    let mut command = Command::new(program);
    command.args(arguments);
    let ran = run(command, ANSWER_BYTES, deadline)?;
    if !ran.status.success() {
        let words = String::from_utf8_lossy(&ran.words);
        let words = mailbeat_shared::text::one_line(words.lines().next().unwrap_or_default(), 200);
        let (program, status) = (program.to_owned(), ran.status.to_string());
        return Err(AskError::Refused { program, status, words });
    }
    if ran.is_cut {
        return Err(AskError::TooLong(program.to_owned()));
    }
    Ok(String::from_utf8_lossy(&ran.out).into_owned())
}

/// Runs a command, whose variables are all it gets besides a path and the language C, to its end. At the deadline it is ended with
/// everything it started.
///
/// # Errors
/// [`AskError`]; how it ended is none.
pub fn run(mut command: Command, limit: u64, deadline: Instant) -> Result<Ran, AskError> {
    let program = command.get_program().to_string_lossy().into_owned();
    let failed = |error| AskError::Failed { program: program.clone(), error };
    let own: Vec<_> =
        command.get_envs().filter_map(|(key, value)| Some((key.to_owned(), value?.to_owned()))).collect();
    command.env_clear().env("PATH", PATH).env("LC_ALL", "C").envs(own).current_dir("/");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(AskError::NotThere(program)),
        Err(error) => return Err(failed(error)),
    };
    let (out, words) = (listen(child.stdout.take(), limit), listen(child.stderr.take(), limit));
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if Instant::now() < deadline => std::thread::sleep(LOOK),
            ended => {
                end(&mut child);
                return Err(ended.map_or_else(failed, |_| AskError::TooSlow(program.clone())));
            }
        }
    };
    // Something it started may hold its end of the pipe still; that is not waited for long, and ended.
    let all = |heard: &Receiver<Vec<u8>>| {
        heard.recv_timeout(AFTERWARDS).or_else(|_| {
            end_group(&child);
            heard.recv_timeout(AFTERWARDS)
        })
    };
    let mut out = all(&out).map_err(|_| AskError::TooSlow(program.clone()))?;
    let mut words = all(&words).unwrap_or_default();
    let is_cut = out.len() as u64 > limit;
    for heard in [&mut out, &mut words] {
        heard.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    }
    Ok(Ran { status, out, words, is_cut })
}

/// Reads to the end beside us, keeping one byte more than the limit.
fn listen(from: Option<impl Read + Send + 'static>, limit: u64) -> Receiver<Vec<u8>> {
    let (sender, receiver) = channel();
    if let Some(mut from) = from {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let _ = from.by_ref().take(limit + 1).read_to_end(&mut bytes);
            let _ = sender.send(bytes);
            // Nobody blocks on writing what nobody reads.
            let _ = io::copy(&mut from, &mut io::sink());
        });
    }
    receiver
}

/// Ends it and what it started, and takes note of its end.
fn end(child: &mut Child) {
    #[cfg(unix)]
    super::unix::end_all(rustix::process::Pid::from_child(child));
    let _ = child.kill();
    let _ = child.wait();
}

/// Ends what it started, also after it ended itself: the group bears its number as long as one of them lives.
fn end_group(child: &Child) {
    #[cfg(unix)]
    let _ = rustix::process::kill_process_group(
        rustix::process::Pid::from_child(child),
        rustix::process::Signal::KILL,
    );
    #[cfg(not(unix))]
    let _ = child;
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    fn within(seconds: u64) -> Instant {
        Instant::now() + Duration::from_secs(seconds)
    }

    #[test]
    fn what_a_program_prints_is_its_answer_and_our_environment_is_not_its_own() {
        let answer = ask("sh", &["-c", "echo $HOME; pwd; echo aside >&2"], within(60)).unwrap();
        assert_eq!(answer, "\n/\n");
    }

    #[test]
    fn a_program_that_hangs_is_ended_with_what_it_started() {
        ends_with_its_child("sleep 600 & echo $! >PID; wait");
    }

    #[test]
    fn what_made_a_session_of_its_own_is_ended_with_it() {
        ends_with_its_child("setsid sh -c 'setsid sleep 600 & echo $! >PID; wait' & wait");
    }

    /// The script hangs, after it wrote the number of a process it started to `PID`.
    fn ends_with_its_child(script: &str) {
        let dir = tempfile::tempdir().unwrap();
        let script = script.replace("PID", &format!("{}/pid", dir.path().display()));
        // Long enough for the shell to write down its child, however busy the machine.
        let refused = ask("sh", &["-c", &script], within(2)).unwrap_err();
        assert!(matches!(refused, AskError::TooSlow(_)), "{refused}");
        let Ok(pid) = std::fs::read_to_string(dir.path().join("pid")) else { return };
        // Being killed takes effect a moment later; a process nobody has buried yet is dead.
        let lives = || {
            std::fs::read_to_string(format!("/proc/{}/stat", pid.trim()))
                .is_ok_and(|stat| !stat.contains(") Z "))
        };
        let started = Instant::now();
        while lives() {
            assert!(started.elapsed() < Duration::from_secs(60), "the child of the child goes on");
            std::thread::sleep(LOOK);
        }
    }

    #[test]
    fn each_way_of_not_answering_has_its_words() {
        let said =
            |program: &str, arguments: &[&str]| ask(program, arguments, within(60)).unwrap_err().to_string();
        assert_eq!(said("no-such-program", &[]), "no-such-program is not there");
        assert_eq!(said("sh", &["-c", "echo broken >&2; exit 3"]), "sh failed (exit status: 3): broken");
        assert!(said("sh", &["-c", "head -c 17000000 /dev/zero"]).contains("answered more than"));
    }
}
