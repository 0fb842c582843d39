//! The fifteen faults of the system that Cairn replaces: a test for each shows that Cairn does not have it.

#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

mod served;

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use served::{Served, address, person, send, signed, transfer};
use shared::{
    api::{BlockJson, HeaderJson, account_proof},
    block::Header,
    hash::Hash,
    rules::RuleError,
};

const COIN: u64 = 100_000_000;

/// 1. The server creates private keys, and receives them in every signing request.
#[tokio::test(flavor = "multi_thread")]
async fn fault_01_the_server_makes_and_receives_no_keys() {
    let served = Served::start().await;
    let reply = served.get("/client/wallet/new").await;
    assert_eq!(
        (reply.status.as_u16(), reply.code().as_str()),
        (410, "keys-stay-with-their-owner")
    );
    let secret = "a1".repeat(32);
    let form = format!("sender_address=a&sender_private_key={secret}&recipient_address=b&amount=1");
    let path = "/client/generate/transaction";
    let reply = served.post_text(path, "application/x-www-form-urlencoded", form).await;
    assert_eq!(
        (reply.status.as_u16(), reply.code().as_str()),
        (410, "keys-stay-with-their-owner")
    );
    assert!(!reply.text.contains(&secret));
    let description = served.get("/blockchain/openapi.json").await.text;
    assert!(!description.contains("private_key") && !description.contains("secret_key"));
}

/// 2. Anyone can mint: a transaction with the sender `THE BLOCKCHAIN` is accepted from the public, with no signature.
#[tokio::test(flavor = "multi_thread")]
async fn fault_02_nobody_mints() {
    let served = Served::start().await;
    let before = served.state().await;
    let (alice, bob) = (person(1), person(2));
    let mut body = served.body(&transfer(&alice, &bob, COIN, 0));
    body["sender_address"] = json!("THE BLOCKCHAIN");
    assert_eq!(served.post(NEW, &body).await.code(), "address-invalid");
    let form = format!(
        "sender_address=THE+BLOCKCHAIN&recipient_address={}&amount=1&signature=",
        address(&bob)
    );
    let reply = served.post_text(NEW, "application/x-www-form-urlencoded", form).await;
    assert_eq!(reply.status, 422, "{reply:?}");
    reply.code();
    // Without signature, and with somebody else's.
    let mut body = served.body(&transfer(&alice, &bob, COIN, 0));
    body["signature"] = json!("00".repeat(64));
    assert_eq!(served.post(NEW, &body).await.code(), "signature-invalid");
    let mut body = served.body(&transfer(&bob, &bob, COIN, 0));
    body["sender_address"] = json!(address(&alice));
    assert_eq!(served.post(NEW, &body).await.code(), "signature-invalid");
    assert_eq!(served.state().await, before);
}

const NEW: &str = "/blockchain/transactions/new";

/// 3. No balance check, no nonce, and any amount.
#[tokio::test(flavor = "multi_thread")]
async fn fault_03_no_double_spend_no_replay_no_absurd_amount() {
    let served = Served::start().await;
    let (alice, bob) = (person(1), person(2));
    served.mine(&alice.public_key(), 1).await;

    let poor = served.submit(&transfer(&bob, &alice, COIN, 0)).await;
    assert_eq!(
        (poor.status.as_u16(), poor.code().as_str()),
        (406, "balance-insufficient")
    );
    assert_eq!(poor.json()["message"], "Invalid Transaction!");

    let spend = transfer(&alice, &bob, 40 * COIN, 0);
    assert_eq!(served.submit(&spend).await.status, 201);
    let state = served.state().await;
    let again = served.submit(&spend).await;
    assert_eq!(again.status, 406, "{again:?}");
    again.code();
    // The same coins once more, at the same nonce and at the next.
    for nonce in [0, 1] {
        let double = served.submit(&transfer(&alice, &person(3), 40 * COIN, nonce)).await;
        assert_eq!(double.status, 406, "{double:?}");
        double.code();
    }
    let zero = served.submit(&transfer(&alice, &bob, 0, 1)).await;
    assert_eq!(zero.code(), "amount-zero");
    assert_eq!(served.state().await, state);

    served.mine(&person(9).public_key(), 1).await;
    let replay = served.submit(&spend).await;
    assert_eq!((replay.status.as_u16(), replay.code().as_str()), (406, "nonce-too-low"));

    let mut body = served.body(&transfer(&alice, &bob, 1, 1));
    let before = served.state().await;
    for amount in ["-5", "abc", "", "1e400", "0", "<script>", "1.5", "18446744073709551616"] {
        body["amount"] = json!(amount);
        let reply = served.post(NEW, &body).await;
        assert!(reply.status.is_client_error(), "{amount}: {reply:?}");
        reply.code();
    }
    body["amount"] = json!("1");
    body["recipient_address"] = json!("x".repeat(5_000_000));
    let reply = served.post(NEW, &body).await;
    assert_eq!((reply.status.as_u16(), reply.code().as_str()), (413, "body-too-large"));
    assert_eq!(served.state().await, before);
}

