//! Whether a value is a secret at all: a switch, a reference to a secret kept elsewhere, or nothing is none.

use super::key::{self, Names};
use super::span;

/// Switches and words that stand where a secret could and are none.
#[rustfmt::skip]
const ORDINARY: &[&str] = &[
    "true", "false", "yes", "no", "on", "off", "null", "none", "nil", "undefined", "enabled", "disabled", "enable", "disable", "optional", "required",
    "ask", "prompt", "never", "always", "default", "auto", "prohibit-password", "without-password", "forced-commands-only", "empty", "unset", "string", "str", "bool",
    "boolean", "int", "integer", "any", "unlimited", "read", "write", "requisite", "sufficient", "include", "substack", "expire", "not", "inherit",
];
/// Ways of logging in: values of `auth`.
#[rustfmt::skip]
const WAYS: &[&str] = &[
    "plain", "login", "basic", "digest", "md5", "sha1", "sha256", "sha512", "scram-sha-1", "scram-sha-256", "cram-md5", "oauth2", "xoauth2", "oauthbearer", "ntlm", "gssapi",
    "oauth1", "http2", "wpa2", "wpa3", "wpa2-psk", "eap-tls", "x509", "p12", "ed25519", "rs256", "es256", "hs256", "v1", "v2", "v3", "ipv4", "ipv6", "sasl2", "level1",
];
/// Words that follow a secret's name in a sentence, not in a setting.
#[rustfmt::skip]
const PROSE: &[&str] = &[
    "is", "are", "was", "were", "be", "for", "and", "or", "to", "in", "of", "with", "from", "by", "if", "when", "then", "that", "which", "the", "a", "an", "must", "has", "have",
    "will", "can", "may", "should", "not", "as", "at", "on", "but", "this", "your", "you", "it", "file", "files", "field", "fields", "authentication", "auth", "here", "below", "above", "only", "used", "hash", "hashes", "expires", "expired",
    "text", "varchar", "nvarchar", "char", "bytea", "blob", "integer", "bigint", "uuid", "timestamp", "json", "jsonb", "change", "sync", "given", "reset",
];
/// Where files are: a value that starts so is a path, not a secret that happens to start with a slash.
#[rustfmt::skip]
const ROOTS: &[&str] = &[
    "etc", "run", "var", "usr", "opt", "home", "root", "srv", "dev", "proc", "tmp", "mnt", "data", "secrets", "app", "config", "certs", "ssl", "lib", "bin", "sbin", "boot", "sys",
    "media", "Users", "Library", "private", "vault", "keys", "conf", "nix", "snap", "apps", "credentials",
];

/// Whether `value`, standing after `name`, is to be redacted.
pub(super) fn is_secret(name: &str, kind: Names, value: &str) -> bool {
    let value = without_comment(value.trim());
    // Longer values are never settings, and looking at them again and again would cost.
    if value.len() > 4096 {
        return true;
    }
    if value.is_empty()
        || is_replaced(value)
        || is_word(ORDINARY, value)
        || is_reference(value)
        || is_punctuation(value)
    {
        return false;
    }
    match kind {
        Names::Secret | Names::Authorization if is_version(value) || is_port(value) => false,
        Names::Secret | Names::Authorization => {
            !(is_number(value) || is_plain(value)) || !key::is_counting(name)
        }
        Names::Webhook => false,
        Names::About => {
            is_random(value, 16)
                && value.bytes().any(|c| c.is_ascii_uppercase())
                && value.bytes().any(|c| c.is_ascii_lowercase())
        }
        Names::Perhaps => {
            !is_word(WAYS, value) && !value.contains("://") && !value.contains(' ') && is_random(value, 6)
        }
    }
}

/// Whether a bare word after a secret's name continues a sentence.
pub(super) fn is_prose(value: &str) -> bool {
    let value = value.split('(').next().unwrap_or(value);
    is_word(PROSE, value.trim_end_matches([',', '.', ':', ';', '!', '?', ')']))
}

/// Letters and digits mixed, as words of a language are not.
pub(super) fn is_random(value: &str, least: usize) -> bool {
    value.len() >= least
        && value
            .bytes()
            .any(|c| c.is_ascii_digit() || matches!(c, b'!' | b'%' | b'^' | b'*' | b'+' | b'=' | b'?'))
        && value.bytes().any(|c| c.is_ascii_alphabetic())
        && !value.contains(char::is_whitespace)
}

/// A switch or a reference with a comment behind it is still one; what else has a `#` in it is taken whole.
fn without_comment(value: &str) -> &str {
    let Some(comment) = value.find("# ").filter(|at| *at < 256) else { return value };
    let before = value[..comment].trim_end();
    let apart = comment == 0 || before.len() < comment;
    if apart && (before.is_empty() || is_word(ORDINARY, before) || is_reference(before)) {
        before
    } else {
        value
    }
}

fn is_word(list: &[&str], value: &str) -> bool {
    list.iter().any(|word| word.eq_ignore_ascii_case(value))
}

fn is_number(value: &str) -> bool {
    value.bytes().all(|c| c.is_ascii_digit() || c == b'.' || c == b'_')
}

/// `update_password: on_create`.
fn is_plain(value: &str) -> bool {
    value.len() <= 16 && value.bytes().all(|c| c.is_ascii_lowercase() || matches!(c, b'_' | b'-'))
}

