//! Every way that a transfer can go.

use super::*;
use shared::hash::sha256;
use shared::key::SecretKey;
use shared::transaction::Memo;

const GENESIS: Hash = Hash([5; 32]);
const STRANGER: Hash = Hash([9; 32]);

fn signed(recipient: u8, fee: u64, valid_until: u64) -> SignedTransfer {
    let key = SecretKey::from_bytes(&[1; 32]);
    let transfer = Transfer {
        sender: key.public_key(),
        recipient: SecretKey::from_bytes(&[recipient; 32]).public_key(),
        amount: Amount::from_units(150),
        fee: Amount::from_units(fee),
        nonce: 3,
        valid_until,
        memo: Memo::new("tea").unwrap(),
    };
    transfer.sign(&GENESIS, &key)
}

pub(super) fn item(fee: u64, valid_until: u64) -> Item {
    Item::new(signed(2, fee, valid_until), 77, State::Unanswered)
}

pub(super) fn every_state() -> Vec<State> {
    let mut states = vec![
        State::Unanswered,
        State::Pending,
        State::Outbid { by: STRANGER },
        State::Mined { height: 10 },
        State::Undone { waits: true },
        State::Undone { waits: false },
        State::Expired,
        State::Dropped,
    ];
    for how in [
        Rival::SpeedUp,
        Rival::Cancellation,
        Rival::Original,
        Rival::Own,
        Rival::Unknown,
    ] {
        states.push(State::Replaced { how, by: None });
        states.push(State::Replaced {
            how,
            by: Some(STRANGER),
        });
    }
    states
}

const fn mined(height: u64, confirmations: u64) -> Facts {
    Facts::Mined { height, confirmations }
}

const fn absent(next_nonce: u64, tip: u64, holder: Option<Hash>) -> Facts {
    Facts::Absent {
        next_nonce,
        tip,
        holder,
    }
}

/// The node does not know it, and its nonce is free.
const GONE: Facts = absent(3, 20, None);
/// The node does not know it, and its nonce is used.
const USED: Facts = absent(4, 20, None);

/// The state and what is told after one answer, for a transfer without rivals that is valid up to height 100.
fn after(state: State, facts: Facts) -> (State, Option<Told>) {
    let mut outbox = Outbox::new(GENESIS);
    outbox.items.push(Item { state, ..item(1, 100) });
    let id = outbox.items[0].id;
    let told = outbox.observe(&id, &facts);
    (outbox.get(&id).map_or(state, |item| item.state), told)
}

#[test]
fn an_answer_that_it_is_pending_counts_from_everywhere() {
    for state in every_state() {
        let expected = match state {
            State::Pending | State::Undone { waits: true } => (state, None),
            State::Mined { .. } => (State::Undone { waits: true }, Some(Told::Undone)),
            State::Undone { waits: false } => (State::Undone { waits: true }, Some(Told::Received)),
            _ => (State::Pending, Some(Told::Received)),
        };
        assert_eq!(after(state, Facts::Pending), expected, "{state:?}");
    }
}

#[test]
fn an_answer_that_it_is_mined_counts_from_everywhere() {
    for state in every_state() {
        let told = match state {
            State::Mined { height: 10 } => None,
            State::Undone { .. } => Some(Told::MinedAgain),
            _ => Some(Told::Mined),
        };
        assert_eq!(
            after(state, mined(10, 1)),
            (State::Mined { height: 10 }, told),
            "{state:?}"
        );
        assert_eq!(after(state, mined(10, SETTLED - 1)).1, told);
        assert_eq!(after(state, mined(10, SETTLED)).1, Some(Told::Settled));
    }
    let moved = after(State::Mined { height: 10 }, mined(11, 1));
    assert_eq!(moved, (State::Mined { height: 11 }, Some(Told::MinedAgain)));
}

