//! Files named by a pattern: `*` and `?` stand for any part of one name, links are followed as a server follows them.

use std::io::Read as _;
use std::path::{Component, Path, PathBuf};

use globset::Glob;

/// Most files one check looks at.
const FILES: usize = 500;
/// Longest certificate file that is read, in bytes.
const FILE_BYTES: u64 = 4 << 20;

/// The files, in order of name, and what could not be found, one sentence each.
pub(super) fn find(patterns: &[PathBuf]) -> (Vec<PathBuf>, Vec<String>) {
    let (mut files, mut problems) = (vec![], vec![]);
    for pattern in patterns {
        match expand(pattern) {
            // A glob may match nothing where another does; a file that is named must be there.
            Ok(found) if found.is_empty() && !is_glob(&pattern.to_string_lossy()) => {
                problems.push(format!("{}: no such file", pattern.display()));
            }
            Ok(found) => files.extend(found),
            Err(why) => problems.push(why),
        }
    }
    files.sort();
    files.dedup();
    if files.len() > FILES {
        problems.push(format!("{} of {} files were not looked at", files.len() - FILES, files.len()));
        files.truncate(FILES);
    }
    (files, problems)
}

/// The content of a file.
pub(super) fn read(file: &Path) -> Result<Vec<u8>, String> {
    let mut bytes = vec![];
    let opened = std::fs::File::open(file).and_then(|file| file.take(FILE_BYTES + 1).read_to_end(&mut bytes));
    opened.map_err(|error| error.to_string())?;
    if bytes.len() as u64 > FILE_BYTES { Err("too long for a certificate".into()) } else { Ok(bytes) }
}

fn is_glob(name: &str) -> bool {
    name.contains(['*', '?', '[', '{'])
}

fn expand(pattern: &Path) -> Result<Vec<PathBuf>, String> {
    let mut found = vec![PathBuf::new()];
    for part in pattern.components() {
        let name = part.as_os_str().to_string_lossy();
        if !matches!(part, Component::Normal(_)) || !is_glob(&name) {
            found.iter_mut().for_each(|path| path.push(part));
            continue;
        }
        let glob = Glob::new(&name).map_err(|error| format!("{}: {error}", pattern.display()))?;
        let glob = glob.compile_matcher();
        let mut next = vec![];
        for folder in &found {
            let Ok(listing) = std::fs::read_dir(folder) else { continue };
            let names = listing.flatten().filter(|entry| glob.is_match(entry.file_name()));
            next.extend(names.map(|entry| entry.path()));
        }
        found = next;
    }
    // `metadata` follows links: what a web server is given is often one.
    found.retain(|path| std::fs::metadata(path).is_ok_and(|metadata| metadata.is_file()) || is_hidden(path));
    Ok(found)
}

/// What may not be looked at is no missing file: reading it says so.
fn is_hidden(path: &Path) -> bool {
    std::fs::metadata(path).is_err_and(|error| error.kind() == std::io::ErrorKind::PermissionDenied)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_a_part_of_one_name_and_links_are_followed() {
        let home = tempfile::tempdir().unwrap();
        for name in ["live/a.example", "live/b.example", "archive"] {
            std::fs::create_dir_all(home.path().join(name)).unwrap();
        }
        std::fs::write(home.path().join("archive/a1.pem"), "x").unwrap();
        std::fs::write(home.path().join("live/README"), "x").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink("../../archive/a1.pem", home.path().join("live/a.example/cert.pem"))
            .unwrap();
        #[cfg(not(unix))]
        std::fs::write(home.path().join("live/a.example/cert.pem"), "x").unwrap();
        let wanted = ["live/*/cert.pem", "live/gone.pem", "none/*.pem"].map(|name| home.path().join(name));
        let (files, problems) = find(&wanted);
        assert_eq!(files, [home.path().join("live/a.example/cert.pem")]);
        assert_eq!(problems, [format!("{}: no such file", wanted[1].display())]);
    }
}
