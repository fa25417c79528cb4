#!/usr/bin/env bash
# ./dev bench match [ARGS]: what matching costs beside decoding, all SigmaHQ rules, and whether triggers lose a match (--check).
# Each lane is 2,400 events of a set in an order shuffled with a fixed seed; many short rounds, of which the least counts, say
# more on a loaded machine than few long ones. ARGS go to bench_match: --rounds N, --statistics FILE.
set -euo pipefail
build=${KIZUKI_BUILD:-build}
data=${KIZUKI_TEST_DATA:-}
[ -d "$data/events" ] || { echo "skipped: KIZUKI_TEST_DATA is not set, so there are no SigmaHQ rules and events to measure with"; exit 0; }
ninja -C "$build" bench/bench_match >/dev/null
work=$(mktemp -d "${XDG_RUNTIME_DIR:-/dev/shm}/kizuki-bench-XXXXXX")
trap 'rm -rf "$work"' EXIT
lanes=()
for set in windows-40k process-creation-2410 rsigma-lanes/structured_windows rsigma-lanes/sysmon_file_event rsigma-lanes/match_heavy; do
    lane=$work/${set##*/}.ndjson
    zstd -dcq "$data/events/$set.ndjson.zst" | shuf -n 2400 --random-source=<(yes "$set") |
        sed '/"Channel"/!s|^{|{"Channel":"Microsoft-Windows-Sysmon/Operational",|' >"$lane"
    lanes+=("$lane")
done
args=(--rounds 40 --statistics content/statistics/windows.txt --check "$@")
KIZUKI_KERNEL=${KIZUKI_KERNEL:-} "$build/bench/bench_match" "${args[@]}" "$data"/sigma/rules* -- "${lanes[@]}"
