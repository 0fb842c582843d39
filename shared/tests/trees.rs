//! The three trees against public vectors, slow and obvious models, and mutated proofs.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::{collections::BTreeMap, convert::Infallible};

use proptest::{collection::vec, prelude::*, sample::Index};
use ruint::aliases::U256;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};
use shared::{
    amount::Amount,
    codec::{Decode, Encode},
    hash::{Hash, Tag},
    history::{History, HistoryNode, HistoryProof, Position, ProofError as HistoryError, index_at_work},
    merkle::{self, InclusionProof},
    state::{Account, AccountProof, BuildError, Key, ProofError, Reached, StateTree},
};

fn sha(parts: &[&[u8]]) -> [u8; 32] {
    Sha256::digest(parts.concat()).into()
}

/// The largest power of two below `length`, as RFC 6962 splits.
fn split(length: usize) -> usize {
    let mut half = 1;
    while half * 2 < length {
        half *= 2;
    }
    half
}

/// Every change of one bit, and every byte set to its neighbours.
fn mutations(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let flips = (0..bytes.len() * 8).map(|bit| {
        let mut mutated = bytes.to_vec();
        mutated[bit / 8] ^= 1 << (bit % 8);
        mutated
    });
    let steps = (0..bytes.len() * 2).map(|step| {
        let mut mutated = bytes.to_vec();
        mutated[step / 2] = mutated[step / 2].wrapping_add([1, 255][step % 2]);
        mutated
    });
    let cuts = (0..bytes.len()).map(|length| bytes[..length].to_vec());
    let longer = [[bytes, &[0]].concat(), [bytes, bytes].concat()];
    flips.chain(steps).chain(cuts).chain(longer)
}

/// Bytes and JSON both come back, and bytes that decode are the ones that would be written.
fn round_trip<T>(value: &T)
where
    T: Encode + Decode + Serialize + DeserializeOwned + PartialEq + std::fmt::Debug,
{
    assert_eq!(T::from_bytes(&value.to_bytes()).as_ref(), Ok(value));
    let json = serde_json::to_string(value).unwrap();
    assert_eq!(&serde_json::from_str::<T>(&json).unwrap(), value, "{json}");
}

mod rfc_6962 {
    use super::*;

    #[derive(Deserialize)]
    struct Vectors {
        leaves: Vec<String>,
        /// By count of leaves, from none.
        roots: Vec<Hash>,
        paths: Vec<Path>,
    }

    #[derive(Deserialize)]
    struct Path {
        index: usize,
        count: usize,
        path: Vec<Hash>,
    }

    fn vectors() -> (Vec<Vec<u8>>, Vectors) {
        let vectors: Vectors = serde_json::from_str(include_str!("../vectors/rfc6962.json")).unwrap();
        let leaves = vectors.leaves.iter().map(|leaf| hex::decode(leaf).unwrap());
        (leaves.collect(), vectors)
    }

    #[test]
    fn public_roots() {
        let (leaves, vectors) = vectors();
        assert_eq!(vectors.roots.len(), leaves.len() + 1);
        for (count, root) in vectors.roots.iter().enumerate() {
            assert_eq!(merkle::root_of(&leaves[..count]), *root, "{count} leaves");
        }
    }

    #[test]
    fn public_paths() {
        let (leaves, vectors) = vectors();
        for Path { index, count, path } in &vectors.paths {
            let proof = merkle::inclusion_proof_of(&leaves[..*count], *index).unwrap();
            assert_eq!(proof.path(), path, "leaf {index} of {count}");
            assert_eq!(proof.verify_bytes(&leaves[*index], &vectors.roots[*count]), Ok(()));
        }
    }
}

mod transactions {
    use super::*;

    fn ids(count: usize) -> Vec<Hash> {
        (0..count).map(|id| Hash(sha(&[&id.to_le_bytes()]))).collect()
    }

    fn model(leaves: &[Hash]) -> [u8; 32] {
        match leaves {
            [] => sha(&[]),
            [leaf] => sha(&[&[0], &leaf.0]),
            _ => {
                let (left, right) = leaves.split_at(split(leaves.len()));
                sha(&[&[1], &model(left), &model(right)])
            }
        }
    }

