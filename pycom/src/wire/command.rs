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
    /// A call whose attachments follow in chunks is about to come.
    Prepare,
    /// A chunk of an attachment comes.
    Fput,
    /// Run the call that was prepared.
    Exec,
    /// A chunk of an attachment of the reply is wanted.
    Fget,
    /// Nothing of a prepared call, or of its reply, is wanted any more.
    Reset,
}

impl Command {
    const ALL: [Command; 7] =
        [Command::Call, Command::Cancel, Command::Prepare, Command::Fput, Command::Exec, Command::Fget, Command::Reset];

    /// The word on the wire.
    pub(crate) const fn word(self) -> &'static [u8] {
        match self {
            Command::Call => b"CALL",
            Command::Cancel => b"CANCEL",
            Command::Prepare => b"PREPARE",
            Command::Fput => b"FPUT",
            Command::Exec => b"EXEC",
            Command::Fget => b"FGET",
            Command::Reset => b"RESET",
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
