//! Why a step could not do all it should, in words for the log, `status` and the service manager, with what to do.
//!
//! Nothing of it ends the agent: whoever reads it mends what is named, and the next step goes on.

use std::io;
use std::path::PathBuf;

use crate::activation::StorageError;
use crate::compose::ComposeError;
use crate::identity::IdentityError;

/// Why a step could not do all it should. It is tried again.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// The state directory failed.
    #[error("{dir}: {error}{advice}", dir = dir.display(), advice = advice(error))]
    State {
        /// The directory.
        dir: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The identity cannot be used.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The activation cannot be used.
    #[error(transparent)]
    Activation(#[from] StorageError),
    /// A report cannot be made.
    #[error(transparent)]
    Compose(#[from] ComposeError),
    /// There is no contract.
    #[error("not activated; run `mailbeat-agent activate FILE` first")]
    NotActivated,
    /// Reports must be encrypted, and the contract does not say for whom. Nothing leaves in clear instead.
    #[error(
        "agent.toml says encrypt = true, and the contract names no key to encrypt for: ask the vendor for a newer revision of it, or remove `encrypt`. Nothing is sent until then"
    )]
    NobodyToEncryptFor,
    /// The machine is another one.
    #[error(
        "this state was made on another machine. If this machine took over from that one, run `mailbeat-agent identity keep`; if it is a copy beside it, run `mailbeat-agent identity new`. Nothing is reported until then"
    )]
    OtherMachine,
}

fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "; make room there: nothing is lost, but nothing new can be reported"
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "; the agent's user must own this directory and be able to write it"
        }
        _ => "",
    }
}
