//! The address book: names for addresses of one chain. They stay in this browser.

use shared::address::{self, Prefix};
use shared::hash::Hash;

use super::lines::{self, Writer};
use super::{label, send};

/// The word in the first line of its file.
pub const KIND: &str = "contacts";

/// The greatest number of characters of a name. The shortest address has more, so no name can pose as an address.
pub const MAX_NAME: usize = 40;

/// The most suggestions at once.
const SUGGESTIONS: usize = 5;

/// A name and whose address it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// The address, in small letters.
    pub address: String,
    /// The name: 1 to [`MAX_NAME`] characters that can be seen.
    pub name: String,
}

/// What is wrong with a contact, for the field where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// With the address.
    Address(String),
    /// With the name.
    Name(String),
}

impl Fault {
    /// What is wrong, and the way out.
    #[must_use]
    pub fn sentence(&self) -> &str {
        match self {
            Self::Address(said) | Self::Name(said) => said,
        }
    }
}

/// The contacts of one chain, by name. Each address and each name is there once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Book {
    genesis: Hash,
    prefix: Prefix,
    contacts: Vec<Contact>,
}

/// What came of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Merged {
    /// How many contacts are new.
    pub added: usize,
    /// Those that have another name now: the old name and the new one.
    pub changed: Vec<(String, String)>,
    /// How many were there already.
    pub unchanged: usize,
    /// What was not taken, line by line.
    pub refused: Vec<lines::Fault>,
}

impl Book {
    /// An empty book for the chain with this genesis block and prefix.
    #[must_use]
    pub const fn new(genesis: Hash, prefix: Prefix) -> Self {
        Self {
            genesis,
            prefix,
            contacts: Vec::new(),
        }
    }

    /// Reads a book as [`Book::write`] wrote it.
    ///
    /// # Errors
    /// The first line that does not hold.
    pub fn read(text: &str, genesis: Hash, prefix: Prefix) -> Result<Self, lines::Fault> {
        let mut book = Self::new(genesis, prefix);
        match book.merge(text)?.refused.into_iter().next() {
            Some(fault) => Err(fault),
            None => Ok(book),
        }
    }

    /// The book as a file, for the browser's storage and for export.
    #[must_use]
    pub fn write(&self) -> String {
        let mut writer = Writer::new(KIND, &self.genesis);
        for contact in &self.contacts {
            writer.record(&[&contact.address, &contact.name]);
        }
        writer.finish()
    }

    /// All contacts, by name.
    #[must_use]
    pub fn contacts(&self) -> &[Contact] {
        &self.contacts
    }

    /// The contact with this address.
    #[must_use]
    pub fn of(&self, address: &str) -> Option<&Contact> {
        self.contacts
            .iter()
            .find(|contact| contact.address.eq_ignore_ascii_case(address.trim()))
    }

