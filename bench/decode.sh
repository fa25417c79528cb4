#!/usr/bin/env bash
# ./dev bench decode [FILE]: lines to events, on one core; without FILE a day of sshd from bench/auth_gen. The floor is
# a mawk one-liner that counts failures by address over the same file. Then a row for some of the decoders that are data
# (content/decoders), on N lines each, beside a mawk that looks for the address in the same file and decides nothing.
set -euo pipefail
build=${KIZUKI_BUILD:-build}
ninja -C "$build" bench/bench_decode bench/auth_gen >/dev/null
work=$(mktemp -d "${XDG_RUNTIME_DIR:-/dev/shm}/kizuki-bench-XXXXXX")
trap 'rm -rf "$work"' EXIT
export KIZUKI_DECODERS=${KIZUKI_DECODERS-content/decoders}
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

[ -n "${1:-}" ] && exit
for kind in postfix dovecot bind fortigate panos asa okta; do
    python3 bench/decode_lines.py $kind "${N:-200000}" >"$work/$kind.log"
    printf '%s ' "$kind"
    "$build/bench/bench_decode" "$work/$kind.log" "${ROUNDS:-3}"
    if command -v mawk >/dev/null; then
        TIMEFORMAT="$kind {\"mawk_cpu_s\":%U}"
        time mawk 'match($0, /[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+/) {n[substr($0, RSTART, RLENGTH)]++} END {for (a in n) k++; print "" > "/dev/null"}' "$work/$kind.log"
    fi
done