#[test]
fn absence_means_something_else_from_each_state() {
    for state in every_state() {
        let gone = State::Undone { waits: false };
        let expected = match state {
            State::Unanswered | State::Dropped => (state, None),
            State::Mined { .. } => (gone, Some(Told::Undone)),
            State::Undone { waits: true } => (gone, Some(Told::Ended)),
            State::Undone { waits: false } => (gone, None),
            _ => (State::Dropped, Some(Told::Ended)),
        };
        assert_eq!(after(state, GONE), expected, "{state:?}");
    }
}

#[test]
fn a_used_number_is_a_replacement() {
    for state in every_state() {
        let unknown = |by| State::Replaced {
            how: Rival::Unknown,
            by,
        };
        let expected = match state {
            State::Expired | State::Replaced { .. } => (state, None),
            _ => (unknown(None), Some(Told::Ended)),
        };
        assert_eq!(after(state, USED), expected, "{state:?}");
        let other = Some(Hash([8; 32]));
        let expected = match state {
            State::Expired => (state, None),
            _ => (unknown(other), Some(Told::Ended)),
        };
        assert_eq!(after(state, absent(4, 20, other)), expected, "{state:?}");
        if let State::Replaced { by: Some(by), .. } = state {
            assert_eq!(after(state, absent(4, 20, Some(by))), (state, None));
        }
        let own = item(1, 100).id;
        assert_eq!(
            after(state, absent(4, 20, Some(own))),
            (state, None),
            "it was mined after all"
        );
    }
}

#[test]
fn a_transfer_expires_with_its_last_block() {
    for state in every_state() {
        let told = (state != State::Expired).then_some(Told::Ended);
        assert_eq!(after(state, absent(3, 100, None)), (State::Expired, told), "{state:?}");
        assert_ne!(after(state, absent(3, 99, None)).0, State::Expired, "{state:?}");
    }
    // Without a limit it never does.
    let mut outbox = Outbox::new(GENESIS);
    outbox.add(signed(2, 1, 0), 0).unwrap();
    let id = outbox.items[0].id;
    outbox.observe(&id, &Facts::Pending);
    assert_eq!(outbox.observe(&id, &absent(3, u64::MAX, None)), Some(Told::Ended));
    assert_eq!(outbox.items[0].state, State::Dropped);
}

#[test]
fn a_node_that_is_behind_says_nothing_of_what_was_mined() {
    let state = State::Mined { height: 10 };
    for next_nonce in [3, 4] {
        assert_eq!(after(state, absent(next_nonce, 9, None)), (state, None));
        assert_ne!(after(state, absent(next_nonce, 10, None)).0, state);
    }
}

#[test]
fn one_reorganisation_after_another_is_followed() {
    let mut outbox = Outbox::new(GENESIS);
    outbox.add(signed(2, 1, 0), 0).unwrap();
    let id = outbox.items[0].id;
    let way = [
        (Facts::Pending, Some(Told::Received)),
        (mined(10, 1), Some(Told::Mined)),
        (mined(10, 2), None),
        (Facts::Pending, Some(Told::Undone)),
        (mined(11, 1), Some(Told::MinedAgain)),
        (Facts::Pending, Some(Told::Undone)),
        (Facts::Pending, None),
        (mined(12, 1), Some(Told::MinedAgain)),
        (GONE, Some(Told::Undone)),
        (GONE, None),
        (Facts::Pending, Some(Told::Received)),
        (GONE, Some(Told::Ended)),
        (mined(13, 1), Some(Told::MinedAgain)),
        (mined(13, 5), None),
        (mined(13, 6), Some(Told::Settled)),
    ];
    for (step, (facts, told)) in way.into_iter().enumerate() {
        assert_eq!(outbox.observe(&id, &facts), told, "step {step}");
        assert_eq!(Outbox::read(&outbox.write(), GENESIS).unwrap(), outbox);
    }
    assert!(outbox.items().is_empty());
    assert_eq!(outbox.observe(&id, &Facts::Pending), None);
}

