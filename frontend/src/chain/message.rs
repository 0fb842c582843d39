//! What page and chain worker say to each other, in the protocol's encoding.

use shared::chain_proof::ShownHeader;
use shared::codec::{Decode, DecodeError, Encode, Reader};
use shared::hash::Hash;

/// What the page asks of the worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// Follow the chain with this genesis block, from now on and this one alone.
    Begin {
        /// The genesis block's hash.
        genesis: Hash,
        /// What was proved of it before.
        kept: Option<ShownHeader>,
    },
    /// The node told of a new tip.
    Follow,
    /// An answer rests on the header at this height, which the proof does not show.
    Show(u64),
    /// Ask this further node for its proof: the URL that its routes begin with.
    Compare(String),
}

/// What the worker proved.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// Headers from this height on are those below; what was known of the others still holds. 0: all of them.
    pub from: u64,
    /// Headers of the chain, in order; the last is its tip.
    pub places: Vec<ShownHeader>,
    /// The tip's time, in milliseconds since 1970.
    pub tip_time: u64,
    /// How many bytes were read for it.
    pub bytes: u64,
    /// How long their verification took, in milliseconds.
    pub millis: u64,
    /// The height that was asked for by [`Order::Show`]; another word has none.
    pub answers: Option<u64>,
    /// How many blocks that were proved before are not in the chain any more: 0, or at least so many.
    pub undone: u64,
}

/// What the worker says.
#[derive(Debug, Clone, PartialEq)]
pub enum Word {
    /// It proved a chain.
    Proved(Report),
    /// The node claimed what does not hold. In words.
    Lie(String),
    /// The node gave no answer that could be looked at. In words.
    Silence(String),
    /// What a further node's proof showed: its URL, a line's end, and in words.
    Compared(String),
}

const BEGIN: u8 = 0;
const FOLLOW: u8 = 1;
const SHOW: u8 = 2;
const COMPARE: u8 = 3;

const PROVED: u8 = 0;
const LIE: u8 = 1;
const SILENCE: u8 = 2;
const COMPARED: u8 = 3;

/// The kept header as text, for the browser's store.
#[must_use]
pub fn write_kept(kept: &ShownHeader) -> String {
    hex::encode(kept.to_bytes())
}

/// Reads what [`write_kept`] wrote.
#[must_use]
pub fn read_kept(text: &str) -> Option<ShownHeader> {
    ShownHeader::from_bytes(&hex::decode(text).ok()?).ok()
}

impl Encode for Order {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Begin { genesis, kept } => {
                out.push(BEGIN);
                genesis.encode(out);
                if let Some(kept) = kept {
                    kept.encode(out);
                }
            }
            Self::Follow => out.push(FOLLOW),
            Self::Show(height) => {
                out.push(SHOW);
                height.encode(out);
            }
            Self::Compare(url) => write_text(COMPARE, url, out),
        }
    }
}

impl Decode for Order {
    const MIN_LEN: usize = 1;

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(match u8::decode(reader)? {
            BEGIN => Self::Begin {
                genesis: Hash::decode(reader)?,
                kept: match reader.remaining() {
                    0 => None,
                    _ => Some(ShownHeader::decode(reader)?),
                },
            },
            FOLLOW => Self::Follow,
            SHOW => Self::Show(u64::decode(reader)?),
            COMPARE => Self::Compare(text(reader)?),
            _ => return Err(DecodeError::Invalid { what: "order" }),
        })
    }
}

impl Encode for Word {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Proved(report) => {
                out.push(PROVED);
                report.from.encode(out);
                report.tip_time.encode(out);
                report.bytes.encode(out);
                report.millis.encode(out);
                report.undone.encode(out);
                report.answers.unwrap_or(u64::MAX).encode(out);
                for place in &report.places {
                    place.encode(out);
                }
            }
            Self::Lie(text) => write_text(LIE, text, out),
            Self::Silence(text) => write_text(SILENCE, text, out),
            Self::Compared(text) => write_text(COMPARED, text, out),
        }
    }
}

impl Decode for Word {
    const MIN_LEN: usize = 1;

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(match u8::decode(reader)? {
            PROVED => {
                let mut report = Report {
                    from: u64::decode(reader)?,
                    tip_time: u64::decode(reader)?,
                    bytes: u64::decode(reader)?,
                    millis: u64::decode(reader)?,
                    undone: u64::decode(reader)?,
                    answers: Some(u64::decode(reader)?).filter(|height| *height < u64::MAX),
                    places: Vec::new(),
                };
                while reader.remaining() > 0 {
                    report.places.push(ShownHeader::decode(reader)?);
                }
                Self::Proved(report)
            }
            LIE => Self::Lie(text(reader)?),
            SILENCE => Self::Silence(text(reader)?),
            COMPARED => Self::Compared(text(reader)?),
            _ => return Err(DecodeError::Invalid { what: "word" }),
        })
    }
}

fn write_text(kind: u8, text: &str, out: &mut Vec<u8>) {
    out.push(kind);
    out.extend_from_slice(text.as_bytes());
}

fn text(reader: &mut Reader<'_>) -> Result<String, DecodeError> {
    let bytes = reader.take(reader.remaining())?;
    String::from_utf8(bytes.to_vec()).map_err(|_| DecodeError::Invalid { what: "text" })
}
