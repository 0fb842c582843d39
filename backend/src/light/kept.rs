//! What is kept from one question to the next: for each chain the newest header that was verified, and its work.
//! docs/files.md, "Light client", has the form.

use std::fmt::Write as _;

use ruint::aliases::U256;
use shared::{
    block::Header,
    codec::{Decode as _, Reader},
    hash::{Hash, sha256},
};

const FIRST_LINE: &str = "cairn-light 1\n";
const LAST_LINE: &str = "checksum ";

/// The most chains that one file keeps.
const MAX_RECORDS: usize = 1_000;

/// The newest header of a chain that was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Names the chain.
    pub genesis_hash: Hash,
    /// The header.
    pub header: Header,
    /// The work of the chain up to it.
    pub work: U256,
}

/// Why a file is not one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeptError {
    /// It is something else, or of another version.
    #[error("it does not begin with `cairn-light 1`")]
    Other,
    /// It was changed or cut off.
    #[error("its checksum does not hold")]
    Checksum,
    /// A line is no record.
    #[error("line {line} is not a chain's genesis hash, header and work")]
    Record {
        /// Which line, from 1.
        line: usize,
    },
    /// More chains than one file keeps.
    #[error("it keeps {MAX_RECORDS} chains, and no more fit")]
    Full,
}

/// What one file keeps: a header for each chain.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Records(Vec<Kept>);

impl Records {
    /// The records that a file's bytes spell.
    ///
    /// # Errors
    /// [`KeptError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, KeptError> {
        let text = std::str::from_utf8(bytes).map_err(|_| KeptError::Other)?;
        if !text.starts_with(FIRST_LINE) {
            return Err(KeptError::Other);
        }
        let end = text.rfind(LAST_LINE).ok_or(KeptError::Checksum)?;
        let (body, checksum) = text.split_at(end);
        if checksum != last_line(body) {
            return Err(KeptError::Checksum);
        }
        let mut records: Vec<Kept> = Vec::new();
        for (place, line) in body.lines().enumerate().skip(1) {
            let error = KeptError::Record { line: place + 1 };
            let kept = Kept::parse(line).ok_or(error)?;
            if records.iter().any(|other| other.genesis_hash == kept.genesis_hash) {
                return Err(error);
            }
            records.push(kept);
        }
        Ok(Self(records))
    }

    /// The file's text.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = FIRST_LINE.to_owned();
        for kept in &self.0 {
            let header = hex::encode(kept.header.to_array());
            // A string takes what it is given.
            let _ = writeln!(text, "{} {header} {}", kept.genesis_hash, kept.work);
        }
        let last = last_line(&text);
        text.push_str(&last);
        text
    }

    /// What is kept of a chain.
    #[must_use]
    pub fn of(&self, genesis_hash: &Hash) -> Option<&Kept> {
        self.0.iter().find(|kept| kept.genesis_hash == *genesis_hash)
    }

    /// Keeps a header in the place of one of the same chain with no more work. Says whether anything changed.
    ///
    /// # Errors
    /// [`KeptError::Full`].
    pub fn keep(&mut self, kept: Kept) -> Result<bool, KeptError> {
        let is_full = self.0.len() == MAX_RECORDS;
        match self.0.iter_mut().find(|other| other.genesis_hash == kept.genesis_hash) {
            Some(other) if other.work > kept.work || *other == kept => Ok(false),
            Some(other) => {
                *other = kept;
                Ok(true)
            }
            None if is_full => Err(KeptError::Full),
            None => {
                self.0.push(kept);
                Ok(true)
            }
        }
    }
}

impl Kept {
    fn parse(line: &str) -> Option<Self> {
        let mut fields = line.split(' ');
        let (genesis_hash, header, work) = (fields.next()?, fields.next()?, fields.next()?);
        let bytes = hex::decode(header).ok()?;
        let mut reader = Reader::new(&bytes);
        let kept = Self {
            genesis_hash: genesis_hash.parse().ok()?,
            header: Header::decode(&mut reader).ok()?,
            work: U256::from_str_radix(work, 10).ok()?,
        };
        reader.finish().ok()?;
        fields.next().is_none().then_some(kept)
    }
}

/// SHA-256 of all that comes before.
fn last_line(body: &str) -> String {
    format!("{LAST_LINE}{}\n", sha256(&[body.as_bytes()]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::networks;

    fn kept(work: u64, name: &str) -> Kept {
        let network = networks::load(name).unwrap();
        Kept {
            genesis_hash: network.genesis_hash(),
            header: Header {
                height: work,
                ..*network.genesis()
            },
            work: U256::from(work),
        }
    }

    #[test]
    fn what_is_kept_is_read_back() {
        let mut records = Records::default();
        assert_eq!(Records::parse(records.to_text().as_bytes()), Ok(records.clone()));
        assert_eq!(records.keep(kept(7, "dev")), Ok(true));
        assert_eq!(records.keep(kept(9, "class")), Ok(true));
        assert_eq!(records.keep(kept(6, "dev")), Ok(false), "less work");
        assert_eq!(records.keep(kept(7, "dev")), Ok(false), "the same");
        assert_eq!(records.keep(kept(8, "dev")), Ok(true));
        let again = Records::parse(records.to_text().as_bytes()).unwrap();
        assert_eq!(again, records);
        for (work, name) in [(8, "dev"), (9, "class")] {
            let expected = kept(work, name);
            assert_eq!(again.of(&expected.genesis_hash), Some(&expected));
        }
        assert_eq!(again.of(&Hash::ZERO), None);
    }

    #[test]
    fn no_changed_byte_goes_unnoticed() {
        let mut records = Records::default();
        records.keep(kept(7, "dev")).unwrap();
        let bytes = records.to_text().into_bytes();
        for place in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[place] ^= 1;
            assert!(Records::parse(&changed).is_err(), "byte {place}");
            assert!(Records::parse(&bytes[..place]).is_err(), "cut at {place}");
        }
        let mut more = bytes;
        more.push(b'\n');
        assert_eq!(Records::parse(&more), Err(KeptError::Checksum));
    }

    #[test]
    fn a_record_that_is_none_is_refused_though_its_checksum_holds() {
        let good = {
            let mut records = Records::default();
            records.keep(kept(7, "dev")).unwrap();
            records.to_text()
        };
        let line = good.lines().nth(1).unwrap();
        for body in ["x", "", &format!("{line} 1"), &line[1..], &format!("{line}\n{line}")] {
            let text = format!("{FIRST_LINE}{body}\n");
            let text = format!("{text}{}", last_line(&text));
            assert!(
                matches!(Records::parse(text.as_bytes()), Err(KeptError::Record { .. })),
                "{body}"
            );
        }
    }
}
