//! Whether the node's chain is still the one that this browser saw.

use frontend::view::verify::{self, Outcome};
use frontend::wallet::known::{Seen, UNSETTLED};
use leptos::prelude::*;
use shared::api::{BlockList, HeaderJson};
use shared::hash::Hash;

use super::session::{Phase, Wallet};
use crate::api;
use crate::browser::{store, stored};
use crate::follow::effect;
use crate::live::{Live, use_live};

impl Wallet {
    /// Compares the chain with what was seen of it, whenever it changes while the wallet is open.
    pub(super) fn watch_chain(self, live: Live) {
        effect(move || {
            live.track_chain();
            live.track_undone();
            let is_open = self.phase.with(|phase| matches!(phase, Phase::Open(_)));
            let genesis = live.with(|status| status.genesis_hash);
            if let Some(genesis) = genesis.filter(|_| is_open) {
                crate::browser::spawn(self.compare(genesis, false));
            }
        });
    }

    /// Compares once; or takes the chain as it is, when the person has seen that it changed.
    async fn compare(self, genesis: Hash, is_understood: bool) {
        // One more than is left aside: where one block came, the one that was seen last is among them.
        let Ok(newest) = headers(None, UNSETTLED + 2).await else {
            return;
        };
        let Some(tip) = newest.first().map(|header| header.height) else {
            return;
        };
        let name = ["cairn.", &genesis.to_string(), ".seen"].concat();
        let seen = stored(&name).and_then(|text| Seen::read(&text));
        if let Some(seen) = seen.filter(|_| !is_understood) {
            let at = |headers: &[HeaderJson]| Some(headers.iter().find(|header| header.height == seen.height)?.hash);
            let mut found = at(&newest);
            if found.is_none() && tip > seen.height {
                match headers(Some(seen.height + 1), 1).await {
                    Ok(asked) => found = at(&asked),
                    Err(_) => return,
                }
            }
            let said = seen.change_sentence(tip, found.as_ref());
            // What was said stays until it is understood: nothing newer takes the place of what was seen.
            if said.is_some() || self.chain_change.with_untracked(Option::is_some) {
                if said.is_some() {
                    self.chain_change.set(said);
                }
                return;
            }
        }
        let settled = newest
            .iter()
            .find(|header| header.height == tip.saturating_sub(UNSETTLED));
        let is_sound = |header: &&HeaderJson| {
            let steps = verify::header(header, &genesis);
            steps.iter().all(|step| step.outcome != Outcome::Refuted)
        };
        if let Some(header) = settled.filter(is_sound) {
            let seen = Seen {
                height: header.height,
                hash: header.hash,
                tip,
            };
            store(&name, &seen.to_string());
        }
    }

    /// What is said of a chain that changed, with a button to take it as it is.
    pub(super) fn chain_notice(self) -> impl IntoView {
        let live = use_live();
        let understand = move |_| {
            self.chain_change.set(None);
            live.prove_anew();
            if let Some(genesis) = self.genesis() {
                crate::browser::spawn(self.compare(genesis, true));
            }
        };
        move || {
            let said = self.chain_change.get()?;
            Some(view! {
                <div class="notice notice-waiting" role="alert">
                    <p class="notice-title">"Another chain than before"</p>
                    <p>{said}</p>
                    <button type="button" class="button" on:click=understand>"Understood"</button>
                </div>
            })
        }
    }
}

/// The newest headers below a height, newest first.
async fn headers(before: Option<u64>, limit: u64) -> Result<Vec<HeaderJson>, api::Failure> {
    let mut path = format!("/blockchain/blocks?limit={limit}");
    if let Some(before) = before {
        path.push_str(&format!("&before={before}"));
    }
    let list = api::get::<BlockList>(&path).await?;
    Ok(list.blocks.into_iter().map(|block| block.header).collect())
}
