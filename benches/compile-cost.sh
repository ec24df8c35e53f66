#!/usr/bin/env bash
# What the macros add to a build: a crate with 10 interfaces of 20 methods each, with ours and with jsonrpsee's, beside
# an empty crate with the same dependencies. Server and client of each, debug profile, dependencies built before.
#
#   benches/compile-cost.sh [ROUNDS]
#
# Prints the seconds of each round, interleaved, then medians and the ratio.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
rounds=${1:-5}
interfaces=10
methods=20
work="$here/target/compile-cost"
mkdir -p "$work"

manifest() { # name, dependency
    cat <<TOML
[package]
name = "$1"
version = "0.0.0"
edition = "2024"

[dependencies]
$2
serde = { version = "1", features = ["derive"] }

[workspace]

[profile.dev]
incremental = false
TOML
}

signature='text: String, at: Option<usize>, point: Point'
types='#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)] pub struct Point { pub x: i32, pub y: i32 }'

ours() {
    echo "$types"
    for i in $(seq "$interfaces"); do
        echo "pub struct Service$i;"
        echo "#[pycom::interface(\"com.foo.service$i\")] impl Service$i {"
        for m in $(seq "$methods"); do
            echo "/// Method $m."
            echo "#[method] pub async fn method$m(&self, $signature) -> pycom::Result<(String, Point)> {"
            echo "let _ = at; Ok((text, point)) }"
        done
        echo "}"
    done
    echo "fn main() { let mut server = pycom::Server::new();"
    for i in $(seq "$interfaces"); do echo "server = server.offer(Service$i);"; done
    echo "let _ = server; }"
}

theirs() {
    echo "$types"
    for i in $(seq "$interfaces"); do
        echo "#[jsonrpsee::proc_macros::rpc(server, client)] pub trait Service$i {"
        for m in $(seq "$methods"); do
            echo "/// Method $m."
            echo "#[method(name = \"service${i}_method$m\", param_kind = map)]"
            echo "async fn method$m(&self, $signature) -> Result<(String, Point), jsonrpsee::types::ErrorObjectOwned>;"
        done
        echo "}"
        echo "pub struct Impl$i;"
        echo "#[jsonrpsee::core::async_trait] impl Service${i}Server for Impl$i {"
        for m in $(seq "$methods"); do
            echo "async fn method$m(&self, $signature) -> Result<(String, Point), jsonrpsee::types::ErrorObjectOwned> {"
            echo "let _ = at; Ok((text, point)) }"
        done
        echo "}"
    done
    echo "fn main() { let mut module = jsonrpsee::RpcModule::new(());"
    for i in $(seq "$interfaces"); do echo "module.merge(Impl$i.into_rpc()).unwrap();"; done
    echo "let _ = module; }"
}

make_crate() { # directory, name, dependency, generator
    mkdir -p "$work/$1/src"
    manifest "$2" "$3" >"$work/$1/Cargo.toml"
    $4 >"$work/$1/src/main.rs"
}

empty() { echo "fn main() {}"; }
pycom_dependency="pycom = { path = \"$here/../pycom\" }"
jsonrpsee_dependency='jsonrpsee = { version = "0.26", features = ["server", "client", "macros"] }'
make_crate pycom pycom-cost "$pycom_dependency" ours
make_crate pycom-empty pycom-cost-empty "$pycom_dependency" empty
make_crate jsonrpsee jsonrpsee-cost "$jsonrpsee_dependency" theirs
make_crate jsonrpsee-empty jsonrpsee-cost-empty "$jsonrpsee_dependency" empty

build() { # directory
    local family=${1%-empty}
    CARGO_TARGET_DIR="$work/target-$family" cargo build --quiet --manifest-path "$work/$1/Cargo.toml"
}
for crate in pycom pycom-empty jsonrpsee jsonrpsee-empty; do build "$crate"; done

declare -A seconds
for round in $(seq "$rounds"); do
    for crate in pycom pycom-empty jsonrpsee jsonrpsee-empty; do
        touch "$work/$crate/src/main.rs"
        start=$(date +%s%N)
        build "$crate"
        took=$(((($(date +%s%N)) - start) / 1000000))
        seconds[$crate]+="$took "
        printf 'round %s  %-16s %6d ms\n' "$round" "$crate" "$took"
    done
done

median() { tr ' ' '\n' <<<"$1" | sed '/^$/d' | sort -n | awk '{ a[NR] = $1 } END { print a[int((NR + 1) / 2)] }'; }
ours=$(($(median "${seconds[pycom]}") - $(median "${seconds[pycom-empty]}")))
theirs=$(($(median "${seconds[jsonrpsee]}") - $(median "${seconds[jsonrpsee-empty]}")))
echo
echo "added by $interfaces interfaces of $methods methods, medians of $rounds rounds:"
echo "  pycom      $ours ms"
echo "  jsonrpsee  $theirs ms"
awk -v a="$ours" -v b="$theirs" 'BEGIN { printf "  pycom / jsonrpsee = %.2f\n", a / b }'
