#!/usr/bin/env python3
"""Searching the spool, beside decompressing it and a plain search for bytes: ./dev bench keep [--events N] [--dir DIR].

Generated mixed events (bench/keep_gen.c) over 30 days, sealed. Processor seconds of the whole process, best of three,
everything in the page cache. The floor of a scan is `zstd -dc | grep -Fc`, which neither decodes, folds nor checks sums;
it is measured in turn with ours."""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
KIZUKI = ROOT / "build/kizuki"
TURNS = 3


def cpu(argv, stdin=None):
    """Processor seconds of a command, and what it printed."""
    before = os.times()
    r = subprocess.run([str(a) for a in argv], stdin=stdin, capture_output=True, check=False)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system, r


def best(turn):
    return min((turn() for _ in range(TURNS)), key=lambda x: x[0])


def searched(data, *args):
    seconds, r = cpu([KIZUKI, "search", "--stats", *args, data])
    if r.returncode not in (0, 1):
        sys.exit(r.stderr.decode())
    return seconds, int(json.loads(r.stderr.splitlines()[-1])["found"]), json.loads(r.stderr.splitlines()[-1])


def floor(data, needle):
    files = sorted((data / "spool").glob("*.zst")) + sorted((data / "spool").glob("*.seg"))
    script = "(zstd -dcq \"$@\"; cat \"$LAST\") | LC_ALL=C grep -aFc \"$NEEDLE\""
    env = dict(os.environ, NEEDLE=needle, LAST=str(files[-1]))
    before = os.times()
    subprocess.run(["bash", "-c", script, "x", *map(str, files[:-1])], env=env, capture_output=True, check=False)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system, 0


def row(what, ours, bound, note=""):
    ratio = f"{ours / bound:5.2f}" if bound else "    –"
    print(f"{what:52} {ours:8.3f} {bound and f'{bound:8.3f}' or '       –'} {ratio}  {note}", flush=True)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--events", type=int, default=1_000_000)
    p.add_argument("--dir")
    a = p.parse_args()
    subprocess.run(["ninja", "-C", ROOT / "build", "bench/keep_gen", "kizuki"], check=True, capture_output=True)
    data = pathlib.Path(tempfile.mkdtemp(prefix="bench-keep-", dir=a.dir or ROOT / "build"))
    try:
        made = json.loads(subprocess.run([ROOT / "build/bench/keep_gen", data, str(a.events)], check=True, capture_output=True).stdout)
        raw = made["bytes"]
        packed = sum(f.stat().st_size for f in (data / "spool").iterdir() if f.suffix != ".lock")
        print(f"{made['events']} events of {raw / made['events']:.0f} bytes over 30 days; on disk {packed / made['events']:.0f} bytes an event")
        print(f"{'processor seconds':52} {'ours':>8} {'floor':>8} ratio")
        scans = [("scan: a word that is not there", "zzzznotthere", "zzzznotthere", 0), ("scan: a host", "host.name:needle-db-07", "needle-db-07", made["host"]),
                 ("scan: an address", "198.51.100.77", "198.51.100.77", made["address"]), ("scan: Japanese, two characters and a variant", "改ざん", "改ざん", made["japanese"])]
        for what, query, needle, want in scans:
            ours, found, _ = best(lambda q=query: searched(data, "--count", "--no-filters", q))
            if found != want:
                sys.exit(f"{query}: {found} found, {want} were made")
            bound, _ = best(lambda n=needle: floor(data, n))
            row(what, ours, bound, f"{raw / ours / 1e9:.2f} GB/s of raw log a core")
        seconds, _ = cpu([KIZUKI, "search", "--make-filters", "*", data])
        size = sum(f.stat().st_size for f in (data / "search").iterdir())
        row("making the filters, once", seconds, 0, f"{raw / seconds / 1e6:.0f} MB/s, {size / made['events']:.0f} bytes an event")
        for what, args, want in [("last 100 of a host", ("--last", "100", "host.name:web-07"), None), ("one address over 30 days", ("--count", "198.51.100.77"), made["address"]),
                                 ("Japanese, over 30 days", ("--count", "改ざん"), made["japanese"]), ("a word that is not there", ("--count", "zzzznotthere"), 0)]:
            ours, found, s = best(lambda x=args: searched(data, *x))
            if want is not None and found != want:
                sys.exit(f"{args}: {found} found, {want} were made")
            row(f"with filters: {what}", ours, 0, f"{s['segments_passed_over']} of {s['segments']} segments passed over")
    finally:
        shutil.rmtree(data)


main()
