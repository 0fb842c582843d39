//! Transfers that come in all the while, and what was acknowledged of them.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use reqwest::{Client, StatusCode};
use serde_json::Value;
use shared::{api::TransferJson, params::Network};
use tokio::{task::JoinHandle, time::sleep};

use crate::{lab::Lab, workshop::Order};

/// How long a sender waits between two transfers, and after one that was not taken.
const PAUSE: Duration = Duration::from_millis(50);
const LONG_PAUSE: Duration = Duration::from_millis(500);

/// Senders, each of which has a node of its own to which it sends.
pub struct Load {
    acknowledged: Vec<Arc<Mutex<BTreeSet<String>>>>,
    tasks: Vec<JoinHandle<()>>,
}

impl Load {
    /// One sender for each of the machines, from number 1 on. The sender's key has the same number.
    pub fn start(network: &Network, machines: usize) -> Self {
        let acknowledged: Vec<Arc<Mutex<BTreeSet<String>>>> = (0..machines).map(|_| Arc::default()).collect();
        let tasks = acknowledged.iter().enumerate().map(|(index, ids)| {
            let (network, ids) = (network.clone(), Arc::clone(ids));
            tokio::spawn(async move { send(&network, index + 1, &ids).await })
        });
        Self {
            tasks: tasks.collect(),
            acknowledged,
        }
    }

    /// What a machine has acknowledged so far.
    pub fn acknowledged_by(&self, number: usize) -> BTreeSet<String> {
        self.acknowledged[number - 1].lock().unwrap().clone()
    }

    /// Ends it, and gives all that was acknowledged.
    pub async fn stop(self) -> BTreeSet<String> {
        for task in self.tasks {
            task.abort();
            // What a sender was told before it ended, it has noted.
            let ended = task.await;
            assert!(ended.is_err_and(|error| error.is_cancelled()), "a sender failed");
        }
        let all = self.acknowledged.iter().flat_map(|ids| ids.lock().unwrap().clone());
        all.collect()
    }
}

/// Sends transfers with one nonce after another. After a refusal or no answer the same is sent again, until it is known
/// that it has been taken.
async fn send(network: &Network, number: usize, acknowledged: &Mutex<BTreeSet<String>>) {
    let client = Client::builder()
        .no_proxy()
        .timeout(Duration::from_secs(5))
        .build()
        .unwrap();
    let url = format!("http://{}:5000/blockchain/transactions/new", Lab::line(number));
    let key = u8::try_from(number).unwrap();
    for nonce in 0.. {
        let signed = Order::new(key, key % 5 + 1, nonce).sign(&network.genesis_hash());
        let body = TransferJson::new(&network.parameters().prefix, &signed);
        loop {
            let reply = client.post(&url).json(&body).send().await;
            let answer = match reply {
                Ok(reply) => {
                    let status = reply.status();
                    // An answer that breaks off, as when the node is killed, is none.
                    reply.json::<Value>().await.ok().map(|body| (status, body))
                }
                Err(_) => None,
            };
            match answer {
                Some((StatusCode::CREATED, accepted)) => {
                    assert_eq!(accepted["id"], signed.id().to_string());
                    acknowledged.lock().unwrap().insert(signed.id().to_string());
                    break;
                }
                // It was taken, and the node had no time to say so.
                Some((_, refused))
                    if refused["code"]
                        .as_str()
                        .is_some_and(|code| ["nonce-too-low", "already-pending"].contains(&code)) =>
                {
                    break;
                }
                _ => sleep(LONG_PAUSE).await,
            }
        }
        sleep(PAUSE).await;
    }
}
