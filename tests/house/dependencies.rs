//! The dependency policy, over `cargo tree` so that it needs no network. `deny.toml` says the same to cargo-deny.

use std::collections::BTreeMap;
use std::process::Command;

/// Licences we may ship. An expression passes if one of its alternatives is made of these only.
const ALLOWED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-1-Clause",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// What must not get into the tree, and why.
const BANNED: &[(&str, &str)] = &[
    ("openssl-sys", "TLS is rustls with ring, one stack on every system"),
    ("native-tls", "TLS is rustls with ring, one stack on every system"),
    ("aws-lc-sys", "one crypto provider: ring is half the size on customers' hosts"),
    ("async-std", "the runtime is tokio; async-imap's default features bring this one"),
    ("serde_yaml", "no longer maintained"),
    ("rsa", "RUSTSEC-2023-0071; mail servers sign with DKIM, not we"),
];

/// Every crate that is built into anything we make, for any system, with its licence. `cargo tree` and not `cargo metadata`,
/// because the latter also lists optional crates nobody switched on (ssh-key's `rsa`).
fn crates() -> BTreeMap<String, String> {
    let output = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--workspace",
            "--locked",
            "--target",
            "all",
            "--prefix",
            "none",
            "--format",
            "{p}|{l}",
        ])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    let pair =
        |line: &str| line.split_once('|').map(|(package, licence)| (package.to_owned(), licence.to_owned()));
    lines.lines().map(|line| line.trim_end_matches(" (*)")).filter_map(pair).collect()
}

/// How many versions of a crate are in the tree.
fn versions(of: &str) -> usize {
    crates().keys().filter(|package| package.split(' ').next() == Some(of)).count()
}

fn is_allowed(expression: &str) -> bool {
    let expression = expression.replace('/', " OR ").replace(['(', ')'], "");
    expression
        .split(" OR ")
        .any(|alternative| alternative.split(" AND ").all(|licence| ALLOWED.contains(&licence.trim())))
}

#[test]
fn every_dependency_has_a_permissive_licence() {
    let crates = crates();
    assert!(crates.len() > 100, "cargo tree printed only {crates:?}");
    let bad: Vec<_> = crates.iter().filter(|(_, licence)| !is_allowed(licence)).collect();
    assert!(bad.is_empty(), "not permissive, or not known to be: {bad:?}");
}

#[test]
fn a_licence_outside_the_list_would_be_noticed() {
    assert!(is_allowed("MIT OR GPL-3.0") && is_allowed("(MIT OR Apache-2.0) AND Unicode-3.0"));
    assert!(!is_allowed("GPL-3.0") && !is_allowed("MIT AND GPL-3.0"));
}

#[test]
fn nothing_banned_is_in_the_tree_and_what_must_be_there_once_is() {
    for (name, why) in BANNED {
        assert_eq!(versions(name), 0, "{name} is in the tree: {why}");
    }
    for once in ["rusqlite", "libsqlite3-sys", "rustls", "ring", "hyper", "tokio"] {
        assert_eq!(versions(once), 1, "{once} must be in the tree exactly once");
    }
}
