//! Contacts, notes and outbox in the browser's storage: all tabs write there, and each sees what the others wrote.

use frontend::wallet::shelf::{Kind, Shelf};
use leptos::prelude::*;
use shared::address::Prefix;
use shared::hash::Hash;

use crate::browser::{store, stored};

/// What is kept of the chain of the open account.
#[derive(Clone, Copy)]
pub(super) struct Kept(RwSignal<Option<Shelf>>);

impl Kept {
    /// Nothing yet, but it listens to other tabs.
    pub(super) fn new() -> Self {
        let kept = Self(RwSignal::new(None));
        let handle = window_event_listener(leptos::ev::storage, move |event| {
            if let Some(name) = event.key() {
                kept.heard(&name);
            }
        });
        on_cleanup(move || handle.remove());
        kept
    }

    /// Another tab wrote. What lies there now counts: this tab may have written since.
    fn heard(self, name: &str) {
        self.0.maybe_update(|shelf| {
            let Some(shelf) = shelf else { return false };
            let kind = Kind::ALL.into_iter().find(|kind| shelf.name(*kind) == name);
            kind.is_some_and(|kind| read(shelf, kind))
        });
    }

    /// Reads what is kept of a chain.
    pub(super) fn follow(self, genesis: Hash, prefix: Prefix) {
        let mut shelf = Shelf::new(genesis, prefix);
        for kind in Kind::ALL {
            read(&mut shelf, kind);
        }
        self.0.set(Some(shelf));
    }

    /// Forgets what was read. It stays in the storage.
    pub(super) fn forget(self) {
        self.0.set(None);
    }

    /// Reads from it, and follows it where that is possible; nothing before an account is open.
    pub(super) fn with<T>(self, read: impl FnOnce(&Shelf) -> T) -> Option<T> {
        self.0.with(|shelf| shelf.as_ref().map(read))
    }

    /// Why a text cannot be read.
    pub(super) fn fault(self, kind: Kind) -> Signal<Option<String>> {
        Signal::derive(move || self.with(|shelf| shelf.fault(kind).map(str::to_owned)).flatten())
    }

    /// Changes one of the three on top of what lies in the storage now, and stores it. The outbox is changed even when it
    /// cannot be stored, so that a transfer is followed as long as the page is open.
    ///
    /// # Errors
    /// What `edit` refused, or why nothing was stored.
    pub(super) fn change(
        self,
        kind: Kind,
        edit: &mut dyn FnMut(&mut Shelf) -> Result<(), String>,
    ) -> Result<(), String> {
        let mut outcome = Ok(());
        self.0.maybe_update(|shelf| {
            let Some(shelf) = shelf else { return false };
            let mut is_changed = read(shelf, kind);
            let fault = shelf.fault(kind).map(str::to_owned);
            if kind == Kind::Outbox || fault.is_none() {
                outcome = edit(shelf);
            }
            if let Some(fault) = fault {
                outcome = Err(fault);
                return true;
            }
            if let Some(text) = shelf.changed(kind) {
                is_changed = true;
                if store(&shelf.name(kind), &text) {
                    shelf.stored(kind, text);
                } else {
                    outcome = Err(
                        "The browser did not store this: its storage is full or switched off. It is gone when the page \
                         is closed."
                            .to_owned(),
                    );
                }
            }
            is_changed
        });
        outcome
    }
}

fn read(shelf: &mut Shelf, kind: Kind) -> bool {
    stored(&shelf.name(kind)).is_some_and(|text| shelf.take(kind, text))
}
