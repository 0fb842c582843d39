//! The one canonical binary encoding: fixed-width little-endian integers, counted lists, nothing optional.
//!
//! `decode(encode(x)) == x` and `encode(decode(b)) == b`: bytes that would not be written are not read.
//! docs/protocol.md, "Encoding".

use alloc::vec::Vec;

/// Something that has one canonical byte form.
pub trait Encode {
    /// Appends the canonical bytes to `out`.
    fn encode(&self, out: &mut Vec<u8>);

    /// The canonical bytes on their own.
    fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.encode(&mut out);
        out
    }
}

/// Something that is read from its canonical byte form, and from nothing else.
pub trait Decode: Sized {
    /// The fewest bytes that a value takes. Lists are bounded by it before memory is reserved.
    const MIN_LEN: usize;

    /// Reads one value and leaves the reader behind it.
    ///
    /// # Errors
    /// Any [`DecodeError`] but [`DecodeError::TrailingBytes`].
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError>;

    /// Reads one value that takes all of `bytes`.
    ///
    /// # Errors
    /// Any [`DecodeError`].
    fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let value = Self::decode(&mut reader)?;
        reader.finish()?;
        Ok(value)
    }
}

/// Why bytes are not a canonical encoding.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The bytes end inside a value.
    #[error("the bytes end {missing} bytes too early")]
    UnexpectedEnd {
        /// How many more bytes the value takes at least.
        missing: usize,
    },
    /// Bytes are left over behind the value.
    #[error("{count} bytes are left over at the end")]
    TrailingBytes {
        /// How many bytes are left over.
        count: usize,
    },
    /// A length or count is greater than its limit.
    #[error("{what} has length {length}, and at most {limit} is allowed")]
    TooLong {
        /// What was being read.
        what: &'static str,
        /// The length the bytes claim.
        length: u64,
        /// The greatest that is allowed.
        limit: u64,
    },
    /// A field holds a value that no encoder writes.
    #[error("{what} is not valid")]
    Invalid {
        /// What was being read.
        what: &'static str,
    },
}

/// Reads canonical bytes from the front.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    /// A reader at the front of `bytes`.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// How many bytes are left.
    #[must_use]
    pub const fn remaining(&self) -> usize {
        self.bytes.len()
    }

    /// Takes the next `count` bytes.
    ///
    /// # Errors
    /// [`DecodeError::UnexpectedEnd`] when fewer are left.
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], DecodeError> {
        let Some((head, tail)) = self.bytes.split_at_checked(count) else {
            return Err(DecodeError::UnexpectedEnd {
                missing: count - self.bytes.len(),
            });
        };
        self.bytes = tail;
        Ok(head)
    }

    /// Takes the next `N` bytes as an array.
    ///
    /// # Errors
    /// [`DecodeError::UnexpectedEnd`] when fewer are left.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let missing = N.saturating_sub(self.bytes.len());
        let Some((head, tail)) = self.bytes.split_first_chunk::<N>() else {
            return Err(DecodeError::UnexpectedEnd { missing });
        };
        self.bytes = tail;
        Ok(*head)
    }

    /// Reads a byte string with a one-byte length of at most `limit`.
    ///
    /// # Errors
    /// [`DecodeError::TooLong`] above `limit`, [`DecodeError::UnexpectedEnd`] when it is cut off.
    pub fn short_bytes(&mut self, what: &'static str, limit: u8) -> Result<&'a [u8], DecodeError> {
        let length = u8::decode(self)?;
        if length > limit {
            return Err(DecodeError::TooLong {
                what,
                length: length.into(),
                limit: limit.into(),
            });
        }
        self.take(length.into())
    }

    /// Reads a list with a four-byte count of at most `limit`. Memory is reserved only for what the remaining bytes can hold.
    ///
    /// # Errors
    /// [`DecodeError::TooLong`] above `limit`, [`DecodeError::UnexpectedEnd`] when the bytes cannot hold the count, or the items' own.
    pub fn list<T: Decode>(&mut self, what: &'static str, limit: u32) -> Result<Vec<T>, DecodeError> {
        let count = u32::decode(self)?;
        if count > limit {
            return Err(DecodeError::TooLong {
                what,
                length: count.into(),
                limit: limit.into(),
            });
        }
        let count = count as usize;
        let least = count.saturating_mul(T::MIN_LEN.max(1));
        if least > self.remaining() {
            return Err(DecodeError::UnexpectedEnd {
                missing: least - self.remaining(),
            });
        }
        let mut items = Vec::with_capacity(count);
        for _ in 0..count {
            items.push(T::decode(self)?);
        }
        Ok(items)
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// [`DecodeError::TrailingBytes`] when bytes are left.
    pub const fn finish(self) -> Result<(), DecodeError> {
        match self.bytes.len() {
            0 => Ok(()),
            count => Err(DecodeError::TrailingBytes { count }),
        }
    }
}

/// Appends a byte string with a one-byte length.
///
/// # Panics
/// When `bytes` is longer than 255: callers hold types that cannot be.
pub fn encode_short_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    out.push(u8::try_from(bytes.len()).expect("bounded by its type"));
    out.extend_from_slice(bytes);
}

/// Appends a list with a four-byte count.
///
/// # Panics
/// When there are more than `u32::MAX` items.
pub fn encode_list<T: Encode>(items: &[T], out: &mut Vec<u8>) {
    u32::try_from(items.len())
        .expect("lists in memory are far shorter")
        .encode(out);
    for item in items {
        item.encode(out);
    }
}

macro_rules! integer {
    ($($int:ty),*) => {$(
        impl Encode for $int {
            fn encode(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }
        }

        impl Decode for $int {
            const MIN_LEN: usize = size_of::<$int>();

            fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
                Ok(Self::from_le_bytes(reader.array()?))
            }
        }
    )*};
}

integer!(u8, u16, u32, u64);

impl<const N: usize> Encode for [u8; N] {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }
}

impl<const N: usize> Decode for [u8; N] {
    const MIN_LEN: usize = N;

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        reader.array()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_claims_more_than_its_bytes_reserves_nothing() {
        let bytes = [0xff, 0xff, 0xff, 0x7f, 1, 2, 3];
        let result = Reader::new(&bytes).list::<u64>("numbers", u32::MAX);
        assert!(matches!(result, Err(DecodeError::UnexpectedEnd { .. })), "{result:?}");
    }

    #[test]
    fn trailing_bytes_are_refused() {
        assert_eq!(
            u16::from_bytes(&[1, 0, 0]),
            Err(DecodeError::TrailingBytes { count: 1 })
        );
        assert_eq!(u16::from_bytes(&[1]), Err(DecodeError::UnexpectedEnd { missing: 1 }));
        assert_eq!(u16::from_bytes(&[1, 2]), Ok(0x0201));
    }
}
