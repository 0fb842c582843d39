//! The node as a whole, without HTTP.

#![allow(clippy::unwrap_used)]

mod workshop;

use std::{collections::BTreeSet, path::Path, sync::Arc, time::Duration};

use backend::{
    clock::SystemClock,
    node::{Config, Event, MineError, Node, Placed, Running, SubmitError},
};
use shared::{amount::Amount, params::Network};
use tokio::time::timeout;
use workshop::{Order, network, public};

fn start(network: &Network, folder: &Path, configure: impl FnOnce(&mut Config)) -> (Node, Running) {
    let mut config = Config::new(folder.to_owned());
    configure(&mut config);
    Node::start(network.clone(), config, Arc::new(SystemClock)).unwrap()
}

async fn submit(node: &Node, orders: &[Order]) -> Vec<Result<shared::hash::Hash, SubmitError>> {
    let genesis = node.network().genesis_hash();
    let signed = orders.iter().map(|order| order.sign(&genesis)).collect();
    let verified = node.verify(signed).await.into_iter().map(Result::unwrap).collect();
    node.submit(verified).await
}

#[tokio::test(flavor = "multi_thread")]
async fn mined_and_pending_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let network = network(2);
    let (node, running) = start(&network, folder.path(), |_| {});
    let mut ids = Vec::new();
    for result in submit(&node, &[Order::new(0, 1, 0), Order::new(0, 1, 1).amount(7)]).await {
        ids.push(result.unwrap());
    }
    let mined = node.mine(public(9), 3).await.unwrap();
    assert_eq!((mined.count, mined.summary.header.height), (3, 3));
    let waiting = submit(&node, &[Order::new(0, 1, 4)]).await.remove(0).unwrap();
    let pending = submit(&node, &[Order::new(0, 1, 2)]).await.remove(0).unwrap();
    let tip = node.view().tip().hash();
    drop(node);
    running.stop().unwrap();

    let (node, running) = start(&network, folder.path(), |_| {});
    let view = node.view();
    assert_eq!(view.tip().hash(), tip);
    assert_eq!(
        view.tip().accounts().get(&public(1).0).balance.units(),
        1_000 * Amount::PER_COIN + 8
    );
    for (id, index) in ids.iter().zip(1..) {
        let location = view.reader().locate(id).unwrap().unwrap();
        assert_eq!((location.height, location.index), (1, index));
    }
    assert_eq!(view.mempool().len(), 2);
    assert!(!view.mempool().is_waiting(view.mempool().get(&pending).unwrap()));
    assert!(view.mempool().is_waiting(view.mempool().get(&waiting).unwrap()));
    drop((view, node));
    running.stop().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn many_callers_share_commits() {
    let folder = tempfile::tempdir().unwrap();
    let (node, _running) = start(&network(40), folder.path(), |_| {});
    let callers: Vec<_> = (0..40_u8)
        .map(|from| {
            let node = node.clone();
            tokio::spawn(async move {
                for nonce in 0..20 {
                    submit(&node, &[Order::new(from, 1, nonce)]).await.remove(0).unwrap();
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.unwrap();
    }
    assert_eq!(node.view().mempool().len(), 800);
    node.mine(public(0), 1).await.unwrap();
    assert!(node.view().mempool().is_empty());
    assert_eq!(node.view().reader().summary(1).unwrap().unwrap().transfers, 800);
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_of_another_node_are_followed_in_any_order() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let network = network(2);
    let (first, _running) = start(&network, one.path(), |_| {});
    let (second, _also) = start(&network, two.path(), |_| {});
    first.mine(public(0), 5).await.unwrap();
    let lost = submit(&second, &[Order::new(0, 1, 0)]).await.remove(0).unwrap();
    second.mine(public(1), 2).await.unwrap();
    let mut events = second.subscribe(None);
    let view = first.view();
    for (height, placed) in [
        (5, Placed::Orphan),
        (1, Placed::Side),
        (1, Placed::Known),
        (4, Placed::Orphan),
    ] {
        let block = view.reader().block(height).unwrap().unwrap();
        assert_eq!(second.submit_block(block).await.unwrap(), placed);
    }
    for height in [2, 3] {
        let block = view.reader().block(height).unwrap().unwrap();
        second.submit_block(block).await.unwrap();
    }
    assert_eq!(second.view().tip().hash(), first.view().tip().hash());
    let reorganisation = events.next().await.unwrap().event;
    assert!(matches!(reorganisation, Event::Reorganisation { fork_height: 0, .. }));
    assert!(
        second.view().mempool().get(&lost).is_some(),
        "the transfer is pending again"
    );
    assert_eq!(second.view().reader().locate(&lost).unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_transfer_is_lost_in_a_reorganisation() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let network = network(6);
    let (first, _running) = start(&network, one.path(), |_| {});
    let (second, _also) = start(&network, two.path(), |_| {});
    // The other chain has another first transfer of sender 0, and the same of sender 1.
    for result in submit(&first, &[Order::new(0, 3, 0).amount(5), Order::new(1, 2, 0)]).await {
        result.unwrap();
    }
    first.mine(public(9), 5).await.unwrap();

    let mut events = second.subscribe(None);
    let mut ids = Vec::new();
    for nonce in 0..4 {
        let orders = [
            Order::new(0, 1, nonce),
            Order::new(1, 2, nonce),
            Order::new(2, 3, nonce).valid_until(nonce + 2),
            // Sender 7 has on this chain alone what it spends.
            Order::new(3, 7, nonce).amount(1_000),
            Order::new(7, 4, nonce).amount(900),
        ];
        let orders = if nonce == 0 { &orders[..4] } else { &orders[..] };
        for (order, result) in orders.iter().zip(submit(&second, orders).await) {
            match result {
                Ok(id) => ids.push(id),
                // Sender 7 begins late, so its first transfer is missing.
                Err(error) => assert_eq!((order.from, error.code()), (7, "balance-insufficient")),
            }
        }
        if nonce < 3 {
            second.mine(public(8), 1).await.unwrap();
        }
    }
    let view = first.view();
    for height in 1..=5 {
        second
            .submit_block(view.reader().block(height).unwrap().unwrap())
            .await
            .unwrap();
    }
    assert_eq!(second.view().tip().hash(), view.tip().hash());

    let view = second.view();
    let is_kept =
        |id: &shared::hash::Hash| view.mempool().get(id).is_some() || view.reader().locate(id).unwrap().is_some();
    let mut lost: BTreeSet<_> = ids.iter().copied().filter(|id| !is_kept(id)).collect();
    assert!(!lost.is_empty() && lost.len() < ids.len());
    while !lost.is_empty() {
        if let Event::Dropped { id, reason, .. } = events.next().await.unwrap().event {
            assert!(["expired", "replaced"].contains(&reason), "{reason}");
            lost.remove(&id);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_waits_for_the_payment_that_was_undone_with_it() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let network = network(2);
    let (first, _running) = start(&network, one.path(), |_| {});
    let (second, running) = start(&network, two.path(), |_| {});
    // Key 5 has nothing but what it is paid.
    let payment = submit(&second, &[Order::new(0, 5, 0).amount(100)])
        .await
        .remove(0)
        .unwrap();
    second.mine(public(1), 1).await.unwrap();
    let spent = submit(&second, &[Order::new(5, 1, 0).amount(90)])
        .await
        .remove(0)
        .unwrap();
    second.mine(public(1), 1).await.unwrap();
    first.mine(public(0), 3).await.unwrap();
    for height in 1..=3 {
        let block = first.view().reader().block(height).unwrap().unwrap();
        second.submit_block(block).await.unwrap();
    }
    assert_eq!(second.view().tip().hash(), first.view().tip().hash());
    let assert_waits = |node: &Node| {
        let view = node.view();
        let mempool = view.mempool();
        assert!(!mempool.is_waiting(mempool.get(&payment).unwrap()));
        assert!(mempool.is_waiting(mempool.get(&spent).unwrap()));
    };
    assert_waits(&second);
    drop(second);
    running.stop().unwrap();

    let (second, running) = start(&network, two.path(), |_| {});
    assert_waits(&second);
    second.mine(public(1), 2).await.unwrap();
    for (id, height) in [(payment, 4), (spent, 5)] {
        let location = second.view().reader().locate(&id).unwrap().unwrap();
        assert_eq!((location.height, location.index), (height, 1));
    }
    assert!(second.view().mempool().is_empty());
    drop(second);
    running.stop().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_ends_with_its_caller_and_with_the_node() {
    let folder = tempfile::tempdir().unwrap();
    let mut parameters = network(1).parameters().clone();
    parameters.difficulty = shared::params::Difficulty::Fixed { bits: 0x1a00_ffff };
    let (node, running) = start(&Network::new(parameters).unwrap(), folder.path(), |_| {});
    let hopeless = timeout(Duration::from_millis(50), node.mine(public(0), 1)).await;
    assert!(hopeless.is_err());
    let waiting = tokio::spawn({
        let node = node.clone();
        async move { node.mine(public(0), 1).await }
    });
    submit(&node, &[Order::new(0, 1, 0)]).await.remove(0).unwrap();
    tokio::task::spawn_blocking(|| running.stop()).await.unwrap().unwrap();
    assert!(matches!(waiting.await.unwrap(), Err(MineError::Stopping)));
    assert!(matches!(node.mine(public(0), 1).await, Err(MineError::Stopping)));
}

#[tokio::test(flavor = "multi_thread")]
async fn mines_by_itself_when_told() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (node, _running) = start(&network(1), one.path(), |config| config.mine_on_transfer = true);
    let mut events = node.subscribe(None);
    submit(&node, &[Order::new(0, 1, 0)]).await.remove(0).unwrap();
    assert!(matches!(events.next().await.unwrap().event, Event::Pending { .. }));
    assert!(matches!(events.next().await.unwrap().event, Event::Block(_)));
    assert!(node.view().mempool().is_empty());

    let (node, _also) = start(&network(1), two.path(), |config| {
        config.mine = true;
        config.recipient = Some(public(3));
    });
    let mut events = node.subscribe(Some(0));
    loop {
        if let Event::Block(summary) = events.next().await.unwrap().event {
            assert_eq!(summary.reward.unwrap().0, public(3));
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn refuses_to_mine_for_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let (node, _running) = start(&network(1), folder.path(), |_| {});
    let weak = shared::key::PublicKey([0; 32]);
    assert_eq!(node.mine(weak, 1).await.unwrap_err().code(), "miner-invalid");
    for count in [0, 1_001, u64::MAX] {
        assert_eq!(
            node.mine(public(0), count).await.unwrap_err().code(),
            "count-out-of-range"
        );
    }
    let mut config = Config::new(tempfile::tempdir().unwrap().path().to_owned());
    config.mine = true;
    let error = Node::start(network(1), config, Arc::new(SystemClock)).err().unwrap();
    assert!(error.to_string().contains("--recipient"), "{error}");
}
