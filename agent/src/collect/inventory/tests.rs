//! Hosts of several kinds, as directories that hold what theirs would.

use std::fs;
use std::time::Instant;

use super::*;

/// A host with these files; nothing on it can be asked.
fn host(files: &[(&str, &str)]) -> (tempfile::TempDir, Host) {
    let dir = tempfile::tempdir().unwrap();
    for (name, content) in files {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    let host = Host { root: dir.path().into(), asking: false, deadline: Instant::now() };
    (dir, host)
}

fn found(files: &[(&str, &str)]) -> (Inventory, Vec<String>) {
    let (_dir, host) = host(files);
    host.inventory(&Item::ALL)
}

const DPKG: &str = "Package: dpkg\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.21\n\n\
    Package: linux-image-6.1.0-21-amd64\nStatus: install ok installed\nArchitecture: amd64\nVersion: 6.1.90-1\n";
const VERSION: &str = "Linux version 6.1.0-21-amd64 (debian-kernel@lists.debian.org) (gcc-12) #1 SMP PREEMPT_DYNAMIC Debian 6.1.90-1 (2024-05-03)\n";

#[test]
fn a_debian_server_on_metal_is_told_with_its_maker_disks_and_packages() {
    let (inventory, problems) = found(&[
        ("var/lib/dpkg/status", DPKG),
        ("proc/version", VERSION),
        ("proc/sys/kernel/osrelease", "6.1.0-21-amd64\n"),
        ("boot/vmlinuz-6.1.0-21-amd64", ""),
        ("sys/class/dmi/id/sys_vendor", "Dell Inc.\n"),
        ("sys/class/dmi/id/product_name", "PowerEdge R640\n"),
        ("sys/class/dmi/id/product_version", "To Be Filled By O.E.M.\n"),
        ("sys/class/dmi/id/bios_vendor", "Dell Inc.\n"),
        ("sys/class/dmi/id/bios_version", "2.19.1\n"),
        ("sys/class/dmi/id/bios_date", "06/04/2023\n"),
        ("sys/class/dmi/id/product_serial", "SECRET1\n"),
        ("sys/block/sda/size", "1000215216\n"),
        ("sys/block/sda/device/model", "Samsung SSD 860 \n"),
        ("sys/block/sda/device/vendor", "ATA     \n"),
        ("sys/block/sda/queue/rotational", "0\n"),
        ("sys/block/loop0/size", "8\n"),
        ("sys/block/sdb/size", "0\n"),
    ]);
    let facts: Vec<String> = inventory.facts.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    assert_eq!(
        facts,
        [
            "host.disk.sda: 476.9 GiB, Samsung SSD 860, solid state",
            "host.firmware: Dell Inc. 2.19.1 06/04/2023",
            "host.model: PowerEdge R640",
            "host.vendor: Dell Inc.",
            "host.virtualization: none",
            "os.kernel.installed: 6.1.0-21-amd64",
            "updates: unknown: only apt's lists can be read without root, and there is no apt here",
        ]
    );
    assert_eq!(inventory.packages.unwrap().list.len(), 2);
    assert_eq!(inventory.reboot, Some(Reboot::default()), "known, and not required");
    assert_eq!(problems, Vec::<String>::new());
}

#[test]
fn a_kernel_that_waits_for_a_restart_is_found_in_each_of_its_ways() {
    let reasons = |files: &[(&str, &str)]| found(files).0.reboot.unwrap().reasons;
    let debian = ("var/lib/dpkg/status", DPKG);
    let running = ("proc/sys/kernel/osrelease", "6.1.0-21-amd64\n");
    assert_eq!(
        reasons(&[debian, running, ("boot/vmlinuz-6.1.0-21-amd64", ""), ("boot/vmlinuz-6.1.0-30-amd64", "")]),
        ["kernel 6.1.0-30-amd64 is installed and 6.1.0-21-amd64 is running"]
    );
    assert_eq!(
        reasons(&[debian, running, ("proc/version", &VERSION.replace("6.1.90-1", "6.1.85-1"))]),
        ["kernel 6.1.0-21-amd64 was updated to 6.1.90-1, and 6.1.85-1 is running"]
    );
    let fedora = ("proc/sys/kernel/osrelease", "6.8.5-301.fc40.x86_64\n");
    assert_eq!(
        reasons(&[
            fedora,
            ("lib/modules/6.8.9-300.fc40.x86_64/vmlinuz", ""),
            ("lib/modules/6.9.0-1.fc40.x86_64/build", "")
        ]),
        ["kernel 6.8.9-300.fc40.x86_64 is installed and 6.8.5-301.fc40.x86_64 is running"]
    );
    let (noted, _) =
        found(&[debian, ("run/reboot-required", ""), ("run/reboot-required.pkgs", "libc6\nlibc6\ndbus\n")]);
    let noted = noted.reboot.unwrap();
    assert!(noted.required && noted.reasons == ["/run/reboot-required is there"], "{noted:?}");
    assert_eq!(noted.packages, ["dbus", "libc6"]);
}

#[test]
fn in_a_container_kernel_and_disks_are_another_systems() {
    let (inventory, _) = found(&[
        (".dockerenv", ""),
        ("var/lib/dpkg/status", DPKG),
        ("proc/sys/kernel/osrelease", "6.1.0-21-amd64\n"),
        ("boot/vmlinuz-6.1.0-30-amd64", ""),
        ("sys/block/sda/size", "1000215216\n"),
        ("var/lib/apt/lists/lock", ""),
    ]);
    assert_eq!(inventory.facts["host.virtualization"], "docker");
    assert_eq!(inventory.facts["updates"], "unknown: apt has no lists; `apt-get update` fetches them");
    assert_eq!(inventory.facts.len(), 2, "{:?}", inventory.facts);
    assert_eq!(inventory.reboot, Some(Reboot::default()));
}

#[test]
fn virtual_machines_are_known_by_what_they_say_of_themselves() {
    let word = |files: &[(&str, &str)]| found(files).0.facts["host.virtualization"].clone();
    assert_eq!(
        word(&[
            ("sys/class/dmi/id/sys_vendor", "QEMU\n"),
            ("sys/class/dmi/id/product_name", "Standard PC\n")
        ]),
        "qemu"
    );
    assert_eq!(word(&[("sys/class/dmi/id/product_name", "VMware Virtual Platform\n")]), "vmware");
    assert_eq!(
        word(&[
            ("sys/class/dmi/id/sys_vendor", "Microsoft Corporation\n"),
            ("sys/class/dmi/id/product_name", "Virtual Machine\n")
        ]),
        "microsoft"
    );
    assert_eq!(word(&[("sys/hypervisor/type", "xen\n")]), "xen");
    assert_eq!(word(&[("proc/cpuinfo", "processor : 0\nflags : fpu hypervisor lahf_lm\n")]), "vm-other");
    assert_eq!(word(&[("run/systemd/container", "lxc\n"), ("sys/class/dmi/id/sys_vendor", "QEMU\n")]), "lxc");
    assert_eq!(word(&[]), "none");
}

#[test]
fn a_host_without_any_of_it_says_so_and_what_is_switched_off_is_not_looked_for() {
    let (inventory, problems) = found(&[]);
    assert_eq!(inventory.facts["packages"], "unknown: neither a dpkg nor an rpm database is here");
    assert_eq!((inventory.packages, inventory.updates, inventory.reboot), (None, None, None));
    assert_eq!(problems, Vec::<String>::new());
    let (_dir, debian) = host(&[("var/lib/dpkg/status", DPKG), ("run/reboot-required", "")]);
    assert_eq!(debian.inventory(&[]), (Inventory::default(), vec![]));
    assert_eq!(inventory_of_this_host(&[]), (Inventory::default(), vec![]));
}

fn inventory_of_this_host(items: &[Item]) -> (Inventory, Vec<String>) {
    super::inventory(items, Instant::now() + TIME_BUDGET)
}

#[test]
fn a_database_that_cannot_be_read_costs_only_the_packages() {
    let (dir, host) = host(&[("run/reboot-required", "")]);
    fs::create_dir_all(dir.path().join("var/lib/dpkg/status")).unwrap();
    let (inventory, problems) = host.inventory(&Item::ALL);
    assert!(
        problems.len() == 1
            && problems[0].starts_with("packages: ")
            && problems[0].contains("var/lib/dpkg/status"),
        "{problems:?}"
    );
    assert!(inventory.reboot.unwrap().required && !inventory.facts.contains_key("packages"));
}

#[test]
fn hostile_names_and_versions_are_made_harmless_and_a_list_too_long_is_counted_out() {
    let package = |n: usize| {
        format!("Package: p{n}\nStatus: install ok installed\nArchitecture: all\nVersion: 1\u{1b}[31m\n\n")
    };
    let status: String = (0..limits::PACKAGES + 7).map(package).collect();
    let (inventory, problems) = found(&[("var/lib/dpkg/status", &status)]);
    let list = inventory.packages.unwrap().list;
    assert_eq!((list.len(), list["p0"].as_str()), (limits::PACKAGES, "1"));
    assert_eq!(problems, ["packages: 7 left out, a report holds 20000 at most"]);
}

/// The same questions, answered by the system's own programs.
#[test]
fn this_host_is_told_as_its_own_programs_tell_it() {
    let Ok(answer) = crate::os::command::ask(
        "dpkg-query",
        &["-f", "${db:Status-Status} ${Package}\\n", "-W"],
        Instant::now() + TIME_BUDGET,
    ) else {
        return; // no Debian
    };
    let installed = answer.lines().filter(|line| line.starts_with("installed ")).count();
    let (inventory, problems) = inventory_of_this_host(&Item::ALL);
    assert_eq!(inventory.packages.unwrap().list.len(), installed, "{problems:?}");
    assert!(inventory.facts.contains_key("os.kernel") && inventory.facts.contains_key("host.virtualization"));
    assert!(inventory.updates.is_some() || inventory.facts.contains_key("updates"), "{:?}", inventory.facts);
}
