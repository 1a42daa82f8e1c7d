//! Which mounts are filesystems somebody can fill.
//!
//! The rule: of a size; no pseudo filesystem, nothing in memory, no read-only image; an overlay only as the root (then
//! the agent is in a container); and each device once, at its shortest mount point, so that bind mounts and
//! subvolumes do not show one disk ten times. Of a host with many the fullest are told, and how many were left out.

use std::collections::BTreeMap;

use mailbeat_shared::text;
use mailbeat_shared::wire::observation::{Metric, Observation, attributes, names};

use super::mountinfo::Writing;
use super::{share_used, whole};

/// Most filesystems that are told.
const TOLD: usize = 16;

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
    /// How many inodes there are and how many are free, where they are counted.
    pub(super) inodes: Option<(u64, u64)>,
    pub(super) writing: Writing,
}

impl Mount {
    fn space(&self) -> f64 {
        share_used(self.total, self.available)
    }

    fn inodes(&self) -> Option<f64> {
        self.inodes.map(|(total, free)| share_used(total, free))
    }

    /// The more, the sooner somebody must look: it broke, or it is nearly full in one way or the other.
    fn urgency(&self) -> f64 {
        let broken = if self.writing == Writing::Broken { 2.0 } else { 0.0 };
        broken + self.space().max(self.inodes().unwrap_or_default())
    }
}

/// The observations of these mounts, of at most [`TOLD`].
pub(super) fn told(mut mounts: Vec<Mount>) -> Vec<Observation> {
    let unlisted = mounts.len().saturating_sub(TOLD);
    mounts.sort_by(|a, b| {
        (b.mountpoint == "/").cmp(&(a.mountpoint == "/")).then(b.urgency().total_cmp(&a.urgency()))
    });
    mounts.truncate(TOLD);
    mounts.sort_by(|a, b| a.mountpoint.cmp(&b.mountpoint));
    let left_out =
        (unlisted > 0).then(|| Observation::new(&names::FILESYSTEMS_UNLISTED, whole(unlisted as u64)));
    mounts.iter().flat_map(observations).chain(left_out).collect()
}

fn observations(mount: &Mount) -> Vec<Observation> {
    let named = |metric: &Metric, value| {
        Observation::new(metric, value)
            .with(attributes::MOUNTPOINT, mount.mountpoint.clone())
            .with(attributes::FILESYSTEM_TYPE, text::one_line(&mount.kind, 64))
    };
    let device = text::one_line(&mount.device, 255);
    let mut all = vec![
        named(&names::FILESYSTEM_LIMIT, whole(mount.total)).with(attributes::DEVICE, device.clone()),
        named(&names::FILESYSTEM_UTILIZATION, mount.space()).with(attributes::DEVICE, device),
    ];
    all.extend(mount.inodes().map(|share| named(&names::FILESYSTEM_INODES, share)));
    all.push(named(&names::FILESYSTEM_WRITING, f64::from(mount.writing as u8)));
    all
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
        Mount {
            device,
            device_number: Some(number),
            mountpoint,
            kind,
            total: 1000,
            available: 300,
            inodes: None,
            writing: Writing::Possible,
        }
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
    fn of_two_hundred_filesystems_the_root_the_broken_and_the_fullest_are_told() {
        let mut many: Vec<Mount> = (0..200)
            .map(|number: u64| {
                let mut one = mount(&format!("/dev/d{number}"), number, &format!("/data/{number:03}"), "xfs");
                one.available = 1000 - number;
                one
            })
            .collect();
        many.push(mount("/dev/root", 900, "/", "ext4"));
        many[7].writing = Writing::Broken;
        many[8].inodes = Some((100, 1));
        let all = told(reported(many));
        let points: Vec<&str> = all
            .iter()
            .filter(|found| found.name == names::FILESYSTEM_UTILIZATION.name)
            .filter_map(|found| found.attribute(attributes::MOUNTPOINT))
            .collect();
        assert_eq!(points[..4], ["/", "/data/007", "/data/008", "/data/187"]);
        assert_eq!(points.len(), TOLD);
        let value = |metric: &Metric, point: &str| {
            let found = all.iter().find(|found| {
                found.name == metric.name
                    && found.attribute(attributes::MOUNTPOINT).is_none_or(|at| at == point)
            });
            found.map(|found| found.value)
        };
        assert_eq!(value(&names::FILESYSTEMS_UNLISTED, ""), Some(185.0));
        assert_eq!(value(&names::FILESYSTEM_WRITING, "/data/007"), Some(2.0));
        assert_eq!(value(&names::FILESYSTEM_INODES, "/data/008"), Some(0.99));
        assert_eq!(value(&names::FILESYSTEM_INODES, "/"), None, "a filesystem that does not count them");
    }

    #[test]
    fn a_mount_of_no_size_is_no_filesystem_to_fill() {
        assert!(points(vec![Mount { total: 0, ..mount("/dev/x", 1, "/x", "fuse.y") }]).is_empty());
    }
}
