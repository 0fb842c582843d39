//! The browser's database, with up to four records for each chain, named by its genesis hash: two copies of the encrypted
//! vault, the count of wrong passwords, and what a passkey opens the vault with.

use js_sys::{Array, Function, Object, Promise, Reflect, Uint8Array};
use shared::hash::Hash;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{IdbDatabase, IdbFactory, IdbObjectStore, IdbOpenDbRequest, IdbRequest, IdbTransaction};

use super::copies::{Kept, choose};
use super::stored::{Change, Edit, Stored};
use crate::wallet::messages::Failure;

const DATABASE: &str = "cairn-wallet";
const VERSION: u32 = 1;
const VAULTS: &str = "vaults";

/// The open database.
#[derive(Debug)]
pub struct Store(IdbDatabase);

impl Store {
    /// Opens the database, and makes it when there is none.
    ///
    /// # Errors
    /// [`Failure::Storage`] when the browser refuses.
    pub async fn open() -> Result<Self, Failure> {
        open().await.map(Self).map_err(|error| failure(&error))
    }

    /// What is stored for a chain. A copy of the vault that storage damaged or lost is written again, if the browser takes
    /// it: a full disk does not stand between a person and the copy that is whole.
    ///
    /// # Errors
    /// [`Failure::Storage`] when the browser refuses.
    pub async fn read(&self, genesis: &Hash) -> Result<Stored, Failure> {
        let (needs_repair, stored) = self.found(genesis).await.map_err(|error| failure(&error))?;
        if needs_repair && let Ok(repaired) = self.repaired(genesis).await {
            return Ok(repaired);
        }
        Ok(stored)
    }

    /// Stores a change in one transaction, and returns when it is on the disk. `seen` is the vault that the change was
    /// made for: a removal or another vault that a tab stored since is not undone.
    ///
    /// # Errors
    /// When another tab stored something since: [`Failure::WalletExists`] where nothing was seen, [`Failure::NoWallet`]
    /// where nothing is left, else [`Failure::ChangedElsewhere`]. [`Failure::Storage`] when the browser refuses.
    pub async fn write(&self, genesis: &Hash, change: &Change, seen: Option<&[u8]>) -> Result<(), Failure> {
        if change.is_none() {
            return Ok(());
        }
        let found = self.written(genesis, change, seen).await;
        let found = found.map_err(|error| failure(&error))?;
        if found.as_deref() == seen {
            return Ok(());
        }
        Err(match (seen, found) {
            (None, _) => Failure::WalletExists,
            (_, None) => Failure::NoWallet,
            _ => Failure::ChangedElsewhere,
        })
    }

    /// Reads everything, and whether the copies of the vault need repair.
    async fn found(&self, genesis: &Hash) -> Result<(bool, Stored), JsValue> {
        let transaction = self.0.transaction_with_str(VAULTS)?;
        read(&transaction.object_store(VAULTS)?, genesis).await
    }

    /// Reads everything again and writes both copies of the vault, in one transaction.
    async fn repaired(&self, genesis: &Hash) -> Result<Stored, JsValue> {
        let transaction = self.durable()?;
        let done = completion(&transaction);
        let vaults = transaction.object_store(VAULTS)?;
        let (needs_repair, stored) = read(&vaults, genesis).await?;
        // Nothing but these requests may be awaited until here: a transaction without any completes by itself.
        if let Some(vault) = stored.vault.as_ref().filter(|_| needs_repair) {
            let [first, second, ..] = keys(genesis);
            put(&vaults, &first, vault)?;
            put(&vaults, &second, vault)?;
        }
        done.await?;
        Ok(stored)
    }

    /// Writes a change if `seen` is still the stored vault, and gives the vault that was stored before.
    async fn written(&self, genesis: &Hash, change: &Change, seen: Option<&[u8]>) -> Result<Option<Vec<u8>>, JsValue> {
        let transaction = self.durable()?;
        let done = completion(&transaction);
        let vaults = transaction.object_store(VAULTS)?;
        let (_, stored) = read(&vaults, genesis).await?;
        if stored.vault.as_deref() == seen {
            let edits = [&change.vault, &change.vault, &change.tries, &change.passkey];
            for (key, edit) in keys(genesis).iter().zip(edits) {
                match edit {
                    Edit::Keep => {}
                    Edit::Put(bytes) => put(&vaults, key, bytes)?,
                    Edit::Remove => vaults.delete(key).map(drop)?,
                }
            }
        }
        done.await?;
        Ok(stored.vault)
    }

