//! Proof of payment: a small file by which anybody checks a payment without asking a node. docs/payment-proof.md
//! specifies it.
//!
//! It proves that a block with so much work contains the payment, and not that this block is on the heaviest chain: who
//! knows the chain compares its header at that height.

use std::str::Lines;

use shared::address::Prefix;
use shared::amount::Amount;
use shared::api::{self, Standing, TransactionJson};
use shared::block::Header;
use shared::codec::{Decode, Encode};
use shared::hash::Hash;
use shared::key::PublicKey;
use shared::merkle::InclusionProof;
use shared::rules::verify_work;
use shared::transaction::SignedTransfer;

use crate::view::text::short_number;
use crate::view::verify::attempts;

/// How every file begins.
pub const START: &str = "cairn-payment ";

/// The most bytes of a file: twice those of the longest path.
pub const MAX_LEN: usize = 8192;

const VERSION: &str = "1";

/// Why a text proves no payment, for the person who opened it.
pub type Fault = String;

/// What a file holds: nothing of it is verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// The chain.
    pub genesis: Hash,
    /// The header of the block.
    pub header: Header,
    /// The payment, with the sender's signature.
    pub signed: SignedTransfer,
    /// The path from the payment's id to the header's transactions root.
    pub inclusion: InclusionProof,
}

/// A payment that is proved. Only [`Proof::verify`] makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paid {
    /// The chain: what coins and addresses of it are called only a node of it knows.
    pub genesis: Hash,
    /// The transaction's id.
    pub id: Hash,
    /// Who paid.
    pub sender: PublicKey,
    /// Who was paid.
    pub recipient: PublicKey,
    /// What the recipient got.
    pub amount: Amount,
    /// What the miner got.
    pub fee: Amount,
    /// The memo; empty when there is none.
    pub memo: String,
    /// The height of the block, as it says.
    pub height: u64,
    /// When the block was found, as it says, in milliseconds since 1970.
    pub timestamp: u64,
    /// The hash of the block's header.
    pub header_hash: Hash,
    /// The block's target in compact form.
    pub bits: u32,
}

impl Paid {
    /// Whether this is the block that a chain has at its height: `chain_header` is the chain's header there.
    #[must_use]
    pub fn agrees(&self, chain_header: &Header) -> bool {
        chain_header.hash() == self.header_hash
    }

    /// About how many attempts the block took: `1.2 M`.
    #[must_use]
    pub fn attempts(&self) -> String {
        short_number(attempts(self.bits))
    }
}

impl Proof {
    /// Takes over what a node answered about a transaction. Nothing for a reward, for one that waits, and for an answer
    /// that cannot be read. [`Proof::verify`] finds out whether it holds.
    #[must_use]
    pub fn of(json: &TransactionJson, genesis: &Hash, prefix: &Prefix) -> Option<Self> {
        let Standing::Mined { header, proof, .. } = &json.standing else {
            return None;
        };
        Some(Self {
            genesis: *genesis,
            header: header.to_header()?,
            signed: json.transfer.as_ref()?.to_signed(prefix).ok()?,
            inclusion: api::inclusion_proof(proof)?,
        })
    }

    /// Verifies that the header's work was done, that its block contains the payment, and that the sender signed it.
    ///
    /// # Errors
    /// What does not hold.
    pub fn verify(&self) -> Result<Paid, Fault> {
        let header_hash = verify_work(&self.header)
            .map_err(|_| "No work was done for the block in this payment proof, so anybody can have made it up.")?;
        let id = self.signed.id();
        self.inclusion
            .verify(&id, &self.header.transactions_root)
            .map_err(|_| "The block in this payment proof does not contain the payment.")?;
        let verified = self.signed.clone().verify(&self.genesis).map_err(|_| {
            "The sender’s signature in this payment proof does not hold: the sender never ordered this payment on this chain."
        })?;
        let transfer = verified.transfer();
        Ok(Paid {
            genesis: self.genesis,
            id,
            sender: transfer.sender,
            recipient: transfer.recipient,
            amount: transfer.amount,
            fee: transfer.fee,
            memo: transfer.memo.as_str().to_owned(),
            height: self.header.height,
            timestamp: self.header.timestamp,
            header_hash,
            bits: self.header.bits,
        })
    }
}

/// The name of the file for a transaction.
#[must_use]
pub fn file_name(id: &Hash) -> String {
    let mut name = "cairn-payment-".to_owned();
    name.push_str(&hex::encode(&id.0[..4]));
    name.push_str(".txt");
    name
}

/// Writes a file.
#[must_use]
pub fn write(proof: &Proof) -> String {
    let mut text = START.to_owned();
    text.push_str(VERSION);
    text.push('\n');
    let mut line = |name: &str, bytes: &[u8]| {
        text.push_str(name);
        text.push(' ');
        text.push_str(&hex::encode(bytes));
        text.push('\n');
    };
    line("genesis", &proof.genesis.0);
    line("block", &proof.header.hash().0);
    line("header", &proof.header.to_array());
    line("transaction", &proof.signed.to_bytes());
    line("proof", &proof.inclusion.to_bytes());
    text
}

