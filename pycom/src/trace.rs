//! Traces: how the calls that one call leads to are told to belong together, across processes.
//!
//! A `traceparent` as the [W3C defines it](https://www.w3.org/TR/trace-context/) travels with every call as the extension
//! `org.pycom.traceparent`, and calls that a method makes inherit it. With the feature `opentelemetry` each call and each
//! method is a span that `tracing-opentelemetry` exports, joined to that of its caller. Without it the header is passed on as it
//! came.
//!
//! Calls and methods are spans of `tracing` in any case: target `pycom`, level `debug`, with the fields `rpc.service` and
//! `rpc.method`. Where no subscriber wants them they cost one look at a flag.

use std::fmt;
use std::str::FromStr;

use tracing::Span;
use tracing::field::Empty;

use crate::request::Request;

/// Where in which trace a call belongs.
///
/// ```
/// use pycom::trace::TraceParent;
/// let text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
/// let parent: TraceParent = text.parse().unwrap();
/// assert_eq!(parent.span_id(), 0x00f067aa0ba902b7);
/// assert_eq!(parent.to_string(), text);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceParent {
    trace_id: u128,
    span_id: u64,
    flags: u8,
}

/// A text that is no `traceparent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no traceparent; write 00-, 32 hex digits, -, 16 hex digits, -, 2 hex digits, neither number 0")]
pub struct NoTraceParent;

impl TraceParent {
    /// The place of a span in a trace; `None` where one of the numbers is 0, which stands for nothing. `flags` is 1 where
    /// the trace is recorded, else 0.
    pub fn new(trace_id: u128, span_id: u64, flags: u8) -> Option<Self> {
        (trace_id != 0 && span_id != 0).then_some(Self { trace_id, span_id, flags })
    }

    /// The trace.
    pub fn trace_id(&self) -> u128 {
        self.trace_id
    }

    /// The span that the call is made in.
    pub fn span_id(&self) -> u64 {
        self.span_id
    }

    /// Whether the trace is recorded: 1, or 0.
    pub fn flags(&self) -> u8 {
        self.flags
    }
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { trace_id, span_id, flags } = self;
        write!(f, "00-{trace_id:032x}-{span_id:016x}-{flags:02x}")
    }
}

impl FromStr for TraceParent {
    type Err = NoTraceParent;

    fn from_str(text: &str) -> Result<Self, NoTraceParent> {
        let digits = |part: &str, length: usize| {
            let are_hex = part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
            let number = (part.len() == length && are_hex).then(|| u128::from_str_radix(part, 16).ok());
            number.flatten().ok_or(NoTraceParent)
        };
        let mut parts = text.split('-');
        let mut next = |length| digits(parts.next().unwrap_or_default(), length);
        let (version, trace_id, span_id, flags) = (next(2)?, next(32)?, next(16)?, next(2)?);
        // Later versions may have more at the end.
        let fits = match version {
            0 => parts.next().is_none(),
            version => version != 0xff,
        };
        let low = |number: u128| number as u64;
        fits.then(|| Self::new(trace_id, low(span_id), low(flags) as u8)).flatten().ok_or(NoTraceParent)
    }
}

/// The span of a call on its caller's side.
pub(crate) fn call_span(request: &Request) -> Span {
    let (interface, method) = (&*request.interface, &*request.method);
    tracing::debug_span!(
        target: "pycom", "call", otel.name = %format_args!("{interface}.{method}"), otel.kind = "client",
        rpc.system = "pycom", rpc.service = interface, rpc.method = method, code = Empty
    )
}

/// The span of a method that runs for a caller.
pub(crate) fn method_span(request: &Request) -> Span {
    let (interface, method) = (&*request.interface, &*request.method);
    let span = tracing::debug_span!(
        target: "pycom", "method", otel.name = %format_args!("{interface}.{method}"), otel.kind = "server",
        rpc.system = "pycom", rpc.service = interface, rpc.method = method, code = Empty
    );
    #[cfg(feature = "opentelemetry")]
    if let Some(parent) = request.trace
        && !span.is_disabled()
    {
        joined::follow(&span, parent);
    }
    span
}

/// Where a call belongs that is made in this span: in the span, where it is exported, else where its caller belongs.
pub(crate) fn parent_of_call(span: &Span, inherited: Option<TraceParent>) -> Option<TraceParent> {
    #[cfg(feature = "opentelemetry")]
    if !span.is_disabled()
        && let Some(parent) = joined::place(span)
    {
        return Some(parent);
    }
    let _ = span;
    inherited
}

/// Spans of `tracing` and those of OpenTelemetry.
#[cfg(feature = "opentelemetry")]
mod joined {
    use opentelemetry::Context;
    use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};
    use tracing::Span;
    use tracing_opentelemetry::OpenTelemetrySpanExt;

    use super::TraceParent;

    /// Makes a span a child of one in another process.
    pub(super) fn follow(span: &Span, parent: TraceParent) {
        let trace_id = TraceId::from_bytes(parent.trace_id.to_be_bytes());
        let span_id = SpanId::from_bytes(parent.span_id.to_be_bytes());
        let flags = TraceFlags::new(parent.flags);
        let context = SpanContext::new(trace_id, span_id, flags, true, TraceState::default());
        // It fails where no layer exports the span: then there is nothing to join.
        let _ = span.set_parent(Context::new().with_remote_span_context(context));
    }

    /// Where a span stands, if a layer exports it.
    pub(super) fn place(span: &Span) -> Option<TraceParent> {
        let context = span.context();
        let span = context.span();
        let place = span.span_context();
        let trace_id = u128::from_be_bytes(place.trace_id().to_bytes());
        TraceParent::new(trace_id, u64::from_be_bytes(place.span_id().to_bytes()), place.trace_flags().to_u8())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GOOD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    proptest! {
        #[test]
        fn what_is_written_is_read(trace_id in 1_u128.., span_id in 1_u64.., flags: u8) {
            let parent = TraceParent::new(trace_id, span_id, flags).unwrap();
            prop_assert_eq!(parent.to_string().parse(), Ok(parent));
        }

        #[test]
        fn any_text_is_read_or_refused(text: String) {
            let _ = text.parse::<TraceParent>();
        }
    }

    #[test]
    fn only_what_the_standard_allows_is_read() {
        let good: TraceParent = GOOD.parse().unwrap();
        assert_eq!(GOOD.replacen("00", "01", 1).parse(), Ok(good));
        assert_eq!(format!("{}-more", GOOD.replacen("00", "01", 1)).parse(), Ok(good));
        for wrong in [
            "",
            "00",
            &GOOD[..54],
            &format!("{GOOD}-more"),
            &GOOD.replacen("00", "ff", 1),
            &GOOD.to_uppercase(),
            &GOOD.replace("4bf92f3577b34da6a3ce929d0e0e4736", "00000000000000000000000000000000"),
            &GOOD.replace("00f067aa0ba902b7", "0000000000000000"),
            &GOOD.replace("4b", "+b"),
        ] {
            assert_eq!(wrong.parse::<TraceParent>(), Err(NoTraceParent), "{wrong}");
        }
    }
}
