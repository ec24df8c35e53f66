//! Commands under way, whose answers are taken in the order in which they were sent.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

enum Slot<T> {
    Waiting(Pin<Box<dyn Future<Output = T> + Send>>),
    Answered(T),
}

pub(super) struct Pipeline<T>(VecDeque<Slot<T>>);

impl<T> Default for Pipeline<T> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<T> Pipeline<T> {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Adds a command; it is sent when the pipeline is looked at next.
    pub(super) fn push(&mut self, command: impl Future<Output = T> + Send + 'static) {
        self.0.push_back(Slot::Waiting(Box::pin(command)));
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Looks at all of them: a command is sent when it is first looked at.
    pub(super) fn look(&mut self, cx: &mut Context<'_>) {
        for slot in &mut self.0 {
            if let Slot::Waiting(command) = slot
                && let Poll::Ready(answer) = command.as_mut().poll(cx)
            {
                *slot = Slot::Answered(answer);
            }
        }
    }

    /// The answer to the oldest command; pending too where there is none.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<T> {
        self.look(cx);
        match self.0.front() {
            Some(Slot::Answered(_)) => match self.0.pop_front() {
                Some(Slot::Answered(answer)) => Poll::Ready(answer),
                _ => Poll::Pending,
            },
            _ => Poll::Pending,
        }
    }
}
