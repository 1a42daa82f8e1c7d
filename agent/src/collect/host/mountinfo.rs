//! Whether a filesystem is read-only, and whether it was meant to be. Linux, from `/proc/self/mountinfo`. Pure.
//!
//! A mount has options of its own, and so has the filesystem below it (proc(5)). One that the kernel made read-only after an error
//! is still mounted for writing: only its filesystem's own options say `ro`.

/// How one can write to a filesystem; the number that is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Writing {
    /// As usual.
    Possible = 0,
    /// It was mounted read-only.
    NotMeant = 1,
    /// It was mounted for writing and is read-only: after errors.
    Broken = 2,
}

/// What the table says of a mount point; the last mount there counts, as it hides the others.
pub(super) fn writing(table: &str, mountpoint: &str) -> Option<Writing> {
    let of_line = |line: &str| {
        let (mount, filesystem) = line.split_once(" - ")?;
        let mut mount = mount.split(' ').skip(4);
        let (point, options) = (mount.next()?, mount.next()?);
        if unescape(point) != mountpoint {
            return None;
        }
        let read_only = |options: &str| options.split(',').any(|option| option == "ro");
        let own = filesystem.split(' ').nth(2).is_some_and(read_only);
        Some(match (read_only(options), own) {
            (true, _) => Writing::NotMeant,
            (false, true) => Writing::Broken,
            (false, false) => Writing::Possible,
        })
    };
    table.lines().rev().find_map(of_line)
}

/// The kernel writes a space as `\040`, and so on.
fn unescape(point: &str) -> String {
    let mut out = String::new();
    let mut rest = point;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let code = rest.get(at + 1..at + 4).and_then(|digits| u8::from_str_radix(digits, 8).ok());
        match code.filter(u8::is_ascii) {
            Some(code) => {
                out.push(char::from(code));
                rest = &rest[at + 4..];
            }
            None => {
                out.push('\\');
                rest = &rest[at + 1..];
            }
        }
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "\
22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,errors=remount-ro
28 27 254:1 / /var rw,relatime shared:3 - ext4 /dev/vdb ro,errors=remount-ro
29 27 7:0 / /snap/core ro,nodev - squashfs /dev/loop0 ro
30 27 254:2 / /srv/big\\040data ro,relatime - xfs /dev/vdc rw
31 27 254:3 / /srv/big\\040data rw,relatime - xfs /dev/vdd rw
";

    #[test]
    fn a_filesystem_that_broke_is_told_from_one_that_was_mounted_read_only() {
        let said = |point: &str| writing(TABLE, point);
        assert_eq!(said("/"), Some(Writing::Possible));
        assert_eq!(said("/var"), Some(Writing::Broken));
        assert_eq!(said("/snap/core"), Some(Writing::NotMeant));
        assert_eq!(said("/srv/big data"), Some(Writing::Possible), "the one mounted over it counts");
        assert_eq!(said("/gone"), None);
    }
}
