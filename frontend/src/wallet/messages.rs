//! What the page asks of the key worker, and what it answers: posted as bytes, which both sides wipe after use.
//!
//! Page and worker are built together, so the bytes need not describe themselves: that is postcard, which takes less code
//! than JSON.
//!
//! The worker never says a key, a seed or a password. It says a phrase once, when it made it, because a person must write
//! it down; and it says files, which are encrypted.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use shared::hash::Hash;
use shared::key::PublicKey;
use zeroize::Zeroizing;

use super::secret::Secret;

/// More than any message with a secret in it has. Longer ones, which carry encrypted files, may grow and so leave pieces.
const USUAL: usize = 4096;

/// The bytes of a message, wiped when dropped; none when it cannot be written.
#[must_use]
pub fn to_bytes(message: &impl Serialize) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(postcard::to_extend(message, Vec::with_capacity(USUAL)).unwrap_or_default())
}

/// Reads a message; nothing when the bytes are none.
#[must_use]
pub fn from_bytes<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    postcard::from_bytes(bytes).ok()
}

/// A question with its number, and the chain that it is about.
#[derive(Debug, Serialize, Deserialize)]
pub struct Question {
    /// Repeated in the answer.
    pub number: u32,
    /// The hash of the chain's genesis block, under which the vault is stored and for which transfers are signed.
    pub genesis: Hash,
    /// What is asked.
    pub request: Request,
}

/// What the key worker does.
#[derive(Debug, Serialize, Deserialize)]
pub enum Request {
    /// Says where the wallet stands.
    Status,
    /// Makes a phrase of so many words and says it.
    Create {
        /// 12 or 24.
        words: usize,
    },
    /// Says which words to ask back.
    Ask,
    /// Checks the words that were asked back, in the order of the places.
    Confirm {
        /// What was typed.
        answers: Vec<Secret>,
    },
    /// Takes a phrase that a person has.
    Restore {
        /// The words with spaces between them.
        phrase: Secret,
    },
    /// Encrypts the confirmed or restored phrase under a password and stores it.
    Save {
        /// The password.
        password: Secret,
    },
    /// Forgets a phrase that was not saved.
    Discard,
    /// Opens the stored vault.
    Unlock {
        /// The password.
        password: Secret,
    },
    /// Wipes every secret.
    Lock,
    /// Signs a transfer.
    Sign {
        /// The canonical bytes of the transfer, in hex.
        transfer: String,
    },
    /// Gives the stored vault, as it is: encrypted.
    Export,
    /// Opens a backup file and stores it.
    Import {
        /// The file, in hex.
        file: String,
        /// Its password.
        password: Secret,
    },
    /// Encrypts the vault under another password.
    ChangePassword {
        /// The password until now.
        old: Secret,
        /// The password from now on.
        new: Secret,
    },
    /// Removes the stored vault for good. No password: who forgot it and has the phrase must be able to begin anew.
    Remove,
}

impl Request {
    /// The passwords in it.
    pub fn passwords_mut(&mut self) -> impl Iterator<Item = &mut Secret> {
        let (first, second) = match self {
            Self::Save { password } | Self::Unlock { password } | Self::Import { password, .. } => {
                (Some(password), None)
            }
            Self::ChangePassword { old, new } => (Some(old), Some(new)),
            _ => (None, None),
        };
        first.into_iter().chain(second)
    }
}

/// The worker's answer.
#[derive(Debug, Serialize, Deserialize)]
pub struct Answer {
    /// The question's number.
    pub number: u32,
    /// What came of it.
    pub result: Result<Reply, Failure>,
}

/// What the worker says when all went well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    /// Where the wallet stands.
    Status(Standing),
    /// A new phrase, to be written down.
    Phrase {
        /// The words.
        words: Vec<Secret>,
    },
    /// Which words to ask back, counted from 1, in order.
    Places {
        /// The places.
        places: Vec<usize>,
    },
    /// Done, and nothing to say.
    Done,
    /// The wallet is open.
    Open(Account),
    /// A signed transfer.
    Signed {
        /// Its canonical bytes, in hex.
        transfer: String,
    },
    /// An encrypted vault.
    File {
        /// Its bytes, in hex.
        file: String,
    },
}

/// Where a wallet stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Standing {
    /// No vault is stored for this chain.
    Absent,
    /// A vault is stored, and locked.
    Locked,
    /// The vault is open.
    Open(Account),
}

