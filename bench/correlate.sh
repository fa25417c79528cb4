#!/usr/bin/env bash
# ./dev bench correlate [GROUPS [EVENTS]]: one correlation over a million live groups, events in random order, on one core.
# The aim: event_count a million events a CPU second, value_count 300,000.
set -euo pipefail
build=${KIZUKI_BUILD:-build}
ninja -C "$build" bench/bench_correlate >/dev/null
for type in event_count value_count; do
    for _ in 1 2 3; do
        "$build/bench/bench_correlate" "$type" "${1:-1000000}" "${2:-3000000}" 50
    done
done