/// 4. The mining reward goes to a random id that no wallet holds.
#[tokio::test(flavor = "multi_thread")]
async fn fault_04_the_reward_can_be_spent() {
    let served = Served::start().await;
    let (alice, bob) = (person(1), person(2));
    let mined = served
        .json(&format!("/blockchain/mine?recipient={}", address(&alice)))
        .await;
    assert_eq!(mined["recipient"], address(&alice));
    let account = served.json(&format!("/blockchain/accounts/{}", address(&alice))).await;
    assert_eq!(account["balance"], mined["reward"]);
    assert_eq!(served.submit(&transfer(&alice, &bob, COIN, 0)).await.status, 201);
    served.mine(&bob.public_key(), 1).await;
    let account = served.json(&format!("/blockchain/accounts/{}", address(&bob))).await;
    let subsidy = served.node.network().parameters().subsidy.units();
    assert_eq!(account["balance"], (subsidy + 1_000 + COIN).to_string());
    // Nobody to pay is an error, not a random id.
    let reply = served.get("/blockchain/mine").await;
    assert_eq!(
        (reply.status.as_u16(), reply.code().as_str()),
        (422, "recipient-missing")
    );
}

/// 5. Every node has a different genesis block.
#[tokio::test(flavor = "multi_thread")]
async fn fault_05_two_nodes_have_one_genesis() {
    let (one, two) = (Served::start().await, Served::start().await);
    let path = "/blockchain/blocks/0";
    assert_eq!(one.get(path).await.text, two.get(path).await.text);
    let status = one.json("/blockchain/status").await;
    assert_eq!(status["genesis_hash"], one.json(path).await["hash"]);
    assert_eq!(status["genesis_hash"], served::genesis().to_string());
}

/// 6. Consensus asks for a path that does not exist, without a time-out; a dead peer is a 500.
#[tokio::test(flavor = "multi_thread")]
async fn fault_06_resolve_and_register_answer_at_once_and_truly() {
    let served = Served::start().await;
    served.mine(&person(1).public_key(), 2).await;
    let started = Instant::now();
    let resolved = served.json("/blockchain/nodes/resolve").await;
    assert_eq!(resolved["message"], "Our chain is authoritative");
    assert_eq!(resolved["old_tip"], resolved["new_tip"]);
    assert_eq!(resolved["new_tip"]["height"], 2);
    // Nobody listens on the first, nobody answers on the second.
    let body = json!({ "nodes": ["127.0.0.1:9", "http://192.0.2.1:5000", "not a node"] });
    let reply = served.post("/blockchain/nodes/register", &body).await;
    assert_eq!(
        (reply.status.as_u16(), reply.code().as_str()),
        (422, "peers-unsupported")
    );
    let json = reply.json();
    assert_eq!(json["total_nodes"], json!([]));
    let codes: Vec<&Value> = json["refused"]
        .as_array()
        .unwrap()
        .iter()
        .map(|node| &node["code"])
        .collect();
    assert_eq!(
        codes,
        ["peers-unsupported", "peers-unsupported", "node-address-invalid"]
    );
    assert_eq!(
        served.json("/blockchain/nodes/get").await,
        json!({ "nodes": [], "bans": [] })
    );
    assert!(started.elapsed() < Duration::from_secs(2));
}

