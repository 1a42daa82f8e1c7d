//! The words people meet in configuration, tables and commands: each stands for one thing and reads back as it.

use mailbeat_receiver::evaluate::RuleId;
use mailbeat_receiver::evaluate::threshold::format_value;

use super::*;

#[test]
fn a_severity_asks_for_an_answer_in_a_day_in_four_hours_in_one_or_in_a_quarter_of_it() {
    let hours = [24.0, 4.0, 1.0, 0.25];
    assert_eq!(Severity::ALL.map(|severity| severity.response_time().as_secs_f64() / 3600.0), hours);
}

#[test]
fn severities_phases_and_states_read_back_from_their_words_and_nothing_else_does() {
    assert_eq!(Severity::ALL.map(Severity::as_str), ["low", "medium", "high", "critical"]);
    assert_eq!(Severity::ALL.map(|severity| severity.to_string()), ["Low", "Medium", "High", "Critical"]);
    for severity in Severity::ALL {
        assert_eq!(severity.as_str().parse(), Ok(severity));
    }
    for (word, phase) in [("pending", Phase::Pending), ("active", Phase::Active), ("stale", Phase::Stale)] {
        assert_eq!((word.parse(), phase.as_str()), (Ok(phase), word));
    }
    let states = [
        ("open", TicketState::Open),
        ("acknowledged", TicketState::Acknowledged),
        ("resolved", TicketState::Resolved),
        ("closed", TicketState::Closed),
    ];
    for (word, state) in states {
        assert_eq!((word.parse(), state.as_str()), (Ok(state), word));
    }
    let unknown = "urgent";
    assert!(unknown.parse::<Severity>().is_err() && unknown.parse::<Phase>().is_err());
    assert_eq!(unknown.parse::<TicketState>().unwrap_err().to_string(), "unknown word \"urgent\"");
}

#[test]
fn liveness_has_a_word_for_tables() {
    let all = [Liveness::New, Liveness::Alive, Liveness::Late, Liveness::Silent, Liveness::Paused];
    assert_eq!(all.map(Liveness::as_str), ["new", "alive", "late", "silent", "paused"]);
}

#[test]
fn people_type_a_tickets_number_in_full_in_lower_case_or_as_a_number_alone() {
    for typed in ["MB-1001", "mb-1001", "1001", " MB-1001\n"] {
        assert_eq!(typed.parse(), Ok(TicketNumber::FIRST), "{typed:?}");
    }
    assert_eq!(TicketNumber::FIRST.to_string(), "MB-1001");
    assert!("MB-".parse::<TicketNumber>().is_err());
    assert!("the first one".parse::<TicketNumber>().is_err());
}

#[test]
fn a_rules_name_is_made_of_small_letters_digits_and_hyphens_and_is_not_too_long() {
    let (longest, too_long) = ("a".repeat(64), "a".repeat(65));
    for name in ["filesystem-full", "load15", "x", &longest] {
        assert_eq!(name.parse::<RuleId>().unwrap().to_string(), name);
    }
    for name in ["", "Filesystem", "file system", "dürr", "a_b", "a/b", &too_long] {
        assert!(name.parse::<RuleId>().is_err(), "{name:?}");
    }
}

#[test]
fn values_are_said_as_people_say_them() {
    let gib = 1024.0 * 1024.0 * 1024.0;
    let said = [
        (0.961, "1", "96.1 %"),
        (0.9, "1", "90 %"),
        (0.0, "By", "0 B"),
        (1023.0, "By", "1023 B"),
        (1024.0, "By", "1 KiB"),
        (-1536.0, "By", "-1.5 KiB"),
        (3.25 * gib, "By", "3.2 GiB"),
        (2.0 * 1024.0 * 1024.0 * gib, "By", "2 PiB"),
        (0.0, "s", "0 s"),
        (0.034, "s", "34 ms"),
        (59.5, "s", "59.5 s"),
        (60.0, "s", "1m"),
        (7260.0, "s", "2h 1m"),
        (12.0, "{file}", "12"),
        (6.0, "d", "6 d"),
        (2048.0, "By/s", "2 KiB/s"),
        (71.5, "Cel", "71.5 °C"),
    ];
    for (value, unit, text) in said {
        assert_eq!(format_value(value, unit), text, "{value} {unit}");
    }
}
