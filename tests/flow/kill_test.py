#!/usr/bin/env python3
"""kill -9 of any program at any moment: no line read from a file is lost or doubled, the case is still there."""
import collections
import os
import pathlib
import random
import sqlite3
import time

import programs
import spoolread
import tap

LINES = int(os.environ.get("KIZUKI_KILL_LINES", 60000))  # tests/soak/kill_long asks for more


def attack_line(i, t):
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(t)) + ".%06d+00:00" % int(t % 1 * 1e6)
    return (f"{stamp} gate sshd[{1000 + i % 5000}]: Failed password for invalid user n{i} from 203.0.113.7 "
            f"port {1024 + i % 60000} ssh2\n")


@tap.test
def lines_of_a_rotating_file_survive_kills_of_every_program():
    rnd = random.Random(1)
    with tap.folder() as logs:
        log = logs / "auth.log"
        log.write_text("")
        settings = {"sources": [{"name": "auth", "kind": "file", "path": str(log)}], "block": {"automatic": False}}
        with programs.served(settings, ["--no-local-logs"]) as s:
            s.wait_up()
            written = []
            f = open(log, "a")
            killed = collections.Counter()
            for i in range(LINES):
                line = attack_line(i, time.time())
                # a line cut in two writes now and then: the reader must wait for its end
                if i % 997 == 0:
                    f.write(line[:40])
                    f.flush()
                    time.sleep(0.002)
                    f.write(line[40:])
                else:
                    f.write(line)
                written.append(line.rstrip("\n"))
                if i % 500 == 0:
                    f.flush()
                if i % 20000 == 19999:  # rotated by rename, as logrotate does
                    f.close()
                    log.rename(logs / f"auth.log.{i // 20000 + 1}")
                    f = open(log, "a")
                if i % 4000 == 3999:
                    name = rnd.choice(["kizuki-sensor", "kizuki-sensor", "kizuki-room", "kizuki-hand", "kizuki-keep"])
                    killed[name] += bool(s.kill(name))
                    time.sleep(0.25)
            f.close()
            assert sum(killed.values()) >= LINES // 6000, killed

            def all_there():
                return len(spoolread.lines(s.data / "spool")) >= LINES
            tap.wait_until(all_there, 40 * max(1, LINES // 60000), 0.5, "all lines in the spool")
            time.sleep(1)
            got = collections.Counter(l.decode() for l in spoolread.lines(s.data / "spool"))
            lost = [l for l in written if got[l] == 0]
            doubled = [l for l in got if got[l] > 1]
            assert not lost, f"{len(lost)} lost, first {lost[:2]}"
            assert not doubled, f"{len(doubled)} doubled, first {doubled[:2]}"

            def cases():
                try:
                    db = sqlite3.connect(f"file:{s.data}/room/room.db?mode=ro", uri=True)
                    return db.execute("SELECT number, kind, opened_at FROM incident WHERE merged_into IS NULL").fetchall()
                except sqlite3.Error:
                    return []
            tap.wait_until(cases, 30, 0.3, f"a case in the room; log: {s.output()[-1500:]}")
            time.sleep(2)
            assert len(cases()) == 1, cases()


@tap.test
def the_supervisor_killed_leaves_nobody_behind_and_starts_again():
    with tap.folder() as logs:
        log = logs / "auth.log"
        log.write_text("".join(attack_line(i, time.time()) for i in range(2000)))
        settings = {"sources": [{"name": "auth", "kind": "file", "path": str(log)}]}
        with tap.folder() as d:
            first = programs.Served(d / "data", settings, ["--no-local-logs"])
            first.wait_up()
            left = first.children()
            assert len(left) >= 5 and "kizuki-sensor" in left, left
            first.process.kill()
            first.process.wait()
            tap.wait_until(lambda: not any(pathlib.Path(f"/proc/{p}/exe").exists() for p in left.values()), 10, what="children end")
            with open(log, "a") as f:
                f.writelines(attack_line(i, time.time()) for i in range(2000, 4000))
            second = programs.Served(d / "data", settings, ["--no-local-logs"])
            try:
                second.wait_up()
                tap.wait_until(lambda: len(spoolread.lines(second.data / "spool")) >= 4000, 20, 0.3)
                time.sleep(0.5)
                got = collections.Counter(spoolread.lines(second.data / "spool"))
                assert len(got) == 4000 and max(got.values()) == 1, (len(got), max(got.values()))
            finally:
                second.stop()


tap.main()
