//! Who may have a name that is taken: 0.6.0's rule, and what ours adds for services that were
//! restarted.

use super::{Record, Registration, Upkeep};

/// How a registration stands to what is known under its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// It says what is known: a renewal.
    Same,
    /// It comes from the holder, or from the holder's next run, and says something new.
    Own,
    /// Another has the name.
    Contested {
        /// Whether to ask that other if it is still there.
        ask: bool,
    },
}

/// Judges a registration by what is known under its name.
pub(super) fn judge(holder: &Record, claim: &Registration) -> Standing {
    let same_instance = claim.instance.is_some() && claim.instance == holder.instance;
    if holder.address == claim.address || same_instance {
        let same = holder.address == claim.address
            && holder.instance == claim.instance
            && holder.upkeep == claim.upkeep
            && *holder.interfaces == *claim.interfaces;
        return if same { Standing::Same } else { Standing::Own };
    }
    Standing::Contested {
        // A holder that never renews stays for as long as nobody asks. A claim that names its
        // instance comes from a service of ours, which is probably the holder's next run. Else the
        // holder's term decides, as in 0.6.0.
        ask: holder.upkeep == Upkeep::Probed || claim.instance.is_some(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::{InterfaceName, ServiceName};
    use crate::registry::Instance;

    fn claim(port: u16, instance: Option<u8>, upkeep: Upkeep) -> Registration {
        Registration {
            service: ServiceName::new("/com/foo/probe").unwrap(),
            address: format!("tcp://127.0.0.1:{port}").parse().unwrap(),
            interfaces: vec![InterfaceName::new("com.foo.example").unwrap()],
            instance: instance.map(|byte| Instance::from([byte; 16])),
            upkeep,
        }
    }

    fn standing(holder: Registration, claim: &Registration) -> Standing {
        let holder = Record {
            service: holder.service,
            address: holder.address,
            interfaces: holder.interfaces.into(),
            instance: holder.instance,
            upkeep: holder.upkeep,
            since: std::time::Instant::now(),
        };
        judge(&holder, claim)
    }

    use Upkeep::{Probed, Renews};

    #[test]
    fn the_same_again_is_a_renewal() {
        let same = claim(1, Some(1), Renews);
        assert_eq!(standing(same.clone(), &same), Standing::Same);
    }

    #[test]
    fn the_same_address_or_instance_owns_the_name() {
        let holder = claim(1, Some(1), Renews);
        for own in [claim(1, Some(2), Renews), claim(2, Some(1), Renews), claim(1, None, Probed)] {
            assert_eq!(standing(holder.clone(), &own), Standing::Own);
        }
    }

    #[test]
    fn two_without_an_instance_are_not_the_same() {
        let standing = standing(claim(1, None, Renews), &claim(2, None, Renews));
        assert_eq!(standing, Standing::Contested { ask: false });
    }

    #[test]
    fn the_holder_is_asked_where_its_term_cannot_decide() {
        let ask = Standing::Contested { ask: true };
        assert_eq!(standing(claim(1, None, Probed), &claim(2, None, Renews)), ask);
        assert_eq!(standing(claim(1, None, Renews), &claim(2, Some(2), Renews)), ask);
        assert_eq!(standing(claim(1, Some(1), Renews), &claim(2, Some(2), Renews)), ask);
    }
}
