//! Named points at which a test may kill the process, as a power cut would.
//!
//! With the feature `crash-points`, [`point`] compares its name with `MAILBEAT_CRASH_AT` and, where they are the same, the process
//! sends itself SIGKILL: no unwinding, no flushing, no destructors. Without the feature it is an empty inline function, and the
//! environment variable's name does not occur in the binary (a test looks).

/// Dies here if the test asked for it. `name` is a step of the crash table and a side: `"A1.before"`, `"R2.after"`.
#[inline]
pub fn point(name: &str) {
    #[cfg(feature = "crash-points")]
    if std::env::var("MAILBEAT_CRASH_AT").is_ok_and(|wanted| wanted == name) {
        die();
    }
    #[cfg(not(feature = "crash-points"))]
    let _ = name;
}

#[cfg(feature = "crash-points")]
fn die() -> ! {
    #[cfg(unix)]
    let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    // Where there are no signals, or a seccomp filter swallowed this one.
    std::process::abort();
}
