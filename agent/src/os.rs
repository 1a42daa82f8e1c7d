//! What differs between operating systems, as far as the agent can see it: files without following links, who owns
//! them, names of this machine and of this run of it. What is the same everywhere is here: how a path travels.

pub mod command;
#[cfg(unix)]
mod unix;
#[cfg(unix)]
pub(crate) use unix::Stirring;
#[cfg(unix)]
pub use unix::{
    Accounts, NeverOpened, Opened, Ownership, boot_id, file_id, free_bytes, inodes, known_names, machine_id,
    never_opened, open_beneath, ownership, program_user, shell_word, system_is_stopping,
};

#[cfg(not(unix))]
mod windows;
#[cfg(not(unix))]
pub use windows::{
    Accounts, NeverOpened, Opened, Ownership, boot_id, file_id, free_bytes, inodes, known_names, machine_id,
    never_opened, open_beneath, ownership, program_user, shell_word, system_is_stopping,
};

use std::path::Path;

/// The path as it travels: UTF-8, everything else and `%` itself as `%XX`.
#[must_use]
pub fn encode_path(path: &Path) -> String {
    let mut out = String::new();
    for chunk in path.as_os_str().as_encoded_bytes().utf8_chunks() {
        for c in chunk.valid().chars() {
            if travels(c) {
                out.push(c);
            } else {
                escape(c.encode_utf8(&mut [0; 4]).as_bytes(), &mut out);
            }
        }
        escape(chunk.invalid(), &mut out);
    }
    out
}

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
