#!/usr/bin/env python3
"""What pages cost with years of cases: ./dev bench room [--cases N] [--entries N] [--times N] [--data DIR].

A room is made of N cases with `entries` entries of the timeline each (bench/room_gen.c: 10,000 and 100, which is 1,000,000 entries),
kizuki-room is started over it, and everything a page asks for when it is opened is asked, one after another over one connection.
Beside it, in the same run and by turns, the floor: /me, an answer that reads a session and no case. Processor seconds are the room's,
times of the clock include the client. Aim: every page within 200 ms. Statements and steps: tests/flow/scale_test.py."""
import argparse
import json
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "flow"))
import rooms  # noqa: E402
import tap  # noqa: E402

# What a page asks for when it is opened (ui/src/pages); {id}: a case that is open.
CASE = ["/incidents/{id}", "/incidents/{id}/authority?kind=block"]
PAGES = {
    "floor: who am I": ["/me"],
    "Now": ["/now", "/duty", "/sources"],
    "Cases, open": ["/incidents?state=open&limit=200"],
    "Cases, closed": ["/incidents?state=closed&limit=200"],
    "Cases, all": ["/incidents?state=all&limit=200"],
    "Cases, found by an account": ["/incidents?state=all&limit=200&q=member00700"],
    "Case": CASE + ["/incidents/{id}/timeline", "/incidents/{id}/actions", "/incidents/{id}/tasks"],
    "Case, what was noticed": CASE + ["/incidents/{id}/findings", "/incidents/{id}/evidence"],
    "Case, accounts": CASE + ["/incidents/{id}/accounts"],
    "Case, what is like it": ["/incidents/{id}/alike"],
    "Case, decisions": CASE + ["/incidents/{id}/decisions", "/incidents/{id}/callouts", "/incidents/{id}/sheets"],
    "In force": ["/actions", "/deeds", "/drivers"],
    "Findings outside of cases": ["/findings?limit=200"],
    "People and duty": ["/duty", "/duty/days?days=7", "/authority", "/people", "/persons"],
    "Sources and registers": ["/sources", "/seals", "/registers"],
    "Messages": ["/messages"],
    "The chain, newest": ["/audit?limit=200"],
}


def cpu(pid):
    return int(pathlib.Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def ask(browser, paths, case):
    """Milliseconds, bytes, statements of all answers."""
    began, n, statements = time.perf_counter(), 0, 0
    for path in paths:
        r = browser.request("GET", "/api/v1" + path.replace("{id}", str(case)))
        if r.status == 429:  # the limit of one address; the turn is taken again
            time.sleep(1)
            return ask(browser, paths, case)
        if r.status != 200:
            sys.exit(f"{path}: {r.status} {r.text[:200]}")
        n += len(r.text)
        statements += int(re.search(r"statements;dur=(\d+)", r.headers["server-timing"])[1])
    return (time.perf_counter() - began) * 1000, n, statements


def measure(room, times):
    browser = room.browser()
    case = room.one("SELECT max(id) FROM incident WHERE state = 'open'")
    rows = {}
    for page, paths in PAGES.items():
        ask(browser, paths, case)
        before, took = cpu(room.child.pid), []
        for _ in range(times):
            ms, n, statements = ask(browser, paths, case)
            took.append(ms)
        took.sort()
        rows[page] = {"p50": statistics.median(took), "p95": took[int(len(took) * 0.95)], "cpu": (cpu(room.child.pid) - before) * 1000 / times,
                      "requests": len(paths), "statements": statements, "bytes": n}
    return rows


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--cases", type=int, default=10_000)
    p.add_argument("--entries", type=int, default=100)
    p.add_argument("--times", type=int, default=40)
    p.add_argument("--data", type=pathlib.Path, help="a folder made before")
    a = p.parse_args()
    subprocess.run(["ninja", "-C", tap.BUILD, "bench/room_gen", "kizuki-room"], check=True, capture_output=True)
    with tempfile.TemporaryDirectory(prefix="bench-room-") as d:
        data = a.data or pathlib.Path(d) / "data"
        if not (data / "room/room.db").exists():
            began = time.monotonic()
            subprocess.run([tap.BUILD / "bench/room_gen", data, str(a.cases), str(a.entries), "4"], check=True)
            print(f"written in {time.monotonic() - began:.0f} s, {(data / 'room/room.db').stat().st_size / 1e6:.0f} MB", flush=True)
        room = rooms.Room(data, extra=("--effort",))
        began = time.monotonic()
        room.start()
        print(f"started in {time.monotonic() - began:.2f} s")
        try:
            rows = measure(room, a.times)
            status = pathlib.Path(f"/proc/{room.child.pid}/status").read_text()
            resident = int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024
            print(f"resident: {resident:.0f} MB")
        finally:
            room.stop()
        floor = rows["floor: who am I"]["cpu"]
        print(f"\n{'page':30} {'p50 ms':>8} {'p95 ms':>8} {'CPU ms':>8} {'of floor':>8} {'asks':>5} {'statements':>10} {'KB':>8}")
        for page, x in rows.items():
            print(f"{page:30} {x['p50']:8.1f} {x['p95']:8.1f} {x['cpu']:8.2f} {x['cpu'] / floor if floor else 0:8.1f} {x['requests']:5} {x['statements']:10} {x['bytes'] / 1000:8.1f}")
        (tap.BUILD / "bench_room.json").write_text(json.dumps(rows, indent=1))


main()
