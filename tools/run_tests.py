#!/usr/bin/env python3
"""Runs test programs and counts their results.

A test program prints TAP lines ("ok 1 - name", "not ok …", "ok 3 - name # SKIP why") or ends with
"N passed, N failed, N skipped". Exit status other than 0 without a failing line counts as one failure, and
so does a program that prints no result at all. Skips are said aloud.

Programs run in the order given, N at a time; those that --light names mostly wait (for a block to end, a threshold to be
reached) and run three at a time beside the others. The slowest are named at the end, all in times.txt of the log's folder;
CPU time is of what a program waited for, so a browser's own processes are missing.

usage: run_tests.py [--jobs N] [--timeout S] [--log DIR] [--light REGEX] NAME=COMMAND…
Last line: "N passed, N failed, N skipped"."""
import argparse
import concurrent.futures
import os
import pathlib
import re
import shlex
import signal
import subprocess
import sys
import threading
import time

RESULT = re.compile(r"^(not ok|ok)\b\s*\d*\s*-?\s*(.*)$")
SLOWEST = 10  # programs named at the end
CLOSING = re.compile(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$")


def count(output, status):
    passed = failed = skipped = 0
    skips, fails, closing = [], [], None
    for line in output.splitlines():
        m = CLOSING.match(line.strip())
        if m:
            closing = m
            continue
        m = RESULT.match(line)
        if not m:
            continue
        name = m.group(2)
        if re.search(r"#\s*SKIP", name, re.I):  # cmocka writes "not ok 3 # SKIP name"
            skipped += 1
            skips.append(name)
        elif m.group(1) == "not ok":
            failed += 1
            fails.append(name)
        else:
            passed += 1
    if closing and not passed + failed + skipped:
        passed, failed, skipped = int(closing[1]), int(closing[2]), int(closing[3] or 0)
        skips = re.findall(r"^SKIP(?:PED)?:? (.*)$", output, re.M)
    if status and not failed:
        failed += 1
        fails.append(f"ended with status {status}")
    if not passed + failed + skipped:
        failed += 1
        fails.append("printed no result")
    return passed, failed, skipped, skips, fails


def run(name, command, timeout):
    """CPU time is of the test and of what it waited for, and they for."""
    start = time.monotonic()
    late = threading.Event()
    p = subprocess.Popen(shlex.split(command), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                         start_new_session=True, stdin=subprocess.DEVNULL)

    def end():
        late.set()
        os.killpg(p.pid, signal.SIGKILL)

    timer = threading.Timer(timeout, end)
    timer.start()
    out = p.stdout.read()
    _, status, used = os.wait4(p.pid, 0)
    timer.cancel()
    p.returncode = os.waitstatus_to_exitcode(status)
    return (name, out.decode(errors="replace"), f"none after {timeout} s" if late.is_set() else p.returncode,
            time.monotonic() - start, used.ru_utime + used.ru_stime)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--jobs", type=int, default=2)
    ap.add_argument("--timeout", type=int, default=180)
    ap.add_argument("--log", default="")
    ap.add_argument("--light", default="(?!)")
    ap.add_argument("tests", nargs="*")
    a = ap.parse_args()
    began = time.monotonic()
    totals, took = [0, 0, 0], []
    with concurrent.futures.ThreadPoolExecutor(a.jobs) as busy, concurrent.futures.ThreadPoolExecutor(3) as light:
        jobs = [(light if re.search(a.light, t.split("=", 1)[0]) else busy).submit(run, *t.split("=", 1), a.timeout)
                for t in a.tests]
        for job in concurrent.futures.as_completed(jobs):
            name, out, status, seconds, cpu = job.result()
            p, f, s, skips, fails = count(out, status)
            totals = [totals[0] + p, totals[1] + f, totals[2] + s]
            took.append((cpu, seconds, name))
            print(f"{'FAIL' if f else 'ok  '} {name}: {p} passed, {f} failed, {s} skipped ({seconds:.1f} s, {cpu:.1f} s CPU)",
                  flush=True)
            for x in skips:
                print(f"     skipped: {x}")
            if f:
                print("     " + "\n     ".join(["failed: " + x for x in fails]))
                print("\n".join("     | " + l for l in out.splitlines()[-60:]), flush=True)
            if a.log:
                pathlib.Path(a.log).mkdir(parents=True, exist_ok=True)
                (pathlib.Path(a.log) / f"{name.replace('/', '-')}.log").write_text(out)
    took.sort(reverse=True)
    lines = [f"{cpu:8.1f} {seconds:8.1f}  {name}" for cpu, seconds, name in took]
    head = f"{'s CPU':>8} {'s':>8}  of {sum(t[0] for t in took):.1f} s CPU in {time.monotonic() - began:.1f} s"
    if a.log:
        (pathlib.Path(a.log) / "times.txt").write_text("\n".join([head, *lines, ""]))
    if len(took) > SLOWEST:
        print("\n".join([head, *lines[:SLOWEST]]))
    print(f"{totals[0]} passed, {totals[1]} failed, {totals[2]} skipped")
    return 1 if totals[1] else 0


if __name__ == "__main__":
    sys.exit(main())
