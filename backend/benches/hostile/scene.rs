//! A victim and its honest neighbour, each a process of its own, and how well they are served.

use std::{sync::Arc, time::Duration};

use serde_json::Value;
use tempfile::TempDir;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout, timeout_at};

use crate::{neighbours::PATIENCE, process::Process, workshop::public, world::World};

/// How often a round of service is measured, and how often it is asked who is banned.
const ROUND: Duration = Duration::from_millis(200);
const LOOK: Duration = Duration::from_millis(100);
/// How often the neighbour is asked for its tip.
const POLL: Duration = Duration::from_millis(2);
/// So many rounds in a row, none of which takes longer, and all has settled.
const SETTLED: (usize, Duration) = (3, Duration::from_millis(100));

pub(crate) struct Scene {
    pub(crate) victim: Process,
    honest: Process,
    /// Who is paid for blocks.
    recipient: String,
    _folders: [TempDir; 2],
}

/// How long rounds of service took.
#[derive(Default)]
pub(crate) struct Service {
    /// From the request to mine a block until the neighbour has it.
    pub(crate) blocks: Vec<Duration>,
    /// From the request for the victim's status to the answer.
    pub(crate) statuses: Vec<Duration>,
}

impl Scene {
    /// Two new nodes that are connected, and have settled.
    pub(crate) async fn start(world: &Arc<World>) -> Self {
        let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        world.make(folders[0].path());
        let victim = Process::start(&world.file, folders[0].path()).await;
        let honest = Process::start(&world.file, folders[1].path()).await;
        honest.register(&victim.peer).await;
        let scene = Self {
            victim,
            honest,
            recipient: world.network.address(&public(7)),
            _folders: folders,
        };
        timeout(PATIENCE, scene.settle()).await.expect("it settles");
        scene
    }

    async fn settle(&self) {
        let mut calm = 0;
        while calm < SETTLED.0 {
            calm = if self.block().await < SETTLED.1 { calm + 1 } else { 0 };
        }
    }

    /// Measures service up to a moment. The last round may take longer.
    pub(crate) async fn service(&self, until: Instant) -> Service {
        let mut service = Service::default();
        let mut rounds = interval(ROUND);
        rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // A tick that is late comes at once, whatever the time.
        while Instant::now() < until && timeout_at(until, rounds.tick()).await.is_ok() {
            service.statuses.push(self.status().await);
            service.blocks.push(self.block().await);
        }
        service
    }

    async fn status(&self) -> Duration {
        let started = Instant::now();
        let answer = timeout(PATIENCE, self.victim.height()).await;
        answer.expect("the victim answers");
        started.elapsed()
    }

    async fn block(&self) -> Duration {
        let started = Instant::now();
        let arrives = async {
            let height = self.victim.mine(&self.recipient).await;
            while self.honest.height().await < height {
                sleep(POLL).await;
            }
        };
        timeout(PATIENCE, arrives).await.expect("the neighbour gets the block");
        started.elapsed()
    }

    /// Whom the victim has banned.
    pub(crate) async fn bans(&self) -> Vec<Value> {
        let list = self.victim.get("/blockchain/nodes/get").await;
        list["bans"].as_array().unwrap().clone()
    }

    /// What the first is banned for, and how soon.
    pub(crate) async fn first_ban(&self, started: Instant, until: Instant) -> Option<(String, Duration)> {
        let first = async {
            loop {
                if let Some(ban) = self.bans().await.first() {
                    return (ban["code"].as_str().unwrap().to_owned(), started.elapsed());
                }
                sleep(LOOK).await;
            }
        };
        timeout_at(until, first).await.ok()
    }
}
