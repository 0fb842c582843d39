//! The writer's part in transfers that come back: from undone blocks, and from the store.

use std::collections::BTreeMap;

use shared::{key::PublicKey, rules::Tip, state::Account, transaction::SignedTransfer};

use super::{Event, writer::Writer};
use crate::{
    chain::Step,
    mempool::{DropReason, Dropped, Taken},
    store::StoreError,
    verify::verify_transfers,
};

impl Writer {
    /// Takes the transfers of undone blocks back into the mempool, unless they were mined again.
    pub(super) fn give_back(
        &mut self,
        step: &Step,
        tip: &Tip,
        taken: &Taken,
        changed: &mut BTreeMap<PublicKey, Account>,
    ) {
        let now_ms = self.clock.now_ms();
        for block in &step.undone {
            let touched = block
                .transfers
                .iter()
                .flat_map(|signed| [signed.transfer.sender, signed.transfer.recipient])
                .chain([block.reward.recipient]);
            changed.extend(touched.map(|key| (key, tip.accounts().get(&key.0))));
            let back: Vec<SignedTransfer> = block
                .transfers
                .iter()
                .filter(|signed| taken.by(&signed.transfer) != Some(signed.id()))
                .cloned()
                .collect();
            for verdict in verify_transfers(&back, &self.network.genesis_hash()) {
                // They were in a verified block.
                let Ok(transfer) = verdict else { continue };
                let (id, account) = (transfer.id(), tip.accounts().get(&transfer.transfer().sender.0));
                match self.mempool.restore(transfer, account, now_ms, taken) {
                    Ok(entry) => {
                        let store = self.chain.storage_mut();
                        store.put_pending(&id, entry.transfer.signed(), now_ms);
                        let waiting = self.mempool.is_waiting(&entry);
                        self.news.push(Event::Pending { entry, waiting });
                    }
                    Err(reason) => self.forget(&[Dropped { id, reason }]),
                }
            }
        }
    }

    /// Takes the stored pending transfers, as far as the chain still has room for them.
    pub(super) fn load_pending(&mut self) -> Result<(), StoreError> {
        let mut stored: Vec<(SignedTransfer, u64)> =
            self.chain.storage().reader().pending().collect::<Result<_, _>>()?;
        if stored.is_empty() {
            return Ok(());
        }
        stored.sort_by_key(|(signed, since_ms)| (*since_ms, signed.transfer.sender, signed.transfer.nonce));
        let (transfers, times): (Vec<_>, Vec<_>) = stored.into_iter().unzip();
        let verdicts = verify_transfers(&transfers, &self.network.genesis_hash());
        let mut changed = BTreeMap::new();
        let mut dropped = Vec::new();
        for ((verdict, signed), since_ms) in verdicts.into_iter().zip(&transfers).zip(times) {
            let sender = signed.transfer.sender;
            let account = self.account(&sender);
            changed.insert(sender, account);
            let restored = verdict
                .map_err(|_| DropReason::Invalid)
                .and_then(|transfer| self.mempool.restore(transfer, account, since_ms, &Taken::default()));
            if let Err(reason) = restored {
                let id = signed.id();
                dropped.push(Dropped { id, reason });
            }
        }
        let height = self.chain.tip().height();
        dropped.extend(self.mempool.return_to(height, changed, &Taken::default()));
        dropped.extend(self.mempool.expire(self.clock.now_ms()));
        self.forget(&dropped);
        if self.is_dirty {
            self.chain.storage_mut().persist()?;
            self.is_dirty = false;
        }
        Ok(())
    }
}
