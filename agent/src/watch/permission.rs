//! What exactly stands in the way of reading, and the command that takes it away.

use std::io;
use std::path::Path;

use super::Unreadable;
use crate::os;

/// What to grant for `path`; `list` for a directory whose names are wanted.
pub(crate) fn missing(path: &Path, list: bool, error: &io::Error) -> Unreadable {
    let user = os::program_user();
    let mut grants: Vec<String> = Vec::new();
    // Directories above must let the agent through before anything else can be told.
    for above in path.ancestors().skip(1).collect::<Vec<_>>().into_iter().rev() {
        let next = path.strip_prefix(above).ok().and_then(|rest| rest.components().next());
        let blocked = next.is_some_and(|next| {
            std::fs::symlink_metadata(above.join(next))
                .is_err_and(|error| error.kind() == io::ErrorKind::PermissionDenied)
        });
        if blocked {
            grants.push(grant(&user, "x", above));
        }
    }
    grants.push(grant(&user, if list { "rx" } else { "r" }, path));
    let why = if list { format!("the directory cannot be listed: {error}") } else { error.to_string() };
    Unreadable { path: os::encode_path(path), why, fix: grants.join(" && ") }
}

#[cfg(unix)]
fn grant(user: &str, rights: &str, path: &Path) -> String {
    format!("setfacl -m u:{user}:{rights} {}", os::shell_word(path))
}

#[cfg(not(unix))]
fn grant(user: &str, rights: &str, path: &Path) -> String {
    let rights = if rights == "x" { "X" } else { "RX" };
    format!("icacls {} /grant {user}:({rights})", os::shell_word(path))
}
