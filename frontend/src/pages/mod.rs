//! One module for each route.

pub(crate) mod account;
pub(crate) mod block;
pub(crate) mod check;
pub(crate) mod explorer;
pub(crate) mod mempool;
pub(crate) mod network;
pub(crate) mod not_found;
pub(crate) mod overview;
pub(crate) mod transaction;
pub(crate) mod verification;
pub(crate) mod wallet;
