//! Contract numbers, as people say them: `ACME-2026-001`.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use mailbeat_shared::wire::id::ContractNumber;

/// Longest prefix made from a customer's name, in letters.
const PREFIX_LETTERS: usize = 12;

/// `PREFIX-YEAR-NNN`, one above the highest number with that prefix and year. The year is that of `now` in UTC.
#[must_use]
pub fn next_number(customer: &str, now: Timestamp, taken: &[ContractNumber]) -> ContractNumber {
    let series = format!("{}-{}-", prefix(customer), now.to_zoned(TimeZone::UTC).year());
    let count = |number: &ContractNumber| number.as_str().strip_prefix(&series)?.parse::<u32>().ok();
    let highest = taken.iter().filter_map(count).max().unwrap_or(0);
    format!("{series}{:03}", highest.saturating_add(1))
        .parse()
        .expect("letters, digits and '-', under 64 bytes")
}

/// The first word of a customer's name that has letters, as capital ASCII letters: `Köhler & Söhne` is `KOEHLER`.
#[must_use]
pub fn prefix(customer: &str) -> String {
    let ascii = |word: &str| -> String { word.chars().map(letters).collect::<String>().to_ascii_uppercase() };
    let first = customer.split_whitespace().map(ascii).find(|word| !word.is_empty());
    first.unwrap_or_else(|| "CUSTOMER".to_owned()).chars().take(PREFIX_LETTERS).collect()
}

/// The ASCII letters a letter is written with where there are no others; nothing for anything else.
fn letters(c: char) -> &'static str {
    const ALPHABET: &str = "abcdefghijklmnopqrstuvwxyz";
    let lower = c.to_lowercase().next().unwrap_or(c);
    match lower {
        'ä' | 'æ' => "ae",
        'ö' | 'ø' | 'œ' => "oe",
        'ü' => "ue",
        'ß' => "ss",
        'á' | 'à' | 'â' | 'ã' | 'å' | 'ą' => "a",
        'ç' | 'ć' | 'č' => "c",
        'é' | 'è' | 'ê' | 'ë' | 'ę' | 'ě' => "e",
        'í' | 'ì' | 'î' | 'ï' => "i",
        'ł' => "l",
        'ñ' | 'ń' => "n",
        'ó' | 'ò' | 'ô' | 'õ' => "o",
        'ř' => "r",
        'ś' | 'š' => "s",
        'ú' | 'ù' | 'û' | 'ů' => "u",
        'ý' => "y",
        'ź' | 'ż' | 'ž' => "z",
        _ => ALPHABET.find(lower).map_or("", |at| &ALPHABET[at..=at]),
    }
}
