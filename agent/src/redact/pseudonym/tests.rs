//! What is told by a pseudonym, what stays as it is, and what two pseudonyms show of each other.

use super::*;

fn names() -> Names {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    Names {
        hosts: owned(&["scada-01", "db", "printer.lan", "localhost", "ip6-allnodes"]),
        domains: owned(&["acme.example", "example"]),
        users: owned(&["anna", "j.doe"]),
    }
}

fn pseudonyms(kinds: &[Kind]) -> Pseudonyms {
    let config = RedactConfig { pseudonyms: kinds.to_vec(), ..RedactConfig::default() };
    Pseudonyms::new([7; 32], &config, names())
}

/// The text with the fingerprints taken out of the pseudonyms.
fn shape(kinds: &[Kind], text: &str) -> String {
    let disguised = pseudonyms(kinds).disguise(text).into_owned();
    let mut out = String::new();
    let mut rest = disguised.as_str();
    while let Some(at) = rest.find('<') {
        let end = rest[at..].find('>').map_or(rest.len(), |end| at + end + 1);
        out.push_str(&rest[..at]);
        out.push_str(rest[at + 1..end].split(':').next().unwrap_or_default().to_uppercase().as_str());
        rest = &rest[end..];
    }
    out + rest
}

#[test]
fn addresses_are_found_wherever_they_stand_and_what_names_nobody_stays() {
    let found = |text: &str| shape(&[Kind::Ip], text);
    for (text, expected) in [
        ("listen 10.1.2.3:8080;", "listen IP:8080;"),
        ("10.1.2.0/24 dev eth0", "IP/24 dev eth0"),
        ("upstream [2001:db8::17]:443", "upstream [IP]:443"),
        ("fe80::1%eth0, 2001:db8::", "IP%eth0, IP"),
        ("server=192.0.2.7.", "server=IP."),
        ("::ffff:192.0.2.7", "IP"),
    ] {
        assert_eq!(found(text), expected, "{text}");
    }
    for same in [
        "127.0.0.1:25 and ::1 and 0.0.0.0 and ::",
        "netmask 255.255.255.0 wildcard 0.0.0.255 all 255.255.255.255",
        "at 12:30:45 on 00:11:22:33:44:55, v1.2.3 of std::fmt, 1.2.3.4.5, a1.2.3.4",
        "fade::added",
        "group 239.1.2.3",
    ] {
        assert_eq!(found(same), same);
    }
}

#[test]
fn two_addresses_of_one_network_show_that_they_are_neighbours() {
    let disguised = pseudonyms(&[Kind::Ip]).disguise("10.1.2.3 10.1.2.4 10.1.3.3").into_owned();
    let parts: Vec<(&str, &str)> =
        disguised.split(' ').map(|ip| ip.trim_matches(['<', '>'])[3..].split_once('-').unwrap()).collect();
    assert_eq!(parts[0].0, parts[1].0, "{disguised}");
    assert_ne!(parts[0].1, parts[1].1, "{disguised}");
    assert_ne!(parts[0].0, parts[2].0, "{disguised}");
}

#[test]
fn hosts_are_known_by_their_names_and_by_their_domains() {
    let found = |text: &str| shape(&[Kind::Host], text);
    for (text, expected) in [
        ("ServerName SCADA-01", "ServerName HOST"),
        ("ServerName scada-01.acme.example;", "ServerName HOST;"),
        ("relayhost = [mail.acme.example]:587", "relayhost = [HOST]:587"),
        ("/var/log/scada-01.log", "/var/log/HOST.log"),
        ("http://printer.lan/ and db:5432", "http://HOST/ and HOST:5432"),
        ("search acme.example.", "search HOST."),
        ("backup_scada-01.tar", "backup_HOST.tar"),
    ] {
        assert_eq!(found(text), expected, "{text}");
    }
    for same in [
        "scada-010 db2 mydb db-data",
        "www.debian.example.org other.example",
        "localhost ip6-allnodes",
        "Ärger im ..",
    ] {
        assert_eq!(found(same), same);
    }
}

#[test]
fn people_are_whole_words_and_mail_addresses_are_one_name() {
    for (text, expected) in [
        ("chown anna:www-data /home/anna/.ssh", "chown USER:www-data /home/USER/.ssh"),
        ("AllowUsers anna j.doe.", "AllowUsers USER USER."),
        ("To: Anna <Anna.Smith@acme.example>, b@c", "To: Anna <MAIL>, b@c"),
        ("from='x+y@sub.acme.example'; user=anna@acme.example", "from='MAIL'; user=MAIL"),
        ("hannah annabel anna_lib", "hannah annabel anna_lib"),
    ] {
        assert_eq!(shape(&[Kind::User, Kind::Mail], text), expected, "{text}");
    }
    // A mail address is more than the user and the host in it.
    assert_eq!(shape(&Kind::ALL, "anna@scada-01.acme.example on scada-01"), "MAIL on HOST");
}

#[test]
fn a_pseudonym_is_stable_here_means_nothing_elsewhere_and_is_not_disguised_again() {
    let text = "anna at 10.1.2.3 wrote j.doe@acme.example from db, password <redacted:0123abcd>\n";
    let here = pseudonyms(&Kind::ALL);
    let once = here.disguise(text).into_owned();
    assert_eq!(here.disguise(&once), once, "disguised again");
    assert_eq!(here.disguise(text), once);
    let config = RedactConfig { pseudonyms: Kind::ALL.to_vec(), ..RedactConfig::default() };
    assert_ne!(Pseudonyms::new([8; 32], &config, names()).disguise(text), once);
    assert!(once.contains("<redacted:0123abcd>"), "{once}");
    for name in ["anna", "10.1.2.3", "acme.example", "j.doe", " db,"] {
        assert!(!once.contains(name), "{name} in {once}");
    }
    assert_eq!(here.of(Kind::Host, "DB"), here.disguise("db"), "one name, one pseudonym");
}

#[test]
fn nothing_is_disguised_unless_asked_and_own_names_are_added() {
    let text = "anna@acme.example 10.1.2.3 db anna gandalf";
    assert_eq!(pseudonyms(&[]).disguise(text), text);
    let config: RedactConfig =
        toml::from_str("pseudonyms = ['user', 'host']\nusers = ['gandalf']\nhosts = ['moria']").unwrap();
    let own = Pseudonyms::new([7; 32], &config, Names::default()).disguise("gandalf of moria").into_owned();
    assert!(!own.contains("gandalf") && !own.contains("moria"), "{own}");
    assert!(toml::from_str::<RedactConfig>("pseudonyms = ['phone']").is_err());
}
