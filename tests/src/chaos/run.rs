//! One run, from start to verdict.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use pycom::{Component, Context, Result};
use serde_json::{Value, json};

use super::fleet::{Fleet, service_name};
use super::ledger::{self, INTERFACE};
use super::left::Left;
use super::load::Load;
use super::schedule::{self, SERVICES};
use super::verdict::{LeftOver, Verdict};
use crate::patience::{PATIENCE, eventually_async};

/// Answered calls since the last fault before the next one counts.
const FLOWING: u64 = 50;

/// How long that may take before the fault is said to have met no load.
const DRY: Duration = Duration::from_secs(10);

/// Calls of each kind that each client makes once the fleet is whole.
const ONCE_MORE: usize = 50;

/// What a process may hold at the end beyond what it held at the begin: what the runtime and the allocators of others
/// keep for later, far from one task, one socket or a hundred bytes for each of the calls there were.
const ALLOWED: Left = Left { tasks: 0, memory: 1024 * 1024, files: 0 };

/// How long what is left over may take to go.
const SETTLING: Duration = Duration::from_secs(20);

/// A directory for the ledgers; gone with this, unless it is to be looked into.
struct Ledgers {
    path: PathBuf,
    keep: bool,
}

impl Drop for Ledgers {
    fn drop(&mut self) {
        match self.keep {
            true => eprintln!("the ledgers are in {}", self.path.display()),
            false => drop(std::fs::remove_dir_all(&self.path)),
        }
    }
}

/// Runs for so many seconds with the faults that `seed` gives; tells its progress on stderr.
///
/// # Errors
///
/// Where the fleet cannot be set up: that is no verdict.
///
/// # Panics
///
/// Where a member of the fleet does not come back.
pub fn run(seed: u64, seconds: u64) -> Result<Verdict> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let path = std::env::temp_dir().join(format!("chaos-{}", std::process::id()));
    std::fs::create_dir_all(&path)?;
    let mut ledgers = Ledgers { path, keep: true };
    let verdict = runtime.block_on(watched(seed, seconds, &ledgers.path))?;
    ledgers.keep = !verdict.broken().is_empty();
    Ok(verdict)
}

async fn watched(seed: u64, seconds: u64, ledgers: &Path) -> Result<Verdict> {
    let plan = schedule::plan(seed, seconds);
    warm_up().await?;
    let before = Left::now();
    let mut fleet = blocking(|| Fleet::start(ledgers));
    let nameservers = fleet.nameservers();
    whole(&nameservers, &fleet.services()).await?;
    let fresh = held_when_used(&fleet.services()).await?;

    eprintln!("chaos: seed {seed}, {seconds} s, {} faults", plan.len());
    let mut load = Load::start(&nameservers, seed).await?;
    let begin = Instant::now();
    let (mut seen, mut dry) = (0, 0);
    for fault in &plan {
        tokio::time::sleep(fault.at.saturating_sub(begin.elapsed())).await;
        let flowing = until(DRY, async || load.answered() >= seen + FLOWING).await;
        dry += usize::from(!flowing);
        let answered = load.answered();
        eprintln!("{:6.2} s  {:5} answered, then {fault}", begin.elapsed().as_secs_f64(), answered - seen);
        seen = answered;
        fleet.disturb(fault);
    }
    tokio::time::sleep(Duration::from_secs(seconds).saturating_sub(begin.elapsed())).await;

    let services = blocking(|| fleet.heal());
    whole(&nameservers, &fleet.services()).await?;
    eprintln!("{:6.2} s  the fleet is whole", begin.elapsed().as_secs_f64());
    let entries = load.stop().await;
    let (after_heal, complaints) = load.once_more(ONCE_MORE).await;
    complaints.iter().for_each(|complaint| eprintln!("lost: {complaint}"));
    drop(load);

    let runs = ledger::read(ledgers)?;
    let mut verdict =
        Verdict { seed, faults: plan.len(), faults_without_load: dry, ..Verdict::of(&entries, &after_heal, &runs) };
    // Its own books are no part of what a client holds.
    drop((entries, after_heal, complaints, runs));
    let most = fresh.iter().copied().reduce(Left::or_more).unwrap_or(before);
    let addresses = fleet.services();
    let left = async || {
        let held = held_by_services(&addresses).await.unwrap_or_default();
        held.into_iter().map(|left| left.beyond(most)).collect::<Vec<_>>()
    };
    until(SETTLING, async || left().await.iter().all(|left| left.within(ALLOWED))).await;
    let mut beyond = left().await;
    drop(addresses);
    blocking(|| drop((fleet, services)));
    let mine = || Left::now().beyond(before);
    until(SETTLING, async || mine().within(ALLOWED)).await;
    beyond.push(mine());
    for (number, left) in beyond.iter().enumerate() {
        let who = if number < SERVICES { service_name(number) } else { "the clients".into() };
        eprintln!("held beyond the begin by {who}: {left:?}");
    }
    verdict.left_over = LeftOver::of(&beyond, ALLOWED);
    Ok(verdict)
}

