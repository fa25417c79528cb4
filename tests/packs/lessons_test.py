#!/usr/bin/env python3
"""Every complete lesson is checked as if it came from elsewhere, played through the real programs and judged by its expect.yml."""
import sqlite3

import lessons
import tap


def told(judgement):
    for line in judgement.splitlines():
        if "survey:" in line:
            print("# " + line.strip())


def play_one(pack):
    tap.need(lessons.yaml, "python3-yaml is not installed")
    r = tap.run(tap.KIZUKI, "pack", "check", pack)
    assert r.returncode == 0, r.stderr.decode()
    with tap.folder() as d:
        status, judgement, why = lessons.play(pack, d / "played")
        assert status == 0, judgement + why[-1500:]
        assert lessons.lines_of(judgement, "ok"), judgement
        told(judgement)


@tap.test
def a_lesson_that_is_not_complete_says_so():
    for p in sorted(lessons.PACKS.iterdir()):
        if p.is_dir() and not p.name.startswith(".") and p.name not in lessons.complete():
            r = tap.run(tap.KIZUKI, "pack", "check", p.name)
            assert r.returncode == 0, r.stderr.decode()
            assert b"cannot be proved here" in r.stdout, r.stdout.decode()


@tap.test
def a_quiet_forenoon_of_all_raises_no_case():
    """./dev soak lessons_all has the month."""
    import quiet
    tap.need(lessons.yaml, "python3-yaml is not installed")
    with tap.folder() as d:
        quiet.START = quiet.START.replace(hour=8)
        quiet.play(d, days=0.25)


for pack in lessons.complete():  # replay_test plays the largest, and reads what came of it by itself
    if pack == "nisc-2014-2-account-list" and len(lessons.complete()) > 1:
        continue
    f = lambda pack=pack: play_one(pack)
    f.__name__ = pack.replace("-", "_")
    tap.test(f)
if __name__ == "__main__":
    tap.main()
