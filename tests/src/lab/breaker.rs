//! A line to the IMAP server that breaks after so many bytes, wherever in an answer that is: a firewall that forgets, a
//! router that restarts. TLS goes through it untouched.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::Lab;

/// The breaking line; see [`Lab::line_breaker`].
#[derive(Debug)]
pub struct LineBreaker {
    port: u16,
    broken: Arc<AtomicUsize>,
}

impl Lab {
    /// A way to the IMAPS port: the first connection breaks once the server has sent `after[0]` bytes, the second after
    /// `after[1]`, and so on; later ones hold.
    ///
    /// # Errors
    /// No port could be bound.
    pub fn line_breaker(&self, after: &'static [usize]) -> anyhow::Result<LineBreaker> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let (port, imaps, broken) =
            (listener.local_addr()?.port(), self.ports.imaps, Arc::new(AtomicUsize::new(0)));
        let shared = Arc::clone(&broken);
        thread::spawn(move || {
            let limits = after.iter().copied().map(Some).chain(std::iter::repeat(None));
            for (client, limit) in listener.incoming().flatten().zip(limits) {
                let Ok(server) = TcpStream::connect(("127.0.0.1", imaps)) else { return };
                let broken = Arc::clone(&shared);
                thread::spawn(move || pass(&client, &server, limit, &broken));
            }
        });
        Ok(LineBreaker { port, broken })
    }
}

impl LineBreaker {
    /// The port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// How many connections broke.
    #[must_use]
    pub fn broken(&self) -> usize {
        self.broken.load(Ordering::SeqCst)
    }
}

/// Passes on both directions until one ends or the server has sent its last byte.
fn pass(client: &TcpStream, server: &TcpStream, limit: Option<usize>, broken: &AtomicUsize) {
    let (Ok(mut to_server), Ok(mut from_client)) = (server.try_clone(), client.try_clone()) else { return };
    thread::spawn(move || {
        let _ = std::io::copy(&mut from_client, &mut to_server);
        let _ = to_server.shutdown(Shutdown::Both);
    });
    let (mut from_server, mut to_client) = (server, client);
    let (mut buffer, mut left) = ([0; 4096], limit.unwrap_or(usize::MAX));
    while let Ok(read @ 1..) = from_server.read(&mut buffer) {
        let passed = read.min(left);
        left -= passed;
        if to_client.write_all(&buffer[..passed]).is_err() {
            break;
        }
        if left == 0 {
            broken.fetch_add(1, Ordering::SeqCst);
            break;
        }
    }
    let _ = client.shutdown(Shutdown::Both);
    let _ = server.shutdown(Shutdown::Both);
}
