//! What is kept of an account: one file, for the owner only, replaced as a whole.
//!
//! The only file a token is written to. It belongs to whoever holds the lock beside it, so that a running program and a
//! command, or two loops of one program, do not use up each other's refresh token: providers that rotate take a second use
//! for theft. A file that cannot be read counts as no consent, never as a reason to stop.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::crash;
use crate::durable::{self, Access};
use crate::owner::Owner;
use crate::transport::outcome::{Failure, FailureKind};
use crate::transport::secret::Secret;

/// How long another process is waited for: it asks a provider, which may take a minute.
const PATIENCE: Duration = Duration::from_secs(90);
/// How often its lock is tried.
const AGAIN: Duration = Duration::from_millis(50);

/// What a file holds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Record {
    /// Whom the tokens were given to; those of another application or for other scopes are of no use.
    pub(super) client: String,
    pub(super) access: Option<Token>,
    pub(super) refresh: Option<Token>,
    /// When a person agreed.
    pub(super) consented_at: Option<Timestamp>,
    /// A refresh was begun and its end is not known.
    pub(super) refreshing_since: Option<Timestamp>,
    pub(super) refusing: Option<Refused>,
}

/// A token and its time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Token {
    #[serde(serialize_with = "written")]
    pub(super) token: Secret,
    pub(super) obtained_at: Timestamp,
    pub(super) expires_at: Option<Timestamp>,
}

/// No token could be had of late.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Refused {
    pub(super) since: Timestamp,
    pub(super) times: u32,
    pub(super) why: Failure,
}

fn written<S: serde::Serializer>(secret: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose())
}

impl Record {
    /// The file's content; empty where there is none.
    pub(super) fn read(file: &Path) -> Self {
        let Ok(bytes) = fs::read(file) else { return Self::default() };
        serde_json::from_slice(&bytes).unwrap_or_else(|_| {
            tracing::warn!("{} cannot be read; it counts as no consent", file.display());
            Self::default()
        })
    }

    /// Replaces the file.
    pub(super) fn write(&self, file: &Path) -> Result<(), Failure> {
        let bytes = serde_json::to_vec_pretty(self).map_err(|error| unwritable(file, &error.to_string()))?;
        durable::replace(file, &bytes, Access::Private).map_err(|error| unwritable(file, &error.to_string()))
    }

    /// A4: replaces the file with tokens that were just given. Until this has happened nobody may use them.
    pub(super) fn commit(&self, file: &Path) -> Result<(), Failure> {
        crash::point("A4.before");
        let written = self.write(file);
        crash::point("A4.after");
        written
    }
}

/// Held while this task may write.
#[derive(Debug)]
pub(super) struct Lock(#[expect(dead_code, reason = "held, not used")] File);

/// Waits for the lock of an account; makes its directory, for the owner only.
pub(super) async fn lock(file: &Path) -> Result<Lock, Failure> {
    if file.as_os_str().is_empty() {
        return Err(Failure::new(FailureKind::Settings, "`oauth`: no place is set where tokens are kept"));
    }
    let failed = |error: io::Error| unwritable(file, &error.to_string());
    let dir = file.parent().unwrap_or(file);
    is_ours(dir.parent().unwrap_or(dir))?;
    durable::private_dir(dir).map_err(failed)?;
    let lock = private_options().open(file.with_extension("lock")).map_err(failed)?;
    let taken = tokio::time::timeout(PATIENCE, async {
        loop {
            match lock.try_lock() {
                Ok(()) => return Ok(()),
                Err(TryLockError::WouldBlock) => tokio::time::sleep(AGAIN).await,
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
    });
    match taken.await {
        Ok(result) => result.map(|()| Lock(lock)).map_err(failed),
        Err(_) => {
            let text = format!(
                "{}: another process has been asking for a token for {} s",
                file.display(),
                PATIENCE.as_secs()
            );
            Err(Failure::new(FailureKind::Temporary, text))
        }
    }
}

/// Tells running programs that a person has just agreed: they look at this file's time.
pub(super) fn announce(file: &Path) -> io::Result<()> {
    let dir = file.parent().unwrap_or(file);
    durable::replace(&dir.join(CONSENTED), b"", Access::Private)
}

/// The file whose time says when somebody last signed in.
pub const CONSENTED: &str = "consented";

/// What one user writes into the state of another, that other cannot read.
fn is_ours(state: &Path) -> Result<(), Failure> {
    let Some(owner) = Owner::other_than_me(state) else { return Ok(()) };
    let text =
        format!("{} belongs to user {owner}; run this command as that user or as root", state.display());
    Err(Failure::new(FailureKind::Settings, text))
}

fn private_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options
}

fn unwritable(file: &Path, why: &str) -> Failure {
    let text = format!("{}: {why}; the program's user must be able to write there", file.display());
    Failure::new(FailureKind::Settings, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        let token = Token {
            token: Secret::new("geheim"),
            obtained_at: Timestamp::UNIX_EPOCH,
            expires_at: Some(Timestamp::UNIX_EPOCH),
        };
        Record { client: "c".into(), refresh: Some(token), ..Record::default() }
    }

    #[test]
    fn a_record_survives_its_file_and_only_the_owner_may_read_it() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("office.json");
        record().commit(&file).unwrap();
        assert_eq!(Record::read(&file), record());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert!(!format!("{:?}", record()).contains("geheim"));
    }

    #[test]
    fn a_damaged_file_is_no_consent_and_no_end() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("office.json");
        fs::write(&file, "{\"client\": \"c\", \"refresh\": {\"tok").unwrap();
        assert_eq!(Record::read(&file), Record::default());
    }

    #[tokio::test]
    async fn the_second_task_waits_for_the_first() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("oauth/office.json");
        let first = lock(&file).await.unwrap();
        let mut second = std::pin::pin!(lock(&file));
        tokio::select! {
            biased;
            _ = &mut second => panic!("two hold one lock"),
            () = tokio::time::sleep(AGAIN * 2) => {}
        }
        drop(first);
        second.await.unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(dir.path().join("oauth")).unwrap().permissions().mode() & 0o777, 0o700);
        }
    }
}
