#!/usr/bin/env python3
"""Are rules alive: simulated events from a rule's own samples go the way of real ones to the room, and what could not
have noticed the case it was made for is red. How long rules take, measured. What is asked from the pages."""
import json
import socket
import struct
import shutil
import time

import roomside
import rulebed as sets
import tap

SAMPLE = "Nov 22 17:03:{:02} gate sshd[812]: Failed password for invalid user admin from 192.0.2.7 port 40022 ssh2"
SAMPLES = "kizuki:\n  samples:\n    match:\n"
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
ALIVE, TOO_HIGH, NOBODY = (f"33333333-2222-4333-8444-55555555555{n}" for n in "123")
BASE, OTHER = f"{sets.ID}1", f"{sets.ID}2"


class Room(roomside.Room):
    """Also keeps what is said of rules, and asks."""

    def __init__(self, path):
        self.rule_state, self.peer, self.answers = {}, None, {}
        super().__init__(path)

    def serve(self, peer):
        self.peer = peer
        super().serve(peer)

    def take(self, text):
        if text.startswith(b'{"t":"rule_state"'):
            self.rule_state = json.loads(text)
            return None
        if text.startswith(b'{"t":"rule_order"'):
            m = json.loads(text)
            self.answers[m["id"]] = m["result"]
            return None
        return super().take(text)

    def order(self, **what):
        number = len(self.answers) + 1
        text = json.dumps({"t": "rule_order", "id": number, **what}).encode()
        self.peer.sendall(struct.pack("<I", len(text)) + text)
        return tap.wait_until(lambda: self.answers.get(number), 60, what=f"an answer to {what}")

    def canary(self, rule):
        return next((c for c in self.rule_state.get("canaries", []) if c["rule"] == rule), None)

    def told_of(self, rule):
        return [f for f in (json.loads(b'{"id":"' + v) for v in self.told.values()) if f["rule"]["id"] == rule]


def samples(n):
    return SAMPLES + "        - |\n" + "".join(f"            {SAMPLE.format(i)}\n" for i in range(n))


class Bed:
    """One sensor for all tests of this file."""

    def __init__(self, d):
        self.d = d
        self.data, self.log, self.room, self.sensor = bed(d)

    def parts(self):
        return self.data, self.log, self.room, self.sensor

    def restart(self, **settings):
        self.sensor.stop()
        self.sensor = roomside.Sensor(self.data, self.room, {"sources": [], "syslog": [], **settings})
        self.room.rule_state = {}
        tap.wait_until(lambda: self.room.rule_state, 60, what="the state of rules")


_bed = None


def the_bed():
    global _bed
    _bed = _bed or Bed(_folder)
    return _bed


def bed(d):
    data = d / "data"
    data.mkdir()
    one = "    - '" + SAMPLE.format(1) + "'\n"
    s = sets.make_set(
        d / "mine", a=sets.text() + SAMPLES + "        " + one.strip() + "\n", b=sets.text(2, "Never there", "nobody") + SAMPLES + "        " + one.strip() + "\n",
        k=COUNT.format(n=1, id=sets.ID, least=5) + samples(6), t=COUNT.format(n=2, id=sets.ID, least=50) + samples(6),
        n=COUNT.format(n=3, id=sets.ID, least=7))
    sets.rule(data, "add", s, "--on")
    log = d / "auth.log"
    log.write_text("")
    room = Room(d / "room.sock")
    sensor = roomside.Sensor(data, room, {"sources": [{"name": "auth", "kind": "file", "path": str(log)}], "syslog": []})
    tap.wait_until(lambda: room.rule_state, 60, what="the state of rules")
    return data, log, room, sensor


def run(room, rule):
    before = tap.wait_until(lambda: room.canary(rule), 60, what=f"a canary of {rule}")["at"]
    assert room.order(op="canary", rule=rule)["ok"]
    return tap.wait_until(lambda: (c := room.canary(rule)) and c["at"] != before and c["state"] != "waiting" and c, 60,
                          what=f"the canary of {rule}: {room.canary(rule)}")


