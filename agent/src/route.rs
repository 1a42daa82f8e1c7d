//! The ways out: which there are, and handing a mail to one of them.
//!
//! The only edge to the transport. Routes are tried in order; what is done with an [`Outcome`] is decided in `run`.

pub mod rests;
pub mod retry;

use std::collections::HashMap;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use mailbeat_shared::transport::graph::{self, GraphSettings};
use mailbeat_shared::transport::maildir;
use mailbeat_shared::transport::outcome::{Failure, FailureKind, Outcome};
use mailbeat_shared::transport::secret::Secret;
use mailbeat_shared::transport::smtp::{Client, Envelope, SmtpSettings, TlsMode};
use mailbeat_shared::wire::contract::{Relay, RelayTls};
use mailbeat_shared::wire::mail;
use tokio::runtime::Runtime;

/// One way to send.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    /// Its name in configuration, trail and status.
    pub name: String,
    /// The sender.
    pub from: String,
    /// How.
    pub via: Via,
}

/// How a route sends.
#[derive(Clone, Debug, PartialEq)]
pub enum Via {
    /// By SMTP.
    Smtp(Box<SmtpSettings>),
    /// By Microsoft Graph.
    Graph(Box<GraphSettings>),
    /// Into a Maildir on this host.
    Maildir(PathBuf),
}

/// Name of the route that the contract's relay makes.
pub const RELAY: &str = "relay";

impl Route {
    /// The vendor's relay as a route.
    ///
    /// # Errors
    /// What in the contract's relay settings cannot be used, a sentence.
    pub fn relay(relay: &Relay) -> Result<Self, String> {
        let mut settings = SmtpSettings::new(&relay.host);
        settings.port = Some(relay.port);
        settings.tls = match relay.tls {
            RelayTls::Implicit => TlsMode::Implicit,
            RelayTls::Starttls => TlsMode::Starttls,
        };
        settings.username = Some(relay.username.clone());
        settings.password = Some(Secret::new(&relay.password));
        let pin = relay.tls_pin.as_deref().map(str::parse).transpose();
        settings.tls_pin = pin.map_err(|error| format!("the contract's relay: {error}"))?;
        let route =
            Self { name: RELAY.into(), from: relay.username.clone(), via: Via::Smtp(Box::new(settings)) };
        route.check().map(|()| route)
    }

    /// Whether the route can work at all. Opens no connection.
    ///
    /// # Errors
    /// What is wrong, a sentence.
    pub fn check(&self) -> Result<(), String> {
        if !mail::is_address(&self.from) {
            return Err(format!("route {}: from = {:?} is not a mail address", self.name, self.from));
        }
        match &self.via {
            Via::Smtp(settings) => settings.check().map_err(|error| format!("route {}: {error}", self.name)),
            Via::Graph(settings) => settings.check().map_err(|error| format!("route {}: {error}", self.name)),
            Via::Maildir(path) if path.as_os_str().is_empty() => {
                Err(format!("route {}: path is empty", self.name))
            }
            Via::Maildir(_) => Ok(()),
        }
    }
}

/// Hands mails over: the mail servers in the program, a script in a simulation.
pub trait Post {
    /// Hands `mail` to the route for one recipient. `name` is the same for the same report and recipient.
    fn send(&mut self, route: &Route, to: &str, mail: &[u8], name: &str) -> Outcome;

    /// The largest mail the route takes, in bytes, where it says.
    fn size_limit(&mut self, route: &Route) -> Option<u64>;
}

/// The real mail servers. Keeps one session a route for a few seconds.
#[derive(Debug)]
pub struct MailServers {
    runtime: Rc<Runtime>,
    /// By the route's name, with the settings each was made with.
    clients: HashMap<String, (SmtpSettings, Client)>,
    /// Called now and then while a server is waited for.
    alive: fn(),
}

/// How often a service manager is told that we live while a slow server takes a large mail.
const ALIVE_EVERY: Duration = Duration::from_secs(60);

impl MailServers {
    /// Sends on this runtime, which must not be running when [`Post::send`] is called. The runtime itself and not its handle:
    /// a handle's `block_on` does not drive the connections of a current-thread runtime.
    #[must_use]
    pub fn new(runtime: Rc<Runtime>) -> Self {
        Self { runtime, clients: HashMap::new(), alive: || {} }
    }

    /// The same, saying now and then that it lives while it waits: a large mail on a slow line takes hours, and each wait in it has
    /// a limit of its own.
    #[must_use]
    pub fn saying(self, alive: fn()) -> Self {
        Self { alive, ..self }
    }

    fn by_graph(&self, settings: &GraphSettings, from: &str, mail: &[u8]) -> Outcome {
        let sender = mail::bare_address(from).unwrap_or_default();
        wait(&self.runtime, ALIVE_EVERY, self.alive, settings.send(&sender, mail))
    }

