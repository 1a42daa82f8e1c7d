//! Which kernels are installed, and whether a newer one than the running waits for a restart.

use std::cmp::Ordering;

use super::Host;

impl Host {
    /// The release of the running kernel.
    pub(super) fn running_kernel(&self) -> Option<String> {
        self.line("proc/sys/kernel/osrelease")
    }

    /// The newest installed kernel of the running one's flavour.
    pub(super) fn newest_kernel(&self) -> Option<String> {
        newest(&self.running_kernel()?, self.installed_kernels())
    }

    /// Those with an image in `/boot` or beside their modules: what a removed kernel leaves behind has none.
    pub(super) fn installed_kernels(&self) -> Vec<String> {
        let names = |directory: &str| {
            let entries = std::fs::read_dir(self.at(directory)).into_iter().flatten().flatten();
            entries.filter_map(|entry| entry.file_name().into_string().ok()).collect::<Vec<_>>()
        };
        let mut found: Vec<String> =
            names("boot").iter().filter_map(|name| Some(name.strip_prefix("vmlinuz-")?.to_owned())).collect();
        for modules in ["lib/modules", "usr/lib/modules"] {
            let whole = |release: &String| self.at(&format!("{modules}/{release}/vmlinuz")).exists();
            found.extend(names(modules).into_iter().filter(whole));
        }
        found.retain(|release| !release.contains("rescue"));
        found.sort();
        found.dedup();
        found
    }
}

/// The newest of the same flavour as `running`.
fn newest(running: &str, installed: Vec<String>) -> Option<String> {
    installed.into_iter().filter(|release| flavour(release) == flavour(running)).max_by(|a, b| compare(a, b))
}

/// What tells `amd64` from `cloud-amd64`, `generic` from `lowlatency`, `x86_64` from `x86_64+debug`: only kernels of one flavour
/// replace each other.
fn flavour(release: &str) -> &str {
    let starts_with_letter = |text: &str| text.starts_with(|c: char| c.is_ascii_alphabetic());
    // Debian, Ubuntu, SUSE: everything from the first part after a hyphen that begins with a letter.
    if let Some((place, _)) =
        release.match_indices('-').find(|(place, _)| starts_with_letter(&release[place + 1..]))
    {
        return &release[place + 1..];
    }
    // Red Hat: what follows the last full stop.
    release.rsplit('.').next().filter(|last| starts_with_letter(last)).unwrap_or("")
}

/// By numbers where there are numbers, so that 6.1.0-9 comes before 6.1.0-10.
pub(super) fn compare(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a, b);
    loop {
        match (part(&mut a), part(&mut b)) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(x), Some(y)) => {
                let ordering = match (number(x), number(y)) {
                    (Some(x), Some(y)) => (x.len(), x).cmp(&(y.len(), y)),
                    _ => x.cmp(y),
                };
                if ordering != Ordering::Equal {
                    return ordering;
                }
            }
        }
    }
}

/// Takes the digits or the rest before the next digits off the front.
fn part<'t>(text: &mut &'t str) -> Option<&'t str> {
    let digits = text.starts_with(|c: char| c.is_ascii_digit());
    let end = text.find(|c: char| c.is_ascii_digit() != digits).unwrap_or(text.len());
    let (part, rest) = text.split_at(end);
    *text = rest;
    (!part.is_empty()).then_some(part)
}

/// Without leading zeros.
fn number(part: &str) -> Option<&str> {
    part.starts_with(|c: char| c.is_ascii_digit()).then(|| part.trim_start_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_kernel_is_the_highest_number_of_the_same_flavour() {
        let newest = |running: &str, installed: &[&str]| {
            super::newest(running, installed.iter().map(|release| (*release).to_owned()).collect())
                .unwrap_or_default()
        };
        assert_eq!(
            newest("6.1.0-9-amd64", &["6.1.0-9-amd64", "6.1.0-10-amd64", "6.1.0-30-cloud-amd64"]),
            "6.1.0-10-amd64"
        );
        assert_eq!(
            newest("6.8.0-31-generic", &["6.8.0-31-generic", "6.8.0-31-lowlatency"]),
            "6.8.0-31-generic"
        );
        assert_eq!(
            newest(
                "5.14.0-427.13.1.el9_4.x86_64",
                &[
                    "5.14.0-427.13.1.el9_4.x86_64",
                    "5.14.0-503.11.1.el9_5.x86_64",
                    "5.14.0-600.el9.x86_64+debug"
                ]
            ),
            "5.14.0-503.11.1.el9_5.x86_64"
        );
        assert_eq!(newest("6.8.4-2-pve", &["6.8.12-1-pve", "6.8.4-2-pve"]), "6.8.12-1-pve");
        assert_eq!(
            newest("6.4.0-150600.21-default", &["6.4.0-150600.23-default"]),
            "6.4.0-150600.23-default"
        );
        assert_eq!(newest("6.1.0-9-amd64", &[]), "");
    }

    #[test]
    fn numbers_are_compared_as_numbers() {
        for (less, more) in [
            ("6.1.9", "6.1.10"),
            ("6.1", "6.1.1"),
            ("5.99.0", "6.0.0"),
            ("6.01", "6.2"),
            ("6.1.0-rc1", "6.1.0-rc2"),
        ] {
            assert_eq!(compare(less, more), Ordering::Less, "{less} {more}");
            assert_eq!(compare(more, less), Ordering::Greater, "{less} {more}");
        }
        assert_eq!(compare("6.01", "6.1"), Ordering::Equal);
    }
}