    #[test]
    fn roots_and_proofs_agree_with_the_definition() {
        for count in 0..70 {
            let ids = ids(count);
            let root = merkle::root(&ids);
            assert_eq!(root.0, model(&ids), "{count} leaves");
            for (index, id) in ids.iter().enumerate() {
                let proof = merkle::inclusion_proof(&ids, index).unwrap();
                assert_eq!((proof.index() as usize, proof.count() as usize), (index, count));
                assert_eq!(proof.verify(id, &root), Ok(()));
                assert!(proof.verify(&Hash::ZERO, &root).is_err());
                assert!(proof.verify(id, &Hash::ZERO).is_err());
                round_trip(&proof);
            }
            assert_eq!(merkle::inclusion_proof(&ids, count), None);
        }
    }

    #[test]
    fn an_odd_node_is_never_doubled() {
        let mut ids = ids(3);
        let root = merkle::root(&ids);
        ids.push(ids[2]);
        assert_ne!(merkle::root(&ids), root);
    }

    #[test]
    fn a_mutated_proof_proves_no_other_leaf() {
        let ids = ids(11);
        let root = merkle::root(&ids);
        for (index, id) in ids.iter().enumerate() {
            let proof = merkle::inclusion_proof(&ids, index).unwrap();
            for mutated in mutations(&proof.to_bytes()) {
                let Ok(decoded) = InclusionProof::from_bytes(&mutated) else {
                    continue;
                };
                assert_eq!(decoded.to_bytes(), mutated);
                for other in ids.iter().filter(|other| *other != id) {
                    assert!(decoded.verify(other, &root).is_err());
                }
                if decoded.path() != proof.path() {
                    assert!(decoded.verify(id, &root).is_err());
                }
            }
        }
    }

    #[test]
    fn impossible_json_is_refused() {
        for bad in [
            r#"{"index":0,"count":0,"path":[]}"#,
            r#"{"index":1,"count":1,"path":[]}"#,
            r#"{"index":0,"count":2,"path":[]}"#,
            r#"{"index":0,"count":1,"path":[],"more":1}"#,
        ] {
            assert!(serde_json::from_str::<InclusionProof>(bad).is_err(), "{bad}");
        }
    }
}

mod history {
    use super::*;

    fn leaf(index: u64) -> HistoryNode {
        let work = U256::from(1 + index * index % 97);
        HistoryNode::leaf(&Hash(sha(&[&index.to_le_bytes()])), work, 1_000 + index * 7)
    }

    fn leaves(count: u64) -> Vec<HistoryNode> {
        (0..count).map(leaf).collect()
    }

    fn bytes(node: &HistoryNode) -> Vec<u8> {
        [
            &node.hash.0[..],
            &node.work.to_le_bytes::<32>(),
            &node.last_time.to_le_bytes(),
        ]
        .concat()
    }

    fn model(leaves: &[HistoryNode]) -> HistoryNode {
        if let [leaf] = leaves {
            return *leaf;
        }
        let (left, right) = leaves.split_at(split(leaves.len()));
        let (left, right) = (model(left), model(right));
        HistoryNode {
            hash: Hash(sha(&[&[1], &bytes(&left), &bytes(&right)])),
            work: left.work + right.work,
            last_time: right.last_time,
        }
    }

    fn model_root(leaves: &[HistoryNode]) -> Hash {
        let node = if leaves.is_empty() {
            Vec::new()
        } else {
            bytes(&model(leaves))
        };
        Tag::History.hash(&[&(leaves.len() as u64).to_le_bytes(), &node])
    }

    /// Appends `count` leaves and keeps every completed node, as a node does.
    fn stored(count: u64) -> (History, BTreeMap<Position, HistoryNode>) {
        let (mut history, mut nodes) = (History::new(), BTreeMap::new());
        for index in 0..count {
            history.append_with(leaf(index), |position, node| {
                assert_eq!(nodes.insert(position, *node), None, "{position:?} is written once");
            });
        }
        (history, nodes)
    }

    fn source(nodes: &BTreeMap<Position, HistoryNode>) -> impl Fn(Position) -> Result<HistoryNode, Infallible> {
        |position| Ok(nodes[&position])
    }

