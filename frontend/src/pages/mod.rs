//! One module for each route.

pub(crate) mod wallet;
