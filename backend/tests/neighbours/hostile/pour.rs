//! News written straight to a stream of gossipsub: on any topic, whether the victim listens to it or not, with nothing of it
//! kept by the library, and no faster than the victim reads.

use std::{fmt, future::pending, io};

use async_trait::async_trait;
use libp2p::{
    StreamProtocol,
    futures::{AsyncRead, AsyncWrite, AsyncWriteExt as _},
    request_response,
};

/// About how many bytes are written together.
const TOGETHER: usize = 32 << 10;

/// What is written to one stream.
pub struct News {
    pub topic: String,
    pub pieces: Box<dyn Iterator<Item = Vec<u8>> + Send>,
}

impl fmt::Debug for News {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("News").field(&self.topic).finish()
    }
}

/// Writes it. Nobody answers.
#[derive(Debug, Clone, Default)]
pub struct Writer;

#[async_trait]
impl request_response::Codec for Writer {
    type Protocol = StreamProtocol;
    type Request = News;
    type Response = ();

    async fn read_request<T: AsyncRead + Unpin + Send>(&mut self, _: &StreamProtocol, _: &mut T) -> io::Result<News> {
        Err(io::ErrorKind::Unsupported.into())
    }

    async fn read_response<T: AsyncRead + Unpin + Send>(&mut self, _: &StreamProtocol, _: &mut T) -> io::Result<()> {
        pending().await
    }

    async fn write_request<T: AsyncWrite + Unpin + Send>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
        news: News,
    ) -> io::Result<()> {
        let mut frames = Vec::new();
        for piece in news.pieces {
            frame(&news.topic, &piece, &mut frames);
            if frames.len() >= TOGETHER {
                io.write_all(&frames).await?;
                frames.clear();
                // Whatever else there is to do on the connection has its turn.
                tokio::task::yield_now().await;
            }
        }
        io.write_all(&frames).await?;
        io.flush().await
    }

    async fn write_response<T: AsyncWrite + Unpin + Send>(
        &mut self,
        _: &StreamProtocol,
        _: &mut T,
        (): (),
    ) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// One message of gossipsub with one piece of news, as its `rpc.proto` has it.
fn frame(topic: &str, data: &[u8], out: &mut Vec<u8>) {
    let (mut message, mut rpc) = (Vec::new(), Vec::new());
    field(2, data, &mut message);
    field(4, topic.as_bytes(), &mut message);
    field(2, &message, &mut rpc);
    varint(rpc.len(), out);
    out.extend(rpc);
}

fn field(number: u8, bytes: &[u8], out: &mut Vec<u8>) {
    out.push(number << 3 | 2);
    varint(bytes.len(), out);
    out.extend(bytes);
}

fn varint(mut number: usize, out: &mut Vec<u8>) {
    while number > 0x7f {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}
