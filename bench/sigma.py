#!/usr/bin/env python3
"""All SigmaHQ rules over Windows events: the CPU seconds of `kizuki hunt` over those of the yardstick.

The yardstick (bench/yardstick.cpp) only reads: simdjson's On-Demand parses each line, unescapes its strings and
looks its names up among those the rules ask for. It has the file in memory; hunt's seconds include reading it.
In each round the yardstick, `--parse-only` and the whole engine run one after the other with one thread, and their
ratio is taken; the median of the rounds counts. Events per CPU second are of this machine at this hour: ratios are
what can be compared. bench/sigma.json holds the ratios of an earlier run, printed beside as `was`.

Lanes, each in an order shuffled with a fixed seed:
  mixed               windows-40k, 10 shuffles: 400,000 events
  process_creation    process-creation-2410, 40 independent shuffles: the worst lane, 1,416 rules apply to each event
  structured_windows, sysmon_file_event, match_heavy   RSigma's, 10 shuffles; Channel added where routing needs it. No
                      shipped statistics have seen them.
  mixed_unseen, process_creation_unseen   a half of the events, matched with statistics (which choose the triggers) that were
                      learnt of the other half only: what an operator gets whose events nobody has seen

usage: bench/sigma.py [--rounds N] [--scale PERCENT] [--save] [LANE...]"""
import argparse
import json
import os
import pathlib
import platform
import random
import statistics
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parents[1]
BUILD = pathlib.Path(os.environ.get("KIZUKI_BUILD", TOP / "build"))
BASELINE = TOP / "bench" / "sigma.json"
SYSMON = b'{"Channel":"Microsoft-Windows-Sysmon/Operational",'
# name: (file below events/, how many shuffles, whether Channel is to be added, whether half of it is held out to learn of)
LANES = {
    "mixed": ("windows-40k", 10, False, False),
    "process_creation": ("process-creation-2410", 40, False, False),
    "structured_windows": ("rsigma-lanes/structured_windows", 10, True, False),
    "sysmon_file_event": ("rsigma-lanes/sysmon_file_event", 10, False, False),
    "match_heavy": ("rsigma-lanes/match_heavy", 10, True, False),
    "mixed_unseen": ("windows-40k", 20, False, True),
    "process_creation_unseen": ("process-creation-2410", 80, False, True),
}


