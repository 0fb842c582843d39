//! What a vault holds: a versioned record of a phrase and its accounts. It names no network: one vault serves all of them.

use alloc::{borrow::ToOwned, string::String, vec::Vec};
use core::fmt;

use super::VaultError;
use crate::{
    codec::{Decode, DecodeError, Encode, Reader, encode_list, encode_short_bytes},
    phrase::{Passphrase, Phrase},
};

/// The version of the record that is written.
const RECORD_VERSION: u16 = 1;

/// The record is filled up with zeros to a multiple of this, so that the length of a file tells neither the number of words
/// nor that there is a passphrase.
const PADDING: usize = 256;

/// What a vault holds.
#[derive(Debug, Clone)]
pub struct Contents {
    /// Counts the sealings; [`Contents::raise_revision`] raises it before each. It lies in the header, so that of two copies
    /// the newer is known without the password.
    pub revision: u64,
    /// Whether the person has shown to have the phrase or a backup.
    pub is_backed_up: bool,
    phrase: Phrase,
    passphrase: Passphrase,
    created_at_ms: u64,
    accounts: Vec<Account>,
}

/// One account of a wallet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The last step of its path `m/44'/7331'/index'`.
    pub index: u32,
    /// What the person calls it.
    pub name: AccountName,
}

/// Why accounts do not fit into a vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ContentsError {
    /// None, or more than 256.
    #[error("a vault has 1 to {} accounts", Contents::MAX_ACCOUNTS)]
    AccountCount,
    /// Two accounts have one index.
    #[error("account {index} is in the vault already")]
    DuplicateAccount {
        /// The index.
        index: u32,
    },
    /// The index is 2^31 or more.
    #[error("the index of an account is below 2147483648")]
    AccountIndex,
    /// The vault has no such account.
    #[error("the vault has no account {index}")]
    NoSuchAccount {
        /// The index.
        index: u32,
    },
}

impl Contents {
    /// The most accounts.
    pub const MAX_ACCOUNTS: usize = 256;

    /// The most bytes of the record, padding included.
    pub(super) const MAX_LEN: usize =
        (2 + (1 + 32) + (1 + Passphrase::MAX_LEN) + 8 + 1 + 4 + Self::MAX_ACCOUNTS * (4 + 1 + AccountName::MAX_LEN))
            .next_multiple_of(PADDING);

    /// A new wallet with one account.
    #[must_use]
    pub fn new(phrase: Phrase, passphrase: Passphrase, created_at_ms: u64, name: AccountName) -> Self {
        Self {
            revision: 1,
            is_backed_up: false,
            phrase,
            passphrase,
            created_at_ms,
            accounts: [Account { index: 0, name }].into(),
        }
    }

    /// Raises the revision by one before the contents are sealed again. The greatest stays: a file may bring it along.
    pub const fn raise_revision(&mut self) {
        self.revision = self.revision.saturating_add(1);
    }

    /// The phrase.
    #[must_use]
    pub const fn phrase(&self) -> &Phrase {
        &self.phrase
    }

    /// The passphrase; empty when there is none.
    #[must_use]
    pub const fn passphrase(&self) -> &Passphrase {
        &self.passphrase
    }

    /// When the wallet was made or restored, in milliseconds since 1970.
    #[must_use]
    pub const fn created_at_ms(&self) -> u64 {
        self.created_at_ms
    }

    /// The accounts, by index.
    #[must_use]
    pub fn accounts(&self) -> &[Account] {
        &self.accounts
    }

    /// Adds an account.
    ///
    /// # Errors
    /// Any [`ContentsError`] but [`ContentsError::NoSuchAccount`].
    pub fn add_account(&mut self, account: Account) -> Result<(), ContentsError> {
        let index = account.index;
        if self.accounts.len() == Self::MAX_ACCOUNTS {
            return Err(ContentsError::AccountCount);
        }
        if index >= 1 << 31 {
            return Err(ContentsError::AccountIndex);
        }
        match self.find(index) {
            Ok(_) => Err(ContentsError::DuplicateAccount { index }),
            Err(place) => {
                self.accounts.insert(place, account);
                Ok(())
            }
        }
    }

    /// Gives an account another name.
    ///
    /// # Errors
    /// [`ContentsError::NoSuchAccount`].
    pub fn rename_account(&mut self, index: u32, name: AccountName) -> Result<(), ContentsError> {
        let place = self.find(index).map_err(|_| ContentsError::NoSuchAccount { index })?;
        self.accounts[place].name = name;
        Ok(())
    }

