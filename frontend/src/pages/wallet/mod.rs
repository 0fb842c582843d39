//! The wallet's screens. What they compute is in the library's `wallet`; keys are in the key worker alone.

mod accounts;
mod activity;
mod choose_password;
mod contacts;
mod gate;
mod home;
mod keeping;
mod keys;
mod ledger;
mod new;
mod parts;
mod passkey;
mod passphrase;
mod receive;
mod restore;
mod review;
mod seen;
mod send;
mod sent;
mod session;
mod settings;
mod sign;
mod words;

pub(crate) use activity::WalletActivity;
pub(crate) use contacts::WalletContacts;
pub(crate) use home::WalletHome;
pub(crate) use new::WalletNew;
pub(crate) use receive::WalletReceive;
pub(crate) use restore::WalletRestore;
pub(crate) use send::WalletSend;
pub(crate) use session::provide_wallet;
pub(crate) use settings::WalletSettings;
pub(crate) use sign::WalletSign;
