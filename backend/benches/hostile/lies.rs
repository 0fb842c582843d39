//! Peers that say what is not so, and those that ask and do not listen.

use std::sync::Arc;

use backend::sync::{CompactBlock, Gossip, Request};
use shared::codec::Encode as _;
use tokio::{task::JoinSet, time::Instant};

use crate::{
    floods::{again, tell},
    forged::Forged,
    neighbours::hostile::Manners,
    offence::{Acts, Victim},
    world::reward,
};

/// How many transfers a body names: as many as news has room for.
const NAMED: u64 = 8_000;
/// How many peers take no answers, how many questions each asks, and for how many blocks: more than the longest answer has.
const PEERS: usize = 8;
const QUESTIONS: usize = 16;
const BLOCKS: usize = 16;

/// Shows something to whoever asks.
pub(crate) async fn show(victim: &Victim, acts: &Arc<Acts>, shown: Forged) {
    again(victim, acts, shown, async |hostile| {
        hostile.is_cut_off_within(victim.until - Instant::now()).await
    })
    .await;
}

/// Tells of the last block of a chain that is heavier than the victim's, over and over.
pub(crate) async fn other_bodies(victim: &Victim, acts: &Arc<Acts>) {
    let shown = victim.world.heavy();
    let header = shown.blocks.last().unwrap().header;
    tell(victim, acts, "blocks", shown, move |number| {
        let names = (0..NAMED).map(|place| (number * NAMED + place).to_be_bytes());
        let block = CompactBlock {
            header,
            reward: reward(),
            transfers: names.collect(),
        };
        Gossip::Block(block).to_bytes()
    })
    .await;
}

/// Asks for much and takes none of it, while all else on the connection goes on.
pub(crate) async fn untaken_answers(victim: &Victim, acts: &Arc<Acts>) {
    let shown = Arc::new(victim.world.honest());
    let hashes = vec![victim.world.chain.hash(); BLOCKS];
    let question = Request::Blocks { hashes }.to_bytes();
    let mut peers = JoinSet::new();
    for _ in 0..PEERS {
        let mut hostile = victim.peer(Manners::TakesNothing, &shown, acts);
        let is_let_in = hostile.call(&victim.address).await.is_ok();
        acts.come(is_let_in);
        if !is_let_in {
            continue;
        }
        for _ in 0..QUESTIONS {
            hostile.ask(question.clone());
            acts.count(question.len());
        }
        let (until, acts) = (victim.until, Arc::clone(acts));
        peers.spawn(async move {
            if hostile.is_cut_off_within(until - Instant::now()).await {
                acts.cut_off();
            }
        });
    }
    while let Some(ended) = peers.join_next().await {
        ended.unwrap();
    }
}