/// `^9.0.2`, `>=1.2.3`: the version of a package that is named after what it does.
fn is_version(value: &str) -> bool {
    let parts = value.trim_start_matches(['^', '~', '>', '=', '<', 'v']).split('.');
    parts.clone().count() == 3
        && parts
            .into_iter()
            .all(|part| (1..=4).contains(&part.len()) && part.bytes().all(|c| c.is_ascii_digit()))
}

/// `464/tcp` of services(5).
fn is_port(value: &str) -> bool {
    let number = ["/tcp", "/udp", "/sctp", "/dccp"].iter().find_map(|protocol| value.strip_suffix(protocol));
    number.is_some_and(|number| number.len() <= 5 && is_number(number))
}

pub(super) fn is_replaced(value: &str) -> bool {
    value.len() == span::replaced_at(value.as_bytes(), 0).unwrap_or(0)
}

/// `***`, `{`, `=>`: no letter and no digit. Eight and more can be a secret.
fn is_punctuation(value: &str) -> bool {
    (value.len() < 8 && value.bytes().all(|c| c.is_ascii_punctuation())) || value.bytes().all(|c| c == b'*')
}

/// A variable, a template, a file: the secret is elsewhere.
pub(super) fn is_reference(value: &str) -> bool {
    let name = |text: &str| {
        !text.is_empty() && text.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'.' | b':'))
    };
    let inside = |open: &str, close: &str| value.strip_prefix(open).and_then(|rest| rest.strip_suffix(close));
    if let Some(named) = inside("<", ">") {
        // `<keystore-password>` in an example.
        return named.bytes().all(|c| c.is_ascii_lowercase() || b"-_ ".contains(&c))
            && key::names(named).is_some();
    }
    if inside("${{", "}}").is_some() {
        return true;
    }
    if let Some(inner) = inside("${", "}") {
        return is_variable(inner);
    }
    if inside("$(", ")").is_some_and(|inner| !inner.contains("echo") && !inner.contains("printf")) {
        return true;
    }
    if let Some(inner) = value.strip_prefix('$') {
        let loud = inner.bytes().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == b'_')
            && inner.starts_with(|c: char| c.is_ascii_uppercase() || c == '_');
        // `$dir/private/key.pem` of openssl.cnf
        let path = inner.split_once('/').is_some_and(|(dir, rest)| is_plain(dir) && !is_random(rest, 1));
        let quiet = name(inner) && key::names(inner).is_some() && !inner.contains('.');
        return path
            || loud
            || quiet
            || (inner.len() == 1 && !inner.starts_with(|c: char| c.is_alphabetic()));
    }
    inside("{{", "}}").is_some()
        || inside("<%", "%>").is_some()
        || inside("%{", "}").is_some_and(name)
        || inside("%(", ")s").is_some_and(name)
        || inside("%", "%").is_some_and(name)
        || inside("@", "@").is_some_and(name)
        || inside("os.environ[", "]").is_some()
        || inside("process.env.", "").is_some_and(name)
        || inside("!secret ", "").is_some_and(name)
        || inside("!env ", "").is_some_and(name)
        || inside("env:", "").is_some_and(name)
        || is_path(value)
}

/// `$user`. In a shell's quotes only: elsewhere a password may start so.
pub(super) fn is_shell_variable(value: &str) -> bool {
    let name = value.strip_prefix('$').unwrap_or_default();
    !name.is_empty() && name.bytes().all(|c| c.is_ascii_lowercase() || c == b'_')
}

/// `NAME`, `NAME:?message`, `NAME:-${OTHER}`; a literal default is a secret.
fn is_variable(inner: &str) -> bool {
    let end = inner
        .find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '_' | '.' | '/'))
        .unwrap_or(inner.len());
    let rest = &inner[end..];
    let default =
        rest.strip_prefix(":-").or_else(|| rest.strip_prefix('-')).or_else(|| rest.strip_prefix(":="));
    match default {
        Some(default) => default.is_empty() || is_reference(default),
        // A Spring or systemd style `${env:NAME}`; `:?` and `?` only carry a message.
        None => {
            end > 0
                && (rest.is_empty()
                    || rest.starts_with(":?")
                    || rest.starts_with('?')
                    || matches!(&inner[..end], "env" | "file" | "vault" | "ENV" | "secret" | "sys"))
        }
    }
}

fn is_path(value: &str) -> bool {
    if value.contains(['\n', '"', '\'']) {
        return false;
    }
    // `hash:/etc/postfix/map`, `name:/run/file`
    let plain = value.split_once(":/").filter(|(name, _)| !name.is_empty() && is_plain(name));
    if let Some(rest) = plain.map(|(_, rest)| rest).or_else(|| value.strip_prefix('/')) {
        return ROOTS.iter().any(|root| rest.strip_prefix(root).is_some_and(|rest| rest.starts_with('/')));
    }
    let drive = value.len() > 3
        && value.as_bytes()[0].is_ascii_alphabetic()
        && (value[1..].starts_with(":\\") || value[1..].starts_with(":/"));
    ["./", "../", "~/", "file:/", "unix:/", "%h/", "%d/"].iter().any(|start| value.starts_with(start))
        || drive
}