/// 7. One hostile peer that claims a great length with one fake block wipes the chain.
#[tokio::test(flavor = "multi_thread")]
async fn fault_07_a_claimed_length_wipes_nothing() {
    let served = Served::start().await;
    served.mine(&person(1).public_key(), 20).await;
    let before = served.state().await;
    let fake = json!({
        "chain": [{ "block_number": 1, "nonce": 0, "previous_hash": "00", "timestamp": 0, "transactions": [] }],
        "length": 1_000_000,
    });
    // There is no way in for a chain over HTTP, and what looks like one is no node.
    for path in ["/blockchain/chain", "/blockchain/nodes/resolve", "/blockchain/blocks"] {
        let reply = served.post(path, &fake).await;
        assert_eq!(
            (reply.status.as_u16(), reply.code().as_str()),
            (405, "method-not-allowed")
        );
    }
    assert!(
        served
            .post("/blockchain/nodes/register", &fake)
            .await
            .status
            .is_client_error()
    );
    // A block handed to the node itself must hold.
    let block = served.node.view().reader().block(20).unwrap().unwrap();
    let mut forged = block.clone();
    forged.header.height = 1_000_000;
    assert!(served.node.submit_block(forged).await.is_err());
    assert_eq!(served.state().await, before);
}

/// 8. The longest claimed chain wins, and a peer's blocks are not checked.
#[tokio::test(flavor = "multi_thread")]
async fn fault_08_blocks_are_verified_and_work_decides() {
    let (one, two) = (Served::start().await, Served::start().await);
    let alice = person(1);
    one.mine(&alice.public_key(), 2).await;
    two.mine(&person(2).public_key(), 4).await;
    let spend = transfer(&alice, &person(3), COIN, 0);
    assert_eq!(one.submit(&spend).await.status, 201);
    one.mine(&alice.public_key(), 1).await;

    // A block of the heavier chain whose reward or work is changed is refused by its rule.
    let blocks: Vec<_> = (1..=4)
        .map(|height| two.node.view().reader().block(height).unwrap().unwrap())
        .collect();
    let mut greedy = blocks[0].clone();
    greedy.reward.recipient = alice.public_key();
    assert!(one.node.submit_block(greedy).await.is_err());
    let before = one.json("/blockchain/status").await;

    for block in &blocks[..3] {
        one.node.submit_block(block.clone()).await.unwrap();
    }
    // As much work as its own chain: the first seen stays.
    assert_eq!(one.json("/blockchain/status").await["tip_hash"], before["tip_hash"]);
    one.node.submit_block(blocks[3].clone()).await.unwrap();
    let after = one.json("/blockchain/status").await;
    assert_eq!(after["tip_hash"], two.json("/blockchain/status").await["tip_hash"]);
    // The transfer spends a reward that is gone, so it cannot wait; that of a sender who has the coins does: see the
    // tests of reorganisations.
    let lost = one
        .get(&format!("/blockchain/accounts/{}", address(&alice)))
        .await
        .json();
    assert_eq!(lost["balance"], "0");
}

/// 9. Malformed input gives 500, or HTML in place of JSON.
#[tokio::test(flavor = "multi_thread")]
async fn fault_09_malformed_input_is_a_problem() {
    let served = Served::start().await;
    let mut body = served.body(&transfer(&person(1), &person(2), 1, 0));
    body["signature"] = json!("not hex");
    let reply = served.post(NEW, &body).await;
    assert_eq!((reply.status.as_u16(), reply.code().as_str()), (422, "body-invalid"));
    let form = "application/x-www-form-urlencoded";
    let reply = served.post_text("/blockchain/nodes/register", form, "").await;
    assert_eq!((reply.status.as_u16(), reply.code().as_str()), (422, "body-invalid"));
    let reply = served.get("/blockchain/nowhere").await;
    assert_eq!((reply.status.as_u16(), reply.code().as_str()), (404, "route-not-found"));
}

