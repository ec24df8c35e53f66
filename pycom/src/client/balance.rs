//! Which of several instances a call goes to.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use super::instance::Instance;

/// How calls are spread over the instances of an interface.
///
/// An instance that fails is set aside whatever this says, and a session stays with its instance.
///
/// ```
/// use pycom::{Balance, Context};
/// let context = Context::builder().nameserver("tcp://127.0.0.1:2012")?.balance(Balance::RoundRobin).build();
/// # let _ = context;
/// # Ok::<(), pycom::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Balance {
    /// Of two random instances the one that has fewer calls of this client under way.
    #[default]
    LeastInFlight,
    /// A random one, as the originals.
    Random,
    /// One after the other.
    RoundRobin,
    /// The same one for the same key, as long as it is there; see [`Balance::key`]. When instances
    /// come or go, only the keys of those move.
    Key(u64),
}

impl Balance {
    /// All calls with the same key go to the same instance, from whichever client.
    ///
    /// ```
    /// use pycom::Balance;
    /// assert_eq!(Balance::key("user-17"), Balance::key("user-17"));
    /// assert_ne!(Balance::key("user-17"), Balance::key("user-18"));
    /// ```
    pub fn key(key: impl AsRef<[u8]>) -> Self {
        Balance::Key(hash(0, key.as_ref()))
    }
}

/// FNV-1a with a last stir: the same in every process, machine and version.
fn hash(seed: u64, bytes: &[u8]) -> u64 {
    let start = seed ^ 0xcbf2_9ce4_8422_2325;
    let mut hash = bytes.iter().fold(start, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

/// Chooses one that has not been tried. Where all are set aside, the one whose wait ends first.
pub(super) fn choose(
    instances: &[Arc<Instance>],
    tried: impl Fn(&Arc<Instance>) -> bool,
    how: Balance,
    turn: &AtomicUsize,
    now: Instant,
) -> Option<Arc<Instance>> {
    if let [only] = instances {
        return (!tried(only)).then(|| only.clone());
    }
    if let Some(chosen) = at_once(instances, |instance| !tried(instance) && instance.may_try(now), how, turn) {
        return Some(chosen.clone());
    }
    let fit: Vec<&Arc<Instance>> =
        instances.iter().filter(|instance| !tried(instance) && instance.may_try(now)).collect();
    if fit.is_empty() {
        let left = instances.iter().filter(|instance| !tried(instance));
        return left.min_by_key(|instance| instance.aside_until()).cloned();
    }
    let any = || fastrand::usize(..fit.len());
    let place = match how {
        _ if fit.len() == 1 => 0,
        Balance::Random => any(),
        Balance::RoundRobin => turn.fetch_add(1, Ordering::Relaxed) % fit.len(),
        Balance::LeastInFlight => {
            let (first, other) = (any(), fastrand::usize(1..fit.len()));
            let second = (first + other) % fit.len();
            if fit[second].in_flight() < fit[first].in_flight() { second } else { first }
        }
        Balance::Key(key) => {
            let score = |place: &usize| hash(key, fit[*place].service.as_str().as_bytes());
            (0..fit.len()).max_by_key(score).unwrap_or(0)
        }
    };
    Some(fit[place].clone())
}

/// The choice of the usual call, which looks at one or two of them; none where one of these will not do.
fn at_once<'i>(
    instances: &'i [Arc<Instance>],
    fits: impl Fn(&Arc<Instance>) -> bool,
    how: Balance,
    turn: &AtomicUsize,
) -> Option<&'i Arc<Instance>> {
    let count = instances.len();
    if count < 2 {
        return None;
    }
    let chosen = match how {
        Balance::Random => &instances[fastrand::usize(..count)],
        Balance::RoundRobin => &instances[turn.fetch_add(1, Ordering::Relaxed) % count],
        Balance::LeastInFlight => {
            let first = fastrand::usize(..count);
            let second = (first + fastrand::usize(1..count)) % count;
            let (first, second) = (&instances[first], &instances[second]);
            if !fits(first) || !fits(second) {
                return None;
            }
            if second.in_flight() < first.in_flight() { second } else { first }
        }
        Balance::Key(_) => return None,
    };
    fits(chosen).then_some(chosen)
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use super::super::health::Trouble;
    use super::super::locate::Located;
    use super::*;

    fn instances(count: usize) -> Vec<Arc<Instance>> {
        let located = |n: usize| Located {
            address: format!("tcp://127.0.0.1:{}", 3000 + n).parse().unwrap(),
            service: crate::ServiceName::new(format!("/com/foo/{n}")).unwrap(),
            instance: None,
        };
        (0..count).map(|n| Arc::new(Instance::new(located(n)))).collect()
    }

    fn chosen(instances: &[Arc<Instance>], how: Balance, turn: &AtomicUsize) -> String {
        choose(instances, |_| false, how, turn, Instant::now()).unwrap().service.as_str().to_owned()
    }

    #[test]
    fn turns_go_round_and_chance_reaches_everyone() {
        let (all, turn) = (instances(3), AtomicUsize::new(0));
        let round: Vec<_> = (0..4).map(|_| chosen(&all, Balance::RoundRobin, &turn)).collect();
        assert_eq!(round, ["/com/foo/0", "/com/foo/1", "/com/foo/2", "/com/foo/0"]);
        for how in [Balance::Random, Balance::LeastInFlight] {
            let reached: HashSet<_> = (0..300).map(|_| chosen(&all, how, &turn)).collect();
            assert_eq!(reached.len(), 3, "{how:?}");
        }
    }

    #[test]
    fn the_less_busy_of_two_is_chosen() {
        let (all, turn) = (instances(2), AtomicUsize::new(0));
        let _busy = all[0].begin(Instant::now());
        for _ in 0..50 {
            assert_eq!(chosen(&all, Balance::LeastInFlight, &turn), "/com/foo/1");
        }
    }

    #[test]
    fn a_key_stays_with_its_instance_and_only_those_of_a_lost_one_move() {
        let (all, turn) = (instances(5), AtomicUsize::new(0));
        let keys: Vec<_> = (0..500).map(|n| Balance::key(format!("user-{n}"))).collect();
        let place =
            |all: &[Arc<Instance>]| -> Vec<String> { keys.iter().map(|key| chosen(all, *key, &turn)).collect() };
        let (before, after) = (place(&all), place(&all[..4]));
        let mut count: HashMap<&str, usize> = HashMap::new();
        for (before, after) in before.iter().zip(&after) {
            *count.entry(before).or_default() += 1;
            assert!(before == after || before == "/com/foo/4");
        }
        assert!(count.len() == 5 && count.values().all(|count| (50..=150).contains(count)), "{count:?}");
    }

    #[test]
    fn what_is_set_aside_is_passed_over_unless_there_is_nothing_else() {
        let (all, turn, now) = (instances(2), AtomicUsize::new(0), Instant::now());
        all[0].failed(Trouble::Gone, "refused", now);
        let choose = |tried: Option<usize>| {
            choose(&all, |i| tried.is_some_and(|n| Arc::ptr_eq(i, &all[n])), Balance::Random, &turn, now)
        };
        for _ in 0..50 {
            assert!(Arc::ptr_eq(&choose(None).unwrap(), &all[1]));
        }
        assert!(Arc::ptr_eq(&choose(Some(1)).unwrap(), &all[0]));
        // The second is set aside for longer than the first.
        all[1].failed(Trouble::Gone, "refused", now + std::time::Duration::from_secs(1));
        assert!(Arc::ptr_eq(&choose(None).unwrap(), &all[0]));
    }
}
