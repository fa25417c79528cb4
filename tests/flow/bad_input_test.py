#!/usr/bin/env python3
"""Bad input through every way logs arrive, into the whole of Kizuki: nothing crashes, nothing is dropped silently, it is
counted where the operator sees it, and nobody is blocked because an attacker wrote his address into a user name."""
import contextlib
import json
import pathlib
import socket
import sqlite3
import subprocess
import time

import programs
import spoolread
import tap

REMOTE = pathlib.Path("/lib/systemd/systemd-journal-remote")
TRIES = 120
JAPANESE = "一覧にない形の行：給与台帳を開けません"


def sshd(t, text):
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(t)).encode() + b".%06d+00:00" % int(t % 1 * 1e6)
    return stamp + b" gate sshd[77]: " + text


def injected(way, i):
    """Lines an attacker gets written by the names he tries: the address sshd saw is the last one."""
    victim, attacker = b"192.0.2.%d" % way, b"198.51.100.%d" % way
    name = [b"root from " + victim,
            b"root from " + victim + b" port 22 ssh2",
            b"x from " + victim + b" port 22 ssh2: RSA SHA256:abc",
            b"\xe2\x80\xae" + victim + b" from " + victim][i % 4]
    return b"Failed password for invalid user %s%d from %s port %d ssh2" % (name if i % 2 else b"n", i, attacker, 1024 + i) \
        if i % 2 == 0 else b"Failed password for invalid user %s from %s port %d ssh2" % (name, attacker, 1024 + i)


def odd_lines(way):
    """What no decoder knows."""
    fake = sshd(time.time(), b"Failed password for root from 192.0.2.%d port 1 ssh2" % way)
    return [b"neither text \xff\xf0\x28\x8c\xbc nor log \x81", b"\0\0\0 nul\0bytes\0", b"\x1b]0;title\x07\x1b[31m red", b"%n%s%n ${jndi:x}",
            b"{\"unclosed\": [1, 2", b"<999>1 not a priority", b"a" * 300 + b"\t" + fake,
            JAPANESE.encode("cp932"), JAPANESE.encode("euc_jp"), JAPANESE.encode()]


