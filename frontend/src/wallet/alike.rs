//! Addresses that pose as others. Who pays by copying from the history looks at the ends, so somebody makes an address
//! with the same ends and sends a little from it ("address poisoning").

/// How many characters at each end of an address people look at: those that a shortened address shows.
const END: usize = 6;

/// So many characters of both ends, counted from outside without a gap, are the same: 2^-27 of all addresses have that
/// by chance, and an ordinary computer makes one within hours.
const OUTER: usize = 6;

/// So many of the 12 characters of both ends are the same, wherever they stand: 2^-31 of all addresses by chance.
const ANYWHERE: usize = 8;

/// The known address that an address resembles at its ends without being it; none when it is known itself.
#[must_use]
pub fn look_alike<'a>(address: &str, known: &[&'a str]) -> Option<&'a str> {
    let address = address.trim();
    if known.iter().any(|other| other.eq_ignore_ascii_case(address)) {
        return None;
    }
    known.iter().copied().find(|other| is_alike(address, other))
}

fn is_alike(one: &str, other: &str) -> bool {
    let (Some((head, tail)), Some((other_head, other_tail))) = (ends(one), ends(other)) else {
        return false;
    };
    let same = |(a, b): &(&u8, &u8)| a.eq_ignore_ascii_case(b);
    let outer = head.iter().zip(other_head).take_while(same).count()
        + tail.iter().rev().zip(other_tail.iter().rev()).take_while(same).count();
    let anywhere = head.iter().zip(other_head).filter(same).count() + tail.iter().zip(other_tail).filter(same).count();
    outer >= OUTER || anywhere >= ANYWHERE
}

/// The first and the last characters after the prefix.
fn ends(address: &str) -> Option<(&[u8], &[u8])> {
    let data = address.rsplit_once('1')?.1.as_bytes();
    let head = data.get(..2 * END)?.get(..END)?;
    Some((head, data.get(data.len() - END..)?))
}

/// What is said of an address that resembles a known one, whose name is given where it has one.
#[must_use]
pub fn look_alike_sentence(name: Option<&str>) -> String {
    let mut said = "This is not the address of ".to_owned();
    match name {
        Some(name) => {
            said.push('“');
            said.push_str(name);
            said.push('”');
        }
        None => said.push_str("somebody whom you paid before"),
    }
    said.push_str(
        ", though both its ends look like it. Somebody may have made it so that you take the one for the other. Compare the \
         whole address with what the recipient shows you.",
    );
    said
}

/// Whether nobody was paid at this address before.
#[must_use]
pub fn is_first_time(address: &str, recipients: &[&str]) -> bool {
    !recipients
        .iter()
        .any(|known| known.eq_ignore_ascii_case(address.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::address;
    use shared::hash::sha256;
    use shared::key::PublicKey;

    /// The address of a key that nobody chose.
    fn random(seed: u32) -> String {
        address::encode(&"dev".parse().unwrap(), &PublicKey(sha256(&[&seed.to_le_bytes()]).0))
    }

    /// Another address with so many characters at its ends as `known` has them.
    fn poisoned(known: &str, other: &str, head: usize, tail: usize) -> String {
        let (start, end) = ("dev1".len() + head, known.len() - tail);
        format!("{}{}{}", &known[..start], &other[start..end], &known[end..])
    }

    #[test]
    fn addresses_by_chance_are_not_alike() {
        let known: Vec<String> = (0..500).map(random).collect();
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        for seed in 1_000..5_000 {
            assert_eq!(look_alike(&random(seed), &known), None, "{seed}");
        }
        // The same of each known one among the others.
        for (place, one) in known.iter().enumerate() {
            let others = [&known[..place], &known[place + 1..]].concat();
            assert_eq!(look_alike(one, &others), None);
        }
    }

    #[test]
    fn poisoned_addresses_are_noticed() {
        let known: Vec<String> = (0..100).map(random).collect();
        let all: Vec<&str> = known.iter().map(String::as_str).collect();
        for (seed, one) in (10_000..).zip(&known) {
            for (head, tail) in [(4, 4), (6, 6), (3, 3), (6, 0), (0, 6), (2, 4), (10, 10)] {
                let fake = poisoned(one, &random(seed), head, tail);
                assert_eq!(look_alike(&fake, &all), Some(one.as_str()), "{fake}");
                assert_eq!(look_alike(&fake.to_ascii_uppercase(), &all), Some(one.as_str()));
            }
        }
    }

    #[test]
    fn two_or_four_different_characters_at_the_ends_are_noticed() {
        let known = random(1);
        let other = poisoned(&known, &random(2), 6, 6);
        for places in [[4, 5, 60, 61], [7, 9, 56, 58], [4, 61, 4, 61]] {
            let mut fake = other.clone().into_bytes();
            for place in places {
                fake[place] = if fake[place] == b'q' { b'p' } else { b'q' };
            }
            let fake = String::from_utf8(fake).unwrap();
            assert_eq!(look_alike(&fake, &[&known]), Some(known.as_str()), "{fake}");
        }
    }

    #[test]
    fn little_in_common_is_chance() {
        let known = random(1);
        for (head, tail) in [(2, 3), (4, 1), (5, 0), (0, 0)] {
            let fake = poisoned(&known, &random(3), head, tail);
            assert_eq!(look_alike(&fake, &[&known]), None, "{fake}");
        }
    }

    #[test]
    fn a_known_address_is_itself() {
        let known = random(1);
        let fake = poisoned(&known, &random(2), 6, 6);
        assert_eq!(look_alike(&known.to_ascii_uppercase(), &[&fake, &known]), None);
        assert_eq!(look_alike(&fake, &[]), None);
        for text in ["", "dev1", "dev1qqqqqq", "no address", "é1ééé"] {
            assert_eq!(look_alike(text, &[&known]), None);
            assert_eq!(look_alike(&known, &[text]), None);
        }
    }

    #[test]
    fn the_first_time_is_told() {
        let known = random(1);
        assert!(is_first_time(&random(2), &[&known]) && is_first_time(&known, &[]));
        assert!(!is_first_time(&format!(" {} ", known.to_ascii_uppercase()), &[&known]));
        assert!(look_alike_sentence(Some("Anna")).contains("of “Anna”, though"));
        assert!(look_alike_sentence(None).contains("paid before, though"));
    }
}
