//! The example of docs/vault.md.

use shared::{
    slip10,
    vault::{self, KdfParams, SealedVault, VaultError, needs_upgrade},
};

const EXAMPLE: &[u8] = include_bytes!("../../vectors/vault-example.cairnvault");

/// Opens the file, which another program made from docs/vault.md with other implementations of its algorithms, and seals it
/// again to the same bytes.
pub(crate) fn vault_example() {
    assert_eq!(hex_of(include_str!("../../../docs/vault.md")), hex::encode(EXAMPLE));
    let sealed = SealedVault::parse(EXAMPLE).unwrap();
    assert_eq!((sealed.revision(), sealed.params()), (3, KdfParams::DEFAULT));
    assert!(!needs_upgrade(&sealed.params()));
    let (contents, key) = vault::unlock(EXAMPLE, "pebble U\u{308}ber granite").unwrap();
    assert_eq!(
        contents.phrase().to_text().as_str(),
        "legal winner thank year wave sausage worth useful legal winner thank yellow"
    );
    assert_eq!(contents.passphrase().as_str(), "Gru\u{308}\u{df}e");
    assert_eq!(
        (contents.created_at_ms(), contents.is_backed_up),
        (1_767_225_600_000, true)
    );
    let accounts: Vec<_> = contents
        .accounts()
        .iter()
        .map(|account| (account.index, account.name.as_str()))
        .collect();
    assert_eq!(accounts, [(0, "Main"), (3, "Travel ✈")]);

    let seed = contents.phrase().seed(contents.passphrase());
    let public = |index| slip10::account_key(&seed, index).unwrap().public_key().to_string();
    assert_eq!(
        public(0),
        "d89ed1b83d2c7c34e28d62e4f0b8b5c35feb51cb4716508dca54b1b5230da6bd"
    );
    assert_eq!(
        public(3),
        "ba6a2e9d04b9d459956913c15479b8faf7f0ebda2ecfb15bda38620e1da19cc8"
    );

    let nonce = core::array::from_fn(|place| 0x40 + place as u8);
    assert_eq!(key.seal(nonce, &contents), EXAMPLE);
    assert_eq!(vault::open(EXAMPLE, "pebble").unwrap_err(), VaultError::WrongPassword);

    let secret = core::array::from_fn(|place| 0x80 + place as u8);
    let wrapped = key.wrap(&secret, core::array::from_fn(|place| 0xc0 + place as u8));
    let document = include_str!("../../../docs/vault.md");
    let (_, section) = document.split_once("## Another way to open it").unwrap();
    assert_eq!(hex_of(section), hex::encode(&wrapped));
    let unwrapped = sealed.unwrap_key(&wrapped, &secret).unwrap();
    assert_eq!(unwrapped.seal(nonce, &contents), EXAMPLE);
}

/// The digits of a document's `hex` block, without its comments.
fn hex_of(document: &str) -> String {
    let (_, block) = document.split_once("```hex\n").unwrap();
    let (block, _) = block.split_once("```").unwrap();
    block.lines().filter(|line| !line.starts_with('#')).collect()
}