    /// The route's client. A renewal may give the relay another host, login or pin: then the one made before is of no use.
    fn client(&mut self, route: &Route, settings: &SmtpSettings) -> &mut Client {
        let made = || (settings.clone(), Client::new(settings.clone()));
        let kept = self.clients.entry(route.name.clone()).or_insert_with(made);
        if kept.0 != *settings {
            *kept = made();
        }
        &mut kept.1
    }
}

impl Post for MailServers {
    fn send(&mut self, route: &Route, to: &str, mail: &[u8], name: &str) -> Outcome {
        let settings = match &route.via {
            Via::Smtp(settings) => settings,
            Via::Graph(settings) => return self.by_graph(settings, &route.from, mail),
            Via::Maildir(path) => return deliver(path, mail, name),
        };
        let from = mail::bare_address(&route.from);
        let to = mail::bare_address(to).unwrap_or_else(|| to.to_owned());
        match Envelope::new(from.as_deref(), &to) {
            Ok(envelope) => {
                let (runtime, alive) = (self.runtime.clone(), self.alive);
                wait(&runtime, ALIVE_EVERY, alive, self.client(route, settings).send(&envelope, mail))
            }
            Err(error) => Outcome::Deferred(Failure::new(FailureKind::Settings, error.to_string())),
        }
    }

    fn size_limit(&mut self, route: &Route) -> Option<u64> {
        match &route.via {
            Via::Smtp(settings) => {
                let (runtime, alive) = (self.runtime.clone(), self.alive);
                let asked = self.client(route, settings).server_size_limit();
                wait(&runtime, ALIVE_EVERY, alive, asked).ok().flatten()
            }
            Via::Graph(_) => Some(graph::MESSAGE_BYTES),
            Via::Maildir(_) => None,
        }
    }
}

/// Waits for a server's part, and calls `alive` meanwhile.
fn wait<T>(runtime: &Runtime, every: Duration, alive: impl Fn(), part: impl Future<Output = T>) -> T {
    runtime.block_on(async {
        let mut part = std::pin::pin!(part);
        loop {
            tokio::select! {
                biased;
                done = &mut part => return done,
                () = tokio::time::sleep(every) => alive(),
            }
        }
    })
}

fn deliver(path: &std::path::Path, mail: &[u8], name: &str) -> Outcome {
    match maildir::deliver(path, mail, name) {
        Ok(at) => Outcome::Sent { reply: format!("delivered as {}", at.display()) },
        Err(error) => {
            Outcome::Deferred(Failure::new(FailureKind::Settings, format!("{}: {error}", path.display())))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader, Write as _};
    use std::net::TcpListener;

    use super::*;

    /// A mail server that says how large a mail it takes, and ends with the test's process; its port.
    fn server(size: u64) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut out = stream.unwrap();
                out.write_all(b"220 mail.acme.example ready\r\n").unwrap();
                let lines = BufReader::new(out.try_clone().unwrap()).lines();
                // Who has another client by now closes the line.
                for line in lines.map_while(Result::ok) {
                    let answer = if line.starts_with("EHLO") {
                        format!("250-mail.acme.example\r\n250 SIZE {size}\r\n")
                    } else {
                        "250 2.0.0 ok\r\n".into()
                    };
                    if out.write_all(answer.as_bytes()).is_err() {
                        break;
                    }
                }
            }
        });
        port
    }

    fn relay(port: u16) -> Route {
        let settings =
            SmtpSettings { port: Some(port), tls: TlsMode::None, ..SmtpSettings::new("127.0.0.1") };
        Route { name: RELAY.into(), from: "acme@relay.example".into(), via: Via::Smtp(Box::new(settings)) }
    }

    #[test]
    fn whoever_watches_hears_that_we_live_while_a_server_takes_its_time() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let heard = tokio::sync::Notify::new();
        // A server that is done only once that was said.
        wait(&runtime, Duration::from_millis(1), || heard.notify_one(), async {
            let heard = tokio::time::timeout(Duration::from_secs(60), heard.notified()).await;
            heard.expect("nobody said that we live");
        });
    }

    #[test]
    fn a_route_whose_settings_changed_goes_to_the_new_server_at_once() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let mut servers = MailServers::new(Rc::new(runtime));
        let (before, renewed) = (relay(server(1_000_000)), relay(server(2_000_000)));
        assert_eq!(servers.size_limit(&before), Some(1_000_000));
        assert_eq!(servers.size_limit(&before), Some(1_000_000), "by the session that was kept");
        assert_eq!(servers.size_limit(&renewed), Some(2_000_000));
        assert_eq!(servers.clients.len(), 1, "and the former one is closed");
    }
}
