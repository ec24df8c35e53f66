//! When a socket is to be looked into.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

/// Knows whether something may have come to a socket since it was found empty.
///
/// libzmq's descriptor is edge-triggered: any send, receive or query may consume the edge that announces a message, so
/// that the socket must be looked into after each of them. To look is a system call even where nothing has come, and tmq
/// looks twice at each wake-up and once more whenever it is asked: so it is asked where that has a reason only.
pub(super) struct Readiness {
    bell: Arc<Bell>,
    ringer: Waker,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// There may be something.
    Unknown,
    /// There was nothing; nobody would tell.
    Empty,
    /// There was nothing, and the bell rings when that changes.
    Armed,
    /// As before, but what would ring the bell may have been consumed.
    Touched,
}

/// Rung by tmq, and heard by the owner of the socket.
#[derive(Default)]
struct Bell {
    rung: AtomicBool,
    owner: Mutex<Option<Waker>>,
}

impl Bell {
    fn owner(&self) -> MutexGuard<'_, Option<Waker>> {
        // Nothing that panics runs while it is held.
        self.owner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wake_owner(&self) {
        let owner = self.owner().take();
        if let Some(owner) = owner {
            owner.wake();
        }
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.rung.store(true, Ordering::Release);
        self.wake_owner();
    }
}

impl Default for Readiness {
    fn default() -> Self {
        let bell = Arc::new(Bell::default());
        Self { ringer: bell.clone().into(), bell, state: State::Unknown }
    }
}

impl Readiness {
    /// Whether nothing can have come: the owner, `cx`, is woken when something does.
    pub(super) fn is_quiet(&self, cx: &Context<'_>) -> bool {
        if self.state != State::Armed {
            return false;
        }
        {
            let mut owner = self.bell.owner();
            match &mut *owner {
                Some(owner) => owner.clone_from(cx.waker()),
                None => *owner = Some(cx.waker().clone()),
            }
        }
        !self.is_rung()
    }

    fn is_rung(&self) -> bool {
        self.bell.rung.load(Ordering::Acquire)
    }

    /// Whether it is known that there is nothing, but not who tells when that changes: to be [armed](Self::arm).
    pub(super) fn is_empty(&self) -> bool {
        self.state == State::Empty
    }

    /// The socket has just been found empty.
    pub(super) fn found_empty(&mut self) {
        self.state = match self.state {
            State::Armed | State::Touched if !self.is_rung() => State::Armed,
            _ => State::Empty,
        };
    }

    /// Something was done with the socket that may have consumed an edge, by an owner who looks into it before it sleeps.
    pub(super) fn disturb(&mut self) {
        self.state = match self.state {
            State::Armed | State::Touched => State::Touched,
            State::Unknown | State::Empty => State::Unknown,
        };
    }

    /// As [`disturb`](Self::disturb); the owner may sleep, and is woken to look.
    pub(super) fn touch(&mut self) {
        self.disturb();
        self.bell.wake_owner();
    }

    /// Has the bell rung by what `poll`, of tmq, waits for; gives what came meanwhile.
    pub(super) fn arm<T>(&mut self, mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>) -> Option<T> {
        /// The first time tmq takes note that it has read everything, the second time it waits. More often only where
        /// something happens just now.
        const TIMES: usize = 4;
        // What rings now is heard here.
        *self.bell.owner() = None;
        let mut cx = Context::from_waker(&self.ringer);
        for _ in 0..TIMES {
            self.bell.rung.store(false, Ordering::Release);
            match poll(&mut cx) {
                Poll::Ready(what) => {
                    self.state = State::Unknown;
                    return Some(what);
                }
                Poll::Pending => self.state = State::Armed,
            }
            if !self.is_rung() {
                break;
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[derive(Default)]
    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn armed() -> (Readiness, Waker) {
        let (mut readiness, mut kept) = (Readiness::default(), None);
        readiness.found_empty();
        assert!(readiness.is_empty());
        let nothing: Option<()> = readiness.arm(|cx| {
            kept = Some(cx.waker().clone());
            Poll::Pending
        });
        assert_eq!(nothing, None);
        (readiness, kept.unwrap())
    }

    #[test]
    fn the_owner_of_a_quiet_socket_is_woken_once_when_something_comes() {
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(woken.clone());
        let cx = Context::from_waker(&waker);
        let (mut readiness, tmq) = armed();
        assert!(readiness.is_quiet(&cx) && readiness.is_quiet(&cx));
        tmq.wake_by_ref();
        tmq.wake_by_ref();
        assert_eq!(woken.0.load(Ordering::Relaxed), 1);
        assert!(!readiness.is_quiet(&cx));
        readiness.found_empty();
        assert!(readiness.is_empty(), "the bell has rung: it must be armed again");
    }

    #[test]
    fn a_bell_that_rang_before_the_owner_came_is_heard() {
        let (readiness, tmq) = armed();
        tmq.wake();
        assert!(!readiness.is_quiet(&Context::from_waker(Waker::noop())));
    }

    #[test]
    fn who_touches_a_socket_wakes_its_owner_to_look_and_the_bell_stays_armed() {
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(woken.clone());
        let cx = Context::from_waker(&waker);
        let (mut readiness, _tmq) = armed();
        assert!(readiness.is_quiet(&cx));
        readiness.touch();
        assert!(!readiness.is_quiet(&cx) && !readiness.is_empty());
        assert_eq!(woken.0.load(Ordering::Relaxed), 1);
        readiness.found_empty();
        assert!(readiness.is_quiet(&cx));
    }

    #[test]
    fn tmqs_own_note_wakes_nobody() {
        let mut readiness = Readiness::default();
        let mut asked = 0;
        let nothing: Option<()> = readiness.arm(|cx| {
            asked += 1;
            if asked == 1 {
                cx.waker().wake_by_ref();
            }
            Poll::Pending
        });
        assert_eq!((nothing, asked), (None, 2));
        assert!(readiness.is_quiet(&Context::from_waker(Waker::noop())));
        assert_eq!(readiness.arm(|_| Poll::Ready(7)), Some(7));
        assert!(!readiness.is_quiet(&Context::from_waker(Waker::noop())) && !readiness.is_empty());
    }
}
