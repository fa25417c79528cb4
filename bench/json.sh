#!/usr/bin/env bash
# ./dev bench json [FILE]: base/json over JSON lines beside simdjson's On-Demand (libsimdjson-dev, where installed).
set -euo pipefail
file=${1:-${KIZUKI_TEST_DATA:?no FILE given and KIZUKI_TEST_DATA is not set}/events/windows-40k.ndjson.zst}
build=${KIZUKI_BUILD:-build}
targets=bench_json
meson introspect --targets "$build" | grep -q '"bench_json_simdjson"' && targets="$targets bench_json_simdjson"
# shellcheck disable=SC2086
ninja -C "$build" $(for t in $targets; do echo "bench/$t"; done) >/dev/null
plain=$(mktemp "${XDG_RUNTIME_DIR:-/dev/shm}/kizuki-bench-XXXXXX")
trap 'rm -f "$plain"' EXIT
case $file in *.zst) zstd -dcq "$file" ;; *.gz) gzip -dc "$file" ;; *) cat "$file" ;; esac >"$plain"
"$build/bench/bench_json" "$plain" "${SECONDS_EACH:-5}" raw
for t in $targets; do "$build/bench/$t" "$plain" "${SECONDS_EACH:-5}"; done
