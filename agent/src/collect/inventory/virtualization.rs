//! What the host runs on: bare metal, a virtual machine or a container.
//!
//! systemd knows best and is asked where it is; its words are used in any case. Without it the same sources are read, in the same
//! order: a container first, because it may itself run in a virtual machine.

use super::Host;
use crate::os::command;

/// systemd's word: `none`, `kvm`, `docker`.
pub(super) struct Virtualization(String);

/// systemd's words for containers.
#[rustfmt::skip]
const CONTAINERS: &[&str] = &[
    "docker", "podman", "lxc", "lxc-libvirt", "systemd-nspawn", "openvz", "rkt", "wsl", "proot", "pouch", "container-other",
];
/// What a machine's maker and product say (`/sys/class/dmi/id`), and systemd's word for it.
const MACHINES: &[(&str, &str)] = &[
    ("KVM", "kvm"),
    ("OpenStack", "kvm"),
    ("KubeVirt", "kvm"),
    ("Amazon EC2", "amazon"),
    ("Google Compute Engine", "google"),
    ("QEMU", "qemu"),
    ("VMware", "vmware"),
    ("VMW", "vmware"),
    ("innotek GmbH", "oracle"),
    ("VirtualBox", "oracle"),
    ("Xen", "xen"),
    ("Bochs", "bochs"),
    ("Parallels", "parallels"),
    ("BHYVE", "bhyve"),
    ("Hyper-V", "microsoft"),
    ("Virtual Machine", "microsoft"),
    ("Apple Virtualization", "apple"),
];
/// Where a machine says what it is.
const SAYS: [&str; 4] = ["product_name", "sys_vendor", "board_vendor", "bios_vendor"];

impl Virtualization {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Then kernel and hardware are another system's.
    pub(super) fn is_container(&self) -> bool {
        CONTAINERS.contains(&self.as_str())
    }
}

impl Host {
    pub(super) fn virtualization(&self) -> Virtualization {
        Virtualization(self.systemd_says().unwrap_or_else(|| self.sources_say()))
    }

    fn systemd_says(&self) -> Option<String> {
        if !self.asking {
            return None;
        }
        match command::ask("systemd-detect-virt", &[], self.deadline) {
            Ok(answer) => Some(answer.trim().to_owned()).filter(|answer| !answer.is_empty()),
            // Bare metal is its "no"; a fault would have words.
            Err(command::AskError::Refused { words, .. }) if words.is_empty() => Some("none".into()),
            Err(_) => None,
        }
    }

    fn sources_say(&self) -> String {
        let container = self.line("run/systemd/container").or_else(|| {
            let here = |path: &str| self.at(path).exists();
            let word = match () {
                () if here("run/.containerenv") => "podman",
                () if here(".dockerenv") => "docker",
                () if here("proc/vz") && !here("proc/bc") => "openvz",
                () if self
                    .line("proc/sys/kernel/osrelease")
                    .is_some_and(|release| release.to_lowercase().contains("microsoft")) =>
                {
                    "wsl"
                }
                () => return None,
            };
            Some(word.to_owned())
        });
        let nothing_found = if cfg!(target_os = "linux") { "none" } else { "unknown" };
        container.or_else(|| self.machine()).unwrap_or_else(|| nothing_found.into())
    }

    fn machine(&self) -> Option<String> {
        let says = SAYS.iter().filter_map(|name| self.line(&format!("sys/class/dmi/id/{name}")));
        let known = |said: String| MACHINES.iter().find(|(words, _)| said.contains(words));
        let by_name = says.filter_map(known).next().map(|(_, word)| (*word).to_owned());
        let by_flag = || {
            let cpus = super::read_small(&self.at("proc/cpuinfo"))?;
            let flags = cpus.lines().find(|line| line.starts_with("flags"))?;
            flags.split_whitespace().any(|flag| flag == "hypervisor").then(|| "vm-other".to_owned())
        };
        by_name.or_else(|| self.line("sys/hypervisor/type")).or_else(by_flag)
    }
}
