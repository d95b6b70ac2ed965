//! A request's body that must keep coming.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::BoxError;
use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep};

use super::pace::{Pace, Patience};

/// Fails when the body comes too slowly. Only the time counts in which the server waits for it.
pub(super) struct Steady<B> {
    body: B,
    patience: Patience,
    /// Runs while a read waits, and since when it does.
    waiting: Option<(Pin<Box<Sleep>>, Instant)>,
}

impl<B> Steady<B> {
    pub(super) fn new(body: B, pace: Pace) -> Self {
        Self {
            body,
            patience: Patience::new(pace),
            waiting: None,
        }
    }
}

impl<B> Body for Steady<B>
where
    B: Body<Data = Bytes, Error: Into<BoxError>> + Unpin,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            if let Some((_, since)) = self.waiting.take() {
                self.patience.waited(since.elapsed());
            }
            if let Some(Ok(frame)) = &frame {
                let bytes = frame.data_ref().map_or(0, Bytes::len);
                self.patience.moved(bytes);
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let left = self.patience.left();
        let (sleep, _) = self
            .waiting
            .get_or_insert_with(|| (Box::pin(sleep(left)), Instant::now()));
        ready!(sleep.as_mut().poll(context));
        self.waiting = None;
        Poll::Ready(Some(Err("the body comes too slowly".into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
