//! Lengths of time as people type them: `90s`, `15m`, `1h`, `1d`, or seconds alone. Pure.

use mailbeat_shared::wire::contract::Interval;

/// Units, the longest first.
const UNITS: [(char, u32); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// The seconds of a length; `None` if it is none.
#[must_use]
pub fn seconds(text: &str) -> Option<u32> {
    let text = text.trim().to_lowercase();
    let (number, unit) = match text.chars().last().and_then(|last| UNITS.iter().find(|unit| unit.0 == last)) {
        Some((letter, unit)) => (text.strip_suffix(*letter)?, *unit),
        None => (text.as_str(), 1),
    };
    number.trim().parse::<u32>().ok()?.checked_mul(unit).filter(|seconds| *seconds > 0)
}

/// A length in its largest whole unit.
#[must_use]
pub fn shown(seconds: u32) -> String {
    let unit = UNITS.iter().find(|unit| seconds >= unit.1 && seconds.is_multiple_of(unit.1));
    unit.map_or_else(|| format!("{seconds}s"), |(letter, unit)| format!("{}{letter}", seconds / unit))
}

/// Whether the contract allows this length.
///
/// # Errors
/// Why not, a sentence.
pub fn within(text: &str, allowed: Option<Interval>) -> Result<(), String> {
    let Some(length) = seconds(text) else {
        return Err("a length of time is needed, as in 15m, 1h or 1d".into());
    };
    match allowed.filter(|allowed| length < allowed.min || length > allowed.max) {
        Some(allowed) => Err(format!("the contract allows {} to {}", shown(allowed.min), shown(allowed.max))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_as_people_type_them_and_kept_within_the_contract() {
        let read = ["3600", "1h", " 15 m", "1d", "90s", "0", "1w", "", "h"].map(seconds);
        assert_eq!(read, [Some(3600), Some(3600), Some(900), Some(86_400), Some(90), None, None, None, None]);
        assert_eq!([3600, 900, 5400, 86_400, 61].map(shown), ["1h", "15m", "90m", "1d", "61s"]);
        let allowed = Some(Interval { default: 3600, min: 900, max: 86_400 });
        assert_eq!(within("10m", allowed), Err("the contract allows 15m to 1d".into()));
        assert!(within("1h", allowed).is_ok() && within("1s", None).is_ok());
        assert!(within("soon", allowed).unwrap_err().contains("15m, 1h or 1d"));
    }
}
