//! Secrets in lines of servers' configurations that no name announces: their place or a sign before them gives them away.
//!
//! Sources: the configuration manuals of HAProxy (`stats auth`), squid (`cache_peer`) and pgbouncer (`auth_file`), the ACL of redis,
//! upsmon.conf(5) of NUT, keyrings of ceph and remotes of rclone.

use super::span::Spans;
use super::value;

/// Longer commands there are not.
const WORDS: usize = 200;

/// Marks them in every line.
pub(super) fn find(text: &str, spans: &mut Spans) {
    let of_line: fn(&str) -> Vec<&str> =
        if is_userlist(text) { |line| pair(line).into_iter().collect() } else { secrets };
    for line in text.lines() {
        for secret in of_line(line) {
            if !secret.is_empty() && !value::is_reference(secret) && !value::is_replaced(secret) {
                let start = secret.as_ptr() as usize - text.as_ptr() as usize;
                spans.add(start, start + secret.len());
            }
        }
    }
}

fn secrets(line: &str) -> Vec<&str> {
    let words: Vec<&str> = line.split_ascii_whitespace().take(WORDS).collect();
    match &words[..] {
        ["stats", "auth", login, ..] => after_colon(&line[place(line, login)..]).into_iter().collect(),
        ["cache_peer", _, _, options @ ..] => {
            options.iter().filter_map(|option| after_colon(option.strip_prefix("login=")?)).collect()
        }
        ["MONITOR", _, _, _, rest @ ..] => monitor(line, rest).into_iter().collect(),
        ["user", _, rules @ ..] if rules.iter().any(|rule| is_rule(rule)) => acl(line, rules),
        [first, ..] if first.starts_with("key") => lone_key(line).into_iter().collect(),
        _ => {
            let set = words.iter().position(|word| word.eq_ignore_ascii_case("setuser"));
            set.map_or_else(Vec::new, |set| acl(line, &words[set + 1..]))
        }
    }
}

fn place(line: &str, word: &str) -> usize {
    word.as_ptr() as usize - line.as_ptr() as usize
}

/// The secret of `user:secret`, without the quotes around either.
fn after_colon(login: &str) -> Option<&str> {
    login.split_once(':').map(|(_, secret)| secret.trim().trim_matches(['"', '\'']))
}

/// What stands behind `MONITOR system power user`, before the role.
fn monitor<'l>(line: &'l str, rest: &[&'l str]) -> Option<&'l str> {
    let is_role = |word: &&str| matches!(*word, "primary" | "secondary" | "master" | "slave");
    let role = rest.iter().skip(1).rposition(is_role)? + 1;
    Some(line[place(line, rest[0])..place(line, rest[role])].trim().trim_matches('"'))
}

/// Whether a word of `user name ...` is one that only redis has there.
fn is_rule(word: &str) -> bool {
    matches!(word, "on" | "off" | "nopass" | "allkeys" | "allcommands")
        || word.starts_with(['+', '~', '&', '%'])
}

/// `>secret`, `<secret` that no longer holds, and `#` or `!` before a digest; in quotes also with blanks.
fn acl<'l>(line: &'l str, rules: &[&'l str]) -> Vec<&'l str> {
    let secret = |rule: &&'l str| {
        let rest = &line[place(line, rule)..];
        let quoted = rest.strip_prefix(['"', '\'']).and_then(|inner| inner.split(['"', '\'']).next());
        let rule = quoted.unwrap_or(rule);
        let digest = |hex: &&str| hex.len() == 64 && hex.bytes().all(|c| c.is_ascii_hexdigit());
        rule.strip_prefix(['>', '<']).or_else(|| rule.strip_prefix(['#', '!']).filter(digest))
    };
    rules.iter().filter_map(secret).collect()
}

/// `key = AQB...==` alone on its line: letters, digits and capitals mixed as in no name of a key.
fn lone_key(line: &str) -> Option<&str> {
    let value = line.trim().strip_prefix("key")?.trim_start().strip_prefix(['=', ':'])?;
    let key = value.trim().trim_matches(['"', '\'']);
    let bytes = key.as_bytes();
    let is_encoded = bytes.iter().all(|c| c.is_ascii_alphanumeric() || b"+/=_-".contains(c));
    let is_mixed = [u8::is_ascii_digit, u8::is_ascii_uppercase, u8::is_ascii_lowercase]
        .iter()
        .all(|kind| bytes.iter().any(kind));
    (bytes.len() >= 24 && is_encoded && is_mixed).then_some(key)
}

/// Whether the text is nothing but `"user" "secret"` and comments.
fn is_userlist(text: &str) -> bool {
    let mut lines =
        text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with([';', '#'])).peekable();
    lines.peek().is_some() && lines.all(|line| pair(line).is_some())
}

fn pair(line: &str) -> Option<&str> {
    let (_, rest) = line.trim().strip_prefix('"')?.split_once('"')?;
    rest.trim_start().strip_prefix('"')?.rsplit_once('"').map(|(secret, _)| secret)
}
