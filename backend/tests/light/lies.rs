//! The table of lies: what a node may say, and what is said of it.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use ruint::aliases::U256;
use serde_json::{Value, json};
use shared::{
    amount::Amount,
    api::{HeaderJson, ParametersJson},
    block::Header,
    hash::Hash,
    params::{Allocation, Network},
};

use crate::{
    forge::{Forgery, RECENT_LEN, idle, other_hash},
    octets,
    proxy::{self, Reply},
    world::{FORK, World, payee, payer, stranger},
};

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ask {
    Tip,
    Balance,
    Absent,
    Transfer,
    ForkTransfer,
    Reward,
}

/// How it ends.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Verdict {
    /// Exit code 2, by this name.
    Lie(&'static str),
    /// Exit code 3, with these words: nobody answers, or somebody who is no node.
    NoAnswer(&'static str),
    /// Exit code 1: what no proof can settle.
    Unverified(&'static str),
}

/// A kind of lie.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) ask: Ask,
    pub(crate) lie: proxy::Lie,
    pub(crate) verdict: Verdict,
    /// Whether a header is kept from before.
    pub(crate) is_kept: bool,
    /// Another network than `dev`, or its genesis hash.
    pub(crate) network: Option<String>,
}

const ACCOUNT: &str = "/blockchain/accounts/";
const TRANSACTION: &str = "/blockchain/transactions/";
const HEADERS: &str = "/blockchain/headers";
const STATUS: &str = "/blockchain/status";
const PROOF: &str = "/blockchain/proof";
const PARAMETERS: &str = "/blockchain/parameters";

/// Changes the JSON of a route.
fn json_of(route: &'static str, change: impl Fn(&mut Value) + Send + Sync + 'static) -> proxy::Lie {
    Arc::new(move |path, forward| {
        let mut reply = forward(path);
        if path.starts_with(route) {
            assert_eq!(reply.status, 200, "{path}");
            let mut value = serde_json::from_slice(&reply.body).unwrap();
            change(&mut value);
            reply.body = serde_json::to_vec(&value).unwrap();
        }
        Some(reply)
    })
}

/// Sets one value of a route's JSON.
fn sets(route: &'static str, pointer: &'static str, value: impl Into<Value>) -> proxy::Lie {
    let value = value.into();
    json_of(route, move |json| {
        let place = json.pointer_mut(pointer).unwrap();
        assert_ne!(*place, value, "{pointer}");
        *place = value.clone();
    })
}

/// Answers a route as another one.
fn answers(route: &'static str, with: String) -> proxy::Lie {
    Arc::new(move |path, forward| Some(forward(if path.starts_with(route) { &with } else { path })))
}

/// Answers a route always the same.
fn says(route: &'static str, reply: Reply) -> proxy::Lie {
    Arc::new(move |path, forward| {
        Some(if path.starts_with(route) {
            reply.clone()
        } else {
            forward(path)
        })
    })
}

fn proves(bytes: &[u8]) -> proxy::Lie {
    says(PROOF, octets(bytes))
}

fn reply(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Reply {
    Reply {
        status,
        content_type: content_type.to_owned(),
        body: body.into(),
    }
}

/// Changes the digits of a number in a string.
fn add(value: &mut Value, more: i64) {
    let number: i64 = value.as_str().unwrap().parse().unwrap();
    *value = Value::from((number + more).to_string());
}

fn lie(name: &'static str, ask: Ask, kind: &'static str, lie: proxy::Lie) -> Case {
    Case {
        name,
        ask,
        lie,
        verdict: Verdict::Lie(kind),
        is_kept: false,
        network: None,
    }
}

/// All of them.
pub(crate) fn cases(world: &World) -> Vec<Case> {
    let mut cases = accounts(world);
    cases.extend(transactions(world));
    cases.extend(tips(world));
    cases.extend(proofs(world));
    cases.extend(forged(world));
    cases.extend(kept(world));
    cases.extend(networks(world));
    cases.extend(garbage(world));
    cases
}

fn accounts(world: &World) -> Vec<Case> {
    use Ask::{Absent, Balance};
    let at = |key, height: u64| format!("{ACCOUNT}{}?at={height}", world.network.address(&key));
    let now = world.height;
    let get = |path: &str| -> Value { serde_json::from_slice(&world.fetch(path).body).unwrap() };
    let earlier = get(&at(payer(), now - 3));
    let of_payee = get(&at(payee(), now));
    let of_stranger = get(&at(stranger(), now));
    let of_payer = get(&at(payer(), now));
    let tip = get(&format!("{HEADERS}?from={now}&limit=1"))["headers"][0].clone();
    let below = get(&format!("{HEADERS}?from={}&limit=1", now - 1))["headers"][0].clone();
    let fork: Value = {
        let agent: ureq::Agent = ureq::Agent::config_builder().build().into();
        let path = at(payer(), now);
        serde_json::from_slice(&proxy::fetch(&agent, world.fork_address, &path, "application/json").body).unwrap()
    };
    let header = |change: fn(&mut Value)| json_of(ACCOUNT, move |json| change(&mut json["header"]));
    vec![
        lie(
            "balance up",
            Balance,
            "balance",
            json_of(ACCOUNT, |json| add(&mut json["balance"], 1)),
        ),
        lie(
            "balance down",
            Balance,
            "balance",
            json_of(ACCOUNT, |json| add(&mut json["balance"], -1)),
        ),
        lie("balance of nothing", Balance, "balance", sets(ACCOUNT, "/balance", "0")),
        lie("nonce up", Balance, "nonce", sets(ACCOUNT, "/nonce", 3)),
        lie("nonce down", Balance, "nonce", sets(ACCOUNT, "/nonce", 1)),
        lie(
            "an absent account said to have coins",
            Absent,
            "balance",
            sets(ACCOUNT, "/balance", "5"),
        ),
        lie(
            "an account said to be absent with the proof of its presence",
            Balance,
            "balance",
            {
                json_of(ACCOUNT, |json| {
                    json["balance"] = "0".into();
                    json["nonce"] = 0.into();
                })
            },
        ),
        lie(
            "an account said to be absent with another's proof of absence",
            Balance,
            "account-proof",
            {
                let proof = of_stranger["proof"].clone();
                json_of(ACCOUNT, move |json| {
                    json["balance"] = "0".into();
                    json["nonce"] = 0.into();
                    json["proof"] = proof.clone();
                })
            },
        ),
        lie(
            "an absent account with another's balance and proof",
            Absent,
            "account-proof",
            {
                let (balance, nonce) = (of_payer["balance"].clone(), of_payer["nonce"].clone());
                let proof = of_payer["proof"].clone();
                json_of(ACCOUNT, move |json| {
                    json["balance"] = balance.clone();
                    json["nonce"] = nonce.clone();
                    json["proof"] = proof.clone();
                })
            },
        ),
        lie(
            "another account's answer",
            Balance,
            "other-account",
            answers(ACCOUNT, at(payee(), now)),
        ),
        lie(
            "another account's answer under the right address",
            Balance,
            "account-proof",
            {
                let mut answer = of_payee.clone();
                answer["address"] = of_payer["address"].clone();
                json_of(ACCOUNT, move |json| json.clone_from(&answer))
            },
        ),
        lie(
            "the answer of three blocks ago",
            Balance,
            "other-height",
            answers(ACCOUNT, at(payer(), now - 3)),
        ),
        lie(
            "the balance of three blocks ago under the newest header",
            Balance,
            "account-proof",
            {
                let (balance, proof) = (earlier["balance"].clone(), earlier["proof"].clone());
                json_of(ACCOUNT, move |json| {
                    json["balance"] = balance.clone();
                    json["proof"] = proof.clone();
                })
            },
        ),
        lie(
            "a replayed answer",
            Balance,
            "other-height",
            says(ACCOUNT, world.earlier_account.clone()),
        ),
        lie(
            "the answer of another fork",
            Balance,
            "off-chain",
            json_of(ACCOUNT, move |json| json.clone_from(&fork)),
        ),
        lie(
            "a header of the block before at the newest height",
            Balance,
            "header-hash",
            {
                let (below, height) = (below.clone(), tip["height"].clone());
                json_of(ACCOUNT, move |json| {
                    json["header"].clone_from(&below);
                    json["header"]["height"] = height.clone();
                })
            },
        ),
        lie("a header with another state root", Balance, "header-hash", {
            let other = below["state_root"].clone();
            json_of(ACCOUNT, move |json| json["header"]["state_root"] = other.clone())
        }),
        lie("a header under another's hash", Balance, "header-hash", {
            let other = below["hash"].clone();
            json_of(ACCOUNT, move |json| json["header"]["hash"] = other.clone())
        }),
        lie("a header made up whole", Balance, "off-chain", {
            let mut made: HeaderJson = serde_json::from_value(tip).unwrap();
            made.nonce.0 += U256::from(1);
            made.hash = made.to_header().unwrap().hash();
            let made = serde_json::to_value(made).unwrap();
            json_of(ACCOUNT, move |json| json["header"].clone_from(&made))
        }),
        lie(
            "more work up to the header",
            Balance,
            "work",
            header(|header| add(&mut header["work"], 1)),
        ),
        lie(
            "less work up to the header",
            Balance,
            "work",
            header(|header| add(&mut header["work"], -1)),
        ),
        lie("a header's nonce past 64 bits", Balance, "unreadable", {
            header(|header| header["nonce"] = U256::MAX.to_string().into())
        }),
        lie("an account proof cut off", Balance, "unreadable", {
            json_of(ACCOUNT, |json| {
                let text = json["proof"].as_str().unwrap().to_owned();
                json["proof"] = text[..text.len() - 2].into();
            })
        }),
        lie("an account proof with a byte more", Balance, "unreadable", {
            json_of(ACCOUNT, |json| {
                let text = json["proof"].as_str().unwrap().to_owned();
                json["proof"] = format!("{text}00").into();
            })
        }),
        lie("no account proof", Balance, "unreadable", sets(ACCOUNT, "/proof", "")),
        lie(
            "an account proof that is no hex",
            Balance,
            "unreadable",
            sets(ACCOUNT, "/proof", "quartz"),
        ),
        lie("an account without a balance", Balance, "unreadable", {
            json_of(ACCOUNT, |json| drop(json.as_object_mut().unwrap().remove("balance")))
        }),
        lie(
            "a balance of less than nothing",
            Balance,
            "unreadable",
            sets(ACCOUNT, "/balance", "-1"),
        ),
        lie("an account denied at the proved tip", Balance, "block-denied", {
            let body = world.fetch(&at(payer(), now + 1));
            assert_eq!(body.status, 404);
            says(ACCOUNT, body)
        }),
    ]
}

fn transactions(world: &World) -> Vec<Case> {
    use Ask::{ForkTransfer, Reward, Transfer};
    let route = |id: Hash| format!("{TRANSACTION}{id}");
    let get = |path: &str| -> Value { serde_json::from_slice(&world.fetch(path).body).unwrap() };
    let other = get(&route(world.other_transfer));
    let reward = get(&route(world.reward));
    let agent: ureq::Agent = ureq::Agent::config_builder().build().into();
    let forked = proxy::fetch(
        &agent,
        world.fork_address,
        &route(world.fork_transfer),
        "application/json",
    );
    let below = get(&format!("{HEADERS}?from=300&limit=1"))["headers"][0].clone();
    let asked = Value::from(world.transfer.to_string());
    vec![
        lie(
            "an amount up",
            Transfer,
            "contents",
            sets(TRANSACTION, "/transfer/amount", "151"),
        ),
        lie(
            "a fee down",
            Transfer,
            "contents",
            sets(TRANSACTION, "/transfer/fee", "1"),
        ),
        lie(
            "another memo",
            Transfer,
            "contents",
            sets(TRANSACTION, "/transfer/memo", "for the gravel"),
        ),
        lie("another recipient", Transfer, "contents", {
            sets(
                TRANSACTION,
                "/transfer/recipient_address",
                world.network.address(&stranger()),
            )
        }),
        lie("another sender", Transfer, "contents", {
            sets(
                TRANSACTION,
                "/transfer/sender_address",
                world.network.address(&stranger()),
            )
        }),
        lie("another signature", Transfer, "contents", {
            sets(
                TRANSACTION,
                "/transfer/signature",
                other["transfer"]["signature"].clone(),
            )
        }),
        lie("a recipient that is no address", Transfer, "unreadable", {
            sets(TRANSACTION, "/transfer/recipient_address", "dev1nobody")
        }),
        lie("a swapped transaction", Transfer, "other-transaction", {
            answers(TRANSACTION, route(world.other_transfer))
        }),
        lie("a swapped transaction under the right id", Transfer, "contents", {
            let (other, asked) = (other.clone(), asked);
            json_of(TRANSACTION, move |json| {
                json.clone_from(&other);
                json["id"] = asked.clone();
            })
        }),
        lie(
            "more confirmations",
            Transfer,
            "confirmations",
            sets(TRANSACTION, "/confirmations", 1_000),
        ),
        lie(
            "fewer confirmations",
            Transfer,
            "confirmations",
            sets(TRANSACTION, "/confirmations", 1),
        ),
        lie(
            "no confirmations",
            Transfer,
            "confirmations",
            sets(TRANSACTION, "/confirmations", 0),
        ),
        lie("a replayed transaction", Transfer, "confirmations", {
            says(TRANSACTION, world.earlier_transfer.clone())
        }),
        lie("a wrong index", Transfer, "index", sets(TRANSACTION, "/index", 0)),
        lie("another transaction's proof of inclusion", Transfer, "inclusion", {
            sets(TRANSACTION, "/proof", reward["proof"].clone())
        }),
        lie("a proof of inclusion cut off", Transfer, "unreadable", {
            json_of(TRANSACTION, |json| {
                let text = json["proof"].as_str().unwrap().to_owned();
                json["proof"] = text[..text.len() - 2].into();
            })
        }),
        lie("a transaction moved to another block", Transfer, "inclusion", {
            json_of(TRANSACTION, move |json| json["header"].clone_from(&below))
        }),
        lie(
            "a transaction that only another fork has",
            ForkTransfer,
            "off-chain",
            says(TRANSACTION, forked),
        ),
        lie("a transaction in a block above the tip", Transfer, "above-tip", {
            above_the_tip(world, get(&route(world.transfer)))
        }),
        lie(
            "a block that is not shown though it is asked for",
            Transfer,
            "header-withheld",
            without_known(),
        ),
        lie(
            "a reward up",
            Reward,
            "contents",
            json_of(TRANSACTION, |json| add(&mut json["reward"]["amount"], 1)),
        ),
        lie("a reward of another miner", Reward, "contents", {
            sets(
                TRANSACTION,
                "/reward/recipient_address",
                world.network.address(&payee()),
            )
        }),
        lie("a reward said to be of another block", Reward, "contents", {
            let header = get(&format!("{HEADERS}?from=299&limit=1"))["headers"][0].clone();
            sets(TRANSACTION, "/header", header)
        }),
        lie(
            "a transaction that does nothing",
            Transfer,
            "unreadable",
            sets(TRANSACTION, "/transfer", Value::Null),
        ),
        lie("a transaction that is transfer and reward", Transfer, "unreadable", {
            sets(TRANSACTION, "/reward", reward["reward"].clone())
        }),
        lie("a pending transfer of another amount", Transfer, "contents", {
            json_of(TRANSACTION, |json| {
                json["state"] = "pending".into();
                json["place"] = 1.into();
                json["since"] = 1.into();
                json["transfer"]["amount"] = "151".into();
            })
        }),
        Case {
            verdict: Verdict::Unverified("pending"),
            ..lie("a mined transaction said to be pending", Transfer, "", {
                json_of(TRANSACTION, |json| {
                    json["state"] = "pending".into();
                    json["place"] = 1.into();
                    json["since"] = 1.into();
                })
            })
        },
        Case {
            verdict: Verdict::Unverified("absent"),
            ..lie(
                "a mined transaction denied",
                Transfer,
                "",
                answers(TRANSACTION, route(Hash::ZERO)),
            )
        },
    ]
}

/// The transaction in a block that was never mined, right above the tip.
fn above_the_tip(world: &World, answer: Value) -> proxy::Lie {
    let mut forgery = Forgery::of(&world.headers);
    let like: HeaderJson = serde_json::from_value(answer["header"].clone()).unwrap();
    let like = Header {
        timestamp: forgery.last().timestamp + 1,
        ..like.to_header().unwrap()
    };
    forgery.follow(&world.network, &[like], |_| {});
    let header = forgery.last();
    let header = serde_json::to_value(HeaderJson::new(header, header.hash(), forgery.total_work())).unwrap();
    json_of(TRANSACTION, move |json| {
        json["header"].clone_from(&header);
        json["confirmations"] = 1.into();
    })
}

/// Forgets which headers are to be shown besides.
fn without_known() -> proxy::Lie {
    Arc::new(|path, forward| Some(forward(if path.starts_with(PROOF) { PROOF } else { path })))
}

fn tips(world: &World) -> Vec<Case> {
    use Ask::{Balance, Tip};
    let other = other_hash(world.tip_hash).to_string();
    let boast = || json_of(STATUS, |json| add(&mut json["work"], 1));
    vec![
        lie("a status with more work than is proved", Tip, "status", boast()),
        lie(
            "a status with more work than is proved, before a balance",
            Balance,
            "status",
            boast(),
        ),
        lie(
            "a status with less work",
            Tip,
            "status",
            json_of(STATUS, |json| add(&mut json["work"], -1)),
        ),
        lie(
            "a status of another tip",
            Tip,
            "status",
            sets(STATUS, "/tip_hash", other),
        ),
        lie(
            "a status of a greater height",
            Tip,
            "status",
            sets(STATUS, "/height", world.height + 1),
        ),
        lie(
            "a status with another target",
            Tip,
            "status",
            sets(STATUS, "/bits", 0x207f_ffff),
        ),
        lie(
            "a status with a newer time",
            Tip,
            "status",
            sets(STATUS, "/tip_timestamp", 1),
        ),
        lie("a header of another height", Tip, "other-height", {
            answers(HEADERS, format!("{HEADERS}?from={}&limit=1", world.height - 1))
        }),
        lie("no header at the proved tip", Tip, "block-denied", {
            answers(HEADERS, format!("{HEADERS}?from={}&limit=1", world.height + 1))
        }),
        lie("a header with a newer time", Tip, "header-hash", {
            json_of(HEADERS, |json| json["headers"][0]["timestamp"] = 1.into())
        }),
        lie("a header with a greater work", Tip, "work", {
            json_of(HEADERS, |json| add(&mut json["headers"][0]["work"], 1))
        }),
        lie("a header with an easier target", Tip, "header-hash", {
            json_of(HEADERS, |json| json["headers"][0]["bits"] = 0x207f_ffff.into())
        }),
    ]
}

fn proofs(world: &World) -> Vec<Case> {
    use Ask::{Balance, Tip, Transfer};
    let proof = &world.proof;
    let cut = |length: usize| proves(&proof[..length]);
    let appended = [&proof[..], b"\0"].concat();
    let newest = proof.len() - 80;
    let mut swapped = proof.clone();
    // Two short headers of the newest, the one for the other.
    swapped[newest - 800..newest - 640].rotate_left(80);
    let mut left_out = proof.clone();
    left_out.drain(newest - 800..newest - 720);
    let count_at = proof.len() - RECENT_LEN + 160;
    left_out[count_at..count_at + 4].copy_from_slice(&254_u32.to_le_bytes());
    // Work is easy here: what was changed at the very end might do by luck, and gets a nonce that does not.
    let tip = *world.headers.last().unwrap();
    let nonce = |mut header: Header| {
        idle(&mut header);
        header.nonce.to_le_bytes()
    };
    let mut root = proof.clone();
    let state_root = other_hash(tip.state_root);
    root[newest + 32..newest + 64].copy_from_slice(&state_root.0);
    root[newest + 72..].copy_from_slice(&nonce(Header { state_root, ..tip }));
    let again = Forgery::of(&world.headers).next(&world.network, &tip);
    let mut doubled = proof.clone();
    doubled.extend_from_within(newest..newest + 72);
    doubled.extend(nonce(Header {
        nonce: tip.nonce,
        ..again
    }));
    doubled[count_at..count_at + 4].copy_from_slice(&256_u32.to_le_bytes());
    vec![
        lie("a proof cut off", Tip, "unreadable", cut(proof.len() - 1)),
        lie("a proof cut off in the tree", Tip, "unreadable", cut(300)),
        lie("a proof of one byte", Tip, "unreadable", cut(1)),
        lie("a proof with a byte more", Tip, "unreadable", proves(&appended)),
        lie(
            "two proofs in one",
            Tip,
            "unreadable",
            proves(&[&proof[..], proof].concat()),
        ),
        lie("a proof of nothing but zeros", Tip, "unreadable", proves(&[0; 1_000])),
        lie(
            "headers in another order",
            Tip,
            "header-work-insufficient",
            proves(&swapped),
        ),
        lie("a header left out", Tip, "header-work-insufficient", proves(&left_out)),
        lie("the tip twice", Tip, "header-work-insufficient", proves(&doubled)),
        lie(
            "a tip with another state root",
            Balance,
            "header-work-insufficient",
            proves(&root),
        ),
        lie(
            "an older proof beneath the newest status",
            Tip,
            "status",
            proves(&world.earlier_proof),
        ),
        lie("an older proof the second time", Transfer, "less-work", {
            // A transaction deep in the chain needs a second proof.
            let (older, count) = (world.earlier_proof.clone(), AtomicU32::new(0));
            Arc::new(move |path, forward| {
                let again = path.starts_with(PROOF) && count.fetch_add(1, Ordering::Relaxed) > 0;
                Some(if again { octets(&older) } else { forward(path) })
            })
        }),
        lie(
            "the proof of another fork beneath this one's status",
            Balance,
            "status",
            proves(&world.lighter_proof),
        ),
    ]
}

/// Proofs of chains that were made up.
fn forged(world: &World) -> Vec<Case> {
    use Ask::Tip;
    let (network, headers) = (&*world.network, &world.headers[..]);
    // The chain up to a height, and all after it with work done again.
    let from = |height: usize, change: &dyn Fn(&mut Header)| {
        let mut forgery = Forgery::of(&headers[..height]);
        let mut changed = forgery.next(network, &headers[height]);
        change(&mut changed);
        forgery.push(changed, 1);
        forgery.follow(network, &headers[height + 1..], |_| {});
        forgery
    };
    let idled = from(300, &idle);
    let idled_deep = from(30, &idle);
    let easy = from(30, &|header| {
        header.bits = 0x207f_ffff;
        crate::forge::work(header);
    });
    let time = headers[290].timestamp - 1;
    let early = from(300, &|header| {
        header.timestamp = time;
        crate::forge::work(header);
    });
    let late = from(320, &|header| {
        header.timestamp += 86_400_000;
        crate::forge::work(header);
    });
    let other_history = from(40, &|header| {
        header.history_root = Hash([7; 32]);
        crate::forge::work(header);
    });
    let version = from(40, &|header| {
        header.version = 2;
        crate::forge::work(header);
    });
    let height = from(40, &|header| {
        header.height = 41;
        crate::forge::work(header);
    });
    // The headers of the middle claim a thousand times their work, and everything above agrees.
    let mut boast = Forgery::of(&headers[..20]);
    for like in &headers[20..50] {
        let mut header = boast.next(network, like);
        crate::forge::work(&mut header);
        boast.push(header, 1_000);
    }
    boast.follow(network, &headers[50..], |_| {});
    let honest = Forgery::of(headers);
    vec![
        lie(
            "a header of invalid work",
            Tip,
            "header-work-insufficient",
            proves(&idled.proof(&[])),
        ),
        lie(
            "a deep header of invalid work",
            Tip,
            "header-work-insufficient",
            proves(&idled_deep.proof(&[30])),
        ),
        lie(
            "a header whose target is too easy",
            Tip,
            "header-bits-wrong",
            proves(&easy.proof(&[30])),
        ),
        lie(
            "a time before the median",
            Tip,
            "header-time-too-early",
            proves(&early.proof(&[])),
        ),
        lie(
            "a time of tomorrow",
            Tip,
            "header-time-too-late",
            proves(&late.proof(&[])),
        ),
        lie(
            "a header of another past",
            Tip,
            "header-history-root-wrong",
            proves(&other_history.proof(&[40])),
        ),
        lie(
            "a header of another version",
            Tip,
            "header-version-unknown",
            proves(&version.proof(&[40])),
        ),
        lie(
            "a header at another height",
            Tip,
            "header-height-wrong",
            proves(&height.proof(&[40])),
        ),
        lie(
            "invented work",
            Tip,
            "header-history-root-wrong",
            proves(&boast.proof(&[20])),
        ),
        lie(
            "invented work that is not shown",
            Tip,
            "sample-missing",
            proves(&boast.proof_showing(65, &[0])),
        ),
        lie(
            "closed places that the tip asks for",
            Tip,
            "sample-missing",
            proves(&honest.proof_showing(65, &[0])),
        ),
        lie(
            "no genesis block",
            Tip,
            "genesis-missing",
            proves(&honest.proof_showing(65, &[])),
        ),
        lie(
            "fewer headers in full",
            Tip,
            "recent-missing",
            proves(&honest.proof_showing(100, &[0])),
        ),
        lie(
            "another chain's past under this one's end",
            Tip,
            "header-history-root-wrong",
            {
                let other = from(30, &|header| {
                    header.state_root = other_hash(header.state_root);
                    crate::forge::work(header);
                });
                let mut other = other.proof(&(0..65).collect::<Vec<_>>());
                let mine = honest.proof(&(0..65).collect::<Vec<_>>());
                assert_eq!(other.len(), mine.len());
                let end = mine.len() - RECENT_LEN;
                other[end..].copy_from_slice(&mine[end..]);
                assert!(other != mine);
                proves(&other)
            },
        ),
    ]
}

/// With the tip that was kept from before.
fn kept(world: &World) -> Vec<Case> {
    let with = |case| Case { is_kept: true, ..case };
    let stale = |proof: &[u8]| -> proxy::Lie {
        let proof = proof.to_vec();
        Arc::new(move |path, forward| {
            let mut reply = forward(path);
            if path.starts_with(PROOF) {
                reply.body.clone_from(&proof);
            } else if path.starts_with(STATUS) {
                let mut json: Value = serde_json::from_slice(&reply.body).unwrap();
                json["work"] = "1".into();
                reply.body = serde_json::to_vec(&json).unwrap();
            }
            Some(reply)
        })
    };
    let beyond = {
        let mut forgery = Forgery::of(&world.headers[..FORK as usize]);
        let later: Vec<Header> = world.headers[FORK as usize..].to_vec();
        forgery.follow(&world.network, &later, |header| {
            header.state_root = other_hash(header.state_root)
        });
        let more = Header {
            timestamp: forgery.last().timestamp + 1,
            ..*forgery.last()
        };
        // Ten blocks more, so that the tip that was kept lies beneath.
        for step in 0..300 {
            let more = Header {
                timestamp: more.timestamp + step,
                ..more
            };
            forgery.follow(&world.network, &[more], |_| {});
        }
        forgery
    };
    assert!(beyond.tip() > world.height + 256);
    vec![
        with(lie("a stale tip", Ask::Tip, "less-work", stale(&world.earlier_proof))),
        with(lie(
            "a lighter fork",
            Ask::Balance,
            "less-work",
            stale(&world.lighter_proof),
        )),
        with(lie("a chain begun anew", Ask::Tip, "less-work", {
            stale(&Forgery::of(&world.headers[..1]).proof(&[]))
        })),
        with(lie("the kept height withheld", Ask::Tip, "header-withheld", {
            // The sample of this tip leaves the kept height out, which lies deep beneath it.
            let proof = (0..200)
                .map(|turn| {
                    let mut forgery = beyond.clone();
                    let last = Header {
                        timestamp: forgery.last().timestamp + 1,
                        transactions_root: Hash([turn; 32]),
                        ..*forgery.last()
                    };
                    forgery.follow(&world.network, &[last], |_| {});
                    forgery.proof(&[])
                })
                .find(|proof| {
                    let proved = shared::chain_proof::verify(proof, &world.network, u64::MAX / 2).unwrap();
                    proved.hash_at(world.height).is_none()
                });
            stale(&proof.unwrap())
        })),
    ]
}

/// About which chain it is.
fn networks(world: &World) -> Vec<Case> {
    let genesis_hash = world.network.genesis_hash();
    let club = other_network(&world.network);
    let mut chain = Forgery::of(&[*club.genesis()]);
    for height in 1..300 {
        let like = Header {
            timestamp: club.genesis().timestamp + height * 1_000,
            ..*club.genesis()
        };
        chain.follow(&club, &[like], |_| {});
    }
    let parameters = |network: &Network| {
        let answer = ParametersJson {
            genesis_hash: network.genesis_hash(),
            parameters_hash: network.parameters_hash(),
            parameters: network.parameters().clone(),
            bytes: hex::encode(network.parameters_bytes()),
        };
        reply(200, "application/json", serde_json::to_vec(&answer).unwrap())
    };
    let by_hash = |name, kind, tells| Case {
        network: Some(genesis_hash.to_string()),
        ..lie(name, Ask::Balance, kind, tells)
    };
    let other = other_hash(world.network.parameters_hash()).to_string();
    vec![
        lie("the status of another network", Ask::Tip, "other-network", {
            sets(STATUS, "/genesis_hash", club.genesis_hash().to_string())
        }),
        lie(
            "the proof of another genesis block",
            Ask::Tip,
            "other-network",
            proves(&chain.proof(&[])),
        ),
        by_hash(
            "another network's parameters",
            "other-network",
            says(PARAMETERS, parameters(&club)),
        ),
        by_hash("another network's parameters under this one's hash", "other-network", {
            let mut answer = parameters(&club);
            let mut json: Value = serde_json::from_slice(&answer.body).unwrap();
            json["genesis_hash"] = genesis_hash.to_string().into();
            answer.body = serde_json::to_vec(&json).unwrap();
            says(PARAMETERS, answer)
        }),
        by_hash(
            "a greater subsidy",
            "other-network",
            sets(PARAMETERS, "/parameters/subsidy", "5000000001"),
        ),
        by_hash(
            "another hash of the parameters",
            "parameters",
            sets(PARAMETERS, "/parameters_hash", other),
        ),
        by_hash(
            "other bytes of the parameters",
            "parameters",
            sets(PARAMETERS, "/bytes", "00"),
        ),
        by_hash(
            "parameters that may not be",
            "unreadable",
            sets(PARAMETERS, "/parameters/interval_ms", 0),
        ),
    ]
}

fn other_network(network: &Network) -> Network {
    let mut parameters = network.parameters().clone();
    parameters.allocations.push(Allocation {
        address: network.address(&stranger()),
        amount: Amount::from_units(7),
    });
    Network::new(parameters).unwrap()
}

/// What no node of Cairn says: exit code 3, for nobody has claimed anything.
fn garbage(world: &World) -> Vec<Case> {
    use Ask::{Balance, Tip};
    let none = |name, ask, words, tells| Case {
        verdict: Verdict::NoAnswer(words),
        ..lie(name, ask, "", tells)
    };
    let all = |reply: Reply| -> proxy::Lie { Arc::new(move |_, _| Some(reply.clone())) };
    let problem = json!({"type": "about:blank", "title": "x", "status": 503, "code": "busy", "detail": "Later."});
    let problem = serde_json::to_vec(&problem).unwrap();
    let half = world.fetch("/blockchain/status").body[..100].to_vec();
    let deep = "[".repeat(50_000);
    let long = format!("{{\"address\":\"{}\"}}", "x".repeat(1 << 20));
    let json_proof = world.fetch(PROOF);
    assert_eq!(json_proof.content_type, "application/json");
    vec![
        none(
            "a page in the place of a node",
            Tip,
            "is no application/json",
            all(reply(200, "text/html", "<p>hi")),
        ),
        none(
            "an empty status",
            Tip,
            "is empty",
            says(STATUS, reply(200, "application/json", "")),
        ),
        none(
            "half a status",
            Tip,
            "is no JSON object",
            says(STATUS, reply(200, "application/json", half)),
        ),
        none(
            "an answer of brackets",
            Balance,
            "is no JSON object",
            says(ACCOUNT, reply(200, "application/json", deep)),
        ),
        none(
            "a huge answer",
            Balance,
            "more than 65536 bytes",
            says(ACCOUNT, reply(200, "application/json", long)),
        ),
        none("an empty proof", Tip, "is empty", says(PROOF, octets(b""))),
        none(
            "a huge proof",
            Tip,
            "more than 1048576 bytes",
            proves(&vec![0; 8 << 20]),
        ),
        none(
            "JSON in the place of a proof",
            Tip,
            "is no application/octet-stream",
            says(PROOF, json_proof),
        ),
        none(
            "no proof",
            Tip,
            "status 404",
            says(PROOF, reply(404, "text/plain", "no")),
        ),
        none(
            "a node that is busy",
            Tip,
            "Later. (busy)",
            says(PROOF, reply(503, "application/problem+json", problem)),
        ),
        none(
            "a gateway's error",
            Tip,
            "status 502",
            says(STATUS, reply(502, "text/html", "<h1>Bad gateway</h1>")),
        ),
        none("a way elsewhere", Tip, "", says(STATUS, reply(302, "text/html", ""))),
        none("a closed connection", Tip, "no node answers at http://127.0.0.1", {
            Arc::new(|path, forward| (!path.starts_with(PROOF)).then(|| forward(path)))
        }),
        none("no answer in time", Tip, "did not answer within 5 s", {
            Arc::new(|path, forward| {
                if path.starts_with(PROOF) {
                    std::thread::park();
                }
                Some(forward(path))
            })
        }),
    ]
}
