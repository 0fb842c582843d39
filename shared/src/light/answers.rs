//! Answers of a node, checked against the proved chain.

use alloc::vec::Vec;

use super::{Lie, LightClient, MAX_BEHIND, Refusal};
use crate::{
    address,
    api::{self, AccountJson, BlockJson, HeaderJson, RewardJson, Standing, TransactionJson},
    block::{Block, Header, transactions_root},
    hash::Hash,
    key::PublicKey,
    state::Account,
    transaction::{Reward, SignedTransfer},
};

/// What an account was proved to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerifiedAccount {
    /// Balance and nonce; empty when the account was proved to be absent.
    pub account: Account,
    /// The height of the block after which this holds: in the proved chain, at most [`MAX_BEHIND`] below its tip.
    pub height: u64,
    /// The block's hash.
    pub block_hash: Hash,
}

/// What a transaction does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Contents {
    /// It moves money, as its sender ordered.
    Transfer(SignedTransfer),
    /// It pays a miner.
    Reward(Reward),
}

/// A transaction that was proved to be in the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedTransaction {
    /// What it does.
    pub contents: Contents,
    /// The header of its block.
    pub header: Header,
    /// The block's hash.
    pub block_hash: Hash,
    /// How many blocks there are from its block to the proved tip, both counted.
    pub confirmations: u64,
}

/// How a block is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockId {
    /// By its height.
    Height(u64),
    /// By its hash.
    Hash(Hash),
}

impl LightClient {
    /// Verifies that a header is the one at its height in the proved chain, and that the work up to it is as it says.
    ///
    /// # Errors
    /// [`Refusal::Unknown`] when the header there is not known; else whatever is wrong.
    pub fn verify_header(&self, answer: &HeaderJson) -> Result<Header, Refusal> {
        let header = read_header(answer)?;
        self.check_place(answer)?;
        Ok(header)
    }

    /// Verifies an account's balance and nonce, or its absence. What is pending for it stays the node's word.
    ///
    /// # Errors
    /// [`Refusal::Unknown`] when its header is not known; else whatever is wrong.
    pub fn verify_account(&self, answer: &AccountJson, key: &PublicKey) -> Result<VerifiedAccount, Refusal> {
        let answered = address::decode(&self.network.parameters().prefix, &answer.address);
        if answered.map_err(|_| Refusal::Malformed { what: "address" })? != *key {
            return Err(Lie::OtherAccount {
                asked: self.network.address(key),
                answered: answer.address.clone(),
            }
            .into());
        }
        let header = read_header(&answer.header)?;
        let proof = api::account_proof(&answer.proof).ok_or(Refusal::Malformed { what: "account proof" })?;
        let account = proof.verify(&header.state_root, key.as_bytes()).map_err(Lie::Account)?;
        if answer.balance != account.balance {
            return Err(Lie::Balance {
                claimed: answer.balance,
                proved: account.balance,
            }
            .into());
        }
        if answer.nonce != account.nonce {
            return Err(Lie::Nonce {
                claimed: answer.nonce,
                proved: account.nonce,
            }
            .into());
        }
        // Last, for it is the one thing that time may change.
        self.check_place(&answer.header)?;
        let (height, tip) = (header.height, self.tip().height());
        if height.saturating_add(MAX_BEHIND) < tip {
            return Err(Lie::Behind { height, tip }.into());
        }
        Ok(VerifiedAccount {
            account,
            height,
            block_hash: answer.header.hash,
        })
    }

    /// Verifies what a transaction does, that its sender signed it, and that it is in the proved chain. Its confirmations
    /// are counted from the proved tip; who claims another number has another tip, or lies.
    ///
    /// # Errors
    /// [`Refusal::Pending`] when it is in no block; [`Refusal::Unknown`] when its block's header is not known; else
    /// whatever is wrong.
    pub fn verify_transaction(&self, answer: &TransactionJson, id: &Hash) -> Result<VerifiedTransaction, Refusal> {
        if answer.id != *id {
            return Err(Lie::OtherTransaction {
                asked: *id,
                answered: answer.id,
            }
            .into());
        }
        let mined_in = match &answer.standing {
            Standing::Mined { header, .. } => Some(header.height),
            Standing::Pending { .. } => None,
        };
        let contents = self.read_contents(answer, mined_in)?;
        let Standing::Mined {
            header: claimed_header,
            index,
            confirmations,
            proof,
        } = &answer.standing
        else {
            return Err(Refusal::Pending { id: *id });
        };
        let header = read_header(claimed_header)?;
        let proof = api::inclusion_proof(proof).ok_or(Refusal::Malformed {
            what: "proof of inclusion",
        })?;
        let height = header.height;
        proof
            .verify(id, &header.transactions_root)
            .map_err(|_| Lie::Inclusion { id: *id, height })?;
        if u64::from(proof.index()) != *index {
            return Err(Lie::Index {
                claimed: *index,
                proved: proof.index().into(),
            }
            .into());
        }
        self.check_place(claimed_header)?;
        let counted = self.tip().height().saturating_sub(height).saturating_add(1);
        if *confirmations != counted {
            return Err(Lie::Confirmations {
                claimed: *confirmations,
                counted,
            }
            .into());
        }
        Ok(VerifiedTransaction {
            contents,
            header,
            block_hash: claimed_header.hash,
            confirmations: counted,
        })
    }

