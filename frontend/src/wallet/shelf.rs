//! What a browser keeps of one chain beside the wallet: contacts, notes and the transfers on their way.

use shared::address::Prefix;
use shared::hash::Hash;

use super::contacts::{self, Book};
use super::notes::{self, Notes};
use super::outbox::{self, Outbox};

/// One of the three texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The contacts.
    Contacts,
    /// The notes.
    Notes,
    /// The outbox.
    Outbox,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Contacts, Self::Notes, Self::Outbox];

    const fn word(self) -> &'static str {
        match self {
            Self::Contacts => contacts::KIND,
            Self::Notes => notes::KIND,
            Self::Outbox => outbox::KIND,
        }
    }
}

/// The three of one chain, each with its text as it lies in the browser's storage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shelf {
    genesis: Hash,
    prefix: Prefix,
    /// The contacts.
    pub book: Book,
    /// The notes.
    pub notes: Notes,
    /// The transfers on their way.
    pub outbox: Outbox,
    texts: [String; 3],
    faults: [Option<String>; 3],
}

impl Shelf {
    /// An empty one for the chain with this genesis block and prefix.
    #[must_use]
    pub fn new(genesis: Hash, prefix: Prefix) -> Self {
        Self {
            genesis,
            book: Book::new(genesis, prefix.clone()),
            notes: Notes::new(genesis),
            outbox: Outbox::new(genesis),
            prefix,
            texts: Default::default(),
            faults: Default::default(),
        }
    }

    /// The name under which a text lies in the storage.
    #[must_use]
    pub fn name(&self, kind: Kind) -> String {
        let mut name = "cairn.".to_owned();
        name.push_str(&self.genesis.to_string());
        name.push('.');
        name.push_str(kind.word());
        name
    }

    /// Takes a text in as it lies in the storage now, and says whether it is another one than before. What cannot be read
    /// leaves everything as it was, and is a [`Shelf::fault`].
    pub fn take(&mut self, kind: Kind, text: String) -> bool {
        let place = kind as usize;
        if text == self.texts[place] {
            return false;
        }
        let read = match kind {
            Kind::Contacts => Book::read(&text, self.genesis, self.prefix.clone()).map(|book| self.book = book),
            Kind::Notes => Notes::read(&text, self.genesis).map(|notes| self.notes = notes),
            Kind::Outbox => Outbox::read(&text, self.genesis).map(|outbox| self.outbox = outbox),
        };
        self.texts[place] = text;
        self.faults[place] = read.err().map(|fault| {
            let mut said = "What this browser keeps as “".to_owned();
            said.push_str(kind.word());
            said.push_str("” cannot be read, and is left as it is. ");
            said.push_str(&fault.to_string());
            said
        });
        true
    }

    /// Why a text could not be read; then nothing may be written over it.
    #[must_use]
    pub fn fault(&self, kind: Kind) -> Option<&str> {
        self.faults[kind as usize].as_deref()
    }

    /// The text to be stored after a change; none when it is the one that lies there.
    #[must_use]
    pub fn changed(&self, kind: Kind) -> Option<String> {
        let text = match kind {
            Kind::Contacts => self.book.write(),
            Kind::Notes => self.notes.write(),
            Kind::Outbox => self.outbox.write(),
        };
        (text != self.texts[kind as usize]).then_some(text)
    }

    /// The storage took a text of [`Shelf::changed`]. Without that the next change is made on top of what is known here.
    pub fn stored(&mut self, kind: Kind, text: String) {
        self.texts[kind as usize] = text;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GENESIS: Hash = Hash([5; 32]);
    const ADDRESS: &str = "dev1qwss00lnecgtu8tsm5vwwj7qn9n7f43snwjs6hcamjrxgyj4xxuq5d9hx2";

    fn shelf() -> Shelf {
        Shelf::new(GENESIS, "dev".parse().unwrap())
    }

    #[test]
    fn what_one_tab_writes_another_reads() {
        let (mut here, mut there) = (shelf(), shelf());
        here.book.add(ADDRESS, "Anna").unwrap();
        let text = here.changed(Kind::Contacts).unwrap();
        here.stored(Kind::Contacts, text.clone());
        assert_eq!(here.changed(Kind::Contacts), None, "it is stored once");
        assert!(there.take(Kind::Contacts, text.clone()));
        assert!(!there.take(Kind::Contacts, text));
        assert_eq!(there.book, here.book);
        here.notes.set(Hash([1; 32]), "rent").unwrap();
        there.take(Kind::Notes, here.changed(Kind::Notes).unwrap());
        assert_eq!(there.notes, here.notes);
    }

    #[test]
    fn what_cannot_be_read_is_told_and_changes_nothing() {
        for kind in Kind::ALL {
            let mut shelf = shelf();
            shelf.book.add(ADDRESS, "Anna").unwrap();
            let before = shelf.clone();
            assert!(shelf.take(kind, "cairn-other 1".to_owned()));
            let said = shelf.fault(kind).unwrap();
            assert!(said.contains("left as it is. Line 1:"), "{said}");
            assert_eq!(
                (&shelf.book, &shelf.notes, &shelf.outbox),
                (&before.book, &before.notes, &before.outbox)
            );
            let good = before.changed(kind).unwrap();
            assert!(shelf.take(kind, good) && shelf.fault(kind).is_none());
        }
    }

    #[test]
    fn each_chain_has_its_own_names() {
        let names: Vec<String> = Kind::ALL.iter().map(|kind| shelf().name(*kind)).collect();
        assert_eq!(names[0], format!("cairn.{GENESIS}.contacts"));
        assert_eq!(names[2], format!("cairn.{GENESIS}.outbox"));
        assert_ne!(names[1], names[2]);
    }
}
