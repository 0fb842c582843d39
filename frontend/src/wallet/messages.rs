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

use super::secret::{Secret, SecretBytes};

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
///
/// A request is sent as the number of its place here. A page that was open when its node was updated, without a service
/// worker, may start a newer worker: new requests stand last and none is taken out, so that no request becomes another one.
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
        /// The BIP-39 passphrase, which makes another wallet of the same words; empty for none.
        passphrase: Secret,
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
    /// Gives the public keys of accounts, whether they are in the wallet or not.
    Keys {
        /// The index of the first.
        from: u32,
        /// How many; no more than [`MAX_KEYS`] are given.
        count: u32,
    },
    /// Takes accounts into the wallet.
    AddAccounts {
        /// Index and name of each. One that is there already stays as it is; one without a name is called by its number.
        accounts: Vec<(u32, String)>,
    },
    /// Gives an account another name.
    RenameAccount {
        /// Which.
        index: u32,
        /// The name.
        name: String,
    },
    /// Takes an account out of the list. Its coins and its key remain.
    HideAccount {
        /// Which.
        index: u32,
    },
    /// Signs a transfer with the key of its sender.
    Sign {
        /// The canonical bytes of the transfer, in hex.
        transfer: String,
    },
    /// Signs a text, as `cairn wallet sign --message` does.
    SignMessage {
        /// The account that signs.
        index: u32,
        /// The text: at most [`shared::message::MAX_LEN`] bytes.
        message: String,
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
    /// Opens a backup file, and stores nothing.
    CheckBackup {
        /// The file, in hex.
        file: String,
        /// Its password.
        password: Secret,
    },
    /// Encrypts the vault under another password. That ends a passkey.
    ChangePassword {
        /// The password until now.
        old: Secret,
        /// The password from now on.
        new: Secret,
    },
    /// Removes the stored vault for good. No password: who forgot it and has the phrase must be able to begin anew.
    Remove,
    /// Says whether a passkey opens the vault, and what its authenticator is to be asked.
    Passkey,
    /// Lets a passkey open the vault as well, in place of an earlier one.
    AddPasskey {
        /// What the authenticator is to be asked.
        passkey: Passkey,
        /// What it answered.
        secret: SecretBytes,
    },
    /// Opens the stored vault.
    UnlockByPasskey {
        /// What the passkey's authenticator answered.
        secret: SecretBytes,
    },
    /// Lets the passkey open the vault no more. The password still does.
    RemovePasskey,
}

/// The most keys that [`Request::Keys`] is answered with.
pub const MAX_KEYS: u32 = 50;

/// What the authenticator of a passkey is asked (WebAuthn, the extension PRF). Neither is secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passkey {
    /// The id of its credential: 1 to 1,023 bytes.
    pub credential: Vec<u8>,
    /// The salt that it makes the secret from.
    pub salt: [u8; 32],
}

