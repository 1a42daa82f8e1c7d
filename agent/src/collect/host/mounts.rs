//! Which mounts are filesystems somebody can fill.
//!
//! The rule: of a size; no pseudo filesystem, nothing in memory, no read-only image; an overlay only as the root (then
//! the agent is in a container); and each device once, at its shortest mount point, so that bind mounts and
//! subvolumes do not show one disk ten times.

use std::collections::BTreeMap;

/// One mount as the system lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mount {
    pub(super) device: String,
    pub(super) device_number: Option<u64>,
    pub(super) mountpoint: String,
    pub(super) kind: String,
    /// Bytes.
    pub(super) total: u64,
    /// Bytes the agent's user could still write.
    pub(super) available: u64,
}

#[rustfmt::skip]
const NOT_REPORTED: &[&str] = &[
    "autofs", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "cramfs", "debugfs", "devfs", "devpts", "devtmpfs", "efivarfs", "erofs",
    "fuse.gvfsd-fuse", "fuse.lxcfs", "fuse.portal", "fuse.snapfuse", "fusectl", "hugetlbfs", "iso9660", "mqueue", "nsfs", "nullfs", "proc", "pstore",
    "ramfs", "rootfs", "rpc_pipefs", "securityfs", "selinuxfs", "squashfs", "sysfs", "tmpfs", "tracefs", "udf",
];

/// The mounts to report, in order of mount point.
pub(super) fn reported(mut mounts: Vec<Mount>) -> Vec<Mount> {
    mounts.retain(|mount| {
        let overlay = mount.kind == "overlay" || mount.kind == "aufs";
        mount.total > 0
            && !NOT_REPORTED.contains(&mount.kind.as_str())
            && (!overlay || mount.mountpoint == "/")
    });
    mounts.sort_by(|a, b| (a.mountpoint.len(), &a.mountpoint).cmp(&(b.mountpoint.len(), &b.mountpoint)));
    let mut once: BTreeMap<(String, Option<u64>), Mount> = BTreeMap::new();
    for mount in mounts {
        // Subvolumes of one device have numbers of their own; only what has no device file needs the number.
        let number = if mount.device.starts_with('/') { None } else { mount.device_number };
        once.entry((mount.device.clone(), number)).or_insert(mount);
    }
    let mut mounts: Vec<Mount> = once.into_values().collect();
    mounts.sort_by(|a, b| a.mountpoint.cmp(&b.mountpoint));
    mounts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mount(device: &str, number: u64, mountpoint: &str, kind: &str) -> Mount {
        let (device, mountpoint, kind) = (device.into(), mountpoint.into(), kind.into());
        Mount { device, device_number: Some(number), mountpoint, kind, total: 1000, available: 300 }
    }

    fn points(mounts: Vec<Mount>) -> Vec<String> {
        reported(mounts).into_iter().map(|mount| mount.mountpoint).collect()
    }

    #[test]
    fn a_server_with_containers_and_snaps_shows_its_disks_once_each() {
        let found = points(vec![
            mount("/dev/sda2", 1, "/", "ext4"),
            mount("/dev/sda2", 1, "/var/lib/docker/volumes/x/_data", "ext4"),
            mount("overlay", 2, "/var/lib/docker/overlay2/abc/merged", "overlay"),
            mount("/dev/loop3", 3, "/snap/core/1", "squashfs"),
            mount("tmpfs", 4, "/tmp", "tmpfs"),
            mount("/dev/sdb1", 5, "/srv", "xfs"),
            mount("/dev/sda1", 6, "/boot/efi", "vfat"),
        ]);
        assert_eq!(found, ["/", "/boot/efi", "/srv"]);
    }

    #[test]
    fn in_a_container_the_root_is_an_overlay_and_is_shown() {
        assert_eq!(
            points(vec![mount("overlay", 1, "/", "overlay"), mount("/dev/sda1", 2, "/data", "ext4")]),
            ["/", "/data"]
        );
    }

    #[test]
    fn subvolumes_share_their_device_and_datasets_of_a_pool_do_not() {
        let found = points(vec![
            mount("/dev/sda1", 40, "/home", "btrfs"),
            mount("/dev/sda1", 41, "/", "btrfs"),
            mount("tank/a", 50, "/tank/a", "zfs"),
            mount("tank/b", 51, "/tank/b", "zfs"),
        ]);
        assert_eq!(found, ["/", "/tank/a", "/tank/b"]);
    }

    #[test]
    fn a_mount_of_no_size_is_no_filesystem_to_fill() {
        assert!(points(vec![Mount { total: 0, ..mount("/dev/x", 1, "/x", "fuse.y") }]).is_empty());
    }
}