def write_lane(data, lane, scale, path, learn):
    """The lane's events to path; what is held out of it to `learn`."""
    name, shuffles, add_channel, held_out = LANES[lane]
    text = subprocess.run(["zstd", "-dcq", str(data / "events" / f"{name}.ndjson.zst")], capture_output=True, check=True).stdout
    lines = [s for s in text.split(b"\n") if s]
    if add_channel:
        lines = [s if b'"Channel"' in s else SYSMON + s[1:] for s in lines]
    rng = random.Random(2410)
    if held_out:
        lines = sorted(set(lines))  # the same event must not stand in both halves
        rng.shuffle(lines)
        learn.write_bytes(b"\n".join(lines[len(lines) // 2:]) + b"\n")
        lines = lines[:len(lines) // 2]
    with open(path, "wb") as out:
        for _ in range(max(1, shuffles * scale // 100)):
            rng.shuffle(lines)
            out.write(b"\n".join(lines) + b"\n")


def hunt(rules, path, *more):
    args = [str(BUILD / "kizuki"), "hunt", "--stats", "--no-cache", "--threads", "1", *more]
    for folder in rules:
        args += ["--rules", folder]
    r = subprocess.run([*args, str(path)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=True, text=True)
    return json.loads(r.stderr.splitlines()[-1])


def yardstick(path, fields):
    r = subprocess.run([str(BUILD / "bench" / "bench_yardstick"), str(path), str(fields)], stdout=subprocess.PIPE, check=True)
    return json.loads(r.stdout)


def learnt(rules, path, out):
    args = [str(BUILD / "kizuki"), "rule", "learn", "--out", str(out)]
    for folder in rules:
        args += ["--rules", folder]
    subprocess.run([*args, str(path)], check=True, capture_output=True)
    return ["--statistics", str(out)]


def measure(rules, path, fields, rounds, more=()):
    """Medians; ratios are taken inside a round, because a round's programs share the same minute."""
    rows = []
    for _ in range(rounds):
        y, parse, full = yardstick(path, fields), hunt(rules, path, "--parse-only"), hunt(rules, path, *more)
        if y["bad"] or full["unparsed"]:
            sys.exit(f"sigma: {y['bad']} lines the yardstick refuses, {full['unparsed']} that hunt does")
        rows.append({"events": full["events"], "findings": full["findings"], "yardstick_s": y["cpu_s"], "parse_s": parse["cpu_s"],
                     "full_s": full["cpu_s"], "parse_ratio": parse["cpu_s"] / y["cpu_s"], "full_ratio": full["cpu_s"] / y["cpu_s"]})
    return {key: statistics.median(r[key] for r in rows) for key in rows[0]} | {
        "full_ratio_range": [min(r["full_ratio"] for r in rows), max(r["full_ratio"] for r in rows)]}


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def commit():
    def git(*args):
        return subprocess.run(["git", "-C", str(TOP), *args], capture_output=True, text=True).stdout.strip()
    return git("rev-parse", "--short", "HEAD") + ("+" if git("status", "--porcelain", "--untracked-files=no") else "")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--scale", type=int, default=100, help="percent of the shuffles")
    p.add_argument("--save", action="store_true", help="keep the ratios as bench/sigma.json")
    p.add_argument("lanes", nargs="*", metavar="LANE", help=", ".join(LANES))
    a = p.parse_args()
    for lane in a.lanes:
        if lane not in LANES:
            p.error(f"no lane is called '{lane}'; there are {', '.join(LANES)}")
    if not os.environ.get("KIZUKI_TEST_DATA"):
        print("skipped: KIZUKI_TEST_DATA is not set, so there are no SigmaHQ rules and events to measure with")
        return
    data = pathlib.Path(os.environ["KIZUKI_TEST_DATA"])
    built = subprocess.run(["ninja", "-C", str(BUILD), "kizuki", "bench/bench_yardstick"], capture_output=True, text=True)
    if built.returncode:
        sys.exit(f"sigma: cannot build the yardstick (is libsimdjson-dev installed?)\n{built.stdout[-2000:]}")
    rules = sorted(str(d) for d in (data / "sigma").glob("rules*") if d.is_dir())
    was = json.loads(BASELINE.read_text()) if BASELINE.exists() else {"lanes": {}}
    ram = os.environ.get("XDG_RUNTIME_DIR", "/dev/shm")
    print(f"{processor()}, {os.cpu_count()} cores, Linux {platform.release()}; {commit()}; {a.rounds} rounds"
          + (f"; was: {was['commit']} on {was['machine']}" if was["lanes"] else ""))
    print(f"{'lane':<24}{'events':>8}{'findings':>9} |{'yardstick':>10}{'parse':>8}{'full':>8}  k events/CPU s |"
          f"{'parse':>6}{'was':>6} |{'full':>6}{'was':>6}  times the yardstick (range)")
    result = {}
    with tempfile.TemporaryDirectory(prefix="kizuki-bench-", dir=ram if os.access(ram, os.W_OK) else None) as d:
        fields, events, learn = (pathlib.Path(d, n) for n in ("fields", "events.ndjson", "learn.ndjson"))
        fields.write_bytes(subprocess.run([str(BUILD / "kizuki"), "rule", "fields", *rules], stdout=subprocess.PIPE, check=True).stdout)
        for lane in a.lanes or LANES:
            write_lane(data, lane, a.scale, events, learn)
            more = learnt(rules, learn, pathlib.Path(d, "statistics")) if LANES[lane][3] else ()
            m = result[lane] = measure(rules, events, fields, a.rounds, more)
            old = was["lanes"].get(lane, {})
            rate = [m["events"] / m[k] / 1000 for k in ("yardstick_s", "parse_s", "full_s")]
            low, high = m["full_ratio_range"]
            print(f"{lane:<24}{m['events']:>8}{m['findings']:>9} |{rate[0]:>10.0f}{rate[1]:>8.0f}{rate[2]:>8.0f}                 |"
                  f"{m['parse_ratio']:>6.2f}{old.get('parse_ratio', float('nan')):>6.2f} |"
                  f"{m['full_ratio']:>6.2f}{old.get('full_ratio', float('nan')):>6.2f}  ({low:.2f}-{high:.2f})", flush=True)
    if a.save:
        lanes = was["lanes"] | {lane: {k: round(m[k], 3) for k in ("parse_ratio", "full_ratio")} for lane, m in result.items()}
        BASELINE.write_text(json.dumps({"commit": commit(), "machine": processor(), "lanes": lanes}, indent=2) + "\n")


main()
