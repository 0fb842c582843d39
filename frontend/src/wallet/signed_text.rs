//! A signed message as one piece of text that is copied and pasted whole. docs/signed-message.md specifies it.

use shared::address::{self, Prefix};
use shared::hash::Hash;
use shared::key::{PublicKey, Signature};
use shared::message::{self, MAX_LEN};

use super::send::capital;

/// The first line.
pub const BEGIN: &str = "-----BEGIN CAIRN SIGNED MESSAGE-----";

const END: &str = "-----END CAIRN SIGNED MESSAGE-----";

/// Why a text is no signed message, or not one that holds, for the person who pasted it.
pub type Fault = String;

/// A message, and who is said to have signed it: nothing of it is verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedText {
    /// The signer's address. Its prefix names the network.
    pub address: String,
    /// The signature over the text, on the chain of that network.
    pub signature: Signature,
    /// The text, exactly.
    pub text: String,
}

impl SignedText {
    /// Verifies the signature for the network with this prefix and this genesis block.
    ///
    /// # Errors
    /// Why it does not hold.
    pub fn verify(&self, prefix: &Prefix, genesis: &Hash) -> Result<PublicKey, Fault> {
        let key = address::decode(prefix, &self.address).map_err(|error| capital(&error.to_string()) + ".")?;
        message::verify_message(genesis, &self.text, &key, &self.signature).map_err(|_| {
            "This signature does not hold: the owner of the address did not sign this text on this chain. One letter or \
             space that was changed is enough."
        })?;
        Ok(key)
    }
}

/// What is wrong with a text that is to be signed, if anything.
#[must_use]
pub fn text_fault(text: &str) -> Option<&'static str> {
    if text.is_empty() {
        return Some("There is nothing to sign. Write a text.");
    }
    if text.len() > MAX_LEN {
        return Some("A text that is signed has at most 4,096 bytes. Write a shorter one.");
    }
    // What copies a text may write its line ends anew; then the signature would hold no more.
    text.contains('\r')
        .then_some("The text has line ends of an old kind. Type them again.")
}

/// Writes a signed message.
#[must_use]
pub fn write(signed: &SignedText) -> String {
    let signature = hex::encode(signed.signature.0);
    [
        BEGIN,
        "\nAddress: ",
        &signed.address,
        "\nSignature: ",
        &signature,
        "\n\n",
        &signed.text,
        "\n",
        END,
        "\n",
    ]
    .concat()
}

/// Reads a signed message.
///
/// # Errors
/// What is wrong with it.
pub fn read(text: &str) -> Result<SignedText, Fault> {
    Ok(parts(&text.trim().replace("\r\n", "\n"))?)
}

fn parts(text: &str) -> Result<SignedText, &'static str> {
    let rest = text
        .strip_prefix(BEGIN)
        .ok_or("This is no signed message: one begins with -----BEGIN CAIRN SIGNED MESSAGE-----")?;
    // The last line ends it: one like it in the text is text.
    let rest = rest
        .strip_suffix(END)
        .and_then(|rest| rest.strip_suffix('\n'))
        .ok_or("The end of this signed message is missing. Copy the whole of it, up to its last line.")?;
    let (address, rest) = field(rest, "\nAddress: ").ok_or("This signed message names no address. Copy it again.")?;
    let (signature, rest) =
        field(rest, "\nSignature: ").ok_or("This signed message has no signature. Copy it again.")?;
    let text = rest
        .strip_prefix("\n\n")
        .ok_or("An empty line belongs between the signature and the text of a signed message. Copy it again.")?;
    if text.len() > MAX_LEN {
        return Err("This text is longer than the 4,096 bytes that can be signed.");
    }
    Ok(SignedText {
        address: address.to_owned(),
        signature: signature
            .parse()
            .map_err(|_| "The signature of this message is damaged: it has 128 digits. Copy it again.")?,
        text: text.to_owned(),
    })
}