/// A payment, the same with a higher fee, its cancellation, and another payment, all with one number.
fn rivals() -> (Outbox, [Hash; 4]) {
    let mut outbox = Outbox::new(GENESIS);
    for signed in [signed(2, 10, 0), signed(2, 20, 0), signed(1, 30, 0), signed(4, 40, 0)] {
        outbox.add(signed, 0).unwrap();
    }
    let ids = outbox.items.iter().map(|item| item.id).collect::<Vec<_>>();
    (outbox, ids.try_into().unwrap())
}

#[test]
fn rivals_have_their_names() {
    use Rival::{Cancellation, Original, Own, SpeedUp};
    let table = [
        [None, Some(Original), Some(Original), Some(Own)],
        [Some(SpeedUp), None, Some(Original), Some(Own)],
        [Some(Cancellation), Some(Cancellation), None, Some(Cancellation)],
        [Some(Own), Some(Own), Some(Original), None],
    ];
    for (winner, names) in table.into_iter().enumerate() {
        // Told by the rival's own answer, and by the id that has the number.
        for by_answer in [true, false] {
            for (loser, name) in names.iter().enumerate().filter(|(loser, _)| *loser != winner) {
                let (mut outbox, ids) = rivals();
                if by_answer {
                    outbox.observe(&ids[winner], &mined(10, 1));
                    assert_eq!(outbox.observe(&ids[loser], &USED), None);
                } else {
                    let told = outbox.observe(&ids[loser], &absent(4, 20, Some(ids[winner])));
                    assert_eq!(told, Some(Told::Ended));
                }
                let expected = State::Replaced {
                    how: name.unwrap(),
                    by: Some(ids[winner]),
                };
                assert_eq!(outbox.items[loser].state, expected, "{winner} {loser}");
            }
        }
    }
}

#[test]
fn a_transfer_that_was_sped_up_is_not_dropped() {
    let (mut outbox, [first, second, ..]) = rivals();
    outbox.observe(&first, &Facts::Pending);
    assert_eq!(outbox.observe(&second, &Facts::Pending), Some(Told::Received));
    assert_eq!(outbox.items[0].state, State::Outbid { by: second });
    assert_eq!(outbox.observe(&first, &GONE), None);
    assert!(!outbox.items[0].is_replaceable() && outbox.items[1].is_replaceable());
    assert_eq!(
        (outbox.items[0].reserved().units(), outbox.items[1].reserved().units()),
        (0, 170)
    );
    // The number is used, and the later one has not been asked about.
    assert_eq!(outbox.observe(&first, &USED), None);
    assert_eq!(outbox.items[0].state, State::Outbid { by: second });
    // It was the later one. It settles and leaves, and the first one still knows.
    assert_eq!(outbox.observe(&second, &mined(10, 8)), Some(Told::Settled));
    assert_eq!(outbox.get(&second), None);
    let replaced = State::Replaced {
        how: Rival::SpeedUp,
        by: Some(second),
    };
    assert_eq!(outbox.items[0].state, replaced);
    assert_eq!(outbox.observe(&first, &USED), None);
    assert_eq!(outbox.items[0].state, replaced);
}

#[test]
fn when_the_speed_up_is_dropped_the_first_may_be_sent_again() {
    let (mut outbox, [first, second, ..]) = rivals();
    outbox.observe(&first, &Facts::Pending);
    outbox.observe(&second, &Facts::Pending);
    assert_eq!(outbox.observe(&second, &GONE), Some(Told::Ended));
    assert_eq!(outbox.observe(&first, &GONE), Some(Told::Ended));
    assert!(outbox.items[..2].iter().all(Item::can_be_sent_again));
    outbox.observe(&first, &Facts::Pending);
    assert_eq!(outbox.items[1].state, State::Outbid { by: first });
}