    /// Takes an account out of the list; its coins and key remain. The last one stays.
    ///
    /// # Errors
    /// [`ContentsError::NoSuchAccount`], or [`ContentsError::AccountCount`] for the last one.
    pub fn remove_account(&mut self, index: u32) -> Result<(), ContentsError> {
        let place = self.find(index).map_err(|_| ContentsError::NoSuchAccount { index })?;
        if self.accounts.len() == 1 {
            return Err(ContentsError::AccountCount);
        }
        self.accounts.remove(place);
        Ok(())
    }

    fn find(&self, index: u32) -> Result<usize, usize> {
        self.accounts.binary_search_by_key(&index, |account| account.index)
    }

    /// Appends the record and its padding.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        RECORD_VERSION.encode(out);
        encode_short_bytes(self.phrase.entropy(), out);
        encode_short_bytes(self.passphrase.as_str().as_bytes(), out);
        self.created_at_ms.encode(out);
        u8::from(self.is_backed_up).encode(out);
        encode_list(&self.accounts, out);
        out.resize(out.len().next_multiple_of(PADDING), 0);
    }

    /// Reads a record; nothing but what [`Contents::write`] writes is read.
    pub(super) fn read(revision: u64, plaintext: &[u8]) -> Result<Self, VaultError> {
        let mut reader = Reader::new(plaintext);
        match u16::decode(&mut reader)? {
            RECORD_VERSION => Ok(Self::read_version_1(revision, plaintext.len(), &mut reader)?),
            0 => Err(DecodeError::Invalid { what: "record version" }.into()),
            version => Err(VaultError::NewerVersion { version }),
        }
    }

    fn read_version_1(revision: u64, len: usize, reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let invalid = |what| DecodeError::Invalid { what };
        let phrase = Phrase::from_entropy(reader.short_bytes("entropy", 32)?).map_err(|_| invalid("entropy"))?;
        let text = reader.short_bytes("passphrase", u8::MAX)?;
        let text = core::str::from_utf8(text).map_err(|_| invalid("passphrase"))?;
        let passphrase = Passphrase::new(text)
            .ok()
            .filter(|normal| normal.as_str() == text)
            .ok_or_else(|| invalid("passphrase"))?;
        let created_at_ms = u64::decode(reader)?;
        let is_backed_up = match u8::decode(reader)? {
            0 => false,
            1 => true,
            _ => return Err(invalid("backup mark")),
        };
        let accounts: Vec<Account> = reader.list("accounts", Self::MAX_ACCOUNTS as u32)?;
        if accounts.is_empty() || !accounts.is_sorted_by(|one, next| one.index < next.index) {
            return Err(invalid("list of accounts"));
        }
        let padding = reader.take(reader.remaining())?;
        if !len.is_multiple_of(PADDING) || padding.len() >= PADDING || padding.iter().any(|&byte| byte != 0) {
            return Err(invalid("padding"));
        }
        Ok(Self {
            revision,
            is_backed_up,
            phrase,
            passphrase,
            created_at_ms,
            accounts,
        })
    }
}

impl Encode for Account {
    fn encode(&self, out: &mut Vec<u8>) {
        self.index.encode(out);
        encode_short_bytes(self.name.as_str().as_bytes(), out);
    }
}

impl Decode for Account {
    const MIN_LEN: usize = 6;

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let index = u32::decode(reader)?;
        if index >= 1 << 31 {
            return Err(DecodeError::Invalid { what: "account index" });
        }
        let name = reader.short_bytes("account name", AccountName::MAX_LEN as u8)?;
        let name = core::str::from_utf8(name)
            .ok()
            .and_then(|text| AccountName::new(text).ok());
        let name = name.ok_or(DecodeError::Invalid { what: "account name" })?;
        Ok(Self { index, name })
    }
}

/// The name of an account: 1 to 64 bytes of UTF-8 without control characters.
#[derive(Clone, PartialEq, Eq)]
pub struct AccountName(String);

/// The text cannot be an account's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the name of an account has 1 to {} bytes and no control characters",
    AccountName::MAX_LEN
)]
pub struct AccountNameError;

impl AccountName {
    /// The most bytes.
    pub const MAX_LEN: usize = 64;

    /// A name.
    ///
    /// # Errors
    /// [`AccountNameError`] when it is empty, too long, or has control characters.
    pub fn new(text: &str) -> Result<Self, AccountNameError> {
        if text.is_empty() || text.len() > Self::MAX_LEN || text.chars().any(char::is_control) {
            return Err(AccountNameError);
        }
        Ok(Self(text.to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for AccountName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}
