//! Secrets that stand where only the command knows: short options, SQL, network devices.

use super::span::Spans;
use super::value;
use super::value_end::{self, Place};

/// Commands, the short option that carries a secret, and what part of its value the secret is.
#[rustfmt::skip]
const OPTIONS: &[(&[&str], &str, Part)] = &[
    (&["mysql", "mysqldump", "mysqladmin", "mysqlimport", "mysqlcheck", "mariadb", "mariadb-dump", "mariadb-admin", "xtrabackup"], "-p", Part::Attached),
    (&["sshpass", "smbpasswd", "docker", "podman", "skopeo", "helm", "az", "mongo", "mongosh", "mongodump", "mosquitto_pub", "ipmitool", "plink", "pscp", "7z", "zip"], "-p", Part::All),
    (&["mosquitto_pub", "mosquitto_sub", "sqlcmd", "bcp", "ipmitool", "unzip", "zip", "wpscan"], "-P", Part::All),
    (&["curl", "http", "smbclient", "wget", "ldapsearch", "rpcclient"], "-u", Part::AfterColon),
    (&["lftp"], "-u", Part::AfterComma),
    (&["curl", "smbclient", "rpcclient", "smbget", "net"], "-U", Part::AfterColon),
    (&["curl"], "--user", Part::AfterColon),
    (&["curl"], "--proxy-user", Part::AfterColon),
    (&["ldapsearch", "ldapmodify", "ldapadd", "ldappasswd", "ldapdelete", "ldapwhoami"], "-w", Part::All),
    (&["redis-cli"], "-a", Part::All),
    (&["openssl"], "pass", Part::AfterColon),
    (&["openssl"], "-k", Part::All),
    (&["snmpget", "snmpwalk", "snmpbulkwalk", "snmptrap", "snmpset", "check_snmp"], "-c", Part::All),
    (&["snmpget", "snmpwalk", "snmpbulkwalk", "snmptrap", "snmpset"], "-A", Part::All),
    (&["snmpget", "snmpwalk", "snmpbulkwalk", "snmptrap", "snmpset"], "-X", Part::All),
    (&["check_snmp"], "-C", Part::All),
    (&["rsync"], "--password", Part::All),
    (&["useradd", "usermod"], "-p", Part::All),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// `-psecret` only; what stands after a blank is something else.
    Attached,
    /// `-p secret` and `-psecret`.
    All,
    /// `-u user:secret`, `-U user%secret`.
    AfterColon,
    /// `-u user,secret`.
    AfterComma,
}

const WORD: Place = Place { first_on_line: false, inside: None, field: false };

/// Marks secrets in commands, SQL and devices' configurations.
pub(super) fn find(text: &str, spans: &mut Spans) {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        options(text, start, line, spans);
        sql(text, start, line, spans);
        device(text, start, line, spans);
        chpasswd(start, line, spans);
        start += line.len();
    }
}

/// Words with where they start. At most the first 400 of a line: nobody writes longer commands.
fn words(line: &str) -> impl Iterator<Item = (usize, &str)> {
    line.split([' ', '\t', '\n', '\r', ','])
        .scan(0, |at, word| {
            let here = *at;
            *at += word.len() + 1;
            Some((here, word))
        })
        .filter(|(_, word)| !word.is_empty())
        .take(400)
}

fn options(text: &str, start: usize, line: &str, spans: &mut Spans) {
    let mut flags: Vec<(&str, Part)> = Vec::new();
    for (at, word) in words(line) {
        let bare = word.trim_matches(['"', '\'', '`', '(', '[', ')', ']', ';']);
        let opening = word.len() - word.trim_start_matches(['"', '\'']).len();
        let option =
            flags.iter().find_map(|(flag, part)| Some((*flag, *part, word[opening..].strip_prefix(flag)?)));
        if let Some((flag, part, attached)) = option {
            let long = flag.starts_with("--") || flag == "pass";
            if !attached.is_empty()
                && !matches!(attached, "\"" | "'")
                && (!long || attached.starts_with(['=', ':']))
            {
                let from = start + at + opening + flag.len() + usize::from(attached.starts_with('='));
                mark(text, from, part, spans);
            } else if part != Part::Attached
                && (attached.is_empty() || matches!(attached, "\"" | "'"))
                && flag != "pass"
            {
                let blanks = text[start + at + word.len()..]
                    .bytes()
                    .take_while(|c| matches!(c, b' ' | b'\t' | b','))
                    .count();
                mark(text, start + at + word.len() + blanks, part, spans);
            }
        }
        let command = bare.rsplit('/').next().unwrap_or(bare);
        for (commands, flag, part) in OPTIONS {
            if commands.contains(&command) {
                flags.push((flag, *part));
            }
        }
        flags.truncate(32);
    }
}

fn mark(text: &str, at: usize, part: Part, spans: &mut Spans) {
    if text[at..].is_empty() || text[at..].starts_with(['\n', '\r', '-']) {
        return;
    }
    let mut inner = if part == Part::AfterComma {
        let Some(inner) = after_comma(text, at) else { return };
        inner
    } else {
        value_end::of(text, at, WORD).inner
    };
    if part == Part::AfterColon {
        let Some(colon) = text[inner.clone()].find([':', '%']) else { return };
        inner.start += colon + 1;
        let secret = &text[inner.clone()];
        if ["file:", "env:", "fd:", "stdin", "prompt"]
            .iter()
            .any(|elsewhere| secret.starts_with(elsewhere) || text[..inner.start].ends_with(elsewhere))
        {
            return;
        }
    }
    let secret = &text[inner.clone()];
    // `-p 8080:80` and `-p 443` are ports, `-p /dir` is a directory.
    let ports = secret.bytes().all(|c| c.is_ascii_digit() || matches!(c, b':' | b'.' | b'/' | b'-'));
    let is_port = ports && matches!(part, Part::All | Part::Attached);
    if !secret.is_empty() && !is_port && !value::is_reference(secret) {
        spans.add(inner.start, inner.end);
    }
}

