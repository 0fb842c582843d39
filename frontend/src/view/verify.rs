//! What the page checks itself, step by step, with the code that the node runs.
//!
//! None of it proves that a header is on the heaviest chain: [`Proved::judge`](crate::chain::Proved::judge) adds that.

use shared::address::{self, Prefix};
use shared::api::{self, AccountJson, BlockJson, HeaderJson, Standing, TransactionJson};
use shared::block;
use shared::chain_proof::ShownHeader;
use shared::hash::Hash;
use shared::pow::Target;
use shared::state::Account;

use super::text::{grouped, short_number};

/// What became of one check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The page computed it.
    Proved,
    /// Only the node says so.
    Claimed,
    /// The page computed something else.
    Refuted,
}

/// One check, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What became of it.
    pub outcome: Outcome,
    /// What was checked, or found instead.
    pub text: String,
}

impl Step {
    fn of(holds: bool, proved: impl Into<String>, refuted: impl Into<String>) -> Self {
        let (outcome, text) = if holds {
            (Outcome::Proved, proved.into())
        } else {
            (Outcome::Refuted, refuted.into())
        };
        Self { outcome, text }
    }

    pub(crate) fn refuted(text: impl Into<String>) -> Self {
        Self::of(false, "", text)
    }

    pub(crate) fn claimed(text: impl Into<String>) -> Self {
        Self {
            outcome: Outcome::Claimed,
            text: text.into(),
        }
    }
}

/// The steps of a check and what follows from them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Findings {
    /// What the mark says.
    pub outcome: Outcome,
    /// The header that everything was checked against, as the node gave it: whether the hash is its own stands in the steps.
    pub header: Option<ShownHeader>,
    /// Whether it is to hold at present, and not only after that header.
    pub is_present: bool,
    /// The steps, in order.
    pub steps: Vec<Step>,
}

impl Findings {
    /// A figure that nothing proves.
    #[must_use]
    pub fn claimed(text: impl Into<String>) -> Self {
        Self {
            outcome: Outcome::Claimed,
            header: None,
            is_present: false,
            steps: vec![Step::claimed(text)],
        }
    }

    /// Everything was computed against this header, unless a step is refuted.
    fn checked(header: &HeaderJson, steps: Vec<Step>) -> Self {
        let is_refuted = steps.iter().any(|step| step.outcome == Outcome::Refuted);
        let outcome = if is_refuted { Outcome::Refuted } else { Outcome::Proved };
        Self {
            outcome,
            header: Some(ShownHeader {
                height: header.height,
                hash: header.hash,
                work: header.work.0,
            }),
            is_present: false,
            steps,
        }
    }

    /// The mark's name for people who hear the page.
    #[must_use]
    pub fn name(&self) -> String {
        match (self.outcome, self.header.map(|header| header.height)) {
            (Outcome::Proved, Some(height)) => format!("Verified at height {height}"),
            (Outcome::Proved, None) => "Verified".to_owned(),
            (Outcome::Claimed, _) => "The node’s word".to_owned(),
            (Outcome::Refuted, _) => "Refuted".to_owned(),
        }
    }
}

/// The header's hash and its work, by themselves, on the chain with this genesis block.
///
/// Which target the chain asks for at this height cannot be known from one header: so the step says how much work this
/// one took, and no more.
#[must_use]
pub fn header(json: &HeaderJson, genesis: &Hash) -> Vec<Step> {
    let Some(header) = json.to_header() else {
        return vec![Step::refuted("The header’s nonce is no number of 64 bits.")];
    };
    let found = header.hash();
    let hash = Step::of(
        found == json.hash,
        format!("The header’s 160 bytes hash to {found}."),
        format!("The header’s bytes hash to {found}, not to {} as claimed.", json.hash),
    );
    let work = if json.height == 0 {
        // It needs no work, so nothing else keeps anybody from inventing one.
        Step::of(
            found == *genesis,
            "This is the genesis block that names this chain.",
            format!("This header has height 0, but the chain’s genesis block is {genesis}."),
        )
    } else {
        match Target::from_bits(json.bits).filter(|target| target.is_met_by(&found)) {
            Some(_) => Step {
                outcome: Outcome::Proved,
                text: format!(
                    "The hash meets its target {:08x}. Somebody made about {} attempts for this header.",
                    json.bits,
                    short_number(attempts(json.bits))
                ),
            },
            None => Step::refuted(format!(
                "The hash misses its target {:08x}: no work was done for it.",
                json.bits
            )),
        }
    };
    vec![hash, work]
}

