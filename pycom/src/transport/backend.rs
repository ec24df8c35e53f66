use std::fmt;
use std::str::FromStr;

use crate::error::Error;

/// What carries `tcp://` and `ipc://`. Both speak the same protocol and meet each other, and every program over libzmq,
/// in any mixture.
///
/// Unless told otherwise, TCP goes through tmq, and unix sockets, which stay on one machine, through ours.
///
/// ```
/// use pycom::Backend;
/// assert_eq!("zmtp".parse::<Backend>()?, Backend::Zmtp);
/// # Ok::<(), pycom::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Backend {
    /// libzmq, through the crate `tmq`: proven for many years.
    Tmq,
    /// ZeroMQ's protocol spoken by this crate, on tokio's own sockets: no threads besides the runtime's, about twice as
    /// fast with many calls under way, and bounds where libzmq has none.
    Zmtp,
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Backend::Tmq => "tmq",
            Backend::Zmtp => "zmtp",
        })
    }
}

impl FromStr for Backend {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "tmq" => Ok(Backend::Tmq),
            "zmtp" => Ok(Backend::Zmtp),
            other => {
                let other = crate::names::escaped(other);
                Err(Error::configuration(format!("there is no back end {other}; there are tmq and zmtp")))
            }
        }
    }
}
