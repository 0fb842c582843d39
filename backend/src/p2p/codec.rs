//! How messages travel on a stream: the canonical bytes of one, up to the end of the stream.

use std::io;

use async_trait::async_trait;
use libp2p::{
    StreamProtocol,
    futures::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    request_response,
};
use shared::codec::{Decode, Encode as _};

use crate::sync::{Limits, Offence, Request, Response};

/// Reads and writes messages, none longer than its kind may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Codec {
    pub(super) limits: Limits,
}

/// What is wrong with bytes that a peer sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum WireError {
    #[error("{reason}")]
    Malformed { reason: String },
    #[error("{bytes} bytes or more, where {limit} are allowed")]
    Oversized { bytes: usize, limit: usize },
}

impl WireError {
    /// The peer's part in a failure of a stream; none if it had none, as when a connection ends.
    pub(super) fn of(error: &io::Error) -> Option<&Self> {
        error.get_ref()?.downcast_ref()
    }

    pub(super) fn offence(&self) -> Offence {
        match self.clone() {
            Self::Malformed { reason } => Offence::Malformed { reason },
            Self::Oversized { bytes, limit } => Offence::Oversized { bytes, limit },
        }
    }
}

impl From<WireError> for io::Error {
    fn from(error: WireError) -> Self {
        Self::new(io::ErrorKind::InvalidData, error)
    }
}

/// Reads one message. `limit` says how long it may be, by its first byte; none when no message begins so.
async fn read<M: Decode>(
    io: &mut (impl AsyncRead + Unpin + Send),
    limit: impl Fn(u8) -> Option<usize>,
) -> io::Result<M> {
    let mut first = [0];
    io.read_exact(&mut first).await?;
    let unknown = || WireError::Malformed {
        reason: format!("no message begins with byte {}", first[0]),
    };
    let limit = limit(first[0]).ok_or_else(unknown)?;
    let mut bytes = first.to_vec();
    // Memory grows with what arrives. One byte more than allowed tells that there is more.
    io.take(limit as u64).read_to_end(&mut bytes).await?;
    if bytes.len() > limit {
        let bytes = bytes.len();
        return Err(WireError::Oversized { bytes, limit }.into());
    }
    decode(&bytes).map_err(Into::into)
}

/// Reads a message that has arrived.
pub(super) fn decode<M: Decode>(bytes: &[u8]) -> Result<M, WireError> {
    M::from_bytes(bytes).map_err(|error| WireError::Malformed {
        reason: error.to_string(),
    })
}

/// A request, or what is wrong with its bytes: of a stream that fails in reading, the library tells nobody.
pub(super) type Asked = Result<Request, WireError>;

#[async_trait]
impl request_response::Codec for Codec {
    type Protocol = StreamProtocol;
    type Request = Asked;
    type Response = Response;

    async fn read_request<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Asked>
    where
        T: AsyncRead + Unpin + Send,
    {
        let limit = self.limits.request();
        match read(io, |_| Some(limit)).await {
            Ok(request) => Ok(Ok(request)),
            Err(error) => WireError::of(&error).cloned().map(Err).ok_or(error),
        }
    }

    async fn read_response<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Response>
    where
        T: AsyncRead + Unpin + Send,
    {
        let limits = self.limits;
        read(io, |first| limits.response_of(first)).await
    }

    async fn write_request<T>(&mut self, _: &StreamProtocol, io: &mut T, request: Asked) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        io.write_all(&request?.to_bytes()).await
    }

    async fn write_response<T>(&mut self, _: &StreamProtocol, io: &mut T, response: Response) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        io.write_all(&response.to_bytes()).await
    }
}

#[cfg(test)]
mod tests {
    use libp2p::futures::io::Cursor;
    use request_response::Codec as _;
    use shared::hash::Hash;

    use super::*;

    fn codec() -> Codec {
        let network = crate::networks::load("dev").unwrap();
        Codec {
            limits: Limits::new(network.parameters()),
        }
    }

    const PROTOCOL: StreamProtocol = StreamProtocol::new("/test");

    async fn request(bytes: &[u8]) -> io::Result<Asked> {
        codec().read_request(&PROTOCOL, &mut Cursor::new(bytes)).await
    }

    async fn fault(bytes: &[u8]) -> WireError {
        request(bytes).await.unwrap().unwrap_err()
    }

    #[tokio::test]
    async fn what_is_written_is_read() {
        let asked = Request::Blocks {
            hashes: vec![Hash([7; 32]), Hash([9; 32])],
        };
        let mut wire = Cursor::new(Vec::new());
        codec()
            .write_request(&PROTOCOL, &mut wire, Ok(asked.clone()))
            .await
            .unwrap();
        assert_eq!(request(wire.get_ref()).await.unwrap(), Ok(asked));
        let answered = Response::Mempool(vec![Hash([1; 32])]);
        let mut wire = Cursor::new(Vec::new());
        codec()
            .write_response(&PROTOCOL, &mut wire, answered.clone())
            .await
            .unwrap();
        let read = codec().read_response(&PROTOCOL, &mut Cursor::new(wire.get_ref())).await;
        assert_eq!(read.unwrap(), answered);
    }

    #[tokio::test]
    async fn what_is_no_message_is_named() {
        assert!(matches!(fault(&[255]).await, WireError::Malformed { .. }));
        let mut left_over = Request::Status.to_bytes();
        left_over.push(0);
        assert!(matches!(fault(&left_over).await, WireError::Malformed { .. }));
        let mut unknown = Cursor::new([255, 0, 0]);
        let error = codec().read_response(&PROTOCOL, &mut unknown).await.unwrap_err();
        assert!(
            matches!(WireError::of(&error), Some(WireError::Malformed { .. })),
            "{error}"
        );
        // A stream that ends at once is a connection that ended.
        assert_eq!(WireError::of(&request(&[]).await.unwrap_err()), None);
    }

    #[tokio::test]
    async fn what_is_too_long_is_not_read() {
        let limit = codec().limits.request();
        let fault = fault(&vec![1; 10 * limit]).await;
        assert_eq!(
            fault,
            WireError::Oversized {
                bytes: limit + 1,
                limit
            }
        );
    }
}
