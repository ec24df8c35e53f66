//! What every store does, whatever it is made of.

use std::time::Duration;

use pycom_nameserver::registry::{Instance, Upkeep};
use pycom_nameserver::store::{Change, Expect, LeaseTerms, Record, Renewed, Revision, Store, StoreError, Written};
use tokio::sync::mpsc;

/// Leases short enough to be seen ending, and no shorter than etcd takes.
pub fn terms() -> LeaseTerms {
    LeaseTerms { renews: Duration::from_secs(4), probed: Duration::from_secs(8), front: Duration::from_secs(4) }
}

/// How long what usually takes a moment may take.
const PATIENCE: Duration = Duration::from_secs(60);

pub fn record(name: &str, port: u16, instance: u8) -> Record {
    Record {
        service: name.parse().unwrap(),
        address: format!("tcp://127.0.0.1:{port}").parse().unwrap(),
        interfaces: vec!["com.foo.example".parse().unwrap()],
        instance: Some(Instance::from([instance; 16])),
        upkeep: Upkeep::Renews,
        since: 1,
    }
}

/// A store whose engine may be choosing a leader just now.
async fn patiently<T>(mut ask: impl AsyncFnMut() -> Result<T, StoreError>) -> T {
    let start = std::time::Instant::now();
    loop {
        match ask().await {
            Ok(answer) => return answer,
            Err(error) => assert!(start.elapsed() < PATIENCE, "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn put(store: &dyn Store, record: &Record, expect: Expect) -> Written {
    patiently(async || store.put(record.clone(), expect).await).await
}

async fn done(store: &dyn Store, record: &Record, expect: Expect) -> Revision {
    match put(store, record, expect).await {
        Written::Done(revision) => revision,
        other => panic!("{other:?} instead of a write"),
    }
}

/// The next change of services.
async fn next(changes: &mut mpsc::Receiver<Change>) -> Change {
    loop {
        let change = tokio::time::timeout(PATIENCE, changes.recv()).await.expect("a change").expect("a listener");
        if !matches!(change, Change::Heard(_) | Change::Fronts(_)) {
            return change;
        }
    }
}

/// All records of the snapshot that comes first, and its revision.
async fn snapshot(changes: &mut mpsc::Receiver<Change>) -> (Revision, Vec<(Record, Revision)>) {
    let Change::Begin(at) = next(changes).await else { panic!("a snapshot comes first") };
    let mut all = Vec::new();
    loop {
        match next(changes).await {
            Change::Part(records) => all.extend(records),
            Change::Whole => return (at, all),
            other => panic!("{other:?} within a snapshot"),
        }
    }
}

async fn fronts(changes: &mut mpsc::Receiver<Change>, wanted: &[u64]) {
    loop {
        let change = tokio::time::timeout(PATIENCE, changes.recv()).await.expect("a change").expect("a listener");
        if change == Change::Fronts(wanted.to_vec()) {
            return;
        }
    }
}

/// All of it. The store is empty at first, and its leases have these [`terms`].
pub async fn check(store: &dyn Store) {
    a_name_is_taken_once_and_the_holder_is_shown(store).await;
    a_record_is_replaced_by_whoever_has_seen_it(store).await;
    an_instance_is_replaced_and_the_lease_of_before_does_not_matter(store).await;
    a_name_is_freed_by_whoever_has_seen_it(store).await;
    what_is_not_renewed_ends_with_its_lease(store).await;
    a_whole_process_is_released_at_once(store).await;
    a_snapshot_is_followed_by_every_change_in_order(store).await;
    fronts_live_as_long_as_they_say_so(store).await;
}

async fn a_name_is_taken_once_and_the_holder_is_shown(store: &dyn Store) {
    let first = record("/taken", 1, 1);
    let revision = done(store, &first, Expect::Absent).await;
    let conflict = put(store, &record("/taken", 2, 2), Expect::Absent).await;
    assert_eq!(conflict, Written::Conflict(Some((first, revision))));
    // Its answer was lost: the same again shows itself as the holder.
    let conflict = put(store, &record("/taken", 1, 1), Expect::Absent).await;
    assert!(matches!(conflict, Written::Conflict(Some((holder, _))) if holder == record("/taken", 1, 1)));
}

async fn a_record_is_replaced_by_whoever_has_seen_it(store: &dyn Store) {
    let first = record("/changed", 1, 1);
    let seen = done(store, &first, Expect::Absent).await;
    let more = Record { interfaces: vec!["com.foo.other".parse().unwrap()], ..first.clone() };
    let later = done(store, &more, Expect::Unchanged(seen)).await;
    assert!(later > seen);
    assert_eq!(put(store, &first, Expect::Unchanged(seen)).await, Written::Conflict(Some((more, later))));
    let nobody = record("/nobody", 1, 1);
    assert_eq!(put(store, &nobody, Expect::Unchanged(seen)).await, Written::Conflict(None));
}

async fn an_instance_is_replaced_and_the_lease_of_before_does_not_matter(store: &dyn Store) {
    let (old, new) = (record("/restarted", 1, 10), record("/restarted", 1, 11));
    let seen = done(store, &old, Expect::Absent).await;
    done(store, &new, Expect::Unchanged(seen)).await;
    patiently(async || store.release(old.lease()).await).await;
    let conflict = put(store, &record("/restarted", 2, 12), Expect::Absent).await;
    assert!(matches!(conflict, Written::Conflict(Some((holder, _))) if holder == new));
}

async fn a_name_is_freed_by_whoever_has_seen_it(store: &dyn Store) {
    let first = record("/freed", 1, 1);
    let seen = done(store, &first, Expect::Absent).await;
    let successor = record("/freed", 1, 20);
    let later = done(store, &successor, Expect::Unchanged(seen)).await;
    let late = patiently(async || store.remove(first.service.clone(), seen).await).await;
    assert_eq!(late, Written::Conflict(Some((successor.clone(), later))));
    let removed = patiently(async || store.remove(first.service.clone(), later).await).await;
    assert!(matches!(removed, Written::Done(_)));
    let again = patiently(async || store.remove(first.service.clone(), later).await).await;
    assert_eq!(again, Written::Conflict(None));
}

async fn what_is_not_renewed_ends_with_its_lease(store: &dyn Store) {
    let (kept, left) = (record("/kept", 1, 30), record("/left", 2, 31));
    done(store, &kept, Expect::Absent).await;
    let revision = done(store, &left, Expect::Absent).await;
    let mut changes = store.changes();
    snapshot(&mut changes).await;
    let ended = loop {
        let renewed = patiently(async || store.renew(kept.lease()).await).await;
        assert!(matches!(renewed, Renewed::Until(term) if term <= terms().renews), "{renewed:?}");
        let soon = tokio::time::timeout(Duration::from_millis(500), next(&mut changes)).await;
        match soon {
            Ok(Change::Gone(name, at)) if name == left.service => break at,
            Ok(Change::Gone(name, _)) => assert_ne!(name, kept.service),
            Ok(other) => panic!("{other:?}"),
            Err(_) => {}
        }
    };
    assert!(ended > revision);
    let lost = patiently(async || store.renew(left.lease()).await).await;
    assert_eq!(lost, Renewed::Lost);
    done(store, &left, Expect::Absent).await;
}

async fn a_whole_process_is_released_at_once(store: &dyn Store) {
    let names = ["/process/a", "/process/b", "/process/c"];
    for (port, name) in names.iter().enumerate() {
        done(store, &record(name, port as u16 + 1, 40), Expect::Absent).await;
    }
    let other = record("/other", 1, 41);
    done(store, &other, Expect::Absent).await;
    let lease = record("/process/a", 1, 40).lease();
    patiently(async || store.release(lease).await).await;
    patiently(async || store.release(lease).await).await;
    for name in names {
        done(store, &record(name, 9, 42), Expect::Absent).await;
    }
    assert!(matches!(put(store, &other, Expect::Absent).await, Written::Conflict(Some(_))));
}

async fn a_snapshot_is_followed_by_every_change_in_order(store: &dyn Store) {
    const MANY: u16 = 300;
    let name = |number: u16| format!("/watched/{number}");
    for number in 0..MANY / 2 {
        done(store, &record(&name(number), number + 1, 50), Expect::Absent).await;
    }
    // Begins while others write.
    let mut changes = store.changes();
    let mut revisions = Vec::new();
    for number in MANY / 2..MANY {
        revisions.push(done(store, &record(&name(number), number + 1, 50), Expect::Absent).await);
    }
    let (at, known) = snapshot(&mut changes).await;
    let mut seen: Vec<String> = known.iter().map(|(record, _)| record.service.to_string()).collect();
    assert!(known.iter().all(|(_, revision)| *revision <= at));
    let mut last = at;
    while seen.iter().filter(|seen| seen.starts_with("/watched/")).count() < usize::from(MANY) {
        match next(&mut changes).await {
            Change::Put(record, revision) => {
                assert!(revision > last, "{revision} after {last}");
                last = revision;
                seen.push(record.service.to_string());
            }
            // Leases of before.
            Change::Gone(name, revision) => {
                assert!(revision >= last && !name.as_str().starts_with("/watched/"));
                last = revision;
            }
            other => panic!("{other:?}"),
        }
    }
    seen.retain(|seen| seen.starts_with("/watched/"));
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), usize::from(MANY), "each of them once");
    // One that begins now sees what was there, and hears how far that goes.
    let mut later = store.changes();
    let (_, known) = snapshot(&mut later).await;
    assert!(known.len() >= usize::from(MANY));
    let newest = patiently(async || store.newest().await).await;
    assert!(newest >= last);
    loop {
        let change = tokio::time::timeout(PATIENCE, later.recv()).await.expect("a change").expect("a listener");
        if matches!(change, Change::Heard(revision) if revision >= newest) {
            return;
        }
    }
}

async fn fronts_live_as_long_as_they_say_so(store: &dyn Store) {
    let mut changes = store.changes();
    patiently(async || store.announce(7).await).await;
    fronts(&mut changes, &[7]).await;
    patiently(async || store.announce(8).await).await;
    fronts(&mut changes, &[7, 8]).await;
    let mut later = store.changes();
    fronts(&mut later, &[7, 8]).await;
    let keep = async {
        loop {
            patiently(async || store.announce(8).await).await;
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    };
    tokio::select! {
        () = fronts(&mut changes, &[8]) => {}
        () = keep => {}
    }
}
