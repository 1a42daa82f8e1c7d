//! A line that breaks at the worst moment: Postfix has taken the mail, and its answer never arrives.
//!
//! Postfix cannot drop a line on cue, so this stands between a client and Postfix's `mx` port. It reads clear text only
//! and therefore removes STARTTLS from Postfix's offer, as middleboxes do.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::Lab;

/// The breaking line; see [`Lab::line_cutter`].
#[derive(Debug)]
pub struct LineCutter {
    port: u16,
    left: Arc<AtomicUsize>,
}

impl Lab {
    /// A way to Postfix's `mx` port that breaks for the first `times` mails: Postfix accepts the mail, and the client
    /// sees the connection close in place of the 250. Later mails pass.
    ///
    /// # Errors
    /// No port could be bound.
    pub fn line_cutter(&self, times: usize) -> anyhow::Result<LineCutter> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let (port, postfix, left) =
            (listener.local_addr()?.port(), self.ports.mx, Arc::new(AtomicUsize::new(times)));
        let shared = Arc::clone(&left);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (Ok(server), left) = (TcpStream::connect(("127.0.0.1", postfix)), Arc::clone(&shared))
                else {
                    return;
                };
                thread::spawn(move || pass(client, server, &left));
            }
        });
        Ok(LineCutter { port, left })
    }
}

impl LineCutter {
    /// The port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// How many mails will still meet a broken line.
    #[must_use]
    pub fn left(&self) -> usize {
        self.left.load(Ordering::SeqCst)
    }
}

/// Passes on both directions; the answer that follows the `354` is the one to lose.
fn pass(client: TcpStream, server: TcpStream, left: &AtomicUsize) {
    let (Ok(mut to_server), Ok(mut from_client)) = (server.try_clone(), client.try_clone()) else { return };
    thread::spawn(move || {
        let _ = std::io::copy(&mut from_client, &mut to_server);
        let _ = to_server.shutdown(Shutdown::Both);
    });
    let (mut to_client, mut lines) = (&client, BufReader::new(&server));
    let (mut line, mut after_data) = (Vec::new(), false);
    while lines.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
        if after_data
            && left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
        {
            break;
        }
        after_data = line.starts_with(b"354");
        if line.starts_with(b"250-STARTTLS") {
            line = b"250-X-NO-TLS\r\n".to_vec();
        }
        if to_client.write_all(&line).is_err() {
            break;
        }
        line.clear();
    }
    let _ = client.shutdown(Shutdown::Both);
    let _ = server.shutdown(Shutdown::Both);
}
