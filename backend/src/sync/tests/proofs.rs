//! A chain that is heavy at its beginning against one that has more work in all.

use ruint::aliases::U256;
use shared::params::{Difficulty, Network};

use super::lab::{ALICE, BOB, Lab, Sent};
use crate::{
    simulate::node::{SimulatedNode, network},
    sync::{Failure, Ledger as _, PeerKey, Request, Response},
};

/// How far headers run ahead here, how many come at once, and how deep the chain may be undone.
const AHEAD: u64 = 130;
const HEADERS: usize = 50;
const DEPTH: u32 = 20;
const INTERVAL_MS: u64 = 1_000;
/// Alice by a key that comes after Bob's.
const ALICE_LAST: PeerKey = PeerKey(9);

/// The node under test, Alice with a chain that is heavy at its beginning, and Bob with the honest one.
struct Trial {
    lab: Lab,
    alice: SimulatedNode,
    bob: SimulatedNode,
}

/// A network on which a chain can be heavy at its beginning, and cannot be undone far.
fn lab() -> Lab {
    let base = network(Difficulty::Asert {
        bits: 0x2100_ffff,
        half_life_ms: 20 * INTERVAL_MS,
    });
    let mut parameters = base.parameters().clone();
    parameters.max_reorg_depth = DEPTH;
    parameters.interval_ms = INTERVAL_MS;
    let mut lab = Lab::on(Network::new(parameters).unwrap());
    lab.node.sync.limits.ahead = AHEAD;
    lab.node.sync.limits.headers = HEADERS;
    lab
}

/// Blocks in time, which are easy to find.
fn grow_in_time(lab: &mut Lab, node: &mut SimulatedNode, blocks: u64, number: u8) {
    for _ in 0..blocks {
        lab.now_ms += INTERVAL_MS;
        lab.grow(node, 1, number);
    }
}

impl Trial {
    fn new() -> Self {
        Self::sharing(0)
    }

    /// The two chains share so many blocks.
    fn sharing(shared: u64) -> Self {
        let mut lab = lab();
        lab.now_ms = 0;
        let mut bob = lab.other();
        lab.grow(&mut bob, shared, 2);
        let mut alice = lab.other();
        for height in 1..=shared {
            alice.submit(bob.books.block(height).unwrap(), lab.now_ms).unwrap();
        }
        // As fast as it goes, so that they become hard; then with pauses, until they are easy again.
        lab.grow(&mut alice, 120 - shared, 1);
        lab.now_ms = 130 * INTERVAL_MS;
        grow_in_time(&mut lab, &mut alice, 40, 1);
        lab.now_ms = 0;
        grow_in_time(&mut lab, &mut bob, 400 - shared, 2);
        let work = |node: &SimulatedNode, height: u64| node.books.headers_at(height).unwrap().work();
        let beginning = AHEAD + HEADERS as u64;
        assert!(
            work(&alice, AHEAD) > work(&bob, beginning) && work(&alice, 160) < work(&bob, 400),
            "the test's premise"
        );
        Self { lab, alice, bob }
    }

    fn by(&self, peer: PeerKey) -> &SimulatedNode {
        match peer {
            ALICE | ALICE_LAST => &self.alice,
            _ => &self.bob,
        }
    }

    /// Answers all requests but those that are left out.
    fn answer(&mut self, is_left_out: impl Fn(PeerKey, &str) -> bool) {
        let is_due = |lab: &Lab| {
            let mut sent = lab.sent.iter();
            sent.find(|sent| !is_left_out(sent.peer, sent.request.kind())).cloned()
        };
        while let Some(sent) = is_due(&self.lab) {
            let by = match sent.peer {
                ALICE | ALICE_LAST => &self.alice,
                _ => &self.bob,
            };
            self.lab.answer(&sent, by);
        }
    }

    /// Both are connected, and have told their headers.
    fn meet(&mut self) {
        self.lab.connect(ALICE);
        self.lab.connect(BOB);
        self.answer(|_, kind| kind == "proof");
    }

    /// Time passes, and all is answered but what is left out.
    fn go_on(&mut self, is_left_out: impl Fn(PeerKey, &str) -> bool) {
        for _ in 0..40 {
            self.lab.wait(1_000);
            self.answer(&is_left_out);
        }
    }

