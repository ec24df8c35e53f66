//! Traces across services. `cargo test -p tests --features opentelemetry --test traces`.

#![cfg(feature = "opentelemetry")]

use std::collections::HashMap;

use opentelemetry::trace::{SpanId, SpanKind, TracerProvider};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};
use pycom::{Context, Request, Result, Running, Server, interface};
use tracing_subscriber::layer::SubscriberExt;

/// Calls the next service, if there is one.
struct Link(Option<(Context, String)>);

#[interface("com.foo.link")]
impl Link {
    #[method]
    async fn pass(&self, request: Request) -> Result<Vec<String>> {
        let own = request.traceparent().map(|parent| parent.to_string()).unwrap_or_default();
        let mut all = vec![own];
        if let Some((context, address)) = &self.0 {
            all.extend(context.connect(address, "com.foo.link")?.call("pass").await?.parse::<Vec<String>>()?);
        }
        Ok(all)
    }
}

async fn serve(next: Option<&Running>) -> Running {
    let next = next.map(|next| (Context::builder().build(), next.address().to_string()));
    Server::new().offer(Link(next)).bind("tcp://127.0.0.1:0").await.unwrap()
}

/// Three services, one of which calls the next: six spans of one trace, each the child of the one before.
#[tokio::test(flavor = "current_thread")]
async fn spans_of_three_services_are_one_chain() {
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder().with_simple_exporter(exporter.clone()).build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("pycom"));
    let subscriber = tracing_subscriber::registry()
        .with(layer)
        .with(tracing_subscriber::filter::Targets::new().with_target("pycom", tracing::Level::DEBUG));
    // For all threads: a new method runs on one of its own.
    tracing::subscriber::set_global_default(subscriber).unwrap();

    let last = serve(None).await;
    let middle = serve(Some(&last)).await;
    let first = serve(Some(&middle)).await;
    let context = Context::builder().build();
    let link = context.connect(first.address().to_string(), "com.foo.link").unwrap();
    let seen: Vec<String> = link.call("pass").await.unwrap().parse().unwrap();
    assert_eq!(seen.len(), 3);
    for service in [first, middle, last] {
        assert_eq!(service.stop().await.calls(), 0);
    }
    provider.force_flush().unwrap();

    let spans = exporter.get_finished_spans().unwrap();
    let of_link: Vec<&SpanData> = spans.iter().filter(|span| span.name == "com.foo.link.pass").collect();
    assert_eq!(of_link.len(), 6, "{spans:?}");
    let trace = of_link[0].span_context.trace_id();
    assert!(of_link.iter().all(|span| span.span_context.trace_id() == trace));
    let children: HashMap<SpanId, &SpanData> = of_link.iter().map(|span| (span.parent_span_id, *span)).collect();
    let mut parent = SpanId::INVALID;
    for (place, seen) in seen.iter().enumerate() {
        let call = children[&parent];
        assert_eq!(call.span_kind, SpanKind::Client, "{place}");
        let id = call.span_context.span_id();
        assert_eq!(*seen, format!("00-{trace}-{id}-01"), "{place}");
        let method = children[&id];
        assert_eq!(method.span_kind, SpanKind::Server, "{place}");
        parent = method.span_context.span_id();
    }
    assert!(!children.contains_key(&parent));
}
