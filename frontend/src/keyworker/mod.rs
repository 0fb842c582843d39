//! The key worker: the only place where a phrase, a seed, a private key or the key of a vault is used.
//!
//! [`keeper`] decides everything and is tested natively. It hands on what concerns a password to `unlocking` (which counts the wrong
//! ones by [`tries`]), what concerns a passkey to `passkey`, and what an open vault does to `opened`. [`stored`] is what
//! lies in the database, [`copies`] chooses between the vault's two, and [`store`] is the database itself; [`envelope`]
//! takes messages across. The binary `worker` joins them.

pub mod copies;
pub mod envelope;
pub mod keeper;
mod opened;
mod passkey;
pub mod store;
pub mod stored;
pub mod tries;
mod unlocking;

#[cfg(test)]
mod tests;