    #[test]
    fn peaks_and_roots_agree_with_the_definition_at_every_count() {
        let (_, nodes) = stored(300);
        let mut history = History::new();
        for count in 0..300 {
            let leaves = leaves(count);
            assert_eq!(history.root(), model_root(&leaves), "{count} headers");
            assert_eq!(history.count(), count);
            assert_eq!(history.work(), leaves.iter().map(|leaf| leaf.work).sum::<U256>());
            assert_eq!(History::at(&source(&nodes), count), Ok(history.clone()));
            assert_eq!(History::from_bytes(&history.to_bytes()).as_ref(), Ok(&history));
            history.append(leaf(count));
        }
    }

    #[test]
    fn proofs_tell_the_work_and_the_time_before() {
        const MOST: u64 = 70;
        let (_, nodes) = stored(MOST);
        for count in 1..MOST {
            let leaves = leaves(count);
            let root = model_root(&leaves);
            for index in 0..count {
                let proof = HistoryProof::new(&source(&nodes), index, count).unwrap().unwrap();
                let before = &leaves[..index as usize];
                let verified = proof.verify(&leaf(index), &root).unwrap();
                assert_eq!(verified.work_before, before.iter().map(|leaf| leaf.work).sum::<U256>());
                assert_eq!(verified.parent_time, before.last().map(|leaf| leaf.last_time));
                assert_eq!(verified.total_work, model(&leaves).work);
                assert_eq!(verified.last_time, 1_000 + (count - 1) * 7);
                assert_eq!(
                    proof
                        .verify(&leaf(index + 1), &root)
                        .map_err(|error| matches!(error, HistoryError::Root(_))),
                    Err(true)
                );
                round_trip(&proof);
            }
            assert_eq!(HistoryProof::new(&source(&nodes), count, count), Ok(None));
        }
    }

    #[test]
    fn a_mutated_proof_proves_nothing() {
        let (history, nodes) = stored(13);
        for index in 0..13 {
            let proof = HistoryProof::new(&source(&nodes), index, 13).unwrap().unwrap();
            for mutated in mutations(&proof.to_bytes()) {
                if let Ok(decoded) = HistoryProof::from_bytes(&mutated) {
                    assert_eq!(decoded.to_bytes(), mutated);
                    for index in 0..13 {
                        assert!(decoded.verify(&leaf(index), &history.root()).is_err());
                    }
                }
            }
        }
    }

    #[test]
    fn work_that_overflows_is_refused() {
        let huge = HistoryNode::leaf(&Hash::ZERO, U256::MAX, 0);
        let mut history = History::new();
        history.append(huge);
        history.append(huge);
        let source = |_| Ok::<_, Infallible>(huge);
        let proof = HistoryProof::new(&source, 0, 2).unwrap().unwrap();
        assert_eq!(proof.verify(&huge, &history.root()), Err(HistoryError::WorkOverflow));
    }

    #[test]
    fn the_header_at_an_amount_of_work_is_found() {
        let (_, nodes) = stored(75);
        for count in [0, 1, 2, 3, 64, 75] {
            let mut work = 0_u64;
            for index in 0..count {
                let own = leaf(index).work.to::<u64>();
                for at in [work, work + own / 2, work + own - 1] {
                    assert_eq!(index_at_work(&source(&nodes), count, U256::from(at)), Ok(Some(index)));
                }
                work += own;
            }
            assert_eq!(index_at_work(&source(&nodes), count, U256::from(work)), Ok(None));
        }
    }

