use std::task::{Context, Waker};

/// The waker of an owner that found a socket idle.
///
/// libzmq's descriptor is edge-triggered: any send, receive or query may consume the edge that announces a message. So
/// whoever touches the socket while its owner sleeps must wake the owner, to look again.
#[derive(Default)]
pub(super) struct Parked(Option<Waker>);

impl Parked {
    pub(super) fn park(&mut self, cx: &Context<'_>) {
        match &mut self.0 {
            Some(waker) => waker.clone_from(cx.waker()),
            None => self.0 = Some(cx.waker().clone()),
        }
    }

    pub(super) fn forget(&mut self) {
        self.0 = None;
    }

    pub(super) fn wake(&mut self) {
        if let Some(waker) = self.0.take() {
            waker.wake();
        }
    }
}
