//! Whether a name names a secret: `db_password`, `clientSecret`, `AWS-ACCESS-KEY` do, `password_file` and `token_ttl`
//! name something about a secret.

/// What a name says of its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Names {
    /// A secret.
    Secret,
    /// A secret or the way of logging in (`auth`, `signature`): the value decides.
    Perhaps,
    /// Something about a secret: where it is, how long it lasts. A value that looks random is one all the same.
    About,
    /// An HTTP authorization header: scheme and secret.
    Authorization,
    /// A URL that is a secret from its path on.
    Webhook,
}

/// Words that are secrets by themselves and as the end of a compound (`PGPASSWORD`, `authtoken`).
#[rustfmt::skip]
const SECRETS: &[&str] = &[
    "password", "passwd", "passphrase", "passcode", "pwd", "secret", "token", "psk", "apikey", "authkey", "authtok", "appkey",
    "privatekey", "secretkey", "accesskey", "sharedkey", "masterkey", "accountkey", "encryptionkey", "signingkey",
    "presharedkey", "passwort", "kennwort", "motdepasse", "wachtwoord", "contrasena", "community", "credential",
    "requirepass", "masterauth", "pincode", "userpin", "sopin", "keystring", "licensekey", "cryptkey",
];
/// Shorter ends of compounds (`dbpass`, `bindpw`).
#[rustfmt::skip]
const ENDS: &[&str] = &["pass", "pw", "pswd"];
#[rustfmt::skip]
const NOT_ENDS: &[&str] = &["bypass", "compass", "encompass", "surpass", "trespass", "nopass", "nopasswd", "nopassword", "targetpw", "runaspw"];
/// Words that a remainder may follow without a border: `passwordhash`, `passwordfile`.
#[rustfmt::skip]
const STARTS: &[&str] = &["password", "passwd", "passphrase", "passwort", "kennwort"];
/// What makes a secret of a `key` that follows: `api_key`, `preSharedKey`.
#[rustfmt::skip]
const KEYS: &[&str] = &[
    "api", "private", "access", "secret", "encryption", "signing", "master", "shared", "preshared", "account", "storage", "auth",
    "authentication", "license", "licence", "service", "app", "application", "hmac", "cookie", "deploy", "wep", "consumer", "subscription", "session",
    "integration", "admin", "write", "read", "server", "crypto", "crypt", "aes", "wpa", "base", "ingest", "jwt", "webhook", "tsig", "rndc", "nonce",
];
/// A last word that turns a secret's name into one about it.
#[rustfmt::skip]
const ABOUT: &[&str] = &[
    "file", "files", "filename", "path", "paths", "dir", "directory", "url", "urls", "uri", "endpoint", "ttl", "expiry", "expires", "expire",
    "expiration", "lifetime", "timeout", "age", "days", "seconds", "minutes", "hours", "length", "len", "size", "min", "max", "count", "limit", "limits",
    "interval", "type", "types", "method", "methods", "mode", "algorithm", "algorithms", "alg", "algo", "scheme", "format", "policy", "name", "names",
    "field", "fields", "header", "headers", "prompt", "command", "cmd", "enabled", "enable", "disabled", "required", "require", "allowed", "authentication",
    "auth", "encryption", "encoding", "history", "complexity", "strength", "rotation", "issuer", "audience", "scope", "scopes",
    "provider", "providers", "backend", "backends", "store", "storage", "source", "server", "host", "port", "class", "hint", "help",
    "description", "label", "reset", "change", "changes", "warn", "prefix", "suffix", "location", "mount", "version", "ref", "env",
    "var", "variable", "from", "manager", "program", "socket", "domain", "realm", "user", "users", "regex", "regexp", "pattern", "check", "checks",
    "validation", "validator", "validators", "quality", "retries", "retry", "attempts", "tries", "query", "queries", "statement", "maps", "list", "lists", "map", "id", "ids", "flags", "group", "groups", "ask",
    "expose", "visible", "lock", "lookup", "hashers", "hasher", "generator", "login", "grace", "inactive", "minlen", "rotate", "renew",
    "review", "engine", "driver", "mgmt", "quota", "bucket", "rate", "request", "requests", "sharing", "management", "policies", "per", "budget",
];
/// A first word that makes a number or a plain word of the value ordinary: `max_tokens`, `use_password`.
#[rustfmt::skip]
const COUNTING: &[&str] = &["max", "min", "num", "count", "total", "number", "use", "enable", "disable", "require", "allow", "no", "has", "show", "hide", "send", "minimum", "maximum", "input", "output", "completion", "update", "change", "sync", "obey", "encrypt", "unix", "pam"];

/// What `name` says; `None` for an ordinary name. At most the last 96 bytes are looked at.
pub(super) fn names(name: &str) -> Option<Names> {
    let start = name.len().saturating_sub(96);
    let words = words(name.get(start..).unwrap_or(name));
    let words_are = |known: &[&str]| words.iter().map(String::as_str).eq(known.iter().copied());
    // What Apache and nginx say of their version; names of credentials in systemd's units.
    if words_are(&["server", "tokens"])
        || ["load", "import", "condition", "assert"].iter().any(|what| words_are(&[what, "credential"]))
    {
        return None;
    }
    let places = || (0..words.len()).rev().filter_map(|at| Some((at, secret_at(&words, at)?)));
    let (place, kind) = places().find(|(_, kind)| *kind != Names::Perhaps).or_else(|| places().next())?;
    let Some(last) = words.get(place + 1..).and_then(<[String]>::last) else { return Some(kind) };
    match last.as_str() {
        "id" if words[place] == "secret" => Some(Names::Secret),
        // `auth_username_chars`, `signature_size`: only the thing itself can be one.
        last if kind == Names::Perhaps && !matches!(last, "data" | "value" | "string" | "hash") => {
            Some(Names::About)
        }
        last if ABOUT.contains(&last) && kind != Names::Webhook => Some(Names::About),
        _ => Some(kind),
    }
}

