#!/usr/bin/env python3
"""What a lesson hangs on is taken away from a copy of it, and its judgement must turn red and say why: its only rule, a threshold ten times
as high, its source. A clock that is nine hours wrong must not turn it red, and must be named.

Lessons are taken in turn until KIZUKI_MUTATIONS_CPU_S seconds of processor time (3; 0: all) are used; ./dev soak takes all."""
import os

import lessons
import tap

CPU_S = float(os.environ.get("KIZUKI_MUTATIONS_CPU_S", "3"))
_began = tap.cpu()


def red(copy, row, why):
    status, judgement, said = copy.play()
    name = row.get("kind") or row.get("rule") or "hunted"
    failed = [l for l in lessons.lines_of(judgement, "FAILED") if name in l]
    assert status == 1 and failed, f"nobody noticed that {name} cannot be noticed:\n{judgement}{said[-800:]}"
    reasons = [l for l in judgement.splitlines() if l.strip().startswith("why:")]
    assert any(why in l for l in reasons), f"no reason says '{why}':\n{judgement}"


def without_its_rule(pack, d):
    for i, row in enumerate(lessons.Copy(pack, d / "look").sole()):
        c = lessons.Copy(pack, d / f"rule{i}")
        assert c.remove_rule(row), f"{pack}: no rule says {row}"
        red(c, row, "no rule in use says")


def with_ten_times_the_threshold(pack, d):
    for i, row in enumerate(lessons.Copy(pack, d / "look2").sole()):
        c = lessons.Copy(pack, d / f"threshold{i}")
        if c.raise_threshold(row):
            red(c, row, "did not come to their limits")


LOG_OF = {"fortigate": "nat", "conntrack": "nat", "isc_dhcpd": "dhcp", "dnsmasq": "dhcp", "winlogbeat": "login"}


def without_a_log_of_the_way(pack, d):
    """A slip is no longer traced without one of the logs it goes through, and the missing log is named or somebody else comes first."""
    logs = set()
    for s in lessons.read(pack, "replay.yml")["sources"]:
        log = LOG_OF[s["product"]]
        if log in logs:
            continue
        logs.add(log)
        c = lessons.Copy(pack, d / s["name"])
        c.story["actors"].append({"id": "mute", "kind": "silence", "source": s["name"], "from": lessons.plain(c.story["start"])})
        lessons.write_story(c.packs / pack, c.story)
        status, judgement, said = c.play()
        failed = lessons.lines_of(judgement, "FAILED  traced")
        assert status == 1 and failed, f"traced without {s['name']}:\n{judgement}{said[-800:]}"
        assert any(log in l.partition("missing logs:")[2] for l in failed), f"nobody says that a log of kind {log} is missing:\n{judgement}"


def without_its_source(pack, d):
    c = lessons.Copy(pack, d / "source")
    if "noticed" not in c.expect:
        return without_a_log_of_the_way(pack, d) if "traced" in c.expect else None
    assert c.stop_sources()
    red(c, c.expect.get("noticed", [{}])[0], "no line came from the source")


def with_a_wrong_clock(pack, d):
    c = lessons.Copy(pack, d / "clock")
    hosts = c.turn_clocks("9h")
    status, judgement, said = c.play()
    assert status == 0, f"with clocks nine hours ahead:\n{judgement}{said[-800:]}"
    named = lessons.lines_of(judgement, "note    the clock of")
    assert any(h in l and "9 h 00 min ahead" in l for h in hosts for l in named), judgement


def mutate(pack):
    tap.need(lessons.yaml, "python3-yaml is not installed")
    tap.need(not CPU_S or tap.cpu() - _began < CPU_S, "its share of time is used; ./dev soak mutates all")
    with tap.folder() as d:
        for change in (without_its_rule, with_ten_times_the_threshold, without_its_source, with_a_wrong_clock):
            change(pack, d)


@tap.test
def a_threshold_set_wrongly_is_told_by_the_test_of_the_day():
    """nisc-orgs-8: the watch was silent for over a month because somebody had set its threshold wrongly. The samples a rule brings along are
    played to it every day (docs/rules.md); with ten times the threshold they fail, whatever the logs of that day hold."""
    tap.need(lessons.yaml, "python3-yaml is not installed")
    with tap.folder() as d:
        c = lessons.Copy("nisc-orgs-8-outside-service", d)
        want = c.expect["noticed"][0]
        assert c.raise_threshold(want), want
        r = tap.run(tap.KIZUKI, "rule", "test", c.content / "rules" / "login", timeout=100)
        said = (r.stdout + r.stderr).decode()
        assert r.returncode != 0 and want["kind"] in said.lower() or "50_by_service" in said, said[-1500:]
        r = tap.run(tap.KIZUKI, "rule", "test", lessons.CONTENT / "rules" / "login", timeout=100)
        assert r.returncode == 0, (r.stdout + r.stderr).decode()[-1500:]


def attacks(pack):
    return sum(a.get("tries", 0) for a in lessons.read(pack, "replay.yml")["actors"])


for pack in sorted(lessons.complete(), key=attacks) if lessons.yaml else []:  # the quickest first
    f = lambda pack=pack: mutate(pack)
    f.__name__ = pack.replace("-", "_")
    tap.test(f)
if __name__ == "__main__":
    tap.main()
