//! A body of unknown length, compressed as it comes: no more of it is held than a piece.

use std::io::{self, Write};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use flate2::Compression;
use flate2::write::GzEncoder;
use rocket::tokio::io::{AsyncRead, ReadBuf};

/// How much is read and compressed at once, in bytes.
const PIECE_BYTES: usize = 16 << 10;

/// How many pieces are compressed in a row before others get their turn. What is very regular gives nothing to send for
/// many pieces.
const PIECES_MAX: usize = 4;

/// What compresses another reader.
pub(super) struct CompressedStream<R> {
    plain: R,
    piece: Box<[u8]>,
    /// `None` once the end has been compressed.
    encoder: Option<GzEncoder<Vec<u8>>>,
    /// What is compressed, and how much of it was taken already.
    compressed: Vec<u8>,
    taken: usize,
}

impl<R: AsyncRead + Unpin> CompressedStream<R> {
    /// What compresses that reader.
    pub fn new(plain: R) -> CompressedStream<R> {
        CompressedStream {
            plain,
            piece: vec![0; PIECE_BYTES].into(),
            encoder: Some(GzEncoder::new(Vec::new(), Compression::default())),
            compressed: Vec::new(),
            taken: 0,
        }
    }
}

impl<R: AsyncRead + Unpin> AsyncRead for CompressedStream<R> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        for _ in 0..PIECES_MAX {
            let left = &this.compressed[this.taken..];
            if !left.is_empty() {
                let length = left.len().min(into.remaining());
                into.put_slice(&left[..length]);
                this.taken += length;
                return Poll::Ready(Ok(()));
            }
            let Some(encoder) = &mut this.encoder else { return Poll::Ready(Ok(())) };
            let mut piece = ReadBuf::new(&mut this.piece);
            ready!(Pin::new(&mut this.plain).poll_read(context, &mut piece))?;
            this.compressed.clear();
            this.taken = 0;
            if piece.filled().is_empty() {
                this.compressed = this.encoder.take().map_or(Ok(Vec::new()), GzEncoder::finish)?;
            } else {
                encoder.write_all(piece.filled())?;
                std::mem::swap(encoder.get_mut(), &mut this.compressed);
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::GzDecoder;
    use rocket::tokio::io::{AsyncReadExt, BufReader};
    use rocket::tokio::runtime::Builder;

    use super::*;

    /// Compresses a text of which a reader gets so many bytes at a time, and unpacks it again.
    fn there_and_back(text: &[u8], at_a_time: usize) -> Vec<u8> {
        let mut compressed = Vec::new();
        let mut stream = CompressedStream::new(BufReader::with_capacity(at_a_time, text));
        let runtime = Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(stream.read_to_end(&mut compressed)).expect("memory can be read");
        let mut back = Vec::new();
        GzDecoder::new(&compressed[..]).read_to_end(&mut back).expect("it is gzip");
        assert!(text.len() < 1000 || compressed.len() * 2 < text.len(), "{} bytes", compressed.len());
        back
    }

    #[test]
    fn what_is_unpacked_is_what_came() {
        let lines: String = (0..100_000).map(|line| format!("{line},2023-04-14,{}\n", line * 7 % 1000)).collect();
        for text in ["", "a", "id,user_id\n", &lines, &"x".repeat(5 << 20)] {
            for at_a_time in [1000, 1 << 16] {
                assert!(there_and_back(text.as_bytes(), at_a_time) == text.as_bytes(), "{} bytes", text.len());
            }
        }
    }
}
