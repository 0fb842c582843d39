//! A chain in a file: docs/protocol.md, "Chain archive".
//!
//! `"CAIRNCHN" ‖ version u16 ‖ genesis hash 32`, then each block as `length u32 ‖ block`, by height from 1 on, then
//! `0 u32`. So a file that was cut off is noticed, and one block at a time is in memory.

use std::io::{self, Read, Write};

use anyhow::{Context as _, Result, bail};
use shared::{
    block::Block,
    codec::{Decode as _, Encode as _},
    hash::Hash,
    params::Network,
};

const MAGIC: [u8; 8] = *b"CAIRNCHN";
const VERSION: u16 = 1;

/// Writes an archive.
pub(super) struct ArchiveWriter<W: Write>(W);

impl<W: Write> ArchiveWriter<W> {
    pub(super) fn new(mut out: W, network: &Network) -> io::Result<Self> {
        let mut head = MAGIC.to_vec();
        VERSION.encode(&mut head);
        network.genesis_hash().encode(&mut head);
        out.write_all(&head)?;
        Ok(Self(out))
    }

    pub(super) fn block(&mut self, bytes: &[u8]) -> io::Result<()> {
        let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
        self.0.write_all(&length.to_le_bytes())?;
        self.0.write_all(bytes)
    }

    pub(super) fn finish(mut self) -> io::Result<W> {
        self.0.write_all(&0_u32.to_le_bytes())?;
        self.0.flush()?;
        Ok(self.0)
    }
}

/// Reads an archive, one block at a time.
pub(super) struct ArchiveReader<R: Read> {
    source: R,
    max_len: u32,
    /// The place of the block that comes next, counted from 1.
    place: u64,
}

impl<R: Read> ArchiveReader<R> {
    /// Reads the head.
    ///
    /// # Errors
    /// When it is not an archive, or one of another chain or a newer version.
    pub(super) fn new(mut source: R, network: &Network) -> Result<Self> {
        let mut head = [0; 8 + 2 + 32];
        // What is too short for a head is no archive either.
        if let Err(error) = source.read_exact(&mut head)
            && error.kind() != io::ErrorKind::UnexpectedEof
        {
            return Err(error).context("the archive cannot be read");
        }
        if head[..8] != MAGIC {
            bail!("this is not an archive of a chain");
        }
        let version = u16::from_le_bytes([head[8], head[9]]);
        if version != VERSION {
            bail!("the archive has version {version}, and this program reads version {VERSION}");
        }
        let genesis = Hash::from_bytes(&head[10..])?;
        if genesis != network.genesis_hash() {
            bail!(
                "the archive holds the chain of genesis {genesis}, and the network {} has genesis {}: name its network \
                 with --network",
                network.name(),
                network.genesis_hash()
            );
        }
        Ok(Self {
            source,
            max_len: network.parameters().max_block_bytes,
            place: 1,
        })
    }

    /// The next block; none at the end.
    ///
    /// # Errors
    /// When the archive is cut off or damaged. All blocks before are whole.
    pub(super) fn next_block(&mut self) -> Result<Option<Block>> {
        let place = self.place;
        let cut_off = || format!("the archive is cut off or damaged at block {place}");
        let mut length = [0; 4];
        self.source.read_exact(&mut length).with_context(cut_off)?;
        let length = u32::from_le_bytes(length);
        if length == 0 {
            let rest = self.source.read(&mut [0; 1])?;
            if rest != 0 {
                bail!("the archive goes on after its end, behind block {}", place - 1);
            }
            return Ok(None);
        }
        if length > self.max_len {
            bail!(
                "the archive is damaged at block {place}: it has {length} bytes, and at most {} are allowed",
                self.max_len
            );
        }
        let mut bytes = vec![0; length as usize];
        self.source.read_exact(&mut bytes).with_context(cut_off)?;
        let block = Block::from_bytes(&bytes).with_context(cut_off)?;
        self.place += 1;
        Ok(Some(block))
    }
}
