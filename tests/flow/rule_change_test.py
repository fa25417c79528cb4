#!/usr/bin/env python3
"""Rules change while the sensor runs: no event is lost or looked at twice, rules that did not change say byte for byte
what they would have said without the change, those that did are the new ones from one record on."""
import contextlib
import json
import re
import threading
import time

import roomside
import rulebed as sets
import tap

COUNT = """title: Failures of one address
id: 33333333-2222-4333-8444-55555555555{n}
correlation:
    type: event_count
    rules: ["{id}1"]
    group-by: [source.ip]
    timespan: 10m
    condition: {{gte: {least}}}
level: high
"""
KEPT, CHANGED, GONE, NEW = (f"33333333-2222-4333-8444-55555555555{n}" for n in "1234")


def count(n, least):
    return COUNT.format(n=n, id=sets.ID, least=least)


def line(i):
    at = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime())
    return f"{at} gate sshd[812]: Failed password for invalid user admin from 192.0.2.{i % 50 + 1} port {i % 60000 + 1} ssh2\n"


def as_hunted(data, rules):
    """What the same spool says with these rules all the time: (id, revision) -> bytes."""
    r = sets.kizuki("hunt", "--updates", "--rules", tap.ROOT / "content/rules", *[x for p in rules for x in ("--rules", p)], data / "spool")
    assert r.returncode == 0, r.stderr
    told = {}
    for text in r.stdout.encode().splitlines():
        m = re.match(rb'\{"id":"(\w+)","state":"\w+","revision":(\d+),', text)
        told[m[1], int(m[2])] = text[m.start(1):]
    return told


def rule_of(told):
    return json.loads(b'{"id":"' + told)["rule"]["id"]


def of_rules(told, but):
    return {k: v for k, v in told.items() if rule_of(v) not in but}


class Writer:
    """Lines into a log, as fast as a busy gate has them, until it is told to end."""

    def __init__(self, path):
        self.path, self.n, self.end = path, 0, False
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        with open(self.path, "a", buffering=1) as f:
            while not self.end:
                f.write("".join(line(self.n + k) for k in range(20)))
                self.n += 20
                time.sleep(0.005)

    def stop(self):
        self.end = True
        self.thread.join()


def bed(d):
    data = d / "data"
    data.mkdir()
    first = sets.make_set(d / "one" / "mine", a=sets.text(), k=count(1, 30), c=count(2, 40), g=count(3, 20))
    sets.rule(data, "add", first, "--on")
    log = d / "auth.log"
    log.write_text("")
    room = roomside.Room(d / "room.sock")
    sensor = roomside.Sensor(data, room, {"sources": [{"name": "auth", "kind": "file", "path": str(log)}], "syslog": []})
    tap.wait_until(lambda: room.stats, 20, what="the sensor")
    return data, first, log, room, sensor


@tap.test
def unchanged_rules_go_on_as_if_nothing_had_happened():
    with tap.folder() as d:
        data, first, log, room, sensor = bed(d)
        writer = Writer(log)
        try:
            tap.wait_until(lambda: writer.n > 4000 and room.stats["events"] > 2000, 60, what="lines")
            second = sets.make_set(d / "two" / "mine", a=sets.text(), k=count(1, 30), c=count(2, 60), n=count(4, 25))
            said = sets.rule(data, "add", second, "--on")
            assert "1 new, 1 changed, 1 gone" in said, said
            tap.wait_until(lambda: "other rules since record" in sensor.said(), 30, what="the change: " + sensor.said())
            switched = writer.n
            tap.wait_until(lambda: writer.n > switched + 2000, 60, what="more lines")
        finally:
            writer.stop()
        room.heard(writer.n, 60, sensor)
        sensor.stop()
        old = as_hunted(data, [data / "rules/.old-mine/files"])
        new = as_hunted(data, [data / "rules/mine/files"])
        others = {CHANGED, GONE, NEW}
        assert not room.contradictions
        # the sensor has ended; what it said last may still stand in the room's socket
        kept = of_rules(old, others)
        with contextlib.suppress(AssertionError):
            tap.wait_until(lambda: of_rules(room.told, others) == kept, 20)
        told = of_rules(room.told, others)
        assert told == kept, ("an unchanged rule said something else", [(k, told.get(k), kept.get(k)) for k in {*told, *kept} if told.get(k) != kept.get(k)][:3])
        assert any(rule_of(v) == KEPT for v in list(room.told.values()))
        at = int(re.search(r"other rules since record (\d+)", (data / "sensor.log").read_text())[1])
        ended = [json.loads(b'{"id":"' + v) for v in room.told.values() if rule_of(v) == GONE]
        for id in {f["id"] for f in ended}:
            last = max((f for f in ended if f["id"] == id), key=lambda f: f["revision"])
            assert last["state"] == "end" and all(e < at for e in last["evidence"] if isinstance(e, int)), last
        told_new = {json.loads(b'{"id":"' + v)["id"] for v in room.told.values() if rule_of(v) == NEW}
        assert told_new == {json.loads(b'{"id":"' + v)["id"] for v in new.values() if rule_of(v) == NEW}
        firsts = {}
        for v in room.told.values():
            f = json.loads(b'{"id":"' + v)
            if f["rule"]["id"] == NEW:
                firsts[f["id"]] = min(firsts.get(f["id"], f), f, key=lambda x: x["revision"])
        assert all(f["state"] == "open" for f in firsts.values()), "a new rule's finding was first told as something else"


@tap.test
def rules_that_do_not_load_leave_the_old_ones():
    with tap.folder() as d:
        data, first, log, room, sensor = bed(d)
        try:
            (data / "rules/suppress.yml").write_text("suppressions: [nonsense]\n")
            (data / "rules/changed").write_text("x\n")
            tap.wait_until(lambda: "the rules did not change" in sensor.said(), 20, what=sensor.said())
            assert "suppress.yml:1" in sensor.said(), sensor.said()
            with open(log, "a") as f:
                f.write("".join(line(7 * 50) for _ in range(60)))
            tap.wait_until(lambda: any(rule_of(v) == KEPT for v in list(room.told.values())), 20, what="a finding of the old rules")
        finally:
            sensor.stop()


if __name__ == "__main__":
    tap.main()
