//! Whether the host must be restarted for what is installed to be in force.
//!
//! Debian and Ubuntu leave a note; for kernels, the running one is compared with what is installed. Services that run with replaced
//! libraries are not looked for: that takes root.

use std::cmp::Ordering;

use mailbeat_shared::text;
use mailbeat_shared::wire::inventory::{PackageList, Reboot};
use mailbeat_shared::wire::limits;

use super::Host;
use super::kernel::compare;

/// The note of Debian's and Ubuntu's packages, and the one with their names.
const NOTES: [(&str, &str); 2] = [
    ("run/reboot-required", "run/reboot-required.pkgs"),
    ("var/run/reboot-required", "var/run/reboot-required.pkgs"),
];

impl Host {
    /// `None` where nothing can be known: no note is ever left and the kernel is not to be seen. A container's kernel is another
    /// system's, so only the note counts there.
    pub(super) fn reboot(&self, container: bool, packages: &PackageList) -> Option<Reboot> {
        let mut reboot = Reboot::default();
        if let Some((note, names)) = NOTES.iter().find(|(note, _)| self.at(note).exists()) {
            let names = super::read_small(&self.at(names)).unwrap_or_default();
            reboot.packages =
                names.lines().map(|name| text::one_line(name.trim(), limits::NAME_BYTES)).collect();
            reboot.packages.retain(|name| !name.is_empty());
            reboot.packages.sort();
            reboot.packages.dedup();
            reboot.packages.truncate(limits::UPDATES);
            reboot.reasons.push(format!("/{note} is there"));
        }
        let running = if container { None } else { self.running_kernel() };
        if let Some(running) = &running {
            reboot.reasons.extend(self.kernel_waits(running, packages));
        }
        reboot.required = !reboot.reasons.is_empty();
        let can_be_known = reboot.required || running.is_some() || packages.contains_key("dpkg");
        can_be_known.then_some(reboot)
    }

    fn kernel_waits(&self, running: &str, packages: &PackageList) -> Option<String> {
        if let Some(newest) =
            self.newest_kernel().filter(|newest| compare(newest, running) == Ordering::Greater)
        {
            return Some(format!("kernel {newest} is installed and {running} is running"));
        }
        // Debian replaces a kernel under its own name; the running one says which version it was built from.
        let installed = packages.get(&format!("linux-image-{running}"))?;
        let built = self.line("proc/version")?;
        let built = built.split_once(" Debian ")?.1.split(' ').next()?;
        (built != installed)
            .then(|| format!("kernel {running} was updated to {installed}, and {built} is running"))
    }
}
