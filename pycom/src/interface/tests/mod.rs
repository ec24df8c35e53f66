//! What the macros write, run without a server: a request in, a reply out.

mod arguments;
mod contracts;
mod descriptions;
mod errors;
mod results;

use std::time::Instant;

use super::{Interface, Offer, Run, offer};
use crate::session::{SessionLimits, Sessions};
use crate::{Attachment, Json, Reply, Request};

/// A call to be run.
struct Call {
    offer: Offer,
    request: Request,
}

/// A call of a service's method with these arguments.
fn call<Tag, S: Interface<Tag>>(service: S, method: &str, args: &str) -> Call {
    let offer = offer::<Tag, S>(service);
    let args = Json::from_text(args).expect("the arguments are JSON");
    let request = Request::new(offer.description().name.as_str(), method, args);
    Call { offer, request }
}

impl Call {
    /// As one of our own clients asks: unknown arguments are refused.
    fn strict(mut self) -> Self {
        self.request.strict = true;
        self
    }

    fn attachment(mut self, data: &[u8]) -> Self {
        self.request.attachments.set("blob", Attachment::from(data), true);
        self
    }

    fn session(mut self) -> Self {
        self.request.session = Some(Sessions::new(SessionLimits::default()).start(Instant::now()));
        self
    }

    /// Runs it to its end.
    async fn run(self) -> Reply {
        let place = self.offer.0.find(self.request.method()).expect("the method is there");
        match self.offer.0.run(place, self.request) {
            Run::Async(future) => future.await,
            Run::Blocking(run) => run(),
        }
    }

    /// The text of its result.
    async fn result(self) -> String {
        let reply = self.run().await;
        assert!(reply.error().is_none(), "{:?}", reply.error());
        reply.json().map(|json| json.to_string()).unwrap_or_default()
    }

    /// The code and the text of its error.
    async fn error(self) -> (i64, String) {
        let reply = self.run().await;
        let text = reply.error().and_then(|error| error.text()).unwrap_or_default().to_owned();
        (reply.code(), text)
    }
}
