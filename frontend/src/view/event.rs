//! The node's events, as far as the page follows them.
//!
//! Read by hand by their type: the code that serde makes for tagged data would be the largest part of the page.

use shared::api::{BlockSummary, Status};

use crate::json::{self, Object};

/// What was heard.
#[derive(Debug, Clone, PartialEq)]
pub enum Heard {
    /// Where the node stands.
    Status(Status),
    /// A block lies on the tip.
    Block(BlockSummary),
    /// All blocks above this height were taken back.
    Reorganisation {
        /// The last block that stays.
        fork_height: u64,
    },
    /// The mempool changed.
    Pool,
    /// Events were missed.
    Reset,
}

/// Reads the data of an event; nothing for one that the page does not know.
#[must_use]
pub fn read(text: &str) -> Option<Heard> {
    let mut fields: Object = json::read(text).ok()?;
    Some(match fields.take::<String>("type").ok()?.as_str() {
        "status" => Heard::Status(json::FromFields::from_fields(&mut fields).ok()?),
        "block" => Heard::Block(json::FromFields::from_fields(&mut fields).ok()?),
        "reorganisation" => Heard::Reorganisation {
            fork_height: fields.take("fork_height").ok()?,
        },
        "pending" | "dropped" => Heard::Pool,
        "reset" => Heard::Reset,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::amount::Amount;
    use shared::api::{Decimal, Event, HeaderJson};
    use shared::hash::Hash;

    fn heard(event: &Event) -> Option<Heard> {
        read(&serde_json::to_string(event).unwrap())
    }

    #[test]
    fn blocks_are_read_whole() {
        let header = HeaderJson {
            height: 3,
            hash: Hash([1; 32]),
            version: 1,
            previous_hash: Hash([2; 32]),
            history_root: Hash([3; 32]),
            transactions_root: Hash([4; 32]),
            state_root: Hash([5; 32]),
            timestamp: 6,
            bits: 7,
            nonce: Decimal::from(8),
            work: Decimal::from(9),
        };
        let reward = Amount::from_units(10);
        let block = BlockSummary {
            header,
            size: 11,
            transaction_count: 12,
            miner_address: None,
            reward,
        };
        assert_eq!(heard(&Event::Block(block.clone())), Some(Heard::Block(block)));
    }

    #[test]
    fn the_rest_is_read_as_far_as_it_matters() {
        let (old_tip, new_tip) = (Hash([1; 32]), Hash([2; 32]));
        let event = Event::Reorganisation {
            fork_height: 5,
            old_tip,
            new_tip,
        };
        assert_eq!(heard(&event), Some(Heard::Reorganisation { fork_height: 5 }));
        let event = Event::Dropped {
            id: old_tip,
            reason: "expired".into(),
            replaced_by: None,
        };
        assert_eq!(heard(&event), Some(Heard::Pool));
        assert_eq!(heard(&Event::Reset {}), Some(Heard::Reset));
        assert_eq!(read("{\"type\":\"new\"}"), None);
        assert_eq!(read("nonsense"), None);
    }
}
