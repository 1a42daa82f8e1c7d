//! `mail_queue`: how many messages wait in the queue of this host's mail server, and since when the oldest does.
//!
//! Asks the mail server's own program. Whose mail it is, is not read: of the list only states and times are kept.

use jiff::Timestamp;
use serde::Deserialize;

use super::probe::{Look, Probe, Sight};
use crate::collect::whole;
use crate::os::command::{AskError, ask};

/// Settings of a `mail_queue` check.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailQueue {
    /// Postfix's configuration directory, where it is not the usual one (`postqueue -c`).
    postfix_config: Option<String>,
}

/// What waits.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Queue {
    messages: u64,
    /// Those that were tried in vain, where the list says so.
    deferred: Option<u64>,
    /// Seconds.
    oldest: Option<f64>,
}

/// A program, what to ask it, and how to read its answer.
type Source<'a> = (&'a str, &'a [&'a str], fn(&str, Timestamp) -> Option<Queue>);

impl Probe for MailQueue {
    fn look(&mut self, look: &mut Look<'_>) -> Sight {
        let of_config = self.postfix_config.as_deref().map(|directory| ["-c", directory]);
        let postqueue: Vec<&str> = of_config.iter().flatten().copied().chain(["-j"]).collect();
        let queues: [Source<'_>; 3] =
            [("postqueue", &postqueue, postfix), ("exim", &["-bp"], exim), ("mailq", &[], sendmail)];
        for (program, arguments, read) in queues {
            match ask(program, arguments, look.deadline) {
                Ok(answer) => match read(&answer, look.now) {
                    Some(queue) => return queue.sight(program),
                    None => return Sight::unknown(format!("{program} answers in a way not known here")),
                },
                Err(AskError::NotThere(_)) => {}
                Err(error @ AskError::TooLong(_)) => {
                    return Sight::critical(format!("the queue is longer than can be counted: {error}"));
                }
                Err(error) => return Sight::unknown(error.to_string()),
            }
        }
        Sight::unknown("there is no mail server here: neither postqueue nor exim nor mailq")
    }
}

impl Queue {
    fn sight(self, program: &str) -> Sight {
        let count = match self.messages {
            0 => "no message waits".to_owned(),
            1 => "1 message waits".to_owned(),
            count => format!("{count} messages wait"),
        };
        let oldest = self.oldest.map(|age| format!(", the oldest for {:.1} h", age / 3600.0));
        let said = format!("{count}{}, says {program}", oldest.unwrap_or_default());
        let mut sight = Sight::ok(said).with("messages", whole(self.messages), "{message}");
        if let Some(deferred) = self.deferred {
            sight = sight.with("deferred", whole(deferred), "{message}");
        }
        // An empty queue has no oldest message; a rule on its age sees zero.
        let none_waits = (self.messages == 0).then_some(0.0);
        match self.oldest.or(none_waits) {
            Some(age) => sight.with("oldest", age, "s"),
            None => sight,
        }
    }
}

/// One line of `postqueue -j`; the rest of it is nobody's business.
#[derive(Deserialize)]
struct Message {
    queue_name: String,
    arrival_time: i64,
}

fn postfix(answer: &str, now: Timestamp) -> Option<Queue> {
    let mut queue = Queue { deferred: Some(0), ..Queue::default() };
    for line in answer.lines() {
        let message: Message = serde_json::from_str(line).ok()?;
        queue.messages += 1;
        queue.deferred = queue.deferred.map(|count| count + u64::from(message.queue_name == "deferred"));
        let arrived = Timestamp::from_second(message.arrival_time).ok()?;
        let age = now.duration_since(arrived).as_secs_f64().max(0.0);
        queue.oldest = Some(queue.oldest.unwrap_or_default().max(age));
    }
    Some(queue)
}

/// `exim -bp`: a line for each message that begins with its age, as in `25m`, `4h`, `3d`; its recipients below.
fn exim(answer: &str, _: Timestamp) -> Option<Queue> {
    let ages = answer.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let (number, unit) = words.next()?.split_at_checked(words_end(line)?)?;
        let unit = match unit {
            "m" => 60.0,
            "h" => 3_600.0,
            "d" => 86_400.0,
            _ => return None,
        };
        // Size, id and sender follow.
        words.nth(1)?;
        Some(number.parse::<f64>().ok()? * unit)
    });
    Some(ages.fold(Queue::default(), |queue, age| Queue {
        messages: queue.messages + 1,
        oldest: Some(queue.oldest.unwrap_or_default().max(age)),
        ..queue
    }))
}

/// Where the first word's last letter is.
fn words_end(line: &str) -> Option<usize> {
    line.split_whitespace().next()?.char_indices().last().map(|(at, _)| at)
}

/// The last line of `mailq`: `Total requests: 3`, `-- 12 Kbytes in 3 Requests.`, `Mail queue is empty`.
fn sendmail(answer: &str, _: Timestamp) -> Option<Queue> {
    let last = answer.trim_end().lines().last().unwrap_or_default().trim();
    let count = last.strip_prefix("Total requests:").or_else(|| last.split(" in ").nth(1));
    let messages = match count.and_then(|text| text.split_whitespace().next()) {
        Some(number) => number.parse().ok()?,
        None if answer.contains("queue is empty") => 0,
        None => return None,
    };
    Some(Queue { messages, ..Queue::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-11-28T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn postfix_lists_a_message_a_line_with_the_time_it_came() {
        let line = |queue: &str, id: &str, at: i64| {
            format!(
                r#"{{"queue_name": "{queue}", "queue_id": "{id}", "arrival_time": {at}, "message_size": 333, "forced_expire": false, "sender": "a@b.example", "recipients": [{{"address": "c@d.example", "delay_reason": "x"}}]}}"#
            )
        };
        let at = now().as_second();
        let list = [line("active", "3A", at - 60), line("deferred", "4B", at - 7_200)].join("\n");
        let queue = postfix(&list, now()).unwrap();
        assert_eq!(queue, Queue { messages: 2, deferred: Some(1), oldest: Some(7_200.0) });
        assert_eq!(queue.sight("postqueue").output, "2 messages wait, the oldest for 2.0 h, says postqueue");
        assert_eq!(postfix("", now()).unwrap().sight("postqueue").values.len(), 3);
        assert_eq!(postfix("Mail queue is empty", now()), None);
    }

    #[test]
    fn exim_lists_ages_and_recipients_below_are_not_counted() {
        let list = "25m  2.9K 1t5C6f-0000c8-00 <alice@wonderland.example>\n          red.king@looking-glass.example\n          \
                    D 4h@looking-glass.example\n\n 3d  1.1K 1t4ABC-000001-AA <> *** frozen ***\n          5d\n\n";
        assert_eq!(exim(list, now()), Some(Queue { messages: 2, deferred: None, oldest: Some(259_200.0) }));
        assert_eq!(exim("", now()), Some(Queue::default()));
    }

    #[test]
    fn other_mailqs_say_it_in_their_last_line() {
        let count = |answer: &str| sendmail(answer, now()).map(|queue| queue.messages);
        assert_eq!(count("/var/spool/mqueue is empty\n\t\tTotal requests: 0\n"), Some(0));
        assert_eq!(count("...\nTotal requests: 3\n"), Some(3));
        assert_eq!(count("...\n-- 12 Kbytes in 4 Requests.\n"), Some(4));
        assert_eq!(count("Mail queue is empty\n"), Some(0));
        assert_eq!(count("command not understood\n"), None);
    }
}