impl Request {
    /// The passwords and passphrases in it, which one person types in two ways on two keyboards.
    pub fn typed_mut(&mut self) -> impl Iterator<Item = &mut Secret> {
        let (first, second) = match self {
            Self::Unlock { password } | Self::Import { password, .. } | Self::CheckBackup { password, .. } => {
                (Some(password), None)
            }
            Self::Save { password, passphrase } => (Some(password), Some(passphrase)),
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
    /// The wallet is open. These are its accounts, by index; there is at least one.
    Open(Vec<Account>),
    /// Public keys of accounts, from the index on that was asked for.
    Keys(Vec<PublicKey>),
    /// A signed transfer.
    Signed {
        /// Its canonical bytes, in hex.
        transfer: String,
    },
    /// The signature of a text.
    Signature {
        /// In hex.
        signature: String,
    },
    /// An encrypted vault.
    File {
        /// Its bytes, in hex.
        file: String,
    },
    /// The passkey that opens the vault, if there is one.
    Passkey(Option<Passkey>),
}

/// Where a wallet stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Standing {
    /// No vault is stored for this chain.
    Absent,
    /// A vault is stored, and locked.
    Locked,
    /// The vault is open. These are its accounts, by index; there is at least one.
    Open(Vec<Account>),
}

/// An account, as far as the page may know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The last step of its path.
    pub index: u32,
    /// What its owner calls it.
    pub name: String,
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
    #[error("The wallet is locked. Nothing was done. Unlock it and try again.")]
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
    /// The BIP-39 passphrase is too long.
    #[error(
        "The passphrase has {bytes} bytes in its normal form, and at most {} are possible. Nothing was saved. Choose a shorter one, or none.",
        shared::phrase::Passphrase::MAX_LEN
    )]
    Passphrase {
        /// Its length.
        bytes: usize,
    },
    /// The password does not open the vault.
    #[error("That is not the password. Nothing was lost: try again, or restore the wallet from its phrase.")]
    WrongPassword,
    /// There were several wrong passwords, and the last one was a moment ago.
    #[error("Several wrong passwords came one after another. This one was not tried. Try again in {seconds} s.")]
    TooSoon {
        /// How long to wait, rounded up.
        seconds: u64,
    },
    /// A backup file is whole, but of another wallet.
    #[error(
        "The file opens with this password, but it holds another wallet, not the one that is open here. Nothing was changed. Export a backup of this one."
    )]
    OtherWallet,
    /// Another tab stored something since this one read.
    #[error(
        "Another tab changed the wallet meanwhile. Nothing was changed here. Lock the wallet, unlock it and try again."
    )]
    ChangedElsewhere,
    /// An account cannot be added, named or hidden so.
    #[error("{said}. Nothing was changed.")]
    Account {
        /// Why not.
        said: String,
    },
    /// No passkey is kept.
    #[error("No passkey opens this wallet. Nothing was lost: use the password.")]
    NoPasskey,
    /// The passkey that is kept does not open the vault, or cannot be kept.
    #[error("This passkey does not open the wallet. Nothing was lost: use the password.")]
    WrongPasskey,
    /// The vault cannot be read.
    #[error("{said}")]
    Vault {
        /// Why not.
        said: String,
    },
    /// This is nothing that this wallet signs.
    #[error("{said}. Nothing was signed.")]
    NotSigned {
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
            index: 0,
            name: "Main account".into(),
            key: PublicKey([3; 32]),
            path: "m/44'/7331'/0'".into(),
        };
        let passkey = Passkey {
            credential: vec![4; 1023],
            salt: [5; 32],
        };
        for result in [
            Ok(Reply::Done),
            Ok(Reply::Status(Standing::Absent)),
            Ok(Reply::Status(Standing::Open(vec![account.clone()]))),
            Ok(Reply::Open(vec![account.clone(), account])),
            Ok(Reply::Keys(vec![PublicKey([6; 32]); 50])),
            Ok(Reply::Passkey(Some(passkey))),
            Ok(Reply::Passkey(None)),
            Err(Failure::TooSoon { seconds: 60 }),
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
    fn no_request_becomes_another_in_a_newer_worker() {
        let number = |request: &Request| to_bytes(request)[0];
        let words = 12;
        let (password, secret) = (|| Secret::from("p"), || SecretBytes::new([1; 32]));
        for (request, expected) in [
            (Request::Status, 0),
            (Request::Create { words }, 1),
            (Request::Discard, 6),
            (Request::Unlock { password: password() }, 7),
            (Request::Lock, 8),
            (
                Request::Sign {
                    transfer: String::new(),
                },
                13,
            ),
            (Request::Export, 15),
            (
                Request::ChangePassword {
                    old: password(),
                    new: password(),
                },
                18,
            ),
            (Request::Remove, 19),
            (Request::Passkey, 20),
            (Request::UnlockByPasskey { secret: secret() }, 22),
            (Request::RemovePasskey, 23),
        ] {
            assert_eq!(number(&request), expected, "{request:?}");
        }
    }

    #[test]
    fn every_typed_text_is_found() {
        let typed =
            |mut request: Request| -> String { request.typed_mut().map(|text| text.expose().to_owned()).collect() };
        let change = Request::ChangePassword {
            old: "a".into(),
            new: "b".into(),
        };
        assert_eq!(typed(change), "ab");
        let save = Request::Save {
            password: "c".into(),
            passphrase: "d".into(),
        };
        assert_eq!(typed(save), "cd");
        let (file, password) = (|| "00".to_owned(), || "e".into());
        assert_eq!(
            typed(Request::Import {
                file: file(),
                password: password()
            }),
            "e"
        );
        assert_eq!(
            typed(Request::CheckBackup {
                file: file(),
                password: password()
            }),
            "e"
        );
        assert_eq!(typed(Request::Unlock { password: password() }), "e");
        assert_eq!(typed(Request::Status), "");
    }

    #[test]
    fn the_longest_message_with_a_secret_stays_in_place() {
        let question = Question {
            number: u32::MAX,
            genesis: Hash([7; 32]),
            request: Request::AddPasskey {
                passkey: Passkey {
                    credential: vec![0xff; 1023],
                    salt: [0xff; 32],
                },
                secret: SecretBytes::new([0xff; 32]),
            },
        };
        assert!(to_bytes(&question).len() < USUAL);
    }

    #[test]
    fn nothing_secret_is_printed() {
        let phrase = "legal winner";
        let secret = || phrase.into();
        let passkey = Passkey {
            credential: vec![1],
            salt: [2; 32],
        };
        for request in [
            Request::Restore { phrase: secret() },
            Request::Save {
                password: secret(),
                passphrase: secret(),
            },
            Request::CheckBackup {
                file: "00".into(),
                password: secret(),
            },
            Request::AddPasskey {
                passkey,
                secret: SecretBytes::new([213; 32]),
            },
            Request::UnlockByPasskey {
                secret: SecretBytes::new([213; 32]),
            },
        ] {
            let printed = format!("{request:?}");
            assert!(!printed.contains("winner") && !printed.contains("213"), "{printed}");
        }
    }
}
