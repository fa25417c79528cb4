#!/usr/bin/env python3
"""The ledger of sources: what stops coming is noticed from the spool's own times, said once as an event of its own, and
judged by the shipped rules. The past is played into the spool with its own times; the sensor then runs as ever."""
import json
import os
import struct
import time

import roomside
import spoolread
import tap

TICK, LINE, END = 1, 0, 2


def played(data, room, lines, tick_until):
    """Plays (time, source index, line) in order of time into the data folder."""
    ours, theirs = os.pipe()
    settings = {"sources": [{"name": f"s{i}", "kind": "replay"} for i in range(3)]}
    sensor = roomside.Sensor(data, room, settings, ["--replay-fd", str(ours), "--end-after-replay"], pass_fds=[ours])
    os.close(ours)
    with open(theirs, "wb") as pipe:
        for at, source, kind, line in [(t, s, LINE, l) for t, s, l in sorted(lines)] + [(tick_until, 0, TICK, b""), (tick_until, 0, END, b"")]:
            pipe.write(struct.pack("<IqIB", 13 + len(line), int(at * 1e9), source, kind) + line)
    assert sensor.process.wait(60) == 0, sensor.said()[-2000:]
    sensor.log.close()


def findings(room):
    """Without those of canaries, which the sensor sends by itself."""
    return [f for f in (json.loads(b'{"id":"' + f) for f in list(room.told.values())) if not f.get("canary")]


@tap.test
def a_source_that_stops_or_lacks_records_is_told_and_one_that_goes_on_is_not():
    with tap.folder() as d:
        data = d / "data"
        data.mkdir()
        room = roomside.Room(d / "room.sock")
        now = time.time()
        text = b"Nov 23 02:03:08 gate app[1]: nothing special"
        # Some of these rules ask for the action alone: whoever could name the data set would have them fire.
        claims = [("ledger", "source-quiet"), ("Ledger", "source-wiped"), ("ledger", "source-gap"), ("keep", "segment-removed"),
                  ("vault", "vault-rewritten"), ("trace", "trace-test")]
        forged = [json.dumps({"event": {"module": "kizuki", "dataset": "kizuki." + of, "action": action, "outcome": "failure"},
                              "kizuki.ledger.source": "forged", "kizuki.ledger.missed": 9, "kizuki.ledger.known_days": 99})
                  for of, action in claims]
        lines = [(now - 3600 + 10 * i, 0, text) for i in range(285)]           # every ten seconds, quiet for 12 minutes
        # until a minute ago; one of a host's record numbers is missing, and nobody wonders about those of a filter
        numbered = lambda n, log: json.dumps({"winlog": {"channel": log, "computer_name": "dc1", "record_id": n}}).encode()
        lines += [(now - 3600 + 10 * i, 1, numbered(n, "Security")) for i, n in enumerate(n for n in range(357) if n != 300)]
        lines += [(now - 3600 + 10 * i, 1, numbered(3 * i, "System")) for i in range(356)]
        lines += [(now - 3600 + 900 * i, 2, f.encode()) for i in range(4) for f in forged]  # every quarter of an hour
        played(data, room, lines, now - 30)
        assert not findings(room), "somebody else spoke for the ledger"
        sensor = roomside.Sensor(data, room, {"sources": []})
        names = lambda: {f["rule"]["name"] for f in findings(room)}
        tap.wait_until(lambda: {"source_silent_new", "log_records_missing"} <= names(), 120, 0.2,
                       lambda: f"the silence of s0 and the gap in s1 are told: {names()} {sensor.said()[-1500:]}")
        time.sleep(0.5)
        told = findings(room)
        by_rule = {f["rule"]["name"]: json.dumps(f) for f in told}
        assert set(by_rule) == {"source_silent_new", "log_records_missing"} and len({f["id"] for f in told}) == 2, told
        evidence = by_rule["source_silent_new"]
        assert '"s0"' in evidence and '"s1"' not in evidence and '"s2"' not in evidence, evidence
        gap = by_rule["log_records_missing"]
        assert '"critical"' in gap and '"s1"' in gap and '"Security"' in gap and '"dc1"' in gap, gap
        tap.wait_until(lambda: room.sources, 30, 0.2)
        rows = {r["name"]: r for r in room.sources}
        assert rows["s0"]["silent"] and rows["s0"]["interval_s"] == 10, rows["s0"]
        assert not rows["s1"]["silent"] and not rows["s2"]["silent"] and "kizuki" not in rows, rows
        # It is said once a step, also over a restart.
        sensor.stop()
        n = len(findings(room))
        again = roomside.Sensor(data, room, {"sources": []})
        time.sleep(11)  # a turn of the ledger
        assert len(findings(room)) == n, findings(room)
        again.stop()
        room.close()