/// Where the secret of `user,secret` at `at` is; a comma is in no other value's middle.
fn after_comma(text: &str, at: usize) -> Option<std::ops::Range<usize>> {
    let rest = &text[at..];
    let word = match rest.chars().next()? {
        quote @ ('"' | '\'') => rest[1..].split([quote, '\n']).next(),
        _ => rest.split([' ', '\t', '\r', '\n', '"', '\'', '`', ';']).next(),
    }?;
    let (_, secret) = word.split_once(',')?;
    let start = at + (secret.as_ptr() as usize - rest.as_ptr() as usize);
    Some(start..start + secret.len())
}

/// `IDENTIFIED BY 'x'`, `IDENTIFIED WITH plugin AS 'x'`, `USING PASSWORD 'x'`; a bare word only after BY.
fn sql(text: &str, start: usize, line: &str, spans: &mut Spans) {
    let mut identified = false;
    for (at, word) in words(line) {
        if word.eq_ignore_ascii_case("identified") {
            identified = true;
        } else if identified
            && ["by", "as", "using", "password", "values"]
                .iter()
                .any(|known| word.eq_ignore_ascii_case(known))
        {
            let from = start + at + word.len();
            let blanks = text[from..].bytes().take_while(|c| matches!(c, b' ' | b'\t')).count();
            let quoted = text[from + blanks..].starts_with(['\'', '"', '`']);
            let keyword = ["password", "random", "values"].iter().any(|known| {
                text[from + blanks..].get(..known.len()).is_some_and(|next| next.eq_ignore_ascii_case(known))
            });
            if blanks > 0 && (quoted || (word.eq_ignore_ascii_case("by") && !keyword)) {
                let found = value_end::of(text, from + blanks, WORD).inner;
                let secret = text[found.clone()].trim_end_matches(';');
                if !value::is_reference(secret) {
                    spans.add(found.start, found.start + secret.len());
                }
            }
        }
    }
}

/// `tacacs-server key 7 x`, `crypto isakmp key x address`, `key-string 7 x`, `ntp authentication-key 1 md5 x`,
/// `snmp-server user u g v3 auth sha x priv aes 128 y`.
fn device(text: &str, start: usize, line: &str, spans: &mut Spans) {
    #[rustfmt::skip]
    const BEFORE_KEY: &[&str] = &["tacacs-server", "radius-server", "tacacs", "radius", "isakmp", "server", "ospf", "authentication", "server-private", "key-chain", "address", "host", "auth-port", "acct-port"];
    let line = line.split("# ").next().unwrap_or(line);
    let found: Vec<(usize, &str)> = words(line).take(24).collect();
    let secret = |index: usize| {
        let &(at, word) = found.get(index)?;
        let notation = word.len() <= 3
            && word.bytes().all(|c| c.is_ascii_digit())
            && found.len() > index + 1
            && word != "address";
        let (at, word) = if notation { *found.get(index + 1)? } else { (at, word) };
        Some((start + at, start + at + word.trim_end_matches(';').len()))
    };
    let first = found.first().map_or("", |(_, word)| *word);
    for (index, (_, word)) in found.iter().enumerate() {
        let marked = match *word {
            "key"
                if index > 0
                    && index < 8
                    && BEFORE_KEY.contains(&first)
                        | found[..index].iter().any(|(_, word)| {
                            matches!(*word, "isakmp" | "tacacs-server" | "radius-server")
                        }) =>
            {
                secret(index + 1)
            }
            "key" if index == 0 && found.get(1).is_some_and(|(_, next)| matches!(*next, "0" | "6" | "7")) => {
                secret(1)
            }
            "authentication-key" | "message-digest-key" => {
                let method = found
                    .iter()
                    .skip(index)
                    .position(|(_, word)| matches!(*word, "md5" | "sha1" | "sha" | "hmac-md5"))
                    .map(|method| index + method + 1);
                method.and_then(secret)
            }
            "md5" | "sha" | "sha256" | "sha512" if index > 2 && found[index - 1].1 == "auth" => {
                secret(index + 1)
            }
            "des" | "3des" | "aes" if index > 2 && found[index - 1].1 == "priv" => secret(index + 1),
            _ => None,
        };
        if let Some((from, to)) = marked
            && !value::is_reference(&text[from..to])
        {
            spans.add(from, to);
        }
    }
    // `rocommunity`, `com2sec name source community` of snmpd.conf; `createUser u SHA "x" AES y`
    match (first, found.as_slice()) {
        ("com2sec" | "com2sec6", [_, _, _, (at, word), ..]) => spans.add(start + at, start + at + word.len()),
        ("createUser", [_, _, rest @ ..]) => {
            for (at, word) in rest.iter().filter(|(_, word)| {
                !matches!(*word, "SHA" | "MD5" | "AES" | "DES" | "SHA-256" | "SHA-512" | "-e")
            }) {
                spans.add(start + at, start + at + word.len());
            }
        }
        _ => {}
    }
}

/// `echo 'user:secret' | chpasswd`.
fn chpasswd(start: usize, line: &str, spans: &mut Spans) {
    let Some(pipe) = line.find("chpasswd") else { return };
    if let Some((at, word)) = words(&line[..pipe]).find(|(_, word)| word.contains(':')) {
        let colon = word.find(':').unwrap_or(0) + 1;
        let secret = word[colon..].trim_end_matches(['"', '\'', '|']);
        if !value::is_reference(secret) {
            spans.add(start + at + colon, start + at + colon + secret.len());
        }
    }
}
