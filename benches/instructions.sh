#!/bin/sh
# Instructions per call, by where they are spent, as valgrind counts them: the same on every machine and at any load.
# A call of about 100 bytes in memory, in one thread; what the start costs cancels out between two runs.
set -eu
cd "$(dirname "$0")"
few=2000 many=12000
cargo build --release --bin instructions
program=${CARGO_TARGET_DIR:-target}/release/instructions
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for calls in $few $many; do
    valgrind --tool=callgrind --callgrind-out-file="$work/$calls" "$program" "$calls" 2>"$work/log" || { cat "$work/log"; exit 1; }
    callgrind_annotate --inclusive=yes --threshold=100 "$work/$calls" >"$work/$calls.txt" 2>/dev/null
done
awk -v calls=$((many - few)) '
    function count(text) { gsub(",", "", text); return text + 0 }
    BEGIN {
        rows = "the whole call, both sides=PROGRAM TOTALS"
        rows = rows "|caller: request made, reply read=pycom::client::call::transmit"
        rows = rows "|  the request is written=pycom::protocol::write_request"
        rows = rows "|  the reply is read=pycom::protocol::read_reply"
        rows = rows "|connection: ids, deadlines, messages=pycom::client::connection::Task::run"
        rows = rows "|service: socket task=pycom::server::socket::SocketTask::run"
        rows = rows "|  the request is read, its method found=pycom::protocol::read_call"
        rows = rows "|  the method and its session alone=pycom::server::table::Table::resolve"
        rows = rows "|  the call is started=pycom::server::job::start"
        rows = rows "|service: runner=pycom::server::runners::Waiting::run"
        rows = rows "|  the arguments are read=as pycom::interface::argument::Arguments>::read"
        rows = rows "|  the reply is written=pycom::protocol::write_reply"
        n = split(rows, row, "|")
        for (i = 1; i <= n; i++) { split(row[i], parts, "="); title[i] = parts[1]; pattern[i] = parts[2] }
    }
    {
        for (i = 1; i <= n; i++)
            if (index($0, pattern[i]) && !((FILENAME, i) in seen)) {
                seen[FILENAME, i] = 1
                value[i] += (FILENAME == ARGV[1] ? -1 : 1) * count($1)
            }
    }
    END { for (i = 1; i <= n; i++) if (value[i]) printf "%8.0f  %s\n", value[i] / calls, title[i] }
' "$work/$few.txt" "$work/$many.txt"