@tap.test
def canaries_go_the_way_of_real_events_and_touch_nothing_real():
    data, log, room, sensor = the_bed().parts()
    assert run(room, ALIVE)["state"] == "passed"
    told = room.told_of(ALIVE)
    assert told and all(f["drill"] and f["canary"] for f in told), told
    assert run(room, TOO_HIGH)["state"] == "threshold"
    assert run(room, OTHER)["state"] == "dead"
    assert run(room, BASE)["state"] == "passed"  # it speaks only through others; its match is what counts
    assert room.canary(NOBODY) is None, "a rule without samples is not known to be alive"
    # Six simulated failures and then six real ones of the same address: eight of both would be one finding of
    # the rule that wants seven, six real ones are none.
    with open(log, "a") as f:
        f.write("".join(time.strftime("%b %d %H:%M:%S ") + SAMPLE.format(i).split(" ", 3)[3] + "\n" for i in range(6)))
    tap.wait_until(lambda: any(not f.get("drill") for f in room.told_of(ALIVE)), 60, what="a real finding")
    room.heard(6, 60, sensor)
    assert not [f for f in room.told_of(NOBODY) if not f.get("drill")]
    assert [s["name"] for s in room.sources] == ["auth"], room.sources
    delays = tap.wait_until(lambda: room.rule_state["delays"], 60, what="delays")
    row = next(r for r in delays if r["rule"] == ALIVE)
    assert row["source"] == "auth" and row["n"] == 1 and row["p50_ms"] <= row["p99_ms"] <= row["max_ms"] < 60000, row


SHIPPED = "3d6f0a51-6b1c-4a43-9a53-0c1a6f2a7e"


@tap.test
def shipped_rules_notice_the_stories_they_were_made_for():
    """An attack of one address, one of a day, one of many addresses; a rule that never speaks; a figure for others."""
    room = the_bed().room
    for rule in ("14", "17", "1d", "23", "0a"):
        c = run(room, SHIPPED + rule)
        assert c["state"] == "passed", c


@tap.test
def what_an_exception_hides_is_not_alive():
    data, log, room, sensor = the_bed().parts()
    assert run(room, ALIVE)["state"] == "passed"
    r = room.order(op="except", rule=ALIVE, where=[{"field": "source.ip", "value": "192.0.2.7"}], until="30d",
                   owner="Sato", reason="health check")
    assert r["ok"], r
    x = tap.wait_until(lambda: room.rule_state["exceptions"], 60, what="the exception")[0]
    assert x["owner"] == "Sato" and x["rules"] == [ALIVE], x
    assert run(room, ALIVE)["state"] == "hidden"
    assert room.order(op="unexcept", name=x["id"])["ok"]
    tap.wait_until(lambda: not room.rule_state["exceptions"], 60, what="the end of the exception")
    assert run(room, ALIVE)["state"] == "passed"


@tap.test
def an_outsourced_watch_has_to_call_in_time():
    data, log, room, sensor = the_bed().parts()
    theirs = the_bed().d / "theirs.log"
    theirs.write_text("")
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("127.0.0.1", 0))
    udp.settimeout(5)
    sets.rule(data, "soc", "night", "--to", f"file:{theirs}", "--within", "30m", "--phone", "03-0000-0000")
    sets.rule(data, "soc", "day", "--to", f"udp:127.0.0.1:{udp.getsockname()[1]}", "--within", "1s")
    assert "names one" in sets.rule(data, "soc-send", "nobody", ALIVE, fails=True)
    assert "no samples" in sets.rule(data, "soc-send", "night", NOBODY, fails=True)
    said = sets.rule(data, "soc-send", "night", ALIVE)
    word = said.split()[-1]
    lines = theirs.read_text().splitlines()
    assert len(lines) == 7 and lines[0] == SAMPLE.format(0) and word in lines[-1] and "simulated" in lines[-1], lines
    sets.rule(data, "soc-send", "day", BASE)
    got = [udp.recv(2000).decode() for _ in range(2)]
    assert got[0] == "<38>" + SAMPLE.format(1), got
    seen = tap.wait_until(lambda: {r["soc"]: r["state"] for r in room.rule_state["soc"]["runs"]} == {"night": "waiting", "day": "none"},
                          60, what=f"both runs: {room.rule_state['soc']}")
    assert seen and kizuki_list(data).returncode == 1
    assert room.order(op="soc_answer", name=word.lower(), owner="Sato", reason="they saw it")["ok"]
    assert "typed in already, by Sato" in room.order(op="soc_answer", name=word, owner="Ito")["error"]
    sets.rule(data, "soc-answer", next(r["token"] for r in room.rule_state["soc"]["runs"] if r["soc"] == "day"), "--by", "Ito")
    listed = kizuki_list(data)
    assert listed.returncode == 1 and "answered" in listed.stdout and "late" in listed.stdout, listed
    # named and forgotten from the page
    assert room.order(op="soc", name="dawn", to="tcp:soc.example.net:514", phone="03-1", **{"for": "1h"})["ok"]
    dawn = {"name": "dawn", "to": "tcp:soc.example.net:514", "phone": "03-1", "within_s": 3600}
    tap.wait_until(lambda: dawn in room.rule_state["soc"]["watches"], 60, what=f"the new watch: {room.rule_state['soc']['watches']}")
    assert room.order(op="soc_drop", name="dawn")["ok"]
    sets.rule(data, "soc-drop", "day")
    assert "no watch is called 'day'" in sets.rule(data, "soc-drop", "day", fails=True)
    tap.wait_until(lambda: [w["name"] for w in room.rule_state["soc"]["watches"]] == ["night"], 60, what="only the night watch")
    udp.close()