/// Reads a file.
///
/// # Errors
/// What is wrong with it.
pub fn read(text: &str) -> Result<Proof, Fault> {
    let text = text.trim();
    let version = text.lines().next().and_then(|line| line.strip_prefix(START));
    match version.map(str::trim_end) {
        None => return Err("This is no payment proof of Cairn: one begins with “cairn-payment 1”.".to_owned()),
        Some(VERSION) => {}
        Some(_) => return Err("A newer Cairn wrote this payment proof. Use a newer Cairn to open it.".to_owned()),
    }
    if text.len() > MAX_LEN {
        return Err("This is too long for a payment proof. Ask for the file again.".to_owned());
    }
    let mut lines = text.lines();
    lines.next();
    let genesis = field(&mut lines, "genesis")?;
    let block: Hash = field(&mut lines, "block")?;
    let proof = Proof {
        genesis,
        header: field(&mut lines, "header")?,
        signed: field(&mut lines, "transaction")?,
        inclusion: field(&mut lines, "proof")?,
    };
    if lines.next().is_some() {
        return Err("There is more in this payment proof than belongs there. Ask for the file again.".to_owned());
    }
    // Where blocks take little work, work alone would not tell a slip of the pen.
    if proof.header.hash() != block {
        return Err(
            "This payment proof is damaged: its header is not that of its block. Ask for the file again.".to_owned(),
        );
    }
    Ok(proof)
}

