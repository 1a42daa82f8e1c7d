//! `contracts renew`.

use std::path::PathBuf;

use clap::Args;
use jiff::civil::Date;
use mailbeat_shared::wire::id::ContractNumber;

/// `contracts renew`.
#[derive(Debug, Args)]
pub struct Renew {
    /// Its number.
    pub number: ContractNumber,
    /// Last day, UTC; by default as it was.
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub valid_until: Option<Date>,
    /// With a new login on the vendor's relay; the password of the one it has, if any, ends at once.
    #[arg(long, conflicts_with = "no_relay")]
    pub relay: bool,
    /// Without the relay; the login it has ends at once.
    #[arg(long)]
    pub no_relay: bool,
    /// Where to write the file; by default NUMBER.REVISION.contract here.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}
