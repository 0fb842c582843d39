//! The browser's database, with two records for each chain: copies of the encrypted vault, named by the chain's genesis hash.

use js_sys::{Array, Function, Object, Promise, Reflect, Uint8Array};
use shared::hash::Hash;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{IdbDatabase, IdbFactory, IdbObjectStore, IdbOpenDbRequest, IdbRequest, IdbTransaction};

use super::copies::choose;
use super::keeper::Change;
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

    /// The vault of a chain. A copy that storage damaged or lost is written again.
    ///
    /// # Errors
    /// [`Failure::Storage`] when the browser refuses.
    pub async fn vault(&self, genesis: &Hash) -> Result<Option<Vec<u8>>, Failure> {
        let [first, second] = self.copies(genesis).await.map_err(|error| failure(&error))?;
        let Some(kept) = choose(first, second) else {
            return Ok(None);
        };
        if kept.needs_repair {
            return self.repaired(genesis).await.map_err(|error| failure(&error));
        }
        Ok(Some(kept.bytes))
    }

    /// Stores a change, and returns when it is on the disk.
    ///
    /// # Errors
    /// [`Failure::WalletExists`] when another tab stored one first, [`Failure::Storage`] when the browser refuses.
    pub async fn write(&self, genesis: &Hash, change: &Change) -> Result<(), Failure> {
        let done = match change {
            Change::Keep => return Ok(()),
            Change::Add(bytes) => {
                let bytes = Uint8Array::from(bytes.as_slice());
                self.writing(genesis, |vaults, key| vaults.add_with_key(&bytes, key))
                    .await
            }
            Change::Replace(bytes) => {
                let bytes = Uint8Array::from(bytes.as_slice());
                self.writing(genesis, |vaults, key| vaults.put_with_key(&bytes, key))
                    .await
            }
            Change::Remove => self.writing(genesis, IdbObjectStore::delete).await,
        };
        done.map_err(|error| match name_of(&error).as_deref() {
            Some("ConstraintError") => Failure::WalletExists,
            _ => failure(&error),
        })
    }

    async fn copies(&self, genesis: &Hash) -> Result<[Option<Vec<u8>>; 2], JsValue> {
        read(&self.0.transaction_with_str(VAULTS)?.object_store(VAULTS)?, genesis).await
    }

    /// Reads both copies and writes both again in one transaction: a removal or a new password that another tab stores
    /// meanwhile comes before all of it or after, and is not undone.
    async fn repaired(&self, genesis: &Hash) -> Result<Option<Vec<u8>>, JsValue> {
        let transaction = self.durable()?;
        let done = completion(&transaction);
        let vaults = transaction.object_store(VAULTS)?;
        let [first, second] = read(&vaults, genesis).await?;
        let kept = choose(first, second);
        if let Some(kept) = kept.as_ref().filter(|kept| kept.needs_repair) {
            // Nothing but these requests may be awaited until here: a transaction without any completes by itself.
            let bytes = Uint8Array::from(kept.bytes.as_slice());
            for key in keys(genesis) {
                vaults.put_with_key(&bytes, &key)?;
            }
        }
        done.await?;
        Ok(kept.map(|kept| kept.bytes))
    }

    /// Does the same to both copies, as one.
    async fn writing(
        &self,
        genesis: &Hash,
        act: impl Fn(&IdbObjectStore, &JsValue) -> Result<IdbRequest, JsValue>,
    ) -> Result<(), JsValue> {
        let transaction = self.durable()?;
        let vaults = transaction.object_store(VAULTS)?;
        for key in keys(genesis) {
            act(&vaults, &key)?;
        }
        completion(&transaction).await.map(|_| ())
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

/// The names of the two copies.
fn keys(genesis: &Hash) -> [JsValue; 2] {
    [genesis.to_string().into(), format!("{genesis}/second").into()]
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

/// Reads the two copies.
async fn read(vaults: &IdbObjectStore, genesis: &Hash) -> Result<[Option<Vec<u8>>; 2], JsValue> {
    let [first, second] = keys(genesis).map(|key| vaults.get(&key).map(|request| outcome(&request)));
    let (first, second) = (first?, second?);
    let found = [first.await?, second.await?];
    Ok(found.map(|found| found.dyn_into::<Uint8Array>().ok().map(|bytes| bytes.to_vec())))
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