/// A header in a list or at a tip.
#[must_use]
pub fn header_findings(json: &HeaderJson, genesis: &Hash) -> Findings {
    Findings::checked(json, header(json, genesis))
}

/// A block: that it is the one whose hash or height was asked for, its header, and that its transactions are those that
/// the header names.
#[must_use]
pub fn block(json: &BlockJson, asked: &str, genesis: &Hash, prefix: &Prefix) -> Findings {
    let mut steps = Vec::new();
    steps.extend(other_block(&json.header, asked));
    steps.extend(header(&json.header, genesis));
    let found = transaction_ids(json, prefix).map(|ids| block::transactions_root(&ids));
    steps.push(match found {
        Some(root) => Step::of(
            root == json.header.transactions_root,
            format!("Reward and transfers hash to the header’s transactions root {root}."),
            format!("Reward and transfers hash to {root}, not to the header’s transactions root."),
        ),
        None => Step::refuted("The block’s transactions cannot be read."),
    });
    Findings::checked(&json.header, steps)
}

/// The refutation when the answer is about another block. What the hash is of, the header's own step proves.
fn other_block(json: &HeaderJson, asked: &str) -> Option<Step> {
    match asked.parse::<u64>() {
        Ok(height) => (height != json.height).then(|| {
            Step::refuted(format!(
                "Block {} was asked for, and the answer is about block {}.",
                grouped(height),
                grouped(json.height)
            ))
        }),
        Err(_) => (asked.parse() != Ok(json.hash)).then(|| {
            Step::refuted(format!(
                "Block {asked} was asked for, and the answer is about block {}.",
                json.hash
            ))
        }),
    }
}

/// The ids as they follow from the contents, whatever the node says they are.
fn transaction_ids(json: &BlockJson, prefix: &Prefix) -> Option<Vec<Hash>> {
    let mut ids = Vec::with_capacity(json.transactions.len() + 1);
    if let Some(reward) = &json.reward {
        ids.push(reward.to_reward(prefix)?.id(json.header.height));
    }
    for transfer in &json.transactions {
        let id = transfer.to_signed(prefix).ok()?.id();
        if transfer.id.is_some_and(|claimed| claimed != id) {
            return None;
        }
        ids.push(id);
    }
    Some(ids)
}

/// A balance and nonce: the header, and the proof of the account against its state root.
#[must_use]
pub fn account(json: &AccountJson, asked: &str, genesis: &Hash, prefix: &Prefix) -> Findings {
    let mut steps = header(&json.header, genesis);
    let key = address::decode(prefix, asked).ok();
    let is_asked = key.is_some() && address::decode(prefix, &json.address).ok() == key;
    let proof = api::account_proof(&json.proof);
    steps.push(match (key, proof) {
        _ if !is_asked => Step::refuted("The answer is about another account."),
        (Some(key), Some(proof)) => match proof.verify(&json.header.state_root, key.as_bytes()) {
            Ok(found) => account_step(found, json, proof.branches().len()),
            Err(error) => Step::refuted(format!("The account’s proof does not hold: {error}.")),
        },
        _ => Step::refuted("The account’s proof cannot be read."),
    });
    Findings {
        is_present: true,
        ..Findings::checked(&json.header, steps)
    }
}

fn account_step(found: Account, json: &AccountJson, branches: usize) -> Step {
    let claimed = Account {
        balance: json.balance,
        nonce: json.nonce,
    };
    let proved = if found.is_empty() {
        format!("The path of {branches} hashes from the header’s state root proves that the account is empty.")
    } else {
        format!("The path of {branches} hashes from the header’s state root leads to this balance and nonce.")
    };
    Step::of(
        found == claimed,
        proved,
        format!(
            "The proof shows {} coins and nonce {}, not what is claimed.",
            found.balance, found.nonce
        ),
    )
}

