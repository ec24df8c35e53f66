//! The pure steps of a call, without sockets, tasks or threads.

use std::hint::black_box;

use benches::load::Case;
use benches::peers::pycom::Echo;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use pycom::{Json, measured};

fn steps(c: &mut Criterion) {
    let offer = pycom::offer(Echo);
    for payload in [100, 10_000, 1_000_000] {
        let case = Case { payload, connections: 1, in_flight: 1 };
        let args = Json::from_value(&case.message()).expect("a message is JSON");
        let request = || measured::request("bench.echo", "echo", args.clone());
        let asked = measured::write_request("bench.echo", "echo", args.clone());
        let reply = || measured::dispatch(&offer, request()).expect("it awaits nothing");
        let answered = measured::write_reply(reply());
        assert!(measured::read_request(asked.clone()).is_some() && measured::read_reply(answered.clone()).is_some());

        let mut group = c.benchmark_group(format!("{payload} bytes"));
        group.throughput(Throughput::Bytes(args.as_str().len() as u64));
        group.bench_function("write the request", |b| {
            b.iter(|| measured::write_request("bench.echo", "echo", black_box(args.clone())));
        });
        group.bench_function("read the request", |b| b.iter(|| measured::read_request(black_box(asked.clone()))));
        group.bench_function("dispatch: arguments, method, result", |b| {
            b.iter_batched(request, |request| measured::dispatch(&offer, request), BatchSize::SmallInput);
        });
        group
            .bench_function("write the reply", |b| b.iter_batched(reply, measured::write_reply, BatchSize::SmallInput));
        group.bench_function("read the reply", |b| b.iter(|| measured::read_reply(black_box(answered.clone()))));
        group.finish();
    }
}

criterion_group!(pure, steps);
criterion_main!(pure);
