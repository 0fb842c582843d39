//! The page's addresses: which screen a path names.

/// A screen. What it shows of many things (which block, which account) is [`parameter`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Screen {
    /// `/`
    Overview,
    /// `/wallet`
    Wallet,
    /// `/wallet/new`
    WalletNew,
    /// `/wallet/restore`
    WalletRestore,
    /// `/wallet/send`
    WalletSend,
    /// `/wallet/receive`
    WalletReceive,
    /// `/wallet/activity`
    WalletActivity,
    /// `/wallet/contacts`
    WalletContacts,
    /// `/wallet/sign`
    WalletSign,
    /// `/wallet/settings`
    WalletSettings,
    /// `/explorer`
    Explorer,
    /// `/explorer/blocks/:id`
    Block,
    /// `/explorer/transactions/:id`
    Transaction,
    /// `/explorer/accounts/:address`
    Account,
    /// `/mempool`
    Mempool,
    /// `/network`
    Network,
    /// `/check`
    Check,
    /// Any other.
    NotFound,
}

/// The screen that a path names. A slash at the end is forgiven.
#[must_use]
pub fn screen(path: &str) -> Screen {
    let mut parts = [""; 4];
    let mut count = 0;
    for part in path.split('/').filter(|part| !part.is_empty()) {
        let Some(place) = parts.get_mut(count) else {
            return Screen::NotFound;
        };
        *place = part;
        count += 1;
    }
    match &parts[..count] {
        [] => Screen::Overview,
        ["wallet"] => Screen::Wallet,
        ["wallet", "new"] => Screen::WalletNew,
        ["wallet", "restore"] => Screen::WalletRestore,
        ["wallet", "send"] => Screen::WalletSend,
        ["wallet", "receive"] => Screen::WalletReceive,
        ["wallet", "activity"] => Screen::WalletActivity,
        ["wallet", "contacts"] => Screen::WalletContacts,
        ["wallet", "sign"] => Screen::WalletSign,
        ["wallet", "settings"] => Screen::WalletSettings,
        ["explorer"] => Screen::Explorer,
        ["explorer", "blocks", _] => Screen::Block,
        ["explorer", "transactions", _] => Screen::Transaction,
        ["explorer", "accounts", _] => Screen::Account,
        ["mempool"] => Screen::Mempool,
        ["network"] => Screen::Network,
        ["check"] => Screen::Check,
        _ => Screen::NotFound,
    }
}

/// The part of a path after `prefix`: `5` of `/explorer/blocks/5`. Nothing when the path is another screen's.
#[must_use]
pub fn parameter<'a>(path: &'a str, prefix: &str) -> Option<&'a str> {
    let rest = path.strip_prefix(prefix)?.strip_prefix('/')?.trim_end_matches('/');
    (!rest.is_empty() && !rest.contains('/')).then_some(rest)
}

/// Whether a link to `href` leads to where the page is, or (unless `exact`) to a place above it.
#[must_use]
pub fn is_current(path: &str, href: &str, exact: bool) -> bool {
    let (path, href) = (path.trim_end_matches('/'), href.trim_end_matches('/'));
    path == href || !exact && path.strip_prefix(href).is_some_and(|rest| rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_path_has_its_screen() {
        let screens = [
            ("/", Screen::Overview),
            ("", Screen::Overview),
            ("/wallet", Screen::Wallet),
            ("/wallet/", Screen::Wallet),
            ("/wallet/send", Screen::WalletSend),
            ("/explorer/blocks/5", Screen::Block),
            ("/explorer/accounts/dev1x", Screen::Account),
            ("/explorer/blocks", Screen::NotFound),
            ("/explorer/blocks/5/6", Screen::NotFound),
            ("/a/b/c/d/e/f", Screen::NotFound),
            ("/Wallet", Screen::NotFound),
        ];
        for (path, expected) in screens {
            assert_eq!(screen(path), expected, "{path}");
        }
    }

    #[test]
    fn a_parameter_is_one_part() {
        assert_eq!(parameter("/explorer/blocks/5", "/explorer/blocks"), Some("5"));
        assert_eq!(parameter("/explorer/blocks/5/", "/explorer/blocks"), Some("5"));
        assert_eq!(parameter("/explorer/blocks", "/explorer/blocks"), None);
        assert_eq!(parameter("/explorer/blocks/5/6", "/explorer/blocks"), None);
        assert_eq!(parameter("/mempool", "/explorer/blocks"), None);
    }

    #[test]
    fn links_know_where_they_are() {
        assert!(is_current("/wallet/send", "/wallet", false));
        assert!(!is_current("/wallet/send", "/wallet", true));
        assert!(!is_current("/wallets", "/wallet", false));
        assert!(is_current("/", "/", true) && !is_current("/wallet", "/", true));
    }
}