#[test]
fn a_refusal_forgets_only_what_no_node_was_handed_before() {
    for state in every_state() {
        for is_new in [true, false] {
            let mut outbox = Outbox::new(GENESIS);
            outbox.items.push(Item { state, ..item(1, 100) });
            let id = outbox.items[0].id;
            outbox.refuse(&STRANGER, is_new);
            outbox.refuse(&id, is_new);
            let expected = match (state, is_new) {
                (State::Unanswered, true) => None,
                (State::Unanswered, false) => Some(State::Dropped),
                _ => Some(state),
            };
            assert_eq!(outbox.get(&id).map(|item| item.state), expected, "{state:?} {is_new}");
        }
    }
}

#[test]
fn what_was_refused_after_no_answer_is_not_a_stranger_when_it_is_mined() {
    let mut outbox = Outbox::new(GENESIS);
    outbox.add(signed(2, 1, 0), 1).unwrap();
    outbox.add(signed(2, 1, 0), 2).unwrap();
    let first = outbox.items[0].id;
    outbox.refuse(&first, false);
    outbox.add(signed(2, 9, 0), 3).unwrap();
    let second = outbox.items[1].id;
    outbox.observe(&first, &mined(21, 1));
    outbox.observe(&second, &absent(4, 21, Some(first)));
    let by = Some(first);
    let how = Rival::Original;
    assert_eq!(outbox.get(&second).unwrap().state, State::Replaced { how, by });
}

#[test]
fn a_stranger_is_called_one_when_no_rival_can_be_it() {
    let (mut outbox, ids) = rivals();
    outbox.observe(&ids[1], &Facts::Pending);
    // Nobody waits for another for ever.
    for _ in 0..ids.len() {
        for id in &ids {
            outbox.observe(id, &USED);
        }
    }
    for item in outbox.items() {
        let unknown = State::Replaced {
            how: Rival::Unknown,
            by: None,
        };
        assert_eq!(item.state, unknown);
    }
    // The original was mined unseen: it is asked about first.
    let (mut outbox, [first, second, ..]) = rivals();
    outbox.observe(&second, &Facts::Pending);
    outbox.observe(&first, &mined(10, 1));
    assert_eq!(outbox.observe(&second, &USED), None);
    assert!(matches!(
        outbox.items[1].state,
        State::Replaced {
            how: Rival::Original,
            ..
        }
    ));
}

#[test]
fn a_reorganisation_can_swap_rivals() {
    let (mut outbox, [first, second, ..]) = rivals();
    outbox.observe(&first, &mined(10, 1));
    assert!(matches!(
        outbox.items[1].state,
        State::Replaced {
            how: Rival::Original,
            ..
        }
    ));
    // The other branch has the speed-up.
    assert_eq!(outbox.observe(&second, &mined(10, 1)), Some(Told::Mined));
    assert_eq!(
        outbox.items[0].state,
        State::Mined { height: 10 },
        "its own answer comes first"
    );
    assert_eq!(outbox.observe(&first, &USED), Some(Told::Ended));
    assert!(matches!(
        outbox.items[0].state,
        State::Replaced {
            how: Rival::SpeedUp,
            ..
        }
    ));
    // And back to a branch with neither, where the speed-up waits.
    assert_eq!(outbox.observe(&second, &Facts::Pending), Some(Told::Undone));
    assert_eq!(outbox.items[0].state, State::Outbid { by: second });
    assert_eq!(outbox.observe(&first, &GONE), None);
    // Mined, and the other one waits after a reorganisation: that is told as one.
    outbox.observe(&first, &mined(12, 1));
    outbox.observe(&second, &Facts::Pending);
    assert_eq!(outbox.observe(&first, &GONE), Some(Told::Undone));
    assert_eq!(outbox.items[0].state, State::Outbid { by: second });
}

