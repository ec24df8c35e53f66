//! Which member is disturbed when, and how: the same from run to run for the same seed.

use std::fmt;
use std::time::Duration;

/// Nameservers of the fleet.
pub const NAMESERVERS: usize = 3;

/// Services of the fleet.
pub const SERVICES: usize = 6;

/// How many services are left in peace at any time, and how many nameservers: calls can be answered meanwhile.
const SERVICES_IN_PEACE: usize = 2;
const NAMESERVERS_IN_PEACE: usize = 1;

/// How long a member is left in peace after it came back.
const RECOVERY: Duration = Duration::from_millis(1500);

/// A process of the fleet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Member {
    /// A nameserver, by its number.
    Nameserver(usize),
    /// A service, by its number.
    Service(usize),
}

impl fmt::Display for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Member::Nameserver(number) => write!(f, "nameserver {number}"),
            Member::Service(number) => write!(f, "service {number}"),
        }
    }
}

/// What happens to a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// SIGKILL; it is started again after a while.
    Kill,
    /// SIGSTOP, and SIGCONT after a while.
    Stop,
    /// SIGTERM; it is started again once it has ended.
    Restart,
}

/// One disturbance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// When, from the begin of the run.
    pub at: Duration,
    /// To whom.
    pub member: Member,
    /// What.
    pub kind: Kind,
    /// How long the member is away.
    pub away: Duration,
    /// Whether a service comes back at another address.
    pub moves: bool,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = match self.kind {
            Kind::Kill => "kill",
            Kind::Stop => "stop",
            Kind::Restart => "restart",
        };
        write!(f, "{verb} {}", self.member)?;
        if self.kind != Kind::Restart {
            write!(f, " for {} ms", self.away.as_millis())?;
        }
        if self.moves {
            f.write_str(", which comes back elsewhere")?;
        }
        Ok(())
    }
}

/// The faults of a run of so many seconds: one in each second but the first, in which the load begins.
pub fn plan(seed: u64, seconds: u64) -> Vec<Fault> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut faults: Vec<Fault> = Vec::new();
    for second in 1..seconds {
        let at = Duration::from_millis(second * 1000 + random.u64(0..500));
        let disturbed = |member: Member| faults.iter().any(|fault| fault.member == member && end(fault) > at);
        let quiet = |all: Vec<Member>, in_peace: usize| {
            let quiet: Vec<Member> = all.into_iter().filter(|member| !disturbed(*member)).collect();
            if quiet.len() > in_peace { quiet } else { Vec::new() }
        };
        let mut candidates = quiet((0..NAMESERVERS).map(Member::Nameserver).collect(), NAMESERVERS_IN_PEACE);
        candidates.extend(quiet((0..SERVICES).map(Member::Service).collect(), SERVICES_IN_PEACE));
        let Some(member) = random.choice(candidates) else { continue };
        let kind = random.choice([Kind::Kill, Kind::Stop, Kind::Restart]).unwrap_or(Kind::Kill);
        let away = Duration::from_millis(random.u64(100..2500));
        let moves = random.bool() && matches!(member, Member::Service(_)) && kind != Kind::Stop;
        faults.push(Fault { at, member, kind, away, moves });
    }
    faults
}

fn end(fault: &Fault) -> Duration {
    fault.at + fault.away + RECOVERY
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_seed_gives_the_same_faults_each_time_and_another_seed_gives_others() {
        assert_eq!(plan(7, 60), plan(7, 60));
        assert_ne!(plan(7, 60), plan(8, 60));
        assert_eq!(plan(7, 60)[..9], plan(7, 10)[..], "a shorter run is the begin of a longer one");
    }

    #[test]
    fn a_minute_disturbs_everybody_in_every_way_about_once_a_second() {
        for seed in 0..20 {
            let faults = plan(seed, 60);
            assert!(faults.len() >= 50, "{}", faults.len());
            let members: HashSet<Member> = faults.iter().map(|fault| fault.member).collect();
            assert_eq!(members.len(), NAMESERVERS + SERVICES);
            let kinds: HashSet<Kind> = faults.iter().map(|fault| fault.kind).collect();
            assert_eq!(kinds.len(), 3);
        }
    }

    #[test]
    fn somebody_is_left_in_peace_and_nobody_is_disturbed_twice_at_once() {
        for seed in 0..50 {
            let faults = plan(seed, 60);
            for fault in &faults {
                let at_once: Vec<Member> = faults
                    .iter()
                    .filter(|other| other.at <= fault.at && fault.at < end(other))
                    .map(|other| other.member)
                    .collect();
                let distinct: HashSet<Member> = at_once.iter().copied().collect();
                assert_eq!(at_once.len(), distinct.len());
                let nameservers = distinct.iter().filter(|member| matches!(member, Member::Nameserver(_))).count();
                assert!(nameservers <= NAMESERVERS - NAMESERVERS_IN_PEACE);
                assert!(distinct.len() - nameservers <= SERVICES - SERVICES_IN_PEACE);
            }
        }
    }
}
