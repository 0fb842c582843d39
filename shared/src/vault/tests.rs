//! Tests of the vault at its lowest cost, where they take milliseconds.

use alloc::vec::Vec;

use super::*;
use crate::phrase::{Passphrase, Phrase};

const PASSWORD: &str = "correct horse";

fn low_cost() -> KdfParams {
    KdfParams::new(19 * 1024, 1, 1).unwrap()
}

fn contents() -> Contents {
    let phrase = Phrase::from_entropy(&[0x42; 16]).unwrap();
    let passphrase = Passphrase::new("Übermut").unwrap();
    let name = AccountName::new("Savings").unwrap();
    Contents::new(phrase, passphrase, 1_700_000_000_000, name)
}

fn key() -> VaultKey {
    VaultKey::derive(PASSWORD, low_cost(), [1; SALT_LEN]).unwrap()
}

/// Puts a right checksum behind changed bytes.
fn with_checksum(mut body: Vec<u8>) -> Vec<u8> {
    let checksum = checksum(&body);
    body.extend_from_slice(&checksum);
    body
}

#[test]
fn the_revision_counts_up_and_stays_at_its_greatest() {
    let mut contents = contents();
    let before = contents.revision;
    contents.raise_revision();
    assert_eq!(contents.revision, before + 1);
    contents.revision = u64::MAX;
    contents.raise_revision();
    assert_eq!(contents.revision, u64::MAX);
}

#[test]
fn what_is_sealed_opens() {
    let mut contents = contents();
    contents.revision = 7;
    contents.is_backed_up = true;
    let name = AccountName::new("Reisen ✈").unwrap();
    contents.add_account(Account { index: 4, name }).unwrap();
    let bytes = seal(PASSWORD, low_cost(), [1; SALT_LEN], [2; NONCE_LEN], &contents).unwrap();
    let (opened, key) = unlock(&bytes, PASSWORD).unwrap();
    assert_eq!(opened.phrase().entropy(), [0x42; 16]);
    assert_eq!(opened.passphrase().as_str(), contents.passphrase().as_str());
    assert_eq!(opened.created_at_ms(), 1_700_000_000_000);
    assert_eq!(opened.accounts(), contents.accounts());
    assert_eq!((opened.revision, opened.is_backed_up), (7, true));
    assert_eq!(SealedVault::parse(&bytes).unwrap().revision(), 7);
    assert_eq!(key.seal([2; NONCE_LEN], &opened), bytes);
}

#[test]
fn a_wrong_password_is_told_from_damage_at_every_byte() {
    let key = key();
    let other = VaultKey::derive("Correct horse", low_cost(), [1; SALT_LEN]).unwrap();
    let bytes = key.seal([2; NONCE_LEN], &contents());
    let wrong = SealedVault::parse(&bytes).unwrap().open(&other);
    assert_eq!(wrong.unwrap_err(), VaultError::WrongPassword);
    for place in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[place] ^= 0x10;
        let expected = if place < MAGIC.len() {
            VaultError::NotAVault
        } else {
            VaultError::Damaged
        };
        assert_eq!(SealedVault::parse(&damaged).unwrap_err(), expected, "byte {place}");
        let cut = SealedVault::parse(&bytes[..place]).unwrap_err();
        let expected = if place < MAGIC.len() {
            VaultError::NotAVault
        } else {
            VaultError::Damaged
        };
        assert_eq!(cut, expected, "cut at {place}");
    }
}

#[test]
fn whoever_fits_the_checksum_still_cannot_change_a_byte() {
    let key = key();
    let bytes = key.seal([2; NONCE_LEN], &contents());
    let body = &bytes[..bytes.len() - CHECKSUM_LEN];
    for place in MAGIC.len()..body.len() {
        let mut changed = body.to_vec();
        changed[place] ^= 1;
        let changed = with_checksum(changed);
        let opened = SealedVault::parse(&changed).and_then(|vault| vault.open(&key));
        assert!(opened.is_err(), "byte {place}");
    }
}

#[test]
fn newer_versions_and_long_files_are_named() {
    let mut body = b"CAIRNVLT\x02\x00and what only later versions know".to_vec();
    let newer = with_checksum(body.clone());
    assert_eq!(
        open(&newer, PASSWORD).unwrap_err(),
        VaultError::NewerVersion { version: 2 }
    );
    body[8] = 0;
    assert_eq!(open(&with_checksum(body), PASSWORD).unwrap_err(), VaultError::NotAVault);
    let mut long = MAGIC.to_vec();
    long.resize(MAX_LEN + 1, 0);
    assert_eq!(
        open(&long, PASSWORD).unwrap_err(),
        VaultError::TooLong { length: MAX_LEN + 1 }
    );
    assert_eq!(open(b"", PASSWORD).unwrap_err(), VaultError::NotAVault);
    assert_eq!(open(&MAGIC, PASSWORD).unwrap_err(), VaultError::Damaged);
}

