//! The routes: the shapes of their replies, pages, proofs, tags, compression, headers, and the page.

#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

mod served;

use std::{collections::BTreeSet, fs, path::Path};

use backend::{
    clock::{Clock, SystemClock},
    http::HttpConfig,
};
use serde_json::{Value, json};
use served::{Served, address, person, send, shape, signed, transfer};
use shared::{
    api::{AccountJson, ChainProofJson, ParametersJson, Standing, TransactionJson, account_proof, inclusion_proof},
    block::{Block, Header},
    chain_proof,
    codec::Decode,
    light,
};

const NEW: &str = "/blockchain/transactions/new";

const HEADER: &str = "bits: number, hash: string, height: number, history_root: string, nonce: string, previous_hash: string, \
     state_root: string, timestamp: number, transactions_root: string, version: number, work: string";
const TRANSFER: &str = "amount: string, fee: string, id: string, memo: string, nonce: number, recipient_address: string, \
     sender_address: string, signature: string, valid_until: number";

/// The fields of a shape, each under a path.
fn fields(path: &str, list: &str) -> Vec<String> {
    list.split(", ").map(|field| format!("{path}{field}")).collect()
}

#[track_caller]
fn assert_shape(value: &Value, parts: &[Vec<String>]) {
    let mut expected: Vec<String> = parts.concat();
    expected.sort();
    assert_eq!(shape(value), expected.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn replies_keep_their_shape() {
    let served = Served::start().await;
    let (alice, bob) = (person(1), person(2));
    let mined = served.mine(&alice.public_key(), 1).await;
    assert_shape(
        &mined,
        &[fields(
            "",
            "block_number: number, count: number, hash: string, message: string, nonce: string, previous_hash: string, \
             recipient: string, reward: string, transactions[]",
        )],
    );
    assert_eq!(
        (&mined["message"], &mined["block_number"]),
        (&json!("New Block Forged"), &json!(1))
    );
    let first = transfer(&alice, &bob, 5, 0);
    let reply = served.submit(&first).await;
    assert_eq!(reply.status, 201);
    assert_eq!(reply.header("content-type"), "application/json");
    assert_eq!(
        reply.json(),
        json!({ "message": "Transaction will be added to Block 2", "id": first.id().to_string() })
    );
    let pending = served.json("/blockchain/transactions/get").await;
    let entry = "next_block: bool, since: number, size: number, waiting: bool";
    assert_shape(
        &pending,
        &[
            fields("transactions[].", TRANSFER),
            fields("transactions[].", entry),
            fields("", "next: null, total: number"),
        ],
    );
    let standing = served.json(&format!("/blockchain/transactions/{}", first.id())).await;
    assert_shape(
        &standing,
        &[
            fields("transfer.", TRANSFER),
            fields(
                "",
                "id: string, place: number, reward: null, since: number, state: string",
            ),
        ],
    );
    served.mine(&bob.public_key(), 1).await;
    assert_shape(
        &served.json("/blockchain/status").await,
        &[fields(
            "",
            "bits: number, genesis_hash: string, hash_rate: string, height: number, interval_ms: number, \
             mean_interval_ms: number, mining: bool, network: string, peers: number, pending: number, prefix: string, \
             symbol: string, tip_hash: string, tip_timestamp: number, version: string, work: string",
        )],
    );
    let block = [
        fields("", HEADER),
        fields("", "size: number"),
        fields(
            "reward.",
            "amount: string, id: string, note: string, recipient_address: string",
        ),
        fields("transactions[].", TRANSFER),
    ];
    assert_shape(&served.json("/blockchain/blocks/2").await, &block);
    assert_shape(
        &served.json("/blockchain/blocks?limit=2").await,
        &[
            fields("blocks[].", HEADER),
            fields(
                "blocks[].",
                "miner_address: string, reward: string, size: number, transaction_count: number",
            ),
            fields("", "next: number"),
        ],
    );
    assert_shape(
        &served.json("/blockchain/headers?from=1").await,
        &[fields("headers[].", HEADER), fields("", "next: null")],
    );
    let account = served.json(&format!("/blockchain/accounts/{}", address(&bob))).await;
    assert_shape(
        &account,
        &[
            fields("", "address: string, balance: string, nonce: number, proof: string"),
            fields("header.", HEADER),
            fields("pending.", "incoming: string, next_nonce: number, outgoing: string"),
        ],
    );
    let history = served
        .json(&format!("/blockchain/accounts/{}/transactions", address(&alice)))
        .await;
    assert_eq!(history["transactions"].as_array().unwrap().len(), 2);
    assert_eq!(history["transactions"][0]["id"], first.id().to_string());
    let fees = served.json("/blockchain/fees").await;
    assert_shape(
        &fees,
        &[
            fields("", "minimum: string"),
            fields("estimates[].", "blocks: number, expected_ms: number, fee: string"),
        ],
    );
    let chain = served.json("/blockchain/chain").await;
    let chain_blocks = chain["chain"].as_array().unwrap();
    assert_eq!((chain_blocks.len(), &chain["length"]), (3, &json!(3)));
    assert_eq!(chain_blocks[2], served.json("/blockchain/blocks/2").await);
    let problem = served.get("/blockchain/blocks/99").await;
    assert_shape(
        &problem.json(),
        &[fields(
            "",
            "code: string, detail: string, status: number, title: string, type: string",
        )],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn forms_are_read_like_json() {
    let served = Served::start().await;
    let (alice, bob) = (person(1), person(2));
    let form = [("recipient", address(&alice)), ("count", "2".to_owned())];
    let reply = send(served.client.post(served.url("/blockchain/mine")).form(&form)).await;
    assert_eq!(
        (reply.status.as_u16(), reply.json()["block_number"].clone()),
        (200, json!(2))
    );
    let body = served.body(&signed(&alice, &bob, 9, 0, |transfer| transfer.valid_until = 50));
    let form: Vec<(String, String)> = body
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| {
            (
                name.clone(),
                value.as_str().map_or_else(|| value.to_string(), str::to_owned),
            )
        })
        .collect();
    let reply = send(served.client.post(served.url(NEW)).form(&form)).await;
    assert_eq!(reply.status, 201, "{reply:?}");
    let reply = send(
        served
            .client
            .post(served.url("/blockchain/nodes/register"))
            .form(&[("nodes", "a:1, b:2")]),
    )
    .await;
    assert_eq!(reply.json()["refused"].as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn proofs_hold_against_the_header() {
    let served = Served::start().await;
    let (alice, bob) = (person(1), person(2));
    served.mine(&alice.public_key(), 2).await;
    let sent: Vec<_> = (0..5).map(|nonce| transfer(&alice, &bob, 3, nonce)).collect();
    for one in &sent {
        assert_eq!(served.submit(one).await.status, 201);
    }
    served.mine(&bob.public_key(), 1).await;
    let block = served.json("/blockchain/blocks/3").await;
    let ids = sent.iter().map(|one| one.id().to_string());
    for id in ids.chain([block["reward"]["id"].as_str().unwrap().to_owned()]) {
        let json = served.json(&format!("/blockchain/transactions/{id}")).await;
        let found: TransactionJson = serde_json::from_value(json).unwrap();
        let Standing::Mined {
            header,
            confirmations,
            proof,
            ..
        } = found.standing
        else {
            panic!("{id} is mined")
        };
        assert_eq!(confirmations, 1);
        let proof = inclusion_proof(&proof).unwrap();
        proof.verify(&found.id, &header.transactions_root).unwrap();
        assert_eq!(header.to_header().unwrap().hash(), header.hash);
    }
    // Presence now, presence then, and absence.
    for (who, at) in [(&alice, ""), (&alice, "?at=2"), (&bob, "?at=2"), (&person(7), "")] {
        let json = served.json(&format!("/blockchain/accounts/{}{at}", address(who))).await;
        let account: AccountJson = serde_json::from_value(json).unwrap();
        let proof = account_proof(&account.proof).unwrap();
        let proved = proof.verify(&account.header.state_root, &who.public_key().0).unwrap();
        assert_eq!((proved.balance, proved.nonce), (account.balance, account.nonce));
        if at == "?at=2" {
            assert_eq!(account.header.height, 2);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_paged_without_gap_or_overlap() {
    let served = Served::start().await;
    let alice = person(1);
    served.mine(&alice.public_key(), 25).await;
    let mut heights = Vec::new();
    let mut target = "/blockchain/blocks?limit=10".to_owned();
    loop {
        let page = served.json(&target).await;
        heights.extend(
            page["blocks"]
                .as_array()
                .unwrap()
                .iter()
                .map(|block| block["height"].as_u64().unwrap()),
        );
        let Some(next) = page["next"].as_u64() else { break };
        target = format!("/blockchain/blocks?limit=10&before={next}");
    }
    assert_eq!(heights, (0..=25).rev().collect::<Vec<_>>());

    let path = format!("/blockchain/accounts/{}/transactions?limit=4", address(&alice));
    let mut ids = Vec::new();
    let mut target = path.clone();
    loop {
        let page = served.json(&target).await;
        ids.extend(
            page["transactions"]
                .as_array()
                .unwrap()
                .iter()
                .map(|one| one["height"].as_u64().unwrap()),
        );
        let Some(next) = page["next"].as_str() else { break };
        target = format!("{path}&before={next}");
    }
    assert_eq!(ids, (1..=25).rev().collect::<Vec<_>>());

    for nonce in 0..10 {
        served.submit(&transfer(&alice, &person(2), 1, nonce)).await;
    }
    let mut pending = Vec::new();
    let mut target = "/blockchain/transactions/get?limit=3".to_owned();
    loop {
        let page = served.json(&target).await;
        assert_eq!(page["total"], 10);
        pending.extend(
            page["transactions"]
                .as_array()
                .unwrap()
                .iter()
                .map(|one| one["id"].to_string()),
        );
        let Some(next) = page["next"].as_str() else { break };
        target = format!("/blockchain/transactions/get?limit=3&after={next}");
    }
    assert_eq!((pending.len(), pending.iter().collect::<BTreeSet<_>>().len()), (10, 10));

    let part = served.json("/blockchain/chain?from=20&limit=3").await;
    let heights: Vec<&Value> = part["chain"]
        .as_array()
        .unwrap()
        .iter()
        .map(|block| &block["height"])
        .collect();
    assert_eq!(
        (heights, &part["length"]),
        (vec![&json!(20), &json!(21), &json!(22)], &json!(26))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_and_headers_come_as_bytes_too() {
    let served = Served::start().await;
    served.mine(&person(1).public_key(), 3).await;
    let octets = |path: &str| {
        served
            .client
            .get(served.url(path))
            .header("accept", "application/octet-stream")
            .send()
    };
    let bytes = octets("/blockchain/headers?from=0")
        .await
        .unwrap()
        .bytes()
        .await
        .unwrap();
    let headers: Vec<Header> = bytes
        .chunks(160)
        .map(|chunk| Header::from_bytes(chunk).unwrap())
        .collect();
    assert_eq!(headers.len(), 4);
    assert!(headers.windows(2).all(|pair| pair[1].previous_hash == pair[0].hash()));
    let reply = octets("/blockchain/blocks/3").await.unwrap();
    assert_eq!(reply.headers()["content-type"], "application/octet-stream");
    let block = Block::from_bytes(&reply.bytes().await.unwrap()).unwrap();
    assert_eq!(block.header, headers[3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_proof_of_the_chain_holds_for_the_parameters() {
    let served = Served::start().await;
    // Enough that not all headers stand in full.
    served.mine(&person(1).public_key(), 600).await;
    let parameters: ParametersJson = serde_json::from_value(served.json("/blockchain/parameters").await).unwrap();
    let network = light::network_of(&parameters, &served.node.network().genesis_hash()).unwrap();
    let octets = |path: &str| {
        let request = served.client.get(served.url(path));
        request.header("accept", "application/octet-stream")
    };
    let reply = octets("/blockchain/proof").send().await.unwrap();
    assert_eq!(reply.headers()["content-type"], "application/octet-stream");
    let bytes = reply.bytes().await.unwrap();
    let now = SystemClock.now_ms();
    let proved = chain_proof::verify(&bytes, &network, now).unwrap();
    let tip = served.json("/blockchain/blocks/600").await;
    assert_eq!(proved.headers.hash().to_string(), tip["hash"]);
    assert_eq!(proved.headers.work().to_string(), tip["work"]);
    // Asked again, the same bytes come out of memory.
    assert_eq!(
        octets("/blockchain/proof").send().await.unwrap().bytes().await.unwrap(),
        bytes
    );

    let json: ChainProofJson = serde_json::from_value(served.json("/blockchain/proof").await).unwrap();
    assert_eq!(hex::decode(&json.proof).unwrap(), bytes);
    assert_eq!((json.length as usize, json.tip.height), (bytes.len(), 600));
    let shown: Vec<u64> = json.shown.iter().map(|shown| shown.height).collect();
    assert_eq!(shown.first(), Some(&0));
    assert_eq!(shown.last(), Some(&600));

    let hidden = (1..300).find(|height| !shown.contains(height)).unwrap();
    let path = format!("/blockchain/proof?known={hidden},{hidden},7");
    let bytes = octets(&path).send().await.unwrap().bytes().await.unwrap();
    let proved = chain_proof::verify(&bytes, &network, now).unwrap();
    let block = served.json(&format!("/blockchain/blocks/{hidden}")).await;
    assert_eq!(proved.hash_at(hidden).unwrap().to_string(), block["hash"]);
    // Nothing stands above the tip.
    assert_eq!(
        served.get("/blockchain/proof?known=18446744073709551615").await.status,
        200
    );
    for known in ["", "1,", "-1", "+1", "a", "1,2,3,4,5", "18446744073709551616", "1%2C"] {
        let reply = served.get(&format!("/blockchain/proof?known={known}")).await;
        assert_eq!(
            (reply.status.as_u16(), reply.code().as_str()),
            (400, "known-invalid"),
            "{known}"
        );
    }
    let next = served.mine(&person(1).public_key(), 1).await;
    let json = served.json("/blockchain/proof").await;
    assert_eq!(json["tip"]["hash"], next["hash"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_other_nodes_read_the_proof_if_they_are_named() {
    let config = HttpConfig {
        witnesses: vec!["http://127.0.0.1:5009".parse().unwrap()],
        allow_origins: vec!["http://club.example".parse().unwrap()],
        ..HttpConfig::default()
    };
    let served = Served::with(config, |_| ()).await;
    let policy = served.get("/").await.header("content-security-policy").to_owned();
    assert!(
        policy.contains("; connect-src 'self' http://127.0.0.1:5009; "),
        "{policy}"
    );
    let ask = |path: &str, origin: &'static str| {
        let request = served.client.get(served.url(path));
        send(request.header("origin", origin).header("sec-fetch-site", "cross-site"))
    };
    let reply = ask("/blockchain/proof", "http://club.example").await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("access-control-allow-origin"), "http://club.example");
    let reply = ask("/blockchain/proof", "http://evil.example").await;
    assert_eq!(reply.code(), "origin-not-allowed");
    assert_eq!(reply.header("access-control-allow-origin"), "");
    let reply = ask("/blockchain/status", "http://club.example").await;
    assert_eq!(reply.code(), "origin-not-allowed");

    let plain = Served::start().await;
    let policy = plain.get("/").await.header("content-security-policy").to_owned();
    assert!(policy.contains("; connect-src 'self'; "), "{policy}");
    let request = plain.client.get(plain.url("/blockchain/proof"));
    let reply = send(
        request
            .header("origin", "http://club.example")
            .header("sec-fetch-site", "cross-site"),
    )
    .await;
    assert_eq!(reply.code(), "origin-not-allowed");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_not_changed_is_not_sent_again() {
    let served = Served::start().await;
    served.mine(&person(1).public_key(), 1).await;
    let hash = served.json("/blockchain/status").await["tip_hash"]
        .as_str()
        .unwrap()
        .to_owned();
    for path in [
        "/blockchain/status",
        "/blockchain/blocks",
        "/blockchain/blocks/1",
        "/",
        "/docs",
        "/blockchain/openapi.json",
        "/blockchain/parameters",
        "/blockchain/proof",
    ] {
        let first = served.get(path).await;
        assert_eq!(first.header("cache-control"), "no-cache", "{path}");
        let tag = first.header("etag").to_owned();
        let again = send(served.client.get(served.url(path)).header("if-none-match", &tag)).await;
        assert_eq!((again.status.as_u16(), again.text.as_str()), (304, ""), "{path}");
        assert_eq!(again.header("etag"), tag);
    }
    let reply = served.get(&format!("/blockchain/blocks/{hash}")).await;
    assert!(reply.header("cache-control").contains("immutable"));
    let tag = served.get("/blockchain/status").await.header("etag").to_owned();
    served.mine(&person(1).public_key(), 1).await;
    let changed = send(
        served
            .client
            .get(served.url("/blockchain/status"))
            .header("if-none-match", tag),
    )
    .await;
    assert_eq!(changed.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn long_replies_are_compressed_for_those_who_ask() {
    let served = Served::start().await;
    served.mine(&person(1).public_key(), 30).await;
    for (coding, path) in [
        ("gzip", "/blockchain/chain"),
        ("br", "/blockchain/openapi.json"),
        ("br", "/blockchain/blocks"),
    ] {
        let plain = served.get(path).await;
        assert_eq!(plain.header("content-encoding"), "", "{path}");
        let request = served.client.get(served.url(path)).header("accept-encoding", coding);
        let response = request.send().await.unwrap();
        assert_eq!(response.headers()["content-encoding"], coding, "{path}");
        assert!(response.headers()["vary"].to_str().unwrap().contains("accept-encoding"));
        assert!(response.bytes().await.unwrap().len() < plain.text.len() / 2, "{path}");
    }
    let request = served
        .client
        .get(served.url("/healthy"))
        .header("accept-encoding", "gzip, br");
    assert_eq!(send(request).await.header("content-encoding"), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn head_is_get_without_body() {
    let served = Served::start().await;
    for path in [
        "/",
        "/blockchain/status",
        "/blockchain/chain",
        "/blockchain/blocks/0",
        "/metrics",
        "/blockchain/events",
    ] {
        let head = send(served.client.head(served.url(path))).await;
        assert_eq!((head.status.as_u16(), head.text.as_str()), (200, ""), "{path}");
    }
    assert_eq!(
        send(served.client.head(served.url("/blockchain/blocks/9")))
            .await
            .status,
        404
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_carries_the_headers_that_protect_the_page() {
    let served = Served::start().await;
    for path in [
        "/",
        "/wallet",
        "/docs",
        "/blockchain/status",
        "/blockchain/nowhere",
        "/no-such-file.js",
    ] {
        let reply = served.get(path).await;
        assert_eq!(
            reply.header("content-security-policy"),
            "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: blob:; \
             connect-src 'self'; worker-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; \
             form-action 'none'; frame-ancestors 'none'",
            "{path}"
        );
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(reply.header(name), value, "{path}");
        }
        assert!(reply.header("permissions-policy").contains("geolocation=()"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_has_its_places_and_the_interface_its_own_404() {
    let served = Served::start().await;
    let index = served.get("/").await;
    assert_eq!(
        (index.status.as_u16(), index.header("content-type")),
        (200, "text/html; charset=utf-8")
    );
    for place in ["/wallet", "/wallet/send", "/explorer/blocks/5", "/mempool", "/network"] {
        let reply = served.get(place).await;
        assert_eq!((reply.status.as_u16(), &reply.text), (200, &index.text), "{place}");
    }
    let html = |path: &str| send(served.client.get(served.url(path)).header("accept", "text/html,*/*"));
    assert_eq!(html("/anywhere/else").await.status, 200);
    for path in ["/anywhere/else", "/app-0123456789abcdef.js", "/wallet/x.wasm"] {
        assert_eq!(served.get(path).await.code(), "file-not-found", "{path}");
    }
    for path in [
        "/blockchain",
        "/blockchain/",
        "/blockchain/nowhere",
        "/client/x",
        "/metrics/x",
    ] {
        let reply = html(path).await;
        assert_eq!(
            (reply.status.as_u16(), reply.code().as_str()),
            (404, "route-not-found"),
            "{path}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_installs_the_page_is_asked_for_each_time() {
    let served = Served::start().await;
    let dist = Path::new(env!("CARGO_MANIFEST_DIR")).join("../dist");
    for (path, content_type) in [
        ("/manifest.webmanifest", "application/manifest+json"),
        ("/service-worker.js", "text/javascript; charset=utf-8"),
        ("/icon-192.png", "image/png"),
        ("/icon.svg", "image/svg+xml"),
    ] {
        let reply = served.get(path).await;
        // The node is also built, and tested, without a page.
        let Ok(file) = fs::read(dist.join(&path[1..])) else {
            assert_eq!(reply.code(), "file-not-found", "{path}");
            continue;
        };
        assert_eq!(reply.status, 200, "{path}");
        assert_eq!(reply.text, String::from_utf8_lossy(&file), "{path}");
        assert_eq!(reply.header("content-type"), content_type, "{path}");
        assert_eq!(reply.header("cache-control"), "no-cache", "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_description_lists_every_route() {
    let served = Served::start().await;
    let description = served.json("/blockchain/openapi.json").await;
    assert!(description["openapi"].as_str().unwrap().starts_with("3.1"));
    let paths: BTreeSet<&str> = description["paths"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let expected = [
        "/blockchain/accounts/{address}",
        "/blockchain/accounts/{address}/transactions",
        "/blockchain/blocks",
        "/blockchain/blocks/{id}",
        "/blockchain/chain",
        "/blockchain/events",
        "/blockchain/fees",
        "/blockchain/forks",
        "/blockchain/headers",
        "/blockchain/mine",
        "/blockchain/network",
        "/blockchain/network/cut",
        "/blockchain/network/join",
        "/blockchain/nodes/get",
        "/blockchain/nodes/map",
        "/blockchain/nodes/own",
        "/blockchain/nodes/register",
        "/blockchain/nodes/resolve",
        "/blockchain/openapi.json",
        "/blockchain/parameters",
        "/blockchain/proof",
        "/blockchain/status",
        "/blockchain/transactions/batch",
        "/blockchain/transactions/get",
        "/blockchain/transactions/new",
        "/blockchain/transactions/{id}",
        "/client/generate/transaction",
        "/client/wallet/new",
        "/healthy",
        "/metrics",
        "/ready",
    ];
    assert_eq!(paths.into_iter().collect::<Vec<_>>(), expected);
    // Every reference leads somewhere.
    let text = description.to_string();
    for name in text.split("#/components/schemas/").skip(1) {
        let name = name.split('"').next().unwrap();
        assert!(!description["components"]["schemas"][name].is_null(), "{name}");
    }
    assert_eq!(description["paths"]["/blockchain/mine"].as_object().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_alone_has_a_map_and_a_tree_too() {
    let served = Served::start().await;
    served.mine(&person(1).public_key(), 40).await;
    let map = served.json("/blockchain/nodes/map").await;
    assert_eq!((&map["own"], &map["sync"]), (&json!(0), &json!(null)));
    assert_eq!(
        (&map["nodes"][0]["known"], &map["nodes"][0]["height"]),
        (&json!("self"), &json!(40))
    );
    assert_eq!(
        (&map["nodes"][1], &map["links"], &map["bans"]),
        (&json!(null), &json!([]), &json!([]))
    );
    for (query, lowest) in [("", 8), ("?depth=1", 39), ("?depth=100", 0)] {
        let forks = served.json(&format!("/blockchain/forks{query}")).await;
        let heights: Vec<_> = forks["blocks"]
            .as_array()
            .unwrap()
            .iter()
            .map(|block| block["height"].as_u64())
            .collect();
        assert_eq!(heights, (lowest..=40).map(Some).collect::<Vec<_>>());
        let last = forks["blocks"].as_array().unwrap().last().unwrap();
        assert_eq!(
            (&last["hash"], &last["state"]),
            (&forks["tip"]["hash"], &json!("chain"))
        );
        assert_eq!(
            (&last["transfers"], &last["miner"]),
            (&json!(0), &json!(address(&person(1))))
        );
        let tips = forks["tips"].as_array().unwrap();
        assert_eq!((tips.len(), &tips[0]["branch_height"]), (1, &json!(40)));
    }
    for depth in ["0", "101", "18446744073709551615"] {
        let reply = served.get(&format!("/blockchain/forks?depth={depth}")).await;
        assert_eq!(
            (reply.status.as_u16(), reply.code()),
            (400, "depth-out-of-range".to_owned())
        );
    }
    for query in ["depth=-1", "depth=x", "depth=", "deep=1"] {
        let reply = served.get(&format!("/blockchain/forks?{query}")).await;
        assert_eq!(
            (reply.status.as_u16(), reply.code()),
            (400, "query-invalid".to_owned()),
            "{query}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_node_tells_how_it_is() {
    let served = Served::start().await;
    served.mine(&person(1).public_key(), 2).await;
    assert_eq!(served.json("/healthy").await["status"], "healthy");
    assert_eq!(served.json("/ready").await["status"], "ready");
    served.get("/blockchain/blocks/1").await;
    let metrics = served.get("/metrics").await;
    assert!(
        metrics
            .header("content-type")
            .starts_with("application/openmetrics-text")
    );
    for line in [
        "cairn_height 2\n",
        "cairn_pending_transfers 0\n",
        "cairn_http_requests_total{method=\"GET\",route=\"/blockchain/blocks/{id}\",status=\"200\"} 1\n",
        "cairn_http_requests_total{method=\"POST\",route=\"/blockchain/mine\",status=\"200\"} 1\n",
        "# EOF",
    ] {
        assert!(metrics.text.contains(line), "{line}: {}", metrics.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_are_allowed_are_answered() {
    let config = backend::http::HttpConfig {
        allow_hosts: vec!["cairn.example".to_owned()],
        ..Default::default()
    };
    let served = Served::with(config, |_| ()).await;
    let request = |host: &'static str| send(served.client.get(served.url("/blockchain/status")).header("host", host));
    assert_eq!(request("cairn.example").await.status, 200);
    assert_eq!(request("other.example").await.code(), "host-not-allowed");
    let own = served
        .client
        .post(served.url("/blockchain/mine"))
        .header("host", "cairn.example")
        .header("origin", "https://cairn.example");
    assert_eq!(send(own).await.code(), "recipient-missing");
}