/// A transaction: that it is the one that was asked for, its id, its signature, and that it is in the block.
#[must_use]
pub fn transaction(json: &TransactionJson, asked: &str, genesis: &Hash, prefix: &Prefix) -> Findings {
    let mut steps = Vec::new();
    if asked.parse() != Ok(json.id) {
        steps.push(Step::refuted(format!(
            "Transaction {asked} was asked for, and the answer is about {}.",
            json.id
        )));
    }
    let height = match &json.standing {
        Standing::Mined { header, .. } => Some(header.height),
        Standing::Pending { .. } => None,
    };
    if let Some(transfer) = &json.transfer {
        match transfer.to_signed(prefix) {
            Ok(signed) => {
                steps.push(id_step(signed.id(), json.id));
                steps.push(Step::of(
                    signed.verify(genesis).is_ok(),
                    "The sender’s signature covers every field, for this chain alone.",
                    "The sender’s signature does not fit: the sender never ordered this.",
                ));
            }
            Err((field, error)) => steps.push(Step::refuted(format!("The {field} cannot be read: {error}."))),
        }
    } else if let Some(reward) = &json.reward {
        let id = height.and_then(|height| Some(reward.to_reward(prefix)?.id(height)));
        steps.push(id.map_or_else(
            || Step::refuted("The reward cannot be read."),
            |id| id_step(id, json.id),
        ));
    } else {
        steps.push(Step::refuted("The answer holds neither a transfer nor a reward."));
    }
    let Standing::Mined {
        header: mined_in,
        proof,
        ..
    } = &json.standing
    else {
        let outcome = if steps.iter().any(|step| step.outcome == Outcome::Refuted) {
            Outcome::Refuted
        } else {
            Outcome::Claimed
        };
        steps.push(Step::claimed(
            "It waits for a block. Until then, that it will be mined is the node’s word.",
        ));
        return Findings {
            outcome,
            header: None,
            is_present: false,
            steps,
        };
    };
    steps.extend(header(mined_in, genesis));
    steps.push(match api::inclusion_proof(proof) {
        Some(proof) => Step::of(
            proof.verify(&json.id, &mined_in.transactions_root).is_ok(),
            format!(
                "A path of {} hashes leads from the id to the header’s transactions root.",
                proof.path().len()
            ),
            "The path from the id does not lead to the header’s transactions root.",
        ),
        None => Step::refuted("The proof of inclusion cannot be read."),
    });
    Findings::checked(mined_in, steps)
}

fn id_step(found: Hash, claimed: Hash) -> Step {
    Step::of(
        found == claimed,
        "Its contents hash to its id.",
        format!("Its contents hash to {found}, which is another id."),
    )
}

