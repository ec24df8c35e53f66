//! What a request asks for: the word before its JSON.

use super::Malformed;
use crate::names::shown;

/// The command of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Command {
    /// Run a method; the command of every released version.
    Call,
    /// *Ours.* Nobody waits for a call any more; the originals answer code 4.
    Cancel,
}

impl Command {
    const ALL: [Command; 2] = [Command::Call, Command::Cancel];

    /// The word on the wire.
    pub(crate) const fn word(self) -> &'static [u8] {
        match self {
            Command::Call => b"CALL",
            Command::Cancel => b"CANCEL",
        }
    }

    /// The command with this word.
    ///
    /// # Errors
    ///
    /// The original's words for one that there is not.
    pub(crate) fn read(word: &[u8]) -> Result<Self, Malformed> {
        let known = Self::ALL.into_iter().find(|command| command.word() == word);
        known.ok_or_else(|| Malformed(format!("Unknown command: {}", shown(&String::from_utf8_lossy(word)))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_read_by_its_exact_word() {
        for command in Command::ALL {
            assert_eq!(Command::read(command.word()), Ok(command));
        }
        assert_eq!(Command::read(b"call").unwrap_err().0, "Unknown command: 'call'");
        assert_eq!(Command::read(b"").unwrap_err().0, "Unknown command: ''");
    }
}
