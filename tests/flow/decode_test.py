#!/usr/bin/env python3
"""`kizuki decode` over files nobody wrote with care: every line gives an event, no victim is named."""
import json
import random
import subprocess

import tap

PIECE = 64 * 1024
FORGED = b"Nov 23 02:03:08 web1 sshd[1]: Failed password for root from 192.0.2.66 port 22 ssh2"


def decode(data, *options):
    with tap.folder() as d:
        file = d / "log"
        file.write_bytes(data)
        r = tap.run(tap.KIZUKI, "decode", "--stats", *options, file)
        assert r.returncode == 0, r.stderr
        events = [json.loads(line) for line in r.stdout.split(b"\n") if line]
        return events, json.loads(r.stderr.splitlines()[-1])


@tap.test
def an_overlong_line_cannot_forge_lines():
    # each piece after the first begins with a line of sshd
    line = b'192.0.2.1 - - [23/Nov/2026:02:03:08 +0900] "GET /'.ljust(PIECE, b"x")
    while len(line) < 10 * 1024 * 1024:
        line += FORGED.ljust(PIECE, b" ")
    line += FORGED
    events, stats = decode(line + b"\n" + FORGED.replace(b"66", b"67") + b"\n")
    assert stats["lines"] == len(events) == len(line) // PIECE + 2, stats
    assert events[0]["source.ip"] == "192.0.2.1" and "event.outcome" not in events[0]
    for e in events[1:-1]:
        assert "source.ip" not in e and "event.action" not in e, e
        assert e["error.message"] == "continues an overlong line"
        assert e["kizuki.position"] == {"stream": 1, "line": 1}
    assert events[-1]["source.ip"] == "192.0.2.67" and events[-1]["event.outcome"] == "failure"
    assert events[-1]["kizuki.position"]["line"] == 2


@tap.test
def binary_and_control_bytes_are_events():
    r = random.Random(7)
    data = bytes(r.randrange(256) for _ in range(300000))
    events, stats = decode(data)
    assert stats["lines"] == len(events) == data.count(b"\n") + (not data.endswith(b"\n"))
    assert stats["broken_text"] > 0
    assert not [e for e in events if "source.ip" in e]
    lines = [b"", b"\0", b"\0" * 1000, b"\x1b[2J\x07", b"\xff\xfe", b"\x1b$B", b"<", b"<13>", b"{", b"[", b"\t", b"\r"]
    events, stats = decode(b"\n".join(lines) + b"\n")
    assert stats["lines"] == len(lines) == len(events), stats
    for e in events:
        assert "@timestamp" in e and "kizuki.decoder" in e


@tap.test
def names_with_line_ends_and_addresses_stay_names():
    names = [b"root from 192.0.2.66", b"x\rNov 23 02:03:08 web1 sshd[1]: y", b"\x95\\", b"\x1b$B", b"a\0b", b"", b" ", b"port 22 ssh2"]
    head = b"Nov 23 02:03:08 web1 sshd[1]: Failed password for invalid user "
    tail = b" from 198.51.100.7 port 22 ssh2\n"
    events, stats = decode(b"".join(head + n + tail for n in names))
    assert stats["lines"] == len(names) and stats["unparsed"] == 0
    for e in events:
        assert e["source.ip"] == "198.51.100.7", e
        assert e["event.action"] == "login" and e["event.outcome"] == "failure"
        assert e["kizuki.login.user_known"] == "false"


@tap.test
def compressed_files_and_standard_input_are_read_alike():
    tap.need_program("gzip", "zstd")
    plain, _ = decode(FORGED + b"\n")
    for program in ("gzip", "zstd"):
        packed = subprocess.run([program, "-c"], input=FORGED + b"\n", capture_output=True, check=True).stdout
        events, _ = decode(packed)
        assert events[0]["source.ip"] == plain[0]["source.ip"] == "192.0.2.66"
    r = tap.run(tap.KIZUKI, "decode", "-", input=FORGED + b"\n")
    assert json.loads(r.stdout)["source.ip"] == "192.0.2.66"


@tap.test
def a_wrong_call_says_what_is_right():
    r = tap.run(tap.KIZUKI, "decode", "--decoder", "nonsense", "/dev/null")
    assert r.returncode == 2 and b"there are journal, rfc5424" in r.stderr, r.stderr
    r = tap.run(tap.KIZUKI, "decode", "/nowhere/at/all")
    assert r.returncode == 1 and b"/nowhere/at/all" in r.stderr, r.stderr
    r = tap.run(tap.KIZUKI, "decode", "--list")
    assert r.returncode == 0 and r.stdout.startswith(b"journal ")


def jis(c):
    """Row and cell bytes of JIS X 0208 (with NEC's row 13) of what CP932 writes in two bytes; one byte: half-width kana."""
    b = c.encode("cp932")
    if len(b) == 1:
        return b
    lead, trail = b
    row = (lead - (0x81 if lead < 0xA0 else 0xC1)) * 2 + (trail >= 0x9F)
    cell = trail - (0x9F if trail >= 0x9F else 0x40 if trail < 0x7F else 0x41)
    return bytes([row + 0x21, cell + 0x21])


def as_euc(text):
    parts = (jis(c) for c in text)
    return b"".join(p if p[0] < 0x80 and len(p) == 1 else b"\x8e" + p if len(p) == 1 else bytes(x | 0x80 for x in p) for p in parts)


def as_iso_2022(text):
    out, now = b"", b"\x1b(B"
    for p in map(jis, text):
        want = b"\x1b$B" if len(p) == 2 else b"\x1b(I" if p[0] >= 0xA1 else b"\x1b(B"
        out += (want if want != now else b"") + (bytes([p[0] & 0x7F]) if want == b"\x1b(I" else p)
        now = want
    return out + (b"" if now == b"\x1b(B" else b"\x1b(B")


@tap.test
def one_event_is_one_record_in_whatever_encoding():
    text = "Nov 23 02:03:08 web1 app[7]: ①㈱№ ﾃﾞｰﾀ ～ 表示ソ能 髙橋さん"
    text = text.replace("髙", "高")  # an extension of IBM's, which JIS X 0208 has no place for
    ways = {"cp932": text.encode("cp932"), "euc-jp": as_euc(text), "iso-2022-jp": as_iso_2022(text),
            "utf-16le": text.encode("utf-16-le"), "utf-8": text.encode()}
    assert len(set(ways.values())) == 5
    records = {}
    for name, line in ways.items():
        pinned = ["--encoding", name] if name.startswith("utf-16") else []
        with tap.folder() as d:
            (d / "log").write_bytes(line + ("\n".encode("utf-16-le") if pinned else b"\n"))
            r = tap.run(tap.KIZUKI, "decode", *pinned, d / "log")
        assert r.returncode == 0, r.stderr
        e = json.loads(r.stdout.splitlines()[0])
        assert e.pop("kizuki.encoding", "utf-8") == name, (name, e)
        assert e["event.original"] == text, (name, e)
        records[name] = {k: v for k, v in e.items() if k != "event.created"}
    assert all(r == records["utf-8"] for r in records.values()), records
    dashes, _ = decode("Nov 23 02:03:08 web1 app[7]: 〜 ～\n".encode())
    assert dashes[0]["message"] == "〜 ～", dashes


tap.main()
