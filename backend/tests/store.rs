//! Opening what should not be opened: a clear error, and nothing is changed.

#![allow(clippy::unwrap_used)]

mod workshop;

use std::{
    collections::{BTreeMap, VecDeque},
    fs,
    path::{Path, PathBuf},
};

use backend::{
    chain::{Chain, Placed, Storage as _},
    networks,
    store::{Store, StoreError},
    verify::verify_block,
};
use shared::{
    hash::{Hash, sha256},
    history::History,
    params::Network,
    rules::{Tip, VerifiedBlock, leaf},
    transaction::Note,
};
use workshop::{Order, mine, network, network_with, now_ms};

fn opened(folder: &Path, network: &Network) -> Chain<Store> {
    let (store, tip) = Store::open(folder, network).unwrap();
    let verify = Box::new(|block, network: &Network| verify_block(block, network, |_| None));
    Chain::new(network.clone().into(), store, tip, verify).unwrap()
}

/// A data folder with a few blocks.
fn made(folder: &Path, network: &Network, blocks: u64) {
    let mut chain = opened(folder, network);
    for height in 0..blocks {
        let transfer = Order::new(0, 1, height).verified(&network.genesis_hash());
        let block = mine(network, chain.tip(), 2, height, vec![transfer]);
        chain.submit_own(block).unwrap();
        chain.storage_mut().write().unwrap();
        chain.storage_mut().persist().unwrap();
    }
}

/// All files with their lengths and the hashes of their contents, but for the lock, and the database's lists of tables,
/// of which it clears away outdated ones.
fn contents(folder: &Path) -> BTreeMap<PathBuf, (usize, Hash)> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(contents(&path));
        } else if !is_housekeeping(&path) {
            let bytes = fs::read(&path).unwrap();
            // A log is mostly zeros that were never written.
            let used = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
            found.insert(path, (bytes.len(), sha256(&[&bytes[..used]])));
        }
    }
    found
}

fn is_housekeeping(path: &Path) -> bool {
    let name = path.file_name().unwrap().to_str().unwrap();
    let version = name
        .strip_prefix('v')
        .is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()));
    name == "lock" || version
}

fn refused(folder: &Path, network: &Network) -> StoreError {
    let before = contents(folder);
    let error = Store::open(folder, network).err().expect("it is refused");
    assert_eq!(contents(folder), before, "{error}");
    error
}

#[test]
fn opens_what_it_wrote() {
    let folder = tempfile::tempdir().unwrap();
    let network = network(1);
    made(folder.path(), &network, 12);
    let (store, tip) = Store::open(folder.path(), &network).unwrap();
    assert_eq!(tip.height(), 12);
    let reader = store.reader();
    for height in 1..=12 {
        let summary = reader.summary(height).unwrap().unwrap();
        assert_eq!(reader.height_of(&summary.hash).unwrap(), Some(height));
        let block = reader.block(height).unwrap().unwrap();
        assert_eq!(block.header, summary.header);
        let location = reader.locate(&block.transfers[0].id()).unwrap().unwrap();
        assert_eq!((location.height, location.index), (height, 1));
    }
    let lines = reader.activity(&workshop::public(0), None, 100).unwrap();
    assert_eq!(
        lines.iter().map(|line| line.height).collect::<Vec<_>>(),
        (1..=12).rev().collect::<Vec<_>>()
    );
    let rest = reader.activity(&workshop::public(0), Some(lines[9]), 100).unwrap();
    assert_eq!(rest, lines[10..]);
}

/// Blocks with a transfer each, the first of them on `tip`, and the tip after each.
fn grown(network: &Network, tip: &Tip, count: usize, note: u64) -> Vec<(VerifiedBlock, Tip)> {
    let mut tip = tip.clone();
    let grow = |_| {
        let nonce = tip.accounts().get(&workshop::public(0).0).nonce;
        let transfer = Order::new(0, 1, nonce).verified(&network.genesis_hash());
        let mined = mine(network, &tip, 2, note, vec![transfer]);
        tip = mined.tip;
        (mined.block, tip.clone())
    };
    (0..count).map(grow).collect()
}

