//! Named points at which a test may kill the process, as a power cut would.
//!
//! With the feature `crash-points`, [`point`] compares its name with `MAILBEAT_CRASH_AT` and kills the process with
//! SIGABRT's finality but no unwinding, no flushing and no destructors. Without the feature it is an empty inline
//! function, and the environment variable's name does not occur in the binary (a test looks).

/// Dies here if the test asked for it. `name` is a step of the crash table and a side: `"A1.before"`, `"R2.after"`.
#[inline]
pub fn point(name: &str) {
    #[cfg(feature = "crash-points")]
    if std::env::var("MAILBEAT_CRASH_AT").is_ok_and(|wanted| wanted == name) {
        std::process::abort();
    }
    #[cfg(not(feature = "crash-points"))]
    let _ = name;
}