/// The value of the next line, which must have this name.
fn field<T: Decode>(lines: &mut Lines<'_>, name: &str) -> Result<T, Fault> {
    let value = |line: &str| {
        let digits = line.trim_end().strip_prefix(name)?.strip_prefix(' ')?;
        T::from_bytes(&hex::decode(digits).ok()?).ok()
    };
    lines.next().and_then(value).ok_or_else(|| {
        let mut said = "This payment proof is damaged: its line “".to_owned();
        said.push_str(name);
        said.push_str("” is missing or cannot be read. Ask for the file again.");
        said
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::address;
    use shared::api::{HeaderJson, TransferJson};
    use shared::key::SecretKey;
    use shared::merkle;
    use shared::pow::{Midstate, Target};
    use shared::transaction::{Memo, Transfer};

    const GENESIS: Hash = Hash([1; 32]);

    /// The second of three transactions in a block that took about so many attempts as `bits` ask for.
    fn mined(bits: u32) -> Proof {
        let key = SecretKey::from_bytes(&core::array::from_fn(|index| index as u8));
        let transfer = Transfer {
            sender: key.public_key(),
            recipient: SecretKey::from_bytes(&[2; 32]).public_key(),
            amount: Amount::from_units(150_000_000),
            fee: Amount::from_units(1000),
            nonce: 7,
            valid_until: 0,
            memo: Memo::new("for the stones").unwrap(),
        };
        let signed = transfer.sign(&GENESIS, &key);
        let leaves = [Hash([3; 32]), signed.id(), Hash([4; 32])];
        let mut header = Header {
            version: 1,
            height: 1024,
            previous_hash: Hash([5; 32]),
            history_root: Hash([6; 32]),
            transactions_root: merkle::root(&leaves),
            state_root: Hash([7; 32]),
            timestamp: 1_795_399_445_678,
            bits,
            nonce: 0,
        };
        let target = Target::from_bits(bits).unwrap();
        header.nonce = Midstate::new(&header).search(target, 0, 1 << 26).unwrap();
        Proof {
            genesis: GENESIS,
            header,
            signed,
            inclusion: merkle::inclusion_proof(&leaves, 1).unwrap(),
        }
    }

    fn easy() -> Proof {
        mined(0x2000_ffff)
    }

    /// The example of docs/payment-proof.md.
    fn example() -> String {
        let text = include_str!("../../../docs/payment-proof.md");
        let start = text.find("    cairn-payment 1").unwrap();
        let lines = text[start..].lines().take_while(|line| line.starts_with("    "));
        lines.map(|line| line.trim_start().to_owned() + "\n").collect()
    }

    fn verdict(text: &str) -> Result<Paid, Fault> {
        read(text)?.verify()
    }

    #[test]
    fn a_proof_is_written_read_and_verified() {
        let proof = easy();
        let text = write(&proof);
        assert_eq!(read(&text), Ok(proof.clone()));
        assert_eq!(read(&text.replace('\n', "\r\n")), Ok(proof.clone()));
        let paid = verdict(&text).unwrap();
        assert_eq!(
            (paid.amount.units(), paid.fee.units(), paid.memo.as_str()),
            (150_000_000, 1000, "for the stones")
        );
        assert_eq!((paid.height, paid.timestamp), (1024, 1_795_399_445_678));
        assert_eq!(
            (paid.id, paid.recipient),
            (proof.signed.id(), proof.signed.transfer.recipient)
        );
        assert_eq!(paid.attempts(), "256");
        assert_eq!(file_name(&Hash([0xab; 32])), "cairn-payment-abababab.txt");
    }

    #[test]
    fn the_chain_that_has_the_block_agrees() {
        let proof = easy();
        let paid = proof.verify().unwrap();
        assert!(paid.agrees(&proof.header));
        let other = Header {
            nonce: proof.header.nonce + 1,
            ..proof.header
        };
        assert!(!paid.agrees(&other));
    }

    #[test]
    fn it_is_made_of_what_the_node_answers() {
        let proof = easy();
        let prefix: Prefix = "dev".parse().unwrap();
        let target = Target::from_bits(proof.header.bits).unwrap();
        let mut json = TransactionJson {
            id: proof.signed.id(),
            transfer: Some(TransferJson::new(&prefix, &proof.signed)),
            reward: None,
            standing: Standing::Mined {
                header: HeaderJson::new(&proof.header, proof.header.hash(), target.work()),
                index: 1,
                confirmations: 3,
                proof: api::to_hex(&proof.inclusion),
            },
        };
        assert_eq!(Proof::of(&json, &GENESIS, &prefix), Some(proof));
        json.standing = Standing::Pending { place: 1, since: 0 };
        assert_eq!(Proof::of(&json, &GENESIS, &prefix), None);
    }

    #[test]
    fn each_part_must_hold() {
        let with = |change: fn(&mut Proof)| {
            let mut proof = easy();
            change(&mut proof);
            proof.verify().unwrap_err()
        };
        assert!(with(|proof| proof.genesis.0[0] ^= 1).contains("never ordered"));
        assert!(with(|proof| proof.signed.transfer.amount = Amount::MAX).contains("does not contain"));
        assert!(with(|proof| proof.header.bits = 0x0300_ffff).contains("No work"));
        assert!(with(|proof| proof.header.version = 2).contains("No work"));
        // Whoever mines a block of their own for it still cannot sign for the sender.
        let forged = with(|proof| {
            proof.signed.transfer.amount = Amount::from_units(1);
            proof.header.transactions_root = merkle::root(&[proof.signed.id()]);
            proof.inclusion = merkle::inclusion_proof(&[proof.signed.id()], 0).unwrap();
            let target = Target::from_bits(proof.header.bits).unwrap();
            proof.header.nonce = Midstate::new(&proof.header).search(target, 0, 1 << 20).unwrap();
        });
        assert!(forged.contains("never ordered"), "{forged}");
    }

    #[test]
    fn what_is_no_proof_is_refused() {
        let text = write(&easy());
        assert!(read("").is_err() && read("cairn-payment").is_err() && read("cairn-payments 1").is_err());
        assert!(
            read(&text.replace("payment 1", "payment 2"))
                .unwrap_err()
                .contains("newer")
        );
        assert!(read(&(text.clone() + "genesis 00\n")).unwrap_err().contains("more"));
        assert!(
            read(&text.replace("header ", "head "))
                .unwrap_err()
                .contains("“header”")
        );
        assert!(
            read(&text.replace("\nproof", "\n\nproof"))
                .unwrap_err()
                .contains("“proof”")
        );
        assert!(
            read(&(text + &" ".repeat(MAX_LEN) + "x"))
                .unwrap_err()
                .contains("too long")
        );
    }

    #[test]
    fn the_example_of_the_specification_holds() {
        let text = example();
        assert_eq!(write(&read(&text).unwrap()), text);
        let paid = verdict(&text).unwrap();
        assert_eq!((paid.genesis, paid.memo.as_str()), (GENESIS, "for the stones"));
        let sender = address::encode(&"dev".parse().unwrap(), &paid.sender);
        let specification = include_str!("../../../docs/payment-proof.md");
        for value in [
            sender,
            paid.id.to_string(),
            paid.header_hash.to_string(),
            file_name(&paid.id),
        ] {
            assert!(specification.contains(&value), "{value}");
        }
    }

    #[test]
    fn no_byte_can_be_changed_so_that_something_else_is_shown() {
        let text = example();
        let paid = verdict(&text).unwrap();
        let check = |changed: Vec<u8>| {
            if let Ok(changed) = String::from_utf8(changed)
                && let Ok(shown) = verdict(&changed)
            {
                assert_eq!(shown, paid, "{changed}");
            }
        };
        for position in 0..text.len() {
            for byte in b"0123456789abcdefA \n\r\x00" {
                let mut changed = text.clone().into_bytes();
                changed[position] = *byte;
                check(changed);
            }
            for bit in 0..8 {
                let mut changed = text.clone().into_bytes();
                changed[position] ^= 1 << bit;
                check(changed);
            }
            let mut changed = text.clone().into_bytes();
            let byte = changed.remove(position);
            check(changed.clone());
            changed.splice(position..position, [byte, byte]);
            check(changed);
        }
    }
}
