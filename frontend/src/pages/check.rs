//! `/check`: among the wallet's screens, whose keys sign what is opened there.

pub(crate) use super::wallet::CheckPage;
