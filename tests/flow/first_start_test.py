#!/usr/bin/env python3
"""First start: this machine's own journal and logs are read back with their original times, rotated and packed ones too,
and what they tell is there; without any the answer says so.

Real programs over a folder that stands for the machine's root (`--logs-root`)."""
import calendar
import collections
import gzip
import os
import pathlib
import signal
import subprocess
import time

import programs
import spoolread
import tap

REMOTE = pathlib.Path("/lib/systemd/systemd-journal-remote")
ZONE_S = 9 * 3600  # of times without one, as configured below
DAY = 86400
TRIES = 60
LINES = 20000  # of each file while programs are killed


def rfc3164(t):
    g = time.gmtime(t + ZONE_S)
    return time.strftime("%b ", g) + f"{g.tm_mday:2d}" + time.strftime(" %H:%M:%S", g)


def attack(start, address, n=TRIES):
    """(time, message) of accounts tried one after the other."""
    return [(start + 2 * i, f"Failed password for invalid user n{i} from {address} port {4000 + i} ssh2") for i in range(n)]


def lines(tries):
    return "".join(f"{rfc3164(t)} gate sshd[{100 + i}]: {m}\n" for i, (t, m) in enumerate(tries))


def stored(path, text, changed):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    os.utime(path, (changed, changed))


def seconds(iso):
    whole, _, rest = iso.rstrip("Z").partition(".")
    return calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) + float("0." + (rest or "0"))


def address_of(group):
    return next((g["value"] for g in group if g["name"] == "kizuki.source.net"), str(group))


class First:
    """`kizuki serve` on its first day over logs below `root`, and somebody signed in."""

    def __init__(self, data, root):
        self.s = programs.Served(data, {"zone": "+09:00"}, ["--logs-root", str(root)])
        self.data = self.s.data

    def __enter__(self):
        try:
            self.browser = self.s.browser()
        except BaseException:
            self.s.stop()
            raise
        return self

    def __exit__(self, *_):
        self.s.stop()

    def get(self, path):
        return self.browser.get(path)

    def told(self):
        """Every finding, in a case or outside of cases."""
        findings = self.get("/findings?limit=200")["findings"]
        for case in self.get("/incidents?state=all&limit=100")["incidents"]:
            findings += self.get(f"/incidents/{case['id']}/findings")["findings"]
        return findings

    def wait_told(self, tries):
        """Until what is told of each address is over."""
        def over():
            told = self.told()
            return {address_of(f["group"]) for f in told} >= set(tries) and all(f["state"] == "end" for f in told) and told
        return tap.wait_until(over, 60, 0.3, f"findings of {list(tries)}")


def check_times(told, expected):
    for address, tries in expected.items():
        of_it = [f for f in told if address_of(f["group"]) == address]
        first, last = min(seconds(f["first"]) for f in of_it), max(seconds(f["last"]) for f in of_it)
        assert abs(first - tries[0][0]) < 1 and abs(last - tries[-1][0]) < 1, (address, of_it, tries[0], tries[-1])
        rules = [f["rule"]["id"] for f in of_it]
        assert len(rules) == len(set(rules)), (address, rules)  # one story of each rule, also over a rotation


