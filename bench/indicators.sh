#!/usr/bin/env bash
# ./dev bench indicators [COUNT]: what indicators cost the stream. N lines of bench/keep_gen through decoding, all rules and
# correlation, in turns without indicators and with COUNT of them (and with one: what of it is looking, what is their number).
set -euo pipefail
build=${KIZUKI_BUILD:-build}
ninja -C "$build" bench/bench_indicators bench/keep_gen >/dev/null
work=$(mktemp -d "${XDG_RUNTIME_DIR:-/dev/shm}/kizuki-bench-XXXXXX")
trap 'rm -rf "$work"' EXIT
export KIZUKI_CONTENT=${KIZUKI_CONTENT-content}
"$build/bench/keep_gen" "$work/data" "${N:-200000}" "$work/lines" >/dev/null
for count in 1 "${1:-100000}"; do
    "$build/bench/bench_indicators" "$work/lines" "$count" "${ROUNDS:-11}"
done
