#!/usr/bin/env python3
"""The index narrows and never decides: with it, without it, behind, empty, dead or lying, a search finds the same. It is
confined and refuses every statement but Kizuki's own. Two of chDB's HTTP listeners serve as a cluster.

Wants chDB's library: ./dev index, or KIZUKI_CHDB with its path. Skipped without."""
import contextlib
import json
import os
import pathlib
import random
import signal
import socket
import subprocess
import sys
import urllib.request

import programs
import tap

LIBRARY = pathlib.Path(os.environ.get("KIZUKI_CHDB", tap.ROOT / "build" / "index" / "libchdb.so"))
SHA256 = "a3c0d1" * 10 + "a3c0"
WORDS = ["接続を拒否しました", "会員の住所変更", "サーバーの改竄を検知", "ｻｰﾊﾞｰの停止", "第３次⾏動計画", "quiet", "Café au lait"]
QUERIES = ["*", "198.51.100.7", "198.51.100.0/24", "source.ip:198.51.100.7", "source.ip:198.51.100.0/25", "source.ip:(198.51.100.7, 203.0.113.9)",
           "source.ip:2001:db8::1", "source.ip:2001:db8::/32", "2001:db8::1", "user.name:root", "user.name:u7", "user.name:u*", "host.name:gate-3",
           "host.name:gate-3 and user.name:u7", "user.name:u7 or 改ざん", "改ざん", "サーバ", "行動計画", "第3次", "住所 変更", "のサーバ", "café", "給与",
           SHA256, "deadbeef", "not 198.51.100.7", "改ざん not 198.51.100.7", "message:198.51.100.7", "198.51.100", "Failed password", "source.port:>=60000",
           "host.name:gate-3 and not user.name:u7", 'message~"改.を"', "停止 and host.name:gate-1", "nowhere-at-all"]


def lines(n, seed, at="Nov 21 12:00:00"):
    r = random.Random(seed)
    made = []
    for i in range(n):
        ip = r.choice(["198.51.100.7", f"198.51.100.{r.randrange(256)}", f"203.0.113.{r.randrange(20)}", "2001:db8::1", f"2001:db8:{r.randrange(9)}::7"])
        host = f"gate-{r.randrange(6)}"
        kind = r.randrange(5)
        if kind < 2:
            made.append(f"<38>{at} {host} sshd[{i}]: Failed password for {r.choice(['root', 'u7', f'u{i}'])} from {ip} port {r.randrange(1024, 65535)} ssh2")
        elif kind == 2:
            made.append(f"<38>{at} {host} app[{i}]: {r.choice(WORDS)} {i} 接続元は{ip}です")
        elif kind == 3:
            made.append(f"<38>{at} {host} app[{i}]: " + json.dumps({"source.ip": ip, "user.name": r.choice(["u7", "業務太郎"]), "message": r.choice(WORDS)}))
        else:
            made.append(f"<38>{at} {host} scan[{i}]: file {i} sha256 {SHA256 if i % 97 == 0 else '%064x' % r.getrandbits(256)} x{ip}")
    return made


def send(port, some):
    with socket.create_connection(("127.0.0.1", port), 60) as c:
        c.sendall("".join(line + "\n" for line in some).encode())
        c.shutdown(socket.SHUT_WR)
        while c.recv(4096):
            pass


def search(data, query, *args):
    r = tap.run(tap.KIZUKI, "search", "--stats", *args, query, data)
    assert r.returncode in (0, 1), (query, r.stderr)
    found = [json.loads(line)["kizuki.position"]["spool"] for line in r.stdout.splitlines()]
    return found, json.loads(r.stderr.splitlines()[-1])


def compare(data, queries=QUERIES, to=None):
    """With filters and the index, and with the index alone. What they were of use for; to: records that had arrived (others
    still do)."""
    used = set()
    bound = ["--to-record", str(to)] if to else []
    for q in queries:
        plain, _ = search(data, q, "--no-index", "--no-filters", *bound)
        found, stats = search(data, q, *bound)
        assert found == plain, (q, len(found), len(plain), sorted(set(found) ^ set(plain))[:5], stats)
        alone, by_index = search(data, q, "--no-filters", *bound)
        assert alone == plain, (q, len(alone), len(plain), sorted(set(alone) ^ set(plain))[:5], by_index)
        if stats["segments_indexed"] or stats["segments_passed_over"]:
            used.add(q)
    return used


def status(data):
    r = tap.run(tap.KIZUKI, "index", "status", data)
    return json.loads(r.stdout) if r.returncode == 0 else None