@tap.test
def rotated_packed_and_current_logs_are_read_back_in_order():
    now = int(time.time())
    year = time.gmtime(now + ZONE_S).tm_year
    new_year = calendar.timegm((year, 1, 1, 0, 0, 0)) - ZONE_S
    over = attack(new_year - TRIES, "203.0.113.31")  # no line has a year
    assert lines(over).startswith("Dec 31 23:59") and "Jan  1 00:00" in lines(over)
    if not 21 * DAY < now - new_year < 363 * DAY:
        over = []  # around New Year the last one and the next one are one day apart
    old = attack(now - 20 * DAY, "203.0.113.20")
    week = attack(now - 8 * DAY, "198.51.100.8")  # its second half was written after rotation
    entered = attack(now - 2 * DAY, "192.0.2.77")
    entered.append((entered[-1][0] + 2, "Accepted password for n7 from 192.0.2.77 port 4999 ssh2"))
    expected = {"203.0.113.20": old, "198.51.100.8": week, "192.0.2.77": entered} | ({"203.0.113.31": over} if over else {})
    with tap.folder() as d:
        log = d / "root" / "var" / "log"
        stored(log / "auth.log.2.gz", lines(over + old), now - 15 * DAY)
        stored(log / "auth.log.1", lines(week[:TRIES // 2]), week[TRIES // 2 - 1][0])
        stored(log / "auth.log", lines(week[TRIES // 2:] + entered), now - 2 * DAY + 200)
        stored(log / "auth.log.bak", "no log\n", now - DAY)
        with First(d / "data", d / "root") as f:
            told = f.wait_told(expected)
            assert [l.decode().split("]: ")[1] for l in spoolread.lines(f.data / "spool")] == [m for _, m in over + old + week + entered]
            check_times(told, expected)
            # An account that was entered is a case, however late; the others are listed outside of cases.
            cases = f.get("/incidents?state=all")["incidents"]
            inside = [x for c in cases for x in f.get(f"/incidents/{c['id']}/findings")["findings"]]
            assert len(cases) == 1 and {address_of(x["group"]) for x in inside} == {"192.0.2.77"}, inside
            back = f.get("/now")["backfill"]
            assert back["found"] and back["sources"] == 1 and abs(seconds(back["from"]) - (over + old)[0][0]) < 1, back
            assert abs(seconds(back["to"]) - now) < 300 and back["findings"] == len(told), (back, len(told))


@tap.test
def the_journal_is_read_back_where_no_file_has_the_same():
    tap.need(REMOTE.exists(), "systemd-journal-remote is not installed")
    now = int(time.time())
    tries = attack(now - 3 * DAY, "203.0.113.40")
    entries = "".join(
        f"__REALTIME_TIMESTAMP={t * 1000000}\n__MONOTONIC_TIMESTAMP={1000000 + i}\n_BOOT_ID=0123456789abcdef0123456789abcdef\n"
        f"_HOSTNAME=gate\nSYSLOG_IDENTIFIER=sshd\n_COMM=sshd\n_SYSTEMD_UNIT=ssh.service\n_PID={100 + i}\nMESSAGE={m}\n\n"
        for i, (t, m) in enumerate(tries))
    with tap.folder() as d:
        journal = d / "root" / "var" / "log" / "journal" / ("0" * 31 + "1")
        journal.mkdir(parents=True)
        r = subprocess.run([str(REMOTE), "-o", str(journal / "system.journal"), "-"], input=entries.encode(), capture_output=True, timeout=60)
        assert r.returncode == 0, r.stderr
        with First(d / "data", d / "root") as f:
            check_times(f.wait_told({"203.0.113.40": tries}), {"203.0.113.40": tries})
            back = f.get("/now")["backfill"]
            assert back["found"] and back["sources"] == 1, back
            assert [s["kind"] for s in f.get("/sources")["sources"]] == ["syslog", "journal"], f.get("/sources")


@tap.test
def without_any_log_the_answer_says_so():
    with tap.folder() as d:
        (d / "root").mkdir()
        with First(d / "data", d / "root") as f:
            tap.wait_until(lambda: "0 of this machine's usual logs are read" in f.s.output(), 60, what="the sensor to have looked")
            reported = tap.wait_until(lambda: f.get("/sources")["sources"], 60, 0.1, "a report of the sensor")
            assert [s["kind"] for s in reported] == ["syslog"], reported
            back = f.get("/now")["backfill"]
            assert back == {"found": False, "from": None, "to": None, "findings": 0, "sources": 0}, back
            assert f.get("/incidents?state=all")["incidents"] == []


@tap.test
def a_kill_while_old_logs_are_read_back_loses_and_doubles_nothing():
    now = int(time.time())
    with tap.folder() as d:
        log = d / "root" / "var" / "log"
        written = []
        for k in range(4, 0, -1):
            text = "".join(f"{rfc3164(now - k * DAY + i // 100)} gate app[1]: old {k} {i}\n" for i in range(LINES))
            stored(log / (f"auth.log.{k}.gz" if k > 1 else "auth.log.1"), text, now - k * DAY + LINES // 100 + 100)
            written += text.splitlines()
        stored(log / "auth.log", "".join(f"{rfc3164(now - 60)} gate app[1]: new {i}\n" for i in range(1000)), now + 5)  # still written to
        written += (log / "auth.log").read_text().splitlines()
        with First(d / "data", d / "root") as f:
            kills = 0
            seen = -1
            while kills < 4:
                n = sum(p.stat().st_size for p in (f.data / "spool").glob("*.seg"))
                pid = f.s.children().get("kizuki-sensor")
                if pid and n != seen:
                    seen = n
                    os.kill(pid, signal.SIGKILL)
                    kills += 1
                    if kills == 2:  # rotated while nobody reads
                        (log / "auth.log").rename(log / "auth.log.0")
                        (log / "auth.log").write_text("")
                time.sleep(0.02)
            (log / "auth.log").write_text(f"{rfc3164(now)} gate app[1]: the last line\n")
            written += [(log / "auth.log").read_text().rstrip()]
            tap.wait_until(lambda: written[-1].encode() in spoolread.lines(f.data / "spool"), 60, 0.3, "the last line")
            got = collections.Counter(l.decode() for l in spoolread.lines(f.data / "spool"))
            lost = [l for l in written if not got[l]]
            doubled = [l for l in got if got[l] > 1]
            assert not lost and not doubled, (len(lost), lost[:2], len(doubled), doubled[:2])


tap.main()