/// 10. Concurrent use corrupts the chain: one miner with four posters for 8 seconds left 5 invalid blocks.
#[tokio::test(flavor = "multi_thread")]
async fn fault_10_concurrent_use_keeps_the_chain_valid() {
    let served = Served::start().await;
    let people: Vec<_> = (1..=4).map(person).collect();
    for one in &people {
        served.mine(&one.public_key(), 1).await;
    }
    let posters = people.iter().map(|one| {
        let served = &served;
        async move {
            let mut accepted = 0;
            for nonce in 0..50 {
                let reply = served.submit(&transfer(one, &person(9), 1, nonce)).await;
                assert_eq!(reply.status, 201, "{reply:?}");
                accepted += 1;
            }
            accepted
        }
    });
    let miner = async {
        for _ in 0..40 {
            served.mine(&person(8).public_key(), 1).await;
        }
    };
    let (accepted, ()) = tokio::join!(futures_util::future::join_all(posters), miner);
    assert_eq!(accepted, [50; 4]);
    served.mine(&person(8).public_key(), 1).await;
    let account = served
        .json(&format!("/blockchain/accounts/{}", address(&person(9))))
        .await;
    assert_eq!(account["balance"], "200");
    // Every block, as it is served, connects to the one before under the rules.
    let network = served.node.network();
    let mut tip = shared::rules::Tip::genesis(network);
    let height = served.node.view().tip().height();
    for at in 1..=height {
        let block = served.node.view().reader().block(at).unwrap().unwrap();
        let verified = shared::rules::VerifiedBlock::verify(block, network, |transfers, _| {
            transfers
                .iter()
                .map(|signed| signed.clone().verify(&network.genesis_hash()))
                .collect::<Result<Vec<_>, RuleError>>()
        });
        tip = tip
            .connect(network, verified.unwrap(), served.node.now_ms())
            .unwrap()
            .tip;
    }
    assert_eq!(tip.hash(), served.node.view().tip().hash());
}

/// 11. A restart loses chain, pool and peers.
#[tokio::test(flavor = "multi_thread")]
async fn fault_11_a_restart_loses_nothing() {
    let served = Served::start().await;
    let alice = person(1);
    served.mine(&alice.public_key(), 3).await;
    let spend = transfer(&alice, &person(2), COIN, 0);
    assert_eq!(served.submit(&spend).await.status, 201);
    let before = served.state().await;
    let folder = served.stop().await;
    let path = folder.path().to_owned();
    let again = Served::with(backend::http::HttpConfig::default(), |config| config.data_dir = path).await;
    assert_eq!(again.state().await, before);
    let standing = again.json(&format!("/blockchain/transactions/{}", spend.id())).await;
    assert_eq!(standing["state"], "pending");
}

/// 12. Proof of work covers neither reward nor timestamp nor index.
#[tokio::test(flavor = "multi_thread")]
async fn fault_12_work_covers_everything_that_is_served() {
    let served = Served::start().await;
    served.mine(&person(1).public_key(), 1).await;
    let text = served.get("/blockchain/blocks/1").await.text;
    let block: BlockJson = serde_json::from_str(&text).unwrap();
    let header: Header = block.header.to_header().unwrap();
    assert_eq!(header.hash(), block.header.hash);
    let changes: [fn(&mut HeaderJson); 6] = [
        |header| header.height += 1,
        |header| header.timestamp += 1,
        |header| header.previous_hash = Hash::ZERO,
        |header| header.transactions_root = Hash::ZERO,
        |header| header.state_root = Hash::ZERO,
        |header| header.bits += 1,
    ];
    for change in changes {
        let mut changed = block.header.clone();
        change(&mut changed);
        assert_ne!(changed.to_header().unwrap().hash(), block.header.hash);
    }
    // The reward is a leaf of the transactions root.
    let prefix = &served.node.network().parameters().prefix;
    let reward = block.reward.as_ref().unwrap().to_reward(prefix).unwrap();
    let root = shared::block::transactions_root(&[reward.id(1)]);
    assert_eq!(root, block.header.transactions_root);
    let mut other = reward;
    other.recipient = person(2).public_key();
    assert_ne!(shared::block::transactions_root(&[other.id(1)]), root);
}

/// 13. Mining cost grows with the pool, and the home page downloads the whole chain to show a number.
#[tokio::test(flavor = "multi_thread")]
async fn fault_13_costs_do_not_grow_with_pool_or_chain() {
    let served = Served::start().await;
    let alice = person(1);
    served.mine(&alice.public_key(), 30).await;
    for nonce in 0..40 {
        assert_eq!(served.submit(&transfer(&alice, &person(2), 1, nonce)).await.status, 201);
    }
    let status = served.get("/blockchain/status").await;
    assert!(status.text.len() < 1_500, "{}", status.text);
    assert_eq!(status.json()["height"], 30);
    // A page of a list stays a page.
    let blocks = served.json("/blockchain/blocks").await;
    assert_eq!(blocks["blocks"].as_array().unwrap().len(), 20);
    assert_eq!(
        served.get("/blockchain/blocks?limit=101").await.code(),
        "limit-out-of-range"
    );
    let pending = served.json("/blockchain/transactions/get?limit=7").await;
    assert_eq!(pending["transactions"].as_array().unwrap().len(), 7);
    assert_eq!(pending["total"], 40);
    // And the whole chain comes in pieces, not with a length that was reckoned from a copy in memory.
    let chain = served.get("/blockchain/chain").await;
    assert_eq!(chain.header("content-length"), "");
    assert_eq!(chain.json()["length"], 31);
}