    /// The contact with this name.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&Contact> {
        self.contacts
            .iter()
            .find(|contact| contact.name.eq_ignore_ascii_case(name.trim()))
    }

    /// What a text in the recipient's field stands for: the address of the contact with this name, or the text itself.
    #[must_use]
    pub fn resolve<'a>(&'a self, text: &'a str) -> &'a str {
        self.named(text).map_or(text, |contact| contact.address.as_str())
    }

    /// The first contacts whose names begin with a text.
    #[must_use]
    pub fn suggest(&self, text: &str) -> Vec<&Contact> {
        let start = text.trim();
        let found = self
            .contacts
            .iter()
            .filter(|contact| label::begins_with(&contact.name, start));
        found.take(SUGGESTIONS).collect()
    }

    /// Adds a contact. The address may be a payment link.
    ///
    /// # Errors
    /// What is wrong, and with which field.
    pub fn add(&mut self, address: &str, name: &str) -> Result<(), Fault> {
        if address.trim().is_empty() {
            return Err(Fault::Address("Whose name is it? Paste the address.".to_owned()));
        }
        let key = send::read_recipient(address, &self.prefix).map_err(Fault::Address)?;
        let address = address::encode(&self.prefix, &key);
        if let Some(other) = self.of(&address) {
            let said = format!("This address is there already, as “{}”. Rename that.", other.name);
            return Err(Fault::Address(said));
        }
        if self.contacts.len() == lines::MAX_RECORDS {
            let said = format!(
                "You have {} contacts, the most there may be. Remove one.",
                lines::MAX_RECORDS
            );
            return Err(Fault::Address(said));
        }
        let name = self.free_name(name, &address)?;
        self.insert(Contact { address, name });
        Ok(())
    }

    /// Gives the contact with this address another name.
    ///
    /// # Errors
    /// What is wrong, and with which field.
    pub fn rename(&mut self, address: &str, name: &str) -> Result<(), Fault> {
        let Some(address) = self.of(address).map(|contact| contact.address.clone()) else {
            return Err(Fault::Address("No contact has this address. Add it.".to_owned()));
        };
        let name = self.free_name(name, &address)?;
        self.remove(&address);
        self.insert(Contact { address, name });
        Ok(())
    }

    /// Removes the contact with this address. Says whether there was one.
    pub fn remove(&mut self, address: &str) -> bool {
        let count = self.contacts.len();
        self.contacts
            .retain(|contact| !contact.address.eq_ignore_ascii_case(address.trim()));
        self.contacts.len() < count
    }

    /// Takes the contacts of a file in. Those whose address is here get the file's name.
    ///
    /// # Errors
    /// When the file is none of contacts of this chain; then nothing is taken.
    pub fn merge(&mut self, text: &str) -> Result<Merged, lines::Fault> {
        let mut merged = Merged::default();
        let records = lines::read(text, KIND, &self.genesis)?;
        let pairs = records.iter().map(lines::Record::exactly::<2>);
        let pairs = pairs.collect::<Result<Vec<_>, _>>()?;
        for (record, [address, name]) in records.iter().zip(pairs) {
            let old = self.of(address).map(|contact| contact.name.clone());
            let taken = match &old {
                Some(_) => self.rename(address, name),
                None => self.add(address, name),
            };
            match (taken, old) {
                (Err(fault), _) => merged.refused.push(record.fault(fault.sentence())),
                (Ok(()), None) => merged.added += 1,
                (Ok(()), Some(old)) => match self.of(address) {
                    Some(now) if now.name != old => merged.changed.push((old, now.name.clone())),
                    _ => merged.unchanged += 1,
                },
            }
        }
        Ok(merged)
    }

    /// Reads a name for an address, which nobody else may have.
    fn free_name(&self, name: &str, address: &str) -> Result<String, Fault> {
        let name = label::read(name, "The name", MAX_NAME).map_err(Fault::Name)?;
        if name.is_empty() {
            return Err(Fault::Name(
                "The name is missing. Write whose address it is.".to_owned(),
            ));
        }
        match self.named(&name) {
            Some(other) if other.address != address => Err(Fault::Name(format!(
                "Another contact is “{}” already. Choose a name that tells them apart.",
                other.name
            ))),
            _ => Ok(name),
        }
    }

    fn insert(&mut self, contact: Contact) {
        let place = self
            .contacts
            .partition_point(|other| order(&other.name).lt(order(&contact.name)));
        self.contacts.insert(place, contact);
    }
}