    /// Verifies that a block is the one that was asked for, is in the proved chain, and has these transactions. Their
    /// signatures are not looked at: whoever worked on the chain did.
    ///
    /// # Errors
    /// [`Refusal::Unknown`] when its header is not known; else whatever is wrong.
    pub fn verify_block(&self, answer: &BlockJson, asked: &BlockId) -> Result<Header, Refusal> {
        let header = read_header(&answer.header)?;
        match asked {
            BlockId::Height(asked) if *asked != header.height => {
                return Err(Lie::OtherHeight {
                    asked: *asked,
                    answered: header.height,
                }
                .into());
            }
            BlockId::Hash(asked) if *asked != answer.header.hash => {
                return Err(Lie::OtherBlock {
                    answered: answer.header.hash,
                }
                .into());
            }
            _ => {}
        }
        let (ids, size) = self.read_block(answer, header)?;
        let found = transactions_root(&ids);
        if found != header.transactions_root {
            return Err(Lie::Transactions {
                height: header.height,
                found,
            }
            .into());
        }
        if answer.size != size {
            return Err(Lie::Size {
                claimed: answer.size,
                found: size,
            }
            .into());
        }
        self.check_place(&answer.header)?;
        Ok(header)
    }

    /// The ids of a block's transactions, and its length.
    fn read_block(&self, answer: &BlockJson, header: Header) -> Result<(Vec<Hash>, u64), Refusal> {
        let Some(reward) = &answer.reward else {
            return match (header.height, answer.transactions.is_empty()) {
                (0, true) => Ok((Vec::new(), Header::LEN as u64)),
                _ => Err(Refusal::Malformed { what: "reward" }),
            };
        };
        let prefix = &self.network.parameters().prefix;
        let reward = self.read_reward(reward, header.height)?;
        let transfers = answer.transactions.iter().map(|transfer| {
            let signed = transfer.to_signed(prefix);
            signed.map_err(|_| Refusal::Malformed { what: "transfer" })
        });
        let block = Block {
            header,
            reward,
            transfers: transfers.collect::<Result<_, _>>()?,
        };
        Ok((block.transaction_ids(), block.encoded_len() as u64))
    }

    /// What a transaction does, by the id that was asked for.
    fn read_contents(&self, answer: &TransactionJson, mined_in: Option<u64>) -> Result<Contents, Refusal> {
        let other = |found| Lie::Contents {
            claimed: answer.id,
            found,
        };
        match (&answer.transfer, &answer.reward, mined_in) {
            (Some(transfer), None, _) => {
                let signed = transfer
                    .to_signed(&self.network.parameters().prefix)
                    .map_err(|_| Refusal::Malformed { what: "transfer" })?;
                let id = signed.id();
                if id != answer.id {
                    return Err(other(id).into());
                }
                signed
                    .clone()
                    .verify(&self.network.genesis_hash())
                    .map_err(|rule| Lie::Transfer { id, rule })?;
                Ok(Contents::Transfer(signed))
            }
            (None, Some(reward), Some(height)) => {
                let reward = self.read_reward(reward, height)?;
                let id = reward.id(height);
                if id != answer.id {
                    return Err(other(id).into());
                }
                Ok(Contents::Reward(reward))
            }
            _ => Err(Refusal::Malformed { what: "transaction" }),
        }
    }

    fn read_reward(&self, answer: &RewardJson, height: u64) -> Result<Reward, Refusal> {
        let reward = answer
            .to_reward(&self.network.parameters().prefix)
            .ok_or(Refusal::Malformed { what: "reward" })?;
        let found = reward.id(height);
        if found != answer.id {
            return Err(Lie::Contents {
                claimed: answer.id,
                found,
            }
            .into());
        }
        Ok(reward)
    }

    /// Whether a header, whose hash was computed, is the one at its height.
    fn check_place(&self, answer: &HeaderJson) -> Result<(), Refusal> {
        let height = answer.height;
        let known = self.known(height).ok_or(Refusal::Unknown { height })?;
        if known.hash != answer.hash {
            return Err(Lie::OffChain {
                height,
                claimed: answer.hash,
                proved: known.hash,
            }
            .into());
        }
        if known.work != answer.work.0 {
            return Err(Lie::Work {
                height,
                claimed: answer.work.0,
                proved: known.work,
            }
            .into());
        }
        Ok(())
    }
}

/// The header that an answer spells, if its hash is its own.
fn read_header(answer: &HeaderJson) -> Result<Header, Refusal> {
    let header = answer
        .to_header()
        .ok_or(Refusal::Malformed { what: "header's nonce" })?;
    let found = header.hash();
    if found != answer.hash {
        return Err(Lie::HeaderHash {
            height: answer.height,
            claimed: answer.hash,
            found,
        }
        .into());
    }
    Ok(header)
}