    fn follows(&self, peer: PeerKey) -> bool {
        self.lab.node.books.tip().hash() == self.by(peer).books.tip().hash()
    }
}

#[test]
fn the_chain_with_more_proven_work_is_followed() {
    let mut trial = Trial::new();
    trial.meet();
    let held = trial.lab.height();
    assert!(held <= u64::from(DEPTH / 2), "what was taken can be undone: {held}");
    trial.go_on(|_, _| false);
    assert!(trial.follows(BOB), "{:?}", trial.lab.offences);
    trial.lab.assert_peace();
}

#[test]
fn without_a_rival_nobody_has_to_prove_anything() {
    for peers in [&[BOB][..], &[ALICE], &[BOB, PeerKey(3)]] {
        let mut trial = Trial::new();
        for peer in peers {
            trial.lab.connect(*peer);
        }
        for _ in 0..40 {
            trial.answer(|_, kind| kind == "proof");
            assert!(!trial.lab.sent.iter().any(|sent| sent.request.kind() == "proof"));
            trial.lab.wait(1_000);
        }
        assert!(trial.follows(peers[0]));
        trial.lab.assert_peace();
    }
}

#[test]
fn a_claim_that_the_proof_does_not_bear_out() {
    let mut trial = Trial::new();
    trial.lab.connect(ALICE);
    let tip = trial.alice.books.tip().clone();
    trial.lab.status(ALICE, |status| {
        status.height = 9_000;
        status.tip = shared::hash::Hash::ZERO;
        status.work = tip.work() * U256::from(1_000);
    });
    trial.lab.connect(BOB);
    trial.answer(|peer, kind| peer == ALICE && kind == "status");
    trial.go_on(|_, _| false);
    assert_eq!(trial.lab.codes(ALICE)[0], "false-claim");
    assert!(
        trial.follows(BOB),
        "height {} {:?} {:?} {:?}",
        trial.lab.height(),
        trial.lab.offences,
        trial.lab.banned,
        trial.lab.disconnected
    );
    assert!(trial.lab.codes(BOB).is_empty());
}

#[test]
fn somebody_else_s_proof_is_none() {
    let mut trial = Trial::new();
    trial.meet();
    let asked = trial.lab.take(ALICE, "proof");
    trial.lab.answer(&asked, &trial.bob);
    assert_eq!(trial.lab.codes(ALICE), ["false-claim"]);
    trial.go_on(|_, _| false);
    assert!(trial.follows(BOB));
}

#[test]
fn a_proof_that_does_not_hold() {
    let mut trial = Trial::new();
    trial.meet();
    let asked = trial.lab.take(ALICE, "proof");
    trial.lab.respond(&asked, Response::Proof(vec![7; 99]));
    assert_eq!(trial.lab.codes(ALICE), ["invalid-proof"]);
    trial.go_on(|_, _| false);
    assert!(trial.follows(BOB));
}

#[test]
fn who_gives_no_proof_is_not_waited_for() {
    // It says nothing, says that it has none, or hangs up.
    for way in 0..3 {
        let mut trial = Trial::new();
        trial.meet();
        let asked = trial.lab.take(ALICE, "proof");
        let now = trial.lab.moment();
        match way {
            0 => {}
            1 => trial.lab.respond(&asked, Response::Proof(Vec::new())),
            _ => {
                let sync = &mut trial.lab.node.sync;
                sync.failed(now, ALICE, asked.id, Failure::Closed, &trial.lab.node.books);
            }
        }
        trial.go_on(|peer, kind| peer == ALICE && kind == "proof");
        assert!(trial.follows(BOB), "{way}: height {}", trial.lab.height());
        assert!(trial.lab.banned.is_empty());
    }
}

#[test]
fn nobody_is_followed_while_nobody_has_proved_anything() {
    let mut trial = Trial::new();
    trial.meet();
    trial.go_on(|_, kind| kind == "proof");
    let held = trial.lab.height();
    assert!(held <= u64::from(DEPTH / 2), "{held}");
    trial.go_on(|peer, kind| peer == ALICE && kind == "proof");
    assert!(trial.follows(BOB), "{:?}", trial.lab.offences);
}

