//! Free ports for labs that start at the same time in many threads and processes.
//!
//! Binding to port 0 and letting go again is a race: the next one may be given the same port. So ports come in blocks
//! below the range the kernel hands out by itself, and a block belongs to whoever holds the lock on its file. The
//! kernel drops the lock when its holder dies, however it dies.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;

use anyhow::{Context as _, bail};

/// Ports of a block; a lab needs twelve.
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
