#!/usr/bin/env python3
"""`kizuki hunt` on files: the contract other tools rely on, and the same bytes however it is run."""
import gzip
import json
import os
import random
import re
import subprocess

import tap


def night(seed, lines=20000):
    """sshd lines as Debian 12's rsyslog writes them: people, one burst, one slow guesser."""
    r = random.Random(seed)
    t = 1795366800.0  # 2026-11-22T17:00:00Z
    out = []

    def line(text):
        s = int(t)
        h, m = divmod(s % 86400 // 60, 60)
        out.append(f"2026-11-22T{h:02d}:{m:02d}:{s % 60:02d}.{int(t % 1 * 1e6):06d}+00:00 gate sshd[{r.randrange(900, 9999)}]: {text}")

    for i in range(lines):
        t += r.random() * 0.4
        if i % 2:
            line(f"Accepted password for user{r.randrange(300)} from 192.0.2.{r.randrange(1, 200)} port {r.randrange(1024, 65000)} ssh2")
        elif i > lines // 2:
            line(f"Failed password for root from 203.0.113.9 port {r.randrange(1024, 65000)} ssh2")
        else:
            line(f"Connection closed by 192.0.2.{r.randrange(1, 200)} port 22 [preauth]")
    return "\n".join(out) + "\n"


def hunt(*args, env=None, stdin=None):
    e = dict(os.environ, **(env or {}))
    return subprocess.run([str(tap.KIZUKI), "hunt", *map(str, args)], capture_output=True, env=e, input=stdin, timeout=100)


@tap.test
def a_burst_becomes_a_finding_with_its_evidence():
    with tap.folder() as d:
        (d / "auth.log").write_text(night(1))
        r = hunt("--stats", d / "auth.log")
        assert r.returncode == 0, r.stderr
        findings = [json.loads(l) for l in r.stdout.splitlines()]
        burst = [f for f in findings if f["group"].get("kizuki.source.net") == "203.0.113.9"]
        assert burst, findings
        for key in ("id", "rule", "level", "group", "first", "last", "detected", "evidence"):
            assert key in burst[0], key
        place = burst[0]["evidence"][0]
        assert place["file"].endswith("auth.log")
        text = (d / "auth.log").read_text().splitlines()[place["line"] - 1]
        assert "203.0.113.9" in text
        accused = {f["group"].get("kizuki.source.net") for f in findings} - {None, "203.0.113.9"}
        assert not accused, accused
        stats = json.loads(r.stderr.splitlines()[-1])
        for key in ("events", "bytes", "findings", "rules", "rules_refused", "load_cpu_s", "cpu_s", "peak_rss_bytes"):
            assert key in stats, key
        assert stats["events"] == 20000 and stats["findings"] == len(findings)


@tap.test
def the_last_word_of_a_finding_is_the_same_with_updates():
    with tap.folder() as d:
        (d / "a.log").write_text(night(5))
        every, last = hunt("--stats", "--updates", d / "a.log"), hunt("--stats", d / "a.log")
        told = every.stdout.splitlines()
        ends = [l for l in told if json.loads(l)["state"] == "end"]
        assert ends and len(ends) < len(told)
        assert last.stdout.splitlines() == ends
        counts = [json.loads(r.stderr.splitlines()[-1])["findings"] for r in (every, last)]
        assert counts == [len(ends)] * 2, counts


@tap.test
def equal_bytes_from_threads_batches_and_zones():
    with tap.folder() as d:
        (d / "a.log").write_text(night(2, 12000))
        (d / "b.log").write_text(night(3, 9000))
        outputs = set()
        for threads in (1, 2, 5):
            for batch in (1000, 65536, 1 << 20):
                for zone in ("Asia/Tokyo", "America/St_Johns"):
                    r = hunt("--updates", "--threads", threads, "--batch", batch, d / "a.log", d / "b.log", env={"TZ": zone})
                    assert r.returncode == 0, r.stderr
                    outputs.add(r.stdout)
        assert len(outputs) == 1, f"{len(outputs)} different outputs"
        assert outputs.pop().strip()


@tap.test
def plain_gzip_zstd_and_standard_input_are_the_same():
    tap.need_program("zstd")
    with tap.folder() as d:
        text = night(4, 6000).encode()
        (d / "x").write_bytes(text)
        (d / "x.gz").write_bytes(gzip.compress(text))
        subprocess.run(["zstd", "-q", str(d / "x"), "-o", str(d / "x.zst")], check=True)

        def without_files(out):
            return re.sub(rb'"file":"[^"]*"', b'"file":""', out)

        seen = {without_files(hunt(d / n).stdout) for n in ("x", "x.gz", "x.zst")}
        seen.add(without_files(hunt("-", stdin=text).stdout))
        assert len(seen) == 1 and len(seen.pop()) > 10


@tap.test
def documents_of_json_are_the_same_as_lines():
    with tap.folder() as d:
        (d / "r.yml").write_text("title: t\nid: 11111111-2222-4333-8444-555555555555\nlogsource: {category: test}\n"
                                 "detection: {s: {a.path|endswith: '\\x.exe', n: 7}, condition: s}\nlevel: high\n")
        events = [{"@timestamp": f"2026-11-22T17:{i:02d}:00Z", "a": {"path": f"C:\\t {i}\\x.exe", "list": [1, {"k": "v"}]}, "n": i % 10}
                  for i in range(60)]
        found = {}
        for name, text in {"lines": "\n".join(map(json.dumps, events)), "pretty": "\n".join(json.dumps(e, indent=2) for e in events),
                           "array": json.dumps(events), "pretty_array": json.dumps(events, indent=4), "joined": "".join(map(json.dumps, events))}.items():
            (d / "events.json").write_text(text)
            r = hunt("--rules", d / "r.yml", "--stats", d / "events.json")
            assert r.returncode == 0, r.stderr
            stats = json.loads(r.stderr.splitlines()[-1])
            assert (stats["events"], stats["unparsed"]) == (60, 0), (name, stats)
            found[name] = re.sub(rb'"detected":"[^"]*"', b"", r.stdout)
        assert found["lines"].count(b"\n") > 0 and len(set(found.values())) == 1, {k: v[:300] for k, v in found.items()}


@tap.test
def what_cannot_be_read_is_said_and_the_rest_goes_on():
    with tap.folder() as d:
        (d / "good.log").write_text(night(5, 3000))
        (d / "cut.gz").write_bytes(gzip.compress(night(6, 3000).encode())[:-200])
        r = hunt("--stats", d / "good.log", d / "cut.gz")
        assert r.returncode == 1
        assert b"cut.gz" in r.stderr
        assert json.loads(r.stderr.splitlines()[-1])["events"] > 3000
        r = hunt(d / "nothing")
        assert r.returncode == 1 and b"nothing" in r.stderr
        r = hunt("--no-such", d / "good.log")
        assert r.returncode == 2


@tap.test
def hostile_bytes_neither_crash_nor_vanish():
    with tap.folder() as d:
        rnd = random.Random(7)
        parts = [bytes(rnd.randrange(256) for _ in range(400)) + b"\n" for _ in range(200)]
        parts.append(b"A" * 10_000_000 + b"\n")
        parts.append(b"\0" * 5000 + b"\n")
        parts.append("不正アクセス".encode("cp932") + b"\n" + "改ざん".encode("euc-jp") + b"\n")
        (d / "x.log").write_bytes(b"".join(parts))
        r = hunt("--stats", d / "x.log")
        assert r.returncode == 0, r.stderr
        stats = json.loads(r.stderr.splitlines()[-1])
        assert stats["bytes"] == sum(map(len, parts))
        assert stats["unparsed"] > 200


@tap.test
def a_refused_rule_says_where_and_the_others_load():
    with tap.folder() as d:
        (d / "good.yml").write_text(
            "title: root\nid: 11111111-1111-4111-8111-111111111111\nlogsource: {category: authentication}\n"
            "detection:\n  a: {user.name: root}\n  condition: a\nlevel: high\n")
        (d / "bad.yml").write_text(
            "title: broken\nid: 11111111-1111-4111-8111-111111111112\nlogsource: {category: authentication}\n"
            "detection:\n  a: {user.name|nosuch: root}\n  condition: a\n")
        (d / "x.log").write_text(night(8, 4000))
        r = hunt("--stats", "--rules", d / "good.yml", "--rules", d / "bad.yml", d / "x.log")
        assert r.returncode == 0, r.stderr
        assert b"bad.yml:5" in r.stderr, r.stderr
        stats = json.loads(r.stderr.splitlines()[-1])
        assert stats["rules"] == 1 and stats["rules_refused"] == 1
        assert stats["findings"] >= 1


tap.main()
