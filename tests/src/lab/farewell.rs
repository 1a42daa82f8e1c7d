//! A line to the IMAP server on which a test can end every session in the words of Exchange Online when a token expires.
//! Dovecot asks about a token at the login only. In clear, so that something can be said in the server's name.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use super::Lab;

/// What Exchange Online says.
const FAREWELL: &[u8] = b"* BYE Session invalidated - AccessTokenExpired\r\n";

/// The line; see [`Lab::farewell_line`].
#[derive(Debug)]
pub struct FarewellLine {
    port: u16,
    clients: Arc<Mutex<Vec<TcpStream>>>,
}

impl Lab {
    /// A way to the IMAP port without TLS.
    ///
    /// # Errors
    /// No port could be bound.
    pub fn farewell_line(&self) -> anyhow::Result<FarewellLine> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let (port, imap) = (listener.local_addr()?.port(), self.ports.imap);
        let clients = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::clone(&clients);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (Ok(server), Ok(kept)) = (TcpStream::connect(("127.0.0.1", imap)), client.try_clone())
                else {
                    return;
                };
                shared.lock().unwrap_or_else(PoisonError::into_inner).push(kept);
                thread::spawn(move || pass(&client, &server));
            }
        });
        Ok(FarewellLine { port, clients })
    }
}

impl FarewellLine {
    /// The port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Ends every session now; how many there were.
    #[must_use]
    pub fn say_goodbye(&self) -> usize {
        let clients = std::mem::take(&mut *self.clients.lock().unwrap_or_else(PoisonError::into_inner));
        let heard = clients.iter().filter(|client| {
            let mut line: &TcpStream = client;
            let said = line.write_all(FAREWELL);
            let _ = client.shutdown(Shutdown::Both);
            said.is_ok()
        });
        heard.count()
    }
}

/// Passes on both directions until one ends.
fn pass(client: &TcpStream, server: &TcpStream) {
    let (Ok(mut to_server), Ok(mut from_client)) = (server.try_clone(), client.try_clone()) else { return };
    thread::spawn(move || {
        let _ = std::io::copy(&mut from_client, &mut to_server);
        let _ = to_server.shutdown(Shutdown::Both);
    });
    let (mut from_server, mut to_client) = (server, client);
    let mut buffer = [0; 4096];
    while let Ok(read @ 1..) = from_server.read(&mut buffer) {
        if to_client.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    let _ = client.shutdown(Shutdown::Both);
    let _ = server.shutdown(Shutdown::Both);
}
