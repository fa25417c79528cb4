#!/usr/bin/env python3
"""A sensor killed at any moment and started again tells what one tells that was never interrupted, byte for byte, and
does not read the spool again for it."""
import contextlib
import os
import random
import shutil
import time

import roomside
import spoolread
import tap

OLD = int(os.environ.get("KIZUKI_RESUME_OLD", 20000))    # lines of old logs
LIVE = int(os.environ.get("KIZUKI_RESUME_LIVE", 20000))  # lines that arrive while it is killed
KEEP_RECORDS = 5000                                      # src/app/sensor/pump.c


def stamp(t):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(t)) + ".%06d+00:00" % int(t % 1 * 1e6)


class Town:
    """Some forty addresses that guess, some people that sign in, some lines nobody can read."""

    def __init__(self, seed):
        self.rnd = random.Random(seed)

    def line(self, t):
        r = self.rnd
        pid, port = r.randrange(1000, 6000), r.randrange(1024, 65000)
        kind = r.random()
        if kind < 0.004:
            return f"{stamp(t)} gate something unheard of {r.random()}\n"
        if kind < 0.1:
            n = r.randrange(40)
            return (f"{stamp(t)} gate sshd[{pid}]: Accepted password for user{n} from "
                    f"198.51.100.{n if r.random() < 0.97 else r.randrange(60, 250)} port {port} ssh2\n")
        source = f"203.0.113.{int(r.paretovariate(0.5)) % 40}"
        who = r.choice([f"invalid user n{r.randrange(60)}", f"user{r.randrange(40)}", "root"])
        return f"{stamp(t)} gate sshd[{pid}]: Failed password for {who} from {source} port {port} ssh2\n"


def kept(data):
    """When the state was kept last; None: never."""
    with contextlib.suppress(OSError):
        return (data / "sensor/state").stat().st_mtime_ns


def settings(log):
    return {"sources": [{"name": "auth", "kind": "file", "path": str(log)}]}


def story(d, seed):
    """A data folder whose sensor was killed again and again; the room that heard it all, and the sensors' first
    records."""
    rnd = random.Random(seed)
    town, data, log = Town(seed), d / "data", d / "auth.log"
    data.mkdir()
    now = time.time()
    log.write_text("".join(town.line(now - 8000 + i * 7000 / OLD) for i in range(OLD)))
    room = roomside.Room(d / "room.sock")
    begins, written = [], OLD
    sensor = roomside.Sensor(data, room, settings(log))
    with open(log, "a") as f:
        while written < OLD + LIVE:
            # Some are killed at any moment, some once they have kept a state.
            end, state = time.monotonic() + rnd.uniform(0.05, 1.2), kept(data)
            get_on = len(begins) % 3 == 2
            while time.monotonic() < (end + 10 if get_on and kept(data) == state else end):
                if written < OLD + LIVE:
                    n = rnd.randrange(1, 30)
                    f.write("".join(town.line(time.time()) for _ in range(n)))
                    f.flush()
                    written += n
                time.sleep(0.005)
            sensor.kill()
            sensor = roomside.Sensor(data, room, settings(log))
            begins.append(sensor)
    begins = [n for n in (s.goes_on_with() for s in begins) if n]
    room.heard(written, 60 + (OLD + LIVE) / 20000, sensor)
    sensor.stop()
    roomside.looks_at_the_spool(data, room)  # also a tick written last and not looked at any more
    return data, room, begins, written


def heard_without_interruption(data, d):
    """The same spool, looked at by one sensor from its first record to its last."""
    other = d / "other"
    other.mkdir()
    shutil.copytree(data / "spool", other / "spool")
    room = roomside.Room(d / "other.sock")
    roomside.looks_at_the_spool(other, room)
    room.close()
    return room


def differences(a, b):
    keys = [k for k in a.keys() | b.keys() if a.get(k) != b.get(k)]
    return f"{len(keys)} differ, first: " + "\n".join(f"{k}: {str(a.get(k))[:600]}\n{str(b.get(k))[:600]}" for k in keys[:2])


@tap.test
def killed_at_any_moment_it_tells_what_it_would_have_told():
    with tap.folder() as d:
        data, room, begins, written = story(d, 1)
        room.close()
        assert len(begins) >= 8, begins
        whole = heard_without_interruption(data, d)
        assert len(whole.told) > 300, len(whole.told)
        assert not room.contradictions, room.contradictions[0]
        assert room.told == whole.told, differences(room.told, whole.told)
        # What the page of sources shows goes on, too.
        assert [s["lines"] for s in whole.sources] == [written], whole.sources
        assert whole.sources[0]["unparsed"] > 20 and whole.sources[0]["backfill"] >= OLD
        assert room.sources == whole.sources, (room.sources, whole.sources)
        assert {k: v for k, v in room.stats.items() if k != "at"} == {k: v for k, v in whole.stats.items() if k != "at"}
        # Some of the kills came after the state was kept, and then the spool was not read from its start.
        assert sum(b > 1 for b in begins) >= 4 and begins == sorted(begins), begins


