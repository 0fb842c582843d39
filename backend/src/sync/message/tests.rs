use proptest::{collection::vec, option, prelude::*};
use shared::{
    amount::Amount,
    codec::DecodeError,
    key::SecretKey,
    transaction::{Memo, Note, Transfer},
};

use super::*;

fn hash() -> impl Strategy<Value = Hash> {
    any::<[u8; 32]>().prop_map(Hash)
}

fn header() -> impl Strategy<Value = Header> {
    vec(any::<u8>(), Header::LEN).prop_map(|bytes| Header::from_bytes(&bytes).unwrap())
}

fn reward() -> impl Strategy<Value = Reward> {
    (any::<u8>(), any::<u64>(), vec(any::<u8>(), 0..=32)).prop_map(|(seed, amount, note)| Reward {
        recipient: SecretKey::from_bytes(&[seed; 32]).public_key(),
        amount: Amount::from_units(amount),
        note: Note::new(&note).unwrap(),
    })
}

fn transfer() -> impl Strategy<Value = SignedTransfer> {
    (any::<u8>(), any::<u64>(), "[a-zà-ÿ]{0,20}").prop_map(|(seed, nonce, memo)| {
        let secret = SecretKey::from_bytes(&[seed; 32]);
        Transfer {
            sender: secret.public_key(),
            recipient: secret.public_key(),
            amount: Amount::from_units(nonce / 2),
            fee: Amount::from_units(nonce / 3),
            nonce,
            valid_until: nonce,
            memo: Memo::new(&memo).unwrap(),
        }
        .sign(&Hash::ZERO, &secret)
    })
}

fn block() -> impl Strategy<Value = Block> {
    (header(), reward(), vec(transfer(), 0..3)).prop_map(|(header, reward, transfers)| Block {
        header,
        reward,
        transfers,
    })
}

fn compact() -> impl Strategy<Value = CompactBlock> {
    (header(), reward(), vec(any::<ShortId>(), 0..5)).prop_map(|(header, reward, transfers)| CompactBlock {
        header,
        reward,
        transfers,
    })
}

fn status() -> impl Strategy<Value = Status> {
    (any::<u16>(), hash(), any::<u64>(), hash(), any::<[u8; 32]>()).prop_map(|(version, genesis, height, tip, work)| {
        Status {
            version,
            genesis,
            height,
            tip,
            work: U256::from_le_bytes(work),
        }
    })
}

fn surroundings() -> impl Strategy<Value = Surroundings> {
    let name = prop_oneof![
        vec(any::<u8>(), 0..=42).prop_map(|digest| [vec![0, digest.len() as u8], digest].concat()),
        vec(any::<u8>(), 32).prop_map(|digest| [vec![0x12, 32], digest].concat()),
    ];
    let peer = (any::<u64>(), hash(), option::of(0..u32::MAX));
    let peers = proptest::collection::btree_map(name, peer, 0..9);
    (peers, vec(hash(), 0..=MAX_TOLD_BRANCHES)).prop_map(|(peers, branches)| Surroundings {
        peers: peers
            .into_iter()
            .map(|(name, (height, tip, latency_ms))| Neighbour {
                name: PeerName::new(&name).unwrap(),
                height,
                tip,
                latency_ms,
            })
            .collect(),
        branches,
    })
}

fn request() -> impl Strategy<Value = Request> {
    prop_oneof![
        Just(Request::Status),
        vec(hash(), 0..=MAX_LOCATOR).prop_map(|locator| Request::Headers { locator }),
        vec(hash(), 0..=MAX_BLOCKS).prop_map(|hashes| Request::Blocks { hashes }),
        (hash(), proptest::collection::btree_set(any::<u32>(), 0..9)).prop_map(|(hash, indexes)| {
            Request::BlockTransfers {
                hash,
                indexes: indexes.into_iter().collect(),
            }
        }),
        Just(Request::Mempool),
        vec(hash(), 0..9).prop_map(|ids| Request::Transfers { ids }),
        Just(Request::Neighbours),
        proptest::collection::btree_set(any::<u64>(), 0..=MAX_SHOWN).prop_map(|heights| Request::Proof {
            heights: heights.into_iter().collect(),
        }),
        (vec(hash(), 0..=MAX_LOCATOR), hash()).prop_map(|(locator, tip)| Request::Branch { locator, tip }),
    ]
}

fn response() -> impl Strategy<Value = Response> {
    prop_oneof![
        status().prop_map(Response::Status),
        vec(header(), 0..5).prop_map(Response::Headers),
        vec(block(), 0..3).prop_map(Response::Blocks),
        vec(transfer(), 0..3).prop_map(Response::BlockTransfers),
        vec(hash(), 0..5).prop_map(Response::Mempool),
        vec(transfer(), 0..3).prop_map(Response::Transfers),
        surroundings().prop_map(Response::Neighbours),
        vec(header(), 0..5).prop_map(Response::Branch),
        vec(any::<u8>(), 0..99).prop_map(Response::Proof),
    ]
}

fn gossip() -> impl Strategy<Value = Gossip> {
    prop_oneof![
        compact().prop_map(Gossip::Block),
        header().prop_map(Gossip::Header),
        transfer().prop_map(Gossip::Transfer),
    ]
}

