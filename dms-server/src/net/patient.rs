//! A connection whose far end must keep reading.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

use super::pace::{Pace, Patience};

/// Fails a write whose far end reads too slowly: it would otherwise hold its connection and what is
/// queued on it for ever, with a byte now and then.
pub(super) struct Patient<S> {
    stream: S,
    patience: Patience,
    /// Runs while a write waits, and since when it does.
    waiting: Option<(Pin<Box<Sleep>>, Instant)>,
}

impl<S> Patient<S> {
    pub(super) fn new(stream: S, pace: Pace) -> Self {
        Self {
            stream,
            patience: Patience::new(pace),
            waiting: None,
        }
    }

    /// Passes a finished write of `moved` bytes on; lets an unfinished one wait, but not for ever.
    fn judge<T>(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<T>>,
        moved: impl FnOnce(&T) -> usize,
    ) -> Poll<io::Result<T>> {
        if let Poll::Ready(written) = written {
            if let Some((_, since)) = self.waiting.take() {
                self.patience.waited(since.elapsed());
            }
            if let Ok(written) = &written {
                self.patience.moved(moved(written));
            }
            return Poll::Ready(written);
        }
        let left = self.patience.left();
        let (sleep, _) = self
            .waiting
            .get_or_insert_with(|| (Box::pin(sleep(left)), Instant::now()));
        ready!(sleep.as_mut().poll(context));
        // Asked again after this error it waits anew instead of polling a finished timer.
        self.waiting = None;
        Poll::Ready(Err(io::Error::new(
            io::ErrorKind::TimedOut,
            "the far end reads too slowly",
        )))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.judge(context, written, |moved| *moved)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.judge(context, written, |moved| *moved)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.judge(context, flushed, |()| 0)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.stream).poll_shutdown(context);
        self.judge(context, shut, |()| 0)
    }
}