@tap.test
def what_is_known_of_rules_outlives_a_restart():
    b = the_bed()
    b.restart()
    assert b.room.canary(ALIVE)["state"] == "passed" and b.room.rule_state["delays"], "not kept over a restart"


@tap.test
def a_finding_that_comes_late_or_not_at_all_is_not_alive():
    b = the_bed()
    b.restart(canary={"late": "1s"})
    b.room.acknowledges_after = 2
    assert run(b.room, ALIVE)["state"] == "late"
    b.room.acknowledges_after = None
    assert run(b.room, ALIVE)["state"] == "undelivered"
    b.room.acknowledges_after = 0
    b.restart()
    assert run(b.room, ALIVE)["state"] == "passed"


@tap.test
def what_looks_at_the_spool_anew_knows_canaries_from_findings():
    b = the_bed()
    told = {f["id"] for f in b.room.told_of(ALIVE) if f.get("canary")}
    assert told
    other = b.d / "other"
    other.mkdir()
    shutil.copytree(b.data / "spool", other / "spool")
    shutil.copytree(b.data / "rules", other / "rules")
    anew = Room(b.d / "other.sock")
    roomside.looks_at_the_spool(other, anew)
    anew.close()
    again = {f["id"]: f.get("canary") for f in anew.told_of(ALIVE)}
    assert told <= again.keys() and all(again[i] for i in told), (told, again)


@tap.test
def orders_that_make_no_sense_are_refused_in_words():
    data, log, room, sensor = the_bed().parts()
    for order, why in (({"op": "nonsense"}, "no such order"), ({"op": "adopt", "name": "../x"}, ""),
                       ({"op": "adopt", "name": "mine"}, "waits to be switched on"), ({"op": "off", "name": "x"}, "no rule set"),
                       ({"op": "except", "rule": ALIVE, "where": [{"field": "a", "value": "*"}], "until": "1d", "owner": "a", "reason": "b"}, "hide everything"),
                       ({"op": "canary", "rule": NOBODY}, "no samples"), ({"op": "soc_answer", "name": "x", "owner": "y"}, "no canary"),
                       ({"op": "soc", "name": "a", "to": "file:/etc/cron.d/x", "for": "30m"}, "named on the server"),
                       ({"op": "soc", "name": "a; reboot", "to": "udp:192.0.2.20:514", "for": "30m"}, "letters, digits"),
                       ({"op": "soc", "name": "a", "to": "udp:192.0.2.20:514"}, "a span"), ({"op": "soc_drop", "name": "a"}, "no watch is called")):
        r = room.order(**order)
        assert not r["ok"] and why in r["error"], (order, r)
    assert room.order(op="off", name="mine")["ok"]
    tap.wait_until(lambda: room.rule_state["sets"][0]["state"] == "off" and not room.canary(ALIVE), 60, what="the set switched off")


def kizuki_list(data):
    return sets.kizuki("rule", "soc-list", "--data", data)


if __name__ == "__main__":
    with tap.folder() as _folder:
        try:
            tap.main()
        finally:
            if _bed:
                _bed.sensor.stop()
