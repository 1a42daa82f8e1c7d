//! 200 kills at random times, while the story goes on.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use mailbeat_shared::clock::Clock;
use mailbeat_tests::programs::Build;

use crate::ends::{bring_home, check};
use crate::story::{Story, Who};

const KILLS: usize = 200;
/// Stories at the same time; each has its share of the kills.
const STORIES: usize = 4;
/// Longest time between a start and the next kill. Starting takes a good part of it.
const LONGEST_MS: u64 = 1_500;

/// Steele, Lea and Flood's SplitMix64: reproducible from the seed that is printed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}

#[test]
fn two_hundred_kills_lose_nothing_and_count_nothing_twice() {
    let seed = std::env::var("MAILBEAT_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or_else(|| Clock::system().now().as_nanosecond() as u64);
    println!("MAILBEAT_SEED={seed} draws the same kills again");
    let started = Instant::now();
    let stories: Vec<_> = (0..STORIES)
        .map(|number| thread::spawn(move || tell(Random(seed.wrapping_add(number as u64)), KILLS / STORIES)))
        .collect();
    for story in stories {
        story.join().unwrap().with_context(|| format!("MAILBEAT_SEED={seed}")).unwrap();
    }
    println!("{KILLS} kills in {:.0} s", started.elapsed().as_secs_f64());
}

fn tell(mut random: Random, kills: usize) -> anyhow::Result<()> {
    let mut story = Story::new(Build::Ordinary)?;
    let contract = story.vendor.issue("ACME", 1, 1)?;
    story.host.activate(&story.vendor, &contract)?;
    story.start_both()?;
    for kill in 0..kills {
        match random.below(4) {
            0 => story.add_files()?,
            1 => story.remove_files()?,
            2 => story.host.write("app.conf", &format!("workers = {kill}\n"))?,
            _ => {}
        }
        thread::sleep(Duration::from_millis(random.below(LONGEST_MS)));
        let who = if random.below(2) == 0 { Who::Agent } else { Who::Receiver };
        story.kill(who);
        story.start(who, None)?;
    }
    story.remove_files()?;
    story.host.write("app.conf", "workers = 1000\n")?;
    story.until_number("the files as they are at the end", "SELECT count(*) = 1 FROM snapshot_files")?;
    story.until_number(
        "all tickets to be resolved",
        "SELECT count(*) = 0 FROM tickets WHERE rule = 'many-files' AND state <> 'resolved'",
    )?;
    story.settle()?;
    if check(&story)? > 0 {
        bring_home(&story)?;
    }
    Ok(())
}