/// Whether the name asks how many, or whether, rather than which: `max_tokens`.
pub(super) fn is_counting(name: &str) -> bool {
    words(name).first().is_some_and(|first| COUNTING.contains(&first.as_str()))
}

/// Whether a blank alone separates the name from its value (`password secret`). With some names that is more often
/// another command or an address: then only a value that looks random is one.
pub(super) fn stands_before_value(name: &str, random: bool) -> bool {
    const COMMANDS: &[&str] = &["pass", "passwd", "pwd", "credentials", "secrets", "tokens", "passwords"];
    const PASSES: &[&str] = &["proxy", "fastcgi", "uwsgi", "scgi", "grpc", "memcached"];
    let address = name.ends_with("_pass") && PASSES.iter().any(|what| name.starts_with(what));
    !address && (random || !COMMANDS.iter().any(|command| command.eq_ignore_ascii_case(name)))
}

fn secret_at(words: &[String], at: usize) -> Option<Names> {
    let word = words[at].trim_end_matches(|c: char| c.is_ascii_digit());
    let word_before = |far: usize| at.checked_sub(far).map(|before| words[before].as_str());
    let before = word_before(1);
    let singular = word.strip_suffix('s').unwrap_or(word);
    match word {
        "auth" | "auths" | "signature" | "sig" | "bearer" | "otp" => return Some(Names::Perhaps),
        "authorization" => return Some(Names::Authorization),
        "webhook" | "webhooks" => return Some(Names::Webhook),
        "key" | "keys" if before.is_some_and(|before| KEYS.contains(&before)) => return Some(Names::Secret),
        // `LOGGED_IN_KEY` of WordPress, `client-key-data` of Kubernetes, `db_key_base` of GitLab.
        "key" if before == Some("in") && word_before(2) == Some("logged") => return Some(Names::Secret),
        "data" if before == Some("key") && word_before(2) == Some("client") => return Some(Names::Secret),
        "string" | "base" if before == Some("key") => return Some(Names::Secret),
        "salt" | "pepper" if before.is_some() => return Some(Names::Secret),
        "pin" if before.is_some_and(|before| matches!(before, "user" | "so" | "sim" | "card")) => {
            return Some(Names::Secret);
        }
        _ => {}
    }
    if NOT_ENDS.contains(&word) {
        return None;
    }
    if SECRETS.iter().any(|secret| word.ends_with(secret) || singular.ends_with(secret))
        || ENDS.iter().any(|end| word.ends_with(end))
    {
        return Some(Names::Secret);
    }
    let rest = STARTS.iter().find_map(|start| word.strip_prefix(start))?;
    Some(if ABOUT.contains(&rest) { Names::About } else { Names::Secret })
}

/// `dbPassword`, `DB_PASSWORD`, `db-password`, `HTTPToken2` as lower-case words.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut border = true;
    let letters = name.as_bytes();
    for (at, letter) in letters.iter().enumerate() {
        if !letter.is_ascii_alphanumeric() {
            border = true;
            continue;
        }
        let upper = |at: usize| letters.get(at).is_some_and(u8::is_ascii_uppercase);
        let lower = |at: usize| letters.get(at).is_some_and(u8::is_ascii_lowercase);
        let hump = at > 0 && upper(at) && (!upper(at - 1) || lower(at + 1));
        if border || hump {
            words.push(String::new());
        }
        border = false;
        if let Some(word) = words.last_mut() {
            word.push(char::from(letter.to_ascii_lowercase()));
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_are_known_in_every_spelling() {
        for name in [
            "password",
            "DB_PASSWORD",
            "dbPassword",
            "PGPASSWORD",
            "spring.datasource.password",
            "passwords",
            "password2",
            "secret_key_base",
            "aws_secret_access_key",
            "X-Api-Key",
            "APIKEY",
            "presharedKey",
            "bindpw",
            "AUTH_SALT",
            "rocommunity",
            "role.secret_id",
            "PrivateKey",
            "passwordHash",
            "Kennwort",
            "wpa-psk",
            "GITHUB_TOKEN",
            "authTokens",
            "smtppass",
            "passwordhash",
            "LOGGED_IN_KEY",
            "nonce_key",
            "db_key_base",
            "client-key-data",
        ] {
            assert_eq!(names(name), Some(Names::Secret), "{name}");
        }
    }

    #[test]
    fn names_about_secrets_and_ordinary_names_are_told_apart() {
        for name in [
            "password_file",
            "tokenTtl",
            "PasswordAuthentication",
            "secretName",
            "api_key_id",
            "passwordfile",
            "password-auth",
        ] {
            assert_eq!(names(name), Some(Names::About), "{name}");
        }
        for name in [
            "user",
            "bypass",
            "public_key",
            "primary_key",
            "tokenizer",
            "compass",
            "NOPASSWD",
            "authority",
            "author",
            "keyboard",
            "secretary",
            "sort_in_key",
            "foreign_key_data",
            "client_key",
        ] {
            assert_eq!(names(name), None, "{name}");
        }
    }
}