    #[test]
    fn work_in_json_has_one_form() {
        let node = serde_json::to_value(leaf(5)).unwrap();
        assert_eq!(node["work"], "26");
        for bad in [
            "",
            "026",
            "+26",
            "0x1a",
            "2_6",
            " 26",
            "-1",
            &format!("1{}", "0".repeat(78)),
        ] {
            let mut node = node.clone();
            node["work"] = bad.into();
            assert!(serde_json::from_value::<HistoryNode>(node).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_greatest_counts_do_no_harm() {
        let source = |position: Position| Ok::<_, Infallible>(leaf(position.index % 1_000));
        for count in [u64::MAX, u64::MAX - 1, 1 << 63, (1 << 63) + 1] {
            for index in [0, count / 2, count - 1] {
                let proof = HistoryProof::new(&source, index, count).unwrap().unwrap();
                assert!(proof.path().len() <= 64);
                assert!(proof.verify(&leaf(index % 1_000), &Hash::ZERO).is_err());
                round_trip(&proof);
            }
            assert!(History::at(&source, count).is_ok());
        }
    }
}

mod state {
    use super::*;

    type Model = BTreeMap<Key, Account>;

    /// The root by the definition: split the keys at the first bit where they are not all equal.
    fn model_root(accounts: &[(Key, Account)]) -> [u8; 32] {
        let bit_of = |key: &Key, bit: usize| key[bit / 8] >> (7 - bit % 8) & 1;
        match accounts {
            [] => [0; 32],
            [(key, account)] => {
                let balance = account.balance.units().to_le_bytes();
                sha(&[&[0], key, &balance, &account.nonce.to_le_bytes()])
            }
            _ => {
                let bit = (0..256)
                    .find(|bit| {
                        accounts
                            .iter()
                            .any(|(key, _)| bit_of(key, *bit) != bit_of(&accounts[0].0, *bit))
                    })
                    .unwrap();
                let (left, right): (Vec<_>, Vec<_>) = accounts.iter().partition(|(key, _)| bit_of(key, bit) == 0);
                sha(&[&[1], &[bit as u8], &model_root(&left), &model_root(&right)])
            }
        }
    }

    fn entries(model: &Model) -> Vec<(Key, Account)> {
        model.iter().map(|(key, account)| (*key, *account)).collect()
    }

    fn apply(model: &mut Model, changes: &[(Key, Account)]) {
        for (key, account) in changes {
            if account.is_empty() {
                model.remove(key);
            } else {
                model.insert(*key, *account);
            }
        }
    }

    fn account(balance: u64, nonce: u64) -> Account {
        Account {
            balance: Amount::from_units(balance),
            nonce,
        }
    }

    fn tree(entries: &[(Key, Account)]) -> StateTree {
        let mut tree = StateTree::new();
        tree.update(entries.iter().copied());
        tree
    }

    fn check(tree: &StateTree, model: &Model) {
        let entries = entries(model);
        assert_eq!(tree.root().0, model_root(&entries));
        assert_eq!(tree.len(), model.len());
        assert_eq!(tree.is_empty(), model.is_empty());
        assert_eq!(tree.iter().len(), model.len());
        assert_eq!(tree.iter().collect::<Vec<_>>(), entries);
        let built = StateTree::from_sorted(entries).unwrap();
        assert_eq!(&built, tree);
        assert_eq!(built.len(), tree.len());
    }

    /// Keys that often share long prefixes, and often are equal.
    fn key() -> impl Strategy<Value = Key> {
        let near = (0..4_u8, prop_oneof![0..32_usize, Just(31)], any::<u8>()).prop_map(|(fill, place, byte)| {
            let mut key = [fill * 85; 32];
            key[place] = byte;
            key
        });
        prop_oneof![1 => any::<Key>(), 3 => near]
    }

    fn any_account() -> impl Strategy<Value = Account> {
        prop_oneof![
            1 => Just(Account::EMPTY),
            2 => (0..3_u64, 0..3_u64).prop_map(|(balance, nonce)| account(balance, nonce)),
            1 => (any::<u64>(), any::<u64>()).prop_map(|(balance, nonce)| account(balance, nonce)),
        ]
    }

    fn changes() -> impl Strategy<Value = Vec<(Key, Account)>> {
        vec((key(), any_account()), 0..40)
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn agrees_with_the_model(batches in vec(changes(), 1..6), asked in vec(key(), 8)) {
            let (mut tree, mut model) = (StateTree::new(), Model::new());
            // Of which there is no clone, so that its nodes are changed where they are.
            let mut alone = StateTree::new();
            for batch in &batches {
                let (before, expected) = (tree.clone(), model.clone());
                tree.update(batch.iter().copied());
                apply(&mut model, batch);
                check(&tree, &model);
                alone.update(batch.iter().copied());
                check(&alone, &model);
                // The snapshot stayed as it was.
                check(&before, &expected);
                // Undoing gives it back.
                let mut undone = tree.clone();
                undone.update(batch.iter().map(|(key, _)| (*key, before.get(key))));
                check(&undone, &expected);
            }
            for key in asked.iter().chain(model.keys()) {
                let expected = model.get(key).copied().unwrap_or_default();
                prop_assert_eq!(tree.get(key), expected);
                let proof = tree.prove(key);
                prop_assert_eq!(proof.verify(&tree.root(), key), Ok(expected));
                prop_assert!(proof.to_bytes().len() <= AccountProof::MAX_LEN);
                round_trip(&proof);
            }
        }

        #[test]
        fn the_order_of_changes_does_not_matter(entries in changes(), order in vec(any::<Index>(), 40), cut in any::<Index>()) {
            let mut model = Model::new();
            apply(&mut model, &entries);
            let mut shuffled = self::entries(&model);
            for (place, index) in order.iter().enumerate().take(shuffled.len()) {
                shuffled.swap(place, index.index(place + 1));
            }
            prop_assert_eq!(tree(&shuffled).root(), tree(&entries).root());
            // One batch or two, and keys that come and go again, make no difference either.
            let mut parts = StateTree::new();
            let (first, second) = shuffled.split_at(cut.index(shuffled.len() + 1));
            parts.update(second.iter().map(|(key, _)| (*key, account(9, 9))));
            parts.update(first.iter().copied());
            parts.update(second.iter().map(|(key, _)| (*key, Account::EMPTY)));
            prop_assert_eq!(parts.len(), first.len());
            parts.update(second.iter().copied());
            check(&parts, &model);
        }

        #[test]
        fn a_proof_says_nothing_of_other_keys(entries in changes(), asked in key(), other in key()) {
            let tree = tree(&entries);
            if let Ok(account) = tree.prove(&asked).verify(&tree.root(), &other) {
                prop_assert_eq!(account, tree.get(&other));
            }
        }

        #[test]
        fn decoding_never_panics_and_reads_canonical_bytes_only(bytes in vec(any::<u8>(), 0..600)) {
            if let Ok(proof) = AccountProof::from_bytes(&bytes) {
                prop_assert_eq!(proof.to_bytes(), bytes);
                let _ = proof.verify(&Hash::ZERO, &[0; 32]);
            }
        }
    }

    proptest! {
        // Thousands of mutations each.
        #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_mutated_proof_never_proves_another_value(entries in changes(), asked in key(), place in any::<Index>()) {
            let tree = tree(&entries);
            let present = (!tree.is_empty()).then(|| tree.iter().nth(place.index(tree.len())).unwrap().0);
            for key in [Some(asked), present].into_iter().flatten() {
                check_mutations(&tree, &key);
            }
        }
    }

    fn check_mutations(tree: &StateTree, key: &Key) {
        for mutated in mutations(&tree.prove(key).to_bytes()) {
            let Ok(proof) = AccountProof::from_bytes(&mutated) else {
                continue;
            };
            assert_eq!(proof.to_bytes(), mutated);
            assert!(proof.verify(&tree.root(), key).is_err(), "{proof:?}");
            let json = serde_json::to_string(&proof).unwrap();
            assert_eq!(serde_json::from_str::<AccountProof>(&json).unwrap(), proof);
        }
    }

    #[test]
    fn no_accounts() {
        check(&StateTree::new(), &Model::new());
        let proof = StateTree::new().prove(&[7; 32]);
        assert_eq!(proof.to_bytes(), [0, 0]);
        assert_eq!(proof.verify(&Hash::ZERO, &[7; 32]), Ok(Account::EMPTY));
        assert!(
            proof
                .verify(&tree(&[([7; 32], account(1, 0))]).root(), &[7; 32])
                .is_err()
        );
    }

    /// Key `n` is all ones up to bit `n`, which is zero: a path of 256 branches.
    fn comb() -> Vec<(Key, Account)> {
        let keys = (0..256).map(|bit: usize| {
            let mut key = [0xff; 32];
            key[bit / 8] ^= 0x80 >> (bit % 8);
            (key, account(1 + bit as u64, 0))
        });
        keys.chain([([0xff; 32], account(1, 1))]).collect()
    }

    #[test]
    fn the_deepest_tree_there_can_be() {
        let entries = comb();
        let mut tree = tree(&entries);
        let mut model = Model::new();
        apply(&mut model, &entries);
        check(&tree, &model);
        let deepest = [0xff; 32];
        let proof = tree.prove(&deepest);
        assert_eq!(proof.branches().len(), 256);
        assert_eq!(proof.verify(&tree.root(), &deepest), Ok(account(1, 1)));
        assert!(matches!(proof.reached(), Reached::Own { .. }));
        round_trip(&proof);
        // An other leaf as deep as can be has the longest proof.
        let asked = entries[255].0;
        tree.update([(asked, Account::EMPTY)]);
        assert_eq!(tree.prove(&asked).verify(&tree.root(), &asked), Ok(Account::EMPTY));
        assert_eq!(proof.to_bytes().len() + 32, AccountProof::MAX_LEN);
        // On a small stack, as threads of a browser have it.
        std::thread::Builder::new()
            .stack_size(256 * 1024)
            .spawn(move || {
                tree.update(entries.iter().map(|(key, _)| (*key, account(5, 5))));
                drop(tree);
            })
            .unwrap()
            .join()
            .unwrap();
    }

    #[test]
    fn the_last_change_of_a_key_counts() {
        let key = [1; 32];
        let tree = tree(&[
            (key, account(1, 0)),
            (key, Account::EMPTY),
            (key, account(2, 0)),
            (key, account(3, 0)),
        ]);
        assert_eq!((tree.get(&key), tree.len()), (account(3, 0), 1));
    }

    #[test]
    fn a_list_that_is_no_state_is_refused() {
        let (a, b) = ([1; 32], [2; 32]);
        let one = account(1, 0);
        for (entries, error) in [
            (vec![(b, one), (a, one)], BuildError::Unsorted { key: a }),
            (vec![(a, one), (a, one)], BuildError::Unsorted { key: a }),
            (vec![(a, one), (b, Account::EMPTY)], BuildError::Empty { key: b }),
        ] {
            assert_eq!(StateTree::from_sorted(entries), Err(error));
        }
    }

    #[test]
    fn every_mutation_of_every_proof_in_a_small_tree_fails() {
        let keys = (0..40_u8).map(|n| sha(&[&[n]]));
        let tree = tree(
            &keys
                .map(|key| (key, account(u64::from(key[0]) + 1, 3)))
                .collect::<Vec<_>>(),
        );
        for n in 0..60_u8 {
            check_mutations(&tree, &sha(&[&[n]]));
        }
    }

    #[test]
    fn lies_have_names() {
        let (here, gone) = ([0x10; 32], [0x90; 32]);
        let tree = tree(&[(here, account(5, 1)), (gone, account(6, 1))]);
        let root = tree.root();
        let json = |kind: serde_json::Value| {
            let mut proof = serde_json::to_value(tree.prove(&here)).unwrap();
            proof["reached"] = kind;
            serde_json::from_value::<AccountProof>(proof)
        };
        let own = Hash(here).to_string();
        let five = serde_json::json!({"balance": "5", "nonce": 1});
        let denied = json(serde_json::json!({"kind": "other", "key": own, "account": five})).unwrap();
        assert_eq!(denied.verify(&root, &here), Err(ProofError::OwnLeafAsOther));
        let far = Hash(gone).to_string();
        let off_path = json(serde_json::json!({"kind": "other", "key": far, "account": five})).unwrap();
        assert_eq!(
            off_path.verify(&root, &here),
            Err(ProofError::OffPath { key: gone, bit: 0 })
        );
        let richer = json(serde_json::json!({"kind": "own", "account": {"balance": "50", "nonce": 1}})).unwrap();
        assert!(matches!(richer.verify(&root, &here), Err(ProofError::Root(_))));
        assert!(json(serde_json::json!({"kind": "own", "account": {"balance": "0", "nonce": 0}})).is_err());
        assert!(json(serde_json::json!({"kind": "nothing"})).is_err());
    }

    #[test]
    fn proofs_are_small() {
        let accounts: BTreeMap<Key, Account> = (0..100_000_u32)
            .map(|n| (sha(&[&n.to_le_bytes()]), account(1 + u64::from(n), 0)))
            .collect();
        let tree = StateTree::from_sorted(accounts.iter().map(|(key, account)| (*key, *account))).unwrap();
        let lengths = |keys: &mut dyn Iterator<Item = Key>| {
            keys.map(|key| tree.prove(&key).to_bytes().len())
                .fold((0, 0, 0), |(count, sum, most), length| {
                    (count + 1, sum + length, most.max(length))
                })
        };
        let (count, sum, most) = lengths(&mut accounts.keys().copied());
        println!("presence: {} bytes on average, {most} at most", sum / count);
        assert!(most <= 700 && sum / count <= 600, "{most}");
        let (count, sum, most) = lengths(&mut (0..100_000_u32).map(|n| sha(&[b"absent", &n.to_le_bytes()])));
        println!("absence: {} bytes on average, {most} at most", sum / count);
        assert!(most <= 750 && sum / count <= 620, "{most}");
    }
}
