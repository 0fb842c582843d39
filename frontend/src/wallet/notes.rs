//! Private notes on transactions. They stay in this browser, other than memos, which everybody can read.

use shared::hash::Hash;

use super::label;
use super::lines::{self, Writer};
use crate::view::text::shorten;

/// The word in the first line of its file.
pub const KIND: &str = "notes";

/// The greatest number of characters of a note.
pub const MAX_NOTE: usize = 200;

/// The notes on the transactions of one chain, each transaction having one at most.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notes {
    genesis: Hash,
    notes: Vec<(Hash, String)>,
}

/// What came of a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Merged {
    /// How many notes are new.
    pub added: usize,
    /// How many were there already.
    pub unchanged: usize,
    /// How many transactions have another note here, which stayed.
    pub kept: usize,
}

impl Notes {
    /// No notes, for the chain with this genesis block.
    #[must_use]
    pub const fn new(genesis: Hash) -> Self {
        Self {
            genesis,
            notes: Vec::new(),
        }
    }

    /// Reads notes as [`Notes::write`] wrote them.
    ///
    /// # Errors
    /// The first line that does not hold.
    pub fn read(text: &str, genesis: Hash) -> Result<Self, lines::Fault> {
        let mut notes = Self::new(genesis);
        notes.merge(text)?;
        Ok(notes)
    }

    /// The notes as a file, for the browser's storage and for export.
    #[must_use]
    pub fn write(&self) -> String {
        let mut writer = Writer::new(KIND, &self.genesis);
        for (id, note) in &self.notes {
            writer.record(&[&id.to_string(), note]);
        }
        writer.finish()
    }

    /// The note on a transaction.
    #[must_use]
    pub fn get(&self, id: &Hash) -> Option<&str> {
        let (_, note) = self.notes.iter().find(|(other, _)| other == id)?;
        Some(note)
    }

    /// Notes something on a transaction in place of what was there. An empty note is none.
    ///
    /// # Errors
    /// What is wrong with the note; then the old one stays.
    pub fn set(&mut self, id: Hash, note: &str) -> Result<(), String> {
        let note = label::read(note, "The note", MAX_NOTE)?;
        let place = self.notes.iter().position(|(other, _)| *other == id);
        match place {
            Some(place) if note.is_empty() => {
                self.notes.remove(place);
            }
            Some(place) => self.notes[place].1 = note,
            None if note.is_empty() => {}
            None if self.notes.len() == lines::MAX_RECORDS => {
                return Err(format!(
                    "You have {} notes, the most there may be. Empty an old one.",
                    lines::MAX_RECORDS
                ));
            }
            None => self.notes.push((id, note)),
        }
        Ok(())
    }

    /// Takes the notes of a file in. Where there is one already, it stays.
    ///
    /// # Errors
    /// The first line that does not hold; then nothing is taken.
    pub fn merge(&mut self, text: &str) -> Result<Merged, lines::Fault> {
        let mut merged = Merged::default();
        let mut all = self.clone();
        for record in lines::read(text, KIND, &self.genesis)? {
            let [id, note] = record.exactly()?;
            let id = id.parse().map_err(|_| {
                record.fault(format!(
                    "“{}” is no id of a transaction, which has 64 small hex digits. Remove the line.",
                    shorten(id, 40, 0)
                ))
            })?;
            if note.trim().is_empty() {
                return Err(record.fault("the note is empty. Remove the line."));
            }
            let old = all.get(&id).map(str::to_owned);
            if old.is_none() {
                all.set(id, note).map_err(|said| record.fault(said))?;
            }
            match old {
                None => merged.added += 1,
                Some(old) if old == note => merged.unchanged += 1,
                Some(_) => merged.kept += 1,
            }
        }
        *self = all;
        Ok(merged)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GENESIS: Hash = Hash([5; 32]);

    fn id(byte: u8) -> Hash {
        Hash([byte; 32])
    }

    #[test]
    fn notes_are_kept_changed_and_emptied() {
        let mut notes = Notes::new(GENESIS);
        notes.set(id(1), " rent  for March ").unwrap();
        notes.set(id(2), "tea, 50 % 🪨").unwrap();
        assert_eq!(notes.get(&id(1)), Some("rent for March"));
        assert_eq!(Notes::read(&notes.write(), GENESIS).unwrap(), notes);
        notes.set(id(1), "rent").unwrap();
        notes.set(id(2), "  ").unwrap();
        notes.set(id(3), "").unwrap();
        assert_eq!(
            (notes.get(&id(1)), notes.get(&id(2)), notes.notes.len()),
            (Some("rent"), None, 1)
        );
    }

    #[test]
    fn a_note_has_rules() {
        let mut notes = Notes::new(GENESIS);
        notes.set(id(1), &"é".repeat(200)).unwrap();
        assert!(notes.set(id(1), &"é".repeat(201)).unwrap_err().contains("201"));
        assert!(notes.set(id(1), "a\u{202e}").is_err());
        assert_eq!(notes.get(&id(1)).unwrap().chars().count(), 200);
    }

    #[test]
    fn a_file_adds_and_changes_nothing() {
        let mut notes = Notes::new(GENESIS);
        notes.set(id(1), "rent").unwrap();
        notes.set(id(2), "tea").unwrap();
        let mut other = Notes::new(GENESIS);
        for (byte, note) in [(1, "rent"), (2, "coffee"), (3, "cake")] {
            other.set(id(byte), note).unwrap();
        }
        let before = notes.clone();
        for broken in [
            "ab tea",
            "09 tea extra",
            &format!("{} a%00", id(9)),
            &format!("{} %20", id(9)),
        ] {
            let fault = notes.merge(&format!("{}{broken}", other.write())).unwrap_err();
            assert_eq!((fault.line, &notes), (5, &before), "{fault}");
        }
        let merged = notes.merge(&other.write()).unwrap();
        assert_eq!((merged.added, merged.unchanged, merged.kept), (1, 1, 1));
        assert_eq!((notes.get(&id(2)), notes.get(&id(3))), (Some("tea"), Some("cake")));
    }

    #[test]
    fn the_fullest_notes_can_be_read() {
        let mut notes = Notes::new(GENESIS);
        for number in 0..lines::MAX_RECORDS {
            let mut bytes = [0; 32];
            bytes[..8].copy_from_slice(&number.to_le_bytes());
            notes.set(Hash(bytes), &"🪨".repeat(MAX_NOTE)).unwrap();
        }
        assert!(notes.set(id(9), "more").unwrap_err().contains("1000"));
        notes.set(Hash([0; 32]), "other").unwrap();
        assert_eq!(Notes::read(&notes.write(), GENESIS).unwrap(), notes);
    }

    #[test]
    fn the_example_of_the_specification_is_read() {
        let (text, genesis) = lines::example(KIND);
        let notes = Notes::read(&text, genesis).unwrap();
        assert_eq!(notes.notes.len(), 2);
        assert_eq!(notes.write(), text);
    }
}