/// What blocks, on a thread where it may.
fn blocking<T>(work: impl FnOnce() -> T) -> T {
    tokio::task::block_in_place(work)
}

/// Makes what a process has once and keeps: it is not left over by a call.
async fn warm_up() -> Result<()> {
    let context = Context::builder().timeout(Duration::from_millis(10)).build();
    let nobody = context.connect("tcp://127.0.0.1:1", INTERFACE)?;
    drop(nobody.invoke("left", ()).await);
    drop((nobody, context));
    let _ = blocking(|| crate::process::Process::start(std::process::Command::new("true")).wait());
    tokio::time::sleep(Duration::from_millis(200)).await;
    Ok(())
}

/// Waits for a condition, for so long at most; whether it came.
async fn until(limit: Duration, holds: impl AsyncFn() -> bool) -> bool {
    let end = Instant::now() + limit;
    while !holds().await {
        if Instant::now() > end {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    true
}

/// Waits until every service answers, and every nameserver says where each is.
async fn whole(nameservers: &[String], services: &[String]) -> Result<()> {
    let context = Context::builder().timeout(PATIENCE).build();
    for address in services {
        context.connect(address, INTERFACE)?.invoke("left", ()).await?;
    }
    let expected: Vec<(String, String)> =
        services.iter().enumerate().map(|(number, address)| (service_name(number), address.clone())).collect();
    for address in nameservers {
        let nameserver = context.connect(address, pycom_nameserver::INTERFACE)?;
        eventually_async("a nameserver that knows the whole fleet", || async {
            let mut known = known(&nameserver).await.ok()?;
            known.sort();
            (known == expected).then_some(())
        })
        .await;
    }
    Ok(())
}

async fn known(nameserver: &Component) -> Result<Vec<(String, String)>> {
    let found: Vec<Value> = nameserver.invoke_as("locate", json!({"interface": INTERFACE, "as_list": true})).await?;
    let field = |entry: &Value, name: &str| entry[name].as_str().unwrap_or_default().to_owned();
    Ok(found.iter().map(|entry| (field(entry, "service"), field(entry, "address"))).collect())
}

/// What each service holds once it has been used: it keeps a few tasks for the calls to come.
async fn held_when_used(services: &[String]) -> Result<Vec<Left>> {
    let mut held = held_by_services(services).await?;
    for _ in 0..20 {
        let again = held_by_services(services).await?;
        held = held.into_iter().zip(again).map(|(one, other)| one.or_more(other)).collect();
    }
    Ok(held)
}

async fn held_by_services(services: &[String]) -> Result<Vec<Left>> {
    let context = Context::builder().build();
    let mut held = Vec::new();
    for address in services {
        held.push(context.connect(address, INTERFACE)?.invoke_as("left", ()).await?);
    }
    Ok(held)
}