/// An account, as far as the page may know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The public key.
    pub key: PublicKey,
    /// Where the key lies under the seed.
    pub path: String,
}

/// Why the worker did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum Failure {
    /// There is a wallet already.
    #[error(
        "There is a wallet for this chain in this browser already. It was not touched. Remove it in its settings first."
    )]
    WalletExists,
    /// There is no vault.
    #[error("There is no wallet for this chain in this browser. Create one, or restore yours from its phrase.")]
    NoWallet,
    /// The wallet is locked.
    #[error("The wallet is locked. Nothing was signed. Unlock it and try again.")]
    Locked,
    /// No phrase was made or restored before.
    #[error("There is no phrase to go on with. Nothing was saved. Begin again.")]
    NoPhrase,
    /// The words were not asked back.
    #[error("The phrase was not confirmed yet. Nothing was saved.")]
    NotConfirmed,
    /// A word that was asked back is another one.
    #[error(
        "Word {place} is another one. Look at what you wrote down: without the right words, the money is lost with this browser."
    )]
    WrongWord {
        /// Its place, counted from 1.
        place: usize,
    },
    /// The words are no phrase.
    #[error("{said}")]
    Phrase {
        /// Why not. It may hold a typed word: for the person who typed it alone.
        said: String,
    },
    /// The password does not open the vault.
    #[error("That is not the password. Nothing was lost: try again, or restore the wallet from its phrase.")]
    WrongPassword,
    /// The vault cannot be read.
    #[error("{said}")]
    Vault {
        /// Why not.
        said: String,
    },
    /// The transfer is not one that this wallet signs.
    #[error("{said}. Nothing was signed.")]
    Transfer {
        /// Why not.
        said: String,
    },
    /// The browser's storage refused.
    #[error(
        "The browser did not store the wallet ({said}). Your phrase is still right. Allow this site to store data, and try again."
    )]
    Storage {
        /// What the browser said.
        said: String,
    },
    /// The browser gave no randomness.
    #[error("The browser gave no random numbers, so no key can be made. Use another browser.")]
    Randomness,
    /// The worker itself failed.
    #[error("The part of the page that keeps keys has stopped. No money moved. Reload the page and unlock again.")]
    Stopped,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_and_answers_read_back() {
        let question = Question {
            number: 3,
            genesis: Hash([7; 32]),
            request: Request::Unlock {
                password: "stone".into(),
            },
        };
        let bytes = to_bytes(&question);
        assert!(bytes.len() < USUAL, "{}", bytes.len());
        let read: Question = from_bytes(&bytes).unwrap();
        assert_eq!((read.number, read.genesis), (3, Hash([7; 32])));
        assert!(matches!(read.request, Request::Unlock { password } if password.expose() == "stone"));

        let account = Account {
            key: PublicKey([3; 32]),
            path: "m/44'/7331'/0'".into(),
        };
        for result in [
            Ok(Reply::Done),
            Ok(Reply::Status(Standing::Absent)),
            Ok(Reply::Status(Standing::Open(account.clone()))),
            Ok(Reply::Open(account)),
            Err(Failure::WrongWord { place: 3 }),
        ] {
            let bytes = to_bytes(&Answer {
                number: 1,
                result: result.clone(),
            });
            assert_eq!(from_bytes::<Answer>(&bytes).unwrap().result, result);
            assert!(from_bytes::<Answer>(&bytes[..bytes.len() - 1]).is_none());
        }
        assert!(from_bytes::<Question>(&[]).is_none());
    }

    #[test]
    fn every_password_is_found() {
        let mut change = Request::ChangePassword {
            old: "a".into(),
            new: "b".into(),
        };
        assert_eq!(
            change
                .passwords_mut()
                .map(|password| password.expose().to_owned())
                .collect::<String>(),
            "ab"
        );
        let import = |password: &str| Request::Import {
            file: "00".into(),
            password: password.into(),
        };
        assert_eq!(import("c").passwords_mut().count(), 1);
        assert_eq!(Request::Status.passwords_mut().count(), 0);
    }

    #[test]
    fn nothing_secret_is_printed() {
        let request = Request::Restore {
            phrase: "legal winner".into(),
        };
        assert!(!format!("{request:?}").contains("winner"));
    }
}