/// How many attempts a header with these bits takes on average: 2^256 over the target, near enough to be told.
#[must_use]
pub fn attempts(bits: u32) -> f64 {
    let (exponent, mantissa) = (bits.to_be_bytes()[0], bits & 0x7f_ffff);
    2_f64.powi(8 * (35 - i32::from(exponent))) / f64::from(mantissa.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::amount::Amount;
    use shared::api::{PendingChange, TransferJson};
    use shared::block::Header;
    use shared::key::SecretKey;
    use shared::merkle;
    use shared::pow::Midstate;
    use shared::state::StateTree;
    use shared::transaction::{Memo, Transfer};

    const GENESIS: Hash = Hash([5; 32]);

    fn prefix() -> Prefix {
        "dev".parse().unwrap()
    }

    fn mined(mut header: Header) -> HeaderJson {
        let target = Target::from_bits(header.bits).unwrap();
        header.nonce = Midstate::new(&header).search(target, 0, 1 << 20).unwrap();
        HeaderJson::new(&header, header.hash(), target.work())
    }

    fn plain_header() -> Header {
        Header {
            version: 1,
            height: 7,
            previous_hash: Hash([1; 32]),
            history_root: Hash([2; 32]),
            transactions_root: Hash([3; 32]),
            state_root: Hash([4; 32]),
            timestamp: 1_795_399_445_678,
            bits: 0x2000_ffff,
            nonce: 0,
        }
    }

    fn key() -> SecretKey {
        SecretKey::from_bytes(&[9; 32])
    }

    fn account_answer() -> (AccountJson, String) {
        let key = key().public_key();
        let account = Account {
            balance: Amount::from_units(150),
            nonce: 2,
        };
        let other = (SecretKey::from_bytes(&[8; 32]).public_key().0, account);
        let mut tree = StateTree::default();
        tree.update([(key.0, account), other]);
        let header = mined(Header {
            state_root: tree.root(),
            ..plain_header()
        });
        let asked = address::encode(&prefix(), &key);
        let pending = PendingChange {
            incoming: Amount::ZERO,
            outgoing: Amount::ZERO,
            next_nonce: 2,
        };
        let proof = api::to_hex(&tree.prove(&key.0));
        let (balance, nonce, address) = (account.balance, account.nonce, asked.clone());
        (
            AccountJson {
                address,
                balance,
                nonce,
                header,
                proof,
                pending,
            },
            asked,
        )
    }

    #[test]
    fn a_true_balance_is_proved_and_a_false_one_refuted() {
        let (answer, asked) = account_answer();
        let findings = account(&answer, &asked, &GENESIS, &prefix());
        assert_eq!(findings.outcome, Outcome::Proved, "{findings:?}");
        assert_eq!(findings.name(), "Verified at height 7");

        let more = AccountJson {
            balance: Amount::from_units(151),
            ..answer.clone()
        };
        assert_eq!(account(&more, &asked, &GENESIS, &prefix()).outcome, Outcome::Refuted);
        let garbled = AccountJson {
            proof: "00ff".into(),
            ..answer.clone()
        };
        assert_eq!(account(&garbled, &asked, &GENESIS, &prefix()).outcome, Outcome::Refuted);
        let mut no_work = answer.clone();
        no_work.header.bits = 0x0300_ffff;
        assert_eq!(account(&no_work, &asked, &GENESIS, &prefix()).outcome, Outcome::Refuted);
        let stranger = address::encode(&prefix(), &SecretKey::from_bytes(&[7; 32]).public_key());
        assert_eq!(
            account(&answer, &stranger, &GENESIS, &prefix()).outcome,
            Outcome::Refuted
        );
    }

    fn transaction_answer(genesis: &Hash) -> TransactionJson {
        let recipient = SecretKey::from_bytes(&[8; 32]).public_key();
        let order = Transfer {
            sender: key().public_key(),
            recipient,
            amount: Amount::from_units(5),
            fee: Amount::from_units(1),
            nonce: 0,
            valid_until: 0,
            memo: Memo::new("tea").unwrap(),
        };
        let signed = order.sign(genesis, &key());
        let ids = [Hash([6; 32]), signed.id()];
        let header = mined(Header {
            transactions_root: merkle::root(&ids),
            ..plain_header()
        });
        let proof = api::to_hex(&merkle::inclusion_proof(&ids, 1).unwrap());
        TransactionJson {
            id: signed.id(),
            transfer: Some(TransferJson::new(&prefix(), &signed)),
            reward: None,
            standing: Standing::Mined {
                header,
                index: 1,
                confirmations: 1,
                proof,
            },
        }
    }

    #[test]
    fn a_mined_transfer_is_proved_by_id_signature_and_path() {
        let genesis = GENESIS;
        let answer = transaction_answer(&genesis);
        let id = answer.id.to_string();
        assert_eq!(transaction(&answer, &id, &genesis, &prefix()).outcome, Outcome::Proved);
        assert_eq!(
            transaction(&answer, &id, &Hash([4; 32]), &prefix()).outcome,
            Outcome::Refuted
        );
        let mut changed = answer.clone();
        changed.transfer.as_mut().unwrap().amount = Amount::from_units(6);
        assert_eq!(
            transaction(&changed, &id, &genesis, &prefix()).outcome,
            Outcome::Refuted
        );
        let mut elsewhere = answer;
        if let Standing::Mined { header, .. } = &mut elsewhere.standing {
            *header = mined(plain_header());
        }
        assert_eq!(
            transaction(&elsewhere, &id, &genesis, &prefix()).outcome,
            Outcome::Refuted
        );
    }

    #[test]
    fn what_waits_is_not_verified() {
        let genesis = GENESIS;
        let mut answer = transaction_answer(&genesis);
        let id = answer.id.to_string();
        answer.standing = Standing::Pending { place: 1, since: 0 };
        assert_eq!(transaction(&answer, &id, &genesis, &prefix()).outcome, Outcome::Claimed);
    }

    #[test]
    fn a_header_with_another_hash_is_refuted() {
        let mut json = mined(plain_header());
        assert_eq!(header_findings(&json, &GENESIS).outcome, Outcome::Proved);
        json.hash = Hash([0; 32]);
        assert_eq!(header_findings(&json, &GENESIS).outcome, Outcome::Refuted);
    }

    fn refutations(findings: &Findings) -> Vec<&str> {
        let refuted = findings.steps.iter().filter(|step| step.outcome == Outcome::Refuted);
        refuted.map(|step| step.text.as_str()).collect()
    }

    #[test]
    fn a_true_answer_about_another_transaction_is_refuted() {
        let answer = transaction_answer(&GENESIS);
        let other = Hash([9; 32]).to_string();
        let findings = transaction(&answer, &other, &GENESIS, &prefix());
        assert_eq!(findings.outcome, Outcome::Refuted);
        let said = refutations(&findings);
        assert_eq!(said.len(), 1, "everything else about it is true");
        assert!(
            said[0].contains(&other) && said[0].contains(&answer.id.to_string()),
            "{said:?}"
        );
        let mut waiting = answer;
        waiting.standing = Standing::Pending { place: 1, since: 0 };
        assert_eq!(
            transaction(&waiting, &other, &GENESIS, &prefix()).outcome,
            Outcome::Refuted
        );
    }

    #[test]
    fn an_answer_without_transfer_and_reward_is_refuted() {
        let mut answer = transaction_answer(&GENESIS);
        let id = answer.id.to_string();
        answer.transfer = None;
        let findings = transaction(&answer, &id, &GENESIS, &prefix());
        assert_eq!(
            refutations(&findings),
            ["The answer holds neither a transfer nor a reward."]
        );
    }

    #[test]
    fn a_true_answer_about_another_block_is_refuted() {
        let answer = transaction_answer(&GENESIS);
        let signed = answer.transfer.unwrap();
        let header = mined(Header {
            transactions_root: block::transactions_root(&[answer.id]),
            ..plain_header()
        });
        let answer = BlockJson {
            header,
            size: 400,
            reward: None,
            transactions: vec![signed],
        };
        let outcome = |asked: &str| block(&answer, asked, &GENESIS, &prefix()).outcome;
        assert_eq!(outcome("7"), Outcome::Proved);
        assert_eq!(outcome(&answer.header.hash.to_string()), Outcome::Proved);
        assert_eq!(outcome("tip"), Outcome::Refuted);
        let higher = block(&answer, "8", &GENESIS, &prefix());
        assert_eq!(
            refutations(&higher),
            ["Block 8 was asked for, and the answer is about block 7."]
        );
        let other = Hash([9; 32]).to_string();
        let findings = block(&answer, &other, &GENESIS, &prefix());
        let said = refutations(&findings);
        assert!(
            said[0].contains(&other) && said[0].contains(&answer.header.hash.to_string()),
            "{said:?}"
        );
    }

    #[test]
    fn only_the_chains_own_genesis_block_stands_at_height_0() {
        let json = mined(Header {
            height: 0,
            ..plain_header()
        });
        let own = header_findings(&json, &json.hash);
        assert_eq!(own.outcome, Outcome::Proved);
        assert_eq!(own.steps[1].text, "This is the genesis block that names this chain.");
        let invented = header_findings(&json, &GENESIS);
        assert_eq!(refutations(&invented).len(), 1);
        assert!(refutations(&invented)[0].contains(&GENESIS.to_string()));
    }

    #[test]
    fn attempts_are_those_of_the_exact_work() {
        for bits in [0x2000_ffff, 0x1e00_ffff, 0x1d00_ffff, 0x1703_a30c] {
            let work: f64 = Target::from_bits(bits).unwrap().work().to_string().parse().unwrap();
            assert!((attempts(bits) / work - 1.0).abs() < 1e-3, "{bits:08x}");
        }
    }

    #[test]
    fn the_work_of_a_header_is_said_and_no_more() {
        let findings = header_findings(&mined(plain_header()), &GENESIS);
        assert_eq!(
            findings.steps[1].text,
            "The hash meets its target 2000ffff. Somebody made about 256 attempts for this header."
        );
    }
}