/// 14. The wallet page shows replies through `innerHTML`, and takes the private key in a text box. The browser tests
/// show the page; here stands what its files say.
#[tokio::test(flavor = "multi_thread")]
async fn fault_14_what_is_served_can_run_no_foreign_code() {
    let served = Served::start().await;
    for path in ["/", "/wallet", "/wallet/send", "/docs"] {
        let request = served.client.get(served.url(path)).header("accept", "text/html");
        let reply = send(request).await;
        assert_eq!(reply.status, 200, "{path}");
        let policy = reply.header("content-security-policy");
        assert!(policy.contains("script-src 'self' 'wasm-unsafe-eval';"), "{policy}");
        assert!(
            !policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"),
            "{policy}"
        );
        assert!(policy.contains("connect-src 'self'"), "{policy}");
        let page = reply.text.to_lowercase();
        assert!(!page.contains("private key\"") && !page.contains("innerhtml"), "{path}");
        for handler in [" onclick=", " onload=", " onerror=", "javascript:"] {
            assert!(!page.contains(handler), "{path} has {handler}");
        }
        // Every script is a file.
        for script in page.split("<script").skip(1) {
            assert!(script.split('>').next().unwrap().contains("src="), "{path}: {script}");
        }
    }
    let script = served.get("/docs/docs.js").await.text;
    assert!(!script.contains("innerHTML") && !script.contains("eval("));
    // A balance comes with its proof, so the page need not believe it.
    let account = served
        .json(&format!("/blockchain/accounts/{}", address(&person(1))))
        .await;
    let root: Hash = account["header"]["state_root"].as_str().unwrap().parse().unwrap();
    let proof = account_proof(account["proof"].as_str().unwrap()).unwrap();
    let proved = proof.verify(&root, &person(1).public_key().0).unwrap();
    assert_eq!(proved.balance.units().to_string(), account["balance"]);
}

/// 15. All origins may call it; a page on any site can drive the node.
#[tokio::test(flavor = "multi_thread")]
async fn fault_15_no_page_of_another_site_drives_the_node() {
    let served = Served::start().await;
    let alice = address(&person(1));
    let before = served.state().await;
    let mine = format!("/blockchain/mine?recipient={alice}");
    let spend = served.body(&signed(&person(1), &person(2), 1, 0, |_| ()));
    for (name, value) in [
        ("origin", "http://evil.example"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        for request in [
            served.client.get(served.url(&mine)),
            served.client.post(served.url(&mine)),
            served.client.post(served.url(NEW)).json(&spend),
            served.client.get(served.url("/blockchain/status")),
        ] {
            let reply = send(request.header(name, value)).await;
            assert_eq!(
                (reply.status.as_u16(), reply.code().as_str()),
                (403, "origin-not-allowed")
            );
            assert_eq!(reply.header("access-control-allow-origin"), "");
        }
    }
    // A name that was pointed at this machine (DNS rebinding).
    let host = format!("evil.example:{}", served.address.port());
    for path in ["/", "/blockchain/status", mine.as_str(), "/docs"] {
        let reply = send(served.client.get(served.url(path)).header("host", &host)).await;
        assert_eq!(
            (reply.status.as_u16(), reply.code().as_str()),
            (403, "host-not-allowed")
        );
        assert!(reply.json()["detail"].as_str().unwrap().contains("--allow-host"));
    }
    let preflight = served
        .client
        .request(reqwest::Method::OPTIONS, served.url(NEW))
        .header("origin", "http://evil.example")
        .header("access-control-request-method", "POST");
    let reply = send(preflight).await;
    assert!(reply.status.is_client_error());
    assert!(
        reply
            .headers
            .keys()
            .all(|name| !name.as_str().starts_with("access-control"))
    );
    assert_eq!(served.state().await, before);
}
