//! Files that are a secret as a whole. They are never read because a glob or a directory includes them; somebody who
//! names such a file letter by letter wants it watched, and redaction still applies. Pure.

use std::path::Path;

/// Names, lower case, with `*` in one place, or at the start and at the end.
const NAMES: &[(&str, &str)] = &[
    ("shadow*", "password hashes"),
    ("gshadow*", "password hashes"),
    ("master.passwd*", "password hashes"),
    ("opasswd", "password hashes"),
    (".htpasswd*", "password hashes"),
    ("htpasswd*", "password hashes"),
    ("smbpasswd*", "password hashes"),
    ("*.smbpasswd", "password hashes"),
    ("passdb.tdb", "password hashes"),
    ("secrets.tdb", "machine secrets"),
    ("sam", "password hashes"),
    ("ssh_host_*_key", "an SSH host key"),
    ("id_rsa", "an SSH key"),
    ("id_dsa", "an SSH key"),
    ("id_ecdsa*", "an SSH key"),
    ("id_ed25519*", "an SSH key"),
    ("*_rsa", "an SSH key"),
    ("*_ed25519", "an SSH key"),
    ("*_key", "a private key"),
    ("*.key", "a private key"),
    ("privkey*.pem", "a private key"),
    ("*-key.pem", "a private key"),
    ("*_key.pem", "a private key"),
    ("*.key.pem", "a private key"),
    ("key.pem", "a private key"),
    ("*.ppk", "a private key"),
    ("*.keytab", "Kerberos keys"),
    ("keytab", "Kerberos keys"),
    ("krb5.keytab*", "Kerberos keys"),
    ("*.p12", "a key store"),
    ("*.pfx", "a key store"),
    ("*.jks", "a key store"),
    ("*.keystore", "a key store"),
    ("*.bcfks", "a key store"),
    ("*.kdbx", "a password store"),
    ("*.kdb", "a password store"),
    ("*.agilekeychain", "a password store"),
    ("*.gpg", "an encrypted file or key ring"),
    ("secring*", "a key ring"),
    (".git-credentials*", "credentials"),
    (".netrc", "credentials"),
    ("_netrc", "credentials"),
    ("*pgpass*", "credentials"),
    (".my.cnf", "credentials"),
    (".smbcredentials*", "credentials"),
    ("sasl_passwd*", "credentials"),
    ("chap-secrets*", "credentials"),
    ("pap-secrets*", "credentials"),
    ("*.secrets", "credentials"),
    ("*.secret", "a secret"),
    ("*.token", "a token"),
    ("*password", "a password"),
    ("*passwd", "a password"),
    (".vault-token", "credentials"),
    (".vault_pass*", "credentials"),
    ("credentials.json", "credentials"),
    ("application_default_credentials.json", "credentials"),
    (".dockercfg", "credentials"),
    (".npmrc", "credentials"),
    (".pypirc", "credentials"),
    ("kubeconfig*", "credentials"),
    ("k3s.yaml", "credentials"),
    ("rke2.yaml", "credentials"),
    ("userlist.txt", "credentials"),
    ("*.keyring", "a key ring"),
    ("rndc.key", "a key"),
    ("*.private", "a DNSSEC key"),
    ("logins.json", "a browser's passwords"),
    ("key3.db", "a browser's passwords"),
    ("key4.db", "a browser's passwords"),
    ("login data*", "a browser's passwords"),
    ("cookies", "a browser's sessions"),
    ("cookies.sqlite*", "a browser's sessions"),
    (".*_history", "what somebody typed"),
];
/// Directories whose files are secrets whatever they are called, and files whose names say it only there.
const DIRECTORIES: &[(&str, &str)] = &[
    ("/root/.ssh/", "SSH keys"),
    ("/.ssh/", "SSH keys"),
    ("/.gnupg/", "a key ring"),
    ("/.aws/", "credentials"),
    ("/.kube/", "credentials"),
    ("/.password-store/", "a password store"),
    ("/etc/ssl/private/", "private keys"),
    ("/etc/pki/tls/private/", "private keys"),
    ("/etc/letsencrypt/accounts/", "account keys"),
    ("/etc/letsencrypt/keys/", "private keys"),
    ("/etc/ipsec.d/private/", "private keys"),
    ("/etc/credstore/", "credentials"),
    ("/etc/credstore.encrypted/", "credentials"),
    ("/run/secrets/", "credentials"),
    ("/run/credentials/", "credentials"),
    ("/etc/security/opasswd", "password hashes"),
    ("/etc/kubernetes/admin.conf", "credentials"),
    ("/etc/kubernetes/super-admin.conf", "credentials"),
    ("/etc/kubernetes/controller-manager.conf", "credentials"),
    ("/etc/kubernetes/scheduler.conf", "credentials"),
    ("/system-connections/", "network passwords"),
    ("/var/lib/mailbeat-agent/", "the agent's own key"),
];

/// Accounts without their passwords, and the system's copy of them. A file of that name anywhere else holds the passwords themselves.
const ACCOUNTS: [&str; 2] = ["/etc/passwd", "/etc/passwd-"];
/// Directories of settings that are called after what they set: `common-password`, `usr.sbin.chpasswd`, `nopasswd`.
const SETTINGS: [&str; 3] = ["/etc/pam.d/", "/etc/apparmor.d/", "/etc/sudoers.d/"];

