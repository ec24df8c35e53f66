use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;
use crate::{Error, Limits, Request, Result, Server, interface, testing};

struct Query;

#[interface("com.foo.example")]
impl Query {
    #[method]
    async fn double(&self, n: u32) -> u32 {
        2 * n
    }

    #[method]
    async fn fail(&self, code: i64) -> Result<()> {
        Err(Error::application(code, "no"))
    }

    #[method]
    async fn wait(&self, request: Request) {
        request.draining().await
    }
}

async fn until<T, F: Future<Output = Option<T>>>(mut look: impl FnMut() -> F) -> T {
    loop {
        if let Some(found) = look().await {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn calls_and_errors_are_counted() {
    let service = testing::serve_with(Server::new().offer(Query).service("/com/foo/svc")).await.unwrap();
    let (query, stat) = (service.client::<QueryClient>(), service.client::<StatClient>());
    for n in 0..10 {
        query.double(n).await.unwrap();
    }
    for code in [17, 17, 18] {
        query.fail(code).await.unwrap_err();
    }
    service.component("com.foo.example").invoke("nosuch", ()).await.unwrap_err();

    let read = stat.stat(None).await.unwrap();
    assert_eq!((&*read.service, read.instance.len(), read.draining), ("/com/foo/svc", 32, false));
    let double = read.method("com.foo.example", "double").unwrap();
    assert_eq!((double.calls, double.failed(), double.in_flight, double.refused), (10, 0, 0, 0));
    assert!(double.bytes_in > 500 && double.bytes_out > 100, "{double:?}");
    let latency = double.latency.unwrap();
    assert!(0.0 < latency.p50_us && latency.p50_us <= latency.p999_us && latency.p999_us <= latency.max_us);
    assert!(double.buckets.is_empty());
    let fail = read.method("com.foo.example", "fail").unwrap();
    assert_eq!(fail.errors, BTreeMap::from([("17".into(), 2), ("18".into(), 1)]));
    assert_eq!(read.bad_requests, BTreeMap::from([("2".into(), 1)]));
    assert_eq!(read.method("com.foo.example", "introspect"), None);

    let with_buckets = stat.stat(Some(true)).await.unwrap();
    let double = with_buckets.method("com.foo.example", "double").unwrap();
    assert_eq!(double.buckets.iter().map(|(_, count)| count).sum::<u64>(), 10);
}

#[tokio::test]
async fn calls_that_run_wait_and_are_refused_are_counted() {
    let limits = Limits { calls: 2, queue: 1, ..Limits::default() };
    let service = testing::serve_with(Server::new().offer(Query).limits(limits)).await.unwrap();
    let query = service.client::<QueryClient>();
    let waiting: Vec<_> = (0..3)
        .map(|_| {
            let query = query.clone();
            tokio::spawn(async move { query.wait(&()).await })
        })
        .collect();
    let wait = until(|| async {
        let stat = service.running.statistics();
        let wait = stat.method("com.foo.example", "wait").unwrap().clone();
        (wait.in_flight + wait.queued == 3).then_some(wait)
    })
    .await;
    assert_eq!((wait.in_flight, wait.queued, wait.calls), (2, 1, 0));
    assert!(matches!(query.double(1).await, Err(Error::Overloaded(_))));
    let stat = service.running.statistics();
    assert_eq!(stat.method("com.foo.example", "double").unwrap().refused, 1);
    assert_eq!(service.stop().await.calls(), 0);
    for call in waiting {
        call.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn the_interface_is_ours_unless_it_is_left_out() {
    struct Mine;

    #[interface("org.pycom.stat", client = "MineClient")]
    impl Mine {
        #[method]
        async fn stat(&self) -> u8 {
            42
        }
    }

    let refused = testing::serve(Mine).await.unwrap_err().to_string();
    assert!(refused.contains("Server::statistics(false)"), "{refused}");
    let service = testing::serve_with(Server::new().offer(Mine).statistics(false)).await.unwrap();
    assert_eq!(service.client::<MineClient>().stat().await.unwrap(), 42);
    let service = testing::serve_with(Server::new().offer(Query).statistics(false)).await.unwrap();
    let error = service.client::<StatClient>().stat(None).await.unwrap_err();
    assert_eq!(error.text(), Some("Unsupported interface: org.pycom.stat"));
}

#[tokio::test]
async fn calls_are_shown_only_where_that_is_allowed() {
    let service = testing::serve(Query).await.unwrap();
    let stat = service.client::<StatClient>();
    assert!(matches!(stat.monitor(None, None, None).await, Err(Error::AccessDenied(_))));

    let service = testing::serve_with(Server::new().offer(Query).monitor(Monitor::Calls)).await.unwrap();
    let (query, stat) = (service.client::<QueryClient>(), service.client::<StatClient>());
    assert!(matches!(stat.monitor(None, None, Some(true)).await, Err(Error::AccessDenied(_))));
    query.double(1).await.unwrap();
    let begin = stat.monitor(None, None, None).await.unwrap().cursor;
    query.double(2).await.unwrap();
    query.fail(17).await.unwrap_err();
    let passed = stat.monitor(Some(begin), Some(20_000), None).await.unwrap();
    let seen: Vec<_> = passed.records.iter().map(|call| (&*call.method, call.code)).collect();
    assert_eq!(seen, [("double", 0), ("fail", 17)]);
    assert!(passed.records.iter().all(|call| call.args.is_none() && call.bytes_in > 0 && call.start > 1e9));

    let service = testing::serve_with(Server::new().offer(Query).monitor(Monitor::Payloads)).await.unwrap();
    let (query, stat) = (service.client::<QueryClient>(), service.client::<StatClient>());
    let begin = stat.monitor(None, None, Some(true)).await.unwrap().cursor;
    query.double(21).await.unwrap();
    let passed = stat.monitor(Some(begin), Some(20_000), Some(true)).await.unwrap();
    assert_eq!(passed.records[0].args.as_deref(), Some(r#"{"n":21}"#));
    assert!(passed.records[0].answer.as_deref().unwrap().contains("42"));
}

#[tokio::test]
async fn one_who_looks_on_does_not_hold_up_the_end() {
    let service = testing::serve_with(Server::new().offer(Query).monitor(Monitor::Calls)).await.unwrap();
    let stat = service.client::<StatClient>();
    let waiting = tokio::spawn(async move { stat.monitor(Some(0), Some(20_000), None).await });
    until(|| async {
        let stat = service.running.statistics();
        (stat.method(INTERFACE, "monitor").unwrap().in_flight == 1).then_some(())
    })
    .await;
    assert_eq!(service.stop().await.calls(), 0);
    assert_eq!(waiting.await.unwrap().unwrap().records, []);
}

/// A sample of the text: its name, its labels, its value.
type Sample = (String, BTreeMap<String, String>, f64);

/// Reads the text format 0.0.4 by its rules: each family has its HELP and its TYPE before its samples, which stand
/// together; names and labels are well formed; no sample is there twice.
fn parse(text: &str) -> Vec<Sample> {
    assert!(text.ends_with('\n'));
    let (mut samples, mut families, mut current) = (Vec::new(), BTreeMap::new(), String::new());
    let mut seen = BTreeSet::new();
    for line in text.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            current = help.split(' ').next().unwrap().to_owned();
            assert!(families.insert(current.clone(), None).is_none(), "{current} is there twice");
            continue;
        }
        if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').unwrap();
            assert!(name == current && ["counter", "gauge", "histogram"].contains(&kind), "{line}");
            families.insert(current.clone(), Some(kind.to_owned()));
            continue;
        }
        let end = line.find(['{', ' ']).unwrap();
        let (name, mut rest) = line.split_at(end);
        assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'), "{line}");
        let kind = families[&current].clone().unwrap();
        let family = match &*kind {
            "histogram" => ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap(),
            _ => name,
        };
        assert_eq!(family, current, "{line}");
        assert_eq!(name.ends_with("_total"), kind == "counter", "{line}");
        let mut labels = BTreeMap::new();
        if let Some(inside) = rest.strip_prefix('{') {
            rest = inside;
            while !rest.starts_with('}') {
                let (label, after) = rest.split_once("=\"").unwrap();
                let (mut value, mut chars) = (String::new(), after.char_indices());
                let end = loop {
                    match chars.next().unwrap() {
                        (at, '"') => break at,
                        (_, '\\') => value.push(match chars.next().unwrap().1 {
                            'n' => '\n',
                            c @ ('\\' | '"') => c,
                            other => panic!("\\{other} is no escape"),
                        }),
                        (_, c) => value.push(c),
                    }
                };
                assert!(labels.insert(label.to_owned(), value).is_none(), "{line}");
                rest = after[end + 1..].trim_start_matches(',');
            }
            rest = &rest[1..];
        }
        let value = rest.strip_prefix(' ').unwrap().parse().unwrap();
        assert!(seen.insert((name.to_owned(), labels.clone())), "{line} is there twice");
        samples.push((name.to_owned(), labels, value));
    }
    samples
}

fn statistics() -> ServiceStatistics {
    let buckets = vec![(60_000, 5), (2_000_000, 3), (20_000_000_000, 1)];
    let method = MethodStatistics {
        interface: "com.foo.example".into(),
        method: "odd \"\\\n name".into(),
        calls: 9,
        errors: BTreeMap::from([("17".into(), 2), ("other".into(), 1)]),
        time: 20.5,
        buckets,
        ..MethodStatistics::default()
    };
    ServiceStatistics { service: "/com/foo/svc".into(), methods: vec![method], ..ServiceStatistics::default() }
}

#[test]
fn the_text_for_prometheus_is_well_formed() {
    let samples = parse(&prometheus::write(&statistics(), [("com_foo_gauge", "One of the service's own.", 1.5)]));
    let of = |name: &str| -> Vec<&Sample> { samples.iter().filter(|sample| sample.0 == name).collect() };
    assert_eq!(of("pycom_service_info")[0].1["service"], "/com/foo/svc");
    let calls = of("pycom_calls_total");
    assert_eq!((calls[0].1["method"].as_str(), calls[0].2), ("odd \"\\\n name", 9.0));
    let errors: BTreeMap<&str, f64> =
        of("pycom_call_errors_total").iter().map(|(_, labels, count)| (labels["code"].as_str(), *count)).collect();
    assert_eq!(errors, BTreeMap::from([("17", 2.0), ("other", 1.0)]));
}

#[test]
fn the_buckets_for_prometheus_only_grow() {
    let samples = parse(&prometheus::write(&statistics(), [("com_foo_gauge", "One of the service's own.", 1.5)]));
    let buckets: Vec<(f64, f64)> = samples
        .iter()
        .filter(|(name, ..)| name == "pycom_call_duration_seconds_bucket")
        .map(|(_, labels, count)| (labels["le"].parse().unwrap(), *count))
        .collect();
    assert!(buckets.is_sorted_by(|a, b| a.0 < b.0 && a.1 <= b.1), "{buckets:?}");
    assert_eq!(buckets.first().unwrap(), &(5e-5, 0.0));
    assert_eq!(buckets.last().unwrap(), &(f64::INFINITY, 9.0));
    assert_eq!(buckets.iter().find(|(bound, _)| *bound == 0.01).unwrap().1, 8.0);
    let value = |name: &str| samples.iter().find(|sample| sample.0 == name).unwrap().2;
    assert_eq!(value("pycom_call_duration_seconds_sum"), 20.5);
    assert_eq!(value("pycom_call_duration_seconds_count"), 9.0);
}

#[tokio::test]
async fn metrics_are_served_over_http() {
    let server = Server::new().offer(Query).metrics("127.0.0.1:0");
    let service = testing::serve_with(server).await.unwrap();
    service.client::<QueryClient>().double(1).await.unwrap();
    let address = service.running.metrics_address().unwrap();
    let ask = |request: &'static str| async move {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    };
    let answer = ask("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let (head, text) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK") && head.contains("version=0.0.4"), "{head}");
    let samples = parse(text);
    let double = samples.iter().find(|s| s.0 == "pycom_calls_total" && s.1["method"] == "double").unwrap();
    assert_eq!(double.2, 1.0);
    assert!(ask("POST /metrics HTTP/1.1\r\n\r\n").await.starts_with("HTTP/1.1 405"));

    let taken = Server::new().offer(Query).metrics(address.to_string());
    let error = testing::serve_with(taken).await.unwrap_err().to_string();
    assert!(error.contains(&address.to_string()) && error.contains("--metrics"), "{error}");
}

#[tokio::test]
async fn a_client_of_the_metrics_that_says_nothing_or_too_much_is_cut() {
    let service = testing::serve_with(Server::new().offer(Query).metrics("127.0.0.1:0")).await.unwrap();
    let address = service.running.metrics_address().unwrap();
    let mut silent = TcpStream::connect(address).await.unwrap();
    assert_eq!(silent.read(&mut [0; 16]).await.unwrap(), 0);
    let mut flood = TcpStream::connect(address).await.unwrap();
    flood.write_all(&[b'x'; 8 * 1024]).await.unwrap();
    let mut answer = String::new();
    flood.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
}
