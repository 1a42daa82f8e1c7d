//! What differs between operating systems, as far as the agent can see it: files without following links, who owns
//! them, names of this machine and of this run of it.

pub mod command;
#[cfg(unix)]
mod unix;
#[cfg(unix)]
pub(crate) use unix::Stirring;
#[cfg(unix)]
pub use unix::{
    Accounts, NeverOpened, Opened, Ownership, boot_id, encode_path, file_id, free_bytes, inodes, known_names,
    machine_id, never_opened, open_beneath, ownership, program_user, shell_word, system_is_stopping,
};

#[cfg(not(unix))]
mod windows;
#[cfg(not(unix))]
pub use windows::{
    Accounts, NeverOpened, Opened, Ownership, boot_id, encode_path, file_id, free_bytes, inodes, known_names,
    machine_id, never_opened, open_beneath, ownership, program_user, shell_word, system_is_stopping,
};

/// Whether a character of a path travels as it is. What steers a terminal, reverses text or is the escape sign itself
/// travels as `%XX`.
fn travels(c: char) -> bool {
    c != '%' && c != '\n' && c != '\t' && mailbeat_shared::text::is_clean(c.encode_utf8(&mut [0; 4]))
}

/// Adds `bytes` as `%XX`.
fn escape(bytes: &[u8], out: &mut String) {
    use std::fmt::Write as _;
    for byte in bytes {
        let _ = write!(out, "%{byte:02X}");
    }
}
