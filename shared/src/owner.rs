//! Whose a file is, and being that user: for a command, or for the rest of this process. Where files have no owner that could be
//! become, everybody is.
//!
//! What root writes into a service's state, the service cannot read; and where root follows the names it finds there, whoever broke into
//! the service leads it. So root's commands go on as the user whom the state belongs to.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A user with a group, by their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    #[cfg(unix)]
    user: u32,
    #[cfg(unix)]
    group: u32,
}

impl Owner {
    /// Whose this is, if it is another user's than the one this process runs as: what it wrote there, that user could not read.
    #[must_use]
    pub fn other_than_me(path: &Path) -> Option<Self> {
        Self::of(path).filter(|owner| !owner.is_me())
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        #[cfg(unix)]
        write!(f, "{}", self.user)?;
        #[cfg(not(unix))]
        f.write_str("nobody")?;
        Ok(())
    }
}

#[cfg(unix)]
impl Owner {
    /// The owner of a file that is there.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        use std::os::unix::fs::MetadataExt as _;
        let metadata = std::fs::metadata(path).ok()?;
        Some(Self { user: metadata.uid(), group: metadata.gid() })
    }

    /// Whether this process runs as the user.
    #[must_use]
    pub fn is_me(self) -> bool {
        rustix::process::geteuid().as_raw() == self.user
    }

    /// Whether this process may do everything.
    #[must_use]
    pub fn is_root() -> bool {
        rustix::process::geteuid().is_root()
    }

    /// Gives the owner a file.
    ///
    /// # Errors
    /// What the file system said; only root may do this.
    pub fn give(self, path: &Path) -> io::Result<()> {
        std::os::unix::fs::chown(path, Some(self.user), Some(self.group))
    }

    /// Lets a command run as the owner; only root may.
    pub fn become_in(self, command: &mut Command) {
        use std::os::unix::process::CommandExt as _;
        command.uid(self.user).gid(self.group);
    }
}

/// Goes on as the user whom a directory belongs to, with that user's groups, where root started this program; whether it changed. To be
/// called before there is a second thread: the kernel changes the calling one.
///
/// # Errors
/// The kernel refuses, as in a container without the capability.
#[cfg(target_os = "linux")]
pub fn become_owner_of(dir: &Path) -> io::Result<bool> {
    use rustix::process::{Gid, Uid};
    use rustix::thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid};
    let Some(owner) = Owner::other_than_me(dir).filter(|_| Owner::is_root()) else {
        return Ok(false);
    };
    let read = |file| String::from_utf8_lossy(&std::fs::read(file).unwrap_or_default()).into_owned();
    let groups = groups_of(owner.user, &read("/etc/passwd"), &read("/etc/group"));
    let groups: Vec<Gid> = groups.into_iter().chain([owner.group]).map(Gid::from_raw).collect();
    let (user, group) = (Uid::from_raw(owner.user), Gid::from_raw(owner.group));
    set_thread_groups(&groups)?;
    set_thread_res_gid(group, group, group)?;
    set_thread_res_uid(user, user, user)?;
    Ok(true)
}

/// Nobody is become.
///
/// # Errors
/// None.
#[cfg(not(target_os = "linux"))]
pub fn become_owner_of(_: &Path) -> io::Result<bool> {
    Ok(false)
}

/// The groups a user is named in (passwd(5), group(5)); directory services are not asked.
#[cfg(target_os = "linux")]
fn groups_of(user: u32, passwd: &str, group: &str) -> Vec<u32> {
    let is_user = |line: &&str| line.split(':').nth(2).and_then(|id| id.parse().ok()) == Some(user);
    let Some(name) = passwd.lines().find(is_user).and_then(|line| line.split(':').next()) else {
        return vec![];
    };
    let has_it =
        |line: &&str| line.split(':').nth(3).is_some_and(|names| names.split(',').any(|one| one == name));
    group.lines().filter(has_it).filter_map(|line| line.split(':').nth(2)?.parse().ok()).collect()
}

/// The first place on the way to a path, itself included, that users other than its owner may not enter or, for a file, read
/// and run.
#[cfg(unix)]
#[must_use]
pub fn closed_at(path: &Path) -> Option<PathBuf> {
    use std::os::unix::fs::PermissionsExt as _;
    let mut on_the_way: Vec<&Path> = path.ancestors().collect();
    on_the_way.reverse();
    let is_closed = |path: &&Path| {
        let metadata = std::fs::metadata(path).ok();
        let needed = |is_dir| if is_dir { 0o001 } else { 0o005 };
        metadata.is_some_and(|found| {
            found.permissions().mode() & needed(found.is_dir()) != needed(found.is_dir())
        })
    };
    on_the_way.into_iter().find(is_closed).map(Path::to_owned)
}

/// Nothing is closed, as far as it can be seen.
#[cfg(not(unix))]
#[must_use]
pub fn closed_at(_: &Path) -> Option<PathBuf> {
    None
}

/// On Windows everything belongs to whoever runs the program, as far as it can see.
#[cfg(not(unix))]
impl Owner {
    /// Nobody in particular.
    #[must_use]
    pub fn of(_: &Path) -> Option<Self> {
        None
    }

    /// Always.
    #[must_use]
    pub fn is_me(self) -> bool {
        true
    }

    /// Never.
    #[must_use]
    pub fn is_root() -> bool {
        false
    }

    /// Nothing is given.
    ///
    /// # Errors
    /// None.
    pub fn give(self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    /// Nobody else is become.
    pub fn become_in(self, _: &mut Command) {}
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_user_has_the_groups_that_name_it() {
        let passwd = "root:x:0:0::/root:/bin/sh\nmailbeat:x:998:997::/var/lib:/bin/false\nbroken\n";
        let group = "root:x:0:\nadm:x:4:syslog,mailbeat\nmailbeat:x:997:\nssl-cert:x:110:mailbeat\nother:x:111:mailbeat2\n";
        assert_eq!(groups_of(998, passwd, group), [4, 110]);
        assert_eq!(groups_of(0, passwd, group), [] as [u32; 0]);
        assert_eq!(groups_of(4711, passwd, group), [] as [u32; 0]);
    }

    #[test]
    fn who_owns_the_directory_already_stays_who_it_is() {
        let dir = tempfile::tempdir().unwrap();
        assert!(!become_owner_of(dir.path()).unwrap());
        assert!(!become_owner_of(Path::new("/nowhere")).unwrap());
    }
}
