//! The questions about an account. Where what is proposed is right as a whole, one yes stands for most of them.

use std::rc::Rc;

use super::{Account, Protocol};
use crate::transport::dial::is_this_machine;
use crate::transport::secret::Secret;
use crate::transport::smtp::TlsMode;
use crate::transport::tls::CertificatePin;
use crate::wizard::{Asker, Check, Move, anything, needed};

impl Account {
    /// Which server, with its port where that is an unusual one.
    pub fn ask_host(&mut self, asker: &mut dyn Asker) -> Move {
        let check: Check = Rc::new(|text| match server_and_port(text) {
            Some(_) => Ok(()),
            None => Err("a server is needed, as in mail.acme.example or mail.acme.example:2587".into()),
        });
        let help = "Proposed from the address. NAME:PORT where the port is an unusual one.";
        let now = self.port.map_or_else(|| self.host.clone(), |port| with_port(&self.host, port));
        let asked = asker.text("Mail server:", help, &now, check);
        asked.then(|text| {
            if let Some((host, port)) = server_and_port(&text) {
                self.host = host;
                self.reach(port);
            }
        })
    }

    /// Whether the rest is right as it is proposed; if not, each part of it is asked for.
    pub fn ask_usual(&mut self, asker: &mut dyn Asker) -> Move {
        asker.say(&format!("{}.", self.shown()));
        let asked = asker.confirm("Is that right?", "n asks for each of these.", !self.details);
        asked.then(|right| self.details = !right)
    }

    /// All of it but the server's name, in words.
    #[must_use]
    pub fn shown(&self) -> String {
        let port = self.port.unwrap_or(self.usual_port());
        let private = match self.tls {
            TlsMode::Implicit => "TLS from the first byte",
            TlsMode::Starttls => "STARTTLS",
            TlsMode::Opportunistic => "TLS if offered",
            TlsMode::None => "no TLS",
        };
        let user = match self.takes_password() && !self.username.is_empty() {
            true => format!("user {}", self.username),
            false => "no logon".to_owned(),
        };
        let trust = match (&self.tls_ca, &self.tls_pin) {
            _ if !self.shows_certificate() => String::new(),
            (Some(file), _) => format!(", certificate by {}", file.display()),
            (None, Some(_)) => ", certificate by its fingerprint".to_owned(),
            (None, None) => ", certificate by the system's authorities".to_owned(),
        };
        format!("Port {port}, {private}, {user}{trust}")
    }

    /// When the connection becomes private.
    pub fn ask_tls(&mut self, asker: &mut dyn Asker) -> Move {
        if !self.details {
            return Move::Skip;
        }
        let imap_elsewhere = self.protocol == Protocol::Imap && !is_this_machine(&self.host);
        let modes = self.protocol.modes().iter();
        let modes: Vec<_> = modes.filter(|mode| !imap_elsewhere || mode.0 != TlsMode::None).collect();
        let options: Vec<String> = modes.iter().map(|mode| mode.2.to_owned()).collect();
        let now = modes.iter().position(|mode| mode.0 == self.tls).unwrap_or(0);
        let asked = asker.choose("How is the connection made private?", "", &options, now);
        asked.then(|chosen| self.tls = modes.get(chosen).map_or(self.protocol.usual(), |mode| mode.0))
    }

    /// Which port.
    pub fn ask_port(&mut self, asker: &mut dyn Asker) -> Move {
        if !self.details {
            return Move::Skip;
        }
        let usual = self.usual_port();
        let check: Check = Rc::new(|text| match text.parse::<u16>() {
            Ok(1..) => Ok(()),
            _ => Err("a port is a number from 1 to 65535".into()),
        });
        let ours = self.port.unwrap_or(usual).to_string();
        let asked = asker.text("Port:", "", &ours, check);
        asked.then(|text| self.port = text.parse().ok().filter(|port| *port != usual))
    }

    /// As whom.
    pub fn ask_username(&mut self, asker: &mut dyn Asker) -> Move {
        if !self.takes_password() {
            self.username.clear();
            return Move::Skip;
        }
        if !self.details {
            return Move::Skip;
        }
        let (help, check) = match self.protocol {
            Protocol::Smtp => {
                ("Often the whole mail address; empty if the server takes mail without logon.", anything())
            }
            Protocol::Imap => ("Often the whole mail address.", needed()),
        };
        asker.text("User name:", help, &self.username, check).then(|name| self.username = name)
    }

    /// By which password.
    pub fn ask_password(&mut self, asker: &mut dyn Asker) -> Move {
        if !self.takes_password() || self.username.is_empty() {
            return Move::Skip;
        }
        let (help, check) = match self.has_password() {
            true => ("Empty keeps the one that is set.", anything()),
            false => ("It is written into a file that only the service may read.", needed()),
        };
        asker.secret("Password:", help, check).then(|password| {
            if !password.is_empty() {
                self.password = Some(Secret::new(password));
            }
        })
    }

