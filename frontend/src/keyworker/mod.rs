//! The key worker: the only place where a phrase, a seed, a private key or the key of a vault is used.
//!
//! [`keeper`] decides everything and is tested natively, as is [`copies`]; [`store`] is the browser's database; [`envelope`] takes
//! messages across. The binary `worker` joins them.

pub mod copies;
pub mod envelope;
pub mod keeper;
pub mod store;
