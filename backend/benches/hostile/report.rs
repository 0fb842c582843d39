//! What was seen, as a line of a table.

use std::{fs, sync::Arc, time::Duration};

use crate::{offence::Acts, scene::Service};

/// How much more memory than before a victim may take, and how long a service may.
const MORE_MIB: f64 = 512.0;
const LONGEST: Duration = Duration::from_secs(10);

pub(crate) struct Report {
    pub(crate) name: &'static str,
    /// What its acts are.
    pub(crate) unit: &'static str,
    /// What the first was banned for, and how soon; and how many are banned in the end.
    pub(crate) ban: Option<(String, Duration)>,
    pub(crate) bans: usize,
    pub(crate) acts: Arc<Acts>,
    /// What was resident before, and the most that was later.
    pub(crate) memory_mib: [f64; 2],
    /// How many cores the victim took, and this program with the offenders in it.
    pub(crate) load: [f64; 2],
    pub(crate) service: Service,
}

/// Says what the columns are.
pub(crate) fn head(time: Duration) {
    let load = fs::read_to_string("/proc/loadavg").unwrap();
    println!(
        "{} s each, at a load of {}. Cores: the victim (this program). Services in ms: median (greatest) / beside nobody",
        time.as_secs(),
        load.split(' ').next().unwrap()
    );
    println!(
        "{:<19} {:<50} {:<38} {:>14} {:>11} {:>30} {:>29}",
        "offence", "end", "sent", "memory, MiB", "cores", "block at the neighbour", "status"
    );
}

impl Report {
    /// The line, beside what there was without offenders.
    pub(crate) fn line(&self, alone: &Self) -> String {
        let [before, peak] = self.memory_mib;
        let [victim, offender] = self.load;
        let beside = |times: fn(&Service) -> &Vec<Duration>| {
            let [one, other] = [self, alone].map(|report| spread(times(&report.service)));
            format!("{one} / {other}")
        };
        format!(
            "{:<19} {:<50} {:<38} {:>14} {:>11} {:>30} {:>29}",
            self.name,
            self.end(),
            self.sent(),
            format!("{before:.1} to {peak:.1}"),
            format!("{victim:.2} ({offender:.2})"),
            beside(|service| &service.blocks),
            beside(|service| &service.statuses)
        )
    }

    fn end(&self) -> String {
        let [_, _, keys, _] = self.acts.counts();
        match (&self.ban, self.acts.first_cut()) {
            (Some((code, after)), _) => {
                format!(
                    "banned for {code} after {:.1} s ({} bans)",
                    after.as_secs_f64(),
                    self.bans
                )
            }
            (None, Some(after)) => format!("cut off after {:.1} s ({keys} keys)", after.as_secs_f64()),
            (None, None) => "stays".to_owned(),
        }
    }

    fn sent(&self) -> String {
        let [messages, bytes, _, refused] = self.acts.counts();
        let mib = bytes as f64 / f64::from(1 << 20);
        let refused = match refused {
            0 => String::new(),
            refused => format!(", not let in {refused} times"),
        };
        format!("{messages} {}, {mib:.1} MiB{refused}", self.unit)
    }

    /// What must not be.
    pub(crate) fn fault(&self) -> Option<String> {
        let ([before, peak], name) = (self.memory_mib, self.name);
        if peak >= before + MORE_MIB {
            return Some(format!(
                "{name}: the victim took {before:.0} MiB before, and then {peak:.0} MiB"
            ));
        }
        let times = self.service.blocks.iter().chain(&self.service.statuses);
        let longest = times.max().filter(|longest| **longest >= LONGEST)?;
        Some(format!("{name}: a service took {:.1} s", longest.as_secs_f64()))
    }
}

/// The median and the greatest, in milliseconds.
fn spread(times: &[Duration]) -> String {
    let mut times = times.to_vec();
    times.sort_unstable();
    let ms = |time: Option<&Duration>| time.map_or(0.0, |time| time.as_secs_f64() * 1e3);
    format!("{:.1} ({:.1})", ms(times.get(times.len() / 2)), ms(times.last()))
}
