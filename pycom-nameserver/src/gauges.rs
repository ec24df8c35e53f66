//! The registry's own numbers in the text for Prometheus.

use std::sync::{Arc, Weak};
use std::time::Instant;

use pycom::Server;

use crate::front::{Front, StoreStatistics};
use crate::registry::Registry;
use crate::upkeep::Shared;

/// Adds them to a server; those of a store only where there is one.
pub(crate) fn add(server: Server, shared: &Arc<Shared>, front: Option<&Arc<Front>>) -> Server {
    type OfRegistry = fn(&mut Registry, &Shared) -> f64;
    let of_registry: [(&str, &str, OfRegistry); 3] = [
        ("pycom_nameserver_services", "Services that are known.", |r, _| r.stat(Instant::now()).services as f64),
        ("pycom_nameserver_interfaces", "Interfaces that at least one of them offers.", |r, _| {
            r.stat(Instant::now()).interfaces as f64
        }),
        ("pycom_nameserver_watchers", "Calls of watch that wait.", |_, shared| shared.watchers.count().0 as f64),
    ];
    let server = of_registry.into_iter().fold(server, |server, (name, help, read)| {
        let shared = Arc::downgrade(shared);
        server.gauge(name, help, move || {
            shared.upgrade().map_or(0.0, |shared| shared.with(|registry| read(registry, &shared)))
        })
    });
    let Some(front) = front else { return server };
    type OfStore = fn(StoreStatistics) -> f64;
    let of_store: [(&str, &str, OfStore); 7] = [
        ("pycom_store_loaded", "1 once the store has been read.", |store| f64::from(store.loaded)),
        ("pycom_store_revision", "How far its history has been heard.", |store| store.revision as f64),
        ("pycom_store_stale_seconds", "For how long it has been away; 0 while it is there.", |store| {
            store.stale.unwrap_or(0.0)
        }),
        ("pycom_store_fronts", "Nameservers over it that live.", |store| store.fronts as f64),
        ("pycom_store_doubted", "Services that it has lost, and that are still believed.", |store| {
            store.doubted as f64
        }),
        ("pycom_store_stale_answers", "Answers given while it was away.", |store| store.stale_answers as f64),
        ("pycom_store_unavailable", "Registrations refused because it was away.", |store| store.unavailable as f64),
    ];
    of_store.into_iter().fold(server, |server, (name, help, read)| {
        let (shared, front): (Weak<Shared>, Weak<Front>) = (Arc::downgrade(shared), Arc::downgrade(front));
        server.gauge(name, help, move || match (shared.upgrade(), front.upgrade()) {
            (Some(shared), Some(front)) => read(shared.with(|registry| front.statistics(registry))),
            _ => 0.0,
        })
    })
}