#[test]
fn what_it_takes_to_undo_is_kept_for_twice_the_depth() {
    let folder = tempfile::tempdir().unwrap();
    let network = network_with(1, 3);
    let kept = |chain: &Chain<Store>| -> Vec<u64> {
        let heights = 0..=chain.tip().height() + 1;
        heights.filter(|height| chain.storage().undo(*height).is_ok()).collect()
    };
    let mut chain = opened(folder.path(), &network);
    let main = grown(&network, chain.tip(), 100, 1);
    let mut run: VecDeque<_> = main.iter().map(|(block, _)| block.clone()).collect();
    let (step, refused) = chain.submit_run(&mut run, now_ms(&network)).unwrap();
    assert_eq!((step.unwrap().connected.len(), refused), (100, None));
    chain.storage_mut().persist().unwrap();
    assert_eq!(kept(&chain), (95..=100).collect::<Vec<_>>());

    // Opened anew, so that the undo records are what leads back.
    drop(chain);
    let mut chain = opened(folder.path(), &network);
    let branch = grown(&network, &main[96].1, 4, 2);
    for (block, _) in &branch[..3] {
        let (placed, _) = chain.submit(block.clone(), now_ms(&network)).unwrap();
        assert_eq!(placed, Placed::Side);
        chain.storage_mut().write().unwrap();
    }
    let (placed, step) = chain.submit(branch[3].0.clone(), now_ms(&network)).unwrap();
    assert_eq!((placed, step.unwrap().undone.len()), (Placed::Connected, 3));
    chain.storage_mut().persist().unwrap();
    drop(chain);

    let chain = opened(folder.path(), &network);
    assert_eq!(chain.tip().hash(), branch[3].0.hash());
    assert_eq!(chain.tip().accounts().root(), branch[3].1.accounts().root());
    assert_eq!(kept(&chain), (96..=101).collect::<Vec<_>>());
    assert_eq!(chain.counts(), (3, 0));
}

#[test]
fn a_side_block_without_parent_goes() {
    let folder = tempfile::tempdir().unwrap();
    let network = network(1);
    let mut chain = opened(folder.path(), &network);
    let blocks = grown(&network, chain.tip(), 3, 1);
    for index in [0, 2] {
        let block = blocks[index].0.to_block();
        chain
            .storage_mut()
            .stage_side(&block.header.hash(), &block, &[])
            .unwrap();
    }
    chain.storage_mut().persist().unwrap();
    drop(chain);
    let mut chain = opened(folder.path(), &network);
    assert_eq!(chain.counts(), (1, 0));
    chain.storage_mut().write().unwrap();
    let left = chain.storage().side_blocks().unwrap();
    let left: Vec<_> = left.into_iter().map(|(hash, _)| hash).collect();
    assert_eq!(left, [blocks[0].0.hash()]);
}

#[test]
fn another_network() {
    let folder = tempfile::tempdir().unwrap();
    made(folder.path(), &network(1), 2);
    let error = refused(folder.path(), &network(2));
    assert!(matches!(error, StoreError::OtherNetwork { .. }), "{error}");
}

#[test]
fn a_newer_version() {
    let folder = tempfile::tempdir().unwrap();
    made(folder.path(), &network(1), 2);
    let marker = folder.path().join("cairn-data");
    let text = fs::read_to_string(&marker).unwrap().replace("version: 2", "version: 3");
    fs::write(&marker, text).unwrap();
    let error = refused(folder.path(), &network(1));
    assert!(
        matches!(error, StoreError::NewerVersion { found: 3, known: 2 }),
        "{error}"
    );
}

#[test]
fn a_folder_of_somebody_else() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("thesis.txt"), "mine").unwrap();
    let error = refused(folder.path(), &network(1));
    assert!(matches!(error, StoreError::Foreign { .. }), "{error}");
}

#[test]
fn a_folder_in_use() {
    let folder = tempfile::tempdir().unwrap();
    let network = network(1);
    let (_store, _) = Store::open(folder.path(), &network).unwrap();
    let error = Store::open(folder.path(), &network).err().unwrap();
    assert!(matches!(error, StoreError::InUse { .. }), "{error}");
}

#[test]
fn a_damaged_marker() {
    let folder = tempfile::tempdir().unwrap();
    let network = network(1);
    made(folder.path(), &network, 2);
    let marker = folder.path().join("cairn-data");
    let text = fs::read_to_string(&marker).unwrap();
    for bad in ["", "nonsense", &text.replace("dev", "eve"), &text[..text.len() / 2]] {
        fs::write(&marker, bad).unwrap();
        let error = refused(folder.path(), &network);
        assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
    }
    fs::write(&marker, [0xff, 0xfe]).unwrap();
    assert!(matches!(refused(folder.path(), &network), StoreError::Damaged { .. }));
}

#[test]
fn a_missing_database() {
    let folder = tempfile::tempdir().unwrap();
    let network = network(1);
    made(folder.path(), &network, 2);
    fs::remove_dir_all(folder.path().join("database-2")).unwrap();
    let error = refused(folder.path(), &network);
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
}