/// What is written is read again; cut off, or with more behind it, it is refused.
fn check<T: Encode + Decode + PartialEq + std::fmt::Debug>(value: &T) -> Result<(), TestCaseError> {
    let mut bytes = value.to_bytes();
    prop_assert!(bytes.len() >= T::MIN_LEN);
    prop_assert_eq!(&T::from_bytes(&bytes).unwrap(), value);
    prop_assert!(T::from_bytes(&bytes[..bytes.len() - 1]).is_err());
    bytes.push(0);
    prop_assert_eq!(T::from_bytes(&bytes), Err(DecodeError::TrailingBytes { count: 1 }));
    Ok(())
}

/// What can be read is written again as it was.
fn check_bytes<T: Encode + Decode>(bytes: &[u8]) -> Result<(), TestCaseError> {
    if let Ok(value) = T::from_bytes(bytes) {
        prop_assert_eq!(value.to_bytes(), bytes);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn requests_go_there_and_back(request in request()) {
        check(&request)?;
    }

    #[test]
    fn responses_go_there_and_back(response in response()) {
        check(&response)?;
    }

    #[test]
    fn news_goes_there_and_back(news in gossip()) {
        check(&news)?;
    }

    #[test]
    fn any_bytes_are_refused_or_canonical(kind in 0_u8..11, mut bytes in vec(any::<u8>(), 0..400)) {
        bytes.insert(0, kind);
        check_bytes::<Request>(&bytes)?;
        check_bytes::<Response>(&bytes)?;
        check_bytes::<Gossip>(&bytes)?;
    }
}

#[test]
fn a_list_beyond_its_bound_is_refused_before_it_is_read() {
    for (first, limit) in [
        (kind::HEADERS, MAX_HEADERS),
        (kind::BLOCKS, MAX_BLOCKS),
        (kind::BLOCK_TRANSFERS, MAX_BLOCK_TRANSFERS),
        (kind::MEMPOOL, MAX_IDS),
        (kind::TRANSFERS, MAX_TRANSFERS),
        (kind::NEIGHBOURS, MAX_NEIGHBOURS),
        (kind::BRANCH, MAX_BRANCH),
        (kind::PROOF, shared::chain_proof::MAX_LEN),
    ] {
        let mut bytes = vec![first];
        u32::try_from(limit + 1).unwrap().encode(&mut bytes);
        let refused = Response::from_bytes(&bytes);
        assert!(
            matches!(refused, Err(DecodeError::TooLong { .. })),
            "{first}: {refused:?}"
        );
    }
}

#[test]
fn places_that_do_not_ascend_are_refused() {
    for indexes in [vec![1, 1], vec![2, 1]] {
        let request = Request::BlockTransfers {
            hash: Hash::ZERO,
            indexes,
        };
        assert!(Request::from_bytes(&request.to_bytes()).is_err());
    }
    for heights in [vec![1, 1], vec![2, 1], vec![1, 2, 3, 4, 5]] {
        let request = Request::Proof { heights };
        assert!(Request::from_bytes(&request.to_bytes()).is_err());
    }
}

#[test]
fn bytes_that_are_no_peer_id_are_refused() {
    let long = |code: u8, len: u8| [vec![code, len], vec![7; len.into()]].concat();
    for bytes in [long(0, 0), long(0, 36), long(0, 42), long(0x12, 32)] {
        assert_eq!(PeerName::new(&bytes).unwrap().as_bytes(), bytes);
    }
    let wrong = [
        vec![],
        vec![0],
        vec![0, 2, 7],
        long(0, 43),
        long(0x12, 31),
        long(0x13, 32),
    ];
    for bytes in wrong {
        assert_eq!(PeerName::new(&bytes), None, "{bytes:?}");
        let mut message = vec![kind::NEIGHBOURS, 1, 0, 0, 0, bytes.len() as u8];
        message.extend(&bytes);
        message.extend([0; 8 + 32 + 4 + 4]);
        assert!(Response::from_bytes(&message).is_err(), "{bytes:?}");
    }
}

#[test]
fn peers_that_are_told_of_twice_or_in_no_order_are_refused() {
    let neighbour = |digest: u8| Neighbour {
        name: PeerName::new(&[0, 1, digest]).unwrap(),
        height: 1,
        tip: Hash::ZERO,
        latency_ms: None,
    };
    for peers in [[1, 1], [2, 1]] {
        let surroundings = Surroundings {
            peers: peers.map(neighbour).to_vec(),
            branches: Vec::new(),
        };
        assert!(Response::from_bytes(&Response::Neighbours(surroundings).to_bytes()).is_err());
    }
}

#[test]
fn the_longest_surroundings_are_within_their_limit() {
    let peers = (0..MAX_NEIGHBOURS as u64).map(|number| {
        let mut id = vec![0, 42];
        id.extend(number.to_be_bytes());
        id.extend([0; 34]);
        Neighbour {
            name: PeerName::new(&id).unwrap(),
            height: number,
            tip: Hash::ZERO,
            latency_ms: Some(1),
        }
    });
    let surroundings = Surroundings {
        peers: peers.collect(),
        branches: vec![Hash::ZERO; MAX_TOLD_BRANCHES],
    };
    assert_eq!(surroundings.to_bytes().len(), Surroundings::MAX_BYTES);
    let all = Response::Neighbours(surroundings);
    assert_eq!(Response::from_bytes(&all.to_bytes()).unwrap(), all);
}