#[test]
fn other_numbers_and_senders_are_no_rivals() {
    let (mut outbox, [first, ..]) = rivals();
    let mut later = signed(2, 10, 0);
    later.transfer.nonce = 4;
    let mut other = signed(2, 10, 0);
    other.transfer.sender = SecretKey::from_bytes(&[7; 32]).public_key();
    outbox.add(later, 0).unwrap();
    outbox.add(other, 0).unwrap();
    outbox.observe(&first, &mined(10, 1));
    assert!(outbox.items[4..].iter().all(|item| item.state == State::Unanswered));
}

/// What a node has of the number: nothing, one of the rivals, or a stranger, in the mempool or in a block.
#[derive(Clone, Copy, Default)]
struct Node {
    waiting: Option<usize>,
    mined: Option<(usize, u64)>,
    tip: u64,
}

impl Node {
    const STRANGER: usize = 4;

    fn facts(&self, who: usize) -> Facts {
        match (self.waiting, self.mined) {
            (_, Some((other, height))) if other == who => mined(height, self.tip - height + 1),
            (Some(other), None) if other == who => Facts::Pending,
            (_, mined) => absent(3 + u64::from(mined.is_some()), self.tip, None),
        }
    }

    fn step(&mut self, chance: u8, who: usize) {
        match (chance % 6, self.mined) {
            (0, None) if who != Self::STRANGER => self.waiting = Some(who),
            (1, None) => self.waiting = None,
            (2, None) => self.mined = Some((self.waiting.take().unwrap_or(who), self.tip + 1)),
            (3, Some((who, _))) => {
                self.mined = None;
                self.waiting = Some(who).filter(|who| *who != Self::STRANGER && chance < 128);
            }
            (4, Some((_, height))) => self.mined = Some((who, height)),
            _ => {}
        }
        self.tip += 1;
    }
}

#[test]
fn whatever_the_node_does_the_outbox_knows() {
    let mut strangers = 0;
    for seed in 0..400u32 {
        let (mut outbox, ids) = rivals();
        let mut node = Node {
            tip: 10,
            ..Node::default()
        };
        let mut left = [false; 4];
        for round in 0..40u32 {
            let chances = sha256(&[&seed.to_le_bytes(), &round.to_le_bytes()]).0;
            node.step(chances[0], usize::from(chances[1] % 5));
            // Each may wait for the answer about the next one.
            for _ in 0..ids.len() {
                for (who, id) in ids.iter().enumerate() {
                    let told = outbox.observe(id, &node.facts(who));
                    left[who] |= told == Some(Told::Settled);
                }
            }
            if left.contains(&true) {
                // Settled is settled: the rest of the way is another story.
                break;
            }
            assert_eq!(Outbox::read(&outbox.write(), GENESIS).unwrap(), outbox);
            for (who, item) in outbox.items().iter().enumerate() {
                let is_stranger = node.mined.is_some_and(|(who, _)| who == Node::STRANGER);
                strangers += usize::from(is_stranger);
                let holds = match item.state {
                    State::Pending | State::Undone { waits: true } => node.waiting == Some(who),
                    State::Mined { height } => node.mined == Some((who, height)),
                    State::Outbid { by } => node.waiting.is_some_and(|other| ids[other] == by && other != who),
                    State::Unanswered | State::Dropped | State::Undone { waits: false } => {
                        node.waiting.is_none() && node.mined.is_none()
                    }
                    State::Replaced { by: Some(by), .. } => node
                        .mined
                        .is_some_and(|(who, _)| ids.get(who).is_none_or(|id| *id == by)),
                    State::Replaced { by: None, .. } => is_stranger,
                    State::Expired => false,
                };
                assert!(holds, "seed {seed}, round {round}: {who} is {:?}", item.state);
            }
        }
    }
    assert!(strangers > 100);
}

#[test]
fn every_state_is_written_and_read_back() {
    let mut outbox = Outbox::new(GENESIS);
    for (fee, state) in (1..).zip(every_state()) {
        outbox.items.push(Item {
            state,
            ..item(fee, 100)
        });
    }
    assert_eq!(Outbox::read(&outbox.write(), GENESIS).unwrap(), outbox);
    assert!(Outbox::read(&outbox.write(), Hash([6; 32])).is_err());
}

