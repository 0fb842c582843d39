//! A chain that is long enough for every kind of record is taken back into format 1, and comes out as it was.

#![allow(clippy::unwrap_used)]

use fjall::Guard;
use shared::{
    amount::Amount,
    codec::Encode as _,
    history::History,
    key::SecretKey,
    params::Network,
    rules::{ConnectedBlock, Tip, leaf},
    transaction::{Memo, Note, Transfer, VerifiedTransfer},
};

use super::*;
use crate::{
    chain::{Chain, Storage as _},
    networks,
    store::{Location, Store, marker, records::summary_of},
    verify::verify_block,
};

const BLOCKS: u64 = 320;
/// How many blocks hold their reward alone.
const LONE: u64 = 5;
/// Far below what there is, so that many batches are written.
const FEW: Together = Together {
    records: 64,
    bytes: 4 << 10,
};

fn secret(number: u8) -> SecretKey {
    SecretKey::from_bytes(&[number; 32])
}

fn mine(network: &Network, tip: &Tip, note: &[u8], transfers: Vec<VerifiedTransfer>) -> ConnectedBlock {
    let time = tip.headers().header().timestamp + 1_000;
    let note = Note::new(note).unwrap();
    let miner = secret(1).public_key();
    let candidate = tip.prepare(network, miner, note, transfers, time).unwrap();
    let nonce = candidate.midstate().search(candidate.target().unwrap(), 0, u64::MAX);
    candidate.seal(network, nonce.unwrap(), time).unwrap()
}

/// Pays what the miner got for the block before to somebody.
fn transfer(network: &Network, height: u64) -> VerifiedTransfer {
    let transfer = Transfer {
        sender: secret(1).public_key(),
        recipient: secret(2 + (height % 50) as u8).public_key(),
        amount: Amount::from_units(height),
        fee: Amount::from_units(0),
        nonce: height - LONE - 1,
        valid_until: 0,
        memo: Memo::default(),
    };
    let genesis = network.genesis_hash();
    transfer.sign(&genesis, &secret(1)).verify(&genesis).unwrap()
}

/// A chain in the present format, with a block beside it and a pending transfer.
fn made(folder: &Path, network: &Network) -> Store {
    let (store, tip) = Store::open(folder, network).unwrap();
    let verify = Box::new(|block, network: &Network| verify_block(block, network, |_| None));
    let mut chain = Chain::new(network.clone().into(), store, tip, verify).unwrap();
    for height in 1..=BLOCKS {
        let transfers: Vec<_> = (height > LONE).then(|| transfer(network, height)).into_iter().collect();
        // The first ones have neither, and so no body of their own.
        let note = if transfers.is_empty() { &[][..] } else { &[1] };
        let block = mine(network, chain.tip(), note, transfers);
        if height == BLOCKS {
            let beside = mine(network, chain.tip(), &[2], Vec::new()).block.to_block();
            let hash = beside.header.hash();
            chain.storage_mut().stage_side(&hash, &beside, &[]).unwrap();
        }
        chain.submit_own(block).unwrap();
        chain.storage_mut().write().unwrap();
    }
    let pending = transfer(network, BLOCKS + 1);
    let store = chain.storage_mut();
    store.put_pending(&pending.id(), pending.signed(), 7);
    store.persist().unwrap();
    drop(chain);
    Store::open(folder, network).unwrap().0
}

type Record = (Slice, Slice);

/// All records, by keyspace.
fn records(spaces: &Spaces) -> Vec<Record> {
    let spaces = [Space::Headers, Space::Bodies, Space::Heights, Space::Meta].map(|space| spaces.get(space));
    let guards = spaces.into_iter().flat_map(Keyspace::iter);
    guards.map(Guard::into_inner).collect::<Result<_, _>>().unwrap()
}

/// What an older program would have written in place of the store, but for the records that are left out.
fn write_format_1(store: &Store, network: &Network, folder: &Path, is_left_out: fn(Space) -> bool) {
    let database = Database::builder(old(folder)).open().unwrap();
    let keyspaces = OLD_KEYSPACES.map(|name| database.keyspace(name, KeyspaceCreateOptions::default).unwrap());
    let write = |space: Space, key: &[u8], value: &[u8]| {
        let keyspace = match space {
            Space::Headers | Space::Bodies | Space::Nodes | Space::Undo => &keyspaces[0],
            Space::Heights | Space::Transactions | Space::Activity => &keyspaces[1],
            Space::Accounts => &keyspaces[2],
            Space::Side | Space::Pending | Space::Meta => &keyspaces[3],
        };
        keyspace.insert(key, value).unwrap();
    };
    let all = records(&store.reader.spaces);
    for (number, (key, value)) in all.iter().enumerate() {
        let space = Space::of(key[0]).unwrap();
        match space {
            Space::Nodes => {}
            space if is_left_out(space) => {}
            Space::Headers => {
                let summary = summary_of(value).unwrap();
                write(space, key, &summary.to_bytes());
                if let Some(body) = summary.body() {
                    write(Space::Bodies, &Space::Bodies.key(&key[1..]), &body);
                }
            }
            space => write(space, key, value),
        }
        // Some of it stands in tables, some in the log alone.
        if number == all.len() / 2 {
            for keyspace in &keyspaces {
                keyspace.rotate_memtable_and_wait().unwrap();
            }
        }
    }
    for (position, node) in nodes(store) {
        write(Space::Nodes, &Space::Nodes.key(&node_key(position)), &node.to_bytes());
    }
    database.persist(PersistMode::SyncAll).unwrap();
    let marker = include_str!("../../../tests/format-1/cairn-data");
    assert!(marker.contains(&network.genesis_hash().to_string()));
    fs::write(folder.join(marker::FILE), marker).unwrap();
}