def post(path, statement):
    with socket.socket(socket.AF_UNIX) as c:
        c.settimeout(60)
        c.connect(str(path))
        body = statement.encode()
        c.sendall(b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        answer = b""
        while piece := c.recv(65536):
            answer += piece
    return int(answer.split()[1]), answer.split(b"\r\n\r\n", 1)[1]


def covered(data, records):
    return tap.wait_until(lambda: (status(data) or {"records": 0})["records"] >= records, 60, what=f"an index of {records} records, not {status(data)}")


def killed_while_asked(s):
    """The index is killed between a search's question and its answer; its successor may answer, for the socket lives on."""
    plain, _ = search(s.data, "source.ip:198.51.100.7", "--no-index", "--no-filters")
    pid = s.children()["kizuki-index"]
    os.kill(pid, signal.SIGSTOP)
    p = subprocess.Popen([str(tap.KIZUKI), "search", "--stats", "source.ip:198.51.100.7", str(s.data)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def has_asked():
        with contextlib.suppress(OSError):
            return any(os.readlink(fd).startswith("socket:") for fd in pathlib.Path(f"/proc/{p.pid}/fd").iterdir())
        return p.poll() is not None
    tap.wait_until(has_asked, 60, what="a search that waits for the index")
    os.kill(pid, signal.SIGKILL)
    out, err = p.communicate(timeout=60)
    found = [json.loads(line)["kizuki.position"]["spool"] for line in out.splitlines()]
    assert found == plain, (len(found), len(plain), err)


@tap.test
def the_same_is_found_with_an_index_and_without():
    tap.need(LIBRARY.exists(), f"no chDB at {LIBRARY}")
    settings = {"sources": [], "spool": {"segment": 1, "close_after": "1h"}, "index": {"library": str(LIBRARY)}}
    with programs.served(settings, ["--no-local-logs"]) as s:
        s.wait_up()
        send(s.syslog_port, lines(6000, 1))
        tap.wait_until(lambda: len(search(s.data, "*", "--no-index")[0]) >= 6000, 60, what="all lines in the spool")
        covered(s.data, 6000)
        used = compare(s.data)
        assert {"source.ip:198.51.100.7", "改ざん", "host.name:gate-3 and user.name:u7", SHA256, "給与"} <= used, used
        # of these lines nothing need be read for what is not there (Kizuki's own few behind them may be new)
        assert search(s.data, "給与")[1]["records"] < 100, search(s.data, "給与")[1]
        # what is not covered yet
        send(s.syslog_port, lines(500, 2))
        tap.wait_until(lambda: len(search(s.data, "*", "--no-index")[0]) >= 6500, 60, what="all lines in the spool")
        compare(s.data, ["改ざん", "source.ip:198.51.100.7", "user.name:u7"])
        # an index made anew, and one that is gone
        assert tap.run(tap.KIZUKI, "index", "rebuild", s.data).returncode == 0
        compare(s.data, ["改ざん", "user.name:u7"])
        killed_while_asked(s)
        compare(s.data, ["改ざん", "user.name:u7"])
        covered(s.data, 6500)
        compare(s.data, ["改ざん", "source.ip:198.51.100.7", "source.ip:2001:db8::1"])
        # only Kizuki's own statements
        sock = s.data / "run" / "index.sock"
        for bad in ["SELECT min(n) FROM url('http://127.0.0.1/', RowBinary)", "SELECT min(n) FROM file('/etc/passwd')", "SELECT 1 INTO OUTFILE 'x'",
                    "SELECT min(n) FROM executable('id', TSV)", "SYSTEM START LISTEN HTTP", "SELECT min(n) FROM kizuki_events -- x",
                    "CREATE TABLE kizuki_events (n UInt64) ENGINE = URL('http://127.0.0.1/')", "SELECT min(n) FROM system.one"]:
            assert post(sock, bad)[0] == 403, bad
        assert post(sock, "SELECT min(n) FROM kizuki_events")[0] == 200
        # its own folder and nothing else, no socket of its own
        pid = s.children()["kizuki-index"]
        state = lambda: dict(line.split(":\t", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line)
        assert state()["Seccomp"] == "2" and state()["NoNewPrivs"] == "1", state()
        # at rest it gives back what it keeps only for the next question, and answers that as before
        mb = lambda name: int(state()[name].split()[0]) / 1024
        tap.wait_until(lambda: mb("VmRSS") <= 192, 60, 0.2, lambda: f"a small index at rest: {state()['VmRSS']}")
        compare(s.data, ["改ざん", "source.ip:198.51.100.7"])


LISTEN = """
import ctypes, sys
lib = ctypes.CDLL(sys.argv[1])
lib.chdb_set_signal_handlers_enabled(0)
lib.chdb_query_cmdline.restype = ctypes.c_void_p
argv = ["clickhouse", "--path=" + sys.argv[2], "--multiquery", "--query",
        "SYSTEM START LISTEN HTTP; SYSTEM START LISTEN TCP; SELECT sleepEachRow(1) FROM numbers(600) "
        "SETTINGS max_block_size = 1, function_sleep_max_microseconds_per_block = 0, max_execution_time = 0",
        "--", "--http_port=" + sys.argv[3], "--tcp_port=" + sys.argv[4], "--listen_host=127.0.0.1"]
lib.chdb_query_cmdline(len(argv), (ctypes.c_char_p * len(argv))(*[a.encode() for a in argv]))
"""


class Shard:
    """A ClickHouse of its own: chDB that listens."""

    def __init__(self, folder):
        self.http, self.tcp = programs.free_port(), programs.free_port()
        self.log = open(folder.with_suffix(".log"), "w+")
        self.process = subprocess.Popen([sys.executable, "-c", LISTEN, str(LIBRARY), str(folder), str(self.http), str(self.tcp)],
                                        stdout=self.log, stderr=self.log)

    def ask(self, statement):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http}/", data=statement.encode(), timeout=60) as r:
            return r.read().decode().strip()

    def is_up(self):
        with contextlib.suppress(OSError):
            return self.ask("SELECT 1") == "1"
        return False

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.log.close()


@tap.test
def a_cluster_of_two_shards_is_used_by_its_url():
    tap.need(LIBRARY.exists(), f"no chDB at {LIBRARY}")
    columns = (tap.ROOT / "src/index/sql.c").read_text().split('TABLE " ("', 1)[1].split('") ENGINE', 1)[0]
    columns = columns.replace('"\n', "").replace('                   "', "").replace('"', "")
    with tap.folder() as d:
        shards = [Shard(d / "one"), Shard(d / "two")]
        try:
            for s in shards:
                tap.wait_until(s.is_up, 60, what="a listener: " + (d / "one.log").read_text()[-600:])
                s.ask(f"CREATE TABLE shard_events ({columns}) ENGINE = MergeTree PARTITION BY intDiv(segment, 64) ORDER BY (kind, segment, n)")
            both = ",".join(f"127.0.0.1:{s.tcp}" for s in shards)
            shards[0].ask(f"CREATE TABLE kizuki_events AS remote('{both}', currentDatabase(), shard_events, 'default', '', segment)")
            url = f"http://127.0.0.1:{shards[0].http}"
            settings = {"sources": [], "spool": {"segment": 1, "close_after": "1h"}, "index": {"url": url}}
            with programs.served(settings, ["--no-local-logs"]) as s:
                s.wait_up()
                assert "kizuki-index" not in s.children()
                send(s.syslog_port, lines(12000, 3))
                tap.wait_until(lambda: len(search(s.data, "*", "--no-index")[0]) >= 12000, 60, what="all lines in the spool")

                def all_in():
                    r = tap.run(tap.KIZUKI, "index", "status", "--index", url, s.data)
                    return r.returncode == 0 and json.loads(r.stdout)["records"] >= 12000
                tap.wait_until(all_in, 60, what="an index in the cluster: " + s.output()[-600:])
                counts = [int(x.ask("SELECT count() FROM shard_events")) for x in shards]
                assert all(counts) and sum(counts) >= 12000, counts
                for q in ["source.ip:198.51.100.7", "改ざん", "host.name:gate-3 and user.name:u7", SHA256, "給与", "source.ip:2001:db8::/32", "Failed"]:
                    plain, _ = search(s.data, q, "--no-index", "--no-filters")
                    found, stats = search(s.data, q, "--index", url)
                    assert found == plain and stats["index_why"] is None, (q, len(found), len(plain), stats)
                assert search(s.data, "給与", "--index", url)[1]["records"] == 0
                shards[1].stop()  # half of it is gone: searches do without
                plain, _ = search(s.data, "改ざん", "--no-index", "--no-filters")
                found, stats = search(s.data, "改ざん", "--index", url)
                assert found == plain and stats["index_why"], stats
        finally:
            for s in shards:
                if s.process.poll() is None:
                    s.stop()


@tap.test
def rows_of_what_retention_removed_go():
    tap.need(LIBRARY.exists(), f"no chDB at {LIBRARY}")
    settings = {"sources": [], "spool": {"segment": 1, "close_after": "1s"}, "retention": {"keep": "6s"}, "index": {"library": str(LIBRARY)}}
    with programs.served(settings, ["--no-local-logs"]) as s:
        s.wait_up()
        sock = s.data / "run" / "index.sock"

        def segments():
            status, b = post(sock, "SELECT segment FROM kizuki_events WHERE kind = 1 GROUP BY segment ORDER BY segment FORMAT RowBinary") if sock.exists() else (0, b"")
            return {int.from_bytes(b[i:i + 4], "little") for i in range(0, len(b), 4)} if status == 200 else set()

        def quiet(n):
            """Nothing of it is a finding: what a case holds would stay."""
            return [line for line in lines(2 * n, 3) if "Failed" not in line][:n]

        def gone():
            send(s.syslog_port, quiet(300))  # the tree goes on from whole blocks: what is old goes when something new came
            return {int(p.name[:8]) for p in (s.data / "spool").glob("*.removed")} - {int(p.name[:8]) for p in (s.data / "spool").glob("*.seg*")}
        send(s.syslog_port, quiet(600))
        tap.wait_until(lambda: 1 in segments(), 60, what="rows of the first segment")
        removed = tap.wait_until(gone, 60, 1, "a segment that is removed")
        tap.wait_until(lambda: segments() and not removed & segments(), 60, 0.5, f"rows of {removed} go")


if __name__ == "__main__":
    tap.main()
