//! Whether a peer that is connected is still there, as plain data.
//!
//! A process that is stopped, or a machine whose cable was pulled, closes no connection. So where
//! answers are awaited and nothing at all is heard, the peer is asked something cheap. ZMTP's own
//! heartbeats will not do: the originals' libzmq never answers them.

/// Looks in a row without a word after which a peer is given up. The first of them asks.
const PATIENCE: u32 = 4;

/// What is known of a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Peer {
    /// Nothing yet.
    #[default]
    Unknown,
    /// It has been asked whether it answers at once.
    Asked,
    /// It does: silence means something.
    Prompt,
    /// It does not know the question: it may be busy with one call, as 0.4.1 is.
    Other,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Nothing.
    Wait,
    /// Ask the peer something cheap.
    Ask,
    /// The peer does not answer: what was sent to it is lost.
    GiveUp,
}

/// Listens for one connection.
#[derive(Debug, Default)]
pub(crate) struct Watchdog {
    peer: Peer,
    heard: bool,
    quiet: u32,
    silent: bool,
}

impl Watchdog {
    /// A message has come; says what is to be done. Costs the usual message nothing.
    pub(crate) fn heard(&mut self) -> Step {
        self.heard = true;
        if self.peer == Peer::Unknown {
            self.peer = Peer::Asked;
            return Step::Ask;
        }
        Step::Wait
    }

    /// The peer has answered the question; says whether it knows it.
    pub(crate) fn answered(&mut self, known: bool) {
        self.peer = if known { Peer::Prompt } else { Peer::Other };
    }

    /// To be called now and then while answers are awaited.
    pub(crate) fn look(&mut self) -> Step {
        if std::mem::take(&mut self.heard) {
            self.quiet = 0;
            return Step::Wait;
        }
        if self.peer != Peer::Prompt {
            return Step::Wait;
        }
        self.quiet = self.quiet.saturating_add(1);
        if self.quiet == PATIENCE {
            self.silent = true;
            return Step::GiveUp;
        }
        // One that was given up is asked less and less often whether it is back.
        if self.quiet.is_power_of_two() { Step::Ask } else { Step::Wait }
    }

    /// Whether the peer may be told of calls that were given up.
    pub(crate) fn takes_cancel(&self) -> bool {
        self.peer != Peer::Other
    }

    /// Whether the peer has been given up, and nothing was heard of it since.
    pub(crate) fn is_silent(&self) -> bool {
        self.silent
    }

    /// A message has come from a peer that had been given up.
    pub(crate) fn is_back(&mut self) -> bool {
        std::mem::take(&mut self.silent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prompt() -> Watchdog {
        let mut dog = Watchdog::default();
        assert_eq!((dog.heard(), dog.heard()), (Step::Ask, Step::Wait));
        dog.answered(true);
        assert_eq!(dog.look(), Step::Wait);
        dog
    }

    #[test]
    fn a_peer_that_says_nothing_is_asked_and_then_given_up_once() {
        let mut dog = prompt();
        let looks: Vec<_> = (0..8).map(|_| dog.look()).collect();
        use Step::{Ask, GiveUp, Wait};
        assert_eq!(looks, [Ask, Ask, Wait, GiveUp, Wait, Wait, Wait, Ask]);
        assert!(dog.is_silent());
        dog.heard();
        assert!(dog.is_back() && !dog.is_silent() && !dog.is_back());
        assert_eq!((dog.look(), dog.look()), (Wait, Ask));
    }

    #[test]
    fn a_word_in_time_is_enough() {
        let mut dog = prompt();
        for _ in 0..10 {
            assert_eq!(dog.look(), Step::Ask);
            dog.heard();
            assert_eq!(dog.look(), Step::Wait);
        }
    }

    #[test]
    fn the_silence_of_a_peer_that_may_be_busy_means_nothing() {
        let mut dog = Watchdog::default();
        assert_eq!(dog.look(), Step::Wait);
        dog.heard();
        dog.answered(false);
        assert!((0..20).all(|_| dog.look() == Step::Wait));
        assert!(!dog.is_silent() && !dog.takes_cancel());
    }
}