#[test]
fn chains_that_part_after_the_first_answer_are_told_apart() {
    // Alice is the first to say what both say, and once has the smaller key and once not.
    for keys in [[ALICE, BOB], [ALICE_LAST, BOB]] {
        let mut trial = Trial::sharing(HEADERS as u64 + 10);
        for key in keys {
            trial.lab.connect(key);
        }
        for kind in ["status", "headers"] {
            for key in keys {
                let sent = trial.lab.take(key, kind);
                let by = if key == BOB { &trial.bob } else { &trial.alice };
                trial.lab.answer(&sent, by);
            }
        }
        trial.go_on(|_, _| false);
        assert!(trial.follows(BOB), "height {}", trial.lab.height());
        trial.lab.assert_peace();
    }
}

#[test]
fn a_branch_does_not_inherit_the_proof_of_another() {
    let shared = HEADERS as u64 + 10;
    let mut trial = Trial::sharing(shared);
    // Bob has proved his chain by a header that both have.
    let last = trial.bob.books.header(shared).unwrap().hash();
    let work = trial.bob.books.tip().work();
    trial.lab.node.sync.proven.insert(last, work);
    trial.meet();
    trial.go_on(|_, _| false);
    assert!(trial.follows(BOB), "height {}", trial.lab.height());
    trial.lab.assert_peace();
}

#[test]
fn who_only_comes_and_goes_does_not_hold_up_anything_for_long() {
    let mut lab = lab();
    let mut alice = lab.other();
    grow_in_time(&mut lab, &mut alice, 400, 1);
    // One says nothing at all; the others say where they stand, but never show it.
    for says_status in [false, true] {
        lab.node = lab.other();
        lab.sent.clear();
        lab.connect(ALICE);
        for number in 0..60 {
            let key = PeerKey(100 + number);
            lab.connect(key);
            if says_status {
                lab.status(key, |status| {
                    status.height = 9_000;
                    status.tip = shared::hash::Hash::ZERO;
                    status.work = U256::from(1_000_000);
                });
            }
            lab.serve(ALICE, &alice);
            lab.wait(1_000);
            lab.serve(ALICE, &alice);
            if !says_status && number >= 2 {
                lab.disconnect(PeerKey(98 + number));
            }
        }
        assert_eq!(lab.height(), 400, "{says_status}");
        assert!(lab.codes(ALICE).is_empty());
    }
}

/// Answers all requests but those that are left out, as one who has this chain.
fn answer_all(lab: &mut Lab, by: &SimulatedNode, is_left_out: impl Fn(&Sent) -> bool) {
    while let Some(sent) = lab.sent.iter().find(|sent| !is_left_out(sent)).cloned() {
        lab.answer(&sent, by);
    }
}

#[test]
fn blocks_wait_for_who_has_shown_only_the_beginning_of_the_plan() {
    let mut lab = lab();
    let mut alice = lab.other();
    grow_in_time(&mut lab, &mut alice, 400, 1);
    lab.connect(ALICE);
    lab.connect(BOB);
    for (key, kind) in [(ALICE, "status"), (BOB, "status"), (ALICE, "headers"), (BOB, "headers")] {
        let sent = lab.take(key, kind);
        lab.answer(&sent, &alice);
    }
    answer_all(&mut lab, &alice, |sent| {
        sent.peer == BOB && sent.request.kind() == "headers"
    });
    assert_eq!(lab.height(), HEADERS as u64 + u64::from(DEPTH / 2));
    answer_all(&mut lab, &alice, |_| false);
    assert_eq!(lab.height(), 400);
    lab.assert_peace();
}

#[test]
fn blocks_wait_for_who_connects_when_there_is_a_plan() {
    let mut lab = lab();
    let mut alice = lab.other();
    grow_in_time(&mut lab, &mut alice, 400, 1);
    lab.connect(ALICE);
    answer_all(&mut lab, &alice, |sent| sent.request.kind() == "blocks");
    let asked = lab.sent.iter().filter_map(|sent| match &sent.request {
        Request::Blocks { hashes } => Some(hashes.len() as u64),
        _ => None,
    });
    let asked: u64 = asked.sum();
    assert!(asked < 390, "the test's premise: {asked}");
    lab.connect(BOB);
    answer_all(&mut lab, &alice, |sent| sent.peer == BOB);
    assert_eq!(lab.height(), asked);
    answer_all(&mut lab, &alice, |_| false);
    assert_eq!(lab.height(), 400);
    lab.assert_peace();
}