    /// Whose word for the server's certificate is taken.
    pub fn ask_trust(&mut self, asker: &mut dyn Asker) -> Move {
        if !self.shows_certificate() {
            (self.tls_ca, self.tls_pin) = (None, None);
            return Move::Skip;
        }
        if !self.details {
            return Move::Skip;
        }
        let now = match (&self.tls_ca, &self.tls_pin) {
            (Some(_), _) => 1,
            (None, Some(_)) => 2,
            (None, None) => 0,
        };
        let options = [
            "By the system's authorities (usual)".to_owned(),
            "By your own authority (a CA file)".to_owned(),
            "By its fingerprint (self-signed)".to_owned(),
        ];
        let asked = asker.choose("How is the server's certificate believed?", "", &options, now);
        asked.then(|chosen| {
            self.tls_ca = (chosen == 1).then(|| self.tls_ca.take().unwrap_or_default());
            self.tls_pin = (chosen == 2).then(|| self.tls_pin.take().unwrap_or_default());
        })
    }

    /// By which authority.
    pub fn ask_authority(&mut self, asker: &mut dyn Asker) -> Move {
        let Some(file) = self.tls_ca.clone().filter(|_| self.details) else { return Move::Skip };
        let check: Check = Rc::new(|text| match std::fs::read_to_string(text) {
            Ok(pem) if pem.contains("-----BEGIN CERTIFICATE-----") => Ok(()),
            Ok(_) => Err("no certificate in this file; it must be PEM (-----BEGIN CERTIFICATE-----)".into()),
            Err(error) => Err(format!("the file cannot be read: {error}")),
        });
        let asked = asker.text(
            "CA file:",
            "The service must be able to read it.",
            &file.display().to_string(),
            check,
        );
        asked.then(|text| self.tls_ca = Some(text.into()))
    }

    /// By which fingerprint.
    pub fn ask_pin(&mut self, asker: &mut dyn Asker) -> Move {
        let Some(pin) = self.tls_pin.clone().filter(|_| self.details) else { return Move::Skip };
        let check: Check =
            Rc::new(|text| text.parse::<CertificatePin>().map(drop).map_err(|error| error.to_string()));
        let help = "As sha256:..., compared with the server's administrator.";
        asker.text("Fingerprint:", help, &pin, check).then(|text| self.tls_pin = Some(text))
    }
}

/// `host`, `host:port`, `[address]:port` or an address alone, taken apart; `None`: it is none of these.
fn server_and_port(text: &str) -> Option<(String, Option<u16>)> {
    let (host, port) = match (text.strip_prefix('['), text.matches(':').count()) {
        (Some(rest), _) => {
            let (host, after) = rest.split_once(']')?;
            (host, if after.is_empty() { None } else { Some(after.strip_prefix(':')?) })
        }
        (None, 1) => text.split_once(':').map(|(host, port)| (host, Some(port)))?,
        (None, _) => (text, None),
    };
    let fits = !host.is_empty() && host.chars().all(|c| c.is_ascii_graphic() && !"/@[]".contains(c));
    let port = port.map(|port| port.parse().ok().filter(|port| *port > 0));
    match port {
        Some(None) => None,
        port => fits.then(|| (host.to_owned(), port.flatten())),
    }
}

/// As it is taken apart again.
fn with_port(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_typed_with_its_port_or_without_and_a_known_port_says_how_it_becomes_private() {
        let apart = |text: &str| server_and_port(text).map(|(host, port)| (host, port.unwrap_or(0)));
        let server = |host: &str, port| Some((host.to_owned(), port));
        for (text, parts) in [
            ("mail.acme.test", server("mail.acme.test", 0)),
            ("mail.acme.test:2587", server("mail.acme.test", 2587)),
            ("192.0.2.7:25", server("192.0.2.7", 25)),
            ("2001:db8::7", server("2001:db8::7", 0)),
            ("[2001:db8::7]:993", server("2001:db8::7", 993)),
            ("[2001:db8::7]", server("2001:db8::7", 0)),
        ] {
            assert_eq!(apart(text), parts, "{text}");
        }
        for text in ["", ":25", "a:0", "a:99999", "a:x", "a b", "https://a", "a@b", "[::1]x"] {
            assert_eq!(apart(text), None, "{text}");
        }
        assert_eq!(with_port("2001:db8::7", 25), "[2001:db8::7]:25");

        let reached = |protocol, port| {
            let mut account = Account::new(protocol);
            account.reach(Some(port));
            (account.tls, account.port)
        };
        assert_eq!(reached(Protocol::Smtp, 465), (TlsMode::Implicit, None));
        assert_eq!(reached(Protocol::Smtp, 25), (TlsMode::Opportunistic, None));
        assert_eq!(reached(Protocol::Smtp, 2587), (TlsMode::Starttls, Some(2587)));
        assert_eq!(reached(Protocol::Imap, 143), (TlsMode::Starttls, None));
        assert_eq!(reached(Protocol::Imap, 993), (TlsMode::Implicit, None));
    }
}
