//! Which values of a table are secrets, and which name a file that holds one: for `config show`, and for watching, which reads none of
//! those. Pure.
//!
//! A table is judged by the names of its keys, so that a new kind of route or check is judged like those there are. A doubt is decided
//! for hiding.

use std::path::{Path, PathBuf};

use toml::{Table, Value};

/// Words in the names of keys whose values are not shown.
const SECRET: [&str; 4] = ["password", "secret", "token", "passphrase"];
/// Tables whose values are whatever a server or a plugin wants to be told, under names of its own.
const TOLD: [&str; 2] = ["headers", "environment"];
/// Words in the names of keys and of variables whose values may be the path of a secret: `key_file`, `PGPASSFILE`.
const IN_A_FILE: [&str; 6] = ["pass", "secret", "token", "credential", "key", "service_account"];

/// The table without its secrets, however deep they stand.
pub(crate) fn hidden(mut table: Table) -> Table {
    table.iter_mut().for_each(|(key, value)| hide(key, value, false));
    table
}

/// Hides the value, and what is in it, where its key or one above says so.
fn hide(key: &str, value: &mut Value, all: bool) {
    let all = all || TOLD.contains(&key) || is_secret(key);
    match value {
        Value::Table(table) => table.iter_mut().for_each(|(key, value)| hide(key, value, all)),
        Value::Array(values) => values.iter_mut().for_each(|value| hide(key, value, all)),
        _ if all => *value = Value::String("(hidden)".into()),
        _ => {}
    }
}

fn is_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    SECRET.iter().any(|word| key.contains(word)) && !key.ends_with("_file")
}

/// The files that the table says hold a secret, wherever in it.
pub(crate) fn files(table: &Table) -> Vec<PathBuf> {
    let mut files = Vec::new();
    table.iter().for_each(|(key, value)| find_files(key, value, &mut files));
    files
}

fn find_files(key: &str, value: &Value, files: &mut Vec<PathBuf>) {
    match value {
        Value::Table(table) => table.iter().for_each(|(key, value)| find_files(key, value, files)),
        Value::Array(values) => values.iter().for_each(|value| find_files(key, value, files)),
        Value::String(text) if is_secret_file(key, text) => files.push(text.into()),
        _ => {}
    }
}

fn is_secret_file(key: &str, text: &str) -> bool {
    let key = key.to_ascii_lowercase();
    let is_path = key.ends_with("_file") || Path::new(text).has_root();
    is_path && IN_A_FILE.iter().any(|word| key.contains(word))
}

#[cfg(test)]
mod tests {
    use mailbeat_shared::config_file;

    use super::*;
    use crate::config::Config;

    #[test]
    fn a_secret_is_hidden_however_deep_it_stands_and_so_is_all_that_a_server_or_a_plugin_is_told() {
        let table: Table = "password = 'geheim'\npassword_file = '/f'\napi_token = 'geheim'\nport = 8080\n\
            login = { username = 'u', Secret = 7391 }\nsteps = [{ send = 'x', passphrase = 'geheim' }]\ntokens = ['geheim']\n\
            headers = { accept = 'geheim' }\nenvironment = { A = 'geheim', B = { c = ['geheim'] } }\n"
            .parse()
            .unwrap();
        let shown = hidden(table);
        let text = toml::to_string(&shown).unwrap();
        assert!(!text.contains("geheim") && !text.contains("7391"), "{text}");
        assert_eq!(text.matches("(hidden)").count(), 8, "{text}");
        assert_eq!((shown["password_file"].as_str(), shown["port"].as_integer()), (Some("/f"), Some(8080)));
        assert_eq!(
            (shown["login"]["username"].as_str(), shown["steps"][0]["send"].as_str()),
            (Some("u"), Some("x"))
        );
    }

    #[test]
    fn every_file_with_a_secret_that_a_route_or_a_check_names_is_the_agents_own() {
        let text = "state_dir = '/var/lib/mailbeat-agent'\n\
            [[route]]\ntype = 'smtp'\nfrom = 'a@b.example'\nhost = 'mail'\nusername = 'u'\npassword_file = '/etc/mailbeat/smtp-password'\n\
            proxy = { host = 'p', username = 'u', password_file = '/etc/mailbeat/proxy' }\n\
            [[route]]\nname = 'graph'\ntype = 'graph'\nfrom = 'a@b.example'\n[route.oauth]\nprovider = 'microsoft'\ntenant = 't'\n\
            token_endpoint = 'https://id.example/token'\ngrant = 'client_credentials'\nclient_id = 'c'\n\
            client_secret_file = '/etc/mailbeat/oauth-secret'\ncertificate_file = '/etc/mailbeat/oauth.pem'\n\
            key_file = '/etc/mailbeat/oauth-private'\nservice_account_file = '/etc/mailbeat/google.json'\n\
            [[check]]\nname = 'web'\ntype = 'http'\nurl = 'https://x.example'\nlogin = { token_file = '/etc/mailbeat/web' }\n\
            tls = { client = { certificate = '/etc/mailbeat/c.pem', key = '/etc/mailbeat/c' } }\n\
            [[check]]\nname = 'off'\nenabled = false\nlogin = { password_file = 'beside' }\n";
        let config: Config = config_file::parse(Path::new("agent.toml"), text).unwrap();
        let mut own = config.own();
        own.secrets.sort();
        let names = ["c", "google.json", "oauth-private", "oauth-secret", "proxy", "smtp-password", "web"];
        let mut expected: Vec<PathBuf> = names.map(|name| Path::new("/etc/mailbeat").join(name)).into();
        expected.push("beside".into());
        assert_eq!(own.secrets, expected);
        assert_eq!(own.state_dir, Path::new("/var/lib/mailbeat-agent"));
    }

    #[test]
    fn the_password_file_a_profile_hands_to_a_plugin_is_the_agents_own() {
        let profile = include_str!("../../../packaging/profiles/postgresql.toml");
        let config: Config = config_file::parse(Path::new("postgresql.toml"), profile).unwrap();
        assert!(config.own().secrets.contains(&"/etc/mailbeat/pgpass".into()), "{:?}", config.own());
    }
}
