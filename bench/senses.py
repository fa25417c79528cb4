#!/usr/bin/env python3
"""What hosts, networks and machines say, by real tools against real services in namespaces: after how many seconds each was noticed.

usage: bench/senses.py [PART …]     parts: senses_NAME.py beside this file (all of them)

Needs root, for namespaces with forwarding. Exit 1: something was noticed later than it must be, or not at all."""
import importlib
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tests" / "flow")]
import netns  # noqa: E402

bad = 0


def report(what, kind, seconds, limit):
    global bad
    late = seconds is None or seconds > limit
    bad += late
    print(f"| {what} | {kind} | {'not noticed' if seconds is None else f'{seconds:.1f} s'} | {limit} s | {'LATE' if late else 'ok'} |", flush=True)


def main():
    netns.enter()
    parts = sys.argv[1:] or sorted(p.stem[7:] for p in HERE.glob("senses_*.py"))
    print("| what is done | what is noticed | after | at most | |\n|---|---|---|---|---|", flush=True)
    for part in parts:
        importlib.import_module(f"senses_{part}").run(report)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