#[test]
fn a_broken_line_is_refused() {
    let mut outbox = Outbox::new(GENESIS);
    outbox.add(signed(2, 1, 0), 77).unwrap();
    let text = outbox.write();
    let line = text.lines().last().unwrap().to_owned();
    for (broken, said) in [
        (line.replace("unanswered", "lost"), "newer Cairn"),
        (line.replace("unanswered", "mined"), "newer Cairn"),
        (line.replace("unanswered", "mined -1"), "newer Cairn"),
        (line.replace("unanswered", "pending now"), "newer Cairn"),
        (line.replace("unanswered", "replaced own ab"), "newer Cairn"),
        (line.replace(" 77 ", " soon "), "milliseconds"),
        (line.replace(" 77 unanswered", ""), "belong there"),
        (line[2..].to_owned(), "no signed transfer"),
        (line.clone(), "twice"),
    ] {
        let fault = Outbox::read(&format!("{text}{broken}"), GENESIS).unwrap_err();
        assert!(fault.line == 3 && fault.reason.contains(said), "{fault}");
    }
}

#[test]
fn ended_ones_give_way_when_it_is_full() {
    let mut outbox = Outbox::new(GENESIS);
    for fee in 0..lines::MAX_RECORDS as u64 {
        outbox.items.push(Item {
            state: State::Replaced {
                how: Rival::Cancellation,
                by: Some(STRANGER),
            },
            ..item(fee, 100)
        });
    }
    assert!(outbox.write().len() <= lines::MAX_LEN);
    let first = outbox.items[0].id;
    outbox.add(signed(3, 1, 0), 0).unwrap();
    assert!(outbox.get(&first).is_none() && outbox.items.len() == lines::MAX_RECORDS);
    outbox.items.iter_mut().for_each(|item| item.state = State::Pending);
    assert!(outbox.add(signed(3, 2, 0), 0).unwrap_err().contains("1000"));
    assert_eq!(outbox.add(signed(3, 1, 0), 0), Ok(()), "it is there already");
    let id = outbox.items[5].id;
    assert!(outbox.dismiss(&id) && !outbox.dismiss(&id));
    assert_eq!(outbox.add(signed(3, 2, 0), 0), Ok(()));
}

#[test]
fn the_example_of_the_specification_is_read() {
    let (text, genesis) = lines::example(KIND);
    let outbox = Outbox::read(&text, genesis).unwrap();
    let [first, second] = outbox.items() else {
        panic!("{text}");
    };
    let how = Rival::SpeedUp;
    assert!(matches!(first.state, State::Replaced { how: found, by: Some(_) } if found == how));
    assert_eq!(second.state, State::Mined { height: 1024 });
    for item in outbox.items() {
        assert!(item.signed.clone().verify(&genesis).is_ok());
    }
    assert_eq!(outbox.write(), text);
}

#[test]
fn the_next_number_counts_what_was_mined_and_what_is_on_its_way() {
    let sender = SecretKey::from_bytes(&[1; 32]).public_key();
    let other = SecretKey::from_bytes(&[2; 32]).public_key();
    let mut outbox = Outbox::new(GENESIS);
    assert_eq!(outbox.next_nonce(&sender, 3), 3);
    let transfer = signed(2, 10, 0);
    let id = transfer.id();
    outbox.add(transfer, 77).unwrap();
    assert_eq!(outbox.next_nonce(&sender, 3), 4);
    assert_eq!(outbox.next_nonce(&sender, 7), 7);
    assert_eq!(outbox.next_nonce(&other, 3), 3);
    // What the node refused at once is forgotten.
    outbox.refuse(&id, true);
    assert_eq!(outbox.next_nonce(&sender, 3), 3);
}