/// Capital or small letters (of ASCII) sort alike.
fn order(name: &str) -> impl Iterator<Item = u8> {
    name.bytes().map(|byte| byte.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::key::SecretKey;

    const GENESIS: Hash = Hash([5; 32]);

    fn address(byte: u8) -> String {
        address::encode(&prefix(), &SecretKey::from_bytes(&[byte; 32]).public_key())
    }

    fn prefix() -> Prefix {
        "dev".parse().unwrap()
    }

    fn book(names: &[(u8, &str)]) -> Book {
        let mut book = Book::new(GENESIS, prefix());
        for (byte, name) in names {
            book.add(&address(*byte), name).unwrap();
        }
        book
    }

    fn names<'a>(contacts: impl IntoIterator<Item = &'a Contact>) -> Vec<&'a str> {
        contacts.into_iter().map(|contact| contact.name.as_str()).collect()
    }

    #[test]
    fn contacts_stand_by_name() {
        let mut book = book(&[(1, "carl"), (2, "Anna"), (3, "bert"), (4, "Ännchen")]);
        assert_eq!(names(book.contacts()), ["Anna", "bert", "carl", "Ännchen"]);
        book.rename(&address(2), "dora").unwrap();
        assert_eq!(names(book.contacts()), ["bert", "carl", "dora", "Ännchen"]);
        assert!(book.remove(&address(1).to_ascii_uppercase()) && !book.remove(&address(1)));
        assert_eq!(names(book.contacts()), ["bert", "dora", "Ännchen"]);
    }

    #[test]
    fn an_address_and_a_name_are_there_once() {
        let mut book = book(&[(1, "Anna"), (2, "Bert")]);
        let said = |result: Result<(), Fault>| result.unwrap_err();
        let capital = address(1).to_ascii_uppercase();
        assert!(matches!(said(book.add(&capital, "Carl")), Fault::Address(said) if said.contains("“Anna”")));
        assert!(matches!(said(book.add(&address(3), " aNNa ")), Fault::Name(said) if said.contains("“Anna”")));
        assert!(matches!(said(book.rename(&address(2), "ANNA")), Fault::Name(_)));
        assert!(matches!(said(book.rename(&address(9), "Carl")), Fault::Address(_)));
        book.rename(&address(1), "ANNA").unwrap();
        assert_eq!(names(book.contacts()), ["ANNA", "Bert"]);
    }

    #[test]
    fn names_and_addresses_have_rules() {
        let mut book = book(&[]);
        for name in ["", "  ", &"a".repeat(41), "a\u{202e}b"] {
            assert!(matches!(book.add(&address(1), name), Err(Fault::Name(_))), "{name}");
        }
        let other = address::encode(&"class".parse().unwrap(), &SecretKey::from_bytes(&[1; 32]).public_key());
        let weak = address::encode(&prefix(), &shared::key::PublicKey([0; 32]));
        for text in ["", "Anna", &other, &weak, &address(1)[..61]] {
            assert!(matches!(book.add(text, "Anna"), Err(Fault::Address(_))), "{text}");
        }
        assert!(book.contacts().is_empty());
        book.add(&format!(" cairn:{}?amount=1 ", address(1)), &"é".repeat(40))
            .unwrap();
        assert_eq!(book.contacts()[0].address, address(1));
        // An address is never taken for somebody's name.
        assert!("a1".len() + 58 > MAX_NAME);
    }

    #[test]
    fn names_find_addresses_and_addresses_names() {
        let book = book(&[(1, "Anna"), (2, "Anna Smith"), (3, "bert")]);
        assert_eq!(names(book.suggest(" AN")), ["Anna", "Anna Smith"]);
        assert_eq!(names(book.suggest("anna s")), ["Anna Smith"]);
        assert!(book.suggest("smith").is_empty());
        assert_eq!(book.resolve(" anna "), address(1));
        assert_eq!(book.resolve("ann"), "ann");
        assert_eq!(book.resolve(&address(2)), address(2));
        assert_eq!(book.of(&address(3).to_ascii_uppercase()).unwrap().name, "bert");
        assert_eq!(book.of(&address(4)), None);
        let many: Vec<(u8, String)> = (1..9).map(|byte| (byte, format!("n{byte}"))).collect();
        let many: Vec<(u8, &str)> = many.iter().map(|(byte, name)| (*byte, name.as_str())).collect();
        assert_eq!(names(self::book(&many).suggest("")), ["n1", "n2", "n3", "n4", "n5"]);
    }

    #[test]
    fn a_book_is_written_and_read_back() {
        let mut book = book(&[(1, "Anna & Bert, 50 %"), (2, "Émile 🪨")]);
        assert_eq!(Book::read(&book.write(), GENESIS, prefix()).unwrap(), book);
        assert!(Book::read(&book.write(), Hash([6; 32]), prefix()).is_err());
        let text = book.write();
        let merged = book.merge(&text).unwrap();
        assert_eq!((merged.added, merged.unchanged), (0, 2));
        let doubled = text.clone() + text.lines().last().unwrap();
        assert!(
            Book::read(&doubled, GENESIS, prefix()).is_ok(),
            "the same line twice says nothing new"
        );
        let clash = format!("{text}{} anna%20%26%20Bert%2C%2050%20%25", address(3));
        let fault = Book::read(&clash, GENESIS, prefix()).unwrap_err();
        assert!(fault.to_string().starts_with("Line 4: Another contact"), "{fault}");
    }

    #[test]
    fn a_file_is_merged_and_what_is_wrong_said() {
        let mut book = book(&[(1, "Anna"), (2, "Bert")]);
        let text = format!(
            "cairn-contacts 1 {GENESIS}\n# from the other browser\n{} Anne\n{} Bert\n{} Carl\n{} bert\ndev1qqq Dora\n",
            address(1).to_ascii_uppercase(),
            address(2),
            address(3),
            address(4),
        );
        let merged = book.merge(&text).unwrap();
        assert_eq!((merged.added, merged.unchanged), (1, 1));
        assert_eq!(merged.changed, [("Anna".to_owned(), "Anne".to_owned())]);
        assert_eq!(
            merged.refused.iter().map(|fault| fault.line).collect::<Vec<_>>(),
            [6, 7]
        );
        assert_eq!(names(book.contacts()), ["Anne", "Bert", "Carl"]);
        let before = book.clone();
        assert!(book.merge(&format!("{text}{} Emil x", address(5))).is_err());
        assert_eq!(book, before, "a broken line changes nothing");
    }

    #[test]
    fn the_fullest_book_can_be_read() {
        let mut book = Book::new(GENESIS, prefix());
        for number in 0..lines::MAX_RECORDS {
            // The key does not matter to how much room it takes.
            let name: String = format!("{number:03}") + &"🪨".repeat(MAX_NAME - 3);
            let address = "a".repeat(75);
            book.contacts.push(Contact { address, name });
        }
        assert!(matches!(book.add(&address(1), "Anna"), Err(Fault::Address(said)) if said.contains("1000")));
        assert!(book.write().len() <= lines::MAX_LEN);
    }

    #[test]
    fn the_example_of_the_specification_is_read() {
        let (text, genesis) = lines::example(KIND);
        let book = Book::read(&text, genesis, prefix()).unwrap();
        assert_eq!(names(book.contacts()), ["Anna Smith", "Zoë"]);
        assert_eq!(book.write(), text);
    }
}
