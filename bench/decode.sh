#!/usr/bin/env bash
# ./dev bench decode [FILE]: lines to events, on one core; without FILE a day of sshd from bench/auth_gen. The floor is
# a mawk one-liner that counts failures by address over the same file.
set -euo pipefail
build=${KIZUKI_BUILD:-build}
ninja -C "$build" bench/bench_decode bench/auth_gen >/dev/null
work=$(mktemp -d "${XDG_RUNTIME_DIR:-/dev/shm}/kizuki-bench-XXXXXX")
trap 'rm -rf "$work"' EXIT
file=${1:-}
if [ -z "$file" ]; then
    file=$work/auth.log
    "$build/bench/auth_gen" bench "${SEED:-1}" "$file" "$work/truth"
fi
"$build/bench/bench_decode" "$file" "${ROUNDS:-3}"
if command -v mawk >/dev/null; then
    TIMEFORMAT='{"mawk_cpu_s":%U}'
    time mawk '/Failed password/ {n[$(NF - 3)]++} END {for (a in n) k++; print "" > "/dev/null"}' "$file"
fi
