//! A passkey opens the vault beside its password: the record that is kept for it, and the steps with it.

use std::rc::Rc;

use shared::codec::{Decode, Encode};
use shared::vault::{self, SealedVault, VaultKey, WRAPPED_LEN};

use super::keeper::{Plan, World, nonce};
use super::opened::Open;
use super::stored::{self, Change, Edit, Stored};
use super::unlocking;
use crate::wallet::messages::{Failure, Passkey, Reply};
use crate::wallet::secret::SecretBytes;

/// The most bytes of a credential's id (WebAuthn, "Credential ID").
const MAX_CREDENTIAL_LEN: usize = 1023;

/// What is kept: what the authenticator is asked, and the vault's key, which its answer decrypts.
#[derive(Debug, PartialEq, Eq)]
struct Record {
    passkey: Passkey,
    wrapped: Vec<u8>,
}

impl Record {
    fn to_record(&self) -> Vec<u8> {
        stored::record(|out| {
            self.passkey.salt.encode(out);
            out.extend_from_slice(&self.wrapped);
            let len = u16::try_from(self.passkey.credential.len()).expect("checked when it was taken");
            len.encode(out);
            out.extend_from_slice(&self.passkey.credential);
        })
    }

    fn read(record: Option<&[u8]>) -> Option<Self> {
        let mut fields = stored::read(record)?;
        let salt = fields.array().ok()?;
        let wrapped = fields.take(WRAPPED_LEN).ok()?.to_vec();
        let len = u16::decode(&mut fields).ok()?;
        let credential = fields.take(len.into()).ok()?.to_vec();
        fields.finish().ok()?;
        let passkey = Passkey { credential, salt };
        Some(Self { passkey, wrapped })
    }
}

/// Says what the passkey is to be asked.
pub(super) fn tell(stored: &Stored) -> Plan {
    let record = stored
        .vault
        .as_ref()
        .and_then(|_| Record::read(stored.passkey.as_deref()));
    Plan::reply(Reply::Passkey(record.map(|record| record.passkey)))
}

/// Wraps the open vault's key for a passkey.
pub(super) fn add(
    key: &VaultKey,
    passkey: Passkey,
    secret: &SecretBytes,
    world: &mut impl World,
) -> Result<Plan, Failure> {
    if !(1..=MAX_CREDENTIAL_LEN).contains(&passkey.credential.len()) {
        return Err(Failure::WrongPasskey);
    }
    let wrapped = key.wrap(secret.expose(), nonce(world)?);
    Ok(Plan::reply(Reply::Done).storing(Change {
        passkey: Edit::Put(Record { passkey, wrapped }.to_record()),
        ..Change::default()
    }))
}

/// Opens the vault with what the authenticator answered. Nobody guesses 32 bytes, so wrong ones are not counted.
pub(super) fn unlock(secret: &SecretBytes, stored: &Stored) -> Result<Plan, Failure> {
    let bytes = stored.vault.as_deref().ok_or(Failure::NoWallet)?;
    let vault = SealedVault::parse(bytes).map_err(unlocking::failure)?;
    let record = Record::read(stored.passkey.as_deref()).ok_or(Failure::NoPasskey)?;
    let key = vault
        .unwrap_key(&record.wrapped, secret.expose())
        .map_err(|_| Failure::WrongPasskey)?;
    let contents = vault.open(&key).map_err(|error| match error {
        vault::VaultError::WrongPassword => Failure::WrongPasskey,
        error => unlocking::failure(error),
    })?;
    Ok(Open::new(&contents, Rc::new(key)).plan(Change::default()))
}

/// Removes the record.
pub(super) fn remove() -> Plan {
    Plan::reply(Reply::Done).storing(Change {
        passkey: Edit::Remove,
        ..Change::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_reads_back_and_a_damaged_one_counts_as_none() {
        for len in [1, 64, MAX_CREDENTIAL_LEN] {
            let record = Record {
                passkey: Passkey {
                    credential: vec![3; len],
                    salt: [4; 32],
                },
                wrapped: vec![5; WRAPPED_LEN],
            };
            let bytes = record.to_record();
            assert_eq!(bytes.len(), 2 + 32 + 72 + 2 + len + 8);
            assert_eq!(Record::read(Some(&bytes)), Some(record));
            for place in 0..bytes.len() {
                let mut damaged = bytes.clone();
                damaged[place] ^= 0x40;
                assert_eq!(Record::read(Some(&damaged)), None, "byte {place}");
                assert_eq!(Record::read(Some(&bytes[..place])), None, "cut at {place}");
            }
        }
    }
}
