//! How reports and texts are kept: deflate (RFC 1951), report and signature in one stream because they are read together.

use std::cell::RefCell;
use std::io::Read as _;

use flate2::read::DeflateDecoder;
use flate2::{Compress, Compression, FlushCompress, Status};

use super::sqlite::StoreError;

/// A signed report as the store keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackedReport {
    /// Where the signature begins.
    pub report_bytes: u32,
    /// The compressed stream.
    pub content: Vec<u8>,
}

impl PackedReport {
    /// Packs the signed bytes and the armored signature over them.
    #[must_use]
    pub fn pack(report: &[u8], signature: &str) -> Self {
        Self {
            report_bytes: u32::try_from(report.len()).unwrap_or(u32::MAX),
            content: deflate(&[report, signature.as_bytes()]),
        }
    }

    /// The signed bytes and the armored signature.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`].
    pub fn unpack(&self) -> Result<(Vec<u8>, Vec<u8>), StoreError> {
        let split = self.report_bytes as usize;
        // A signature is at most 4 KiB.
        let mut report = inflate(&self.content, split + 4096)?;
        if report.len() < split {
            return Err(corrupt("it is shorter than it says"));
        }
        let signature = report.split_off(split);
        Ok((report, signature))
    }
}

fn corrupt(detail: &str) -> StoreError {
    StoreError::Corrupt { what: "compressed content", detail: detail.to_owned() }
}

/// Packs bytes.
#[must_use]
pub fn pack(bytes: &[u8]) -> Vec<u8> {
    deflate(&[bytes])
}

/// Unpacks `bytes` bytes.
///
/// # Errors
/// [`StoreError::Corrupt`] where there are more or fewer.
pub fn unpack(packed: &[u8], bytes: usize) -> Result<Vec<u8>, StoreError> {
    let unpacked = inflate(packed, bytes)?;
    if unpacked.len() == bytes { Ok(unpacked) } else { Err(corrupt("it is shorter than it says")) }
}

thread_local! {
    /// A compressor has 300 KB of tables: to make them anew for each mail would cost as much as the compressing.
    static COMPRESSOR: RefCell<Compress> = RefCell::new(Compress::new(Compression::fast(), false));
}

/// Fast: a heartbeat is packed once for each mail, and time is what ingest is short of.
fn deflate(parts: &[&[u8]]) -> Vec<u8> {
    COMPRESSOR.with_borrow_mut(|compressor| {
        compressor.reset();
        let mut packed = Vec::with_capacity(4 * 1024);
        for part in parts {
            feed(compressor, part, FlushCompress::None, &mut packed);
        }
        feed(compressor, &[], FlushCompress::Finish, &mut packed);
        // Kept for a long time, in memory or in the database.
        packed.shrink_to_fit();
        packed
    })
}

fn feed(compressor: &mut Compress, mut part: &[u8], flush: FlushCompress, into: &mut Vec<u8>) {
    loop {
        let before = compressor.total_in();
        let status = compressor.compress_vec(part, into, flush).expect("compressing to memory does not fail");
        let taken = usize::try_from(compressor.total_in() - before).expect("no more is taken than is there");
        part = &part[taken..];
        let finished =
            if flush == FlushCompress::Finish { status == Status::StreamEnd } else { part.is_empty() };
        if finished {
            return;
        }
        into.reserve(into.capacity().max(1024));
    }
}

fn inflate(packed: &[u8], limit: usize) -> Result<Vec<u8>, StoreError> {
    let mut bytes = Vec::with_capacity(limit.min(64 * 1024));
    let read = DeflateDecoder::new(packed).take(limit as u64 + 1).read_to_end(&mut bytes);
    match read {
        Ok(read) if read <= limit => Ok(bytes),
        Ok(_) => Err(corrupt("it is longer than it says")),
        Err(error) => Err(corrupt(&error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_packed_comes_out_again_and_damage_is_an_error() {
        let packed = PackedReport::pack(b"{}\n", "signature");
        assert_eq!(packed.unpack().unwrap(), (b"{}\n".to_vec(), b"signature".to_vec()));
        let shorter = PackedReport { report_bytes: 300, ..packed.clone() };
        assert!(shorter.unpack().is_err());
        let damaged = PackedReport { content: vec![0xff; 10], ..packed };
        assert!(damaged.unpack().is_err());
        assert_eq!(unpack(&pack(b"text"), 4).unwrap(), b"text");
        // Random bytes do not become shorter, and do not fit into the first guess.
        let noise: Vec<u8> =
            (0..100_000_u64).map(|n| (n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8).collect();
        assert_eq!(unpack(&pack(&noise), noise.len()).unwrap(), noise);
        assert!(unpack(&pack(b"text"), 3).is_err());
        assert!(unpack(&pack(b"text"), 5).is_err());
    }
}
