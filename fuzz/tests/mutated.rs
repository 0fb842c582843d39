//! Every target on so many changed examples. The changes follow from a fixed seed, so a failure fails again.

use std::panic::{AssertUnwindSafe, catch_unwind};

use fuzz::{TARGETS, Target, proof};
use shared::chain_proof::MAX_LEN as MAX_PROOF;

/// Inputs of each target.
const INPUTS: usize = 20_000;

/// The most bytes of an input.
const MAX_LEN: usize = 1 << 16;

/// What turns up where formats have their corners: limits of integers, separators, and what texts must not hold.
const TOKENS: [&[u8]; 34] = [
    &[0x00],
    &[0x7f],
    &[0x80],
    &[0xff],
    &[0; 8],
    &[0xff; 8],
    &[0xff, 0xff],
    &[0, 0, 1, 0],
    &[0, 0, 0, 0x80],
    b"\n",
    b"\r\n",
    b"\r",
    b" ",
    b"\t",
    b"%",
    b"%00",
    b"%F0%9F",
    b"&",
    b"=",
    b"?",
    b"#",
    b":",
    b"1",
    b"0",
    b"-",
    b".",
    b"&amount=",
    b"&memo=",
    b"&req-",
    b"&signature=",
    b"18446744073709551616",
    "\u{feff}".as_bytes(),
    "\u{202e}".as_bytes(),
    "\u{1f5ff}".as_bytes(),
];

/// Marsaglia's xorshift64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Below `bound`; 0 when that is 0.
    fn below(&mut self, bound: usize) -> usize {
        self.next().checked_rem(bound as u64).unwrap_or_default() as usize
    }

    fn of<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }

    /// A part of so many bytes; short ones are likelier.
    fn range(&mut self, len: usize) -> std::ops::Range<usize> {
        let start = self.below(len + 1);
        let most = if self.below(4) == 0 { len } else { 16 };
        let count = self.below((len - start).min(most) + 1);
        start..start + count
    }
}

/// Changes an input in one way out of ten.
fn change(input: &mut Vec<u8>, examples: &[Vec<u8>], random: &mut Random) {
    let place = random.below(input.len());
    let part = random.range(input.len());
    match random.below(10) {
        0 if !input.is_empty() => input[place] ^= 1 << random.below(8),
        1 if !input.is_empty() => input[place] = random.next() as u8,
        2 => drop(input.splice(part, random.of(&TOKENS).iter().copied())),
        3 => drop(input.splice(place..place, random.of(&TOKENS).iter().copied())),
        4 => input.truncate(place),
        5 => drop(input.drain(part)),
        6 => {
            let copy = input[part].repeat(1 + random.below(3));
            input.splice(place..place, copy);
        }
        // A field that is far too long.
        7 if random.below(8) == 0 => {
            let copy = input[part].repeat(1 << random.below(10));
            input.splice(place..place, copy);
        }
        8 => {
            let other = random.of(examples);
            let taken = random.range(other.len());
            input.splice(part, other[taken].iter().copied());
        }
        9 => {
            let other = random.of(examples);
            input.truncate(place);
            input.extend_from_slice(&other[place.min(other.len())..]);
        }
        _ => {}
    }
    input.truncate(MAX_LEN);
}

fn check(target: &Target, inputs: usize) {
    let examples = (target.examples)();
    for example in &examples {
        assert!(
            (target.run)(example),
            "{} reads {:?}",
            target.name,
            String::from_utf8_lossy(example)
        );
    }
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut read = 0;
    for _ in 0..inputs {
        let mut input = random.of(&examples).clone();
        for _ in 0..=random.below(4) {
            change(&mut input, &examples, &mut random);
        }
        match catch_unwind(AssertUnwindSafe(|| (target.run)(&input))) {
            Ok(is_read) => read += usize::from(is_read),
            Err(_) => panic!("{} fails on {}", target.name, input.escape_ascii()),
        }
    }
    println!("{}: {read} of {inputs} were read", target.name);
    assert!(
        (inputs / 100..inputs).contains(&read),
        "of {inputs} inputs of {} {read} were read: the changes are too small or too great",
        target.name
    );
}

fn check_named(name: &str) {
    let target = TARGETS.iter().find(|target| target.name == name);
    check(target.expect("it is a target"), INPUTS);
}

#[test]
fn blocks_headers_and_proofs() {
    check_named("block");
}

#[test]
fn files_of_lines() {
    check_named("lines");
}

#[test]
fn payment_links() {
    check_named("link");
}

#[test]
fn texts_that_are_pasted() {
    check_named("papers");
}

#[test]
fn proofs_of_chains_and_headers() {
    check_named("proof");
}

#[test]
fn changed_proofs_prove_no_other_chain() {
    let target = Target {
        name: "honest proof",
        run: proof::run_honest,
        examples: proof::honest_examples,
    };
    // Each takes as long as many of the others.
    check(&target, INPUTS / 4);
}

#[test]
fn the_longest_proofs_are_soon_refused() {
    let headers = u32::MAX.to_le_bytes();
    for begun in [
        // Subtrees of subtrees, as deep as they go.
        [&(1_u64 << 63).to_le_bytes(), [1; 64].as_slice()].concat(),
        // More headers in full than there are bytes.
        [&[0; 8], headers.as_slice()].concat(),
        // More subtrees than there are bytes, and more headers than there can be.
        ((1_u64 << 63) - 1).to_le_bytes().to_vec(),
        vec![0xff; 8],
    ] {
        for length in [begun.len(), MAX_PROOF, MAX_PROOF + 1] {
            let mut input = begun.clone();
            input.resize(length, 0);
            assert!(!proof::run(&input) && !proof::run_honest(&input));
        }
    }
}

#[test]
fn transfers_and_short_texts() {
    check_named("transaction");
}

#[test]
fn vaults_and_what_is_in_them() {
    check_named("vault");
}