@tap.test
def a_restart_reads_a_small_part_of_a_large_spool():
    with tap.folder() as d:
        data, town, log = d / "data", Town(2), d / "auth.log"
        data.mkdir()
        now = time.time()
        with open(log, "w") as f:
            for i in range(OLD):
                f.write(town.line(now - 8000 + i * 7000 / OLD))
        room = roomside.Room(d / "room.sock")
        sensor = roomside.Sensor(data, room, settings(log))
        room.heard(OLD, 60 + OLD / 10000, sensor)
        # It keeps its state once 20 times as long as the last keeping took has passed: on a busy machine that is seconds after the last line.
        end, state = time.monotonic() + 60, kept(data)
        since = time.monotonic()
        while time.monotonic() < end and time.monotonic() - since < 9:
            time.sleep(0.1)
            if kept(data) != state:
                state, since = kept(data), time.monotonic()
        sensor.kill()
        before = dict(room.told)
        again = room.n_told
        sensor = roomside.Sensor(data, room, settings(log))
        room.heard(OLD, 20, sensor)
        last = max(r[0] for r in spoolread.records(data / "spool"))
        looked = last + 1 - sensor.goes_on_with()
        assert looked <= 2 * KEEP_RECORDS, (looked, last)
        print(f"# killed: {looked} of {last} records looked at again, {room.n_told - again} of {len(before)} tellings told again")
        sensor.stop()
        sensor = roomside.Sensor(data, room, settings(log))
        room.heard(OLD, 20, sensor)
        last = max(r[0] for r in spoolread.records(data / "spool"))
        looked = last + 1 - sensor.goes_on_with()
        assert looked <= 5, (looked, last)  # a tick of its last second
        sensor.stop()
        assert not room.contradictions and before.items() <= room.told.items()
        room.close()


NEW_RULE = """title: Root is tried
name: root_tried
logsource: {product: linux, service: sshd}
detection: {s: {user.name: root, event.outcome: failure}, condition: s}
level: medium
kizuki: {fold: [kizuki.source.net], fold_span: 1h}
"""


@tap.test
def other_rules_begin_with_what_reaches_back_and_tell_nothing_twice():
    with tap.folder() as d:
        data, town, log = d / "data", Town(3), d / "auth.log"
        data.mkdir()
        now = time.time()
        log.write_text("".join(town.line(now - 3600 + i * 3000 / 3000) for i in range(3000)))
        room = roomside.Room(d / "room.sock")
        sensor = roomside.Sensor(data, room, settings(log))
        room.heard(3000, 20, sensor)
        sensor.stop()
        told, sources = dict(room.told), room.sources
        (d / "rules").mkdir()
        (d / "rules" / "root.yml").write_text(NEW_RULE)
        sensor = roomside.Sensor(data, room, settings(log) | {"rules": [str(d / "rules")]})
        tap.wait_until(lambda: "rules or version changed" in sensor.said(), 10, 0.05, sensor.said())
        room.heard(3000, 10, sensor)
        assert room.told == told, differences(room.told, told)
        assert [s["lines"] for s in room.sources] == [s["lines"] for s in sources] == [3000]
        with open(log, "a") as f:
            f.write(f"{stamp(time.time())} gate sshd[1]: Failed password for root from 192.0.2.77 port 22 ssh2\n")
        tap.wait_until(lambda: any(b"root_tried" in v and b"192.0.2.77" in v for v in list(room.told.values())), 60, 0.05,
                       sensor.said())
        sensor.stop()
        room.close()


@tap.test
def a_state_that_is_not_what_was_written_costs_reading_and_nothing_else():
    with tap.folder() as d:
        data, town, log = d / "data", Town(4), d / "auth.log"
        data.mkdir()
        now = time.time()
        log.write_text("".join(town.line(now - 3600 + i) for i in range(3000)))
        room = roomside.Room(d / "room.sock")
        sensor = roomside.Sensor(data, room, settings(log))
        room.heard(3000, 20, sensor)
        sensor.stop()
        told, state = dict(room.told), data / "sensor/state"
        whole = state.read_bytes()
        rnd = random.Random(4)
        for bad in [b"", whole[:-1], whole[:100], whole[:5000] + bytes([whole[5000] ^ 1]) + whole[5001:], bytes(rnd.randbytes(999))]:
            state.write_bytes(bad)
            sensor = roomside.Sensor(data, room, settings(log))
            room.heard(3000, 20, sensor)
            assert sensor.goes_on_with() == 1 and "the whole spool is looked at again" in sensor.said(), sensor.said()
            sensor.stop()
            assert [s["lines"] for s in room.sources] == [3000]
        assert not room.contradictions and told.items() <= room.told.items()
        # The state of a spool that was taken away says nothing about the one that begins now.
        shutil.rmtree(data / "spool")
        sensor = roomside.Sensor(data, room, settings(log))
        room.heard(3000, 20, sensor)
        assert sensor.goes_on_with() == 1
        sensor.stop()
        room.close()


tap.main()
