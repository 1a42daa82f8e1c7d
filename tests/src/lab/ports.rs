//! Free ports for labs that start at the same time in many threads and processes.
//!
//! Binding to port 0 and letting go again is a race: the next one may be given the same port. So ports come in blocks
//! below the range the kernel hands out by itself, and a block belongs to whoever holds the lock on its file. The
//! kernel drops the lock when its holder dies, however it dies.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;

use anyhow::{Context as _, bail};

/// Ports of a block; a lab needs fifteen.
const BLOCK: u16 = 16;
const FIRST: u16 = 20_000;
const BLOCKS: u16 = 700;
const LOCKS: &str = "/tmp/mailbeat-lab-ports";

/// A reserved block; free again when dropped.
#[derive(Debug)]
pub(super) struct Block {
    first: u16,
    _lock: File,
}

impl Block {
    /// Reserves the first block, counted from a place that differs between processes, whose ports are all free.
    pub(super) fn reserve() -> anyhow::Result<Self> {
        fs::create_dir_all(LOCKS).with_context(|| format!("{LOCKS}, where labs keep their locks"))?;
        let start = (std::process::id() % u32::from(BLOCKS)) as u16;
        for number in (0..BLOCKS).map(|step| (start + step) % BLOCKS) {
            let lock = File::create(Path::new(LOCKS).join(number.to_string()))?;
            let first = FIRST + number * BLOCK;
            if lock.try_lock().is_ok() && (first..first + BLOCK).all(is_free) {
                return Ok(Self { first, _lock: lock });
            }
        }
        bail!("no block of {BLOCK} free ports between {FIRST} and {}", FIRST + BLOCKS * BLOCK)
    }

    /// The block's port with this number, below [`BLOCK`].
    pub(super) fn port(&self, number: u16) -> u16 {
        assert!(number < BLOCK, "a block has {BLOCK} ports");
        self.first + number
    }
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).is_ok()
}

/// Where the servers listen, on 127.0.0.1 and, for IMAP and submission, on every [`super::Certificate::address`].
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs, reason = "the comments say more than a sentence each would")]
pub struct Ports {
    pub imap: u16,        // clear text; STARTTLS offered, login in clear allowed from loopback
    pub imaps: u16,       // TLS from the first byte
    pub mx: u16,          // mail from outside for example.test: no AUTH, STARTTLS offered
    pub submission: u16,  // STARTTLS and AUTH required, sender = login
    pub submissions: u16, // TLS from the first byte, AUTH required, sender = login
    pub no_starttls: u16, // STARTTLS not offered, and so no AUTH
    pub starttls_454: u16,
    pub old_tls: u16,      // TLS 1.0 and 1.1 only
    pub slow_rcpt: u16,    // 5 s before every answer to RCPT
    pub small_size: u16,   // SIZE 20000
    pub rate_limited: u16, // the third connection in a minute gets 421
    pub unused: u16,       // nobody listens
    pub oauth_http: u16,   // the OAuth server in clear, for Dovecot
    pub oauth_https: u16,  // and with TLS, for everybody else
    pub proxy: u16,        // an HTTP proxy, where a story starts one
}

impl Ports {
    pub(super) fn of(block: &Block) -> Self {
        Self {
            imap: block.port(0),
            imaps: block.port(1),
            mx: block.port(2),
            submission: block.port(3),
            submissions: block.port(4),
            no_starttls: block.port(5),
            starttls_454: block.port(6),
            old_tls: block.port(7),
            slow_rcpt: block.port(8),
            small_size: block.port(9),
            rate_limited: block.port(10),
            unused: block.port(11),
            oauth_http: block.port(12),
            oauth_https: block.port(13),
            proxy: block.port(14),
        }
    }

    /// The ports Postfix's configuration names.
    pub(super) fn by_name(&self) -> [(&'static str, u16); 9] {
        [
            ("MX", self.mx),
            ("SUBMISSION", self.submission),
            ("SUBMISSIONS", self.submissions),
            ("NO_STARTTLS", self.no_starttls),
            ("STARTTLS_454", self.starttls_454),
            ("OLD_TLS", self.old_tls),
            ("SLOW_RCPT", self.slow_rcpt),
            ("SMALL_SIZE", self.small_size),
            ("RATE_LIMITED", self.rate_limited),
        ]
    }
}