#[test]
fn costs_out_of_range_are_refused_before_any_memory_is_taken() {
    for (memory_kib, iterations, parallelism) in [
        (19 * 1024 - 1, 3, 1),
        (1024 * 1024 + 1, 1, 1),
        (u32::MAX, u32::MAX, u32::MAX),
        (64 * 1024, 0, 1),
        (64 * 1024, 21, 1),
        (64 * 1024, 3, 0),
        (64 * 1024, 3, 5),
        (1024 * 1024, 5, 1),
    ] {
        let error = KdfParamsError {
            memory_kib,
            iterations,
            parallelism,
        };
        assert_eq!(KdfParams::new(memory_kib, iterations, parallelism), Err(error));
        let bytes = key().seal([2; NONCE_LEN], &contents());
        let mut body = bytes[..bytes.len() - CHECKSUM_LEN].to_vec();
        body[18..22].copy_from_slice(&memory_kib.to_le_bytes());
        body[22..26].copy_from_slice(&iterations.to_le_bytes());
        body[26..30].copy_from_slice(&parallelism.to_le_bytes());
        let opened = open(&with_checksum(body), PASSWORD);
        assert_eq!(opened.unwrap_err(), VaultError::Parameters(error));
    }
}

#[test]
fn an_old_cost_is_raised_and_stays_in_range() {
    assert!(!needs_upgrade(&KdfParams::DEFAULT));
    for (memory_kib, iterations, parallelism) in [(19 * 1024, 1, 1), (1024 * 1024, 1, 4), (19 * 1024, 20, 2)] {
        let old = KdfParams::new(memory_kib, iterations, parallelism).unwrap();
        let new = old.upgraded();
        assert!(needs_upgrade(&old) && !needs_upgrade(&new));
        assert!(KdfParams::new(new.memory_kib(), new.iterations(), new.parallelism()).is_ok());
    }
}

#[test]
fn the_length_tells_neither_words_nor_passphrase() {
    let key = key();
    let name = || AccountName::new("Main").unwrap();
    let short = Phrase::from_entropy(&[1; 16]).unwrap();
    let long = Phrase::from_entropy(&[1; 32]).unwrap();
    let plain = Contents::new(short, Passphrase::default(), 0, name());
    let full = Contents::new(long, Passphrase::new("a passphrase").unwrap(), 0, name());
    assert_eq!(key.seal([2; 24], &plain).len(), key.seal([2; 24], &full).len());
}

#[test]
fn a_full_vault_reads_back() {
    let name = || AccountName::new(&"n".repeat(AccountName::MAX_LEN)).unwrap();
    let phrase = Phrase::from_entropy(&[1; 32]).unwrap();
    let passphrase = Passphrase::new(&"p".repeat(Passphrase::MAX_LEN)).unwrap();
    let mut contents = Contents::new(phrase, passphrase, u64::MAX, name());
    for index in (1..Contents::MAX_ACCOUNTS as u32).rev() {
        contents.add_account(Account { index, name: name() }).unwrap();
    }
    let more = Account {
        index: 999,
        name: name(),
    };
    assert_eq!(contents.add_account(more), Err(ContentsError::AccountCount));
    let mut record = Vec::new();
    contents.write(&mut record);
    assert_eq!(record.len(), Contents::MAX_LEN);
    assert_eq!(Contents::read(1, &record).unwrap().accounts(), contents.accounts());
}

#[test]
fn accounts_are_kept_in_order_and_apart() {
    let mut contents = contents();
    let account = |index| Account {
        index,
        name: AccountName::new("a").unwrap(),
    };
    assert_eq!(contents.remove_account(0), Err(ContentsError::AccountCount));
    contents.add_account(account(9)).unwrap();
    contents.add_account(account(3)).unwrap();
    assert_eq!(
        contents.add_account(account(3)),
        Err(ContentsError::DuplicateAccount { index: 3 })
    );
    assert_eq!(contents.add_account(account(1 << 31)), Err(ContentsError::AccountIndex));
    contents.remove_account(0).unwrap();
    assert_eq!(
        contents.remove_account(0),
        Err(ContentsError::NoSuchAccount { index: 0 })
    );
    let indices: Vec<_> = contents.accounts().iter().map(|account| account.index).collect();
    assert_eq!(indices, [3, 9]);
    assert!(AccountName::new("").is_err() && AccountName::new("a\nb").is_err());
}

#[test]
fn records_that_are_never_written_are_not_read() {
    let mut record = Vec::new();
    contents().write(&mut record);
    assert!(Contents::read(1, &record).is_ok());
    let unread = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut changed = record.clone();
        change(&mut changed);
        Contents::read(1, &changed).unwrap_err()
    };
    assert_eq!(unread(&|record| record[0] = 2), VaultError::NewerVersion { version: 2 });
    for change in [
        (&|record: &mut Vec<u8>| record[0] = 0) as &dyn Fn(&mut Vec<u8>),
        &|record| record[2] = 17,
        &|record| record[19] = 200,
        &|record| *record.last_mut().unwrap() = 1,
        &|record| record.truncate(200),
        &|record| record.extend_from_slice(&[0; 256]),
    ] {
        assert!(matches!(unread(change), VaultError::Contents(_)));
    }
}