    /// A transaction that is complete only when it is on the disk; browsers otherwise complete earlier.
    fn durable(&self) -> Result<IdbTransaction, JsValue> {
        let options = Object::new();
        Reflect::set(&options, &"durability".into(), &"strict".into())?;
        let begin: Function = Reflect::get(&self.0, &"transaction".into())?.dyn_into()?;
        let arguments = Array::of3(&VAULTS.into(), &"readwrite".into(), &options);
        begin.apply(&self.0, &arguments)?.dyn_into()
    }
}

/// The names of the records: the vault's two copies, the tries and the passkey.
fn keys(genesis: &Hash) -> [JsValue; 4] {
    ["", "/second", "/tries", "/passkey"].map(|end| {
        let mut key = genesis.to_string();
        key.push_str(end);
        key.into()
    })
}

fn put(vaults: &IdbObjectStore, key: &JsValue, bytes: &[u8]) -> Result<(), JsValue> {
    vaults.put_with_key(&Uint8Array::from(bytes), key).map(drop)
}

async fn open() -> Result<IdbDatabase, JsValue> {
    let factory: IdbFactory = Reflect::get(&js_sys::global(), &"indexedDB".into())?
        .dyn_into()
        .map_err(|_| JsValue::from("this browser has no database here"))?;
    let request: IdbOpenDbRequest = factory.open_with_u32(DATABASE, VERSION)?;
    let upgrading = request.clone();
    let upgrade = Closure::once_into_js(move || {
        if let Ok(database) = upgrading.result().and_then(JsCast::dyn_into::<IdbDatabase>) {
            let _ = database.create_object_store(VAULTS);
        }
    });
    request.set_onupgradeneeded(Some(upgrade.unchecked_ref()));
    outcome(&request).await?.dyn_into()
}

/// Reads the records, and says whether the copies of the vault need repair.
async fn read(vaults: &IdbObjectStore, genesis: &Hash) -> Result<(bool, Stored), JsValue> {
    // All are asked for before the first is awaited, so the transaction stays open until the last answer.
    let requests = keys(genesis).map(|key| vaults.get(&key).map(|request| outcome(&request)));
    let mut found = [const { None }; 4];
    for (found, request) in found.iter_mut().zip(requests) {
        let value = request?.await?.dyn_into::<Uint8Array>();
        *found = value.ok().map(|bytes| bytes.to_vec());
    }
    let [first, second, tries, passkey] = found;
    let (needs_repair, vault) = match choose(first, second) {
        Some(Kept { bytes, needs_repair }) => (needs_repair, Some(bytes)),
        None => (false, None),
    };
    Ok((needs_repair, Stored { vault, tries, passkey }))
}

/// Waits until a transaction is complete, from this call on.
fn completion(transaction: &IdbTransaction) -> JsFuture {
    let done = Promise::new(&mut |resolve, reject| {
        transaction.set_oncomplete(Some(&resolve));
        let failed = transaction.clone();
        let refuse = Closure::once_into_js(move || {
            let error = failed.error().map_or(JsValue::NULL, JsValue::from);
            let _ = reject.call1(&JsValue::NULL, &error);
        });
        transaction.set_onabort(Some(refuse.unchecked_ref()));
    });
    JsFuture::from(done)
}

/// Waits for a request's result, from this call on.
fn outcome(request: &IdbRequest) -> impl Future<Output = Result<JsValue, JsValue>> + use<> {
    let done = Promise::new(&mut |resolve, reject| {
        request.set_onsuccess(Some(&resolve));
        request.set_onerror(Some(&reject));
    });
    let request = request.clone();
    async move {
        match JsFuture::from(done).await {
            Ok(_) => request.result(),
            Err(_) => Err(request.error()?.map_or(JsValue::NULL, JsValue::from)),
        }
    }
}

fn name_of(error: &JsValue) -> Option<String> {
    Reflect::get(error, &"name".into()).ok()?.as_string()
}

fn failure(error: &JsValue) -> Failure {
    let message = Reflect::get(error, &"message".into())
        .ok()
        .and_then(|text| text.as_string());
    let said = message
        .filter(|text| !text.is_empty())
        .or_else(|| error.as_string())
        .or_else(|| name_of(error))
        .unwrap_or_else(|| "no reason given".to_owned());
    Failure::Storage { said }
}