#[test]
fn a_damaged_log() {
    let folder = tempfile::tempdir().unwrap();
    let network = network(1);
    made(folder.path(), &network, 10);
    let log = fs::read_dir(folder.path().join("database-2"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|extension| extension == "jnl"))
        .unwrap();
    let bytes = fs::read(&log).unwrap();
    let used = bytes.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    for place in (0..used).step_by(used / 5) {
        let mut bad = bytes.clone();
        bad[place] ^= 0x20;
        fs::write(&log, bad).unwrap();
        let error = refused(folder.path(), &network);
        assert!(matches!(error, StoreError::Damaged { .. }), "{place}: {error}");
    }
    // Cut off anywhere: answered commits are gone.
    for place in (used / 8..used - 1).step_by(used / 3) {
        fs::write(&log, &bytes[..place]).unwrap();
        let error = refused(folder.path(), &network);
        assert!(matches!(error, StoreError::Damaged { .. }), "{place}: {error}");
    }
    fs::write(&log, &bytes).unwrap();
    assert_eq!(Store::open(folder.path(), &network).unwrap().1.height(), 10);
}

#[test]
fn an_attempt_that_was_cut_short_is_begun_again() {
    let folder = tempfile::tempdir().unwrap();
    let network = network(1);
    made(folder.path(), &network, 0);
    let marker = folder.path().join("cairn-data");
    let text = fs::read_to_string(&marker).unwrap();
    fs::remove_file(&marker).unwrap();
    // Without the marker the folder is nobody's.
    assert!(matches!(refused(folder.path(), &network), StoreError::Foreign { .. }));
    fs::write(&marker, text).unwrap();
    assert_eq!(Store::open(folder.path(), &network).unwrap().1.height(), 0);
}

/// A folder of the network `dev` as an older program left it: 14 blocks, two blocks beside the chain, a pending transfer.
fn of_format_1() -> (tempfile::TempDir, Network) {
    fn copy(from: &Path, to: &Path) {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let (path, name) = entry.map(|entry| (entry.path(), entry.file_name())).unwrap();
            if path.is_dir() {
                copy(&path, &to.join(name));
            } else {
                fs::copy(&path, to.join(name)).unwrap();
            }
        }
    }
    let folder = tempfile::tempdir().unwrap();
    copy(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/format-1"),
        folder.path(),
    );
    // Empty folders are not kept with the sources.
    for keyspace in 0..5 {
        let tables = format!("database/keyspaces/{keyspace}/tables");
        fs::create_dir_all(folder.path().join(tables)).unwrap();
    }
    (folder, networks::load("dev").unwrap())
}

#[test]
fn a_folder_of_an_older_format_is_brought_into_the_new_one() {
    let (folder, network) = of_format_1();
    // A first attempt did not come to its end.
    fs::create_dir_all(folder.path().join("database-2/keyspaces")).unwrap();
    for _ in 0..2 {
        let (store, tip) = Store::open(folder.path(), &network).unwrap();
        assert_eq!(tip.height(), 14);
        assert!(tip.hash().to_string().starts_with("004372a5eafa982d"));
        assert_eq!(store.side_blocks().unwrap().len(), 2);
        assert_eq!(store.reader().pending().count(), 1);
        let mut history = History::new();
        for height in 0..=14 {
            let summary = store.reader().summary(height).unwrap().unwrap();
            assert_eq!(store.reader().height_of(&summary.hash).unwrap(), Some(height));
            history.append_with(leaf(&summary.header, summary.hash), |position, node| {
                assert_eq!(store.reader().history_node(position).unwrap(), *node);
            });
            let block = store.reader().block(height).unwrap();
            for id in block.iter().flat_map(shared::block::Block::transaction_ids) {
                assert_eq!(
                    store.reader().locate(&id).unwrap().map(|place| place.height),
                    Some(height)
                );
            }
        }
        assert!(store.undo(14).is_ok());
        drop(store);
        assert!(!folder.path().join("database").exists());
        // It was not removed the first time.
        fs::create_dir_all(folder.path().join("database")).unwrap();
    }
    let mut chain = opened(folder.path(), &network);
    let time = chain.tip().headers().header().timestamp + 1;
    let candidate = chain
        .tip()
        .prepare(&network, workshop::public(2), Note::default(), Vec::new(), time);
    let candidate = candidate.unwrap();
    let nonce = candidate.midstate().search(candidate.target().unwrap(), 0, u64::MAX);
    let block = candidate.seal(&network, nonce.unwrap(), time).unwrap();
    assert!(chain.submit_own(block).unwrap().is_some());
}

#[test]
fn a_damaged_folder_of_an_older_format_stays_as_it_is() {
    let (folder, network) = of_format_1();
    let log = folder.path().join("database/0.jnl");
    let bytes = fs::read(&log).unwrap();
    for cut in [bytes.len() / 2, bytes.len() - 100] {
        fs::write(&log, &bytes[..cut]).unwrap();
        let error = refused(folder.path(), &network);
        assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
    }
    fs::write(&log, &bytes).unwrap();
    assert_eq!(Store::open(folder.path(), &network).unwrap().1.height(), 14);
}