/// What the file is, if it is one of those.
pub(super) fn secret_as_a_whole(path: &Path) -> Option<&'static str> {
    let whole = path.to_string_lossy().replace('\\', "/").to_ascii_lowercase();
    let name = whole.rsplit('/').next().unwrap_or(&whole);
    // Public halves and certificates are what they are for.
    if name.ends_with(".pub")
        || name == "authorized_keys"
        || name == "known_hosts"
        || name == "ssh_known_hosts"
    {
        return None;
    }
    let is_ordinary =
        ACCOUNTS.contains(&whole.as_str()) || SETTINGS.iter().any(|directory| whole.starts_with(directory));
    let named = NAMES.iter().find(|(pattern, _)| matches(pattern, name) || backup_of(pattern, name));
    let placed = || DIRECTORIES.iter().find(|(directory, _)| whole.contains(directory));
    named.filter(|_| !is_ordinary).or_else(placed).map(|(_, what)| *what)
}

/// Whether the file is this one, or what an editor or a person left of it beside it.
pub(super) fn is_or_was(file: &Path, original: &Path) -> bool {
    let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
    let (Some(left), Some(of)) = (name(file), name(original)) else { return false };
    file.parent() == original.parent() && (left == of || backup_of(&of, &left))
}

/// `server.key.bak`, `server.key~`, `id_rsa.old`: editors and people leave them.
fn backup_of(pattern: &str, name: &str) -> bool {
    #[rustfmt::skip]
    const ENDINGS: &[&str] = &[".bak", ".old", ".orig", ".save", "~", "-", ".dpkg-old", ".dpkg-dist", ".rpmsave", ".rpmnew", ".swp", ".1"];
    ENDINGS
        .iter()
        .filter_map(|ending| name.strip_suffix(ending))
        .any(|name| matches(pattern, name.trim_start_matches('.')) || matches(pattern, name))
}

fn matches(pattern: &str, name: &str) -> bool {
    let Some((start, end)) = pattern.split_once('*') else { return name == pattern };
    let Some(rest) = name.strip_prefix(start) else { return false };
    end.strip_suffix('*').map_or_else(|| rest.ends_with(end), |within| rest.contains(within))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_are_secrets_as_a_whole_are_known_with_their_backups() {
        for path in [
            "/etc/shadow",
            "/etc/shadow-",
            "/etc/gshadow",
            "/etc/ssh/ssh_host_ed25519_key",
            "/home/bob/.ssh/id_rsa",
            "/home/bob/.ssh/config",
            "/etc/nginx/site.key",
            "/etc/nginx/site.key.bak",
            "/etc/letsencrypt/live/x/privkey.pem",
            "/etc/krb5.keytab",
            "/opt/app/store.JKS",
            "/root/.netrc",
            "/home/bob/.git-credentials",
            "/etc/postfix/sasl_passwd",
            "/etc/NetworkManager/system-connections/wifi.nmconnection",
            "/home/bob/.mozilla/firefox/x/logins.json",
            "/etc/wireguard/deploy_key",
            "/etc/ppp/chap-secrets",
            "/root/.bash_history",
            "/etc/kubernetes/admin.conf",
            "/etc/kubernetes/scheduler.conf",
            "/etc/rancher/k3s/k3s.yaml",
            "/etc/ceph/ceph.client.admin.keyring",
            "/etc/pgbouncer/userlist.txt",
            "/etc/mailbeat/smtp-password",
            "/etc/mailbeat/smtp-password.bak",
            "/etc/mailbeat/pgpass",
            "/etc/mailbeat/calejo.pgpass",
            "/etc/mailbeat/calejo.pgpass.old",
            "/home/bob/.pgpass",
            "/etc/openvpn/site.passwd",
            "/etc/app/api.secret",
            "/etc/app/api.token",
            "/etc/credstore/passwd",
            "/etc/dovecot/passwd",
            "/etc/dovecot/passwd-",
            "/etc/mosquitto/passwd",
            "/etc/mosquitto/passwd.bak",
            "/home/bob/.vnc/passwd",
            "/srv/chroot/etc/passwd",
        ] {
            assert!(secret_as_a_whole(Path::new(path)).is_some(), "{path}");
        }
    }

    #[test]
    fn ordinary_files_beside_them_are_read() {
        for path in [
            "/etc/passwd",
            "/etc/passwd-",
            "/etc/dovecot/passwd.conf",
            "/etc/pam.d/common-password",
            "/etc/apparmor.d/usr.sbin.chpasswd",
            "/etc/sudoers.d/90-nopasswd",
            "/etc/app/password.conf",
            "/etc/app/secret_santa.ini",
            "/etc/ssh/sshd_config",
            "/etc/ssh/ssh_host_ed25519_key.pub",
            "/etc/ssl/certs/ca.pem",
            "/etc/nginx/nginx.conf",
            "/etc/shells",
            "/etc/keyboard",
            "/etc/samba/smb.conf",
            "/etc/pam.d/passwd",
            "/etc/kubernetes/kubelet-config.yaml",
            "/etc/apache2/admin.conf",
            "/etc/rancher/k3s/config.yaml",
            "/etc/ceph/ceph.conf",
            "/etc/pgbouncer/pgbouncer.ini",
        ] {
            assert_eq!(secret_as_a_whole(Path::new(path)), None, "{path}");
        }
    }

    #[test]
    fn what_was_left_of_a_file_lies_beside_it_under_its_name() {
        let is_or_was = |file: &str| is_or_was(Path::new(file), Path::new("/etc/mailbeat/office"));
        for left in ["office", "office.bak", "office~", ".office.swp"] {
            assert!(is_or_was(&format!("/etc/mailbeat/{left}")), "{left}");
        }
        assert!(!is_or_was("/etc/mailbeat/office.conf") && !is_or_was("/etc/office") && !is_or_was("/"));
    }
}