/// The value of a line that begins so, and what follows it.
fn field<'a>(text: &'a str, name: &str) -> Option<(&'a str, &'a str)> {
    let rest = text.strip_prefix(name)?;
    Some(rest.split_at(rest.find('\n')?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::key::SecretKey;

    const GENESIS: Hash = Hash([1; 32]);

    fn prefix() -> Prefix {
        "dev".parse().unwrap()
    }

    fn signed(text: &str) -> SignedText {
        let key = SecretKey::from_bytes(&core::array::from_fn(|index| index as u8));
        SignedText {
            address: address::encode(&prefix(), &key.public_key()),
            signature: message::sign_message(&GENESIS, text, &key),
            text: text.to_owned(),
        }
    }

    #[test]
    fn messages_are_written_read_and_verified() {
        let longest = "x".repeat(MAX_LEN);
        let texts = [
            "It is I.",
            "",
            "\n",
            "\n\nSignature: 00\n\n",
            " spaces \n and lines\n",
            "Grüße 🪨",
            END,
            "a\n-----END CAIRN SIGNED MESSAGE-----\nb",
            BEGIN,
            &longest,
        ];
        for text in texts {
            let written = write(&signed(text));
            let found = read(&written).unwrap();
            assert_eq!(found, signed(text));
            assert!(found.verify(&prefix(), &GENESIS).is_ok());
            // Mail may change the ends of lines, and put spaces around.
            assert_eq!(
                read(&format!("\n {}  \n", written.replace('\n', "\r\n"))),
                Ok(signed(text))
            );
        }
    }

    #[test]
    fn it_holds_for_its_text_and_chain_alone() {
        let holds = signed("It is I.");
        assert!(
            holds
                .verify(&prefix(), &Hash([2; 32]))
                .unwrap_err()
                .contains("does not hold")
        );
        let other = SignedText {
            text: "It is he.".into(),
            ..holds.clone()
        };
        assert!(other.verify(&prefix(), &GENESIS).is_err());
        let elsewhere = holds.verify(&"class".parse().unwrap(), &GENESIS).unwrap_err();
        assert!(elsewhere.contains("begins with dev"), "{elsewhere}");
    }

    #[test]
    fn no_byte_can_be_changed_so_that_another_text_holds() {
        let written = write(&signed("It is I."));
        for position in 0..written.len() {
            for byte in b"\n\r Ia0f-" {
                let mut changed = written.clone().into_bytes();
                changed[position] = *byte;
                if let Ok(found) = read(str::from_utf8(&changed).unwrap())
                    && found.verify(&prefix(), &GENESIS).is_ok()
                {
                    assert_eq!(found, signed("It is I."));
                }
            }
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        let written = write(&signed("It is I."));
        let said = |from: &str, to: &str| {
            let changed = written.replacen(from, to, 1);
            assert_ne!(changed, written);
            read(&changed).unwrap_err()
        };
        assert!(said("BEGIN", "begin").contains("begins with"));
        assert!(said("-----END CAIRN SIGNED MESSAGE-----\n", "").contains("end of this"));
        assert!(said("Address: ", "Address:").contains("no address"));
        assert!(said("Signature: ", "Sign: ").contains("no signature"));
        assert!(said("Signature: ", "Signature: 0").contains("128 digits"));
        assert!(said("\n\n", "\n").contains("empty line"));
        assert!(
            read(&write(&signed(&"x".repeat(MAX_LEN + 1))))
                .unwrap_err()
                .contains("4,096")
        );
    }

    #[test]
    fn what_cannot_be_signed_is_said_before() {
        assert_eq!(text_fault("It is I.\n"), None);
        assert_eq!(text_fault(&"x".repeat(MAX_LEN)), None);
        for wrong in ["", "a\r\nb", &"x".repeat(MAX_LEN + 1)] {
            assert!(text_fault(wrong).is_some());
        }
    }

    #[test]
    fn the_example_of_the_specification_is_this() {
        let specification = include_str!("../../../docs/signed-message.md");
        let example = write(&signed("It is I."));
        let indented: String = example
            .lines()
            .map(|line| format!("    {line}").trim_end().to_owned() + "\n")
            .collect();
        assert!(specification.contains(&indented), "{indented}");
    }
}
