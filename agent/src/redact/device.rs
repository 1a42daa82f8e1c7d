//! Secrets of SNMP and of network devices that no name announces: they are known by their place in a command.
//!
//! `trapsink 10.0.0.1 COMMUNITY`, `snmp-server host 10.0.0.1 version 2c COMMUNITY`: one table of how such lines begin, how many words
//! follow before the secret, and which words may stand between. Sources: snmpd.conf(5), the command references of Cisco IOS and ASA,
//! Huawei VRP, Aruba and MikroTik RouterOS.

use super::span::Spans;
use super::value;

struct Command {
    /// The line begins so.
    start: &'static [&'static str],
    /// So many words of any kind follow.
    skip: usize,
    /// Any of these may follow, and numbers of one or two digits, which say how the secret is written down.
    between: &'static [&'static str],
}

const fn command(start: &'static [&'static str], skip: usize, between: &'static [&'static str]) -> Command {
    Command { start, skip, between }
}

const NOTATIONS: &[&str] = &["cipher", "simple", "plain", "irreversible-cipher", "encrypted", "clear"];

#[rustfmt::skip]
const COMMANDS: &[Command] = &[
    command(&["trapsink"], 1, &[]), command(&["trap2sink"], 1, &[]), command(&["informsink"], 1, &[]),
    command(&["com2sec", "-cn"], 3, &[]), command(&["com2sec6", "-cn"], 3, &[]), command(&["com2sec"], 2, &[]), command(&["com2sec6"], 2, &[]),
    command(&["snmp-server", "host"], 1, &["traps", "trap", "informs", "inform", "version", "2c", "auth", "noauth", "priv"]),
    command(&["snmp-agent", "community", "read"], 0, NOTATIONS), command(&["snmp-agent", "community", "write"], 0, NOTATIONS),
    command(&["super", "password", "level"], 1, NOTATIONS), command(&["super", "password"], 0, NOTATIONS),
    command(&["authentication-mode", "md5"], 0, NOTATIONS), command(&["authentication-mode", "hmac-sha256"], 0, NOTATIONS),
    command(&["authentication-mode", "simple"], 0, NOTATIONS),
    command(&["failover", "key"], 0, NOTATIONS), command(&["wpa-psk", "ascii"], 0, &[]), command(&["wpa-psk", "hex"], 0, &[]),
];

/// Marks every secret that its place gives away.
pub(super) fn find(text: &str, spans: &mut Spans) {
    let mut router_section = false;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let words = words(line, at);
        if let Some((_, first)) = words.first() {
            if first.starts_with('/') {
                router_section = line.trim().starts_with("/snmp community");
            }
            if router_section {
                community_name(&words, spans);
            }
        }
        for command in COMMANDS {
            if let Some((start, word)) = secret_of(command, &words) {
                spans.add(start, start + word.len());
                break;
            }
        }
        lone_key(&words, spans);
        at += line.len();
    }
}

/// The first words of a line with their places; longer commands there are not.
fn words(line: &str, at: usize) -> Vec<(usize, &str)> {
    const MOST: usize = 12;
    let place = |word: &str| at + (word.as_ptr() as usize - line.as_ptr() as usize);
    line.split_ascii_whitespace().take(MOST).map(|word| (place(word), word)).collect()
}

fn secret_of<'t>(command: &Command, words: &[(usize, &'t str)]) -> Option<(usize, &'t str)> {
    let begins = command.start.len() < words.len()
        && command.start.iter().zip(words).all(|(known, (_, word))| word.eq_ignore_ascii_case(known));
    if !begins {
        return None;
    }
    let between = |(_, word): &&(usize, &str)| {
        command.between.iter().any(|known| word.eq_ignore_ascii_case(known))
            || (word.len() <= 2 && word.bytes().all(|c| c.is_ascii_digit()))
    };
    words.get(command.start.len() + command.skip..)?.iter().find(|word| !between(word)).copied()
}

/// `name=COMMUNITY` of RouterOS, in its section `/snmp community`.
fn community_name(words: &[(usize, &str)], spans: &mut Spans) {
    for (start, word) in words {
        if let Some(name) = word.strip_prefix("name=") {
            spans.add(start + "name=".len(), start + "name=".len() + name.len());
        }
    }
}

/// ` key SECRET` alone on its line, as below `aaa-server`; a number or a plain word there is the name of a key.
fn lone_key(words: &[(usize, &str)], spans: &mut Spans) {
    if let [(_, "key"), (start, secret)] = words
        && value::is_random(secret, 6)
        && !secret.ends_with([';', '{', ':', ','])
    {
        spans.add(*start, start + secret.len());
    }
}
