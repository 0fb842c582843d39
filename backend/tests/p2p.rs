//! Nodes that find each other and agree, on real sockets.

#![allow(clippy::unwrap_used)]

mod neighbours;
mod workshop;

use neighbours::{Neighbour, eventually};
use workshop::network;

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_agree() {
    let network = network(2);
    let first = Neighbour::start(&network, &[]).await;
    first.mine(1, 20).await;
    let second = Neighbour::start(&network, &[&first]).await;
    eventually("the second has the first's blocks", || second.tip() == first.tip()).await;
    assert_eq!(second.height(), 20);
    second.mine(2, 1).await;
    eventually("the first has the second's block", || {
        first.height() == 21 && first.tip() == second.tip()
    })
    .await;
    for node in [first, second] {
        node.stop().await;
    }
}
