//! The self-test of redaction: secrets nobody has, in the shapes secrets have, must not come out again. Pure.

use crate::redact::Redactor;

/// Letters of a planted secret.
const LETTERS: usize = 24;

/// What came of it.
pub(super) struct Trial {
    /// How many secrets were planted.
    pub(super) planted: usize,
    /// The shapes that came through.
    pub(super) through: Vec<&'static str>,
    /// Whether an ordinary line was left as it was.
    pub(super) ordinary_stays: bool,
}

/// The shapes, each with `@` where the secret goes.
const SHAPES: [(&str, &str); 12] = [
    ("password in an ini file", "password = @"),
    ("quoted password", "db_password: \"@\""),
    ("password in JSON", "{\"client_secret\": \"@\"}"),
    ("user and password in a URL", "url = postgres://app:@@db.example/app"),
    ("bearer token", "Authorization: Bearer @"),
    ("XML element", "<password>@</password>"),
    ("XML attribute", "<add key=\"x\" password=\"@\"/>"),
    ("export in a shell script", "export API_TOKEN='@'"),
    ("option of a command", "mysqldump --password=@ app"),
    ("SNMP community", "snmp-server community @ RO"),
    ("pre-shared key", "PresharedKey = @"),
    ("private key block", "-----BEGIN PRIVATE KEY-----\n@@\n-----END PRIVATE KEY-----"),
];
const ORDINARY: &str = "workers = 4";

/// Plants secrets made of `random` and looks whether any comes through.
pub(super) fn trial(redactor: &Redactor, random: [u8; LETTERS]) -> Trial {
    let secret = |shape: usize| -> String {
        let letter = |(at, byte): (usize, &u8)| {
            char::from(
                b"abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
                    [(usize::from(*byte) + at * shape) % 56],
            )
        };
        random.iter().enumerate().map(letter).collect()
    };
    let secrets: Vec<String> = (1..=SHAPES.len()).map(secret).collect();
    // A mark of a URL or block may stand twice; only the first `@` of those is the planted one.
    let plant = |((_, shape), secret): (&(&str, &str), &String)| shape.replacen('@', secret, 1) + "\n";
    let text: String = SHAPES.iter().zip(&secrets).map(plant).collect::<String>() + ORDINARY + "\n";
    let redacted = redactor.redact(&text);
    let came_through = SHAPES.iter().zip(&secrets).filter(|(_, secret)| redacted.contains(secret.as_str()));
    Trial {
        planted: SHAPES.len(),
        through: came_through.map(|((name, _), _)| *name).collect(),
        ordinary_stays: redacted.lines().any(|line| line == ORDINARY),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::RedactConfig;
    use crate::redact::pseudonym::Names;

    fn redactor(patterns: &[&str]) -> Redactor {
        let patterns = patterns.iter().map(|pattern| (*pattern).to_owned()).collect();
        Redactor::new([1; 32], &RedactConfig { patterns, ..RedactConfig::default() }, Names::default())
            .unwrap()
    }

    #[test]
    fn no_planted_secret_comes_through_and_ordinary_lines_stay() {
        let redactor = redactor(&[]);
        for seed in 0..=u8::MAX {
            let trial =
                trial(&redactor, std::array::from_fn(|at| seed.wrapping_mul(7).wrapping_add(at as u8 * 11)));
            assert_eq!(trial.through, Vec::<&str>::new(), "seed {seed}");
            assert!(trial.planted == 12 && trial.ordinary_stays);
        }
    }

    #[test]
    fn a_pattern_that_hides_everything_is_noticed() {
        let redactor = redactor(&["(?s).+"]);
        assert!(!trial(&redactor, [9; LETTERS]).ordinary_stays);
    }
}
