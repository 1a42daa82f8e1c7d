//! Debian's package database: `/var/lib/dpkg/status`, which everybody may read. Read line by line, because it is long.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use mailbeat_shared::wire::inventory::PackageList;

/// Most names in a sentence about packages.
const NAMED: usize = 5;

/// One package while it is read.
#[derive(Default)]
struct Stanza {
    package: String,
    status: String,
    architecture: String,
    version: String,
}

/// The installed packages below this root, and a sentence about those that are installed by half; `None`: no dpkg here.
pub(super) fn installed(root: &Path) -> Result<Option<(PackageList, Vec<String>)>, String> {
    let path = root.join("var/lib/dpkg/status");
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("{}: {error}", path.display())),
    };
    let found = read(BufReader::new(file)).map_err(|error| format!("{}: {error}", path.display()))?;
    // An image without packages leaves an empty database behind.
    Ok(Some(found).filter(|(list, _)| !list.is_empty()))
}

fn read(mut from: impl BufRead) -> io::Result<(PackageList, Vec<String>)> {
    let (mut found, mut halves) = (Vec::new(), Vec::new());
    let (mut stanza, mut line) = (Stanza::default(), Vec::new());
    loop {
        line.clear();
        let end = from.read_until(b'\n', &mut line)? == 0;
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end();
        if end || text.is_empty() {
            let done = std::mem::take(&mut stanza);
            match done.status.rsplit(' ').next() {
                Some("installed" | "triggers-pending" | "triggers-awaited") => found.push(done),
                Some("unpacked" | "half-configured" | "half-installed") => {
                    halves.push(format!(
                        "{} ({})",
                        done.package,
                        done.status.rsplit(' ').next().unwrap_or_default()
                    ));
                    found.push(done);
                }
                _ => {}
            }
            if end {
                break;
            }
        } else if let Some((key, value)) = text.split_once(": ") {
            match key {
                "Package" => value.clone_into(&mut stanza.package),
                "Status" => value.clone_into(&mut stanza.status),
                "Architecture" => value.clone_into(&mut stanza.architecture),
                "Version" => value.clone_into(&mut stanza.version),
                _ => {}
            }
        }
    }
    Ok((list(found), about(&halves)))
}

/// By name; those of a foreign architecture with it, as dpkg itself names them.
fn list(found: Vec<Stanza>) -> PackageList {
    let native =
        found.iter().find(|stanza| stanza.package == "dpkg").map(|stanza| stanza.architecture.clone());
    let entry = |stanza: Stanza| {
        let own = stanza.architecture == "all"
            || native.as_ref().is_none_or(|native| *native == stanza.architecture);
        let name = if own { stanza.package } else { format!("{}:{}", stanza.package, stanza.architecture) };
        (name, stanza.version)
    };
    found.into_iter().filter(|stanza| !stanza.package.is_empty()).map(entry).collect()
}

fn about(halves: &[String]) -> Vec<String> {
    if halves.is_empty() {
        return vec![];
    }
    let named = halves.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    let more =
        if halves.len() > NAMED { format!(" and {} more", halves.len() - NAMED) } else { String::new() };
    vec![format!("packages: not completely installed: {named}{more}; to mend it: dpkg --configure -a")]
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATUS: &str = "\
Package: dpkg\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.21.22\nConffiles:\n /etc/x 123\nDescription: a\n b: c\n\n\
Package: libc6\nStatus: hold ok installed\nArchitecture: amd64\nMulti-Arch: same\nVersion: 2.36-9\n\n\
Package: libc6\nStatus: install ok installed\nArchitecture: i386\nVersion: 2.36-9\n\n\
Package: tzdata\nStatus: install ok installed\nArchitecture: all\nVersion: 2024a-0+deb12u1\n\n\
Package: old\nStatus: deinstall ok config-files\nArchitecture: amd64\nVersion: 1\n\n\
Package: gone\nStatus: purge ok not-installed\nArchitecture: amd64\n\n\
Package: broken\nStatus: install ok half-configured\nArchitecture: amd64\nVersion: 3\n";

    #[test]
    fn what_is_installed_is_listed_and_what_is_so_by_half_is_said() {
        let (list, problems) = read(STATUS.as_bytes()).unwrap();
        let names: Vec<&str> = list.keys().map(String::as_str).collect();
        assert_eq!(names, ["broken", "dpkg", "libc6", "libc6:i386", "tzdata"]);
        assert_eq!(list["tzdata"], "2024a-0+deb12u1");
        assert_eq!(
            problems,
            ["packages: not completely installed: broken (half-configured); to mend it: dpkg --configure -a"]
        );
    }

    #[test]
    fn bytes_that_are_no_text_and_an_empty_file_are_no_trouble() {
        assert_eq!(read(&b"\xFF\xFE\n\n: \nPackage: x\n"[..]).unwrap(), (PackageList::new(), vec![]));
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(installed(dir.path()).unwrap(), None);
        std::fs::create_dir_all(dir.path().join("var/lib/dpkg/status")).unwrap();
        assert!(installed(dir.path()).unwrap_err().contains("var/lib/dpkg/status: "));
    }
}
