//! The names this host knows: its own, its neighbours', its domains' and its people's. Read to be hidden, never to be sent.

use super::{FIRST_PERSON, NOBODY};
use crate::redact::pseudonym::Names;

/// The names of this host, of its neighbours in `/etc/hosts`, of its domains, and of the people with a local account. What cannot be
/// read has no names.
#[must_use]
pub fn known_names() -> Names {
    let read = |file: &str| String::from_utf8_lossy(&std::fs::read(file).unwrap_or_default()).into_owned();
    names_in(
        read("/proc/sys/kernel/hostname").trim(),
        &read("/etc/hosts"),
        &read("/etc/resolv.conf"),
        super::named_ids("/etc/passwd"),
    )
}

fn names_in(
    own: &str,
    hosts: &str,
    resolv_conf: &str,
    accounts: impl IntoIterator<Item = (u32, String)>,
) -> Names {
    let fields = |line: &str| line.split('#').next().unwrap_or_default().to_owned();
    let mut known: Vec<String> = Vec::new();
    for line in hosts.lines().map(fields) {
        known.extend(line.split_ascii_whitespace().skip(1).map(str::to_owned));
    }
    known.push(own.to_owned());
    let short = own.split('.').next().unwrap_or_default();
    let domain = |name: &String| {
        let (host, domain) = name.split_once('.')?;
        host.eq_ignore_ascii_case(short).then(|| domain.to_owned())
    };
    let mut domains: Vec<String> = known.iter().filter_map(domain).collect();
    for line in resolv_conf.lines() {
        let mut words = line.split_ascii_whitespace();
        if matches!(words.next(), Some("search" | "domain")) {
            domains.extend(words.map(|domain| domain.trim_end_matches('.').to_owned()));
        }
    }
    known.push(short.to_owned());
    let people = accounts.into_iter().filter(|(id, _)| *id >= FIRST_PERSON && *id != NOBODY);
    Names { hosts: known, domains, users: people.map(|(_, name)| name).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_knows_itself_its_neighbours_its_domains_and_its_people() {
        let accounts = [(0, "root"), (33, "www-data"), (1000, "anna"), (65_534, "nobody"), (70_000, "ben")];
        let names = names_in(
            "scada-01",
            "127.0.0.1 localhost\n127.0.1.1\tscada-01.acme.example scada-01 # me\n# 10.0.0.9 gone\n10.0.0.5 db\n",
            "nameserver 10.0.0.1\nsearch acme.example. plant.acme.example\n",
            accounts.map(|(id, name)| (id, name.to_owned())),
        );
        for host in ["scada-01", "scada-01.acme.example", "db"] {
            assert!(names.hosts.iter().any(|known| known == host), "{host} in {:?}", names.hosts);
        }
        assert!(!names.hosts.iter().any(|known| known == "gone"));
        assert_eq!(names.domains, ["acme.example", "acme.example", "plant.acme.example"]);
        assert_eq!(names.users, ["anna", "ben"]);
    }

    #[test]
    fn a_host_that_calls_itself_by_its_whole_name_gives_its_domain_and_its_short_name() {
        let names = names_in("scada-01.acme.example", "", "", []);
        assert_eq!(
            (names.domains, names.hosts.last().map(String::as_str)),
            (vec!["acme.example".to_owned()], Some("scada-01"))
        );
    }
}
