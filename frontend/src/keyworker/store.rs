//! The browser's database, with one record for each chain: the encrypted vault, named by the chain's genesis hash.

use js_sys::{Array, Function, Object, Promise, Reflect, Uint8Array};
use shared::hash::Hash;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{IdbDatabase, IdbFactory, IdbObjectStore, IdbOpenDbRequest, IdbRequest, IdbTransaction};

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

    /// The vault of a chain.
    ///
    /// # Errors
    /// [`Failure::Storage`] when the browser refuses.
    pub async fn vault(&self, genesis: &Hash) -> Result<Option<Vec<u8>>, Failure> {
        self.get(genesis).await.map_err(|error| failure(&error))
    }

    /// Stores a change, and returns when it is on the disk.
    ///
    /// # Errors
    /// [`Failure::WalletExists`] when another tab stored one first, [`Failure::Storage`] when the browser refuses.
    pub async fn write(&self, genesis: &Hash, change: &Change) -> Result<(), Failure> {
        let key = JsValue::from(genesis.to_string());
        let done = match change {
            Change::Keep => return Ok(()),
            Change::Add(bytes) => {
                self.writing(|vaults| vaults.add_with_key(&Uint8Array::from(bytes.as_slice()), &key))
                    .await
            }
            Change::Replace(bytes) => {
                self.writing(|vaults| vaults.put_with_key(&Uint8Array::from(bytes.as_slice()), &key))
                    .await
            }
            Change::Remove => self.writing(|vaults| vaults.delete(&key)).await,
        };
        done.map_err(|error| match name_of(&error).as_deref() {
            Some("ConstraintError") => Failure::WalletExists,
            _ => failure(&error),
        })
    }

    async fn get(&self, genesis: &Hash) -> Result<Option<Vec<u8>>, JsValue> {
        let vaults = self.0.transaction_with_str(VAULTS)?.object_store(VAULTS)?;
        let found = outcome(&vaults.get(&genesis.to_string().into())?).await?;
        Ok(found.dyn_into::<Uint8Array>().ok().map(|bytes| bytes.to_vec()))
    }

    async fn writing(&self, act: impl FnOnce(&IdbObjectStore) -> Result<IdbRequest, JsValue>) -> Result<(), JsValue> {
        let transaction = self.durable()?;
        act(&transaction.object_store(VAULTS)?)?;
        let done = Promise::new(&mut |resolve, reject| {
            transaction.set_oncomplete(Some(&resolve));
            let failed = transaction.clone();
            let refuse = Closure::once_into_js(move || {
                let error = failed.error().map_or(JsValue::NULL, JsValue::from);
                let _ = reject.call1(&JsValue::NULL, &error);
            });
            transaction.set_onabort(Some(refuse.unchecked_ref()));
        });
        JsFuture::from(done).await.map(|_| ())
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

/// Waits for a request's result.
async fn outcome(request: &IdbRequest) -> Result<JsValue, JsValue> {
    let done = Promise::new(&mut |resolve, reject| {
        request.set_onsuccess(Some(&resolve));
        request.set_onerror(Some(&reject));
    });
    match JsFuture::from(done).await {
        Ok(_) => request.result(),
        Err(_) => Err(request.error()?.map_or(JsValue::NULL, JsValue::from)),
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