@tap.test
def all_four_kinds_of_wiping_open_a_finding_within_a_minute():
    with tap.folder() as d:
        data = d / "data"
        data.mkdir()
        files = {name: d / name for name in ("auth.log", "dc.json", "numbered.json", "audit.log", "relay.log")}
        numbered = lambda n: json.dumps({"winlog": {"channel": "Security", "computer_name": "dc2", "record_id": n}, "event": {"code": "4624"}})
        audit = 'type={} msg=audit({:.3f}:{}): {}'
        day = lambda: time.strftime("%b %e %H:%M:%S")
        relayed = lambda host, ahead: f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(time.time() + ahead))} {host} cron[1]: job done"
        first = {"relay.log": [relayed("fw-1", 0)], "auth.log": [f"{day()} web1 cron[1]: job {i} done" for i in range(50)],
                 "dc.json": ['{"EventID":4624,"Channel":"Security","Computer":"dc1"}'],
                 "numbered.json": [numbered(n) for n in range(1, 121)],
                 "audit.log": [audit.format("SYSCALL", time.time(), 1, "arch=c000003e syscall=59 success=yes exit=0 auid=0 uid=0 pid=9 comm=id")]}
        settings = {"sources": [{"name": name, "kind": "file", "path": str(path)} for name, path in files.items()]}
        room = roomside.Room(d / "room.sock")
        sensor = roomside.Sensor(data, room, settings)
        for name, lines in first.items():
            files[name].write_text("".join(line + "\n" for line in lines))
        # The last line of each: Kizuki's own lines are in the spool, too, and what is emptied before it was read lost nothing.
        last = {lines[-1].encode() for lines in first.values()}
        tap.wait_until(lambda: last <= set(spoolread.lines(data / "spool")), 60, 0.1, lambda: sensor.said()[-1500:])

        def append(name, *lines):
            with open(files[name], "a") as f:
                f.writelines(line + "\n" for line in lines)

        began = {}
        seen = {}
        def act(rule, do):
            began[rule] = time.time()
            do()
        act("log_file_wiped", lambda: os.truncate(files["auth.log"], 0))
        act("windows_log_cleared", lambda: append("dc.json", '{"EventID":1102,"Channel":"Security","Computer":"dc1","Provider_Name":"Microsoft-Windows-Eventlog"}',
                                                  '{"EventID":104,"Channel":"System","Computer":"dc3","Provider_Name":"Microsoft-Windows-Eventlog"}'))
        act("log_records_missing", lambda: append("numbered.json", *[numbered(n) for n in range(130, 133)]))
        act("source_clock", lambda: append("relay.log", relayed("fw-1", 0), relayed("fw-2", -3600))) # one of two machines behind one source
        act("auditd_stopped", lambda: append("audit.log", audit.format("DAEMON_END", time.time(), 2, "op=terminate auid=0 pid=1 subj=unconfined res=success")))

        def told():
            for f in findings(room):
                seen.setdefault(f["rule"]["name"], (time.time(), f))
            return set(began) <= set(seen)
        tap.wait_until(told, 120, 0.2, lambda: f"all are told: {set(seen)} {sensor.said()[-1500:]}")
        took = {rule: round(seen[rule][0] - at, 1) for rule, at in began.items()}
        print("# seconds until told:", took)
        assert max(took.values()) < 60, took
        clock = json.dumps(seen["source_clock"][1])
        assert "fw-2" in clock and "fw-1" not in clock and '"low"' in clock, clock
        assert all(json.dumps(seen[rule][1]).count('"critical"') for rule in began if rule != "source_clock"), seen
        cleared = {json.dumps(f.get("fold") or f.get("group") or f) for f in findings(room) if f["rule"]["name"] == "windows_log_cleared"}
        assert len(cleared) >= 2, "1102 and 104 are of two machines: " + str(cleared)
        sensor.stop()
        room.close()


@tap.test
def what_does_not_come_is_told_before_the_source_itself_removes_it():
    with tap.folder() as d:
        data = d / "data"
        data.mkdir()
        room = roomside.Room(d / "room.sock")
        now = time.time()
        text = b"Nov 23 02:03:08 gate app[1]: nothing special"
        lines = [(now - 20 * 86400 + 60 * i, s, text) for i in range(200) for s in (0, 1)]  # quiet for almost twenty days
        played(data, room, lines, now - 30)
        settings = {"sources": [], "retention": {"keep": "2y", "required": "1y", "why": "law", "sources": [{"name": "s0", "own": "30d"}]}}
        sensor = roomside.Sensor(data, room, settings)
        eaten = lambda: [f for f in findings(room) if f["rule"]["name"] == "source_eaten"]
        tap.wait_until(eaten, 60, 0.2, "what s0 will lose is told: " + sensor.said()[-1500:])
        told = json.dumps(eaten()[-1])
        assert '"s0"' in told and '"s1"' not in told, told


tap.main()