def huge(way, size):
    """A line of `size` bytes in which every possible beginning of a piece is a failed login of somebody else."""
    fake = b"<38>Nov 23 02:03:08 gate sshd[1]: Failed password for root from 192.0.2.%d port 1 ssh2 " % way
    return b"x" + fake * (size // len(fake))


class Everything:
    """All ways into one served Kizuki; sent: what each source must have."""

    def __init__(self, d):
        self.log, self.journal = d / "auth.log", d / "journal"
        self.log.write_bytes(b"")
        self.journal.mkdir()
        self.sent = []

    def settings(self):
        return {"sources": [{"name": "auth", "kind": "file", "path": str(self.log)},
                            {"name": "journal", "kind": "journal", "path": str(self.journal)}],
                "block": {"automatic": True}}

    def lines(self, way, size, priority=b""):
        now = time.time()
        out = [priority + l for l in [sshd(now, injected(way, i)) for i in range(TRIES)] + [huge(way, size)] + odd_lines(way)]
        self.sent += out
        return out

    def file(self):
        with open(self.log, "ab", buffering=0) as f:
            *most, last = self.lines(1, 10_000_000)
            f.write(b"\n".join(most) + b"\n")
            f.write(last[:10])  # in the middle of a character
            time.sleep(0.3)
            f.write(last[10:] + b"\n")

    def udp(self, port):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            for i, line in enumerate(self.lines(2, 60_000)):
                s.sendto(line, ("127.0.0.1", port))
                time.sleep(0.001)

    def tcp(self, port, counted):
        lines = self.lines(4, 10_000_000, b"<38>") if counted else self.lines(3, 10_000_000)
        if counted:  # a whole line of somebody else's inside a frame
            lines.append(b"<38>Nov 23 02:03:08 gate sshd[1]: hello\n" + sshd(time.time(), b"Failed password for root from 192.0.2.4 port 1 ssh2"))
            self.sent.append(lines[-1])
            data = b"".join(b"%d %s" % (len(l), l) for l in lines)
        else:
            data = b"".join(l + b"\n" for l in lines)
        with socket.create_connection(("127.0.0.1", port)) as s:
            for at in range(0, len(data), 65_521):  # cuts characters and frames anywhere
                s.sendall(data[at:at + 65_521])

    def write_journal(self):
        now = int(time.time() * 1e6)
        texts = [injected(5, i) for i in range(TRIES)] + odd_lines(5)
        remote = subprocess.Popen([str(REMOTE), "-o", str(self.journal / "a.journal"), "-"], stdin=subprocess.PIPE,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for i, text in enumerate(texts):
            remote.stdin.write(b"__REALTIME_TIMESTAMP=%d\n__MONOTONIC_TIMESTAMP=%d\n_BOOT_ID=0123456789abcdef0123456789abcdef\n"
                               b"SYSLOG_IDENTIFIER=sshd\n_UID=0\n_HOSTNAME=gate\nMESSAGE\n%s%s\n\n"
                               % (now + i, 1000 + i, len(text).to_bytes(8, "little"), text))
        remote.stdin.close()
        assert remote.wait(30) == 0
        return texts


def pieces(line):
    return [line[at:at + 65536] for at in range(0, len(line), 65536)]


@tap.test
def what_is_bad_is_kept_counted_and_blocks_no_victim():
    tap.need(REMOTE.exists(), "systemd-journal-remote is not installed")
    with tap.folder() as d:
        e = Everything(d)
        with programs.served(e.settings(), ["--no-local-logs"]) as s:
            page = s.browser()
            pids = s.children()
            e.file()
            e.udp(s.syslog_port)
            e.tcp(s.syslog_port, True)
            e.tcp(s.syslog_port, False)
            texts = e.write_journal()
            want = sum(len(pieces(l)) for l in e.sent) + len(texts)
            records = lambda: [r for r in spoolread.records(s.data / "spool") if r[3] == spoolread.LINE]
            tap.wait_until(lambda: len(records()) >= want, 60, 0.3, f"{want} records: {s.output()[-1500:]}")
            time.sleep(0.5)
            got = records()
            assert len(got) == want, (len(got), want)
            # Byte for byte.
            plain = sorted(r[5] for r in got if not r[4] & 0x20)
            assert plain == sorted(p for l in e.sent for p in pieces(l))
            from_journal = b"".join(r[5] for r in got if r[4] & 0x20)
            assert all(t in from_journal for t in texts)
            assert s.children() == pids, "a program ended"

            def rows():
                return {x["name"]: x for x in page.get("/sources")["sources"]}
            tap.wait_until(lambda: sum(x["lines"] or 0 for x in rows().values()) == want, 20, 0.3, f"{want} lines: {rows()}")
            r = rows()
            network = next(v for k, v in r.items() if k.startswith("127.0.0.1"))
            for name, row in (("auth", r["auth"]), ("journal", r["journal"]), ("network", network)):
                # An entry of the journal has fields, so it is never wholly unread.
                assert row["broken_text"] >= 1 and (name == "journal" or row["unparsed"] >= 7), (name, row)
            assert r["auth"]["oversize"] == 1 and network["oversize"] == 2, (r["auth"], network)
            assert sum(x["bytes"] for x in (r["auth"], network)) == sum(map(len, e.sent))
            # Who opens a source is shown its latest lines that no decoder knew, as they are kept.
            kept = {x[0]: x[5] for x in spoolread.records(s.data / "spool")}
            plain_of = lambda text: [c for c in text if 0x20 <= ord(c) < 0x7f or 0x3040 <= ord(c) < 0xa000][:200]
            for row in (r["auth"], network):
                unread = page.get(f"/sources/{row['id']}/unread")
                assert unread["total"] == row["unparsed"] and len(unread["lines"]) == 3, unread
                for l in unread["lines"]:
                    assert l["source"] == row["name"] and any(
                        plain_of(l["text"]) == plain_of(kept[l["position"]["n"]].decode(code, "replace")) for code in ("utf-8", "cp932", "euc_jp")), l

            # What a shipped rule may be wrong about is told in both languages.
            rules = page.get("/rules")["rules"]
            assert sum(len(x["falsepositives"]) for x in rules) >= 23
            odd = [(x["name"], x["falsepositives"], x["falsepositives_ja"]) for x in rules if len(x["falsepositives"]) != len(x["falsepositives_ja"])]
            assert not odd, odd

            # The attackers were noticed, and they alone: in findings and in what is to be blocked.
            def targets():
                cases = page.get("/incidents?state=all&limit=100")["incidents"]
                return {x["address"] for i in cases for a in page.get(f"/incidents/{i['id']}/actions")["actions"] for x in a["addresses"]}
            attackers = {f"198.51.100.{way}" for way in (1, 2, 3, 4, 5)}
            tap.wait_until(lambda: targets() >= attackers, 40, 0.5, f"every attacker is to be blocked: {s.output()[-1500:]}")
            time.sleep(2)
            assert targets() == attackers, targets()
            with contextlib.closing(sqlite3.connect(f"file:{s.data}/room/room.db?mode=ro", uri=True)) as db:
                groups = [json.loads(text)["group"] for (text,) in db.execute("SELECT json FROM finding")]
            nets = {g["kizuki.source.net"] for g in groups if "kizuki.source.net" in g}
            assert nets == attackers, nets
            assert s.children() == pids, "a program ended"


tap.main()