#[test]
fn passwords_have_bounds_and_one_normal_form() {
    let derive = |password: &str| VaultKey::derive(password, low_cost(), [1; SALT_LEN]);
    assert_eq!(derive("").unwrap_err(), VaultError::PasswordLength);
    assert_eq!(derive(&"a".repeat(1025)).unwrap_err(), VaultError::PasswordLength);
    let composed = derive("Gr\u{fc}n").unwrap();
    let decomposed = derive("Gru\u{308}n").unwrap();
    assert_eq!(composed.as_bytes(), decomposed.as_bytes());
}

#[test]
fn secrets_are_not_printed() {
    let contents = contents();
    let text = alloc::format!("{contents:?} {:?}", key());
    assert!(
        text.contains("Phrase(12 words …)") && text.contains("Passphrase(…)"),
        "{text}"
    );
    assert!(!text.contains("bermut") && !text.contains("66, 66"), "{text}");
}

#[test]
fn passes_are_added_up_to_the_time_wanted_and_never_taken_away() {
    let passes = |took_ms, aim_ms| KdfParams::DEFAULT.slowed(took_ms, aim_ms).iterations();
    assert_eq!(passes(500, 500), 3);
    assert_eq!(passes(2_000, 500), 3);
    assert_eq!(passes(100, 500), 15);
    assert_eq!(passes(0, 500), 20);
    assert_eq!(passes(1, u64::MAX / 3), 20);
    // 1 GiB may be written four times.
    let large = KdfParams::new(1024 * 1024, 1, 1).unwrap();
    assert_eq!(large.slowed(1, 1_000).iterations(), 4);
}

#[test]
fn a_wrapped_key_opens_its_vault_under_its_secret_alone() {
    let key = key();
    let bytes = key.seal([2; NONCE_LEN], &contents());
    let vault = SealedVault::parse(&bytes).unwrap();
    let wrapped = key.wrap(&[9; 32], [3; NONCE_LEN]);
    assert_eq!(wrapped.len(), WRAPPED_LEN);
    assert!(!wrapped.windows(8).any(|window| key.as_bytes().starts_with(window)));

    let unwrapped = vault.unwrap_key(&wrapped, &[9; 32]).unwrap();
    assert_eq!((unwrapped.params(), unwrapped.salt()), (key.params(), key.salt()));
    assert_eq!(unwrapped.seal([2; NONCE_LEN], &vault.open(&unwrapped).unwrap()), bytes);
    assert_eq!(vault.unwrap_key(&wrapped, &[8; 32]).unwrap_err(), VaultError::WrongWrap);
    // Contents sealed later under the same key keep it.
    let mut later = contents();
    later.revision = 2;
    let later = key.seal([4; NONCE_LEN], &later);
    assert!(
        SealedVault::parse(&later)
            .unwrap()
            .unwrap_key(&wrapped, &[9; 32])
            .is_ok()
    );
}

#[test]
fn a_wrapped_key_is_bound_to_parameters_and_salt() {
    let key = key();
    let wrapped = key.wrap(&[9; 32], [3; NONCE_LEN]);
    let bytes = key.seal([2; NONCE_LEN], &contents());
    let body = &bytes[..bytes.len() - CHECKSUM_LEN];
    // The memory by one KiB, the passes, the lanes, and the salt's first and last byte.
    for (place, flip) in [(18, 1), (22, 3), (26, 3), (30, 1), (61, 0x80)] {
        let mut changed = body.to_vec();
        changed[place] ^= flip;
        let changed = with_checksum(changed);
        let unwrapped = SealedVault::parse(&changed).unwrap().unwrap_key(&wrapped, &[9; 32]);
        assert_eq!(unwrapped.unwrap_err(), VaultError::WrongWrap, "byte {place}");
    }
    // The nonce of the vault and its revision may change: they are not what the key is made from.
    for place in [10, 62] {
        let mut changed = body.to_vec();
        changed[place] ^= 1;
        let changed = with_checksum(changed);
        assert!(
            SealedVault::parse(&changed)
                .unwrap()
                .unwrap_key(&wrapped, &[9; 32])
                .is_ok()
        );
    }
}

#[test]
fn other_bytes_are_no_wrapped_key() {
    let key = key();
    let bytes = key.seal([2; NONCE_LEN], &contents());
    let vault = SealedVault::parse(&bytes).unwrap();
    let wrapped = key.wrap(&[9; 32], [3; NONCE_LEN]);
    for place in 0..wrapped.len() {
        let mut changed = wrapped.clone();
        changed[place] ^= 1;
        for wrong in [&changed, &wrapped[..place]] {
            assert_eq!(
                vault.unwrap_key(wrong, &[9; 32]).unwrap_err(),
                VaultError::WrongWrap,
                "byte {place}"
            );
        }
    }
    let mut longer = wrapped;
    longer.push(0);
    assert_eq!(vault.unwrap_key(&longer, &[9; 32]).unwrap_err(), VaultError::WrongWrap);
}
