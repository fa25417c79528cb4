#!/usr/bin/env bash
# From TCP to disk, and put + commit by group size, on the disk that holds the build folder: ./dev bench spool [LINES]
set -euo pipefail
cd "$(dirname "$0")/.."
ninja -C build bench/bench_spool >/dev/null
d=$(mktemp -d build/bench-spool-XXXXXX)
trap 'rm -rf "$d"' EXIT
build/bench/bench_spool "$d" "${1:-1000000}"
