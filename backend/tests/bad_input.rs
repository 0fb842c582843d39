//! Every route with empty, huge, mistyped, badly encoded, truncated, duplicate and concurrent input: a 4xx with a code,
//! never a 5xx or a hang, and the state stays as it was.

#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

mod served;

use reqwest::Method;
use serde_json::{Value, json};
use served::{PATIENCE, Reply, Served, address, person, send, signed, transfer};
use shared::{amount::Amount, key::PublicKey, transaction::Memo};

const NEW: &str = "/blockchain/transactions/new";
const BATCH: &str = "/blockchain/transactions/batch";
const MINE: &str = "/blockchain/mine";
const REGISTER: &str = "/blockchain/nodes/register";
const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

fn refused(reply: &Reply, what: &str) -> String {
    assert!(reply.status.is_client_error(), "{what}: {reply:?}");
    assert_eq!(reply.header("x-content-type-options"), "nosniff", "{what}");
    reply.code()
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_of_every_kind_are_refused_with_a_code() {
    let served = Served::start().await;
    served.mine(&person(1).public_key(), 1).await;
    let before = served.state().await;
    let good = served.body(&transfer(&person(1), &person(2), 1, 0)).to_string();
    let deep = "[".repeat(10_000);
    let bodies: Vec<(&str, Vec<u8>)> = vec![
        ("empty", Vec::new()),
        ("null", b"null".to_vec()),
        ("number", b"1e400".to_vec()),
        ("text", b"\"x\"".to_vec()),
        ("list", b"[]".to_vec()),
        ("deep", deep.into_bytes()),
        ("truncated", good.as_bytes()[..good.len() / 2].to_vec()),
        ("twice", [good.as_bytes(), good.as_bytes()].concat()),
        ("trailing", [good.as_bytes(), b"x"].concat()),
        ("not utf-8", b"{\"sender_address\":\"\xff\xfe\"}".to_vec()),
        ("lone surrogate", b"{\"sender_address\":\"\\ud800\"}".to_vec()),
        ("nul", b"\0\0\0\0".to_vec()),
        ("mistyped", br#"{"recipient":5,"count":"x","nodes":{},"transactions":7}"#.to_vec()),
        ("huge", vec![b' '; 300 * 1024]),
        ("duplicate", br#"{"amount":"1","amount":"2","recipient":"a","recipient":"b","nodes":[],"nodes":[],"transactions":[],"transactions":[]}"#.to_vec()),
    ];
    for path in [NEW, BATCH, MINE, REGISTER] {
        for content_type in [JSON, FORM] {
            for (what, body) in &bodies {
                let reply = served.post_text(path, content_type, body.clone()).await;
                let what = format!("{what} as {content_type} to {path}");
                refused(&reply, &what);
            }
        }
        for content_type in [
            "text/plain",
            "multipart/form-data; boundary=x",
            "application/json; charset=utf-16",
            "",
            "/",
        ] {
            let reply = served.post_text(path, content_type, good.clone()).await;
            assert_eq!(refused(&reply, content_type), "media-type-unsupported", "{path}");
        }
        let request = served.client.post(served.url(path)).header("content-type", JSON);
        let reply = send(request.header("content-encoding", "gzip").body(good.clone())).await;
        assert_eq!(reply.status, 415);
        // Without a length: in chunks, without end in sight.
        let chunk = bytes::Bytes::from(vec![b' '; 64 * 1024]);
        let endless = futures_util::stream::iter((0..200).map(move |_| Ok::<_, std::io::Error>(chunk.clone())));
        let reply = served.post_text(path, JSON, reqwest::Body::wrap_stream(endless)).await;
        assert_eq!(refused(&reply, "endless"), "body-too-large");
    }
    assert_eq!(served.state().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_field_of_a_transfer_is_checked() {
    let served = Served::start().await;
    let (alice, bob) = (person(1), person(2));
    served.mine(&alice.public_key(), 1).await;
    let before = served.state().await;
    let good = served.body(&transfer(&alice, &bob, 5, 0));
    let values = [
        Value::Null,
        json!(true),
        json!(-1),
        json!(1.5),
        json!([]),
        json!({}),
        json!(""),
        json!(" "),
        json!("x".repeat(10_000)),
        json!("\u{0}"),
        json!("💰💰💰💰💰💰💰💰💰💰💰💰💰💰💰💰💰"),
        json!("' OR 1=1 --"),
        json!("18446744073709551616"),
    ];
    for field in [
        "sender_address",
        "recipient_address",
        "amount",
        "fee",
        "nonce",
        "valid_until",
        "memo",
        "signature",
    ] {
        for value in &values {
            let mut body = good.clone();
            body[field] = value.clone();
            let what = format!("{field} = {value}");
            refused(&served.post(NEW, &body).await, &what);
            // The same in a batch: of a kind that cannot be read, or with a verdict.
            let reply = served.post(BATCH, &json!({ "transactions": [body] })).await;
            if reply.status == 200 {
                assert_eq!(reply.json()["verdicts"][0]["verdict"], "refused", "{what}");
            } else {
                refused(&reply, &what);
            }
        }
        // That it is missing stands for no limit, which is what was signed.
        if field == "valid_until" {
            continue;
        }
        let mut body = good.clone();
        body.as_object_mut().unwrap().remove(field);
        refused(&served.post(NEW, &body).await, field);
    }
    assert_eq!(served.state().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_rule_has_its_code() {
    let served = Served::start().await;
    let (alice, bob) = (person(1), person(2));
    served.mine(&alice.public_key(), 1).await;
    let before = served.state().await;
    let mut identity = [0; 32];
    identity[0] = 1;
    let weak = PublicKey(identity);
    let cases = [
        ("amount-zero", signed(&alice, &bob, 0, 0, |_| ())),
        (
            "amount-overflow",
            signed(&alice, &bob, u64::MAX, 0, |transfer| {
                transfer.fee = Amount::from_units(1)
            }),
        ),
        (
            "balance-insufficient",
            signed(&alice, &bob, 60 * 100_000_000, 0, |_| ()),
        ),
        ("nonce-gap-too-large", signed(&alice, &bob, 1, 1_000_000, |_| ())),
        (
            "recipient-invalid",
            signed(&alice, &bob, 1, 0, |transfer| transfer.recipient = weak),
        ),
        (
            "sender-invalid",
            signed(&alice, &bob, 1, 0, |transfer| transfer.sender = weak),
        ),
        (
            "expired",
            signed(&alice, &bob, 1, 0, |transfer| transfer.valid_until = 1),
        ),
    ];
    for (code, signed) in cases {
        let reply = served.submit(&signed).await;
        let found = refused(&reply, code);
        if code == "nonce-gap-too-large" {
            assert!(found.starts_with("nonce"), "{found}");
        } else if !code.ends_with("-invalid") || found != "address-invalid" {
            assert_eq!(found, code, "{reply:?}");
        }
    }
    // Signed for another chain.
    let mut foreign = transfer(&alice, &bob, 1, 0);
    let other = shared::hash::Hash([7; 32]);
    foreign = foreign.transfer.sign(&other, &alice);
    assert_eq!(served.submit(&foreign).await.code(), "signature-invalid");
    // Changed after signing.
    let mut changed = transfer(&alice, &bob, 1, 0);
    changed.transfer.memo = Memo::new("changed").unwrap();
    assert_eq!(served.submit(&changed).await.code(), "signature-invalid");
    assert_eq!(served.state().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn paths_and_queries_are_checked() {
    let served = Served::start().await;
    served.mine(&person(1).public_key(), 1).await;
    let before = served.state().await;
    let own = address(&person(1));
    let long = "9".repeat(400);
    for segment in [
        "-1",
        "1.5",
        "x",
        "%00",
        "%ff",
        "%E0%80",
        " ",
        "0x1",
        "99999999999999999999999",
        "..%2f..",
        "<script>",
        &"a".repeat(64),
        &"A".repeat(64),
        &"0".repeat(64),
        &long,
        "18446744073709551615",
        "é",
    ] {
        for path in [
            format!("/blockchain/blocks/{segment}"),
            format!("/blockchain/transactions/{segment}"),
            format!("/blockchain/accounts/{segment}"),
            format!("/blockchain/accounts/{segment}/transactions"),
            format!("/blockchain/{segment}"),
        ] {
            refused(&served.get(&path).await, &path);
        }
    }
    for (path, names) in [
        ("/blockchain/blocks".to_owned(), &["before", "limit"][..]),
        ("/blockchain/headers".to_owned(), &["from", "limit"]),
        ("/blockchain/chain".to_owned(), &["from", "limit"]),
        ("/blockchain/transactions/get".to_owned(), &["after", "limit"]),
        (format!("/blockchain/accounts/{own}"), &["at"]),
        (format!("/blockchain/accounts/{own}/transactions"), &["before", "limit"]),
        (MINE.to_owned(), &["recipient", "count"]),
        ("/blockchain/events".to_owned(), &["last_event_id"]),
    ] {
        for name in names {
            for value in [
                "",
                "-1",
                "x",
                "1.5",
                "%ff",
                "%00",
                "99999999999999999999999",
                "1&",
                "[]",
            ] {
                let repeated = if value == "1&" {
                    format!("&{name}=2")
                } else {
                    String::new()
                };
                let target = format!("{path}?{name}={value}{repeated}");
                refused(&served.get(&target).await, &target);
            }
        }
        let target = format!("{path}?no_such_name=1");
        assert_eq!(refused(&served.get(&target).await, &target), "query-invalid");
    }
    for target in [
        "/blockchain/blocks?limit=0",
        "/blockchain/blocks?limit=18446744073709551615",
        "/blockchain/headers?limit=2001",
        "/blockchain/mine?count=0",
        "/blockchain/mine?count=1001",
    ] {
        refused(&served.get(target).await, target);
    }
    // Beyond the end there is nothing, and that is no error.
    assert_eq!(
        served.json("/blockchain/headers?from=18446744073709551615").await["headers"],
        json!([])
    );
    assert_eq!(
        served.json("/blockchain/chain?from=18446744073709551615").await["chain"],
        json!([])
    );
    assert_eq!(served.json("/blockchain/blocks?before=0").await["blocks"], json!([]));
    refused(&served.get(&format!("/blockchain/accounts/{own}?at=99")).await, "at");
    assert_eq!(served.state().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_methods_are_named_with_the_right_ones() {
    let served = Served::start().await;
    let before = served.state().await;
    for (path, allowed) in [
        ("/blockchain/status", "GET,HEAD"),
        ("/blockchain/chain", "GET,HEAD"),
        ("/blockchain/blocks/0", "GET,HEAD"),
        (NEW, "POST"),
        (BATCH, "POST"),
        (MINE, "GET,HEAD,POST"),
        (REGISTER, "POST"),
        ("/client/wallet/new", "GET,HEAD"),
        ("/healthy", "GET,HEAD"),
    ] {
        for method in ["DELETE", "PUT", "PATCH", "OPTIONS", "TRACE", "NONSENSE"] {
            let request = served
                .client
                .request(Method::from_bytes(method.as_bytes()).unwrap(), served.url(path));
            let reply = send(request).await;
            assert_eq!(refused(&reply, path), "method-not-allowed");
            assert_eq!(reply.status, 405);
            let mut found: Vec<&str> = reply.header("allow").split(',').map(str::trim).collect();
            found.sort_unstable();
            assert_eq!(found.join(","), allowed, "{method} {path}");
        }
    }
    let reply = send(served.client.post(served.url("/wallet")).body("x")).await;
    assert_eq!(
        (reply.status.as_u16(), reply.code().as_str()),
        (405, "method-not-allowed")
    );
    assert_eq!(served.state().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_http_is_answered_and_closed() {
    let served = Served::start().await;
    let before = served.state().await;
    let host = format!("host: {}\r\n", served.address);
    let long = "a".repeat(70_000);
    let many: String = (0..200).map(|number| format!("x-{number}: 1\r\n")).collect();
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(), "400"),
        (b"nonsense\r\n\r\n".to_vec(), "400"),
        (b"GET /\r\n\r\n".to_vec(), "400"),
        (b"GET / HTTP/1.1\r\n\r\n".to_vec(), "400"),
        (b"GET / HTTP/9.9\r\n\r\n".to_vec(), "400"),
        (format!("GET / HTTP/1.1\r\n{host}{host}\r\n").into_bytes(), "400"),
        (
            format!("GET / HTTP/1.1\r\n{host}bad header\r\n\r\n").into_bytes(),
            "400",
        ),
        (format!("GET /{long} HTTP/1.1\r\n{host}\r\n").into_bytes(), "4"),
        (
            format!("GET /?{} HTTP/1.1\r\n{host}\r\n", &long[..5_000]).into_bytes(),
            "414",
        ),
        (format!("GET / HTTP/1.1\r\n{host}{many}\r\n").into_bytes(), "431"),
        (format!("GET / HTTP/1.1\r\n{host}x: {long}\r\n\r\n").into_bytes(), "431"),
        (
            format!("POST {NEW} HTTP/1.1\r\n{host}content-type: {JSON}\r\ncontent-length: x\r\n\r\n").into_bytes(),
            "400",
        ),
        (
            format!("POST {NEW} HTTP/1.1\r\n{host}content-type: {JSON}\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n")
                .into_bytes(),
            "400",
        ),
        (
            format!("GET http://evil.example/ HTTP/1.1\r\n{host}\r\n").into_bytes(),
            "403",
        ),
        (
            format!("CONNECT evil.example:80 HTTP/1.1\r\n{host}\r\n").into_bytes(),
            "4",
        ),
        (format!("OPTIONS * HTTP/1.1\r\n{host}\r\n").into_bytes(), "4"),
        (
            format!("GET / HTTP/1.1\r\n{host}connection: upgrade\r\nupgrade: websocket\r\n\r\n").into_bytes(),
            "200",
        ),
    ];
    for (request, status) in cases {
        let shown = String::from_utf8_lossy(&request[..request.len().min(80)]).into_owned();
        let reply = served.raw(&request).await;
        assert!(reply.starts_with(&format!("HTTP/1.1 {status}")), "{shown:?}: {reply:?}");
        if !reply.starts_with("HTTP/1.1 200") {
            assert!(reply.contains("application/problem+json"), "{shown:?}: {reply:?}");
        }
    }
    // A body that is cut off harms nobody.
    let cut = format!("POST {NEW} HTTP/1.1\r\n{host}content-type: {JSON}\r\ncontent-length: 500\r\n\r\n{{\"a\"");
    let mut stream = tokio::net::TcpStream::connect(served.address).await.unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut stream, cut.as_bytes())
        .await
        .unwrap();
    drop(stream);
    assert_eq!(served.state().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_transfer_from_many_sides_is_taken_once() {
    let served = Served::start().await;
    let (alice, bob) = (person(1), person(2));
    served.mine(&alice.public_key(), 1).await;
    let spend = transfer(&alice, &bob, 7, 0);
    let body = served.body(&spend);
    let batch = json!({ "transactions": vec![body.clone(); 20] });
    let (singles, batch) = tokio::join!(
        futures_util::future::join_all((0..20).map(|_| served.post(NEW, &body))),
        served.post(BATCH, &batch),
    );
    let accepted = singles.iter().filter(|reply| reply.status == 201).count();
    for reply in singles.iter().filter(|reply| reply.status != 201) {
        assert_eq!(reply.status, 406, "{reply:?}");
        reply.code();
    }
    let verdicts = batch.json()["verdicts"].as_array().unwrap().clone();
    let of_batch = verdicts
        .iter()
        .filter(|verdict| verdict["verdict"] == "accepted")
        .count();
    assert_eq!((accepted + of_batch, verdicts.len()), (1, 20));
    assert_eq!(served.state().await["pending"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_have_a_size_and_a_verdict_each() {
    let served = Served::start().await;
    let (alice, bob) = (person(1), person(2));
    served.mine(&alice.public_key(), 1).await;
    let good = served.body(&transfer(&alice, &bob, 1, 0));
    for count in [0, 101] {
        let reply = served
            .post(BATCH, &json!({ "transactions": vec![good.clone(); count] }))
            .await;
        assert_eq!((reply.status.as_u16(), reply.code().as_str()), (422, "batch-size"));
    }
    let mut forged = served.body(&transfer(&alice, &bob, 2, 1));
    forged["amount"] = json!("3");
    let mut nowhere = good.clone();
    nowhere["recipient_address"] = json!("nowhere");
    let second = served.body(&transfer(&alice, &bob, 2, 1));
    let batch = json!({ "transactions": [forged, good, nowhere, second] });
    let reply = served.post(BATCH, &batch).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let json = reply.json();
    let codes: Vec<&str> = json["verdicts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|verdict| verdict["code"].as_str().unwrap_or("accepted"))
        .collect();
    assert_eq!(codes, ["signature-invalid", "accepted", "address-invalid", "accepted"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_nonsense_leaves_the_node_well() {
    let served = Served::start().await;
    let before = served.state().await;
    let tries = (0..300_u32).map(|number| {
        let served = &served;
        async move {
            let path = [NEW, BATCH, MINE, REGISTER][number as usize % 4];
            let body = vec![u8::try_from(number % 251).unwrap(); number as usize * 37];
            let reply = served
                .post_text(path, if number % 2 == 0 { JSON } else { FORM }, body)
                .await;
            assert!(reply.status.is_client_error() || number == 0, "{reply:?}");
        }
    });
    let all = futures_util::future::join_all(tries);
    tokio::time::timeout(PATIENCE * 3, all).await.unwrap();
    assert_eq!(served.state().await, before);
}