/// All nodes of the tree over the headers, which follow from these.
fn nodes(store: &Store) -> Vec<(Position, shared::history::HistoryNode)> {
    let (mut history, mut nodes) = (History::new(), Vec::new());
    for height in 0..=BLOCKS {
        let summary = store.reader.summary(height).unwrap().unwrap();
        history.append_with(leaf(&summary.header, summary.hash), |position, node| {
            nodes.push((position, *node));
        });
    }
    nodes
}

#[test]
fn a_long_chain_of_format_1_comes_out_as_it_was() {
    let (folder, old_folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let network = networks::load("dev").unwrap();
    let store = made(folder.path(), &network);
    write_format_1(&store, &network, old_folder.path(), |_| false);

    let path = old_folder.path().join("in-small-batches");
    copy(&old(old_folder.path()), &path, store.commits, FEW).unwrap();
    let (database, spaces) = Spaces::open(&path).unwrap();
    let (copied, original) = (records(&spaces), records(&store.reader.spaces));
    assert!(copied.len() > 4 * BLOCKS as usize);
    assert_eq!(copied.len(), original.len());
    for (copied, original) in copied.iter().zip(&original) {
        assert_eq!(copied, original);
    }
    drop((database, spaces));
    fs::remove_dir_all(&path).unwrap();

    let (upgraded, tip) = Store::open(old_folder.path(), &network).unwrap();
    assert_eq!(tip.height(), BLOCKS);
    let highest = nodes(&store).iter().map(|(position, _)| position.level).max();
    assert_eq!(highest, Some(8), "some nodes have records of their own");
    for (position, node) in nodes(&store) {
        assert_eq!(upgraded.reader.history_node(position).unwrap(), node, "{position:?}");
    }
    for height in 1..=BLOCKS {
        let summary = store.reader.summary(height).unwrap();
        assert_eq!(upgraded.reader.summary(height).unwrap(), summary);
        let block = upgraded.reader.block(height).unwrap().unwrap();
        assert_eq!(Some(block.header), summary.map(|summary| summary.header));
        for (index, id) in (0..).zip(block.transaction_ids()) {
            let location = Location { height, index };
            assert_eq!(upgraded.reader.locate(&id).unwrap(), Some(location));
        }
    }
    assert_eq!(upgraded.side_blocks().unwrap().len(), 1);
    assert_eq!(upgraded.reader.pending().count(), 1);
}

#[test]
fn batches_are_bounded_by_records_and_by_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let mut target = Target::make(&folder.path().join("database"), FEW).unwrap();
    let mut written = [0, 0];
    for (kind, value_len) in [(0, 10), (1, 1_000)] {
        for number in 0_u64..200 {
            let key = Space::Side.key(&[&[kind as u8][..], &number.to_be_bytes()].concat());
            target.insert(Space::Side, key, vec![0; value_len]).unwrap();
            assert!(target.batch.len() < FEW.records && target.bytes < FEW.bytes);
            written[kind] += usize::from(target.batch.is_empty());
        }
    }
    // The first of the second kind are written with the last of the first.
    assert_eq!(written, [200 / 64, 200 / 5]);
    target.finish().unwrap();
    assert_eq!(target.spaces.get(Space::Side).len().unwrap(), 400);
}

#[test]
fn what_the_new_database_lacks_is_found_before_the_old_one_goes() {
    let (folder, old_folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let network = networks::load("dev").unwrap();
    let store = made(folder.path(), &network);
    write_format_1(&store, &network, old_folder.path(), |space| space == Space::Accounts);
    let error = Store::open(old_folder.path(), &network).err().unwrap();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
    assert!(old(old_folder.path()).join("version").exists());
    assert!(!old_folder.path().join("database-2").exists());
    assert!(Store::is_outdated(old_folder.path(), &network).unwrap());
}

#[test]
fn a_new_database_that_cannot_be_written_is_no_damage() {
    let (folder, old_folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let network = networks::load("dev").unwrap();
    let store = made(folder.path(), &network);
    write_format_1(&store, &network, old_folder.path(), |_| false);
    fs::write(old_folder.path().join("file"), "").unwrap();
    let error = upgrade(old_folder.path(), &old_folder.path().join("file/database-2")).unwrap_err();
    assert!(matches!(error, StoreError::NotUpgraded { .. }), "{error}");
    assert!(error.to_string().contains("as much space again"), "{error}");
    let copies = fs::read_dir(old(old_folder.path())).unwrap();
    let is_copy = |name: std::ffi::OsString| name.to_string_lossy().ends_with("copy");
    assert_eq!(
        copies
            .filter(|entry| is_copy(entry.as_ref().unwrap().file_name()))
            .count(),
        0
    );
    assert_eq!(Store::open(old_folder.path(), &network).unwrap().1.height(), BLOCKS);

    let full = |error: std::io::Error| explained(StoreError::Database(error.into()));
    let error = full(std::io::ErrorKind::StorageFull.into());
    assert!(matches!(error, StoreError::NotUpgraded { .. }), "{error}");
    let error = full(std::io::ErrorKind::InvalidData.into());
    assert!(matches!(error, StoreError::Database(_)), "{error}");
}
