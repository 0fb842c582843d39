//! The limit: decodes and verifies blocks on all cores and connects them, without network and store.

use std::{sync::mpsc::sync_channel, thread, time::Instant};

use backend::verify::verify_transfers;
use rayon::prelude::*;
use shared::{
    block::Block,
    codec::Decode as _,
    params::Network,
    rules::{Tip, VerifiedBlock},
    transaction::SignedTransfer,
};

use crate::{Cost, process::work_of};

/// How many blocks, and about how many bytes of them, are verified together.
const BLOCKS: usize = 512;
const BYTES: usize = 1 << 20;
/// How many of these groups may wait to be connected.
const AHEAD: usize = 4;

/// Verifies a whole chain, of whose blocks these are the bytes.
pub(crate) fn verify(network: &Network, blocks: &[Vec<u8>]) -> Cost {
    let (work, started) = (work_of("self"), Instant::now());
    let (sender, receiver) = sync_channel::<Vec<VerifiedBlock>>(AHEAD);
    let tip = thread::scope(|scope| {
        let connected = scope.spawn(move || {
            let mut tip = Tip::genesis(network);
            for block in receiver.into_iter().flatten() {
                tip.advance(network, block, u64::MAX / 2).unwrap();
            }
            tip
        });
        for group in groups(blocks) {
            sender.send(verify_group(network, group)).unwrap();
        }
        drop(sender);
        connected.join().unwrap()
    });
    assert_eq!(tip.height(), blocks.len() as u64);
    Cost {
        wall: started.elapsed(),
        work: work_of("self") - work,
    }
}

fn verify_group(network: &Network, group: &[Vec<u8>]) -> Vec<VerifiedBlock> {
    let blocks: Vec<Block> = group
        .par_iter()
        .map(|bytes| Block::from_bytes(bytes).unwrap())
        .collect();
    let transfers: Vec<SignedTransfer> = blocks
        .iter()
        .flat_map(|block| block.transfers.iter().cloned())
        .collect();
    let mut verdicts = verify_transfers(&transfers, &network.genesis_hash()).into_iter();
    let transfers = blocks
        .iter()
        .map(|block| verdicts.by_ref().take(block.transfers.len()).collect());
    let transfers: Vec<Result<Vec<_>, _>> = transfers.collect();
    let blocks = blocks.into_par_iter().zip(transfers);
    blocks
        .map(|(block, transfers)| VerifiedBlock::verify(block, network, |_, _| transfers).unwrap())
        .collect()
}

/// Cuts the chain into pieces that are verified together.
fn groups(mut blocks: &[Vec<u8>]) -> impl Iterator<Item = &[Vec<u8>]> {
    std::iter::from_fn(move || {
        let mut bytes = 0;
        let count = blocks.iter().take(BLOCKS).take_while(|block| {
            bytes += block.len();
            bytes - block.len() < BYTES
        });
        let (group, rest) = blocks.split_at(count.count());
        blocks = rest;
        (!group.is_empty()).then_some(group)
    })
}
