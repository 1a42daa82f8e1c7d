//! Every limit of the wire format. What is over a limit is refused with its name, never cut in silence.

/// Largest mail the receiver downloads, in bytes of RFC822.SIZE.
pub const MAIL_BYTES: u64 = 25 * 1024 * 1024;
/// Largest decoded `report.json`, in bytes.
pub const REPORT_BYTES: usize = 16 * 1024 * 1024;
/// Largest finished system report mail an agent makes, in bytes (base64 included).
pub const SYSTEM_MAIL_BYTES: usize = 8 * 1024 * 1024;
/// Largest heartbeat mail with 40 observations and 20 checks, in bytes.
pub const HEARTBEAT_MAIL_BYTES: usize = 32 * 1024;
/// Largest watched file whose text is read, in bytes.
pub const WATCHED_FILE_BYTES: u64 = 512 * 1024;
/// Most watched files in one manifest.
pub const WATCHED_FILES: usize = 5_000;
/// Most diff text shown in the readable part of a mail, in bytes.
pub const READABLE_DIFF_BYTES: usize = 64 * 1024;
/// Most installed packages in one list.
pub const PACKAGES: usize = 20_000;
/// Most pending updates named in one report, and most packages that ask for a restart.
pub const UPDATES: usize = 500;
/// Most observations in one report.
pub const OBSERVATIONS: usize = 500;
/// Most checks in one report.
pub const CHECKS: usize = 200;
/// Most attributes of one observation.
pub const ATTRIBUTES: usize = 8;
/// Longest name, attribute key or attribute value, in bytes.
pub const NAME_BYTES: usize = 256;
/// Longest output of a check or other free text, in bytes.
pub const OUTPUT_BYTES: usize = 4 * 1024;
/// Longest path of a watched file, in bytes, percent-encoded.
pub const PATH_BYTES: usize = 4 * 1024;
/// Most ranges in `superseded` or `lost`.
pub const RANGES: usize = 1_000;
/// Most reports one system may send in an hour before the receiver quarantines the rest.
pub const REPORTS_PER_HOUR: u32 = 120;
/// Most tickets of one system that are open at a time; what is beyond opens none until one is resolved.
pub const OPEN_TICKETS_PER_SYSTEM: usize = 20;
/// Most multiparts of a mail that are taken apart; what is beyond is text.
pub const MULTIPARTS: usize = 50;
/// Days a lost range is repeated in later reports.
pub const LOST_REPEATED_DAYS: i64 = 8;
/// Most recipients of one encrypted report.
pub const RECIPIENTS: usize = 20;
