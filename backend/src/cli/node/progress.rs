//! Says how far the node has come when it is behind its peers.

use std::time::{Duration, Instant};

use tokio::time::{MissedTickBehavior, interval};

use crate::{p2p::Peers, sync::Progress};

/// How often it is looked.
const LOOK: Duration = Duration::from_millis(250);
/// How often something is said while it goes on.
const PAUSE: Duration = Duration::from_secs(3);
/// With so many blocks missing the node is behind; with fewer, but more than one, only if that lasts.
const MANY: u64 = 50;
const LASTS: Duration = Duration::from_secs(2);

/// Logs the progress of the node's chain, until the task is ended.
pub(super) async fn watch(peers: Peers) {
    let mut course = Course::default();
    let mut ticks = interval(LOOK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let said = peers
            .progress()
            .and_then(|progress| course.look(progress, Instant::now()));
        if let Some(said) = said {
            said.log();
        }
    }
}

/// Something worth saying.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Said {
    Begins {
        height: u64,
        target: u64,
        peers: usize,
    },
    Goes {
        height: u64,
        target: u64,
        blocks_per_second: u64,
        /// None when nothing moves.
        seconds_left: Option<u64>,
    },
    Done {
        height: u64,
        blocks: u64,
        took: Duration,
    },
    /// Nobody is left who has more.
    Interrupted {
        height: u64,
    },
}

impl Said {
    fn log(&self) {
        match self {
            Self::Begins { height, target, peers } => {
                let left = target - height;
                tracing::info!(
                    height,
                    target,
                    left,
                    peers,
                    "the chain is behind that of the peers: catching up"
                );
            }
            Self::Goes {
                height,
                target,
                blocks_per_second,
                seconds_left,
            } => {
                let left = target - height;
                tracing::info!(height, target, left, blocks_per_second, seconds_left, "catching up");
            }
            Self::Done { height, blocks, took } => {
                let seconds = took.as_secs_f64();
                tracing::info!(height, blocks, seconds, "caught up with the peers");
            }
            Self::Interrupted { height } => {
                tracing::warn!(height, "catching up was interrupted: no peer is left that has more");
            }
        }
    }
}

/// What was seen so far.
#[derive(Debug, Default)]
struct Course {
    /// Since when it has been behind.
    behind: Option<Instant>,
    run: Option<Run>,
}

/// A time of catching up.
#[derive(Debug)]
struct Run {
    began: Instant,
    from: u64,
    /// When something was said last, and how high the chain was.
    said: Instant,
    height: u64,
}

impl Course {
    fn look(&mut self, progress: Progress, now: Instant) -> Option<Said> {
        let Progress { height, target, peers } = progress;
        let left = target.saturating_sub(height);
        // The newest block is on its way to everybody all the time.
        if left <= 1 {
            self.behind = None;
            let run = self.run.take()?;
            if peers == 0 {
                return Some(Said::Interrupted { height });
            }
            return Some(Said::Done {
                height,
                blocks: height.saturating_sub(run.from),
                took: now - run.began,
            });
        }
        let since = *self.behind.get_or_insert(now);
        let Some(run) = &mut self.run else {
            if left < MANY && now - since < LASTS {
                return None;
            }
            self.run = Some(Run {
                began: since,
                from: height,
                said: now,
                height,
            });
            return Some(Said::Begins { height, target, peers });
        };
        let elapsed = now - run.said;
        if elapsed < PAUSE {
            return None;
        }
        let blocks = u128::from(height.saturating_sub(run.height));
        let rate = u64::try_from(blocks * 1_000 / elapsed.as_millis().max(1)).unwrap_or(u64::MAX);
        (run.said, run.height) = (now, height);
        Some(Said::Goes {
            height,
            target,
            blocks_per_second: rate,
            seconds_left: left.checked_div(rate),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said of heights of chain and peers, one look a second.
    fn said(looks: &[(u64, u64)]) -> Vec<Option<Said>> {
        let (mut course, begun) = (Course::default(), Instant::now());
        let looks = (0..).zip(looks).map(|(second, (height, target))| {
            let progress = Progress {
                height: *height,
                target: *target,
                peers: usize::from(height != target),
            };
            course.look(progress, begun + Duration::from_secs(second))
        });
        looks.collect()
    }

    #[test]
    fn a_long_way_is_told_from_its_beginning_to_its_end() {
        let looks = [
            (10, 10_010),
            (1_010, 10_010),
            (2_010, 10_010),
            (3_010, 10_010),
            (10_010, 10_011),
        ];
        let begins = Said::Begins {
            height: 10,
            target: 10_010,
            peers: 1,
        };
        let goes = Said::Goes {
            height: 3_010,
            target: 10_010,
            blocks_per_second: 1_000,
            seconds_left: Some(7),
        };
        let done = Said::Done {
            height: 10_010,
            blocks: 10_000,
            took: Duration::from_secs(4),
        };
        assert_eq!(said(&looks), [Some(begins), None, None, Some(goes), Some(done)]);
    }

    #[test]
    fn a_chain_that_does_not_move_has_no_end_in_sight() {
        let all = said(&[(10, 1_000); 4]);
        let Some(Said::Goes {
            blocks_per_second,
            seconds_left,
            ..
        }) = all[3]
        else {
            panic!("{all:?}")
        };
        assert_eq!((blocks_per_second, seconds_left), (0, None));
    }

    #[test]
    fn a_new_block_is_nothing_to_speak_of() {
        let looks = [
            (10, 10),
            (10, 11),
            (11, 11),
            (11, 13),
            (13, 13),
            (13, 15),
            (14, 16),
            (16, 16),
        ];
        assert!(said(&looks).iter().all(Option::is_none));
    }

    #[test]
    fn a_few_blocks_that_do_not_come_are_told_of() {
        let all = said(&[(10, 13), (10, 13), (10, 13), (13, 14)]);
        assert!(
            matches!(
                all[2],
                Some(Said::Begins {
                    height: 10,
                    target: 13,
                    ..
                })
            ),
            "{all:?}"
        );
        assert!(matches!(all[3], Some(Said::Done { blocks: 3, .. })), "{all:?}");
    }

    #[test]
    fn who_is_left_alone_has_not_caught_up() {
        let all = said(&[(10, 1_000), (20, 20)]);
        assert_eq!(all[1], Some(Said::Interrupted { height: 20 }));
    }
}
