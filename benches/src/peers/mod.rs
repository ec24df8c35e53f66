//! What is measured: us, and what people would use instead.

mod jsonrpsee;
mod libzmq;
mod nats;
pub mod pycom;
mod python;
mod tarpc;
pub mod tonic;

use crate::load::{Case, Sample, Window};

/// Something that echoes.
pub trait Peer {
    /// Its name in tables and JSON.
    fn who(&self) -> &'static str;

    fn transport(&self) -> &'static str {
        "tcp"
    }

    /// `pycom tcp`; the others have one transport only.
    fn name(&self) -> String {
        if self.who() == "pycom" { format!("{} {}", self.who(), self.transport()) } else { self.who().to_owned() }
    }

    /// Whether it can do this at all, and in a reasonable time.
    fn takes(&self, _case: &Case) -> bool {
        true
    }

    /// Starts server and client, measures, and ends both.
    fn measure(&self, case: Case, window: &Window) -> Sample;
}

/// The peers with one of the names `only`, or whose name begins with one where nobody has it; or all. Those that this machine does not have are named on stderr,
/// with what it takes to have them.
pub fn find(only: &[String]) -> Vec<Box<dyn Peer>> {
    let mut peers: Vec<Box<dyn Peer>> = vec![
        Box::new(pycom::Pycom::Tcp),
        Box::new(pycom::Pycom::TcpZmtp),
        Box::new(pycom::Pycom::Ipc),
        Box::new(pycom::Pycom::Inproc),
        Box::new(libzmq::Libzmq),
        Box::new(tarpc::Tarpc::Bincode),
        Box::new(tarpc::Tarpc::Json),
        Box::new(jsonrpsee::Jsonrpsee::WebSocket),
        Box::new(jsonrpsee::Jsonrpsee::Http),
        Box::new(tonic::Tonic),
    ];
    let named: Vec<String> = peers.iter().map(|peer| peer.name()).collect();
    let wanted = |name: &str| {
        let is = |only: &String| name == only || (name.starts_with(only.as_str()) && !named.contains(only));
        only.is_empty() || only.iter().any(is)
    };
    if wanted("nats") {
        match nats::Nats::find() {
            Ok(nats) => peers.push(Box::new(nats)),
            Err(reason) => eprintln!("nats is skipped: {reason}"),
        }
    }
    if python::VERSIONS.iter().any(|(who, _)| wanted(who)) {
        match python::Python::find() {
            Ok(found) => peers.extend(found.into_iter().map(|peer| Box::new(peer) as Box<dyn Peer>)),
            Err(reason) => eprintln!("the Python originals are skipped: {reason}"),
        }
    }
    peers.retain(|peer| wanted(&peer.name()));
    peers
}
